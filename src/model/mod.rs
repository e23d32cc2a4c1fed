//! Plain data of a city: no IO, no engine is called from here.
//!
//! Read in this order: [`geometry`] (the one coordinate), [`units`], [`ids`], [`households`], [`bands`], then the things
//! themselves ([`places`], [`buildings`], [`cameras`], [`streets`], [`land`]), the [`world`] that holds them, and
//! [`layer`] / [`record`], the flat form in which every layer is read, stored, written and listed, with [`schema`], what its
//! values may be.

pub mod bands;
pub mod buildings;
pub mod cameras;
pub mod geometry;
pub mod households;
pub mod ids;
pub mod land;
pub mod layer;
pub mod places;
pub mod problem;
pub mod profile;
pub mod record;
pub mod schema;
pub mod streets;
pub mod units;
pub mod world;

pub use bands::{Band, BandState, Bands};
pub use buildings::{Building, BuildingKind, Compound, Institution, Unit};
pub use cameras::{Camera, CameraKind, Checkpoint, Service};
pub use geometry::{Bounds, Coord, Frame, Geometry, Line, MultiPolygon, Polygon, Ring};
pub use households::{Basis, HouseholdCount, Provenance};
pub use ids::*;
pub use land::{Barrier, BarrierKind, Green, Water};
pub use layer::{Field, FieldKind, GeometryKind, HOUSEHOLD_TABLE, Layer};
pub use places::{Community, District, Grid, GridClass, Subdistrict, Zone, ZoneKind};
pub use problem::{Problem, Severity};
pub use profile::Profile;
pub use record::{Entity, FieldFault, Record, Value};
pub use streets::{Access, Oneway, Street, StreetClass};
pub use units::{Metres, SquareMetres};
pub use world::World;
