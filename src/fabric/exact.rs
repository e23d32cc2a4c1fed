//! Exact predicates on integer vertices.

use crate::model::Coord;

/// Twice the area of the triangle `o`, `a`, `b`; positive when it turns left.
pub(super) fn cross(o: Coord, a: Coord, b: Coord) -> i128 {
    let (ax, ay) = difference(o, a);
    let (bx, by) = difference(o, b);
    i128::from(ax) * i128::from(by) - i128::from(ay) * i128::from(bx)
}

/// The inner product of `a - o` and `b - o`.
pub(super) fn dot(o: Coord, a: Coord, b: Coord) -> i128 {
    let (ax, ay) = difference(o, a);
    let (bx, by) = difference(o, b);
    i128::from(ax) * i128::from(bx) + i128::from(ay) * i128::from(by)
}

/// `to - from`, which does not fit an `i32`.
pub(super) fn difference(from: Coord, to: Coord) -> (i64, i64) {
    (i64::from(to.x) - i64::from(from.x), i64::from(to.y) - i64::from(from.y))
}

/// Where a vertex lies against a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Inside,
    Border,
    Outside,
}

/// Even-odd, exact; `edges` are those of one or several rings.
pub(super) fn side(p: Coord, edges: impl Iterator<Item = (Coord, Coord)>) -> Side {
    let mut inside = false;
    for (a, b) in edges {
        if (a.y > p.y) == (b.y > p.y) {
            // Only a level edge can hold the point now, or an end of the edge.
            let level = a.y == p.y && b.y == p.y && a.x.min(b.x) <= p.x && p.x <= a.x.max(b.x);
            if level || a == p || b == p {
                return Side::Border;
            }
            continue;
        }
        let turn = cross(a, b, p);
        if turn == 0 {
            return Side::Border;
        }
        if (turn > 0) == (b.y > a.y) {
            inside = !inside;
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ring;

    #[test]
    fn sides_of_a_triangle() {
        let ring = Ring(vec![Coord::new(0, 0), Coord::new(10, 0), Coord::new(0, 10)]);
        let table = [
            ((1, 1), Side::Inside),
            ((5, 5), Side::Border),
            ((0, 0), Side::Border),
            ((3, 0), Side::Border),
            ((0, 10), Side::Border),
            ((-1, 0), Side::Outside),
            ((11, 0), Side::Outside),
            ((6, 5), Side::Outside),
            ((-1, 10), Side::Outside),
        ];
        for ((x, y), expected) in table {
            assert_eq!(side(Coord::new(x, y), ring.edges()), expected, "{x} {y}");
        }
    }
}
