//! Files of a real district whose datum nobody states: found by evidence against what the city knows, or refused.

mod common;

use common::shared;
use gridweave::model::{Geometry, Layer, World};
use gridweave::read::datum::Crs;
use gridweave::read::evidence::{How, Known};
use gridweave::read::{Options, Reading, Source, read};
use std::collections::BTreeMap;
use std::sync::Arc;

const GRIDS: &str = "data/maps/cn-grid/hangzhou-xiacheng-grids.geojson";
const COMMUNITIES: &str = "data/maps/cn-grid/hangzhou-xiacheng-communities.geojson";
const OUTLINE: &str = "data/maps/cn-admin/district-outlines/330103.json";

fn of(file: &str, layer: Layer, options: &Options) -> Option<Reading> {
    Some(read(&shared(file)?, Source::Layer(layer), options, &|_, _| {}))
}

fn stated(crs: Crs) -> Options {
    Options { crs: Some(crs), ..Options::default() }
}

/// A city that holds one file, and what it knows.
fn knowing(file: &str, layer: Layer, crs: Crs) -> Option<Options> {
    let mut world = World::default();
    for (layer, record) in of(file, layer, &stated(crs))?.features {
        world.put(layer, &record).expect("a record that was read");
    }
    Some(Options { known: Some(Arc::new(Known::of(&world).expect("places"))), ..Options::default() })
}

/// Vertices of each code, to compare two readings of one layer.
fn by_code(reading: &Reading, layer: Layer) -> BTreeMap<String, Vec<(i32, i32)>> {
    let mut found = BTreeMap::new();
    for (_, record) in &reading.features {
        let Geometry::Area(area) = &record.geometry else { panic!("an area") };
        let mut vertices: Vec<(i32, i32)> = area.rings().flat_map(|ring| ring.0.iter().map(|c| (c.x, c.y))).collect();
        vertices.sort_unstable();
        found.insert(format!("{:?}", record.get(layer, "code")), vertices);
    }
    found
}

/// The farthest that any vertex lies from its like, in units; vertices are compared in sorted order.
fn farthest(a: &Reading, b: &Reading) -> i32 {
    let (a, b) = (by_code(a, Layer::Grids), by_code(b, Layer::Grids));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    let mut worst = 0;
    for (one, other) in a.values().zip(b.values()) {
        assert_eq!(one.len(), other.len());
        for (p, _) in one.iter().zip(other) {
            let near = other.iter().map(|q| (p.0 - q.0).abs().max((p.1 - q.1).abs())).min().expect("vertices");
            worst = worst.max(near);
        }
    }
    worst
}

#[test]
fn grids_find_their_datum_against_communities_and_against_a_mere_outline() {
    let Some(truth) = of(GRIDS, Layer::Grids, &stated(Crs::Wgs84)) else { return };
    let communities = knowing(COMMUNITIES, Layer::Communities, Crs::Wgs84).expect("the same folder");
    let outline = knowing(OUTLINE, Layer::Districts, Crs::Gcj02).expect("the same folder");
    let files = [
        ("grids-gcj02-undeclared", Crs::Gcj02, false),
        ("grids-bd09-undeclared", Crs::Bd09, false),
        ("grids-swapped-latlon", Crs::Wgs84, true),
    ];
    for (file, crs, swapped) in files {
        let path = format!("data/maps/nasty/derived/{file}.geojson");
        let reading = of(&path, Layer::Grids, &communities).expect("the same folder");
        let verdict = reading.datum.clone().expect("a verdict");
        assert_eq!((verdict.crs.clone(), verdict.how), (Some((crs, swapped)), How::Detected), "{}", verdict.told());
        assert!(reading.problems.iter().any(|p| p.code == "crs-detected" && p.message.contains("known lines")));
        assert!(farthest(&truth, &reading) <= 1, "{file}: on the communities' ground");

        // A bare outline shows it less well: found rightly or refused, never taken wrongly.
        let reading = of(&path, Layer::Grids, &outline).expect("the same folder");
        let verdict = reading.datum.clone().expect("a verdict");
        println!("{file} against the outline: {:?} {}", verdict.crs, verdict.told());
        match verdict.how {
            How::Detected => assert!(farthest(&truth, &reading) <= 1, "{file}: {}", verdict.told()),
            _ => assert!(reading.has_errors() && reading.features.is_empty(), "{file}: refused"),
        }
    }
}

#[test]
fn what_a_format_prescribes_gives_way_to_evidence_and_stands_without() {
    let Some(alone) = of("data/maps/nasty/derived/grids-gcj02-undeclared.geojson", Layer::Grids, &Options::default())
    else {
        return;
    };
    assert_eq!(alone.datum.as_ref().map(|verdict| verdict.how), Some(How::Prescribed));
    assert!(alone.problems.iter().any(|p| p.code == "crs-assumed" && p.remedy.contains("gcj02")));
    let communities = knowing(COMMUNITIES, Layer::Communities, Crs::Wgs84).expect("the same folder");
    let right = of(GRIDS, Layer::Grids, &communities).expect("the same folder");
    let verdict = right.datum.expect("a verdict");
    assert_eq!(verdict.crs, Some((Crs::Wgs84, false)), "{}", verdict.scores.len());
}

#[test]
fn a_declared_datum_that_cannot_be_right_is_doubted() {
    let Some(communities) = knowing(COMMUNITIES, Layer::Communities, Crs::Wgs84) else { return };
    let path = shared("data/maps/nasty/derived/grids-bd09-undeclared.geojson").expect("the same folder");
    let text = String::from_utf8(std::fs::read(path).expect("readable")).expect("UTF-8");
    let crs = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4490"}},"#;
    let lying = text.replacen('{', &format!("{{{crs}"), 1);
    let source = Source::Layer(Layer::Grids);
    let reading = gridweave::read::read_bytes("lying.geojson", lying.as_bytes(), source, &communities, &|_, _| {});
    assert_eq!(reading.datum.as_ref().map(|verdict| verdict.how), Some(How::Declared));
    let doubt = reading.problems.iter().find(|p| p.code == "crs-doubtful").expect("told");
    assert!(doubt.remedy.contains("--crs bd09"), "{doubt}");
}
