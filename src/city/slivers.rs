//! Borders of a file that mean one line become one line before the file enters the city.

use super::import::{code_or_name, describe};
use crate::fabric::mend::{Mended, mend};
use crate::model::{Bounds, Coord, Geometry, Layer, MultiPolygon, Problem, Record, Severity, World};
use std::collections::HashSet;

/// Moves and slivers of at least so many metres are told one by one.
const TOLD: f64 = 1.0;
/// What of the city lies within so many units (about 50 m) of the file's places holds its line against them.
const BESIDE: i32 = 5000;

/// Closes slivers between the records of a layer, each with the row of its file, and between them and what the city has
/// of the layer and the file does not bring anew: the city's own lines do not move. With `replace` the file is all there
/// is.
pub(super) fn close_slivers(
    layer: Layer,
    mut records: Vec<(Option<u64>, &mut Record)>,
    world: &World,
    replace: bool,
    problems: &mut Vec<Problem>,
) {
    let corners = records.iter().filter_map(|(_, record)| record.geometry.bounds()).flat_map(|b| [b.min, b.max]);
    let Some(bounds) = Bounds::of(corners) else { return };
    records.sort_by_cached_key(|(_, record)| code_or_name(layer, record));
    let brought: HashSet<String> = records.iter().filter_map(|(_, record)| code_or_name(layer, record)).collect();
    let stays = |record: &Record| {
        let beside = record.geometry.bounds().is_some_and(|b| {
            let reach = |c: i32, by: i32| c.saturating_add(by);
            reach(b.min.x, -BESIDE) <= bounds.max.x
                && reach(b.min.y, -BESIDE) <= bounds.max.y
                && bounds.min.x <= reach(b.max.x, BESIDE)
                && bounds.min.y <= reach(b.max.y, BESIDE)
        });
        beside && code_or_name(layer, record).is_none_or(|code| !brought.contains(&code))
    };
    let mut anchors: Vec<Record> = if replace { Vec::new() } else { world.records(layer).filter(stays).collect() };
    anchors.sort_by_cached_key(|record| code_or_name(layer, record));
    let area = |record: &Record| match &record.geometry {
        Geometry::Area(area) => area.clone(),
        _ => MultiPolygon::default(),
    };
    let areas: Vec<MultiPolygon> =
        anchors.iter().chain(records.iter().map(|(_, record)| &**record)).map(area).collect();
    let mended = mend(&areas.iter().collect::<Vec<_>>(), anchors.len(), None);
    if mended.closed.is_empty() {
        return;
    }
    let fixed = anchors.len();
    let named = |place: u32| match (place as usize).checked_sub(fixed).and_then(|at| records.get(at)) {
        Some((row, record)) => (*row, describe(layer, record)),
        None => (None, anchors.get(place as usize).map(|record| describe(layer, record)).unwrap_or_default()),
    };
    tell(&mended, &named, problems);
    for ((_, record), polygon) in records.into_iter().zip(mended.polygons.into_iter().skip(fixed)) {
        if let Geometry::Area(area) = &mut record.geometry {
            *area = polygon;
        }
    }
}

fn tell(mended: &Mended, named: &dyn Fn(u32) -> (Option<u64>, String), problems: &mut Vec<Problem>) {
    let told = |code: &str, message: String, remedy: &str, (row, name): (Option<u64>, String), at: Coord| Problem {
        row,
        ..Problem::new(Severity::Warning, code, message, remedy).of(name).at(at)
    };
    for sliver in mended.closed.iter().filter(|sliver| sliver.width.0 >= TOLD) {
        let (keeper, (_, other)) = (named(sliver.keeper), named(sliver.other));
        let message = if sliver.claimed {
            format!("{} up to {} wide, claimed by {other} as well, stay with it", sliver.area, sliver.width)
        } else {
            format!("{} up to {} wide, unclaimed between it and {other}, are now its own", sliver.area, sliver.width)
        };
        let remedy = "nothing to do if the two borders mean one line; else move them further apart";
        problems.push(told("sliver-closed", message, remedy, keeper, sliver.at));
    }
    for step in mended.moves.iter().filter(|step| step.length.0 >= TOLD) {
        let message = format!(
            "its border moved {} onto the neighbour's, to {:.7}, {:.7}",
            step.length,
            step.to.lon(),
            step.to.lat()
        );
        let remedy = "nothing to do if the two borders mean one line; else draw it again";
        problems.push(told("vertex-moved", message, remedy, named(step.place), step.from));
    }
    let small = mended.moves.iter().filter(|step| step.length.0 < TOLD);
    let longest = small.clone().map(|step| step.length.0).fold(0.0, f64::max);
    let ground: f64 = mended.closed.iter().map(|sliver| sliver.area.0).sum();
    let message = format!(
        "{} slivers of {ground:.1} m² together were closed: borders up to {} apart were taken for one line; {} of their \
         points moved by less than a metre, {longest:.2} m at most",
        mended.closed.len(),
        mended.tolerance,
        small.count()
    );
    let remedy = "nothing to do; moves and slivers of a metre and more are listed one by one";
    problems.push(Problem::new(Severity::Note, "slivers-closed", message, remedy));
}
