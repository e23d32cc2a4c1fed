//! What lies within a box, nearest to a place, under it or across a line: an R-tree over geometry of any kind.
//!
//! The tree (`rstar`) knows boxes only; whatever it proposes is decided here on the integers, except distances, which
//! are metres in a local [`Frame`].

use super::{orientation, west_of};
use crate::model::{Bounds, Coord, Frame, Line, Metres, Shape as Place};
use rstar::{AABB, PointDistance, RTree, RTreeObject};
use std::ops::Range;

/// Geometries with ids, immutable, for any number of threads. An id may stand for several geometries; answers name
/// it once.
#[derive(Debug)]
pub struct Near {
    tree: RTree<Boxed>,
    shapes: Vec<Shape>,
    /// Where each ring or polyline ends among the vertices.
    ends: Vec<u32>,
    vertices: Vec<Coord>,
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    id: u32,
    kind: Kind,
    /// Its first ring and the one after its last.
    rings: (u32, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Point,
    Line,
    Area,
}

/// A leaf of the tree. Doubles hold every coordinate and, up to rounding of the last digit, every squared distance;
/// 32-bit integers would overflow in the tree's own sums.
#[derive(Clone, Copy, Debug)]
struct Boxed {
    bounds: AABB<[f64; 2]>,
    shape: u32,
}

impl RTreeObject for Boxed {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.bounds
    }
}

impl PointDistance for Boxed {
    fn distance_2(&self, point: &[f64; 2]) -> f64 {
        self.bounds.distance_2(point)
    }
}

impl Near {
    /// Copies the geometries; empty ones are left out.
    pub fn build<'a, S: Into<Place<'a>>>(items: impl Iterator<Item = (u32, S)>) -> Self {
        let mut near = Self { tree: RTree::new(), shapes: Vec::new(), ends: Vec::new(), vertices: Vec::new() };
        let mut boxes = Vec::new();
        for (id, geometry) in items {
            let geometry: Place<'_> = geometry.into();
            let Some(bounds) = geometry.bounds() else { continue };
            boxes.push(Boxed { bounds: envelope(bounds), shape: near.shapes.len() as u32 });
            let first = near.ends.len() as u32;
            let kind = match geometry {
                Place::Point(c) => near.copy(&[c], Kind::Point),
                Place::Line(line) => near.copy(&line.0, Kind::Line),
                Place::Area(area) => {
                    for ring in area.rings() {
                        near.copy(&ring.0, Kind::Area);
                    }
                    Kind::Area
                }
            };
            near.shapes.push(Shape { id, kind, rings: (first, near.ends.len() as u32) });
        }
        near.tree = RTree::bulk_load(boxes);
        near
    }

    fn copy(&mut self, vertices: &[Coord], kind: Kind) -> Kind {
        self.vertices.extend(vertices);
        self.ends.push(self.vertices.len() as u32);
        kind
    }

    /// Ids whose box touches these bounds, ascending.
    pub fn within(&self, bounds: Bounds) -> impl Iterator<Item = u32> + use<> {
        let found = self.tree.locate_in_envelope_intersecting(&envelope(bounds));
        ascending(found.map(|boxed| self.shapes[boxed.shape as usize].id).collect()).into_iter()
    }

    /// The lowest id of an area that contains `p` under the border rule; exact.
    pub fn containing(&self, p: Coord) -> Option<u32> {
        let at = [f64::from(p.x), f64::from(p.y)];
        let shapes = self.tree.locate_in_envelope_intersecting(&AABB::from_point(at)).map(|boxed| self.shape(boxed));
        let mut best = None;
        for shape in shapes.filter(|shape| shape.kind == Kind::Area) {
            if best.is_none_or(|best| shape.id < best) && self.contains(shape, p) {
                best = Some(shape.id);
            }
        }
        best
    }

