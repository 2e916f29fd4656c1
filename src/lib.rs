//! Coatcheck: one document store that speaks four vendors' check-out APIs over one lock per file.

pub mod app;
pub mod cli;
pub mod config;
pub mod content;
pub mod dialects;
pub mod domain;
pub mod embedded;
pub mod http;
pub mod run;
pub mod seed;
pub mod store;
pub mod vault;
