//! Liferay's JSON web services, as its clients use them.

mod addresses;
mod files;
mod forms;
mod headless_documents;
mod headless_folders;
mod headless_lists;
mod headless_locks;
mod headless_refusals;
mod locks;
mod malformed;
mod people;
mod refusals;
mod seed;
