//! Polygons that mean to tile the ground, but whose common borders do not quite agree.
//!
//! Borders digitised twice, jitter, and rounding leave slivers: ground a hand's or a few metres wide that two neighbours
//! claim or none. [`mend`] closes them:
//!
//! 1. All borders are noded, and cuts (`bridges`) part narrow ground from wide.
//! 2. Ground that two polygons claim and that is nowhere wider than the tolerance stays with the lower number; ground
//!    that nobody claims and that is as narrow goes to the higher. So the line of the lower number holds, and the
//!    other's moves onto it: no third line is invented, but for cuts across a gap where three borders should meet.
//! 3. Crumbs that this cuts off a polygon go to the neighbour around them.
//!
//! Wider gaps and overlaps (a lake left out, ground really claimed twice) stay as they are and are reported. A polygon
//! that neither gains nor loses ground comes back vertex for vertex, and so does a tessellation without slivers.

use super::arcs::{Fault, directed, split};
use super::boxes::BoxTree;
use super::bridges::bridges;
use super::faces::{Faces, Fragment, Groups};
use super::outline::outline;
use crate::model::{Bounds, Coord, Frame, Metres, MultiPolygon, Ring, SquareMetres};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Borders are taken for one line up to this distance, unless the data shows that it is coarser.
pub const TOLERANCE: Metres = Metres(2.0);

/// Noding rounds to units; where several moved borders meet, crumbs of this size may stay. Alone they are no reason to
/// move anything.
pub const CRUMB: SquareMetres = SquareMetres(0.01);
/// Likewise cracks of two units along a border.
pub const CRACK: Metres = Metres(0.023);

/// Overlaps wider than this are no evidence of how coarse a layer is: somebody means them.
const WIDEST_EVIDENCE: f64 = 8.0;
/// So many overlaps are evidence.
const FEWEST_EVIDENCE: usize = 10;
/// A polygon takes ground of a gap only if so much of the gap's border is its own.
const SHARE: f64 = 0.25;
/// On ground that more polygons claim nothing is closed.
const HEAP: usize = 8;
/// Closing leaves crumbs at most, which the next round closes; two or three are the rule.
const ROUNDS: usize = 6;
/// Crumbs lie in heaps of two or three.
const SWEEPS: usize = 8;
/// Moves within so many units are rounding.
const ROUNDING: f64 = 2.0;

/// Where a polygon's border now runs elsewhere: a vertex of the old border or of the new.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// Which of the polygons.
    pub place: u32,
    /// A point of the border as it was.
    pub from: Coord,
    /// Where it runs now.
    pub to: Coord,
    /// How far that is.
    pub length: Metres,
}

/// Narrow ground that was closed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sliver {
    /// Whether two polygons claimed it; else nobody did.
    pub claimed: bool,
    /// Whose it is now.
    pub keeper: u32,
    /// Who gave it up, or who else bordered on it.
    pub other: u32,
    /// Its area.
    pub area: SquareMetres,
    /// How far its two sides lie apart at most.
    pub width: Metres,
    /// A vertex of its border.
    pub at: Coord,
}

/// A layer without slivers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mended {
    /// The polygons in the order they came in.
    pub polygons: Vec<MultiPolygon>,
    /// The tolerance that was used.
    pub tolerance: Metres,
    /// Where borders moved, by polygon; by less than two units is left out.
    pub moves: Vec<Move>,
    /// What was closed, widest first.
    pub closed: Vec<Sliver>,
    /// Gaps and overlaps that are too wide to be slips.
    pub left: Vec<Fault>,
}

