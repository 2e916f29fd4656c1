//! The Arena room, endpoint by endpoint.

mod access;
mod check_in;
mod files;
mod limits;
mod locks;
mod logins;
mod malformed;
mod oauth;
mod races;
mod settings;
mod suppliers;
