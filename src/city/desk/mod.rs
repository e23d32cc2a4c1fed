//! The data desk: files that a planner brings, looked into, read on trial, and imported.
//!
//! [`files`] keeps them for as long as they are needed, [`look`] says what they hold, [`trial`] what importing them would
//! do, and does it.

pub mod files;
pub mod look;
pub mod trial;
