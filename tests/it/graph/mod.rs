//! The Graph room as its clients see it.

mod addresses;
mod children;
mod content;
mod headers;
mod hostile;
mod items;
mod links;
mod locks;
mod people;
mod permissions;
mod scopes;
mod shared;
mod shares;
mod versions;
