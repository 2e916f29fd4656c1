//! The token endpoint (spec/oracle.md 12; RFC 6749, 4.3 and 4.4): a bearer token for a known application's user, or for the
//! application itself.

use axum::{
    Json,
    extract::{Request, State},
    http::header::CACHE_CONTROL,
    response::{IntoResponse, Response},
};

use super::{
    Hall,
    error::{Error, TokenError},
    wire::Granted,
};
use crate::{
    domain::scope,
    http::{oauth::Asked, trace::record_actor},
    vault::{Issue, Issued},
};

/// How long tokens of this dialect live: seven days (3.1).
pub const LIFETIME: chrono::Duration = chrono::Duration::days(7);

/// Bytes of a request for a token.
const LONGEST: usize = 64 * 1024;

/// `POST /oauth2/v1/token`.
pub async fn token(State(hall): State<Hall>, request: Request) -> Result<Response, Error> {
    let issued = issued(&hall, request).await.map_err(Error::Token)?;
    record_actor(issued.principal.0);
    let answer = Granted { access_token: &issued.text, token_type: "Bearer", expires_in: LIFETIME.num_seconds() };
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

enum Grant {
    Password { username: String, password: String },
    ClientCredentials,
}

/// The token that a request is entitled to: the application is asked for first, and the user only of a known one.
async fn issued(hall: &Hall, request: Request) -> Result<Issued, TokenError> {
    let vault = &hall.vault;
    let from = hall.origins.client(request.headers(), request.extensions());
    let asked = Asked::read(request, LONGEST.min(hall.limits.text)).await?;
    let grant = grant(&asked)?;
    let scopes = asked.get("scope")?.unwrap_or_default();
    let scopes: Vec<String> = scopes.split_whitespace().map(str::to_owned).collect();
    let client = asked.client()?;
    let application = vault.sign_in_application(&client.id, &client.secret, from).await;
    let application = application.map_err(TokenError::of_client)?;
    let what = |application, scopes| Issue { application, scopes, label: "oauth", lifetime: LIFETIME };
    match grant {
        Grant::Password { username, password } => {
            // without any scope that is known it reaches as far as its bearer
            let what = what(Some(application.person.id), scope::known(&scopes));
            vault.issue_by_password(&username, &password, what).await.map_err(TokenError::of_user)
        }
        Grant::ClientCredentials => {
            let scopes = scope::granted(&scopes, &application.scopes);
            // one without scopes would reach everything
            if scopes.is_empty() {
                return Err(TokenError::Scope);
            }
            let issued = vault.issue_to_application(application.person.id, &what(None, scopes)).await;
            issued.map_err(TokenError::of_client)
        }
    }
}

fn grant(asked: &Asked) -> Result<Grant, TokenError> {
    match &*asked.grant_type()? {
        "password" => {
            let username = asked.get("username")?.ok_or(TokenError::Request("The parameter username is required."))?;
            let password = asked.get("password")?.ok_or(TokenError::Request("The parameter password is required."))?;
            Ok(Grant::Password { username: username.into_owned(), password: password.into_owned() })
        }
        "client_credentials" => Ok(Grant::ClientCredentials),
        _ => Err(TokenError::GrantType),
    }
}
