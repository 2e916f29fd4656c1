//! Coatcheck as its clients see it: over real sockets, against the real server, on a real Postgres.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "tests look at their surroundings themselves")]
#![expect(clippy::large_futures, reason = "a test runs once")]

mod arena;
mod cli;
mod crossing;
mod doors;
mod downloads;
mod embedded;
mod freshness;
mod graph;
mod http_listener;
mod kills;
mod liferay;
mod oracle;
mod packaging;
mod permission;
mod plans;
mod quotas;
mod races;
mod refusals;
mod seed;
mod steadfast;
mod support;
mod tidy;
mod tls;
mod tour;
mod vault;
