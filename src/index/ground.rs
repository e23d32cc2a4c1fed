//! The searchable ground of one world: what tiles the plane, what lies where.
//!
//! Places that tile are ranked by code, so that rank order is the precedence that design.md idea 5 asks for where
//! imported polygons overlap, and the order in which `GET /api/v1/grids` lists them.

use super::near::Near;
use super::tiling::Tiling;
use crate::fabric::anchor::anchor;
use crate::model::{Bounds, Code, Coord, Frame, Geometry, Layer, MultiPolygon, Shape, World};
use rayon::prelude::*;
use std::sync::Arc;

/// One layer of places that tile the plane.
#[derive(Debug)]
pub struct Level {
    /// Which layer.
    pub layer: Layer,
    /// Rank -> position in the world's list.
    pub places: Vec<u32>,
    tiling: Arc<Tiling>,
}

impl Level {
    fn build(layer: Layer, places: Vec<(&Code, &MultiPolygon)>) -> Self {
        let mut order: Vec<u32> = (0..places.len() as u32).collect();
        order.sort_by_key(|i| (places[*i as usize].0, *i));
        let polygons: Vec<&MultiPolygon> = order.iter().map(|i| places[*i as usize].1).collect();
        Self { layer, tiling: Arc::new(Tiling::build(&polygons)), places: order }
    }

    /// The rank of the one place that a point belongs to.
    pub fn locate(&self, at: Coord) -> Option<u32> {
        self.tiling.locate(at)
    }

    /// The position in the world's list of the one place that a point belongs to.
    pub fn place_at(&self, at: Coord) -> Option<u32> {
        self.locate(at).map(|rank| self.places[rank as usize])
    }

    /// The position in the world's list of the place with a code; the first of several. `code_of` tells the code of the
    /// place at a position.
    pub fn named<'a>(&self, code: &Code, code_of: impl Fn(usize) -> &'a Code) -> Option<u32> {
        let rank = self.places.partition_point(|place| code_of(*place as usize) < code);
        self.places.get(rank).copied().filter(|place| code_of(*place as usize) == code)
    }

    /// The tiling itself, for batches.
    pub fn tiling(&self) -> &Arc<Tiling> {
        &self.tiling
    }
}

/// Everything by which places are found.
#[derive(Debug)]
pub struct Ground {
    /// Metres of this city.
    pub frame: Frame,
    /// The box around everything; `None` for an empty city.
    pub bounds: Option<Bounds>,
    /// Districts by code.
    pub districts: Level,
    /// Subdistricts by code.
    pub subdistricts: Level,
    /// Communities by code.
    pub communities: Level,
    /// Grids by code.
    pub grids: Level,
    /// Buildings, as positions in the world's list; likewise below.
    pub buildings: Near,
    /// Compounds known by their outline.
    pub compounds: Near,
    /// Streets.
    pub streets: Near,
    /// A point inside each building, by position.
    pub building_anchors: Vec<Coord>,
    /// The point that stands for each compound, by position.
    pub compound_anchors: Vec<Coord>,
}

impl Ground {
    /// Builds all of it on every core.
    pub fn build(world: &World) -> Self {
        let bounds = world.bounds();
        let frame = Frame::at(bounds.map_or(Coord::default(), |b| b.centre()));
        let (levels, (near, anchors)) = rayon::join(
            || {
                [
                    Level::build(Layer::Districts, world.districts.iter().map(|p| (&p.code, &p.area)).collect()),
                    Level::build(Layer::Subdistricts, world.subdistricts.iter().map(|p| (&p.code, &p.area)).collect()),
                    Level::build(Layer::Communities, world.communities.iter().map(|p| (&p.code, &p.area)).collect()),
                    Level::build(Layer::Grids, world.grids.iter().map(|p| (&p.code, &p.area)).collect()),
                ]
            },
            || {
                rayon::join(
                    || {
                        let outlines = (0..).zip(world.shapes(Layer::Compounds));
                        let outlines = outlines.filter(|(_, place)| matches!(place, Shape::Area(_)));
                        let (buildings, streets) = rayon::join(
                            || Near::build((0..).zip(world.shapes(Layer::Buildings))),
                            || Near::build((0..).zip(world.shapes(Layer::Streets))),
                        );
                        [buildings, Near::build(outlines), streets]
                    },
                    || {
                        let buildings: Vec<Coord> = world.buildings.par_iter().map(|b| inside(&b.area)).collect();
                        let compounds: Vec<Coord> = world.compounds.iter().map(|c| point_of(&c.place)).collect();
                        (buildings, compounds)
                    },
                )
            },
        );
        let [districts, subdistricts, communities, grids] = levels;
        let [buildings, compounds, streets] = near;
        let (building_anchors, compound_anchors) = anchors;
        Self {
            frame,
            bounds,
            districts,
            subdistricts,
            communities,
            grids,
            buildings,
            compounds,
            streets,
            building_anchors,
            compound_anchors,
        }
    }

    /// The box that reaches so many metres each way.
    pub fn box_around(&self, at: Coord, metres: f64) -> Bounds {
        let (east, north) = self.frame.metres(at);
        Bounds {
            min: self.frame.coord(east - metres, north - metres),
            max: self.frame.coord(east + metres, north + metres),
        }
    }

    /// The four levels, largest first.
    pub fn levels(&self) -> [&Level; 4] {
        [&self.districts, &self.subdistricts, &self.communities, &self.grids]
    }
}

/// The point that stands for a geometry: itself, the middle vertex of a line, a point well inside an area.
pub fn point_of(geometry: &Geometry) -> Coord {
    match geometry {
        Geometry::Point(at) => *at,
        Geometry::Line(line) => line.0.get(line.0.len() / 2).copied().unwrap_or_default(),
        Geometry::Area(area) => inside(area),
    }
}

/// A point inside an area: its centroid where that lies inside, which is quick and looks right for the usual building;
/// else the pole of inaccessibility.
pub fn inside(area: &MultiPolygon) -> Coord {
    match area.0.as_slice() {
        [only] if only.holes.is_empty() => {
            let centre = centroid(&only.outer);
            if centre.is_some_and(|c| super::oracle::contains(area, c)) { centre } else { anchor(area) }
        }
        _ => anchor(area),
    }
    .unwrap_or_default()
}

fn centroid(ring: &crate::model::Ring) -> Option<Coord> {
    let first = *ring.0.first()?;
    let (mut x, mut y) = (0.0, 0.0);
    for (a, b) in ring.edges() {
        let rel = |c: Coord| (f64::from(c.x) - f64::from(first.x), f64::from(c.y) - f64::from(first.y));
        let ((ax, ay), (bx, by)) = (rel(a), rel(b));
        let cross = ax * by - bx * ay;
        x += (ax + bx) * cross;
        y += (ay + by) * cross;
    }
    let triple = ring.doubled_area() as f64 * 3.0;
    if triple == 0.0 {
        return None;
    }
    Some(Coord::new((f64::from(first.x) + x / triple).round() as i32, (f64::from(first.y) + y / triple).round() as i32))
}
