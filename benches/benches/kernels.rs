//! The kernels on the machine alone, at their full size: `cargo bench --bench kernels`, or `-- fib` for one.

#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use machine_dialect_vm::{Run, Vm};
use mdvm_benches::Kernel;

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kernels");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for kernel in Kernel::all().unwrap() {
        let vm = Vm::new(kernel.module(kernel.full.n).unwrap());
        group.bench_function(&kernel.name, |bencher| {
            bencher.iter(|| {
                let mut printed = String::new();
                vm.run(Run::new(&mut printed)).unwrap();
                assert_eq!(printed.trim_end(), kernel.full.answer);
            });
        });
    }
    group.finish();
}

criterion_group!(group, benches);
criterion_main!(group);
