//! The Arena room, endpoint by endpoint.

mod access;
mod associations;
mod check_in;
mod deletes;
mod files;
mod health;
mod limits;
mod locks;
mod logins;
mod malformed;
mod oauth;
mod races;
mod settings;
mod suppliers;
