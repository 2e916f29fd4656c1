//! What the benches share: what is measured, the load, and what comes of it. What is compared, each bench says.

pub mod figures;
pub mod house;
pub mod load;
pub mod usage;
pub mod works;
