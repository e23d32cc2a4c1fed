//! OpenStreetMap extracts, PBF or XML, in three passes so that only what is needed stays in memory:
//!
//! 1. relations: which ways belong to areas we want;
//! 2. ways: those whose tags we want and those that the relations need;
//! 3. nodes: positions of the vertices of these ways, and the nodes whose tags we want.
//!
//! [`pbf`] and [`xml`] give the elements, [`tags`] says what tags mean, [`areas`] joins ways to polygons, [`collect`]
//! holds what the passes found and makes the records.

mod areas;
mod collect;
mod pbf;
mod tags;
mod values;
mod xml;

pub(super) use tags::street_class;

use super::bundle::Body;
use super::{Options, Problems, Reading};
use crate::model::{Coord, Problem, Severity};
use collect::Collected;
use std::borrow::Cow;
use std::io::Read;

/// The tags of an element, in the file's order.
type Tags<'a> = [(Cow<'a, str>, Cow<'a, str>)];

/// What a relation refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MemberKind {
    Node,
    Way,
    Relation,
}

/// One member of a relation.
#[derive(Clone, Copy, Debug)]
struct Member {
    kind: MemberKind,
    id: i64,
    /// Its role says `inner`: its own tags are about what lies in the hole.
    inner: bool,
}

/// One element of a file.
enum Element<'e> {
    Node { id: i64, at: Option<Coord>, tags: &'e Tags<'e> },
    Way { id: i64, refs: &'e [i64], tags: &'e Tags<'e> },
    Relation { id: i64, members: &'e [Member], tags: &'e Tags<'e> },
}

/// Which elements a pass looks at; readers may skip the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Relations,
    Ways,
    Nodes,
}

/// Why a file cannot be read on.
#[derive(Debug)]
enum Broken {
    Io(std::io::Error),
    /// A code, what is wrong, and the remedy.
    Format(&'static str, String, &'static str),
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Told how many bytes of the file a pass has read.
type Progress<'p> = dyn Fn(u64) + 'p;

/// Reads every layer that the tags give. An `Err` is a file that cannot be opened or read.
pub(super) fn read(
    name: &str,
    input: &Body,
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> std::io::Result<Reading> {
    let size = input.size()?;
    let mut problems = Problems::new(name);
    if let Some(crs) = options.crs.as_ref().filter(|crs| **crs != super::datum::Crs::Wgs84) {
        let message = format!("OpenStreetMap is WGS 84 by definition; {crs} cannot be right");
        let remedy = "leave out --crs";
        return Ok(Reading::failed(Problem::new(Severity::Error, "crs-not-for-osm", message, remedy).in_file(name)));
    }
    if !options.map.is_empty() {
        let message = "OpenStreetMap files have tags, not columns; --map has no meaning for them";
        problems.push(Problem::new(Severity::Error, "map-unknown-column", message, "leave out --map"));
    }
    let mut head = Vec::new();
    input.open()?.take(64).read_to_end(&mut head)?;
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head);
    let is_xml = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    // Every PBF begins with the length of a header that says so.
    let is_pbf = head.windows(9).any(|window| window == b"OSMHeader");
    if !is_xml && !is_pbf {
        let message = "neither OpenStreetMap XML nor PBF";
        let remedy = "give a .osm or .osm.pbf extract; other files need --as LAYER, packed ones unpacking";
        return Ok(Reading::failed(Problem::new(Severity::Error, "not-osm", message, remedy).in_file(name)));
    }
    let mut file = if is_xml { Format::Xml } else { Format::Pbf(pbf::Blobs::default()) };

    let mut collected = Collected::default();
    for (done, pass) in [Pass::Relations, Pass::Ways, Pass::Nodes].into_iter().enumerate() {
        let before = done as u64 * size / 3;
        let told = |bytes: u64| progress((before + bytes / 3).min(size), size);
        told(0);
        let mut take = |element: Element<'_>| collected.take(pass, &element);
        let outcome = match &mut file {
            Format::Xml => xml::each(input, pass, &told, &mut take),
            Format::Pbf(blobs) => blobs.each(input, pass, &told, &mut take),
        };
        match outcome {
            Ok(()) => {}
            Err(Broken::Io(error)) => return Err(error),
            Err(Broken::Format(code, message, remedy)) => {
                return Ok(Reading::failed(Problem::new(Severity::Error, code, message, remedy).in_file(name)));
            }
        }
        collected.end_of(pass);
    }
    let mut reading = collected.finish(problems);
    if reading.features.is_empty() && reading.problems.is_empty() {
        let message = "nothing in the file has tags that mean a thing of a city";
        let remedy = "check that it is the right extract";
        reading.problems.push(Problem::new(Severity::Warning, "no-features", message, remedy).in_file(name));
    }
    progress(size, size);
    Ok(reading)
}

enum Format {
    Xml,
    Pbf(pbf::Blobs),
}
