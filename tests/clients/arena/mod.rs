//! Clients of Arena's API: pyrena and lr-gladiator, as they are published.

mod gladiator;
mod pyrena;
