//! Gridweave weaves a city into grids that people can answer for, and says who answers for a place.
//!
//! The modules below stand in reading order, which is the order in which data flows: on exact plane geometry, files are
//! read into a world of plain values, the world is woven and indexed, the open city answers questions from an immutable snapshot, and the API
//! speaks for it. A module imports only what stands before it; `tests/module_order.rs` checks that.

pub mod config;

pub mod model;

pub mod fabric;

pub mod read;

pub mod synth;

pub mod index;

pub mod tiles;

pub mod write;

pub mod store;

pub mod city;

pub mod api;
