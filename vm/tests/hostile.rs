//! Modules that strangers wrote: cut short, changed at random, and made to lie. Each must give an outcome or a clean error,
//! in little memory.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::alloc::System;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, iter};

use cap::Cap;
use machine_dialect_vm::asm::assemble_bytes;
use machine_dialect_vm::{Limits, LoadErrorKind, Module, Run, Vm, assemble, disassemble};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What no test of this file may allocate at once.
const MOST_MEGABYTES: f32 = 64.0;

/// Real programs from the real compiler, with their names.
fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/corpus");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut modules: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "mdbc"))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    modules.sort();
    assert!(modules.len() >= 360, "the corpus has only {} modules", modules.len());
    modules
}

/// Loads a module and, where it loads, runs it for a while and takes it through assembly and back. All of it must end
/// well, whatever the bytes are.
fn try_out(bytes: &[u8]) -> Result<(), LoadErrorKind> {
    let module = Module::decode(bytes).map_err(|error| {
        assert!(!error.to_string().is_empty());
        error.kind()
    })?;
    let encoded = module.encode();
    assert_eq!(Module::decode(&encoded).unwrap(), module);
    assert_eq!(assemble(&disassemble(&module)).unwrap(), module);
    let limits = Limits {
        max_steps: Some(5_000),
        max_memory: Some(8 << 20),
        max_output: Some(1 << 20),
        max_call_depth: Some(1000),
    };
    let mut output = String::new();
    let run = Run::new(&mut output).limits(limits).deadline(Instant::now() + Duration::from_secs(10));
    let steps = match Vm::new(module).run(run) {
        Ok(completion) => completion.steps,
        Err(failure) => failure.steps,
    };
    assert!(steps <= 5_000);
    Ok(())
}

fn assert_memory() {
    let peak = MEMORY.max_allocated() as f32 / (1 << 20) as f32;
    assert!(peak < MOST_MEGABYTES, "{peak} MB were allocated at once");
}

#[test]
fn every_prefix_of_every_real_module_is_refused_or_runs() {
    for (path, bytes) in corpus() {
        let accepted = (0..bytes.len()).filter(|length| try_out(&bytes[..*length]).is_ok()).count();
        // What follows the last section is no part of the module, and one module has 31 bytes there.
        assert!(accepted <= 31, "{accepted} prefixes of {} loaded", path.display());
    }
    assert_memory();
}

#[test]
fn ten_thousand_mutations_of_real_modules_are_refused_or_run() {
    let corpus = corpus();
    let mut random = fastrand::Rng::with_seed(0x4d44_4243);
    let (mut refused, mut ran) = (0, 0);
    for _ in 0..10_000 {
        let mut bytes = corpus[random.usize(..corpus.len())].1.clone();
        for _ in 0..random.usize(1..=4) {
            mutate(&mut bytes, &mut random);
        }
        match try_out(&bytes) {
            Ok(()) => ran += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 1000 && ran > 1000, "{refused} were refused and {ran} ran: the mutations tell little");
    assert_memory();
}

fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
    const NUMBERS: [u32; 8] = [0, 1, 255, 256, 65_535, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
    let place = random.usize(..bytes.len());
    match random.u8(..6) {
        0 => bytes[place] ^= 1 << random.u8(..8),
        1 => bytes[place] = random.u8(..),
        2 => bytes[place] = random.u8(..50),
        3 => bytes.truncate(place.max(1)),
        4 => bytes.insert(place, random.u8(..)),
        _ => {
            let number = NUMBERS[random.usize(..NUMBERS.len())].to_le_bytes();
            for (byte, new) in bytes[place..].iter_mut().zip(number) {
                *byte = new;
            }
        }
    }
}

/// A module with a name, one string constant, one function and some code, and where its parts stand.
fn sample() -> Vec<u8> {
    assemble_bytes(
        ".module \"name\"\n.func main\nload_const r0, \"text\"\ndefine r0, int\njump 0\ncall r0, r1, (r2, r3)\nreturn r0",
    )
    .unwrap()
}

fn with_u32(mut bytes: Vec<u8>, place: usize, number: u32) -> Vec<u8> {
    bytes[place..place + 4].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn section(bytes: &[u8], index: usize) -> usize {
    let place = 12 + 4 * index;
    u32::from_le_bytes(bytes[place..place + 4].try_into().unwrap()) as usize
}

#[test]
fn liars_are_refused_with_the_error_that_names_the_lie() {
    let sample = sample();
    assert_eq!(try_out(&sample), Ok(()));
    let [name, constants, functions, code] = [0, 1, 2, 3].map(|index| section(&sample, index));
    // Behind the count: load_const (4 bytes), define (4), jump (5), call (6), return (3).
    let (define, jump, call) = (code + 8, code + 12, code + 17);
    let lies: Vec<(&str, Vec<u8>, LoadErrorKind)> = vec![
        ("instruction count 2³²-1", with_u32(sample.clone(), code, u32::MAX), LoadErrorKind::InvalidCount),
        ("constant count 2³²-1", with_u32(sample.clone(), constants, u32::MAX), LoadErrorKind::InvalidCount),
        ("function count 2³²-1", with_u32(sample.clone(), functions, u32::MAX), LoadErrorKind::InvalidCount),
        ("name of 4 GiB", with_u32(sample.clone(), name, u32::MAX), LoadErrorKind::UnexpectedEof),
        ("offset past the end", with_u32(sample.clone(), 20, 1 << 20), LoadErrorKind::InvalidOffset),
        ("jump of -2³¹", with_u32(sample.clone(), jump + 1, 0x8000_0000), LoadErrorKind::InvalidJumpTarget),
        ("entry past the end", with_u32(sample.clone(), code - 4, 5), LoadErrorKind::InvalidEntryPoint),
        ("255 arguments of two", edited(&sample, call + 3, 255), LoadErrorKind::UnexpectedEof),
        ("type id 9", edited(&sample, define + 2, 9), LoadErrorKind::InvalidTypeId),
        ("opcode 50", edited(&sample, define, 50), LoadErrorKind::InvalidOpcode),
        ("UTF-8 cut in half", edited(&sample, constants + 12, 0xc3), LoadErrorKind::InvalidUtf8),
    ];
    for (lie, bytes, expected) in lies {
        assert_eq!(try_out(&bytes), Err(expected), "{lie}");
    }
    // The file of 48 bytes that makes another machine ask for 137 GB.
    let mut small = assemble_bytes("nop").unwrap();
    small.resize(48, 0);
    let count = section(&small, 3);
    assert_eq!(try_out(&with_u32(small, count, u32::MAX)), Err(LoadErrorKind::InvalidCount));
    assert_memory();
}

fn edited(bytes: &[u8], place: usize, byte: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[place] = byte;
    bytes
}

#[test]
fn a_megabyte_of_anything_is_read_in_a_few_megabytes() {
    let header = &sample()[..28];
    for filler in 0..=u8::MAX {
        let bytes: Vec<u8> = header.iter().copied().chain(iter::repeat_n(filler, 1 << 20)).collect();
        let _ = Module::decode(&bytes);
    }
    assert_memory();
}
