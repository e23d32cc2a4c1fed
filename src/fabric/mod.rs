//! Polygons that tile the ground, and the lines they share.
//!
//! [`arcs`] weaves one or several layers of polygons into arcs that neighbours own together, and reports where they do
//! not meet (`gap`) or meet twice (`overlap`). [`untangle`] finds the ground of rings that cross. [`anchor`] finds the
//! place for a label. [`boxes`] is the packed box tree that both the weave and the tiles ask for what lies where.
//!
//! Exact geometry on the model's vertices alone, so that reading can stand on it.

pub mod anchor;
pub mod arcs;
pub mod boxes;
mod bridges;
mod exact;
mod faces;
pub mod mend;
mod noding;
mod outline;
mod rings;
pub mod untangle;
