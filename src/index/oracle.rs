//! The slow, obvious lookup that tests and benches hold against the fast ones: every polygon, every edge, the border
//! rule written as it is defined, in 128-bit integers. It shares no code with the index.

use crate::model::{Coord, MultiPolygon};

/// The first polygon that contains `p` under the border rule (see [`super`]), as an index into `polygons`.
pub fn locate(polygons: &[&MultiPolygon], p: Coord) -> Option<u32> {
    (0u32..).zip(polygons).find(|(_, polygon)| contains(polygon, p)).map(|(i, _)| i)
}

/// Every polygon that contains `p`, in ascending order.
pub fn locate_all(polygons: &[&MultiPolygon], p: Coord) -> Vec<u32> {
    (0u32..).zip(polygons).filter(|(_, polygon)| contains(polygon, p)).map(|(i, _)| i).collect()
}

/// Whether the polygon contains `p` moved by `(e, e²)`: an odd number of edges is crossed on the way west from there.
pub fn contains(polygon: &MultiPolygon, p: Coord) -> bool {
    let crossed = polygon.rings().flat_map(|ring| ring.edges()).filter(|(a, b)| {
        let (low, high) = if a.y < b.y { (a, b) } else { (b, a) };
        // y + e² lies between the ends: low.y < y + e² < high.y.
        if !(low.y <= p.y && p.y < high.y) {
            return false;
        }
        // The edge meets that height at x = low.x + (high.x - low.x)(y - low.y) / (high.y - low.y), up to e², and
        // this is west of p.x + e when it is at most p.x. Multiplied by the height, which is positive.
        let [lx, ly, hx, hy, x, y] = [low.x, low.y, high.x, high.y, p.x, p.y].map(i128::from);
        lx * (hy - ly) + (hx - lx) * (y - ly) <= x * (hy - ly)
    });
    crossed.count() % 2 == 1
}
