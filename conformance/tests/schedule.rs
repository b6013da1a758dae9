//! Every exit forced: the machine leaves its faster tiers wherever it can, and nothing that can be seen changes.
//!
//! The machine is a process of its own, built with the feature `schedule`: a build that anyone uses has nothing of it.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "support/planted.rs"]
mod support;

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use machine_dialect_vm::planted;
use mdvm_conform::forced::command::{Sample, Sequence, force_cases, known_unforced, light_cases, random};
use mdvm_conform::forced::tally::Tally;
use mdvm_conform::forced::{Effort, Forcer};
use mdvm_conform::implementation::{Launcher, Start};
use mdvm_conform::paths;

use crate::support::planted_machine;

/// Which random programs and schedules, unless `MDVM_SCHEDULE_SEED` names another sequence.
const SEED: u64 = 17;
/// How long they are run, in seconds, unless `MDVM_SCHEDULE_TIME` says otherwise.
const TIME: u64 = 8;
/// Besides each exit in a few cases, so many of each of a sample of the cases are forced, unless `MDVM_SCHEDULE_EXITS` says otherwise.
const EXITS: u64 = 6;
/// One of so many cases is part of the sample, unless `MDVM_SCHEDULE_PART` says otherwise.
const PART: u64 = 12;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The tiers whose exits are forced.
const TIERS: [(&str, &[&str]); 2] =
    [("specialised", &["--tier=specialised", "--jit=always"]), ("machine_code", &["--jit=always"])];

/// Mutants of exits that the suite does not see, each with a case whose exits show it, and the tier it is shown in.
const MUTANTS: &[(&str, &str, usize)] = &[
    ("exit-forgets-a-store", "calls/windows/a-recursion-that-keeps-a-value-in-r70", 0),
    (
        "exit-forgets-a-constant",
        "fused/borrowed/a-bool-is-appended-to-and-written-over-in-an-array-that-a-global-shares",
        0,
    ),
    (
        "exit-charges-nothing",
        "fused/borrowed/a-bool-is-appended-to-and-written-over-in-an-array-that-a-global-shares",
        0,
    ),
    ("exit-goes-on-before", "arith/div/a-quotient-has-all-the-digits-of-a-float", 0),
    ("exit-forgets-where-from", "phis/phi/after-a-call-returned-the-call-is-the-predecessor", 0),
    ("exit-charges-too-little", "fused/written-over/texts-that-are-compared-are-written-over", 0),
    ("exit-charges-twice", "arith/mul/an-int-times-a-float-is-a-float", 0),
    ("exit-goes-on-behind", "dicts/dict_set/a-key-that-was-computed-replaces-the-one-that-was-written", 0),
    ("exit-reads-a-dead-register", "calls/windows/a-recursion-that-keeps-a-value-in-r70", 0),
    ("exit-stores-in-the-wrong-order", "calls/windows/a-callee-does-not-see-its-caller-s-r1", 0),
    ("exit-of-stub-forgets-a-store", "arith/add/a-string-and-a-url-do-not-join", 0),
    ("exit-of-stub-charges-too-little", "arith/add/a-string-and-a-url-do-not-join", 0),
    ("exit-of-call-forgets-a-store", "calls/windows/a-call-writes-its-destination-and-no-other-register", 0),
    ("exit-of-loop-forgets-a-store", "fused/loops/a-loop-writes-floats-over-ints-and-bools-over-those", 1),
    ("exit-of-loop-loses-a-tag", "fused/loops/a-loop-writes-floats-over-ints-and-bools-over-those", 1),
    ("exit-of-loop-charges-too-little", "fused/loops/a-loop-writes-floats-over-ints-and-bools-over-those", 1),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mutants = MUTANTS.iter().map(|mutant| Trial::test(mutant.0, move || is_shown(mutant)));
    let others = [
        Trial::test("every-mutant-has-a-trial", every_mutant_has_a_trial),
        Trial::test("every-exit-of-the-cases-is-forced", every_exit_is_forced),
        Trial::test("random-schedules-change-nothing", random_schedules_change_nothing),
        Trial::test("a-case-has-its-schedule-where-it-is-taken", a_schedule_is_replayed),
        Trial::test("where-nothing-is-forced-nothing-is-proved", nothing_forced_is_a_failure),
        Trial::test("a-machine-without-the-feature-has-nothing-of-it", nothing_is_left_without_the_feature),
    ];
    libtest_mimic::run(&arguments, others.into_iter().chain(mutants).collect()).exit_code()
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, which is no number")),
        Err(_) => default,
    }
}

