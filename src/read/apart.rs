//! Outlines that cross themselves or run along each other come apart, where that can mean one thing only.
//!
//! 1. Vertices at most two units apart become one: a digitised outline often misses its own vertex by a hair, and then
//!    crosses itself in a loop smaller than what the model can tell.
//! 2. What still meets is untangled (`fabric::untangle`): a bow-tie splits at its crossing, a hole along its outline
//!    becomes a notch, a line run along both ways goes. What could be read in two ways is refused with its place.

use super::crossing::{Clash, clashes};
use super::repairs::{Kind, Repairs, Size};
use super::rings::{Fault, check_sound, clean_area, part_of_each_ring};
use crate::fabric::untangle::untangle;
use crate::model::{Coord, MultiPolygon, Ring};
use std::collections::HashMap;

/// Most crossings of one area that are taken apart: beyond that it is no slip of the hand.
const MOST_CROSSINGS: usize = 1000;
/// Vertices so many units apart (2 cm) are one vertex where an outline would not work otherwise.
const NEAR: i32 = 2;

/// The area of rings with a fault: first with near vertices joined, then taken apart where they meet.
pub(super) fn taken_apart(area: MultiPolygon, fault: Fault, repairs: &mut Repairs) -> Result<MultiPolygon, Fault> {
    if matches!(fault, Fault::NoArea | Fault::TooManyRings(_) | Fault::Clash(Clash::Tangled)) {
        return Err(fault);
    }
    let (snapped, moved) = joined_near(&area);
    let mut again = Repairs::default();
    let area = match clean_area(&snapped, &mut again) {
        Ok(snapped) if !moved.is_empty() => {
            for (from, to) in moved {
                repairs.add_length(Kind::Snapped, from, to);
            }
            if check_sound(&snapped).is_ok() {
                return Ok(snapped);
            }
            snapped
        }
        _ => area,
    };
    let found = {
        let rings: Vec<&Ring> = area.rings().collect();
        clashes(&rings, &part_of_each_ring(&area), MOST_CROSSINGS + 1)
    };
    if found.len() > MOST_CROSSINGS || found.last().is_some_and(|last| last.clash == Clash::Tangled) {
        return Err(fault);
    }
    let parts: Vec<Vec<Ring>> = area.0.iter().map(|polygon| polygon.rings().cloned().collect()).collect();
    let apart = untangle(&parts).map_err(Fault::Doubt)?;
    if apart.area.0.is_empty() {
        return Err(Fault::NoArea);
    }
    // Crossings were rounded: what comes out must pass the same judgement as what comes in sound.
    check_sound(&apart.area)?;

    let rings: Vec<&Ring> = area.rings().collect();
    let mut crossings: Vec<Coord> = Vec::new();
    let mut notches: Vec<u32> = Vec::new();
    for (found, at) in found.iter().filter_map(|found| Some((found, Fault::Clash(found.clash).place()?))) {
        let [one, other] = found.rings;
        match found.clash {
            Clash::Crossing(..) => crossings.push(at),
            Clash::Overlap(..) if one != other => notches.push(one.max(other)),
            _ => repairs.add(Kind::Doubled, Size::Nothing, at),
        }
    }
    let mut seen = crossings.clone();
    seen.sort_unstable();
    seen.dedup();
    for (i, at) in seen.iter().enumerate() {
        repairs.add_ground(Kind::Split, if i == 0 { apart.reversed } else { 0 }, *at);
    }
    notches.sort_unstable();
    notches.dedup();
    for hole in notches.into_iter().filter_map(|ring| rings.get(ring as usize)) {
        let at = hole.0.iter().min().copied().unwrap_or_default();
        repairs.add_ground(Kind::Notch, hole.doubled_area(), at);
    }
    Ok(apart.area)
}

/// Polygons as lists of rings.
type Parts = Vec<Vec<Vec<Coord>>>;

/// The rings with every vertex put on the first one, in the order of the rings, within [`NEAR`] units of it, closed as
/// files close them; and the vertices that were moved, with where they went.
fn joined_near(area: &MultiPolygon) -> (Parts, Vec<(Coord, Coord)>) {
    let cell = |c: Coord| (c.x.div_euclid(NEAR + 1), c.y.div_euclid(NEAR + 1));
    let mut first: HashMap<(i32, i32), Vec<Coord>> = HashMap::new();
    let mut moved: Vec<(Coord, Coord)> = Vec::new();
    let mut place = |vertex: Coord| {
        let (x, y) = cell(vertex);
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
        let near = |c: &&Coord| c.x.abs_diff(vertex.x) <= NEAR as u32 && c.y.abs_diff(vertex.y) <= NEAR as u32;
        let known = around.filter_map(|cell| first.get(&cell)).flatten().filter(near);
        let known = known.min_by_key(|c| (c.x.abs_diff(vertex.x) + c.y.abs_diff(vertex.y), **c)).copied();
        match known {
            Some(known) if known != vertex => {
                moved.push((vertex, known));
                known
            }
            Some(known) => known,
            None => {
                first.entry((x, y)).or_default().push(vertex);
                vertex
            }
        }
    };
    let mut ring = |ring: &Ring| {
        let mut ring: Vec<Coord> = ring.0.iter().map(|&vertex| place(vertex)).collect();
        ring.extend(ring.first().copied());
        ring
    };
    let parts = area.0.iter().map(|polygon| polygon.rings().map(&mut ring).collect()).collect();
    (parts, moved)
}

