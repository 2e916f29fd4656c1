//! The Oracle room as its clients see it.

mod admission;
mod files;
mod folders;
mod guessing;
mod link_matrix;
mod links;
mod locks;
mod refusals;
mod roles;
mod seed;
mod shares;
mod uploads;
mod users;