/// A machine in which everything can be forced, with a mutant or without.
fn machine((name, tiers): (&str, &[&str]), mutant: Option<&str>) -> Result<Launcher, String> {
    let unset = ["env".to_owned(), "-u".to_owned(), "MDVM_PLANTED".to_owned()];
    let set = mutant.map(|mutant| format!("MDVM_PLANTED={mutant}"));
    let serve = [planted_machine()?.display().to_string(), "serve".to_owned()];
    let words = unset.into_iter().chain(set).chain(serve);
    let words = words.chain(tiers.iter().map(|&word| word.to_owned())).collect();
    Ok(Launcher { name: name.to_owned(), start: Start::Command(words) })
}

/// The list of exits that no case is forced out of.
fn unforced_list() -> std::path::PathBuf {
    paths::home().join("known/unforced.yaml")
}

fn every_mutant_has_a_trial() -> Result<(), Failed> {
    let there = planted::BUGS.iter().map(|bug| bug.0).filter(|bug| planted::is_of_exits(bug));
    assert_eq!(there.collect::<BTreeSet<_>>(), MUTANTS.iter().map(|mutant| mutant.0).collect());
    Ok(())
}

fn every_exit_is_forced() -> Result<(), Failed> {
    let cases = light_cases(&paths::cases_folder())?;
    let sample = Sample {
        part: number("MDVM_SCHEDULE_PART", PART).max(1),
        exits: number("MDVM_SCHEDULE_EXITS", EXITS),
    };
    let mut all = Tally::default();
    for tier in TIERS {
        let (mut tally, found) =
            force_cases(&machine(tier, None)?, &cases, sample, 2, &AtomicBool::new(false))?;
        if let Some(small) = found.first() {
            return Err(small.case_file().into());
        }
        // The machine with machine code has all specialised code too, and leaves it seldom.
        tally.exits.retain(|(of, _), _| tier.0 == "specialised" || of != "specialised");
        all.add(&tally);
    }
    println!("{}", all.text(false));
    let problems = all.problems(&known_unforced(Some(&unforced_list()))?);
    if !problems.is_empty() {
        return Err(problems.join("\n").into());
    }
    let tiers: BTreeSet<&str> = all.by_tier().into_keys().collect();
    assert_eq!(tiers, ["machine_code", "optimised", "specialised"].into());
    assert!(3 * all.frames > all.runs, "few states were compared: {}", all.text(false));
    Ok(())
}

fn random_schedules_change_nothing() -> Result<(), Failed> {
    let (seed, time) = (number("MDVM_SCHEDULE_SEED", SEED), number("MDVM_SCHEDULE_TIME", TIME));
    let mut all = Tally::default();
    for tier in TIERS {
        let stop = AtomicBool::new(false);
        let sequence = Sequence { seed, count: None, time: Some(Duration::from_secs(time) / 2) };
        let (tally, found) = random(&machine(tier, None)?, sequence, 2, &stop)?;
        if let Some(small) = found.first() {
            return Err(small.case_file().into());
        }
        all.add(&tally);
    }
    println!("{}", all.text(false));
    assert!(all.programs > 20 && all.runs > 20, "few were run: {}", all.text(false));
    Ok(())
}