#[cfg(test)]
mod tests {
    use super::super::rings::area_of;
    use super::*;
    use crate::fabric::untangle::{Doubt, Why};
    use crate::model::Frame;
    use proptest::prelude::*;

    type Pair = (i32, i32);

    fn coords(vertices: &[Pair]) -> Vec<Coord> {
        vertices.iter().chain(vertices.first()).map(|&(x, y)| Coord::new(x, y)).collect()
    }

    fn mended(rings: &[&[Pair]]) -> (MultiPolygon, Repairs) {
        area_of(&[rings.iter().map(|ring| coords(ring)).collect()]).expect("one way to read it")
    }

    fn doubt(rings: &[&[Pair]]) -> Doubt {
        match area_of(&[rings.iter().map(|ring| coords(ring)).collect()]) {
            Err(Fault::Doubt(doubt)) => doubt,
            other => panic!("{other:?}"),
        }
    }

    fn kinds(repairs: &Repairs) -> Vec<(Kind, usize, Coord)> {
        repairs.list.iter().map(|repair| (repair.kind, repair.count, repair.at)).collect()
    }

    #[test]
    fn a_bow_tie_splits_at_its_crossing() {
        let (area, repairs) = mended(&[&[(0, 0), (200, 100), (200, 0), (0, 100)]]);
        assert_eq!((area.0.len(), area.doubled_area()), (2, 20_000));
        assert_eq!(kinds(&repairs), [(Kind::Split, 1, Coord::new(100, 50))]);
        let lobe = Frame::at(Coord::new(100, 50)).area(10_000);
        assert_eq!(repairs.list[0].size, Size::Ground(lobe));
        // A crossing that falls between units is rounded, and both lobes use the rounded vertex.
        let (area, _) = mended(&[&[(0, 0), (301, 100), (301, 0), (0, 101)]]);
        assert!(area.0.iter().all(|part| part.outer.0.contains(&Coord::new(151, 50))), "{area:?}");
    }

    #[test]
    fn what_winds_twice_is_refused_with_its_place() {
        // A pentagram: its middle could be ground or a hole.
        let star = doubt(&[&[(0, 1000), (588, -809), (-951, 309), (951, 309), (-588, -809)]]);
        assert_eq!(star.why, Why::Twice);
        assert!(star.at.x.abs() < 400 && star.at.y.abs() < 400 && star.area > 0, "{star:?}");
    }

    #[test]
    fn a_hole_along_the_border_becomes_a_notch() {
        let shell: &[Pair] = &[(0, 0), (100, 0), (100, 100), (0, 100)];
        let (area, repairs) = mended(&[shell, &[(0, 0), (50, 0), (50, 40), (0, 40)]]);
        assert_eq!((area.0.len(), area.0[0].holes.len(), area.doubled_area()), (1, 0, 16_000));
        assert_eq!(kinds(&repairs), [(Kind::Notch, 1, Coord::new(0, 0))]);
        // Across the whole it parts the ground; two holes side by side become one.
        let (area, _) = mended(&[shell, &[(40, 0), (60, 0), (60, 100), (40, 100)]]);
        assert_eq!((area.0.len(), area.doubled_area()), (2, 16_000));
        let pair = [shell, &[(20, 20), (50, 20), (50, 80), (20, 80)], &[(50, 30), (80, 30), (80, 70), (50, 70)]];
        let (area, repairs) = mended(&pair);
        assert_eq!((area.0[0].holes.len(), area.doubled_area()), (1, 20_000 - 3600 - 2400));
        assert_eq!(kinds(&repairs), [(Kind::Notch, 1, Coord::new(50, 30))]);
        // One that reaches out of the outline is not.
        let out = doubt(&[shell, &[(80, 20), (130, 20), (130, 80), (80, 80)]]);
        assert_eq!((out.why, out.area), (Why::HoleOutside, 3600));
        // The same off by a unit, as rounding leaves it: only lines closer than a unit are one line.
        let (area, _) = mended(&[shell, &[(1, 10), (50, 10), (50, 40), (-1, 40)]]);
        assert_eq!(area.0[0].holes.len(), 0);
    }

    #[test]
    fn a_hair_is_closed_and_a_doubled_line_goes() {
        // The outline misses its first vertex by a unit and crosses itself there.
        let (area, repairs) = mended(&[&[(0, 0), (1000, 0), (1000, 1000), (0, 1000), (-1, 1), (1, -1)]]);
        assert_eq!((area.0.len(), area.doubled_area()), (1, 2_000_000));
        assert_eq!(repairs.count(Kind::Snapped), 2);
        // Out and back along one line, with a vertex on the way back only.
        let (area, repairs) = mended(&[&[(0, 0), (100, 0), (100, 50), (180, 50), (140, 50), (100, 50), (100, 100)]]);
        assert_eq!((area.0.len(), area.doubled_area()), (1, 10_000));
        assert!(repairs.count(Kind::Doubled) + repairs.count(Kind::Spike) > 0, "{repairs:?}");
    }

