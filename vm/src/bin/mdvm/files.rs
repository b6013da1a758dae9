//! `mdvm check`, `dis` and `asm`.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use machine_dialect_vm::asm::listing;
use machine_dialect_vm::language::SourceMap;

use super::input::{InputError, read_program};
use super::{BAD_MODULE, report, run};

pub(crate) fn check(files: &[PathBuf]) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let mut code = 0;
    for path in files {
        let name = report::shown(path);
        let line = match read_program(path).map(|program| program.module) {
            Ok(module) => format!(
                "{name}: ok ({}, {}, {})",
                counted(module.len(), "instruction"),
                counted(module.functions().len(), "function"),
                counted(module.constants().len(), "constant")
            ),
            Err(error @ InputError::Page(_)) => {
                code = BAD_MODULE;
                report::input_error(&error, path);
                continue;
            }
            Err(error) => {
                code = BAD_MODULE;
                format!("{name}: {error}")
            }
        };
        if let Err(error) = writeln!(stdout, "{line}") {
            return run::output_failed(&error);
        }
    }
    ExitCode::from(code)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

pub(crate) fn disassemble(path: &Path, output: Option<&Path>) -> ExitCode {
    match read_program(path).map(|program| program.module) {
        Ok(module) => finish(output.unwrap_or(Path::new("-")), listing(&module).as_bytes()),
        Err(error) => bad_module(path, &error),
    }
}

pub(crate) fn assemble(path: &Path, output: &Path) -> ExitCode {
    match read_program(path).map(|program| program.module) {
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
    let program = match read_program(path) {
        Ok(program) => program,
        Err(error) => return bad_module(path, &error),
    };
    if output == Path::new("-") && io::stdout().is_terminal() {
        report::error("a module is no text for a terminal; give a file with -o");
        return ExitCode::from(BAD_MODULE);
    }
    let bytes = program.module.encode();
    if let (true, Some(map)) = (with_map, program.map) {
        if output == Path::new("-") {
            report::error("a source map stands beside the module; give a file with -o");
            return ExitCode::from(BAD_MODULE);
        }
        let beside = output.with_extension(SourceMap::EXTENSION);
        if let Err(error) = write_whole(&beside, &map.encode(&bytes)) {
            report::error(format!("{} cannot be written: {error}", beside.display()));
            return ExitCode::from(BAD_MODULE);
        }
    }
    finish(output, &bytes)
}

fn bad_module(path: &Path, error: &InputError) -> ExitCode {
    report::input_error(error, path);
    ExitCode::from(BAD_MODULE)
}

fn finish(output: &Path, bytes: &[u8]) -> ExitCode {
    if output == Path::new("-") {
        let mut stdout = io::stdout().lock();
        return match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => run::output_failed(&error),
        };
    }
    match write_whole(output, bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::error(format!("{} cannot be written: {error}", output.display()));
            ExitCode::from(BAD_MODULE)
        }
    }
}

/// Writes a file wholly or not at all: what stood there before stays until all is written.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        // A pipe or a device cannot be replaced, and has no content to lose.
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file; a file of its own would be readable by its owner alone.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
