//! The Graph room as its clients see it.

mod addresses;
mod batch;
mod children;
mod content;
mod copies;
mod headers;
mod hostile;
mod items;
mod locks;
mod people;
mod scopes;
mod search;
mod trash;
mod versions;
