//! OpenStreetMap extracts of real places: what the files hold, and what is made of it.

mod common;

use common::shared;
use gridweave::model::{Geometry, Layer, MultiPolygon, Severity, Value};
use gridweave::read::{Options, Reading, Source, read, read_bytes};

fn extract(path: &str) -> Option<Reading> {
    let path = shared(path)?;
    let began = std::time::Instant::now();
    let reading = read(&path, Source::Osm, &Options::default(), &|_, _| {});
    let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    let seconds = began.elapsed().as_secs_f64();
    let buildings = imported(&reading, Layer::Buildings);
    eprintln!(
        "{}: {seconds:.3} s, {:.1} MB/s, {:.0} buildings/s",
        path.display(),
        size as f64 / 1e6 / seconds,
        buildings as f64 / seconds
    );
    assert!(!reading.has_errors(), "{:#?}", reading.problems);
    normal(&reading);
    Some(reading)
}

fn imported(reading: &Reading, layer: Layer) -> usize {
    reading.features.iter().filter(|(of, _)| *of == layer).count()
}

fn counts<const N: usize>(reading: &Reading, kinds: [&str; N]) -> [u64; N] {
    kinds.map(|kind| reading.counts.get(kind).copied().unwrap_or_default())
}

/// Every area is in the model's normal form.
fn normal(reading: &Reading) {
    for (layer, record) in &reading.features {
        assert_eq!(record.id, 0);
        assert_eq!(record.values.len(), layer.fields().len());
        if let Geometry::Area(MultiPolygon(parts)) = &record.geometry {
            assert!(!parts.is_empty());
            for part in parts {
                assert!(part.outer.doubled_area() > 0);
                assert!(part.holes.iter().all(|hole| hole.doubled_area() < 0));
                assert!(part.rings().all(|ring| ring.0.len() >= 3 && ring.edges().all(|(a, b)| a != b)));
            }
        }
    }
}

const BUILDINGS: [&str; 3] = ["building ways", "building relations", "building nodes"];

#[test]
fn monaco() {
    let Some(reading) = extract("data/maps/osm/monaco.osm.pbf") else { return };
    assert_eq!(counts(&reading, BUILDINGS), [1183, 24, 1]);
    assert_eq!(imported(&reading, Layer::Buildings), 1183 + 24, "the node has no footprint");
    assert_eq!(counts(&reading, ["highway ways", "named highway ways"]), [2379, 724]);
    assert_eq!(counts(&reading, ["cameras", "surveillance nodes with direction"]), [10, 3]);
    assert_eq!(imported(&reading, Layer::Cameras), 10);
    let looking = reading
        .features
        .iter()
        .filter(|(layer, record)| *layer == Layer::Cameras && *record.get(Layer::Cameras, "direction") != Value::Null);
    assert_eq!(looking.count(), 3);
    assert!(reading.problems.iter().any(|p| p.code == "building-without-outline" && p.severity == Severity::Note));
    let floors = |record: &gridweave::model::Record| *record.get(Layer::Buildings, "floors") != Value::Null;
    let with_floors = reading.features.iter().filter(|(layer, record)| *layer == Layer::Buildings && floors(record));
    assert_eq!(with_floors.count(), 101);
}

#[test]
fn munich() {
    let Some(reading) = extract("data/patrol/osm/munchen-centre.osm.pbf") else { return };
    assert_eq!(counts(&reading, BUILDINGS), [2372, 53, 8]);
    assert_eq!(imported(&reading, Layer::Buildings), 2372 + 53);
    assert_eq!(counts(&reading, ["highway ways", "cameras", "surveillance nodes with direction"]), [2959, 209, 59]);
    assert_eq!(imported(&reading, Layer::Cameras), 209);
}

/// The file has 9,000 elements with `building`: 8,991 ways and one `building=no`, 6 relations, 3 nodes. Of the ways two are
/// open and one is the outline of a relation that is tagged too; of the relations one lacks its type.
#[test]
fn liechtenstein() {
    let Some(reading) = extract("data/maps/osm/liechtenstein-2015.osm.pbf") else { return };
    assert_eq!(counts(&reading, BUILDINGS), [8991, 5, 3]);
    assert_eq!(counts(&reading, ["building relations of another type"]), [1]);
    assert_eq!(imported(&reading, Layer::Buildings), 8991 - 2 - 1 + 5);
    assert_eq!(counts(&reading, ["highway ways", "named highway ways"]), [4660, 1933]);
    assert_eq!(imported(&reading, Layer::Subdistricts), 11, "the communes");
    assert_eq!(imported(&reading, Layer::Districts), 2, "Oberland and Unterland");
}

