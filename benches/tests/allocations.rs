//! What is allocated: decoding a big module, and writing to arrays and dicts.

#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use allocation_counter::measure;
use machine_dialect_vm::{Module, Run, Vm};
use mdvm_benches::{Kernel, modules};

#[test]
fn decoding_takes_less_than_three_times_the_file() {
    let bytes = modules::of_instructions(1_000_000).unwrap();
    let allocated = measure(|| {
        let module = Module::decode(&bytes).unwrap();
        assert_eq!(module.len(), 1_000_000);
    });
    let file = bytes.len() as u64;
    println!(
        "decoding {file} bytes takes {} at most: {:.2} times",
        allocated.bytes_max,
        allocated.bytes_max as f64 / file as f64
    );
    assert!(allocated.bytes_max < 3 * file, "{} bytes for a file of {file}", allocated.bytes_max);
}

/// The bytes that are allocated in all, over a run.
fn allocated(kernel: &Kernel, n: u64) -> u64 {
    let vm = Vm::new(kernel.module(n).unwrap());
    measure(|| drop(vm.run(Run::new(&mut ())).unwrap())).bytes_total
}

/// A write that copies makes twice the size cost four times as much.
#[test]
fn writes_do_not_copy() {
    let mut kernels = Kernel::all().unwrap();
    kernels.retain(|kernel| !kernel.growth.is_empty());
    assert!(!kernels.is_empty());
    for kernel in kernels {
        let (once, twice) = (allocated(&kernel, 4096), allocated(&kernel, 8192));
        assert!(twice < 3 * once, "{}: {once} bytes at n = 4096, and {twice} at 8192", kernel.name);
    }
}
