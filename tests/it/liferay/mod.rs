//! Liferay's JSON web services, as its clients use them.

mod addresses;
mod files;
mod forms;
mod locks;
mod malformed;
mod people;
mod refusals;
mod seed;
