//! Bearer tokens (spec/arena.md 3.4): OAuth's client credentials (RFC 6749, 4.4) for an API session of an application.

use axum::{
    Extension, Json,
    extract::{Request, State},
    http::header::CACHE_CONTROL,
    response::{IntoResponse, Response},
};

use super::{
    super::{Hall, Source},
    body::LONGEST_TEXT,
    error::{Asked, Error, TokenError, What},
    limits::Meter,
    wire::Granted,
};
use crate::{
    domain::error::Error as Refusal,
    http::oauth::{self, Client},
};

/// `POST /oauth/token`: opens a session of the application that the client credentials are of; its earlier one ends. Does not
/// count, as a login does not. Parameters that are not known are ignored, such as `arena-usage-reason`.
pub async fn token(
    State(hall): State<Hall>,
    Extension(meter): Extension<Meter>,
    Source(from): Source,
    request: Request,
) -> Result<Response, Error> {
    let asked = read(request, &hall).await.map_err(Error::Token)?;
    let Client { id, secret, basic } = &asked.client;
    let opened = match hall.vault.open_application_session(id, secret, asked.workspace, from).await {
        Err(Refusal::BadCredentials) => return Err(Error::Token(TokenError::Client { basic: *basic })),
        answer => answer.map_err(|refusal| Error::Token(TokenError::Vault(refusal)))?,
    };
    meter.note(Asked::nothing(What::LogIn).answer(hall.vault.requests_left(&opened.library).await)?);
    let answer = Granted {
        access_token: &opened.token,
        token_type: "Bearer",
        // so that nobody uses it in the second in which it ends
        expires_in: hall.vault.settings().session_lifetime.num_seconds() - 1,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

struct Grant {
    client: Client,
    workspace: Option<i64>,
}

async fn read(request: Request, hall: &Hall) -> Result<Grant, TokenError> {
    let asked = oauth::Asked::read(request, LONGEST_TEXT.min(hall.limits.text)).await?;
    if asked.grant_type()? != "client_credentials" {
        return Err(TokenError::GrantType);
    }
    let workspace = asked.get("workspace_id")?.map(|digits| digits.trim().parse());
    let workspace = workspace.transpose().map_err(|_| TokenError::Request("The workspace_id is not a number."))?;
    Ok(Grant { client: asked.client()?, workspace })
}
