//! Applications that users sign in through, and the forms they send.

use coatcheck::{
    domain::person::Person,
    vault::{NewApplication, SignIn},
};
use reqwest::RequestBuilder;

use super::{
    answer::Answer,
    server::Server,
    world::{self, PASSWORD},
};

/// The token endpoint.
pub const TOKEN: &str = "/common/oauth2/v2.0/token";
/// Where browsers are sent back to.
pub const BACK: &str = "https://app.example/back";
/// The vendor's page for programs that no browser reaches.
pub const NATIVE: &str = "https://login.example/common/oauth2/nativeclient";
/// What the applications of these tests may ask for on behalf of users.
pub const DELEGATED: [&str; 3] = ["Files.ReadWrite.All", "Sites.Read.All", "User.Read.All"];

impl Server {
    /// A public application, or one with a secret, whose text is answered.
    pub async fn client(&self, client_id: &str, public: bool) -> (Person, String) {
        let roles = vec!["Files.ReadWrite.All".to_owned()];
        let new = NewApplication { client_id: client_id.to_owned(), name: "Desk & Co".to_owned(), roles };
        let application = self.vault.put_application(&new).await.unwrap();
        let what = SignIn {
            public,
            redirect_uris: [BACK, "https://app.example/x?y=z", "urn:x:oob", NATIVE].map(str::to_owned).to_vec(),
            delegated: DELEGATED.map(str::to_owned).to_vec(),
        };
        self.vault.put_sign_in(application.id, &what).await.unwrap();
        let secret = if public { String::new() } else { self.vault.create_secret(application.id, None).await.unwrap() };
        (application, secret)
    }

    /// A form.
    pub fn form(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        self.post(path).header("content-type", "application/x-www-form-urlencoded").body(body.finish())
    }

    /// What the token endpoint says to a form.
    pub async fn ask(&self, form: &[(&str, &str)]) -> Answer {
        self.send(self.form(TOKEN, form)).await
    }

    /// What Ann's password gives through the public application `desk`.
    pub async fn signed_in(&self, scope: &str) -> Answer {
        let form = [
            ("grant_type", "password"),
            ("client_id", "desk"),
            ("username", "ann@example.com"),
            ("password", PASSWORD),
            ("scope", scope),
        ];
        self.ask(&form).await.expect(200)
    }

    /// The status of reading and of writing the world's file with a token.
    pub async fn reach(&self, token: &str) -> (u16, u16) {
        let client = self.graph_with(token);
        let read = client.get(&self.plan()).await.status.as_u16();
        let write = client.post(&format!("{}/checkout", self.plan())).await.status.as_u16();
        if write == 204 {
            client.post(&format!("{}/discardCheckout", self.plan())).await.expect(204);
        }
        (read, write)
    }

    /// Whether a token counts at all.
    pub async fn counts(&self, token: &str) -> bool {
        self.graph_with(token).get(&self.plan()).await.status != 401
    }
}

/// A text of an answer.
pub fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}")).to_owned()
}

/// `400 invalid_grant 50126`
pub fn refusal(answer: &Answer) -> String {
    let said = answer.json();
    format!("{} {} {}", answer.status.as_u16(), said["error"].as_str().unwrap_or("?"), said["error_codes"][0])
}

/// Anybody's password is the same.
pub const ANNS: [(&str, &str); 2] = [("username", "ann"), ("password", world::PASSWORD)];
