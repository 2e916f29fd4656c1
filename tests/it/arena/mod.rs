//! The Arena room, endpoint by endpoint.

mod access;
mod activities;
mod associations;
mod bad_input;
mod check_in;
mod contents;
mod deletes;
mod elsewhere;
mod files;
mod health;
mod items;
mod limits;
mod locks;
mod logins;
mod malformed;
mod new_editions;
mod oauth;
mod races;
mod rights;
mod rows_conventions;
mod rows_files;
mod rows_status_changes;
mod settings;
mod suppliers;
mod update;
mod users;
