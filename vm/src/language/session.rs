//! Sessions: a page that grows, entry by entry, and each entry runs when it is there. This is what a REPL needs.
//!
//! Nothing is run twice. An entry compiles to a module of its own, in which the variables of earlier entries are globals, so whoever
//! runs it gives the globals of one run to the next. For the front end it is a page: the functions of earlier entries stay where they
//! were, code that was run is blank, and the first line declares the variables. So lines are counted on from entry to entry, and a
//! place in a message is one of the session.

use std::ops::Range;

use super::ast::{Program, StatementKind};
use super::diagnostics::{Diagnostics, Reports};
use super::source::Source;
use super::source_map::{self, SourceMap};
use super::tables::{DeclaredType, DiagnosticKind};
use super::{analyse_with_entry, emit, lines, module_name, parser};
use crate::module::Module;

/// A page that grows.
///
/// ```
/// use machine_dialect_vm::{Run, Vm, language::Session};
///
/// let mut session = Session::new("session");
/// let mut globals = Vec::new();
/// let mut printed = String::new();
/// for text in ["Define `n` as Number.\nSet `n` to _40_.", "Set `n` to `n` + _2_.", "Say `n`."] {
///     let entry = session.compile(text)?;
///     let mut run = Run::new(&mut printed);
///     for (name, value) in std::mem::take(&mut globals) {
///         run = run.global(name, value);
///     }
///     globals = Vm::new(entry.module.clone()).run(run).unwrap().globals;
///     session.accept(entry);
/// }
/// assert_eq!(printed, "42\n");
/// # Ok::<(), machine_dialect_vm::language::Diagnostics>(())
/// ```
#[derive(Debug, Clone)]
pub struct Session {
    name: String,
    /// Everything that was entered, from [`FIRST_LINE`] on.
    lines: Vec<String>,
    /// For each of the lines, whether it is part of a function, or belongs to one, and so of every later page.
    is_kept: Vec<bool>,
    functions: Vec<KeptFunction>,
    variables: Vec<KeptVariable>,
}

#[derive(Debug, Clone)]
struct KeptFunction {
    name: String,
    /// Its lines, by index.
    lines: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct KeptVariable {
    name: String,
    /// The types that it is declared with, as pages write them.
    declared: String,
    /// Whether its values are certainly texts (rule Joining).
    is_text: bool,
}

/// An entry that was compiled.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The module to run. Variables of the session are globals of it.
    pub module: Module,
    /// Which place of the session each instruction comes from.
    pub map: SourceMap,
    /// What is odd in the entry.
    pub warnings: Diagnostics,
    /// Whether the entry says nothing but prose.
    pub is_prose: bool,
    /// The session once the entry is accepted.
    next: Box<Session>,
}

/// How much of an entry is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// All of it.
    Whole,
    /// All of it but for the period at its end.
    WithoutPeriod,
    /// A block, a list or a statement that goes on; an empty line would end it.
    UntilBlank,
    /// The header of a block or a list, or a function, in which there may be single empty lines: two of them would end it.
    UntilTwoBlank,
}

/// The line of the first entry: the first line of the page declares variables, and an empty one ends its paragraph.
const FIRST_LINE: usize = 3;

impl Session {
    /// A session in which there is nothing; messages call its page `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            lines: Vec::new(),
            is_kept: Vec::new(),
            functions: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// The line that the next entry begins with.
    #[must_use]
    pub fn next_line(&self) -> usize {
        FIRST_LINE + self.lines.len()
    }

