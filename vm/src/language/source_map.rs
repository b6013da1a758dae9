//! Source maps: which place of a page each instruction comes from.
//!
//! The file, `.mdbm`, is beside a module. It is read when an error is shown or a module disassembled, never to run one.

mod decode;
mod encode;

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::ast::Program;
use super::checker::{Checked, Origin};
use super::draw::{self, Excerpt, Part, Title};
use super::emit::{Emitted, NO_PLACE};
use super::source::{Place, Source};
use super::tables::{DeclaredType, Severity};

/// Where the instructions of a module come from.
///
/// ```
/// use machine_dialect_vm::language::{self, SourceMap};
///
/// let compiled = language::compile("Define `a` as Number.\nSay _1_ / `a`.\n", "x.md").unwrap();
/// let module = compiled.module.encode();
/// let file = compiled.map.encode(&module);
/// let map = SourceMap::decode(&file, &module).unwrap();
/// let division = (0..compiled.module.len()).find(|pc| map.place_of(*pc).is_some_and(|place| place.column == 9));
/// assert!(division.is_some());
/// assert_eq!(map.name(), "x.md");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceMap {
    name: String,
    text: Option<String>,
    text_hash: [u8; 32],
    functions: Vec<MappedFunction>,
    /// In order of their instructions; each goes on to the next.
    runs: Vec<Run>,
    variables: Vec<MappedVariable>,
}

/// Instructions of one place, from `begin` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    begin: u32,
    /// None for a helper of the compiler.
    place: Option<Place>,
}

/// A function of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedFunction {
    /// The name as the page has it; `main` for the top level.
    pub name: String,
    /// The line of its heading; 1 for the top level.
    pub line: u32,
    /// The index of its first instruction.
    pub begin: u32,
    /// The index of the instruction behind its last.
    pub end: u32,
    /// The names of its inputs.
    pub inputs: Vec<String>,
}

/// A variable of a page, and where its value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedVariable {
    /// The index of its function among [`SourceMap::functions`].
    pub function: u32,
    /// The register that holds it in all of the function; none where it has none of its own.
    pub register: Option<u8>,
    /// The name.
    pub name: String,
    /// The types that the page declares, with `or` between them; empty where it declares none.
    pub declared: String,
}

/// Where a call had come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The name of the function as the page has it.
    pub function: String,
    /// The place.
    pub place: Place,
}

/// Why there is no source map in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceMapError {
    /// The file does not begin as a source map.
    NotAMap,
    /// The file is of a version that this crate does not know.
    UnknownVersion(u32),
    /// The map is of another module, or of another version of it.
    OtherModule,
    /// The file ends too soon, or says what cannot be.
    Damaged {
        /// The byte at which that was noticed.
        offset: usize,
    },
}

impl fmt::Display for SourceMapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMap => f.write_str("not a source map"),
            Self::UnknownVersion(version) => {
                write!(f, "a source map of version {version}, which is not known")
            }
            Self::OtherModule => f.write_str("the source map of another module"),
            Self::Damaged { offset } => write!(f, "the source map is damaged at byte {offset:#x}"),
        }
    }
}

impl std::error::Error for SourceMapError {}

impl SourceMap {
    /// The extension of the file, without the period.
    pub const EXTENSION: &str = match crate::values::source_map::EXTENSION.as_bytes() {
        [b'.', rest @ ..] => match std::str::from_utf8(rest) {
            Ok(rest) => rest,
            Err(_) => "",
        },
        _ => "",
    };

    /// The name of the page's file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of the page, if the map has it.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Without the text of the page, which makes the file smaller; lines are not shown then, unless the page is there.
    #[must_use]
    pub fn without_text(mut self) -> Self {
        self.text = None;
        self
    }

    /// With the text of the page, if it is the one that was compiled; tells whether it is.
    pub fn attach_text(&mut self, text: &str) -> bool {
        let text = Source::new(text).text;
        let is_it = hash(text.as_bytes()) == self.text_hash;
        if is_it {
            self.text = Some(text.to_owned());
        }
        is_it
    }

    /// The functions of the page, in order of the page; the first is the top level.
    #[must_use]
    pub fn functions(&self) -> &[MappedFunction] {
        &self.functions
    }

    /// The variables of the page.
    #[must_use]
    pub fn variables(&self) -> &[MappedVariable] {
        &self.variables
    }

    /// The place that an instruction comes from; none for one that the compiler added on its own.
    #[must_use]
    pub fn place_of(&self, pc: usize) -> Option<Place> {
        let behind = self.runs.partition_point(|run| run.begin as usize <= pc);
        self.runs.get(behind.checked_sub(1)?)?.place
    }

    /// The function that an instruction belongs to; none for one of a helper of the compiler.
    #[must_use]
    pub fn function_of(&self, pc: usize) -> Option<&MappedFunction> {
        let behind = self.functions.partition_point(|function| function.begin as usize <= pc);
        self.functions.get(behind.checked_sub(1)?).filter(|function| pc < function.end as usize)
    }

    /// The text of a line, if the map has the text.
    #[must_use]
    pub fn line(&self, line: u32) -> Option<&str> {
        let text = self.text.as_deref()?;
        text.split('\n')
            .nth(line.checked_sub(1)? as usize)
            .map(|line| line.strip_suffix('\r').unwrap_or(line))
    }

