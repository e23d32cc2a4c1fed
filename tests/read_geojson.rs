//! GeoJSON as districts have it: real grids, real estates, and every way a file can be wrong.

mod common;

use common::estates::xiacheng_estates;
use common::shared;
use gridweave::model::{Coord, Geometry, Layer, MultiPolygon, Problem, Record, Severity, Value};
use gridweave::read::datum::{Crs, Datum};
use gridweave::read::{Options, Reading, Source, read, read_bytes};
use serde_json::json;
use std::path::Path;

fn open(path: &Path, layer: Layer, options: &Options) -> Reading {
    read(path, Source::Layer(layer), options, &|done, total| assert!(done <= total))
}

fn as_layer(path: &str, layer: Layer, options: &Options) -> Option<Reading> {
    Some(open(&shared(path)?, layer, options))
}

fn text(json: &serde_json::Value, layer: Layer, options: &Options) -> Reading {
    read_bytes("test.geojson", json.to_string().as_bytes(), Source::Layer(layer), options, &|_, _| {})
}

fn wgs84() -> Options {
    Options { crs: Some(Crs::Wgs84), map: Vec::new(), ..Options::default() }
}

fn told<'r>(reading: &'r Reading, code: &str) -> Vec<&'r Problem> {
    reading.problems.iter().filter(|problem| problem.code == code).collect()
}

fn codes(reading: &Reading) -> Vec<&str> {
    reading.problems.iter().filter(|p| p.severity != Severity::Note).map(|p| p.code.as_str()).collect()
}

fn area(record: &Record) -> &MultiPolygon {
    match &record.geometry {
        Geometry::Area(area) => area,
        other => panic!("an area, not {other:?}"),
    }
}

const GRIDS: &str = "data/maps/cn-grid/hangzhou-xiacheng-grids.geojson";

#[test]
fn xiacheng_grids_have_169_polygons_and_164_codes() {
    let Some(reading) = as_layer(GRIDS, Layer::Grids, &wgs84()) else { return };
    assert!(!reading.has_errors(), "{:#?}", reading.problems);
    assert_eq!(reading.counts["features"], 169);
    assert_eq!(reading.features.len(), 164);
    let parts: usize = reading.features.iter().map(|(_, record)| area(record).0.len()).sum();
    assert_eq!(parts, 168, "one polygon is a sliver 1.5 mm wide, gone at 1e-7 degree");
    let joined = told(&reading, "multi-part");
    assert_eq!(joined.len(), 4, "{joined:#?}");
    assert_eq!(joined.iter().filter(|p| p.message.contains("ZH-7-5") && p.message.contains("no area")).count(), 1);
    let slivers = told(&reading, "sliver-dropped");
    assert_eq!(slivers.len(), 1);
    assert!(slivers[0].feature == "feature 61" && slivers[0].message.contains("ZH-7-5"), "{}", slivers[0]);
    let first = &reading.features[0].1;
    assert_eq!(first.get(Layer::Grids, "code"), &Value::Text("CM-8-2".into()));
    assert_eq!(first.get(Layer::Grids, "name"), &Value::Text("潮鸣街道刀茅巷社区刀茅巷社区第二网格".into()));
}

#[test]
fn xiacheng_levels() {
    let file = |name: &str| format!("data/maps/cn-grid/hangzhou-xiacheng-{name}.geojson");
    let map = |field: &str, column: &str| Options { map: vec![(field.into(), column.into())], ..wgs84() };
    let Some(communities) = as_layer(&file("communities"), Layer::Communities, &wgs84()) else { return };
    let mapped = as_layer(&file("communities"), Layer::Communities, &map("parent", "街道编码")).expect("there");
    assert_eq!(communities.features, mapped.features, "the parent's column is known by its name");
    assert_eq!((communities.features.len(), codes(&communities)), (41, vec![]));
    assert_eq!(communities.features[0].1.get(Layer::Communities, "parent"), &Value::Text("CM".into()));
    let Some(streets) = as_layer(&file("streets"), Layer::Subdistricts, &wgs84()) else { return };
    assert_eq!((streets.features.len(), codes(&streets)), (5, vec![]));
    let Some(roads) = as_layer(&file("main-roads"), Layer::Streets, &wgs84()) else { return };
    assert_eq!(roads.features[0].1.get(Layer::Streets, "name"), &Value::Text("环城东路".into()));
}

