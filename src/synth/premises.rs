//! Where people work, learn and rest: schools, hospitals, malls, offices, factories, parks, the station.

use super::dice::Dice;
use super::housing::{blob, shops, southward};
use super::mesh::Course;
use super::plane::{Axes, P, area, hull, inset, p, smallest_box};
use super::plots::{Use, heart};
use super::site::{Footprint, House, Patch, Site};
use crate::model::{BuildingKind, StreetClass};

/// Builds a plot that nobody lives on.
pub fn premises(site: &mut Site, dice: &mut Dice, usage: Use, gate: Option<(P, P)>) {
    site.built.gate = gate;
    if let Some((at, outward)) = gate.filter(|_| !matches!(usage, Use::Square | Use::Park | Use::Vacant)) {
        let depth = site.depth(at, outward * -1.0);
        if depth > 24.0 {
            site.add_way(StreetClass::Service, vec![at, at - outward * (depth * 0.45)], 8.0);
        }
    }
    match usage {
        Use::School => school(site, dice, 4),
        Use::Kindergarten => kindergarten(site, dice),
        Use::Campus => campus(site, dice),
        Use::Hospital => hospital(site, dice),
        Use::Clinic => halls(site, dice, &Halls::new(BuildingKind::Hospital, "门诊楼", 3, 5, 34.0, 15.0, 12.0), 4),
        Use::Mall => mall(site, dice),
        Use::Office => offices(site, dice),
        Use::Hotel => {
            halls(site, dice, &Halls::new(BuildingKind::Retail, "酒店主楼", 12, 22, 46.0, 20.0, 14.0), 1);
            halls(site, dice, &Halls::new(BuildingKind::Retail, "酒店裙楼", 2, 4, 40.0, 26.0, 10.0), 2);
        }
        Use::Government => {
            halls(site, dice, &Halls::new(BuildingKind::Public, "办公楼", 5, 10, 52.0, 16.0, 16.0), 2);
            halls(site, dice, &Halls::new(BuildingKind::Public, "附楼", 2, 4, 26.0, 13.0, 10.0), 3);
        }
        Use::Culture => {
            halls(site, dice, &Halls::new(BuildingKind::Public, "主馆", 2, 4, 62.0, 44.0, 14.0), 2);
            halls(site, dice, &Halls::new(BuildingKind::Public, "附属用房", 1, 3, 26.0, 14.0, 10.0), 2);
        }
        Use::Market => {
            halls(site, dice, &Halls::new(BuildingKind::Retail, "市场大棚", 1, 2, 48.0, 26.0, 8.0), 4);
            shops(site, dice, 0.8);
        }
        Use::Social => halls(site, dice, &Halls::new(BuildingKind::Public, "社会组织服务站", 2, 3, 22.0, 12.0, 8.0), 1),
        Use::Factory => factory(site, dice, BuildingKind::Industrial, "厂房"),
        Use::Warehouse => factory(site, dice, BuildingKind::Industrial, "仓库"),
        Use::Station => station(site, dice),
        Use::Park => park(site, dice, gate),
        Use::Square => square(site, dice),
        Use::Vacant => vacant(site, dice),
        _ => {}
    }
}

/// A kind of hall, several of which stand in rows.
struct Halls {
    kind: BuildingKind,
    name: &'static str,
    floors: (u32, u32),
    w: f64,
    d: f64,
    gap: f64,
}

impl Halls {
    fn new(kind: BuildingKind, name: &'static str, lo: u32, hi: u32, w: f64, d: f64, gap: f64) -> Self {
        Self { kind, name, floors: (lo, hi), w, d, gap }
    }
}

