//! Gridweave weaves a city into grids that people can answer for.
//!
//! The code in reading order; a module imports only what stands before it, and `tests/module_order.rs` checks that.

pub mod api;
pub mod city;
pub mod config;
pub mod fabric;
pub mod index;
pub mod model;
pub mod read;
pub mod store;
pub mod synth;
pub mod tiles;
pub mod write;
