//! The Oracle room as its clients see it.

mod admission;
mod catalog;
mod collections;
mod copying;
mod files;
mod folders;
mod formats;
mod link_matrix;
mod links;
mod locks;
mod metadata;
mod oauth;
mod refusals;
mod roles;
mod search;
mod seed;
mod services;
mod shares;
mod tags;
mod transfer;
mod trash;
mod tree;
mod uploads;
mod users;
mod vectors;
