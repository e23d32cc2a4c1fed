//! Well-known binary (ISO 13249-3, and the flags that PostGIS adds), alone or behind the header of a GeoPackage
//! (OGC 12-128r19): positions as they stand, in whatever datum.

use super::raw::{Fault, Kind, Outline, Shape};
use super::well_known;

const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;
const MULTI_POINT: u32 = 4;
const MULTI_LINE: u32 = 5;
const MULTI_POLYGON: u32 = 6;
const COLLECTION: u32 = 7;

/// The geometry in a cell of a GeoPackage. The memory of `used` serves again.
pub(crate) fn geopackage(blob: &[u8], used: Shape) -> Shape {
    let flags = match blob {
        [b'G', b'P', _, flags, ..] => *flags,
        _ => return Shape::Faulty(damaged("not a GeoPackage geometry")),
    };
    if flags & 0b10_0000 != 0 {
        let message = "its geometry is of an extended kind that only the program that wrote it knows";
        return Shape::Faulty(Fault::new("geometry-unknown", message, "export the layer with plain geometries"));
    }
    if flags & 0b1_0000 != 0 {
        return Shape::Missing;
    }
    let envelope = match (flags >> 1) & 0b111 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Shape::Faulty(damaged("an envelope of unknown shape")),
    };
    match blob.get(8 + envelope..) {
        Some(wkb) => shape(wkb, used),
        None => Shape::Faulty(damaged("cut off in its header")),
    }
}

/// The geometry that bytes tell.
pub(crate) fn shape(wkb: &[u8], used: Shape) -> Shape {
    let mut outline = match used {
        Shape::Of(outline) => outline,
        _ => Outline::default(),
    };
    match (Wkb { bytes: wkb, little: true }).fill(&mut outline) {
        Err(fault) => Shape::Faulty(fault),
        Ok(()) if outline.positions.is_empty() => Shape::Missing,
        Ok(()) => Shape::Of(outline),
    }
}

fn damaged(what: &str) -> Fault {
    let message = format!("its geometry is damaged: {what}");
    Fault::new("geometry-damaged", message, "draw the feature again, or export the file again")
}

struct Wkb<'b> {
    bytes: &'b [u8],
    little: bool,
}

impl Wkb<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (head, tail) = self.bytes.split_first_chunk::<N>().ok_or_else(|| damaged("cut off"))?;
        self.bytes = tail;
        let mut head = *head;
        if !self.little {
            head.reverse();
        }
        Ok(head)
    }

    fn number(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    /// A count of things of at least `size` bytes each, checked against what is left so that a lie costs no memory.
    fn count(&mut self, size: usize) -> Result<usize, Fault> {
        let n = self.number()? as usize;
        if n.saturating_mul(size) > self.bytes.len() { Err(damaged("cut off")) } else { Ok(n) }
    }

    /// The kind and how many numbers a position has.
    fn head(&mut self) -> Result<(u32, usize), Fault> {
        self.little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            _ => return Err(damaged("neither little nor big endian")),
        };
        let kind = self.number()?;
        // PostGIS sets high bits for Z, M and a reference system; ISO adds 1000, 2000 or 3000.
        let (z, m) = (kind >> 31 & 1, kind >> 30 & 1);
        if kind >> 29 & 1 == 1 {
            self.number()?;
        }
        let kind = kind & 0x1fff_ffff;
        let more = match kind / 1000 {
            0 => 0,
            1 | 2 => 1,
            3 => 2,
            _ => return Err(unknown(kind)),
        };
        Ok((kind % 1000, 2 + more.max((z + m) as usize)))
    }

    fn position(&mut self, dimensions: usize) -> Result<[f64; 2], Fault> {
        let position = [f64::from_le_bytes(self.take()?), f64::from_le_bytes(self.take()?)];
        for _ in 2..dimensions {
            self.take::<8>()?;
        }
        Ok(position)
    }

    fn list(&mut self, dimensions: usize, outline: &mut Outline) -> Result<(), Fault> {
        let n = self.count(8 * dimensions)?;
        outline.positions.reserve(n);
        for _ in 0..n {
            let position = self.position(dimensions)?;
            outline.positions.push(position);
        }
        outline.lists.push(outline.positions.len());
        Ok(())
    }

    fn rings(&mut self, dimensions: usize, outline: &mut Outline) -> Result<(), Fault> {
        for _ in 0..self.count(4)? {
            self.list(dimensions, outline)?;
        }
        Ok(())
    }

    /// The parts of a geometry of several, each with a head of its own.
    fn parts(
        &mut self,
        kind: u32,
        outline: &mut Outline,
        part: impl Fn(&mut Self, usize, &mut Outline) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for _ in 0..self.count(5)? {
            match self.head()? {
                (found, dimensions) if found == kind => part(self, dimensions, outline)?,
                (other, _) => {
                    return Err(if other > COLLECTION { unknown(other) } else { damaged("parts of another kind") });
                }
            }
        }
        Ok(())
    }

    fn point(&mut self, dimensions: usize, outline: &mut Outline) -> Result<(), Fault> {
        let position = self.position(dimensions)?;
        // An empty point is one of NaN.
        if !position.iter().all(|n| n.is_nan()) {
            outline.positions.push(position);
        }
        Ok(())
    }

    fn fill(&mut self, outline: &mut Outline) -> Result<(), Fault> {
        let (kind, dimensions) = self.head()?;
        match kind {
            POINT => {
                outline.clear(Kind::Point);
                self.point(dimensions, outline)
            }
            LINE => {
                outline.clear(Kind::Line);
                self.list(dimensions, outline)
            }
            POLYGON => {
                outline.clear(Kind::Polygon);
                self.rings(dimensions, outline)
            }
            MULTI_POINT => {
                outline.clear(Kind::Points);
                self.parts(POINT, outline, Self::point)?;
                outline.lists.push(outline.positions.len());
                Ok(())
            }
            MULTI_LINE => {
                outline.clear(Kind::Lines);
                self.parts(LINE, outline, Self::list)
            }
            MULTI_POLYGON => {
                outline.clear(Kind::Polygons);
                self.parts(POLYGON, outline, |wkb, dimensions, outline| {
                    wkb.rings(dimensions, outline)?;
                    outline.groups.push(outline.lists.len());
                    Ok(())
                })
            }
            COLLECTION => Err(well_known::collection()),
            other => Err(unknown(other)),
        }
    }
}

