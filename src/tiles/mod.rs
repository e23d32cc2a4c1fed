//! Features become vector tiles (Mapbox Vector Tile 2.1) and their description (TileJSON 3.0.0).
//!
//! [`layer::TileLayer`] is prepared once for a snapshot and then answers any tile by integer work: [`mercator`] puts
//! vertices on a world of 2^32 units, `simplify` ranks them so that each zoom is a threshold, `clip` cuts what
//! leaves a tile, `wire` writes the bytes. [`zooms`] says from which zoom a thing is worth drawing. Compression, ETags
//! and caches are the caller's.
//!
//! Why neighbours never gap, at any zoom: layers that tile the ground are drawn from shared arcs. An arc is simplified and
//! rounded by itself and all its nodes stay, so whatever zoom makes of it, it makes it of both neighbours' borders
//! alike. Each inner edge thus appears once in each direction, the rings' winding numbers still sum to one everywhere
//! inside, and some polygon covers each place.

mod clip;
pub mod layer;
pub mod mercator;
mod simplify;
pub mod tilejson;
mod wire;
pub mod zooms;

pub use layer::{About, Feature, LayerOptions, Shared, TileLayer};
pub use mercator::{TileRange, covered, touched};
pub use tilejson::tilejson;