/// Places up to a number of halls in rows on the plot's own axes, each as large as fits.
fn halls(site: &mut Site, dice: &mut Dice, halls: &Halls, most: usize) {
    let axes = southward(&site.ring);
    let (lo, hi) = axes.extent(&site.ring);
    let mut left = most;
    for scale in [1.0, 0.75, 0.5] {
        let (w, d) = (halls.w * scale, halls.d * scale.max(0.65));
        let mut y = lo.y;
        while y < hi.y - d && left > 0 {
            let mut x = lo.x;
            while x < hi.x - w && left > 0 {
                let at = Axes { origin: axes.out(x, y), along: axes.along };
                // Tall buildings are compact; only low ones have wings.
                let tall = halls.floors.1 > 11;
                let shape = match dice.whole(0, 5) {
                    0..=3 if tall && d > 19.0 => Footprint::tower(&at, w, d),
                    _ if tall => Footprint::slab(&at, w, d),
                    0 | 1 if d > 12.0 => Footprint::ell(&at, w, d * 1.7, d * 0.8),
                    2 if d > 13.0 => Footprint::horseshoe(&at, w, d * 1.8, d * 0.75),
                    _ => Footprint::slab(&at, w, d),
                };
                let floors = dice.whole(halls.floors.0, halls.floors.1);
                if site.try_build(House::works(shape, floors, halls.kind, halls.name), halls.gap) {
                    left -= 1;
                    x += w + halls.gap;
                } else {
                    x += 6.0;
                }
            }
            y += 6.0;
        }
        if left == 0 {
            return;
        }
    }
}

/// Places halls here and there on lines 16 m apart, so that they stand in loose rows over the whole plot.
fn scatter(site: &mut Site, dice: &mut Dice, halls: &Halls, most: usize) {
    let axes = southward(&site.ring);
    let (lo, hi) = axes.extent(&site.ring);
    let mut left = most;
    for _ in 0..most * 40 {
        let snap = |x: f64| (x / 16.0).round() * 16.0;
        let origin = axes.out(snap(dice.range(lo.x, hi.x)), snap(dice.range(lo.y, hi.y)));
        let at = Axes { origin, along: axes.along };
        let shape = match dice.whole(0, 4) {
            0 => Footprint::horseshoe(&at, halls.w, halls.d * 2.1, 15.0),
            1 => Footprint::ell(&at, halls.w, halls.d * 1.8, 15.0),
            2 if halls.w > 60.0 => Footprint::courtyard(&at, halls.w, 52.0, 15.0),
            _ => Footprint::slab(&at, halls.w, halls.d),
        };
        let floors = dice.whole(halls.floors.0, halls.floors.1);
        left -= usize::from(site.try_build(House::works(shape, floors, halls.kind, halls.name), halls.gap));
        if left == 0 {
            return;
        }
    }
}

/// A closed oval of a running track.
fn track(axes: &Axes, w: f64, d: f64) -> Vec<P> {
    let r = d / 2.0;
    let mut ring = Vec::new();
    for k in 0..=8 {
        let t = -std::f64::consts::FRAC_PI_2 + std::f64::consts::PI * f64::from(k) / 8.0;
        ring.push(axes.out(w - r + r * t.cos(), r + r * t.sin()));
    }
    for k in 0..=8 {
        let t = std::f64::consts::FRAC_PI_2 + std::f64::consts::PI * f64::from(k) / 8.0;
        ring.push(axes.out(r + r * t.cos(), r + r * t.sin()));
    }
    ring
}

/// A running track (or, where it does not fit, ball courts), its long side north-south as the sun asks.
fn pitch(site: &mut Site, dice: &mut Dice) {
    let axes = southward(&site.ring);
    let turned = Axes { origin: axes.origin, along: axes.along.left() };
    for (w, d) in [(170.0, 88.0), (120.0, 62.0), (84.0, 46.0), (50.0, 28.0), (30.0, 17.0)] {
        for axes in [turned, axes] {
            let (lo, hi) = axes.extent(&site.ring);
            let (mut best, mut least) = (None, f64::MAX);
            for _ in 0..26 {
                let at = Axes { origin: axes.out(dice.range(lo.x, hi.x), dice.range(lo.y, hi.y)), along: axes.along };
                let shape = Footprint::slab(&at, w, d);
                // As far into a corner as it goes, so that the rest stays whole.
                let corner = (at.out(w / 2.0, d / 2.0) - heart(&site.ring)).len();
                if -corner < least && site.fits(&shape, 3.0) {
                    (best, least) = (Some((at, shape)), -corner);
                }
            }
            if let Some((at, shape)) = best {
                let ring = if d > 40.0 { track(&at, w, d) } else { shape.outer.clone() };
                site.built.green.push(Patch { kind: "pitch", name: "运动场".into(), ring, holes: vec![] });
                site.keep_free(shape.outer);
                return;
            }
        }
    }
}

