//! Plane geometry in metres around the city's centre: just what laying out streets and houses needs.

use std::ops::{Add, Mul, Sub};

/// A place or a vector, metres east and north.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct P {
    /// East.
    pub x: f64,
    /// North.
    pub y: f64,
}

/// Short for a place.
pub const fn p(x: f64, y: f64) -> P {
    P { x, y }
}

impl Add for P {
    type Output = P;
    fn add(self, o: P) -> P {
        p(self.x + o.x, self.y + o.y)
    }
}
impl Sub for P {
    type Output = P;
    fn sub(self, o: P) -> P {
        p(self.x - o.x, self.y - o.y)
    }
}
impl Mul<f64> for P {
    type Output = P;
    fn mul(self, k: f64) -> P {
        p(self.x * k, self.y * k)
    }
}

impl P {
    /// Length. Not by `hypot`, whose last bit may differ between machines, and which took a quarter of all the time.
    pub fn len(self) -> f64 {
        self.dot(self).sqrt()
    }
    /// The same direction with length one; east for a null vector.
    pub fn unit(self) -> P {
        let length = self.len();
        if length < 1e-9 { p(1.0, 0.0) } else { self * (1.0 / length) }
    }
    /// Inner product.
    pub fn dot(self, o: P) -> f64 {
        self.x * o.x + self.y * o.y
    }
    /// Outer product: positive when `o` lies to the left.
    pub fn cross(self, o: P) -> f64 {
        self.x * o.y - self.y * o.x
    }
    /// A quarter turn to the left.
    pub fn left(self) -> P {
        p(-self.y, self.x)
    }
    /// Turned counter-clockwise, radians.
    pub fn turn(self, angle: f64) -> P {
        let (sin, cos) = angle.sin_cos();
        p(self.x * cos - self.y * sin, self.x * sin + self.y * cos)
    }
    /// Between two places.
    pub fn towards(self, o: P, t: f64) -> P {
        self + (o - self) * t
    }
    /// Compass bearing of the vector, degrees clockwise from north in 0..360.
    pub fn bearing(self) -> f64 {
        self.x.atan2(self.y).to_degrees().rem_euclid(360.0)
    }
}

/// Signed area of a ring, positive counter-clockwise.
pub fn area(ring: &[P]) -> f64 {
    let n = ring.len();
    (0..n).map(|i| ring[i].cross(ring[(i + 1) % n])).sum::<f64>() / 2.0
}

/// Centre of gravity of a ring.
pub fn centroid(ring: &[P]) -> P {
    let n = ring.len();
    let (mut sum, mut doubled) = (p(0.0, 0.0), 0.0);
    for i in 0..n {
        let (a, b) = (ring[i] - ring[0], ring[(i + 1) % n] - ring[0]);
        let c = a.cross(b);
        sum = sum + (a + b) * c;
        doubled += c;
    }
    if doubled.abs() < 1e-6 { ring[0] } else { ring[0] + sum * (1.0 / (3.0 * doubled)) }
}

/// Whether a place lies inside a ring (even-odd).
pub fn inside(ring: &[P], at: P) -> bool {
    let n = ring.len();
    let mut odd = false;
    for i in 0..n {
        let (a, b) = (ring[i], ring[(i + 1) % n]);
        if (a.y > at.y) != (b.y > at.y) && at.x < a.x + (b.x - a.x) * (at.y - a.y) / (b.y - a.y) {
            odd = !odd;
        }
    }
    odd
}

/// Distance from a place to a segment.
pub fn to_segment(at: P, a: P, b: P) -> f64 {
    (at - nearest(at, a, b)).len()
}

/// The place on a segment nearest to another.
pub fn nearest(at: P, a: P, b: P) -> P {
    let d = b - a;
    let length = d.dot(d);
    if length < 1e-12 { a } else { a + d * ((at - a).dot(d) / length).clamp(0.0, 1.0) }
}

/// Whether two segments cross or touch. Collinear ones count as crossing even when they lie apart: what asks here only
/// wants to keep its distance.
pub fn cross(a: P, b: P, c: P, d: P) -> bool {
    let side = |a: P, b: P, c: P| (b - a).cross(c - a);
    side(a, b, c) * side(a, b, d) <= 0.0 && side(c, d, a) * side(c, d, b) <= 0.0
}

/// Distance between two segments.
pub fn between(a: P, b: P, c: P, d: P) -> f64 {
    if cross(a, b, c, d) {
        return 0.0;
    }
    to_segment(a, c, d).min(to_segment(b, c, d)).min(to_segment(c, a, b)).min(to_segment(d, a, b))
}

/// A turned frame: an origin, and the unit vector of its first axis.
#[derive(Clone, Copy, Debug)]
pub struct Axes {
    /// Where (0, 0) lies.
    pub origin: P,
    /// The first axis; the second is a quarter turn to its left.
    pub along: P,
}

impl Axes {
    /// From the frame to the plane.
    pub fn out(&self, x: f64, y: f64) -> P {
        self.origin + self.along * x + self.along.left() * y
    }
    /// From the plane to the frame.
    pub fn local(&self, at: P) -> P {
        let d = at - self.origin;
        p(d.dot(self.along), d.dot(self.along.left()))
    }
    /// The box around a ring in this frame: lower and upper corner.
    pub fn extent(&self, ring: &[P]) -> (P, P) {
        let mut lo = p(f64::MAX, f64::MAX);
        let mut hi = p(f64::MIN, f64::MIN);
        for &at in ring {
            let q = self.local(at);
            lo = p(lo.x.min(q.x), lo.y.min(q.y));
            hi = p(hi.x.max(q.x), hi.y.max(q.y));
        }
        (lo, hi)
    }
}

