//! The faces that noded edges cut the plane into, and which polygons cover each.
//!
//! 1. Directed pieces of all rings are gathered into edges, each with the net number of times that every polygon's
//!    rings run along it. A polygon that runs both ways along an edge (a spike) cancels out.
//! 2. Half-edges sorted by angle around their vertices give the cycles, and a ray cast downwards from each connected
//!    piece the face it lies in.
//! 3. Crossing an edge changes the winding number of exactly the polygons that run along it; walking from the outside
//!    inwards tells the polygons over each face. Where one layer has several, the lowest number keeps the face.

use super::boxes::BoxTree;
use super::exact::{cross, difference};
use crate::model::Coord;
use std::collections::BTreeMap;

/// A piece of a ring: its smaller end, its larger end, the place that owns the ring, and 1 when the ring runs from the
/// smaller end to the larger, -1 otherwise. 0 makes a cut: an edge that parts faces and belongs to nobody.
pub(super) type Fragment = (Coord, Coord, u32, i32);

/// No place, no cycle, no face yet.
pub(super) const NONE: u32 = u32::MAX;

/// Polygons over one face from which on not every pair is listed.
const HEAP: usize = 8;

/// The planar graph. Half-edge `2e` runs along edge `e` from its smaller end, `2e + 1` back.
pub(super) struct Faces {
    /// Every vertex once, ascending.
    pub vertices: Vec<Coord>,
    /// The vertex where each half-edge starts.
    pub origin: Vec<u32>,
    /// Half-edges around each vertex, counter-clockwise: those of vertex `v` are `star[first[v]..first[v + 1]]`.
    pub star: Vec<u32>,
    /// See `star`.
    pub first: Vec<u32>,
    /// Where each half-edge stands in `star`.
    pub position: Vec<u32>,
    /// The face on the left of each half-edge; 0 is the outside.
    pub face: Vec<u32>,
    /// Who keeps a face: `keeper[face * layers + layer]`.
    pub keeper: Vec<u32>,
    /// The polygons over each face, ascending, and how often their rings wind around it: never 0 times.
    pub over: Vec<Vec<(u32, i32)>>,
    /// Twice the area of each face.
    pub area: Vec<i128>,
    /// The smallest vertex of each face's outer cycle.
    pub corner: Vec<Coord>,
    /// Faces that several polygons of one layer cover: the face and two of them, the lower number first; every pair of
    /// up to eight polygons, beyond that the pairs with the lowest.
    pub doubled: Vec<(u32, u32, u32)>,
    /// Number of layers.
    pub layers: usize,
}

impl Faces {
    /// The graph of the fragments; `layer_of` tells each place's layer.
    pub fn new(mut fragments: Vec<Fragment>, layer_of: &[u32], layers: usize) -> Self {
        fragments.sort_unstable();
        let (ends, nets) = gather(&fragments);
        drop(fragments);
        let (vertices, origin, star, first) = stars(&ends);
        let mut position = vec![0u32; star.len()];
        for (&h, at) in star.iter().zip(0u32..) {
            position[h as usize] = at;
        }
        let mut faces = Self {
            vertices,
            origin,
            star,
            first,
            position,
            face: Vec::new(),
            keeper: Vec::new(),
            over: Vec::new(),
            area: Vec::new(),
            corner: Vec::new(),
            doubled: Vec::new(),
            layers,
        };
        let cycles = Cycles::new(&faces);
        faces.join_cycles(&cycles, &ends);
        faces.label(&cycles, &nets, layer_of);
        faces
    }

    /// The place that keeps the face on the left of a half-edge, in a layer.
    pub fn left(&self, half: u32, layer: usize) -> u32 {
        self.keeper[self.face[half as usize] as usize * self.layers + layer]
    }

    /// Whether some layer's keeper changes across the edge.
    pub fn separates(&self, half: u32) -> bool {
        let (left, right) = (self.face[half as usize] as usize, self.face[(half ^ 1) as usize] as usize);
        let row = |face: usize| &self.keeper[face * self.layers..(face + 1) * self.layers];
        left != right && row(left) != row(right)
    }

