//! Reading modules: encoded, as assembly, or from standard input.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use machine_dialect_vm::asm::{AsmError, Mistake};
use machine_dialect_vm::escape::visible;
use machine_dialect_vm::language::{self, Diagnostics};
use machine_dialect_vm::{LoadError, Module, assemble, outcome};

use serde_json::{Value as Json, json};

use super::map::Map;
use super::{report, room};

/// Why there is no module.
pub(crate) enum InputError {
    Io(io::Error),
    NotUtf8(std::str::Utf8Error),
    Assembly(AsmError),
    /// A module does not load; what it is, so that what can be read of it can be shown.
    Load(LoadError, Vec<u8>),
    Page(Diagnostics),
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::NotUtf8(error) => write!(f, "is no assembly: not UTF-8 at byte {:#x}", error.valid_up_to()),
            Self::Assembly(AsmError::Module(error)) | Self::Load(error, _) => {
                // The message may name what the module names.
                write!(f, "{}: {}", error.kind().name(), visible(&error.to_string()))
            }
            Self::Assembly(error @ AsmError::Syntax(_)) => error.fmt(f),
            Self::Page(diagnostics) => diagnostics.fmt(f),
        }
    }
}

impl InputError {
    /// What is wrong, a message for each mistake.
    pub(crate) fn messages(&self) -> Vec<String> {
        match self {
            Self::Assembly(AsmError::Syntax(mistakes)) => {
                let more = Some(mistakes.more()).filter(|more| *more > 0);
                let told = mistakes.iter().map(Mistake::to_string);
                told.chain(more.map(|more| format!("and {more} more mistakes"))).collect()
            }
            Self::Io(_) | Self::NotUtf8(_) | Self::Assembly(_) | Self::Load(..) | Self::Page(_) => {
                vec![self.to_string()]
            }
        }
    }

    /// The outcome of a run that did not begin, as one line of JSON.
    pub(crate) fn to_json(&self) -> String {
        match self {
            Self::Page(diagnostics) => {
                format!(r#"{{"status": "compile_error", "diagnostics": {}}}"#, diagnostics.to_json())
            }
            Self::Load(error, _) | Self::Assembly(AsmError::Module(error)) => outcome::of_load_error(error),
            Self::Assembly(AsmError::Syntax(mistakes)) => {
                let mistake = |mistake: &Mistake| json!({"line": mistake.line, "column": mistake.column, "message": mistake.message});
                let list: Json = mistakes.iter().map(mistake).collect();
                let more = mistakes.more();
                format!(r#"{{"status": "assembly_error", "mistakes": {list}, "more": {more}}}"#)
            }
            Self::Io(_) | Self::NotUtf8(_) => {
                format!(r#"{{"status": "input_error", "message": {}}}"#, Json::from(self.to_string()))
            }
        }
    }
}

/// A module, and where its instructions come from, as far as that is known.
pub(crate) struct Program {
    pub(crate) module: Module,
    pub(crate) map: Map,
}

/// What a file holds. The names are those of the extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A module
    Mdbc,
    /// Assembly
    Mdasm,
    /// A page of Machine Dialect
    Md,
}

impl Format {
    fn of_name(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "mdbc" => Some(Self::Mdbc),
            "mdasm" => Some(Self::Mdasm),
            "md" => Some(Self::Md),
            _ => None,
        }
    }

    fn of_beginning(bytes: &[u8]) -> Self {
        if bytes.starts_with(MAGIC) || bytes.contains(&0) {
            Self::Mdbc
        } else if looks_like_page(bytes) {
            Self::Md
        } else {
            Self::Mdasm
        }
    }
}

/// Reads a module, assembly or a page, of which what is odd is said. If it is not said what a file is, its name does, and where
/// that does not, its beginning.
pub(crate) fn read_program(path: &Path, format: Option<Format>) -> Result<Program, InputError> {
    let (mut reader, named): (Box<dyn Read>, _) = if path == Path::new("-") {
        (Box::new(io::stdin().lock()), None)
    } else {
        (Box::new(File::open(path).map_err(InputError::Io)?), Format::of_name(path))
    };
    let mut bytes = Vec::new();
    reader.by_ref().take(SNIFFED).read_to_end(&mut bytes).map_err(InputError::Io)?;
    let format = format.or(named).unwrap_or_else(|| Format::of_beginning(&bytes));
    if format != Format::Mdbc || bytes.starts_with(MAGIC) {
        // What does not begin like a module is refused without reading on: it may have no end.
        reader.take(MOST).read_to_end(&mut bytes).map_err(InputError::Io)?;
    }
    room::check(bytes.len(), format).map_err(InputError::Io)?;
    match format {
        Format::Md => compile(&bytes, &report::shown(path)),
        Format::Mdasm => {
            let text = std::str::from_utf8(&bytes).map_err(InputError::NotUtf8)?;
            assemble(text).map(|module| Program { module, map: Map::None }).map_err(InputError::Assembly)
        }
        Format::Mdbc => {
            let module = match Module::decode(&bytes) {
                Ok(module) => module,
                Err(error) => return Err(InputError::Load(error, bytes)),
            };
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
