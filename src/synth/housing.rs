//! Where people live: slabs in rows that face south, towers, courtyard houses, urban villages, hamlets.

use super::dice::Dice;
use super::mesh::Course;
use super::plane::{Axes, P, area, hull, inside, p, smallest_box, to_segment};
use super::plots::{Use, heart};
use super::site::{Footprint, House, Patch, Site};
use crate::model::{BuildingKind, StreetClass};
use std::f64::consts::TAU;

/// The frame in which a plot's rows run: as near to east-west as the plot's own sides allow, so that rooms face south.
pub fn southward(ring: &[P]) -> Axes {
    let (axes, _, _) = smallest_box(ring);
    let mut along = if axes.along.x.abs() >= axes.along.y.abs() { axes.along } else { axes.along.left() };
    if along.x < 0.0 {
        along = along * -1.0;
    }
    // A plot turned by more than 35 degrees builds due south anyway.
    if along.y.abs() > 0.57 {
        along = p(1.0, along.y.signum() * 0.25).unit();
    }
    Axes { origin: ring[0], along }
}

/// One kind of row.
struct Row {
    /// Lengths to try, longest first, with the number of units.
    lengths: &'static [(f64, u32)],
    depth: f64,
    floors: (u32, u32),
    flats: u32,
    gap: f64,
    /// Distance from row to row, as a share of the height (sun on the winter solstice).
    sun: f64,
    stagger: bool,
}

const WALK_UP: Row = Row {
    lengths: &[(62.0, 4), (47.0, 3), (33.0, 2), (18.0, 1)],
    depth: 11.5,
    floors: (6, 7),
    flats: 2,
    gap: 8.5,
    sun: 1.15,
    stagger: false,
};
const OLD_SLABS: Row = Row {
    lengths: &[(46.0, 3), (31.0, 2), (16.5, 1)],
    depth: 11.0,
    floors: (5, 7),
    flats: 3,
    gap: 6.0,
    sun: 0.85,
    stagger: false,
};
const MID_RISE: Row = Row {
    lengths: &[(54.0, 3), (37.0, 2), (20.0, 1)],
    depth: 14.0,
    floors: (11, 18),
    flats: 2,
    gap: 11.0,
    sun: 0.92,
    stagger: true,
};
const TOWERS: Row = Row {
    lengths: &[(33.0, 1), (29.0, 1)],
    depth: 22.0,
    floors: (24, 33),
    flats: 6,
    gap: 17.0,
    sun: 0.48,
    stagger: true,
};

/// A compound: gate and drive, shops along busy streets, rows of slabs or towers, a garden in the middle of large ones.
pub fn compound(site: &mut Site, dice: &mut Dice, usage: Use, gate: Option<(P, P)>) {
    let row = match usage {
        Use::MidRise => &MID_RISE,
        Use::Towers => &TOWERS,
        Use::OldSlabs => &OLD_SLABS,
        _ => &WALK_UP,
    };
    let axes = southward(&site.ring);
    let size = area(&site.ring);
    let drive = gate.and_then(|gate| drive(site, gate, if size > 20_000.0 { 0.82 } else { 0.7 }));
    if size > 30_000.0 && matches!(usage, Use::MidRise | Use::Towers) {
        garden(site, dice, size, &axes);
    }
    shops(site, dice, if matches!(usage, Use::OldSlabs | Use::WalkUp) { 0.55 } else { 0.7 });
    rows(site, dice, &axes, row, drive);
    if let Some((at, outward)) = gate {
        let corner =
            Axes { origin: at - outward * (site_back(site, at) + 6.5) + outward.left() * 6.0, along: outward.left() };
        site.try_build(House::works(Footprint::slab(&corner, 5.0, 4.0), 1, BuildingKind::Other, "门卫室"), 0.8);
    }
    if size > 20_000.0 {
        let (lo, hi) = axes.extent(&site.ring);
        for _ in 0..6 {
            let at = axes.out(dice.range(lo.x, hi.x), dice.range(lo.y, hi.y));
            let hall = Footprint::slab(
                &Axes { origin: at, along: axes.along },
                dice.range(16.0, 26.0),
                dice.range(10.0, 14.0),
            );
            if site.try_build(House::works(hall, 2, BuildingKind::Public, "党群服务中心"), 9.0) {
                break;
            }
        }
    }
}

