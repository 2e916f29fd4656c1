//! The Graph room as its clients see it.

mod addresses;
mod children;
mod content;
mod delta;
mod delta_turmoil;
mod headers;
mod hostile;
mod items;
mod locks;
mod mirror;
mod people;
mod scopes;
mod versions;
