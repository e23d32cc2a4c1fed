//! Vertices as files hold them become the model's polygons: closed once, oriented, without repeats, holes inside.
//!
//! Only what has one possible repair is repaired, and each repair is told. The rest is refused with its place.

use super::apart::taken_apart;
use super::crossing::{Clash, first_clash, side};
use super::repairs::{Kind, Repairs, Size};
use crate::fabric::untangle::{Doubt, Why};
use crate::model::{Bounds, Coord, Frame, MultiPolygon, Polygon, Ring};

/// Why rings are no area.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// Fewer than three distinct vertices, or all on one line.
    NoArea,
    /// A ring meets itself or another.
    Clash(Clash),
    /// Some ground could be meant to belong to it or not.
    Doubt(Doubt),
    /// Wider than half the world: it was not cut at 180 degrees.
    TooWide,
    /// So many rings that nesting them would take too long.
    TooManyRings(usize),
}

impl Fault {
    /// Where it is, if it has a place.
    pub(super) fn place(&self) -> Option<Coord> {
        match self {
            Self::Clash(Clash::Crossing(lon, lat) | Clash::Overlap(lon, lat)) => Coord::from_degrees(*lon, *lat),
            Self::Doubt(doubt) => Some(doubt.at),
            _ => None,
        }
    }

    /// A stable code, what is wrong, and the remedy.
    pub(super) fn tell(&self) -> (&'static str, String, &'static str) {
        let place = |lon: f64, lat: f64| format!("{lon:.7}, {lat:.7}");
        match self {
            Self::NoArea => (
                "ring-without-area",
                "the ring has fewer than three distinct vertices or no area at the model's 1e-7 degree".to_owned(),
                "draw the outline again, or delete the feature",
            ),
            Self::Clash(Clash::Crossing(lon, lat)) => (
                "ring-self-crosses",
                format!("the outline crosses itself at {}", place(*lon, *lat)),
                "move the vertices there apart; in QGIS: Vector > Geometry Tools > Check Validity, Fix Geometries",
            ),
            Self::Clash(Clash::Overlap(lon, lat)) => (
                "ring-self-crosses",
                format!("the outline runs over itself from {}", place(*lon, *lat)),
                "delete the doubled edge there; in QGIS: Fix Geometries",
            ),
            Self::Clash(Clash::Tangled) => (
                "ring-tangled",
                "the outline is too tangled to be checked".to_owned(),
                "simplify the outline or split the feature",
            ),
            Self::Doubt(Doubt { why, at, area }) => {
                let ground = format!("{:.2} m² at {}", Frame::at(*at).area(*area).0, place(at.lon(), at.lat()));
                match why {
                    Why::Twice => (
                        "ring-self-crosses",
                        format!("the outline crosses itself and winds twice around {ground}: ground or a hole?"),
                        "draw the outline so that it runs around its ground once",
                    ),
                    Why::HoleOutside => (
                        "hole-outside",
                        format!("a hole takes {ground} that lie outside its outline"),
                        "move or delete the hole, or make it a polygon of its own",
                    ),
                    Why::HolesOverlap => (
                        "hole-in-hole",
                        format!("two holes take {ground}: doubly a hole, or an island?"),
                        "make an island within a hole a polygon of its own; join holes that overlap",
                    ),
                    Why::PartsOverlap => (
                        "parts-overlap",
                        format!("two parts of the area share {ground}"),
                        "join the parts, or take the shared ground off one of them",
                    ),
                    Why::Unsettled => (
                        "ring-tangled",
                        format!("the outline is too tangled to be taken apart near {}", place(at.lon(), at.lat())),
                        "simplify the outline or split the feature",
                    ),
                }
            }
            Self::TooWide => (
                "crosses-180",
                "the outline is wider than half the world".to_owned(),
                "split it at 180 degrees, as RFC 7946 asks",
            ),
            Self::TooManyRings(n) => {
                ("too-many-rings", format!("{n} rings in one area"), "split the feature into several")
            }
        }
    }
}

