//! `mdvm compile` and `asm`, and how files are written.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;

use machine_dialect_vm::language::SourceMap;

use super::input::{InputError, read_program};
use super::map::Map;
use super::{BAD_MODULE, report, run};

pub(crate) fn assemble(path: &Path, output: &Path) -> ExitCode {
    match read_program(path, None).map(|program| program.module) {
        Ok(_) if output == Path::new("-") && io::stdout().is_terminal() => {
            report::error("a module is no text for a terminal; give a file with -o");
            ExitCode::from(BAD_MODULE)
        }
        Ok(module) => finish(output, &module.encode()),
        Err(error) => bad_module(path, &error),
    }
}

/// Compiles a page, and writes its source map beside the module if that is asked for.
pub(crate) fn compile(path: &Path, output: &Path, with_map: bool) -> ExitCode {
    let program = match read_program(path, None) {
        Ok(program) => program,
        Err(error) => return bad_module(path, &error),
    };
    if output == Path::new("-") && io::stdout().is_terminal() {
        report::error("a module is no text for a terminal; give a file with -o");
        return ExitCode::from(BAD_MODULE);
    }
    let bytes = program.module.encode();
    if let (true, Map::Known(map)) = (with_map, program.map) {
        if output == Path::new("-") {
            report::error("a source map stands beside the module; give a file with -o");
            return ExitCode::from(BAD_MODULE);
        }
        let beside = output.with_extension(SourceMap::EXTENSION);
        if let Err(error) = write_whole(&beside, &map.encode(&bytes)) {
            return cannot_be_written(&beside, &error);
        }
    }
    finish(output, &bytes)
}

pub(crate) fn bad_module(path: &Path, error: &InputError) -> ExitCode {
    report::input_error(error, path);
    ExitCode::from(BAD_MODULE)
}

pub(crate) fn finish(output: &Path, bytes: &[u8]) -> ExitCode {
    finish_by(output, |out| out.write_all(bytes))
}

/// Writes the output piece by piece.
pub(crate) fn finish_by(output: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> ExitCode {
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

/// Says why a file cannot be written: a folder that is missing is named, since it is what the user has to make.
pub(crate) fn cannot_be_written(path: &Path, error: &io::Error) -> ExitCode {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    report::error(match folder {
        Some(folder) => {
            format!("{} cannot be written: there is no folder {}", report::shown(path), report::shown(folder))
        }
        // What a temporary file beside it is called helps nobody.
        None => match error.raw_os_error() {
            Some(code) => {
                format!("{} cannot be written: {}", report::shown(path), io::Error::from_raw_os_error(code))
            }
            None => format!("{} cannot be written: {}", report::shown(path), error.kind()),
        },
    });
    ExitCode::from(BAD_MODULE)
}

/// Writes a file wholly or not at all: what stood there before stays until all is written. A link stays a link, and a file keeps
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
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file; a file of its own would be readable by its owner alone.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    to(&mut file)?;
    if let Ok(metadata) = known {
        fs::set_permissions(file.path(), metadata.permissions())?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
