//! The benches that the public package has, under its names: `cargo bench --bench basic_benchmark`.

#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use machine_dialect_vm::{Module, Run, Value, Vm, assemble};
use mdvm_benches::Kernel;

fn addition() -> Module {
    assemble("load_const r0, 10\n load_const r1, 20\n add r2, r0, r1\n return r2").unwrap()
}

fn run(vm: &Vm) -> Value {
    vm.run(Run::new(&mut ())).unwrap().result
}

fn benches(criterion: &mut Criterion) {
    // A machine is made for a module, so making one prepares that.
    criterion.bench_function("vm_creation", |bencher| {
        bencher.iter_batched(addition, |module| Vm::new(black_box(module)), BatchSize::SmallInput);
    });

    let vm = Vm::new(addition());
    assert_eq!(run(&vm), Value::Int(30));
    criterion.bench_function("simple_addition", |bencher| bencher.iter(|| run(black_box(&vm))));

    let mut text = String::from("load_const r0, 0\n load_const r1, 1\n");
    text.push_str(&"add r0, r0, r1\n".repeat(100));
    let vm = Vm::new(assemble(&format!("{text}return r0")).unwrap());
    assert_eq!(run(&vm), Value::Int(100));
    criterion.bench_function("arithmetic_100_ops", |bencher| bencher.iter(|| run(black_box(&vm))));

    let mut text = String::from("load_const r0, 0\n");
    for index in 0..2000 {
        writeln!(text, "move r{}, r{}", (index + 1) % 200, index % 200).unwrap();
    }
    let vm = Vm::new(assemble(&format!("{text}return r0")).unwrap());
    assert_eq!(run(&vm), Value::Int(0));
    criterion.bench_function("instruction_dispatch_2000", |bencher| bencher.iter(|| run(black_box(&vm))));

    let kernels = Kernel::all().unwrap();
    let fib = kernels.iter().find(|kernel| kernel.name == "fib").expect("there is a kernel fib");
    let vm = Vm::new(fib.module(10).unwrap());
    assert_eq!(run(&vm), Value::Int(55));
    criterion.bench_function("fibonacci_10", |bencher| bencher.iter(|| run(black_box(&vm))));
}

criterion_group!(group, benches);
criterion_main!(group);
