//! Which edges of a record are crossed: the inner loops.
//!
//! Each takes masks, four to a word, and a polyline with one vertex more than edges, and combines the masks of the
//! edges that the path of `p` crosses an odd number of times (the proof is at [`super`]). All give the same answers; they
//! differ in what coordinates they can take. On x86-64 two of them test four edges at a time in SSE2, which every
//! such processor has; vertices beyond the last edge may be read then and must not matter, so masks end in zeros.

use crate::index::west_of;
use crate::model::Coord;

/// For [`toggled_near`]: no point of the cell is further than this from any vertex in x or in y, nor is the corner.
/// The two products of a turn then sum below 2^31.
pub(super) const NEAR_LIMIT: i64 = i16::MAX as i64;

/// For [`toggled_wide`]: the two products of a turn are then below 2^52, so that doubles hold them and their difference.
pub(super) const WIDE_LIMIT: i64 = (1 << 26) - 1;

/// Whether edge `a`-`b` is crossed an odd number of times on the way from `p` moved by `(e, e²)` west to the longitude
/// of the cell's west side and south from there. Exact for all coordinates.
#[inline]
pub(super) fn crossed(a: Coord, b: Coord, p: Coord, west: i32) -> bool {
    let beyond = |v: Coord| v.x <= west && v.y <= p.y;
    west_of(a, b, p) ^ beyond(a) ^ beyond(b)
}

/// A vertex as [`toggled_near`] takes it.
pub(super) fn pack(x: i16, y: i16) -> u32 {
    u32::from(x as u16) | u32::from(y as u16) << 16
}

/// The edges one after another, with any coordinates.
pub(super) fn toggled_far(masks: &[u32], vertices: &[u32], p: Coord, west: i32) -> u32 {
    one_by_one(masks, |i| Coord::new(vertices[2 * i] as i32, vertices[2 * i + 1] as i32), p, west)
}

/// Vertices packed as offsets from the cell's corner, within [`NEAR_LIMIT`]; `p` is an offset as well.
#[inline]
pub(super) fn toggled_near(masks: &[u32], vertices: &[u32], px: i16, py: i16) -> u32 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE2 is part of x86-64.
    return unsafe { sse2::toggled_near(masks, vertices, px, py) };
    #[cfg(not(target_arch = "x86_64"))]
    return portable_near(masks, vertices, px, py);
}

/// Whole coordinates within [`WIDE_LIMIT`] of the cell.
#[inline]
pub(super) fn toggled_wide(masks: &[u32], vertices: &[u32], p: Coord, west: i32) -> u32 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE2 is part of x86-64.
    return unsafe { sse2::toggled_wide(masks, vertices, p, west) };
    #[cfg(not(target_arch = "x86_64"))]
    return toggled_far(masks, vertices, p, west);
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn portable_near(masks: &[u32], vertices: &[u32], px: i16, py: i16) -> u32 {
    let vertex = |i: usize| Coord::new(i32::from(vertices[i] as i16), i32::from((vertices[i] >> 16) as i16));
    one_by_one(masks, vertex, Coord::new(i32::from(px), i32::from(py)), 0)
}

