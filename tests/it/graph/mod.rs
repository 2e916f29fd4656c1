//! The Graph room as its clients see it.

mod addresses;
mod children;
mod content;
mod headers;
mod hostile;
mod items;
mod locks;
mod people;
mod scopes;
mod upload_kills;
mod uploads;
mod versions;
