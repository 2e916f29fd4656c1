//! The Oracle room as its clients see it.

mod admission;
mod collections;
mod copying;
mod files;
mod folders;
mod link_matrix;
mod links;
mod locks;
mod metadata;
mod refusals;
mod roles;
mod search;
mod seed;
mod shares;
mod tags;
mod transfer;
mod tree;
mod uploads;
mod users;
