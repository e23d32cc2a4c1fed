//! How fast files become records: synthetic grids of fixed size, and a real extract where it is at hand.

#![expect(missing_docs, reason = "criterion's macro writes a function without any")]

#[path = "../tests/common/mod.rs"]
mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridweave::model::{Layer, Record, World};
use gridweave::read::datum::{Crs, Datum};
use gridweave::read::{Options, Source, read_bytes};
use gridweave::write::{self, Origin};
use std::fmt::Write;

/// Buildings of five vertices in rows, about `bytes` long.
fn buildings(bytes: usize) -> String {
    let mut text = String::from("{\"type\":\"FeatureCollection\",\"features\":[");
    let mut n = 0;
    while text.len() < bytes {
        let (x, y) = (120.0 + f64::from(n % 1000) * 3e-4, 30.0 + f64::from(n / 1000) * 3e-4);
        let (e, t) = (x + 1.5e-4, y + 1e-4);
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{comma}\n{{\"type\":\"Feature\",\"properties\":{{\"code\":\"B{n}\",\"floors\":{},\"name\":\"{n}号楼\"}},\"geometry\":\
             {{\"type\":\"Polygon\",\"coordinates\":[[[{x:.7},{y:.7}],[{e:.7},{y:.7}],[{e:.7},{t:.7}],[{x:.7},{t:.7}],[{x:.7},{y:.7}]]]}}}}",
            n % 30 + 1
        );
        n += 1;
    }
    text + "]}"
}

fn geojson(criterion: &mut Criterion) {
    let text = buildings(10_000_000);
    let mut group = criterion.benchmark_group("geojson buildings, 10 MB");
    group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
    for crs in [Crs::Wgs84, Crs::Gcj02] {
        let options = Options { crs: Some(crs.clone()), map: Vec::new(), ..Options::default() };
        group.bench_function(crs.name(), |b| {
            b.iter(|| read_bytes("b", text.as_bytes(), Source::Layer(Layer::Buildings), &options, &|_, _| {}));
        });
    }
    group.finish();
}

/// Buildings as FlatGeobuf: one thread from the file to records.
fn flatgeobuf(criterion: &mut Criterion) {
    let options = Options { crs: Some(Crs::Wgs84), ..Options::default() };
    let source = Source::Layer(Layer::Buildings);
    let text = buildings(52_000_000);
    let reading = read_bytes("b", text.as_bytes(), source, &options, &|_, _| {});
    let mut world = World::default();
    let numbered: Vec<Record> =
        reading.features.into_iter().zip(1..).map(|((_, record), id)| Record { id, ..record }).collect();
    world.put_all(Layer::Buildings, &numbered).expect("buildings");
    let mut bytes = Vec::new();
    let origin = Origin { city: "bench", version: 1, attribution: &[] };
    write::flatgeobuf::layer(&mut bytes, &world, Layer::Buildings, origin, &|_, _| Ok(())).expect("written");
    let mut group = criterion.benchmark_group("flatgeobuf buildings, 52 MB as geojson");
    group.sample_size(10).throughput(Throughput::Elements(numbered.len() as u64));
    for crs in [Crs::Wgs84, Crs::Gcj02] {
        let options = Options { crs: Some(crs.clone()), ..Options::default() };
        group.bench_function(crs.name(), |b| b.iter(|| read_bytes("b", &bytes, source, &options, &|_, _| {})));
    }
    group.finish();
}

fn extracts(criterion: &mut Criterion) {
    for path in ["data/patrol/osm/munchen-centre.osm.pbf", "data/maps/osm/liechtenstein-2015.osm.pbf"] {
        let Some(bytes) = common::shared(path).and_then(|path| std::fs::read(path).ok()) else { continue };
        let mut group = criterion.benchmark_group(path);
        group.sample_size(10).throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function("read", |b| {
            b.iter(|| read_bytes("b", &bytes, Source::Osm, &Options::default(), &|_, _| {}));
        });
        group.finish();
    }
}

fn datums(criterion: &mut Criterion) {
    for crs in [Crs::Gcj02, Crs::Bd09, Crs::Epsg(4549)] {
        let Ok(datum) = Datum::new(crs.clone()) else { continue };
        let Ok((x, y)) = datum.from_wgs84(120.17, 30.27) else { continue };
        criterion.bench_function(&format!("{crs} to wgs84"), |b| b.iter(|| datum.coord(x, y)));
    }
}

criterion_group!(benches, geojson, flatgeobuf, extracts, datums);
criterion_main!(benches);
