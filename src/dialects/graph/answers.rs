//! Answers that were given before: rendered once, and given again to the same caller as long as the vault says that all they tell
//! is still so. Which answers may be kept is for the calls to say that give them.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use quick_cache::{Weighter, sync::Cache};
use serde::Serialize;

use super::{
    Ask,
    address::{Base, Drive, Owner},
    error::Answer,
    items, reply,
};
use crate::{
    domain::{actor::Ceiling, error::Error, id::PrincipalId},
    http::etag::ETag,
    vault::Proof,
};

/// Bytes that are kept in all.
const KEPT: u64 = 8 << 20;
/// About so many are kept.
const USUAL: usize = 4000;
/// Longest answer that is kept, in bytes.
const LONGEST: usize = 256 << 10;
/// Addresses of content end by themselves. An answer is kept for so small a part of their life that nobody misses it.
const PART_OF_LIFE: i32 = 60;

/// The answers that a node keeps.
#[derive(Debug)]
pub struct Answers(Cache<Asked, Arc<Given>, Weight>);

/// What answers weigh.
#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Asked, Arc<Given>> for Weight {
    fn weight(&self, asked: &Asked, given: &Arc<Given>) -> u64 {
        (asked.address.len() + asked.origin.len() + given.body.len() + 512) as u64
    }
}

/// All of a request that its answer depends on, but for what the proof speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    caller: PrincipalId,
    ceiling: Ceiling,
    origin: String,
    address: String,
}

#[derive(Debug)]
struct Given {
    body: Bytes,
    tag: Option<ETag>,
    proof: Proof,
    at: DateTime<Utc>,
}

impl Default for Answers {
    fn default() -> Self {
        Self(Cache::with_weighter(USUAL, KEPT, Weight))
    }
}

/// What a request asks for, if its answer may be kept: not for who comes by a link or a share, not what is looked up beside the
/// items, and not where something else than items says what the address means.
fn asked(ask: &Ask) -> Option<Asked> {
    let (drive, place) = ask.place().ok()?;
    let is_plain = matches!(drive, Drive::Id(..) | Drive::Of(Owner::Me)) && !matches!(place.base, Base::Special(_));
    if !is_plain || ask.share.is_some() || ask.actor().link.is_some() || ask.query.select().names("shared") {
        return None;
    }
    Some(Asked {
        caller: ask.actor().id()?,
        ceiling: ask.actor().ceiling,
        origin: ask.origin.clone(),
        address: ask.head.uri.to_string(),
    })
}

/// Whether the answer to this request may be kept.
pub fn may_be_kept(ask: &Ask) -> bool {
    asked(ask).is_some()
}

/// The answer that was given before, if all it tells is still so.
pub async fn recall(ask: &Ask) -> Option<Response> {
    let given = ask.hall.graph.answers.0.get(&asked(ask)?)?;
    let age = ask.hall.vault.now() - given.at;
    let is_young = age >= chrono::Duration::zero() && age * PART_OF_LIFE < ask.hall.graph.download_url_lifetime;
    if !is_young || !ask.hall.vault.holds(&given.proof).await {
        return None;
    }
    Some(respond(ask, given.body.clone(), given.tag.as_ref()))
}

/// The answer with this body; kept, if something proves that it is still so when it is asked for again.
pub fn give(ask: &Ask, body: &impl Serialize, tag: Option<ETag>, proof: Option<Proof>) -> Answer {
    let body = Bytes::from(serde_json::to_vec(body).map_err(Error::broken)?);
    let response = respond(ask, body.clone(), tag.as_ref());
    if body.len() <= LONGEST
        && let (Some(asked), Some(proof)) = (asked(ask), proof)
        && proof.is_of(ask.caller.epoch)
    {
        let given = Given { body, tag, proof, at: ask.hall.vault.now() };
        ask.hall.graph.answers.0.insert(asked, Arc::new(given));
    }
    Ok(response)
}

/// Nothing, where the client has it already.
fn respond(ask: &Ask, body: Bytes, tag: Option<&ETag>) -> Response {
    if tag.is_some() && items::is_known(ask.headers(), tag) {
        return reply::tagged(reply::empty(StatusCode::NOT_MODIFIED), tag);
    }
    reply::tagged(reply::json_text(StatusCode::OK, body), tag)
}
