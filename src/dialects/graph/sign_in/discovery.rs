//! What clients ask before they sign in (spec/graph.md 3.3): where the endpoints are, which hosts are one, whether a user's
//! password is ours to check. Nothing of it depends on who is there.

use axum::{http::StatusCode, response::Response};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::Ask;

/// `GET …/.well-known/openid-configuration`; every address is on the origin that was asked.
pub fn configuration(ask: &Ask) -> Response {
    let path = if ask.first_version { "oauth2" } else { "oauth2/v2.0" };
    let keys = if ask.first_version { "discovery/keys" } else { "discovery/v2.0/keys" };
    let body = json!({
        "issuer": ask.issuer(),
        "authorization_endpoint": ask.url(&format!("{path}/authorize")),
        "token_endpoint": ask.url(&format!("{path}/token")),
        "device_authorization_endpoint": ask.url(&format!("{path}/devicecode")),
        "jwks_uri": ask.url(keys),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "password",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "code_challenge_methods_supported": ["S256", "plain"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "nbf", "nonce", "name", "preferred_username", "oid", "tid", "email", "ver",
        ],
        "request_uri_parameter_supported": false,
    });
    super::json(StatusCode::OK, &body)
}

/// `GET /common/discovery/instance`: this host is one by itself.
pub fn instance(ask: &Ask) -> Response {
    let host = ask.host();
    let body = json!({
        "tenant_discovery_endpoint": ask.url("v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    });
    super::json(StatusCode::OK, &body)
}

/// `GET /common/userrealm/{upn}`: every password is ours to check, whether there is such a user or not.
pub fn user_realm(ask: &Ask) -> Response {
    let user = percent_decode_str(&ask.last).decode_utf8_lossy();
    let domain = user.rsplit_once('@').map_or("", |(_, domain)| domain);
    let domain = if domain.is_empty() { ask.host() } else { domain };
    let body = json!({
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": domain,
        "cloud_instance_name": ask.host(),
    });
    super::json(StatusCode::OK, &body)
}
