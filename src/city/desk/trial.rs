//! Reading a file at the desk: on trial, to see what importing it would do, and in earnest.

use crate::city::import::{Fate, Tally};
use crate::city::jobs::{Failure, Pace};
use crate::city::undo::Signed;
use crate::city::{City, Snapshot};
use crate::model::{Bounds, FieldKind, Geometry, Layer, Problem, Severity, Value};
use crate::read::bundle::Bundle;
use crate::read::datum::Crs;
use crate::read::evidence::Verdict;
use crate::read::raw::{Cell, Feature};
use crate::read::{Options, Reading, Source, choose_sheet, open, read_bundle};
use crate::store::StoreError;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// So many rows are shown as a table.
const ROWS: usize = 500;
/// So many features are shown on the map.
const FEATURES: usize = 3_000;

/// How a file is to be read.
#[derive(Clone, Debug)]
pub struct Ask {
    /// As what.
    pub source: Source,
    /// Which sheet, of a file with several.
    pub sheet: Option<String>,
    /// Its datum, where somebody states it.
    pub crs: Option<Crs>,
    /// Whether latitude stands first, where somebody states it.
    pub swapped: Option<bool>,
    /// Field and column, where somebody states them.
    pub map: Vec<(String, String)>,
    /// Remove what the file does not mention.
    pub replace: bool,
}

/// Where a field's values come from.
#[derive(Clone, Debug)]
pub struct FieldUse {
    /// The field; `lon`, `lat`, `position` or `wkt` for the place of a table's rows.
    pub name: &'static str,
    /// Its type.
    pub kind: FieldKind,
    /// Whether nothing is a thing of the layer without it.
    pub required: bool,
    /// The columns that feed it, in order of preference.
    pub columns: Vec<String>,
}

/// A row as it was understood; where it was not, as the file holds it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number in the file.
    pub number: u64,
    /// Fields with a value.
    pub cells: Vec<(&'static str, Value)>,
    /// How many problems it has.
    pub problems: usize,
}

/// A feature on the map.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its row in the file; unknown for OpenStreetMap.
    pub row: Option<u64>,
    /// Where.
    pub geometry: Geometry,
    /// The worst problem that it has.
    pub worst: Option<Severity>,
    /// What becomes of it.
    pub fate: Fate,
}

/// What importing a file would do.
#[derive(Clone, Debug)]
pub struct Preview {
    /// As what it was read.
    pub source: Source,
    /// Which datum was taken, and why.
    pub datum: Option<Verdict>,
    /// Where each field's values come from.
    pub fields: Vec<FieldUse>,
    /// Columns that no field takes.
    pub unused: Vec<String>,
    /// What would happen to each layer.
    pub tallies: Vec<(Layer, Tally)>,
    /// Everything to complain of, worst first.
    pub problems: Arc<Vec<Problem>>,
    /// The first rows.
    pub rows: Vec<Row>,
    /// How many rows there are.
    pub total: u64,
    /// Features for the map: those with problems first, of the others an even choice.
    pub features: Vec<Shown>,
    /// The box around all features.
    pub bounds: Option<Bounds>,
    /// Whether there is something to import and nothing in its way.
    pub importable: bool,
}

/// What importing a file did.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The version of the city that holds it.
    pub version: u64,
    /// What happened to each layer.
    pub tallies: Vec<(Layer, Tally)>,
    /// What to know, worst first.
    pub problems: Arc<Vec<Problem>>,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "an import could not be written");
        Self::Server
    }
}

fn reading(bundle: &Bundle, snapshot: &Snapshot, ask: &Ask, pace: &Pace) -> Result<Reading, Failure> {
    pace.step(format!("reading {}", bundle.name));
    let reading = read_bundle(bundle, ask.source, &options(snapshot, ask, pace), &|done, all| pace.told(done, all));
    if pace.cancelled() { Err(Failure::Cancelled) } else { Ok(reading) }
}

fn options(snapshot: &Snapshot, ask: &Ask, pace: &Pace) -> Options {
    Options {
        crs: ask.crs.clone(),
        swapped: ask.swapped,
        map: ask.map.clone(),
        sheet: ask.sheet.clone(),
        known: snapshot.known(),
        cancel: Some(pace.flag()),
    }
}

