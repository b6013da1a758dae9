//! The command `mdvm-conform`.

mod fuzz_pages;
mod views;

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use mdvm_conform::case::Case;
use mdvm_conform::coverage::{self, Subjects};
use mdvm_conform::fuzz::asker::Asker;
use mdvm_conform::fuzz::campaign::{self, Sizes, Watcher, write_case};
use mdvm_conform::fuzz::divergence::Pair;
use mdvm_conform::fuzz::finding::case_file;
use mdvm_conform::fuzz::results::{self, Total};
use mdvm_conform::fuzz::seeds;
use mdvm_conform::fuzz::triage::{read_subjects, triage};
use mdvm_conform::implementation::Launcher;
use mdvm_conform::report::{self, Detail};
use mdvm_conform::run::{self, Column, Plan, Progress, Run, Selection};
use mdvm_conform::{catalog, doctor, embedded, fix, forced, next, show, tier_cost, vectors, worker};
use mdvm_spec::Spec;

/// The run differs from what is expected.
const DIFFERENCES: u8 = 1;
/// The run could not begin.
const USAGE: u8 = 2;
/// What a shell reports of a command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// After how many crashes or time-outs of the same kind an implementation is given up, where nothing else is said.
const DEFAULT_STOP: usize = 50;

/// The same for `next`, which sees the better what is missing the more it sees fail.
const NEXT_STOP: usize = 500;

/// How long it takes at least from one line that tells of progress to the next.
const BETWEEN_LINES: Duration = Duration::from_secs(2);

/// Becomes true at the first Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// Tests implementations of Machine Dialect bytecode.
#[derive(Parser)]
#[command(version, propagate_version = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

const EXAMPLES: &str = "\
An implementation is `rust` (the VM of this repository), `reference` (the interpreter
in Python) or NAME=COMMAND, where the command speaks the protocol that
conformance/README.md describes.

