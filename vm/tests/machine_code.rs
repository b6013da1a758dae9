//! Machine code is proved before it runs: programs that have it made of all sorts come to nothing without a proof. The process ends
//! where one is missing, so what is left to test is that proofs were made, and of what.
#![cfg(all(target_arch = "x86_64", feature = "machine-code", feature = "check-machine-code"))]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails")]

use std::path::Path;

use machine_dialect_vm::{Limits, Run, Tiers, Vm, assemble, proved};

/// Kernels of the benchmarks: loops of numbers, arrays, dicts, strings, globals and calls.
fn kernels() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/kernels");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut kernels: Vec<(String, String)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "mdasm"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    kernels.sort();
    kernels
}

#[test]
fn kernels_are_proved_and_come_to_the_same_as_in_the_interpreter() {
    let kernels = kernels();
    assert!(kernels.len() > 15, "{}", kernels.len());
    let limits = Limits { max_steps: Some(200_000), ..Limits::default() };
    for (name, source) in &kernels {
        let module = assemble(source).unwrap();
        let outcomes = [Tiers::Interpreter, Tiers::EagerJit].map(|tiers| {
            let mut printed = String::new();
            let run = Run::new(&mut printed).limits(limits.clone()).tiers(tiers);
            let end = Vm::new(module.clone()).run(run).map(|completion| completion.result);
            (format!("{end:?}"), printed)
        });
        assert_eq!(outcomes[0], outcomes[1], "{name}");
    }
    let proved = proved();
    println!(
        "{} buffers, {} instructions of {} forms, {} bytes, {:.1} ms",
        proved.buffers,
        proved.instructions,
        proved.forms.len(),
        proved.bytes,
        proved.micros as f64 / 1000.0
    );
    assert!(proved.buffers >= kernels.len() as u64, "{proved:?}");
    assert!(proved.forms.len() > 50 && proved.instructions > 5_000, "{proved:?}");
}