/// What importing a file would do to this city.
///
/// # Errors
/// It was given up.
pub fn preview(bundle: &Bundle, snapshot: &Snapshot, ask: &Ask, pace: &Pace) -> Result<Preview, Failure> {
    let mut reading = reading(bundle, snapshot, ask, pace)?;
    let told = tell_by_row(&reading.problems);
    let fields = fields(ask.source, &reading.mapping);
    let (datum, unused) = (reading.datum.take(), std::mem::take(&mut reading.unused));
    let total = match ask.source {
        Source::Osm => reading.features.len() as u64,
        Source::Layer(_) => reading.counts.get("features").copied().unwrap_or(0),
        Source::Households => reading.counts.get("rows").copied().unwrap_or(0),
    };
    let bounds = reading.features.iter().filter_map(|(_, record)| record.geometry.bounds()).reduce(Bounds::union);
    let mut rows = understood(&reading);
    let met: HashSet<u64> = reading.rows.iter().copied().collect();
    // Rows of a table of households become no records: they are shown as they are.
    let tabled = reading.households.iter().map(|row| row.row);
    let faulty: HashSet<u64> = told.keys().copied().chain(tabled).filter(|row| !met.contains(row)).collect();
    if !faulty.is_empty() {
        rows.extend(as_they_are(bundle, snapshot, ask, pace, &fields, &faulty));
        rows.sort_by_key(|row| row.number);
        rows.truncate(ROWS);
    }
    let chosen = choose(&reading, &told);
    let geometries: Vec<Geometry> =
        chosen.iter().filter_map(|at| reading.features.get(*at)).map(|(_, record)| record.geometry.clone()).collect();
    let numbers = reading.rows.clone();
    if pace.cancelled() {
        return Err(Failure::Cancelled);
    }
    pace.step("comparing it with the city");
    let prepared = snapshot.prepare_import(reading, "", ask.replace);
    let importable = !prepared.has_errors() && !prepared.change.edits.is_empty();
    let told = tell_by_row(&prepared.problems);
    for row in &mut rows {
        row.problems = told.get(&row.number).map_or(0, |(_, count)| *count);
    }
    let shown = |(at, geometry): (&usize, Geometry)| {
        let row = numbers.get(*at).copied();
        let worst = row.and_then(|row| told.get(&row)).map(|(worst, _)| *worst);
        Shown { row, geometry, worst, fate: prepared.fates.get(*at).copied().unwrap_or(Fate::Refused) }
    };
    Ok(Preview {
        source: ask.source,
        datum,
        fields,
        unused,
        features: chosen.iter().zip(geometries).map(shown).collect(),
        tallies: prepared.tallies,
        problems: worst_first(prepared.problems),
        rows,
        total,
        bounds,
        importable,
    })
}

/// Imports a file. Nothing happens where there are errors.
///
/// # Errors
/// The data is at fault, it was given up, or the disk refuses.
pub fn import(city: &City, bundle: &Bundle, ask: &Ask, signed: &Signed, pace: &Pace) -> Result<Imported, Failure> {
    let reading = reading(bundle, &city.snapshot(), ask, pace)?;
    pace.step("waiting for other changes");
    let mut outcome = (Vec::new(), Arc::default());
    let after = city.change(|snapshot| {
        pace.step("comparing it with the city");
        let mut prepared = snapshot.prepare_import(reading, &signed.reason, ask.replace);
        prepared.credit(ask.source, &mut snapshot.profile.clone());
        let failed = prepared.has_errors();
        outcome = (prepared.tallies, worst_first(prepared.problems));
        if failed {
            return Err(Failure::Data(outcome.1.clone()));
        }
        if !pace.begin_final_step() {
            return Err(Failure::Cancelled);
        }
        pace.step("writing");
        prepared.change.author.clone_from(&signed.author);
        Ok(prepared.change)
    })?;
    Ok(Imported { version: after.version, tallies: outcome.0, problems: outcome.1 })
}

fn worst_first(mut problems: Vec<Problem>) -> Arc<Vec<Problem>> {
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    Arc::new(problems)
}

/// By row, the worst problem and how many there are.
fn tell_by_row(problems: &[Problem]) -> HashMap<u64, (Severity, usize)> {
    let mut told: HashMap<u64, (Severity, usize)> = HashMap::new();
    for problem in problems {
        let Some(row) = problem.row else { continue };
        let (worst, count) = told.entry(row).or_insert((problem.severity, 0));
        *worst = problem.severity.max(*worst);
        *count += 1;
    }
    told
}