/// Closes the slivers between polygons in ascending order of code. The first `fixed` of them do not change. Without a
/// tolerance, the one that [`tolerance_of`] finds is used.
pub fn mend(polygons: &[&MultiPolygon], fixed: usize, tolerance: Option<Metres>) -> Mended {
    let bounds = Bounds::of(polygons.iter().filter_map(|p| p.bounds()).flat_map(|b| [b.min, b.max]));
    let frame = Frame::at(bounds.map_or(Coord::default(), |bounds| bounds.centre()));
    let mut mended = Mended { polygons: polygons.iter().map(|p| (*p).clone()).collect(), ..Mended::default() };
    mended.tolerance = tolerance.unwrap_or_default();
    let mut changed: BTreeSet<u32> = BTreeSet::new();
    for round in 0..ROUNDS {
        let now: Vec<&MultiPolygon> = mended.polygons.iter().collect();
        let fragments = split(fragments_of(&now));
        let faces = faces_of(fragments.clone(), now.len());
        if round == 0 && tolerance.is_none() {
            mended.tolerance = tolerance_in(&now, &faces, &frame);
        }
        let torn = has_slivers(&faces, &frame, mended.tolerance);
        let cuts = bridges(&faces, &frame, mended.tolerance);
        if !torn && cuts.is_empty() {
            mended.left = left(&Ground::new(faces));
            break;
        }
        drop(faces);
        let mut ground = with_cuts(fragments, cuts, now.len());
        if !torn && !has_cracks(&ground) {
            mended.left = left(&ground);
            break;
        }
        let (closed, outlines) = one_round(&mut ground, &now, fixed, &frame, mended.tolerance);
        mended.left = left(&ground);
        if closed.iter().all(|sliver| sliver.area.0 < CRUMB.0 || sliver.width.0 < CRACK.0) {
            break;
        }
        for (place, area) in outlines {
            changed.insert(place);
            mended.polygons[place as usize] = area;
        }
        mended.closed.extend(closed);
    }
    mended.closed.sort_by(|a, b| b.width.0.total_cmp(&a.width.0).then(a.at.cmp(&b.at)).then(a.keeper.cmp(&b.keeper)));
    for place in changed {
        moves(place, polygons[place as usize], &mended.polygons[place as usize], &frame, &mut mended.moves);
    }
    mended
}

/// Step 1: the ground as borders and cuts part it.
fn with_cuts(fragments: Vec<Fragment>, cuts: Vec<(Coord, Coord)>, count: usize) -> Ground {
    let nobody = count as u32;
    let all = fragments.into_iter().chain(cuts.into_iter().map(|(a, b)| (a, b, nobody, 0)));
    Ground::new(faces_of(split(all.collect()), count))
}

/// Whether some ground between two polygons is open to a wider gap or the outside at both its ends. A notch in the
/// outline that ends where two borders meet is none: it may be drawn so.
fn has_cracks(ground: &Ground) -> bool {
    (1..ground.now.len()).filter(|&face| ground.now[face].is_empty()).any(|face| {
        let cuts = ground.sides[face].iter().filter(|&&half| ground.is_cut(half)).count();
        let holders: BTreeSet<u32> =
            ground.sides[face].iter().flat_map(|&half| &ground.now[ground.beyond(half)]).copied().collect();
        cuts >= 2 && holders.len() >= 2
    })
}

/// Steps 2 and 3 once.
fn one_round(
    ground: &mut Ground,
    polygons: &[&MultiPolygon],
    fixed: usize,
    frame: &Frame,
    tolerance: Metres,
) -> (Vec<Sliver>, BTreeMap<u32, MultiPolygon>) {
    let mut held: HashSet<u32> = (0..fixed as u32).collect();
    // A polygon that would be lost keeps what it has; the rest is decided anew.
    loop {
        let closed = close(ground, polygons, frame, tolerance, &held);
        let outlines = outlines(ground, polygons, frame);
        let lost = |(&place, area): (&u32, &MultiPolygon)| too_little(polygons[place as usize], area).then_some(place);
        let lost: Vec<u32> = outlines.iter().filter_map(lost).filter(|place| !held.contains(place)).collect();
        if lost.is_empty() {
            return (closed, outlines);
        }
        held.extend(lost);
        ground.reset();
    }
}

/// How far borders of these polygons may lie apart and still mean one line: 2 m; the diagonal of the decimal grid on
/// which all vertices lie, if that is more; half as much again as nine in ten overlaps are wide. Gaps tell nothing, for
/// a street may be left out on purpose, but nobody claims ground twice on purpose.
pub fn tolerance_of(polygons: &[&MultiPolygon]) -> Metres {
    let bounds = Bounds::of(polygons.iter().filter_map(|p| p.bounds()).flat_map(|b| [b.min, b.max]));
    let faces = faces_of(split(fragments_of(polygons)), polygons.len());
    bounds.map_or(TOLERANCE, |bounds| tolerance_in(polygons, &faces, &Frame::at(bounds.centre())))
}

