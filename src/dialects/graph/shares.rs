//! Sharing tokens (spec/graph.md 10.4): how links are spelled, what comes in through them. What is done below one is done by
//! the handlers of items; here it is opened before they are asked.

use std::net::IpAddr;

use axum::{
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header::LOCATION},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::{
    Ask,
    address::Subject,
    error::{Answer, Refusal},
    items,
    query::{Query, Select},
    reply,
    signed::Signer,
    wire::{self, IdentitySet, View},
};
use crate::{
    dialects::{Hall, of_request},
    domain::{
        actor::{Actor, Dialect},
        error::Error,
        permission::Action,
    },
    http::guard::Head,
    vault::{BroughtShare, Look},
};

/// Where sharing links lead in a browser. The secret stands in the query, which is never logged.
pub const PATH: &str = "/_layouts/15/guestaccess.aspx";
/// The option that carries the secret.
const OPTION: &str = "share";
/// The access code of a link. The vendor's API has no way to give one; percent-encoding in it may be resolved.
const PASSWORD: HeaderName = HeaderName::from_static("x-coatcheck-link-password");
/// Longest token that is read.
const LONGEST: usize = 2048;

/// What a sharing token has opened.
pub struct Entered {
    /// The shared item.
    pub look: Look,
    /// The preference that was honoured.
    applied: Option<&'static str>,
}

/// The address of a link that people pass on.
pub fn web_url(origin: &str, share: &str) -> String {
    format!("{origin}{PATH}?{OPTION}={share}")
}

/// Reads a sharing token: a share id, or `u!` and the address of a link on this server, by whatever name it was reached.
///
/// # Errors
/// [`Refusal::ShareToken`] for what cannot be one. An address that is no link is one that nothing is known of.
fn share_id(token: &str) -> Result<String, Refusal> {
    let refusal = || Refusal::ShareToken;
    if token.len() > LONGEST {
        return Err(refusal());
    }
    if let Some(encoded) = token.strip_prefix("u!") {
        let bytes = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).map_err(|_| refusal())?;
        let text = String::from_utf8(bytes).map_err(|_| refusal())?;
        let url: Uri = text.parse().map_err(|_| refusal())?;
        if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none() {
            return Err(refusal());
        }
        // an address of something else opens nothing
        let options = url.query().filter(|_| url.path() == PATH).map(Query::parse).unwrap_or_default();
        return Ok(options.get(OPTION).unwrap_or_default().to_owned());
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    match token.strip_prefix("s!") {
        Some(rest) if !rest.is_empty() && rest.bytes().all(fits) => Ok(token.to_owned()),
        Some(_) | None => Err(refusal()),
    }
}

/// Opens what the address's sharing token stands for, if it has one: from here on the caller acts with what the link gives.
pub async fn enter(ask: &mut Ask, token: &str) -> Result<(), Refusal> {
    let brought = BroughtShare { graph_id: share_id(token)?, codes: codes(&ask.head), from: ask.from };
    let (actor, look) = ask.hall.vault.open_share(ask.actor(), &brought).await?;
    ask.caller.actor = actor;
    let wanted = ["redeemSharingLink", "redeemSharingLinkIfNecessary"];
    let wanted = wanted.into_iter().find(|wanted| items::prefers(ask.headers(), wanted));
    let applied = match wanted {
        Some(wanted) if ask.hall.vault.redeem_share(ask.actor(), &look).await? => Some(wanted),
        _ => None,
    };
    ask.share = Some(Entered { look, applied });
    Ok(())
}

/// The answer, saying which preference was honoured.
pub fn applied(ask: &Ask, mut response: Response) -> Response {
    if let Some(applied) = ask.share.as_ref().and_then(|share| share.applied) {
        response.headers_mut().append("preference-applied", HeaderValue::from_static(applied));
    }
    response
}

