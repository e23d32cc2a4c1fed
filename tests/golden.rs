//! Small districts drawn by hand, what becomes of them, and what Gridweave says about them: files that a person looks at
//! on a map (drag them onto geojson.io or QGIS). `make bless` accepts what changed; then look at them again.

use gridweave::city::{Snapshot, import};
use gridweave::model::{Layer, Profile, World};
use gridweave::read::{Options, Source, datum::Crs, read};
use gridweave::store::Stored;
use gridweave::write::geojson;
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn compare(name: &str, now: &str) {
    let path = golden(name);
    if std::env::var_os("GRIDWEAVE_BLESS").is_some() {
        std::fs::write(&path, now).expect("write the golden file");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == now, "{name} changed; look at it, then `make bless`. It is now:\n{now}");
}

#[test]
fn grids_that_do_not_quite_tile() {
    let options = Options { crs: Some(Crs::Wgs84), ..Options::default() };
    let reading = read(&golden("tiny-grids.geojson"), Source::Layer(Layer::Grids), &options, &|_, _| {});
    let profile = Profile::preset("tiny").expect("preset");
    let prepared = import::prepare(&World::default(), &profile, reading, "golden", false);
    let mut told: String = prepared.problems.iter().map(|p| format!("{p}\n")).collect();
    told = told.replace(&golden("").display().to_string(), "");
    let snapshot =
        Snapshot::build(Stored { world: prepared.world, profile, version: 1, since: jiff::Timestamp::UNIX_EPOCH });
    for problem in snapshot.check() {
        told += &format!("{problem}\n");
    }
    compare("tiny-grids.problems.txt", &told);

    let mut kept = Vec::new();
    geojson::layer(&mut kept, &snapshot.world, Layer::Grids, &|_, _| Ok(())).expect("memory");
    compare("tiny-grids.kept.geojson", &String::from_utf8(kept).expect("text"));

    // How the map draws them: overlaps decided, borders shared.
    let mut woven = World::default();
    for (place, grid) in snapshot.facts.weave.layer_places(3).zip(&snapshot.world.grids) {
        let mut grid = grid.clone();
        grid.area = snapshot.facts.weave.polygon(place);
        woven.grids.push(grid);
    }
    let mut drawn = Vec::new();
    geojson::layer(&mut drawn, &woven, Layer::Grids, &|_, _| Ok(())).expect("memory");
    compare("tiny-grids.woven.geojson", &String::from_utf8(drawn).expect("text"));
}
