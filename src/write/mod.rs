//! Layers become files that other programs read.

pub mod geojson;
