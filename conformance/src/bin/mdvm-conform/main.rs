//! The command `mdvm-conform`.

mod arguments;
mod display;
mod fuzz_pages;
mod views;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use clap::Parser;
use mdvm_conform::case::Case;
use mdvm_conform::coverage::{self, Subjects};
use mdvm_conform::fuzz::asker::Asker;
use mdvm_conform::fuzz::campaign::{self, write_case};
use mdvm_conform::fuzz::divergence::Pair;
use mdvm_conform::fuzz::finding::case_file;
use mdvm_conform::fuzz::results::{self, Total};
use mdvm_conform::fuzz::seeds;
use mdvm_conform::fuzz::triage::{read_subjects, triage};
use mdvm_conform::implementation::Launcher;
use mdvm_conform::report::{self, Detail};
use mdvm_conform::run::{self, Column, Plan, Run, Selection};
use mdvm_conform::{catalog, doctor, embedded, fix, forced, next, show, tier_cost, vectors, worker};
use mdvm_spec::Spec;

use arguments::{
    Cli, CoverageArguments, DoctorArguments, FuzzArguments, NextArguments, RunArguments, Task,
    TriageArguments,
};
use display::{Display, FuzzDisplay};

/// The run differs from what is expected.
const DIFFERENCES: u8 = 1;
/// The run could not begin.
const USAGE: u8 = 2;
/// What a shell reports of a command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// The same for `next`, which sees the better what is missing the more it sees fail.
const NEXT_STOP: usize = 500;

/// Becomes true at the first Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let on_interrupt = || {
        if STOP.swap(true, Ordering::SeqCst) {
            worker::end_all();
            embedded::clean_up();
            std::process::exit(INTERRUPTED.into());
        }
    };
    let code = ctrlc::set_handler(on_interrupt).map_err(|error| error.to_string()).and_then(|()| {
        match cli.command {
            Task::Run(arguments) => run_cases(&arguments),
            Task::List { filter, verbose } => list(filter.as_deref(), verbose),
            Task::Show { id, emit } => show_case(&id, emit.as_deref()),
            Task::Next(arguments) => say_next(&arguments),
            Task::Doctor(arguments) => examine(&arguments),
            Task::Coverage(arguments) => cover(&arguments),
            Task::Fuzz(arguments) => fuzz(&arguments),
            Task::FuzzPages(arguments) => fuzz_pages::run(&arguments),
            Task::FuzzReport { files } => report_of(&files),
            Task::FuzzSeeds { folder } => write_seeds(&folder),
            Task::TierCost(arguments) => tier_cost::command::run(&arguments, &STOP),
            Task::Schedule(arguments) => forced::command::run(&arguments, &STOP),
            Task::Triage(arguments) => triage_file(&arguments),
            Task::Vectors(arguments) => vectors::command::run(&arguments, &STOP),
        }
    });
    worker::end_all();
    embedded::clean_up();
    match code {
        _ if STOP.load(Ordering::SeqCst) => ExitCode::from(INTERRUPTED),
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(DIFFERENCES),
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(USAGE)
        }
    }
}

fn run_cases(arguments: &RunArguments) -> Result<bool, String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let launchers = launchers(&arguments.implementations)?;
    let ledgers = arguments
        .ledger
        .iter()
        .map(|text| run::ledger_argument(text, &launchers))
        .collect::<Result<_, _>>()?;
    let processors = || thread::available_parallelism().map_or(1, usize::from);
    let plan = Plan {
        launchers,
        selection: Selection {
            cases: arguments.cases.clone(),
            corpus: arguments.corpus.clone(),
            filter: arguments.filter.clone(),
            ids: arguments.case.clone(),
        },
        ledgers,
        workers: arguments.jobs.unwrap_or_else(processors),
        timeout: arguments.timeout,
        max_total: Some(arguments.max_total),
        stop_after: (arguments.stop_after > 0).then_some(arguments.stop_after),
    };
    let run = run::run(&plan, &spec, &STOP, &Display::default())?;
    if STOP.load(Ordering::SeqCst) {
        return Ok(false);
    }
    write_reports(arguments, &run)?;
    let detail = if arguments.verbose { Detail::All } else { Detail::Shortest };
    print(&if arguments.json { report::json(&run) } else { report::text(&run, detail) })?;
    if arguments.fix_ledger { fix_ledgers(&plan, &run) } else { Ok(run.is_fine()) }
}

fn write_reports(arguments: &RunArguments, run: &Run) -> Result<(), String> {
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    if let Some(path) = &arguments.junit {
        write(path, &report::junit(run))?;
    }
    if let Some(folder) = &arguments.html {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for (name, text) in report::pages(run) {
            write(&folder.join(name), &text)?;
        }
    }
    if let Some(path) = &arguments.badge {
        let is_foreign = |column: &&Column| column.argument.contains('=');
        if let Some(column) = run.columns.iter().find(is_foreign).or_else(|| run.columns.first()) {
            write(path, &report::badge(column))?;
        }
    }
    Ok(())
}

