//! Finding things by code or name. Spelling, addresses and pinyin are not understood yet.

use super::Snapshot;
use super::names::{Names, Way, fold};
use crate::index::point_of;
use crate::model::{Bounds, Coord, Geometry, Layer, Value};

/// Something that a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its layer.
    pub layer: Layer,
    /// Its number in the layer.
    pub id: u32,
    /// Its code, where it has one.
    pub code: Option<String>,
    /// Its name.
    pub name: String,
    /// A point that stands for it.
    pub anchor: Coord,
    /// The box around it.
    pub bounds: Bounds,
    /// The rank of the grid that the anchor lies in.
    pub grid: Option<u32>,
}

impl Snapshot {
    /// The best matches for a code or a name; `allowed` leaves out closed layers. A street that is drawn in many pieces
    /// is listed once.
    pub fn search(&self, query: &str, limit: usize, allowed: impl Fn(Layer) -> bool) -> Vec<Found> {
        let query = fold(query);
        if query.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<Found> = Vec::new();
        for way in [Way::Whole, Way::Start, Way::Part] {
            self.names().each(&query, way, |layer, id| {
                if found.len() >= limit {
                    return false;
                }
                // What was found by its code needs no second look for its name.
                if !allowed(layer) || found.iter().any(|f| (f.layer, f.id) == (layer, id)) {
                    return true;
                }
                found.extend(self.found(layer, id));
                true
            });
        }
        found
    }

    /// Laid out when first asked for, or sooner.
    pub(super) fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(&self.world))
    }

    fn found(&self, layer: Layer, id: u32) -> Option<Found> {
        let record = self.world.record(layer, id)?;
        let text = |field: &str| match record.get(layer, field) {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        let anchor = match &record.geometry {
            Geometry::Area(_) if layer == Layer::Buildings => {
                let at = crate::model::world::find(&self.world.buildings, id)?;
                self.ground.building_anchors[at]
            }
            geometry => point_of(geometry),
        };
        let name = match layer {
            Layer::Buildings => self.building_name(id)?,
            _ => text("name").unwrap_or_default(),
        };
        Some(Found {
            layer,
            id,
            code: text("code"),
            name,
            anchor,
            bounds: record.geometry.bounds()?,
            grid: self.ground.grids.locate(anchor),
        })
    }

    /// `牛沙小区 3号楼`, or the address, or the bare name.
    pub fn building_name(&self, id: u32) -> Option<String> {
        let building = &self.world.buildings[crate::model::world::find(&self.world.buildings, id)?];
        let compound = building.compound.as_deref().unwrap_or_default();
        let parts: Vec<&str> = [compound, &building.name].into_iter().filter(|part| !part.is_empty()).collect();
        Some(if parts.is_empty() { building.address.clone() } else { parts.join(" ") })
    }
}