#[test]
fn the_datum_is_never_assumed_in_silence() {
    let Some(assumed) = as_layer(GRIDS, Layer::Grids, &Options::default()) else { return };
    assert_eq!(told(&assumed, "crs-assumed").len(), 1);
    assert_eq!(assumed.features.len(), 164);
    let file = "data/maps/nasty/derived/grids-epsg3857-crs-member.geojson";
    let Some(member) = as_layer(file, Layer::Grids, &Options::default()) else { return };
    assert!(told(&member, "crs-assumed").is_empty());
    let furthest = worst(&assumed, &member);
    assert!(furthest <= 1, "the file's own crs member is honoured: {furthest} units");
    let stated = as_layer(file, Layer::Grids, &wgs84()).expect("there");
    assert_eq!(told(&stated, "crs-overridden").len(), 1);
    assert!(told(&stated, "coordinates-out-of-range")[0].remedy.contains("metres"), "{:?}", stated.problems);
}

/// The furthest that two readings of one layer lie apart, in units of 1e-7 degree; vertices in the same order.
fn worst(a: &Reading, b: &Reading) -> i32 {
    assert_eq!(a.features.len(), b.features.len());
    let mut worst = 0;
    for ((_, a), (_, b)) in a.features.iter().zip(&b.features) {
        let vertices = |record: &Record| area(record).rings().flat_map(|ring| ring.0.clone()).collect::<Vec<Coord>>();
        let (a, b) = (vertices(a), vertices(b));
        assert_eq!(a.len(), b.len());
        for (p, q) in a.iter().zip(&b) {
            worst = worst.max((p.x - q.x).abs()).max((p.y - q.y).abs());
        }
    }
    worst
}

#[test]
fn chinese_datums_come_back_to_the_place() {
    let Some(truth) = as_layer(GRIDS, Layer::Grids, &wgs84()) else { return };
    for (file, crs) in [("grids-gcj02-undeclared", Crs::Gcj02), ("grids-bd09-undeclared", Crs::Bd09)] {
        let options = Options { crs: Some(crs.clone()), map: Vec::new(), ..Options::default() };
        let file = format!("data/maps/nasty/derived/{file}.geojson");
        let Some(reading) = as_layer(&file, Layer::Grids, &options) else { return };
        let furthest = worst(&truth, &reading);
        assert!(furthest <= 1, "{crs}: {furthest} units of 1.1 cm");
    }
}

/// The outlines of a shapefile of polygons (ESRI 1998): enough for this one file.
fn shapefile_polygons(bytes: &[u8]) -> Vec<Vec<Vec<[f64; 2]>>> {
    let int = |at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
    let real = |at: usize| f64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let (mut at, mut shapes) = (100, Vec::new());
    while at < bytes.len() {
        let words = i32::from_be_bytes(bytes[at + 4..at + 8].try_into().expect("four bytes")) as usize;
        let body = at + 8;
        assert_eq!(int(body), 5, "a polygon");
        let (parts, points) = (int(body + 36), int(body + 40));
        let starts: Vec<usize> = (0..parts).map(|i| int(body + 44 + 4 * i)).chain([points]).collect();
        let base = body + 44 + 4 * parts;
        let point = |i: usize| [real(base + 16 * i), real(base + 16 * i + 8)];
        shapes.push(starts.windows(2).map(|w| (w[0]..w[1]).map(point).collect()).collect());
        at = body + 2 * words;
    }
    shapes
}

#[test]
fn cgcs2000_gauss_krueger_grids_lie_where_the_degrees_do() {
    let Some(path) = shared("data/maps/nasty/derived/cgcs2000-gk-cm120/grids.shp") else { return };
    let shapes = shapefile_polygons(&std::fs::read(path).expect("readable"));
    assert_eq!(shapes.len(), 169);
    let features: Vec<_> = shapes
        .iter()
        .enumerate()
        .map(|(i, rings)| {
            json!({"type": "Feature", "properties": {"code": if i == 60 { "G59".to_owned() } else { format!("G{i}") }},
                   "geometry": {"type": "Polygon", "coordinates": rings}})
        })
        .collect();
    // Central meridian 120 is zone 40: EPSG 4509 + 40.
    let options = Options { crs: Some(Crs::Epsg(4549)), map: Vec::new(), ..Options::default() };
    let metres = text(&json!({"type": "FeatureCollection", "features": features}), Layer::Grids, &options);
    assert!(!metres.has_errors(), "{:#?}", metres.problems);
    let truth: serde_json::Value =
        serde_json::from_slice(&std::fs::read(shared(GRIDS).expect("there")).expect("readable")).expect("JSON");
    let mut furthest = 0.0_f64;
    let whole = truth["features"].as_array().expect("features").iter().enumerate().filter(|(i, _)| *i != 60);
    for ((_, record), (_, feature)) in metres.features.iter().zip(whole) {
        let outer = &area(record).0[0].outer.0;
        for position in feature["geometry"]["coordinates"][0].as_array().expect("a ring") {
            let (lon, lat) = (position[0].as_f64().expect("x"), position[1].as_f64().expect("y"));
            let near = outer.iter().map(|c| (c.lon() - lon).abs().max((c.lat() - lat).abs()));
            furthest = furthest.max(near.fold(f64::MAX, f64::min));
        }
    }
    assert!(furthest < 2e-7, "{furthest} degrees");
}

