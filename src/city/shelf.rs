//! The city's map layers, each prepared once per snapshot when it is first asked for.

use super::Snapshot;
use crate::index::inside;
use crate::model::{Coord, Entity, Geometry, Layer, SquareMetres, StreetClass, Value};
use crate::tiles::{Feature, LayerOptions, Shared, TileLayer, zooms};
use std::sync::OnceLock;

/// Prepared tile layers, by [`Layer`].
#[derive(Debug, Default)]
pub struct Shelf([OnceLock<TileLayer>; Layer::ALL.len()]);

type Properties = Vec<(&'static str, Value)>;

/// One feature before it borrows its geometry.
struct Draft {
    id: u32,
    geometry: Geometry,
    properties: Properties,
    min_zoom: u8,
    anchor: Option<Coord>,
}

impl Snapshot {
    /// A layer ready to be cut into tiles.
    pub fn tiles(&self, layer: Layer) -> &TileLayer {
        self.shelf.0[layer as usize].get_or_init(|| self.prepare(layer))
    }

    /// Prepares the borders and every layer, so that nobody waits for them.
    pub fn warm(&self) {
        self.borders();
        for layer in Layer::ALL {
            self.tiles(layer);
        }
    }

    fn prepare(&self, layer: Layer) -> TileLayer {
        let drafts = self.drafts(layer);
        let features: Vec<Feature<'_>> = drafts
            .iter()
            .map(|d| Feature {
                id: d.id,
                geometry: &d.geometry,
                properties: d.properties.clone(),
                min_zoom: d.min_zoom,
                anchor: d.anchor,
            })
            .collect();
        let (min_zoom, labels) = match layer {
            Layer::Districts | Layer::Subdistricts | Layer::Communities | Layer::Grids => (0, true),
            Layer::Zones => (8, true),
            Layer::Compounds | Layer::Institutions => (12, true),
            Layer::Buildings => (13, true),
            Layer::Streets => (8, false),
            Layer::Water | Layer::Green => (8, true),
            Layer::Barriers => (11, false),
            Layer::Cameras | Layer::Checkpoints | Layer::Services => (12, false),
        };
        let woven =
            [Layer::Districts, Layer::Subdistricts, Layer::Communities, Layer::Grids].iter().position(|l| *l == layer);
        let shared = woven.map(|at| Shared { weave: &self.facts.weave, first: self.facts.weave.first[at] });
        TileLayer::build(layer.word(), &features, LayerOptions { min_zoom, max_zoom: MAX_ZOOM, labels, shared })
    }

    fn drafts(&self, layer: Layer) -> Vec<Draft> {
        match layer {
            Layer::Districts => self.level_drafts(0, &self.world.districts, |d| (&d.code.0, &d.name)),
            Layer::Subdistricts => self.level_drafts(1, &self.world.subdistricts, |s| (&s.code.0, &s.name)),
            Layer::Communities => self.level_drafts(2, &self.world.communities, |c| (&c.code.0, &c.name)),
            Layer::Grids => self.grid_drafts(),
            Layer::Buildings => self.building_drafts(),
            _ => self.plain_drafts(layer),
        }
    }

    /// In the order of the world, as the weave has them.
    fn level_drafts<T: Entity>(
        &self,
        level: usize,
        places: &[T],
        words: impl Fn(&T) -> (&String, &String),
    ) -> Vec<Draft> {
        let mut facts: Vec<_> = self.facts.levels[level].iter().collect();
        facts.sort_by_key(|f| f.place);
        let draft = |(place, facts): (&T, &&crate::index::LevelFacts)| {
            let (code, name) = words(place);
            let properties = vec![
                ("code", code.as_str().into()),
                ("name", name.as_str().into()),
                ("households", i64::from(facts.households).into()),
                ("grids", i64::from(facts.grids).into()),
            ];
            Draft {
                id: place.number(),
                geometry: place.to_record().geometry,
                properties,
                min_zoom: 0,
                anchor: Some(facts.anchor),
            }
        };
        places.iter().zip(&facts).map(draft).collect()
    }

    fn grid_drafts(&self) -> Vec<Draft> {
        let mut facts: Vec<_> = self.facts.grids.iter().collect();
        facts.sort_by_key(|f| f.place);
        let draft = |(grid, facts): (&crate::model::Grid, &&crate::index::GridFacts)| {
            let properties = vec![
                ("code", (&grid.code).into()),
                ("name", grid.name.as_str().into()),
                ("class", grid.class.word().into()),
                ("households", i64::from(facts.households()).into()),
                ("lo", facts.band.map(|b| i64::from(b.lo)).into()),
                ("hi", facts.band.map(|b| i64::from(b.hi)).into()),
                ("state", facts.state().map_or("none", |s| s.word()).into()),
                ("colour", i64::from(facts.colour).into()),
            ];
            Draft {
                id: grid.id.0,
                geometry: Geometry::Area(grid.area.clone()),
                properties,
                min_zoom: 0,
                anchor: Some(facts.anchor),
            }
        };
        self.world.grids.iter().zip(&facts).map(draft).collect()
    }

    fn building_drafts(&self) -> Vec<Draft> {
        let draft = |(building, anchor): (&crate::model::Building, &Coord)| {
            let properties = vec![
                ("name", building.name.as_str().into()),
                ("floors", building.floors.map(i64::from).into()),
                ("households", building.households.map(|h| i64::from(h.count)).into()),
                ("kind", building.kind.word().into()),
            ];
            let min_zoom = zooms::building(self.ground.frame.area(building.area.doubled_area()));
            Draft {
                id: building.id.0,
                geometry: Geometry::Area(building.area.clone()),
                properties,
                min_zoom,
                anchor: Some(*anchor),
            }
        };
        self.world.buildings.iter().zip(&self.ground.building_anchors).map(draft).collect()
    }

    /// Layers whose tiles carry their fields as they are.
    fn plain_drafts(&self, layer: Layer) -> Vec<Draft> {
        let fields: &[&'static str] = match layer {
            Layer::Zones => &["kind", "name"],
            Layer::Compounds => &["name", "households"],
            Layer::Streets => &["class", "name", "oneway", "level"],
            Layer::Barriers => &["kind"],
            Layer::Cameras => &["code", "kind", "direction", "angle", "range", "online"],
            _ => &["kind", "name"],
        };
        let draft = |record: crate::model::Record| {
            let properties: Properties = fields.iter().map(|f| (*f, record.get(layer, f).clone())).collect();
            let anchor = match &record.geometry {
                Geometry::Area(area) => Some(inside(area)),
                _ => None,
            };
            let ground = match &record.geometry {
                Geometry::Area(area) => self.ground.frame.area(area.doubled_area()),
                _ => SquareMetres::default(),
            };
            let min_zoom = match (layer, record.get(layer, "class")) {
                (Layer::Streets, Value::Text(class)) => zooms::street(StreetClass::parse(class).unwrap_or_default()),
                (Layer::Water | Layer::Green, _) => zooms::land(ground),
                _ => 0,
            };
            Draft { id: record.id, geometry: record.geometry, properties, min_zoom, anchor }
        };
        self.world.records(layer).map(draft).collect()
    }
}

/// The deepest zoom with tiles of its own; browsers stretch them further. At 16 a tile unit is 13 cm in Sichuan.
pub const MAX_ZOOM: u8 = 16;
