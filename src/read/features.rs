//! A sheet becomes records of a layer, the same way for every format:
//!
//! 1. columns are matched to fields ([`super::fields`]),
//! 2. the datum is chosen: stated, declared, shown by evidence, or prescribed by the format ([`super::evidence`]),
//! 3. each feature's positions become a geometry on the one coordinate, repaired where the repair is unique
//!    ([`super::rings`]), its cells values,
//! 4. features of one code are joined, where a layer tiles the ground.

use super::datum::{Crs, Datum};
use super::evidence::{self, How, Verdict};
use super::fields::Mapping;
use super::raw::{Declared, Fault, Feature, Kind, Outline, Shape, Sheet};
use super::rings::{self, area_of, area_of_rings, check_clash, check_parts_apart};
use super::{Options, Problems, Reading, admit, doubt};
use crate::model::{Bounds, Coord, Geometry, Layer, Line, MultiPolygon, Problem, Record, Severity, Value};
use std::collections::{BTreeMap, HashSet};

/// A record on its way: what it is called in the file, and where it stands there.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) record: Record,
    pub(super) called: String,
    pub(super) row: u64,
}

/// Reads the features of one layer.
pub(super) fn read(
    name: &str,
    sheet: &Sheet,
    layer: Layer,
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Reading {
    let mut problems = Problems::new(name);
    problems.extend(sheet.problems.iter().cloned());
    let mapping = Mapping::new(layer, &options.map, sheet, &mut problems);
    let mut reading = Reading { mapping: mapping.pairs(sheet), ..Reading::default() };
    reading.unused = mapping.unused(sheet).map(str::to_owned).collect();
    if !sheet.has_places && !mapping.tells_places() && sheet.count > 0 {
        let message = "the table has no geometries, and no column tells a place";
        let remedy =
            "name the columns: --map lon=COLUMN --map lat=COLUMN, or --map position=COLUMN, or --map wkt=COLUMN";
        problems.push(Problem::new(Severity::Error, "no-place", message, remedy));
        reading.problems = problems.finish();
        return reading;
    }
    let mut verdict = choose_datum(sheet, &mapping, options, &mut problems);
    if let (Some((_, swapped)), Some(stated)) = (&mut verdict.crs, options.swapped) {
        *swapped = stated;
    }
    let datum = verdict.crs.clone().map(|(crs, _)| Datum::new(crs)).transpose();
    let swapped = verdict.crs.as_ref().is_some_and(|(_, swapped)| *swapped);
    reading.datum = Some(verdict);
    let datum = match datum {
        Ok(Some(datum)) => datum,
        Ok(None) => {
            reading.problems = problems.finish();
            return reading;
        }
        Err(cause) => {
            let remedy = "state a datum that PROJ knows: --crs wgs84, gcj02, bd09, cgcs2000 or EPSG:code";
            problems.push(Problem::new(Severity::Error, "unknown-crs", cause.to_string(), remedy));
            reading.problems = problems.finish();
            return reading;
        }
    };

    let mut reader =
        Reader { sheet, layer, datum: &datum, swapped, mapping: &mapping, made: Vec::new(), slivers: Vec::new() };
    let mut seen = 0;
    let outcome = sheet.features.each(&mut |feature| {
        if seen % 1024 == 0 {
            progress(seen, sheet.count.max(seen));
            if options.cancelled() {
                return false;
            }
        }
        seen += 1;
        reader.take(feature, &mut problems);
        true
    });
    let Reader { made, slivers, .. } = reader;
    if let Err(problem) = outcome {
        problems.push(*problem);
    }
    reading.count("features", seen);
    if seen == 0 {
        let message = "the file holds no features";
        problems.push(Problem::new(Severity::Warning, "no-features", message, "check that it is the right file"));
    }
    let made = if layer.tiles_the_plane() {
        let made = merge_parts(layer, made, &mut problems);
        tell_slivers(layer, &made, slivers, &mut problems);
        made
    } else {
        doubt::doubt(layer, made, sheet, options.known.as_deref(), &mut problems)
    };
    for made in made {
        reading.rows.push(made.row);
        reading.features.push((layer, made.record));
    }
    reading.problems = problems.finish();
    progress(seen, seen);
    reading
}

/// The one geometry of a sheet in WGS 84, and what was put right in it.
///
/// # Errors
/// What keeps it from being one geometry.
pub(super) fn only(sheet: &Sheet, layer: Layer) -> Result<(Geometry, Vec<Problem>), Fault> {
    let datum = Datum::new(Crs::Wgs84)
        .map_err(|cause| Fault::new("unknown-crs", cause.to_string(), "mend the installation: PROJ does not start"))?;
    let mapping = Mapping::new(layer, &[], sheet, &mut Problems::new(""));
    let (made, slivers) = (Vec::new(), Vec::new());
    let reader = Reader { sheet, layer, datum: &datum, swapped: false, mapping: &mapping, made, slivers };
    let (mut told, mut found) = (Vec::new(), Ok(Vec::new()));
    // A sheet in memory does not break off.
    let _ = sheet.features.each(&mut |feature| {
        found = reader.geometries(&feature.shape, &mut told);
        false
    });
    let mut geometries = found?;
    match (geometries.pop(), geometries.len()) {
        (Some(geometry), 0) => Ok((geometry, told)),
        (None, _) => Err(Fault::new("geometry-missing", "it has no geometry", "draw it")),
        (Some(_), more) => {
            Err(Fault::new("several-lines", format!("{} lines in one feature", more + 1), "one feature a line"))
        }
    }
}

/// The stated datum, else the declared one, else what evidence shows, else what the format prescribes; never the last in
/// silence, and never a guess.
fn choose_datum(sheet: &Sheet, mapping: &Mapping, options: &Options, problems: &mut Problems) -> Verdict {
    let state = "state the datum: --crs wgs84, gcj02, bd09, cgcs2000 or EPSG:code";
    let mut verdict = match (&options.crs, &sheet.declared) {
        (Some(stated), declared) => {
            let said = match declared {
                Declared::As(declared) if declared != stated => Some(declared.short()),
                Declared::Unknown(said) => Some(said.clone()),
                _ => None,
            };
            if let Some(said) = said {
                let message = format!("the file says `{said}`, the command says {stated}; read as {stated}");
                let remedy = "leave out --crs if the file is right";
                problems.push(Problem::new(Severity::Warning, "crs-overridden", message, remedy));
            }
            Verdict::of(stated.clone(), How::Stated)
        }
        (None, Declared::As(declared)) => Verdict::of(declared.clone(), How::Declared),
        (None, Declared::Unknown(said)) => {
            let message = format!("the file names its datum `{said}`, which is not known");
            problems.push(Problem::new(Severity::Error, "unknown-crs", message, state));
            return Verdict::refused();
        }
        (None, Declared::Prescribed(_) | Declared::Nothing) => Verdict::refused(),
    };
    // Evidence is asked for what nobody states; and against what a file declares, since such words are often wrong.
    let doubtful = verdict.how != How::Stated;
    if let Some(known) = options.known.as_ref().filter(|_| doubtful) {
        let sample = evidence::sample(sheet, mapping, options);
        let found = known.judge(&sample);
        match (&verdict.crs, &found.crs) {
            (Some((declared, _)), Some((better, swapped))) if (declared, false) != (better, *swapped) => {
                let same = |crs: &Crs| matches!(crs, Crs::Wgs84 | Crs::Cgcs2000);
                if !(same(declared) && same(better) && !swapped) && found.contradicts(declared) {
                    let order = if *swapped { " with the axes swapped" } else { "" };
                    let message = format!(
                        "the file says {declared}, yet its places fit what the city knows as {better}{order}: {}",
                        found.told()
                    );
                    let remedy = format!("if the evidence is right give --crs {better}; else state --crs {declared}");
                    problems.push(Problem::new(Severity::Warning, "crs-doubtful", message, remedy));
                }
                verdict.scores = found.scores;
            }
            (Some(_), _) => verdict.scores = found.scores,
            (None, Some((crs, swapped))) => {
                let order = if *swapped { ", the axes swapped" } else { "" };
                let message = format!("the datum is not named; found to be {crs}{order}: {}", found.told());
                let remedy =
                    format!("nothing to do if that is right; else state it with --crs (--crs {crs} says the same)");
                problems.push(Problem::new(Severity::Warning, "crs-detected", message, remedy));
                verdict = found;
            }
            (None, None) if found.tried() => {
                let message = format!(
                    "the datum is not named, and against what the city knows no datum fits clearly better than the others: {}",
                    found.told()
                );
                problems.push(Problem::new(Severity::Error, "crs-unclear", message, state));
                verdict = found;
                return verdict;
            }
            (None, None) => {}
        }
    }
    if verdict.crs.is_none() {
        match &sheet.declared {
            Declared::Prescribed(crs) => {
                let message = format!("the file does not name its datum; read as {crs}, which its format prescribes");
                let remedy =
                    "state it: --crs wgs84, gcj02 or bd09; Chinese files are often gcj02 or bd09, 100-700 m off";
                problems.push(Problem::new(Severity::Warning, "crs-assumed", message, remedy));
                verdict = Verdict::of(crs.clone(), How::Prescribed);
            }
            _ => {
                let message = "the file does not name its datum, and the city knows nothing yet that could show it";
                problems.push(Problem::new(Severity::Error, "crs-missing", message, state));
            }
        }
    }
    if verdict.crs.as_ref().is_some_and(|(crs, _)| *crs == Crs::Cgcs2000) {
        let message = "CGCS2000 is taken as WGS 84, which differs by less than a metre";
        let remedy = "right for patrol; do not use the result for cadastre";
        problems.push(Problem::new(Severity::Note, "cgcs2000-as-wgs84", message, remedy));
    }
    verdict
}

/// Makes records of features, one after the other.
struct Reader<'a> {
    sheet: &'a Sheet,
    layer: Layer,
    datum: &'a Datum,
    /// Latitude or northing stands first in the file.
    swapped: bool,
    mapping: &'a Mapping,
    made: Vec<Made>,
    /// Official plans hold slivers a millimetre wide beside the grid of their code; alone they are errors.
    slivers: Vec<(Vec<Value>, Problem)>,
}

