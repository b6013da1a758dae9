//! How many bytes a second are decoded, prepared to run, and encoded: `cargo bench --bench codec`.

#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use machine_dialect_vm::{Module, Vm};
use mdvm_benches::modules;

fn benches(criterion: &mut Criterion) {
    let million = vec![modules::of_instructions(1_000_000).unwrap()];
    for (name, files) in [("corpus", modules::corpus().unwrap()), ("million_instructions", million)] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        group.throughput(Throughput::Bytes(files.iter().map(|bytes| bytes.len() as u64).sum()));
        group.bench_function("decode", |bencher| {
            bencher.iter(|| {
                for bytes in &files {
                    black_box(Module::decode(black_box(bytes)).unwrap());
                }
            });
        });
        let decoded: Vec<Module> = files.iter().map(|bytes| Module::decode(bytes).unwrap()).collect();
        group.bench_function("encode", |bencher| {
            bencher.iter(|| {
                for module in &decoded {
                    black_box(black_box(module).encode());
                }
            });
        });
        // Decoded before the clock runs; this is what the machine does between that and the first instruction.
        group.bench_function("prepare", |bencher| {
            bencher.iter_batched(
                || decoded.clone(),
                |modules| modules.into_iter().map(Vm::new).collect::<Vec<_>>(),
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

criterion_group!(group, benches);
criterion_main!(group);
