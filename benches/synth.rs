//! How long the synthetic city takes, at both scales. The demo must be on the screen within five seconds.
#![allow(missing_docs, reason = "criterion's macro makes a public function")]
#![expect(missing_docs, reason = "criterion's macro writes a public function")]

use criterion::{Criterion, criterion_group, criterion_main};
use gridweave::synth::{Scale, generate};
use std::hint::black_box;

fn synth(c: &mut Criterion) {
    let mut group = c.benchmark_group("synth");
    group.sample_size(10);
    group.bench_function("compound", |b| b.iter(|| generate(Scale::Compound, black_box(1), &|_, _| {})));
    group.bench_function("district", |b| b.iter(|| generate(Scale::District, black_box(1), &|_, _| {})));
    group.finish();
}

criterion_group!(benches, synth);
criterion_main!(benches);
