//! `mdvm compile` and `asm`, and how files are written.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use machine_dialect_vm::escape::visible_json;
use machine_dialect_vm::language::SourceMap;
use serde_json::json;

use super::input::{InputError, Program, read_program};
use super::map::Map;
use super::{BAD_MODULE, check, report, run, usage};

#[derive(Args)]
pub(crate) struct CompileArguments {
    /// The page
    file: PathBuf,
    /// Write the module to this file, or to standard output with -
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Write a source map beside the module, so that errors name lines of the page
    #[arg(short = 'g', long = "source-map")]
    source_map: bool,
    /// Print one JSON object: what was written, or why nothing was
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct AsmArguments {
    /// The assembly
    file: PathBuf,
    /// Write the module to this file, or to standard output with -
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Print one JSON object: what was written, or why nothing was
    #[arg(long)]
    json: bool,
}

/// Why no module was written.
enum Trouble {
    Input(InputError),
    /// What was asked for makes no sense.
    Usage(&'static str),
    Output(PathBuf, io::Error),
    /// Nobody reads standard output any more, or it is broken.
    Stdout(io::Error),
}

pub(crate) fn assemble(arguments: &AsmArguments) -> ExitCode {
    let AsmArguments { file, output, json } = arguments;
    answer(write_module(file, output, false, *json), file, output, *json)
}

/// Compiles a page, and writes its source map beside the module if that is asked for.
pub(crate) fn compile(arguments: &CompileArguments) -> ExitCode {
    let CompileArguments { file, output, source_map, json } = arguments;
    answer(write_module(file, output, *source_map, *json), file, output, *json)
}

fn write_module(path: &Path, output: &Path, with_map: bool, as_json: bool) -> Result<Program, Trouble> {
    let program = read_program(path, None).map_err(Trouble::Input)?;
    let is_stdout = output == Path::new("-");
    if is_stdout && as_json {
        return Err(Trouble::Usage("standard output has the answer of --json; give a file with -o"));
    }
    if is_stdout && io::stdout().is_terminal() {
        return Err(Trouble::Usage("a module is no text for a terminal; give a file with -o"));
    }
    let bytes = program.module.encode();
    if let (true, Map::Known(map)) = (with_map, &program.map) {
        if is_stdout {
            return Err(Trouble::Usage("a source map stands beside the module; give a file with -o"));
        }
        let beside = output.with_extension(SourceMap::EXTENSION);
        write_whole(&beside, &map.encode(&bytes)).map_err(|error| Trouble::Output(beside, error))?;
    }
    if is_stdout {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&bytes).and_then(|()| stdout.flush()).map_err(Trouble::Stdout)?;
    } else {
        write_whole(output, &bytes).map_err(|error| Trouble::Output(output.to_owned(), error))?;
    }
    Ok(program)
}

/// Says what came of writing a module: nothing where it went well, or one object.
fn answer(written: Result<Program, Trouble>, path: &Path, output: &Path, as_json: bool) -> ExitCode {
    let trouble = match written {
        Ok(_) if !as_json => return ExitCode::SUCCESS,
        Ok(program) => {
            let mut line = check::good_as_json(path, &program);
            line["output"] = report::shown(output).into();
            return run::print(&visible_json(&line.to_string()), 0);
        }
        Err(trouble) => trouble,
    };
    match trouble {
        Trouble::Stdout(error) => run::output_failed(&error),
        Trouble::Input(error) if !as_json => bad_module(path, &error),
        Trouble::Input(error) => run::print(&visible_json(&check::bad_as_json(path, &error)), BAD_MODULE),
        Trouble::Usage(message) if as_json => run::print(&usage::outcome(message), BAD_MODULE),
        Trouble::Usage(message) => {
            report::error(message);
            ExitCode::from(BAD_MODULE)
        }
        Trouble::Output(path, error) if !as_json => cannot_be_written(&path, &error),
        Trouble::Output(path, error) => {
            let message = why_not_written(&path, &error);
            let line = json!({"file": report::shown(&path), "status": "output_error", "message": message});
            run::print(&visible_json(&line.to_string()), BAD_MODULE)
        }
    }
}

pub(crate) fn bad_module(path: &Path, error: &InputError) -> ExitCode {
    report::input_error(error, path);
    ExitCode::from(BAD_MODULE)
}

/// Writes the output piece by piece.
pub(crate) fn finish(output: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> ExitCode {
    if output == Path::new("-") {
        let mut stdout = BufWriter::with_capacity(BUFFER, io::stdout().lock());
        return match write(&mut stdout).and_then(|()| stdout.flush()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // What is left in the buffer has nowhere to go.
                let _ = stdout.into_parts();
                run::output_failed(&error)
            }
        };
    }
    match write_by(output, write) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cannot_be_written(output, &error),
    }
}

/// How many bytes are written at once.
const BUFFER: usize = 1 << 16;

pub(crate) fn cannot_be_written(path: &Path, error: &io::Error) -> ExitCode {
    report::error(why_not_written(path, error));
    ExitCode::from(BAD_MODULE)
}

/// Why a file cannot be written: a folder that is missing is named, since it is what the user has to make.
fn why_not_written(path: &Path, error: &io::Error) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    let name = report::shown(path);
    match (folder, error.raw_os_error()) {
        (Some(folder), _) => {
            format!("{name} cannot be written: there is no folder {}", report::shown(folder))
        }
        // What a temporary file beside it is called helps nobody.
        (None, Some(code)) => format!("{name} cannot be written: {}", io::Error::from_raw_os_error(code)),
        (None, None) => format!("{name} cannot be written: {}", error.kind()),
    }
}

/// Writes a file wholly or not at all: what was there before stays until all is written. A link stays a link, and a file keeps
/// who may read it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_by(path, |file| file.write_all(bytes))
}

/// The same, piece by piece.
fn write_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let to = |file: &mut dyn Write| {
        let mut file = BufWriter::with_capacity(BUFFER, file);
        write(&mut file)?;
        file.flush()
    };
    let known = fs::metadata(path);
    if known.as_ref().is_ok_and(|metadata| !metadata.is_file()) {
        // A pipe or a device cannot be replaced, and has no content to lose.
        return to(&mut OpenOptions::new().write(true).open(path)?);
    }
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    #[cfg(unix)]
    let file = {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file; a file of its own would be readable by its owner alone.
        tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o666)).tempfile_in(folder)
    };
    #[cfg(not(unix))]
    let file = tempfile::Builder::new().tempfile_in(folder);
    let mut file = file?;
    to(&mut file)?;
    if let Ok(metadata) = known {
        fs::set_permissions(file.path(), metadata.permissions())?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
