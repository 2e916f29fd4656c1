//! The Arena room, endpoint by endpoint.

mod access;
mod check_in;
mod files;
mod limits;
mod locks;
mod malformed;
mod races;
mod rows_conventions;
mod rows_files;
mod rows_status_changes;
mod settings;
