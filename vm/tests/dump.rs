//! What specialised code some programs leave, as recorded: a change of translation shows here as a change of a text. Run with
//! `BLESS=1` to take it over, and read the difference before you commit it.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::{env, fs};

use machine_dialect_vm::{Limits, Run, Tiers, Vm, assemble};

/// The code of each `dump/NAME.mdasm` is `dump/NAME.txt`.
#[test]
fn translation_is_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dump");
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "mdasm") {
            continue;
        }
        count += 1;
        let vm = Vm::new(assemble(&fs::read_to_string(&path).unwrap()).unwrap());
        let limits = Limits { max_steps: Some(100_000), ..Limits::default() };
        // How it ends is for other tests.
        let _ = vm.run(Run::new(&mut ()).limits(limits).tiers(Tiers::EagerSpecialised));
        let text = vm.dump_specialised();
        assert!(!text.is_empty(), "{}", path.display());
        let golden = path.with_extension("txt");
        if env::var_os("BLESS").is_some() {
            fs::write(&golden, &text).unwrap();
        }
        let recorded = fs::read_to_string(&golden).unwrap_or_else(|error| {
            panic!("{} cannot be read ({error}); BLESS=1 makes it", golden.display())
        });
        assert!(recorded == text, "{} is not what was recorded:\n{text}", golden.display());
    }
    assert!(count >= 6, "only {count} programs");
}

/// Runs leave nothing where nothing may be specialised, and machine code only where there is a JIT.
#[test]
fn there_is_code_of_the_tiers_that_ran() {
    let vm = |tiers| {
        let vm = Vm::new(
            assemble("load_const r0, 0\n load_const r1, 1\nagain:\n add r0, r0, r1\n jump again").unwrap(),
        );
        let limits = Limits { max_steps: Some(100_000), ..Limits::default() };
        let ended = vm.run(Run::new(&mut ()).limits(limits).tiers(tiers));
        assert!(ended.is_err());
        (vm.dump_specialised(), vm.dump_jit(), vm.machine_code())
    };
    assert_eq!(vm(Tiers::Interpreter), (String::new(), String::new(), 0));
    let (specialised, jit, _) = vm(Tiers::EagerSpecialised);
    assert!(!specialised.is_empty() && jit.is_empty());
    let (_, jit, size) = vm(Tiers::EagerJit);
    let digits: usize = jit
        .lines()
        .filter_map(|line| line.strip_prefix("       "))
        .map(|row| row[8..].trim_start().split("  ").next().unwrap_or_default().split_whitespace().count())
        .sum();
    // Entering and leaving stand before the first instruction.
    assert!(digits <= size && (size == 0 || digits * 2 > size), "{digits} of {size} bytes\n{jit}");
}

/// The machine code of `dump/counted_loop.mdasm` is `dump/counted_loop.x64.txt`, bytes and addresses of the process aside. With debug
/// assertions there are checks between the instructions, which are part of what was recorded.
#[cfg(all(machine_code, debug_assertions))]
#[test]
fn machine_code_is_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dump");
    let program = fs::read_to_string(folder.join("counted_loop.mdasm")).unwrap();
    let vm = Vm::new(assemble(&program).unwrap());
    let limits = Limits { max_steps: Some(100_000), ..Limits::default() };
    // How it ends is for other tests.
    let _ = vm.run(Run::new(&mut ()).limits(limits).tiers(Tiers::EagerJit));
    let dumped = vm.dump_jit();
    if vm.machine_code() == 0 {
        // The system refuses memory for code.
        return assert!(dumped.is_empty());
    }
    let text: String = dumped.lines().map(|line| without_addresses(line) + "\n").collect();
    let golden = folder.join("counted_loop.x64.txt");
    if env::var_os("BLESS").is_some() {
        fs::write(&golden, &text).unwrap();
    }
    let recorded = fs::read_to_string(&golden).unwrap();
    assert!(recorded == text, "{} is not what was recorded:\n{text}", golden.display());
}

/// A line of a dump without the bytes, and without numbers that are too large to be anything but addresses.
#[cfg(all(machine_code, debug_assertions))]
fn without_addresses(line: &str) -> String {
    let Some(row) = line.strip_prefix("       ") else { return line.to_owned() };
    let (offset, rest) = row.split_at(6);
    let instruction = rest.trim_start().split_once("  ").map_or("", |(_, text)| text.trim_start());
    let words = instruction.split(' ').map(|word| {
        let digits = word.strip_prefix("0x").unwrap_or_default();
        if digits.len() > 8 { "ADDRESS" } else { word }
    });
    format!("  {offset}  {}", words.collect::<Vec<_>>().join(" "))
}
