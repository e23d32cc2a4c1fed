//! Where to write a name: the place inside an area that is farthest from its border.

use super::exact::{Side, cross, side};
use crate::model::{Coord, Frame, MultiPolygon, Polygon, Ring};
use std::collections::BinaryHeap;

/// How near the answer comes to the best distance from the border, as a part of the area's smaller extent: a label that
/// could stand a few metres better in a grid of 200 is not worth the time.
const PRECISION: f64 = 0.04;

/// Cells looked at before settling for the best so far; jagged grids need 30 to 80.
const CELLS: usize = 2000;

/// The pole of inaccessibility of the largest part, strictly inside it: a quadtree search that halves the most
/// promising cell (the idea of Mapbox's polylabel), on metres. The same area always gives the same vertex. `None` when
/// the area has no vertex of whole units strictly inside.
pub fn anchor(area: &MultiPolygon) -> Option<Coord> {
    let size = |polygon: &Polygon| polygon.rings().map(Ring::doubled_area).sum::<i128>();
    // The first of the largest: `max_by_key` would take the last.
    let largest = area.0.iter().reduce(|best, next| if size(next) > size(best) { next } else { best })?;
    let inside = |c: &Coord| side(*c, largest.rings().flat_map(Ring::edges)) == Side::Inside;
    pole(largest).filter(inside).or_else(|| middle_of_widest_chord(largest).filter(inside))
}

/// A square cell of the search.
struct Cell {
    /// No place of the cell is farther from the border than this.
    bound: f64,
    x: f64,
    y: f64,
    half: f64,
    /// From the centre to the border; negative outside.
    distance: f64,
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Cell {}
impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Cell {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Ties go west, then south, so that the order of insertion never matters.
        self.bound.total_cmp(&other.bound).then(other.x.total_cmp(&self.x)).then(other.y.total_cmp(&self.y))
    }
}

fn pole(polygon: &Polygon) -> Option<Coord> {
    let bounds = MultiPolygon(vec![polygon.clone()]).bounds()?;
    let frame = Frame::at(bounds.centre());
    let edges: Vec<Edge> = polygon
        .rings()
        .flat_map(Ring::edges)
        .map(|(a, b)| {
            let ((x, y), (bx, by)) = (frame.metres(a), frame.metres(b));
            let (dx, dy) = (bx - x, by - y);
            let length = dx * dx + dy * dy;
            Edge { x, y, dx, dy, inverse: if length > 0.0 { 1.0 / length } else { 0.0 } }
        })
        .collect();
    let ((west, south), (east, north)) = (frame.metres(bounds.min), frame.metres(bounds.max));
    let (width, height) = (east - west, north - south);
    let size = width.min(height);
    if size <= 0.0 {
        return None;
    }
    let cell = |x: f64, y: f64, half: f64| {
        let distance = signed_distance(&edges, x, y);
        Cell { bound: distance + half * std::f64::consts::SQRT_2, x, y, half, distance }
    };
    // A long thin area starts from a bounded number of squares.
    let side = size.max(width.max(height) / 64.0);
    let mut queue = BinaryHeap::new();
    let mut best = cell(west + width / 2.0, south + height / 2.0, 0.0);
    let (columns, rows) = ((width / side).ceil() as usize, (height / side).ceil() as usize);
    for column in 0..columns.max(1) {
        for row in 0..rows.max(1) {
            queue.push(cell(west + (column as f64 + 0.5) * side, south + (row as f64 + 0.5) * side, side / 2.0));
        }
    }
    let precision = PRECISION * size;
    for _ in 0..CELLS {
        let Some(next) = queue.pop() else { break };
        if next.bound - best.distance <= precision && best.distance > 0.0 {
            break;
        }
        let half = next.half / 2.0;
        for (dx, dy) in [(-half, -half), (half, -half), (-half, half), (half, half)] {
            queue.push(cell(next.x + dx, next.y + dy, half));
        }
        if next.distance > best.distance {
            best = next;
        }
    }
    Some(frame.coord(best.x, best.y))
}

/// An edge in metres: its start, its direction, and one over its squared length.
struct Edge {
    x: f64,
    y: f64,
    dx: f64,
    dy: f64,
    inverse: f64,
}