impl Reader<'_> {
    fn take(&mut self, feature: &Feature, problems: &mut Problems) {
        let (sheet, layer) = (self.sheet, self.layer);
        let row = feature.number;
        let at = self.place_of(feature);
        // What is told of a feature names it; most features have nothing to tell.
        let named = |problem: Problem| {
            let problem = problem.of(sheet.called(feature)).in_row(row);
            match at {
                Some(at) if problem.at.is_none() => problem.at(at),
                _ => problem,
            }
        };
        let mut told = Vec::new();
        let geometries = match &feature.fault {
            Some(fault) => Err(fault.clone()),
            None if sheet.has_places => self.geometries(&feature.shape, &mut told),
            None => self.geometries(&self.mapping.place(feature), &mut told),
        };
        match geometries {
            Err(fault) if fault.code == "ring-without-area" && layer.tiles_the_plane() => {
                let values = self.mapping.values(feature, sheet, &mut |_| {});
                self.slivers.push((values, named(fault.problem(Severity::Error))));
            }
            // Lists that people keep have gaps; a drawn layer has none.
            Err(fault) if fault.code == "place-missing" => told.push(fault.problem(Severity::Warning)),
            Err(fault) => told.push(fault.problem(Severity::Error)),
            Ok(geometries) => {
                let values = self.mapping.values(feature, sheet, &mut |problem| told.push(problem));
                let id = self.number(feature);
                for geometry in geometries {
                    let record = Record { id, geometry, values: values.clone() };
                    match admit(layer, record, &mut |problem| told.push(problem)) {
                        Ok(record) => {
                            let called = if layer.tiles_the_plane() { sheet.called(feature) } else { String::new() };
                            self.made.push(Made { record, called, row });
                        }
                        Err(problem) => told.push(*problem),
                    }
                }
            }
        }
        problems.extend(told.into_iter().map(named));
    }

    /// The number that one of our own exports gave it; 0 for none.
    fn number(&self, feature: &Feature) -> u32 {
        let Some(column) = self.sheet.numbers else { return 0 };
        match feature.cell(column) {
            super::raw::Cell::Integer(n) => u32::try_from(*n).unwrap_or(0),
            super::raw::Cell::Real(n) if n.fract() == 0.0 && (0.0..4e9).contains(n) => *n as u32,
            super::raw::Cell::Text(text) => text.trim().parse().unwrap_or(0),
            _ => 0,
        }
    }

    /// Where a feature begins, for problems; none where its numbers are no place.
    fn place_of(&self, feature: &Feature) -> Option<Coord> {
        let Shape::Of(outline) = &feature.shape else { return None };
        let [x, y] = *outline.positions.first()?;
        self.coord(x, y).ok()
    }

    fn coord(&self, x: f64, y: f64) -> Result<Coord, Fault> {
        if self.swapped { vertex(self.datum, y, x) } else { vertex(self.datum, x, y) }
    }

    /// The geometries of a feature in the model's form. Lines of several parts become several; nothing else does.
    fn geometries(&self, shape: &Shape, told: &mut Vec<Problem>) -> Result<Vec<Geometry>, Fault> {
        let outline = match shape {
            Shape::Of(outline) => outline,
            Shape::Faulty(fault) => return Err(fault.clone()),
            Shape::None | Shape::Missing if !self.sheet.has_places => {
                let remedy = "write its coordinates into the row if it is to be on the map";
                return Err(Fault::new("place-missing", "the row tells no place; left out", remedy));
            }
            Shape::None | Shape::Missing => {
                let remedy = "draw it, give its coordinates, or delete the feature";
                return Err(Fault::new("geometry-missing", "it has no geometry", remedy));
            }
        };
        let mut coords = Vec::with_capacity(outline.positions.len());
        for &[x, y] in &outline.positions {
            coords.push(self.coord(x, y)?);
        }
        match outline.kind {
            Kind::Point | Kind::Points if coords.len() > 1 => {
                let message = format!("{} points in one feature", coords.len());
                let remedy = "one feature a point; in QGIS: Multipart to Singleparts";
                Err(Fault::new("several-points", message, remedy))
            }
            Kind::Point | Kind::Points => Ok(coords.into_iter().map(Geometry::Point).collect()),
            Kind::Line | Kind::Lines => split(outline, &coords).map(line).collect(),
            Kind::Polygon | Kind::Polygons | Kind::Rings => {
                self.area(outline, &coords, told).map(|area| vec![Geometry::Area(area)])
            }
        }
    }

    fn area(&self, outline: &Outline, coords: &[Coord], told: &mut Vec<Problem>) -> Result<MultiPolygon, Fault> {
        let lists: Vec<Vec<Coord>> = split(outline, coords).map(<[Coord]>::to_vec).collect();
        let (area, mut repairs) = match outline.kind {
            Kind::Rings => area_of_rings(&lists),
            Kind::Polygons => {
                let starts = std::iter::once(0).chain(outline.groups.iter().copied());
                let part = |(from, &to): (usize, &usize)| lists.get(from..to).unwrap_or_default().to_vec();
                area_of(&starts.zip(&outline.groups).map(part).collect::<Vec<_>>())
            }
            _ => area_of(&[lists]),
        }
        .map_err(|fault| tell(&fault))?;
        // Vertices that fall together only by rounding to the model's unit are not the file's fault.
        if repairs.repeats > 0 {
            repairs.repeats =
                outline.lists().flat_map(|list| list.windows(2)).filter(|pair| pair[0] == pair[1]).count();
        }
        if let Some((message, at)) = repairs.tell() {
            let remedy = "nothing to do; mend the source if it is yours";
            let problem = Problem::new(Severity::Warning, "ring-repaired", message, remedy);
            told.push(Problem { at: at.map(|at| [at.lon(), at.lat()]), ..problem });
        }
        if self.layer == Layer::Grids && area.0.len() > 1 {
            told.push(multi_part(&format!("has {} separate parts", area.0.len())));
        }
        Ok(area)
    }
}