fn school(site: &mut Site, dice: &mut Dice, blocks: usize) {
    pitch(site, dice);
    halls(site, dice, &Halls::new(BuildingKind::School, "教学楼", 4, 5, 58.0, 15.0, 17.0), blocks);
    halls(site, dice, &Halls::new(BuildingKind::School, "综合楼", 3, 5, 30.0, 16.0, 11.0), 2);
    halls(site, dice, &Halls::new(BuildingKind::School, "食堂", 2, 2, 24.0, 16.0, 9.0), 1);
}

fn kindergarten(site: &mut Site, dice: &mut Dice) {
    halls(site, dice, &Halls::new(BuildingKind::School, "活动楼", 3, 3, 36.0, 14.0, 10.0), 2);
    pitch_small(site, dice);
    shops(site, dice, 0.3);
}

fn pitch_small(site: &mut Site, dice: &mut Dice) {
    let axes = southward(&site.ring);
    let (lo, hi) = axes.extent(&site.ring);
    for _ in 0..30 {
        let at = Axes { origin: axes.out(dice.range(lo.x, hi.x), dice.range(lo.y, hi.y)), along: axes.along };
        let shape = Footprint::slab(&at, 26.0, 18.0);
        if site.fits(&shape, 2.0) {
            site.built.green.push(Patch {
                kind: "pitch",
                name: String::new(),
                ring: shape.outer.clone(),
                holes: vec![],
            });
            site.keep_free(shape.outer);
            return;
        }
    }
}

fn hospital(site: &mut Site, dice: &mut Dice) {
    halls(site, dice, &Halls::new(BuildingKind::Hospital, "住院楼", 10, 18, 58.0, 20.0, 18.0), 2);
    halls(site, dice, &Halls::new(BuildingKind::Hospital, "门诊楼", 4, 6, 54.0, 30.0, 15.0), 1);
    halls(site, dice, &Halls::new(BuildingKind::Hospital, "医技楼", 3, 6, 36.0, 16.0, 12.0), 3);
    lawn(site, dice);
}

fn mall(site: &mut Site, dice: &mut Dice) {
    let (axes, lo, hi) = smallest_box(&site.ring);
    let (w, d) = (hi.x - lo.x, hi.y - lo.y);
    for share in [0.66, 0.55, 0.44, 0.33] {
        let (bw, bd) = ((w * share).min(190.0), (d * share).min(120.0));
        let at = Axes { origin: axes.out((lo.x + hi.x - bw) / 2.0, (lo.y + hi.y - bd) / 2.0), along: axes.along };
        let shape = if dice.chance(0.5) {
            Footprint::courtyard(&at, bw, bd, bw.min(bd) * 0.34)
        } else {
            Footprint::horseshoe(&at, bw, bd, bw.min(bd) * 0.4)
        };
        // The drive ends at the mall's door; what was kept free for it gives way.
        if site.fits_over_ways(&shape) {
            site.clip_ways(&shape);
            site.build(House::works(shape, dice.whole(4, 7), BuildingKind::Retail, "购物中心"));
            break;
        }
    }
    halls(site, dice, &Halls::new(BuildingKind::Office, "写字楼", 18, 30, 34.0, 30.0, 14.0), 2);
    shops(site, dice, 0.8);
}

fn offices(site: &mut Site, dice: &mut Dice) {
    halls(site, dice, &Halls::new(BuildingKind::Office, "写字楼", 14, 32, 38.0, 30.0, 22.0), 4);
    halls(site, dice, &Halls::new(BuildingKind::Retail, "商业裙楼", 2, 4, 44.0, 18.0, 10.0), 3);
    lawn(site, dice);
}

fn factory(site: &mut Site, dice: &mut Dice, kind: BuildingKind, name: &'static str) {
    let (axes, lo, hi) = smallest_box(&site.ring);
    let (w, d) = (dice.range(70.0, 125.0), dice.range(30.0, 52.0));
    for scale in [1.0, 0.7, 0.45] {
        let mut y = lo.y + 2.0;
        while y < hi.y - d * scale {
            let mut x = lo.x + 2.0;
            let mut any = false;
            while x < hi.x - w * scale {
                let at = Axes { origin: axes.out(x, y), along: axes.along };
                let shape = if dice.chance(0.15) {
                    Footprint::ell(&at, w * scale, d * scale * 1.5, d * scale * 0.8)
                } else {
                    Footprint::slab(&at, w * scale, d * scale)
                };
                let mut hall = House::works(shape, dice.whole(1, 2), kind, name);
                hall.storey = 7.5;
                if site.try_build(hall, 13.0) {
                    any = true;
                    x += w * scale + 14.0;
                } else {
                    x += 8.0;
                }
            }
            y += if any { d * scale + 14.0 } else { 7.0 };
        }
    }
    halls(site, dice, &Halls::new(BuildingKind::Office, "办公楼", 3, 5, 34.0, 13.0, 10.0), 1);
}

