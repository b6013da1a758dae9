//! The command `mdvm-conform schedule`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use mdvm_spec::Spec;

use super::campaign::{Small, force_random, make_small};
use super::tally::{Exit, Tally, Unforced};
use super::{Effort, Forcer, Found};
use crate::case::Case;
use crate::case_file::Expecting;
use crate::fuzz::program::Program;
use crate::implementation::Launcher;
use crate::{catalog, paths};

/// What takes the interpreter longer than so many steps is left out.
const HEAVY: u64 = 200_000;
/// How many random schedules each random program has.
const SCHEDULES: u64 = 3;
/// In so many cases an exit is looked for that was not among those that were chosen, and among so many exits of each.
const HOLDERS: usize = 4;
const SOUGHT: u64 = 2_000;
/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The arguments of the command.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A machine that takes schedules, as NAME=COMMAND: `mdvm serve --jit=always`, built with the feature `schedule`; `rust-specialised` or
    /// `rust-jit`, where this command is built with that. May be given several times.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required = true)]
    implementations: Vec<String>,
    /// A folder of case files, instead of the cases of the repository.
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// Only the cases with this text in their id.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How many exits of a case are forced at most.
    #[arg(long, value_name = "N", default_value_t = 64)]
    exits: u64,
    /// Random programs instead of cases, under random schedules: which sequence.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How many random programs are run. Without it and `--time`, until Ctrl-C.
    #[arg(long, value_name = "N", requires = "seed")]
    count: Option<u64>,
    /// How long random programs are run.
    #[arg(long, value_name = "SECONDS", requires = "seed")]
    time: Option<u64>,
    /// How many processes of each machine share the work.
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// A list of exits that are known not to be forced, each with the reason.
    #[arg(long, value_name = "FILE")]
    unforced: Option<PathBuf>,
    /// Where what was found is written, as case files.
    #[arg(long, value_name = "DIR", default_value = "target/schedule")]
    out: PathBuf,
    /// Names every exit, with how often it was forced.
    #[arg(long)]
    verbose: bool,
}

/// Does what the arguments say, and tells whether nothing differs and no exit is left.
///
/// # Errors
/// Says what keeps it from beginning, or which implementation gives no answer.
pub fn run(arguments: &Arguments, stop: &AtomicBool) -> Result<bool, String> {
    let launchers: Result<Vec<Launcher>, String> =
        arguments.implementations.iter().map(|text| Launcher::parse(text)).collect();
    let mut all = Tally::default();
    let mut is_fine = true;
    for launcher in &launchers? {
        if !Forcer::new(launcher, TIMEOUT).takes_schedules()? {
            return Err(format!(
                "{} takes no schedules; a machine that does is built with `cargo build -p machine-dialect-vm --features schedule`",
                launcher.name
            ));
        }
        let (tally, found) = match arguments.seed {
            Some(seed) => {
                let time = arguments.time.map(Duration::from_secs);
                random(launcher, Sequence { seed, count: arguments.count, time }, arguments.jobs, stop)?
            }
            None => cases(launcher, arguments, stop)?,
        };
        for (number, small) in found.iter().enumerate() {
            let text = small.case_file();
            let file = arguments.out.join(format!("{}-{number}.yaml", launcher.name));
            let written = fs::create_dir_all(&arguments.out).and_then(|()| fs::write(&file, &text));
            written.map_err(|error| format!("{}: {error}", file.display()))?;
            println!("{}: {}\n{text}", launcher.name, paths::shown(&file));
        }
        is_fine &= found.is_empty();
        all.add(&tally);
    }
    print!("{}", all.text(arguments.verbose));
    if arguments.seed.is_none() {
        let problems = all.problems(&known_unforced(arguments.unforced.as_deref())?);
        problems.iter().for_each(|problem| println!("{problem}"));
        is_fine &= problems.is_empty();
    }
    Ok(is_fine)
}

/// The exits that are known not to be forced.
///
/// # Errors
/// Says why the list cannot be read.
pub fn known_unforced(file: Option<&Path>) -> Result<Vec<Unforced>, String> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

/// The cases whose places are forced.
///
/// # Errors
/// Gives what is wrong with the files.
pub fn light_cases(folder: &Path) -> Result<Vec<Case>, String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let cases = catalog::read_folder(folder, &spec, Expecting::Something);
    let mut cases = cases.map_err(|problems| problems.to_string())?;
    cases.retain(|case| case.weight() < HEAVY && !case.id.starts_with("deep/"));
    Ok(cases)
}

fn cases(
    launcher: &Launcher,
    arguments: &Arguments,
    stop: &AtomicBool,
) -> Result<(Tally, Vec<Small>), String> {
    let mut cases = light_cases(&arguments.cases.clone().unwrap_or_else(paths::cases_folder))?;
    cases.retain(|case| arguments.filter.as_ref().is_none_or(|text| case.id.contains(text.as_str())));
    force_cases(launcher, &cases, arguments.exits, arguments.jobs, stop)
}