/// Fixes the ledgers, and says whether nothing differs that they do not know now. On stderr, for stdout has the report.
fn fix_ledgers(plan: &Plan, run: &Run) -> Result<bool, String> {
    let mut is_fine = run.disagreements.is_empty() && run.not_begun.is_empty();
    for column in &run.columns {
        let differs = |result: &run::CaseResult| !result.judgement.verdict.is_fine();
        let is_right = column.ledger.is_none() && !column.results.iter().flatten().any(differs);
        if is_right && column.is_fine() {
            continue;
        }
        let path = fix::path_of(plan, column)?;
        let fixed = fix::fix(run, column, &path)?;
        for (sign, names) in [('+', &fixed.added), ('-', &fixed.removed)] {
            names.iter().for_each(|name| eprintln!("{sign} {name}"));
        }
        fixed.left.iter().for_each(|left| eprintln!("NOTE {left}"));
        eprintln!(
            "{}: {} lines added, {} taken away; say in `why` what is behind the new ones",
            path.display(),
            fixed.added.len(),
            fixed.removed.len()
        );
        let (noise, stale) = (column.incidents.len(), column.stale);
        is_fine &= fixed.left.is_empty() && noise == stale;
    }
    Ok(is_fine)
}

fn read_suite() -> Result<Vec<Case>, String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    catalog::suite(&spec).map_err(|problems| problems.to_string())
}

fn list(filter: Option<&str>, verbose: bool) -> Result<bool, String> {
    let cases = read_suite()?;
    let mut out = String::new();
    for case in cases.iter().filter(|case| filter.is_none_or(|filter| case.id.contains(filter))) {
        out.push_str(&case.id);
        if verbose {
            let expect =
                case.expect.as_ref().map_or_else(String::new, mdvm_conform::outcome::Outcome::headline);
            out.push_str(&format!("\t{}\t{}\t{expect}", case.place(), show::group(case)));
        }
        out.push('\n');
    }
    if out.is_empty() {
        let ids: Vec<String> = cases.into_iter().map(|case| case.id).collect();
        let filter = filter.unwrap_or_default();
        return Err(format!("no case has {filter:?} in its id{}", catalog::did_you_mean(filter, &ids)));
    }
    print(&out)?;
    Ok(true)
}

fn show_case(id: &str, emit: Option<&Path>) -> Result<bool, String> {
    let cases = read_suite()?;
    let case = show::find(&cases, id)?;
    let Some(path) = emit else {
        print(&show::text(case))?;
        return Ok(true);
    };
    let bytes = show::emitted(case, &path.to_string_lossy())?;
    if path.as_os_str() == "-" {
        write_out(&bytes)?;
    } else {
        std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(true)
}

fn say_next(arguments: &NextArguments) -> Result<bool, String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let plan = Plan {
        launchers: launchers(&arguments.implementations)?,
        selection: Selection { filter: arguments.filter.clone(), ..Selection::default() },
        ledgers: std::collections::BTreeMap::new(),
        workers: thread::available_parallelism().map_or(1, usize::from),
        timeout: arguments.timeout,
        max_total: Some(arguments.max_total),
        stop_after: Some(NEXT_STOP),
    };
    let run = run::run(&plan, &spec, &STOP, &Display::default())?;
    if STOP.load(Ordering::SeqCst) {
        return Ok(false);
    }
    print(&next::text(&run, &spec))?;
    Ok(run.columns.iter().all(Column::is_fine))
}

fn examine(arguments: &DoctorArguments) -> Result<bool, String> {
    let mut is_fine = true;
    for launcher in launchers(&arguments.implementations)? {
        print(&format!("{}\n", launcher.name))?;
        for (index, check) in doctor::CHECKS.iter().enumerate() {
            if STOP.load(Ordering::SeqCst) {
                return Ok(false);
            }
            let finding = check.run(&launcher, arguments.timeout);
            is_fine &= finding.is_fine();
            print(&finding.to_string())?;
            if index == 0 && !finding.is_fine() {
                // Without a handshake every other check would find the same.
                break;
            }
        }
    }
    Ok(is_fine)
}