/// Most rings in one area: nesting compares their boxes pair by pair.
const MOST_RINGS: usize = 20_000;
/// Half the world in units.
const HALF_WORLD: i64 = 1_800_000_000;

/// A ring with neighbours distinct and spikes of no width taken off; unoriented. `None` when nothing is left.
pub(super) fn clean_ring(vertices: &[Coord], repairs: &mut Repairs) -> Option<Ring> {
    let mut ring: Vec<Coord> = Vec::with_capacity(vertices.len());
    let closed = vertices.len() > 1 && vertices.first() == vertices.last();
    if let ([first, .., last], false) = (vertices, closed) {
        repairs.add_length(Kind::Closed, *last, *first);
    }
    let body = if closed { vertices.get(..vertices.len() - 1)? } else { vertices };
    for &vertex in body {
        push(&mut ring, vertex, repairs);
    }
    // The seam between the end and the beginning can hold repeats and spikes too.
    let mut from = 0;
    loop {
        let n = ring.len();
        if n < from + 3 {
            return None;
        }
        let (first, second) = (*ring.get(from)?, *ring.get(from + 1)?);
        let (last, before) = (*ring.get(n - 1)?, *ring.get(n - 2)?);
        if first == last {
            repairs.repeats += 1;
            ring.pop();
        } else if before == first {
            repairs.add_length(Kind::Spike, last, first);
            ring.truncate(n - 2);
        } else if last == second {
            repairs.add_length(Kind::Spike, first, last);
            from += 1;
            ring.pop();
        } else {
            break;
        }
    }
    let ring = Ring(ring.split_off(from));
    // A bowtie has no area by its signs, yet is told apart from a line: its crossing is named later.
    let (a, b) = (*ring.0.first()?, *ring.0.get(1)?);
    ring.0.iter().any(|&c| side(a, b, c) != 0).then_some(ring)
}

fn push(ring: &mut Vec<Coord>, vertex: Coord, repairs: &mut Repairs) {
    match ring.as_slice() {
        [.., last] if *last == vertex => repairs.repeats += 1,
        [.., before, tip] if *before == vertex => {
            repairs.add_length(Kind::Spike, *tip, vertex);
            ring.pop();
        }
        _ => ring.push(vertex),
    }
}

/// Counter-clockwise when `outer`, else clockwise.
fn orient(mut ring: Ring, outer: bool) -> Ring {
    if (ring.doubled_area() > 0) != outer {
        ring.0.reverse();
    }
    ring
}

/// One polygon or several, given as files give them: outline first, then its holes. Where rings cross or run along each
/// other, they are taken apart if all ways to read them mean the same ground.
///
/// # Errors
/// What keeps it from being an area.
pub(super) fn area_of(parts: &[Vec<Vec<Coord>>]) -> Result<(MultiPolygon, Repairs), Fault> {
    let mut repairs = Repairs::default();
    let area = clean_area(parts, &mut repairs)?;
    check_width(&area)?;
    match check_sound(&area) {
        Ok(()) => Ok((area, repairs)),
        Err(fault) => taken_apart(area, fault, &mut repairs).map(|area| (area, repairs)),
    }
}

/// Rings cleaned one by one and oriented.
pub(super) fn clean_area(parts: &[Vec<Vec<Coord>>], repairs: &mut Repairs) -> Result<MultiPolygon, Fault> {
    let mut polygons = Vec::with_capacity(parts.len());
    let vanished = |ring: &[Coord], repairs: &mut Repairs| {
        if let Some(&at) = ring.first() {
            repairs.add(Kind::Vanished, Size::Nothing, at);
        }
    };
    for part in parts {
        let Some((outline, holes)) = part.split_first() else { return Err(Fault::NoArea) };
        let Some(outer) = clean_ring(outline, repairs) else {
            vanished(outline, repairs);
            continue;
        };
        let mut clean = Vec::with_capacity(holes.len());
        for hole in holes {
            match clean_ring(hole, repairs) {
                Some(hole) => clean.push(orient(hole, false)),
                None => vanished(hole, repairs),
            }
        }
        polygons.push(Polygon { outer: orient(outer, true), holes: clean });
    }
    if polygons.is_empty() { Err(Fault::NoArea) } else { Ok(MultiPolygon(polygons)) }
}

