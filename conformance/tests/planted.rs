//! Bugs planted into the reference, one a trial: `cargo test -p mdvm-conform --test planted`.
//!
//! A trial copies the reference, weakens one rule of the copy and has the copy run the cases of `spec/cases`. A case whose
//! outcome is then not the expected one *kills* the bug. A bug that survives them all shows that a case is missing.
//!
//! Most bugs stand in `conformance/planted/bugs.yaml`; those that follow from the tables of the specification are made in
//! `conformance/planted/tables.rs`.

#[path = "../planted/bug.rs"]
mod bug;
#[path = "../planted/cases.rs"]
mod cases;
#[path = "../planted/tables.rs"]
mod tables;
#[path = "../planted/variant.rs"]
mod variant;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use mdvm_conform::batch::{self, Done, Job, Options};
use mdvm_conform::case::Case;
use mdvm_conform::ledger::Ledger;
use mdvm_conform::plug::Answer;
use mdvm_conform::verdict::{Verdict, judge};
use mdvm_spec::Spec;

use bug::Bug;
use cases::Cases;
use variant::Original;

/// How long a broken copy may take for one case. No endless program needs it: [`Cases`] gives each a limit of steps.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The trial that shows that it is the bugs that fail the cases, and nothing else about the copies.
const CONTROL: &str = "no-bug-at-all";

fn main() -> ExitCode {
    match run(&Arguments::from_args()) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let mut bugs = bug::read("bugs.yaml")?;
    bugs.extend(tables::bugs(&spec)?);
    let names: BTreeSet<&str> = bugs.iter().map(|bug| bug.name.as_str()).collect();
    if names.len() < bugs.len() {
        return Err("two bugs have the same name".to_owned());
    }
    let ground = if arguments.list {
        None
    } else {
        Some(Arc::new(Ground { original: Original::copy()?, cases: Cases::list(spec)? }))
    };
    let on_ground = |name: &str, test: fn(&Ground, &[Bug]) -> Result<(), String>, bugs: Vec<Bug>| {
        let ground = ground.clone();
        Trial::test(name, move || match &ground {
            Some(ground) => test(ground, &bugs).map_err(Failed::from),
            None => Err(Failed::from("this trial was only to be listed")),
        })
    };
    // The control takes longest, so it comes first.
    let mut trials = vec![on_ground(CONTROL, nothing_is_killed, bugs.clone())];
    trials.extend(bugs.into_iter().map(|bug| on_ground(&bug.name.clone(), all_are_killed, vec![bug])));
    Ok(libtest_mimic::run(arguments, trials).exit_code())
}

/// What all trials stand on.
struct Ground {
    original: Original,
    cases: Cases,
}

fn nothing_is_killed(ground: &Ground, bugs: &[Bug]) -> Result<(), String> {
    let unbroken = ground.original.with(&[])?;
    let mut cases = ground.cases.light()?;
    for bug in bugs {
        cases.extend(ground.cases.heavy_of(&bug.killed_by)?);
    }
    match hunt(&unbroken, &cases, true)?.killer {
        None => Ok(()),
        Some(killer) => Err(format!("the unbroken reference fails a case\n{killer}")),
    }
}

fn all_are_killed(ground: &Ground, bugs: &[Bug]) -> Result<(), String> {
    bugs.iter().try_for_each(|bug| is_killed(ground, bug))
}

fn is_killed(ground: &Ground, bug: &Bug) -> Result<(), String> {
    let about = format!("{}: {}", bug.name, bug.why);
    let broken = ground.original.with(&bug.edits).map_err(|problem| format!("{about}\n  {problem}"))?;
    let fair = bug.dies_because.is_some();
    let mut deaths = BTreeSet::new();
    for cases in [ground.cases.named(&bug.killed_by)?, ground.cases.light()?] {
        let found = hunt(&broken, &cases, fair).map_err(|problem| format!("{about}\n  {problem}"))?;
        if let Some(killer) = found.killer {
            if std::env::var_os("PLANTED_VERBOSE").is_some() {
                println!("{} is killed by {killer}", bug.name);
            }
            return Ok(());
        }
        deaths.extend(found.deaths);
    }
    let mut report = format!(
        "{about}\n  This bug survives every case of spec/cases, so a case is missing.\n  The bug is {}\n",
        bug.place
    );
    for death in deaths {
        report
            .push_str(&format!("  It died in {death}, which counts only with a reason in `dies_because`.\n"));
    }
    Err(report)
}

/// What came of running cases on a copy.
#[derive(Default)]
struct Found {
    /// The first case that failed, and how.
    killer: Option<String>,
    /// Cases in which the copy gave no outcome.
    deaths: BTreeSet<String>,
}

/// Runs the cases until one kills the copy. That the copy crashes or falls silent is a kill only where that is `fair`.
fn hunt(copy: &variant::Variant, cases: &[Arc<Case>], fair: bool) -> Result<Found, String> {
    let jobs: Vec<_> =
        cases.iter().map(|case| Job { request: case.request(), weight: case.weight() }).collect();
    if jobs.is_empty() {
        return Ok(Found::default());
    }
    let stop = AtomicBool::new(false);
    let found = Mutex::new(Found::default());
    let done = |index: usize, done: Done| {
        let case = &cases[index];
        let judgement = judge(case, &done.answer, &[], &Ledger::default());
        if judgement.verdict == Verdict::Pass {
            return;
        }
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        if fair || matches!(done.answer, Answer::Outcome(_)) {
            found.killer.get_or_insert_with(|| format!("{}\n{}", case.id, judgement.reason));
            stop.store(true, Ordering::Relaxed);
        } else {
            found.deaths.insert(case.id.clone());
        }
    };
    let options =
        Options { workers: 1, timeout: TIMEOUT, stop: &stop, bounds: mdvm_conform::batch::Bounds::NONE };
    batch::run(&copy.launcher(), &jobs, &options, &done)?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}
