//! What signing in refuses (spec/graph.md 3.2; RFC 6749, 5.2; RFC 8628, 3.5), with the vendor's numbers. The statuses of
//! these stand here.

use std::borrow::Cow;

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::Response,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::super::reply::Ids;
use crate::{
    domain::{error::Error, grant::Invalid},
    http::{guard, oauth::Malformed},
};

/// Why nobody is signed in.
#[derive(Debug)]
pub enum Refusal {
    /// The house's: a limit, a time-out, a panic.
    House(guard::Refusal),
    /// Nobody lives at the path.
    NoRoute,
    /// Only these methods are served there.
    Methods(&'static [&'static str]),
    /// The tenant is not ours.
    Tenant(String),
    /// The request cannot be understood.
    Request(&'static str),
    /// A parameter is missing.
    Missing(&'static str),
    /// A grant that is not known here.
    GrantType,
    /// Something else than a code is asked for.
    ResponseType,
    /// There is no such application.
    UnknownClient(String),
    /// The application has to prove who it is.
    NoSecret,
    /// Its secret is wrong, or it is none of ours.
    Secret,
    /// Browsers are not sent there.
    RedirectUri,
    /// Nothing of what is asked for is to be had.
    Scope,
    /// The user has to sign in, and must not be asked.
    Interaction,
    /// The user's name or password is wrong.
    User,
    /// The user has to wait.
    Locked,
    /// The password has to be changed.
    PasswordExpired,
    /// The form was sent by somebody else's page.
    Foreign,
    /// A code of a device that nobody shows.
    UserCode,
    /// A code that gives nothing.
    Code(Invalid),
    /// A refresh token that gives nothing.
    RefreshToken(Invalid),
    /// A device's code that gives nothing.
    Device(Invalid),
    /// Nobody has signed in for the device yet.
    Pending,
    /// It asks too often.
    TooOften,
    /// Somebody said no.
    Declined,
    /// What else the vault refuses.
    Vault(Error),
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Request(why) => Refusal::Request(why),
            Malformed::Client { basic: true } => Refusal::Secret,
            Malformed::Client { basic: false } => Refusal::Missing("client_id"),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        if matches!(error, Error::LockedOut) {
            Refusal::Locked
        } else if matches!(error, Error::PasswordExpired) {
            Refusal::PasswordExpired
        } else if matches!(error, Error::AccessCode) {
            Refusal::UserCode
        } else if matches!(error, Error::Invalid(_)) {
            Refusal::Request("A value of the request cannot be.")
        } else if is_wrong_credential(&error) {
            Refusal::User
        } else {
            Refusal::Vault(error)
        }
    }
}

fn is_wrong_credential(error: &Error) -> bool {
    matches!(
        error,
        Error::BadCredentials | Error::LockedOut | Error::PasswordExpired | Error::NotEnabled | Error::NoSession
    )
}

/// A refusal in the vendor's words.
pub struct Words {
    /// The status, where the refusal is an answer of its own.
    pub status: StatusCode,
    /// OAuth's word.
    pub error: &'static str,
    /// The vendor's number.
    pub number: u32,
    /// A sentence for people.
    pub text: Cow<'static, str>,
}

impl Words {
    /// The sentence with the number before it.
    pub fn description(&self) -> String {
        format!("AADSTS{}: {}", self.number, self.text)
    }
}

impl Refusal {
    /// Why the secret of an application is refused.
    pub fn of_client(error: Error) -> Self {
        if is_wrong_credential(&error) { Refusal::Secret } else { Refusal::from(error) }
    }

