//! Borders of a file that mean one line become one line before the file enters the city.

use super::import::{code_or_name, describe};
use crate::fabric::mend::{Mended, mend};
use crate::model::{Bounds, Coord, Geometry, Layer, MultiPolygon, Problem, Record, Severity, World};
use std::collections::HashSet;

/// Moves and slivers of at least so many metres are told one by one.
const TOLD: f64 = 1.0;
/// What of the city lies within so many units (about 50 m) of the file's places holds its line against them.
const BESIDE: i32 = 5000;

/// Closes slivers between the records of a layer, and between them and what the city has of the layer and the file does
/// not bring anew: the city's own lines do not move, unless `replace` says that the file is all there is.
pub(super) fn close_slivers(
    layer: Layer,
    records: &mut [&mut Record],
    world: &World,
    replace: bool,
    problems: &mut Vec<Problem>,
) {
    let Some(bounds) = Bounds::of(records.iter().filter_map(|r| r.geometry.bounds()).flat_map(|b| [b.min, b.max]))
    else {
        return;
    };
    let brought: HashSet<String> = records.iter().filter_map(|record| code_or_name(layer, record)).collect();
    let stays = |record: &Record| {
        let beside = record.geometry.bounds().is_some_and(|b| {
            let (low, high) = (Coord::new(b.min.x.saturating_sub(BESIDE), b.min.y.saturating_sub(BESIDE)), b.max);
            low.x <= bounds.max.x
                && low.y <= bounds.max.y
                && bounds.min.x <= high.x.saturating_add(BESIDE)
                && bounds.min.y <= high.y.saturating_add(BESIDE)
        });
        beside && code_or_name(layer, record).is_none_or(|code| !brought.contains(&code))
    };
    let mut anchors: Vec<Record> = if replace { Vec::new() } else { world.records(layer).filter(stays).collect() };
    anchors.sort_by_cached_key(|record| code_or_name(layer, record));
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_cached_key(|&i| code_or_name(layer, records[i]));

    let area = |record: &Record| match &record.geometry {
        Geometry::Area(area) => area.clone(),
        _ => MultiPolygon::default(),
    };
    let areas: Vec<MultiPolygon> = anchors.iter().chain(order.iter().map(|&i| &*records[i])).map(area).collect();
    let mended = mend(&areas.iter().collect::<Vec<_>>(), anchors.len(), None);
    if mended.closed.is_empty() {
        return;
    }
    let fixed = anchors.len();
    let named = |place: u32| match (place as usize).checked_sub(fixed) {
        None => anchors.get(place as usize).map(|record| describe(layer, record)),
        Some(at) => order.get(at).and_then(|&i| records.get(i)).map(|record| describe(layer, record)),
    };
    tell(&mended, &|place| named(place).unwrap_or_default(), problems);
    for (&i, polygon) in order.iter().zip(mended.polygons.into_iter().skip(fixed)) {
        if let Geometry::Area(area) = &mut records[i].geometry {
            *area = polygon;
        }
    }
}

fn tell(mended: &Mended, named: &dyn Fn(u32) -> String, problems: &mut Vec<Problem>) {
    for sliver in mended.closed.iter().filter(|sliver| sliver.width.0 >= TOLD) {
        let (keeper, other) = (named(sliver.keeper), named(sliver.other));
        let message = if sliver.claimed {
            format!("{} up to {} wide, claimed by {other} as well, stay with it", sliver.area, sliver.width)
        } else {
            format!("{} up to {} wide, unclaimed between it and {other}, are now its own", sliver.area, sliver.width)
        };
        let remedy = "nothing to do if the two borders mean one line; else move them further apart";
        problems.push(Problem::new(Severity::Warning, "sliver-closed", message, remedy).of(keeper).at(sliver.at));
    }
    for step in mended.moves.iter().filter(|step| step.length.0 >= TOLD) {
        let message = format!(
            "a vertex moved {} onto the neighbour's border, to {:.7}, {:.7}",
            step.length,
            step.to.lon(),
            step.to.lat()
        );
        let remedy = "nothing to do if the two borders mean one line; else draw it again";
        problems
            .push(Problem::new(Severity::Warning, "vertex-moved", message, remedy).of(named(step.place)).at(step.from));
    }
    let small = mended.moves.iter().filter(|step| step.length.0 < TOLD);
    let longest = small.clone().map(|step| step.length.0).fold(0.0, f64::max);
    let ground: f64 = mended.closed.iter().map(|sliver| sliver.area.0).sum();
    let message = format!(
        "{} slivers of {ground:.1} m² together were closed: borders up to {} apart were taken for one line; {} vertices \
         moved by less than a metre, {longest:.2} m at most",
        mended.closed.len(),
        mended.tolerance,
        small.count()
    );
    let remedy = "nothing to do; moves and slivers of a metre and more are listed one by one";
    problems.push(Problem::new(Severity::Note, "slivers-closed", message, remedy));
}
