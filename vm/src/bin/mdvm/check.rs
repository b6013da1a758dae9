//! `mdvm check`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, iter};

use clap::Args;
use machine_dialect_vm::escape::visible_json;
use serde_json::{Value as Json, json};

use super::input::{InputError, Program, read_program};
use super::{BAD_MODULE, FormatArgument, report, run};

#[derive(Args)]
pub(crate) struct CheckArguments {
    /// Pages, modules, assembly, and folders, of which all of these are checked
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Say nothing of files in which there is no error
    #[arg(short, long)]
    quiet: bool,
    /// Print one JSON object for each file
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    format: FormatArgument,
}

pub(crate) fn check(arguments: &CheckArguments) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let mut code = 0;
    for path in arguments.files.iter().flat_map(|path| files_of(path)) {
        let found = path.and_then(|path| match read_program(&path, arguments.format.format) {
            Ok(program) => Ok((path, program)),
            Err(error) => Err((path, error)),
        });
        if found.is_err() {
            code = BAD_MODULE;
        }
        let line = match found {
            Ok(_) if arguments.quiet => continue,
            Ok((path, program)) if arguments.json => good_as_json(&path, &program).to_string(),
            Ok((path, program)) => format!("{}: ok ({})", report::shown(&path), contents(&program)),
            Err((path, error)) if arguments.json => bad_as_json(&path, &error),
            Err((path, error @ InputError::Page(_))) => {
                report::input_error(&error, &path);
                continue;
            }
            Err((path, error)) => {
                let name = report::shown(&path);
                error
                    .messages()
                    .iter()
                    .map(|message| format!("{name}: {message}"))
                    .collect::<Vec<_>>()
                    .join("\n")
            }
        };
        if let Err(error) =
            writeln!(stdout, "{}", if arguments.json { visible_json(&line) } else { line.as_str().into() })
        {
            return run::output_failed(&error);
        }
    }
    ExitCode::from(code)
}

fn contents(program: &Program) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let module = &program.module;
    [
        counted(module.len(), "instruction"),
        counted(module.functions().len(), "function"),
        counted(module.constants().len(), "constant"),
    ]
    .join(", ")
}

pub(crate) fn good_as_json(path: &Path, program: &Program) -> Json {
    json!({
        "file": report::shown(path),
        "status": "ok",
        "instructions": program.module.len(),
        "functions": program.module.functions().len(),
        "constants": program.module.constants().len(),
    })
}

/// The outcome of a run of the file, with its name first.
pub(crate) fn bad_as_json(path: &Path, error: &InputError) -> String {
    let outcome = error.to_json();
    format!(r#"{{"file": {}, {}"#, Json::from(report::shown(path)), outcome.trim_start_matches('{'))
}

type Found = Result<PathBuf, (PathBuf, InputError)>;

/// The file, or the files in the folder and the folders in it, in order of their paths.
fn files_of(path: &Path) -> Box<dyn Iterator<Item = Found>> {
    if path.is_dir() {
        Box::new(files_in(path.to_owned()))
    } else {
        Box::new(iter::once(Ok(path.to_owned())))
    }
}

fn files_in(folder: PathBuf) -> impl Iterator<Item = Found> {
    let mut files = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                files.push(Err((folder, InputError::Io(error))));
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            // A link may lead back to where one came from.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && !is_hidden {
                folders.push(path);
            } else if is_one_of_ours(&path) && path.is_file() {
                files.push(Ok(path));
            }
        }
    }
    if files.is_empty() {
        // Nothing checked is nothing shown to be right.
        let error = io::Error::new(io::ErrorKind::NotFound, "there is no page, module or assembly in it");
        files.push(Err((folder, InputError::Io(error))));
    }
    files.sort_by(|a, b| path_of(a).cmp(path_of(b)));
    files.into_iter()
}

fn path_of(found: &Found) -> &Path {
    match found {
        Ok(path) | Err((path, _)) => path,
    }
}

fn is_one_of_ours(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["md", "mdbc", "mdasm"].iter().any(|known| extension == *known))
}
