//! The command `mdvm-conform schedule`.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
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
const SCHEDULES: u64 = 1;
/// Each exit is forced in so many of the cases that have it, those that run fastest.
const HOLDERS: usize = 2;
/// An exit that was not forced in those is tried in so many more.
const MORE_HOLDERS: usize = 24;
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
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN.saturating_add(1))]
    jobs: NonZeroUsize,
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
                random(launcher, Sequence { seed, count: arguments.count, time }, arguments.jobs.get(), stop)?
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
    if stop.load(Ordering::Relaxed) {
        // Of what was not reached nothing is said.
        println!("it was ended before all was forced");
        return Ok(is_fine);
    }
    if all.runs == 0 {
        return Err(
            "nothing was forced; give it a --filter, a --count or a --time that reaches something".to_owned()
        );
    }
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
    force_cases(launcher, &cases, Sample { part: 1, exits: arguments.exits }, arguments.jobs.get(), stop)
}

/// How much of the cases is forced, besides each exit of all of them in a few.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// In one of so many cases, from 1.
    pub part: u64,
    /// At most so many exits are forced in each of those.
    pub exits: u64,
}

/// An exit of a case: how long the case takes, which it is, and what a schedule names the exit by there.
type Holder = (Duration, usize, String);

/// Forces each exit of cases in a few of those that have it, and places of a sample of the cases one by one. A case that has a schedule
/// is forced as that says.
///
/// # Errors
/// Says why an implementation gives no answer.
pub fn force_cases(
    launcher: &Launcher,
    cases: &[Case],
    sample: Sample,
    jobs: usize,
    stop: &AtomicBool,
) -> Result<(Tally, Vec<Small>), String> {
    let holders: Mutex<BTreeMap<Exit, Vec<Holder>>> = Mutex::default();
    let (mut tally, mut found) = share(launcher, jobs, stop, |index, forcer, tally| {
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let Some(case) = cases.get(place) else { return Next::Done };
        let exits = if index % sample.part == 0 { sample.exits } else { 0 };
        let effort = Effort { exits, refusals: exits.min(16), seed: index };
        let request = case.request();
        let (mut own, began) = (Tally::default(), Instant::now());
        let came = match &case.schedule {
            Some(schedule) => forcer.force(&request, schedule, &mut own),
            None => forcer.force_each(&request, effort, &mut own),
        };
        let cost = began.elapsed() / u32::try_from(own.runs + 1).unwrap_or(u32::MAX);
        let mut holders = holders.lock().unwrap_or_else(PoisonError::into_inner);
        for (exit, kind) in &own.kinds {
            holders.entry(exit.clone()).or_default().push((cost, place, kind.clone()));
        }
        drop(holders);
        tally.add(&own);
        next_of_case(forcer, case, came)
    })?;
    let mut holders: Vec<(Exit, Vec<Holder>)> =
        holders.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
    holders.iter_mut().for_each(|(_, cases)| cases.sort_unstable());
    let (more, also) = share(launcher, jobs, stop, |index, forcer, tally| {
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let Some((exit, holders)) = holders.get(place) else { return Next::Done };
        let mut own = Tally::default();
        for (tried, (_, case, kind)) in holders.iter().enumerate().take(MORE_HOLDERS) {
            if tried >= HOLDERS && own.exits.get(exit).is_some_and(|count| *count > 0) {
                break;
            }
            let case = &cases[*case];
            let came = forcer.force_kind(&case.request(), kind, &mut own);
            let next = next_of_case(forcer, case, came);
            if !matches!(next, Next::Fine) {
                tally.add(&own);
                return next;
            }
        }
        tally.add(&own);
        Next::Fine
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
