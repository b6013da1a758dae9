//! `mdvm compile` and `asm`, and how files are written.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
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
    if output == Path::new("-") {
        let mut stdout = io::stdout().lock();
        return match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => run::output_failed(&error),
        };
    }
    match write_whole(output, bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cannot_be_written(output, &error),
    }
}

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
    let known = fs::metadata(path);
    if known.as_ref().is_ok_and(|metadata| !metadata.is_file()) {
        // A pipe or a device cannot be replaced, and has no content to lose.
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
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
    file.write_all(bytes)?;
    if let Ok(metadata) = known {
        fs::set_permissions(file.path(), metadata.permissions())?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
