//! The shapes of a shapefile, record by record. Lengths and counts are checked against what the file holds before
//! anything is allocated by them.

use crate::read::bundle::{Body, ReadSeek};
use crate::read::detect::unreadable;
use crate::read::raw::{Fault, Kind, Outline, Shape};
use std::io::SeekFrom;

/// The head of the file.
const HEAD: u64 = 100;
/// A record longer than this is no place.
const MOST_RECORD: u64 = 1 << 28;

/// A `.shp` file.
pub(super) struct Shapes {
    body: Body,
    size: u64,
    /// Records in the file, the last half one not counted.
    pub count: u64,
}

impl Shapes {
    /// Looks at the head and counts the records.
    pub fn open(body: &Body, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Self, Fault> {
        let size = body.size().map_err(|error| unreadable(&error))?;
        let magic = body.head(4).map_err(|error| unreadable(&error))?;
        if magic != [0, 0, 0x27, 0x0a] {
            let message = "the .shp does not begin as shapefiles do";
            return Err(Fault::new("shapefile-damaged", message, "copy or export it again"));
        }
        if size < HEAD {
            return Err(cut(0));
        }
        let mut shapes = Self { body: body.clone(), size, count: 0 };
        let mut reader = shapes.read()?;
        // Whatever breaks off is told when the shapes themselves are read.
        while let Ok(Some(length)) = reader.record() {
            if reader.input.seek_relative(length as i64).is_err() {
                break;
            }
            reader.at += length;
            shapes.count += 1;
            if shapes.count.is_multiple_of(4096) {
                progress(reader.at, size);
            }
        }
        Ok(shapes)
    }

    /// From the first record.
    pub fn read(&self) -> Result<Reader, Fault> {
        let mut input = self.body.open().map_err(|error| unreadable(&error))?;
        input.seek(SeekFrom::Start(HEAD)).map_err(|error| unreadable(&error))?;
        Ok(Reader { input, at: HEAD, size: self.size, record: Vec::new(), number: 0 })
    }
}

/// A place in the file.
pub(super) struct Reader {
    input: Box<dyn ReadSeek>,
    at: u64,
    size: u64,
    record: Vec<u8>,
    number: u64,
}

impl Reader {
    /// The next shape; `false` at the end.
    pub fn next(&mut self, shape: &mut Shape) -> Result<bool, Fault> {
        let Some(length) = self.record()? else { return Ok(false) };
        self.number += 1;
        self.record.resize(length as usize, 0);
        self.input.read_exact(&mut self.record).map_err(|error| unreadable(&error))?;
        self.at += length;
        let mut outline = match std::mem::take(shape) {
            Shape::Of(outline) => outline,
            _ => Outline::default(),
        };
        *shape = match fill(&self.record, &mut outline) {
            Ok(true) => Shape::Of(outline),
            Ok(false) => Shape::Missing,
            Err(fault) => Shape::Faulty(fault),
        };
        Ok(true)
    }

