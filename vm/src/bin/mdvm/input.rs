//! Reading modules: encoded, as assembly, or from standard input.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use machine_dialect_vm::asm::AsmError;
use machine_dialect_vm::language::{self, Diagnostics, SourceMap};
use machine_dialect_vm::{LoadError, Module, assemble};

use super::report;

/// Why there is no module.
pub(crate) enum InputError {
    Io(io::Error),
    NotUtf8(std::str::Utf8Error),
    Assembly(AsmError),
    Load(LoadError),
    Page(Diagnostics),
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::NotUtf8(error) => write!(f, "is no assembly: not UTF-8 at byte {:#x}", error.valid_up_to()),
            Self::Assembly(AsmError::Module(error)) | Self::Load(error) => {
                write!(f, "{}: {error}", error.kind().name())
            }
            Self::Assembly(error @ AsmError::Syntax { .. }) => error.fmt(f),
            Self::Page(diagnostics) => diagnostics.fmt(f),
        }
    }
}

/// A module, and where its instructions come from if it is a page.
pub(crate) struct Program {
    pub(crate) module: Module,
    pub(crate) map: Option<SourceMap>,
}

/// Whether the file is a page of Machine Dialect.
pub(crate) fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// Reads a module, or a page, which is compiled; what is odd in it is said.
pub(crate) fn read_program(path: &Path) -> Result<Program, InputError> {
    if !is_page(path) {
        return read_module(path).map(|module| Program { module, map: None });
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(InputError::Io)?.take(MOST).read_to_end(&mut bytes).map_err(InputError::Io)?;
    let compiled = language::compile_bytes(&bytes, &path.to_string_lossy()).map_err(InputError::Page)?;
    if !compiled.warnings.is_empty() {
        report::drawn(&compiled.warnings.render(report::has_colour()));
    }
    Ok(Program { module: compiled.module, map: Some(compiled.map) })
}

/// Reads a module. What a file is says its name, and where that does not, its beginning.
pub(crate) fn read_module(path: &Path) -> Result<Module, InputError> {
    let (mut reader, extension): (Box<dyn Read>, _) = if path == Path::new("-") {
        (Box::new(io::stdin().lock()), None)
    } else {
        (Box::new(File::open(path).map_err(InputError::Io)?), path.extension().and_then(|text| text.to_str()))
    };
    let mut bytes = Vec::new();
    reader.by_ref().take(SNIFFED).read_to_end(&mut bytes).map_err(InputError::Io)?;
    let is_assembly = match extension {
        Some("mdasm") => true,
        Some("mdbc") => false,
        _ => !bytes.starts_with(MAGIC) && !bytes.contains(&0),
    };
    if is_assembly || bytes.starts_with(MAGIC) {
        // What does not begin like a module is refused without reading on: it may have no end.
        reader.take(MOST).read_to_end(&mut bytes).map_err(InputError::Io)?;
    }
    if is_assembly {
        let text = std::str::from_utf8(&bytes).map_err(InputError::NotUtf8)?;
        assemble(text).map_err(InputError::Assembly)
    } else {
        Module::decode(&bytes).map_err(InputError::Load)
    }
}

/// How much of a file is looked at to tell what it is.
const SNIFFED: u64 = 4096;
/// How much is read at the most. A module this long is refused for its size, whatever follows.
const MOST: u64 = u32::MAX as u64;
/// How a module begins.
const MAGIC: &[u8] = &machine_dialect_vm::MAGIC;
