//! Files become records and a list of problems.
//!
//! Read in this order: [`datum`] and `epsg` (every datum to WGS 84), `rings` and `crossing` (vertices become polygons, exactly),
//! `fields` (columns become canonical fields), `geojson` and `osm` (the formats). A reader never panics, never hangs and
//! never guesses in silence: what it left out or put right is a [`Problem`] with its remedy.

mod apart;
mod crossing;
pub mod datum;
mod epsg;
mod fields;
mod geojson;
mod osm;
mod repairs;
mod rings;
pub(crate) mod text;

use crate::model::{Entity, FieldFault, Layer, Problem, Record, Severity, Value};
use datum::Crs;
use std::collections::BTreeMap;
use std::path::Path;

/// What a file is read as: the word after `--as`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// OpenStreetMap, PBF or XML (told apart by content): whatever layers its tags give.
    Osm,
    /// GeoJSON whose features all belong to one layer.
    Layer(Layer),
}

impl Source {
    /// Reads the word after `--as`: `osm` or a layer.
    pub fn parse(word: &str) -> Option<Self> {
        if word == "osm" { Some(Self::Osm) } else { Layer::parse(word).map(Self::Layer) }
    }
}

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The datum of the file's coordinates, where the user states it.
    pub crs: Option<Crs>,
    /// Canonical field and the column that holds it, from `--map field=column`.
    pub map: Vec<(String, String)>,
}

/// What a file held.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Records with ids of 0, checked and in the order of the file (OpenStreetMap: nodes, ways, relations).
    pub features: Vec<(Layer, Record)>,
    /// What was left out, put right or worth knowing.
    pub problems: Vec<Problem>,
    /// How many elements of each kind the file holds, imported or not: `building ways`, `features`.
    pub counts: BTreeMap<String, u64>,
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

/// Largest GeoJSON file: it is held in memory whole, twice over while it is parsed.
const MOST_BYTES: u64 = 1 << 30;

/// Reads a file. `progress` is told bytes done and bytes in all, now and then. A file that cannot be read gives one
/// problem of severity error and no features.
pub fn read(path: &Path, source: Source, options: &Options, progress: &(dyn Fn(u64, u64) + Sync)) -> Reading {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| {
        Reading::failed(
            Problem::new(
                Severity::Error,
                "file-unreadable",
                format!("cannot be read: {error}"),
                "check the path and its permissions",
            )
            .in_file(&name),
        )
    };
    if source == Source::Osm {
        return osm::read(&name, osm::Input::File(path), options, progress).unwrap_or_else(failed);
    }
    match std::fs::metadata(path).map(|meta| meta.len()) {
        Err(error) => return failed(error),
        Ok(size) if size > MOST_BYTES => return Reading::failed(too_large(&name, size)),
        Ok(_) => {}
    }
    match std::fs::read(path) {
        Ok(bytes) => read_bytes(&name, &bytes, source, options, progress),
        Err(error) => failed(error),
    }
}

/// Reads a file that is already in memory; `name` stands in its problems.
pub fn read_bytes(
    name: &str,
    bytes: &[u8],
    source: Source,
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Reading {
    match source {
        Source::Osm => osm::read(name, osm::Input::Bytes(bytes), options, progress).unwrap_or_default(),
        Source::Layer(_) if bytes.len() as u64 > MOST_BYTES => Reading::failed(too_large(name, bytes.len() as u64)),
        Source::Layer(layer) => geojson::read(name, bytes, layer, options, progress),
    }
}

fn too_large(name: &str, size: u64) -> Problem {
    Problem::new(
        Severity::Error,
        "file-too-large",
        format!("{size} bytes; the most is {MOST_BYTES}"),
        "split the file, one district each",
    )
    .in_file(name)
}

/// The record as its layer would write it back: words canonical, defaults filled in.
///
/// # Errors
/// The field that keeps it from being a thing of the layer.
fn canonical(layer: Layer, record: &Record) -> Result<Record, FieldFault> {
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
fn admit(layer: Layer, mut record: Record, feature: &str, problems: &mut Problems) -> Result<Record, Box<Problem>> {
    let mut dropped: Vec<(&'static str, Problem)> = Vec::new();
    loop {
        let fault = match canonical(layer, &record) {
            Ok(record) => {
                problems.extend(dropped.into_iter().map(|(_, problem)| problem));
                return Ok(record);
            }
            Err(fault) => fault,
        };
        let tell = |severity, code: &str| {
            let message = format!("{}: {}", fault.field, fault.message);
            Problem::new(severity, code, message, fault.remedy.clone()).of(feature)
        };
        let at = layer.fields().iter().position(|field| field.name == fault.field);
        match at.and_then(|i| record.values.get_mut(i)) {
            Some(value) if *value != Value::Null => {
                *value = Value::Null;
                dropped.push((fault.field, tell(Severity::Warning, "value-unreadable")));
            }
            _ => {
                // A required value that was there but could not be read is told once, as what was wrong with it.
                let first = dropped.into_iter().find(|(field, _)| *field == fault.field);
                let code = if fault.field == "geometry" { "geometry-kind" } else { "field-missing" };
                let told = first.map(|(_, problem)| Problem { severity: Severity::Error, ..problem });
                return Err(Box::new(told.unwrap_or_else(|| tell(Severity::Error, code))));
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
