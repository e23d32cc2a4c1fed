//! GeoJSON (RFC 7946), one feature a line, WGS 84, seven decimals: exactly the integers of the model.

use super::{ID, Progress, tell};
use crate::model::{Coord, Geometry, Layer, Record, Ring, Value, World};
use std::io::{self, Write};

/// Writes a layer as a FeatureCollection.
///
/// # Errors
/// Whatever the sink or the progress says.
pub fn layer(out: &mut impl Write, world: &World, layer: Layer, progress: Progress<'_>) -> io::Result<()> {
    write!(out, "{{\"type\":\"FeatureCollection\",\"name\":\"{layer}\",\"features\":[")?;
    let all = world.count(layer) as u64;
    for (record, done) in world.records(layer).zip(0..) {
        tell(progress, done, all)?;
        out.write_all(if done == 0 { b"\n" } else { b",\n" })?;
        feature(out, layer, &record)?;
    }
    out.write_all(b"\n]}\n")
}

/// Writes one feature with its id and the fields that are known.
///
/// # Errors
/// Whatever the sink says.
pub fn feature(out: &mut impl Write, layer: Layer, record: &Record) -> io::Result<()> {
    write!(out, "{{\"type\":\"Feature\",\"id\":{},\"properties\":{{\"{ID}\":{}", record.id, record.id)?;
    for (field, value) in layer.fields().iter().zip(&record.values).filter(|(_, value)| **value != Value::Null) {
        write!(out, ",\"{}\":", field.name)?;
        serde_json::to_writer(&mut *out, value)?;
    }
    out.write_all(b"},\"geometry\":")?;
    geometry(out, &record.geometry)?;
    out.write_all(b"}")
}

/// Writes a geometry alone.
///
/// # Errors
/// Whatever the sink says.
pub fn geometry(out: &mut impl Write, geometry: &Geometry) -> io::Result<()> {
    match geometry {
        Geometry::Point(at) => {
            out.write_all(b"{\"type\":\"Point\",\"coordinates\":")?;
            position(out, *at)?;
        }
        Geometry::Line(line) => {
            out.write_all(b"{\"type\":\"LineString\",\"coordinates\":")?;
            positions(out, line.0.iter())?;
        }
        Geometry::Area(area) => match area.0.as_slice() {
            [only] => {
                out.write_all(b"{\"type\":\"Polygon\",\"coordinates\":")?;
                rings(out, only.rings())?;
            }
            parts => {
                out.write_all(b"{\"type\":\"MultiPolygon\",\"coordinates\":")?;
                list(out, parts.iter(), |out, part| rings(out, part.rings()))?;
            }
        },
    }
    out.write_all(b"}")
}

fn rings<'a>(out: &mut impl Write, rings: impl Iterator<Item = &'a Ring>) -> io::Result<()> {
    list(out, rings, |out, ring| positions(out, ring.0.iter().chain(ring.0.first())))
}

fn positions<'a>(out: &mut impl Write, coords: impl Iterator<Item = &'a Coord>) -> io::Result<()> {
    list(out, coords, |out, c| position(out, *c))
}

fn list<W: Write, T>(
    out: &mut W,
    items: impl Iterator<Item = T>,
    mut each: impl FnMut(&mut W, T) -> io::Result<()>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        each(out, item)?;
    }
    out.write_all(b"]")
}

fn position(out: &mut impl Write, at: Coord) -> io::Result<()> {
    write!(out, "[{},{}]", degrees(at.x), degrees(at.y))
}

/// `1043978940` -> `104.397894`, without passing through a float.
pub fn degrees(units: i32) -> String {
    let (sign, size) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
    let (whole, rest) = (size / 10_000_000, size % 10_000_000);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{rest:07}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::degrees;

    #[test]
    fn degrees_are_written_as_the_integers_are() {
        let cases = [
            (1_043_978_940, "104.397894"),
            (-5, "-0.0000005"),
            (10_000_000, "1"),
            (0, "0"),
            (-1_799_999_999, "-179.9999999"),
        ];
        for (units, text) in cases {
            assert_eq!(degrees(units), text);
        }
    }
}
