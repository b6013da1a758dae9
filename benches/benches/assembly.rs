//! How many bytes of assembly a second are read, of texts of every shape and of twice their length: `cargo bench --bench assembly`.
//! The rate must not fall as a text grows.

#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use machine_dialect_vm::assemble;

/// A text of that many parts.
type Shape = (&'static str, usize, fn(usize) -> String);

const SHAPES: [Shape; 8] = [
    ("commas", 200_000, |count| format!("call r0, r1, (r0{}", ", r0".repeat(count))),
    ("labels", 50_000, |count| lines(count, |index| format!("l{index}: jump l{}", count - 1 - index))),
    ("functions", 50_000, |count| lines(count, |index| format!(".func f{index}\nnop"))),
    ("constants", 30_000, |count| lines(count, |index| format!("load_const r0, {index}"))),
    ("comments", 100_000, |count| "nop ; a comment\n".repeat(count)),
    ("one_line", 200_000, |count| {
        (0..count).fold(String::new(), |line, index| line + &format!("l{index}: "))
    }),
    ("one_word", 4_000_000, |count| "x".repeat(count)),
    ("mistakes", 100_000, |count| "bogus r0\n".repeat(count)),
];

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |text, index| text + &line(index) + "\n")
}

fn benches(criterion: &mut Criterion) {
    for (name, count, text) in SHAPES {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        for count in [count, 2 * count] {
            let text = text(count);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_with_input(BenchmarkId::from_parameter(count), &text, |bencher, text| {
                bencher
                    .iter(|| black_box(assemble(black_box(text))).map_err(|error| error.to_string()).is_ok());
            });
        }
        group.finish();
    }
}

criterion_group!(group, benches);
criterion_main!(group);