/// Distance to the nearest edge; negative outside (even-odd).
fn signed_distance(edges: &[Edge], x: f64, y: f64) -> f64 {
    let (mut inside, mut least) = (false, f64::INFINITY);
    for edge in edges {
        let (px, py) = (x - edge.x, y - edge.y);
        // Left of the crossing with the level through the point: px < dx py / dy, without the division.
        let crosses = (py < 0.0) != (edge.dy - py > 0.0);
        inside ^= crosses && (px * edge.dy < edge.dx * py) == (edge.dy > 0.0);
        let t = ((px * edge.dx + py * edge.dy) * edge.inverse).clamp(0.0, 1.0);
        let (ox, oy) = (px - t * edge.dx, py - t * edge.dy);
        least = least.min(ox * ox + oy * oy);
    }
    if inside { least.sqrt() } else { -least.sqrt() }
}

/// For slivers that no cell centre fell into: the middle of the widest level chord at a vertex's height or one beside.
fn middle_of_widest_chord(polygon: &Polygon) -> Option<Coord> {
    let mut best: Option<(i64, Coord)> = None;
    let mut levels: Vec<i32> = polygon
        .rings()
        .flat_map(|ring| &ring.0)
        .flat_map(|c| [c.y.saturating_sub(1), c.y, c.y.saturating_add(1)])
        .collect();
    levels.sort_unstable();
    levels.dedup();
    // Enough levels to meet any sliver worth a label, whatever the number of its vertices.
    let step = levels.len().div_ceil(1000).max(1);
    for y in levels.into_iter().step_by(step) {
        // Where the level crosses the border: the last whole x left of it or on it, and the first right of it.
        let mut crossings: Vec<(i64, i64)> = polygon
            .rings()
            .flat_map(Ring::edges)
            .filter(|(a, b)| (a.y > y) != (b.y > y))
            .map(|(a, b)| {
                let (a, b) = if a.y < b.y { (a, b) } else { (b, a) };
                // x = a.x + dx (y - a.y) / dy, from the cross product with a point on the level at a.x.
                let dy = i128::from(b.y) - i128::from(a.y);
                let part = cross(a, b, Coord::new(a.x, y));
                let floor = part.div_euclid(dy) as i64 + i64::from(a.x);
                (floor, if part.rem_euclid(dy) == 0 { floor } else { floor + 1 })
            })
            .collect();
        crossings.sort_unstable();
        for pair in crossings.chunks_exact(2) {
            // Strictly between the two.
            let (from, to) = (pair[0].0 + 1, pair[1].1 - 1);
            let middle = Coord::new((from + (to - from) / 2) as i32, y);
            let strict = || side(middle, polygon.rings().flat_map(Ring::edges)) == Side::Inside;
            if from <= to && best.is_none_or(|(width, _)| to - from > width) && strict() {
                best = Some((to - from, middle));
            }
        }
    }
    best.map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(rings: &[&[(i32, i32)]]) -> MultiPolygon {
        let ring = |r: &&[(i32, i32)]| Ring(r.iter().map(|&(x, y)| Coord::new(x, y)).collect());
        Polygon { outer: ring(&rings[0]), holes: rings[1..].iter().map(ring).collect() }.into()
    }

    #[test]
    fn the_middle_of_a_square_and_the_wide_end_of_a_wedge() {
        let square = anchor(&area(&[&[(0, 0), (1000, 0), (1000, 1000), (0, 1000)]])).expect("inside");
        assert!((square.x - 500).abs() < 30 && (square.y - 500).abs() < 30, "{square:?}");
        let wedge = anchor(&area(&[&[(0, 0), (3000, -500), (3000, 500)]])).expect("inside");
        assert!(wedge.x > 2000, "{wedge:?}");
        // A courtyard in the middle pushes the label out of it.
        let hole: &[(i32, i32)] = &[(200, 200), (200, 800), (800, 800), (800, 200)];
        let court = area(&[&[(0, 0), (1000, 0), (1000, 1000), (0, 1000)], hole]);
        let at = anchor(&court).expect("inside");
        assert_eq!(side(at, court.rings().flat_map(Ring::edges)), Side::Inside);
    }

    #[test]
    fn slivers() {
        assert_eq!(anchor(&area(&[&[(0, 0), (1, 0), (1, 1), (0, 1)]])), None);
        assert_eq!(anchor(&area(&[&[(0, 0), (2, 0), (2, 2), (0, 2)]])), Some(Coord::new(1, 1)));
        let thin = area(&[&[(0, 0), (100_000, 50_000), (100_000, 50_003)]]);
        let at = anchor(&thin).expect("inside");
        assert_eq!(side(at, thin.rings().flat_map(Ring::edges)), Side::Inside);
        assert_eq!(anchor(&MultiPolygon::default()), None);
    }
}