    /// The names of the variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|variable| variable.name.as_str())
    }

    /// The names of the functions.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(|function| function.name.as_str())
    }

    /// All that was entered, as a page with a title. What was entered again is in it twice, as do variables that were defined
    /// anew; functions are in it once.
    #[must_use]
    pub fn page(&self) -> String {
        let is_replaced = |index: usize| self.lines[index].is_empty();
        let mut page = String::from("# Session\n\n");
        let mut blanks = 0;
        for (index, line) in self.lines.iter().enumerate() {
            blanks = if is_replaced(index) { blanks + 1 } else { 0 };
            if blanks < 2 {
                page.push_str(line);
                page.push('\n');
            }
        }
        page.truncate(page.trim_end().len());
        page.push('\n');
        page
    }

    /// Compiles an entry as what follows all that was accepted. A variable that it defines takes the place of one of the same name,
    /// and so does a function. Of the module, the result is the value of the expression that the entry ends with, if it does.
    ///
    /// # Errors
    /// Gives all errors and warnings of the entry, if there is an error. An error may be in a function of an earlier entry, which
    /// a new function does not suit.
    pub fn compile(&self, entry: &str) -> Result<Entry, Diagnostics> {
        let entry = entry.trim_end();
        let mut next = self.clone();
        let (defined, functions) = names(entry);
        next.variables.retain(|variable| !defined.contains(&variable.name));
        next.replace(&functions);
        let prologue = next.prologue();
        let mut text = prologue.text;
        text.push_str("\n\n");
        for (line, is_kept) in next.lines.iter().zip(&next.is_kept) {
            text.push_str(if *is_kept { line } else { "" });
            text.push('\n');
        }
        let begin = text.len() as u32;
        text.push_str(entry);
        text.push('\n');
        let mut reports = Reports::default();
        let source = Source::new(&text);
        let Some((program, checked)) = analyse_with_entry(&source, Some(begin), &mut reports) else {
            return Err(reports.finish(&source, &self.name));
        };
        let emitted =
            emit::emit(&program, &checked, source.text, module_name(&self.name), Some(prologue.statements));
        let emitted = match emitted {
            Ok(emitted) => emitted,
            Err(too_large) => {
                reports.add(too_large.at, too_large.at, too_large.problem);
                return Err(reports.finish(&source, &self.name));
            }
        };
        if let Some(last) = program.functions[0].statements.last()
            && matches!(last.kind, StatementKind::Value { .. })
        {
            // The value is the result.
            reports.withdraw(DiagnosticKind::UnusedValue, last.at);
        }
        let map = source_map::build(&emitted, &program, &checked, &source, &self.name);
        let has_statements = program.functions[0].statements.len() > prologue.statements as usize;
        next.variables = checked.functions[0]
            .variables
            .iter()
            .map(|variable| KeptVariable {
                name: program.names.spelling(variable.name.symbol).to_owned(),
                declared: declared(variable.types),
                is_text: variable.is_text,
            })
            .collect();
        next.keep(entry, begin, &program, &source);
        Ok(Entry {
            module: emitted.module,
            map,
            warnings: reports.finish(&source, &self.name),
            is_prose: !has_statements && functions.is_empty(),
            next: Box::new(next),
        })
    }

    /// Goes on from an entry, which may have failed: what it defines is there.
    pub fn accept(&mut self, entry: Entry) {
        *self = *entry.next;
    }

    /// Tells how much of an entry is there, so that whoever reads lines knows when to ask for another.
    #[must_use]
    pub fn reading(entry: &str) -> Reading {
        let entry = entry.trim_end();
        let last = entry.lines().last().unwrap_or_default().trim();
        let page = Source::new(entry);
        let mut reports = Reports::default();
        let (program, is_in_comment) = parse(&page, &mut reports);
        if program.functions.len() > 1 || is_in_comment {
            return Reading::UntilTwoBlank;
        }
        if last.ends_with(':') {
            return Reading::UntilTwoBlank;
        }
        let is_item = last.starts_with('-') || last.starts_with(|first: char| first.is_ascii_digit());
        if last.starts_with('>') || (is_item && entry.lines().nth(1).is_some()) {
            return Reading::UntilBlank;
        }
        let ends_early = |diagnostics: &Diagnostics| {
            let end = page.place(page.text.len() as u32);
            diagnostics.iter().any(|one| one.kind() == DiagnosticKind::MissingPeriod && one.place() >= end)
        };
        if !ends_early(&reports.finish(&page, "")) {
            return Reading::Whole;
        }
        let with_period = format!("{entry}.");
        let page = Source::new(&with_period);
        let mut reports = Reports::default();
        let _ = parse(&page, &mut reports);
        if reports.has_errors() { Reading::UntilBlank } else { Reading::WithoutPeriod }
    }

    /// The line that declares the variables, and how many statements it has.
    fn prologue(&self) -> Prologue {
        let mut prologue = Prologue { text: String::new(), statements: 0 };
        for variable in &self.variables {
            let KeptVariable { name, declared, is_text } = variable;
            prologue.text += &format!("Define `{name}` as {declared}. ");
            prologue.statements += 1;
            if !is_text {
                // The checker takes a variable for text that is set to nothing else.
                prologue.text += &format!("Set `{name}` to _empty_. ");
                prologue.statements += 1;
            }
        }
        prologue
    }

    /// Takes the functions of those names out.
    fn replace(&mut self, names: &[String]) {
        let (gone, kept) = std::mem::take(&mut self.functions)
            .into_iter()
            .partition::<Vec<_>, _>(|function| names.contains(&function.name));
        self.functions = kept;
        for index in gone.into_iter().flat_map(|function| function.lines) {
            self.lines[index].clear();
            self.is_kept[index] = false;
        }
    }

    /// Adds the lines of an entry that begins at that byte of the page.
    fn keep(&mut self, entry: &str, begin: u32, program: &Program, page: &Source<'_>) {
        let first_line = page.place(begin).line as usize;
        let first = self.lines.len();
        self.lines.extend(entry.lines().map(str::to_owned));
        let end = self.lines.len();
        // Between entries, so that they stand apart in the page, too.
        self.lines.push(String::new());
        self.is_kept.resize(end, true);
        self.is_kept.push(false);
        let index_of = |at: u32| first + (page.place(at).line as usize).saturating_sub(first_line);
        let is_own = |at: u32| at >= begin;
        let code: Vec<usize> = program.functions[0]
            .statements
            .iter()
            .filter(|statement| is_own(statement.at))
            .map(|statement| page.place(statement.at).line as usize - 1)
            .collect();
        for paragraph in program.code.iter().filter(|lines| code.iter().any(|line| lines.contains(line))) {
            for line in paragraph.clone() {
                if let Some(kept) =
                    (line + 1).checked_sub(first_line).and_then(|line| self.is_kept.get_mut(first + line))
                {
                    *kept = false;
                }
            }
        }
        let mut headings: Vec<(usize, String)> = program
            .functions
            .iter()
            .filter_map(|function| function.name)
            .filter(|name| is_own(name.at))
            .map(|name| (index_of(name.at), program.names.spelling(name.symbol).to_owned()))
            .collect();
        headings.sort();
        let ends: Vec<usize> = headings.iter().skip(1).map(|(line, _)| *line).chain([end]).collect();
        for ((line, name), end) in headings.into_iter().zip(ends) {
            self.functions.push(KeptFunction { name, lines: line..end });
        }
    }
}

