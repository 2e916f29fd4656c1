//! Coatcheck.
