//! Pages for people: small, without script, for no frame. What stands in one is its room's; how it is guarded is alike.

use std::fmt::{self, Write as _};

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS},
    },
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// A text as it may stand in a page, also in a quoted attribute.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A whole page. `style` is the only one its browser will heed; `body` is markup already. `forms`: the sources its forms may
/// be sent to, as the policy spells them, such as `'none'`.
pub fn html(status: StatusCode, title: &str, style: &'static str, body: &str, forms: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
        <title>{0}</title><style>{style}</style></head><body><h1>{0}</h1>{body}</body></html>",
        Escaped(title)
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let style = STANDARD.encode(Sha256::digest(style));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
    );
    let fixed = |text: &'static str| HeaderValue::from_static(text);
    let policy = HeaderValue::try_from(policy).unwrap_or_else(|_| fixed("default-src 'none'; frame-ancestors 'none'"));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, fixed("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_FRAME_OPTIONS, fixed("DENY"));
    // our own forms say where they come from, and nobody else learns what the address carries
    headers.insert(REFERRER_POLICY, fixed("same-origin"));
    headers.insert(HeaderName::from_static("permissions-policy"), fixed("camera=(), microphone=(), geolocation=()"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_page_is_only_text() {
        assert_eq!(
            Escaped("<a href='x' b=\"y\">&amp;").to_string(),
            "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;amp;"
        );
    }
}
