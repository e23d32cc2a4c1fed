//! Positions that are hardly where the thing is: a geocoder that finds nothing answers with one place for all, and an
//! estate agent writes the place of the shop. Such rows are told, never swallowed.

use super::Problems;
use super::evidence::Known;
use super::features::Made;
use super::raw::Sheet;
use crate::model::{Bounds, Coord, Frame, Geometry, Layer, Problem, Record, Severity, Value};
use std::collections::{BTreeMap, HashSet};

/// So many names at one position make it a geocoder's, or one in a hundred rows of the file if that is more.
const MANY: usize = 5;
const SHARE: usize = 100;
/// Far is so many extents of the city from it, and at least so many metres: the next city, not the next district.
const EXTENTS: f64 = 3.0;
const LEAST: f64 = 50_000.0;
/// Of a file alone, the city is where all but one in ten are, on each side one in twenty.
const OUTLIERS: usize = 20;
/// Fewer rows than this show no city of their own.
const FEWEST: usize = 40;
/// So many rows are named in one message.
const MOST_LISTED: usize = 10;

/// Looks at the points of a file. Rows on a fallback point far outside the city are left out; everything else stays.
pub(super) fn doubt(
    layer: Layer,
    made: Vec<Made>,
    sheet: &Sheet,
    known: Option<&Known>,
    problems: &mut Problems,
) -> Vec<Made> {
    let mut at: BTreeMap<(i32, i32), Vec<usize>> = BTreeMap::new();
    for (i, one) in made.iter().enumerate() {
        if let Geometry::Point(place) = one.record.geometry {
            at.entry((place.x, place.y)).or_default().push(i);
        }
    }
    let points = at.values().map(Vec::len).sum::<usize>();
    if points == 0 {
        return made;
    }
    let city = known.map(Known::bounds).or_else(|| own(&made));
    let is_far = |place: Coord| city.is_some_and(|city| beyond(city, place) > reach(city));
    let (mut dropped, mut outside, mut beside) = (HashSet::new(), Vec::new(), Vec::new());
    for ((x, y), rows) in &at {
        let place = Coord::new(*x, *y);
        let far = is_far(place);
        let names: HashSet<String> = rows.iter().filter_map(|i| made.get(*i)).map(|one| name(layer, one)).collect();
        let shown = format!("{:.6}, {:.6}", place.lon(), place.lat());
        if names.len() >= 2 && (far || names.len() >= MANY.max(points.div_ceil(SHARE))) {
            for one in rows.iter().filter_map(|i| made.get(*i)) {
                let told = if far { "left out" } else { "kept" };
                let away = if far { ", far outside the city" } else { "" };
                let message = format!(
                    "{}: one of {} things at exactly {shown}{away}: the answer of a geocoder that found nothing; {told}",
                    name(layer, one),
                    rows.len()
                );
                let remedy = "look up where it is and write its own position";
                problems.push(row(sheet, one, "fallback-point", message, remedy, place));
            }
            if far {
                dropped.extend(rows.iter().copied());
            }
            continue;
        }
        if names.len() >= 2 {
            let listed = list(rows.iter().filter_map(|i| made.get(*i)).map(|one| one.row));
            let message = format!("{} things share the position {shown}: rows {listed}", rows.len());
            let remedy = "nothing to do if it stands for all of them; else write their own positions";
            problems.push(Problem::new(Severity::Note, "shared-point", message, remedy).at(place));
        }
        for one in rows.iter().filter_map(|i| made.get(*i)) {
            if far {
                outside.push((one.row, place, one));
            } else if known.is_some_and(|known| !known.holds(place)) {
                beside.push((one.row, place));
            }
        }
    }
    outside.sort_by_key(|(row, ..)| *row);
    for (_, place, one) in outside {
        let away = city.map_or(0.0, |city| beyond(city, place) / 1000.0);
        let message = format!("{}: lies {away:.0} km outside the city; kept", name(layer, one));
        let remedy = "check its position; delete the row if it is not of this city";
        problems.push(row(sheet, one, "outside-city", message, remedy, place));
    }
    if !beside.is_empty() {
        beside.sort_by_key(|(row, _)| *row);
        let listed = list(beside.iter().map(|(row, _)| *row));
        let message =
            format!("{} of {points} lie outside the ground that the city knows; kept: rows {listed}", beside.len());
        let remedy = "nothing to do if the file is of a larger area; they belong to no grid";
        problems.push(Problem::new(Severity::Warning, "outside-district", message, remedy));
    }
    let mut i = 0;
    let mut made = made;
    made.retain(|_| {
        i += 1;
        !dropped.contains(&(i - 1))
    });
    made
}

fn row(sheet: &Sheet, one: &Made, code: &str, message: String, remedy: &str, place: Coord) -> Problem {
    Problem::new(Severity::Warning, code, message, remedy).of(sheet.numbered(one.row)).in_row(one.row).at(place)
}

