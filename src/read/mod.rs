//! Files become records and a list of problems.
//!
//! Read in this order: [`datum`] and `epsg` (every datum to WGS 84), [`bundle`] and `detect` (what a file is), [`raw`]
//! (what it holds, in one form for all formats), then the formats themselves; `fields` (columns become canonical fields),
//! [`evidence`] (which datum a file must be in), `rings` and `crossing` (vertices become polygons, exactly), and
//! `features`, which makes records of it all, and [`one`], a single thing that somebody edits. OpenStreetMap, whose tags make the layers, goes its own way in `osm`.
//! A reader never panics, never hangs and never guesses in silence: what it left out or put right is a [`Problem`] with
//! its remedy.

mod apart;
mod archive;
pub mod bundle;
mod crossing;
mod csv;
pub mod datum;
mod detect;
mod doubt;
mod epsg;
pub mod evidence;
mod features;
mod fields;
mod flatgeobuf;
mod geojson;
mod geopackage;
mod gpx;
mod households;
mod kml;
pub mod one;
mod osm;
mod plt;
pub mod raw;
mod repairs;
mod rings;
mod shapefile;
mod table;
pub(crate) mod text;
mod well_known;
pub(crate) mod wkb;
mod workbook;
mod xml;

use crate::model::{Entity, Field, FieldFault, HOUSEHOLD_TABLE, Layer, Problem, Record, Severity, Value};
use bundle::Bundle;
use datum::Crs;
use detect::Found;
pub use households::Counted;
use raw::{Fault, Format, Opened, Sheet};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a file is read as: the word after `--as`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// OpenStreetMap, PBF or XML (told apart by content): whatever layers its tags give.
    Osm,
    /// A file whose features all belong to one layer, in any format.
    Layer(Layer),
    /// A table of how many households live where; its rows belong to buildings and compounds that the city has.
    Households,
}

impl Source {
    /// Reads the word after `--as`: `osm`, `households` or a layer.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "osm" => Some(Self::Osm),
            "households" => Some(Self::Households),
            _ => Layer::parse(word).map(Self::Layer),
        }
    }

    /// The fields that columns can feed; none for what is read by its tags.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Osm => &[],
            Self::Layer(layer) => layer.fields(),
            Self::Households => &HOUSEHOLD_TABLE,
        }
    }

    /// That word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Osm => "osm",
            Self::Layer(layer) => layer.word(),
            Self::Households => "households",
        }
    }
}

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The datum of the file's coordinates, where the user states it.
    pub crs: Option<Crs>,
    /// Whether latitude or northing stands first, where the user states it.
    pub swapped: Option<bool>,
    /// Canonical field and the column that holds it, from `--map field=column`; an empty column is none.
    pub map: Vec<(String, String)>,
    /// Which sheet or layer, of a file that holds several.
    pub sheet: Option<String>,
    /// What the city knows of the ground: evidence for a datum that nobody states.
    pub known: Option<Arc<evidence::Known>>,
    /// Set by somebody who no longer wants the answer; the reading then ends early.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl Options {
    fn cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }
}

/// What a file held.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Records with ids of 0, checked and in the order of the file (OpenStreetMap: nodes, ways, relations).
    pub features: Vec<(Layer, Record)>,
    /// Rows of a table of households, for what the city has already.
    pub households: Vec<Counted>,
    /// What was left out, put right or worth knowing.
    pub problems: Vec<Problem>,
    /// How many elements of each kind the file holds, imported or not: `building ways`, `features`.
    pub counts: BTreeMap<String, u64>,
    /// The row or feature number that each of `features` came from; empty for OpenStreetMap.
    pub rows: Vec<u64>,
    /// Which datum was taken, and why.
    pub datum: Option<evidence::Verdict>,
    /// Which columns feed each field.
    pub mapping: Vec<(&'static str, Vec<String>)>,
    /// Columns that no field takes.
    pub unused: Vec<String>,
}

impl Reading {
    /// Whether anything in it must not be imported.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    fn failed(problem: Problem) -> Self {
        Self { problems: vec![problem], ..Self::default() }
    }

    fn count(&mut self, kind: &str, n: u64) {
        if n > 0 {
            *self.counts.entry(kind.to_owned()).or_default() += n;
        }
    }
}

/// The column in which our own exports keep the number that a thing has in its layer.
pub const NUMBER_COLUMN: &str = "gridweave_id";

/// The names by which `--map` tells where the rows of a table without geometries are.
pub const PLACE_FIELDS: [&str; 4] = ["lon", "lat", "position", "wkt"];