/// The access code that comes with a request, as it was sent and, where that differs, percent-decoded.
fn codes(head: &Head) -> Vec<String> {
    let Some(sent) = head.headers.get(PASSWORD) else { return Vec::new() };
    let sent = String::from_utf8_lossy(sent.as_bytes()).into_owned();
    let decoded = percent_decode_str(&sent).decode_utf8().ok().filter(|decoded| *decoded != sent).map(Into::into);
    [sent].into_iter().chain(decoded).collect()
}

/// What a token stands for.
#[derive(Debug, Serialize)]
struct SharedItem<'a> {
    id: &'a str,
    name: &'a str,
    owner: IdentitySet,
}

/// `GET /shares/{token}`.
pub async fn get(ask: &Ask) -> Answer {
    let (Subject::Share(token), Some(share)) = (&ask.address.subject, &ask.share) else { return Err(Refusal::NoCall) };
    share.look.check(ask.actor(), Action::View)?;
    let item = share.look.item();
    let name = if item.is_root() { "root" } else { item.name.as_str() };
    let body = SharedItem { id: token, name, owner: (&*item.owner).into() };
    Ok(reply::json(StatusCode::OK, &ask.view().await?.single("shares/$entity", &body)?))
}

/// `GET` of a link's own address, without a token: to the bytes of a file that everybody may download. Folders have no page
/// here.
pub async fn guest(hall: &Hall, head: &Head, origin: String, from: Option<IpAddr>) -> Answer {
    if head.method != Method::GET && head.method != Method::HEAD {
        return Err(Refusal::Methods(vec!["GET", "HEAD"]));
    }
    if !hall.graph.anonymous_links {
        return Err(Refusal::NoToken);
    }
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let graph_id = query.get(OPTION).unwrap_or_default().to_owned();
    let nobody = of_request(Actor::anonymous(Dialect::Graph), head.request_id, &head.headers);
    let brought = BroughtShare { graph_id, codes: codes(head), from };
    let (actor, look) = hall.vault.open_share(&nobody, &brought).await?;
    look.file()?;
    look.check(&actor, Action::Download)?;
    let view = View {
        origin,
        host: String::new(),
        caller: None,
        signer: Signer::of(&hall.vault, hall.graph.download_url_lifetime).await?,
        select: Select::default(),
        beta: false,
        through: actor.link,
    };
    let bytes = wire::bytes(&view, look.item()).ok_or(Error::NoContent)?;
    let address = view.download_url(look.item().id, bytes)?.ok_or(Error::NoSession)?;
    let mut response = reply::empty(StatusCode::FOUND);
    response.headers_mut().insert(LOCATION, HeaderValue::try_from(address).map_err(Error::broken)?);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(url: &str) -> String {
        format!("u!{}", URL_SAFE_NO_PAD.encode(url))
    }

    #[test]
    fn a_token_is_a_share_id_or_the_address_of_a_link_under_any_name_of_the_server() {
        let read = |token: &str| share_id(token).ok();
        assert_eq!(read("s!Ab09").as_deref(), Some("s!Ab09"));
        for origin in ["http://127.0.0.1:8080", "https://files.example.com", "http://[::1]:80"] {
            let url = web_url(origin, "s!Ab09");
            assert_eq!(read(&encoded(&url)).as_deref(), Some("s!Ab09"), "{url}");
            assert_eq!(read(&format!("{}==", encoded(&url))).as_deref(), Some("s!Ab09"));
            assert_eq!(read(&encoded(&format!("{url}&e=4"))).as_deref(), Some("s!Ab09"));
        }
        // addresses of something else
        for url in ["https://example.com/", "https://example.com/_layouts/15/other.aspx?share=s!Ab09"] {
            assert_eq!(read(&encoded(url)).as_deref(), Some(""), "{url}");
        }
        let long = format!("s!{}", "x".repeat(LONGEST));
        for bad in ["", "x", "u!", "u!?", "u!eA", "u!////", "s!", "s!a b", "s!ä", "S!abc", "s!a\0", &long] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(read(&encoded("ftp://example.com/_layouts/15/guestaccess.aspx?share=s!Ab09")), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_a_token_panic(text in "(u!|s!)?\\PC{0,60}") {
            let _ = share_id(&text).is_ok();
        }
    }
}
