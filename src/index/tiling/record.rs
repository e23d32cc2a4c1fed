//! What a boundary cell stores: who may contain its points, and the edges that decide.
//!
//! A record is a run of words, its first word being `format | candidates << 2 | constants << 8 | edges << 16`:
//!
//! - **near**: candidate indices, a byte per edge (which candidates it toggles, four to a word), then the vertices of
//!   one polyline as pairs of 16-bit offsets from the cell's corner. Edges of the polyline that only lead to the next
//!   border toggle nothing. Four edges are tested at a time.
//! - **wide**: the same with whole coordinates, for edges too long for 16 bits (some 300 m).
//! - **far**: the same as wide, where a vertex is so far (6.7 degrees) that doubles would not be exact.
//! - **listed**: more than eight candidates. The number of candidates, then for each its index, `edges << 1 | constant`,
//!   and its own edges, four whole coordinates each.
//!
//! At most eight candidates, because four masks then share a word.

use super::edges::{self, crossed};
use super::{OUTSIDE, Raster};
use crate::model::Coord;

const NEAR: u32 = 0;
const FAR: u32 = 1;
const LISTED: u32 = 2;
const WIDE: u32 = 3;

/// Most candidates of a record with masks.
const MASKED: usize = 8;

/// Words readable beyond the last record: groups of four edges read up to three vertices too many.
const SLACK: usize = 8;

/// An edge that passes through a cell, and the bits of the candidates that it borders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub a: Coord,
    pub b: Coord,
    pub mask: u8,
}

/// All records of a tiling, one after another.
#[derive(Debug, Default)]
pub(super) struct Records {
    words: Vec<u32>,
}

impl Records {
    pub(super) fn from_words(mut words: Vec<u32>) -> Self {
        words.reserve_exact(SLACK);
        words.extend([0; SLACK]);
        Self { words }
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u32>()
    }

    /// Asks for the cache lines of a record ahead of its use.
    #[inline]
    pub(super) fn prefetch(&self, record: u32) {
        super::prefetch(&self.words, record as usize);
        super::prefetch(&self.words, record as usize + 12);
    }

    /// The first candidate of the record that contains `p`, or [`OUTSIDE`].
    #[inline]
    pub(super) fn locate(&self, record: u32, p: Coord, raster: &Raster) -> u32 {
        let words = &self.words[record as usize..];
        if words[0] & 3 == LISTED {
            return listed(words, p, raster).next().unwrap_or(OUTSIDE);
        }
        let bits = containing(words, p, raster);
        if bits == 0 { OUTSIDE } else { words[1 + bits.trailing_zeros() as usize] }
    }

    /// Every candidate of the record that contains `p`, in ascending order.
    pub(super) fn locate_all(&self, record: u32, p: Coord, raster: &Raster) -> Vec<u32> {
        let words = &self.words[record as usize..];
        if words[0] & 3 == LISTED {
            return listed(words, p, raster).collect();
        }
        let bits = containing(words, p, raster);
        (0..MASKED).filter(|i| bits >> i & 1 == 1).map(|i| words[1 + i]).collect()
    }
}

/// The candidates of a masked record that contain `p`, a bit each.
#[inline]
fn containing(words: &[u32], p: Coord, raster: &Raster) -> u32 {
    let head = words[0];
    let candidates = (head >> 2 & 0x3f) as usize;
    let constants = head >> 8 & 0xff;
    let count = (head >> 16) as usize;
    let masks = &words[1 + candidates..];
    let groups = count.div_ceil(4);
    let (masks, vertices) = masks.split_at(groups);
    let (corner, px, py) = raster.corner(p);
    let toggled = match head & 3 {
        NEAR => edges::toggled_near(masks, vertices, px as i16, py as i16),
        WIDE => edges::toggled_wide(masks, vertices, p, corner.x),
        _ => edges::toggled_far(masks, vertices, p, corner.x),
    };
    constants ^ toggled
}

