//! Well-known text (OGC 06-103r4), which tables hold in a column.

use super::raw::{Fault, Kind, Outline, Shape};
use wkt::Wkt;
use wkt::types::{Coord, LineString, Polygon};

/// The geometry of a text; PostGIS writes `SRID=4326;` before it.
pub(super) fn shape(text: &str) -> Shape {
    let text = text.trim();
    let body = match text.split_once(';') {
        Some((srid, body)) if srid.to_ascii_uppercase().starts_with("SRID=") => body,
        _ => text,
    };
    // The parser calls itself for each level of nesting.
    if body.bytes().filter(|b| *b == b'(').count() > MOST_BRACKETS || depth(body) > 8 {
        return faulty("its brackets are nested too deeply, or there are too many");
    }
    match body.parse::<Wkt<f64>>() {
        Ok(wkt) => outline(&wkt),
        Err(reason) => faulty(reason),
    }
}

/// Rings of one value: a million are more than any place has.
const MOST_BRACKETS: usize = 1_000_000;

fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for b in text.bytes() {
        match b {
            b'(' => now += 1,
            b')' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

fn faulty(reason: &str) -> Shape {
    let message = format!("its geometry is no well-known text: {reason}");
    Shape::Faulty(Fault::new("geometry-unknown", message, "write it as POLYGON ((x y, x y, ...)) or POINT (x y)"))
}

fn outline(wkt: &Wkt<f64>) -> Shape {
    let mut out = Outline::default();
    let position = |c: &Coord<f64>| [c.x, c.y];
    let line = |out: &mut Outline, line: &LineString<f64>| {
        out.positions.extend(line.coords().iter().map(position));
        out.lists.push(out.positions.len());
    };
    let polygon = |out: &mut Outline, polygon: &Polygon<f64>| polygon.rings().iter().for_each(|ring| line(out, ring));
    match wkt {
        Wkt::Point(point) => {
            out.kind = Kind::Point;
            out.positions.extend(point.coord().map(position));
        }
        Wkt::MultiPoint(points) => {
            out.kind = Kind::Points;
            out.positions.extend(points.points().iter().filter_map(|point| point.coord().map(position)));
            out.lists.push(out.positions.len());
        }
        Wkt::LineString(of) => {
            out.kind = Kind::Line;
            line(&mut out, of);
        }
        Wkt::MultiLineString(lines) => {
            out.kind = Kind::Lines;
            lines.line_strings().iter().for_each(|of| line(&mut out, of));
        }
        Wkt::Polygon(of) => {
            out.kind = Kind::Polygon;
            polygon(&mut out, of);
        }
        Wkt::MultiPolygon(polygons) => {
            out.kind = Kind::Polygons;
            for of in polygons.polygons() {
                polygon(&mut out, of);
                out.groups.push(out.lists.len());
            }
        }
        Wkt::GeometryCollection(_) => return Shape::Faulty(collection()),
    }
    if out.positions.is_empty() { Shape::Missing } else { Shape::Of(out) }
}

/// A collection has no one meaning as a thing of a layer.
pub(super) fn collection() -> Fault {
    let remedy = "split it into features of one kind; in QGIS: Extract/filter, Collected to single parts";
    Fault::new("geometry-collection", "a geometry collection", remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tables_hold() {
        let of = |text: &str| match shape(text) {
            Shape::Of(outline) => Ok(outline),
            Shape::Missing => Err("missing"),
            _ => Err("faulty"),
        };
        let hole = of("SRID=4326;POLYGON ((0 0, 9 0, 9 9, 0 0), (1 1, 2 1, 2 2, 1 1))").expect("a polygon");
        assert_eq!((hole.kind, hole.lists.len(), hole.positions[5]), (Kind::Polygon, 2, [2.0, 1.0]));
        let parts = of("MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)), ((20 0, 29 0, 29 9, 20 0)))").expect("two");
        assert_eq!((parts.lists.clone(), parts.groups.clone()), (vec![4, 8], vec![1, 2]));
        assert_eq!(of("POINT Z (1 2 3)").expect("a point").positions, [[1.0, 2.0]]);
        assert_eq!(of("POLYGON EMPTY"), Err("missing"));
        for bad in ["", "POLYGON ((0 0, 1", "GEOMETRYCOLLECTION (POINT (1 2))", &"(".repeat(99_999)] {
            assert_eq!(of(bad), Err("faulty"), "{bad}");
        }
    }
}
