//! Cutting rings and lines at a box, on integers.
//!
//! A cut is computed from the edge's smaller end whichever way it runs, so that two neighbours get the same vertex.

/// A vertex in tile units.
pub(super) type Point = [i64; 2];

/// The least and the most that a coordinate may be, on both axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub lo: i64,
    pub hi: i64,
}

impl Window {
    /// Whether all of a box (west, north, east, south) lies inside.
    pub fn holds(&self, b: [i64; 4]) -> bool {
        b[0] >= self.lo && b[1] >= self.lo && b[2] <= self.hi && b[3] <= self.hi
    }

    /// Whether a box lies wholly beyond one side.
    pub fn misses(&self, b: [i64; 4]) -> bool {
        b[2] < self.lo || b[3] < self.lo || b[0] > self.hi || b[1] > self.hi
    }
}

/// One side of the window: everything with `sign * (coordinate - limit) <= 0` is inside.
#[derive(Clone, Copy)]
struct Plane {
    axis: usize,
    limit: i64,
    sign: i64,
}

fn planes(window: Window) -> [Plane; 4] {
    [
        Plane { axis: 0, limit: window.lo, sign: -1 },
        Plane { axis: 1, limit: window.lo, sign: -1 },
        Plane { axis: 0, limit: window.hi, sign: 1 },
        Plane { axis: 1, limit: window.hi, sign: 1 },
    ]
}

impl Plane {
    fn holds(self, p: Point) -> bool {
        self.sign * (p[self.axis] - self.limit) <= 0
    }

    /// Where the edge meets the plane, rounded half up.
    fn cut(self, p: Point, q: Point) -> Point {
        let (a, b) = if p < q { (p, q) } else { (q, p) };
        let other = 1 - self.axis;
        let (mut whole, mut part) = (b[self.axis] - a[self.axis], self.limit - a[self.axis]);
        if whole < 0 {
            (whole, part) = (-whole, -part);
        }
        let (whole, part) = (i128::from(whole), i128::from(part));
        let run = i128::from(b[other] - a[other]);
        let off = if whole == 0 { 0 } else { (2 * run * part + whole).div_euclid(2 * whole) };
        let mut cut = [0; 2];
        cut[self.axis] = self.limit;
        cut[other] = a[other] + off as i64;
        cut
    }
}

/// Cuts a closed ring (Sutherland and Hodgman 1974); what was outside runs along the window's sides. `spare` is scratch.
pub(super) fn ring(points: &mut Vec<Point>, spare: &mut Vec<Point>, window: Window) {
    for plane in planes(window) {
        spare.clear();
        let Some(&last) = points.last() else { return };
        let (mut previous, mut was_inside) = (last, plane.holds(last));
        for &point in points.iter() {
            let inside = plane.holds(point);
            if inside != was_inside {
                push(spare, plane.cut(previous, point));
            }
            if inside {
                push(spare, point);
            }
            (previous, was_inside) = (point, inside);
        }
        std::mem::swap(points, spare);
    }
}

/// The part of a segment inside the window.
fn segment(mut p: Point, mut q: Point, window: Window) -> Option<(Point, Point)> {
    for plane in planes(window) {
        match (plane.holds(p), plane.holds(q)) {
            (true, true) => {}
            (true, false) => q = plane.cut(p, q),
            (false, true) => p = plane.cut(p, q),
            (false, false) => return None,
        }
    }
    Some((p, q))
}

/// Cuts a line into the runs inside the window, each handed to `run` with at least two distinct vertices in a row.
pub(super) fn line(points: &[Point], window: Window, mut run: impl FnMut(&[Point])) {
    let mut part: Vec<Point> = Vec::with_capacity(points.len());
    let mut emit = |part: &mut Vec<Point>| {
        part.dedup();
        if part.len() > 1 {
            run(part);
        }
        part.clear();
    };
    for pair in points.windows(2) {
        let Some((p, q)) = segment(pair[0], pair[1], window) else {
            emit(&mut part);
            continue;
        };
        if part.last() != Some(&p) {
            emit(&mut part);
            part.push(p);
        }
        part.push(q);
        if q != pair[1] {
            emit(&mut part);
        }
    }
    emit(&mut part);
}

/// Adds a vertex to a ring unless it repeats the last one; a spike (there and straight back) is taken off.
#[inline]
pub(super) fn push(points: &mut Vec<Point>, point: Point) {
    match points.as_slice() {
        [.., last] if *last == point => {}
        [.., before, _] if *before == point => {
            points.pop();
        }
        _ => points.push(point),
    }
}