/// The vertices list by list.
fn split<'c>(outline: &'c Outline, coords: &'c [Coord]) -> impl Iterator<Item = &'c [Coord]> {
    let starts = std::iter::once(0).chain(outline.lists.iter().copied());
    starts.zip(&outline.lists).map(|(from, &to)| coords.get(from..to).unwrap_or_default())
}

fn line(coords: &[Coord]) -> Result<Geometry, Fault> {
    let mut coords = coords.to_vec();
    coords.dedup();
    let wide =
        Bounds::of(coords.iter().copied()).is_some_and(|b| i64::from(b.max.x) - i64::from(b.min.x) > 1_800_000_000);
    if wide {
        return Err(tell(&rings::Fault::TooWide));
    }
    if coords.len() < 2 {
        let message = "a line with fewer than two distinct vertices";
        return Err(Fault::new("line-too-short", message, "draw it again, or delete the feature"));
    }
    Ok(Geometry::Line(Line(coords)))
}

fn tell(fault: &rings::Fault) -> Fault {
    let (code, message, remedy) = fault.tell();
    Fault { at: fault.place(), ..Fault::new(code, message, remedy) }
}

fn multi_part(what: &str) -> Problem {
    let remedy = "kept as it is (an inherited breach); a plan can join or split it";
    Problem::new(Severity::Warning, "multi-part", what, remedy)
}

