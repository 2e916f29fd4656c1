//! Logging in and out (spec/arena.md 3).

use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{
    super::{Hall, Source},
    attributes::Given,
    auth::Leaving,
    body::Object,
    error::{Asked, Error, What},
    limits::Meter,
    wire::LoggedIn,
};

/// Longest e-mail address, password and workspace id looked at, in characters.
const LONGEST: usize = 1024;

/// `POST /login`: opens a session; the user's earlier one ends. Does not count, and works when nothing is left.
pub async fn log_in(
    State(hall): State<Hall>,
    Extension(meter): Extension<Meter>,
    Source(from): Source,
    body: Object,
) -> Result<Response, Error> {
    let email = required(&body, "email")?;
    let password = required(&body, "password")?;
    let workspace = body.get("workspaceId").map(workspace).transpose()?;
    let asked = Asked::nothing(What::LogIn);
    let opened = asked.answer(hall.vault.open_session(email.trim(), &password, workspace, from).await)?;
    meter.note(asked.answer(hall.vault.requests_left(&opened.library).await)?);
    let answer = LoggedIn {
        arena_session_id: &opened.token,
        printed_session_id: &opened.token,
        workspace_id: opened.library.arena_workspace.unwrap_or_default(),
        workspace_name: &opened.library.name,
        workspace_request_limit: opened.library.arena_request_limit,
    };
    Ok(Json(answer).into_response())
}

/// `PUT /logout`: the session is dead at once. Does not count.
pub async fn log_out(State(hall): State<Hall>, Leaving(session): Leaving) -> Result<StatusCode, Error> {
    Asked::nothing(What::Call).answer(hall.vault.end_session(session).await)?;
    Ok(StatusCode::OK)
}

fn required(body: &Object, attribute: &'static str) -> Result<String, Error> {
    let value = body.get(attribute).ok_or(Error::Required(attribute))?;
    Given::Json(value).text(attribute, LONGEST)
}

/// A whole number, or the digits of one as some scripts send them.
fn workspace(value: &Value) -> Result<i64, Error> {
    let number = value.as_i64().or_else(|| value.as_str().and_then(|digits| digits.trim().parse().ok()));
    number.ok_or_else(|| Error::NotValid("workspaceId".to_owned()))
}