    /// The vertex where a half-edge ends.
    pub fn target(&self, half: u32) -> u32 {
        self.origin[(half ^ 1) as usize]
    }

    /// The half-edges around a vertex, counter-clockwise.
    pub fn around(&self, vertex: u32) -> &[u32] {
        &self.star[self.first[vertex as usize] as usize..self.first[vertex as usize + 1] as usize]
    }

    /// The neighbour of a half-edge clockwise around its origin.
    pub fn clockwise(&self, half: u32) -> u32 {
        let vertex = self.origin[half as usize] as usize;
        let (lo, hi, at) = (self.first[vertex], self.first[vertex + 1], self.position[half as usize]);
        self.star[(if at == lo { hi - 1 } else { at - 1 }) as usize]
    }

    /// The next half-edge with the same face on its left.
    fn next(&self, half: u32) -> u32 {
        self.clockwise(half ^ 1)
    }

    fn at(&self, vertex: u32) -> Coord {
        self.vertices[vertex as usize]
    }

    /// Turns cycles into faces: an inner cycle is a face of its own, the outer cycle of a connected piece belongs to
    /// the face that the piece lies in.
    fn join_cycles(&mut self, cycles: &Cycles, ends: &[(Coord, Coord)]) {
        let mut face_of = vec![NONE; cycles.area.len()];
        self.area.push(0);
        self.corner.push(Coord::default());
        for (cycle, &area) in cycles.area.iter().enumerate() {
            if cycles.outer[cycles.piece[cycle] as usize] as usize != cycle {
                face_of[cycle] = self.area.len() as u32;
                self.area.push(area);
                self.corner.push(self.at(cycles.lowest[cycle]));
            }
        }
        // Pieces come in order of their smallest vertex, so whatever lies below a piece's vertex was placed before.
        let tree = (cycles.outer.len() > 1).then(|| {
            BoxTree::new(&ends.iter().map(|(a, b)| [a.x, a.y.min(b.y), b.x, a.y.max(b.y)]).collect::<Vec<_>>())
        });
        for (&outer, piece) in cycles.outer.iter().zip(0u32..) {
            let vertex = self.at(cycles.lowest[outer as usize]);
            let mut below: Option<usize> = None;
            if let Some(tree) = &tree {
                tree.visit([vertex.x, i32::MIN, vertex.x, vertex.y], |e| {
                    let e = e as usize;
                    let (a, b) = ends[e];
                    let other = cycles.piece[cycles.of[2 * e] as usize] != piece;
                    if other
                        && a.x <= vertex.x
                        && vertex.x < b.x
                        && cross(a, b, vertex) > 0
                        && below.is_none_or(|f| is_above(ends[e], ends[f]))
                    {
                        below = Some(e);
                    }
                });
            }
            let face = below.map_or(0, |e| face_of[cycles.of[2 * e] as usize]);
            // NONE only where noding gave up and edges still cross; the outside then is the safe answer.
            let face = if face == NONE { 0 } else { face };
            face_of[outer as usize] = face;
            self.area[face as usize] += cycles.area[outer as usize];
        }
        self.face = cycles.of.iter().map(|&cycle| face_of[cycle as usize]).collect();
    }