/// One vertex, or the problem that tells what the numbers look like.
fn vertex(datum: &Datum, x: f64, y: f64) -> Result<Coord, Fault> {
    let crs = datum.crs();
    let refuse = |remedy: &str| {
        let message = format!("{x}, {y} is no place in {crs}");
        Err(Fault::new("coordinates-out-of-range", message, remedy))
    };
    let projection = matches!(crs, Crs::Epsg(_) | Crs::Defined(_));
    let looks_like_degrees = x.abs() <= 180.0 && y.abs() <= 90.0;
    let Ok((lon, lat)) = datum.to_wgs84(x, y) else {
        return if x.abs() <= 90.0 && y.abs() > 90.0 && y.abs() <= 180.0 {
            refuse("looks like latitude before longitude: swap the two in the file")
        } else if x.abs() > 1000.0 && y.abs() < 2e7 && !projection {
            refuse("looks like metres: give --crs EPSG:code of its projection")
        } else {
            refuse("check the feature and the datum given by --crs")
        };
    };
    // A projection's false origin is never in the city: degrees read as metres land in the sea beside it.
    if projection && looks_like_degrees && (lon - x).hypot(lat - y) > 0.1 {
        return refuse("looks like degrees: leave out --crs or name the datum of these degrees");
    }
    match Coord::from_degrees(lon, lat) {
        Some(coord) => Ok(coord),
        None => refuse("check the feature and the datum given by --crs"),
    }
}

