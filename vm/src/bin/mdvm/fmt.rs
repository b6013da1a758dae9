//! `mdvm fmt`.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use machine_dialect_vm::language;

use super::files::{cannot_be_written, write_whole};
use super::input::InputError;
use super::{BAD_MODULE, PROGRAM_FAILED, report, run};

#[derive(Args)]
pub(crate) struct FmtArguments {
    /// The pages; - formats standard input to standard output
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write nothing; name the pages that would change, and end with exit code 1 if there is one
    #[arg(long)]
    check: bool,
}

/// Formats pages in place. One with errors stays as it is.
pub(crate) fn format(arguments: &FmtArguments) -> ExitCode {
    let mut has_errors = false;
    let mut would_change = false;
    for path in &arguments.files {
        let is_stdin = path == Path::new("-");
        let (text, formatted) = match read_and_format(path) {
            Ok(texts) => texts,
            Err(error) => {
                has_errors = true;
                report::input_error(&error, path);
                continue;
            }
        };
        let changes = text != formatted;
        would_change |= changes;
        let result = match (arguments.check, is_stdin) {
            (true, _) if changes => say(&format!("{}\n", report::shown(path))),
            (true, _) => Ok(()),
            (false, true) => say(&formatted),
            (false, false) if changes => match write_whole(path, formatted.as_bytes()) {
                Ok(()) => Ok(()),
                Err(error) => {
                    has_errors = true;
                    cannot_be_written(path, &error);
                    continue;
                }
            },
            (false, false) => Ok(()),
        };
        if let Err(error) = result {
            return run::output_failed(&error);
        }
    }
    if has_errors {
        ExitCode::from(BAD_MODULE)
    } else {
        ExitCode::from(if arguments.check && would_change { PROGRAM_FAILED } else { 0 })
    }
}

fn say(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
}

/// The page, and how it should look.
fn read_and_format(path: &Path) -> Result<(String, String), InputError> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes).map_err(InputError::Io)?;
    } else {
        // A folder opens, and cannot be read: its error says so.
        let length = fs::metadata(path).map_err(InputError::Io)?.len();
        bytes.reserve(usize::try_from(length).unwrap_or_default().min(1 << 24));
        File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(InputError::Io)?;
    }
    let name = report::shown(path);
    let text = language::decode(&bytes, &name).map_err(InputError::Page)?;
    // Whatever is odd in the page was odd before, so `check` reports warnings. Errors are reported with the name of the file.
    language::check(text, &name).map_err(InputError::Page)?;
    let formatted = language::format(text).map_err(InputError::Page)?;
    Ok((text.to_owned(), formatted))
}
