//! Ways become rings, whatever roles their relation gives them.
//!
//! 1. Every edge of every member goes into one pot; an edge that lies in it an even number of times is within the area
//!    or outside it, never on its border, and is dropped (two inner ways that share an edge, an inner on an outer).
//! 2. From each edge left, walk on until a vertex repeats; what lies between is a ring. Rings that touch in a vertex
//!    come apart there.
//! 3. Which ring is outline and which is hole is told by containment (`rings::nest`).
//!
//! As in osmium's multipolygon assembler, but in integers.

use crate::model::{Coord, Ring};
use std::collections::HashMap;

/// Why the ways give no rings: they end here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenEnd(pub Coord);

/// Rings out of the vertices of ways.
pub(super) fn rings(ways: &[&[Coord]]) -> Result<Vec<Ring>, OpenEnd> {
    let mut times: HashMap<(Coord, Coord), u32> = HashMap::new();
    let key = |a: Coord, b: Coord| if a < b { (a, b) } else { (b, a) };
    let pairs = || ways.iter().flat_map(|way| way.windows(2)).filter(|w| w[0] != w[1]).map(|w| key(w[0], w[1]));
    for pair in pairs() {
        *times.entry(pair).or_default() += 1;
    }
    let mut edges: Vec<(Coord, Coord)> = Vec::new();
    for pair in pairs() {
        // Each odd edge once, in the order of the ways: the map's own order must not show.
        if let Some(count) = times.get_mut(&pair)
            && *count % 2 == 1
        {
            *count = 0;
            edges.push(pair);
        }
    }
    let mut at: HashMap<Coord, Vec<usize>> = HashMap::new();
    for (i, (a, b)) in edges.iter().enumerate() {
        at.entry(*a).or_default().push(i);
        at.entry(*b).or_default().push(i);
    }
    // Every vertex of a border has an even number of edges; the first odd one in order is where a way is missing.
    if let Some(end) = edges.iter().flat_map(|(a, b)| [a, b]).find(|c| at.get(c).is_some_and(|e| e.len() % 2 == 1)) {
        return Err(OpenEnd(*end));
    }
    let mut used = vec![false; edges.len()];
    let mut found = Vec::new();
    for start in 0..edges.len() {
        if used.get(start) != Some(&false) {
            continue;
        }
        let Some((first, _)) = edges.get(start).copied() else { continue };
        let mut path = vec![first];
        let mut place: HashMap<Coord, usize> = HashMap::from([(first, 0)]);
        while let Some(&here) = path.last() {
            let Some(list) = at.get_mut(&here) else { break };
            while list.last().is_some_and(|&e| used.get(e) == Some(&true)) {
                list.pop();
            }
            let Some(edge) = list.pop() else { break };
            if let Some(flag) = used.get_mut(edge) {
                *flag = true;
            }
            let Some(&(a, b)) = edges.get(edge) else { break };
            let next = if a == here { b } else { a };
            let Some(&back) = place.get(&next) else {
                place.insert(next, path.len());
                path.push(next);
                continue;
            };
            let ring = path.split_off(back + 1);
            for vertex in &ring {
                place.remove(vertex);
            }
            found.push(Ring(std::iter::once(next).chain(ring).collect()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(vertices: &[(i32, i32)]) -> Vec<Coord> {
        vertices.iter().map(|&(x, y)| Coord::new(x, y)).collect()
    }

    fn sizes(ways: &[Vec<Coord>]) -> Result<Vec<i128>, OpenEnd> {
        let views: Vec<&[Coord]> = ways.iter().map(Vec::as_slice).collect();
        let mut sizes: Vec<i128> = rings(&views)?.iter().map(|ring| ring.doubled_area().abs() / 2).collect();
        sizes.sort_unstable();
        Ok(sizes)
    }

    #[test]
    fn ways_join_at_their_ends_in_any_direction() {
        let ways = [way(&[(0, 0), (9, 0)]), way(&[(9, 9), (9, 0)]), way(&[(9, 9), (0, 9), (0, 0)])];
        assert_eq!(sizes(&ways), Ok(vec![81]));
    }

    #[test]
    fn rings_that_touch_come_apart() {
        let eight = [way(&[(0, 0), (4, 0), (4, 4), (8, 4), (8, 8), (4, 8), (4, 4), (0, 4), (0, 0)])];
        assert_eq!(sizes(&eight), Ok(vec![16, 16]));
    }

    #[test]
    fn inner_ways_that_share_an_edge_are_one_hole() {
        let outer = way(&[(0, 0), (9, 0), (9, 9), (0, 9), (0, 0)]);
        let left = way(&[(2, 2), (4, 2), (4, 4), (2, 4), (2, 2)]);
        let right = way(&[(4, 2), (6, 2), (6, 4), (4, 4), (4, 2)]);
        assert_eq!(sizes(&[outer, left, right]), Ok(vec![8, 81]));
    }

    #[test]
    fn an_open_end_is_named() {
        let ways = [way(&[(0, 0), (9, 0), (9, 9)])];
        assert_eq!(sizes(&ways), Err(OpenEnd(Coord::new(0, 0))));
        assert_eq!(sizes(&[]), Ok(vec![]));
    }
}
