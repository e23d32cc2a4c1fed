//! Where rings cross themselves or each other, in exact integers.
//!
//! Rings may touch at single points: official outlines do, and the interior stays clear. They may not cross, and they
//! may not run along each other, except that two parts of one area may share a border from opposite sides.

use crate::model::{Coord, Ring};
use rstar::{AABB, RTree, RTreeObject};

/// How two rings are in each other's way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Clash {
    /// They cross here (longitude, latitude).
    Crossing(f64, f64),
    /// They run along each other from here, with the ground on the same side or within one ring.
    Overlap(f64, f64),
    /// Too tangled to judge within the budget of work.
    Tangled,
}

/// Fewer edges than this are compared pair by pair: building a tree costs more.
const FEW: usize = 48;
/// Pairs of edges looked at before giving up: a real outline needs a handful for each edge. A million take about a
/// hundredth of a second, so a hostile file cannot hang the reader.
const PAIRS_EACH: usize = 200;
const PAIRS_FLOOR: usize = 1_000_000;

#[derive(Clone, Copy)]
struct Edge {
    a: Coord,
    b: Coord,
    ring: u32,
    index: u32,
}

impl RTreeObject for Edge {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        // f64 holds every i32 exactly, and its areas do not overflow.
        AABB::from_corners([f64::from(self.a.x), f64::from(self.a.y)], [f64::from(self.b.x), f64::from(self.b.y)])
    }
}

/// Which side of `a`-`b` the vertex `c` lies on: positive left, negative right, zero on the line.
pub(super) fn side(a: Coord, b: Coord, c: Coord) -> i32 {
    let d = |p: i32, q: i32| i128::from(p) - i128::from(q);
    let cross = d(b.x, a.x) * d(c.y, a.y) - d(b.y, a.y) * d(c.x, a.x);
    cross.signum() as i32
}

/// The first clash between or within the rings, if any. `parts[i]` says which polygon ring `i` belongs to; rings must
/// have no equal neighbours and, for shared borders between parts to be told from overlaps, be oriented (outer rings
/// counter-clockwise).
pub(super) fn first_clash(rings: &[&Ring], parts: &[u32]) -> Option<Clash> {
    clashes(rings, parts, 1).first().map(|found| found.clash)
}

/// A clash, and the two rings that are in each other's way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub clash: Clash,
    /// Which of the rings; the same one twice when it is in its own way.
    pub rings: [u32; 2],
}

/// Up to `most` clashes between or within the rings, as [`first_clash`] judges them. A crossing in a vertex is found for
/// each pair of edges that meet there.
pub(super) fn clashes(rings: &[&Ring], parts: &[u32], most: usize) -> Vec<Found> {
    let mut edges = Vec::new();
    for (r, ring) in rings.iter().enumerate() {
        for (i, (a, b)) in ring.edges().enumerate() {
            edges.push(Edge { a, b, ring: r as u32, index: i as u32 });
        }
    }
    let mut found: Vec<Found> = Vec::new();
    let judge = |e: &Edge, f: &Edge, found: &mut Vec<Found>| {
        found.extend(pair_clash(rings, parts, e, f).map(|clash| Found { clash, rings: [e.ring, f.ring] }));
        found.len() < most
    };
    if edges.len() <= FEW {
        for (i, e) in edges.iter().enumerate() {
            for f in edges.iter().skip(i + 1) {
                if !judge(e, f, &mut found) {
                    return found;
                }
            }
        }
        return found;
    }
    let mut budget = PAIRS_FLOOR.max(edges.len().saturating_mul(PAIRS_EACH));
    let tree = RTree::bulk_load(edges.clone());
    for e in &edges {
        for f in tree.locate_in_envelope_intersecting(&e.envelope()) {
            if (f.ring, f.index) <= (e.ring, e.index) {
                continue;
            }
            if budget == 0 {
                found.push(Found { clash: Clash::Tangled, rings: [e.ring, f.ring] });
                return found;
            }
            budget -= 1;
            if !judge(e, f, &mut found) {
                return found;
            }
        }
    }
    found
}

