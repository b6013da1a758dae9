//! Arguments that make no sense.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use machine_dialect_vm::escape::{visible, visible_json, visible_lines};
use serde_json::Value as Json;

use super::{Arguments, BAD_MODULE, report, run};

/// Prints the help that was asked for, or why the arguments make no sense: as JSON, where that was asked for.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Help and the version go to standard output; where that is closed, nobody misses them.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let raw: Vec<_> = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let message = error.render().to_string();
    if raw.iter().any(|argument| argument == "--json") {
        return run::print(&outcome(&message), BAD_MODULE);
    }
    // The message repeats arguments, which may be names of files that others chose: once more with these escaped.
    let escaped: Vec<String> = raw.iter().map(|argument| visible(argument).into_owned()).collect();
    if raw == escaped {
        let _ = error.print();
        return ExitCode::from(BAD_MODULE);
    }
    let message = match Arguments::try_parse_from(escaped) {
        Err(error) => error.render().to_string(),
        Ok(_) => Arguments::command().render_usage().to_string(),
    };
    report::drawn(&visible_lines(&message));
    ExitCode::from(BAD_MODULE)
}

/// The outcome of a run that was asked for with arguments that make no sense.
pub(crate) fn outcome(message: &str) -> String {
    let message = message.trim_end().trim_start_matches("error: ");
    let outcome = format!(r#"{{"status": "usage_error", "message": {}}}"#, Json::from(message));
    visible_json(&outcome).into_owned()
}
