//! Coatcheck.
pub mod config;
pub mod http;
