//! What a boundary cell stores: who may contain its points, and the edges that decide.
//!
//! A record is a run of words, its first word being `format | candidates << 2 | constants << 8 | edges << 16`:
//!
//! - **near**: candidate indices, a byte per edge (which candidates it toggles, four to a word), then the vertices of
//!   one polyline as pairs of 16-bit offsets from the cell's corner. Edges of the polyline that only lead to the next
//!   border toggle nothing. Four edges are tested at a time.
//! - **far**: the same with whole coordinates, for edges too long for 16 bits.
//! - **listed**: more than eight candidates. The number of candidates, then for each its index, `edges << 1 | constant`,
//!   and its own edges, four whole coordinates each.
//!
//! At most eight candidates, because four masks then share a word.

use super::{OUTSIDE, Raster};
use crate::index::west_of;
use crate::model::Coord;

const NEAR: u32 = 0;
const FAR: u32 = 1;
const LISTED: u32 = 2;

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

/// One if edge `a`-`b` is crossed an odd number of times on the way from `p` moved by `(e, e²)` west to the longitude
/// of the cell's west side and south from there (see the proof at [`super`]). Exact for all coordinates.
#[inline]
pub(super) fn crossed(a: Coord, b: Coord, p: Coord, west: i32) -> bool {
    let beyond = |v: Coord| v.x <= west && v.y <= p.y;
    west_of(a, b, p) ^ beyond(a) ^ beyond(b)
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
    let edges = (head >> 16) as usize;
    let masks = &words[1 + candidates..];
    let groups = edges.div_ceil(4);
    let (masks, vertices) = masks.split_at(groups);
    let (corner, px, py) = raster.corner(p);
    let toggled = if head & 3 == NEAR {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: SSE2 is part of x86-64.
        let toggled = unsafe { toggled_near_sse2(masks, vertices, px as i16, py as i16) };
        #[cfg(not(target_arch = "x86_64"))]
        let toggled = toggled_near_portable(masks, vertices, px as i16, py as i16);
        toggled
    } else {
        toggled_far(masks, vertices, p, corner.x)
    };
    constants ^ toggled
}

/// The masks of the crossed edges, combined: whole coordinates.
#[cold]
fn toggled_far(masks: &[u32], vertices: &[u32], p: Coord, west: i32) -> u32 {
    let mut toggled = 0;
    for (i, mask) in masks.iter().flat_map(|word| word.to_le_bytes()).enumerate().filter(|(_, mask)| *mask != 0) {
        let vertex = |j: usize| Coord::new(vertices[2 * j] as i32, vertices[2 * j + 1] as i32);
        if crossed(vertex(i), vertex(i + 1), p, west) {
            toggled ^= u32::from(mask);
        }
    }
    toggled
}

/// The masks of the crossed edges, combined: 16-bit offsets, four edges at a time in SSE2, which every x86-64 has.
///
/// Writing `q` for `p - v`, the turn at an edge is `qa × qb`. The encoder keeps all |q| <= 32767, so that its two
/// products sum below 2^31 and `pmaddwd` is exact.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "sse2")]
fn toggled_near_sse2(masks: &[u32], vertices: &[u32], px: i16, py: i16) -> u32 {
    use std::arch::x86_64::*;
    let load = |from: &[u32]| {
        let four: &[u32; 4] = from.first_chunk().unwrap_or(&[0; 4]);
        // SAFETY: sixteen readable bytes; this load needs no alignment.
        unsafe { _mm_loadu_si128(four.as_ptr().cast()) }
    };
    let p = _mm_set1_epi32(pack(px, py) as i32);
    let zero = _mm_setzero_si128();
    let upper_half = _mm_set1_epi32(0xffff_0000u32 as i32);
    let mut sum = zero;
    for (group, mask) in masks.iter().enumerate() {
        let vertices = &vertices[4 * group..];
        let (a, b) = (load(vertices), load(&vertices[1..]));
        // All ones where the vertex is above p, so not at most p.y.
        let a_above = _mm_srai_epi32::<16>(_mm_cmpgt_epi16(a, p));
        let b_above = _mm_srai_epi32::<16>(_mm_cmpgt_epi16(b, p));
        // Ones where it is above p or east of the cell's west side: the complement of h(v).
        let a_out = _mm_or_si128(a_above, east(a, zero));
        let b_out = _mm_or_si128(b_above, east(b, zero));
        let (qa, qb) = (_mm_sub_epi16(p, a), _mm_sub_epi16(p, b));
        // (x, -y) of qa times (y, x) of qb.
        let qa = _mm_sub_epi16(_mm_xor_si128(qa, upper_half), upper_half);
        let qb = _mm_or_si128(_mm_slli_epi32::<16>(qb), _mm_srli_epi32::<16>(qb));
        let turn = _mm_madd_epi16(qa, qb);
        // On the way up p is east of the edge where the turn is not positive, on the way down where it is not negative.
        let turn = _mm_sub_epi32(_mm_xor_si128(turn, b_above), b_above);
        let spans = _mm_xor_si128(a_above, b_above);
        let west = _mm_andnot_si128(_mm_srai_epi32::<31>(turn), spans);
        let crossed = _mm_xor_si128(west, _mm_xor_si128(a_out, b_out));
        let mask = _mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(*mask as i32), zero), zero);
        sum = _mm_xor_si128(sum, _mm_and_si128(crossed, mask));
    }
    let sum = _mm_xor_si128(sum, _mm_srli_si128::<8>(sum));
    let sum = _mm_xor_si128(sum, _mm_srli_si128::<4>(sum));
    return _mm_cvtsi128_si32(sum) as u32;

    /// All ones where x > 0.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn east(v: __m128i, zero: __m128i) -> __m128i {
        _mm_srai_epi32::<16>(_mm_slli_epi32::<16>(_mm_cmpgt_epi16(v, zero)))
    }
}

