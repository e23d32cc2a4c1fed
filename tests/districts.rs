//! Real extracts of OpenStreetMap, from the file to the city file, its readers, its tiles and its search.

mod common;

use common::shared;
use gridweave::city::import::prepare;
use gridweave::city::{City, Snapshot};
use gridweave::model::{Bounds, Geometry, Layer, Profile, Record, World};
use gridweave::read::{Options, Source, read};
use std::path::Path;
use std::process::Command;

/// What a place must come to: its file, counts by layer, a name that somebody would look for, and where it is found.
struct Place {
    file: &'static str,
    counts: &'static [(Layer, usize)],
    name: (&'static str, Layer),
}

/// Imports, stores, reads back, opens with GDAL, draws, searches.
fn lives(place: &Place) {
    let Some(path) = shared(place.file) else { return };
    let reading = read(&path, Source::Osm, &Options::default(), &|_, _| {});
    let profile = Profile::preset("a real place").expect("preset");
    let prepared = prepare(&World::default(), &profile, reading, "import", false);
    assert!(!prepared.has_errors());
    for (layer, count) in place.counts {
        assert_eq!(prepared.world.count(*layer), *count, "{layer}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("city.gpkg");
    let city = City::create(&file, &profile, &prepared.world, "import").expect("create");
    same_worlds(&city.snapshot().world, &prepared.world);
    let stored = Snapshot::read(&file).expect("read");
    same_worlds(&stored.world, &prepared.world);
    gdal_agrees(&file, &stored.world);
    for problem in stored.check() {
        assert!(!problem.code.is_empty() && !problem.remedy.is_empty());
    }
    let bounds = stored.world.bounds().expect("something");
    for layer in Layer::ALL.into_iter().filter(|layer| stored.world.count(*layer) > 0) {
        tiles_have(&stored, layer, bounds);
    }
    let found = stored.search(place.name.0, 10, |_| true);
    assert!(found.iter().any(|f| f.layer == place.name.1 && f.name == place.name.0), "{found:?}");
    assert!(stored.search("no such name anywhere", 10, |_| true).is_empty());
    // Nobody drew grids yet: every question has the answer `nobody`, and levels that exist are found.
    assert_eq!(stored.locate(bounds.centre()).primary, None);
    for at in &stored.ground.building_anchors {
        assert!(stored.locate(*at).building.is_some(), "a building holds its own anchor");
    }
    for (level, layer) in [(0, Layer::Districts), (1, Layer::Subdistricts), (2, Layer::Communities)] {
        for facts in &stored.facts.levels[level] {
            let found = stored.ground.levels()[level].place_at(facts.anchor);
            assert!(found.is_some(), "{layer}: an anchor lies in a place");
        }
    }
}

fn same_worlds(a: &World, b: &World) {
    for layer in Layer::ALL {
        let (a, b): (Vec<Record>, Vec<Record>) = (a.records(layer).collect(), b.records(layer).collect());
        assert_eq!(a.len(), b.len(), "{layer}");
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(a, b, "{layer}");
        }
    }
}

fn gdal_agrees(file: &Path, world: &World) {
    let Ok(run) = Command::new("ogrinfo").args(["-ro", "-al", "-so"]).arg(file).output() else {
        println!("SKIPPED for lack of ogrinfo (`make test-packages` installs it): counts as GDAL sees them");
        return;
    };
    let told = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && !told.contains("ERROR") && !told.contains("Warning"), "{told}");
    for layer in Layer::ALL {
        let part = told.split(&format!("Layer name: {layer}\n")).nth(1).unwrap_or_else(|| panic!("{layer} is missing"));
        let count = part.lines().find_map(|l| l.strip_prefix("Feature Count: ")).expect("a count");
        assert_eq!(count, world.count(layer).to_string(), "{layer}");
    }
}

/// The tiles over the first thing of a layer show it, at the two deepest zooms.
fn tiles_have(city: &Snapshot, layer: Layer, bounds: Bounds) {
    let anchor = match city.world.records(layer).next().map(|r| r.geometry) {
        Some(Geometry::Point(at)) => at,
        Some(Geometry::Line(line)) => line.0[0],
        Some(Geometry::Area(area)) => gridweave::index::inside(&area),
        None => bounds.centre(),
    };
    let (_, deepest) = city.about_tiles(layer).zooms;
    let mut bytes = Vec::new();
    for z in [deepest, deepest - 1] {
        let (x, y) = tile_of(anchor.lon(), anchor.lat(), z);
        bytes.clear();
        city.draw(layer, (z, x, y), &mut bytes);
        assert!(!bytes.is_empty(), "{layer} {z}/{x}/{y}");
    }
}

/// The web Mercator tile that holds a place.
fn tile_of(lon: f64, lat: f64, z: u8) -> (u32, u32) {
    let n = f64::from(1u32 << z);
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    (((lon + 180.0) / 360.0 * n) as u32, (y * n) as u32)
}

#[test]
fn monaco() {
    lives(&Place {
        file: "data/maps/osm/monaco.osm.pbf",
        // 1,183 ways and 24 relations; the one building that is a node has no outline.
        counts: &[(Layer::Buildings, 1183 + 24), (Layer::Cameras, 10), (Layer::Streets, 2345), (Layer::Communities, 6)],
        name: ("Rue Grimaldi", Layer::Streets),
    });
}

#[test]
fn munich() {
    lives(&Place {
        file: "data/patrol/osm/munchen-centre.osm.pbf",
        counts: &[(Layer::Buildings, 2372 + 53), (Layer::Cameras, 209), (Layer::Communities, 5)],
        name: ("Sendlinger Straße", Layer::Streets),
    });
}

#[test]
fn liechtenstein() {
    lives(&Place {
        file: "data/maps/osm/liechtenstein-2015.osm.pbf",
        counts: &[(Layer::Buildings, 8993), (Layer::Subdistricts, 11), (Layer::Districts, 2), (Layer::Cameras, 0)],
        name: ("Vaduz", Layer::Subdistricts),
    });
}

#[test]
fn tsinghua() {
    lives(&Place {
        file: "data/maps/osm/beijing-tsinghua-2017.osm",
        counts: &[(Layer::Buildings, 521), (Layer::Cameras, 0)],
        name: ("人文社科图书馆", Layer::Buildings),
    });
}
