//! Geometries as well-known text (OGC 06-103r4), which tables carry in a column: exactly the integers of the model.

use super::geojson::degrees;
use crate::model::{Coord, Geometry, Polygon, Ring};

/// `POINT (104.1 30.2)`, `LINESTRING (…)`, `POLYGON ((…), (…))` or `MULTIPOLYGON (((…)), …)`.
pub fn wkt(geometry: &Geometry) -> String {
    let mut text = String::new();
    match geometry {
        Geometry::Point(at) => {
            text.push_str("POINT (");
            vertex(&mut text, *at);
            text.push(')');
        }
        Geometry::Line(line) => {
            text.push_str("LINESTRING ");
            list(&mut text, &line.0, |text, c| vertex(text, *c));
        }
        Geometry::Area(area) => match area.0.as_slice() {
            [only] => {
                text.push_str("POLYGON ");
                polygon(&mut text, only);
            }
            parts => {
                text.push_str("MULTIPOLYGON ");
                list(&mut text, parts, polygon);
            }
        },
    }
    text
}

fn polygon(text: &mut String, polygon: &Polygon) {
    list(text, polygon.rings(), ring);
}

fn ring(text: &mut String, ring: &Ring) {
    list(text, ring.0.iter().chain(ring.0.first()), |text, c| vertex(text, *c));
}

fn list<T>(text: &mut String, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut String, T)) {
    text.push('(');
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        each(text, item);
    }
    text.push(')');
}

fn vertex(text: &mut String, at: Coord) {
    text.push_str(&degrees(at.x));
    text.push(' ');
    text.push_str(&degrees(at.y));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Line, MultiPolygon};

    #[test]
    fn as_the_standard_writes_it() {
        let c = |x: i32, y: i32| Coord::new(x * 10_000_000, y * 10_000_000);
        let triangle = |x: i32| Ring(vec![c(x, 0), c(x + 3, 0), c(x, 3)]);
        let holed = Polygon { outer: triangle(0), holes: vec![Ring(vec![c(1, 1), Coord::new(-5, 1), c(1, 0)])] };
        let plain = Polygon { outer: triangle(9), holes: vec![] };
        let cases = [
            (Geometry::Point(Coord::new(1_043_978_940, -5)), "POINT (104.397894 -0.0000005)"),
            (Geometry::Line(Line(vec![c(0, 1), c(2, 3)])), "LINESTRING (0 1, 2 3)"),
            (
                Geometry::Area(holed.clone().into()),
                "POLYGON ((0 0, 3 0, 0 3, 0 0), (1 1, -0.0000005 0.0000001, 1 0, 1 1))",
            ),
            (
                Geometry::Area(MultiPolygon(vec![holed, plain])),
                "MULTIPOLYGON (((0 0, 3 0, 0 3, 0 0), (1 1, -0.0000005 0.0000001, 1 0, 1 1)), ((9 0, 12 0, 9 3, 9 0)))",
            ),
        ];
        for (geometry, text) in cases {
            assert_eq!(wkt(&geometry), text);
        }
    }
}
