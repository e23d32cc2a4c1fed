//! Estates of the whole of Hangzhou, as two listings have them, imported into one of its districts: nobody says in which
//! datum they are, some stand where a geocoder found nothing, and most lie in other districts.

mod common;

use common::estates::{as_csv, as_xlsx, estate_rows};
use common::shared;
use gridweave::city::import::prepare;
use gridweave::index::Ground;
use gridweave::model::{Geometry, Layer, Profile, Value, World};
use gridweave::read::datum::Crs;
use gridweave::read::evidence::{How, Known};
use gridweave::read::{Options, Reading, Source, read, read_bytes};
use std::sync::Arc;

/// 下城区 without its estates.
fn district() -> Option<World> {
    let layers = [
        ("data/maps/cn-admin/district-outlines/330103.json", Layer::Districts, Crs::Gcj02),
        ("data/maps/cn-grid/hangzhou-xiacheng-streets.geojson", Layer::Subdistricts, Crs::Wgs84),
        ("data/maps/cn-grid/hangzhou-xiacheng-communities.geojson", Layer::Communities, Crs::Wgs84),
        ("data/maps/cn-grid/hangzhou-xiacheng-grids.geojson", Layer::Grids, Crs::Wgs84),
    ];
    let mut world = World::default();
    for (path, layer, crs) in layers {
        let options = Options { crs: Some(crs), ..Options::default() };
        let reading = read(&shared(path)?, Source::Layer(layer), &options, &|_, _| {});
        world = prepare(&world, &profile(), reading, "import", false).world;
    }
    Some(world)
}

fn profile() -> Profile {
    Profile::preset("下城区").expect("a preset")
}

/// Both forms of a table, which must be read alike.
fn both(rows: &[Vec<String>], known: &Arc<Known>) -> Reading {
    let options = Options { known: Some(known.clone()), ..Options::default() };
    let read =
        |name: &str, bytes: &[u8]| read_bytes(name, bytes, Source::Layer(Layer::Compounds), &options, &|_, _| {});
    let (csv, xlsx) = (read("estates", &as_csv(rows)), read("estates", &as_xlsx(rows)));
    assert_eq!(csv.features, xlsx.features);
    assert_eq!(csv.rows, xlsx.rows);
    assert_eq!(csv.datum, xlsx.datum);
    csv
}

fn count(reading: &Reading, code: &str) -> usize {
    reading.problems.iter().filter(|problem| problem.code == code).count()
}

/// How many estates lie in the district, how many of them have households, and how many households these are.
fn imported(world: &World, reading: Reading) -> (usize, usize, u64) {
    let prepared = prepare(world, &profile(), reading, "estates", false);
    let world = prepared.world;
    let ground = Ground::build(&world);
    let at = world.compounds.iter().zip(&ground.compound_anchors);
    let within: Vec<_> =
        at.filter(|(_, at)| ground.districts.locate(**at).is_some()).map(|(estate, _)| estate).collect();
    let counted: Vec<u64> = within.iter().filter_map(|estate| estate.households).map(|h| u64::from(h.count)).collect();
    (within.len(), counted.len(), counted.iter().sum())
}

#[test]
fn the_first_listing() {
    let (Some(world), Some(rows)) = (district(), estate_rows("data/maps/cn-xiaoqu/lianjia-hangzhou.json")) else {
        return;
    };
    let known = Arc::new(Known::of(&world).expect("a city"));
    let reading = both(&rows, &known);
    let verdict = reading.datum.clone().expect("a verdict");
    println!("{}", verdict.told());
    assert_eq!((verdict.crs.clone(), verdict.how), (Some((Crs::Bd09, false)), How::Detected), "{}", verdict.told());
    assert!(verdict.scores[0].inside > 0.95 && verdict.told().contains("`地址` names it"), "{}", verdict.told());
    for code in ["fallback-point", "shared-point", "outside-city", "outside-district", "place-missing"] {
        println!("{code}: {}", count(&reading, code));
    }
    println!("{} rows, {} read", rows.len() - 1, reading.features.len());
    assert!(!reading.has_errors(), "a table as it is can be imported");
    assert_eq!(count(&reading, "place-missing"), 116, "rows without a position");
    assert_eq!(count(&reading, "outside-district"), 1);
    assert!(count(&reading, "shared-point") > 100, "estates on the positions of shops");
    assert_eq!(*reading.features[0].1.get(Layer::Compounds, "basis"), Value::Text("dwellings".into()), "房屋总数");
    let found = imported(&world, reading);
    println!("in the district, with households, households: {found:?}");
    assert!(found.0 >= 274 && found.1 >= 270 && found.2 > 190_000, "{found:?}");
}

#[test]
fn the_second_listing_and_its_fallback_point() {
    let (Some(world), Some(rows)) = (district(), estate_rows("data/maps/cn-xiaoqu/sofang-hangzhou.json")) else {
        return;
    };
    let known = Arc::new(Known::of(&world).expect("a city"));
    let reading = both(&rows, &known);
    let verdict = reading.datum.clone().expect("a verdict");
    println!("{}", verdict.told());
    assert_eq!(verdict.crs, Some((Crs::Bd09, false)), "{}", verdict.told());
    assert!(!reading.has_errors(), "a table as it is can be imported");
    // The rows that stand at the place that a geocoder gives when it finds nothing, in Beijing.
    let column = rows[0].iter().position(|name| name == "经纬度").expect("a column");
    let fallback: Vec<u64> = (1..)
        .zip(&rows)
        .filter(|(_, row)| row[column].trim() == "116.395645,39.929986")
        .map(|(number, _)| number)
        .collect();
    assert_eq!(fallback.len(), 18);
    let told: Vec<u64> = reading
        .problems
        .iter()
        .filter(|problem| problem.code == "fallback-point" && problem.message.contains("left out"))
        .filter_map(|problem| problem.row)
        .collect();
    println!("fallback rows told: {told:?}");
    assert!(fallback.iter().all(|row| told.contains(row)), "{fallback:?} {told:?}");
    assert!(reading.rows.iter().all(|row| !fallback.contains(row)), "left out");
    let far = |geometry: &Geometry| matches!(geometry, Geometry::Point(at) if at.lat() > 35.0);
    println!(
        "{} far, {} read",
        reading.features.iter().filter(|(_, record)| far(&record.geometry)).count(),
        reading.features.len()
    );
    let found = imported(&world, reading);
    println!("in the district, with households, households: {found:?}");
    assert!(found.0 > 400 && found.1 > 100, "{found:?}");
}
