//! The Arena room, endpoint by endpoint.

mod access;
mod bad_input;
mod check_in;
mod contents;
mod elsewhere;
mod files;
mod limits;
mod locks;
mod malformed;
mod new_editions;
mod races;
mod settings;
mod update;
