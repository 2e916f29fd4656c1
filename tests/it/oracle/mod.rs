//! The Oracle room as its clients see it.

mod admission;
mod catalog;
mod files;
mod folders;
mod links;
mod locks;
mod oauth;
mod refusals;
mod seed;
mod services;
mod trash;
mod uploads;
mod users;
