//! Liferay's JSON web services, as its clients use them.

mod addresses;
mod downloads;
mod files;
mod forms;
mod groups;
mod listings;
mod lock_life;
mod locks;
mod malformed;
mod objects;
mod overriding;
mod people;
mod refusals;
mod seed;
mod trash;
mod versions;