fn list(rows: impl Iterator<Item = u64>) -> String {
    let mut all: Vec<u64> = rows.collect();
    all.sort_unstable();
    let shown: Vec<String> = all.iter().take(MOST_LISTED).map(u64::to_string).collect();
    let more = all.len().saturating_sub(MOST_LISTED);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// What a thing is called: its name, else its code, else its row.
fn name(layer: Layer, one: &Made) -> String {
    let word = |field: &str| match one.record.get(layer, field) {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    word("name").or_else(|| word("code")).unwrap_or_else(|| format!("row {}", one.row))
}

/// Where most points of a file are; `None` for a few.
fn own(made: &[Made]) -> Option<Bounds> {
    let place = |record: &Record| if let Geometry::Point(at) = record.geometry { Some(at) } else { None };
    let places: Vec<Coord> = made.iter().filter_map(|one| place(&one.record)).collect();
    if places.len() < FEWEST {
        return None;
    }
    let middle = |mut values: Vec<i32>| {
        values.sort_unstable();
        let cut = values.len() / OUTLIERS;
        Some((*values.get(cut)?, *values.get(values.len().checked_sub(cut + 1)?)?))
    };
    let (west, east) = middle(places.iter().map(|at| at.x).collect())?;
    let (south, north) = middle(places.iter().map(|at| at.y).collect())?;
    Bounds::of([Coord::new(west, south), Coord::new(east, north)])
}

/// How far from a city far begins, in metres.
fn reach(city: Bounds) -> f64 {
    let frame = Frame::at(city.centre());
    (EXTENTS * frame.distance(city.min, city.max).0).max(LEAST)
}

/// How far a place is from a box, in metres; across half the world about so.
fn beyond(city: Bounds, place: Coord) -> f64 {
    let nearest = Coord::new(place.x.clamp(city.min.x, city.max.x), place.y.clamp(city.min.y, city.max.y));
    Frame::at(nearest).distance(nearest, place).0
}

#[cfg(test)]
mod tests {
    use super::super::raw::{Declared, Noun};
    use super::*;

    fn told(places: &[(&str, f64, f64)]) -> (usize, Vec<String>) {
        let sheet = Sheet {
            name: String::new(),
            noun: Noun::Row,
            columns: Vec::new(),
            has_places: true,
            declared: Declared::Nothing,
            count: 0,
            numbers: None,
            problems: Vec::new(),
            features: Box::new(Vec::new()),
        };
        let mut made = Vec::new();
        // A city of 60 estates, each at its own place.
        let city =
            (0..60).map(|i| (format!("c{i}"), 120.0 + f64::from(i % 10) * 0.01, 30.0 + f64::from(i / 10) * 0.01));
        let places = places.iter().map(|(name, lon, lat)| ((*name).to_owned(), *lon, *lat));
        for ((name, lon, lat), row) in city.chain(places).zip(2..) {
            let mut values = vec![Value::Null; Layer::Compounds.fields().len()];
            values[0] = name.as_str().into();
            let geometry = Geometry::Point(Coord::from_degrees(lon, lat).expect("a place"));
            made.push(Made { record: Record { id: 0, geometry, values }, called: String::new(), row });
        }
        let mut problems = Problems::new("f");
        let kept = doubt(Layer::Compounds, made, &sheet, None, &mut problems).len();
        let told = |p: Problem| format!("{} {}", p.code, p.row.unwrap_or_default());
        (kept, problems.finish().into_iter().map(told).collect())
    }

    #[test]
    fn fallback_points_shared_points_and_strays() {
        assert_eq!(told(&[]), (60, Vec::new()));
        let beijing = (116.395645, 39.929986);
        let (lon, lat) = beijing;
        let (kept, problems) = told(&[("a", lon, lat), ("b", lon, lat)]);
        assert_eq!((kept, problems), (60, vec!["fallback-point 62".to_owned(), "fallback-point 63".to_owned()]));
        // One alone may have moved there.
        assert_eq!(told(&[("a", lon, lat)]), (61, vec!["outside-city 62".to_owned()]));
        let shop = [("a", 120.05, 30.025), ("b", 120.05, 30.025), ("b", 120.05, 30.025)];
        assert_eq!(told(&shop), (63, vec!["shared-point 0".to_owned()]));
        let centre: Vec<(String, f64, f64)> = (0..5).map(|i| (format!("x{i}"), 120.04, 30.02)).collect();
        let centre: Vec<(&str, f64, f64)> = centre.iter().map(|(name, x, y)| (name.as_str(), *x, *y)).collect();
        let (kept, problems) = told(&centre);
        assert_eq!(kept, 65, "within the city they are kept");
        assert_eq!(problems.len(), 6, "{problems:?}");
        // Twice the same is told when it is fitted into the city.
        assert_eq!(told(&[("a", 120.051, 30.025), ("a", 120.051, 30.025)]), (62, Vec::new()));
    }
}
