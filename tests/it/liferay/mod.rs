//! Liferay's JSON web services, as its clients use them.

mod addresses;
mod conversions;
mod discovery;
mod files;
mod forms;
mod forms_agree;
mod locks;
mod malformed;
mod overloads;
mod people;
mod refusals;
mod rpc;
mod seed;
mod settings;
mod transport;
mod variables;