fn fragments_of(polygons: &[&MultiPolygon]) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    for (polygon, place) in polygons.iter().zip(0u32..) {
        let edges = polygon.rings().flat_map(Ring::edges).filter(|(a, b)| a != b);
        fragments.extend(edges.map(|(a, b)| directed(a, b, place, 1)));
    }
    fragments
}

fn faces_of(fragments: Vec<Fragment>, count: usize) -> Faces {
    Faces::new(fragments, &vec![0; count], 1)
}

fn tolerance_in(polygons: &[&MultiPolygon], faces: &Faces, frame: &Frame) -> Metres {
    // A few vertices may lie elsewhere: where an outline crossed itself, its repair made one.
    let vertices: Vec<Coord> =
        polygons.iter().flat_map(|p| p.rings()).flat_map(|ring| ring.0.iter().copied()).collect();
    let on_grid = |step: i32| vertices.iter().filter(|c| c.x % step == 0 && c.y % step == 0).count();
    let mut step = 1;
    while step < 1_000_000 && on_grid(step * 10) * 20 >= vertices.len() * 19 {
        step *= 10;
    }
    let centre = frame.coord(0.0, 0.0);
    let diagonal = frame.distance(centre, Coord::new(centre.x.saturating_add(step), centre.y.saturating_add(step)));
    let rounding = if step > 1 { diagonal.0 } else { 0.0 };

    let lengths = face_perimeters(faces, frame);
    let width = |face: usize| 2.0 * frame.area(faces.area[face]).0 / lengths[face].max(f64::MIN_POSITIVE);
    let overlaps = faces.over.iter().enumerate().filter(|(_, over)| over.len() > 1);
    let mut widths: Vec<f64> = overlaps.map(|(face, _)| width(face)).filter(|w| *w <= WIDEST_EVIDENCE).collect();
    widths.sort_unstable_by(f64::total_cmp);
    let evidence = if widths.len() < FEWEST_EVIDENCE { 0.0 } else { 3.0 * widths[widths.len() * 9 / 10] };
    Metres(TOLERANCE.0.max(rounding).max(evidence))
}

/// The length of each face's border, both sides of a cut within it counted.
fn face_perimeters(faces: &Faces, frame: &Frame) -> Vec<f64> {
    let mut lengths = vec![0.0; faces.over.len()];
    for half in 0..faces.face.len() as u32 {
        lengths[faces.face[half as usize] as usize] += length(faces, frame, half);
    }
    lengths
}

fn length(faces: &Faces, frame: &Frame, half: u32) -> f64 {
    let [a, b] = ends(faces, half);
    frame.distance(a, b).0
}

fn ends(faces: &Faces, half: u32) -> [Coord; 2] {
    [faces.vertices[faces.origin[half as usize] as usize], faces.vertices[faces.target(half) as usize]]
}

/// Whether some ground is claimed twice, or enclosed and claimed by nobody, and narrow: without any, the layer shows no
/// sign of being torn, and notches in its borders are its own.
fn has_slivers(faces: &Faces, frame: &Frame, tolerance: Metres) -> bool {
    let lengths = face_perimeters(faces, frame);
    let narrow = |face: usize| 2.0 * frame.area(faces.area[face]).0 <= tolerance.0 * lengths[face];
    (1..faces.over.len()).any(|face| faces.over[face].len() != 1 && faces.area[face] > 0 && narrow(face))
}

/// Who holds which face, before and after.
struct Ground {
    faces: Faces,
    /// The places over each face, ascending.
    before: Vec<Vec<u32>>,
    now: Vec<Vec<u32>>,
    /// The half-edges with each face on their left.
    sides: Vec<Vec<u32>>,
}

impl Ground {
    fn new(faces: Faces) -> Self {
        let before: Vec<Vec<u32>> = faces.over.iter().map(|over| over.iter().map(|(p, _)| *p).collect()).collect();
        let mut sides = vec![Vec::new(); before.len()];
        for (&face, half) in faces.face.iter().zip(0u32..) {
            sides[face as usize].push(half);
        }
        Self { faces, now: before.clone(), before, sides }
    }

    fn reset(&mut self) {
        self.now.clone_from(&self.before);
    }

    fn face(&self, half: u32) -> usize {
        self.faces.face[half as usize] as usize
    }

