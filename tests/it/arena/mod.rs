//! The Arena room, endpoint by endpoint.

mod access;
mod check_in;
mod files;
mod items;
mod limits;
mod locks;
mod malformed;
mod races;
mod settings;