fn pair_clash(rings: &[&Ring], parts: &[u32], e: &Edge, f: &Edge) -> Option<Clash> {
    let apart = |p: (i32, i32), q: (i32, i32)| p.0.max(p.1) < q.0.min(q.1) || q.0.max(q.1) < p.0.min(p.1);
    if apart((e.a.x, e.b.x), (f.a.x, f.b.x)) || apart((e.a.y, e.b.y), (f.a.y, f.b.y)) {
        return None;
    }
    let (fa, fb) = (side(e.a, e.b, f.a), side(e.a, e.b, f.b));
    if fa == fb && fa != 0 {
        return None;
    }
    let (ea, eb) = (side(f.a, f.b, e.a), side(f.a, f.b, e.b));
    if ea == eb && ea != 0 {
        return None;
    }
    if fa == 0 && fb == 0 {
        return overlap(parts, e, f);
    }
    if fa != 0 && fb != 0 && ea != 0 && eb != 0 {
        let at = meeting(e, f);
        return Some(Clash::Crossing(at.0, at.1));
    }
    let at = [(fa, f.a), (fb, f.b), (ea, e.a), (eb, e.b)].into_iter().find(|(s, _)| *s == 0)?.1;
    let (p, q) = (pass(rings, e, at)?, pass(rings, f, at)?);
    let same_pass = e.ring == f.ring && p == q;
    (!same_pass && passes_cross(at, p, q)).then(|| Clash::Crossing(at.lon(), at.lat()))
}

/// Edges on one line: a clash when they share a length, unless they are a border that two parts share from both sides.
fn overlap(parts: &[u32], e: &Edge, f: &Edge) -> Option<Clash> {
    let along = |c: Coord| if e.a.x == e.b.x { c.y } else { c.x };
    let (e1, e2) = (along(e.a).min(along(e.b)), along(e.a).max(along(e.b)));
    let (f1, f2) = (along(f.a).min(along(f.b)), along(f.a).max(along(f.b)));
    if e1.max(f1) >= e2.min(f2) {
        return None;
    }
    let opposite = (along(e.b) > along(e.a)) != (along(f.b) > along(f.a));
    let other_part = parts.get(e.ring as usize) != parts.get(f.ring as usize);
    if opposite && other_part {
        return None;
    }
    let start = [e.a, e.b, f.a, f.b].into_iter().find(|c| (e1.max(f1)..=e2.min(f2)).contains(&along(*c)))?;
    Some(Clash::Overlap(start.lon(), start.lat()))
}

fn meeting(e: &Edge, f: &Edge) -> (f64, f64) {
    let v = |c: Coord| (f64::from(c.x), f64::from(c.y));
    let ((ax, ay), (bx, by), (cx, cy), (dx, dy)) = (v(e.a), v(e.b), v(f.a), v(f.b));
    let denominator = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx);
    let t = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / denominator;
    ((ax + t * (bx - ax)) / crate::model::geometry::UNITS, (ay + t * (by - ay)) / crate::model::geometry::UNITS)
}

/// Where a ring comes from and goes to as it passes a point of one of its edges.
fn pass(rings: &[&Ring], edge: &Edge, at: Coord) -> Option<(Coord, Coord)> {
    let ring = &rings.get(edge.ring as usize)?.0;
    let (n, i) = (ring.len(), edge.index as usize);
    if at == edge.a {
        return Some((*ring.get((i + n - 1) % n)?, edge.b));
    }
    if at == edge.b {
        return Some((edge.a, *ring.get((i + 2) % n)?));
    }
    Some((edge.a, edge.b))
}

/// Whether two passes through a point change sides: one end of the second lies strictly within the turn from the first's
/// `from` to its `to`, the other strictly without. Ends along a common ray are overlaps and judged there.
fn passes_cross(at: Coord, first: (Coord, Coord), second: (Coord, Coord)) -> bool {
    let within = |c: Coord| strictly_between(at, first.0, first.1, c);
    let without = |c: Coord| strictly_between(at, first.1, first.0, c);
    (within(second.0) && without(second.1)) || (without(second.0) && within(second.1))
}