    fn beyond(&self, half: u32) -> usize {
        self.face(half ^ 1)
    }

    fn holds(&self, face: usize, place: u32) -> bool {
        self.now[face].binary_search(&place).is_ok()
    }

    fn give(&mut self, face: usize, place: u32) {
        if let Err(at) = self.now[face].binary_search(&place) {
            self.now[face].insert(at, place);
        }
    }

    fn take(&mut self, face: usize, place: u32) {
        self.now[face].retain(|holder| *holder != place);
    }

    /// A cut parts ground of the same holders.
    fn is_cut(&self, half: u32) -> bool {
        self.before[self.face(half)] == self.before[self.beyond(half)]
    }

    /// The smallest vertex of a face.
    fn corner(&self, face: usize) -> Coord {
        self.faces.corner[face]
    }
}

/// Steps 2 and 3: decides every narrow face.
fn close(
    ground: &mut Ground,
    polygons: &[&MultiPolygon],
    frame: &Frame,
    tolerance: Metres,
    held: &HashSet<u32>,
) -> Vec<Sliver> {
    let mut closed = Vec::new();
    close_overlaps(ground, polygons, frame, tolerance, held, &mut closed);
    close_gaps(ground, frame, tolerance, held, &mut closed);
    // What was surrounded by crumbs borders on main pieces once those are swept up.
    for _ in 0..SWEEPS {
        if !sweep_crumbs(ground, frame, tolerance, held) {
            break;
        }
    }
    closed
}

fn close_overlaps(
    ground: &mut Ground,
    polygons: &[&MultiPolygon],
    frame: &Frame,
    tolerance: Metres,
    held: &HashSet<u32>,
    closed: &mut Vec<Sliver>,
) {
    for (a, b, faces) in overlaps(ground, true) {
        let inside: HashSet<usize> = faces.iter().copied().collect();
        let border =
            || faces.iter().flat_map(|&f| &ground.sides[f]).copied().filter(|&h| !inside.contains(&ground.beyond(h)));
        // The line of one of the two, where the other's does not run along it.
        let of = |place: u32, other: u32| -> Vec<u32> {
            let held = |half: &u32, place: u32| ground.before[ground.beyond(*half)].binary_search(&place).is_ok();
            border().filter(|half| !held(half, place) && held(half, other)).collect()
        };
        let (of_a, of_b) = (of(a, b), of(b, a));
        // What only one of the two bounds is a piece that hangs on it, out into the other.
        let (keeper, loser) = if of_b.is_empty() && !of_a.is_empty() { (b, a) } else { (a, b) };
        let area: i128 = faces.iter().map(|&f| ground.faces.area[f]).sum();
        let width = if of_a.is_empty() || of_b.is_empty() {
            // It moves as far as its farthest vertex lies from where it hangs.
            let bounds_keeper = |v: u32| {
                let lists = ground.faces.around(v).iter().map(|&h| ground.before[ground.face(h)].contains(&keeper));
                lists.clone().any(|holds| holds) && lists.clone().any(|holds| !holds)
            };
            let origins = || border().map(|h| ground.faces.origin[h as usize]);
            let hooks =
                origins().filter(|&v| bounds_keeper(v)).map(|v| [ground.faces.vertices[v as usize]; 2]).collect();
            let near = Near::new(hooks, frame);
            origins().map(|v| near.nearest(ground.faces.vertices[v as usize]).0).fold(0.0, f64::max)
        } else {
            apart(&ground.faces, frame, &of_a, &of_b)
        };
        if width > tolerance.0 || held.contains(&loser) || 2 * area > polygons[loser as usize].doubled_area() {
            continue;
        }
        let at = faces.iter().map(|&f| ground.corner(f)).min().unwrap_or_default();
        for &face in &faces {
            ground.take(face, loser);
        }
        closed.push(Sliver { claimed: true, keeper, other: loser, area: frame.area(area), width: Metres(width), at });
    }
}