/// Does for the place where the ring closes what [`push`] does for the rest; what is left has at least three vertices
/// or none.
pub(super) fn close(points: &mut Vec<Point>) {
    let (mut start, mut end) = (0, points.len());
    while end - start > 1 {
        if points[start] == points[end - 1] {
            end -= 1;
        } else if points[end - 2] == points[start] {
            end -= 2;
        } else if points[end - 1] == points[start + 1] {
            start += 1;
            end -= 1;
        } else {
            break;
        }
    }
    points.truncate(end);
    points.drain(..start);
    if points.len() < 3 {
        points.clear();
    }
}

/// Twice the signed area of a ring within a window, positive when clockwise on a screen (y grows downwards).
pub(super) fn doubled_area(points: &[Point]) -> i64 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return 0 };
    let part = |a: &Point, b: &Point| a[0] * b[1] - b[0] * a[1];
    points.windows(2).map(|pair| part(&pair[0], &pair[1])).sum::<i64>() + part(last, first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WINDOW: Window = Window { lo: -10, hi: 110 };

    #[test]
    fn tidy_rings() {
        let table: [(&[Point], &[Point]); 5] = [
            (&[[0, 0], [0, 0], [5, 0], [5, 5]], &[[0, 0], [5, 0], [5, 5]]),
            (&[[0, 0], [5, 0], [9, 0], [5, 0], [5, 5], [0, 0]], &[[0, 0], [5, 0], [5, 5]]),
            (&[[9, 9], [0, 0], [5, 0], [5, 5], [0, 0]], &[[0, 0], [5, 0], [5, 5]]),
            (&[[0, 0], [5, 0], [0, 0]], &[]),
            (&[], &[]),
        ];
        for (given, expected) in table {
            let mut points = Vec::new();
            given.iter().for_each(|&point| push(&mut points, point));
            close(&mut points);
            assert_eq!(points, expected, "{given:?}");
        }
    }

    #[test]
    fn lines_are_cut_into_runs() {
        let mut runs = Vec::new();
        let zigzag = [[-50, 0], [50, 0], [50, 300], [60, 300], [60, 50], [60, 60]];
        line(&zigzag, WINDOW, |run| runs.push(run.to_vec()));
        assert_eq!(runs, [vec![[-10, 0], [50, 0], [50, 110]], vec![[60, 110], [60, 50], [60, 60]]]);
        line(&[[0, 500], [500, 0]], WINDOW, |run| panic!("{run:?}"));
    }

    proptest! {
        /// Against a scan: the area of a triangle inside the window, summed over columns of the window.
        #[test]
        fn a_cut_triangle_has_the_area_of_the_intersection(c in prop::array::uniform6(-300i64..400)) {
            let mut points = vec![[c[0], c[1]], [c[2], c[3]], [c[4], c[5]]];
            let whole = points.clone();
            ring(&mut points, &mut Vec::new(), WINDOW);
            prop_assert!(points.iter().flatten().all(|v| (WINDOW.lo..=WINDOW.hi).contains(v)));
            let cut = doubled_area(&points) as f64 / 2.0;
            // 20 columns in each unit, the chord at the middle of each clipped to the window.
            let mut area = 0.0;
            for column in 0..120 * 20 {
                let x = WINDOW.lo as f64 + (f64::from(column) + 0.5) / 20.0;
                let mut ys: Vec<f64> = Vec::new();
                for i in 0..3 {
                    let (p, q) = (whole[i], whole[(i + 1) % 3]);
                    let (px, py, qx, qy) = (p[0] as f64, p[1] as f64, q[0] as f64, q[1] as f64);
                    if (px > x) != (qx > x) {
                        ys.push(((qy - py) * (x - px) / (qx - px) + py).clamp(WINDOW.lo as f64, WINDOW.hi as f64));
                    }
                }
                if ys.len() == 2 {
                    area += (ys[0] - ys[1]).abs() / 20.0;
                }
            }
            // Each of at most six cuts moves by half a unit over an edge of at most 170.
            prop_assert!((cut.abs() - area).abs() < 200.0, "{} {}", cut, area);
            prop_assert!(cut == 0.0 || (cut > 0.0) == (doubled_area(&whole) > 0));
        }
    }
}