/// A case is forced at each exit on the machine with a mutant, which must show, and on the machine without, which must not. It must not show
/// in the outcome of the case, which is all that the suite looks at.
fn is_shown((mutant, case, tier): &(&str, &str, usize)) -> Result<(), Failed> {
    let cases = light_cases(&paths::cases_folder())?;
    let case = cases.iter().find(|one| one.id == *case).ok_or_else(|| format!("there is no case {case}"))?;
    let effort = Effort { exits: 256, refusals: 64, seed: 0 };
    for planted in [Some(*mutant), None] {
        let machine = machine(TIERS[*tier], planted)?;
        let mut tally = Tally::default();
        let mut forcer = Forcer::new(&machine, TIMEOUT);
        let mut found = forcer.force_each(&case.request(), effort, &mut tally)?;
        for kind in tally.kinds.clone().into_values() {
            if found.is_none() {
                found = forcer.force_kind(&case.request(), &kind, &mut tally)?;
            }
        }
        match (planted, found) {
            (Some(_), Some(found)) if found.schedule.is_empty() => {
                return Err(format!("it shows without a schedule: {}", found.what).into());
            }
            (Some(_), Some(found)) => println!("{}", found.what),
            (Some(_), None) => return Err(format!("nothing shows:\n{}", tally.text(true)).into()),
            (None, Some(found)) => return Err(format!("without the mutant: {}", found.what).into()),
            (None, None) => {}
        }
    }
    Ok(())
}

/// The third addition leaves with a deferred store.
const SCHEDULED: &str = "\
covers: [add]
cases:
  - name: an exit is forced
    asm: |
      load_const r0, 1
      add r1, r0, r0
      move r2, r1
      add r3, r1, r0
      add r3, r3, r2
      return r3
    schedule: {exit: [3], switches: 0}
    expect: {result: 5, steps: 6}
";

/// What the command says of a case with a schedule.
fn run_scheduled(implementation: &str) -> Result<(Option<i32>, String), Failed> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("scheduled.yaml"), SCHEDULED)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdvm-conform"));
    command.args(["run", "--impl", implementation, "--cases"]).arg(folder.path());
    let output = command.env_remove("MDVM_PLANTED").output()?;
    Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn a_schedule_is_replayed() -> Result<(), Failed> {
    let machine = planted_machine()?;
    let serve =
        |mutant: &str, tiers: &str| format!("forced=env {mutant} {} serve {tiers}", machine.display());
    for tiers in ["--jit=always", "--tier=specialised --jit=always", "--tier=interpreter"] {
        let (code, text) = run_scheduled(&serve("-u MDVM_PLANTED", tiers))?;
        assert_eq!(code, Some(0), "{tiers}: {text}");
    }
    let (code, text) =
        run_scheduled(&serve("MDVM_PLANTED=exit-forgets-a-store", "--tier=specialised --jit=always"))?;
    assert_eq!(code, Some(1), "the exit is not forced: {text}");
    // No outcome depends on it, so all others run the case without.
    for other in ["reference", "rust-jit"] {
        let (code, text) = run_scheduled(other)?;
        assert_eq!(code, Some(0), "{other}: {text}");
    }
    Ok(())
}

fn nothing_forced_is_a_failure() -> Result<(), Failed> {
    let machine = format!("forced={} serve --jit=always", planted_machine()?.display());
    for nothing in [&["--filter", "no-such-case"][..], &["--seed", "1", "--count", "0"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mdvm-conform"));
        let output = command.args(["schedule", "--impl", &machine]).args(nothing).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{nothing:?}: {said}");
        assert!(said.contains("nothing was forced"), "{nothing:?}: {said}");
    }
    Ok(())
}

fn nothing_is_left_without_the_feature() -> Result<(), Failed> {
    if cfg!(feature = "schedule") {
        return Ok(());
    }
    let handshake = machine_dialect_vm::plug::handshake();
    assert!(!handshake.contains("schedule"), "{handshake}");
    let answer = machine_dialect_vm::plug::answer(r#"{"id": 1, "module": "", "schedule": {}}"#);
    assert!(answer.contains("unknown field `schedule`"), "{answer}");
    Ok(())
}