    #[test]
    fn touching_is_no_fault() {
        let eight = [(0, 0), (100, 100), (200, 0), (200, 200), (100, 100), (0, 200)];
        let (area, repairs) = mended(&[&eight]);
        assert_eq!((area.0.len(), area.0[0].outer.0.len(), repairs.list.len()), (1, 6, 0));
    }

    #[test]
    fn too_many_crossings_are_refused() {
        let comb = |n: i32| -> Vec<Pair> {
            let up = (0..n).flat_map(|i| [(20 * i, 0), (20 * i + 10, 1000)]);
            up.chain([(20 * n, 0), (20 * n, 500), (-10, 500)]).collect()
        };
        assert!(matches!(area_of(&[vec![coords(&comb(600))]]), Err(Fault::Clash(Clash::Crossing(..)))));
        assert!(area_of(&[vec![coords(&comb(6))]]).is_ok_and(|(_, repairs)| repairs.count(Kind::Split) == 12));
    }

    /// Side of a square of the chequered plane that the oracle counts.
    const SIDE: i32 = 1200;

    /// A ring through the corners of the squares that runs level, upright or diagonally: all its crossings are corners
    /// or middles of squares.
    fn king(stops: &[Pair]) -> Vec<Coord> {
        let mut ring = Vec::new();
        for (i, &(x, y)) in stops.iter().enumerate() {
            let (to_x, to_y) = stops[(i + 1) % stops.len()];
            ring.push(Coord::new(x * SIDE, y * SIDE));
            let steps = (to_x - x).abs().min((to_y - y).abs());
            let (x, y) = (x + steps * (to_x - x).signum(), y + steps * (to_y - y).signum());
            ring.push(Coord::new(x * SIDE, y * SIDE));
        }
        ring.extend(ring.first().copied());
        ring
    }

    /// How often a ring winds around a place that lies on none of its lines: rays to the east, counted one by one.
    fn winding(ring: &[Coord], p: Coord) -> i32 {
        let crossed = ring.windows(2).filter(|e| (e[0].y > p.y) != (e[1].y > p.y)).map(|e| {
            let turn = (i128::from(e[1].x) - i128::from(e[0].x)) * (i128::from(p.y) - i128::from(e[0].y))
                - (i128::from(e[1].y) - i128::from(e[0].y)) * (i128::from(p.x) - i128::from(e[0].x));
            match e[1].y > e[0].y {
                true => i32::from(turn < 0),
                false => -i32::from(turn > 0),
            }
        });
        crossed.sum()
    }

    /// The centres of the four triangles that its diagonals cut each square into.
    fn centres() -> impl Iterator<Item = Coord> {
        let squares = (0..9).flat_map(|x| (0..9).map(move |y| (x * SIDE + SIDE / 2, y * SIDE + SIDE / 2)));
        let third = SIDE / 3;
        squares.flat_map(move |(x, y)| {
            [(third, 0), (0, third), (-third, 0), (0, -third)].map(|(dx, dy)| Coord::new(x + dx, y + dy))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Triangle by triangle: what every rule calls ground is ground, to the last square unit, and where the rules
        /// differ the outline is refused.
        #[test]
        fn the_ground_is_what_all_rules_agree_on(
            outer in proptest::collection::vec((0i32..10, 0i32..10), 3..7),
            hole in proptest::collection::vec((0i32..10, 0i32..10), 0..5),
        ) {
            let rings: Vec<Vec<Coord>> = [&outer, &hole].into_iter().filter(|stops| stops.len() > 1).map(|s| king(s)).collect();
            let (mut triangles, mut doubtful) = (0i128, None);
            for p in centres() {
                let around = winding(&rings[0], p);
                let hole = rings.get(1).map_or(0, |hole| winding(hole, p));
                if around.abs() > 1 || hole.abs() > 1 || (hole != 0 && around == 0) {
                    doubtful = Some(p);
                }
                triangles += i128::from(around != 0 && hole == 0);
            }
            let expected = triangles * i128::from(SIDE) * i128::from(SIDE) / 2;
            match (area_of(&[rings]), doubtful) {
                (Ok((area, _)), None) => {
                    prop_assert_eq!(area.doubled_area(), expected);
                    prop_assert!(check_sound(&area).is_ok());
                }
                (Err(Fault::NoArea), None) => prop_assert_eq!(expected, 0),
                (Err(Fault::NoArea), Some(_)) if triangles == 0 => {}
                (Err(Fault::Doubt(doubt)), Some(_)) => prop_assert!(doubt.area > 0),
                (outcome, _) => prop_assert!(false, "{outcome:?} but {doubtful:?}"),
            }
        }
    }
}
