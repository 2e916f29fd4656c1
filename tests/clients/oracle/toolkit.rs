//! The vendor's command-line toolkit, replayed request by request over a plain HTTP client: its sign-in, its slashes at the
//! end, its chunked uploads, its bodies on `DELETE` and its JSON that calls itself text (spec/oracle.md 2 and 12). It needs
//! nothing installed, so it runs with all other tests.

use std::collections::BTreeMap;

use reqwest::{Body, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    server::Server,
    world::{PASSWORD, Somebody},
};

/// How the toolkit labels the JSON it sends.
const TEXT: &str = "text/plain;charset=UTF-8";

/// The toolkit, signed in.
struct Toolkit<'a> {
    server: &'a Server,
    authorization: String,
    idc_token: String,
}

/// A set of rows of the older interface, each as its fields by name.
fn rows(answer: &Value, set: &str) -> Vec<BTreeMap<String, String>> {
    let set = &answer["ResultSets"][set];
    let fields: Vec<&str> =
        set["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    let row = |row: &Value| {
        let cells = row.as_array().unwrap().iter().map(|cell| cell.as_str().unwrap().to_owned());
        fields.iter().map(|field| (*field).to_owned()).zip(cells).collect()
    };
    set["rows"].as_array().unwrap().iter().map(row).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

impl<'a> Toolkit<'a> {
    /// Signs in with a password, exchanges it for a token, and makes sure of who that is.
    async fn sign_in(server: &'a Server, somebody: &Somebody) -> Self {
        let login = somebody.person.login.as_str();
        let by_password =
            |path: &str| server.get(path).basic_auth(login, Some(PASSWORD)).header("X-Requested-With", "x");

        let config = server.send(by_password("/documents/integration?IdcService=SCS_GET_TENANT_CONFIG&IsJson=1")).await;
        let config = config.expect(200).json();
        assert_eq!(text(&config["LocalData"], "StatusCode"), "0");
        let idc_token = text(&config["LocalData"], "idcToken").to_owned();

        let given = server.send(by_password("/documents/web?IdcService=GET_OAUTH_TOKEN&IsJson=1")).await;
        let given = given.expect(200).json();
        assert_eq!(text(&given["LocalData"], "expiration"), "604799");
        let authorization = format!("Bearer {}", text(&given["LocalData"], "tokenValue"));

        let toolkit = Self { server, authorization, idc_token };
        let user = toolkit.service("GET_USER_INFO", &[]).await;
        assert_eq!(text(&user["LocalData"], "dUser"), somebody.person.oracle_id);
        assert_eq!(text(&user["LocalData"], "dUserFullName"), somebody.person.name);
        toolkit
    }

    fn request(&self, method: &Method, path: &str) -> RequestBuilder {
        let request = self.server.request(method.as_str(), path);
        request.header("Authorization", &self.authorization).header("X-Requested-With", "XMLHttpRequest")
    }

    async fn get(&self, path: &str) -> Value {
        let answer =
            self.server.send(self.request(&Method::GET, &format!("/documents/api/1.2{path}"))).await.expect(200);
        assert!(!answer.header("x-oracle-dms-ecid").is_empty());
        answer.json()
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.request(&method, &format!("/documents/api/1.2{path}"));
        self.server.send(request.header("Content-Type", TEXT).body(body.to_string())).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.send(Method::POST, path, body).await;
        assert!(answer.status.is_success(), "{answer}");
        let answer = answer.json();
        // how it sees whether something went wrong
        assert_eq!(answer["errorCode"], "0", "{answer}");
        answer
    }

    /// A service of the older interface, its arguments in the address.
    async fn service(&self, name: &str, arguments: &[(&str, &str)]) -> Value {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("IdcService", name).append_pair("IsJson", "1").extend_pairs(arguments);
        let path = format!("/documents/integration?{}", query.finish());
        let answer = self.server.send(self.request(&Method::GET, &path)).await.expect(200).json();
        assert_eq!(text(&answer["LocalData"], "StatusCode"), "0", "{answer}");
        answer
    }

    /// The same, its arguments in a body, with the token against forged requests.
    async fn service_by_body(&self, name: &str, arguments: Value) -> Value {
        let mut data = arguments;
        data["IdcService"] = name.into();
        data["idcToken"] = self.idc_token.as_str().into();
        let request = self.request(&Method::POST, &format!("/documents/integration?IdcService={name}&IsJson=1"));
        let body = json!({ "LocalData": data }).to_string();
        let answer = self.server.send(request.header("Content-Type", "application/json").body(body)).await.expect(200);
        let answer = answer.json();
        assert_eq!(text(&answer["LocalData"], "StatusCode"), "0", "{answer}");
        answer
    }

    /// Finds a path from the home folder, step by step.
    async fn find(&self, path: &str) -> Option<Value> {
        let mut found: Option<Value> = None;
        for step in path.split('/') {
            let step: String = form_urlencoded::byte_serialize(step.as_bytes()).collect();
            let listing = match &found {
                None => format!("/folders/items?filterName={step}&limit=9999"),
                Some(folder) => format!("/folders/{}/items?filterName={step}&limit=9999", text(folder, "id")),
            };
            found = Some(self.get(&listing).await.get("items")?[0].clone());
        }
        found
    }

    async fn make_folder(&self, parent: &str, name: &str) -> String {
        let made = self.post(&format!("/folders/{parent}"), json!({"name": name, "description": ""})).await;
        text(&made, "id").to_owned()
    }

    /// An upload as it streams one: chunked, a slash at the end, no blank before the boundary, a part of JSON without a type.
    async fn stream(&self, path: &str, parameters: Option<Value>, name: &str, bytes: &[u8]) -> Value {
        let mut whole = Vec::new();
        if let Some(parameters) = parameters {
            let head = "--toolkit\r\nContent-Disposition: form-data; name=\"jsonInputParameters\"\r\n\r\n";
            whole.extend_from_slice(format!("{head}{parameters}\r\n").as_bytes());
        }
        let head = format!("Content-Disposition: form-data; name=\"primaryFile\"; filename=\"{name}\"\r\n");
        whole.extend_from_slice(format!("--toolkit\r\n{head}\r\n").as_bytes());
        whole.extend_from_slice(bytes);
        whole.extend_from_slice(b"\r\n--toolkit--\r\n");
        let chunks: Vec<_> = whole.chunks(1000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
        let request = self.request(&Method::POST, &format!("/documents/api/1.2{path}"));
        let request = request.header("Content-Type", "multipart/form-data;boundary=toolkit");
        let answer = self.server.send(request.body(Body::wrap_stream(futures_util::stream::iter(chunks)))).await;
        let answer = answer.expect(201).json();
        assert_eq!(answer["errorCode"], "0");
        answer
    }

    async fn upload(&self, parent: &str, name: &str, bytes: &[u8]) -> Value {
        self.stream("/files/data/", Some(json!({ "parentID": parent })), name, bytes).await
    }

    async fn download(&self, file: &str, version: &str) -> Vec<u8> {
        let path = format!("/documents/api/1.2/files/{file}/data/{version}");
        self.server.send(self.request(&Method::GET, &path)).await.expect(200).body
    }

    /// A user as it picks one: whoever has exactly this login name, whatever the case.
    async fn user(&self, login: &str) -> Value {
        let found = self.get(&format!("/users/items?info={login}")).await;
        let fits = |user: &&Value| text(user, "loginName").eq_ignore_ascii_case(login);
        found["items"].as_array().unwrap().iter().find(fits).unwrap().clone()
    }

    /// What lies in the trash: the id there by the id before.
    async fn trash(&self) -> BTreeMap<String, String> {
        let trash = self.service("FLD_BROWSE_TRASH", &[("fileCount", "-1")]).await;
        let mut found = BTreeMap::new();
        for (set, id) in [("ChildFiles", "fFileGUID"), ("ChildFolders", "fFolderGUID")] {
            for mut row in rows(&trash, set) {
                let (before, there) = (row.remove("fRealItemGUID").unwrap(), row.remove(id).unwrap());
                assert_ne!(before, there);
                found.insert(before, there);
            }
        }
        found
    }
}

/// Bytes that no text is.
fn picture() -> Vec<u8> {
    (0..100_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()
}

#[tokio::test]
async fn the_toolkit_uploads_a_folder_lists_it_and_fetches_it_again() {
    let server = Server::start().await;
    let toolkit = Toolkit::sign_in(&server, &server.world.ann).await;

    // a folder as it lies on the disk, made step by step
    let site = toolkit.make_folder("self", "site").await;
    let images = toolkit.make_folder(&site, "images").await;
    let deep = toolkit.make_folder(&images, "größe & \"form\"").await;
    let files: [(&str, &str, Vec<u8>); 4] = [
        (&site, "index.html", b"<h1>GX-4</h1>".to_vec()),
        (&images, "gearbox.png", picture()),
        (&images, "empty.dat", Vec::new()),
        (&deep, "Übersicht.txt", "vier zu eins".as_bytes().to_vec()),
    ];
    for (folder, name, bytes) in &files {
        let made = toolkit.upload(folder, name, bytes).await;
        assert_eq!((text(&made, "name"), text(&made, "version")), (*name, "1"));
        assert_eq!(text(&made, "size"), bytes.len().to_string());
    }

    // folders first, and how many there are, as text
    let listed = toolkit.get(&format!("/folders/{images}/items?limit=10000&offset=0&orderby=name:asc")).await;
    assert_eq!((text(&listed, "childItemsCount"), text(&listed, "hasMore")), ("3", "0"));
    let names: Vec<&str> = listed["items"].as_array().unwrap().iter().map(|item| text(item, "name")).collect();
    assert_eq!(names, ["größe & \"form\"", "empty.dat", "gearbox.png"]);

    for (path, (_, _, bytes)) in [
        "site/index.html",
        "site/images/gearbox.png",
        "site/images/empty.dat",
        "site/images/größe & \"form\"/Übersicht.txt",
    ]
    .into_iter()
    .zip(&files)
    {
        let file = toolkit.find(path).await.unwrap_or_else(|| panic!("no {path}"));
        assert_eq!(toolkit.download(text(&file, "id"), "").await, *bytes, "{path}");
    }
    assert!(toolkit.find("site/images/nothing.png").await.is_none());
    assert!(toolkit.find("Site").await.is_none(), "names are found with their case");

    // the same name again is the next version, and both can be had
    let again = toolkit.upload(&site, "index.html", b"<h1>GX-5</h1>").await;
    assert_eq!(text(&again, "version"), "2");
    let index = text(&again, "id").to_owned();
    let third = toolkit.stream(&format!("/files/{index}/data/"), None, "index.html", b"<h1>GX-6</h1>").await;
    assert_eq!((text(&third, "id"), text(&third, "version")), (index.as_str(), "3"));
    assert_eq!(toolkit.download(&index, "").await, b"<h1>GX-6</h1>");
    assert_eq!(toolkit.download(&index, "?version=1").await, b"<h1>GX-4</h1>");
    let versions = toolkit.service("FLD_FILE_REVISIONS", &[("item", &format!("fFileGUID:{index}"))]).await;
    let labels: Vec<String> = rows(&versions, "REVISIONS").iter().map(|row| row["dRevLabel"].clone()).collect();
    assert_eq!(labels, ["3", "2", "1"]);

    // a copy is told from its original by its id
    let copied = toolkit.post(&format!("/files/{index}/copy"), json!({ "destinationID": images })).await;
    assert_ne!(text(&copied, "id"), index);
    assert_eq!(toolkit.download(text(&copied, "id"), "").await, b"<h1>GX-6</h1>");
    let search = toolkit.get("/folders/search/items?fulltext=inde*&limit=9999").await;
    assert_eq!(text(&search, "totalCount"), "2");
}

#[tokio::test]
async fn the_toolkit_shares_a_folder_and_makes_a_link() {
    let server = Server::start().await;
    let (ann, eve) = (&server.world.ann, &server.world.eve);
    let (toolkit, guest) = (Toolkit::sign_in(&server, ann).await, Toolkit::sign_in(&server, eve).await);
    let folder = toolkit.make_folder("self", "shared").await;
    let file = toolkit.upload(&folder, "plan.txt", b"four to one").await;
    let file = text(&file, "id");
    assert!(guest.find("shared").await.is_none());

    let user = toolkit.user("EVE").await;
    let body = json!({"userID": text(&user, "id"), "role": "contributor", "message": ""});
    let shared = toolkit.post(&format!("/shares/{folder}"), body).await;
    assert_eq!((text(&shared["user"], "loginName"), text(&shared, "role")), ("eve", "contributor"));
    let shares = toolkit.get(&format!("/shares/{folder}/items")).await;
    let who: Vec<&str> =
        shares["items"].as_array().unwrap().iter().map(|share| text(&share["user"], "loginName")).collect();
    assert_eq!(who, ["eve"]);
    // it shows at the guest's home, and what is in it
    assert_eq!(text(&guest.find("shared/plan.txt").await.unwrap(), "id"), file);
    let change = json!({"userID": text(&user, "id"), "role": "viewer"});
    toolkit.send(Method::PUT, &format!("/shares/{folder}/role"), change).await.expect(200);
    let denied =
        guest.server.send(guest.request(&Method::GET, &format!("/documents/api/1.2/files/{file}/data/"))).await;
    assert_eq!(denied.expect(403).json()["errorCode"], "-20");

    let gone =
        toolkit.send(Method::DELETE, &format!("/shares/{folder}/user"), json!({"userID": text(&user, "id")})).await;
    assert_eq!(text(&gone.expect(200).json()["user"], "loginName"), "eve");
    assert!(guest.find("shared").await.is_none());

    // a link, whose id it takes for one by its length, and which needs its code
    let spec = json!({
        "assignedUsers": "@everybody", "linkName": "press", "roleName": "downloader", "password": "test12345",
    });
    let link = toolkit.post(&format!("/publiclinks/folder/{folder}"), spec).await;
    let id = text(&link, "linkID");
    assert_eq!((id.len(), text(&link, "role")), (44, "downloader"));
    let data = format!("/documents/api/1.2/files/{file}/data");
    let brought = || server.get(&data).header("linkID", id);
    server.send(brought()).await.expect(403);
    let cookie = format!("dAccessCode-{id}=test12345");
    assert_eq!(server.send(brought().header("Cookie", cookie)).await.expect(200).text(), "four to one");
    let listed = toolkit.get(&format!("/publiclinks/folder/{folder}")).await;
    assert_eq!(text(&listed, "count"), "1");
    toolkit.send(Method::DELETE, &format!("/publiclinks/{id}"), json!({})).await.expect(200);
    server.send(brought()).await.expect(400);
}

#[tokio::test]
async fn the_toolkit_reserves_throws_away_and_takes_back() {
    let server = Server::start().await;
    let (ann, eve) = (&server.world.ann, &server.world.eve);
    let toolkit = Toolkit::sign_in(&server, ann).await;
    let folder = toolkit.make_folder("self", "drawings").await;
    let file = toolkit.upload(&folder, "gearbox.txt", b"first").await;
    let file = text(&file, "id").to_owned();
    let share = json!({"userID": "eve", "role": "contributor"});
    toolkit.post(&format!("/shares/{folder}"), share).await;
    let other = Toolkit::sign_in(&server, eve).await;

    let reserved = toolkit.post(&format!("/files/{file}/reserve"), json!({})).await;
    assert_eq!(text(&reserved["reservedBy"], "loginName"), "ann");
    // who reads on finds out by whom, is refused, and clears it by naming the holder
    let seen = other.get(&format!("/files/{file}")).await;
    let holder = text(&seen["reservedBy"], "id");
    other.send(Method::PUT, &format!("/files/{file}"), json!({"name": "mine.txt"})).await.expect(409);
    let deleted = other.request(&Method::DELETE, &format!("/documents/api/1.2/files/{file}"));
    server.send(deleted).await.expect(409);
    other.post(&format!("/files/{file}/unreserve"), json!({ "reservedByUserID": holder })).await;
    other.send(Method::PUT, &format!("/files/{file}"), json!({"name": "ours.txt"})).await.expect(200);

    // a file to the trash by the older interface, its folder by the newer one
    toolkit.service_by_body("FLD_MOVE_TO_TRASH", json!({"item": format!("fFileGUID:{file}")})).await;
    let gone = server.send(toolkit.request(&Method::GET, &format!("/documents/api/1.2/files/{file}"))).await;
    assert_eq!(gone.expect(404).json()["errorCode"], "-16");
    let trash = toolkit.trash().await;
    let item = format!("fFileGUID:{}", trash[&file]);
    toolkit.service("FLD_RESTORE", &[("items", &item)]).await;
    assert_eq!(toolkit.download(&file, "").await, b"first");
    assert_eq!(text(&toolkit.find("drawings/ours.txt").await.unwrap(), "id"), file);

    let deleted = toolkit.send(Method::DELETE, &format!("/folders/{folder}"), json!({})).await.expect(200).json();
    assert_eq!((text(&deleted, "idList"), text(&deleted, "type")), (folder.as_str(), "folder"));
    assert!(toolkit.find("drawings").await.is_none());
    // what went with it is in it, not beside it
    let trash = toolkit.trash().await;
    assert_eq!(trash.keys().collect::<Vec<_>>(), [&folder]);
    toolkit.service("FLD_RESTORE", &[("items", &format!("fFolderGUID:{}", trash[&folder]))]).await;
    assert_eq!(text(&toolkit.find("drawings/ours.txt").await.unwrap(), "id"), file);

    // and for good
    toolkit.send(Method::DELETE, &format!("/folders/{folder}"), json!({})).await.expect(200);
    let trash = toolkit.trash().await;
    let item = format!("fFolderGUID:{}", trash[&folder]);
    toolkit.service_by_body("FLD_DELETE_FROM_TRASH", json!({ "item": item })).await;
    toolkit.upload("self", "old.txt", b"old").await;
    let old = toolkit.find("old.txt").await.unwrap();
    server
        .send(toolkit.request(&Method::DELETE, &format!("/documents/api/1.2/files/{}", text(&old, "id"))))
        .await
        .expect(200);
    toolkit.service("FLD_EMPTY_TRASH", &[]).await;
    assert!(toolkit.trash().await.is_empty());
    assert!(toolkit.find("drawings").await.is_none());
}
