//! What stands in the pages of signing in, escaped.

use std::fmt::{self, Write as _};

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{LOCATION, REFERRER_POLICY},
    },
    response::Response,
};

use super::super::reply;
use crate::http::page::{self, Escaped};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem;color:#222}\
h1{font-size:1.3rem}label{display:block;margin:1rem 0}input{display:block;width:100%;box-sizing:border-box;padding:.5rem;font:inherit}\
button{padding:.5rem 1.2rem;font:inherit;margin-right:.5rem}.no{color:#a00}code{font-size:1.1rem;word-break:break-all}";

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
    let then = then.map(source).unwrap_or_default();
    page::html(status, title, STYLE, body, &format!("'self'{then}"))
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
    fn a_form_leads_to_the_application_and_nowhere_else() {
        assert_eq!(source("https://app.example:8443/back?x=y"), " https://app.example:8443");
        assert_eq!(source("http://[::1]:5/a"), " http://[::1]:5");
        assert_eq!(source("msauth.com.example://auth"), " msauth.com.example:");
    }
}