/// Whether the ray to `c` lies strictly within the counter-clockwise turn from the ray to `a` to the ray to `b`.
fn strictly_between(at: Coord, a: Coord, b: Coord, c: Coord) -> bool {
    let (ac, cb, ab) = (side(at, a, c), side(at, c, b), side(at, a, b));
    let reverse = |p: Coord, q: Coord| {
        let d = |u: i32, v: i32| i128::from(u) - i128::from(v);
        d(p.x, at.x) * d(q.x, at.x) + d(p.y, at.y) * d(q.y, at.y) < 0
    };
    match ab {
        1 => ac > 0 && cb > 0,
        -1 => !(side(at, b, c) >= 0 && side(at, c, a) >= 0),
        _ if reverse(a, b) => ac > 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ring(vertices: &[(i32, i32)]) -> Ring {
        Ring(vertices.iter().map(|&(x, y)| Coord::new(x, y)).collect())
    }

    fn clash(vertices: &[(i32, i32)]) -> Option<Clash> {
        first_clash(&[&ring(vertices)], &[0])
    }

    #[test]
    fn what_crosses_and_what_only_touches() {
        assert_eq!(clash(&[(0, 0), (4, 0), (4, 4), (0, 4)]), None);
        assert!(matches!(clash(&[(0, 0), (4, 4), (4, 0), (0, 4)]), Some(Clash::Crossing(..))), "bowtie");
        // Two triangles that meet in one vertex: drawn so that each keeps its side, and drawn straight through.
        assert_eq!(clash(&[(0, 0), (2, 2), (4, 0), (4, 4), (2, 2), (0, 4)]), None, "touch");
        assert!(
            matches!(clash(&[(0, 0), (2, 2), (4, 4), (4, 0), (2, 2), (0, 4)]), Some(Clash::Crossing(..))),
            "crossing at a vertex"
        );
        assert_eq!(clash(&[(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)]), None, "a vertex on an edge from one side");
        assert!(
            matches!(clash(&[(0, 0), (6, 0), (6, 2), (3, 0), (3, -2), (0, -2)]), Some(Clash::Crossing(..))),
            "through an edge at a vertex"
        );
        assert!(matches!(clash(&[(0, 0), (4, 0), (2, 0), (2, 4)]), Some(Clash::Overlap(..))), "spike");
    }

    #[test]
    fn parts_may_share_a_border_but_no_ground() {
        let west = ring(&[(0, 0), (4, 0), (4, 4), (0, 4)]);
        let east = ring(&[(4, 0), (8, 0), (8, 4), (4, 4)]);
        assert_eq!(first_clash(&[&west, &east], &[0, 1]), None);
        assert!(matches!(first_clash(&[&west, &west.clone()], &[0, 1]), Some(Clash::Overlap(..))));
        assert!(matches!(first_clash(&[&west, &east], &[0, 0]), Some(Clash::Overlap(..))));
    }

    #[test]
    fn the_whole_world_does_not_overflow() {
        let (w, h) = (1_800_000_000, 900_000_000);
        assert_eq!(clash(&[(-w, -h), (w, -h), (w, h), (-w, h)]), None);
        assert!(matches!(clash(&[(-w, -h), (w, h), (w, -h), (-w, h)]), Some(Clash::Crossing(..))));
    }

    #[test]
    fn a_hostile_ring_ends() {
        // Long parallel diagonals: every box meets every other, no edge meets another.
        let n = 30_000;
        let zigzag: Vec<(i32, i32)> = (0..n)
            .map(|i| if i % 2 == 0 { (i, 0) } else { (1_000_000 + i, 1_000_000) })
            .chain([(2_000_000, -9)])
            .collect();
        assert!(clash(&zigzag).is_none_or(|found| found == Clash::Tangled));
    }

    /// Every pair of edges, straight from the definition, for rings without touches.
    fn slow_crosses(ring: &Ring) -> bool {
        let edges: Vec<_> = ring.edges().collect();
        edges.iter().enumerate().any(|(i, &(a, b))| {
            edges[i + 1..].iter().any(|&(c, d)| side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0)
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_slow_oracle(points in proptest::collection::vec((-999i32..999, -999i32..999), 3..90)) {
            let mut vertices: Vec<Coord> = points.into_iter().map(|(x, y)| Coord::new(x, y)).collect();
            vertices.dedup();
            let ring = Ring(vertices);
            if slow_crosses(&ring) {
                prop_assert!(first_clash(&[&ring], &[0]).is_some());
            }
            let star = ring.edges().count();
            if first_clash(&[&ring], &[0]).is_none() && star > 3 {
                prop_assert!(!slow_crosses(&ring));
            }
        }
    }
}
