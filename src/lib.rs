//! Coatcheck.

pub mod content;
pub mod domain;
