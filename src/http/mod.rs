//! What the web needs and no dialect owns. Nothing here knows a vendor's word: errors are typed, and a room says them.

pub mod body;
pub mod certificate;
pub mod content;
pub mod disposition;
pub mod etag;
pub mod guard;
pub mod health;
pub mod multipart;
pub mod negotiate;
pub mod oauth;
pub mod origin;
pub mod outgoing;
pub mod page;
pub mod path;
mod patience;
mod sendfile;
pub mod serve;
pub mod tls;
pub mod trace;