/// Whether the area is what the model asks for.
pub(super) fn check_sound(area: &MultiPolygon) -> Result<(), Fault> {
    check_clash(area)?;
    if area.rings().any(|ring| ring.doubled_area() == 0) {
        return Err(Fault::NoArea);
    }
    for polygon in &area.0 {
        check_holes(polygon)?;
    }
    check_parts_apart(area)
}

/// Rings as shapefiles give them, in any order: roles by containment, repaired as [`area_of`] repairs.
///
/// # Errors
/// As [`area_of`].
pub(super) fn area_of_rings(rings: &[Vec<Coord>]) -> Result<(MultiPolygon, Repairs), Fault> {
    let mut repairs = Repairs::default();
    let mut clean = Vec::with_capacity(rings.len());
    for ring in rings {
        match (clean_ring(ring, &mut repairs), ring.first()) {
            (Some(ring), _) => clean.push(ring),
            (None, Some(&at)) => repairs.add(Kind::Vanished, Size::Nothing, at),
            (None, None) => {}
        }
    }
    let area = MultiPolygon(by_containment(sized(clean)?));
    check_width(&area)?;
    match check_sound(&area) {
        Ok(()) => Ok((area, repairs)),
        Err(fault) => taken_apart(area, fault, &mut repairs).map(|area| (area, repairs)),
    }
}

/// Rings whose roles nobody vouches for: those inside an even number of others are outlines, the rest holes of the ring
/// right around them.
///
/// # Errors
/// As [`area_of`], without its repairs.
pub(super) fn nest(rings: Vec<Ring>) -> Result<MultiPolygon, Fault> {
    let sized = sized(rings)?;
    {
        let all: Vec<&Ring> = sized.iter().map(|(_, ring, _)| ring).collect();
        // Roles are not known yet, so each ring is its own part; shared edges were cancelled before.
        let parts: Vec<u32> = (0..all.len() as u32).collect();
        if let Some(clash) = first_clash(&all, &parts) {
            return Err(Fault::Clash(clash));
        }
        if all.iter().any(|ring| ring.doubled_area() == 0) {
            return Err(Fault::NoArea);
        }
    }
    let area = MultiPolygon(by_containment(sized));
    check_width(&area)?;
    Ok(area)
}

/// A ring with twice its area and the box around it.
type Sized = (i128, Ring, Bounds);

/// Largest first, so that whatever is around a ring stands before it.
fn sized(rings: Vec<Ring>) -> Result<Vec<Sized>, Fault> {
    if rings.is_empty() {
        return Err(Fault::NoArea);
    }
    if rings.len() > MOST_RINGS {
        return Err(Fault::TooManyRings(rings.len()));
    }
    let mut sized: Vec<Sized> = Vec::with_capacity(rings.len());
    for ring in rings {
        let bounds = Bounds::of(ring.0.iter().copied()).ok_or(Fault::NoArea)?;
        sized.push((ring.doubled_area().abs(), orient(ring, true), bounds));
    }
    sized.sort_by_key(|(size, ..)| std::cmp::Reverse(*size));
    Ok(sized)
}

fn by_containment(sized: Vec<Sized>) -> Vec<Polygon> {
    let mut polygons: Vec<Polygon> = Vec::new();
    // For each ring: how deep it lies and, for outlines, which polygon it became.
    let mut placed: Vec<(usize, usize)> = Vec::with_capacity(sized.len());
    for (i, (_, ring, bounds)) in sized.iter().enumerate() {
        let mut depth = 0;
        let mut around = None;
        for (j, (_, outer, outer_bounds)) in sized.iter().enumerate().take(i) {
            let boxed = outer_bounds.contains(bounds.min) && outer_bounds.contains(bounds.max);
            if boxed && ring_inside(ring, outer) {
                depth += 1;
                around = Some(j);
            }
        }
        if depth % 2 == 0 {
            placed.push((depth, polygons.len()));
            polygons.push(Polygon { outer: ring.clone(), holes: Vec::new() });
            continue;
        }
        let home = around.and_then(|j| placed.get(j)).map(|(_, polygon)| *polygon);
        placed.push((depth, home.unwrap_or_default()));
        if let Some(polygon) = home.and_then(|at| polygons.get_mut(at)) {
            polygon.holes.push(orient(ring.clone(), false));
        }
    }
    polygons
}

