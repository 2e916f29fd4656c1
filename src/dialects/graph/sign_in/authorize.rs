//! `GET` and `POST …/authorize` (spec/graph.md 3.3; RFC 6749, 4.1; RFC 7636): a page where a user signs in, and the way back
//! to the application with a code. The page keeps nothing: who posts its form posts the application's wishes with it, and
//! they are read as those of the first request.

use axum::{extract::Request, http::StatusCode, response::Response};

use super::{
    Ask, LONGEST, client, is_post,
    page::{self, SignIn},
    refusal::Refusal,
};
use crate::{
    domain::grant::{Challenge, Client},
    http::{
        oauth::{self, Fields},
        origin,
    },
    vault::Wanted,
};

/// How the answer gets back to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Query,
    Fragment,
    FormPost,
}

/// Where the answer goes: known before anything else is read.
struct Way {
    client: Client,
    redirect_uri: String,
    state: Option<String>,
    mode: Mode,
}

/// Answers it. What is refused before it is known where to send the browser is said on a page.
pub async fn answer(ask: &Ask, request: Request) -> Result<Response, Refusal> {
    let query = Fields::of(ask.head.uri.query().unwrap_or_default());
    let body = if is_post(&ask.head) {
        oauth::fields(request, LONGEST.min(ask.hall.limits.text)).await?
    } else {
        Fields::default()
    };
    let way = match way(ask, &query, &body).await {
        Ok(way) => way,
        Err(refusal @ Refusal::Vault(_)) => return Err(refusal),
        Err(refusal) => return Ok(said(&refusal)),
    };
    let wanted = match wanted(&way, &query, &body) {
        Ok(wanted) => wanted,
        Err(refusal) => return back_with(&way, &refusal),
    };
    let hint = match body.get("username")? {
        Some(login) => Some(login.into_owned()),
        None => get(&query, &body, "login_hint").ok().flatten(),
    };
    let shown = Shown { way: &way, wanted: &wanted, hint, body: &body };
    let (login, password) = (body.get("username")?, body.get("password")?);
    let declines = body.get("action")?.is_some_and(|action| action == "decline");
    if login.is_none() && !declines {
        return Ok(shown.page(StatusCode::OK, None));
    }
    if !origin::is_own_form(&ask.head.headers, &ask.origin) {
        return Ok(said(&Refusal::Foreign));
    }
    if declines {
        let text = "The user declined to sign in.";
        return back(&way, &[("error", "access_denied"), ("error_description", text)]);
    }
    let (login, password) = (login.unwrap_or_default(), password.unwrap_or_default());
    let tried = ask.hall.vault.authorize(&way.client, &login, &password, ask.from, wanted.clone()).await;
    match tried.map_err(Refusal::from) {
        Ok(code) if way.redirect_uri.starts_with("urn:") => Ok(page::code(&code)),
        Ok(code) => back(&way, &[("code", &code)]),
        Err(refusal @ (Refusal::User | Refusal::Locked | Refusal::PasswordExpired)) => {
            Ok(shown.page(StatusCode::BAD_REQUEST, Some(&refusal.words().text)))
        }
        Err(refusal @ Refusal::Vault(_)) => Err(refusal),
        Err(refusal) => back_with(&way, &refusal),
    }
}

/// A parameter, wherever it stands; once in all.
fn get(query: &Fields, body: &Fields, name: &'static str) -> Result<Option<String>, Refusal> {
    match (query.get(name)?, body.get(name)?) {
        (Some(_), Some(_)) => Err(Refusal::Request("A parameter is given more than once.")),
        (Some(text), None) | (None, Some(text)) => Ok(Some(text.into_owned())),
        (None, None) => Ok(None),
    }
}

async fn way(ask: &Ask, query: &Fields, body: &Fields) -> Result<Way, Refusal> {
    let id = get(query, body, "client_id")?.ok_or(Refusal::Missing("client_id"))?;
    let client = ask.hall.vault.client(&id).await?.ok_or(Refusal::UnknownClient(id))?;
    let redirect_uri = get(query, body, "redirect_uri")?.ok_or(Refusal::Missing("redirect_uri"))?;
    if !client.may_be_reached_at(&redirect_uri) {
        return Err(Refusal::RedirectUri);
    }
    let state = get(query, body, "state")?;
    let mode = match get(query, body, "response_mode")?.as_deref() {
        None | Some("query") => Mode::Query,
        Some("fragment") => Mode::Fragment,
        Some("form_post") => Mode::FormPost,
        Some(_) => return Err(Refusal::Request("The parameter response_mode has another value than it can have.")),
    };
    Ok(Way { client, redirect_uri, state, mode })
}

