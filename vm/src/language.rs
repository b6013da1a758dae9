//! Machine Dialect, the language: from a page of Markdown to a module.
//!
//! A page goes through lines, tokens, a tree, checks and code, each in a file of its own. All errors of a page are found, and each
//! says where it is. Words, operators, diagnostics and rules are declared in `spec/language.yaml`.
//!
//! ```
//! use machine_dialect_vm::{Run, Vm, language};
//!
//! let compiled = language::compile("Say _\"Hello, \"_ + _\"World!\"_.\n", "hello.md")?;
//! let mut printed = String::new();
//! Vm::new(compiled.module).run(Run::new(&mut printed)).unwrap();
//! assert_eq!(printed, "Hello, World!\n");
//! # Ok::<(), language::Diagnostics>(())
//! ```

mod ast;
mod checker;
mod diagnostics;
mod draw;
mod emit;
mod format;
mod lexer;
mod lines;
mod parser;
mod session;
mod source;
mod source_map;
mod tables;
mod url;

pub use diagnostics::{Diagnostic, Diagnostics, nearest};
pub use format::format;
pub use session::{Entry, Reading, Session};
pub use source::Place;
pub use source_map::{MappedFunction, MappedVariable, Site, SourceMap, SourceMapError};
pub use tables::{DiagnosticKind, Severity};

use crate::module::Module;
use diagnostics::Reports;
#[cfg(feature = "pyo3")]
pub(crate) use diagnostics::severity_name;
use source::Source;
use tables::{Problem, limits};

/// A page that was compiled.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The module, whose name is that of the page without folder and extension.
    pub module: Module,
    /// Which place of the page each instruction comes from.
    pub map: SourceMap,
    /// What is odd in the page, and keeps it from nothing.
    pub warnings: Diagnostics,
}

/// Compiles a page; `name` is that of its file, for messages and for the module. The same page gives the same module, byte for
/// byte.
///
/// # Errors
/// Gives all errors and warnings of the page, if there is an error.
pub fn compile(source: &str, name: &str) -> Result<Compiled, Diagnostics> {
    let mut reports = Reports::default();
    let source = Source::new(source);
    let Some((program, checked)) = analyse(&source, &mut reports) else {
        return Err(reports.finish(&source, name));
    };
    match emit::emit(&program, &checked, source.text, module_name(name), None) {
        Ok(emitted) => {
            let map = source_map::build(&emitted, &program, &checked, &source, name);
            Ok(Compiled { module: emitted.module, map, warnings: reports.finish(&source, name) })
        }
        Err(too_large) => {
            reports.add(too_large.at, too_large.at, too_large.problem);
            Err(reports.finish(&source, name))
        }
    }
}

/// Compiles a page that may not be UTF-8, as [`compile`] does.
///
/// # Errors
/// Gives all errors and warnings of the page, if there is an error.
///
/// ```
/// use machine_dialect_vm::language;
///
/// let found = language::compile_bytes(b"Say _1_.\xff\n", "x.md").unwrap_err();
/// let first = found.iter().next().unwrap();
/// assert_eq!((first.kind(), first.place().column), (language::DiagnosticKind::InvalidUtf8, 9));
/// ```
pub fn compile_bytes(source: &[u8], name: &str) -> Result<Compiled, Diagnostics> {
    compile(decode(source, name)?, name)
}

/// The text of a page that may not be UTF-8.
///
/// # Errors
/// Gives the place of the first byte that does not belong.
pub fn decode<'s>(source: &'s [u8], name: &str) -> Result<&'s str, Diagnostics> {
    std::str::from_utf8(source).map_err(|error| {
        let (valid, _) = source.split_at(error.valid_up_to());
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        let at = Source::new(valid).text.len() as u32;
        let mut reports = Reports::default();
        reports.add(at, at, Problem::InvalidUtf8 { offset: error.valid_up_to() as u64 });
        reports.finish(&Source::new(valid), name)
    })
}

/// Checks a page without making a module of it, and gives what is odd in it.
///
/// # Errors
/// Gives all errors and warnings of the page, if there is an error.
///
/// ```
/// use machine_dialect_vm::language;
///
/// assert!(language::check("Say _1_.\n", "x.md").unwrap().is_empty());
/// assert_eq!(language::check("Say `a`.\nSay `b`.\n", "x.md").unwrap_err().len(), 2);
/// ```
pub fn check(source: &str, name: &str) -> Result<Diagnostics, Diagnostics> {
    let mut reports = Reports::default();
    let source = Source::new(source);
    let is_good = analyse(&source, &mut reports).is_some();
    let diagnostics = reports.finish(&source, name);
    if is_good { Ok(diagnostics) } else { Err(diagnostics) }
}

/// Whether a paragraph that begins with that line is read as statements, wherever it is.
///
/// ```
/// use machine_dialect_vm::language;
///
/// assert!(language::begins_statement("Say _1_."));
/// assert!(!language::begins_statement("The set of all teas."));
/// ```
#[must_use]
pub fn begins_statement(line: &str) -> bool {
    parser::begins_statement(line)
}

/// The words, phrases and types of the language as pages write them, for completion and highlighting.
///
/// ```
/// let words = machine_dialect_vm::language::words();
/// assert!(words.contains(&"Give back".to_owned()) && words.contains(&"is equal to".to_owned()));
/// ```
#[must_use]
pub fn words() -> Vec<String> {
    let mut words: Vec<String> = tables::SPELLINGS.iter().map(tables::Spelling::written).collect();
    words.sort();
    words.dedup();
    words
}

/// Reads and checks a page; gives nothing where it has errors.
fn analyse(source: &Source<'_>, reports: &mut Reports) -> Option<(ast::Program, checker::Checked)> {
    analyse_with_entry(source, None, reports)
}

/// As [`analyse`], for a page that ends with an entry of a session.
fn analyse_with_entry(
    source: &Source<'_>,
    entry: Option<u32>,
    reports: &mut Reports,
) -> Option<(ast::Program, checker::Checked)> {
    if source.text.len() as u64 > u64::from(limits::SOURCE_BYTES) {
        let (size, limit) = (source.text.len(), limits::SOURCE_BYTES);
        let what = format!("the source has {size} bytes, and {limit} is the most");
        reports.add(0, 0, Problem::ProgramTooLarge { what });
        return None;
    }
    let mut lines = lines::read(source.text);
    lines.entry = entry;
    let program = parser::parse(&lines, reports);
    let checked = checker::check(&program, source, reports);
    (!reports.has_errors()).then_some((program, checked))
}

/// The name of a module whose page is in that file (rule OneSource).
fn module_name(file: &str) -> &str {
    let base = file.rsplit(['/', '\\']).next().unwrap_or_default();
    match base.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        Some(_) | None if base.is_empty() => crate::values::format::ENTRY_FUNCTION,
        Some(_) | None => base,
    }
}

impl Module {
    /// Compiles a page of Machine Dialect; [`language::compile`](compile) gives more.
    ///
    /// # Errors
    /// Gives all errors and warnings of the page, if there is an error.
    ///
    /// ```
    /// use machine_dialect_vm::Module;
    ///
    /// let module = Module::compile("Say _1_ + _2_.\n")?;
    /// assert_eq!(module.name(), "main");
    /// # Ok::<(), machine_dialect_vm::language::Diagnostics>(())
    /// ```
    pub fn compile(source: &str) -> Result<Self, Diagnostics> {
        compile(source, "").map(|compiled| compiled.module)
    }
}