fn check_width(area: &MultiPolygon) -> Result<(), Fault> {
    let bounds = area.bounds().ok_or(Fault::NoArea)?;
    let wide = i64::from(bounds.max.x) - i64::from(bounds.min.x) > HALF_WORLD;
    if wide { Err(Fault::TooWide) } else { Ok(()) }
}

/// Whether rings of the area cross or run over each other.
pub(super) fn check_clash(area: &MultiPolygon) -> Result<(), Fault> {
    let rings: Vec<&Ring> = area.rings().collect();
    first_clash(&rings, &part_of_each_ring(area)).map_or(Ok(()), |clash| Err(Fault::Clash(clash)))
}

/// Which part each ring belongs to, in the order of the rings.
pub(super) fn part_of_each_ring(area: &MultiPolygon) -> Vec<u32> {
    area.0.iter().zip(0u32..).flat_map(|(part, i)| part.rings().map(move |_| i)).collect()
}

fn check_holes(polygon: &Polygon) -> Result<(), Fault> {
    if polygon.holes.len() > MOST_RINGS {
        return Err(Fault::TooManyRings(polygon.holes.len()));
    }
    let bounds = |ring: &Ring| Bounds::of(ring.0.iter().copied());
    let boxes: Vec<Option<Bounds>> = polygon.holes.iter().map(bounds).collect();
    for (i, hole) in polygon.holes.iter().enumerate() {
        let at = hole.0.first().copied().unwrap_or_default();
        if !ring_inside(hole, &polygon.outer) {
            return Err(Fault::Doubt(Doubt { why: Why::HoleOutside, at, area: hole.doubled_area().abs() }));
        }
        for (j, other) in polygon.holes.iter().enumerate() {
            let (Some(Some(inner)), Some(Some(outer))) = (boxes.get(i), boxes.get(j)) else { continue };
            let boxed = outer.contains(inner.min) && outer.contains(inner.max);
            if i != j && boxed && ring_inside(hole, other) {
                return Err(Fault::Doubt(Doubt { why: Why::HolesOverlap, at, area: hole.doubled_area().abs() }));
            }
        }
    }
    Ok(())
}

/// Parts that do not cross can still lie one within the other.
pub(super) fn check_parts_apart(area: &MultiPolygon) -> Result<(), Fault> {
    if area.0.len() > MOST_RINGS {
        return Err(Fault::TooManyRings(area.0.len()));
    }
    let boxes: Vec<Option<Bounds>> = area.0.iter().map(|p| Bounds::of(p.outer.0.iter().copied())).collect();
    for (i, inner) in area.0.iter().enumerate() {
        for (j, outer) in area.0.iter().enumerate() {
            let (Some(Some(a)), Some(Some(b))) = (boxes.get(i), boxes.get(j)) else { continue };
            if i == j || !b.contains(a.min) || !b.contains(a.max) || !ring_inside(&inner.outer, &outer.outer) {
                continue;
            }
            let in_a_hole = outer.holes.iter().any(|hole| ring_inside(&inner.outer, hole));
            if !in_a_hole {
                let at = inner.outer.0.first().copied().unwrap_or_default();
                let area = inner.outer.doubled_area().abs();
                return Err(Fault::Doubt(Doubt { why: Why::PartsOverlap, at, area }));
            }
        }
    }
    Ok(())
}

/// Where a point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Inside,
    Outside,
    Border,
}