    /// Where calls had come to, from the instructions they had come to; those that have no place are left out.
    ///
    /// ```
    /// use machine_dialect_vm::{Run, Vm, language};
    ///
    /// let compiled = language::compile("Define `a` as Number (default: _0_).\nSay _2_ ^ _-1_.\nSay _1_ / `a`.\n", "x.md").unwrap();
    /// let failure = Vm::new(compiled.module).run(Run::new(&mut ())).unwrap_err();
    /// let sites = compiled.map.sites(failure.call_stack.iter().map(|site| site.pc));
    /// assert_eq!((sites[0].function.as_str(), sites[0].place.line, sites[0].place.column), ("main", 3, 9));
    /// ```
    pub fn sites(&self, pcs: impl IntoIterator<Item = usize>) -> Vec<Site> {
        let site = |pc| {
            let place = self.place_of(pc)?;
            Some(Site { function: self.function_of(pc)?.name.clone(), place })
        };
        pcs.into_iter().filter_map(site).collect()
    }

    /// Draws an error of a run: its message, the line it is on, and the lines of the calls that led there, as far as the map
    /// knows them. `pcs` are the instructions that the calls had come to, the innermost first.
    ///
    /// ```
    /// use machine_dialect_vm::{Run, Vm, language};
    ///
    /// let compiled = language::compile("Say _1_ / _0_.\n", "x.md").unwrap();
    /// let failure = Vm::new(compiled.module).run(Run::new(&mut ())).unwrap_err();
    /// let pcs = failure.call_stack.iter().map(|site| site.pc);
    /// let drawn = compiled.map.draw("DivisionByZero", &failure.to_string(), pcs, false);
    /// assert!(drawn.contains("1 | Say _1_ / _0_."));
    /// ```
    #[must_use]
    pub fn draw(
        &self,
        kind: &'static str,
        message: &str,
        pcs: impl IntoIterator<Item = usize>,
        colour: bool,
    ) -> String {
        /// How many callers are shown next to the error, and how many at the bottom of the stack.
        const NEAREST: usize = 5;
        const FARTHEST: usize = 2;
        let sites = self.sites(pcs);
        let part = |title: Title, message: String, site: &Site| Part {
            title,
            message,
            place: site.place,
            excerpt: self.line(site.place.line).map(|line| Excerpt::new(line, site.place.column as usize, 1)),
            help: Vec::new(),
        };
        let error = || Title { severity: Some(Severity::Error), id: Some(kind) };
        let Some((first, callers)) = sites.split_first() else {
            return format!("error[{kind}]: {message}\n");
        };
        let mut parts = vec![part(error(), message.to_owned(), first)];
        let left_out = callers.len().saturating_sub(NEAREST + FARTHEST);
        for (number, caller) in callers.iter().enumerate() {
            if (NEAREST..NEAREST + left_out).contains(&number) {
                continue;
            }
            let skipped = if left_out > 0 && number == NEAREST + left_out {
                format!(" ({left_out} calls nearer are not shown)")
            } else {
                String::new()
            };
            let message = format!("called in {}{skipped}", caller.function);
            parts.push(part(Title { severity: None, id: None }, message, caller));
        }
        draw::draw(&parts, &self.name, colour)
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The map of a program that was emitted.
pub(crate) fn build(
    emitted: &Emitted,
    program: &Program,
    checked: &Checked,
    source: &Source<'_>,
    name: &str,
) -> SourceMap {
    let mut runs = Vec::new();
    let mut before = None;
    for (begin, at) in (0..).zip(&emitted.places) {
        if before != Some(*at) {
            before = Some(*at);
            runs.push(Run { begin, place: (*at != NO_PLACE).then(|| source.place(*at)) });
        }
    }
    let mut functions = Vec::with_capacity(emitted.functions.len());
    let mut variables = Vec::new();
    for function in &emitted.functions {
        let declared = &program.functions[function.index];
        let scope = &checked.functions[function.index];
        let spelling = |named: &super::ast::Named| program.names.spelling(named.symbol).to_owned();
        let inputs = scope.variables.iter().filter(|variable| variable.origin == Origin::Input);
        functions.push(MappedFunction {
            name: declared.name.as_ref().map_or(crate::values::format::ENTRY_FUNCTION.to_owned(), spelling),
            line: declared.name.map_or(1, |name| source.place(name.at).line),
            begin: function.begin,
            end: function.end,
            inputs: inputs.map(|input| spelling(&input.name)).collect(),
        });
        for (variable, register) in scope.variables.iter().zip(&function.registers) {
            let types = variable.types.unwrap_or_default();
            variables.push(MappedVariable {
                function: functions.len() as u32 - 1,
                register: *register,
                name: spelling(&variable.name),
                declared: types.iter().map(DeclaredType::name).collect::<Vec<_>>().join(" or "),
            });
        }
    }
    SourceMap {
        name: name.to_owned(),
        text: Some(source.text.to_owned()),
        text_hash: hash(source.text.as_bytes()),
        functions,
        runs,
        variables,
    }
}
