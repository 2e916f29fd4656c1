//! What every answer of the room carries (spec/arena.md 1.3): its name, and what the workspace has left of its requests
//! (4). Who counts is `auth.rs`.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header::SERVER},
    middleware::Next,
    response::Response,
};
use chrono::{DateTime, Utc};
use chrono_tz::America::Los_Angeles;

use crate::{http::trace::Dialect, vault::Requests};

const REMAINING: HeaderName = HeaderName::from_static("x-arena-requests-remaining");
const RESET: HeaderName = HeaderName::from_static("x-arena-next-request-limit-reset");

/// Travels with a request: whoever learns the workspace notes here what it has left.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<OnceLock<Requests>>);

impl Meter {
    /// Notes what is left. The first note counts.
    pub fn note(&self, requests: Requests) {
        self.0.get_or_init(|| requests);
    }
}

/// Middleware: gives a request its meter, and tells in the answer what the meter says.
pub async fn tell(mut request: Request, next: Next) -> Response {
    let meter = Meter::default();
    request.extensions_mut().insert(meter.clone());
    let response = next.run(request).await;
    dress(response, meter.0.get())
}

/// Puts the room's constant headers on an answer, and the limit where the workspace is known.
pub fn dress(mut response: Response, requests: Option<&Requests>) -> Response {
    response.extensions_mut().insert(Dialect(super::ROOM.name));
    let headers = response.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static("ArenaSolutions"));
    if let Some(requests) = requests {
        headers.insert(REMAINING, requests.remaining.into());
        if let Some(reset) = spelled(requests.reset) {
            headers.insert(RESET, reset);
        }
    }
    response
}

/// The reset as a header. It is the same one all day long, so it is spelled once.
fn spelled(reset: DateTime<Utc>) -> Option<HeaderValue> {
    static LAST: Mutex<Option<(DateTime<Utc>, HeaderValue)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, header)) = last.as_ref().filter(|(of, _)| *of == reset) {
        return Some(header.clone());
    }
    // letters, digits and punctuation, which a header always holds
    let header = HeaderValue::try_from(spell_reset(reset)).ok()?;
    *last = Some((reset, header.clone()));
    Some(header)
}

/// `Fri, 02-May-2014 14:22:13 GMT-0700 (PDT)`: the time of Los Angeles in the form the vendor prints.
pub fn spell_reset(moment: DateTime<Utc>) -> String {
    moment.with_timezone(&Los_Angeles).format("%a, %d-%b-%Y %H:%M:%S GMT%z (%Z)").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reset_is_spelled_as_the_vendor_prints_it() {
        let cases = [
            ("2014-05-02T21:22:13Z", "Fri, 02-May-2014 14:22:13 GMT-0700 (PDT)"),
            ("2026-03-05T08:00:00Z", "Thu, 05-Mar-2026 00:00:00 GMT-0800 (PST)"),
        ];
        for (moment, spelled) in cases {
            assert_eq!(spell_reset(moment.parse().unwrap()), spelled);
        }
    }
}
