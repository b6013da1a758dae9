//! `mdvm resume`, and the files that states are saved in.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use machine_dialect_vm::escape::visible;
use machine_dialect_vm::{Completion, State, StateError, outcome};
use serde_json::Value as Json;

use super::watchdog::Watchdog;
use super::{BAD_MODULE, PROGRAM_FAILED, RunArguments, files, report, run, usage};

#[derive(Args, Debug)]
pub(crate) struct ResumeArguments {
    /// The file with the state
    state: PathBuf,
    #[command(flatten)]
    run: RunArguments,
}

/// Goes on with a run. The program is given anew, and must be the one that was saved.
pub(crate) fn resume(arguments: &ResumeArguments) -> ExitCode {
    let ResumeArguments { state, run } = arguments;
    let refused = [
        ("--global", !run.program.globals.is_empty(), "the state has the globals"),
        ("--stats", run.stats, "it counts from the beginning"),
        ("--monitor", !run.monitor.is_empty(), "it counts from the beginning"),
    ];
    match refused.into_iter().find(|(_, is_given, _)| *is_given) {
        None => run::run_from(run, Some(state)),
        Some((flag, _, why)) => {
            let message = format!("{flag} does not go with `mdvm resume`: {why}");
            if run.json {
                return run::print(&usage::outcome(&message), BAD_MODULE);
            }
            report::error(message);
            ExitCode::from(BAD_MODULE)
        }
    }
}

/// Why a run cannot go on.
pub(crate) struct Problem {
    message: String,
    outcome: String,
}

impl Problem {
    /// What is wrong with the state in a file.
    pub(crate) fn state(file: &Path, error: StateError) -> Self {
        // The message may repeat what a stranger wrote.
        let message =
            format!("{}: {}: {}", report::shown(file), error.kind().name(), visible(&error.to_string()));
        Self { message, outcome: outcome::of_state_error(&error) }
    }

    /// Prints it. Gives the exit code.
    pub(crate) fn tell(&self, as_json: bool, watchdog: &Watchdog) -> ExitCode {
        if as_json {
            return watchdog.answer(&self.outcome, BAD_MODULE);
        }
        report::error(&self.message);
        ExitCode::from(BAD_MODULE)
    }
}

/// Reads the state in a file.
pub(crate) fn read(file: &Path) -> Result<State, Problem> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    match read {
        Ok(text) => State::from_json(&text).map_err(|error| Problem::state(file, error)),
        Err(error) => {
            let message = format!("{}: cannot be read: {error}", report::shown(file));
            let outcome =
                format!(r#"{{"status": "input_error", "message": {}}}"#, Json::from(message.as_str()));
            Err(Problem { message, outcome })
        }
    }
}

/// Saves the state of a run that stopped, where that was asked for, and says how to go on. Gives the exit code.
pub(crate) fn save(completion: &Completion, arguments: &RunArguments) -> ExitCode {
    let Some(file) = &arguments.save else { return ExitCode::SUCCESS };
    let shown = report::shown(file);
    let Some(state) = &completion.state else {
        report::warning(format!(
            "{shown}: nothing was saved: the program ended after {} steps",
            completion.steps
        ));
        return ExitCode::SUCCESS;
    };
    if let Err(error) = files::write_whole(file, (state.to_json() + "\n").as_bytes()) {
        report::error(format!("{shown}: cannot be written: {error}"));
        return ExitCode::from(PROGRAM_FAILED);
    }
    let program = report::shown(arguments.program.path());
    report::text(&format!(
        "stopped after {} steps; `mdvm resume {shown} {program}` goes on\n",
        completion.steps
    ));
    ExitCode::SUCCESS
}
