//! How far a place is from the border of its polygon, and whose the other side is.

use super::tiling::Tiling;
use crate::model::{Bounds, Coord, Frame, Metres, MultiPolygon};
use std::sync::Arc;

/// Edges to a box. A box costs about as much to rule out as an edge to measure, so that some eight edges a box leave a
/// polygon of 64 edges with as many boxes as edges in one.
const RUN: usize = 8;

/// Units to step over a border when its edge has no twin: just across, and further where neighbours leave a gap that
/// is a matter of digitising (36 cm at most).
const STEPS: [f64; 3] = [1.5, 8.0, 32.0];

/// The borders of a layer's polygons; immutable, for any number of threads.
#[derive(Debug)]
pub struct Borders {
    tiling: Arc<Tiling>,
    edges: Vec<BorderEdge>,
    /// Boxes around runs of up to [`RUN`] edges, each with its first edge; a run ends where the next begins.
    runs: Vec<(Bounds, u32)>,
    /// Where each polygon's runs begin, and where the last one's end.
    polygons: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct BorderEdge {
    a: Coord,
    b: Coord,
    /// The polygon with the same edge the other way round, or [`UNSHARED`].
    twin: u32,
}

const UNSHARED: u32 = u32::MAX;

impl Borders {
    /// Prepares the borders of the polygons that `tiling` was built from, in the same order.
    pub fn build(polygons: &[&MultiPolygon], tiling: Arc<Tiling>) -> Self {
        let mut borders = Self { tiling, edges: Vec::new(), runs: Vec::new(), polygons: vec![0] };
        let mut owners = Vec::new();
        for (i, polygon) in (0u32..).zip(polygons) {
            for ring in polygon.rings() {
                let first = borders.edges.len();
                borders.edges.extend(ring.edges().map(|(a, b)| BorderEdge { a, b, twin: UNSHARED }));
                for start in (first..borders.edges.len()).step_by(RUN) {
                    let end = borders.edges.len().min(start + RUN);
                    let vertices = borders.edges[start..end].iter().flat_map(|edge| [edge.a, edge.b]);
                    borders.runs.extend(Bounds::of(vertices).map(|bounds| (bounds, start as u32)));
                }
            }
            owners.resize(borders.edges.len(), i);
            borders.polygons.push(borders.runs.len() as u32);
        }
        borders.pair(&owners);
        borders
    }

    /// Lets every edge know the first other polygon that has it too.
    fn pair(&mut self, owners: &[u32]) {
        let mut order: Vec<u32> = (0..self.edges.len() as u32).collect();
        let key = |edge: &BorderEdge| (edge.a.min(edge.b), edge.a.max(edge.b));
        order.sort_unstable_by_key(|i| (key(&self.edges[*i as usize]), *i));
        let edges = self.edges.clone();
        for shared in order.chunk_by(|i, j| key(&edges[*i as usize]) == key(&edges[*j as usize])) {
            for i in shared {
                let own = owners[*i as usize];
                // Only the reverse lies across; the same edge the same way is an overlap, on this side.
                let across = |j: &&u32| owners[**j as usize] != own && edges[**j as usize].a == edges[*i as usize].b;
                if let Some(j) = shared.iter().find(across) {
                    self.edges[*i as usize].twin = owners[*j as usize];
                }
            }
        }
    }

    /// The distance from `p` to the nearest border of the polygon, and the polygon beyond it there, if any. `None` for
    /// a polygon without edges or an index out of range.
    ///
    /// Across a border that two polygons share edge by edge the neighbour is certain; across any other it is the first
    /// polygon that contains the point just beyond (or at most 36 cm beyond, where there is a gap).
    pub fn nearest(&self, polygon: u32, p: Coord, frame: &Frame) -> Option<(Metres, Option<u32>)> {
        let polygon_at = polygon as usize;
        let (first, last) = (*self.polygons.get(polygon_at)? as usize, *self.polygons.get(polygon_at + 1)? as usize);
        let runs = &self.runs[first..last];
        let gap = |bounds: &Bounds| {
            let nearest = Coord::new(p.x.clamp(bounds.min.x, bounds.max.x), p.y.clamp(bounds.min.y, bounds.max.y));
            frame.distance(p, nearest).0
        };
        // The nearest box first: its edges rule out most of the others.
        let (start, _) = runs.iter().map(|(bounds, _)| gap(bounds)).enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
        let mut best: Option<(f64, &BorderEdge)> = None;
        for i in std::iter::once(start).chain((0..runs.len()).filter(|i| *i != start)) {
            // A hair wider, for the rounding of distances.
            if best.is_some_and(|(least, _)| gap(&runs[i].0) > least + 1e-6) {
                continue;
            }
            let end = self.runs.get(first + i + 1).map_or(self.edges.len(), |next| next.1 as usize);
            for edge in &self.edges[runs[i].1 as usize..end] {
                let distance = frame.distance_to_segment(p, edge.a, edge.b).0;
                if best.is_none_or(|(least, _)| distance < least) {
                    best = Some((distance, edge));
                }
            }
        }
        let (distance, edge) = best?;
        let neighbour = if edge.twin == UNSHARED { self.across(polygon, p, edge) } else { Some(edge.twin) };
        Some((Metres(distance), neighbour))
    }

    /// The polygon just beyond an edge, near the place on it that is closest to `p`.
    fn across(&self, polygon: u32, p: Coord, edge: &BorderEdge) -> Option<u32> {
        let [ax, ay, bx, by, px, py] = [edge.a.x, edge.a.y, edge.b.x, edge.b.y, p.x, p.y].map(f64::from);
        let (dx, dy) = (bx - ax, by - ay);
        let length = dx.hypot(dy);
        if length == 0.0 {
            return None;
        }
        // A little away from the ends, where a third polygon may begin.
        let margin = (2.0 / length).min(0.5);
        let t = (((px - ax) * dx + (py - ay) * dy) / (length * length)).clamp(margin, 1.0 - margin);
        let (x, y) = (ax + t * dx, ay + t * dy);
        let (right_x, right_y) = (dy / length, -dx / length);
        // Rings may run either way round, so beyond is where this polygon is not.
        for step in STEPS {
            for side in [step, -step] {
                let at = Coord::new((x + side * right_x).round() as i32, (y + side * right_y).round() as i32);
                let found = self.tiling.locate_all(at);
                if !found.is_empty() && !found.contains(&polygon) {
                    return found.first().copied();
                }
            }
        }
        // An overlap: the neighbour reaches over the border from the other side.
        let at = Coord::new(x.round() as i32, y.round() as i32);
        self.tiling.locate_all(at).into_iter().find(|other| *other != polygon)
    }

    /// Bytes of memory it holds, the tiling not counted.
    pub fn bytes(&self) -> usize {
        self.edges.capacity() * size_of::<BorderEdge>()
            + self.runs.capacity() * size_of::<(Bounds, u32)>()
            + self.polygons.capacity() * size_of::<u32>()
    }
}
