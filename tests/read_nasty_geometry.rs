//! Areas as other projects' tests have broken them: JTS's catalogue of what is valid, the operands of clipping libraries,
//! and single defects drawn on the ground of Hangzhou.

mod common;

use common::shared;
use gridweave::model::{Geometry, Layer, MultiPolygon, Severity};
use gridweave::read::{Options, Source, datum::Crs, read_bytes};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wkt::Wkt;

/// What became of an area.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    /// Taken as it is.
    Kept(MultiPolygon),
    /// Repaired: what was done.
    Repaired(MultiPolygon, String),
    /// Refused: the code and whether the problem names a place.
    Refused(String, bool),
}

/// Reads a geometry given in degrees as the outline of a green.
fn outcome(geometry: &Value) -> Outcome {
    let text = json!({"type": "Feature", "properties": {}, "geometry": geometry}).to_string();
    let options = Options { crs: Some(Crs::Wgs84), ..Options::default() };
    let reading = read_bytes("case", text.as_bytes(), Source::Layer(Layer::Green), &options, &|_, _| {});
    if let Some(error) = reading.problems.iter().find(|problem| problem.severity == Severity::Error) {
        return Outcome::Refused(error.code.clone(), error.at.is_some());
    }
    let Some((_, record)) = reading.features.into_iter().next() else { panic!("nothing read and nothing said") };
    let Geometry::Area(area) = record.geometry else { panic!("no area") };
    match reading.problems.into_iter().find(|problem| problem.code == "ring-repaired") {
        Some(problem) => Outcome::Repaired(area, problem.message),
        None => Outcome::Kept(area),
    }
}

/// A polygon or multipolygon of a well-known text as GeoJSON, its numbers as units of 1e-7 degree times `scale`.
fn area_of_text(text: &str, scale: f64) -> Option<Value> {
    let rings = |polygon: &wkt::types::Polygon<f64>| -> Value {
        let ring = |line: &wkt::types::LineString<f64>| -> Value {
            line.coords().iter().map(|c| json!([c.x * scale / 1e7, c.y * scale / 1e7])).collect()
        };
        polygon.rings().iter().map(ring).collect()
    };
    match text.trim().parse::<Wkt<f64>>().ok()? {
        Wkt::Polygon(polygon) if !polygon.rings().is_empty() => {
            Some(json!({"type": "Polygon", "coordinates": rings(&polygon)}))
        }
        Wkt::MultiPolygon(many) if !many.polygons().is_empty() => {
            let parts: Vec<Value> = many.polygons().iter().map(rings).collect();
            Some(json!({"type": "MultiPolygon", "coordinates": parts}))
        }
        _ => None,
    }
}

/// A case of JTS's XML: its description, its two operands by name, and whether it says that each is valid.
#[derive(Default)]
struct Case {
    desc: String,
    operands: BTreeMap<String, String>,
    valid: Vec<(String, bool)>,
}

fn cases(xml: &str) -> Vec<Case> {
    let mut reader = Reader::from_str(xml);
    let (mut cases, mut open): (Vec<Case>, Vec<String>) = (Vec::new(), Vec::new());
    let mut asked: Option<String> = None;
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(tag) => {
                let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                let attribute = |key: &str| {
                    let found = tag.try_get_attribute(key).expect("attributes")?;
                    Some(found.unescape_value().expect("text").to_lowercase())
                };
                match name.as_str() {
                    "case" => cases.push(Case::default()),
                    "op" => asked = attribute("name").filter(|n| n == "isvalid").and_then(|_| attribute("arg1")),
                    _ => {}
                }
                open.push(name);
            }
            Event::End(_) => drop(open.pop()),
            Event::Text(text) => {
                let text = text.decode().expect("text").trim().to_owned();
                let (Some(case), Some(tag)) = (cases.last_mut(), open.last()) else { continue };
                match tag.as_str() {
                    "desc" => case.desc += text.split_whitespace().collect::<Vec<_>>().join(" ").as_str(),
                    "a" | "b" => *case.operands.entry(tag.clone()).or_default() += &text,
                    "op" => case.valid.extend(asked.take().map(|operand| (operand, text == "true"))),
                    _ => {}
                }
            }
            Event::Eof => return cases,
            _ => {}
        }
    }
}

/// Where we judge otherwise than JTS, and why that is right for a map of places.
const DEVIATIONS: [(&str, &str, &str); 0] = [];

#[test]
fn what_jts_calls_valid_is_kept_and_the_rest_is_repaired_or_refused() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unexpected = Vec::new();
    let mut deviations: Vec<(&str, &str, &str)> = DEVIATIONS.to_vec();
    for file in ["general/TestValid", "general/TestValid2", "general/TestValid2-big", "misc/TestValid"] {
        let Some(path) = shared(&format!("data/maps/nasty/jts/testxml/{file}.xml")) else { return };
        for case in cases(&std::fs::read_to_string(path).expect("readable")) {
            for (operand, valid) in &case.valid {
                let Some(text) = case.operands.get(operand) else { continue };
                if !text.contains("POLYGON") || text.contains("COLLECTION") {
                    continue;
                }
                // Most cases are drawn on a grid of ten: a thousand units keep their shapes apart.
                let Some(geometry) = area_of_text(text, 1000.0) else {
                    *counts.entry("empty or no number").or_default() += 1;
                    continue;
                };
                let found = outcome(&geometry);
                let (kind, ours) = match &found {
                    Outcome::Kept(_) => ("kept", true),
                    // JTS allows vertices to repeat.
                    Outcome::Repaired(_, what) if what.starts_with("dropped") && !what.contains(';') => ("kept", true),
                    Outcome::Repaired(..) => ("repaired", false),
                    Outcome::Refused(_, true) => ("refused with its place", false),
                    Outcome::Refused(..) => ("refused", false),
                };
                *counts.entry(kind).or_default() += 1;
                if ours != *valid {
                    match deviations.iter().position(|(f, desc, _)| *f == file && case.desc == *desc) {
                        Some(at) => drop(deviations.swap_remove(at)),
                        None => unexpected.push(format!("{file} | {} | JTS {valid} | {found:?} | {text}", case.desc)),
                    }
                }
            }
        }
    }
    println!("{counts:?}");
    assert!(unexpected.is_empty(), "{} unexpected:\n{}", unexpected.len(), unexpected.join("\n"));
    assert!(deviations.is_empty(), "no longer deviations: {deviations:?}");
}