    /// The nearest point, line or area (zero from inside it) at most `max` away; of several as near the lowest id. All
    /// that is within `max` is measured, which suits a street's width or a courtyard better than a queue of boxes would.
    pub fn nearest(&self, p: Coord, frame: &Frame, max: Metres) -> Option<(u32, Metres)> {
        let origin = Coord::default();
        // Units are shorter in one direction than in the other; the shorter one bounds all from below. The last
        // factor covers rounding.
        let unit = |step: Coord| frame.distance(origin, step).0 / 1e6;
        let shortest = unit(Coord::new(1_000_000, 0)).min(unit(Coord::new(0, 1_000_000))) * (1.0 - 1e-9);
        let reach = max.0 / shortest;
        let mut best: Option<(f64, u32)> = None;
        for boxed in self.tree.locate_within_distance([f64::from(p.x), f64::from(p.y)], reach * reach) {
            let shape = self.shape(boxed);
            let found = (self.distance(shape, p, frame), shape.id);
            if found.0 <= max.0 && best.is_none_or(|best| found < best) {
                best = Some(found);
            }
        }
        best.map(|(distance, id)| (id, Metres(distance)))
    }

    /// Ids of everything that shares a point with the line, ascending: points on it, lines that cross or touch it, areas
    /// that it crosses, touches or lies in. Exact.
    pub fn crossing(&self, line: &Line) -> Vec<u32> {
        let mut found = Vec::new();
        let only = line.0.first().filter(|_| line.0.len() == 1).map(|c| (*c, *c));
        for (a, b) in line.0.windows(2).map(|w| (w[0], w[1])).chain(only) {
            let Some(bounds) = Bounds::of([a, b]) else { continue };
            for boxed in self.tree.locate_in_envelope_intersecting(&envelope(bounds)) {
                let shape = self.shape(boxed);
                let met = self.segments(shape).any(|(c, d)| meet(a, b, c, d));
                if met || shape.kind == Kind::Area && self.contains(shape, a) {
                    found.push(shape.id);
                }
            }
        }
        ascending(found)
    }

    /// How many geometries it holds.
    pub fn len(&self) -> usize {
        self.shapes.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.shapes.is_empty()
    }

    fn shape(&self, boxed: &Boxed) -> Shape {
        self.shapes[boxed.shape as usize]
    }

    fn rings(&self, shape: Shape) -> impl Iterator<Item = &[Coord]> {
        let start = |ring: u32| if ring == 0 { 0 } else { self.ends[ring as usize - 1] as usize };
        let rings: Range<u32> = shape.rings.0..shape.rings.1;
        rings.map(move |ring| &self.vertices[start(ring)..self.ends[ring as usize] as usize])
    }

    /// Its edges; a point is an edge from itself to itself.
    fn segments(&self, shape: Shape) -> impl Iterator<Item = (Coord, Coord)> {
        self.rings(shape).flat_map(move |ring| {
            let single = ring.len() == 1;
            let closing = (single || shape.kind == Kind::Area).then(|| ring.last().zip(ring.first())).flatten();
            closing.map(|(a, b)| (*a, *b)).into_iter().chain(ring.windows(2).map(|w| (w[0], w[1])))
        })
    }

    fn contains(&self, area: Shape, p: Coord) -> bool {
        self.segments(area).filter(|(a, b)| west_of(*a, *b, p)).count() % 2 == 1
    }

    fn distance(&self, shape: Shape, p: Coord, frame: &Frame) -> f64 {
        if shape.kind == Kind::Area && self.contains(shape, p) {
            return 0.0;
        }
        let distances = self.segments(shape).map(|(a, b)| frame.distance_to_segment(p, a, b).0);
        distances.fold(f64::INFINITY, f64::min)
    }
}

fn envelope(bounds: Bounds) -> AABB<[f64; 2]> {
    let corner = |c: Coord| [f64::from(c.x), f64::from(c.y)];
    AABB::from_corners(corner(bounds.min), corner(bounds.max))
}

