//! The test vectors of spec/oracle.md 14, by their numbers. The first eight are asked for in JSON and again in XML, which is
//! the ninth.

use coatcheck::domain::{id::ItemKey, item::Item};
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};

use super::seed::as_xml;
use crate::support::{
    answer::Answer,
    oracle::{Client, part},
    server::Server,
    world,
};

/// Ann's file in a folder of her own home. Eve has no share of it; Bob contributes where he is let in.
struct Page {
    server: Server,
    folder: String,
    file: Item,
}

impl Page {
    async fn open() -> Self {
        let server = Box::pin(Server::start()).await;
        let ann = server.oracle(&server.world.ann);
        let folder = ann.post("/folders/self", json!({"name": "restFolder"})).await.expect(201).json();
        let folder = folder["id"].as_str().unwrap().to_owned();
        let made = ann.upload(&folder, "filev4.txt", "hello").await.expect(201).json();
        let key = ItemKey::Oracle(made["id"].as_str().unwrap().to_owned());
        let file = server.vault.item(&world::actor(&server.vault, &server.world.ann).await, &key).await.unwrap();
        Self { server, folder, file }
    }

    fn owner(&self) -> Client<'_> {
        self.server.oracle(&self.server.world.ann)
    }

    fn stranger(&self) -> Client<'_> {
        self.server.oracle(&self.server.world.eve)
    }

    fn path(&self) -> String {
        format!("/files/{}/unreserve", self.file.oracle_id)
    }

    /// A link on the folder.
    async fn link(&self, name: &str, role: &str, code: &str) -> String {
        let spec = json!({"assignedUsers": "@everybody", "linkName": name, "role": role, "password": code});
        let made = self.owner().post(&format!("/publiclinks/folder/{}", self.folder), spec).await.expect(200).json();
        made["linkID"].as_str().unwrap().to_owned()
    }

    /// Ann reserves, and the client clears what `named` has, with this answer.
    async fn asked(&self, client: &Client<'_>, named: &str, status: u16, said: &Value) {
        let root = if status == 200 { "response" } else { "error" };
        for (client, text) in [(client.clone(), said.to_string()), (client.xml(), as_xml(said, root))] {
            self.owner().reserve(&self.file).await.expect(200);
            assert_eq!(client.unreserve(&self.file, named).await.expect(status).text(), text);
            let now = self.owner().get(&format!("/files/{}", self.file.oracle_id)).await.expect(200).json();
            assert_eq!(now.get("reservedBy").is_some(), status != 200, "{now}");
        }
    }

    async fn clears(&self, client: &Client<'_>, named: &str) {
        let done = json!({"errorCode": "0", "id": self.file.oracle_id, "type": "file"});
        self.asked(client, named, 200, &done).await;
    }

    /// The -20 body of 4.2, with the stranger's name.
    fn no_privilege(&self) -> Value {
        let id = &self.file.oracle_id;
        self.refusal(
            "-20",
            &format!("!csCloudItemInsufficientPrivileges,Eve Example,fFileGUID:{id},FLD_CLEAR_RESERVATION"),
            &format!(
                "User 'Eve Example' has insufficient privilege to access fFileGUID:{id} with service FLD_CLEAR_RESERVATION."
            ),
        )
    }

    fn refusal(&self, code: &str, cause: &str, sentence: &str) -> Value {
        let key = format!("!csFldCouldNotClearReservation{cause}");
        refusal(&self.file.oracle_id, code, &key, &format!("Could not clear reservation. {sentence}"))
    }
}

fn refusal(id: &str, code: &str, key: &str, message: &str) -> Value {
    json!({
        "errorCode": code,
        "errorKey": key,
        "errorMessage": message,
        "id": id,
        "title": message,
        "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html",
    })
}

