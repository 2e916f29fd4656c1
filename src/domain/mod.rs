//! What a vault is: plain data and pure functions. No async, no HTTP, no SQL.

pub mod content;
