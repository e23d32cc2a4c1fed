//! Which buildings belong to which compound, and how a compound's total is shared out over them.

use super::ground::Ground;
use crate::model::{BuildingKind, Compound, Frame, Geometry, HouseholdCount, Provenance, World};
use std::collections::HashMap;

/// How far from the point that stands for a compound its buildings are looked for, in metres. Estates are 150-200 m
/// across; the next estate's own point takes what is nearer to it.
const REACH: f64 = 250.0;

/// The compound of each building, as positions in `world.compounds`.
///
/// 1. The compound that the building's source names; of several with that name, the nearest.
/// 2. The compound whose outline holds the building.
/// 3. For compounds known only by a point: buildings within 250 m of it and in the same grid, nearest pairs first,
///    until the reported number of buildings (or, where none is reported, floor area for the reported households) is
///    reached. Only buildings where people may live are taken; those already surveyed are, too, for their households
///    are part of the compound's total.
pub fn membership(world: &World, ground: &Ground, floor_area_per_household: f64) -> Vec<Option<u32>> {
    let mut by_name: HashMap<&str, Vec<u32>> = HashMap::new();
    for (i, compound) in world.compounds.iter().enumerate() {
        for name in std::iter::once(&compound.name).chain(&compound.aliases) {
            by_name.entry(name).or_default().push(i as u32);
        }
    }
    let mut members = vec![None; world.buildings.len()];
    let mut named = vec![false; world.compounds.len()];
    for (i, building) in world.buildings.iter().enumerate() {
        let at = ground.building_anchors[i];
        let by_name = building.compound.as_deref().and_then(|name| by_name.get(name)).and_then(|same| {
            let distance = |c: &u32| ground.frame.distance(at, ground.compound_anchors[*c as usize]).0;
            same.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)))
        });
        members[i] = by_name.or_else(|| ground.compounds.containing(at));
        if let Some(compound) = members[i] {
            named[compound as usize] = true;
        }
    }
    claim_around_points(world, ground, floor_area_per_household, &named, &mut members);
    members
}

/// Where people may live: dwellings, and buildings whose use the source does not tell unless they are too small for a
/// household. Gatehouses and sheds are many.
fn may_be_lived_in(world: &World, frame: Frame, building: usize, per_household: f64) -> bool {
    match world.buildings[building].kind {
        BuildingKind::Residential => true,
        BuildingKind::Other => floor_area(world, frame, building) >= per_household / 2.0,
        _ => false,
    }
}

fn claim_around_points(
    world: &World,
    ground: &Ground,
    per_household: f64,
    named: &[bool],
    members: &mut [Option<u32>],
) {
    let points =
        world.compounds.iter().enumerate().filter(|(i, c)| matches!(c.place, Geometry::Point(_)) && !named[*i]);
    let mut claims: Vec<(f64, u32, u32)> = Vec::new();
    // What a compound still lacks: buildings where it reports their number, else floor area.
    let mut lacks: HashMap<u32, f64> = HashMap::new();
    for (compound, about) in points {
        let Some(households) = about.households else { continue };
        let at = ground.compound_anchors[compound];
        let grid = ground.grids.locate(at);
        lacks.insert(compound as u32, about.buildings.map_or(f64::from(households.count) * per_household, f64::from));
        for building in ground.buildings.within(ground.box_around(at, REACH)) {
            let anchor = ground.building_anchors[building as usize];
            let metres = ground.frame.distance(at, anchor).0;
            let free = members[building as usize].is_none()
                && may_be_lived_in(world, ground.frame, building as usize, per_household);
            if free && metres <= REACH && ground.grids.locate(anchor) == grid {
                claims.push((metres, compound as u32, building));
            }
        }
    }
    claims.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    for (_, compound, building) in claims {
        let Some(lack) = lacks.get_mut(&compound) else { continue };
        let member = &mut members[building as usize];
        if *lack <= 0.0 || member.is_some() {
            continue;
        }
        *member = Some(compound);
        *lack -= match world.compounds[compound as usize].buildings {
            Some(_) => 1.0,
            None => floor_area(world, ground.frame, building as usize),
        };
    }
}

/// Gross floor area of a building in square metres; one floor where the source says nothing.
pub fn floor_area(world: &World, frame: Frame, building: usize) -> f64 {
    let b = &world.buildings[building];
    frame.area(b.area.doubled_area()).0 * f64::from(b.floors.unwrap_or(1).max(1))
}