struct Prologue {
    text: String,
    statements: u32,
}

/// Reads an entry on its own; tells, too, whether it ends within a comment.
fn parse(entry: &Source<'_>, reports: &mut Reports) -> (Program, bool) {
    let mut lines = lines::read(entry.text);
    lines.entry = Some(0);
    (parser::parse(&lines, reports), lines.open_comment.is_some())
}

/// The variables and functions that an entry defines.
fn names(entry: &str) -> (Vec<String>, Vec<String>) {
    let page = Source::new(entry);
    let (program, _) = parse(&page, &mut Reports::default());
    let mut variables = Vec::new();
    for statement in &program.functions[0].statements {
        if let StatementKind::Define { name, .. } = &statement.kind {
            variables.push(program.names.spelling(name.symbol).to_owned());
        }
    }
    let functions = program
        .functions
        .iter()
        .filter_map(|function| function.name)
        .map(|name| program.names.spelling(name.symbol).to_owned())
        .collect();
    (variables, functions)
}

/// Types as pages write them. The variable of a For each, which has none, takes values of all.
fn declared(types: Option<super::tables::Types>) -> String {
    let names: Vec<&str> = match types {
        Some(types) => types.iter().map(DeclaredType::name).collect(),
        None => DeclaredType::ALL.iter().copied().map(DeclaredType::name).collect(),
    };
    names.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use crate::vm::{Run, Vm};

    /// A session that runs what is entered.
    struct Live {
        session: Session,
        globals: Vec<(String, Value)>,
    }

    impl Live {
        fn new() -> Self {
            Self { session: Session::new("session"), globals: Vec::new() }
        }

        /// What an entry prints, and behind it its result or its error.
        fn enter(&mut self, text: &str) -> String {
            let entry = match self.session.compile(text) {
                Ok(entry) => entry,
                Err(diagnostics) => {
                    let first = diagnostics.iter().next().unwrap();
                    return format!(
                        "{} {}:{}",
                        first.kind().name(),
                        first.place().line,
                        first.place().column
                    );
                }
            };
            let mut printed = String::new();
            let mut run = Run::new(&mut printed);
            for (name, value) in std::mem::take(&mut self.globals) {
                run = run.global(name, value);
            }
            let result = Vm::new(entry.module.clone()).run(run);
            let (globals, end) = match result {
                Ok(completion) if completion.result == Value::Empty => (completion.globals, String::new()),
                Ok(completion) => (completion.globals, format!("= {:?}", completion.result)),
                Err(failure) => {
                    let sites = entry.map.sites(failure.call_stack.iter().map(|site| site.pc));
                    let lines: Vec<String> = sites.iter().map(|site| site.place.line.to_string()).collect();
                    (
                        failure.globals.clone(),
                        format!("{} at {}", failure.error.kind().name(), lines.join(" ")),
                    )
                }
            };
            self.globals = globals;
            self.session.accept(entry);
            printed + &end
        }
    }

    #[test]
    fn variables_live_on() {
        let mut live = Live::new();
        assert_eq!(live.enter("Define `l` as List.\nSet `l` to blank."), "");
        assert_eq!(live.enter("Add _1_ to `l`."), "");
        assert_eq!(live.enter("For each `x` in `l`:\n> Add `x` + _1_ to `l`."), "");
        assert_eq!(live.enter("Say `l`. `x`."), "[1, 2]\n= 1");
        assert_eq!(live.enter("For each `x` in `l`:\n> Say `x`."), "1\n2\n");
        assert_eq!(live.enter("Say `y`."), "UndefinedName 16:5");
    }

    #[test]
    fn a_statement_that_fails_changes_nothing_and_those_before_it_stay_done() {
        let mut live = Live::new();
        live.enter("Define `n` as Number (default: _1_).");
        assert_eq!(
            live.enter("Set `n` to _2_.\nIf _Yes_:\n> Set `n` to _3_.\n> Say _1_ / _0_."),
            "DivisionByZero at 8"
        );
        assert_eq!(live.enter("`n`."), "= 2");
        assert_eq!(live.enter("If _Yes_:\n> Set `n` to _4_.\n> Give back `n`."), "= 4");
        assert_eq!(live.enter("`n`."), "= 4");
    }

    #[test]
    fn definitions_replace_those_before_them() {
        let mut live = Live::new();
        live.enter("Define `n` as Number (default: _1_).");
        assert_eq!(live.enter("Define `n` as Text.\n`n`."), "");
        assert_eq!(live.enter("Set `n` to _5_."), "WrongType 8:12");
        let utility =
            |value: &str| format!("### Utility: `f`\n\n<details>\n\n> Give back {value}.\n\n</details>\n");
        let call = "Define `r` as Number.\nSet `r` using `f`.\n`r`.";
        live.enter(&utility("_1_"));
        assert_eq!(live.enter(call), "= 1");
        live.enter(&utility("_2_"));
        assert_eq!(live.enter(call), "= 2");
        let line = live.session.next_line();
        live.enter(&utility("_1_ / _0_"));
        assert_eq!(
            live.enter(call),
            format!("DivisionByZero at {} {}", line + 4, live.session.next_line() - 3)
        );
        assert_eq!(live.session.functions().collect::<Vec<_>>(), ["f"]);
        assert_eq!(live.session.page().matches("### Utility").count(), 1);
    }

    #[test]
    fn texts_join_as_on_one_page() {
        let mut live = Live::new();
        live.enter("Define `t` as Text.\nSet `t` to _\"a\"_.");
        assert_eq!(live.enter("`t` + _1_."), "= \"a1\"");
        live.enter("Set `t` to _empty_.");
        live.enter("Set `t` to _\"b\"_.");
        assert_eq!(live.enter("`t` + _1_."), "TypeMismatch at 12", "it was once no text");
    }

    #[test]
    fn more_variables_than_registers_live_on() {
        let mut live = Live::new();
        for number in 0..300 {
            live.enter(&format!("Define `v{number}` as Number (default: _{number}_)."));
        }
        live.enter("Set `v299` to `v299` + `v7`.");
        assert_eq!(live.enter("`v299` + `v0` + `v1`."), "= 307");
    }

    #[test]
    fn what_is_whole_is_known() {
        for (text, expected) in [
            ("Say _1_.", Reading::Whole),
            ("Say _1_", Reading::WithoutPeriod),
            ("`x` + _1_", Reading::WithoutPeriod),
            ("Set `x` to", Reading::UntilBlank),
            ("Say _1_ +", Reading::UntilBlank),
            ("If _Yes_:", Reading::UntilTwoBlank),
            ("If _Yes_:\n> Say _1_.", Reading::UntilBlank),
            ("If _Yes_:\n> Say _1_.\nElse:", Reading::UntilTwoBlank),
            ("Set `l` to:\n- _1_.", Reading::UntilBlank),
            ("### Utility: `f`", Reading::UntilTwoBlank),
            ("Only prose", Reading::Whole),
            ("Say `.", Reading::Whole),
        ] {
            assert_eq!(Session::reading(text), expected, "{text}");
        }
    }
}
