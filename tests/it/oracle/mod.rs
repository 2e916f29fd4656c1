//! The Oracle room as its clients see it.

mod admission;
mod files;
mod folders;
mod links;
mod locks;
mod refusals;
mod seed;
mod shares;
mod uploads;
mod users;
