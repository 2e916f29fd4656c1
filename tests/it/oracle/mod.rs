//! The Oracle room as its clients see it.

mod admission;
mod copying;
mod files;
mod folders;
mod links;
mod locks;
mod refusals;
mod search;
mod seed;
mod transfer;
mod tree;
mod uploads;
mod users;