    /// The length of the record that begins here.
    fn record(&mut self) -> Result<Option<u64>, Fault> {
        // A few bytes behind the last record are padding.
        if self.size - self.at < 8 {
            return if self.size - self.at == 0 || self.number > 0 { Ok(None) } else { Err(cut(self.number)) };
        }
        let mut head = [0; 8];
        self.input.read_exact(&mut head).map_err(|error| unreadable(&error))?;
        self.at += 8;
        let [_, _, _, _, words @ ..] = head;
        let length = 2 * u64::from(u32::from_be_bytes(words));
        if !(4..=MOST_RECORD).contains(&length) {
            let message = format!("record {} of the .shp says that it is {length} bytes long", self.number + 1);
            return Err(Fault::new("shapefile-damaged", message, "copy or export the file again"));
        }
        if length > self.size - self.at {
            return Err(cut(self.number));
        }
        Ok(Some(length))
    }
}

fn cut(whole: u64) -> Fault {
    let message = format!("the .shp ends in the middle, after {whole} whole records");
    Fault::new("file-truncated", message, "the file is cut short: copy or export it again")
}

/// What is left of a record.
struct Bytes<'r>(&'r [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn position(&mut self) -> Option<[f64; 2]> {
        Some([f64::from_le_bytes(self.take()?), f64::from_le_bytes(self.take()?)])
    }

    /// A count of things of `size` bytes each, which must still be there.
    fn count(&mut self, size: usize) -> Option<usize> {
        let n = self.number()? as usize;
        (n.checked_mul(size)? <= self.0.len()).then_some(n)
    }
}

/// Reads the record of one shape; `false` for none. Heights and measures, which stand behind the positions, are not
/// looked at.
fn fill(record: &[u8], outline: &mut Outline) -> Result<bool, Fault> {
    let mut bytes = Bytes(record);
    let kind = bytes.number().unwrap_or(u32::MAX);
    let damaged = || {
        let message = "its record is too short for the numbers that it announces";
        Fault::new("shape-damaged", message, "draw it again, or export the file again")
    };
    match kind {
        0 => return Ok(false),
        1 | 11 | 21 => {
            outline.clear(Kind::Point);
            outline.positions.push(bytes.position().ok_or_else(damaged)?);
        }
        8 | 18 | 28 => {
            outline.clear(Kind::Points);
            points(&mut bytes, outline).ok_or_else(damaged)?;
        }
        3 | 13 | 23 => {
            outline.clear(Kind::Lines);
            parts(&mut bytes, outline).ok_or_else(damaged)?;
        }
        5 | 15 | 25 => {
            outline.clear(Kind::Rings);
            parts(&mut bytes, outline).ok_or_else(damaged)?;
        }
        31 => {
            let message = "a MultiPatch, the surface of a solid";
            let remedy = "convert it to polygons; in ArcGIS: Multipatch Footprint";
            return Err(Fault::new("geometry-unknown", message, remedy));
        }
        other => {
            let message = format!("shape type {other} is unknown");
            return Err(Fault::new("geometry-unknown", message, "export the file again"));
        }
    }
    Ok(!outline.positions.is_empty())
}

fn points(bytes: &mut Bytes<'_>, outline: &mut Outline) -> Option<()> {
    bytes.take::<32>()?;
    let n = bytes.count(16)?;
    for _ in 0..n {
        outline.positions.push(bytes.position()?);
    }
    outline.lists.push(n);
    Some(())
}

fn parts(bytes: &mut Bytes<'_>, outline: &mut Outline) -> Option<()> {
    bytes.take::<32>()?;
    let lists = bytes.count(4)?;
    let n = bytes.number()? as usize;
    for i in 0..lists {
        let start = bytes.number()? as usize;
        match outline.lists.last() {
            None if i == 0 && start == 0 => {}
            last if start >= last.copied().unwrap_or(0) && start <= n && i > 0 => {}
            _ => return None,
        }
        if i > 0 {
            outline.lists.push(start);
        }
    }
    if n.checked_mul(16)? > bytes.0.len() || (lists == 0 && n > 0) {
        return None;
    }
    if lists > 0 {
        outline.lists.push(n);
    }
    for _ in 0..n {
        outline.positions.push(bytes.position()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u32, starts: &[u32], positions: &[[f64; 2]], tail: usize) -> Vec<u8> {
        let mut out = kind.to_le_bytes().to_vec();
        out.extend([0; 32]);
        if kind % 10 != 8 {
            out.extend((starts.len() as u32).to_le_bytes());
        }
        out.extend((positions.len() as u32).to_le_bytes());
        starts.iter().for_each(|start| out.extend(start.to_le_bytes()));
        positions.iter().flatten().for_each(|n| out.extend(n.to_le_bytes()));
        out.resize(out.len() + tail, 0);
        out
    }

    #[test]
    fn every_kind_of_shape() {
        let five = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [5.0, 5.0], [6.0, 6.0]];
        let table = [
            (record(3, &[0], &five, 0), Kind::Lines, vec![5]),
            (record(13, &[0, 3], &five, 56), Kind::Lines, vec![3, 5]),
            (record(25, &[0, 3], &five, 0), Kind::Rings, vec![3, 5]),
            (record(18, &[], &five, 56), Kind::Points, vec![5]),
        ];
        for (bytes, kind, lists) in table {
            let mut outline = Outline::default();
            assert_eq!(fill(&bytes, &mut outline), Ok(true));
            assert_eq!((outline.kind, outline.lists, outline.positions.as_slice()), (kind, lists, &five[..]));
        }
        let mut point = 11_u32.to_le_bytes().to_vec();
        [7.0_f64, 8.0, 9.0, 0.0].iter().for_each(|n| point.extend(n.to_le_bytes()));
        let mut outline = Outline::default();
        assert_eq!(fill(&point, &mut outline), Ok(true));
        assert_eq!(outline, Outline::point(7.0, 8.0));
        assert_eq!(fill(&[0; 4], &mut outline), Ok(false), "a null shape");
        assert_eq!(fill(&record(5, &[], &[], 0), &mut outline), Ok(false), "a polygon without rings");
    }

    #[test]
    fn counts_that_lie_are_damage() {
        let mut lies = record(5, &[0], &[[0.0, 0.0]], 0);
        lies[36..40].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut many = record(5, &[0], &[[0.0, 0.0]], 0);
        many[40..44].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
        let backwards = record(5, &[0, 3, 1], &[[0.0, 0.0]; 4], 0);
        let late = record(5, &[2], &[[0.0, 0.0]; 4], 0);
        for bytes in [lies, many, backwards, late, record(5, &[0, 9], &[[0.0, 0.0]; 4], 0)] {
            let code = fill(&bytes, &mut Outline::default()).map_err(|fault| fault.code);
            assert_eq!(code, Err("shape-damaged"), "{bytes:?}");
        }
        for kind in [31, 77] {
            let code = fill(&record(kind, &[0], &[[0.0, 0.0]], 0), &mut Outline::default()).map_err(|fault| fault.code);
            assert_eq!(code, Err("geometry-unknown"));
        }
    }
}
