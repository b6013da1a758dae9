//! The fuzz targets without a fuzzing engine: each is run on its seeds, on every finding that was kept, and on prefixes and
//! mutations of them, on whatever toolchain the tests are built with.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use mdvm_conform::fuzz::oracle::Target;
use mdvm_conform::fuzz::seeds::seeds;
use mdvm_spec::Spec;

/// How many mutations of its seeds a target is run on.
const MUTATIONS: usize = 600;

fn findings(target: Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/findings").join(target.name());
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn replay(target: Target) {
    for (path, input) in findings(target) {
        println!("{}", path.display());
        target.check(&input);
    }
    let spec = Spec::embedded().unwrap();
    let seeds = seeds(target, &spec).unwrap();
    assert!(seeds.len() > 200, "{} has only {} seeds", target.name(), seeds.len());
    // Each input of this target is run many times over, for thousands of steps.
    let every = if target == Target::Modes { 4 } else { 1 };
    for (name, input) in seeds.iter().step_by(every) {
        println!("{name}");
        target.check(input);
    }
    let mut random = fastrand::Rng::with_seed(0x6675_7a7a);
    for number in 0..MUTATIONS / every {
        let mut input = seeds[random.usize(..seeds.len())].1.clone();
        for _ in 0..random.usize(1..=4) {
            mutate(&mut input, &mut random);
        }
        println!("mutation {number}");
        target.check(&input);
    }
}

fn mutate(input: &mut Vec<u8>, random: &mut fastrand::Rng) {
    if input.is_empty() {
        return input.push(random.u8(..));
    }
    let place = random.usize(..input.len());
    match random.u8(..5) {
        0 => input[place] ^= 1 << random.u8(..8),
        1 => input[place] = random.u8(..),
        2 => input.truncate(place),
        3 => input.insert(place, random.u8(..)),
        _ => drop(input.remove(place)),
    }
}

#[test]
fn decode() {
    replay(Target::Decode);
}

#[test]
fn roundtrip() {
    replay(Target::Roundtrip);
}

#[test]
fn run() {
    replay(Target::Run);
}

#[test]
fn modes() {
    replay(Target::Modes);
}

#[test]
fn differential() {
    replay(Target::Differential);
}

#[test]
fn asm() {
    replay(Target::Asm);
}

#[test]
fn source() {
    replay(Target::Source);
}

#[test]
fn state() {
    replay(Target::State);
}

#[test]
fn every_target_has_a_binary_and_a_folder_for_findings() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let mut binaries: Vec<&str> =
        manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")).collect();
    let mut targets: Vec<String> =
        Target::ALL.iter().map(|target| format!("{}.rs\"", target.name())).collect();
    binaries.sort_unstable();
    targets.sort();
    assert_eq!(binaries, targets);
    for target in Target::ALL {
        assert!(fuzz.join("fuzz_targets").join(format!("{}.rs", target.name())).is_file());
        assert!(fuzz.join("findings").join(target.name()).is_dir());
    }
}
