//! Coatcheck: one document store that speaks four vendors' check-out APIs over one lock per file.

pub mod content;
pub mod domain;
pub mod store;
pub mod vault;