/// Faces that two polygons hold, joined where another polygon's border parts them, and across cuts as well unless
/// `at_cuts`.
fn overlaps(ground: &Ground, at_cuts: bool) -> Vec<(u32, u32, Vec<usize>)> {
    let pairs = |face: usize| {
        let places = ground.now[face].as_slice();
        let places = if places.len() > HEAP { &[] } else { places };
        places.iter().enumerate().flat_map(move |(i, &a)| places[i + 1..].iter().map(move |&b| (a, b)))
    };
    let mut members: Vec<(u32, u32, usize)> = Vec::new();
    for face in 0..ground.now.len() {
        members.extend(pairs(face).map(|(a, b)| (a, b, face)));
    }
    members.sort_unstable();
    let mut groups = Groups::new(members.len());
    let index = |a, b, face| members.binary_search(&(a, b, face)).map(|i| i as u32);
    for half in (0..ground.faces.face.len() as u32).step_by(2) {
        let (f, g) = (ground.face(half), ground.beyond(half));
        if f == g || ground.now[f].len() < 2 || ground.now[g].len() < 2 || (at_cuts && ground.is_cut(half)) {
            continue;
        }
        for (a, b) in pairs(f) {
            if let (Ok(i), Ok(j)) = (index(a, b, f), index(a, b, g)) {
                groups.join(i, j);
            }
        }
    }
    let mut found: BTreeMap<u32, (u32, u32, Vec<usize>)> = BTreeMap::new();
    for (&(a, b, face), i) in members.iter().zip(0u32..) {
        found.entry(groups.of(i)).or_insert((a, b, Vec::new())).2.push(face);
    }
    found.into_values().collect()
}

/// Cuts also part pieces that border on nobody; those follow once a piece beside them is taken.
fn close_gaps(ground: &mut Ground, frame: &Frame, tolerance: Metres, held: &HashSet<u32>, closed: &mut Vec<Sliver>) {
    let empty = |ground: &Ground, face: usize| ground.before[face].is_empty() && ground.now[face].is_empty();
    let mut open: Vec<usize> =
        (1..ground.now.len()).filter(|&face| empty(ground, face) && ground.faces.area[face] > 0).collect();
    loop {
        let mut taken: Vec<(usize, u32)> = Vec::new();
        for &face in &open {
            let mut shares: BTreeMap<u32, (f64, Vec<u32>)> = BTreeMap::new();
            let mut claimants: BTreeSet<u32> = BTreeSet::new();
            let mut cut = false;
            for &half in &ground.sides[face] {
                claimants.extend(&ground.before[ground.beyond(half)]);
                // Where several hold what lies beyond, the lowest keeps it.
                cut |= ground.is_cut(half);
                let Some(&place) = ground.now[ground.beyond(half)].first() else { continue };
                let share = shares.entry(place).or_default();
                share.0 += length(&ground.faces, frame, half);
                share.1.push(half);
            }
            // A hole within one polygon is nobody's disagreement.
            if claimants.len() < 2 && !cut {
                continue;
            }
            let whole: f64 = shares.values().map(|(length, _)| length).sum();
            let may =
                |(place, (length, _)): &(&u32, &(f64, Vec<u32>))| *length >= SHARE * whole && !held.contains(place);
            let Some((&keeper, (_, own))) = shares.iter().rfind(may) else { continue };
            let rest: Vec<u32> = ground.sides[face].iter().filter(|half| !own.contains(half)).copied().collect();
            let area = frame.area(ground.faces.area[face]);
            let width = if rest.is_empty() {
                2.0 * area.0 / whole.max(f64::MIN_POSITIVE)
            } else {
                apart(&ground.faces, frame, own, &rest)
            };
            if width > tolerance.0 {
                continue;
            }
            let others = claimants.iter().filter(|place| **place != keeper);
            let share = |place: &u32| shares.get(place).map_or(0.0, |(length, _)| *length);
            let other = others.max_by(|x, y| share(x).total_cmp(&share(y)).then(y.cmp(x))).copied().unwrap_or(keeper);
            closed.push(Sliver { claimed: false, keeper, other, area, width: Metres(width), at: ground.corner(face) });
            taken.push((face, keeper));
        }
        if taken.is_empty() {
            return;
        }
        for (face, keeper) in taken {
            ground.give(face, keeper);
        }
        open.retain(|&face| empty(ground, face));
    }
}

