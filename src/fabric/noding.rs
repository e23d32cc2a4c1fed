//! Splits edges wherever they touch or cross, so that afterwards they meet only at their ends.
//!
//! 1. *Weld*: an edge that passes within one unit of a vertex is led through it. This closes what rounding to units has
//!    opened at T-junctions.
//! 2. *Snap*: crossings get a vertex rounded to units, and an edge that passes through the pixel of a vertex is led
//!    through that vertex (snap rounding: Hobby, "Practical segment intersection with finite precision output", 1999).
//!    Repeated until nothing changes; one round is the rule.

use super::boxes::BoxTree;
use super::exact::{cross, difference, dot};
use crate::model::Coord;
use rayon::prelude::*;

/// A piece of a source edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub from: Coord,
    pub to: Coord,
    /// Which of the given edges it came from.
    pub source: u32,
}

/// Snap rounding settles in one or two rounds; the bound only keeps hostile input from running for ever. Beyond it,
/// edges may still cross, which costs exact areas but nothing else.
const ROUNDS: usize = 16;

/// The pieces of all edges, in the order of the edges and along each of them.
pub(super) fn node(edges: impl Iterator<Item = (Coord, Coord)>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = edges.zip(0u32..).map(|((from, to), source)| Piece { from, to, source }).collect();
    for round in 0..ROUNDS {
        let mut splits = splits(&pieces, round == 0);
        if splits.is_empty() {
            break;
        }
        splits.sort_unstable();
        splits.dedup();
        pieces = split(&pieces, &splits);
    }
    pieces
}

/// A vertex to insert: the piece, how far along it (the inner product with its direction), the vertex.
type Split = (u32, i128, Coord);

fn splits(pieces: &[Piece], weld: bool) -> Vec<Split> {
    let boxes: Vec<_> = pieces.iter().map(|p| around(p.from, p.to)).collect();
    let tree = BoxTree::new(&boxes);
    // Each piece looks for the ends of others near it and for crossings; a crossing is found from both its pieces.
    let found: Vec<(Split, bool)> = tree
        .order()
        .par_iter()
        .flat_map_iter(|&i| {
            let mut found = Vec::new();
            let me = pieces[i as usize];
            tree.visit(grown(boxes[i as usize]), |j| {
                let other = pieces[j as usize];
                if i == j || (other.from, other.to) == (me.from, me.to) || (other.to, other.from) == (me.from, me.to) {
                    return;
                }
                for vertex in [other.from, other.to] {
                    if passes(me, vertex, weld) {
                        found.push((place(i, me, vertex), false));
                    }
                }
                if let Some(vertex) = crossing(me, other)
                    && vertex != me.from
                    && vertex != me.to
                {
                    found.push((place(i, me, vertex), true));
                }
            });
            found
        })
        .collect();
    let mut crossings: Vec<Coord> = found.iter().filter(|(_, new)| *new).map(|((_, _, at), _)| *at).collect();
    crossings.sort_unstable();
    crossings.dedup();
    let mut all: Vec<Split> = found.into_iter().map(|(split, _)| split).collect();
    for vertex in crossings {
        tree.visit(grown(around(vertex, vertex)), |j| {
            let other = pieces[j as usize];
            if passes(other, vertex, weld) {
                all.push(place(j, other, vertex));
            }
        });
    }
    all
}

fn place(i: u32, piece: Piece, vertex: Coord) -> Split {
    (i, dot(piece.from, piece.to, vertex), vertex)
}

fn split(pieces: &[Piece], splits: &[Split]) -> Vec<Piece> {
    let mut result = Vec::with_capacity(pieces.len() + splits.len());
    let mut splits = splits.iter().peekable();
    for (piece, i) in pieces.iter().zip(0u32..) {
        let mut from = piece.from;
        while let Some((_, _, vertex)) = splits.next_if(|split| split.0 == i) {
            if *vertex != from {
                result.push(Piece { from, to: *vertex, source: piece.source });
                from = *vertex;
            }
        }
        if from != piece.to {
            result.push(Piece { from, ..*piece });
        }
    }
    result
}

fn around(a: Coord, b: Coord) -> [i32; 4] {
    [a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y)]
}