fn fields(source: Source, mapping: &[(&'static str, Vec<String>)]) -> Vec<FieldUse> {
    let of_layer = |name: &str| source.fields().iter().find(|field| field.name == name);
    let required = |name: &str| match source {
        Source::Layer(layer) => layer.requires(name),
        Source::Households => name == "households",
        Source::Osm => false,
    };
    // A place may stand in one column instead.
    let whole = mapping.iter().any(|(name, columns)| matches!(*name, "position" | "wkt") && !columns.is_empty());
    let describe = |(name, columns): &(&'static str, Vec<String>)| {
        let (kind, required) = match (of_layer(name), *name) {
            (Some(field), _) => (field.kind, required(name)),
            (None, "lon" | "lat") => (FieldKind::Real, !whole),
            (None, _) => (FieldKind::Text, false),
        };
        FieldUse { name, kind, required, columns: columns.clone() }
    };
    let mut fields: Vec<FieldUse> = mapping.iter().map(describe).collect();
    // Where a row is comes first.
    fields.sort_by_key(|field| of_layer(field.name).is_some());
    fields
}

/// The first rows that became records.
fn understood(reading: &Reading) -> Vec<Row> {
    let mut rows: BTreeMap<u64, Row> = BTreeMap::new();
    for ((layer, record), number) in reading.features.iter().zip(&reading.rows) {
        if rows.len() >= ROWS && rows.last_key_value().is_none_or(|(last, _)| last <= number) {
            continue;
        }
        let names = layer.fields().iter().map(|field| field.name).zip(&record.values);
        let cells = names.filter(|(_, value)| **value != Value::Null).map(|(name, value)| (name, value.clone()));
        // A line of several parts is several records of one row.
        rows.entry(*number).or_insert_with(|| Row { number: *number, cells: cells.collect(), problems: 0 });
        if rows.len() > ROWS {
            rows.pop_last();
        }
    }
    rows.into_values().collect()
}

/// Rows that became nothing, as the file holds them.
fn as_they_are(
    bundle: &Bundle,
    snapshot: &Snapshot,
    ask: &Ask,
    pace: &Pace,
    fields: &[FieldUse],
    faulty: &HashSet<u64>,
) -> Vec<Row> {
    if ask.source == Source::Osm {
        return Vec::new();
    }
    // What cannot be opened any more was told when it was read.
    let Ok(opened) = open(bundle, &|_, _| {}) else { return Vec::new() };
    let Ok(sheet) = choose_sheet(&opened, ask.source.word(), &options(snapshot, ask, pace)) else { return Vec::new() };
    let at = |column: &String| sheet.columns.iter().position(|name| name == column);
    let columns: Vec<(&'static str, Vec<usize>)> =
        fields.iter().map(|field| (field.name, field.columns.iter().filter_map(at).collect())).collect();
    let cells = |feature: &Feature| {
        let mut cells = Vec::new();
        for (name, columns) in &columns {
            let filled = columns.iter().map(|at| feature.cell(*at)).find(|cell| **cell != Cell::Empty);
            cells.extend(filled.map(|cell| (*name, Value::Text(cell.shown()))));
        }
        cells
    };
    let mut rows = Vec::new();
    let _ = sheet.features.each(&mut |feature| {
        if faulty.contains(&feature.number) {
            rows.push(Row { number: feature.number, cells: cells(feature), problems: 0 });
        }
        rows.len() < ROWS && !pace.cancelled()
    });
    rows
}

/// Which features are shown: those with problems, and of the others every so many.
fn choose(reading: &Reading, told: &HashMap<u64, (Severity, usize)>) -> Vec<usize> {
    let all = reading.features.len();
    if all <= FEATURES {
        return (0..all).collect();
    }
    let mut chosen: Vec<usize> = (0..all)
        .filter(|at| reading.rows.get(*at).is_some_and(|row| told.contains_key(row)))
        .take(FEATURES / 2)
        .collect();
    let step = all.div_ceil(FEATURES - chosen.len());
    let met: HashSet<usize> = chosen.iter().copied().collect();
    chosen.extend((0..all).step_by(step).filter(|at| !met.contains(at)));
    chosen.sort_unstable();
    chosen
}
