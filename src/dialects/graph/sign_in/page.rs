//! The pages of signing in: small, without script, for no frame. What stands in them is escaped here.

use std::fmt::{self, Write as _};

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_FRAME_OPTIONS},
    },
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::super::reply;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem;color:#222}\
h1{font-size:1.3rem}label{display:block;margin:1rem 0}input{display:block;width:100%;box-sizing:border-box;padding:.5rem;font:inherit}\
button{padding:.5rem 1.2rem;font:inherit;margin-right:.5rem}.no{color:#a00}code{font-size:1.1rem;word-break:break-all}";

/// A text as it may stand in a page.
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

/// What a sign-in page shows.
pub struct SignIn<'a> {
    /// The name of the application.
    pub name: &'a str,
    /// Its client id.
    pub client_id: &'a str,
    /// What it asks for.
    pub scopes: &'a [String],
    /// A name to begin with.
    pub login: &'a str,
    /// Why the last try came to nothing.
    pub message: Option<&'a str>,
    /// What the form carries along.
    pub hidden: &'a [(&'a str, &'a str)],
    /// Where browsers are sent afterwards, if elsewhere.
    pub then: Option<&'a str>,
}

/// The page where a user signs in through an application, or says no. The form goes to where the page is.
pub fn sign_in(status: StatusCode, page: &SignIn<'_>) -> Response {
    let mut body =
        format!("<p><b>{}</b> ({}) wants to act for you, with:</p><ul>", Escaped(page.name), Escaped(page.client_id));
    for scope in page.scopes {
        put(&mut body, format_args!("<li>{}</li>", Escaped(scope)));
    }
    body.push_str("</ul>");
    message(&mut body, page.message);
    body.push_str("<form method=\"post\">");
    hidden(&mut body, page.hidden);
    put(
        &mut body,
        format_args!(
            "<label>User name <input name=\"username\" value=\"{}\" autocomplete=\"username\"></label>\
            <label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label>\
            <button name=\"action\" value=\"accept\">Sign in</button>\
            <button name=\"action\" value=\"decline\">No</button></form>",
            Escaped(page.login)
        ),
    );
    html(status, "Sign in", &body, page.then)
}

/// The page where the code of a device is typed.
pub fn user_code(status: StatusCode, why: Option<&str>) -> Response {
    let mut body = String::from("<p>Type the code that your device or program shows.</p>");
    message(&mut body, why);
    body.push_str(
        "<form method=\"post\"><label>Code <input name=\"user_code\" autocomplete=\"off\" autofocus></label>\
        <button>Next</button></form>",
    );
    html(status, "Sign in for a device", &body, None)
}

/// A page that says something.
pub fn say(status: StatusCode, title: &str, text: &str) -> Response {
    html(status, title, &format!("<p>{}</p>", Escaped(text)), None)
}

/// A page that shows a code to be copied, where no browser can carry it.
pub fn code(text: &str) -> Response {
    let body = format!("<p>Copy this code to the program that asked for it.</p><p><code>{}</code></p>", Escaped(text));
    html(StatusCode::OK, "Your code", &body, None)
}

/// Where a browser ends for a program that none can reach.
pub fn native_client() -> Response {
    say(StatusCode::OK, "Back to your program", "Copy the address of this page to the program that asked for it.")
}

/// A page that posts these fields somewhere else when its button is pressed.
pub fn onward(to: &str, fields: &[(&str, &str)]) -> Response {
    let mut body = format!("<form method=\"post\" action=\"{}\">", Escaped(to));
    hidden(&mut body, fields);
    body.push_str("<button autofocus>Continue</button></form>");
    html(StatusCode::OK, "Continue to the application", &body, Some(to))
}

/// Sends the browser somewhere else, with `GET`.
pub fn redirect(to: &str) -> Option<Response> {
    let location = HeaderValue::try_from(to).ok()?;
    let mut response = reply::empty(StatusCode::SEE_OTHER);
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Some(response)
}

fn put(body: &mut String, text: fmt::Arguments<'_>) {
    let _infallible = body.write_fmt(text);
}

fn message(body: &mut String, message: Option<&str>) {
    if let Some(message) = message {
        put(body, format_args!("<p class=\"no\" role=\"alert\">{}</p>", Escaped(message)));
    }
}

fn hidden(body: &mut String, fields: &[(&str, &str)]) {
    for (name, value) in fields {
        let (name, value) = (Escaped(name), Escaped(value));
        put(body, format_args!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"));
    }
}

/// A whole page. `then`: where a form of it may send the browser, by itself or by the answer to it.
fn html(status: StatusCode, title: &str, body: &str, then: Option<&str>) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
        <title>{0}</title><style>{STYLE}</style></head><body><h1>{0}</h1>{body}</body></html>",
        Escaped(title)
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let then = then.map(source).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'{then}; frame-ancestors 'none'; base-uri 'none'"
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

/// An address as a source of the policy: its scheme and host, or its scheme alone. Only what can be registered comes here.
fn source(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once(':') else { return String::new() };
    match rest.strip_prefix("//").filter(|_| ["http", "https"].contains(&scheme)) {
        Some(rest) => format!(" {scheme}://{}", rest.split(['/', '?']).next().unwrap_or_default()),
        None => format!(" {scheme}:"),
    }
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

    #[test]
    fn a_form_leads_to_the_application_and_nowhere_else() {
        assert_eq!(source("https://app.example:8443/back?x=y"), " https://app.example:8443");
        assert_eq!(source("http://[::1]:5/a"), " http://[::1]:5");
        assert_eq!(source("msauth.com.example://auth"), " msauth.com.example:");
    }
}