/// How far the vertices of one line lie from the other line at most, either way.
fn apart(faces: &Faces, frame: &Frame, one: &[u32], two: &[u32]) -> f64 {
    let farthest = |from: &[u32], to: &[u32]| {
        let near = Near::new(to.iter().map(|&half| ends(faces, half)).collect(), frame);
        from.iter().flat_map(|&half| ends(faces, half)).map(|c| near.nearest(c).0).fold(0.0, f64::max)
    };
    farthest(one, two).max(farthest(two, one))
}

/// Crumbs: pieces of a polygon that closing has cut off the rest, and narrow pieces that only hung on it. They go to
/// whoever's main piece bounds most of them. Whether there were any.
fn sweep_crumbs(ground: &mut Ground, frame: &Frame, tolerance: Metres, held: &HashSet<u32>) -> bool {
    let pieces = pieces(ground, &touched(ground));
    let main: HashSet<(u32, usize)> =
        pieces.iter().flat_map(|(&place, own)| own[0].iter().map(move |&face| (place, face))).collect();
    let is_main = |place: u32, face: usize| !pieces.contains_key(&place) || main.contains(&(place, face));
    let mut given: Vec<(u32, u32, &[usize])> = Vec::new();
    for (&place, own) in pieces.iter().filter(|(place, own)| own.len() > 1 && !held.contains(place)) {
        let border = |piece: &[usize]| -> Vec<u32> {
            let halves = piece.iter().flat_map(|&face| &ground.sides[face]).copied();
            halves.filter(|&half| !ground.holds(ground.beyond(half), place)).collect()
        };
        let near = Near::new(border(&own[0]).into_iter().map(|half| ends(&ground.faces, half)).collect(), frame);
        for crumb in &own[1..] {
            let border = border(crumb);
            let vertices = border.iter().flat_map(|&half| ends(&ground.faces, half));
            if vertices.map(|c| near.nearest(c).0).fold(0.0, f64::max) > tolerance.0 {
                continue;
            }
            let mut around: BTreeMap<u32, f64> = BTreeMap::new();
            for half in border {
                let beyond = ground.beyond(half);
                for &other in ground.now[beyond].iter().filter(|&&p| !held.contains(&p) && is_main(p, beyond)) {
                    *around.entry(other).or_default() += length(&ground.faces, frame, half);
                }
            }
            let most = around.into_iter().max_by(|x, y| x.1.total_cmp(&y.1).then(y.0.cmp(&x.0)));
            given.extend(most.map(|(heir, _)| (place, heir, crumb.as_slice())));
        }
    }
    let any = !given.is_empty();
    for (place, heir, crumb) in given {
        for &face in crumb {
            ground.take(face, place);
            if ground.now[face].is_empty() {
                ground.give(face, heir);
            }
        }
    }
    any
}

/// The faces of each place that hang together by their sides, the largest piece first.
fn pieces(ground: &Ground, places: &BTreeSet<u32>) -> BTreeMap<u32, Vec<Vec<usize>>> {
    let mut faces_of: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (face, holders) in ground.now.iter().enumerate() {
        for &place in holders.iter().filter(|place| places.contains(place)) {
            faces_of.entry(place).or_default().push(face);
        }
    }
    let apart = |faces: Vec<usize>| {
        let mut groups = Groups::new(faces.len());
        for (&face, i) in faces.iter().zip(0u32..) {
            for &half in &ground.sides[face] {
                if let Ok(j) = faces.binary_search(&ground.beyond(half)) {
                    groups.join(i, j as u32);
                }
            }
        }
        let mut pieces: BTreeMap<u32, (i128, Vec<usize>)> = BTreeMap::new();
        for (&face, i) in faces.iter().zip(0u32..) {
            let piece = pieces.entry(groups.of(i)).or_default();
            piece.0 += ground.faces.area[face];
            piece.1.push(face);
        }
        let mut pieces: Vec<(i128, Vec<usize>)> = pieces.into_values().collect();
        pieces.sort_by_key(|(area, _)| std::cmp::Reverse(*area));
        pieces.into_iter().map(|(_, piece)| piece).collect()
    };
    faces_of.into_iter().map(|(place, faces)| (place, apart(faces))).collect()
}

