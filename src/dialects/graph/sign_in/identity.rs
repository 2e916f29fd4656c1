//! Who has signed in, said so that others can check it: identity tokens (OpenID Connect 1.0, 2), the keys they are checked
//! with, and what the vendor's clients file accounts under (spec/graph.md 3.2 and 3.3).

use axum::{http::StatusCode, response::Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::json;

use super::{Ask, refusal::Refusal};
use crate::{
    domain::{
        error::Error,
        grant::{Client, Granted},
        person::Person,
    },
    vault::Vault,
};

#[derive(Serialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    sub: String,
    oid: String,
    tid: String,
    preferred_username: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    ver: &'static str,
}

/// An identity token for an application, good for as long as the access token.
pub async fn token(
    ask: &Ask,
    client: &Client,
    granted: &Granted,
    lifetime: chrono::Duration,
) -> Result<String, Refusal> {
    let now = ask.hall.vault.now().timestamp();
    let person = &granted.person;
    let asks_email = granted.open_id.iter().any(|word| word == "email");
    let claims = Claims {
        aud: client.client_id.clone(),
        iss: ask.issuer(),
        iat: now,
        nbf: now,
        exp: now.saturating_add(lifetime.num_seconds()),
        sub: person.graph_id.to_string(),
        oid: person.graph_id.to_string(),
        tid: ask.hall.graph.tenant.to_string(),
        preferred_username: if person.email.is_empty() { &person.login } else { &person.email }.clone(),
        name: person.name.clone(),
        email: (asks_email && !person.email.is_empty()).then(|| person.email.clone()),
        nonce: granted.nonce.clone(),
        ver: "2.0",
    };
    Ok(sign(&ask.hall.vault, claims).await?)
}

/// A JSON Web Token, signed with the key that [`keys`] publishes.
pub async fn sign(vault: &Vault, claims: impl Serialize + Send + 'static) -> Result<String, Error> {
    let key = vault.signing_key().await?;
    let signed = tokio::task::spawn_blocking(move || {
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_rsa_der(key.private()))
    });
    signed.await.map_err(Error::broken)?.map_err(Error::broken)
}

/// What clients file an account under.
pub fn client_info(ask: &Ask, person: &Person) -> String {
    let info = json!({"uid": person.graph_id.to_string(), "utid": ask.hall.graph.tenant.to_string()});
    URL_SAFE_NO_PAD.encode(info.to_string())
}

/// `GET …/discovery/v2.0/keys` (RFC 7517).
pub async fn keys(ask: &Ask) -> Result<Response, Refusal> {
    let key = ask.hall.vault.signing_key().await?;
    let key = json!({
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key.id,
        "n": URL_SAFE_NO_PAD.encode(&key.modulus),
        "e": URL_SAFE_NO_PAD.encode(&key.exponent),
        "issuer": ask.issuer(),
    });
    Ok(super::json(StatusCode::OK, &json!({"keys": [key]})))
}
