//! The numbers of things survive an export and an import, whatever the format.

use gridweave::city::import::prepare;
use gridweave::model::{Layer, Profile, Record, World};
use gridweave::read::{Options, Source, read};
use gridweave::synth::{Scale, generate};
use std::path::Path;

/// A synthetic community, thinned so that its numbers have gaps.
fn world() -> World {
    let mut world = generate(Scale::Compound, 5, &|_, _| {}).world;
    for layer in [Layer::Streets, Layer::Cameras] {
        let gone = world.ids(layer).filter(|id| id % 3 == 1).collect();
        world.delete_all(layer, &gone);
    }
    world
}

fn export(folder: &Path, city: &Path, layer: Layer, format: &str) -> std::path::PathBuf {
    let out = folder.join(format!("{layer}.{format}"));
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_gridweave"))
        .args(["export", &city.display().to_string(), "--layer", layer.word(), "--format", format, "--out"])
        .arg(&out)
        .output()
        .expect("runs");
    assert!(done.status.success(), "{layer} {format}: {}", String::from_utf8_lossy(&done.stderr));
    out
}

fn records(world: &World, layer: Layer) -> Vec<Record> {
    world.records(layer).collect()
}

#[test]
fn every_format_brings_everything_back() {
    let world = world();
    let folder = tempfile::tempdir().expect("a folder");
    let city = folder.path().join("city.gpkg");
    let profile = Profile::preset("synthetic").expect("preset");
    drop(gridweave::city::City::create(&city, &profile, &world, "new").expect("written"));
    let known = gridweave::read::evidence::Known::of(&world).map(std::sync::Arc::new);
    let options = Options { known, ..Options::default() };
    for layer in Layer::ALL.into_iter().filter(|layer| world.count(*layer) > 0) {
        for format in ["geojson", "flatgeobuf", "geopackage", "csv", "xlsx"] {
            let file = export(folder.path(), &city, layer, format);
            // Nobody states the datum, and evidence must not move what we wrote ourselves.
            let reading = read(&file, Source::Layer(layer), &options, &|_, _| {});
            assert!(!reading.has_errors(), "{layer} {format}: {:#?}", reading.problems);

            // Other layers are there already: households that were derived from them stay.
            let mut others = world.clone();
            let all = others.ids(layer).collect();
            others.delete_all(layer, &all);
            let mut empty = World::default();
            for other in Layer::ALL.into_iter().filter(|other| *other != layer) {
                for record in others.records(other) {
                    empty.put(other, &record).expect("a record of the world");
                }
            }
            let alone = prepare(&empty, &profile, reading.clone(), "import", false);
            assert!(!alone.has_errors(), "{layer} {format}: {:#?}", alone.problems);
            let (found, expected) = (records(&alone.world, layer), records(&world, layer));
            assert_eq!(found.len(), expected.len(), "{layer} {format}: {:#?}", alone.problems);
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found, expected, "{layer} {format}");
            }

            let again = prepare(&world, &profile, reading, "import", false);
            assert!(again.change.edits.is_empty(), "{layer} {format}: {:?}", again.tallies);
        }
    }
}

#[test]
fn a_number_that_belongs_to_another_is_not_taken() {
    let world = world();
    let profile = Profile::preset("synthetic").expect("preset");
    let camera = world.cameras[0].id.0;
    let far = format!(
        r#"{{"type":"FeatureCollection","features":[
            {{"type":"Feature","properties":{{"code":"NEW-1","gridweave_id":{camera}}},"geometry":{{"type":"Point","coordinates":[7.42,43.73]}}}},
            {{"type":"Feature","properties":{{"code":"NEW-2"}},"geometry":{{"type":"Point","coordinates":[7.43,43.73]}}}}]}}"#
    );
    let options = Options { crs: Some(gridweave::read::datum::Crs::Wgs84), ..Options::default() };
    let source = Source::Layer(Layer::Cameras);
    let reading = gridweave::read::read_bytes("other.geojson", far.as_bytes(), source, &options, &|_, _| {});
    let before = world.ids(Layer::Cameras).last().expect("cameras");
    let prepared = prepare(&world, &profile, reading, "import", false);
    assert_eq!(prepared.tallies[0].1.added, 2, "{:#?}", prepared.problems);
    let new: Vec<u32> = prepared.world.ids(Layer::Cameras).filter(|id| *id > before).collect();
    assert_eq!(new, [before + 1, before + 2]);
}
