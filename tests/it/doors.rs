//! Every route of every room, without a credential and with a bad one: nothing opens, nothing breaks, and each room says so
//! in its own shape.

use coatcheck::dialects::ROOMS;

use super::support::server::Server;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// What anybody may know.
const OPEN: [&str; 21] = [
    "/v1/SYSTEM/dbtest",
    "/SYSTEM/dbtest",
    "/api/jsonws/portal/get-build-number",
    "/api/jsonws/portal/get-version",
    "/documents/api",
    "/documents/api/1.2",
    "/documents/api/1.2/metadata-catalog",
    "/documents/api/1.2/metadata-catalog/anything",
    "/documents/api/1.2/catalog",
    "/documents/api/1.2/catalog/anything",
    "/common/oauth2/v2.0/authorize",
    "/common/oauth2/authorize",
    "/common/oauth2/v2.0/deviceauth",
    "/common/oauth2/deviceauth",
    "/common/oauth2/nativeclient",
    "/common/v2.0/.well-known/openid-configuration",
    "/common/.well-known/openid-configuration",
    "/common/discovery/v2.0/keys",
    "/common/discovery/keys",
    "/common/discovery/instance",
    "/common/userrealm/anything",
];

/// A path with something plausible for each parameter.
fn filled(door: &str) -> String {
    let mut path = String::new();
    let mut rest = door;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').expect("braces are closed");
        path.push_str(before);
        path.push_str(match name {
            "digits" => "40001",
            "guid" => "K2M501MD03M2L47YKQ5B",
            "fileId" => "D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD",
            "folderId" => "F5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD",
            "linkId" => "LF8D36FAFAB4388BECEAC4AEB5D17B95F47087F4E518",
            _ => "anything",
        });
        rest = after;
    }
    path + rest
}

#[tokio::test]
async fn no_door_opens_without_a_credential_or_with_a_bad_one() {
    let server = Server::start().await;
    for room in ROOMS {
        let doors = (room.doors)();
        assert!(doors.len() >= 8, "{} has {} doors", room.name, doors.len());
        for door in doors {
            let path = filled(&door);
            assert!((room.claims)(&path), "{} does not claim {path}", room.name);
            for method in METHODS {
                for credential in [None, Some("Bearer nonsense"), Some("Basic bm9ib2R5OndpdGhvdXQ=")] {
                    let mut request =
                        server.request(method, &path).body("{}").header("content-type", "application/json");
                    if let Some(credential) = credential {
                        request = request.header("authorization", credential);
                    }
                    let answer = server.send(request).await;
                    let status = answer.status.as_u16();
                    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{method} {path}");
                    let open = OPEN.contains(&path.as_str());
                    assert!((400..500).contains(&status) || open, "{method} {path} ({credential:?}): {answer}");
                    if !open && (room.name != "oracle" || status != 401) {
                        let said = answer.json();
                        assert!(said.is_object(), "{method} {path}: {answer}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn where_nobody_lives_the_room_of_the_path_says_so() {
    let server = Server::start().await;
    let said = async |path: &str| {
        let answer = server.send(server.get(path)).await;
        let body = match serde_json::from_str::<serde_json::Value>(&answer.text()) {
            Ok(said) => said,
            Err(_) => answer.text().into(),
        };
        (answer.status.as_u16(), body)
    };
    let (status, arena) = said("/v1/nothing").await;
    assert_eq!((status, &arena["errors"][0]["code"]), (404, &404.into()));
    let (status, oracle) = said("/documents/api/1.1/nothing").await;
    assert_eq!((status, &oracle["errorCode"]), (404, &"-1".into()));
    let (status, graph) = said("/v3/nothing").await;
    assert_eq!((status, &graph["error"]["code"]), (404, &"BadRequest".into()));
    let (status, liferay) = said("/api/jsonws/dlapp/nope").await;
    let message = "No JSON web service action with path /dlapp/nope and method GET for null";
    assert_eq!((status, &liferay["exception"]), (404, &message.into()));
    let (status, nobody) = said("/nothing/at/all").await;
    assert_eq!(status, 404);
    assert!(nobody["error"].as_str().unwrap().contains("nothing is served"));
}