#[test]
fn files_in_every_wrapping() {
    let Some(truth) = as_layer(GRIDS, Layer::Grids, &wgs84()) else { return };
    let Some(array) = as_layer("data/maps/nasty/derived/grids-array-toplevel.json", Layer::Grids, &wgs84()) else {
        return;
    };
    assert_eq!((array.features.len(), codes(&array)), (20, vec![]));
    for file in ["grids.ndgeojson", "grids-rfc8142.geojsons"] {
        let reading = as_layer(&format!("data/maps/nasty/derived/{file}"), Layer::Grids, &wgs84()).expect("there");
        assert_eq!(reading.features.len(), truth.features.len(), "{file}: {:#?}", reading.problems);
        assert_eq!(worst(&truth, &reading), 0, "{file}");
    }
    for (file, warning) in [
        ("communities-bom-crlf", None),
        ("communities-utf16le", Some("text-encoding")),
        ("communities-gbk", Some("text-encoding")),
    ] {
        let path = format!("data/maps/nasty/derived/{file}.geojson");
        let reading = as_layer(&path, Layer::Communities, &wgs84()).expect("there");
        assert_eq!(reading.features.len(), 41, "{file}");
        assert_eq!(codes(&reading), warning.into_iter().collect::<Vec<_>>(), "{file}");
        let name = reading.features[0].1.get(Layer::Communities, "name");
        assert_eq!(name, &Value::Text("刀茅巷社区".into()), "{file}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place_and_remedy() {
    for (file, code, remedy) in [
        ("grids-truncated.geojson", "json-truncated", "again"),
        ("grids-swapped-latlon.geojson", "coordinates-out-of-range", "swap"),
    ] {
        let Some(reading) = as_layer(&format!("data/maps/nasty/derived/{file}"), Layer::Grids, &wgs84()) else {
            return;
        };
        assert!(reading.features.is_empty() && reading.has_errors(), "{file}");
        let problem = told(&reading, code)[0];
        assert!(problem.remedy.contains(remedy), "{problem}");
    }
    let malformed =
        read_bytes("f", b"{\"type\":\n \"FeatureCollection\",,}", Source::Layer(Layer::Grids), &wgs84(), &|_, _| {});
    assert!(malformed.problems[0].message.contains("line 2, column 22"), "{}", malformed.problems[0]);
    let metres = json!({"type": "Feature", "properties": {"code": "A"}, "geometry": {"type": "Point", "coordinates": [120.1, 30.2]}});
    let options = Options { crs: Some(Crs::Epsg(4549)), map: Vec::new(), ..Options::default() };
    let reading = text(&metres, Layer::Cameras, &options);
    assert!(
        reading.problems[0].remedy.contains("looks like degrees")
            || reading.problems[1].remedy.contains("looks like degrees"),
        "{:?}",
        reading.problems
    );
}

fn square(x: f64, code: serde_json::Value) -> serde_json::Value {
    json!({"type": "Feature", "properties": {"code": code},
           "geometry": {"type": "Polygon", "coordinates": [[[x, 0], [x + 1.0, 0], [x + 1.0, 1], [x, 1], [x, 0]]]}})
}

#[test]
fn one_code_twice_is_two_parts_or_a_fault() {
    let parts = json!([square(0.0, json!("A")), square(5.0, json!("A"))]);
    let reading = text(&parts, Layer::Grids, &wgs84());
    assert_eq!((reading.features.len(), codes(&reading)), (1, vec!["multi-part"]));
    let neighbours = json!([square(0.0, json!("A")), square(1.0, json!("A"))]);
    assert_eq!(codes(&text(&neighbours, Layer::Grids, &wgs84())), ["multi-part"]);
    let doubled = json!([square(0.0, json!("A")), square(0.5, json!("A"))]);
    let reading = text(&doubled, Layer::Grids, &wgs84());
    assert_eq!((reading.features.len(), codes(&reading)), (1, vec!["duplicate-code"]));
}

#[test]
fn values_that_cannot_be_kept_are_told() {
    let reading = text(&json!([square(0.0, json!(5.10104e14))]), Layer::Grids, &wgs84());
    assert_eq!(codes(&reading), ["code-not-text", "field-missing"]);
    assert!(reading.problems[0].remedy.contains("text"));
    let camera = json!({"type": "Feature", "properties": {"type": "枪机", "direction": "up", "height": "4.5 m"},
                        "geometry": {"type": "Point", "coordinates": [1, 1]}});
    let reading = text(&camera, Layer::Cameras, &wgs84());
    assert_eq!(codes(&reading), ["value-unreadable"]);
    let record = &reading.features[0].1;
    assert_eq!(record.get(Layer::Cameras, "kind"), &Value::Text("fixed".into()));
    assert_eq!(record.get(Layer::Cameras, "direction"), &Value::Null);
    assert_eq!(record.get(Layer::Cameras, "height"), &Value::Real(4.5));
    let zone = json!({"type": "Feature", "properties": {"kind": "park", "name": "x"}, "geometry": square(0.0, json!(1))["geometry"]});
    let reading = text(&zone, Layer::Zones, &wgs84());
    assert_eq!((codes(&reading), reading.has_errors()), (vec!["value-unreadable"], true));
    let line = json!({"type": "Feature", "properties": {"name": "x", "code": "L"},
                      "geometry": {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]}});
    assert_eq!(text(&line, Layer::Streets, &wgs84()).features.len(), 2);
    assert_eq!(codes(&text(&line, Layer::Grids, &wgs84())).first(), Some(&"geometry-kind"));
}

#[test]
fn osmnx_and_suzhou_buildings() {
    let Some(tsinghua) = as_layer("data/maps/osm/tsinghua-buildings.geojson", Layer::Buildings, &Options::default())
    else {
        return;
    };
    assert_eq!(tsinghua.features.len(), 626, "{:?}", codes(&tsinghua));
    let Some(suzhou) =
        as_layer("data/maps/buildings/suzhou-gusu-buildings-floors.geojson", Layer::Buildings, &Options::default())
    else {
        return;
    };
    assert_eq!(suzhou.features.len(), 3076, "{:?}", codes(&suzhou));
    assert!(suzhou.features.iter().all(|(_, record)| *record.get(Layer::Buildings, "floors") != Value::Null));
}

/// Whether a point lies in an area: even-odd over its edges, on degrees.
fn holds(area: &MultiPolygon, p: Coord) -> bool {
    let mut inside = false;
    for (a, b) in area.rings().flat_map(|ring| ring.edges().collect::<Vec<_>>()) {
        let ((ax, ay), (bx, by)) = ((a.lon(), a.lat()), (b.lon(), b.lat()));
        if (ay > p.lat()) != (by > p.lat()) && p.lon() < (bx - ax) * (p.lat() - ay) / (by - ay) + ax {
            inside = !inside;
        }
    }
    inside
}

/// BD-09 puts the estates that the table tags 下城 into the district.
#[test]
fn estates_of_xiacheng_lie_in_xiacheng() {
    let Some(estates) = xiacheng_estates() else { return };
    assert_eq!(estates["features"].as_array().map(Vec::len), Some(279));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("compounds.geojson");
    std::fs::write(&file, estates.to_string()).expect("written");
    let reading =
        open(&file, Layer::Compounds, &Options { crs: Some(Crs::Bd09), map: Vec::new(), ..Options::default() });
    assert!(!reading.has_errors(), "{:#?}", reading.problems);
    assert_eq!(reading.features.len(), 279);
    let households: i64 = reading
        .features
        .iter()
        .map(|(_, record)| if let Value::Integer(n) = record.get(Layer::Compounds, "households") { *n } else { 0 })
        .sum();

    let gcj02 = Options { crs: Some(Crs::Gcj02), map: Vec::new(), ..Options::default() };
    let outline =
        as_layer("data/maps/cn-admin/district-outlines/330103.json", Layer::Districts, &gcj02).expect("there");
    assert_eq!(outline.features[0].1.get(Layer::Districts, "code"), &Value::Text("330103".into()));
    let subdistricts =
        as_layer("data/maps/cn-grid/hangzhou-xiacheng-streets.geojson", Layer::Subdistricts, &wgs84()).expect("there");
    let within = |areas: &Reading| {
        let at = |record: &Record| if let Geometry::Point(at) = record.geometry { at } else { panic!("a point") };
        let inside = |p: Coord| areas.features.iter().any(|(_, record)| holds(area(record), p));
        reading.features.iter().filter(|(_, record)| inside(at(record))).count()
    };
    eprintln!(
        "households {households}, in the outline {}, in the five subdistricts {}",
        within(&outline),
        within(&subdistricts)
    );
    assert_eq!(within(&outline), 274);
    assert_eq!(within(&subdistricts), 186);
    assert!(Datum::new(Crs::Bd09).is_ok());
}