fn wanted(way: &Way, query: &Fields, body: &Fields) -> Result<Wanted, Refusal> {
    let get = |name| get(query, body, name);
    match get("response_type")?.as_deref() {
        Some("code") => {}
        Some(_) => return Err(Refusal::ResponseType),
        None => return Err(Refusal::Missing("response_type")),
    }
    if get("request")?.is_some() || get("request_uri")?.is_some() {
        return Err(Refusal::Request("Request objects are not supported."));
    }
    if get("prompt")?.as_deref() == Some("none") {
        return Err(Refusal::Interaction);
    }
    let scopes = client::scopes(&way.client, &client::words(get("scope")?.as_deref()))?;
    let challenge = match (get("code_challenge")?, get("code_challenge_method")?.as_deref()) {
        (Some(text), None | Some("plain")) => Some(Challenge::new(&text, false)),
        (Some(text), Some("S256")) => Some(Challenge::new(&text, true)),
        (Some(_), Some(_)) => return Err(Refusal::Request("The code_challenge_method is not supported.")),
        (None, _) => None,
    };
    let challenge = match challenge {
        Some(Some(challenge)) => Some(challenge),
        Some(None) => return Err(Refusal::Request("The code_challenge is none.")),
        None if way.client.needs_challenge(&way.redirect_uri) => return Err(Refusal::Missing("code_challenge")),
        None => None,
    };
    Ok(Wanted { redirect_uri: way.redirect_uri.clone(), challenge, scopes, nonce: get("nonce")? })
}

/// What the page shows.
struct Shown<'a> {
    way: &'a Way,
    wanted: &'a Wanted,
    hint: Option<String>,
    /// What came as a form stands in no address, so the page's own form carries it along.
    body: &'a Fields,
}

impl Shown<'_> {
    fn page(&self, status: StatusCode, message: Option<&str>) -> Response {
        let Way { client, redirect_uri, .. } = self.way;
        let typed = ["username", "password", "action"];
        let carried: Vec<_> = self.body.pairs().filter(|(name, _)| !typed.contains(&&**name)).collect();
        let hidden: Vec<(&str, &str)> = carried.iter().map(|(name, value)| (&**name, &**value)).collect();
        let page = SignIn {
            name: &client.name,
            client_id: &client.client_id,
            scopes: &self.wanted.scopes,
            login: self.hint.as_deref().unwrap_or_default(),
            message,
            hidden: &hidden,
            then: (!redirect_uri.starts_with("urn:")).then_some(redirect_uri),
        };
        page::sign_in(status, &page)
    }
}

fn said(refusal: &Refusal) -> Response {
    let words = refusal.words();
    page::say(words.status, "You cannot sign in", &words.description())
}

/// Sends the browser back with an error (RFC 6749, 4.1.2.1).
fn back_with(way: &Way, refusal: &Refusal) -> Result<Response, Refusal> {
    let words = refusal.words();
    back(way, &[("error", words.error), ("error_description", &words.description())])
}

fn back(way: &Way, fields: &[(&str, &str)]) -> Result<Response, Refusal> {
    let state = way.state.as_deref().map(|state| ("state", state));
    let fields: Vec<_> = fields.iter().copied().chain(state).collect();
    let Way { redirect_uri, mode, .. } = way;
    if *mode == Mode::FormPost {
        return Ok(page::onward(redirect_uri, &fields));
    }
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let sign = match mode {
        Mode::Fragment => '#',
        Mode::Query | Mode::FormPost if redirect_uri.contains('?') => '&',
        Mode::Query | Mode::FormPost => '?',
    };
    page::redirect(&format!("{redirect_uri}{sign}{text}")).ok_or(Refusal::RedirectUri)
}