fn one_by_one(masks: &[u32], vertex: impl Fn(usize) -> Coord, p: Coord, west: i32) -> u32 {
    let mut toggled = 0;
    for (i, mask) in masks.iter().flat_map(|word| word.to_le_bytes()).enumerate().filter(|(_, mask)| *mask != 0) {
        if crossed(vertex(i), vertex(i + 1), p, west) {
            toggled ^= u32::from(mask);
        }
    }
    toggled
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use super::{Coord, pack};
    use std::arch::x86_64::*;

    /// Writing `q` for `p - v`, the turn at an edge is `qa × qb`; `pmaddwd` gives both products and their sum.
    #[inline]
    #[target_feature(enable = "sse2")]
    pub(super) fn toggled_near(masks: &[u32], vertices: &[u32], px: i16, py: i16) -> u32 {
        let p = _mm_set1_epi32(pack(px, py) as i32);
        let zero = _mm_setzero_si128();
        let upper_half = _mm_set1_epi32(0xffff_0000u32 as i32);
        let mut sum = zero;
        for (group, mask) in masks.iter().enumerate() {
            let (a, b) = (load(vertices, 4 * group), load(vertices, 4 * group + 1));
            // All ones where the vertex is above p, so not at most p.y.
            let a_above = _mm_srai_epi32::<16>(_mm_cmpgt_epi16(a, p));
            let b_above = _mm_srai_epi32::<16>(_mm_cmpgt_epi16(b, p));
            // All ones where it is above p or east of the cell's west side: the complement of h(v).
            let east = |v| _mm_srai_epi32::<16>(_mm_slli_epi32::<16>(_mm_cmpgt_epi16(v, zero)));
            let (a_out, b_out) = (_mm_or_si128(a_above, east(a)), _mm_or_si128(b_above, east(b)));
            let (qa, qb) = (_mm_sub_epi16(p, a), _mm_sub_epi16(p, b));
            // (x, -y) of qa times (y, x) of qb.
            let qa = _mm_sub_epi16(_mm_xor_si128(qa, upper_half), upper_half);
            let qb = _mm_or_si128(_mm_slli_epi32::<16>(qb), _mm_srli_epi32::<16>(qb));
            let turn = _mm_madd_epi16(qa, qb);
            // On the way up p is east of the edge where the turn is not positive, on the way down where not negative.
            let turn = _mm_sub_epi32(_mm_xor_si128(turn, b_above), b_above);
            let not_east = _mm_srai_epi32::<31>(turn);
            sum = _mm_xor_si128(sum, combine(a_above, b_above, a_out, b_out, not_east, *mask));
        }
        total(sum)
    }

    /// The same on 32-bit coordinates; the turn in doubles, which are exact within [`super::WIDE_LIMIT`].
    #[inline]
    #[target_feature(enable = "sse2")]
    pub(super) fn toggled_wide(masks: &[u32], vertices: &[u32], p: Coord, west: i32) -> u32 {
        let (px, py, west) = (_mm_set1_epi32(p.x), _mm_set1_epi32(p.y), _mm_set1_epi32(west));
        let mut sum = _mm_setzero_si128();
        for (group, mask) in masks.iter().enumerate() {
            let ((ax, ay), (bx, by)) = (load_pairs(vertices, 8 * group), load_pairs(vertices, 8 * group + 2));
            let (a_above, b_above) = (_mm_cmpgt_epi32(ay, py), _mm_cmpgt_epi32(by, py));
            let a_out = _mm_or_si128(a_above, _mm_cmpgt_epi32(ax, west));
            let b_out = _mm_or_si128(b_above, _mm_cmpgt_epi32(bx, west));
            let (qax, qay) = (_mm_sub_epi32(px, ax), _mm_sub_epi32(py, ay));
            let (qbx, qby) = (_mm_sub_epi32(px, bx), _mm_sub_epi32(py, by));
            let turn = |ax, ay, bx, by| {
                let products = (_mm_cvtepi32_pd(ax), _mm_cvtepi32_pd(by), _mm_cvtepi32_pd(ay), _mm_cvtepi32_pd(bx));
                _mm_sub_pd(_mm_mul_pd(products.0, products.1), _mm_mul_pd(products.2, products.3))
            };
            let upper = |v| _mm_shuffle_epi32::<0b11_10>(v);
            let low = turn(qax, qay, qbx, qby);
            let high = turn(upper(qax), upper(qay), upper(qbx), upper(qby));
            let zero = _mm_setzero_pd();
            let join =
                |low, high| _mm_castps_si128(_mm_shuffle_ps::<0b10_00_10_00>(_mm_castpd_ps(low), _mm_castpd_ps(high)));
            let positive = join(_mm_cmpgt_pd(low, zero), _mm_cmpgt_pd(high, zero));
            let negative = join(_mm_cmplt_pd(low, zero), _mm_cmplt_pd(high, zero));
            let not_east = _mm_or_si128(_mm_and_si128(b_above, positive), _mm_andnot_si128(b_above, negative));
            sum = _mm_xor_si128(sum, combine(a_above, b_above, a_out, b_out, not_east, *mask));
        }
        total(sum)
    }

    /// The masks of four edges where they are crossed. The complements of `h` cancel.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn combine(
        a_above: __m128i,
        b_above: __m128i,
        a_out: __m128i,
        b_out: __m128i,
        not_east: __m128i,
        mask: u32,
    ) -> __m128i {
        let zero = _mm_setzero_si128();
        let west = _mm_andnot_si128(not_east, _mm_xor_si128(a_above, b_above));
        let crossed = _mm_xor_si128(west, _mm_xor_si128(a_out, b_out));
        let masks = _mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(mask as i32), zero), zero);
        _mm_and_si128(crossed, masks)
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn total(sum: __m128i) -> u32 {
        let sum = _mm_xor_si128(sum, _mm_srli_si128::<8>(sum));
        let sum = _mm_xor_si128(sum, _mm_srli_si128::<4>(sum));
        _mm_cvtsi128_si32(sum) as u32
    }

    /// Four words from an index on; zeros when there are not so many.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn load(words: &[u32], from: usize) -> __m128i {
        let four = words.get(from..).and_then(|words| words.first_chunk::<4>()).unwrap_or(&[0; 4]);
        // SAFETY: sixteen readable bytes, and this load needs no alignment.
        unsafe { _mm_loadu_si128(four.as_ptr().cast()) }
    }

    /// Four vertices of two words each: all x, all y.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn load_pairs(words: &[u32], from: usize) -> (__m128i, __m128i) {
        let (low, high) = (_mm_castsi128_ps(load(words, from)), _mm_castsi128_ps(load(words, from + 4)));
        let x = _mm_shuffle_ps::<0b10_00_10_00>(low, high);
        let y = _mm_shuffle_ps::<0b11_01_11_01>(low, high);
        (_mm_castps_si128(x), _mm_castps_si128(y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    /// Offsets for random vertices: few, so that ties abound, or the limits, so that anything that can overflow does.
    fn offset(random: &mut Pcg64Mcg, round: usize, last: i64, limit: i64) -> i64 {
        let reach = [2, 5, 100, limit][round % 4];
        let extremes = [last - limit, last - limit + 1, -1, 0, 1, last, limit - 1, limit];
        if reach == limit && random.random_bool(0.3) {
            return extremes[random.random_range(0..extremes.len())];
        }
        random.random_range((-reach).max(last - limit)..=reach)
    }

    #[test]
    fn near_is_exact() {
        let mut random = Pcg64Mcg::seed_from_u64(7);
        let last = (1 << 14) - 1;
        for round in 0..40_000 {
            let masks: Vec<u32> = (0..random.random_range(0..3)).map(|_| random.random()).collect();
            let mut one = || offset(&mut random, round, last, NEAR_LIMIT) as i16;
            let vertices: Vec<u32> = (0..4 * masks.len() + 4).map(|_| pack(one(), one())).collect();
            let (px, py) = (one().clamp(0, last as i16), one().clamp(0, last as i16));
            let expected = portable_near(&masks, &vertices, px, py);
            assert_eq!(toggled_near(&masks, &vertices, px, py), expected, "{vertices:x?} {masks:x?} {px} {py}");
        }
    }

    #[test]
    fn wide_is_exact() {
        let mut random = Pcg64Mcg::seed_from_u64(8);
        let last = (1 << 20) - 1;
        for round in 0..40_000 {
            let corner = if round % 3 == 0 { i32::MAX - (1 << 26) } else { i32::MIN + (1 << 26) };
            let masks: Vec<u32> = (0..random.random_range(0..3)).map(|_| random.random()).collect();
            let mut one = || corner + offset(&mut random, round, last, WIDE_LIMIT) as i32;
            let vertices: Vec<u32> = (0..8 * masks.len() + 8).map(|_| one() as u32).collect();
            let inside = |v: i32| v.clamp(corner, corner + last as i32);
            let p = Coord::new(inside(one()), inside(one()));
            let expected = toggled_far(&masks, &vertices, p, corner);
            assert_eq!(toggled_wide(&masks, &vertices, p, corner), expected, "{vertices:x?} {masks:x?} {p:?}");
        }
    }
}