fn ascending(mut ids: Vec<u32>) -> Vec<u32> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whether two closed segments share a point. Exact; either may be a single point.
fn meet(a: Coord, b: Coord, c: Coord, d: Coord) -> bool {
    let boxes = Bounds::of([a, b]).zip(Bounds::of([c, d]));
    if !boxes.is_some_and(|(ab, cd)| ab.touches(&cd)) {
        return false;
    }
    // The ends of each lie on both sides of the other's line or on it; on one line the boxes decide.
    orientation(a, b, c) * orientation(a, b, d) <= 0 && orientation(c, d, a) * orientation(c, d, b) <= 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Geometry, Polygon};

    fn at(x: i32, y: i32) -> Coord {
        Coord::new(x, y)
    }

    fn square(x: i32, y: i32, side: i32) -> Geometry {
        let corners = vec![at(x, y), at(x + side, y), at(x + side, y + side), at(x, y + side)];
        Geometry::Area(Polygon::simple(corners).into())
    }

    /// Two squares side by side (5, 3), a point (9) in the right one, and a slanting road (1) over both.
    fn town() -> Near {
        let items = [
            (5, square(0, 0, 100)),
            (3, square(100, 0, 100)),
            (9, Geometry::Point(at(150, 50))),
            (1, Geometry::Line(Line(vec![at(-50, 150), at(250, 90)]))),
            (7, Geometry::Line(Line::default())),
        ];
        Near::build(items.iter().map(|(id, geometry)| (*id, geometry)))
    }

    #[test]
    fn boxes_touch_with_their_borders() {
        let bounds = |x, y, side| Bounds { min: at(x, y), max: at(x + side, y + side) };
        let town = town();
        assert_eq!(town.len(), 4);
        assert_eq!(town.within(bounds(100, 10, 10)).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(town.within(bounds(120, 20, 80)).collect::<Vec<_>>(), [1, 3, 9]);
        assert_eq!(town.within(bounds(300, 300, 80)).count(), 0);
    }

    #[test]
    fn a_shared_border_belongs_to_the_east() {
        let town = town();
        let cases = [((99, 50), Some(5)), ((100, 50), Some(3)), ((200, 50), None), ((0, 0), Some(5)), ((0, 100), None)];
        for ((x, y), expected) in cases {
            assert_eq!(town.containing(at(x, y)), expected, "at {x} {y}");
        }
    }

    #[test]
    fn nearest_is_measured_to_the_shape_and_not_to_its_box() {
        let frame = Frame::at(at(0, 0));
        let town = town();
        let metre = 1.0 / frame.distance(at(0, 0), at(1, 0)).0;
        // In the road's box, yet the square's corner is nearer than the road.
        assert_eq!(town.nearest(at(-10, 110), &frame, Metres(100.0)).map(|(id, _)| id), Some(5));
        assert_eq!(town.nearest(at(20, 20), &frame, Metres(0.0)), Some((5, Metres(0.0))));
        let (id, distance) = town.nearest(at(230, 50), &frame, Metres(10.0)).expect("something near");
        assert_eq!(id, 3);
        assert!((distance.0 * metre - 30.0).abs() < 1e-6, "{distance}");
        assert_eq!(town.nearest(at(230_000, 50), &frame, Metres(10.0)), None);
    }

    #[test]
    fn a_line_crosses_what_it_shares_a_point_with() {
        let town = town();
        let across = |line: &[(i32, i32)]| town.crossing(&Line(line.iter().map(|(x, y)| at(*x, *y)).collect()));
        assert_eq!(across(&[(10, 10), (20, 20)]), [5], "within");
        assert_eq!(across(&[(150, 40), (150, 60)]), [3, 9], "over the point");
        assert_eq!(across(&[(-10, 100), (0, 100)]), [5], "touches a corner");
        assert_eq!(across(&[(-20, 300), (100, 0), (120, -10)]), [1, 3, 5]);
        assert_eq!(across(&[(150, 50)]), [3, 9], "one vertex");
        assert_eq!(across(&[]), [0u32; 0]);
    }

    #[test]
    fn segments_meet_exactly() {
        let far = i32::MAX;
        assert!(meet(at(-far, -far), at(far, far), at(-far, far), at(far, -far)));
        assert!(!meet(at(-far, -far), at(far, far), at(0, 1), at(far - 1, far)));
        assert!(meet(at(0, 0), at(4, 4), at(2, 2), at(9, 9)));
        assert!(!meet(at(0, 0), at(4, 4), at(5, 5), at(9, 9)));
        assert!(meet(at(3, 3), at(3, 3), at(0, 0), at(9, 9)));
        assert!(!meet(at(3, 4), at(3, 4), at(0, 0), at(9, 9)));
    }
}
