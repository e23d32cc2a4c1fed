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

/// A polygon or multipolygon of a well-known text as GeoJSON, its numbers as thousands of units of 1e-7 degree, or less
/// where the world would be too small. Members that are EMPTY are left out; `None` when nothing remains.
fn area_of_text(text: &str) -> Option<Value> {
    let polygons: Vec<wkt::types::Polygon<f64>> = match text.trim().parse::<Wkt<f64>>().ok()? {
        Wkt::Polygon(polygon) => vec![polygon],
        Wkt::MultiPolygon(many) => many.polygons().to_vec(),
        _ => return None,
    };
    let lines = || polygons.iter().flat_map(|polygon| polygon.rings()).flat_map(|line| line.coords());
    let largest = lines().map(|c| c.x.abs().max(c.y.abs())).fold(0.0, f64::max);
    // Most cases are drawn on a grid of ten: a thousand units keep their shapes apart.
    let scale = (8e8 / largest).floor().min(1000.0);
    let ring = |line: &wkt::types::LineString<f64>| -> Value {
        line.coords().iter().map(|c| json!([c.x * scale / 1e7, c.y * scale / 1e7])).collect()
    };
    let rings = |polygon: &wkt::types::Polygon<f64>| -> Vec<Value> {
        polygon.rings().iter().filter(|line| !line.coords().is_empty()).map(ring).collect()
    };
    let parts: Vec<Vec<Value>> = polygons.iter().map(rings).filter(|rings| !rings.is_empty()).collect();
    (!parts.is_empty() && scale >= 1.0).then(|| json!({"type": "MultiPolygon", "coordinates": parts}))
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

/// Rings may touch themselves and each other at single points, even where that parts the ground: official outlines do,
/// which ground is meant is never in doubt, and the weave takes such ground apart where it must be in pieces.
const TOUCH: &str = "touches at points only";
/// Parts of one place may share a border: official plans list a grid's pieces as they stand on its sheets.
const BORDER: &str = "parts that share a border";

/// Where we keep what JTS calls invalid, and why. Nothing that JTS calls valid is refused or repaired.
const DEVIATIONS: [(&str, &str, &str); 19] = [
    ("general/TestValid", "A - shell touches hole without crossing it, but does so twice (invalid)", TOUCH),
    ("general/TestValid", "A - holel touches hole without crossing it, but does so twice (invalid)", TOUCH),
    ("general/TestValid", "A - hole touches shell at two points", TOUCH),
    ("general/TestValid", "A - hole self-intersects", TOUCH),
    ("general/TestValid", "A - shell self-touches at vertex", TOUCH),
    ("general/TestValid", "A - shell self-touches at non-vertex", TOUCH),
    ("general/TestValid", "A - chain of holes surrounds an island inside the polygon", TOUCH),
    ("general/TestValid", "A - chain of holes splits polygon in two (touching at vertices)", TOUCH),
    ("general/TestValid", "A - chain of holes splits polygon in two (touching at non-vertex)", TOUCH),
    ("general/TestValid", "A - one holes touches another at all vertices", TOUCH),
    ("general/TestValid", "A - one holes touches another at several vertices", TOUCH),
    ("general/TestValid", "A - hole disconnects interiors", TOUCH),
    ("general/TestValid", "mA - adjacent shells (shared vertices)", BORDER),
    ("general/TestValid", "mA - adjacent shells (different vertices)", BORDER),
    ("general/TestValid2", "Test 20", TOUCH),
    ("general/TestValid2", "Test 22", TOUCH),
    ("general/TestValid2", "Test 226", BORDER),
    ("general/TestValid2", "Test 227", BORDER),
    ("general/TestValid2", "Test 395", TOUCH),
];

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
                let Some(geometry) = area_of_text(text) else {
                    *counts.entry("empty, no number, or larger than the world").or_default() += 1;
                    continue;
                };
                let found = outcome(&geometry);
                let (kind, ours) = match &found {
                    Outcome::Kept(_) => ("kept", true),
                    // JTS allows vertices to repeat.
                    Outcome::Repaired(_, what) if what.ends_with("repeated vertices") => ("kept", true),
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

/// Single defects on the ground of Hangzhou: what becomes of each, and how much ground remains (of the 123.45 x 111 m of
/// the whole square, as a part).
#[test]
fn each_defect_has_its_outcome() {
    let expected: [(&str, &str, f64, &str); 15] = [
        (
            "bowtie",
            "repaired",
            0.5,
            "split the outline where it crossed itself, 1 times; 2666.76 m² had run the other way",
        ),
        ("clockwise-shell", "kept", 1.0, ""),
        ("duplicate-vertices", "repaired", 1.0, "dropped 2 repeated vertices"),
        ("empty-polygon", "coordinates-malformed", 0.0, ""),
        ("figure-eight-touch", "kept", 2.0, ""),
        ("hole-outside-shell", "hole-outside", 0.0, ""),
        ("hole-touches-shell-line", "repaired", 0.75, "took 1 holes that ran along a border off the ground"),
        ("huge-coordinates", "coordinates-out-of-range", 0.0, ""),
        ("nested-holes", "hole-in-hole", 0.0, ""),
        ("self-touching-ring", "kept", 3.0, ""),
        ("sliver-1e-9", "ring-without-area", 0.0, ""),
        ("two-points", "ring-without-area", 0.0, ""),
        ("unclosed-ring", "repaired", 1.0, "closed a ring that did not end where it began, 110.86 m"),
        ("z-and-m", "kept", 1.0, ""),
        ("zero-area", "ring-without-area", 0.0, ""),
    ];
    for (name, kind, parts, told) in expected {
        let Some(path) = shared(&format!("data/maps/nasty/derived/geometry/{name}.geojson")) else { return };
        let file: Value = serde_json::from_slice(&std::fs::read(path).expect("readable")).expect("JSON");
        let (found, area, message) = match outcome(&file["features"][0]["geometry"]) {
            Outcome::Kept(area) => ("kept".to_owned(), area.doubled_area(), String::new()),
            Outcome::Repaired(area, what) => ("repaired".to_owned(), area.doubled_area(), what),
            Outcome::Refused(code, _) => (code, 0, String::new()),
        };
        assert_eq!((found.as_str(), area as f64 / 2e8), (kind, parts), "{name}: {message}");
        assert!(message.starts_with(told), "{name}: {message}");
    }
}

/// The operands of clipping libraries' tests: what is no area by itself is repaired or refused, by file and feature.
#[test]
fn operands_of_clipping_libraries() {
    let Some(folder) = shared("data/maps/nasty/booleanop") else { return };
    let mut told: Vec<String> = Vec::new();
    let mut kept = 0;
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    for path in paths {
        let file: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        // Operands first; what follows are expected results, made by a program and not drawn by hand.
        for (i, feature) in file["features"].as_array().expect("features").iter().enumerate().take(2) {
            let geometry = on_the_ground(&feature["geometry"]);
            match outcome(&geometry) {
                Outcome::Kept(_) => kept += 1,
                Outcome::Repaired(area, what) => {
                    assert!(area.doubled_area() > 0);
                    let verb = what.split(' ').next().unwrap_or_default();
                    told.push(format!("{name} {}: {verb}, {} parts", i + 1, area.0.len()));
                }
                Outcome::Refused(code, placed) => told.push(format!("{name} {}: {code} {placed}", i + 1)),
            }
        }
    }
    println!("{kept} kept\n{}", told.join("\n"));
    let expected = [
        "daef_cross_selfintersecting 1: hole-outside true",
        "daef_cross_selfintersecting 2: hole-outside true",
        "daef_holed_rectangle2 2: cut, 1 parts",
        "daef_polygonwithholes_holed 1: hole-in-hole true",
        "daef_polygonwithholes_holed 2: cut, 1 parts",
        "fatal1 2: ring-without-area true",
        "hourglasses 1: split, 2 parts",
        "hourglasses 2: split, 2 parts",
        "issue68 1: dropped, 1 parts",
        "issue71 1: parts-overlap true",
        "issue76 1: closed, 1 parts",
        "issue76 2: closed, 1 parts",
        "issue93 1: joined, 1 parts",
        "issue96 1: hole-outside true",
        "rust_issue12 1: cut, 6 parts",
    ];
    assert_eq!((kept, told.iter().map(String::as_str).collect::<Vec<_>>()), (75, expected.to_vec()));
}

/// The same shape within a degree of the equator, at most 1e6 units wide, on whole units where it was on whole numbers.
fn on_the_ground(geometry: &Value) -> Value {
    fn numbers(value: &Value, found: &mut Vec<f64>) {
        match value {
            Value::Array(list) => list.iter().for_each(|value| numbers(value, found)),
            number => found.extend(number.as_f64()),
        }
    }
    fn scaled(value: &Value, scale: f64) -> Value {
        match value {
            Value::Array(list) => list.iter().map(|value| scaled(value, scale)).collect(),
            number => json!(number.as_f64().unwrap_or_default() * scale / 1e7),
        }
    }
    let mut found = Vec::new();
    numbers(&geometry["coordinates"], &mut found);
    let largest = found.iter().fold(0.0f64, |largest, n| largest.max(n.abs()));
    let scale = 10f64.powf((1e6 / largest).log10().floor());
    json!({"type": geometry["type"], "coordinates": scaled(&geometry["coordinates"], scale)})
}
