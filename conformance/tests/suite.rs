//! The whole suite, one trial for each case: `cargo test -p mdvm-conform --test suite`.
//!
//! One more trial, `coverage/every-obligation-is-executed`, fails where the cases leave out anything that the specification
//! makes them owe.
//!
//! With `BLESS=1` it writes the expectations anew instead, from the outcomes of the reference.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use mdvm_conform::case::Case;
use mdvm_conform::case_file::Expecting;
use mdvm_conform::coverage::{self, Plan, Subjects};
use mdvm_conform::implementation::Launcher;
use mdvm_conform::run::Progress;
use mdvm_conform::suite::Suite;
use mdvm_conform::{bless, catalog, corpus, matrix, paths};
use mdvm_spec::{Problems, Spec};

/// The trial of the coverage. It runs every case anew, with a trace.
const COVERAGE: &str = "coverage/every-obligation-is-executed";
/// How long one traced case may take.
const TRACE_TIMEOUT: Duration = Duration::from_secs(60);
/// Becomes true when that trial has come to a result.
static COVERAGE_MEASURED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match run(&arguments) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    let filtered = arguments.filter.is_some() || !arguments.skip.is_empty() || arguments.ignored;
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        if filtered || arguments.list {
            return Err("BLESS=1 writes every expectation anew, so it cannot go with a filter".to_owned());
        }
        print!("{}", bless::bless(&paths::cases_folder())?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut cases = cases_for(arguments).map_err(|problems| problems.to_string())?;
    // The light ones first, so that the first results need not wait for the last.
    cases.sort_by_key(Case::weight);
    let declared = cases.len();
    if arguments.list {
        let names = cases.iter().map(|case| case.id.as_str()).chain([COVERAGE]);
        let trials = names.map(placeholder).collect();
        return Ok(libtest_mimic::run(arguments, trials).exit_code());
    }
    let (selected, others): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|case| !arguments.is_filtered_out(&placeholder(&case.id)));
    let suite = Suite::start(selected);
    let trial = |(index, case): (usize, &Case)| {
        let background = Arc::clone(&suite);
        Trial::test(case.id.clone(), move || background.check(index).map_err(Failed::from))
    };
    let mut trials: Vec<_> = suite.cases().iter().enumerate().map(trial).collect();
    trials.extend(others.iter().map(|case| placeholder(&case.id)));
    trials.push(Trial::test(COVERAGE, || check_coverage().map_err(Failed::from)));
    let conclusion = libtest_mimic::run(arguments, trials);
    if !filtered && !COVERAGE_MEASURED.load(Ordering::SeqCst) {
        return Err(format!("{COVERAGE} is declared and was not executed"));
    }
    if !filtered && (declared == 0 || suite.executed() < declared) {
        return Err(format!("{declared} cases are declared and {} were executed", suite.executed()));
    }
    Ok(conclusion.exit_code())
}

/// The cases that the arguments can mean. A test runner that starts one process for each test names the one test, and then
/// only the file of that one is read.
fn cases_for(arguments: &Arguments) -> Result<Vec<Case>, Problems> {
    let spec = Spec::embedded()?;
    if let (Some(id), true) = (&arguments.filter, arguments.exact) {
        if id.starts_with(matrix::PREFIX) {
            return Ok(matrix::cases(&spec)?.into_iter().filter(|case| case.id == *id).collect());
        }
        return Ok(catalog::read_one(id, &spec)?.into_iter().collect());
    }
    let mut cases = catalog::read_folder(&paths::cases_folder(), &spec, Expecting::Something)?;
    cases.extend(matrix::cases(&spec)?);
    cases.extend(corpus::read_folder(&corpus::folder())?);
    Ok(cases)
}

/// Measures what all cases execute on both implementations.
fn check_coverage() -> Result<(), String> {
    let spec = Spec::embedded().map_err(|problems| problems.to_string())?;
    let subjects = Subjects::read(&spec).map_err(|problems| problems.to_string())?;
    let plan = Plan {
        launchers: &[Launcher::rust(), Launcher::reference()],
        workers: 1,
        timeout: TRACE_TIMEOUT,
        stop: &AtomicBool::new(false),
        progress: &Unheard,
    };
    let coverage = coverage::measure(&spec, &subjects, &plan)?;
    COVERAGE_MEASURED.store(true, Ordering::SeqCst);
    if coverage.is_complete() {
        return Ok(());
    }
    Err(format!("{}  more: cargo run -p mdvm-conform -- coverage --verbose\n", coverage.complaints()))
}

/// A test tells only how it ended.
struct Unheard;

impl Progress for Unheard {
    fn begin(&self, _name: &str, _cases: usize) {}
    fn advance(&self) {}
    fn end(&self) {}
}

/// A trial that only lends its name: to be listed, or to be counted as filtered out.
fn placeholder(id: &str) -> Trial {
    Trial::test(id, || Err(Failed::from("the case was not selected and must not be run")))
}
