//! Coatcheck.
pub mod embedded;