#[test]
fn tsinghua() {
    let Some(reading) = extract("data/maps/osm/beijing-tsinghua-2017.osm") else { return };
    assert_eq!(counts(&reading, BUILDINGS), [520, 1, 8]);
    assert_eq!(imported(&reading, Layer::Buildings), 521);
    assert_eq!(counts(&reading, ["highway ways", "named highway ways", "cameras"]), [684, 99, 0]);
}

#[test]
fn philadelphia() {
    let Some(reading) = extract("data/maps/osm/philadelphia-temple-2019.osm") else { return };
    assert_eq!(counts(&reading, BUILDINGS).iter().sum::<u64>(), 282);
    assert_eq!(counts(&reading, ["highway ways", "named highway ways"]), [710, 324]);
}

#[test]
fn files_that_cannot_be_read_say_why() {
    for (path, code) in [
        ("data/maps/nasty/planetiler/monaco-latest.lz4.osm.pbf", "pbf-damaged"),
        ("data/maps/nasty/planetiler/shapefile.zip", "not-osm"),
        ("data/maps/cn-grid/hangzhou-xiacheng-grids.geojson", "not-osm"),
    ] {
        let Some(path) = shared(path) else { return };
        let reading = read(&path, Source::Osm, &Options::default(), &|_, _| {});
        assert!(reading.features.is_empty() && reading.has_errors(), "{}", path.display());
        assert_eq!(reading.problems[0].code, code, "{}", reading.problems[0]);
        assert!(!reading.problems[0].remedy.is_empty());
    }
    let nowhere = read(std::path::Path::new("no/such/file.osm"), Source::Osm, &Options::default(), &|_, _| {});
    assert_eq!(nowhere.problems[0].code, "file-unreadable");
}

fn tiny(body: &str) -> Reading {
    let text = format!("<?xml version='1.0'?><osm version='0.6'>{body}</osm>");
    read_bytes("tiny.osm", text.as_bytes(), Source::Osm, &Options::default(), &|_, _| {})
}

/// Nodes `1`.. at the corners of squares: `n(x, y)` is node `10 x + y + 1` at 0.001 x, 0.001 y degrees.
fn nodes() -> String {
    let mut text = String::new();
    for x in 0..10 {
        for y in 0..10 {
            let id = 10 * x + y + 1;
            text += &format!("<node id='{id}' lon='{}' lat='{}'/>", f64::from(x) / 1e3, f64::from(y) / 1e3);
        }
    }
    text
}

fn way(id: i64, corners: &[(i64, i64)], tags: &str) -> String {
    let refs: String = corners.iter().map(|(x, y)| format!("<nd ref='{}'/>", 10 * x + y + 1)).collect();
    let tags: String = tags
        .split_whitespace()
        .filter_map(|tag| tag.split_once('='))
        .map(|(key, value)| format!("<tag k='{key}' v='{value}'/>"))
        .collect();
    format!("<way id='{id}'>{refs}{tags}</way>")
}

const SQUARE: [(i64, i64); 5] = [(0, 0), (5, 0), (5, 5), (0, 5), (0, 0)];
const COURT: [(i64, i64); 5] = [(1, 1), (2, 1), (2, 2), (1, 2), (1, 1)];

fn relation(tags: &str) -> String {
    let tags: String = tags
        .split_whitespace()
        .filter_map(|tag| tag.split_once('='))
        .map(|(key, value)| format!("<tag k='{key}' v='{value}'/>"))
        .collect();
    format!(
        "<relation id='7'><member type='way' ref='1' role='outer'/><member type='way' ref='2' role='inner'/>{tags}</relation>"
    )
}

#[test]
fn a_building_with_a_court_is_one_building_however_it_is_tagged() {
    for (outer, rel) in [
        ("", "type=multipolygon building=yes"),
        ("building=yes", "type=multipolygon building=yes"),
        ("building=yes", "type=multipolygon"),
    ] {
        let reading = tiny(&(nodes() + &way(1, &SQUARE, outer) + &way(2, &COURT, "") + &relation(rel)));
        assert_eq!(imported(&reading, Layer::Buildings), 1, "{outer} / {rel}: {:?}", reading.problems);
        let Geometry::Area(area) = &reading.features[0].1.geometry else { panic!("an area") };
        assert_eq!(area.0[0].holes.len(), 1, "{outer} / {rel}");
    }
    let reading = tiny(
        &(nodes()
            + &way(1, &SQUARE, "")
            + &way(2, &COURT, "building=house")
            + &relation("type=multipolygon building=yes")),
    );
    assert_eq!(imported(&reading, Layer::Buildings), 2, "a house in the court is its own");
}

#[test]
fn a_crossing_outline_is_left_out_and_its_place_named() {
    let bowtie = [(0, 0), (5, 5), (5, 0), (0, 5), (0, 0)];
    let reading = tiny(&(nodes() + &way(1, &bowtie, "building=yes") + &way(2, &COURT, "building=yes")));
    assert_eq!(imported(&reading, Layer::Buildings), 1);
    let problem = reading.problems.iter().find(|p| p.code == "ring-self-crosses").expect("told");
    assert_eq!((problem.severity, problem.feature.as_str()), (Severity::Warning, "way 1"));
    assert!(problem.message.contains("0.0025000, 0.0025000"), "{}", problem.message);
}

