//! Finding things by code or name. Spelling, addresses and pinyin are not understood yet.

use super::Snapshot;
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

/// Everything that has a code or a name, with its key folded for comparison.
#[derive(Debug)]
pub struct Names(Vec<(String, Layer, u32)>);

/// How well a key matches: whole, at the start, somewhere.
fn rank(key: &str, query: &str) -> Option<u8> {
    if key == query {
        Some(0)
    } else if key.starts_with(query) {
        Some(1)
    } else {
        key.contains(query).then_some(2)
    }
}

fn fold(text: &str) -> String {
    // Full-width letters and digits are typed as often as half-width ones.
    let half = |c: char| match c {
        '！'..='～' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        other => other,
    };
    text.trim().chars().map(half).flat_map(char::to_lowercase).collect()
}

/// Larger places first among equally good matches; water and walls are not looked for.
const ORDER: [Layer; 12] = [
    Layer::Grids,
    Layer::Communities,
    Layer::Subdistricts,
    Layer::Districts,
    Layer::Compounds,
    Layer::Institutions,
    Layer::Streets,
    Layer::Zones,
    Layer::Services,
    Layer::Checkpoints,
    Layer::Buildings,
    Layer::Cameras,
];

impl Names {
    fn build(snapshot: &Snapshot) -> Self {
        let mut names = Vec::new();
        for layer in ORDER {
            for record in snapshot.world.records(layer) {
                for field in ["code", "name", "aliases", "address"] {
                    if let Value::Text(text) = record.get(layer, field) {
                        let same_as_last =
                            |(key, l, id): &(String, Layer, u32)| *l == layer && *id == record.id && *key == fold(text);
                        if !names.last().is_some_and(same_as_last) {
                            names.push((fold(text), layer, record.id));
                        }
                    }
                }
            }
        }
        Self(names)
    }
}

impl Snapshot {
    /// The best matches for a code or a name; `allowed` leaves out closed layers. A street that is drawn in many pieces
    /// is listed once.
    pub fn search(&self, query: &str, limit: usize, allowed: impl Fn(Layer) -> bool) -> Vec<Found> {
        let query = fold(query);
        if query.is_empty() {
            return Vec::new();
        }
        let names = self.names.get_or_init(|| Names::build(self));
        let mut hits: Vec<(u8, usize, usize)> = Vec::new();
        for (i, (key, layer, _)) in names.0.iter().enumerate() {
            if let Some(rank) = rank(key, &query).filter(|_| allowed(*layer)) {
                hits.push((rank, key.len(), i));
            }
        }
        hits.sort_by_key(|(rank, length, i)| {
            let (_, layer, _) = &names.0[*i];
            (*rank, ORDER.iter().position(|l| l == layer), *length, *i)
        });
        let mut found: Vec<Found> = Vec::new();
        for (_, _, i) in hits {
            let (_, layer, id) = names.0[i];
            let Some(hit) = self.found(layer, id) else { continue };
            let again = |f: &Found| f.layer == layer && (f.id == id || (layer == Layer::Streets && f.name == hit.name));
            if !found.iter().any(again) {
                found.push(hit);
            }
            if found.len() == limit {
                break;
            }
        }
        found
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