    /// The answer to a request with these ids.
    pub fn respond(self, ids: &Ids, now: DateTime<Utc>) -> Response {
        if let Refusal::Vault(Error::Broken(cause)) = &self {
            tracing::error!(error = &**cause as &dyn std::error::Error, "broken");
        }
        let words = self.words();
        let correlation = Uuid::try_parse(&ids.client).map_or_else(|_| ids.request.clone(), |id| id.to_string());
        let body = json!({
            "error": words.error,
            "error_description": words.description(),
            "error_codes": [words.number],
            "timestamp": now.format("%Y-%m-%d %H:%M:%SZ").to_string(),
            "trace_id": ids.request,
            "correlation_id": correlation,
        });
        let mut response = super::json(words.status, &body);
        let headers = response.headers_mut();
        if words.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"coatcheck\""));
        }
        if words.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
        }
        if let Refusal::Methods(methods) = self
            && let Ok(methods) = HeaderValue::try_from(methods.join(", "))
        {
            headers.insert(ALLOW, methods);
        }
        response
    }

    /// Words it.
    pub fn words(&self) -> Words {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        let say = |status, error, number, text: &'static str| Words { status, error, number, text: text.into() };
        let request = |number, text| say(BAD, "invalid_request", number, text);
        let grant = |number, text| say(BAD, "invalid_grant", number, text);
        let client = |number, text| say(StatusCode::UNAUTHORIZED, "invalid_client", number, text);
        match self {
            Refusal::House(refusal) => house(*refusal),
            Refusal::NoRoute => {
                say(StatusCode::NOT_FOUND, "invalid_request", 900_561, "The endpoint is not known here.")
            }
            Refusal::Methods(_) => {
                let status = StatusCode::METHOD_NOT_ALLOWED;
                say(status, "invalid_request", 900_561, "The endpoint does not accept requests of this method.")
            }
            Refusal::Tenant(tenant) => {
                let text =
                    format!("Tenant '{}' not found. Check to make sure you have the correct tenant ID.", short(tenant));
                Words { status: BAD, error: "invalid_request", number: 90_002, text: text.into() }
            }
            Refusal::Request(why) => request(900_144, why),
            Refusal::Missing(name) => {
                let text = format!("The request body must contain the following parameter: '{name}'.");
                Words { status: BAD, error: "invalid_request", number: 900_144, text: text.into() }
            }
            Refusal::GrantType => {
                say(BAD, "unsupported_grant_type", 70_003, "The app requested an unsupported grant type.")
            }
            Refusal::ResponseType => {
                say(BAD, "unsupported_response_type", 700_054, "The response type is not supported; ask for a code.")
            }
            Refusal::UnknownClient(id) => {
                let text = format!("Application with identifier '{}' was not found in the directory.", short(id));
                Words { status: BAD, error: "unauthorized_client", number: 700_016, text: text.into() }
            }
            Refusal::NoSecret => {
                client(7_000_218, "The request body must contain the following parameter: 'client_secret'.")
            }
            Refusal::Secret => client(7_000_215, "Invalid client secret provided."),
            Refusal::RedirectUri => request(
                50_011,
                "The redirect URI specified in the request does not match the redirect URIs configured for the application.",
            ),
            Refusal::Scope => {
                say(BAD, "invalid_scope", 70_011, "The application may ask for none of the scopes of the request.")
            }
            Refusal::Interaction => {
                say(BAD, "login_required", 50_058, "A silent sign-in request was sent but no user is signed in.")
            }
            Refusal::User => grant(50_126, "Error validating credentials due to invalid username or password."),
            Refusal::Locked => grant(
                50_053,
                "The account is locked because the user tried to sign in too many times with a wrong password.",
            ),
            Refusal::PasswordExpired => grant(50_055, "The password is expired."),
            Refusal::Foreign => request(90_014, "The form was not sent by the sign-in page."),
            Refusal::UserCode => grant(70_018, "Invalid verification code, or too many were tried."),
            Refusal::Code(why) => invalid(*why, "authorization code"),
            Refusal::RefreshToken(why) => invalid(*why, "refresh token"),
            Refusal::Device(Invalid::Expired) => {
                say(BAD, "expired_token", 70_019, "The verification code has expired.")
            }
            Refusal::Device(why) => invalid(*why, "device code"),
            Refusal::Pending => say(
                BAD,
                "authorization_pending",
                70_016,
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
            ),
            Refusal::TooOften => say(BAD, "slow_down", 90_055, "Authorization is pending. Poll at the interval given."),
            Refusal::Declined => say(BAD, "authorization_declined", 65_004, "The user declined to sign in."),
            Refusal::Vault(Error::Overloaded) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                say(status, "temporarily_unavailable", 90_033, "The service is temporarily unavailable.")
            }
            Refusal::Vault(_) => broken(),
        }
    }
}

fn house(refusal: guard::Refusal) -> Words {
    let say = |status, error, number, text: &'static str| Words { status, error, number, text: text.into() };
    match refusal {
        guard::Refusal::AddressTooLong { .. } => {
            say(StatusCode::URI_TOO_LONG, "invalid_request", 900_144, "The address of the request is too long.")
        }
        guard::Refusal::HeadTooLarge { .. } => {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            say(status, "invalid_request", 900_144, "The headers of the request are too long.")
        }
        guard::Refusal::TimedOut { .. } => {
            say(StatusCode::GATEWAY_TIMEOUT, "temporarily_unavailable", 90_033, "The service had no answer in time.")
        }
        guard::Refusal::Panicked => broken(),
    }
}

fn broken() -> Words {
    let text = "An unexpected error has occurred.".into();
    Words { status: StatusCode::INTERNAL_SERVER_ERROR, error: "server_error", number: 90_014, text }
}

fn invalid(why: Invalid, what: &'static str) -> Words {
    let (error, number, text) = match why {
        Invalid::Unknown => (
            "invalid_grant",
            70_000,
            format!("The provided {what} is invalid, or was revoked, or is another client's."),
        ),
        Invalid::Expired => ("invalid_grant", 70_008, format!("The provided {what} has expired.")),
        Invalid::Spent => ("invalid_grant", 54_005, format!("The provided {what} was already redeemed.")),
        Invalid::RedirectUri => {
            let text = "The reply address does not match the one that the authorization code was requested with.";
            ("invalid_grant", 500_112, text.to_owned())
        }
        Invalid::Verifier => {
            let text = "The code_verifier does not match the code_challenge of the authorization request.";
            ("invalid_grant", 501_481, text.to_owned())
        }
        Invalid::Scope => ("invalid_scope", 70_011, format!("The provided {what} gives none of the scopes asked for.")),
    };
    Words { status: StatusCode::BAD_REQUEST, error, number, text: text.into() }
}

/// A client's own text, cut so that an answer stays short, of characters that a description may have (RFC 6749, 5.2).
fn short(text: &str) -> String {
    let fit = |c: &char| c.is_ascii() && !c.is_ascii_control() && *c != '"' && *c != '\\';
    text.chars().filter(fit).take(64).collect()
}
