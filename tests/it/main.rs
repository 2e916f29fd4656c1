//! Coatcheck as its clients see it: over real sockets, against the real server, on a real Postgres.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod arena;
mod cli;
mod crossing;
mod embedded;
mod graph;
mod http_listener;
mod kills;
mod oracle;
mod packaging;
mod permission;
mod races;
mod seed;
mod support;
mod tidy;
mod vault;
