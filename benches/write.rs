//! How fast the buildings of the synthetic district become files, format by format.

#![expect(missing_docs, reason = "criterion's macro writes a function without any")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridweave::city::Snapshot;
use gridweave::model::{Layer, Profile};
use gridweave::store::Stored;
use gridweave::synth::{Scale, generate};
use gridweave::write::Format;

fn write(criterion: &mut Criterion) {
    let Ok(profile) = Profile::preset("district") else { return };
    let world = generate(Scale::District, 1, &|_, _| {}).world;
    let city = Snapshot::build(Stored { world, profile, version: 1, since: jiff::Timestamp::UNIX_EPOCH });
    // The tiles of a served city are prepared once, before anybody asks.
    city.warm();
    let mut group = criterion.benchmark_group("write buildings of the district");
    group.sample_size(10).throughput(Throughput::Elements(city.world.count(Layer::Buildings) as u64));
    for format in Format::ALL {
        group.bench_function(format.name(), |b| {
            b.iter(|| {
                let file = tempfile::NamedTempFile::new().expect("a temporary file");
                city.export(file.path(), format, &[Layer::Buildings], &|_, _| Ok(())).expect("exported");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, write);
criterion_main!(benches);
