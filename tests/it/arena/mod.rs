//! The Arena room, endpoint by endpoint.

mod access;
mod activities;
mod check_in;
mod files;
mod limits;
mod locks;
mod malformed;
mod races;
mod rights;
mod settings;
mod users;