    /// Finds the polygons over each face, walking inwards from the outside.
    fn label(&mut self, cycles: &Cycles, nets: &Nets, layer_of: &[u32]) {
        let mut labels: Vec<Option<Vec<(u32, i32)>>> = vec![None; self.area.len()];
        labels[0] = Some(Vec::new());
        let mut queue = Vec::new();
        for &outer in &cycles.outer {
            queue.push(outer);
            while let Some(cycle) = queue.pop() {
                let start = cycles.start[cycle as usize];
                let mut half = start;
                loop {
                    let (here, there) = (self.face[half as usize] as usize, self.face[(half ^ 1) as usize] as usize);
                    if labels[there].is_none() {
                        let sign = if half & 1 == 0 { -1 } else { 1 };
                        let label = labels[here].clone().unwrap_or_default();
                        labels[there] = Some(change(label, nets.of(half / 2), sign));
                        queue.push(cycles.of[(half ^ 1) as usize]);
                    }
                    half = self.next(half);
                    if half == start {
                        break;
                    }
                }
            }
        }
        self.keeper = vec![NONE; labels.len() * self.layers];
        self.over = labels.into_iter().map(Option::unwrap_or_default).collect();
        for (face, label) in self.over.iter().enumerate() {
            for (at, &(place, _)) in label.iter().enumerate() {
                let layer = layer_of[place as usize] as usize;
                let keeper = &mut self.keeper[face * self.layers + layer];
                *keeper = (*keeper).min(place);
                // A heap of copies would make a pair of each two: there, only the one that keeps the ground is named.
                if *keeper != place && label.len() > HEAP {
                    continue;
                }
                for &(other, _) in &label[at + 1..] {
                    if layer_of[other as usize] as usize == layer {
                        self.doubled.push((face as u32, place, other));
                    }
                }
            }
        }
    }
}

/// For each edge, the places whose rings run along it and how often, from the smaller end to the larger.
struct Nets {
    start: Vec<u32>,
    nets: Vec<(u32, i32)>,
}

impl Nets {
    fn of(&self, edge: u32) -> &[(u32, i32)] {
        &self.nets[self.start[edge as usize] as usize..self.start[edge as usize + 1] as usize]
    }
}

/// Sorted fragments become edges; those that are no cut and that nobody's border runs along in the end are left out.
fn gather(fragments: &[Fragment]) -> (Vec<(Coord, Coord)>, Nets) {
    let mut ends = Vec::with_capacity(fragments.len() / 2);
    let mut nets = Nets { start: vec![0], nets: Vec::with_capacity(fragments.len()) };
    for same in fragments.chunk_by(|f, g| (f.0, f.1) == (g.0, g.1)) {
        let before = nets.nets.len();
        for own in same.chunk_by(|f, g| f.2 == g.2) {
            let net: i32 = own.iter().map(|f| f.3).sum();
            if net != 0 {
                nets.nets.push((own[0].2, net));
            }
        }
        if nets.nets.len() > before || same.iter().any(|f| f.3 == 0) {
            ends.push((same[0].0, same[0].1));
            nets.start.push(nets.nets.len() as u32);
        }
    }
    (ends, nets)
}

/// Vertices, origins, and the half-edges around each vertex in counter-clockwise order.
fn stars(ends: &[(Coord, Coord)]) -> (Vec<Coord>, Vec<u32>, Vec<u32>, Vec<u32>) {
    let mut halves: Vec<(Coord, u32)> = Vec::with_capacity(ends.len() * 2);
    for (&(a, b), e) in ends.iter().zip(0u32..) {
        halves.push((a, 2 * e));
        halves.push((b, 2 * e + 1));
    }
    halves.sort_unstable();
    let (mut vertices, mut first) = (Vec::new(), Vec::new());
    let mut origin = vec![0u32; halves.len()];
    for (at, &(c, h)) in halves.iter().enumerate() {
        if vertices.last() != Some(&c) {
            vertices.push(c);
            first.push(at as u32);
        }
        origin[h as usize] = vertices.len() as u32 - 1;
    }
    first.push(halves.len() as u32);
    let mut star: Vec<u32> = halves.into_iter().map(|(_, h)| h).collect();
    let head = |h: u32| if h & 1 == 0 { ends[(h / 2) as usize].1 } else { ends[(h / 2) as usize].0 };
    for (v, &centre) in vertices.iter().enumerate() {
        let around = &mut star[first[v] as usize..first[v + 1] as usize];
        if around.len() > 2 {
            around.sort_by(|&g, &h| by_angle(centre, head(g), head(h)));
        }
    }
    (vertices, origin, star, first)
}

/// Counter-clockwise from east.
pub(super) fn by_angle(centre: Coord, a: Coord, b: Coord) -> std::cmp::Ordering {
    let lower = |c: Coord| {
        let (dx, dy) = difference(centre, c);
        dy < 0 || (dy == 0 && dx < 0)
    };
    lower(a).cmp(&lower(b)).then_with(|| 0.cmp(&cross(centre, a, b)))
}