/// The frame along a ring's smallest box, first axis along the box's longer side.
pub fn smallest_box(ring: &[P]) -> (Axes, P, P) {
    let n = ring.len();
    let mut best: Option<(f64, Axes, P, P)> = None;
    for i in 0..n {
        let edge = ring[(i + 1) % n] - ring[i];
        if edge.len() < 12.0 && best.is_some() {
            continue;
        }
        let axes = Axes { origin: ring[i], along: edge.unit() };
        let (lo, hi) = axes.extent(ring);
        let size = (hi.x - lo.x) * (hi.y - lo.y);
        if best.as_ref().is_none_or(|(least, ..)| size < *least) {
            best = Some((size, axes, lo, hi));
        }
    }
    let (axes, lo, hi) =
        best.map_or((Axes { origin: p(0.0, 0.0), along: p(1.0, 0.0) }, p(0.0, 0.0), p(0.0, 0.0)), |b| (b.1, b.2, b.3));
    if hi.x - lo.x >= hi.y - lo.y {
        return (axes, lo, hi);
    }
    let turned = Axes { origin: axes.origin, along: axes.along.left() };
    let (lo, hi) = turned.extent(ring);
    (turned, lo, hi)
}

/// Whether two convex polygons come closer than a gap: separating axes over both polygons' edges.
pub fn convex_near(a: &[P], b: &[P], gap: f64) -> bool {
    let apart = |one: &[P], other: &[P]| {
        let n = one.len();
        (0..n).any(|i| {
            let outward = (one[(i + 1) % n] - one[i]).unit().left() * -1.0;
            let edge = outward.dot(one[i]);
            other.iter().all(|&at| outward.dot(at) > edge + gap)
        })
    };
    !apart(a, b) && !apart(b, a)
}

/// A ring moved inward, each edge by its own distance; `None` where the ring is too tight for it.
pub fn inset(ring: &[P], by: &[f64]) -> Option<Vec<P>> {
    // Nearly collinear vertices would meet far away, so they are dropped first (keeping the larger distance).
    let n = ring.len();
    let mut kept: Vec<(P, f64)> = Vec::with_capacity(n);
    for i in 0..n {
        let (before, at, after) = (ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n]);
        let bend = (at - before).unit().cross((after - at).unit()).abs();
        let equal = (by[(i + n - 1) % n] - by[i]).abs() < 0.5;
        if bend > 0.02 || (!equal && bend > 0.005) {
            kept.push((at, by[i]));
        }
    }
    let m = kept.len();
    if m < 3 {
        return None;
    }
    let mut out = Vec::with_capacity(m);
    for i in 0..m {
        let ((a, da), (b, db), (c, _)) = (kept[(i + m - 1) % m], kept[i], kept[(i + 1) % m]);
        let (d1, d2) = ((b - a).unit(), (c - b).unit());
        let (p1, p2) = (b + d1.left() * da, b + d2.left() * db);
        let turn = d1.cross(d2);
        if turn.abs() < 0.1 {
            out.push(b + d1.left() * da.max(db));
            continue;
        }
        let t = (p2 - p1).cross(d2) / turn;
        out.push(p1 + d1 * t);
    }
    let whole = (0..m).all(|i| {
        let along = kept[(i + 1) % m].0 - kept[i].0;
        (out[(i + 1) % m] - out[i]).dot(along) > 0.0 && inside(ring, out[i])
    });
    let crossed =
        (0..m).any(|i| (i + 2..m).any(|j| (j + 1) % m != i && cross(out[i], out[i + 1], out[j], out[(j + 1) % m])));
    (whole && !crossed && area(&out) > 0.0).then_some(out)
}

/// The convex hull, counter-clockwise (Andrew's monotone chain).
pub fn hull(points: &[P]) -> Vec<P> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let half = |points: &mut dyn Iterator<Item = P>| {
        let mut chain: Vec<P> = Vec::new();
        for at in points {
            while let [.., a, b] = chain[..] {
                if (b - a).cross(at - b) > 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(at);
        }
        chain.pop();
        chain
    };
    let mut lower = half(&mut sorted.iter().copied());
    lower.extend(half(&mut sorted.iter().rev().copied()));
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insets_shrink_and_tight_rings_are_refused() {
        let square = [p(0.0, 0.0), p(10.0, 0.0), p(10.0, 10.0), p(0.0, 10.0)];
        let inner = inset(&square, &[1.0, 2.0, 1.0, 2.0]).expect("wide enough");
        assert!((area(&inner) - 8.0 * 6.0).abs() < 1e-9);
        assert!(inset(&square, &[6.0; 4]).is_none());
    }

    #[test]
    fn convex_shapes_are_near_within_their_gap_only() {
        let square = |x: f64| [p(x, 0.0), p(x + 1.0, 0.0), p(x + 1.0, 1.0), p(x, 1.0)];
        assert!(convex_near(&square(0.0), &square(2.0), 1.5));
        assert!(!convex_near(&square(0.0), &square(2.0), 0.5));
        assert!(inside(&square(0.0), p(0.5, 0.5)) && !inside(&square(0.0), p(1.5, 0.5)));
    }

    #[test]
    fn bearings_run_clockwise_from_north() {
        let bearing = |x, y| p(x, y).bearing().round();
        assert_eq!(
            [bearing(0.0, 1.0), bearing(1.0, 0.0), bearing(0.0, -1.0), bearing(-1.0, 0.0)],
            [0.0, 90.0, 180.0, 270.0]
        );
    }
}
