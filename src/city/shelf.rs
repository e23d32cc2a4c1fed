//! The city's map layers. Each is prepared once per snapshot, when it is first asked for or sooner; buildings are so many,
//! and each tile shows so few of them, that a tile of theirs is made from nothing but what lies there.

use super::Snapshot;
use crate::index::inside;
use crate::model::{Bounds, Coord, Entity, Geometry, Layer, Shape, SquareMetres, StreetClass, Value};
use crate::tiles::{About, Feature, LayerOptions, Shared, TileLayer, covered, zooms};
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};

/// Prepared tile layers, by [`Layer`].
#[derive(Debug, Default)]
pub struct Shelf([OnceLock<Arc<TileLayer>>; Layer::ALL.len()]);

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
    /// Appends a layer's part of the tile `(z, x, y)`; see [`TileLayer::encode`].
    pub fn draw(&self, layer: Layer, tile: (u8, u32, u32), out: &mut Vec<u8>) {
        let (z, x, y) = tile;
        match layer {
            Layer::Buildings => self.draw_buildings(tile, out),
            _ => self.prepared(layer).encode(z, x, y, out),
        }
    }

    /// What clients are told of a layer.
    pub fn about_tiles(&self, layer: Layer) -> About {
        if layer != Layer::Buildings {
            return self.prepared(layer).about().clone();
        }
        About {
            bounds: self.world.shapes(layer).filter_map(Shape::bounds).reduce(Bounds::union),
            fields: vec![("name", "String"), ("floors", "Number"), ("households", "Number"), ("kind", "String")],
            ..About::new(layer.word(), self.options(layer))
        }
    }

    /// Prepares the borders and every layer, so that nobody waits for them.
    pub fn warm(&self) {
        let others: Vec<Layer> = Layer::ALL.into_iter().filter(|layer| *layer != Layer::Buildings).collect();
        rayon::join(
            || self.borders(),
            || {
                others.par_iter().for_each(|layer| {
                    self.prepared(*layer).warm();
                })
            },
        );
    }

    /// Prepares the search, so that the first one need not wait.
    pub fn warm_search(&self) {
        self.names();
    }

    /// Takes over what was prepared for another snapshot of the city, except for the layers that have `changed`.
    pub(super) fn keep_prepared(&self, before: &Self, changed: impl Fn(Layer) -> bool) {
        // What levels show is derived from everything; and in another frame other things are large enough to be drawn.
        let derived = |layer: Layer| layer.tiles_the_plane();
        if before.ground.frame != self.ground.frame {
            return;
        }
        for layer in Layer::ALL.into_iter().filter(|layer| !derived(*layer) && !changed(*layer)) {
            if let Some(prepared) = before.shelf.0[layer as usize].get() {
                let _ = self.shelf.0[layer as usize].set(prepared.clone());
            }
        }
    }

    /// A layer with all its features, for those who want every tile.
    pub(super) fn whole(&self, layer: Layer) -> Arc<TileLayer> {
        if layer != Layer::Buildings {
            return self.prepared(layer).clone();
        }
        let all = 0..self.world.count(layer) as u32;
        let features: Vec<Feature<'_>> = all.filter_map(|position| self.building(position, u8::MAX)).collect();
        Arc::new(TileLayer::build(layer.word(), &features, self.options(layer)))
    }

    fn prepared(&self, layer: Layer) -> &Arc<TileLayer> {
        self.shelf.0[layer as usize].get_or_init(|| Arc::new(self.prepare(layer)))
    }

    fn options(&self, layer: Layer) -> LayerOptions<'_> {
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
        let (label_zoom, text_zoom) = match layer {
            Layer::Grids => (11, 10),
            Layer::Communities => (9, 8),
            Layer::Subdistricts => (6, 0),
            _ => (0, 0),
        };
        LayerOptions { min_zoom, max_zoom: MAX_ZOOM, labels, label_zoom, text_zoom, shared }
    }

    fn prepare(&self, layer: Layer) -> TileLayer {
        let mut drafts = self.drafts(layer);
        let properties: Vec<Properties> =
            drafts.iter_mut().map(|draft| std::mem::take(&mut draft.properties)).collect();
        let features: Vec<Feature<'_>> = drafts
            .iter()
            .zip(properties)
            .map(|(d, properties)| Feature {
                id: d.id,
                geometry: (&d.geometry).into(),
                properties,
                min_zoom: d.min_zoom,
                anchor: d.anchor,
            })
            .collect();
        TileLayer::build(layer.word(), &features, self.options(layer))
    }

    /// Four thousand buildings, as a tile of zoom 13 in a dense town shows, take 5 ms; to prepare a million would take
    /// seconds after each start and each change, and a quarter of a gigabyte.
    fn draw_buildings(&self, (z, x, y): (u8, u32, u32), out: &mut Vec<u8>) {
        let options = self.options(Layer::Buildings);
        if z < options.min_zoom || z > 24 || (u64::from(x) | u64::from(y)) >> z != 0 {
            return;
        }
        let here = self.ground.buildings.within(covered(z, x, y));
        let features: Vec<Feature<'_>> = here.filter_map(|position| self.building(position, z)).collect();
        if !features.is_empty() {
            TileLayer::build(Layer::Buildings.word(), &features, options).encode(z, x, y, out);
        }
    }

    /// A building by its position, unless it is too small to be drawn at a zoom.
    fn building(&self, position: u32, z: u8) -> Option<Feature<'_>> {
        let building = self.world.buildings.get(position as usize)?;
        let min_zoom = zooms::building(self.ground.frame.area(building.area.doubled_area()));
        (min_zoom <= z).then(|| Feature {
            id: building.id.0,
            geometry: Shape::Area(&building.area),
            properties: vec![
                ("name", building.name.as_str().into()),
                ("floors", building.floors.map(i64::from).into()),
                ("households", building.households.map(|h| i64::from(h.count)).into()),
                ("kind", building.kind.word().into()),
            ],
            min_zoom,
            anchor: self.ground.building_anchors.get(position as usize).copied(),
        })
    }

    fn drafts(&self, layer: Layer) -> Vec<Draft> {
        match layer {
            Layer::Districts => self.level_drafts(0, &self.world.districts, |d| (&d.code.0, &d.name)),
            Layer::Subdistricts => self.level_drafts(1, &self.world.subdistricts, |s| (&s.code.0, &s.name)),
            Layer::Communities => self.level_drafts(2, &self.world.communities, |c| (&c.code.0, &c.name)),
            Layer::Grids => self.grid_drafts(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Profile;
    use crate::store::Stored;
    use crate::synth::{Scale, generate};
    use crate::tiles::touched;

    /// A tile made from what lies there has the bytes that a layer of all buildings would give it.
    #[test]
    fn a_tile_of_buildings_shows_what_all_of_them_would() {
        let world = generate(Scale::Compound, 1, &|_, _| {}).world;
        let profile = Profile::preset("test").expect("preset");
        let since = jiff::Timestamp::UNIX_EPOCH;
        let snapshot = Snapshot::build(Stored { world, profile, version: 1, since });
        let count = snapshot.world.buildings.len() as u32;
        assert!(count > 100 && (0..count).all(|position| snapshot.building(position, u8::MAX).is_some()));
        let whole = snapshot.whole(Layer::Buildings);
        let bounds = snapshot.world.bounds().expect("a city");
        let mut drawn = 0;
        for z in 11..=19 {
            let range = touched(bounds, z);
            for (x, y) in (range.x.0..=range.x.1).flat_map(|x| (range.y.0..=range.y.1).map(move |y| (x, y))) {
                let (mut one, mut other) = (Vec::new(), Vec::new());
                snapshot.draw(Layer::Buildings, (z, x, y), &mut one);
                whole.encode(z, x, y, &mut other);
                assert!(one == other, "{z}/{x}/{y}");
                drawn += usize::from(!one.is_empty());
            }
        }
        assert!(drawn > 50, "{drawn}");
        let (about, mut fields) = (snapshot.about_tiles(Layer::Buildings), whole.about().fields.clone());
        let mut told = about.fields;
        told.sort_unstable();
        fields.sort_unstable();
        assert_eq!((about.bounds, told), (whole.about().bounds, fields));
    }

    #[test]
    fn a_change_keeps_the_layers_that_it_does_not_touch() {
        let world = generate(Scale::Compound, 1, &|_, _| {}).world;
        let build = |version| {
            let profile = Profile::preset("test").expect("preset");
            let since = jiff::Timestamp::UNIX_EPOCH;
            Snapshot::build(Stored { world: world.clone(), profile, version, since })
        };
        let (before, after) = (build(1), build(2));
        before.warm();
        after.keep_prepared(&before, |layer| layer == Layer::Cameras);
        let kept = |layer: Layer| after.shelf.0[layer as usize].get().is_some();
        assert!(kept(Layer::Streets) && !kept(Layer::Cameras) && !kept(Layer::Grids) && !kept(Layer::Buildings));
    }
}
