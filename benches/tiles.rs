//! The weave and the tiles on jagged tessellations of fixed size: `cargo bench --profile dev --bench tiles`.
//!
//! Besides the timings it prints the sizes that the goals speak of: an overview tile of 20,164 grids against the same
//! polygons encoded without simplification.

#[path = "../tests/common/jagged.rs"]
mod jagged;

use criterion::{BatchSize, Criterion};
use flate2::{Compression, write::GzEncoder};
use gridweave::fabric::arcs::{Weave, weave};
use gridweave::model::{Coord, Geometry, MultiPolygon, Value};
use gridweave::tiles::mercator::World;
use gridweave::tiles::{Feature, LayerOptions, Shared, TileLayer, touched};
use jagged::Jagged;
use std::hint::black_box;
use std::io::Write;

/// 529 grids of 64 vertices in one tile of zoom 14, 1.9 km wide.
const DISTRICT: Jagged =
    Jagged { n: 23, cell: 8_500, pieces: 16, corner: Coord::new(1_040_625_000, 306_540_000), seed: 1 };

/// 142 x 142 grids of 64 vertices, 200 m wide, all in one tile of zoom 10.
const CITY: Jagged =
    Jagged { n: 142, cell: 20_000, pieces: 16, corner: Coord::new(1_040_700_000, 304_600_000), seed: 2 };

struct Prepared {
    cells: Vec<MultiPolygon>,
    geometries: Vec<Geometry>,
    weave: Weave,
}

impl Prepared {
    fn new(jagged: Jagged) -> Self {
        let cells = jagged.cells();
        let geometries = cells.iter().cloned().map(Geometry::Area).collect();
        let weave = weave(&cells.iter().collect::<Vec<_>>());
        assert!(weave.faults.is_empty());
        Self { cells, geometries, weave }
    }

    /// With the properties that the web map's grids carry, or with ids alone.
    fn layer(&self, properties: bool, labels: bool) -> TileLayer {
        let features: Vec<Feature> = self
            .geometries
            .iter()
            .zip(1u32..)
            .map(|(geometry, id)| Feature {
                id,
                geometry: geometry.into(),
                properties: if properties { grid_properties(id) } else { Vec::new() },
                min_zoom: 0,
                anchor: None,
            })
            .collect();
        let shared = Some(Shared { weave: &self.weave, first: 0 });
        TileLayer::build("grids", &features, LayerOptions { labels, shared, ..LayerOptions::default() })
    }

    fn middle(&self, z: u8) -> (u8, u32, u32) {
        let bounds = self.cells.iter().filter_map(MultiPolygon::bounds).reduce(|a, b| a.union(b)).expect("not empty");
        let [x, y] = World::of(bounds.centre()).at_zoom(z);
        (z, (x / 4096) as u32, (y / 4096) as u32)
    }
}

fn grid_properties(id: u32) -> Vec<(&'static str, Value)> {
    vec![
        ("code", Value::from(format!("510603001{id:06}").as_str())),
        ("name", Value::from(format!("第{id}网格").as_str())),
        ("class", Value::from("mature")),
        ("households", Value::Integer(700 + i64::from(id * 7919 % 400))),
        ("lo", Value::Integer(700)),
        ("hi", Value::Integer(1000)),
        ("state", Value::from(if id.is_multiple_of(5) { "over" } else { "in" })),
        ("colour", Value::Integer(i64::from(id % 7))),
    ]
}

fn encode(layer: &TileLayer, (z, x, y): (u8, u32, u32)) -> Vec<u8> {
    let mut bytes = Vec::new();
    layer.encode(z, x, y, &mut bytes);
    bytes
}

/// The geometry commands alone of the same polygons at a zoom, each vertex rounded and none dropped.
fn unsimplified(cells: &[MultiPolygon], z: u8) -> usize {
    let size = |n: i64| (64 - ((n << 1 ^ n >> 63) as u64 | 1).leading_zeros() as usize).div_ceil(7);
    let mut bytes = 0;
    for ring in cells.iter().flat_map(MultiPolygon::rings) {
        let [mut x, mut y] = World::of(ring.0[0]).at_zoom(z);
        bytes += 6 + 2;
        for &c in &ring.0[1..] {
            let [px, py] = World::of(c).at_zoom(z);
            bytes += size(px - x) + size(py - y);
            (x, y) = (px, py);
        }
    }
    bytes
}

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let district = Prepared::new(DISTRICT);
    let plain = district.layer(false, false);
    let full = district.layer(true, true);
    let tile = district.middle(14);
    let vertices: usize = district.cells.iter().flat_map(MultiPolygon::rings).map(|ring| ring.0.len()).sum();
    let bytes = encode(&full, tile);
    println!("district: {} grids, {vertices} vertices, {:?}: {} bytes", district.cells.len(), tile, bytes.len());
    println!(
        "  ids alone {} bytes, gzip 1 / 6: {} / {}",
        encode(&plain, tile).len(),
        gzip(&bytes, 1).len(),
        gzip(&bytes, 6).len()
    );
    criterion.bench_function("tile of 529 grids, ids alone", |b| b.iter(|| encode(&plain, black_box(tile))));
    criterion.bench_function("tile of 529 grids, properties and labels", |b| b.iter(|| encode(&full, black_box(tile))));
    criterion.bench_function("tile of 529 grids, first of its zoom", |b| {
        b.iter_batched(|| district.layer(true, true), |layer| encode(&layer, tile), BatchSize::SmallInput);
    });
    let deep = district.middle(18);
    criterion.bench_function("tile of one grid's middle at zoom 18", |b| b.iter(|| encode(&full, black_box(deep))));
    for level in [1, 6] {
        criterion.bench_function(&format!("gzip {level} of that tile"), |b| b.iter(|| gzip(black_box(&bytes), level)));
    }

    let city = Prepared::new(CITY);
    let plain = city.layer(false, false);
    let full = city.layer(true, true);
    for z in [8u8, 9, 10] {
        let (z, x, y) = city.middle(z);
        let range = touched(plain.about().bounds.expect("not empty"), z);
        let (bare, rich) = (encode(&plain, (z, x, y)), encode(&full, (z, x, y)));
        println!(
            "city at zoom {z} ({} tiles): ids alone {} bytes, all {} bytes, gzip 1 {}; unsimplified commands of all grids {}",
            (range.x.1 - range.x.0 + 1) * (range.y.1 - range.y.0 + 1),
            bare.len(),
            rich.len(),
            gzip(&rich, 1).len(),
            unsimplified(&city.cells, z)
        );
    }
    let tile = city.middle(10);
    let mut slow = criterion.benchmark_group("city");
    slow.sample_size(10);
    slow.bench_function("overview tile, ids alone", |b| b.iter(|| encode(&plain, black_box(tile))));
    slow.bench_function("overview tile, properties and labels", |b| b.iter(|| encode(&full, black_box(tile))));
    slow.bench_function("layer of 20,164 grids", |b| b.iter(|| city.layer(true, false)));
    slow.bench_function("layer of 20,164 grids with anchors", |b| b.iter(|| city.layer(true, true)));
    let polygons: Vec<&MultiPolygon> = city.cells.iter().collect();
    slow.bench_function("weave of 20,164 grids", |b| b.iter(|| weave(black_box(&polygons))));
    slow.finish();
    criterion.final_summary();
}
