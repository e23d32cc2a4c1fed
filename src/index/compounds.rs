//! Which buildings belong to which compound, and how a compound's total is shared out over them.

use super::ground::Ground;
use crate::model::{BuildingKind, Compound, Coord, Frame, Geometry, HouseholdCount, Provenance, World};
use std::collections::HashMap;

/// How far from the point that stands for a compound its buildings are looked for, in metres. Estates are 150-200 m
/// across; the next estate's own point takes what is nearer to it.
const REACH: f64 = 250.0;

/// The compound of each building, as positions in `world.compounds`.
///
/// 1. The compound that the building's source names; of several with that name, the nearest.
/// 2. The compound whose outline holds the building.
/// 3. For compounds known only by a point: the nearest such point within 250 m and in the same grid, nearest
///    buildings first, until the reported number of buildings (or, where none is reported, floor area for the reported
///    households) is reached. Only buildings where people may live are taken.
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

fn claim_around_points(
    world: &World,
    ground: &Ground,
    per_household: f64,
    named: &[bool],
    members: &mut [Option<u32>],
) {
    let points: Vec<(u32, Coord)> = world
        .compounds
        .iter()
        .enumerate()
        .filter(|(i, c)| matches!(c.place, Geometry::Point(_)) && c.households.is_some() && !named[*i])
        .map(|(i, _)| (i as u32, ground.compound_anchors[i]))
        .collect();
    if points.is_empty() || world.buildings.is_empty() {
        return;
    }
    let lived_in = |kind| matches!(kind, BuildingKind::Residential | BuildingKind::Other);
    let mut nearest: HashMap<u32, (f64, u32)> = HashMap::new();
    for (compound, at) in &points {
        for building in ground.buildings.within(ground.box_around(*at, REACH)) {
            let b = &world.buildings[building as usize];
            if members[building as usize].is_some()
                || !lived_in(b.kind)
                || b.households.is_some_and(|h| h.provenance == Provenance::Surveyed)
            {
                continue;
            }
            let anchor = ground.building_anchors[building as usize];
            let metres = ground.frame.distance(*at, anchor).0;
            if metres > REACH || ground.grids.locate(*at) != ground.grids.locate(anchor) {
                continue;
            }
            let best = nearest.entry(building).or_insert((metres, *compound));
            if (metres, *compound) < *best {
                *best = (metres, *compound);
            }
        }
    }
    let mut claims: HashMap<u32, Vec<(f64, u32)>> = HashMap::new();
    for (building, (metres, compound)) in nearest {
        claims.entry(compound).or_default().push((metres, building));
    }
    for (compound, mut buildings) in claims {
        buildings.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        let about = &world.compounds[compound as usize];
        let households = about.households.map_or(0, |h| h.count);
        let mut area = 0.0;
        for (taken, (_, building)) in buildings.into_iter().enumerate() {
            let enough = match about.buildings {
                Some(n) => taken >= n as usize,
                None => area >= f64::from(households) * per_household,
            };
            if enough {
                break;
            }
            area += floor_area(world, ground.frame, building as usize);
            members[building as usize] = Some(compound);
        }
    }
}

/// Gross floor area of a building in square metres; one floor where the source says nothing.
pub fn floor_area(world: &World, frame: Frame, building: usize) -> f64 {
    let b = &world.buildings[building];
    frame.area(b.area.doubled_area()).0 * f64::from(b.floors.unwrap_or(1).max(1))
}

/// Household counts for buildings that nobody counted: a compound's total, less what was surveyed in it, shared out by
/// floor area (largest remainders, so that the parts add up to the total exactly); elsewhere an estimate from floors and
/// footprint for dwellings, and for buildings of unknown use whose floors are known. Surveyed counts are never touched.
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
        spread(world, ground, compound, buildings, &mut counts);
    }
    for (b, building) in world.buildings.iter().enumerate() {
        let in_counted_compound = members[b].is_some_and(|c| world.compounds[c as usize].households.is_some());
        let lived_in = match building.kind {
            BuildingKind::Residential => true,
            BuildingKind::Other => building.floors.is_some(),
            _ => false,
        };
        if counts[b].is_some() || in_counted_compound || !lived_in || per_household <= 0.0 {
            continue;
        }
        let households = (floor_area(world, ground.frame, b) / per_household).round() as u32;
        counts[b] =
            Some(HouseholdCount { count: households, provenance: Provenance::Estimated, ..HouseholdCount::default() });
    }
    counts
}

fn spread(
    world: &World,
    ground: &Ground,
    compound: &Compound,
    buildings: &[usize],
    counts: &mut [Option<HouseholdCount>],
) {
    let Some(total) = compound.households else { return };
    let known: u32 = buildings.iter().filter_map(|b| counts[*b]).map(|h| h.count).sum();
    let open: Vec<usize> = buildings.iter().copied().filter(|b| counts[*b].is_none()).collect();
    let lived_in = |b: &usize| matches!(world.buildings[*b].kind, BuildingKind::Residential | BuildingKind::Other);
    let dwellings: Vec<usize> = open.iter().copied().filter(lived_in).collect();
    let open = if dwellings.is_empty() { open } else { dwellings };
    let rest = u64::from(total.count.saturating_sub(known));
    let areas: Vec<f64> = open.iter().map(|b| floor_area(world, ground.frame, *b)).collect();
    let all: f64 = areas.iter().sum();
    if open.is_empty() || all <= 0.0 {
        return;
    }
    let exact: Vec<f64> = areas.iter().map(|a| rest as f64 * a / all).collect();
    let mut parts: Vec<u64> = exact.iter().map(|x| x.floor() as u64).collect();
    let mut by_remainder: Vec<usize> = (0..open.len()).collect();
    by_remainder.sort_by(|a, b| {
        (exact[*b].fract(), *a).partial_cmp(&(exact[*a].fract(), *b)).unwrap_or(std::cmp::Ordering::Equal)
    });
    let missing = rest.saturating_sub(parts.iter().sum()) as usize;
    for i in by_remainder.into_iter().take(missing) {
        parts[i] += 1;
    }
    for (b, part) in open.into_iter().zip(parts) {
        counts[b] = Some(HouseholdCount {
            count: part as u32,
            basis: total.basis,
            provenance: Provenance::Spread,
            as_of: total.as_of,
        });
    }
}
