//! Previews and thumbnails (spec/graph.md 7, 22 and 23). There are no thumbnails; a preview is a pre-authenticated address
//! whose bytes a browser shows, in a form in which nothing of them can run here.

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY},
    },
    response::Response,
};
use serde_json::{Map, Value, json};

use super::{
    Ask,
    error::{Answer, read_json},
    reply, wire,
};
use crate::{
    domain::{
        error::{Error, Missing},
        item::Item,
        permission::Action,
    },
    http::{content::Download, disposition::Disposition},
    vault::Download as Found,
};

/// What a browser shows as it is, because none runs anything that stands in it.
const SHOWN: [&str; 16] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "audio/flac",
    "video/mp4",
    "video/ogg",
    "video/webm",
    PDF,
];
/// A browser's own viewer of these does not start in a sandbox.
const PDF: &str = "application/pdf";
/// What is text although its type does not say so.
const TEXTS: [&str; 4] = ["application/json", "application/yaml", "application/sql", "application/toml"];

/// Whatever a browser might take the bytes for: they load nothing, run nothing and have no origin.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; sandbox";
/// The same for what has a viewer of its own.
const POLICY_OF_PDF: &str = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'";

/// `POST …/preview`: an address for a browser. What page and which zoom are wanted is for viewers that there are none of here.
pub async fn preview(ask: &Ask, body: Body) -> Answer {
    read_json::<Map<String, Value>>(body, ask.hall.limits.text).await?;
    let look = ask.look().await?;
    look.file()?;
    look.check(ask.actor(), Action::Download)?;
    let view = ask.view().await?;
    let bytes = wire::bytes(&view, look.item()).ok_or(Error::NoContent)?;
    let address = view.preview_url(look.item().id, bytes)?.ok_or(Error::NoSession)?;
    let body = json!({
        "@odata.context": view.context("microsoft.graph.itemPreviewInfo"),
        "getUrl": address,
    });
    Ok(reply::json(StatusCode::OK, &body))
}

/// How some bytes are shown: what browsers show without danger as it is, every text as plain text, be it a page or a program;
/// all else is saved.
pub fn of(item: &Item, found: &Found) -> Download {
    let size = found.content.size;
    let as_it_is = Download::new(size, found.media_type.clone());
    let kind = kind(&found.media_type);
    let (disposition, download) = if SHOWN.contains(&&*kind) {
        (Disposition::Inline, as_it_is)
    } else if as_it_is.is_active() || kind.starts_with("text/") || TEXTS.contains(&&*kind) {
        (Disposition::Inline, Download::new(size, "text/plain; charset=utf-8"))
    } else {
        (Disposition::Attachment, as_it_is)
    };
    Download { disposition: Some((disposition, item.name.clone())), ..download }
}

/// An answer with bytes to be shown, with what keeps them from doing anything. Its address holds a secret, which goes nowhere.
pub fn dressed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let said = headers.get(axum::http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let policy = if kind(said) == PDF { POLICY_OF_PDF } else { POLICY };
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn kind(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// `GET …/thumbnails`: there are none.
pub async fn thumbnails(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    look.check(ask.actor(), Action::View)?;
    let body = json!({"@odata.context": ask.view().await?.context("Collection(thumbnailSet)"), "value": []});
    Ok(reply::json(StatusCode::OK, &body))
}

/// `GET …/thumbnails/{set}` and what is below it.
pub async fn thumbnail(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    look.check(ask.actor(), Action::View)?;
    Err(Error::Missing(Missing::Item).into())
}

/// Adds the thumbnails that there are none of to items that are about to be shown, where they are to be expanded.
pub fn add_thumbnails(ask: &Ask, shown: &mut [Map<String, Value>]) {
    if matches!(ask.query.expansion("thumbnails"), Ok(Some(_))) {
        for item in shown {
            item.insert("thumbnails".to_owned(), json!([]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_as_it_is_runs() {
        for shown in SHOWN {
            assert!(!Download::new(0, shown).is_active(), "{shown}");
        }
        assert_eq!(kind("Text/HTML; charset=utf-8"), "text/html");
    }
}