#[tokio::test]
async fn vectors_1_to_3_whoever_contributes_clears_the_reservation() {
    let page = Page::open().await;
    let ann = &page.server.world.ann.person.oracle_id;
    page.clears(&page.owner(), ann).await;
    let open = page.link("open", "contributor", "").await;
    page.clears(&page.stranger().link(&open), ann).await;
    let protected = page.link("protected", "contributor", "test12345").await;
    let brought = page.stranger().link(&protected);
    page.clears(&brought.code("test12345"), ann).await;
    page.clears(&brought.cookie(format!("a=b; dAccessCode-{protected}=test12345; c=d")), ann).await;
    // other cookies are ignored, whatever bytes they hold
    let cookie = format!("a=\u{fc}; dAccessCode-{protected}=test12345; c=\u{fc}");
    let request = brought.request(Method::POST, &page.path());
    let request = request.header("Cookie", HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
    page.server.send(request.body(json!({"reservedByUserID": ann}).to_string())).await.expect(200);
}

#[tokio::test]
async fn vectors_4_to_6_who_has_no_role_and_no_good_link_does_not() {
    let page = Page::open().await;
    let ann = &page.server.world.ann.person.oracle_id;
    let stranger = page.stranger();
    page.asked(&stranger, ann, 403, &page.no_privilege()).await;

    let protected = page.link("protected", "contributor", "test12345").await;
    let other = page.link("other", "contributor", "other12345").await;
    let brought = stranger.link(&protected);
    let no_code = page.refusal(
        "-18",
        "!csAccessCodeRequiredForLinkAccess",
        "The access code must be provided to access the link.",
    );
    page.asked(&brought, ann, 403, &no_code).await;
    page.asked(&brought.code("Test12345"), ann, 403, &no_code).await;
    page.asked(&brought.cookie(format!("dAccessCode-{other}=test12345")), ann, 403, &no_code).await;

    let viewer = page.link("viewer", "viewer", "").await;
    page.asked(&stranger.link(&viewer), ann, 403, &page.no_privilege()).await;
    let ended = page.link("ended", "contributor", "").await;
    let end = json!({"expirationTime": "2017-01-01T00:00:01"});
    page.owner().put(&format!("/publiclinks/{ended}"), end).await.expect(200);
    let invalid = page.refusal("-26", "!csLinkInvalidOrExpired", "The link is invalid or expired.");
    page.asked(&stranger.link(&ended), ann, 400, &invalid).await;
    page.asked(&stranger.link(&format!("LF{}", "0".repeat(42))), ann, 400, &invalid).await;
}

#[tokio::test]
async fn vector_7_what_is_not_there_is_missing_and_who_is_not_known_is_asked_to_sign_in() {
    let page = Page::open().await;
    let open = page.link("open", "contributor", "").await;
    let id = "D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD";
    let message = format!("Security validation failed. '{id}' does not exist.");
    let missing = refusal(id, "-16", &format!("!csFldSecurityValidationFailed!csFldDoesNotExist,{id}"), &message);
    let named = json!({"reservedByUserID": "ann"});
    for client in [page.stranger(), page.stranger().link(&open), page.server.oracle_nobody().link(&open)] {
        let path = format!("/files/{id}/unreserve");
        assert_eq!(client.post(&path, named.clone()).await.expect(404).text(), missing.to_string());
        assert_eq!(client.xml().post(&path, named.clone()).await.expect(404).text(), as_xml(&missing, "error"));
    }
    let nobody = page.server.oracle_nobody();
    let asked_to_sign_in = |answer: Answer| {
        assert_eq!(answer.expect(401).header("www-authenticate"), "Basic realm=\"Oracle Content\"");
    };
    for nobody in [nobody.clone(), nobody.xml()] {
        asked_to_sign_in(nobody.unreserve(&page.file, "ann").await);
        let request = nobody.link(&open).request(Method::POST, &page.path()).basic_auth("eve", Some("wrong"));
        asked_to_sign_in(page.server.send(request.body(named.to_string())).await);
    }
}

#[tokio::test]
async fn vector_8_a_contributor_clears_by_naming_the_holder_and_not_himself() {
    let page = Page::open().await;
    let with = json!({"userID": "bob", "role": "contributor"});
    page.owner().post(&format!("/shares/{}", page.folder), with).await.expect(200);
    let bob = page.server.oracle(&page.server.world.bob);
    page.clears(&bob, &page.server.world.ann.person.oracle_id).await;
    let own = &page.server.world.bob.person.oracle_id;
    let wrong =
        page.refusal("-1", &format!("!csFldNotReservedByUser,{own}"), &format!("The file is not reserved by '{own}'."));
    page.asked(&bob, own, 409, &wrong).await;
}

#[tokio::test]
async fn vector_10_a_chunked_upload_without_types_answers_in_texts() {
    fn is_text_throughout(value: &Value) -> bool {
        match value {
            Value::String(_) => true,
            Value::Object(fields) => fields.values().all(is_text_throughout),
            Value::Array(items) => items.iter().all(is_text_throughout),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    let server = Server::start().await;
    let ann = server.oracle(&server.world.ann).version("1.2");
    let parameters = part("jsonInputParameters", None, r#"{"parentID":"self"}"#);
    let text = format!("{parameters}{}--b--\r\n", part("primaryFile", Some("a.txt"), "hello"));
    let chunks: Vec<_> = text.into_bytes().chunks(5).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let request = ann.request(Method::POST, "/files/data/").header("Content-Type", "multipart/form-data;boundary=b");
    let answer = server.send(request.body(body)).await.expect(201);
    let made = answer.json();
    assert!(is_text_throughout(&made), "{made}");
    let address = server.url(&format!("/documents/api/1.2/files/{}", made["id"].as_str().unwrap()));
    assert_eq!(answer.header("location"), address);
}
