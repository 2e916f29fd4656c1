//! Coatcheck as its clients see it, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod http_listener;
mod packaging;
