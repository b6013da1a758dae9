//! From nothing to the first line that a program prints: `cargo bench --bench cold_start`.
//!
//! `bytes_to_hello` begins with the bytes of a module in memory. `mdvm_run_hello` is the command, a process of its own, on a
//! file; cargo builds the command only when that is asked for: `cargo build --release -p machine-dialect-vm`. Beside Lua and
//! others: `benches/compare`, in the row of starting.

#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use std::hint::black_box;
use std::process::Command;

use criterion::{Criterion, criterion_group, criterion_main};
use machine_dialect_vm::{Run, Vm, assemble};
use mdvm_benches::folder;

fn benches(criterion: &mut Criterion) {
    let text = std::fs::read_to_string(folder().join("startup/hello.mdasm")).unwrap();
    let bytes = assemble(&text).unwrap().encode();
    criterion.bench_function("bytes_to_hello", |bencher| {
        bencher.iter(|| {
            let mut printed = String::new();
            Vm::load(black_box(&bytes)).unwrap().run(Run::new(&mut printed)).unwrap();
            assert_eq!(printed, "hello\n");
        });
    });

    // The benches stand in `deps`, beside which the commands are.
    let program = std::env::current_exe().unwrap();
    let mdvm = program.ancestors().nth(2).unwrap().join(format!("mdvm{}", std::env::consts::EXE_SUFFIX));
    assert!(mdvm.is_file(), "build the command first: cargo build --release -p machine-dialect-vm");
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("hello.mdbc");
    std::fs::write(&module, &bytes).unwrap();
    criterion.bench_function("mdvm_run_hello", |bencher| {
        bencher.iter(|| {
            let output = Command::new(&mdvm).arg("run").arg(&module).output().unwrap();
            assert_eq!(output.stdout, b"hello\n");
        });
    });
}

criterion_group!(group, benches);
criterion_main!(group);
