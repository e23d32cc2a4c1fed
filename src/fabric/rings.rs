//! From faces back to lines: arcs between nodes, and each place's rings made of them.

use super::arcs::{Arc, ArcRef, WovenPolygon};
use super::exact::{Side, side};
use super::faces::{Faces, NONE};
use crate::model::{Coord, Ring};

/// All arcs, and the polygons of each place.
pub(super) fn trace(faces: &Faces, layer_of: &[u32]) -> (Vec<Arc>, Vec<Vec<WovenPolygon>>) {
    let lines = Lines::new(faces);
    let mut pieces: Vec<Vec<ArcRef>> = vec![Vec::new(); layer_of.len()];
    for (arc, number) in lines.arcs.iter().zip(0u32..) {
        for (side, other, reversed) in [(&arc.left, &arc.right, false), (&arc.right, &arc.left, true)] {
            for place in side.iter().filter(|place| !other.contains(place)) {
                pieces[*place as usize].push(ArcRef { arc: number, reversed });
            }
        }
    }
    let places = pieces.iter().zip(0u32..).map(|(own, place)| {
        let rings = lines.rings(faces, own, place, layer_of[place as usize] as usize);
        lines.polygons(rings)
    });
    let places = places.collect();
    (lines.arcs, places)
}

struct Lines {
    arcs: Vec<Arc>,
    /// The first half-edge of each arc, and the last half-edge's twin: where the reversed arc starts.
    ends: Vec<[u32; 2]>,
    /// The arc that starts with a half-edge, in that direction; `arc << 1 | reversed`.
    starting: Vec<u32>,
    /// Each arc's part of twice the signed area of a ring that it belongs to.
    area: Vec<i128>,
}

impl Lines {
    fn new(faces: &Faces) -> Self {
        let count = faces.origin.len();
        let kept: Vec<bool> = (0..count as u32).map(|half| faces.separates(half)).collect();
        let degree: Vec<u32> = (0..faces.vertices.len() as u32)
            .map(|v| faces.around(v).iter().filter(|&&half| kept[half as usize]).count() as u32)
            .collect();
        let mut lines = Self { arcs: Vec::new(), ends: Vec::new(), starting: vec![NONE; count], area: Vec::new() };
        let mut used = vec![false; count / 2];
        // Nodes first; what is left then are closed lines that nobody else meets.
        for nodes in [true, false] {
            for vertex in 0..faces.vertices.len() as u32 {
                if (degree[vertex as usize] != 2) != nodes {
                    continue;
                }
                for &half in faces.around(vertex) {
                    if kept[half as usize] && !used[(half / 2) as usize] {
                        lines.walk(faces, &kept, &degree, &mut used, half);
                    }
                }
            }
        }
        lines
    }

    /// Follows a line from its first half-edge to the next node, or round to its start.
    fn walk(&mut self, faces: &Faces, kept: &[bool], degree: &[u32], used: &mut [bool], start: u32) {
        let mut line = vec![faces.vertices[faces.origin[start as usize] as usize]];
        let mut half = start;
        loop {
            used[(half / 2) as usize] = true;
            let head = faces.target(half);
            line.push(faces.vertices[head as usize]);
            if degree[head as usize] != 2 || head == faces.origin[start as usize] {
                break;
            }
            let onward = faces.around(head).iter().find(|&&next| kept[next as usize] && next != half ^ 1);
            let Some(&onward) = onward else { break };
            half = onward;
        }
        let number = self.arcs.len() as u32;
        self.starting[start as usize] = number << 1;
        self.starting[(half ^ 1) as usize] = number << 1 | 1;
        self.ends.push([start, half ^ 1]);
        let edges = line.windows(2).map(|w| (w[0], w[1]));
        self.area.push(edges.map(|(a, b)| i128::from(a.x) * i128::from(b.y) - i128::from(b.x) * i128::from(a.y)).sum());
        let side = |half: u32| (0..faces.layers).map(|l| faces.left(half, l)).filter(|&p| p != NONE).collect();
        self.arcs.push(Arc { line, left: side(start), right: side(start ^ 1) });
    }