/// The candidates of a listed record that contain `p`, in ascending order.
fn listed<'a>(words: &'a [u32], p: Coord, raster: &Raster) -> impl Iterator<Item = u32> + use<'a> {
    let (corner, ..) = raster.corner(p);
    let mut rest = &words[2..];
    (0..words[1]).filter_map(move |_| {
        let (head, after) = rest.split_at(2);
        let (edges, after) = after.split_at(4 * (head[1] >> 1) as usize);
        rest = after;
        let crossings = edges.chunks_exact(4).filter(|e| {
            let [ax, ay, bx, by] = [e[0], e[1], e[2], e[3]].map(|word| word as i32);
            crossed(Coord::new(ax, ay), Coord::new(bx, by), p, corner.x)
        });
        (crossings.count() as u32 & 1 != head[1] & 1).then_some(head[0])
    })
}

/// The cell that a record is written for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// Its south-west corner.
    pub corner: Coord,
    /// Its last point east and north, in units from the corner.
    pub last: (i64, i64),
}

impl Cell {
    /// Whether every point of the cell is at most `limit` from the vertex each way, and the vertex from the corner.
    fn within(&self, v: Coord, limit: i64) -> bool {
        let (x, y) = (i64::from(v.x) - i64::from(self.corner.x), i64::from(v.y) - i64::from(self.corner.y));
        let fits = |d: i64, last: i64| last <= limit && last - limit <= d && d <= limit;
        fits(x, self.last.0) && fits(y, self.last.1)
    }
}

/// Appends a masked record. `candidates` are at most eight, `inside` holds those that contain the cell's corner, the edges
/// are every one that touches the cell and can tell two of its points apart. `polyline` is scratch space.
pub(super) fn write_masked(
    words: &mut Vec<u32>,
    cell: Cell,
    candidates: &[u32],
    inside: u8,
    borders: &[Edge],
    polyline: &mut (Vec<Coord>, Vec<u8>),
) {
    let (vertices, masks) = (&mut polyline.0, &mut polyline.1);
    vertices.clear();
    masks.clear();
    let mut constants = inside;
    for edge in borders {
        if crossed(edge.a, edge.b, cell.corner, cell.corner.x) {
            constants ^= edge.mask;
        }
        let next = match vertices.last() {
            Some(end) if *end == edge.a => edge.b,
            Some(end) if *end == edge.b => edge.a,
            end => {
                if end.is_some() {
                    masks.push(0);
                }
                vertices.push(edge.a);
                edge.b
            }
        };
        vertices.push(next);
        masks.push(edge.mask);
    }
    let within = |limit| vertices.iter().all(|v| cell.within(*v, limit));
    let format = if within(edges::NEAR_LIMIT) {
        NEAR
    } else if within(edges::WIDE_LIMIT) {
        WIDE
    } else {
        FAR
    };
    words.push(format | (candidates.len() as u32) << 2 | u32::from(constants) << 8 | (masks.len() as u32) << 16);
    words.extend(candidates);
    words.extend(masks.chunks(4).map(|four| (0..).zip(four).fold(0, |word, (i, m)| word | u32::from(*m) << (8 * i))));
    for v in vertices.iter() {
        if format == NEAR {
            words.push(edges::pack(v.x.wrapping_sub(cell.corner.x) as i16, v.y.wrapping_sub(cell.corner.y) as i16));
        } else {
            words.extend([v.x as u32, v.y as u32]);
        }
    }
}

/// Whether a masked record can hold this many candidates and edges (each edge may need one more to lead to it).
pub(super) fn fits_masked(candidates: usize, edges: usize) -> bool {
    candidates <= MASKED && edges < (1 << 15)
}

/// Begins a listed record.
pub(super) fn write_listed(words: &mut Vec<u32>, candidates: usize) {
    words.extend([LISTED, candidates as u32]);
}

/// Appends a candidate of a listed record: its edges that touch the cell, and whether it contains the cell's corner.
pub(super) fn write_candidate(
    words: &mut Vec<u32>,
    cell: Cell,
    polygon: u32,
    inside: bool,
    edges: impl Iterator<Item = (Coord, Coord)>,
) {
    let head = words.len();
    words.extend([polygon, 0]);
    let mut constant = inside;
    let mut count = 0u32;
    for (a, b) in edges {
        constant ^= crossed(a, b, cell.corner, cell.corner.x);
        words.extend([a.x, a.y, b.x, b.y].map(|v| v as u32));
        count += 1;
    }
    words[head + 1] = count << 1 | u32::from(constant);
}
