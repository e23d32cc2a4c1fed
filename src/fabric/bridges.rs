//! Cuts across narrow ground: from each vertex beside a gap or an overlap to the nearest point of each other border
//! within reach. They part what is narrow from what is wide (a sliver from the lake that it runs into, or from the
//! outside), and what lies between one pair of neighbours from what lies between the next.

use super::boxes::BoxTree;
use super::exact::cross;
use super::faces::Faces;
use crate::model::{Coord, Frame, Metres};
use rayon::prelude::*;

/// A foot nearer to an end of its edge than this part of the reach moves to the end, so that no crumbs are cut off.
const TO_THE_END: f64 = 0.25;

/// All cuts, each with its smaller end first, ascending.
pub(super) fn bridges(faces: &Faces, frame: &Frame, reach: Metres) -> Vec<(Coord, Coord)> {
    let ends: Vec<(Coord, Coord)> =
        (0..faces.origin.len() as u32 / 2).map(|e| (at(faces, 2 * e), at(faces, 2 * e + 1))).collect();
    let around = |a: Coord, b: Coord| [a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y)];
    let tree = BoxTree::new(&ends.iter().map(|&(a, b)| around(a, b)).collect::<Vec<_>>());
    let mut found: Vec<(Coord, Coord)> = (0..faces.vertices.len() as u32)
        .into_par_iter()
        .flat_map_iter(|vertex| from_vertex(faces, frame, reach, &ends, &tree, vertex))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn at(faces: &Faces, half: u32) -> Coord {
    faces.vertices[faces.origin[half as usize] as usize]
}

/// Whether a face is ground that no polygon or several hold.
fn faulty(faces: &Faces, face: u32) -> bool {
    faces.over[face as usize].len() != 1
}

/// The places whose border runs along an edge, ascending.
fn owners(faces: &Faces, edge: u32) -> impl Iterator<Item = u32> + '_ {
    let over = |half: u32| &faces.over[faces.face[half as usize] as usize];
    let (left, right) = (over(2 * edge), over(2 * edge + 1));
    let differs = |place: &u32, other: &[(u32, i32)]| other.binary_search_by_key(place, |(p, _)| *p).is_err();
    let mine = left.iter().map(|(p, _)| *p).filter(move |p| differs(p, right));
    mine.chain(right.iter().map(|(p, _)| *p).filter(move |p| differs(p, left)))
}

fn from_vertex(
    faces: &Faces,
    frame: &Frame,
    reach: Metres,
    ends: &[(Coord, Coord)],
    tree: &BoxTree,
    vertex: u32,
) -> Vec<(Coord, Coord)> {
    let star = faces.around(vertex);
    if !star.iter().any(|&half| faulty(faces, faces.face[half as usize])) {
        return Vec::new();
    }
    let from = faces.vertices[vertex as usize];
    let own: Vec<u32> = star.iter().flat_map(|half| owners(faces, half / 2)).collect();
    // The nearest point of each other place.
    let mut nearest: Vec<(u32, f64, Coord)> = Vec::new();
    let corner = |sign: f64| {
        let (east, north) = frame.metres(from);
        frame.coord(east + sign * reach.0, north + sign * reach.0)
    };
    let (low, high) = (corner(-1.0), corner(1.0));
    tree.visit([low.x, low.y, high.x, high.y], |edge| {
        let (a, b) = ends[edge as usize];
        if a == from || b == from {
            return;
        }
        let (distance, foot) = nearest_on(frame, from, a, b, reach.0 * TO_THE_END);
        if distance > reach.0 {
            return;
        }
        for place in owners(faces, edge).filter(|place| !own.contains(place)) {
            match nearest.iter_mut().find(|known| known.0 == place) {
                Some(known) if (distance, foot) < (known.1, known.2) => *known = (place, distance, foot),
                Some(_) => {}
                None => nearest.push((place, distance, foot)),
            }
        }
    });
    nearest.retain(|(_, _, foot)| *foot != from && leads_into_a_fault(faces, star, from, *foot));
    nearest.into_iter().map(|(_, _, foot)| (from.min(foot), from.max(foot))).collect()
}

/// Distance to an edge and its nearest vertex: of the edge's ends if one is within `end_reach` of the foot.
fn nearest_on(frame: &Frame, p: Coord, a: Coord, b: Coord, end_reach: f64) -> (f64, Coord) {
    let ((px, py), (ax, ay), (bx, by)) = (frame.metres(p), frame.metres(a), frame.metres(b));
    let (dx, dy) = (bx - ax, by - ay);
    let length_squared = dx * dx + dy * dy;
    let t = (((px - ax) * dx + (py - ay) * dy) / length_squared.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    let (x, y) = (ax + t * dx, ay + t * dy);
    let distance = ((px - x) * (px - x) + (py - y) * (py - y)).sqrt();
    let length = length_squared.sqrt();
    let foot = match (t * length, (1.0 - t) * length) {
        (to_a, to_b) if to_a <= end_reach && to_a <= to_b => a,
        (_, to_b) if to_b <= end_reach => b,
        _ => frame.coord(x, y),
    };
    (distance, foot)
}

/// Whether the way from a vertex goes into a face that is a gap or an overlap.
fn leads_into_a_fault(faces: &Faces, star: &[u32], from: Coord, to: Coord) -> bool {
    let head = |half: u32| faces.vertices[faces.target(half) as usize];
    star.iter().zip(star.iter().cycle().skip(1)).any(|(&half, &next)| {
        faulty(faces, faces.face[half as usize]) && (star.len() == 1 || turns_past(from, head(half), to, head(next)))
    })
}

/// Whether, turning counter-clockwise from the ray to `a`, the ray to `b` comes strictly before the ray to `c`.
fn turns_past(centre: Coord, a: Coord, b: Coord, c: Coord) -> bool {
    let (ab, bc, ac) = (cross(centre, a, b), cross(centre, b, c), cross(centre, a, c));
    if ac > 0 {
        ab > 0 && bc > 0
    } else if ac < 0 {
        ab > 0 || bc > 0
    } else {
        ab > 0 || (ab == 0 && bc > 0)
    }
}
