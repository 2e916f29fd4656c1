//! The Arena room, endpoint by endpoint.

mod access;
mod associations;
mod check_in;
mod deletes;
mod bad_input;
mod check_in;
mod contents;
mod elsewhere;
mod files;
mod health;
mod limits;
mod locks;
mod logins;
mod malformed;
mod oauth;
mod new_editions;
mod races;
mod rows_conventions;
mod rows_files;
mod rows_status_changes;
mod settings;
mod suppliers;
mod update;
