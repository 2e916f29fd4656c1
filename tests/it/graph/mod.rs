//! The Graph room as its clients see it.

mod addresses;
mod children;
mod conflicts;
mod content;
mod counting;
mod delta;
mod delta_turmoil;
mod headers;
mod hostile;
mod items;
mod locks;
mod mirror;
mod outcomes;
mod people;
mod reservations;
mod scopes;
mod sign_in;
mod sign_in_devices;
mod sign_in_pages;
mod unpublished;
mod upload_kills;
mod uploads;
mod versions;
