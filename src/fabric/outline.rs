//! From half-edges back to polygons: the outline of any set of faces.

use super::exact::{Side, side};
use super::faces::Faces;
use crate::model::{Coord, Polygon, Ring};
use std::collections::HashMap;

/// The polygons whose borders are the half-edges, which are ascending and have the ground on their left. Rings visit no
/// vertex twice: ground that touches itself in a vertex comes apart there. Vertices that `keeps` denies are left out of
/// rings that can spare them.
pub(super) fn outline(faces: &Faces, halves: &[u32], keeps: &dyn Fn(u32) -> bool) -> Vec<Polygon> {
    let (mut outers, mut holes) = (Vec::new(), Vec::new());
    for vertices in rings(faces, halves) {
        let at = |vertex: &u32| faces.vertices[*vertex as usize];
        let full = Ring(vertices.iter().map(at).collect());
        let spare = Ring(vertices.iter().filter(|vertex| keeps(**vertex)).map(at).collect());
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