/// The same, one edge at a time.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn toggled_near_portable(masks: &[u32], vertices: &[u32], px: i16, py: i16) -> u32 {
    let vertex = |i: usize| Coord::new(i32::from(vertices[i] as i16), i32::from((vertices[i] >> 16) as i16));
    let p = Coord::new(i32::from(px), i32::from(py));
    let mut toggled = 0;
    for (i, mask) in masks.iter().flat_map(|word| word.to_le_bytes()).enumerate().filter(|(_, mask)| *mask != 0) {
        if crossed(vertex(i), vertex(i + 1), p, 0) {
            toggled ^= u32::from(mask);
        }
    }
    toggled
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

fn pack(x: i16, y: i16) -> u32 {
    u32::from(x as u16) | u32::from(y as u16) << 16
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
    /// A vertex as 16-bit offsets from the corner, if every point of the cell is within 32767 of it each way.
    fn near(&self, v: Coord) -> Option<u32> {
        let (x, y) = (i64::from(v.x) - i64::from(self.corner.x), i64::from(v.y) - i64::from(self.corner.y));
        let limit = i64::from(i16::MAX);
        let fits = |d: i64, last: i64| last <= limit && last - limit <= d && d <= limit;
        (fits(x, self.last.0) && fits(y, self.last.1)).then(|| pack(x as i16, y as i16))
    }
}

/// Appends a masked record. `candidates` are at most eight, `inside` holds those that contain the cell's corner, the edges
/// are every one that touches the cell and can tell two of its points apart. `polyline` is scratch space.
pub(super) fn write_masked(
    words: &mut Vec<u32>,
    cell: Cell,
    candidates: &[u32],
    inside: u8,
    edges: &[Edge],
    polyline: &mut (Vec<Coord>, Vec<u8>),
) {
    let (vertices, masks) = (&mut polyline.0, &mut polyline.1);
    vertices.clear();
    masks.clear();
    let mut constants = inside;
    for edge in edges {
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
    let near = vertices.iter().all(|v| cell.near(*v).is_some());
    let format = if near { NEAR } else { FAR };
    words.push(format | (candidates.len() as u32) << 2 | u32::from(constants) << 8 | (masks.len() as u32) << 16);
    words.extend(candidates);
    words.extend(masks.chunks(4).map(|four| (0..).zip(four).fold(0, |word, (i, m)| word | u32::from(*m) << (8 * i))));
    for v in vertices.iter() {
        match cell.near(*v) {
            Some(packed) if near => words.push(packed),
            _ => words.extend([v.x as u32, v.y as u32]),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn four_at_a_time_is_one_at_a_time() {
        use rand::{Rng, SeedableRng};
        let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(7);
        let last = (1 << 14) - 1;
        for round in 0..20_000 {
            // Small ranges make ties; the full range proves that nothing overflows.
            let reach = [2, 5, 100, 1 << 14][round % 4];
            let extremes = [last - 32767, last - 32766, -1, 0, 1, last, 32766, 32767];
            let edges = random.random_range(0..10usize);
            let masks: Vec<u32> = (0..edges.div_ceil(4)).map(|_| random.random()).collect();
            let mut one = |wide: bool| {
                if wide && random.random_bool(0.3) {
                    return extremes[random.random_range(0..extremes.len())] as i16;
                }
                random.random_range((-reach).max(last - 32767)..=reach) as i16
            };
            let vertices: Vec<u32> =
                (0..4 * masks.len() + 4).map(|_| pack(one(reach > 100), one(reach > 100))).collect();
            let (px, py) = (one(false).max(0), one(false).max(0));
            // SAFETY: SSE2 is part of x86-64.
            let fast = unsafe { toggled_near_sse2(&masks, &vertices, px, py) };
            assert_eq!(fast, toggled_near_portable(&masks, &vertices, px, py), "{vertices:x?} {masks:x?} {px} {py}");
        }
    }
}
