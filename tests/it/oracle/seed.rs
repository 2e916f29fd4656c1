//! The five examples of the vendor's page for "Unreserve File", byte for byte but for ids, each again in XML.

use coatcheck::{
    domain::{
        item::Item,
        person::{Affiliation, License},
    },
    vault::NewUser,
};
use serde_json::{Value, json};

use crate::support::{
    oracle::Client,
    server::Server,
    world::{self, PASSWORD, Somebody},
};

const FILE: &str = "D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD";

const DONE: &str = r#"{
    "errorCode": "0",
    "id": "D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD",
    "type": "file"
}"#;

const NO_PRIVILEGE: &str = r#"{
    "errorCode": "-20",
    "errorKey": "!csFldCouldNotClearReservation!csCloudItemInsufficientPrivileges,User BB,fFileGUID:D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD,FLD_CLEAR_RESERVATION",
    "errorMessage": "Could not clear reservation. User 'User BB' has insufficient privilege to access fFileGUID:D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD with service FLD_CLEAR_RESERVATION.",
    "id": "D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD",
    "title": "Could not clear reservation. User 'User BB' has insufficient privilege to access fFileGUID:D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD with service FLD_CLEAR_RESERVATION.",
    "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
}"#;

const NO_CODE: &str = r#"{
    "errorCode": "-18",
    "errorKey": "!csFldCouldNotClearReservation!csAccessCodeRequiredForLinkAccess",
    "errorMessage": "Could not clear reservation. The access code must be provided to access the link.",
    "id": "D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD",
    "title": "Could not clear reservation. The access code must be provided to access the link.",
    "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
}"#;

/// User AA's file in a folder of user AA's own, and user BB, with whom nothing is shared.
struct Page {
    server: Server,
    aa: Somebody,
    bb: Somebody,
    file: Item,
    open: String,
    protected: String,
}

impl Page {
    async fn open() -> Self {
        // a long act, kept off the stack
        Box::pin(Self::set_up()).await
    }

    async fn set_up() -> Self {
        let server = Server::start().await;
        let (aa, bb) = (somebody(&server, "aa", "User AA").await, somebody(&server, "bb", "User BB").await);
        let owner = server.oracle(&aa);
        let folder = owner.post("/folders/self", json!({"name": "restFolder"})).await.expect(201).json();
        let folder = folder["id"].as_str().unwrap().to_owned();
        let made = owner.upload(&folder, "filev4.txt", "hello").await.expect(201).json();
        let file = coatcheck::domain::id::ItemKey::Oracle(made["id"].as_str().unwrap().to_owned());
        let file = server.vault.item(&world::actor(&server.vault, &aa).await, &file).await.unwrap();
        let path = format!("/publiclinks/folder/{folder}");
        let open = json!({"assignedUsers": "@serviceinstance", "role": "contributor", "linkName": "open"});
        let open = owner.post(&path, open).await.expect(200).json();
        let protected = json!({"assignedUsers": "@everybody", "role": "contributor", "password": "test12345"});
        let protected = owner.post(&path, protected).await.expect(200).json();
        let [open, protected] = [open, protected].map(|link| link["linkID"].as_str().unwrap().to_owned());
        Self { server, aa, bb, file, open, protected }
    }

    /// Clears a reservation of AA's through `client`, in both formats, and compares with the page's answer.
    async fn compare(&self, client: &Client<'_>, status: u16, documented: &str) {
        let owner = self.server.oracle(&self.aa);
        owner.reserve(&self.file).await.expect(200);
        let documented = documented.replace(FILE, &self.file.oracle_id);
        let documented: Value = serde_json::from_str(&documented).unwrap();

        let answer = client.unreserve(&self.file, &self.aa.person.oracle_id).await.expect(status);
        assert_eq!(answer.text(), documented.to_string());
        assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");

        let information = owner.get(&format!("/files/{}", self.file.oracle_id)).await.expect(200).json();
        assert_eq!(information.get("reservedBy").is_some(), status != 200);
        owner.reserve(&self.file).await.expect(200);
        let answer = client.xml().unreserve(&self.file, &self.aa.person.oracle_id).await.expect(status);
        assert_eq!(answer.text(), as_xml(&documented, if status == 200 { "response" } else { "error" }));
        assert_eq!(answer.header("content-type"), "application/xml;charset=UTF-8");
    }
}

async fn somebody(server: &Server, login: &str, name: &str) -> Somebody {
    let new = NewUser {
        login: login.to_owned(),
        email: format!("{login}@example.com"),
        name: name.to_owned(),
        password: Some(PASSWORD.to_owned()),
        license: License::Full,
        affiliation: Affiliation::Employee,
        administrator: false,
    };
    let person = server.vault.create_user(new).await.unwrap();
    let token = world::token(&server.vault, person.id, &["Files.ReadWrite.All"]).await;
    Somebody { person, token }
}

/// A documented body as XML; its root is `response` or `error`.
pub fn as_xml(documented: &Value, root: &str) -> String {
    let fields = documented.as_object().unwrap().iter();
    let elements: Vec<_> = fields.map(|(key, text)| format!("<{key}>{}</{key}>", text.as_str().unwrap())).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><{root}>{}</{root}>", elements.concat())
}

#[tokio::test]
async fn example_1_the_owner_clears_the_reservation() {
    let page = Page::open().await;
    page.compare(&page.server.oracle(&page.aa), 200, DONE).await;
}

#[tokio::test]
async fn example_2_a_stranger_clears_it_through_a_public_link() {
    let page = Page::open().await;
    page.compare(&page.server.oracle(&page.bb).link(&page.open), 200, DONE).await;
}

#[tokio::test]
async fn example_3_a_stranger_clears_it_through_a_protected_link_with_its_code() {
    let page = Page::open().await;
    let client = page.server.oracle(&page.bb).link(&page.protected);
    page.compare(&client.code("test12345"), 200, DONE).await;
    let between = format!("a=b; dAccessCode-{}=test12345; dAccessCode-{}=other", page.protected, page.open);
    page.compare(&client.cookie(between), 200, DONE).await;
}

#[tokio::test]
async fn example_4_a_stranger_without_a_link_is_denied_access() {
    let page = Page::open().await;
    page.compare(&page.server.oracle(&page.bb), 403, NO_PRIVILEGE).await;
}

#[tokio::test]
async fn example_5_a_protected_link_without_its_code_is_refused() {
    let page = Page::open().await;
    let client = page.server.oracle(&page.bb).link(&page.protected);
    page.compare(&client, 403, NO_CODE).await;
    page.compare(&client.code("test1234"), 403, NO_CODE).await;
    page.compare(&client.code("TEST12345"), 403, NO_CODE).await;
    // under another link's name it is no code of this one
    page.compare(&client.cookie(format!("dAccessCode-{}=test12345", page.open)), 403, NO_CODE).await;
}