fn cover(arguments: &CoverageArguments) -> Result<bool, String> {
    if arguments.views.is_asked() {
        return views::cover(&arguments.views, arguments.timeout, arguments.verbose);
    }
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let subjects = Subjects::read(&spec).map_err(|problems| problems.to_string())?;
    let launchers = match arguments.implementations.as_slice() {
        [] => vec![Launcher::rust(), Launcher::reference()],
        texts => launchers(texts)?,
    };
    let plan = coverage::Plan {
        launchers: &launchers,
        workers: thread::available_parallelism().map_or(1, usize::from),
        timeout: arguments.timeout,
        stop: &STOP,
        progress: &Display::default(),
    };
    let coverage = coverage::measure(&spec, &subjects, &plan)?;
    if STOP.load(Ordering::SeqCst) {
        return Ok(false);
    }
    print(&if arguments.json { coverage.json() } else { coverage.text(arguments.verbose) })?;
    Ok(coverage.is_complete())
}

fn fuzz(arguments: &FuzzArguments) -> Result<bool, String> {
    if arguments.guide {
        return views::fuzz(&views::Guide {
            seed: arguments.seed,
            count: arguments.count.unwrap_or(u64::MAX),
            time: arguments.time,
            timeout: arguments.timeout,
            out: arguments.out.clone(),
            is_blessed: arguments.bless,
        });
    }
    let launchers = launchers(&arguments.implementations)?;
    if launchers.len() < 2 {
        return Err("programs without an expectation need two implementations; give --impl twice".to_owned());
    }
    let plan = campaign::Plan {
        launchers,
        seed: arguments.seed,
        count: arguments.count,
        time: arguments.time,
        shard: arguments.shard,
        sizes: arguments.size,
        workers: arguments.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)),
        timeout: arguments.timeout,
        folder: arguments.out.clone(),
        stops_at_first: arguments.first,
    };
    let ended = campaign::run(&plan, &STOP, &FuzzDisplay::default())?;
    print(&format!(
        "{} programs this time, {:.1} a second, {} divergences; {} holds:\n{}",
        ended.programs,
        ended.programs as f64 / ended.seconds.max(0.001),
        ended.divergences,
        ended.file.display(),
        ended.total.text()
    ))?;
    if ended.total.measure.programs == 0 && !STOP.load(Ordering::SeqCst) {
        return Err("no program was run; give this shard a --count or a --time that reaches one".to_owned());
    }
    let (run, not_compared) = (ended.total.measure.programs, ended.total.not_compared.len() as u64);
    if run > 0 && not_compared >= run {
        return Err("no program could be compared".to_owned());
    }
    Ok(ended.total.is_fine())
}

fn write_seeds(folder: &Path) -> Result<bool, String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    for (target, count) in seeds::write(folder, &spec)? {
        print(&format!("{target}: {count} inputs\n"))?;
    }
    Ok(true)
}

fn report_of(files: &[PathBuf]) -> Result<bool, String> {
    let mut total = Total::default();
    for file in files {
        results::read(file)?.iter().for_each(|row| total.add(row));
    }
    print(&total.text())?;
    Ok(total.is_fine())
}

fn triage_file(arguments: &TriageArguments) -> Result<bool, String> {
    let launchers = launchers(&arguments.implementations)?;
    let [left, right] = launchers.as_slice() else {
        return Err("triage compares two implementations; give --impl twice".to_owned());
    };
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let asker = |launcher: &Launcher| Asker::new(launcher, arguments.timeout);
    let mut pair = Pair { left: asker(left), right: asker(right) };
    let mut is_fine = true;
    for (number, (name, subject)) in read_subjects(&arguments.file, &spec)?.into_iter().enumerate() {
        let Some(triaged) = triage(&mut pair, &subject)? else {
            print(&format!("{name}: {} and {} agree\n", left.name, right.name))?;
            continue;
        };
        is_fine = false;
        let signature = triaged.divergence.signature.to_string();
        let text = case_file(&triaged.subject, &triaged.divergence, (&left.name, &right.name));
        let path = write_case(&arguments.out, &signature, number as u64, &text)?;
        print(&format!("{name}: {signature}\n{text}{}\n", path.display()))?;
    }
    Ok(is_fine)
}

fn launchers(texts: &[String]) -> Result<Vec<Launcher>, String> {
    let launchers = texts.iter().map(|text| Launcher::parse(text)).collect::<Result<Vec<_>, _>>()?;
    for (index, launcher) in launchers.iter().enumerate() {
        if launchers[..index].iter().any(|other| other.name == launcher.name) {
            return Err(format!("two implementations are called {}", launcher.name));
        }
    }
    Ok(launchers)
}

/// Writes to stdout. When its reader has gone, the rest is not wanted and the exit code still tells how it went.
fn print(text: &str) -> Result<(), String> {
    write_out(text.as_bytes())
}

fn write_out(bytes: &[u8]) -> Result<(), String> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("stdout: {error}")),
        Ok(()) | Err(_) => Ok(()),
    }
}
