//! Bugs planted into the language of the reference, one a trial: `cargo test -p mdvm-conform --test planted_language`.
//!
//! A trial copies the reference, weakens one rule of the copy and has the copy run the programs of `spec/programs`, of the corpus and of
//! the specification. A program that does not come to what it must then *kills* the bug. A bug that survives them all shows that a
//! program is missing. The bugs stand in `conformance/planted/language.yaml`.

#[path = "../planted/bug.rs"]
mod bug;
#[path = "../planted/variant.rs"]
mod variant;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use mdvm_conform::batch::{self, Bounds, Done, Job, Options};
use mdvm_conform::plug::Answer;
use mdvm_conform::programs::judge::{Said, complaints};
use mdvm_conform::programs::{self, Program};
use mdvm_spec::Spec;

use bug::Bug;
use variant::{Original, Variant};

/// How long a broken copy may take for one program.
const TIMEOUT: Duration = Duration::from_secs(20);
/// So many steps a program may take, so that one that a bug makes endless ends. No program that is asked needs more.
const STEPS: u64 = 200_000;
/// The trial that shows that it is the bugs that fail the programs, and nothing else about the copies.
const CONTROL: &str = "no-bug-at-all";
/// So many bugs there are at the least.
const LEAST: usize = 40;

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
    let bugs = bug::read("language.yaml")?;
    let names: BTreeSet<&str> = bugs.iter().map(|bug| bug.name.as_str()).collect();
    if names.len() < bugs.len() {
        return Err("two bugs have the same name".to_owned());
    }
    if bugs.len() < LEAST {
        return Err(format!("there are {} bugs, and {LEAST} is the least", bugs.len()));
    }
    let ground = if arguments.list { None } else { Some(Arc::new(Ground::new()?)) };
    let on_ground = |name: &str, test: fn(&Ground, Option<&Bug>) -> Result<(), String>, bug: Option<Bug>| {
        let ground = ground.clone();
        Trial::test(name, move || match &ground {
            Some(ground) => test(ground, bug.as_ref()).map_err(Failed::from),
            None => Err(Failed::from("this trial was only to be listed")),
        })
    };
    // The control takes longest, so it comes first.
    let mut trials = vec![on_ground(CONTROL, nothing_is_killed, None)];
    trials.extend(bugs.into_iter().map(|bug| on_ground(&bug.name.clone(), is_killed, Some(bug))));
    Ok(libtest_mimic::run(arguments, trials).exit_code())
}

/// What all trials stand on.
struct Ground {
    original: Original,
    programs: Vec<Program>,
}

impl Ground {
    fn new() -> Result<Self, String> {
        let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
        let mut programs = programs::all(&spec).map_err(|problems| problems.to_string())?;
        // What the corpus asks of speed is too much for an interpreter in Python, again and again.
        programs.retain(|program| !program.id.contains("/corpus/"));
        for program in &mut programs {
            program.limits.entry("max_steps".to_owned()).or_insert(STEPS);
        }
        Ok(Self { original: Original::copy()?, programs })
    }

    /// The programs that have one of these texts in their ids first, then all others.
    fn programs(&self, first: &[String]) -> Vec<&Program> {
        let (mut named, others): (Vec<&Program>, Vec<&Program>) = self
            .programs
            .iter()
            .partition(|program| first.iter().any(|part| program.id.contains(part.as_str())));
        named.extend(others);
        named
    }
}

fn nothing_is_killed(ground: &Ground, _bug: Option<&Bug>) -> Result<(), String> {
    let unbroken = ground.original.with(&[])?;
    match hunt(&unbroken, &ground.programs(&[]), true)?.killer {
        None => Ok(()),
        Some(killer) => Err(format!("the unbroken reference fails a program\n{killer}")),
    }
}

fn is_killed(ground: &Ground, bug: Option<&Bug>) -> Result<(), String> {
    let Some(bug) = bug else { return Err("there is no bug to kill".to_owned()) };
    let about = format!("{}: {}", bug.name, bug.why);
    for part in &bug.killed_by {
        if !ground.programs.iter().any(|program| program.id.contains(part.as_str())) {
            return Err(format!("{about}\n  no program has {part:?} in its id; the bug is {}", bug.place));
        }
    }
    let broken = ground.original.with(&bug.edits).map_err(|problem| format!("{about}\n  {problem}"))?;
    let found = hunt(&broken, &ground.programs(&bug.killed_by), bug.dies_because.is_some())
        .map_err(|problem| format!("{about}\n  {problem}"))?;
    if let Some(killer) = found.killer {
        if std::env::var_os("PLANTED_VERBOSE").is_some() {
            println!("{} is killed by {killer}", bug.name);
        }
        return Ok(());
    }
    let mut report = format!(
        "{about}\n  This bug survives every program, so one is missing.\n  The bug is {}\n",
        bug.place
    );
    for death in found.deaths {
        report
            .push_str(&format!("  It died in {death}, which counts only with a reason in `dies_because`.\n"));
    }
    Err(report)
}

/// What came of running programs on a copy.
#[derive(Default)]
struct Found {
    /// The first program that failed, and how.
    killer: Option<String>,
    /// Programs in which the copy gave no outcome.
    deaths: BTreeSet<String>,
}

/// Runs the programs until one kills the copy. That the copy crashes or falls silent is a kill only where that is `fair`.
fn hunt(copy: &Variant, programs: &[&Program], fair: bool) -> Result<Found, String> {
    let jobs: Vec<_> = programs.iter().map(|program| Job { request: program.request(), weight: 0 }).collect();
    let stop = AtomicBool::new(false);
    let found = Mutex::new(Found::default());
    let done = |index: usize, done: Done| {
        let program = programs[index];
        let said = Said { answer: done.answer, warnings: done.warnings };
        let complaints = complaints(program, &said);
        if complaints.is_empty() {
            return;
        }
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        if fair || matches!(said.answer, Answer::Outcome(_)) {
            found.killer.get_or_insert_with(|| format!("{}\n  {}", program.id, complaints.join("\n  ")));
            stop.store(true, Ordering::Relaxed);
        } else {
            found.deaths.insert(program.id.clone());
        }
    };
    let options = Options { workers: 1, timeout: TIMEOUT, stop: &stop, bounds: Bounds::NONE };
    batch::run(&copy.launcher(), &jobs, &options, &done)?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}