/// Where a vertex lies against a ring of either orientation; exact.
pub(super) fn locate(ring: &Ring, p: Coord) -> Place {
    let mut inside = false;
    for (a, b) in ring.edges() {
        if (a.y > p.y) == (b.y > p.y) {
            let level = a.y == p.y && b.y == p.y && (a.x.min(b.x)..=a.x.max(b.x)).contains(&p.x);
            if level || a == p {
                return Place::Border;
            }
            continue;
        }
        let s = side(a, b, p);
        if s == 0 {
            return Place::Border;
        }
        inside ^= (s > 0) == (b.y > a.y);
    }
    if inside { Place::Inside } else { Place::Outside }
}

/// Whether a ring lies inside another that it does not cross. Vertices on the border do not tell; when all are, the
/// middles of its edges do.
fn ring_inside(inner: &Ring, outer: &Ring) -> bool {
    for &vertex in &inner.0 {
        match locate(outer, vertex) {
            Place::Inside => return true,
            Place::Outside => return false,
            Place::Border => {}
        }
    }
    let middle = |a: i32, b: i32| ((i64::from(a) + i64::from(b)) / 2) as i32;
    for (a, b) in inner.edges() {
        match locate(outer, Coord::new(middle(a.x, b.x), middle(a.y, b.y))) {
            Place::Inside => return true,
            Place::Outside => return false,
            Place::Border => {}
        }
    }
    true
}

