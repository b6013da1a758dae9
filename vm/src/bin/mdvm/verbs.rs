//! The verb, where none is typed or it is typed in capitals.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::CommandFactory as _;

use super::Arguments;

/// The arguments with `run` before a file that no verb precedes, and with the verb in small letters.
pub(crate) fn completed(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = arguments.get(1).cloned() else { return arguments };
    let command = Arguments::command();
    let is_verb = |name: &str| {
        name == "help"
            || command.get_subcommands().any(|verb| verb.get_name_and_visible_aliases().contains(&name))
    };
    // The verb that starts programs goes first, so that they start fast.
    if first == "run" || first.to_str().is_some_and(is_verb) {
        return arguments;
    }
    let small = first.to_string_lossy().to_lowercase();
    if is_program(&first) {
        arguments.insert(1, "run".into());
    } else if is_verb(&small) {
        arguments[1] = small.into();
    }
    arguments
}

/// Whether the word names a program rather than a verb: there is such a file, or its name is one of a program.
fn is_program(word: &OsStr) -> bool {
    let path = Path::new(word);
    let has_name = path
        .extension()
        .is_some_and(|extension| ["md", "mdbc", "mdasm"].iter().any(|known| extension == *known));
    word == "-" || word == "-e" || word == "--eval" || has_name || path.is_file()
}
