//! A switch of the feature `ablation` changes how much is executed and nothing else: every module of the corpus comes to the
//! same without each technique, and without all of them.

// Without the switches there is nothing to compare.
#![cfg(all(feature = "ablation", feature = "cli"))]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use machine_dialect_vm::ablation::TECHNIQUES;

/// What a module may take. Some run for long, and then meet the limit in the midst of specialised code.
const MOST_STEPS: u32 = 200_000;

/// `tiers` are options of the command; none for the default tier.
fn run(without: &str, tiers: &str, module: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mdvm"))
        .args(["run", "--json", &format!("--max-steps={MOST_STEPS}")])
        .args(tiers.split_whitespace())
        .arg(module)
        .env("MDVM_WITHOUT", without)
        .output()
        .unwrap()
}

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/corpus");
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let modules: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "mdbc")).collect();
    assert!(!modules.is_empty());
    modules
}

#[test]
fn no_switch_changes_an_outcome() {
    let mut sets: Vec<String> = TECHNIQUES.iter().map(|(name, _)| (*name).to_owned()).collect();
    // Without specialised code, the others do nothing.
    sets.push(sets.iter().filter(|name| *name != "specialised-code").cloned().collect::<Vec<_>>().join(","));
    let differs_nowhere = |module: &PathBuf| {
        let expected = run("", "--tier=interpreter", module);
        assert!(!expected.stdout.is_empty(), "{}: {expected:?}", module.display());
        for without in &sets {
            for tiers in ["--tier=specialised --jit=always", "--jit=always", ""] {
                let outcome = run(without, tiers, module);
                assert_eq!(outcome, expected, "{} {tiers} without {without}", module.display());
            }
        }
    };
    let modules = corpus();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for share in modules.chunks(modules.len().div_ceil(processors)) {
            scope.spawn(|| share.iter().for_each(differs_nowhere));
        }
    });
}

#[test]
fn a_name_that_is_none_is_an_error_that_tells_the_names() {
    let module = &corpus()[0];
    let output = run("calls,pears", "--jit=always", module);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("error: MDVM_WITHOUT names \"pears\""), "{said}");
    assert!(TECHNIQUES.iter().all(|(name, _)| said.contains(name)), "{said}");
}

#[test]
fn names_differ() {
    let names: BTreeSet<&str> = TECHNIQUES.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), TECHNIQUES.len());
}
