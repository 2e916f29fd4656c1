// Walks through what @microsoft/microsoft-graph-client does with files, over TLS; prints a line for each step.
// Arguments: base URL of the server; the tokens of Alice, Bob and an application, in this order.

import graph from "@microsoft/microsoft-graph-client";

const { BatchRequestContent, BatchResponseContent, Client, FileUpload, LargeFileUploadTask, OneDriveLargeFileUploadTask, PageIterator } =
  graph;
const [base, ...tokens] = process.argv.slice(2);
const { hostname } = new URL(base);
const [alice, bob, builder] = tokens.map((token) =>
  Client.initWithMiddleware({
    baseUrl: base,
    customHosts: new Set([hostname]),
    authProvider: { getAccessToken: async () => token },
  }),
);

const say = (step, ...what) => console.log(`${step}:`, ...what.map((one) => (typeof one === "string" ? one : JSON.stringify(one))));

async function refused(step, call) {
  try {
    await call;
  } catch (error) {
    say(step, error.statusCode, error.code, JSON.parse(error.body).innerError.code ?? "", error.message);
    return;
  }
  throw new Error(`${step}: was not refused`);
}

async function text(client, path) {
  const stream = await client.api(path).getStream();
  return new Response(stream).text();
}

const drive = await alice.api("/me/drive").get();
say("drive", drive.driveType, drive.name, drive.owner.user.displayName);
const site = await alice.api("/sites/root/drive").get();
const root = `/drives/${site.id}/root`;

// make
const folder = await alice.api(`${root}/children`).post({ name: "Sketches", folder: {}, "@microsoft.graph.conflictBehavior": "fail" });
say("folder", folder.name, folder.folder.childCount);
await refused("the same folder again", alice.api(`${root}/children`).post({ name: "Sketches", folder: {} }));
const small = await alice.api(`${root}:/Sketches/small.txt:/content`).put("small");
say("small upload", small.name, small.size, small.file.mimeType);

const bytes = new Uint8Array(1_280_000).map((_, at) => at % 251);
const progress = [];
const task = await OneDriveLargeFileUploadTask.createTaskWithFileObject(
  alice,
  new FileUpload(bytes, "large.bin", bytes.length),
  { path: "/Sketches", fileName: "large.bin", conflictBehavior: "replace", rangeSize: 327_680, uploadEventHandlers: { progress: (range) => progress.push(range.maxValue) } },
);
const own = (await task.upload()).responseBody;
say("large upload, into one's own drive", own.name, own.size, progress);
const session = await LargeFileUploadTask.createUploadSession(alice, `${root}:/Sketches/large.bin:/createUploadSession`, {
  item: { "@microsoft.graph.conflictBehavior": "replace", name: "large.bin" },
});
const resumed = new LargeFileUploadTask(alice, new FileUpload(bytes, "large.bin", bytes.length), session, { rangeSize: 655_360 });
await resumed.uploadSlice(bytes.slice(0, 655_360), { minValue: 0, maxValue: 655_359 }, bytes.length);
const large = (await resumed.resume()).responseBody;
say("large upload, resumed", large.name, large.size);
await refused("too large a step", (async () => {
  const session = await LargeFileUploadTask.createUploadSession(alice, `${root}:/Sketches/gap.bin:/createUploadSession`, {});
  const gap = new LargeFileUploadTask(alice, new FileUpload(bytes, "gap.bin", bytes.length), session, {});
  await gap.uploadSlice(bytes.slice(1, 10), { minValue: 1, maxValue: 9 }, bytes.length);
})());

// look
for (let number = 0; number < 5; number += 1) {
  await alice.api(`${root}:/Sketches/page ${number}.txt:/content`).put(`${number}`);
}
const names = [];
const page = await alice.api(`/drives/${site.id}/items/${folder.id}/children`).top(3).select("name,size").get();
await new PageIterator(alice, page, (item) => names.push(item.name) > 0).iterate();
say("listed page by page", names);
say("download", await text(alice, `/drives/${site.id}/items/${small.id}/content`));

// check out, and change what nobody sees
const file = `/drives/${site.id}/items/${small.id}`;
await alice.api(`${file}/checkout`).post({});
const { publication } = await bob.api(file).select("publication").get();
say("check out", publication.level, publication.versionId, publication.checkedOutBy.user.displayName);
await alice.api(`${file}/content`).put("changed");
say("the draft, for its holder and for others", await text(alice, `${file}/content`), await text(bob, `${file}/content`));
await refused("discarded by another", bob.api(`${file}/discardCheckout`).post({}));
await alice.api(`${file}/checkin`).post({ comment: "by the client" });
const versions = await bob.api(`${file}/versions`).get();
say("versions", versions.value.map(({ id, size, comment }) => [id, size, comment]));
await bob.api(`${root}:/Sketches/small.txt:/checkout`).post({});
await builder.api(`${file}/discardCheckout`).post({});
say("discarded by an application", await text(alice, `${file}/content`));

// several at once
const request = (id, method, path, dependsOn) => ({ id, request: new Request(`${base.slice(0, -1)}${path}`, { method }), dependsOn });
const batch = new BatchRequestContent([
  request("1", "POST", `${file}/checkout`),
  request("2", "POST", `${file}/discardCheckout`, ["1"]),
  request("3", "GET", `${file}/versions`, ["2"]),
]);
const answers = new BatchResponseContent(await alice.api("/$batch").post(await batch.getContent()));
say("batch", ["1", "2", "3"].map((id) => answers.getResponseById(id).status));
say("batch, what it answered", (await answers.getResponseById("3").json()).value.length);

// the change feed
let changes = await alice.api(`${root}/delta`).top(4).get();
while (changes["@odata.nextLink"]) changes = await alice.api(changes["@odata.nextLink"]).get();
await alice.api(file).delete();
changes = await alice.api(changes["@odata.deltaLink"]).get();
say("delta", changes.value.filter(({ id }) => id === small.id).map(({ deleted }) => deleted));
await refused("what was deleted", alice.api(file).get());
await alice.api(`/drives/${site.id}/items/${folder.id}`).delete();
