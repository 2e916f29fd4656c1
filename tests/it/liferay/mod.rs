//! Liferay's JSON web services, as its clients use them.

mod addresses;
mod conversions;
mod discovery;
mod downloads;
mod files;
mod forms;
mod forms_agree;
mod groups;
mod listings;
mod lock_life;
mod locks;
mod malformed;
mod objects;
mod overloads;
mod overriding;
mod people;
mod refusals;
mod rpc;
mod seed;
mod settings;
mod transport;
mod trash;
mod variables;
mod versions;