/// Curves, solids, and what nobody defined.
fn unknown(kind: u32) -> Fault {
    let (message, remedy) = match kind % 1000 {
        8..=14 => {
            ("its geometry has curves", "draw it with straight edges: ogr2ogr -nlt CONVERT_TO_LINEAR out.gpkg FILE")
        }
        15..=17 => ("its geometry is a solid or a net of triangles", "convert it to polygons"),
        _ => ("its geometry is of an unknown kind", "export the file again"),
    };
    Fault::new("geometry-unknown", message, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(parts: &[&[u8]]) -> Shape {
        shape(&parts.concat(), Shape::None)
    }

    /// A list of positions, big or little endian.
    fn list(little: bool, dimensions: usize, positions: &[[f64; 2]]) -> Vec<u8> {
        let n = positions.len() as u32;
        let mut out = if little { n.to_le_bytes() } else { n.to_be_bytes() }.to_vec();
        for position in positions {
            for i in 0..dimensions {
                let n = position.get(i).copied().unwrap_or(7.0);
                out.extend(if little { n.to_le_bytes() } else { n.to_be_bytes() });
            }
        }
        out
    }

    const SQUARE: [[f64; 2]; 5] = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]];

    #[test]
    fn every_kind_both_ends_and_heights() {
        let polygon = |little, kind: u32, dimensions| {
            let n = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
            [&[u8::from(little)][..], &n(kind), &n(1), &list(little, dimensions, &SQUARE)].concat()
        };
        for (little, kind, dimensions) in
            [(true, 3, 2), (false, 3, 2), (true, 1003, 3), (false, 2003, 3), (true, 3003, 4), (true, 0x8000_0003, 3)]
        {
            let Shape::Of(outline) = of(&[&polygon(little, kind, dimensions)]) else { panic!("{kind} {dimensions}") };
            assert_eq!((outline.kind, outline.positions.as_slice()), (Kind::Polygon, &SQUARE[..]), "{kind}");
        }
        let two = [&[1, 6, 0, 0, 0, 2, 0, 0, 0][..], &polygon(true, 3, 2), &polygon(false, 3, 2)];
        let Shape::Of(outline) = of(&two) else { panic!("a multipolygon") };
        assert_eq!((outline.kind, outline.lists, outline.groups), (Kind::Polygons, vec![5, 10], vec![1, 2]));
        let line = [&[1, 2, 0, 0, 0][..], &list(true, 2, &SQUARE[..2])].concat();
        let Shape::Of(outline) = of(&[&[1, 5, 0, 0, 0, 1, 0, 0, 0], &line]) else { panic!("lines") };
        assert_eq!((outline.kind, outline.lists), (Kind::Lines, vec![2]));
        let point = |x: f64| [&[1, 1, 0, 0, 0][..], &x.to_le_bytes(), &x.to_le_bytes()].concat();
        assert_eq!(of(&[&point(5.0)]), Shape::Of(Outline::point(5.0, 5.0)));
        assert_eq!(of(&[&point(f64::NAN)]), Shape::Missing);
        assert_eq!(of(&[&[1, 6, 0, 0, 0, 0, 0, 0, 0]]), Shape::Missing);
        let Shape::Of(points) = of(&[&[1, 4, 0, 0, 0, 2, 0, 0, 0], &point(1.0), &point(2.0)]) else { panic!("points") };
        assert_eq!((points.kind, points.positions.len()), (Kind::Points, 2));
    }

    #[test]
    fn what_is_refused_says_why() {
        let table: [(&[u8], &str); 7] = [
            (&[1, 10, 0, 0, 0, 0, 0, 0, 0], "geometry-unknown"),
            (&[1, 8, 0, 0, 0, 0, 0, 0, 0], "geometry-unknown"),
            (&[1, 7, 0, 0, 0, 0, 0, 0, 0], "geometry-collection"),
            (&[1, 3, 0, 0, 0, 255, 255, 255, 255], "geometry-damaged"),
            (&[1, 2, 0, 0, 0, 255, 255, 255, 127], "geometry-damaged"),
            (&[9], "geometry-damaged"),
            (&[], "geometry-damaged"),
        ];
        for (bytes, code) in table {
            assert!(matches!(of(&[bytes]), Shape::Faulty(fault) if fault.code == code), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut blob in proptest::collection::vec(any::<u8>(), 0..200), valid_head in any::<bool>()) {
            if valid_head && blob.len() > 13 {
                blob[..4].copy_from_slice(b"GP\0\x01");
                blob[8] = 1;
                blob[9] %= 18;
                blob[10..13].fill(0);
            }
            let _ = geopackage(&blob, Shape::None);
        }
    }
}
