//! The Oracle room as its clients see it.

mod admission;
mod collections;
mod files;
mod folders;
mod links;
mod locks;
mod metadata;
mod refusals;
mod seed;
mod tags;
mod uploads;
mod users;
