//! What a vault is: plain data and pure decisions. No async, no SQL text, no HTTP, no vendor's wording.

pub mod actor;
pub mod clock;
pub mod content;
pub mod copying;
pub mod directory;
pub mod edition;
pub mod error;
pub mod event;
pub mod external;
pub mod feed;
pub mod grant;
pub mod id;
pub mod item;
pub mod library;
pub mod link;
pub mod listing;
pub mod lock;
pub mod metadata;
pub mod name;
pub mod page;
pub mod part;
pub mod permission;
pub mod person;
pub mod scope;
pub mod search;
pub mod special;
pub mod subscription;
pub mod temporary;
pub mod upload;
pub mod version;

pub use error::{Error, Result};
