//! GeoPackage geometry blobs: the OGC 12-128r19 header followed by ISO WKB.

use crate::model::{Coord, Geometry, Line, MultiPolygon, Polygon, Ring, Shape};

const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;

/// Writes the blob of a geometry in place of what is in `out`: little endian, EPSG:4326, with an envelope for everything
/// but points.
pub fn encode(shape: Shape<'_>, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(b"GP\0");
    let envelope = match shape {
        Shape::Point(_) => None,
        other => other.bounds(),
    };
    out.push(if envelope.is_some() { 0b0011 } else { 0b0001 });
    out.extend_from_slice(&4326_i32.to_le_bytes());
    if let Some(b) = envelope {
        for degrees in [b.min.lon(), b.max.lon(), b.min.lat(), b.max.lat()] {
            out.extend_from_slice(&degrees.to_le_bytes());
        }
    }
    match shape {
        Shape::Point(c) => {
            head(out, POINT);
            vertex(out, c);
        }
        Shape::Line(line) => {
            head(out, LINE);
            count(out, line.0.len());
            line.0.iter().for_each(|c| vertex(out, *c));
        }
        Shape::Area(area) => {
            head(out, MULTI_POLYGON);
            count(out, area.0.len());
            area.0.iter().for_each(|p| polygon(out, p));
        }
    }
}

fn head(out: &mut Vec<u8>, kind: u32) {
    out.push(1);
    out.extend_from_slice(&kind.to_le_bytes());
}

fn count(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&(n as u32).to_le_bytes());
}

fn vertex(out: &mut Vec<u8>, c: Coord) {
    out.extend_from_slice(&c.lon().to_le_bytes());
    out.extend_from_slice(&c.lat().to_le_bytes());
}

fn polygon(out: &mut Vec<u8>, polygon: &Polygon) {
    head(out, POLYGON);
    count(out, 1 + polygon.holes.len());
    for ring in polygon.rings() {
        count(out, ring.0.len() + 1);
        ring.0.iter().chain(ring.0.first()).for_each(|c| vertex(out, *c));
    }
}

/// Reads a blob that this module or another GeoPackage writer made.
///
/// # Errors
/// A sentence on what is wrong with the blob.
pub fn decode(blob: &[u8]) -> Result<Geometry, String> {
    let flags = match blob {
        [b'G', b'P', _, flags, ..] => *flags,
        _ => return Err("not a GeoPackage geometry".into()),
    };
    if flags & 0b1_0000 != 0 {
        return Err("an empty geometry".into());
    }
    let envelope = match (flags >> 1) & 0b111 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err("an envelope of unknown shape".into()),
    };
    let mut wkb = Wkb { bytes: blob.get(8 + envelope..).ok_or("cut off in its header")?, little: true };
    wkb.geometry(0)
}

