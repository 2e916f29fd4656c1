//! Clients of the Oracle room.

mod toolkit;
