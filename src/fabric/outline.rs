//! From half-edges back to polygons: the outline of any set of faces.

use super::exact::{Side, cross, difference, side};
use super::faces::Faces;
use crate::model::{Coord, Polygon, Ring};
use std::collections::HashMap;

/// The polygons whose borders are the half-edges, which are ascending and have the ground on their left. Rings visit no
/// vertex twice: ground that touches itself in a vertex comes apart there. Between vertices that are `firm`, nodes that
/// lie within a unit of the straight line are left out; as that is so from either side, neighbours leave out the same.
pub(super) fn outline(faces: &Faces, halves: &[u32], firm: &dyn Fn(u32) -> bool) -> Vec<Polygon> {
    let (mut outers, mut holes) = (Vec::new(), Vec::new());
    for vertices in rings(faces, halves) {
        let full = Ring(vertices.iter().map(|vertex| faces.vertices[*vertex as usize]).collect());
        let spare = straightened(faces, &vertices, firm);
        let ring = if spare.doubled_area().signum() == full.doubled_area().signum() { spare } else { full };
        match ring.doubled_area() {
            0 => {}
            area if area > 0 => outers.push((area, Polygon { outer: ring, holes: Vec::new() })),
            _ => holes.push(ring),
        }
    }
    for hole in holes {
        let home = if outers.len() < 2 { 0 } else { home_of(&hole, &outers) };
        if let Some((_, polygon)) = outers.get_mut(home) {
            polygon.holes.push(hole);
        }
    }
    outers.into_iter().map(|(_, polygon)| polygon).collect()
}

/// A ring without the nodes that it can spare.
fn straightened(faces: &Faces, vertices: &[u32], firm: &dyn Fn(u32) -> bool) -> Ring {
    let at = |vertex: u32| faces.vertices[vertex as usize];
    let n = vertices.len();
    let firm: Vec<usize> = (0..n).filter(|&i| firm(vertices[i])).collect();
    let mut ring = Vec::with_capacity(n);
    if firm.is_empty() {
        ring.extend(vertices.iter().map(|&vertex| at(vertex)));
    }
    for (i, &from) in firm.iter().enumerate() {
        let to = firm.get(i + 1).copied().unwrap_or(firm[0] + n);
        let (a, b) = (at(vertices[from]), at(vertices[to % n]));
        let between = || (from + 1..to).map(|j| at(vertices[j % n]));
        let (dx, dy) = difference(a, b);
        let reach = i128::from(dx.abs().max(dy.abs()));
        ring.push(a);
        if a == b || between().any(|node| cross(a, b, node).abs() > reach) {
            ring.extend(between());
        }
    }
    Ring(ring)
}

/// Follows the border: at each vertex the leftmost turn, and a ring that comes back to one of its vertices is cut there.
fn rings(faces: &Faces, halves: &[u32]) -> Vec<Vec<u32>> {
    let mut used = vec![false; halves.len()];
    let mut rings = Vec::new();
    for seed in 0..halves.len() {
        let mut path: Vec<u32> = Vec::new();
        let mut place: HashMap<u32, usize> = HashMap::new();
        let mut next = Some(seed);
        while let Some(now) = next.filter(|&now| !used[now]) {
            used[now] = true;
            let half = halves[now];
            place.insert(faces.origin[half as usize], path.len());
            path.push(faces.origin[half as usize]);
            if let Some(&cut) = place.get(&faces.target(half)) {
                let ring = path.split_off(cut);
                for vertex in &ring {
                    place.remove(vertex);
                }
                rings.push(ring);
            }
            next = turn(faces, half, halves);
        }
    }
    rings
}

/// The half-edge of the border that follows another around the same ground.
fn turn(faces: &Faces, half: u32, halves: &[u32]) -> Option<usize> {
    let back = half ^ 1;
    let mut onward = faces.clockwise(back);
    while onward != back {
        if let Ok(at) = halves.binary_search(&onward) {
            return Some(at);
        }
        onward = faces.clockwise(onward);
    }
    None
}

/// The smallest outer ring around a hole.
fn home_of(hole: &Ring, outers: &[(i128, Polygon)]) -> usize {
    let around = |outer: &Ring| {
        let mut sides = hole.0.iter().map(|&vertex: &Coord| side(vertex, outer.edges()));
        // A hole may touch its outer ring, and when all its vertices do, it still lies inside.
        sides.find(|side| *side != Side::Border) != Some(Side::Outside)
    };
    let found = outers.iter().enumerate().filter(|(_, (_, polygon))| around(&polygon.outer));
    found.min_by_key(|(_, (area, _))| *area).map_or(0, |(at, _)| at)
}