/// How far the carriageway and its pavement reach in from the street at a gate.
fn site_back(site: &Site, at: P) -> f64 {
    (0..site.ring.len())
        .map(|i| {
            let (a, b) = site.side(i);
            (to_segment(at, a, b), site.setbacks[i])
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(6.0, |(_, back)| back)
}

/// The drive from the gate straight in; none where the plot is too shallow for it. Returns its ends.
fn drive(site: &mut Site, (at, outward): (P, P), share: f64) -> Option<(P, P)> {
    site.built.gate = Some((at, outward));
    let depth = site.depth(at, outward * -1.0);
    if depth < 24.0 {
        return None;
    }
    let end = at - outward * (depth * share).clamp(12.0, depth - 10.0);
    site.add_way(StreetClass::Service, vec![at, end], 9.0);
    Some((at, end))
}

/// A green heart with a pond, beside the drive.
fn garden(site: &mut Site, dice: &mut Dice, size: f64, axes: &Axes) {
    let middle = heart(&site.ring);
    let radius = (size.sqrt() * 0.1).clamp(17.0, 32.0);
    for (dx, dy) in [(0.0, 0.0), (1.6, 0.0), (-1.6, 0.0), (0.0, 1.4), (1.6, 1.2), (-1.6, -1.2), (0.0, -1.4)] {
        let centre = middle + axes.along * (dx * radius) + axes.along.left() * (dy * radius);
        let ring = blob(dice, centre, radius * 1.25, radius * 0.8, 18, 0.1);
        let shape = Footprint { parts: vec![hull(&ring)], outer: ring.clone(), holes: Vec::new() };
        if !site.fits(&shape, 2.0) {
            continue;
        }
        if radius > 22.0 {
            let pond = blob(dice, centre, radius * 0.5, radius * 0.3, 14, 0.2);
            site.built.water.push(Patch { kind: "lake", name: String::new(), ring: pond, holes: vec![] });
        }
        site.keep_free(hull(&ring));
        site.built.green.push(Patch { kind: "garden", name: String::new(), ring, holes: vec![] });
        return;
    }
}

/// A smooth closed shape around a centre, counter-clockwise.
pub fn blob(dice: &mut Dice, centre: P, rx: f64, ry: f64, corners: usize, rough: f64) -> Vec<P> {
    let (a, b, turn) = (dice.range(0.0, TAU), dice.range(0.0, TAU), dice.range(-0.5, 0.5));
    (0..corners)
        .map(|k| {
            let t = k as f64 / corners as f64 * TAU;
            let swell = 1.0 + rough * ((2.0 * t + a).sin() + 0.6 * (3.0 * t + b).sin());
            centre + p(rx * t.cos() * swell, ry * t.sin() * swell).turn(turn)
        })
        .collect()
}

/// Rows of shops along the busier streets.
pub fn shops(site: &mut Site, dice: &mut Dice, share: f64) {
    for i in 0..site.ring.len() {
        let busy = match site.courses[i].street() {
            Some(StreetClass::Primary | StreetClass::Secondary) => share,
            Some(StreetClass::Tertiary) => share * 0.8,
            Some(StreetClass::Residential) => share * 0.3,
            _ => 0.0,
        };
        if dice.chance(busy) {
            shop_row(site, dice, i);
        }
    }
}

fn shop_row(site: &mut Site, dice: &mut Dice, side: usize) {
    let (a, b) = site.side(side);
    let (length, along) = ((b - a).len(), (b - a).unit());
    let (depth, floors) = (dice.range(9.0, 14.0), dice.whole(1, 3));
    let mut x = 2.0;
    while x < length - 12.0 {
        let w = dice.range(22.0, 46.0).min(length - x);
        let axes = Axes { origin: a + along * x + along.left() * (site.setbacks[side] + 0.3), along };
        if site.try_build(House::works(Footprint::slab(&axes, w, depth), floors, BuildingKind::Retail, ""), 3.0) {
            x += w + 4.0;
        } else {
            x += 8.0;
        }
    }
}

/// The houses of one row, none built yet: place along the row, footprint, units.
fn plan_row(site: &Site, axes: &Axes, row: &Row, (from, to): (f64, f64), y: f64) -> Vec<(f64, f64, Footprint, u32)> {
    let mut planned = Vec::new();
    let mut x = from;
    while x < to - 12.0 {
        let fitting = row.lengths.iter().find_map(|&(w, units)| {
            let at = Axes { origin: axes.out(x, y), along: axes.along };
            let shape = if row.depth > 20.0 {
                Footprint::tower(&at, w, row.depth)
            } else if row.floors.1 < 10 && units > 1 {
                Footprint::stepped(&at, w, row.depth, units)
            } else {
                Footprint::slab(&at, w, row.depth)
            };
            site.fits(&shape, row.gap.min(10.0)).then_some((x, w, shape, units))
        });
        match fitting {
            Some(house) => {
                x += house.1 + row.gap;
                planned.push(house);
            }
            None => x += 4.0,
        }
    }
    planned
}

fn rows(site: &mut Site, dice: &mut Dice, axes: &Axes, row: &Row, drive: Option<(P, P)>) {
    let (lo, hi) = axes.extent(&site.ring);
    let base = dice.whole(row.floors.0, row.floors.1);
    let mut y = lo.y;
    let mut count = 0;
    while y < hi.y - row.depth {
        // Where a row may lie, the place for the most houses wins; waiting has a price.
        let shift =
            if row.stagger && count % 2 == 1 && hi.x - lo.x > 220.0 { (row.lengths[0].0 + row.gap) * 0.5 } else { 0.0 };
        let worth =
            |plan: &[(f64, f64, Footprint, u32)], step: f64| plan.iter().map(|it| it.1).sum::<f64>() - 2.2 * step;
        let mut best = (0.0, Vec::new());
        for step in [0.0, 4.0, 9.0, 15.0] {
            let plan = plan_row(site, axes, row, (lo.x + shift, hi.x), y + step);
            if best.1.is_empty() || worth(&plan, step) > worth(&best.1, best.0) {
                best = (step, plan);
            }
        }
        let (step, plan) = best;
        y += if plan.is_empty() { 15.0 } else { step };
        let Some(reach) = plan.first().zip(plan.last()).map(|(first, last)| (first.0, last.0 + last.1)) else {
            continue;
        };
        let floors = if row.floors.1 > 10 { (base + dice.whole(0, 3)).min(row.floors.1) } else { base };
        for (_, _, shape, units) in plan {
            site.build(House::homes(shape, floors, units, row.flats));
        }
        if let Some(drive) = drive {
            branch(site, axes, y + row.depth + 5.0, reach, drive);
        }
        count += 1;
        y += row.depth + (f64::from(floors) * 2.9 * row.sun).max(11.0);
    }
}

/// A path along the north side of a row, both ways from the drive.
fn branch(site: &mut Site, axes: &Axes, y: f64, reach: (f64, f64), drive: (P, P)) {
    let (from, to) = (axes.local(drive.0), axes.local(drive.1));
    if (to.y - from.y).abs() < (to.x - from.x).abs() {
        return;
    }
    let t = (y - from.y) / (to.y - from.y);
    if !(0.08..0.99).contains(&t) {
        return;
    }
    let x = from.x + (to.x - from.x) * t;
    let start = axes.out(x, y);
    for end in [reach.0 + 4.0, reach.1 - 4.0] {
        let stop = axes.out(end, y);
        if (end - x).abs() < 14.0 || !inside(&site.ring, stop) {
            continue;
        }
        let clear = (0..site.ring.len()).all(|i| {
            let (a, b) = site.side(i);
            super::plane::between(start, stop, a, b) > site.setbacks[i].max(3.0)
        });
        if clear && site.way_is_free(start, stop, 1.5) {
            site.add_branch(StreetClass::Footway, start, stop, 3.0);
        }
    }
}

/// Old town: houses along the lanes, courtyards behind them.
pub fn old_town(site: &mut Site, dice: &mut Dice) {
    // 1. Houses with a shop below along the lanes.
    for i in 0..site.ring.len() {
        let Some(class) = site.courses[i].street() else { continue };
        let (a, b) = site.side(i);
        let (length, along) = ((b - a).len(), (b - a).unit());
        let mut x = dice.range(0.0, 3.0);
        while x < length - 6.0 {
            let w = dice.range(7.5, 19.0).min(length - x);
            let depth = dice.range(7.5, 11.5);
            let axes = Axes { origin: a + along * x + along.left() * (site.setbacks[i] + dice.range(0.2, 1.4)), along };
            let shape = if w > 13.0 && dice.chance(0.4) {
                Footprint::ell(&axes, w, depth + dice.range(4.0, 8.0), 6.0)
            } else {
                Footprint::slab(&axes, w, depth)
            };
            let floors = dice.whole(1, 3);
            let house = if class <= StreetClass::Tertiary && dice.chance(0.7) {
                House::works(shape, floors, BuildingKind::Retail, "")
            } else {
                House::homes(shape, floors, 0, if w > 12.0 { 2 } else { 1 })
            };
            x += if site.try_build(house, 0.9) { w + dice.range(1.0, 3.5) } else { 2.5 };
        }
    }
    // 2. Courtyards inside.
    let axes = southward(&site.ring);
    let (lo, hi) = axes.extent(&site.ring);
    let mut y = lo.y + dice.range(0.0, 6.0);
    while y < hi.y {
        let mut x = lo.x + dice.range(0.0, 6.0);
        let mut tallest: f64 = 5.0;
        while x < hi.x {
            let (w, d) = (dice.range(15.0, 27.0), dice.range(14.0, 24.0));
            let at = Axes { origin: axes.out(x, y), along: axes.along.turn(dice.range(-0.04, 0.04)) };
            let (shape, flats) = match dice.whole(0, 9) {
                0..=2 if w > 17.0 && d > 16.0 => (Footprint::courtyard(&at, w, d, 5.5), 5),
                3..=5 => (Footprint::horseshoe(&at, w, d, 5.2), 4),
                6..=7 => (Footprint::ell(&at, w, d, 6.0), 3),
                _ => (Footprint::slab(&at, w, 8.5), 2),
            };
            if site.try_build(House::homes(shape, dice.whole(1, 2), 0, flats), 2.0) {
                x += w + dice.range(2.5, 5.0);
                tallest = tallest.max(d);
            } else {
                let small = Footprint::slab(&at, dice.range(7.0, 11.0), dice.range(6.5, 8.5));
                let built = site.try_build(House::homes(small, dice.whole(1, 2), 0, 1), 1.6);
                x += if built { 13.0 } else { 5.0 };
            }
        }
        y += tallest + 3.0;
    }
}

/// Urban village: self-built houses an arm's length apart.
pub fn urban_village(site: &mut Site, dice: &mut Dice) {
    let (axes, lo, hi) = smallest_box(&site.ring);
    let depth = dice.range(10.5, 12.5);
    let mut y = lo.y;
    while y < hi.y - 8.0 {
        let mut x = lo.x;
        let mut any = false;
        while x < hi.x - 8.0 {
            let w = dice.range(9.0, 12.5);
            let d = depth - dice.range(0.0, 1.8);
            let at =
                Axes { origin: axes.out(x, y + dice.range(0.0, 0.6)), along: axes.along.turn(dice.range(-0.03, 0.03)) };
            let shape =
                if dice.chance(0.12) { Footprint::ell(&at, w, d, w * 0.55) } else { Footprint::slab(&at, w, d) };
            let floors = dice.whole(3, 6);
            let mut house = House::homes(shape, floors, 0, 1);
            house.flats = dice.whole(2, floors + 2);
            if site.try_build(house, 0.9) {
                any = true;
                x += w + dice.range(1.2, 2.6);
            } else {
                x += 2.5;
            }
        }
        y += if any { depth + 2.2 } else { 2.5 };
    }
}

/// A hamlet of the plain: farmhouses under trees. Returns houses in the order in which the hamlet grew.
pub fn hamlet(site: &mut Site, dice: &mut Dice) {
    let centre = heart(&site.ring);
    let (rx, ry) = (dice.range(50.0, 75.0), dice.range(38.0, 55.0));
    let grove = blob(dice, centre, rx, ry, 20, 0.14);
    if grove.iter().all(|&at| site.clear(at, 1.0)) {
        site.built.green.push(Patch { kind: "forest", name: String::new(), ring: grove, holes: vec![] });
    }
    let facing = dice.range(-0.25, 0.25);
    for k in 0..60 {
        let reach = 8.0 + f64::from(k) * 1.15;
        let at = centre + p(dice.range(-1.0, 1.0) * reach, dice.range(-0.8, 0.8) * reach);
        let axes = Axes { origin: at, along: p(1.0, 0.0).turn(facing + dice.range(-0.12, 0.12)) };
        let (w, d) = (dice.range(9.0, 15.0), dice.range(7.0, 10.0));
        let shape = match dice.whole(0, 5) {
            0 => Footprint::horseshoe(&axes, w + 5.0, d + 5.0, 5.0),
            1 | 2 => Footprint::ell(&axes, w + 2.0, d + 4.0, 6.0),
            _ => Footprint::slab(&axes, w, d),
        };
        site.try_build(House::homes(shape, dice.whole(1, 3), 0, 1), 4.0);
    }
    for house in &mut site.built.houses {
        house.flats = 1;
    }
}

/// Fields and woods: green to within a step of the roads around.
pub fn land(site: &mut Site, dice: &mut Dice, usage: Use) {
    let kind = match usage {
        Use::Wood => "forest",
        _ if dice.chance(0.62) => "grass",
        _ => {
            // Bare fields, some with a fish pond.
            let ring = blob(dice, heart(&site.ring), 34.0, 21.0, 12, 0.08);
            if dice.chance(0.22) && ring.iter().all(|&at| site.clear(at, 5.0)) {
                site.built.water.push(Patch { kind: "basin", name: String::new(), ring, holes: vec![] });
            }
            return;
        }
    };
    let by: Vec<f64> =
        site.courses.iter().map(|course| if *course == Course::Furrow { 1.5 } else { course.setback() }).collect();
    if let Some(ring) = super::plane::inset(&site.ring, &by) {
        site.built.green.push(Patch { kind, name: String::new(), ring, holes: vec![] });
    }
}
