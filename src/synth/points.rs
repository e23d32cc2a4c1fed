//! Cameras, checkpoints, services and zones.
use super::city::Draft;
use super::names::Names;
use crate::model::World;
/// Places them all.
pub fn place(_draft: &Draft<'_>, _names: &mut Names, _world: &mut World) {}