Examples:
  mdvm-conform doctor --impl 'mine=./my-vm serve'
  mdvm-conform run --impl 'mine=./my-vm serve'
  mdvm-conform run --impl rust --impl 'mine=./my-vm serve' --filter arith/
  mdvm-conform next --impl 'mine=./my-vm serve'
  mdvm-conform list arith/
  mdvm-conform show arith/add/two-ints-add --emit two-ints-add.mdbc
  mdvm-conform run --impl rust --impl 'mine=./my-vm serve' --html report --badge badge.svg
  mdvm-conform coverage --verbose
  mdvm-conform fuzz --impl rust --impl reference --seed 1 --count 2000
  mdvm-conform fuzz --impl rust --impl 'mine=./my-vm serve' --time 3600 --shard 2/8
  mdvm-conform fuzz-pages --seed 1 --count 5000
  mdvm-conform fuzz-seeds target/seeds
  mdvm-conform fuzz-report target/fuzz/*.jsonl
  mdvm-conform triage --impl rust --impl 'mine=./my-vm serve' program.mdbc
  mdvm-conform vectors --out target/vectors
  mdvm-conform vectors --check --impl 'mine=./my-vm serve'

Exit codes: 0 all is as expected, 1 something differs, 2 the run could not begin.";

#[derive(Subcommand)]
enum Task {
    /// Runs the cases and compares the outcomes.
    Run(RunArguments),
    /// Names the cases, one a line.
    List {
        /// Only the cases with this text in their id.
        #[arg(value_name = "TEXT")]
        filter: Option<String>,
        /// Says of each case where it was declared, its group and what it expects.
        #[arg(long)]
        verbose: bool,
    },
    /// Shows a case: its module as assembly, the request for it, what it expects and where it was declared.
    Show {
        /// Its id, or a text that only its id has.
        #[arg(value_name = "ID")]
        id: String,
        /// Writes the module to a file instead (`-` is stdout): as assembly to a .mdasm, the request to a .json, a case file to a .yaml.
        #[arg(long, value_name = "FILE")]
        emit: Option<PathBuf>,
    },
    /// Says which missing opcode or rule stands behind the most failures of an implementation.
    Next(NextArguments),
    /// Checks how an implementation speaks the protocol, and says what to mend.
    Doctor(DoctorArguments),
    /// Shows what the cases execute of everything that the specification makes them owe, and what they do not.
    Coverage(CoverageArguments),
    /// Runs generated programs on several implementations, and reduces every program on which they differ.
    Fuzz(FuzzArguments),
    /// Runs random pages of the language on two implementations, and reduces every page on which they differ.
    FuzzPages(fuzz_pages::Arguments),
    /// Adds up the results of any number of campaigns and shards.
    FuzzReport {
        /// Files that campaigns wrote.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Writes what fuzzing begins with: a folder of inputs for each fuzz target.
    FuzzSeeds {
        /// The folder.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Counts whether the default tier of the VM of this repository executes more instructions than its interpreter alone.
    TierCost(tier_cost::command::Arguments),
    /// Forces machines out of their faster tiers wherever they can leave them, and compares all that can be seen with an interpreter.
    Schedule(forced::command::Arguments),
    /// Says where two implementations part on a module, and reduces it to a case.
    Triage(TriageArguments),
    /// Writes single-step vectors, a state, one instruction and what comes of it, or has implementations execute them.
    Vectors(vectors::command::Arguments),
}

#[derive(Args)]
struct FuzzArguments {
    /// An implementation: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND. The first is compared with each of the others.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required_unless_present = "guide")]
    implementations: Vec<String>,
    /// Which sequence of programs; the same seed gives the same programs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many programs, over all shards. Without it and `--time`, until Ctrl-C.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// How long it may take.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    time: Option<Duration>,
    /// Runs the K-th of N parts of the programs, from 1.
    #[arg(long, value_name = "K/N", default_value = "1/1", value_parser = shard)]
    shard: (u64, u64),
    /// How large programs are: small, long (thousands of steps), special (long, with what specialised code does in ways of its own) or mixed.
    #[arg(long, default_value = "mixed", value_parser = sizes)]
    size: Sizes,
    /// How long one program may take.
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    timeout: Duration,
    /// How many processes of each implementation share the programs; as many as there are processors, if not given.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Where results and cases are written. A campaign that was interrupted goes on from there.
    #[arg(long, value_name = "DIR", default_value = "target/fuzz")]
    out: PathBuf,
    /// Ends as soon as a divergence was found and made small.
    #[arg(long)]
    first: bool,
    /// Looks instead for programs that reach lines of the reference, for types of operands, as no case does, and makes small cases of
    /// them, with what the reference expects.
    #[arg(long, conflicts_with_all = ["implementations", "first", "shard"])]
    guide: bool,
    /// Adds those to the cases of the repository, in spec/cases/views.
    #[arg(long, requires = "guide")]
    bless: bool,
}

#[derive(Args)]
struct TriageArguments {
    /// Two implementations: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required = true)]
    implementations: Vec<String>,
    /// How long one answer may take.
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    timeout: Duration,
    /// Where the case is written.
    #[arg(long, value_name = "DIR", default_value = "target/fuzz")]
    out: PathBuf,
    /// A module, or a case file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Args)]
struct RunArguments {
    /// An implementation: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND. Several are also compared with each other.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required = true)]
    implementations: Vec<String>,
    /// A folder of case files, instead of the cases and the corpus of the repository.
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// A folder of modules, instead of the cases and the corpus of the repository. Without a corpus.jsonl in it, nothing is
    /// expected of them but that the implementations agree.
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Only the cases with this text in their id.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only the case with this id. May be given several times.
    #[arg(long, value_name = "ID")]
    case: Vec<String>,
    /// How long one case may take.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    /// How long the whole run may take. What has not been run by then is counted, and fails the run.
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    max_total: Duration,
    /// After how many crashes or time-outs of the same kind the rest of an implementation's cases is not run; 0 is never.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_STOP)]
    stop_after: usize,
    /// How many processes of each implementation share the cases; as many as there are processors, if not given.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// The known differences of an implementation, instead of conformance/known/<its name>-<its version>.yaml.
    #[arg(long, value_name = "[NAME=]FILE")]
    ledger: Vec<String>,
    /// Brings each ledger in line with this run: takes lines away that are no longer true, and adds one for each other difference.
    #[arg(long, conflicts_with_all = ["filter", "case"])]
    fix_ledger: bool,
    /// Shows every case that differs, and not only the shortest of each opcode or theme.
    #[arg(long, conflicts_with = "json")]
    verbose: bool,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
    /// Writes the report as JUnit XML too.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Writes the report as web pages too: index.html, a page for each group, and a badge for each implementation.
    #[arg(long, value_name = "DIR")]
    html: Option<PathBuf>,
    /// Writes a badge (SVG) too, for the first implementation that is not `rust` or `reference`, or else the first.
    #[arg(long, value_name = "FILE")]
    badge: Option<PathBuf>,
}

#[derive(Args)]
struct NextArguments {
    /// An implementation: `rust`, `reference` or NAME=COMMAND.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required = true)]
    implementations: Vec<String>,
    /// Only the cases with this text in their id.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How long one case may take.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    /// How long the whole run may take.
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    max_total: Duration,
}

#[derive(Args)]
struct DoctorArguments {
    /// An implementation: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND.
    #[arg(long = "impl", value_name = "NAME=COMMAND", required = true)]
    implementations: Vec<String>,
    /// How long one answer may take.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
}

#[derive(Args)]
struct CoverageArguments {
    /// An implementation: `rust`, `rust-interpreter`, `rust-specialised`, `rust-jit`, `reference` or NAME=COMMAND; it must give traces. Without any, `rust` and `reference`.
    #[arg(long = "impl", value_name = "NAME=COMMAND")]
    implementations: Vec<String>,
    /// How long one case may take.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    /// Names each obligation and some of the cases that execute it.
    #[arg(long, conflicts_with = "json")]
    verbose: bool,
    /// Prints the report as JSON, with every case of every obligation.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    views: views::ViewArguments,
}

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
    Ok(ended.total.buckets.is_empty())
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
    Ok(total.buckets.is_empty())
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

fn shard(text: &str) -> Result<(u64, u64), String> {
    let numbers = text.split_once('/').map(|(one, of)| (one.parse(), of.parse()));
    match numbers {
        Some((Ok(one), Ok(of))) if one >= 1 && one <= of => Ok((one, of)),
        Some(_) | None => Err(format!("{text:?} is not K/N with K from 1 to N, as in 2/8")),
    }
}

fn sizes(text: &str) -> Result<Sizes, String> {
    let names: Vec<_> = Sizes::ALL.iter().map(|size| size.name()).collect();
    let known = Sizes::ALL.into_iter().find(|size| size.name() == text);
    known.ok_or_else(|| format!("there are {}", names.join(", ")))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is not a number of seconds"))?;
    match Duration::try_from_secs_f64(number) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) | Err(_) => Err(format!("{text} seconds is no time to wait")),
    }
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

/// How far a run is, on stderr: a bar on a terminal, and elsewhere a line now and then.
#[derive(Default)]
struct Display {
    now: Mutex<Option<Bar>>,
}

/// How far one implementation is.
struct Bar {
    name: String,
    total: usize,
    done: usize,
    terminal: Option<ProgressBar>,
    /// When a line was last written.
    told: Instant,
}

impl Progress for Display {
    fn begin(&self, name: &str, cases: usize) {
        let terminal = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(cases as u64).with_message(name.to_owned());
            match ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}") {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        let bar = Bar { name: name.to_owned(), total: cases, done: 0, terminal, told: Instant::now() };
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn advance(&self) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bar) = now.as_mut() else { return };
        bar.done += 1;
        if let Some(terminal) = &bar.terminal {
            terminal.inc(1);
        } else if bar.told.elapsed() > BETWEEN_LINES {
            bar.told = Instant::now();
            // A closed stderr is no reason to stop.
            let _ = writeln!(std::io::stderr(), "{}: {} of {}", bar.name, bar.done, bar.total);
        }
    }

    fn end(&self) {
        let bar = self.now.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(terminal) = bar.and_then(|bar| bar.terminal) {
            terminal.finish_and_clear();
        }
    }
}

/// How far a campaign is, on stderr: a line that is written over on a terminal, and elsewhere a line now and then.
#[derive(Default)]
struct FuzzDisplay {
    told: Mutex<Option<Instant>>,
}

impl Watcher for FuzzDisplay {
    fn advance(&self, programs: u64, of: Option<u64>, divergences: u64, seconds: f64) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|told| told.elapsed() < BETWEEN_LINES) {
            return;
        }
        *told = Some(Instant::now());
        let of = of.map_or_else(String::new, |of| format!(" of {of}"));
        let rate = programs as f64 / seconds.max(0.001);
        let line = format!("{programs}{of} programs, {rate:.0} a second, {divergences} divergences");
        let end = if std::io::stderr().is_terminal() { "\x1b[K\r" } else { "\n" };
        // A closed stderr is no reason to stop.
        let _ = write!(std::io::stderr(), "{line}{end}");
    }

    fn note(&self, line: &str) {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}
