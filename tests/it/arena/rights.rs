//! Who may do what (spec/arena.md 6): every operation by license, policy rule, category level and administrator, over the
//! real endpoints; what a refusal leaves as it was; whose level counts; whose lock.

use std::fmt::Write;

use coatcheck::{
    domain::{
        actor::{Level, Role, Rule},
        edition::Metadata,
        id::{CategoryId, ItemKey, PolicyId},
        item::{ClientTimes, Item, NewFile, OnConflict},
        name::ItemName,
        person::License,
    },
    vault::{
        NewFileAt, UserChange,
        setup::{CategoryEntry, LibraryEntry},
    },
};
use reqwest::multipart;
use serde_json::json;

use crate::support::{
    arena::{Arena, code, guid},
    server::Server,
    world::{self, Somebody},
};

/// What an operation sends. `{guid}` stands for the file's, `{category}` for its category's.
#[derive(Clone, Copy)]
enum Body {
    Nothing,
    Json(&'static str),
    /// Texts `name=value`, and a file.
    Form(&'static [&'static str]),
}

/// What an operation needs (the table of section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Any license, `READ_FILE`, READ.
    Reading,
    /// A full license, `EDIT_FILE`, FULL.
    Writing,
}

/// Which file it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    /// One that nobody has checked out.
    Free,
    /// One that the caller has checked out.
    Own,
    /// One that somebody else has checked out: an administrator may, everybody else is refused with 3085.
    Others,
}

/// One operation of the room.
struct Operation {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    body: Body,
    needs: Needs,
    to: To,
    /// The status when it is done.
    done: u16,
    /// The answer for a category that is hidden, and where something else is missing.
    hidden: &'static str,
    denied: &'static str,
}

const fn read(name: &'static str, path: &'static str) -> Operation {
    let (body, needs, to) = (Body::Nothing, Needs::Reading, To::Free);
    Operation { name, method: "GET", path, body, needs, to, done: 200, hidden: "400 3011", denied: "400 3024" }
}

const fn write(name: &'static str, method: &'static str, path: &'static str, body: Body, to: To) -> Operation {
    let needs = Needs::Writing;
    Operation { name, method, path, body, needs, to, done: 201, hidden: "400 3011", denied: "400 3024" }
}