fn campus(site: &mut Site, dice: &mut Dice) {
    // A lake and a lawn in the middle, pitches in a corner, faculties and dormitories around.
    let centre = heart(&site.ring);
    let lake = blob(dice, centre, 75.0, 42.0, 26, 0.16);
    if lake.iter().all(|&at| site.clear(at, 4.0)) {
        let shore = blob(dice, centre, 125.0, 88.0, 26, 0.1);
        site.keep_free(hull(&shore));
        site.keep_free(hull(&lake));
        if shore.iter().all(|&at| site.clear(at, 2.0)) {
            site.built.green.push(Patch { kind: "garden", name: String::new(), ring: shore, holes: vec![] });
        }
        site.built.water.push(Patch { kind: "lake", name: "砚池".into(), ring: lake, holes: vec![] });
    }
    pitch(site, dice);
    pitch(site, dice);
    halls(site, dice, &Halls::new(BuildingKind::School, "学生公寓", 6, 6, 60.0, 14.0, 17.0), 18);
    scatter(site, dice, &Halls::new(BuildingKind::School, "图书馆", 5, 7, 74.0, 46.0, 24.0), 1);
    scatter(site, dice, &Halls::new(BuildingKind::School, "教学楼", 4, 6, 70.0, 20.0, 20.0), 16);
    scatter(site, dice, &Halls::new(BuildingKind::School, "实验楼", 4, 6, 48.0, 18.0, 18.0), 18);
    scatter(site, dice, &Halls::new(BuildingKind::School, "体育馆", 2, 3, 60.0, 44.0, 20.0), 1);
    scatter(site, dice, &Halls::new(BuildingKind::School, "食堂", 2, 3, 44.0, 30.0, 14.0), 3);
    lawn(site, dice);
    lawn(site, dice);
}

fn lawn(site: &mut Site, dice: &mut Dice) {
    let axes = southward(&site.ring);
    let (lo, hi) = axes.extent(&site.ring);
    for _ in 0..14 {
        let at = axes.out(dice.range(lo.x, hi.x), dice.range(lo.y, hi.y));
        let (rx, ry) = (dice.range(12.0, 26.0), dice.range(9.0, 18.0));
        let ring = blob(dice, at, rx, ry, 14, 0.12);
        let shape = Footprint { parts: vec![hull(&ring)], outer: ring.clone(), holes: Vec::new() };
        if site.fits(&shape, 2.5) {
            site.keep_free(hull(&ring));
            site.built.green.push(Patch { kind: "garden", name: String::new(), ring, holes: vec![] });
        }
    }
}

fn station(site: &mut Site, dice: &mut Dice) {
    // The hall stands along the rails.
    let rail = (0..site.ring.len()).filter(|&i| site.courses[i] == Course::Rail).max_by(|&i, &j| {
        let length = |i: usize| (site.side(i).1 - site.side(i).0).len();
        length(i).total_cmp(&length(j))
    });
    if let Some(i) = rail {
        let (a, b) = site.side(i);
        let along = (b - a).unit();
        for w in [170.0, 130.0, 90.0, 60.0] {
            for shift in [0.0, -60.0, 60.0, -120.0, 120.0] {
                let middle = a.towards(b, 0.5) + along * shift;
                let axes = Axes { origin: middle - along * (w / 2.0) + along.left() * 27.0, along };
                let hall = Footprint::slab(&axes, w, 38.0);
                if site.fits_over_ways(&hall) {
                    site.clip_ways(&hall);
                    site.build(House::works(hall, 3, BuildingKind::Public, "站房"));
                    let mut depot = Halls::new(BuildingKind::Public, "铁路用房", 2, 4, 36.0, 14.0, 12.0);
                    depot.gap = 26.0;
                    halls(site, dice, &depot, 5);
                    return;
                }
            }
        }
    }
    halls(site, dice, &Halls::new(BuildingKind::Public, "站房", 2, 3, 90.0, 30.0, 14.0), 1);
}