/// The places over or beside ground that changed hands. All of them are drawn anew, so that they share their lines to
/// the last unit.
fn touched(ground: &Ground) -> BTreeSet<u32> {
    let mut touched = BTreeSet::new();
    for face in (0..ground.now.len()).filter(|&face| ground.before[face] != ground.now[face]) {
        let beside = ground.sides[face].iter().map(|&half| &ground.now[ground.beyond(half)]);
        touched.extend(beside.chain([&ground.before[face], &ground.now[face]]).flatten());
    }
    touched
}

/// The new outlines of the places that closing touched.
fn outlines(ground: &Ground, polygons: &[&MultiPolygon], frame: &Frame) -> BTreeMap<u32, MultiPolygon> {
    let faces = &ground.faces;
    let mut halves: BTreeMap<u32, Vec<u32>> = touched(ground).into_iter().map(|place| (place, Vec::new())).collect();
    if halves.is_empty() {
        return BTreeMap::new();
    }
    // How many border lines end at each vertex.
    let mut lines = vec![0u32; faces.vertices.len()];
    for half in 0..faces.face.len() as u32 {
        let (left, right) = (ground.face(half), ground.beyond(half));
        if ground.now[left] == ground.now[right] {
            continue;
        }
        lines[faces.origin[half as usize] as usize] += 1;
        for &place in ground.now[left].iter().filter(|&&place| !ground.holds(right, place)) {
            if let Some(own) = halves.get_mut(&place) {
                own.push(half);
            }
        }
    }
    // What noding or a cut put on a line, and where no other line ends any more, is no vertex.
    let drawn: HashSet<Coord> =
        polygons.iter().flat_map(|p| p.rings()).flat_map(|ring| ring.0.iter().copied()).collect();
    let firm = |v: u32| lines[v as usize] != 2 || drawn.contains(&faces.vertices[v as usize]);
    let crumb = |ring: &Ring| frame.area(ring.doubled_area().abs()).0 < CRUMB.0;
    let drawn_anew = |own: Vec<u32>| {
        let mut polygons = outline(faces, &own, &firm);
        if polygons.iter().any(|polygon| !crumb(&polygon.outer)) {
            polygons.retain(|polygon| !crumb(&polygon.outer));
        }
        for polygon in &mut polygons {
            polygon.holes.retain(|hole| !crumb(hole));
        }
        MultiPolygon(polygons)
    };
    halves.into_iter().map(|(place, own)| (place, drawn_anew(own))).collect()
}

/// Whether a polygon lost half of its ground: it was itself no wider than a sliver.
fn too_little(before: &MultiPolygon, now: &MultiPolygon) -> bool {
    2 * now.doubled_area() < before.doubled_area()
}

/// The vertices of a polygon that lie on its new border no more; and those of the new border that lie off the old one,
/// unless a vertex moved there.
fn moves(place: u32, before: &MultiPolygon, now: &MultiPolygon, frame: &Frame, moves: &mut Vec<Move>) {
    let unit = frame.distance(Coord::new(0, 0), Coord::new(0, 1)).0;
    let off = |from: &MultiPolygon, to: &MultiPolygon| {
        let known: HashSet<Coord> = to.rings().flat_map(|ring| ring.0.iter().copied()).collect();
        let near = Near::new(to.rings().flat_map(Ring::edges).map(|(a, b)| [a, b]).collect(), frame);
        let vertices = from.rings().flat_map(|ring| &ring.0).filter(move |vertex| !known.contains(vertex));
        let found: Vec<(Coord, f64, Coord)> = vertices
            .map(|&vertex| (vertex, near.nearest(vertex)))
            .map(|(vertex, (far, at))| (vertex, far, at))
            .collect();
        found.into_iter().filter(move |(_, far, _)| *far > ROUNDING * unit)
    };
    let mut reached: HashSet<Coord> = HashSet::new();
    for (from, length, to) in off(before, now) {
        reached.insert(to);
        moves.push(Move { place, from, to, length: Metres(length) });
    }
    for (to, length, from) in off(now, before).filter(|(to, ..)| !reached.contains(to)) {
        moves.push(Move { place, from, to, length: Metres(length) });
    }
}

