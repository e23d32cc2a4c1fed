//! The open city.
