//! What the token endpoint refuses (spec/oracle.md 12), as OAuth words it (RFC 6749, 5.2). The statuses of these stand here.

use std::sync::Arc;

use axum::http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{Fields, Worded};
use crate::{domain::error::Error as No, http::oauth::Malformed};

/// Why no token is issued.
#[derive(Clone, Debug)]
pub enum TokenError {
    /// A parameter is missing, given twice or cannot be.
    Request(&'static str),
    /// A grant that is not known here.
    GrantType,
    /// The application holds no role that it asks for.
    Scope,
    /// No credential of an application, or a wrong one.
    Client,
    /// The user's are wrong, or let nobody in.
    User,
    /// What else the vault refuses.
    Vault(Arc<No>),
}

impl From<Malformed> for TokenError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Request(why) => TokenError::Request(why),
            Malformed::Client { .. } => TokenError::Client,
        }
    }
}

impl TokenError {
    /// Why a credential of an application is refused.
    pub fn of_client(why: No) -> Self {
        if is_wrong_credential(&why) { TokenError::Client } else { TokenError::Vault(Arc::new(why)) }
    }

    /// Why a credential of a user is refused.
    pub fn of_user(why: No) -> Self {
        if is_wrong_credential(&why) { TokenError::User } else { TokenError::Vault(Arc::new(why)) }
    }

    /// Words it.
    pub fn word(&self) -> Worded {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
        let (status, error, description) = match self {
            TokenError::Request(why) => (BAD, "invalid_request", *why),
            TokenError::GrantType => {
                (BAD, "unsupported_grant_type", "The grant types are password and client_credentials.")
            }
            TokenError::Scope => (BAD, "invalid_scope", "The client holds no role that reaches into what it asks for."),
            TokenError::Client => (UNAUTHORIZED, "invalid_client", "The client credentials are not valid."),
            TokenError::User => (UNAUTHORIZED, "invalid_grant", "The user name or the password is not valid."),
            TokenError::Vault(why) if matches!(**why, No::Overloaded) => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "The server is busy. Try again.")
            }
            TokenError::Vault(why) => {
                tracing::error!(error = &**why as &dyn std::error::Error, "broken");
                (StatusCode::INTERNAL_SERVER_ERROR, "server_error", "A system error occurred.")
            }
        };
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Oracle Content\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let fields = Fields::new().text("error", error).text("error_description", description);
        Worded { status, headers, fields }
    }
}

fn is_wrong_credential(why: &No) -> bool {
    matches!(why, No::BadCredentials | No::LockedOut | No::PasswordExpired | No::NotEnabled | No::NoSession)
}