/// One unit more on each side, so that a vertex beside a level edge is found.
fn grown(b: [i32; 4]) -> [i32; 4] {
    [b[0].saturating_sub(1), b[1].saturating_sub(1), b[2].saturating_add(1), b[3].saturating_add(1)]
}

/// Whether the piece has to be led through the vertex.
fn passes(piece: Piece, vertex: Coord, weld: bool) -> bool {
    if vertex == piece.from || vertex == piece.to {
        return false;
    }
    let (dx, dy) = difference(piece.from, piece.to);
    let (dx, dy) = (dx.abs(), dy.abs());
    let off = cross(piece.from, piece.to, vertex).abs();
    // Weld: at most one unit away along the minor axis, hence at most one unit away. Snap: strictly inside the pixel,
    // for a corner would belong to four pixels at once.
    let near = if weld { off <= i128::from(dx.max(dy)) } else { 2 * off < i128::from(dx + dy) };
    if !near {
        return false;
    }
    let along = dot(piece.from, piece.to, vertex);
    0 < along && along < i128::from(dx) * i128::from(dx) + i128::from(dy) * i128::from(dy)
}

/// Where two pieces cross inside both, rounded half up; the same from either piece.
fn crossing(one: Piece, two: Piece) -> Option<Coord> {
    let ordered = |p: Piece| if p.from < p.to { (p.from, p.to) } else { (p.to, p.from) };
    let ((a, b), (c, d)) = (ordered(one).min(ordered(two)), ordered(one).max(ordered(two)));
    let opposite = |s: i128, t: i128| (s < 0 && t > 0) || (s > 0 && t < 0);
    if !opposite(cross(a, b, c), cross(a, b, d)) {
        return None;
    }
    let (from, to) = (cross(c, d, a), cross(c, d, b));
    if !opposite(from, to) {
        return None;
    }
    let (dx, dy) = difference(a, b);
    let (mut part, mut whole) = (from, from - to);
    if whole < 0 {
        (part, whole) = (-part, -whole);
    }
    let at = |start: i32, d: i64| (i128::from(start) + (2 * i128::from(d) * part + whole).div_euclid(2 * whole)) as i32;
    Some(Coord::new(at(a.x, dx), at(a.y, dy)))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pair = (i32, i32);

    fn chains(edges: &[(Pair, Pair)]) -> Vec<Vec<Pair>> {
        let coord = |(x, y)| Coord::new(x, y);
        let pieces = node(edges.iter().map(|&(a, b)| (coord(a), coord(b))));
        let mut chains: Vec<Vec<Pair>> = edges.iter().map(|e| vec![e.0]).collect();
        for piece in pieces {
            let chain = &mut chains[piece.source as usize];
            assert_eq!(chain.last(), Some(&(piece.from.x, piece.from.y)));
            chain.push((piece.to.x, piece.to.y));
        }
        chains
    }

    #[test]
    fn small_situations() {
        // A T-junction, exact and off by one unit.
        assert_eq!(chains(&[((0, 0), (100, 0)), ((40, 0), (40, 50))])[0], [(0, 0), (40, 0), (100, 0)]);
        assert_eq!(chains(&[((0, 0), (100, 0)), ((40, 1), (40, 50))])[0], [(0, 0), (40, 1), (100, 0)]);
        assert_eq!(chains(&[((0, 0), (100, 0)), ((40, 2), (40, 50))])[0], [(0, 0), (100, 0)]);
        // A crossing on a half rounds once, for both.
        let crossed = chains(&[((0, 0), (101, 101)), ((0, 101), (101, 0))]);
        assert_eq!(crossed, [vec![(0, 0), (51, 51), (101, 101)], vec![(0, 101), (51, 51), (101, 0)]]);
        // Collinear edges that overlap.
        let overlap = chains(&[((0, 0), (30, 30)), ((10, 10), (50, 50))]);
        assert_eq!(overlap, [vec![(0, 0), (10, 10), (30, 30)], vec![(10, 10), (30, 30), (50, 50)]]);
        // The corners of the world.
        let (lo, hi) = (i32::MIN, i32::MAX);
        let wide = chains(&[((lo, lo), (hi, hi)), ((lo, hi), (hi, lo))]);
        assert_eq!(wide[0], [(lo, lo), (0, 0), (hi, hi)]);
    }
}
