//! The whole suite, one trial for each case: `cargo test -p mdvm-conform --test suite`.
//!
//! With `BLESS=1` it writes the expectations anew instead, from the outcomes of the reference.

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use mdvm_conform::case::Case;
use mdvm_conform::case_file::Expecting;
use mdvm_conform::suite::Suite;
use mdvm_conform::{bless, catalog, corpus};
use mdvm_spec::{Problems, Spec};

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
        print!("{}", bless::bless(&catalog::cases_folder())?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut cases = cases_for(arguments).map_err(|problems| problems.to_string())?;
    // The light ones first, so that the first results need not wait for the last.
    cases.sort_by_key(Case::weight);
    let declared = cases.len();
    if arguments.list {
        let trials = cases.into_iter().map(|case| placeholder(&case.id)).collect();
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
    let conclusion = libtest_mimic::run(arguments, trials);
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
        return Ok(catalog::read_one(id, &spec)?.into_iter().collect());
    }
    let mut cases = catalog::read_folder(&catalog::cases_folder(), &spec, Expecting::Something)?;
    cases.extend(corpus::read_folder(&corpus::folder())?);
    Ok(cases)
}

/// A trial that only lends its name: to be listed, or to be counted as filtered out.
fn placeholder(id: &str) -> Trial {
    Trial::test(id, || Err(Failed::from("the case was not selected and must not be run")))
}
