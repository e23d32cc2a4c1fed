//! From a place to what is there.
//!
//! [`tiling`] answers "whose place is this?" for layers whose polygons tile the ground (grids, communities), exactly and
//! at memory speed; [`border`] how far a place is from the border of its polygon and who stands on the other side;
//! [`near`] everything else (what lies within a box, nearest, crossed by a line) with an R-tree over any geometry.
//! [`oracle`] is the slow and obvious answer that tests hold against them. [`ground`] builds all of that for a world;
//! [`facts`] derives what is known about each place, with [`compounds`] matched to buildings and [`colour`]s for the map.
//!
//! All of them follow one border rule (design.md idea 5): a polygon contains `p` when it contains
//! `(p.x + e, p.y + e²)` for an infinitely small `e > 0`, by the even-odd rule over all its rings. Such a point never
//! lies on an edge between integer vertices, so polygons that tile the ground share every point out exactly once.

pub mod border;
pub mod colour;
pub mod compounds;
pub mod facts;
pub mod ground;
pub mod near;
pub mod oracle;
pub mod tiling;

pub use border::Borders;
pub use facts::{Facts, GridFacts, LevelFacts};
pub use ground::{Ground, Level, inside, point_of};
pub use near::Near;
pub use tiling::{OUTSIDE, Tiling};

use crate::model::Coord;

/// Whether edge `a`-`b` is crossed by the ray that runs west from `p` moved by `(e, e²)`. Exact for all coordinates.
///
/// The moved point is above every vertex of its own height, so a vertex on the ray counts as below it; and an edge
/// through `p` itself is to the west, because `e` outweighs `e²`.
#[inline]
pub(crate) fn west_of(a: Coord, b: Coord, p: Coord) -> bool {
    if (a.y <= p.y) == (b.y <= p.y) {
        return false;
    }
    let (lower, upper) = if a.y < b.y { (a, b) } else { (b, a) };
    if lower.x.max(upper.x) <= p.x {
        return true;
    }
    lower.x.min(upper.x) <= p.x && orientation(lower, upper, p) <= 0
}

/// Sign of the turn `a` -> `b` -> `p`: 1 to the left, -1 to the right, 0 straight. Exact for all coordinates.
#[inline]
pub(crate) fn orientation(a: Coord, b: Coord, p: Coord) -> i32 {
    let [dx, dy, qx, qy] = [(b.x, a.x), (b.y, a.y), (p.x, a.x), (p.y, a.y)].map(|(u, v)| i64::from(u) - i64::from(v));
    // Each difference has at most 33 bits and a sign, so one product may pass 63 bits: i128 has room. When all four
    // are below 2^31 in size, both products are below 2^62 and i64 has.
    const LIMIT: i64 = 1 << 31;
    if [dx, dy, qx, qy].iter().all(|d| -LIMIT < *d && *d < LIMIT) {
        return (dx * qy - dy * qx).signum() as i32;
    }
    (i128::from(dx) * i128::from(qy) - i128::from(dy) * i128::from(qx)).signum() as i32
}