/// The household count of every building. Surveyed counts are never touched. A compound's total, less what was surveyed
/// in it, is shared out over its other dwellings (all its buildings where none may be one) by floor area (largest remainders, so that the parts add up to the total
/// exactly), unless the figures they have add up to it already. Elsewhere an estimate that the building has stays; one
/// that has none gets it from floors and footprint: dwellings, and buildings of unknown use whose floors are known.
pub fn counts(
    world: &World,
    ground: &Ground,
    members: &[Option<u32>],
    per_household: f64,
) -> Vec<Option<HouseholdCount>> {
    let surveyed = |b: usize| world.buildings[b].households.filter(|h| h.provenance == Provenance::Surveyed);
    let mut counts: Vec<Option<HouseholdCount>> = (0..world.buildings.len()).map(surveyed).collect();
    let mut of_compound: Vec<Vec<usize>> = vec![Vec::new(); world.compounds.len()];
    for (building, compound) in members.iter().enumerate() {
        if let Some(compound) = compound {
            of_compound[*compound as usize].push(building);
        }
    }
    for (compound, buildings) in world.compounds.iter().zip(&of_compound) {
        spread(world, ground, compound, buildings, per_household, &mut counts);
    }
    for (b, building) in world.buildings.iter().enumerate() {
        let in_counted_compound = members[b].is_some_and(|c| world.compounds[c as usize].households.is_some());
        if counts[b].is_some() || in_counted_compound {
            continue;
        }
        let stays = |h: &HouseholdCount| match h.provenance {
            Provenance::Estimated => true,
            // Its share of a total that this city does not have (yet): the building names a compound not in it.
            Provenance::Spread => members[b].is_none() && building.compound.is_some(),
            Provenance::Surveyed => false,
        };
        counts[b] = building.households.filter(stays).or_else(|| estimate(world, ground, b, per_household));
    }
    counts
}

fn estimate(world: &World, ground: &Ground, b: usize, per_household: f64) -> Option<HouseholdCount> {
    let building = &world.buildings[b];
    let lived_in = match building.kind {
        BuildingKind::Residential => true,
        BuildingKind::Other => building.floors.is_some(),
        _ => false,
    };
    (lived_in && per_household > 0.0).then(|| {
        let count = (floor_area(world, ground.frame, b) / per_household).round() as u32;
        HouseholdCount { count, provenance: Provenance::Estimated, ..HouseholdCount::default() }
    })
}

fn spread(
    world: &World,
    ground: &Ground,
    compound: &Compound,
    buildings: &[usize],
    per_household: f64,
    counts: &mut [Option<HouseholdCount>],
) {
    let Some(total) = compound.households else { return };
    let sum = |figures: &mut dyn Iterator<Item = HouseholdCount>| figures.map(|h| u64::from(h.count)).sum::<u64>();
    let known = sum(&mut buildings.iter().filter_map(|b| counts[*b]));
    let rest = u64::from(total.count).saturating_sub(known);
    let uncounted: Vec<usize> = buildings.iter().copied().filter(|b| counts[*b].is_none()).collect();
    let lived_in = |b: &usize| may_be_lived_in(world, ground.frame, *b, per_household);
    let dwellings: Vec<usize> = uncounted.iter().copied().filter(lived_in).collect();
    // Homes over shops may be drawn as nothing but shops; where there are dwellings, nobody lives elsewhere.
    let open = if buildings.iter().any(lived_in) { &dwellings } else { &uncounted };
    let had = |b: &usize| world.buildings[*b].households;
    if open.iter().all(|b| had(b).is_some()) && sum(&mut uncounted.iter().filter_map(had)) == rest {
        uncounted.iter().for_each(|b| counts[*b] = had(b));
        return;
    }
    let areas: Vec<f64> = open.iter().map(|b| floor_area(world, ground.frame, *b)).collect();
    let all: f64 = areas.iter().sum();
    if open.is_empty() || all <= 0.0 {
        return;
    }
    let exact: Vec<f64> = areas.iter().map(|a| rest as f64 * a / all).collect();
    let mut parts: Vec<u64> = exact.iter().map(|x| x.floor() as u64).collect();
    let mut by_remainder: Vec<usize> = (0..open.len()).collect();
    by_remainder.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()).then(a.cmp(b)));
    let missing = rest.saturating_sub(parts.iter().sum()) as usize;
    for i in by_remainder.into_iter().take(missing) {
        parts[i] += 1;
    }
    for (b, part) in open.iter().zip(parts) {
        counts[*b] = Some(HouseholdCount {
            count: part as u32,
            basis: total.basis,
            provenance: Provenance::Spread,
            as_of: total.as_of,
        });
    }
}
