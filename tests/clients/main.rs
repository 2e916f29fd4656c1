//! Clients that others have written, unmodified, against the real server. They are installed into an environment of their
//! own, so these tests are run on demand: `cargo test --test clients -- --ignored`.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "tests look at their surroundings themselves")]
#![expect(clippy::large_futures, reason = "a test runs once")]

mod arena;
mod environment;
mod graph;
mod liferay;
mod node;
mod oracle;
mod python;
#[expect(dead_code, reason = "this binary stands on a part of it")]
#[path = "../it/support/mod.rs"]
mod support;