struct Wkb<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Wkb<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (head, tail) = self.bytes.split_first_chunk::<N>().ok_or("cut off")?;
        self.bytes = tail;
        let mut head = *head;
        if !self.little {
            head.reverse();
        }
        Ok(head)
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    /// A count of things of at least `size` bytes each, checked against what is left so that a lie costs no memory.
    fn count(&mut self, size: usize) -> Result<usize, String> {
        let n = self.u32()? as usize;
        if n.saturating_mul(size) > self.bytes.len() { Err("cut off".into()) } else { Ok(n) }
    }

    fn head(&mut self) -> Result<(u32, usize), String> {
        self.little = self.take::<1>()? == [1];
        let kind = self.u32()?;
        // ISO adds 1000 for Z, 2000 for M, 3000 for both.
        Ok((
            kind % 1000,
            match kind / 1000 {
                0 => 2,
                1 | 2 => 3,
                3 => 4,
                _ => return Err(format!("a geometry of unknown type {kind}")),
            },
        ))
    }

    fn vertex(&mut self, dimensions: usize) -> Result<Coord, String> {
        let lon = f64::from_le_bytes(self.take()?);
        let lat = f64::from_le_bytes(self.take()?);
        for _ in 2..dimensions {
            self.take::<8>()?;
        }
        Coord::from_degrees(lon, lat).ok_or_else(|| format!("a vertex outside the world: {lon}, {lat}"))
    }

    fn vertices(&mut self, dimensions: usize) -> Result<Vec<Coord>, String> {
        let n = self.count(8 * dimensions)?;
        (0..n).map(|_| self.vertex(dimensions)).collect()
    }

    fn polygon(&mut self, dimensions: usize) -> Result<Polygon, String> {
        let n = self.count(4)?;
        let mut rings = Vec::new();
        for i in 0..n {
            let mut ring = self.vertices(dimensions)?;
            // Rounding can make neighbours equal, the closing vertex's included.
            ring.dedup();
            while ring.len() > 1 && ring.first() == ring.last() {
                ring.pop();
            }
            if ring.len() < 3 {
                return Err("a ring of fewer than three vertices".into());
            }
            let mut ring = Ring(ring);
            // Other programs leave rings as they were drawn; ours are oriented.
            if (ring.doubled_area() > 0) != (i == 0) {
                ring.0.reverse();
            }
            rings.push(ring);
        }
        let mut rings = rings.into_iter();
        let outer = rings.next().ok_or("a polygon without rings")?;
        Ok(Polygon { outer, holes: rings.collect() })
    }

    fn geometry(&mut self, depth: u8) -> Result<Geometry, String> {
        let (kind, dimensions) = self.head()?;
        match kind {
            POINT => Ok(Geometry::Point(self.vertex(dimensions)?)),
            LINE => Ok(Geometry::Line(Line(self.vertices(dimensions)?))),
            POLYGON => Ok(Geometry::Area(self.polygon(dimensions)?.into())),
            MULTI_POLYGON if depth == 0 => {
                let n = self.count(5)?;
                let mut parts = Vec::new();
                for _ in 0..n {
                    match self.geometry(1)? {
                        Geometry::Area(MultiPolygon(mut part)) => parts.append(&mut part),
                        _ => return Err("something else inside a multipolygon".into()),
                    }
                }
                Ok(Geometry::Area(MultiPolygon(parts)))
            }
            other => Err(format!("a geometry of type {other}, which no layer takes")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(geometry: &Geometry) -> Vec<u8> {
        let mut out = vec![9; 3];
        encode(geometry.into(), &mut out);
        out
    }

    #[test]
    fn every_geometry_survives() {
        let c = Coord::new;
        let square = |x: i32| Ring(vec![c(x, x), c(x + 100, x), c(x + 100, x + 100), c(x, x + 100)]);
        let mut hole = Ring(square(10).0.iter().map(|v| c(v.x / 2 + 5, v.y / 2 + 5)).collect());
        hole.0.reverse();
        let area = MultiPolygon(vec![
            Polygon { outer: square(0), holes: vec![hole] },
            Polygon { outer: square(500), holes: vec![] },
        ]);
        for geometry in [
            Geometry::Point(c(-1_799_999_999, 899_999_999)),
            Geometry::Line(Line(vec![c(1, 2), c(3, 4), c(5, 6)])),
            Geometry::Area(area),
        ] {
            assert_eq!(decode(&encoded(&geometry)), Ok(geometry));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut blob in proptest::collection::vec(any::<u8>(), 0..200), valid_head in any::<bool>()) {
            if valid_head && blob.len() > 8 {
                blob[..4].copy_from_slice(b"GP\0\x01");
            }
            let _ = decode(&blob);
        }

        #[test]
        fn units_survive_degrees(x in -1_800_000_000..=1_800_000_000_i32, y in -900_000_000..=900_000_000_i32) {
            let point = Geometry::Point(Coord::new(x, y));
            prop_assert_eq!(decode(&encoded(&point)), Ok(point));
        }
    }
}