/// The code of a record of an administrative layer or a grid; the name where it has none.
fn code_of(layer: Layer, record: &Record) -> Option<&str> {
    match (record.get(layer, "code"), record.get(layer, "name")) {
        (Value::Text(code), _) => Some(code),
        (_, Value::Text(name)) if layer != Layer::Grids => Some(name),
        _ => None,
    }
}

/// Slivers of a code that has a feature with ground are dropped and told; others are errors.
fn tell_slivers(layer: Layer, made: &[Made], slivers: Vec<(Vec<Value>, Problem)>, problems: &mut Problems) {
    let codes: BTreeMap<&str, &str> =
        made.iter().filter_map(|made| Some((code_of(layer, &made.record)?, made.called.as_str()))).collect();
    for (values, problem) in slivers {
        let sliver = Record { id: 0, geometry: Geometry::Point(Coord::default()), values };
        let Some((code, called)) = code_of(layer, &sliver).and_then(|code| codes.get_key_value(code)) else {
            problems.push(problem);
            continue;
        };
        let message = format!("a sliver of code {code} has no area at 1e-7 degree; dropped, the rest stays");
        let remedy = "nothing to do; delete it in the source if that is yours";
        // The source has the place in several parts, though the city will not.
        let parts =
            format!("code {code} has several features, of which {} has no area: not kept as a part", problem.feature);
        problems.push(Problem {
            severity: Severity::Warning,
            code: "sliver-dropped".to_owned(),
            message,
            remedy: remedy.to_owned(),
            ..problem
        });
        problems.push(multi_part(&parts).of(*called));
    }
}

