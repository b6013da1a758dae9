//! Reading modules: encoded, as assembly, or from standard input.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use machine_dialect_vm::asm::AsmError;
use machine_dialect_vm::language::{self, Diagnostics};
use machine_dialect_vm::{LoadError, Module, assemble};

use serde_json::{Value as Json, json};

use crate::map::Map;
use crate::report::{self, shown};

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

impl InputError {
    /// In the form of an outcome.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Page(diagnostics) => {
                json!({"status": "compile_error", "diagnostics": diagnostics.to_json()})
            }
            Self::Load(error) | Self::Assembly(AsmError::Module(error)) => {
                json!({"status": "load_error", "kind": error.kind().name(), "message": error.to_string()})
            }
            Self::Assembly(AsmError::Syntax { line, column, message, .. }) => {
                json!({"status": "assembly_error", "line": line, "column": column, "message": message})
            }
            Self::Io(_) | Self::NotUtf8(_) => json!({"status": "input_error", "message": self.to_string()}),
        }
    }
}

/// A module, and where its instructions come from, as far as that is known.
pub(crate) struct Program {
    pub(crate) module: Module,
    pub(crate) map: Map,
}

/// Reads a module, or a page, which is compiled; what is odd in it is said. What a file is says its name, and where that does
/// not, its beginning.
pub(crate) fn read_program(path: &Path) -> Result<Program, InputError> {
    let (mut reader, extension): (Box<dyn Read>, _) = if path == Path::new("-") {
        (Box::new(io::stdin().lock()), None)
    } else {
        (Box::new(File::open(path).map_err(InputError::Io)?), path.extension().and_then(|text| text.to_str()))
    };
    let mut bytes = Vec::new();
    reader.by_ref().take(SNIFFED).read_to_end(&mut bytes).map_err(InputError::Io)?;
    let is_text = !bytes.starts_with(MAGIC) && !bytes.contains(&0);
    let form = match extension {
        Some("md") => Form::Page,
        Some("mdasm") => Form::Assembly,
        Some("mdbc") => Form::Module,
        _ if !is_text => Form::Module,
        _ if looks_like_page(&bytes) => Form::Page,
        _ => Form::Assembly,
    };
    if form != Form::Module || bytes.starts_with(MAGIC) {
        // What does not begin like a module is refused without reading on: it may have no end.
        reader.take(MOST).read_to_end(&mut bytes).map_err(InputError::Io)?;
    }
    match form {
        Form::Page => compile(&bytes, &shown(path)),
        Form::Assembly => {
            let text = std::str::from_utf8(&bytes).map_err(InputError::NotUtf8)?;
            assemble(text).map_err(InputError::Assembly).map(|module| Program { module, map: Map::None })
        }
        Form::Module => {
            let module = Module::decode(&bytes).map_err(InputError::Load)?;
            Ok(Program { module, map: Map::beside(path, bytes) })
        }
    }
}

/// Compiles a page, and says what is odd in it.
pub(crate) fn compile(bytes: &[u8], name: &str) -> Result<Program, InputError> {
    let compiled = language::compile_bytes(bytes, name).map_err(InputError::Page)?;
    if !compiled.warnings.is_empty() {
        report::drawn(&compiled.warnings.render(report::has_colour()));
    }
    Ok(Program { module: compiled.module, map: Map::Known(Box::new(compiled.map)) })
}

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Page,
    Assembly,
    Module,
}

/// Whether a text of which no name tells what it is begins like a page rather than like assembly: with front matter, a heading,
/// a tag or a comment, or with a statement as pages write it. Mnemonics have no capital letters.
fn looks_like_page(begin: &[u8]) -> bool {
    let text = String::from_utf8_lossy(begin);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let line = text.lines().next().unwrap_or_default().trim_end();
    let is_markdown = ["---", "#", "<", "**", "`", "_"].iter().any(|mark| line.starts_with(mark));
    let is_capital = line.starts_with(char::is_uppercase);
    is_markdown || (is_capital && language::begins_statement(line) && line != "Else:")
}

/// How much of a file is looked at to tell what it is.
const SNIFFED: u64 = 4096;
/// How much is read at the most. A module this long is refused for its size, whatever follows.
const MOST: u64 = u32::MAX as u64;
/// How a module begins.
const MAGIC: &[u8] = &machine_dialect_vm::MAGIC;