/// Largest file of a format that is held in memory whole, twice over while it is parsed.
const MOST_BYTES: u64 = 1 << 30;

/// Reads a file, with the files beside it that belong to it. `progress` is told how much is done and how much there is,
/// now and then. A file that cannot be read gives one problem of severity error and no features.
pub fn read(path: &Path, source: Source, options: &Options, progress: &(dyn Fn(u64, u64) + Sync)) -> Reading {
    read_bundle(&Bundle::of_path(path), source, options, progress)
}

/// Reads a file that is already in memory; `name` stands in its problems.
pub fn read_bytes(
    name: &str,
    bytes: &[u8],
    source: Source,
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Reading {
    read_bundle(&Bundle::of_bytes(name, bytes), source, options, progress)
}

/// Reads a file and what belongs to it.
pub fn read_bundle(
    bundle: &Bundle,
    source: Source,
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Reading {
    let name = &bundle.name;
    let layer = match source {
        Source::Households => None,
        Source::Osm => {
            let failed = |error| Reading::failed(detect::unreadable(&error).problem(Severity::Error).in_file(name));
            return osm::read(name, &bundle.main.body, options, progress).unwrap_or_else(failed);
        }
        Source::Layer(layer) => Some(layer),
    };
    let opened = match open(bundle, progress) {
        Ok(opened) => opened,
        Err(problem) => return Reading::failed(*problem),
    };
    match choose_sheet(&opened, layer.map_or("households", Layer::word), options) {
        Ok(sheet) => match layer {
            Some(layer) => features::read(name, sheet, layer, options, progress),
            None => households::read(name, sheet, options, progress),
        },
        Err(fault) => Reading::failed(fault.problem(Severity::Error).in_file(name)),
    }
}

/// Looks into a file: its format and its tables, before anything is made of them.
///
/// # Errors
/// It cannot be opened, is of no format that is read, or its very beginning is broken.
pub fn open(bundle: &Bundle, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Opened, Box<Problem>> {
    let told = |fault: Fault| Box::new(fault.problem(Severity::Error).in_file(&bundle.name));
    match detect::detect(&bundle.main).map_err(told)? {
        Found::Is(format) => Ok(Opened { format, sheets: sheets(format, bundle, progress).map_err(told)? }),
        Found::Archive => archive::open(bundle, progress).map_err(told),
    }
}

/// The tables of a file of a known format.
fn sheets(format: Format, bundle: &Bundle, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Vec<Sheet>, Fault> {
    match format {
        Format::Osm => Ok(Vec::new()),
        Format::GeoJson => held(bundle).and_then(|bytes| geojson::open(&bundle.name, &bytes, progress)),
        Format::Gpx => held(bundle).and_then(|bytes| gpx::open(&bytes)),
        Format::Kml => held(bundle).and_then(|bytes| kml::open(&bundle.name, &bytes)),
        Format::Plt => held(bundle).and_then(|bytes| plt::open(&bytes)),
        Format::Spreadsheet => held(bundle).and_then(|bytes| workbook::open(bytes, progress)),
        Format::Csv => held(bundle).and_then(|bytes| csv::open(&bundle.name, bytes, progress)),
        Format::FlatGeobuf => flatgeobuf::open(bundle, progress),
        Format::GeoPackage => geopackage::open(bundle, progress),
        Format::Shapefile => shapefile::open(bundle, progress),
    }
}

/// The whole file in memory, if it is not too large for that.
fn held(bundle: &Bundle) -> Result<Arc<[u8]>, Fault> {
    let body = &bundle.main.body;
    let size = body.size().map_err(|error| detect::unreadable(&error))?;
    if size > MOST_BYTES {
        let message = format!("{size} bytes; the most is {MOST_BYTES}");
        let remedy = "convert it to FlatGeobuf, which is read piece by piece, or split it, one district each";
        return Err(Fault::new("file-too-large", message, remedy));
    }
    body.bytes().map_err(|error| detect::unreadable(&error))
}

/// The sheet that is meant: the one that is named, the one named like what it is read as, or the only one with rows.
///
/// # Errors
/// None is, or several may be.
pub fn choose_sheet<'o>(opened: &'o Opened, word: &str, options: &Options) -> Result<&'o Sheet, Fault> {
    let names = || opened.sheets.iter().map(|sheet| sheet.name.as_str()).collect::<Vec<_>>().join(", ");
    if opened.format == Format::Osm {
        return Err(Fault::new("format-is-osm", "this is an OpenStreetMap file", "read it with --as osm"));
    }
    if let Some(wanted) = &options.sheet {
        let found = opened.sheets.iter().find(|sheet| sheet.name == *wanted);
        return found.ok_or_else(|| {
            Fault::new(
                "sheet-unknown",
                format!("there is no sheet or layer `{wanted}`"),
                format!("use one of: {}", names()),
            )
        });
    }
    let named = opened.sheets.iter().find(|sheet| sheet.name == word);
    let mut filled = opened.sheets.iter().filter(|sheet| sheet.count > 0);
    match (named, filled.next(), filled.next()) {
        (Some(sheet), ..) | (None, Some(sheet), None) => Ok(sheet),
        (None, None, _) => match opened.sheets.first() {
            Some(sheet) => Ok(sheet),
            None => Err(Fault::new("no-features", "the file holds no table", "check that it is the right file")),
        },
        (None, Some(_), Some(_)) => Err(Fault::new(
            "sheet-unclear",
            format!("the file holds several sheets or layers: {}", names()),
            "name the one that is meant: --sheet NAME",
        )),
    }
}

/// The record as its layer would write it back: words canonical, defaults filled in.
///
/// # Errors
/// The field that keeps it from being a thing of the layer.
pub fn canonical(layer: Layer, record: &Record) -> Result<Record, FieldFault> {
    macro_rules! by_layer {
        ($($layer:ident $type:ident),*) => {
            match layer { $(Layer::$layer => crate::model::$type::from_record(record).map(|thing| thing.to_record()),)* }
        };
    }
    by_layer!(
        Districts District, Subdistricts Subdistrict, Communities Community, Grids Grid, Zones Zone, Compounds Compound,
        Institutions Institution, Buildings Building, Streets Street, Water Water, Green Green, Barriers Barrier,
        Cameras Camera, Checkpoints Checkpoint, Services Service
    )
}

/// Checks a record; a value of an optional field that cannot be understood is dropped with a warning.
///
/// # Errors
/// The problem that keeps the record out.
fn admit(layer: Layer, mut record: Record, tell: &mut dyn FnMut(Problem)) -> Result<Record, Box<Problem>> {
    let mut dropped: Vec<(&'static str, Problem)> = Vec::new();
    loop {
        let fault = match canonical(layer, &record) {
            Ok(record) => {
                dropped.into_iter().for_each(|(_, problem)| tell(problem));
                return Ok(record);
            }
            Err(fault) => fault,
        };
        let told = |severity, code: &str| {
            let message = format!("{}: {}", fault.field, fault.message);
            Problem::new(severity, code, message, fault.remedy.clone())
        };
        let at = layer.fields().iter().position(|field| field.name == fault.field);
        match at.and_then(|i| record.values.get_mut(i)) {
            Some(value) if *value != Value::Null => {
                *value = Value::Null;
                dropped.push((fault.field, told(Severity::Warning, "value-unreadable")));
            }
            _ => {
                // A required value that was there but could not be read is told once, as what was wrong with it.
                let first = dropped.into_iter().find(|(field, _)| *field == fault.field);
                let code = if fault.field == "geometry" { "geometry-kind" } else { "field-missing" };
                let first = first.map(|(_, problem)| Problem { severity: Severity::Error, ..problem });
                return Err(Box::new(first.unwrap_or_else(|| told(Severity::Error, code))));
            }
        }
    }
}

/// Problems of one file; a code that repeats beyond measure is counted instead of repeated.
struct Problems {
    file: String,
    list: Vec<Problem>,
    seen: BTreeMap<(Severity, String), u64>,
}

/// So many problems of one code are told one by one.
const TOLD_EACH: u64 = 1000;

impl Problems {
    fn new(file: &str) -> Self {
        Self { file: file.to_owned(), list: Vec::new(), seen: BTreeMap::new() }
    }

    fn push(&mut self, problem: Problem) {
        let seen = self.seen.entry((problem.severity, problem.code.clone())).or_default();
        *seen += 1;
        if *seen <= TOLD_EACH {
            self.list.push(problem.in_file(&self.file));
        }
    }

    fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            self.push(problem);
        }
    }

    fn finish(mut self) -> Vec<Problem> {
        for ((severity, code), seen) in &self.seen {
            if *seen > TOLD_EACH {
                let message = format!("and {} more like these", seen - TOLD_EACH);
                let problem = Problem::new(*severity, code, message, "mend those listed first, then read again");
                self.list.push(problem.in_file(&self.file));
            }
        }
        self.list
    }
}
