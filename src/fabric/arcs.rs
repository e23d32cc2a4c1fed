//! Shared arcs of polygons that mean to tile the ground.
//!
//! [`weave`] takes the polygons of one layer, [`weave_family`] those of several at once (districts, subdistricts,
//! communities, grids), so that a community's border is made of the very arcs of its grids' borders and both stay one
//! line however they are simplified. Both are pure: the same polygons give the same arcs on any number of threads.
//!
//! What does not fit is reported and then decided: where polygons of a layer overlap, the lower number keeps the ground
//! (callers give polygons in ascending order of code: design.md idea 5); a gap stays a gap. A clean tessellation comes
//! back vertex for vertex, with nodes added only within one unit of its lines.

use super::faces::{Faces, Fragment, Groups, NONE};
use super::noding::{Piece, node};
use super::rings;
use crate::model::{Bounds, Coord, Frame, Line, Metres, MultiPolygon, Polygon, Ring};
use std::collections::BTreeMap;

/// A line between two nodes, or a closed one when nobody else meets it; the last vertex of a closed arc repeats the
/// first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arc {
    /// At least two vertices, no two in a row alike.
    pub line: Vec<Coord>,
    /// The places on its left, ascending, at most one of each layer; empty for the outside.
    pub left: Vec<u32>,
    /// The places on its right.
    pub right: Vec<u32>,
}

/// An arc as part of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArcRef {
    /// Which of [`Weave::arcs`].
    pub arc: u32,
    /// Whether the ring runs from the arc's end to its start.
    pub reversed: bool,
}

/// A polygon made of arcs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WovenPolygon {
    /// Counter-clockwise.
    pub outer: Vec<ArcRef>,
    /// Clockwise.
    pub holes: Vec<Vec<ArcRef>>,
}

/// Where polygons of one layer do not tile the ground.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Ground enclosed by polygons of the layer that belongs to none of them. A lake left out on purpose is one too.
    Gap {
        /// Which of the woven layers.
        layer: usize,
        /// Twice its area in square units.
        area: i128,
        /// A vertex of its border.
        at: Coord,
        /// The places around it, ascending.
        neighbours: Vec<u32>,
    },
    /// Ground that two polygons of the layer claim; `a` is the lower number.
    Overlap {
        /// Which of the woven layers.
        layer: usize,
        /// The place that keeps the ground, unless a third and lower one claims it as well.
        a: u32,
        /// The place that loses it.
        b: u32,
        /// Twice the area of all the ground that they both claim, in square units.
        area: i128,
        /// A vertex of the largest piece's border.
        at: Coord,
    },
}

/// A neighbour of a place in its own layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The neighbour.
    pub place: u32,
    /// How many straight pieces the shared border has.
    pub edges: usize,
    /// How long the shared border is. Places that only touch in a point are no neighbours.
    pub length: Metres,
}

/// Polygons as arcs. Places are numbered through all layers: place `n` of layer `l` is `first[l] + n`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weave {
    /// Every arc once.
    pub arcs: Vec<Arc>,
    /// One list of polygons for each multipolygon that came in, in the same order; empty where lower numbers or
    /// rounding left nothing.
    pub places: Vec<Vec<WovenPolygon>>,
    /// The number of each layer's first place.
    pub first: Vec<u32>,
    /// Gaps by layer and size, then overlaps by place.
    pub faults: Vec<Fault>,
}

/// Weaves the polygons of one layer.
pub fn weave(polygons: &[&MultiPolygon]) -> Weave {
    weave_family(&[polygons])
}

/// Weaves several layers whose lines are to coincide.
pub fn weave_family(layers: &[&[&MultiPolygon]]) -> Weave {
    let mut first = Vec::with_capacity(layers.len());
    let (mut layer_of, mut fragments) = (Vec::new(), Vec::<Fragment>::new());
    for (&polygons, layer) in layers.iter().zip(0u32..) {
        first.push(layer_of.len() as u32);
        for polygon in polygons {
            let place = layer_of.len() as u32;
            layer_of.push(layer);
            let edges = polygon.rings().flat_map(Ring::edges).filter(|(a, b)| a != b);
            fragments.extend(edges.map(|(a, b)| directed(a, b, place, 1)));
        }
    }
    let faces = Faces::new(split(fragments), &layer_of, layers.len());
    let (arcs, places) = rings::trace(&faces, &layer_of);
    let faults = faults(&faces, &layer_of);
    Weave { arcs, places, first, faults }
}

impl Weave {
    /// The polygons of a place, rebuilt from its arcs; empty for an unknown place.
    pub fn polygon(&self, place: u32) -> MultiPolygon {
        let ring = |refs: &Vec<ArcRef>| Ring(self.ring(refs));
        let polygon =
            |woven: &WovenPolygon| Polygon { outer: ring(&woven.outer), holes: woven.holes.iter().map(ring).collect() };
        MultiPolygon(self.places.get(place as usize).into_iter().flatten().map(polygon).collect())
    }

    /// The vertices of a ring, the first not repeated.
    pub fn ring(&self, refs: &[ArcRef]) -> Vec<Coord> {
        let mut ring = Vec::new();
        for piece in refs {
            let line = &self.arcs[piece.arc as usize].line;
            let open = &line[..line.len() - 1];
            if piece.reversed { ring.extend(line[1..].iter().rev()) } else { ring.extend(open) }
        }
        ring
    }

    /// The layer of a place.
    pub fn layer(&self, place: u32) -> usize {
        self.first.partition_point(|&first| first <= place).saturating_sub(1)
    }

