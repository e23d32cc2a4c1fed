//! OpenStreetMap extracts of real places: what the files hold, and what is made of it.

mod common;

use common::shared;
use gridweave::model::{Layer, Severity};
use gridweave::read::{Options, Reading, Source, read};

fn extract(path: &str) -> Option<Reading> {
    let path = shared(path)?;
    let began = std::time::Instant::now();
    let reading = read(&path, Source::Osm, &Options::default(), &|_, _| {});
    eprintln!("{}: {:?}", path.display(), began.elapsed());
    eprintln!("  {:?}", reading.counts);
    let mut layers = std::collections::BTreeMap::new();
    for (layer, _) in &reading.features {
        *layers.entry(layer.word()).or_insert(0) += 1;
    }
    eprintln!("  {layers:?}");
    let mut codes = std::collections::BTreeMap::new();
    for p in &reading.problems {
        codes.entry((p.severity, p.code.clone())).or_insert((0, p.to_string())).0 += 1;
    }
    eprintln!("  {codes:#?}");
    Some(reading)
}

#[test]
fn dump() {
    for f in [
        "data/maps/osm/monaco.osm.pbf",
        "data/patrol/osm/munchen-centre.osm.pbf",
        "data/maps/osm/liechtenstein-2015.osm.pbf",
        "data/maps/osm/beijing-tsinghua-2017.osm",
        "data/maps/osm/philadelphia-temple-2019.osm",
        "data/maps/nasty/planetiler/monaco-latest.lz4.osm.pbf",
        "data/maps/nasty/planetiler/bad_spain_relation.xml",
    ] {
        extract(f);
    }
    let _ = (Layer::Grids, Severity::Note);
}
