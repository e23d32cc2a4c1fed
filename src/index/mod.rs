//! From a place to what is there.
