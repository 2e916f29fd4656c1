//! `nestedFields=contentValue`: a document with its bytes in it, in Base64. They go out as they are read, never whole in memory;
//! so only a document by itself has them, and none of a list.

use std::io;

use axum::{body::Body, http::StatusCode, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use serde_json::{Map, Value};

/// The member that has them.
pub const MEMBER: &str = "contentValue";

/// Whether a query asks for them.
pub fn is_wanted(query: &str) -> bool {
    let mut fields = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "nestedFields");
    fields.any(|(_, names)| names.split(',').any(|name| name.trim() == MEMBER))
}

/// The document, with these bytes in the place of its member.
pub fn answer(document: &Map<String, Value>, bytes: BoxStream<'static, io::Result<Bytes>>) -> Response {
    let (before, after) = around(document);
    let ends = |text: String| stream::iter([Ok::<_, io::Error>(Bytes::from(text))]);
    let body = ends(before).chain(encoded(bytes)).chain(ends(after));
    super::answered(StatusCode::OK, Body::from_stream(body))
}

/// What stands before the member's text, and what behind it.
fn around(document: &Map<String, Value>) -> (String, String) {
    let written = |(name, value): (&String, &Value)| format!("{}:{value}", Value::from(name.as_str()));
    let before = document.iter().take_while(|(name, _)| *name != MEMBER).map(|member| written(member) + ",");
    let after = document.iter().skip_while(|(name, _)| *name != MEMBER).skip(1);
    let after = after.map(|member| format!(",{}", written(member)));
    (format!("{{{}\"{MEMBER}\":\"", before.collect::<String>()), format!("\"{}}}", after.collect::<String>()))
}

/// Three bytes are four letters; what is over waits for what comes next.
fn encoded(bytes: BoxStream<'static, io::Result<Bytes>>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold(Some((bytes, Vec::new())), async |state| {
        let (mut bytes, mut ready): (BoxStream<'static, io::Result<Bytes>>, Vec<u8>) = state?;
        match bytes.next().await {
            Some(Ok(chunk)) => {
                ready.extend_from_slice(&chunk);
                let over = ready.split_off(ready.len() - ready.len() % 3);
                Some((Ok(Bytes::from(STANDARD.encode(&ready))), Some((bytes, over))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None => Some((Ok(Bytes::from(STANDARD.encode(&ready))), None)),
        }
    })
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_bytes_are_asked_for_among_other_things() {
        assert!(is_wanted("fields=id&nestedFields=creator,%20contentValue") && is_wanted("nestedFields=contentValue"));
        assert!(!is_wanted("") && !is_wanted("nestedFields=contentUrl") && !is_wanted("fields=contentValue"));
    }

    #[test]
    fn the_member_stands_where_it_stood() {
        for document in [
            json!({"a\"": 1, "contentValue": null, "z": [2]}),
            json!({"contentValue": null}),
            json!({"contentValue": null, "z": 1}),
        ] {
            let mut filled = document.clone();
            filled[MEMBER] = "YWI=".into();
            let (before, after) = around(document.as_object().unwrap());
            assert_eq!(format!("{before}YWI={after}"), filled.to_string());
        }
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(chunks: Vec<Vec<u8>>) {
            let whole = chunks.concat();
            let bytes = stream::iter(chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk)))).boxed();
            let pieces: Vec<Bytes> =
                futures_util::FutureExt::now_or_never(encoded(bytes).try_collect()).unwrap().unwrap();
            prop_assert_eq!(pieces.concat(), STANDARD.encode(whole).into_bytes());
        }
    }
}