/// Features of one code become one record of several parts: official plans hold such grids. All parts are joined at
/// once, so a file in which every feature has one code costs no more than another.
fn merge_parts(layer: Layer, made: Vec<Made>, problems: &mut Problems) -> Vec<Made> {
    let code_of = |made: &Made| code_of(layer, &made.record).unwrap_or_default().to_owned();
    let mut by_code: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, one) in made.iter().enumerate() {
        by_code.entry(code_of(one)).or_default().push(i);
    }
    let repeats: HashSet<usize> = by_code.values().flat_map(|group| group.iter().skip(1).copied()).collect();
    let mut kept = Vec::with_capacity(by_code.len());
    for (i, one) in made.iter().enumerate().filter(|(i, _)| !repeats.contains(i)) {
        let mut one = one.clone();
        let code = code_of(&one);
        let group = by_code.get(&code).map(Vec::as_slice).unwrap_or_default();
        debug_assert_eq!(group.first(), Some(&i));
        let members: Vec<&Made> = group.iter().filter_map(|&at| made.get(at)).collect();
        let others: Vec<&str> = members.iter().skip(1).map(|made| made.called.as_str()).collect();
        if !others.is_empty() {
            let told = |problem: Problem| problem.of(one.called.clone()).in_row(one.row);
            match join(members.iter().map(|made| &made.record.geometry)) {
                Ok(both) => {
                    let n = members.len();
                    let message = format!("code {code} has {n} features, joined to one: also {}", listed(&others));
                    problems.push(told(multi_part(&message)));
                    if members.iter().any(|other| other.record.values != one.record.values) {
                        let message = format!("code {code}: its features differ in other columns; the first holds");
                        let remedy = "give all parts of one code the same values";
                        problems.push(told(Problem::new(Severity::Warning, "multi-part-differs", message, remedy)));
                    }
                    one.record.geometry = both;
                }
                Err(fault) => {
                    let (_, why, _) = fault.tell();
                    let message =
                        format!("code {code} is also that of {}, and they share ground: {why}", listed(&others));
                    let remedy = "give each its own code, or delete what is doubled";
                    problems.push(told(Problem::new(Severity::Error, "duplicate-code", message, remedy)));
                }
            }
        }
        kept.push(one);
    }
    kept
}

/// A few names, and how many more.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}

/// All parts as one area.
fn join<'g>(parts: impl Iterator<Item = &'g Geometry>) -> Result<Geometry, rings::Fault> {
    let mut polygons = Vec::new();
    for part in parts {
        if let Geometry::Area(area) = part {
            polygons.extend(area.0.iter().cloned());
        }
    }
    let both = MultiPolygon(polygons);
    check_clash(&both)?;
    check_parts_apart(&both)?;
    Ok(Geometry::Area(both))
}
