//! The program from the outside: starting, stopping, being killed, and commands beside a running server.

use std::{
    io::Write,
    path::Path,
    process::{Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use insta::assert_snapshot;
use reqwest::Method;
use rustix::process::{Signal, kill_process, test_kill_process};
use serde_json::{Value, json};

use super::support::{
    database::DurableFolder,
    process::{Process, postmaster, program},
    server::client,
};

/// Runs a command to its end, with `input` on its standard input.
fn run(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = program(data);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // who asks for nothing may be gone already
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// The answer of a command that works.
pub fn answer(data: &Path, arguments: &[&str], input: &str) -> Value {
    let output = run(data, arguments, input);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

/// Exit code and error of one that does not.
pub fn refusal(data: &Path, arguments: &[&str], input: &str) -> String {
    let output = run(data, arguments, input);
    let said = String::from_utf8(output.stderr).unwrap();
    let said = match serde_json::from_str::<Value>(&said) {
        Ok(error) => error["error"].as_str().unwrap().to_owned(),
        Err(_) => said,
    };
    format!("{}: {}", output.status.code().unwrap(), said.trim_end())
}

fn logins(data: &Path) -> Vec<String> {
    let users = answer(data, &["user", "list"], "");
    users.as_array().unwrap().iter().map(|user| user["login"].as_str().unwrap().to_owned()).collect()
}

/// Waits for what another process does in its own time.
pub fn eventually(what: &str, so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < until, "it never came true that {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

fn seed(folder: &Path, text: &str) -> String {
    let file = folder.join("world.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

const WORLD: &str = r#"
users = [
    { login = "root", administrator = true, password = "root-password" },
    { login = "ann", password = "correct horse" },
]
libraries = [{ name = "Lab", members = { ann = "contributor" }, arena_workspace = 7 }]
files = [{ at = "Lab/plan.txt", text = "first", by = "ann" }]
tokens = [{ for = "ann", scopes = ["Files.ReadWrite.All"], token = "a-token-that-all-know" }]
"#;

#[tokio::test]
async fn a_first_start_makes_an_administrator_and_a_second_one_keeps_everything() {
    let folder = DurableFolder::new();
    let data = folder.path().join("d");

    let first = Process::start(&data, &[]);
    assert_eq!(first.ready["administrator"]["login"], "admin");
    let password = first.ready["administrator"]["password"].as_str().unwrap().to_owned();
    assert!(password.len() >= 20, "{password}");
    let postgres = postmaster(&data).unwrap();

    // commands work beside it
    let made = answer(&data, &["user", "add", "bob", "--license", "read_only"], "secret of bob\n");
    assert_eq!((&made["login"], &made["license"]), (&json!("bob"), &json!("read_only")));
    assert_eq!(logins(&data), ["admin", "bob"]);
    assert!(test_kill_process(postgres).is_ok(), "a command beside a server leaves its database alone");
    let address = first.base.strip_prefix("http://").unwrap().to_owned();
    assert_eq!(answer(&data, &["health", "--listen", &address], "")["ready"], true);

    assert!(first.stop(), "SIGTERM ends it in order");
    assert!(test_kill_process(postgres).is_err(), "no Postgres stays");
    assert!(refusal(&data, &["health", "--listen", &address], "").starts_with("1: no server answers at 127.0.0.1:"));

    // and without one, for which they start the database themselves
    assert_eq!(answer(&data, &["user", "disable", "bob"], ""), json!({"done": "disabled"}));
    assert!(postmaster(&data).is_none(), "a command stops what it has started");

    let second = Process::start(&data, &[]);
    assert!(second.ready.get("administrator").is_none(), "{}", second.ready);
    assert_eq!(logins(&data), ["admin", "bob"]);
    assert!(second.stop());
}

#[tokio::test]
async fn a_killed_server_leaves_no_postgres_and_the_next_start_works() {
    let folder = DurableFolder::new();
    let data = folder.path().join("d");
    let server = Process::start(&data, &[]);
    answer(&data, &["library", "add", "Lab", "--workspace", "7"], "");
    let postgres = postmaster(&data).unwrap();
    server.kill();
    eventually("Postgres is gone", || test_kill_process(postgres).is_err());

    let next = Process::start(&data, &[]);
    assert_eq!(answer(&data, &["library", "list"], "")[0]["arena_workspace"], 7);

    // the other way round: its database dies
    kill_process(postmaster(&data).unwrap(), Signal::KILL).unwrap();
    assert_eq!(next.wait(), Some(1), "without its database a server ends, and says so");
    assert!(Process::start(&data, &[]).stop(), "what was committed is recovered");
}

#[tokio::test]
async fn a_world_is_seeded_beside_a_running_server_and_locks_are_cancelled_with_rights() {
    let folder = DurableFolder::new();
    let data = folder.path().join("d");
    let server = Process::start(&data, &[]);
    let file = seed(folder.path(), WORLD);

    let made = answer(&data, &["seed", &file], "");
    assert_eq!(made["files"][0]["done"], "made");
    let again = answer(&data, &["seed", &file], "");
    for (section, entries) in again.as_object().unwrap() {
        for (entry, before) in entries.as_array().unwrap().iter().zip(made[section].as_array().unwrap()) {
            let mut before = before.clone();
            before["done"] = json!("found");
            assert_eq!(*entry, before, "{section}");
        }
    }

    // the running server knows the token at once
    let (drive, item) = (&made["libraries"][0]["graph_drive_id"], &made["files"][0]["graph_id"]);
    let url = format!("{}/v1.0/drives/{}/items/{}", server.base, drive.as_str().unwrap(), item.as_str().unwrap());
    let get = client().get(&url).bearer_auth("a-token-that-all-know").send().await.unwrap();
    assert_eq!(get.status(), 200);
    let out = client().post(format!("{url}/checkout")).bearer_auth("a-token-that-all-know").send().await.unwrap();
    assert_eq!(out.status(), 204);

    let locks = answer(&data, &["lock", "list"], "");
    let lock = &locks[0];
    assert_eq!(
        (&lock["file"], &lock["holder"], &lock["dialect"], &lock["fence"]),
        (&json!("Lab/plan.txt"), &json!("ann"), &json!("graph"), &json!(1))
    );
    answer(&data, &["user", "add", "eve", "--no-password"], "");
    assert_snapshot!(refusal(&data, &["lock", "cancel", "Lab/plan.txt", "--as", "eve"], ""), @r#"1: there is no file or folder "Lab/plan.txt" that you can see; name it by LIBRARY/PATH or by any of its ids"#);
    answer(&data, &["library", "grant", "Lab", "eve", "contributor"], "");
    let refused = refusal(&data, &["lock", "cancel", "Lab/plan.txt", "--as", "eve"], "");
    assert!(refused.starts_with("1: ann holds the lock since "), "{refused}");
    let number = made["files"][0]["number"].to_string();
    let cancelled = answer(&data, &["lock", "cancel", &number, "--comment", "she is away"], "");
    assert_eq!(cancelled, json!({"file": "Lab/plan.txt", "holder": "ann", "fence": 1, "draft_rescued": true}));
    assert_eq!(answer(&data, &["lock", "list"], ""), json!([]));

    // one room locks folders, and here they are found and unlocked
    let call = async |method: &str, parameters: Value| {
        let request = client().post(format!("{}/api/jsonws/invoke", server.base)).bearer_auth("a-token-that-all-know");
        let answer = request.json(&json!({method: parameters})).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{method}");
        answer.json::<Value>().await.unwrap()
    };
    let group = &made["libraries"][0]["liferay_group_id"];
    let drawer = json!({"repositoryId": group, "parentFolderId": 0, "name": "Drawer", "description": ""});
    let drawer = call("/dlapp/add-folder", drawer).await["folderId"].as_str().unwrap().parse::<i64>().unwrap();
    let lock =
        json!({"repositoryId": group, "folderId": drawer, "owner": "", "inheritable": true, "expirationTime": 0});
    call("/dlapp/lock-folder", lock).await;
    assert_eq!(answer(&data, &["lock", "list", "--holder", "eve"], ""), json!([]));
    let locks = answer(&data, &["lock", "list", "--holder", "ann"], "");
    let told = ["file", "kind", "inheritable", "holder", "dialect", "fence"].map(|member| locks[0][member].clone());
    assert_eq!(json!(told), json!(["Lab/Drawer", "folder", true, "ann", "liferay", 1]));
    let refused = refusal(&data, &["lock", "cancel", "Lab/Drawer", "--as", "eve"], "");
    assert!(refused.starts_with("1: ann holds the lock since "), "{refused}");
    let unlocked = answer(&data, &["lock", "cancel", "Lab/Drawer", "--comment", "she is away"], "");
    assert_eq!(unlocked, json!({"file": "Lab/Drawer", "holder": "ann", "fence": 1, "draft_rescued": false}));
    assert_eq!(answer(&data, &["lock", "list"], ""), json!([]));
    let refused = refusal(&data, &["lock", "cancel", "Lab/Drawer"], "");
    assert!(refused.starts_with("1: nobody holds the lock of Lab/Drawer"), "{refused}");

    // tokens end as well
    let tokens = answer(&data, &["token", "list"], "");
    let id = tokens[0]["id"].as_str().unwrap();
    answer(&data, &["token", "revoke", id], "");
    assert_eq!(answer(&data, &["token", "list"], "")[0]["alive"], false);
    let made = answer(&data, &["token", "create", "eve", "--label", "ci", "--scope", "Files.Read.All"], "");
    assert!(made["token"].as_str().unwrap().starts_with("cck_"));

    let broken = seed(folder.path(), "[[users]]\nlogin = 'x'\npasword = 'y'\n");
    let refused = refusal(&data, &["seed", &broken], "").replace(folder.path().to_str().unwrap(), "");
    assert_snapshot!(refused, @"
    1: /world.toml: one thing is wrong; nothing was written

    /world.toml:3:1: unknown field `pasword`, expected one of `login`, `email`, `name`, `password`, `password_file`, `license`, `affiliation`, `administrator`, `disabled`
     3 | pasword = 'y'
       | ^^^^^^^
    ");
    assert!(server.stop());
}

/// Somebody at the Arena room of a running server.
struct Worker<'a> {
    server: &'a Process,
    session: String,
}

impl<'a> Worker<'a> {
    async fn log_in(server: &'a Process, email: &str, password: &str) -> Self {
        let body = json!({"email": email, "password": password});
        let answer = client().post(format!("{}/v1/login", server.base)).json(&body).send().await.unwrap();
        let session = answer.json::<Value>().await.unwrap()["arenaSessionId"].as_str().unwrap().to_owned();
        Self { server, session }
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}/v1{path}", self.server.base);
        let request = client().request(method.parse().unwrap(), url).header("arena_session_id", &self.session);
        request.json(body).send().await.unwrap().json().await.unwrap()
    }

    /// How many files there are, and what a cancel of a check-out that is none answers: 3132 where it would be allowed.
    async fn may(&self, guid: &str) -> String {
        let files = self.call("GET", "/files", &json!({})).await;
        let body = json!({"checkedOut": false, "file": {"guid": guid}});
        let refused = self.call("POST", "/files/checkoutstatuschanges", &body).await;
        format!("{} {}", files["count"], refused["errors"][0]["code"])
    }

    /// Waits until the server has noticed what another process did, and asserts what is allowed then.
    async fn comes_to(&self, guid: &str, expected: &str) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let may = self.may(guid).await;
            if may == expected {
                return;
            }
            assert!(Instant::now() < until, "expected {expected}, it stays at {may}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn rights_are_given_and_taken_from_the_command_line() {
    let folder = DurableFolder::new();
    let data = folder.path().join("d");
    let server = Process::start(&data, &[]);
    let made = answer(&data, &["seed", &seed(folder.path(), WORLD)], "");
    let do_it = |arguments: &[&str]| answer(&data, arguments, "");
    let no = |arguments: &[&str]| refusal(&data, arguments, "");
    let ann = Worker::log_in(&server, "ann@localhost", "correct horse").await;
    let file = made["files"][0]["editions"][0]["arena_guid"].as_str().unwrap();
    ann.comes_to(file, "1 3132").await;

    assert_eq!(do_it(&["library", "policies", "Lab", "on"])["policies_required"], true);
    ann.comes_to(file, "0 3024").await;
    do_it(&["policy", "add", "Readers", "--rule", "read_file", "--description", "for all"]);
    assert_eq!(do_it(&["policy", "grant", "Readers", "ann"]), json!({"done": "granted"}));
    ann.comes_to(file, "1 3024").await;

    assert!(
        no(&["policy", "add", "Editors", "--rule", "edit_file", "--category", "Design"])
            .starts_with("1: there is no category")
    );
    do_it(&["category", "add", "/Design"]);
    do_it(&["policy", "add", "Editors", "--rule", "edit_file", "--rule", "override_check_out", "--category", "design"]);
    do_it(&["policy", "grant", "Editors", "ann"]);
    // a rule for another category is none for this file
    assert_eq!(ann.may(file).await, "1 3024");
    let editors = do_it(&["policy", "add", "editors", "--rule", "edit_file"]);
    ann.comes_to(file, "1 3132").await;
    assert_eq!(do_it(&["policy", "list"])[0], editors);
    assert_snapshot!(do_it(&["policy", "list"]), @r#"[{"name":"Editors","description":"","rules":[{"rule":"edit_file","category":"/Design"},{"rule":"override_check_out","category":"/Design"},{"rule":"edit_file","category":null}],"given_to":["ann"]},{"name":"Readers","description":"for all","rules":[{"rule":"read_file","category":null}],"given_to":["ann"]}]"#);
    assert_eq!(
        do_it(&["policy", "remove-rule", "Editors", "--rule", "edit_file"])["rules"].as_array().unwrap().len(),
        2
    );
    ann.comes_to(file, "1 3024").await;
    do_it(&["policy", "revoke", "Readers", "ann"]);
    ann.comes_to(file, "0 3024").await;
    do_it(&["library", "policies", "Lab", "off"]);
    ann.comes_to(file, "1 3132").await;

    do_it(&["category", "grant", "/", "ann", "read"]);
    ann.comes_to(file, "1 3024").await;
    do_it(&["category", "add", "/", "--default-level", "none"]);
    do_it(&["category", "add", "/Design/CAD", "--default-level", "full", "--description", "drawings"]);
    let categories = do_it(&["category", "list"]);
    let shown = |category: &Value| format!("{} {} {}", category["path"], category["default_level"], category["levels"]);
    let shown: Vec<String> = categories.as_array().unwrap().iter().map(shown).collect();
    assert_eq!(shown, [r#""/" "none" {"ann":"read"}"#, r#""/Design" null {}"#, r#""/Design/CAD" "full" {}"#]);
    assert_eq!(do_it(&["category", "revoke", "/", "ann"]), json!({"done": "revoked"}));
    ann.comes_to(file, "0 3011").await;
    assert_eq!(do_it(&["category", "add", "/", "--default-level", "inherit"])["default_level"], Value::Null);
    ann.comes_to(file, "1 3132").await;

    do_it(&["library", "revoke", "Lab", "ann"]);
    ann.comes_to(file, "null 401").await;

    let refused = [
        no(&["policy", "grant", "Nobody's", "ann"]),
        no(&["policy", "grant", "Readers", "nobody"]),
        no(&["policy", "revoke", "Readers", "ann"]),
        no(&["policy", "remove-rule", "Readers", "--rule", "edit_file", "--category", "/Design"]),
        no(&["policy", "remove-rule", "Readers"]),
        no(&["policy", "add", " "]),
        no(&["category", "add", "/Desing/CAM"]),
        no(&["category", "grant", "Desing", "ann", "full"]),
        no(&["category", "revoke", "/Design", "ann"]),
        no(&["library", "policies", "Lap", "on"]),
        no(&["library", "revoke", "Lab", "ann"]),
    ];
    assert_snapshot!(refused.join("\n"), @r#"
    1: there is no policy "Nobody's"; `coatcheck policy list` shows them
    1: there is no user, group or application "nobody"; `coatcheck user list` shows the users
    1: ann was given no policy "Readers"; what comes from a group is taken from the group
    1: policy "Readers" has no rule edit_file for category "/Design"; `coatcheck policy list` shows its rules
    2: name the rules to take away with --rule RULE
    1: the name cannot be used
    1: there is no category "/Desing"; `coatcheck category list` shows them
    1: there is no category "Desing"; `coatcheck category list` shows them
    1: ann was given no level on "/Design"; what comes from a group is taken from the group
    1: there is no library "Lap"; `coatcheck library list` shows them
    1: ann was given no role on Lab; what comes from a group is taken from the group
    "#);
    assert!(no(&["policy", "add", "x", "--rule", "edit"]).starts_with("2: "));
    assert!(no(&["category", "grant", "/", "ann", "write"]).contains("unknown variant `write`, expected one of"));
    assert!(server.stop());
}

#[tokio::test]
async fn parts_are_made_released_and_revised() {
    let folder = DurableFolder::new();
    let data = folder.path().join("d");
    let server = Process::start(&data, &[]);
    answer(&data, &["seed", &seed(folder.path(), WORLD)], "");
    let made = answer(&data, &["part", "add", "Lab", "GX-4", "--name", "Gearbox", "--description", "two stages"], "");
    let said = |row: &Value| format!("{} {} {} {}", row["number"], row["revision"], row["status"], row["files"]);
    assert_eq!(said(&made), r#""GX-4" "A" "working" 0"#);
    assert_eq!((&made["name"], &made["description"]), (&json!("Gearbox"), &json!("two stages")));
    answer(&data, &["part", "add", "Lab", "0815", "--revision", "1"], "");
    let released = answer(&data, &["part", "release", "lab", "gx-4"], "");
    assert_eq!(said(&released), r#""GX-4" "A" "effective" 0"#);
    assert_eq!(released["arena_guid"], made["arena_guid"]);
    let opened = answer(&data, &["part", "revise", "Lab", "GX-4", "B"], "");
    assert_eq!(said(&opened), r#""GX-4" "B" "working" 0"#);
    let all = answer(&data, &["part", "list", "Lab"], "");
    let all: Vec<String> = all.as_array().unwrap().iter().map(said).collect();
    assert_eq!(all, [r#""0815" "1" "working" 0"#, r#""GX-4" "A" "effective" 0"#]);

    let refused = |arguments: &[&str]| refusal(&data, arguments, "");
    assert_snapshot!(refused(&["part", "add", "Lab", "gx-4"]), @r#"
    1: "gx-4" is taken already; choose another
    "#);
    assert_snapshot!(refused(&["part", "add", "Lab", " "]), @r#"
    1: the number cannot be used
    "#);
    assert_snapshot!(refused(&["part", "revise", "Lab", "GX-4", "C"]), @r#"
    1: this cannot be done: a revision of it is worked on already
    "#);
    assert_snapshot!(refused(&["part", "release", "Lab", "GX-5"]), @r#"
    1: there is no part "GX-5"; `coatcheck part list LIBRARY` shows them
    "#);
    assert_snapshot!(refused(&["part", "list", "Nowhere"]), @r#"
    1: there is no library "Nowhere"; `coatcheck library list` shows them
    "#);
    assert_snapshot!(refused(&["part", "release", "Lab", "0815", "--as", "ann"]), @r#"
    1: That user's role here does not allow it. Another user can be named with --as LOGIN.
    "#);
    assert!(server.stop());
}

/// `200`, or the vendor's code: what Arena answers to Ann's login.
async fn arena_login(server: &Process, password: &str) -> String {
    let body = json!({"email": "ann@localhost", "password": password});
    let answer = client().post(format!("{}/v1/login", server.base)).json(&body).send().await.unwrap();
    match answer.status().as_u16() {
        200 => "200".to_owned(),
        _ => answer.json::<Value>().await.unwrap()["errors"][0]["code"].to_string(),
    }
}

#[tokio::test]
async fn people_libraries_and_applications_are_changed_beside_a_running_server() {
    let folder = DurableFolder::new();
    let data = folder.path().join("d");
    let server = Process::start(&data, &[]);
    answer(&data, &["seed", &seed(folder.path(), WORLD)], "");
    assert_eq!(arena_login(&server, "correct horse").await, "200");

    let arguments =
        ["user", "change", "ann", "--affiliation", "basic_supplier", "--license", "approver", "--name", "Ann"];
    let changed = answer(&data, &arguments, "");
    let shown = |user: &Value| {
        let keys = ["name", "email", "license", "affiliation", "administrator", "password_expired"];
        keys.map(|key| user[key].to_string()).join(" ")
    };
    assert_snapshot!(shown(&changed), @r#""Ann" "ann@localhost" "approver" "basic_supplier" false false"#);
    assert_eq!(arena_login(&server, "correct horse").await, "4001");
    let changed = answer(&data, &["user", "change", "ann", "--affiliation", "partner", "--administrator", "true"], "");
    assert_snapshot!(shown(&changed), @r#""Ann" "ann@localhost" "approver" "partner" true false"#);
    assert_eq!(arena_login(&server, "correct horse").await, "200");
    assert!(refusal(&data, &["user", "change", "ann"], "").starts_with("2: error: the following required arguments"));
    let nobody = refusal(&data, &["user", "change", "nobody", "--name", "x"], "");
    assert!(nobody.starts_with("1: there is no user, group or application \"nobody\""), "{nobody}");

    assert_eq!(answer(&data, &["user", "expire-password", "ann"], ""), json!({"done": "password_expired"}));
    assert_eq!(arena_login(&server, "correct horse").await, "4081");
    let users = answer(&data, &["user", "list"], "");
    let ann = users.as_array().unwrap().iter().find(|user| user["login"] == "ann").unwrap();
    assert_eq!(ann["password_expired"], true);
    answer(&data, &["user", "passwd", "ann"], "battery staple\n");
    assert_eq!(arena_login(&server, "battery staple").await, "200");

    let closed = answer(&data, &["library", "change", "Lab", "--arena-api", "off", "--description", "closed"], "");
    assert_eq!((&closed["arena_api"], &closed["description"]), (&json!(false), &json!("closed")));
    assert_eq!(arena_login(&server, "battery staple").await, "4079");
    let open = ["library", "change", "Lab", "--arena-api", "on", "--request-limit", "5", "--workspace", "8"];
    let open = answer(&data, &open, "");
    let shown = (&open["arena_workspace"], &open["arena_request_limit"], &open["description"]);
    assert_eq!(shown, (&json!(8), &json!(5), &json!("closed")));
    assert_eq!(arena_login(&server, "battery staple").await, "200");
    let counted = ["library", "change", "Lab", "--minor-versions", "on", "--check-out-required", "on"];
    let counted = answer(&data, &counted, "");
    assert_eq!((&counted["minor_versions"], &counted["check_out_required"]), (&json!(true), &json!(true)));
    let plain = answer(&data, &["library", "change", "Lab", "--check-out-required", "off"], "");
    assert_eq!((&plain["minor_versions"], &plain["check_out_required"]), (&json!(true), &json!(false)));
    assert!(
        refusal(&data, &["library", "change", "Lab"], "").starts_with("2: error: the following required arguments")
    );
    assert_eq!(answer(&data, &["library", "change", "Lab", "--quota", "4096"], "")["quota_bytes"], 4096);
    assert_eq!(answer(&data, &["library", "change", "Lab", "--quota", "none"], "")["quota_bytes"], Value::Null);
    assert!(refusal(&data, &["library", "change", "Lab", "--quota", "-1"], "").starts_with("2: error: "));

    let made = answer(&data, &["application", "add", "exporter", "--role", "Files.Read.All"], "");
    assert_eq!((&made["roles"], &made["secrets"]), (&json!(["Files.Read.All"]), &json!(0)));
    let secret = answer(&data, &["application", "secret", "exporter"], "");
    assert_eq!(answer(&data, &["application", "list"], "")[0]["secrets"], 1);
    let form = format!(
        "grant_type=client_credentials&client_id=exporter&client_secret={}",
        secret["client_secret"].as_str().unwrap()
    );
    let asked = client().post(format!("{}/oauth/token", server.base)).body(form);
    let granted = asked.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(granted.status(), 200);
    let uri = "https://app.example/back";
    let signs = ["application", "sign-in", "exporter", "--public", "--redirect-uri", uri, "--scope", "Files.Read.All"];
    let expected = json!({
        "client_id": "exporter", "public": true, "redirect_uris": [uri], "delegated": ["Files.Read.All"],
    });
    assert_eq!(answer(&data, &signs, ""), expected);
    let listed = &answer(&data, &["application", "list"], "")[0];
    assert_eq!((&listed["public"], &listed["delegated"]), (&json!(true), &json!(["Files.Read.All"])));
    let bad = refusal(&data, &["application", "sign-in", "exporter", "--redirect-uri", "javascript:x"], "");
    assert!(bad.starts_with("1: no browser can be sent to \"javascript:x\""), "{bad}");
    let ended = answer(&data, &["application", "sign-out", "exporter"], "");
    assert_eq!(ended, json!({"ended": 0}));
    let nobody = refusal(&data, &["application", "sign-out", "exporter", "--user", "exporter"], "");
    assert!(nobody.starts_with("1: there is no user, group or application \"exporter\""), "{nobody}");
    let missing = refusal(&data, &["application", "secret", "ann"], "");
    assert!(missing.starts_with("1: there is no user, group or application \"ann\""), "{missing}");
    assert!(server.stop());
}

#[tokio::test]
async fn a_demo_shows_one_lock_through_the_dialects() {
    let folder = DurableFolder::new();
    let data = folder.path().join("d");
    let server = Process::start(&data, &["--demo"]);
    let demo = &server.ready["demo"];
    assert!(server.ready.get("administrator").is_none(), "carol is one");
    let steps: Vec<&str> = demo["tour"].as_array().unwrap().iter().map(|step| step["run"].as_str().unwrap()).collect();
    assert_eq!(steps.len(), 7);
    assert!(steps.iter().all(|step| step.contains(&server.base)), "{steps:#?}");
    let alice = demo["world"]["tokens"][0]["token"].as_str().unwrap();
    let me = client().get(format!("{}/v1.0/me", server.base)).bearer_auth(alice).send().await.unwrap();
    assert_eq!(me.status(), 200);
    assert!(server.stop());

    let again = Process::start(&data, &["--demo"]);
    let world = again.ready["demo"]["world"].as_object().unwrap();
    for entry in world.values().flat_map(|section| section.as_array().unwrap()) {
        assert_eq!(entry["done"], "found", "{entry}");
    }
    assert!(again.stop());
}

#[tokio::test]
async fn a_demo_that_was_worked_in_starts_again_and_stays_as_it_is() {
    let folder = DurableFolder::new();
    let data = folder.path().join("d");
    let server = Process::start(&data, &["--demo"]);
    let versions = "/v1.0/sites/root/drive/root:/Gearbox/gearbox.txt:/versions";
    let ask =
        |method: Method, url: String| client().request(method, url).bearer_auth("demo-only-token-of-alice").send();
    let gone = ask(Method::DELETE, format!("{}{versions}/1.0", server.base)).await.unwrap();
    assert_eq!(gone.status(), 204);
    assert!(server.stop());

    let again = Process::start(&data, &["--demo"]);
    let demo = &again.ready["demo"];
    assert_eq!((demo["tour"].as_array().unwrap().len(), demo.get("world")), (0, None), "{demo}");
    let kept: Value = ask(Method::GET, format!("{}{versions}", again.base)).await.unwrap().json().await.unwrap();
    assert_eq!(kept["value"].as_array().unwrap().len(), 1, "{kept}");
    assert!(again.stop());
}

#[test]
fn what_is_not_understood_ends_with_2_and_what_does_not_work_with_1() {
    let folder = DurableFolder::new();
    let data = folder.path().join("d");
    assert!(refusal(&data, &["user", "add"], "").starts_with("2: error: the following required arguments"));
    assert!(
        refusal(&data, &["user", "add", "x", "--license", "big"], "")
            .contains("unknown variant `big`, expected one of")
    );
    let public = refusal(&data, &["serve", "--demo", "--listen", "0.0.0.0:0"], "");
    assert!(public.starts_with("2: --demo makes people whose passwords everybody knows"), "{public}");
    assert!(!data.exists(), "nothing was started for it");
    assert!(refusal(&data, &["config", "check", "--config", "/nowhere.toml"], "").starts_with("1: the configuration"));
    let missing = refusal(&data, &["seed", "/nowhere.toml"], "");
    assert!(missing.starts_with("1: cannot read /nowhere.toml; name a seed file"), "{missing}");
    assert!(!data.exists());
}

#[test]
fn the_configuration_prints_without_its_secrets() {
    let folder = DurableFolder::new();
    let mut command = program(&folder.path().join("d"));
    command.env("DATABASE_URL", "postgres://me:hush@nowhere/db").args(["config", "print", "--redact"]);
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let config: Value = serde_json::from_str(&said).unwrap();
    assert!(!said.contains("hush") && config["database"]["url"] == "[redacted]", "{said}");
    assert_eq!(answer(folder.path(), &["config", "check"], ""), json!({"valid": true}));
}

#[test]
fn a_database_that_is_not_there_is_named_without_its_password() {
    let folder = DurableFolder::new();
    let mut command = program(&folder.path().join("d"));
    command.env("DATABASE_URL", "postgres://me:hush@127.0.0.1:1/db").args(["user", "list"]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(r#"database \"db\" at 127.0.0.1:1 cannot be used; check that it runs"#), "{said}");
    assert!(!said.contains("hush"), "{said}");
}