/// What is still a gap or an overlap.
fn left(ground: &Ground) -> Vec<Fault> {
    let mut groups = Groups::new(ground.now.len());
    for half in (0..ground.faces.face.len() as u32).step_by(2) {
        let (f, g) = (ground.face(half), ground.beyond(half));
        if ground.now[f].is_empty() && ground.now[g].is_empty() {
            groups.join(f as u32, g as u32);
        }
    }
    let mut gaps: HashMap<u32, (i128, Coord, BTreeSet<u32>)> = HashMap::new();
    for face in (1..ground.now.len()).filter(|&face| ground.now[face].is_empty()) {
        let group = groups.of(face as u32);
        if group == 0 {
            continue;
        }
        let gap = gaps.entry(group).or_insert((0, ground.corner(face), BTreeSet::new()));
        gap.0 += ground.faces.area[face];
        gap.1 = gap.1.min(ground.corner(face));
        gap.2.extend(ground.sides[face].iter().flat_map(|&half| &ground.now[ground.beyond(half)]));
    }
    let mut faults: Vec<Fault> = gaps
        .into_values()
        .filter(|(area, ..)| *area > 0)
        .map(|(area, at, neighbours)| Fault::Gap { layer: 0, area, at, neighbours: neighbours.into_iter().collect() })
        .collect();
    for (a, b, faces) in overlaps(ground, false) {
        let area = faces.iter().map(|&f| ground.faces.area[f]).sum();
        let at = faces.iter().map(|&f| ground.corner(f)).min().unwrap_or_default();
        faults.push(Fault::Overlap { layer: 0, a, b, area, at });
    }
    let size = |fault: &Fault| match fault {
        Fault::Gap { area, at, .. } => (std::cmp::Reverse(*area), *at),
        Fault::Overlap { area, at, .. } => (std::cmp::Reverse(*area), *at),
    };
    faults.sort_by_key(size);
    faults
}

/// Segments that are asked for the point nearest to a place.
struct Near<'f> {
    edges: Vec<[Coord; 2]>,
    tree: Option<BoxTree>,
    frame: &'f Frame,
}

impl<'f> Near<'f> {
    /// Fewer segments than this are looked at one by one.
    const FEW: usize = 64;

    fn new(edges: Vec<[Coord; 2]>, frame: &'f Frame) -> Self {
        let around = |[a, b]: &[Coord; 2]| [a.x.min(b.x), a.y.min(b.y), a.x.max(b.x), a.y.max(b.y)];
        let tree = (edges.len() > Self::FEW).then(|| BoxTree::new(&edges.iter().map(around).collect::<Vec<_>>()));
        Self { edges, tree, frame }
    }

    /// Metres to the nearest point, and that point rounded to the unit.
    fn nearest(&self, c: Coord) -> (f64, Coord) {
        let mut best = (f64::INFINITY, c);
        let mut look = |[a, b]: [Coord; 2]| {
            let distance = self.frame.distance_to_segment(c, a, b).0;
            if distance < best.0 {
                best = (distance, foot(self.frame, c, a, b));
            }
        };
        let Some(tree) = &self.tree else {
            self.edges.iter().for_each(|edge| look(*edge));
            return best;
        };
        // Wider and wider around the place until something lies surely nearer than what was not looked at.
        let mut half = 64i32;
        loop {
            let reach = [
                c.x.saturating_sub(half),
                c.y.saturating_sub(half),
                c.x.saturating_add(half),
                c.y.saturating_add(half),
            ];
            let mut found = (f64::INFINITY, c);
            tree.visit(reach, |edge| {
                let [a, b] = self.edges[edge as usize];
                let distance = self.frame.distance_to_segment(c, a, b).0;
                if distance < found.0 {
                    found = (distance, foot(self.frame, c, a, b));
                }
            });
            // The box reaches least far along the shorter unit, which is that of longitude.
            let sure = self.frame.distance(c, Coord::new(c.x.saturating_add(half), c.y)).0;
            if found.0 <= sure || half >= i32::MAX / 4 {
                return found;
            }
            half *= 4;
        }
    }
}

/// The point of a segment nearest to a place, rounded to the unit.
fn foot(frame: &Frame, p: Coord, a: Coord, b: Coord) -> Coord {
    let ((px, py), (ax, ay), (bx, by)) = (frame.metres(p), frame.metres(a), frame.metres(b));
    let (dx, dy) = (bx - ax, by - ay);
    let length_squared = dx * dx + dy * dy;
    let t = (((px - ax) * dx + (py - ay) * dy) / length_squared.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    frame.coord(ax + t * dx, ay + t * dy)
}