/// Whether edge `e` runs above edge `f` just right of an x that both span; edges run from their smaller end.
fn is_above(e: (Coord, Coord), f: (Coord, Coord)) -> bool {
    if f.0.x <= e.0.x {
        let turn = cross(f.0, f.1, e.0);
        turn > 0 || (turn == 0 && cross(f.0, f.1, e.1) > 0)
    } else {
        let turn = cross(e.0, e.1, f.0);
        turn < 0 || (turn == 0 && cross(e.0, e.1, f.1) < 0)
    }
}

/// Adds `sign` times the edge's nets to a label; both are sorted by place, and so is the answer.
fn change(label: Vec<(u32, i32)>, nets: &[(u32, i32)], sign: i32) -> Vec<(u32, i32)> {
    let mut sums: BTreeMap<u32, i32> = label.into_iter().collect();
    for &(place, net) in nets {
        *sums.entry(place).or_default() += sign * net;
    }
    sums.into_iter().filter(|&(_, winding)| winding != 0).collect()
}

/// Closed walks with one face on the left.
struct Cycles {
    /// The cycle of each half-edge.
    of: Vec<u32>,
    /// Any half-edge of each cycle.
    start: Vec<u32>,
    /// Twice the signed area.
    area: Vec<i128>,
    /// Each cycle's smallest vertex.
    lowest: Vec<u32>,
    /// The connected piece of each cycle; pieces are numbered by their smallest vertex.
    piece: Vec<u32>,
    /// The outer cycle of each piece.
    outer: Vec<u32>,
}

impl Cycles {
    fn new(faces: &Faces) -> Self {
        let count = faces.origin.len();
        let mut of = vec![NONE; count];
        let (mut start, mut area, mut lowest) = (Vec::new(), Vec::new(), Vec::new());
        for seed in 0..count as u32 {
            if of[seed as usize] != NONE {
                continue;
            }
            let (mut half, mut sum, mut low) = (seed, 0i128, NONE);
            loop {
                of[half as usize] = start.len() as u32;
                let (from, to) = (faces.origin[half as usize], faces.target(half));
                let (a, b) = (faces.at(from), faces.at(to));
                sum += i128::from(a.x) * i128::from(b.y) - i128::from(b.x) * i128::from(a.y);
                low = low.min(from);
                half = faces.next(half);
                if half == seed {
                    break;
                }
            }
            start.push(seed);
            area.push(sum);
            lowest.push(low);
        }
        let mut groups = Groups::new(start.len());
        for pair in of.chunks_exact(2) {
            groups.join(pair[0], pair[1]);
        }
        let mut first: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for cycle in 0..start.len() as u32 {
            let entry = first.entry(groups.of(cycle)).or_insert((lowest[cycle as usize], cycle));
            entry.0 = entry.0.min(lowest[cycle as usize]);
            if area[cycle as usize] < area[entry.1 as usize] {
                entry.1 = cycle;
            }
        }
        let mut pieces: Vec<(u32, u32, u32)> =
            first.into_iter().map(|(root, (low, outer))| (low, outer, root)).collect();
        pieces.sort_unstable();
        let mut number = vec![NONE; start.len()];
        for (&(_, _, root), n) in pieces.iter().zip(0u32..) {
            number[root as usize] = n;
        }
        let piece = (0..start.len() as u32).map(|cycle| number[groups.of(cycle) as usize]).collect();
        let outer = pieces.into_iter().map(|(_, outer, _)| outer).collect();
        Self { of, start, area, lowest, piece, outer }
    }
}

/// Disjoint sets with path halving; the smallest member stands for its set.
pub(super) struct Groups(Vec<u32>);

impl Groups {
    pub fn new(count: usize) -> Self {
        Self((0..count as u32).collect())
    }

    pub fn of(&mut self, mut member: u32) -> u32 {
        while self.0[member as usize] != member {
            let above = self.0[self.0[member as usize] as usize];
            self.0[member as usize] = above;
            member = above;
        }
        member
    }

    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.of(a), self.of(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}