#[test]
fn a_building_reads_its_tags() {
    let tags = "building=apartments building:levels=6 height=18.5m name=甲楼 addr:street=长庆街 addr:housenumber=12号";
    let reading = tiny(&(nodes() + &way(1, &SQUARE, tags)));
    let record = &reading.features[0].1;
    let get = |name: &str| record.get(Layer::Buildings, name).clone();
    assert_eq!(get("kind"), Value::Text("residential".into()));
    assert_eq!(get("floors"), Value::Integer(6));
    assert_eq!(get("height"), Value::Real(18.5));
    assert_eq!(get("name"), Value::Text("甲楼".into()));
    assert_eq!(get("address"), Value::Text("长庆街12号".into()));
    assert_eq!(get("households"), Value::Null);
}

#[test]
fn a_street_reads_its_tags() {
    let line = [(0, 0), (5, 0)];
    let table = [
        ("highway=primary_link oneway=yes bridge=yes", ["primary", "usual", "usual", "forward"], 1),
        ("highway=steps foot=designated", ["footway", "yes", "usual", "no"], 0),
        ("highway=living_street bicycle=dismount oneway=-1", ["residential", "usual", "no", "backward"], 0),
        ("highway=residential junction=roundabout", ["residential", "usual", "usual", "forward"], 0),
        ("highway=motorway tunnel=yes", ["motorway", "usual", "usual", "forward"], -1),
        ("highway=service tunnel=building_passage", ["service", "usual", "usual", "no"], 0),
    ];
    for (tags, words, level) in table {
        let reading = tiny(&(nodes() + &way(1, &line, tags)));
        let record = &reading.features.first().unwrap_or_else(|| panic!("{tags}")).1;
        let get = |name: &str| record.get(Layer::Streets, name).clone();
        let texts = ["class", "foot", "bicycle", "oneway"].map(&get);
        assert_eq!(texts, words.map(|word| Value::Text(word.into())), "{tags}");
        assert_eq!(get("level"), Value::Integer(level), "{tags}");
    }
    for tags in ["highway=construction", "highway=platform", "highway=pedestrian area=yes"] {
        assert_eq!(imported(&tiny(&(nodes() + &way(1, &SQUARE, tags))), Layer::Streets), 0, "{tags}");
    }
}

#[test]
fn ways_beyond_the_extract_keep_what_is_there() {
    let cut = "<way id='9'><nd ref='1'/><nd ref='11'/><nd ref='999'/><nd ref='21'/><nd ref='31'/>\
               <tag k='highway' v='residential'/></way>";
    let reading = tiny(&(nodes() + cut));
    assert_eq!(imported(&reading, Layer::Streets), 2);
    assert!(reading.problems.iter().any(|p| p.code == "cut-by-extract" && p.feature == "way 9"));
    let many: String = (0..30).map(|i| cut.replace("id='9'", &format!("id='{}'", 100 + i))).collect();
    let reading = tiny(&(nodes() + &many));
    assert_eq!(reading.problems.iter().filter(|p| p.code == "cut-by-extract").count(), 1, "told in one line");
}

#[test]
fn cameras_look_where_their_tags_say() {
    let camera = |tags: &str| {
        let tags: String = tags
            .split_whitespace()
            .filter_map(|tag| tag.split_once('='))
            .map(|(key, value)| format!("<tag k='{key}' v='{value}'/>"))
            .collect();
        tiny(&format!("<node id='1' lon='11.5' lat='48.1'><tag k='man_made' v='surveillance'/>{tags}</node>"))
    };
    let reading = camera("camera:type=panning camera:direction=90;NW camera:angle=15 height=4.5 operator=Stadt");
    let record = &reading.features[0].1;
    let get = |name: &str| record.get(Layer::Cameras, name).clone();
    assert_eq!(get("kind"), Value::Text("ptz".into()));
    assert_eq!(get("direction"), Value::Text("90;315".into()));
    assert_eq!(get("angle"), Value::Null, "camera:angle is the tilt");
    assert_eq!(get("height"), Value::Real(4.5));
    assert_eq!(get("owner"), Value::Text("Stadt".into()));
    let reading = camera("direction=90-180");
    assert_eq!(reading.features[0].1.get(Layer::Cameras, "angle"), &Value::Real(90.0));
    assert_eq!(imported(&camera("surveillance:type=guard"), Layer::Cameras), 0);
    let reading = camera("camera:direction=inwards");
    assert!(
        reading.problems.iter().any(|p| p.code == "value-unreadable" && p.message.contains("camera:direction=inwards"))
    );
}