    /// Joins a place's pieces into simple rings: at a node the leftmost turn, and a ring that comes back to one of its
    /// nodes is cut there.
    fn rings(&self, faces: &Faces, own: &[ArcRef], place: u32, layer: usize) -> Vec<Vec<ArcRef>> {
        let mut rings = Vec::new();
        let mut used = vec![false; own.len()];
        let index = |piece: ArcRef| own.binary_search(&piece).ok();
        for seed in 0..own.len() {
            if used[seed] {
                continue;
            }
            // The nodes where each piece on the path starts.
            let mut path: Vec<(u32, ArcRef)> = Vec::new();
            let mut at = Some(seed);
            while let Some(now) = at.filter(|&now| !used[now]) {
                used[now] = true;
                let piece = own[now];
                let [start, end] = self.ends[piece.arc as usize];
                let (first, last) = if piece.reversed { (end, start ^ 1) } else { (start, end ^ 1) };
                // `first` starts the piece and `last` ends it, both along the ring.
                path.push((faces.origin[first as usize], piece));
                let node = faces.target(last);
                // Only where four lines meet can a ring pass twice; elsewhere it is enough to look for its start.
                let cut = if path.first().is_some_and(|&(from, _)| from == node) {
                    Some(0)
                } else if faces.around(node).len() > 3 {
                    path.iter().position(|&(from, _)| from == node)
                } else {
                    None
                };
                if let Some(cut) = cut {
                    rings.push(path.drain(cut..).map(|(_, piece)| piece).collect());
                }
                at = self.turn(faces, last, place, layer).and_then(index);
            }
        }
        rings
    }

    /// The piece that follows a half-edge around the same ground.
    fn turn(&self, faces: &Faces, last: u32, place: u32, layer: usize) -> Option<ArcRef> {
        let back = last ^ 1;
        let mut half = faces.clockwise(back);
        loop {
            let borders = faces.left(half, layer) == place && faces.left(half ^ 1, layer) != place;
            if borders && self.starting[half as usize] != NONE {
                let start = self.starting[half as usize];
                return Some(ArcRef { arc: start >> 1, reversed: start & 1 == 1 });
            }
            if half == back {
                return None;
            }
            half = faces.clockwise(half);
        }
    }

    /// Sorts rings into outer ones and their holes.
    fn polygons(&self, rings: Vec<Vec<ArcRef>>) -> Vec<WovenPolygon> {
        let area = |ring: &[ArcRef]| -> i128 {
            let signed = |piece: &ArcRef| {
                let area = self.area[piece.arc as usize];
                if piece.reversed { -area } else { area }
            };
            ring.iter().map(signed).sum()
        };
        let (mut outers, mut holes) = (Vec::new(), Vec::new());
        for ring in rings {
            match area(&ring) {
                0 => {}
                a if a > 0 => outers.push((a, WovenPolygon { outer: ring, holes: Vec::new() })),
                _ => holes.push(ring),
            }
        }
        for hole in holes {
            let at = if outers.len() < 2 { 0 } else { self.outer_of(&hole, &outers) };
            if let Some((_, polygon)) = outers.get_mut(at) {
                polygon.holes.push(hole);
            }
        }
        outers.into_iter().map(|(_, polygon)| polygon).collect()
    }

    /// The smallest outer ring around a hole.
    fn outer_of(&self, hole: &[ArcRef], outers: &[(i128, WovenPolygon)]) -> usize {
        let hole = self.ring(hole);
        let around = |outer: &Ring| {
            let sides = hole.0.iter().map(|&vertex| side(vertex, outer.edges()));
            // A hole may touch its outer ring, and when all its vertices do, it still lies inside.
            sides.into_iter().find(|&side| side != Side::Border) != Some(Side::Outside)
        };
        let mut best: Option<(i128, usize)> = None;
        for (at, (area, polygon)) in outers.iter().enumerate() {
            if best.is_none_or(|(least, _)| *area < least) && around(&self.ring(&polygon.outer)) {
                best = Some((*area, at));
            }
        }
        best.map_or(0, |(_, at)| at)
    }

    fn ring(&self, refs: &[ArcRef]) -> Ring {
        let mut ring: Vec<Coord> = Vec::new();
        for piece in refs {
            let line = &self.arcs[piece.arc as usize].line;
            if piece.reversed { ring.extend(line[1..].iter().rev()) } else { ring.extend(&line[..line.len() - 1]) }
        }
        Ring(ring)
    }
}