/// A vertex inside the area's first part: the middle of its box if that lies inside, else the middle of the widest
/// piece of the horizontal through it.
pub(super) fn inner_point(area: &MultiPolygon) -> Option<Coord> {
    let polygon = area.0.first()?;
    let centre = Bounds::of(polygon.outer.0.iter().copied())?.centre();
    let inside = |p: Coord| {
        locate(&polygon.outer, p) == Place::Inside && polygon.holes.iter().all(|h| locate(h, p) == Place::Outside)
    };
    if inside(centre) {
        return Some(centre);
    }
    let mut crossings: Vec<f64> = Vec::new();
    for (a, b) in polygon.rings().flat_map(Ring::edges) {
        if (a.y > centre.y) != (b.y > centre.y) {
            let t = (f64::from(centre.y) - f64::from(a.y)) / (f64::from(b.y) - f64::from(a.y));
            crossings.push(f64::from(a.x) + t * (f64::from(b.x) - f64::from(a.x)));
        }
    }
    crossings.sort_by(f64::total_cmp);
    let widest = crossings.chunks_exact(2).max_by(|p, q| (p[1] - p[0]).total_cmp(&(q[1] - q[0])))?;
    Some(Coord::new(((widest[0] + widest[1]) / 2.0).round() as i32, centre.y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn coords(vertices: &[(i32, i32)]) -> Vec<Coord> {
        vertices.iter().map(|&(x, y)| Coord::new(x, y)).collect()
    }

    fn square(x: i32, y: i32, size: i32) -> Vec<Coord> {
        coords(&[(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)])
    }

    #[test]
    fn repairs_that_have_one_answer() {
        type Case<'a> = (&'a [(i32, i32)], usize, &'a [Kind]);
        let table: [Case<'_>; 5] = [
            (&[(0, 0), (9, 0), (9, 9), (0, 0)], 0, &[]),
            (&[(0, 0), (9, 0), (9, 9)], 0, &[Kind::Closed]),
            (&[(0, 0), (0, 0), (9, 0), (9, 9), (0, 0), (0, 0)], 2, &[]),
            (&[(0, 0), (9, 0), (20, 0), (9, 0), (9, 9), (0, 0)], 0, &[Kind::Spike]),
            (&[(-5, 0), (0, 0), (9, 0), (9, 9), (0, 0), (-5, 0)], 0, &[Kind::Spike]),
        ];
        for (vertices, repeats, kinds) in table {
            let mut repairs = Repairs::default();
            let ring = clean_ring(&coords(vertices), &mut repairs).expect("a triangle");
            let done: Vec<Kind> = repairs.list.iter().map(|repair| repair.kind).collect();
            assert_eq!((ring.0.len(), repairs.repeats, done.as_slice()), (3, repeats, kinds), "{vertices:?}");
        }
        let mut repairs = Repairs::default();
        clean_ring(&coords(&[(-5, 0), (0, 0), (9, 0), (9, 9), (0, 0), (-5, 0)]), &mut repairs);
        assert_eq!(repairs.list[0].at, Coord::new(-5, 0), "a spike is shown at its tip");
        for nothing in [&[][..], &[(0, 0)], &[(0, 0), (1, 1), (0, 0)], &[(0, 0), (5, 5), (9, 9), (0, 0)]] {
            assert_eq!(clean_ring(&coords(nothing), &mut Repairs::default()), None, "{nothing:?}");
        }
    }

    #[test]
    fn holes_belong_inside() {
        let why = |parts: &[Vec<Vec<Coord>>]| match area_of(parts) {
            Err(Fault::Doubt(doubt)) => (doubt.why, doubt.at, doubt.area),
            other => panic!("{other:?}"),
        };
        let outside = why(&[vec![square(0, 0, 10), square(20, 20, 3)]]);
        assert_eq!(outside, (Why::HoleOutside, Coord::new(20, 20), 18));
        let nested = why(&[vec![square(0, 0, 20), square(1, 1, 18), square(5, 5, 4)]]);
        assert_eq!(nested, (Why::HolesOverlap, Coord::new(5, 5), 32));
        let inside = why(&[vec![square(0, 0, 10)], vec![square(3, 3, 4)]]);
        assert_eq!(inside, (Why::PartsOverlap, Coord::new(3, 3), 32));
        let (area, _) = area_of(&[vec![square(0, 0, 10), square(3, 3, 2)]]).expect("a square with a hole");
        assert_eq!(area.doubled_area(), 2 * (100 - 4));
    }

    #[test]
    fn nesting_finds_the_roles() {
        let ring = |v: Vec<Coord>| clean_ring(&v, &mut Repairs::default()).expect("a ring");
        let rings = vec![ring(square(4, 4, 2)), ring(square(0, 0, 10)), ring(square(3, 3, 4)), ring(square(20, 0, 5))];
        let area = nest(rings).expect("an area");
        assert_eq!(area.0.iter().map(|p| p.holes.len()).collect::<Vec<_>>(), [1, 0, 0]);
        assert_eq!(area.doubled_area(), 2 * (100 - 16 + 4 + 25));
    }

    #[test]
    fn rings_without_roles_are_repaired_too() {
        let (area, repairs) = area_of_rings(&[square(0, 0, 40), square(0, 0, 100)]).expect("a notch");
        assert_eq!((area.0.len(), area.0[0].holes.len(), area.doubled_area()), (1, 0, 2 * (10_000 - 1600)));
        assert_eq!(repairs.count(Kind::Notch), 1);
        let bow = coords(&[(0, 0), (200, 100), (200, 0), (0, 100), (0, 0)]);
        let (area, repairs) = area_of_rings(&[square(1000, 0, 40), bow]).expect("three parts");
        assert_eq!((area.0.len(), area.doubled_area(), repairs.count(Kind::Split)), (3, 20_000 + 3200, 1));
    }

    #[test]
    fn an_inner_point_is_inside() {
        let ell = vec![coords(&[(0, 0), (100, 0), (100, 10), (10, 10), (10, 100), (0, 100)])];
        let (area, _) = area_of(&[ell]).expect("an L");
        let p = inner_point(&area).expect("a point");
        assert_eq!(locate(&area.0[0].outer, p), Place::Inside, "{p:?}");
    }

    proptest! {
        #[test]
        fn whatever_comes_out_is_normal(points in proptest::collection::vec((-20i32..20, -20i32..20), 0..14)) {
            let vertices: Vec<Coord> = points.into_iter().map(|(x, y)| Coord::new(x, y)).collect();
            if let Ok((area, _)) = area_of(&[vec![vertices]]) {
                prop_assert!(check_sound(&area).is_ok());
                for polygon in &area.0 {
                    prop_assert!(polygon.outer.doubled_area() > 0);
                    prop_assert!(polygon.holes.iter().all(|hole| hole.doubled_area() < 0));
                }
                for ring in area.rings() {
                    prop_assert!(ring.0.len() >= 3);
                    prop_assert!(ring.edges().all(|(a, b)| a != b));
                }
            }
        }
    }
}
