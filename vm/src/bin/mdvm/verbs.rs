//! The verb, where none is typed or it is typed in capitals.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{Args as _, CommandFactory as _, FromArgMatches as _};

use super::{Arguments, ProgramArguments, RunArguments};

/// The arguments of `run`, where that is the verb and they are right. Declaring all other verbs takes a third of the time in which a
/// short program starts, runs and ends, and declaring those of `run` a tenth. Whatever else there is, help and mistakes included, is for
/// the whole declaration.
pub(crate) fn run_alone(arguments: &[OsString]) -> Option<RunArguments> {
    match arguments {
        [_, verb, file] if verb == "run" && has_name_of_program(file) => {
            let program = ProgramArguments { file: Some(file.into()), ..ProgramArguments::default() };
            Some(RunArguments { program, ..RunArguments::default() })
        }
        [_, verb, ..] if verb == "run" => declared(&arguments[1..]),
        _ => None,
    }
}

/// The arguments of `run` as they are declared.
fn declared(arguments: &[OsString]) -> Option<RunArguments> {
    let run = RunArguments::augment_args(clap::Command::new("run"));
    RunArguments::from_arg_matches(&run.try_get_matches_from(arguments).ok()?).ok()
}

/// The arguments with `run` before a file that no verb precedes, and with the verb in small letters.
pub(crate) fn completed(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = arguments.get(1).cloned() else { return arguments };
    let command = Arguments::command();
    let is_verb = |name: &str| {
        name == "help"
            || command.get_subcommands().any(|verb| verb.get_name_and_visible_aliases().contains(&name))
    };
    // The declaration is not made for what looks like a program, so that programs start fast.
    let has_name = has_name_of_program(&first);
    if first == "run" || (!has_name && first.to_str().is_some_and(is_verb)) {
        return arguments;
    }
    let small = first.to_string_lossy().to_lowercase();
    if has_name || is_program(&first) {
        arguments.insert(1, "run".into());
    } else if is_verb(&small) {
        arguments[1] = small.into();
    }
    arguments
}

/// Whether the word can be no verb but a program.
fn has_name_of_program(word: &OsStr) -> bool {
    let extension = Path::new(word).extension();
    let is_option = word.as_encoded_bytes().starts_with(b"-");
    word == "-"
        || !is_option
            && extension
                .is_some_and(|extension| ["md", "mdbc", "mdasm"].iter().any(|known| extension == *known))
}

/// Whether the word, which is no verb, names a program.
fn is_program(word: &OsStr) -> bool {
    word == "-e" || word == "--eval" || Path::new(word).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_alone_is_read_as_its_declaration_reads_it() {
        for file in ["a.md", "b.mdbc", "c d.mdasm", "-"] {
            let arguments: Vec<OsString> = ["mdvm", "run", file].map(OsString::from).to_vec();
            let (short, long) = (run_alone(&arguments), declared(&arguments[1..]));
            assert!(short.is_some(), "{file}");
            assert_eq!(format!("{short:?}"), format!("{long:?}"));
        }
    }

    #[test]
    fn what_looks_like_an_option_is_no_file() {
        let arguments = ["mdvm", "run", "--x.md"].map(OsString::from);
        assert!(run_alone(&arguments).is_none());
    }
}