/// Forces the places of cases, so many exits of each at most. A case that has a schedule is forced as that says.
///
/// # Errors
/// Says why an implementation gives no answer.
pub fn force_cases(
    launcher: &Launcher,
    cases: &[Case],
    exits: u64,
    jobs: usize,
    stop: &AtomicBool,
) -> Result<(Tally, Vec<Small>), String> {
    let refusals = exits.min(16);
    let holders: Mutex<BTreeMap<Exit, Vec<(Duration, usize)>>> = Mutex::default();
    let (mut tally, mut found) = share(launcher, jobs, stop, |index, forcer, tally| {
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let Some(case) = cases.get(place) else { return Next::Done };
        let effort = Effort { exits, refusals, seed: index };
        let request = case.request();
        let (mut own, began) = (Tally::default(), Instant::now());
        let came = match &case.schedule {
            Some(schedule) => forcer.force(&request, schedule, &mut own),
            None => forcer.force_each(&request, effort, &mut own),
        };
        // What few runs take long of is left to others.
        let cost = began.elapsed() / u32::try_from(own.runs + 1).unwrap_or(u32::MAX);
        let mut holders = holders.lock().unwrap_or_else(PoisonError::into_inner);
        own.exits.keys().for_each(|exit| holders.entry(exit.clone()).or_default().push((cost, place)));
        drop(holders);
        tally.add(&own);
        next_of_case(forcer, case, came)
    })?;
    // What is still to be forced, in some of the cases that have it.
    let holders = holders.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut wanted: BTreeMap<usize, BTreeSet<Exit>> = BTreeMap::new();
    for exit in tally.unforced() {
        let mut lightest = holders.get(exit).cloned().unwrap_or_default();
        lightest.sort_unstable();
        for (_, place) in lightest.into_iter().take(HOLDERS) {
            wanted.entry(place).or_default().insert(exit.clone());
        }
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let (more, also) = share(launcher, jobs, stop, |index, forcer, tally| {
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let Some((case, exits)) = wanted.get(place) else { return Next::Done };
        let case = &cases[*case];
        let came = forcer.seek(&case.request(), SOUGHT, &mut exits.clone(), tally);
        next_of_case(forcer, case, came)
    })?;
    tally.add(&more);
    found.extend(also);
    Ok((tally, found))
}

/// Makes what a case shows small.
fn next_of_case(forcer: &mut Forcer, case: &Case, came: Result<Option<Found>, String>) -> Next {
    let found = match came {
        Ok(None) => return Next::Fine,
        Ok(Some(found)) => found,
        Err(why) => return Next::Failed(format!("{}: {why}", case.id)),
    };
    let Ok(module) = machine_dialect_vm::Module::decode(&case.module) else { return Next::Fine };
    let (limits, globals) = (case.limits.clone(), case.globals.clone());
    let program = Program { limits, globals, ..Program::of_module(&module) };
    match make_small(forcer, &program, &found) {
        Ok(small) => Next::Found(Small { what: format!("{}\n{}", case.id, small.what), ..small }),
        Err(why) => Next::Failed(format!("{}: {why}", case.id)),
    }
}

/// A sequence of random programs, and where it ends.
#[derive(Debug, Clone, Copy)]
pub struct Sequence {
    /// The same seed gives the same programs and schedules.
    pub seed: u64,
    /// How many programs are tried.
    pub count: Option<u64>,
    /// How long it may take.
    pub time: Option<Duration>,
}

/// Runs random programs under random schedules.
///
/// # Errors
/// Says why an implementation gives no answer.
pub fn random(
    launcher: &Launcher,
    Sequence { seed, count, time }: Sequence,
    jobs: usize,
    stop: &AtomicBool,
) -> Result<(Tally, Vec<Small>), String> {
    let until = time.map(|time| Instant::now() + time);
    share(launcher, jobs, stop, |index, forcer, tally| {
        if count.is_some_and(|count| index >= count) || until.is_some_and(|until| Instant::now() >= until) {
            return Next::Done;
        }
        match force_random(forcer, (seed, index), SCHEDULES, tally) {
            Ok(None) => Next::Fine,
            Ok(Some((program, found))) => match make_small(forcer, &program, &found) {
                Ok(small) => Next::Found(small),
                Err(why) => Next::Failed(format!("number {index} of seed {seed}: {why}")),
            },
            Err(why) => Next::Failed(format!("number {index} of seed {seed}: {why}")),
        }
    })
}

/// What came of one piece of work.
enum Next {
    Fine,
    Found(Small),
    Failed(String),
    /// There is no such piece.
    Done,
}

/// Has threads share the pieces of work, by number.
fn share(
    launcher: &Launcher,
    jobs: usize,
    stop: &AtomicBool,
    work: impl Fn(u64, &mut Forcer, &mut Tally) -> Next + Sync,
) -> Result<(Tally, Vec<Small>), String> {
    let next = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    let all = Mutex::new((Tally::default(), Vec::new(), None));
    let run = || {
        let (mut tally, mut forcer) = (Tally::default(), Forcer::new(launcher, TIMEOUT));
        while !stop.load(Ordering::Relaxed) && !is_over.load(Ordering::Relaxed) {
            let came = work(next.fetch_add(1, Ordering::Relaxed), &mut forcer, &mut tally);
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            match came {
                Next::Fine => {}
                Next::Found(small) => all.1.push(small),
                Next::Failed(why) => {
                    is_over.store(true, Ordering::Relaxed);
                    all.2.get_or_insert(why);
                }
                Next::Done => break,
            }
        }
        all.lock().unwrap_or_else(PoisonError::into_inner).0.add(&tally);
    };
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(run);
        }
    });
    let (tally, found, failed) = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    match failed {
        Some(why) => Err(why),
        None => Ok((tally, found)),
    }
}