    /// The places of a layer.
    pub fn layer_places(&self, layer: usize) -> std::ops::Range<u32> {
        let count = self.places.len() as u32;
        let start = self.first.get(layer).copied().unwrap_or(count);
        start..self.first.get(layer + 1).copied().unwrap_or(count)
    }

    /// The place on the far side of one of a place's border arcs, in the place's own layer.
    pub fn across(&self, place: u32, piece: ArcRef) -> Option<u32> {
        let arc = self.arcs.get(piece.arc as usize)?;
        let side = if piece.reversed { &arc.left } else { &arc.right };
        let own = self.layer_places(self.layer(place));
        side.iter().copied().find(|other| own.contains(other))
    }

    /// Who shares a border with a place in its layer, by ascending number.
    pub fn neighbours(&self, place: u32) -> Vec<Neighbour> {
        let mut found: BTreeMap<u32, Neighbour> = BTreeMap::new();
        let polygons = self.places.get(place as usize).into_iter().flatten();
        for &piece in polygons.flat_map(|p| std::iter::once(&p.outer).chain(&p.holes)).flatten() {
            let Some(other) = self.across(place, piece) else { continue };
            let line = &self.arcs[piece.arc as usize].line;
            let neighbour =
                found.entry(other).or_insert(Neighbour { place: other, edges: 0, length: Metres::default() });
            neighbour.edges += line.len() - 1;
            if let Some(bounds) = Bounds::of(line.iter().copied()) {
                let frame = Frame::at(bounds.centre());
                neighbour.length += line.windows(2).map(|w| frame.distance(w[0], w[1])).sum();
            }
        }
        found.into_values().collect()
    }

    /// An arc's vertices as a line.
    pub fn line(&self, arc: u32) -> Option<Line> {
        self.arcs.get(arc as usize).map(|arc| Line(arc.line.clone()))
    }
}

pub(super) fn directed(a: Coord, b: Coord, place: u32, sign: i32) -> Fragment {
    if a < b { (a, b, place, sign) } else { (b, a, place, -sign) }
}

/// Nodes the fragments: afterwards they meet only at their ends.
pub(super) fn split(mut fragments: Vec<Fragment>) -> Vec<Fragment> {
    fragments.sort_unstable();
    let edges = fragments.chunk_by(|f, g| (f.0, f.1) == (g.0, g.1));
    let pieces = node(edges.clone().map(|same| (same[0].0, same[0].1)));
    if pieces.len() == edges.clone().count()
        && edges.clone().zip(&pieces).all(|(f, p)| (f[0].0, f[0].1) == (p.from, p.to))
    {
        return fragments;
    }
    let mut pieces = pieces.chunk_by(|p: &Piece, q| p.source == q.source).peekable();
    let mut result = Vec::with_capacity(fragments.len());
    for (same, source) in edges.zip(0u32..) {
        let Some(chain) = pieces.next_if(|chain| chain[0].source == source) else { continue };
        for &(_, _, place, sign) in same {
            result.extend(chain.iter().map(|piece| directed(piece.from, piece.to, place, sign)));
        }
    }
    result
}

fn faults(faces: &Faces, layer_of: &[u32]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for layer in 0..faces.layers {
        gaps(faces, layer, &mut faults);
    }
    let mut pairs: BTreeMap<(u32, u32), (i128, i128, Coord)> = BTreeMap::new();
    for &(face, a, b) in &faces.doubled {
        let (area, corner) = (faces.area[face as usize], faces.corner[face as usize]);
        let (total, largest, at) = pairs.entry((a, b)).or_insert((0, area, corner));
        *total += area;
        if area > *largest {
            (*largest, *at) = (area, corner);
        }
    }
    faults.extend(pairs.into_iter().map(|((a, b), (area, _, at))| Fault::Overlap {
        layer: layer_of[a as usize] as usize,
        a,
        b,
        area,
        at,
    }));
    faults
}

/// Ground without a keeper in the layer that no such ground connects with the outside.
fn gaps(faces: &Faces, layer: usize, faults: &mut Vec<Fault>) {
    let empty = |face: u32| faces.keeper[face as usize * faces.layers + layer] == NONE;
    let mut groups = Groups::new(faces.area.len());
    let edges = || faces.face.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    for (f, g) in edges() {
        if empty(f) && empty(g) {
            groups.join(f, g);
        }
    }
    struct Gap {
        area: i128,
        largest: i128,
        at: Coord,
        neighbours: Vec<u32>,
    }
    let mut found: BTreeMap<u32, Gap> = BTreeMap::new();
    for face in 0..faces.area.len() as u32 {
        if !empty(face) || groups.of(face) == 0 {
            continue;
        }
        let (area, at) = (faces.area[face as usize], faces.corner[face as usize]);
        let gap = found.entry(groups.of(face)).or_insert(Gap { area: 0, largest: area, at, neighbours: Vec::new() });
        gap.area += area;
        if area > gap.largest {
            (gap.largest, gap.at) = (area, at);
        }
    }
    for (f, g) in edges().flat_map(|(f, g)| [(f, g), (g, f)]) {
        if empty(f)
            && !empty(g)
            && let Some(gap) = found.get_mut(&groups.of(f))
        {
            gap.neighbours.push(faces.keeper[g as usize * faces.layers + layer]);
        }
    }
    let mut found: Vec<Gap> = found.into_values().filter(|gap| gap.area > 0).collect();
    found.sort_by(|a, b| b.area.cmp(&a.area).then(a.at.cmp(&b.at)));
    for mut gap in found {
        gap.neighbours.sort_unstable();
        gap.neighbours.dedup();
        faults.push(Fault::Gap { layer, area: gap.area, at: gap.at, neighbours: gap.neighbours });
    }
}