const STATUS: &str = "/v1/files/checkoutstatuschanges";
const CANCEL: Body = Body::Json(r#"{"checkedOut":false,"newEdition":null,"file":{"guid":"{guid}"}}"#);
const CHECK_IN: Body = Body::Form(&["checkedOut=false", "newEdition=true", "file.guid={guid}"]);
const CHECK_IN_EXISTING: Body = Body::Form(&["checkedOut=false", "newEdition=false", "file.guid={guid}"]);

/// All of them; one more is one line more.
const OPERATIONS: &[Operation] = &[
    // who may not see a file finds none
    Operation { hidden: "none", denied: "none", ..read("search", "/v1/files?title=*&limit=400") },
    read("show", "/v1/files/{guid}"),
    read("editions", "/v1/files/{guid}/editions"),
    read("content", "/v1/files/{guid}/content"),
    Operation {
        hidden: "400 3002",
        ..write(
            "create",
            "POST",
            "/v1/files",
            Body::Form(&["title=new", "edition=1", "category.guid={category}"]),
            To::Free,
        )
    },
    write("check out", "POST", STATUS, Body::Json(r#"{"checkedOut":true,"file":{"guid":"{guid}"}}"#), To::Free),
    write("cancel", "POST", STATUS, CANCEL, To::Own),
    write("cancel, other's", "POST", STATUS, CANCEL, To::Others),
    write("check in", "POST", STATUS, CHECK_IN, To::Own),
    write("check in, other's", "POST", STATUS, CHECK_IN, To::Others),
    write("check in existing", "POST", STATUS, CHECK_IN_EXISTING, To::Own),
    write("check in existing, other's", "POST", STATUS, CHECK_IN_EXISTING, To::Others),
    write("update", "PUT", "/v1/files/{guid}", Body::Json(r#"{"title":"another"}"#), To::Free),
    write("update as its holder", "PUT", "/v1/files/{guid}", Body::Json(r#"{"title":"another"}"#), To::Own),
    write("replace content", "POST", "/v1/files/{guid}/content", Body::Form(&[]), To::Free),
    write("add an edition", "POST", "/v1/files/{guid}/editions", Body::Form(&["edition=B"]), To::Free),
    Operation {
        done: 204,
        hidden: "403 3024",
        denied: "403 3024",
        ..write("delete", "DELETE", "/v1/files/{guid}", Body::Nothing, To::Free)
    },
];

/// What a policy of the caller has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Nothing,
    For(Rule),
    /// For the file's category, named by one above it.
    Here(Rule),
    /// For another category.
    Elsewhere(Rule),
}

/// The caller's rights in one line of the table.
#[derive(Clone, Copy, Debug)]
struct Rights {
    license: License,
    /// `None`: the workspace has no access policies.
    policies: Option<Given>,
    level: Level,
    administrator: bool,
}

impl Rights {
    /// Every combination that can make a difference.
    fn all() -> Vec<Rights> {
        let rules = [
            None,
            Some(Given::Nothing),
            Some(Given::For(Rule::ReadFile)),
            Some(Given::For(Rule::EditFile)),
            Some(Given::Here(Rule::ReadFile)),
            Some(Given::Here(Rule::EditFile)),
            Some(Given::Elsewhere(Rule::EditFile)),
            Some(Given::For(Rule::OverrideCheckOut)),
        ];
        let mut all = Vec::new();
        for policies in rules {
            for license in [License::Full, License::Approver, License::Limited, License::ReadOnly] {
                // what is true of a read-only license is true of these, whatever the rule
                let plain = matches!(policies, None | Some(Given::For(Rule::EditFile)));
                if matches!(license, License::Approver | License::Limited) && !plain {
                    continue;
                }
                for level in [Level::None, Level::Read, Level::Full] {
                    for administrator in [false, true] {
                        all.push(Rights { license, policies, level, administrator });
                    }
                }
            }
        }
        all
    }

    /// What the spec says of an operation: done, or with which answer it is refused.
    fn expected(self, operation: &Operation) -> String {
        let reads = self.policies.is_none_or(|given| {
            matches!(given, Given::For(Rule::ReadFile | Rule::EditFile) | Given::Here(Rule::ReadFile | Rule::EditFile))
        });
        let edits =
            self.policies.is_none_or(|given| matches!(given, Given::For(Rule::EditFile) | Given::Here(Rule::EditFile)));
        let may = match operation.needs {
            Needs::Reading => reads,
            Needs::Writing => self.license == License::Full && edits && self.level == Level::Full,
        };
        if self.level == Level::None {
            operation.hidden.to_owned()
        } else if !may {
            operation.denied.to_owned()
        } else if operation.to == To::Others && !self.administrator {
            "400 3085".to_owned()
        } else {
            "done".to_owned()
        }
    }
}

/// A workspace with a category below another one, a caller whose rights change, and files of that category.
struct Scene {
    server: Server,
    caller: Somebody,
    policy: PolicyId,
    above: CategoryId,
    category: CategoryId,
    category_guid: String,
    elsewhere: CategoryId,
}

fn by_default(default_level: Option<Level>) -> CategoryEntry {
    CategoryEntry { default_level, ..CategoryEntry::default() }
}

impl Scene {
    async fn new() -> Self {
        let server = Server::start_with(&[("arena.request_limit", "1000000")]).await;
        let (vault, world) = (&server.vault, &server.world);
        let caller = world::member(vault, &world.library, "cat", License::Full, Some(Role::Contributor)).await;
        let mut change = vault.set_up().await.unwrap();
        let above = change.put_category(&["Design"], &CategoryEntry::default()).await.unwrap().0.id;
        let category = change.put_category(&["Design", "CAD"], &CategoryEntry::default()).await.unwrap().0;
        let elsewhere = change.put_category(&["Marketing"], &CategoryEntry::default()).await.unwrap().0.id;
        let (policy, _) = change.put_policy("Theirs", None).await.unwrap();
        change.give_policy(policy, caller.person.id).await.unwrap();
        // those who prepare and look on may everything in any case
        let (all, _) = change.put_policy("All", None).await.unwrap();
        change.put_rule(all, Rule::EditFile, None).await.unwrap();
        for helper in [&world.ann, &world.bob, &world.dora] {
            change.give_policy(all, helper.person.id).await.unwrap();
        }
        change.commit().await.unwrap();
        let category_guid = category.arena_guid;
        Scene { caller, policy, above, category: category.id, category_guid, elsewhere, server }
    }

    async fn require_policies(&self, required: bool) {
        let library = &self.server.world.library;
        let entry = LibraryEntry {
            name: library.name.clone(),
            kind: library.kind,
            owner: library.owner,
            description: None,
            policies_required: Some(required),
            minor_versions: None,
            check_out_required: None,
            arena_workspace: None,
            arena_request_limit: None,
            quota_bytes: None,
            arena_api: None,
            by: self.server.world.dora.person.id,
        };
        let mut change = self.server.vault.set_up().await.unwrap();
        change.put_library(&entry).await.unwrap();
        change.commit().await.unwrap();
    }

    /// Gives the caller these rights and no others.
    async fn give(&self, rights: Rights) {
        let (vault, caller) = (&self.server.vault, self.caller.person.id);
        let (license, administrator) = (Some(rights.license), Some(rights.administrator));
        vault.update_user(caller, UserChange { license, administrator, ..UserChange::default() }).await.unwrap();
        let mut change = vault.set_up().await.unwrap();
        change.put_level(self.category, caller, rights.level).await.unwrap();
        for rule in [Rule::ReadFile, Rule::EditFile, Rule::OverrideCheckOut] {
            for limit in [None, Some(self.above), Some(self.elsewhere)] {
                change.take_rule(self.policy, rule, limit).await.unwrap();
            }
        }
        let rule = match rights.policies {
            None | Some(Given::Nothing) => None,
            Some(Given::For(rule)) => Some((rule, None)),
            Some(Given::Here(rule)) => Some((rule, Some(self.above))),
            Some(Given::Elsewhere(rule)) => Some((rule, Some(self.elsewhere))),
        };
        if let Some((rule, limit)) = rule {
            change.put_rule(self.policy, rule, limit).await.unwrap();
        }
        change.commit().await.unwrap();
    }

    /// A file of the category, checked out as an operation needs it.
    async fn file(&self, to: To) -> Item {
        let Server { vault, world, .. } = &self.server;
        let ann = world::actor(vault, &world.ann).await;
        let root = vault.look(&ann, &ItemKey::Id(world.library.root)).await.unwrap();
        let bytes = bytes::Bytes::from_static(b"first");
        let content = vault.stage(futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)])).await.unwrap();
        let new = NewFileAt {
            file: NewFile {
                name: ItemName::parse("drawing.txt").unwrap(),
                metadata: Metadata { category: Some(self.category), ..Metadata::default() },
                comment: String::new(),
                on_conflict: OnConflict::RenameParentheses,
                client_times: ClientTimes::default(),
            },
            content: Some(content),
        };
        let made = vault.create_file(&ann, &root, new).await.unwrap().file;
        let holder = match to {
            To::Free => None,
            To::Own => Some(&self.caller),
            To::Others => Some(&world.bob),
        };
        if let Some(holder) = holder {
            let holder = world::actor(vault, holder).await;
            let look = vault.look(&holder, &ItemKey::Id(made)).await.unwrap();
            vault.check_out(&holder, &look, coatcheck::domain::lock::CheckOut::default()).await.unwrap();
        }
        vault.item(&ann, &ItemKey::Id(made)).await.unwrap()
    }

    /// Does an operation to a file and says how it ended, as the table spells it.
    async fn perform(&self, client: &Arena<'_>, operation: &Operation, file: &Item) -> String {
        let fill = |text: &str| text.replace("{guid}", guid(file)).replace("{category}", &self.category_guid);
        let request = client.request(operation.method, &fill(operation.path));
        let request = match operation.body {
            Body::Nothing => request,
            Body::Json(text) => request.header("content-type", "application/json").body(fill(text)),
            Body::Form(texts) => {
                let mut form = multipart::Form::new();
                for (name, value) in texts.iter().filter_map(|text| text.split_once('=')) {
                    form = form.text(name, fill(value));
                }
                let part = multipart::Part::text("second").file_name("drawing.txt");
                request.multipart(form.part("content", part))
            }
        };
        let answer = self.server.send(request).await;
        if answer.status.as_u16() != operation.done {
            return code(&answer);
        }
        let found = || answer.json()["results"].as_array().unwrap().iter().any(|entry| entry["guid"] == guid(file));
        if operation.name == "search" && !found() { "none".to_owned() } else { "done".to_owned() }
    }
}

/// All that can be seen of these files by somebody who may see everything.
async fn state(observer: &Arena<'_>, files: &[&Item]) -> String {
    let mut text = String::new();
    for file in files {
        for what in ["editions", "content"] {
            text += &observer.get(&format!("/v1/files/{}/{what}", guid(file))).await.expect(200).text();
        }
    }
    text
}

#[tokio::test]
async fn every_operation_asks_for_license_rule_and_level_and_a_refusal_changes_nothing() {
    let scene = Scene::new().await;
    let observer = scene.server.arena(&scene.server.world.dora).await;
    let client = scene.server.arena(&scene.caller).await;
    // for all that will be refused; what is done is done to a file of its own
    let (free, own) = (scene.file(To::Free).await, scene.file(To::Own).await);
    let others = scene.file(To::Others).await;
    let files = [&free, &own, &others];
    let before = state(&observer, &files).await;
    let list = async || observer.get("/v1/files?limit=400").await.expect(200).text();
    let mut listed = list().await;

    let (mut wrong, mut done, mut required) = (String::new(), 0, false);
    for rights in Rights::all() {
        if required != rights.policies.is_some() {
            required = rights.policies.is_some();
            scene.require_policies(required).await;
        }
        scene.give(rights).await;
        let mut changes = false;
        for operation in OPERATIONS {
            let expected = rights.expected(operation);
            let writes = operation.needs == Needs::Writing && expected == "done";
            let fresh = if writes { Some(scene.file(operation.to).await) } else { None };
            let file = fresh.as_ref().unwrap_or(match operation.to {
                To::Free => &free,
                To::Own => &own,
                To::Others => &others,
            });
            let answer = scene.perform(&client, operation, file).await;
            if answer != expected {
                let _ = writeln!(wrong, "{}: {answer}, not {expected}, with {rights:?}", operation.name);
            }
            done += usize::from(answer == "done");
            changes |= writes;
        }
        assert_eq!(state(&observer, &files).await, before, "{rights:?}");
        let now = list().await;
        assert!(changes || now == listed, "{rights:?}");
        listed = now;
    }
    assert_eq!(wrong, "");
    // 56 lines may read, in 4 ways; 6 may write, in 10 ways on their own, and 3 of them in 3 more on what others hold
    assert_eq!(done, 56 * 4 + 6 * 10 + 3 * 3);
}

#[tokio::test]
async fn the_administrator_acts_on_the_lock_of_another_and_the_answer_says_whose_it_is_now() {
    let scene = Scene::new().await;
    let dora = scene.server.arena(&scene.server.world.dora).await;
    let bob = scene.server.arena(&scene.server.world.bob).await;
    let file = scene.file(To::Others).await;
    let done = dora.check_in(guid(&file), "true", "second", &[]).await.expect(201).json();
    assert_eq!((&done["checkedOut"], &done["file"]["edition"]), (&json!(false), &json!("2")));
    let latest = done["file"]["guid"].as_str().unwrap();
    assert_eq!(code(&bob.cancel(latest).await), "400 3132");
    bob.check_out(latest).await.expect(201);
    dora.cancel(latest).await.expect(201);
    assert_eq!(code(&bob.check_in(latest, "true", "x", &[]).await), "400 3133");
}

/// What a cancel of no check-out answers: whether the caller may write the file, read it, or finds none.
async fn level_on(client: &Arena<'_>, file: &str) -> Option<Level> {
    match code(&client.cancel(file).await).as_str() {
        "400 3132" => Some(Level::Full),
        "400 3024" => Some(Level::Read),
        "400 3011" => Some(Level::None),
        _ => None,
    }
}

#[tokio::test]
async fn a_level_is_the_callers_own_or_a_groups_or_the_default() {
    const LEVELS: [Option<Level>; 4] = [None, Some(Level::None), Some(Level::Read), Some(Level::Full)];
    let scene = Scene::new().await;
    let vault = &scene.server.vault;
    let caller = scene.caller.person.id;
    let client = scene.server.arena(&scene.caller).await;
    let file = scene.file(To::Free).await;
    let mut change = vault.set_up().await.unwrap();
    let (group, _) = change.put_group("draftsmen", None).await.unwrap();
    change.put_member(group, caller).await.unwrap();
    change.commit().await.unwrap();
    for default in LEVELS {
        for own in LEVELS {
            for of_group in LEVELS {
                let mut change = vault.set_up().await.unwrap();
                change.inherit_level(scene.above).await.unwrap();
                change.put_category(&["Design"], &by_default(default)).await.unwrap();
                for (whom, level) in [(caller, own), (group, of_group)] {
                    match level {
                        Some(level) => change.put_level(scene.category, whom, level).await.unwrap(),
                        None => change.take_level(scene.category, whom).await.unwrap(),
                    };
                }
                change.commit().await.unwrap();
                let expected = own.max(of_group).or(default).unwrap_or(Level::Full);
                let said = format!("default {default:?}, own {own:?}, group {of_group:?}");
                assert_eq!(level_on(&client, guid(&file)).await, Some(expected), "{said}");
                let found = client.get("/v1/files?name=drawing*").await.json()["count"] == 1;
                assert_eq!(found, expected > Level::None, "{said}");
            }
        }
    }
    // the nearest category that names the caller decides, before any default
    for (above, here, expected) in [
        (Some(Level::Read), None, Level::Read),
        (Some(Level::Full), Some(Level::None), Level::None),
        (Some(Level::None), Some(Level::Full), Level::Full),
    ] {
        let mut change = vault.set_up().await.unwrap();
        change.put_category(&["Design", "CAD"], &by_default(Some(Level::None))).await.unwrap();
        for (category, level) in [(scene.above, above), (scene.category, here)] {
            change.take_level(category, group).await.unwrap();
            match level {
                Some(level) => change.put_level(category, caller, level).await.unwrap(),
                None => change.take_level(category, caller).await.unwrap(),
            };
        }
        change.commit().await.unwrap();
        assert_eq!(level_on(&client, guid(&file)).await, Some(expected), "{above:?} {here:?}");
    }
}

#[tokio::test]
async fn without_access_policies_the_role_says_what_may_be_done() {
    let scene = Scene::new().await;
    let (vault, library) = (&scene.server.vault, &scene.server.world.library);
    let client = scene.server.arena(&scene.caller).await;
    let file = scene.file(To::Free).await;
    let path = format!("/v1/files/{}", guid(&file));
    for (role, content, write) in [
        (Role::Viewer, 400, "400 3024"),
        (Role::Downloader, 200, "400 3024"),
        (Role::Contributor, 200, "400 3132"),
        (Role::Manager, 200, "400 3132"),
    ] {
        vault.grant(library.root, scene.caller.person.id, role, None).await.unwrap();
        client.get(&path).await.expect(200);
        let refused = client.get(&format!("{path}/content")).await.expect(content);
        assert!(content == 200 || code(&refused) == "400 3024");
        assert_eq!(code(&client.cancel(guid(&file)).await), write, "{role:?}");
    }
}

#[tokio::test]
async fn a_move_to_another_category_takes_full_rights_on_both() {
    let scene = Scene::new().await;
    let vault = &scene.server.vault;
    let caller = scene.caller.person.id;
    let client = scene.server.arena(&scene.caller).await;
    let mut change = vault.set_up().await.unwrap();
    let target = change.category(&["Marketing"]).await.unwrap().unwrap();
    change.commit().await.unwrap();
    let to_target = async |file: &Item| {
        let more = [("file.category.guid", target.arena_guid.as_str())];
        let answer = client.check_in(guid(file), "true", "second", &more).await;
        match answer.status.as_u16() {
            201 => answer.json()["file"]["category"]["guid"].as_str().unwrap().to_owned(),
            _ => code(&answer),
        }
    };
    let file = scene.file(To::Own).await;
    let dora = scene.server.arena(&scene.server.world.dora).await;
    let before = state(&dora, &[&file]).await;
    let (none, read, full) = (Level::None, Level::Read, Level::Full);
    for (from, to, expected) in [
        (none, none, "400 3011"),
        (none, full, "400 3011"),
        (read, none, "400 3002"),
        (read, read, "400 3024"),
        (read, full, "400 3024"),
        (full, none, "400 3002"),
        (full, read, "400 3024"),
        (full, full, target.arena_guid.as_str()),
    ] {
        let mut change = vault.set_up().await.unwrap();
        change.put_level(scene.category, caller, from).await.unwrap();
        change.put_level(scene.elsewhere, caller, to).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(state(&dora, &[&file]).await, before);
        assert_eq!(to_target(&file).await, expected, "{from:?} {to:?}");
    }

    // and the rule for both
    let file = scene.file(To::Own).await;
    let before = state(&dora, &[&file]).await;
    scene.require_policies(true).await;
    for (here, there, expected) in [
        (false, false, "400 3024"),
        (false, true, "400 3024"),
        (true, false, "400 3024"),
        (true, true, target.arena_guid.as_str()),
    ] {
        let mut change = vault.set_up().await.unwrap();
        for (category, given) in [(scene.above, here), (scene.elsewhere, there)] {
            if given {
                change.put_rule(scene.policy, Rule::EditFile, Some(category)).await.unwrap();
            } else {
                change.take_rule(scene.policy, Rule::EditFile, Some(category)).await.unwrap();
            }
        }
        change.commit().await.unwrap();
        assert_eq!(state(&dora, &[&file]).await, before);
        assert_eq!(to_target(&file).await, expected, "{here} {there}");
    }
}

#[tokio::test]
async fn a_new_files_own_category_decides_and_not_that_of_the_folder_it_lands_in() {
    let scene = Scene::new().await;
    let (vault, caller) = (&scene.server.vault, scene.caller.person.id);
    let client = scene.server.arena(&scene.caller).await;
    let create = async |category: Option<&str>| {
        let mut texts = vec![("title", "new"), ("edition", "1")];
        texts.extend(category.map(|guid| ("category.guid", guid)));
        let answer = client.form("/v1/files", &texts, Some(("content", "new.txt", "x"))).await;
        if answer.status == 201 { "made".to_owned() } else { code(&answer) }
    };
    let cad = Some(scene.category_guid.as_str());
    let root = vault.root_category().await.unwrap().row.id;
    // what lies in the root folder without a category is hidden, or can only be read
    for (level, without) in [(Level::None, "400 3024"), (Level::Read, "400 3024"), (Level::Full, "made")] {
        let mut change = vault.set_up().await.unwrap();
        change.put_level(root, caller, level).await.unwrap();
        change.put_level(scene.category, caller, Level::Full).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(create(None).await, without, "{level:?}");
        assert_eq!(create(cad).await, "made", "{level:?}");
    }
    let found = client.get("/v1/files?title=new&limit=400").await.json()["count"].clone();
    assert_eq!(found, 4, "a hidden root folder hides no file of another category");

    // the category may be said after the file
    let after = format!(
        "--b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"a.txt\"\r\n\r\nx\r\n--b\r\nContent-Disposition: \
         form-data; name=\"title\"\r\n\r\nt\r\n--b\r\nContent-Disposition: form-data; name=\"edition\"\r\n\r\n1\r\n--b\r\n\
         Content-Disposition: form-data; name=\"category.guid\"\r\n\r\n{}\r\n--b--\r\n",
        scene.category_guid
    );
    scene.require_policies(true).await;
    for (rule, with, without) in [
        (None, "400 3024", "400 3024"),
        (Some((Rule::ReadFile, None)), "400 3024", "400 3024"),
        (Some((Rule::EditFile, Some(scene.elsewhere))), "400 3024", "400 3024"),
        (Some((Rule::EditFile, Some(scene.above))), "made", "400 3024"),
        (Some((Rule::EditFile, None)), "made", "made"),
    ] {
        let mut change = vault.set_up().await.unwrap();
        if let Some((rule, limit)) = rule {
            change.put_rule(scene.policy, rule, limit).await.unwrap();
        }
        change.commit().await.unwrap();
        assert_eq!(create(cad).await, with, "{rule:?}");
        assert_eq!(create(None).await, without, "{rule:?}");
        let answer = client.form_raw("/v1/files", after.clone()).await;
        assert_eq!(answer.status == 201, with == "made", "{rule:?}");
    }
}
