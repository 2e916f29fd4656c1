// Walks through what liferay-connector and liferay-jsonws do with files; prints a line for each step.
// Argument: the server's address.

import connector from "liferay-connector";
import Liferay from "liferay-jsonws";

const [server] = process.argv.slice(2);
const say = (step, ...what) => console.log(`${step}:`, ...what.map((one) => (typeof one === "string" ? one : JSON.stringify(one))));
const signIn = (name) => connector.authenticate(server, { login: `${name}@demo.example`, password: `demo-only-${name}` });

async function refused(step, call) {
  try {
    await call;
  } catch (error) {
    const { message, type } = error.body?.error ?? {};
    // the text of a lock says when it was taken
    const words = message === type || message?.startsWith("{lockId=") ? "" : (message ?? "");
    say(step, error.status ?? error.name, type ?? error.message, words.replace(/\d{4,}/g, "N"));
    return;
  }
  throw new Error(`${step}: was not refused`);
}

// sign in
const [alice, bob, carol] = await Promise.all(["alice", "bob", "carol"].map(signIn));
say("signed in", alice.version, alice.user.emailAddress, alice.sites.map(({ name }) => name));
await refused("a wrong password", connector.authenticate(server, { login: "alice@demo.example", password: "wrong" }));
const site = alice.sites.find(({ groupKey }) => groupKey === "Engineering").groupId;
const plain = new Liferay({ server, user: "alice@demo.example", password: "demo-only-alice" });

// add, with bytes as signed numbers
const bytes = (text) => JSON.stringify([...new Int8Array(new TextEncoder().encode(text))]);
const added = await alice.invoke({
  "/dlapp/add-file-entry": {
    repositoryId: site, folderId: 0, sourceFileName: "plan.txt", mimeType: "text/plain", title: "plan.txt", description: "",
    changeLog: "", bytes: bytes("fünf"), serviceContext: { scopeGroupId: site },
  },
});
const { fileEntryId } = added;
say("added", added.title, added.version, added.size, added.mimeType);
const file = { fileEntryId };
const labels = async () => {
  const versions = await plain.service("/dlfileversion/get-file-versions", { fileEntryId, status: -1 });
  return versions.map(({ version, status, size, changeLog }) => [version, status, size, changeLog]);
};
const is = (method) => alice.invoke({ [`/dlfileentry/${method}`]: file });
const update = (text, more) => ({
  "/dlapp/update-file-entry": {
    ...file, sourceFileName: "plan.txt", mimeType: "text/plain", title: "plan.txt", description: "", changeLog: "",
    majorVersion: false, bytes: bytes(text), ...more,
  },
});

// check out, change what nobody sees, cancel
say("check out", await alice.invoke({ "/dlapp/check-out-file-entry": file }));
say("is checked out", await is("is-file-entry-checked-out"), await is("has-file-entry-lock"));
say("for another", await bob.invoke({ "/dlfileentry/has-file-entry-lock": file }));
say("updated", (await alice.invoke(update("changed"))).version);
say("versions", await labels());
await refused("checked out by another", bob.invoke({ "/dlapp/check-out-file-entry": file }));
await refused("updated by another", bob.invoke(update("mine")));
await refused("checked in by another", bob.invoke({ "/dlapp/check-in-file-entry": { ...file, majorVersion: true, changeLog: "" } }));
say("cancel", await plain.service("/dlapp/cancel-check-out", file));
say("versions", await labels());
say("cancel what is not checked out", await plain.service("/dlapp/cancel-check-out", file));

// check in, minor and major
for (const [increase, text] of [["MINOR", "a"], ["MAJOR", "ab"]]) {
  await alice.invoke({ "/dlapp/check-out-file-entry": { ...file, owner: "the connector", expirationTime: 3_600_000 } });
  await alice.invoke(update(text));
  await alice.invoke({ "/dlapp/check-in-file-entry": { ...file, dlVersionNumberIncrease: increase, changeLog: increase } });
}
say("versions", await labels());

// by another, and by one who may
await alice.invoke({ "/dlapp/check-out-file-entry": file });
const lock = await alice.invoke({ "/dlfileentry/get-file-entry-lock": file });
say("lock", lock.userName, lock.owner, lock.expirationTime, lock.inheritable);
await refused("cancelled by another", bob.invoke({ "/dlapp/cancel-check-out": file }));
say("cancelled by an administrator", await carol.invoke({ "/dlapp/cancel-check-out": file }));
say("is checked out", await is("is-file-entry-checked-out"));

// several commands, and one inside another
say("batch", await alice.invoke([{ "/dlapp/check-out-file-entry": file }, { "/dlapp/cancel-check-out": file }, { "/portal/get-build-number": {} }]));
await refused("what is not there", alice.invoke({ "/dlapp/get-file-entry": { fileEntryId: 1 } }));
await refused("no such method", alice.invoke({ "/dlapp/nope": {} }));
await refused("a number that is none", plain.service("/dlapp/get-file-entry", { fileEntryId: "many" }));
say("listed", (await plain.service("/dlapp/get-file-entries", { repositoryId: site, folderId: 0 })).map(({ title }) => title));
say("deleted", await plain.service("/dlapp/delete-file-entry", file));
await refused("what was deleted", alice.invoke({ "/dlapp/get-file-entry": file }));
