//! Coatcheck, tested from outside.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod embedded;
mod support;