/// A park: trees to the edge, a pond with an island of paths around it, a few pavilions.
fn park(site: &mut Site, dice: &mut Dice, gate: Option<(P, P)>) {
    let by: Vec<f64> = site.setbacks.iter().map(|&back| (back - 2.0).max(2.0)).collect();
    let Some(ground) = inset(&site.ring, &by) else { return square(site, dice) };
    let size = area(&ground);
    let centre = heart(&site.ring);
    let r = (size.sqrt() * 0.2).min(190.0);
    let shore = blob(dice, centre, r * 1.35, r * 0.8, 30, 0.18);
    let pond_fits = shore.iter().all(|&at| site.clear(at, 6.0));
    let round = blob(dice, centre, r * 1.9, r * 1.35, 32, 0.08);
    let loop_fits = round.iter().all(|&at| site.clear(at, 3.0));
    site.built.green.push(Patch { kind: "park", name: String::new(), ring: ground, holes: vec![] });
    if pond_fits {
        site.keep_free(hull(&shore));
        site.built.water.push(Patch { kind: "lake", name: String::new(), ring: shore, holes: vec![] });
    }
    for _ in 0..(size / 9_000.0).min(16.0) as usize {
        let around = centre + p(dice.range(-1.0, 1.0), dice.range(-1.0, 1.0)) * (size.sqrt() * 0.42);
        let (rx, ry) = (dice.range(14.0, 34.0), dice.range(11.0, 24.0));
        let grove = blob(dice, around, rx, ry, 14, 0.2);
        if grove.iter().all(|&at| site.clear(at, 2.0)) && (!pond_fits || (around - centre).len() > r * 1.7) {
            site.built.green.push(Patch { kind: "forest", name: String::new(), ring: grove, holes: vec![] });
        }
    }
    if let Some((at, outward)) = gate {
        site.built.gate = Some((at, outward));
        if loop_fits {
            // From the gate to the nearest place of the round, and once around.
            let near =
                (0..round.len()).min_by(|&i, &j| (round[i] - at).len().total_cmp(&(round[j] - at).len())).unwrap_or(0);
            let mut line: Vec<P> = round[near..].iter().chain(&round[..=near]).copied().collect();
            site.add_way(StreetClass::Footway, vec![at, round[near]], 3.0);
            line.dedup();
            site.add_way(StreetClass::Footway, line, 3.0);
        } else {
            let depth = site.depth(at, outward * -1.0);
            if depth > 24.0 {
                site.add_way(StreetClass::Footway, vec![at, at - outward * (depth * 0.6)], 3.0);
            }
        }
    }
    for _ in 0..((size / 12_000.0) as usize).clamp(1, 6) {
        let at = Axes {
            origin: centre + p(dice.range(-1.0, 1.0), dice.range(-1.0, 1.0)) * (size.sqrt() * 0.4),
            along: p(1.0, 0.0).turn(dice.range(-0.5, 0.5)),
        };
        site.try_build(House::works(Footprint::slab(&at, 11.0, 8.0), 1, BuildingKind::Public, "亭廊"), 5.0);
    }
}

fn square(site: &mut Site, dice: &mut Dice) {
    let by: Vec<f64> = site.setbacks.iter().map(|&back| back + 1.0).collect();
    if let Some(ring) = inset(&site.ring, &by) {
        site.built.green.push(Patch { kind: "garden", name: String::new(), ring, holes: vec![] });
    }
    halls(site, dice, &Halls::new(BuildingKind::Public, "公共厕所", 1, 1, 12.0, 7.0, 4.0), 1);
}

fn vacant(site: &mut Site, dice: &mut Dice) {
    // Waiting for a developer: grass, and the site office by the gate.
    let by: Vec<f64> = site.setbacks.iter().map(|&back| back + 2.0).collect();
    if let Some(ring) = inset(&site.ring, &by).filter(|_| dice.chance(0.6)) {
        site.built.green.push(Patch { kind: "grass", name: String::new(), ring, holes: vec![] });
    }
    halls(site, dice, &Halls::new(BuildingKind::Other, "工棚", 1, 2, 30.0, 8.0, 6.0), 2);
}
