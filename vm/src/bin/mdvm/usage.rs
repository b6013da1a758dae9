//! Arguments that make no sense.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _};
use machine_dialect_vm::escape::{visible, visible_json, visible_lines};
use machine_dialect_vm::language;
use serde_json::Value as Json;

use super::{Arguments, BAD_MODULE, report, run};

/// Prints the help that was asked for, or why the arguments (the first is the name of the command) make no sense: as JSON, where that was asked for.
pub(crate) fn refuse(mut error: clap::Error, arguments: &[OsString]) -> ExitCode {
    suggest_verb(&mut error);
    if !error.use_stderr() {
        // Help and the version go to standard output; where that is closed, nobody misses them.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let raw: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
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
        Err(mut error) => {
            suggest_verb(&mut error);
            error.render().to_string()
        }
        Ok(_) => Arguments::command().render_usage().to_string(),
    };
    report::drawn(&visible_lines(&message));
    ExitCode::from(BAD_MODULE)
}

/// Says what verb may have been meant, where the parser of arguments finds none: it takes a letter too few in a short word for another
/// word.
fn suggest_verb(error: &mut clap::Error) {
    if error.kind() != ErrorKind::InvalidSubcommand || error.get(ContextKind::SuggestedSubcommand).is_some() {
        return;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else { return };
    let command = Arguments::command();
    let verbs = command.get_subcommands().flat_map(|verb| verb.get_name_and_visible_aliases());
    if let Some(near) = language::nearest(&word.to_lowercase(), verbs) {
        let near = ContextValue::Strings(vec![near.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, near);
    }
}

/// The outcome of a run that was asked for with arguments that make no sense.
pub(crate) fn outcome(message: &str) -> String {
    let message = message.trim_end().trim_start_matches("error: ");
    let outcome = format!(r#"{{"status": "usage_error", "message": {}}}"#, Json::from(message));
    visible_json(&outcome).into_owned()
}
