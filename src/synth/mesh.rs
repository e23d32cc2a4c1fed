//! The ground as one planar mesh: streets, banks, rails and walls are its edges, plots its faces.
//!
//! Every cut of the ground goes through [`Mesh::cut`], which adds vertices to edges that both neighbours share. So two
//! plots, grids or communities that touch have the same integer vertices along their common border, by construction.

use super::plane::{P, area, between, inside, nearest, p, to_segment};
use crate::model::{Coord, Frame, StreetClass};

/// What runs along an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// A street's centre line.
    Street(StreetClass),
    /// A street that crosses the river on a bridge.
    Bridge(StreetClass),
    /// A railway.
    Rail,
    /// The middle of a river.
    Midriver,
    /// A compound's wall.
    Wall,
    /// The edge of a field.
    Furrow,
    /// The end of the district.
    Border,
}

impl Course {
    /// The street that runs here.
    pub fn street(self) -> Option<StreetClass> {
        match self {
            Self::Street(class) | Self::Bridge(class) => Some(class),
            _ => None,
        }
    }

    /// How far houses keep from it: half the carriageway, the pavement and a strip of green.
    pub fn setback(self) -> f64 {
        match self {
            Self::Street(class) | Self::Bridge(class) => {
                class.usual_width() / 2.0
                    + match class {
                        StreetClass::Motorway | StreetClass::Trunk => 9.0,
                        StreetClass::Primary => 7.0,
                        StreetClass::Secondary => 6.0,
                        StreetClass::Tertiary => 4.5,
                        StreetClass::Residential => 3.0,
                        _ => 1.3,
                    }
            }
            Self::Rail => 24.0,
            Self::Midriver => 0.0,
            Self::Wall => 3.0,
            Self::Furrow => 2.0,
            Self::Border => 6.0,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Half {
    origin: u32,
    next: u32,
    prev: u32,
    face: u32,
}

/// What a face is part of; pieces of a cut face inherit it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// The quarter's cell between arterials.
    pub cell: u32,
    /// The block between streets.
    pub block: u32,
}

/// Half-edges in pairs (`h ^ 1` is the other side), faces to their left.
pub struct Mesh {
    /// Metres around the city's centre.
    pub frame: Frame,
    /// Vertices.
    pub vertices: Vec<Coord>,
    /// The vertices in metres.
    pub places: Vec<P>,
    /// What runs along each pair of half-edges (`h / 2`).
    pub courses: Vec<Course>,
    /// What each face is part of.
    pub tags: Vec<Tag>,
    halves: Vec<Half>,
    leaving: Vec<u32>,
    first: Vec<u32>,
}

/// The face around everything.
pub const OUTSIDE: u32 = 0;

/// How a cut may bend the rules.
pub struct Cut {
    /// What will run along it.
    pub course: Course,
    /// Ends this close to a junction move onto it, metres.
    pub snap: f64,
    /// No other edge may come closer, metres.
    pub clearance: f64,
    /// Neither piece may be smaller, square metres.
    pub least: f64,
    /// Sideways displacement of the middle, metres along the line for each inner vertex.
    pub bends: Vec<f64>,
}

impl Mesh {
    /// Builds the mesh of edges that meet only at vertices; `tag` names the cell left of an edge `(from, to)`.
    pub fn new(frame: Frame, vertices: Vec<Coord>, edges: &[(u32, u32, Course)]) -> Self {
        let places: Vec<P> = vertices.iter().map(|&c| frame.metres(c)).map(|(x, y)| p(x, y)).collect();
        let mut around: Vec<Vec<u32>> = vec![Vec::new(); vertices.len()];
        let mut halves = Vec::with_capacity(edges.len() * 2);
        for (i, &(a, b, _)) in edges.iter().enumerate() {
            for (k, origin) in [a, b].into_iter().enumerate() {
                halves.push(Half { origin, next: 0, prev: 0, face: u32::MAX });
                around[origin as usize].push((2 * i + k) as u32);
            }
        }
        let origin = |halves: &[Half], h: u32| halves[h as usize].origin as usize;
        for (v, out) in around.iter_mut().enumerate() {
            let angle = |h: u32| {
                let d = places[origin(&halves, h ^ 1)] - places[v];
                d.y.atan2(d.x)
            };
            out.sort_by(|&a, &b| angle(a).total_cmp(&angle(b)));
            let n = out.len();
            for i in 0..n {
                // Coming in by the twin of out[i], the leftmost face goes on by the next edge clockwise.
                let (incoming, next) = (out[i] ^ 1, out[(i + n - 1) % n]);
                halves[incoming as usize].next = next;
                halves[next as usize].prev = incoming;
            }
        }
        let leaving = around.iter().map(|out| out.first().copied().unwrap_or(0)).collect();
        let courses = edges.iter().map(|e| e.2).collect();
        let mut mesh =
            Self { frame, vertices, places, courses, tags: vec![Tag::default()], halves, leaving, first: vec![0] };
        for h in 0..mesh.halves.len() as u32 {
            if mesh.halves[h as usize].face == u32::MAX {
                let loop_ = mesh.walk(h);
                let ring: Vec<P> = loop_.iter().map(|&h| mesh.from(h)).collect();
                let face = if area(&ring) < 0.0 { OUTSIDE } else { mesh.first.len() as u32 };
                if face == OUTSIDE {
                    mesh.first[0] = h;
                } else {
                    mesh.first.push(h);
                    mesh.tags.push(Tag::default());
                }
                for h in loop_ {
                    mesh.halves[h as usize].face = face;
                }
            }
        }
        mesh
    }

    fn walk(&self, start: u32) -> Vec<u32> {
        let mut loop_ = vec![start];
        let mut h = self.halves[start as usize].next;
        while h != start {
            loop_.push(h);
            h = self.halves[h as usize].next;
        }
        loop_
    }

    /// Number of faces, the outside included.
    pub fn faces(&self) -> u32 {
        self.first.len() as u32
    }
    /// Number of half-edges.
    pub fn half_edges(&self) -> u32 {
        self.halves.len() as u32
    }
    /// The half-edges around a face, counter-clockwise.
    pub fn around(&self, face: u32) -> Vec<u32> {
        self.walk(self.first[face as usize])
    }
    /// The corners of a face, in metres.
    pub fn ring(&self, face: u32) -> Vec<P> {
        self.around(face).into_iter().map(|h| self.from(h)).collect()
    }
    /// The face to the left.
    pub fn face(&self, h: u32) -> u32 {
        self.halves[h as usize].face
    }
    /// The next half-edge around the same face.
    pub fn next(&self, h: u32) -> u32 {
        self.halves[h as usize].next
    }
    /// The vertex where a half-edge starts.
    pub fn origin(&self, h: u32) -> u32 {
        self.halves[h as usize].origin
    }
    /// Where a half-edge starts.
    pub fn from(&self, h: u32) -> P {
        self.places[self.origin(h) as usize]
    }
    /// Where a half-edge ends.
    pub fn to(&self, h: u32) -> P {
        self.from(h ^ 1)
    }
    /// What runs along a half-edge.
    pub fn course(&self, h: u32) -> Course {
        self.courses[(h / 2) as usize]
    }
    /// The half-edges that leave a vertex, clockwise.
    pub fn leaving(&self, v: u32) -> Vec<u32> {
        let start = self.leaving[v as usize];
        let mut out = vec![start];
        let mut h = self.next(start ^ 1);
        while h != start {
            out.push(h);
            h = self.next(h ^ 1);
        }
        out
    }

    fn vertex(&mut self, at: P) -> u32 {
        let c = self.frame.coord(at.x, at.y);
        let (x, y) = self.frame.metres(c);
        self.vertices.push(c);
        self.places.push(p(x, y));
        self.leaving.push(0);
        self.vertices.len() as u32 - 1
    }

    /// Adds a vertex on an edge; the half-edge ends there from now on.
    pub fn split_edge(&mut self, h: u32, at: P) -> u32 {
        let (t, m) = (h ^ 1, self.vertex(at));
        let n = self.halves.len() as u32;
        let (hh, tt) = (self.halves[h as usize], self.halves[t as usize]);
        let end = tt.origin;
        // n: m -> end continues h; n + 1: end -> m precedes t.
        let after = if hh.next == t { n + 1 } else { hh.next };
        let before = if tt.prev == h { n } else { tt.prev };
        self.halves.push(Half { origin: m, next: after, prev: h, face: hh.face });
        self.halves.push(Half { origin: end, next: t, prev: before, face: tt.face });
        self.halves[after as usize].prev = n;
        self.halves[before as usize].next = n + 1;
        self.halves[h as usize].next = n;
        self.halves[t as usize].prev = n + 1;
        self.halves[t as usize].origin = m;
        self.leaving[m as usize] = n;
        if self.leaving[end as usize] == t {
            self.leaving[end as usize] = n + 1;
        }
        self.courses.push(self.courses[(h / 2) as usize]);
        m
    }

    /// Cuts a face from the origin of `a` over `middle` to the origin of `b`; returns the new face, left of the cut.
    fn split_face(&mut self, face: u32, a: u32, b: u32, middle: &[P], course: Course) -> u32 {
        let mut chain = vec![self.origin(a)];
        for &at in middle {
            chain.push(self.vertex(at));
        }
        chain.push(self.origin(b));
        let new = self.first.len() as u32;
        let base = self.halves.len() as u32;
        let links = chain.len() as u32 - 1;
        for i in 0..links {
            let (from, to) = (chain[i as usize], chain[i as usize + 1]);
            self.halves.push(Half {
                origin: from,
                next: base + 2 * i + 2,
                prev: (base + 2 * i).wrapping_sub(2),
                face: new,
            });
            self.halves.push(Half { origin: to, next: (base + 2 * i).wrapping_sub(1), prev: base + 2 * i + 3, face });
            self.courses.push(course);
            if i > 0 {
                self.leaving[from as usize] = base + 2 * i;
            }
        }
        let (before_a, before_b) = (self.halves[a as usize].prev, self.halves[b as usize].prev);
        let (first, last) = (base, base + 2 * (links - 1));
        let link = |halves: &mut Vec<Half>, one: u32, two: u32| {
            halves[one as usize].next = two;
            halves[two as usize].prev = one;
        };
        link(&mut self.halves, before_a, first);
        link(&mut self.halves, last, b);
        link(&mut self.halves, before_b, last + 1);
        link(&mut self.halves, first + 1, a);
        self.first[face as usize] = a;
        self.first.push(b);
        self.tags.push(self.tags[face as usize]);
        for h in self.walk(b) {
            self.halves[h as usize].face = new;
        }
        new
    }

    /// Cuts a face along a line through `through`; `None` when the cut would come too close to something.
    pub fn cut(&mut self, face: u32, through: P, along: P, rules: &Cut) -> Option<u32> {
        let around = self.around(face);
        let ring: Vec<P> = around.iter().map(|&h| self.from(h)).collect();
        let n = ring.len();
        if !inside(&ring, through) {
            return None;
        }
        // 1. The nearest crossings with the boundary behind and ahead.
        type Crossing = Option<(f64, usize)>;
        let (mut behind, mut ahead): (Crossing, Crossing) = (None, None);
        for i in 0..n {
            let (a, b) = (ring[i] - through, ring[(i + 1) % n] - through);
            let (sa, sb) = (along.cross(a), along.cross(b));
            if (sa > 0.0) == (sb > 0.0) {
                continue;
            }
            let t = along.dot(a.towards(b, sa / (sa - sb)));
            if t < 0.0 && behind.is_none_or(|(best, _)| t > best) {
                behind = Some((t, i));
            }
            if t >= 0.0 && ahead.is_none_or(|(best, _)| t < best) {
                ahead = Some((t, i));
            }
        }
        let (behind, ahead) = (behind?, ahead?);
        // 2. Each end: a junction nearby, a vertex very close, or a new vertex on the edge.
        let end = |(t, i): (f64, usize)| -> (P, Option<usize>) {
            let at = through + along * t;
            let mut best: Option<(f64, usize)> = None;
            for step in 0..n.min(9) {
                let j = (i + n + step - n.min(9) / 2 + 1) % n;
                let far = (ring[j] - at).len();
                let junction = self.leaving(self.origin(around[j])).len() > 2;
                let reach = if junction { rules.snap } else { rules.clearance.min(rules.snap) };
                if far < reach && best.is_none_or(|(least, _)| far < least) {
                    best = Some((far, j));
                }
            }
            best.map_or((at, None), |(_, j)| (ring[j], Some(j)))
        };
        let (from, from_vertex) = end(behind);
        let (to, to_vertex) = end(ahead);
        let length = (to - from).len();
        if length < 2.5 * rules.clearance {
            return None;
        }
        // 3. The path, bent sideways where asked, must keep clear of every edge that it does not end on.
        let side = (to - from).unit().left();
        let count = rules.bends.len() + 1;
        let mut path = vec![from];
        for (k, &bend) in rules.bends.iter().enumerate() {
            path.push(from.towards(to, (k + 1) as f64 / count as f64) + side * bend);
        }
        path.push(to);
        let ends_on = |i: usize, vertex: Option<usize>, edge: usize| match vertex {
            Some(j) => i == j || (i + 1) % n == j,
            None => i == edge,
        };
        for (k, w) in path.windows(2).enumerate() {
            for i in 0..n {
                let (a, b) = (ring[i], ring[(i + 1) % n]);
                let at_from = ends_on(i, from_vertex, behind.1);
                let at_to = ends_on(i, to_vertex, ahead.1);
                if at_from && at_to {
                    return None;
                }
                if k == 0 && at_from {
                    if from_vertex != Some(i) && !wide(w[1] - w[0], a - w[0])
                        || from_vertex != Some((i + 1) % n) && !wide(w[1] - w[0], b - w[0])
                    {
                        return None;
                    }
                } else if k + 2 == path.len() && at_to {
                    if to_vertex != Some(i) && !wide(w[0] - w[1], a - w[1])
                        || to_vertex != Some((i + 1) % n) && !wide(w[0] - w[1], b - w[1])
                    {
                        return None;
                    }
                } else if !((at_from && k == 0) || (at_to && k + 2 == path.len())) {
                    let near = between(w[0], w[1], a, b);
                    let allowed = if at_from || at_to { 1.0 } else { rules.clearance };
                    // Edges next to the one that a path ends on come close at the end only.
                    let tip = to_segment(from, a, b).min(to_segment(to, a, b));
                    if near < allowed.min((tip * 0.7).max(1.0)) {
                        return None;
                    }
                }
            }
        }
        if path[1..path.len() - 1].iter().any(|&at| !inside(&ring, at)) {
            return None;
        }
        // 4. Both pieces must be large enough.
        let mut one = path.clone();
        let (start, stop) = (to_vertex.unwrap_or((ahead.1 + 1) % n), from_vertex.unwrap_or((behind.1 + 1) % n));
        let mut i = start;
        while i != stop {
            one.push(ring[i]);
            i = (i + 1) % n;
        }
        let piece = area(&one).abs();
        if piece < rules.least || area(&ring) - piece < rules.least {
            return None;
        }
        // 5. Do it.
        let (mut ha, mut hb) = (around[from_vertex.unwrap_or(behind.1)], around[to_vertex.unwrap_or(ahead.1)]);
        if from_vertex.is_none() {
            self.split_edge(ha, from);
            ha = self.next(ha);
        }
        if to_vertex.is_none() {
            self.split_edge(hb, to);
            hb = self.next(hb);
        }
        Some(self.split_face(face, ha, hb, &path[1..path.len() - 1], rules.course))
    }

    /// Adds a vertex on an edge near a place, or takes the edge's end when that is close enough.
    pub fn vertex_near(&mut self, h: u32, at: P) -> u32 {
        let (a, b) = (self.from(h), self.to(h));
        let foot = nearest(at, a, b);
        if (foot - a).len() < 6.0 {
            return self.origin(h);
        }
        if (foot - b).len() < 6.0 {
            return self.origin(h ^ 1);
        }
        self.split_edge(h, foot)
    }
}

/// Whether two directions differ by more than about 30 degrees: less would leave a sliver between two streets.
fn wide(a: P, b: P) -> bool {
    a.unit().dot(b.unit()) < 0.87
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square of 200 m with a street around it.
    fn square() -> Mesh {
        let frame = Frame::at(Coord::new(1_046_200_000, 310_200_000));
        let corners = [(0.0, 0.0), (200.0, 0.0), (200.0, 200.0), (0.0, 200.0)].map(|(x, y)| frame.coord(x, y));
        let street = Course::Street(StreetClass::Tertiary);
        Mesh::new(frame, corners.to_vec(), &[(0, 1, street), (1, 2, street), (2, 3, street), (3, 0, street)])
    }

    fn rules(bends: Vec<f64>) -> Cut {
        Cut { course: Course::Wall, snap: 15.0, clearance: 10.0, least: 100.0, bends }
    }

    /// Every half-edge follows the one before it, and faces agree on both sides.
    fn check(mesh: &Mesh) {
        for h in 0..mesh.half_edges() {
            assert_eq!(mesh.origin(mesh.next(h)), mesh.origin(h ^ 1));
            assert_eq!(mesh.face(mesh.next(h)), mesh.face(h));
            assert!(mesh.leaving(mesh.origin(h)).contains(&h));
        }
    }

    #[test]
    fn a_cut_makes_two_faces_that_share_their_border() {
        let mut mesh = square();
        assert_eq!(mesh.faces(), 2);
        let new = mesh.cut(1, p(90.0, 100.0), p(0.0, 1.0), &rules(vec![8.0, -8.0])).expect("fits");
        check(&mesh);
        let sizes = [1, new].map(|face| area(&mesh.ring(face)));
        assert!((sizes[0] + sizes[1] - 40_000.0).abs() < 1.0, "{sizes:?}");
        // The second cut ends on the first one's junction, which lies within reach.
        let third = mesh.cut(new, p(40.0, 100.0), p(1.0, 0.0), &rules(Vec::new())).expect("fits");
        check(&mesh);
        assert_eq!(mesh.faces(), 4);
        assert!(area(&mesh.ring(third)) > 100.0);
    }

    #[test]
    fn cuts_that_come_too_close_are_refused() {
        let mut mesh = square();
        assert!(mesh.cut(1, p(4.0, 100.0), p(0.0, 1.0), &rules(Vec::new())).is_none(), "beside an edge");
        assert!(mesh.cut(1, p(300.0, 100.0), p(0.0, 1.0), &rules(Vec::new())).is_none(), "outside");
        assert!(mesh.cut(1, p(100.0, 100.0), p(0.0, 1.0), &Cut { least: 25_000.0, ..rules(Vec::new()) }).is_none());
        assert_eq!(mesh.faces(), 2);
    }
}
