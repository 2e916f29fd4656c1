//! Coatcheck as its clients see it: over real sockets, against the real server, on a real Postgres.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod embedded;
mod http_listener;
mod liferay;
mod packaging;
mod smoke;
mod support;
