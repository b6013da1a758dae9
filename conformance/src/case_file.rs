//! Reading case files. What a reader of the file would stumble over is an error with file and line.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use machine_dialect_vm::asm::assemble_bytes;
use mdvm_spec::{Problem, Spec};
use serde::Deserialize;
use serde_yaml::{Mapping, Value as Yaml};

use crate::case::{Case, Origin, slug};
use crate::embedded;
use crate::layout::Layout;
use crate::outcome::{Field, Outcome, Status};
use crate::paths::{home, shown};
use crate::schedule::Schedule;
use crate::value::ValueText;

/// Whether a case must say what it expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expecting {
    /// It must: a case without an expectation is an error.
    Something,
    /// It need not, because the expectations are about to be written.
    Anything,
}

/// What a case file is read against.
pub struct Reader<'a> {
    spec: &'a Spec,
    mnemonics: BTreeSet<String>,
    expecting: Expecting,
}

impl<'a> Reader<'a> {
    /// A reader that knows the opcodes, errors and limits of `spec`.
    #[must_use]
    pub fn new(spec: &'a Spec, expecting: Expecting) -> Self {
        let mnemonics = spec.isa.opcodes.iter().map(mdvm_spec::model::OpcodeEntry::mnemonic).collect();
        Self { spec, mnemonics, expecting }
    }

    /// The cases of one file, whose ids begin with `prefix`, as in `arith/add`.
    ///
    /// # Errors
    /// Gives everything that is wrong with the file; only a file that is no YAML of this schema gives one problem.
    pub fn read(&self, path: &Path, prefix: &str, text: &str) -> Result<Vec<Case>, Vec<Problem>> {
        let file: RawFile =
            serde_yaml::from_str(text).map_err(|error| vec![unreadable(path, text, &error)])?;
        let layout = Layout::of_list(text, "cases");
        let mut problems = Problems { path, found: Vec::new() };
        for mnemonic in &file.covers {
            self.check_mnemonic(mnemonic, 1, &mut problems);
        }
        if file.cases.is_empty() {
            problems.add(1, "there are no cases".to_owned());
        }
        if !layout.is_empty() && layout.len() != file.cases.len() {
            let (seen, read) = (layout.len(), file.cases.len());
            problems.add(1, format!("{seen} items stand under `cases` and {read} were read"));
        }
        let mut slugs = BTreeMap::new();
        let mut cases = Vec::new();
        for (index, raw) in file.cases.iter().enumerate() {
            let line = layout.item_line(index);
            let slug = slug(&raw.name);
            if slug.is_empty() {
                problems.add(line, format!("the name {:?} has neither letters nor digits", raw.name));
            }
            if let Some(first) = slugs.insert(slug.clone(), line) {
                problems.add(
                    line,
                    format!(
                        "the name {:?} gives the id {slug:?}, as the case in line {first} does",
                        raw.name
                    ),
                );
            }
            let before = problems.found.len();
            let module = self.module(raw, index, &layout, &mut problems);
            let limits = self.limits(raw, layout.field_line(index, "limits"), &mut problems);
            let globals =
                problems.take(layout.field_line(index, "globals"), globals_of(raw.globals.as_ref()));
            let expect = self.expectation(raw, index, &layout, &mut problems);
            for mnemonic in &raw.covers {
                self.check_mnemonic(mnemonic, layout.field_line(index, "covers"), &mut problems);
            }
            if problems.found.len() > before {
                continue;
            }
            let (Some(module), Some(globals), Some(expect)) = (module, globals, expect) else { continue };
            cases.push(Case {
                id: format!("{prefix}/{slug}"),
                origin: Origin { file: path.to_owned(), line, index },
                module,
                limits,
                globals,
                schedule: raw.schedule.clone().filter(|schedule| !schedule.is_empty()),
                expect,
                covers: file.covers.iter().chain(&raw.covers).cloned().collect(),
            });
        }
        if problems.found.is_empty() { Ok(cases) } else { Err(problems.found) }
    }

    fn check_mnemonic(&self, mnemonic: &str, line: usize, problems: &mut Problems<'_>) {
        if !self.mnemonics.contains(mnemonic) {
            problems.add(line, format!("`covers` names {mnemonic:?}, and no opcode has that mnemonic"));
        }
    }

    fn module(
        &self,
        raw: &RawCase,
        index: usize,
        layout: &Layout<'_>,
        problems: &mut Problems<'_>,
    ) -> Option<Vec<u8>> {
        let read = match (&raw.asm, &raw.file, &raw.hex) {
            (Some(text), None, None) => {
                ("asm", assemble_bytes(text).map_err(|error| format!("in the assembly, {error}")))
            }
            (None, Some(name), None) => ("file", read_module(name)),
            (None, None, Some(digits)) => ("hex", bytes_of_hex(digits)),
            (None, None, None) => {
                ("name", Err("a case has one of `asm`, `file` and `hex`; this one has none".to_owned()))
            }
            (_, _, _) => {
                ("name", Err("a case has one of `asm`, `file` and `hex`; this one has several".to_owned()))
            }
        };
        problems.take(layout.field_line(index, read.0), read.1)
    }

    fn limits(&self, raw: &RawCase, line: usize, problems: &mut Problems<'_>) -> BTreeMap<String, u64> {
        let mut limits = BTreeMap::new();
        for (name, value) in raw.limits.iter().flatten() {
            let known = |name: &str| self.spec.values.run_limits.iter().any(|limit| limit.name == name);
            match (name.as_str().filter(|name| known(name)), value.as_u64()) {
                (Some(name), Some(value)) => {
                    limits.insert(name.to_owned(), value);
                }
                (Some(name), None) => {
                    problems.add(line, format!("the limit `{name}` is not a whole number from 0 on"))
                }
                (None, _) => problems.add(line, format!("there is no limit {}", yaml_text(name))),
            }
        }
        limits
    }

    fn expectation(
        &self,
        raw: &RawCase,
        index: usize,
        layout: &Layout<'_>,
        problems: &mut Problems<'_>,
    ) -> Option<Option<Outcome>> {
        let line = layout.field_line(index, "expect");
        match raw.expect.as_ref().filter(|expect| !expect.is_empty()) {
            Some(expect) => problems.take(line, outcome_of(expect, self.spec)).map(Some),
            None if self.expecting == Expecting::Anything => Some(None),
            None => problems.take(line, Err("the case expects nothing".to_owned())),
        }
    }
}

/// What an `expect` says.
pub(crate) fn outcome_of(expect: &RawExpect, spec: &Spec) -> Result<Outcome, String> {
    let run_kinds = spec.errors.of_runs().map(|error| error.kind.as_str());
    let load_kinds = spec.errors.load.iter().map(|error| error.kind.as_str());
    let mut outcome = match (&expect.error, &expect.load_error) {
        (None, None) => Outcome::new(Status::Ok),
        (Some(kind), None) => error_outcome(Status::RuntimeError, kind, run_kinds)?,
        (None, Some(kind)) => error_outcome(Status::LoadError, kind, load_kinds)?,
        (Some(_), Some(_)) => return Err("`error` and `load_error` exclude each other".to_owned()),
    };
    if let Some(result) = &expect.result {
        outcome.set_result(&ValueText::from_yaml(result).map_err(|error| format!("`result`: {error}"))?);
    }
    if let Some(globals) = &expect.globals {
        outcome.set_globals(&globals_of(Some(globals))?);
    }
    let strings = [
        (Field::Message, &expect.message),
        (Field::Function, &expect.function),
        (Field::Stdout, &expect.stdout),
    ];
    for (field, text) in strings {
        if let Some(text) = text {
            outcome.set_string(field, text);
        }
    }
    for (field, number) in [(Field::Pc, expect.pc), (Field::Steps, expect.steps)] {
        if let Some(number) = number {
            outcome.set_number(field, number);
        }
    }
    let status = outcome.status();
    let odd = outcome.fields().find(|field| !status.fields().contains(field));
    match odd {
        Some(field) => Err(format!("an outcome of status `{}` has no `{}`", status.name(), field.name())),
        None => Ok(outcome),
    }
}

fn error_outcome<'a>(
    status: Status,
    kind: &str,
    mut known: impl Iterator<Item = &'a str>,
) -> Result<Outcome, String> {
    if !known.any(|other| other == kind) {
        return Err(format!("no `{}` has the kind {kind:?} (spec/errors.yaml has them all)", status.name()));
    }
    let mut outcome = Outcome::new(status);
    outcome.set_string(Field::Kind, kind);
    Ok(outcome)
}

fn globals_of(mapping: Option<&Mapping>) -> Result<BTreeMap<String, ValueText>, String> {
    let mut globals = BTreeMap::new();
    for (name, value) in mapping.into_iter().flatten() {
        let Some(text) = name.as_str() else {
            return Err(format!(
                "the name {} of a global is not a string; quotes make it one",
                yaml_text(name)
            ));
        };
        let value = ValueText::from_yaml(value).map_err(|error| format!("the global {text:?}: {error}"))?;
        globals.insert(text.to_owned(), value);
    }
    Ok(globals)
}

fn read_module(name: &str) -> Result<Vec<u8>, String> {
    let path = home().join(name);
    embedded::read(&path)
        .map(Cow::into_owned)
        .map_err(|error| format!("{}: {error} (`file` is relative to {})", shown(&path), shown(&home())))
}

/// Bytes as pairs of hexadecimal digits; spaces and line breaks may be between them.
fn bytes_of_hex(digits: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<char> = digits.chars().filter(|letter| !letter.is_whitespace()).collect();
    if digits.len() % 2 == 1 {
        return Err(format!("`hex` has {} digits, and two make a byte", digits.len()));
    }
    let digit =
        |letter: char| letter.to_digit(16).ok_or_else(|| format!("{letter:?} is not a hexadecimal digit"));
    digits
        .chunks_exact(2)
        .map(|pair| Ok(u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).unwrap_or(u8::MAX)))
        .collect()
}

fn yaml_text(node: &Yaml) -> String {
    serde_yaml::to_string(node).map_or_else(|_| "?".to_owned(), |text| text.trim_end().to_owned())
}

fn unreadable(path: &Path, text: &str, error: &serde_yaml::Error) -> Problem {
    let mut message = error.to_string();
    // The reader knows where the mapping begins that has an unknown field; the reader of the message wants the field.
    let field = message.split_once("unknown field `").and_then(|(_, rest)| rest.split_once('`'));
    let start = error.location().map_or(1, |location| location.line());
    let named = field.and_then(|(field, _)| {
        let holds = |line: &str| line.trim_start_matches([' ', '-', '{']).starts_with(&format!("{field}:"));
        let key = |line: &str| {
            holds(line) || line.contains(&format!("{{{field}:")) || line.contains(&format!(", {field}:"))
        };
        text.lines().enumerate().skip(start.saturating_sub(1)).find(|(_, line)| key(line))
    });
    let line = named.map_or(start, |(index, _)| index + 1);
    if let Some(position) = message.rfind(" at line ") {
        message.truncate(position);
    }
    Problem { file: shown(path), line, message }
}

struct Problems<'a> {
    path: &'a Path,
    found: Vec<Problem>,
}

impl Problems<'_> {
    fn add(&mut self, line: usize, message: String) {
        self.found.push(Problem { file: shown(self.path), line, message });
    }

    fn take<T>(&mut self, line: usize, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(line, message)).ok()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    covers: Vec<String>,
    cases: Vec<RawCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    name: String,
    #[serde(default)]
    covers: Vec<String>,
    asm: Option<String>,
    file: Option<String>,
    hex: Option<String>,
    limits: Option<Mapping>,
    globals: Option<Mapping>,
    schedule: Option<Schedule>,
    expect: Option<RawExpect>,
}

/// An expectation as it is written; ledgers use it too.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawExpect {
    error: Option<String>,
    load_error: Option<String>,
    message: Option<String>,
    pc: Option<u64>,
    function: Option<String>,
    // Not an `Option` of a value: `null` is the result `empty`, and only a missing field is none.
    #[serde(default, deserialize_with = "present")]
    result: Option<Yaml>,
    stdout: Option<String>,
    steps: Option<u64>,
    globals: Option<Mapping>,
}

impl RawExpect {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Yaml>, D::Error> {
    Yaml::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Case>, String> {
        let spec = Spec::embedded().unwrap();
        let reader = Reader::new(&spec, Expecting::Something);
        let shown =
            |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        reader.read(Path::new("a/b.yaml"), "a/b", text).map_err(shown)
    }

    fn problem(text: &str) -> String {
        read(text).expect_err("the file is wrong")
    }

    #[test]
    fn a_case_has_an_id_a_module_and_an_expectation() {
        let cases = read(concat!(
            "covers: [return]\n",
            "cases:\n",
            "  - name: It returns 1!\n",
            "    covers: [load_const]\n",
            "    limits: {max_steps: 9}\n",
            "    globals: {x: {float: \"1.5\"}}\n",
            "    asm: |\n      load_const r0, 1\n      return r0\n",
            "    expect: {result: 1, globals: {x: 1.5}}\n",
        ))
        .unwrap();
        assert_eq!(cases[0].id, "a/b/it-returns-1");
        assert_eq!(cases[0].place(), "a/b.yaml:3");
        assert_eq!(cases[0].covers, BTreeSet::from(["load_const".to_owned(), "return".to_owned()]));
        assert!(machine_dialect_vm::Module::decode(&cases[0].module).is_ok());
        assert_eq!(
            cases[0].expect.as_ref().unwrap().get(Field::Globals).as_deref(),
            Some(r#"{"x":{"float":"1.5"}}"#)
        );
        assert_eq!(cases[0].weight(), 9);
    }

    #[test]
    fn a_null_result_is_an_expectation() {
        let cases = read("cases:\n  - {name: a, hex: '00 ff', expect: {result: null}}\n").unwrap();
        assert_eq!(cases[0].expect.as_ref().unwrap().get(Field::Result).as_deref(), Some("null"));
        assert_eq!(cases[0].module, [0, 255]);
    }

    #[test]
    fn problems_point_at_their_line() {
        let case = |fields: &str| problem(&format!("cases:\n  - name: first\n{fields}"));
        assert_eq!(
            case("    hex: ''\n    expect: {result: 1, reslt: 2}\n").split(" `").next(),
            Some("a/b.yaml:4: cases[0].expect: unknown field")
        );
        assert!(case("    hex: ''\n    exepct: {}\n").starts_with("a/b.yaml:4: "));
        assert!(case("    hex: ''\n").starts_with("a/b.yaml:2: the case expects nothing"));
        assert!(case("    hex: ''\n    expect: {}\n").starts_with("a/b.yaml:4: the case expects nothing"));
        assert!(case("    hex: '0'\n    expect: {steps: 1}\n").starts_with("a/b.yaml:3: `hex` has 1 digits"));
        assert!(case("    expect: {steps: 1}\n").starts_with("a/b.yaml:2: a case has one of"));
        assert!(case("    hex: ''\n    asm: ''\n    expect: {steps: 1}\n").contains("has several"));
        assert!(
            case("    hex: ''\n    expect: {error: Nonsense}\n")
                .starts_with("a/b.yaml:4: no `runtime_error`")
        );
        assert!(case("    hex: ''\n    expect: {load_error: DivisionByZero}\n").contains("no `load_error`"));
        assert!(case("    hex: ''\n    expect: {pc: 1}\n").contains("an outcome of status `ok` has no `pc`"));
        assert!(
            case("    hex: ''\n    limits: {max_fun: 1}\n    expect: {steps: 1}\n")
                .contains("b.yaml:4: there is no limit max_fun")
        );
        assert!(
            case("    hex: ''\n    covers: [ad]\n    expect: {steps: 1}\n")
                .starts_with("a/b.yaml:4: `covers` names \"ad\"")
        );
        assert!(
            case("    asm: bogus r0\n    expect: {steps: 1}\n").starts_with("a/b.yaml:3: in the assembly")
        );
        assert!(
            case("    file: corpus/none.mdbc\n    expect: {steps: 1}\n")
                .starts_with("a/b.yaml:3: conformance/corpus/none")
        );
    }

    #[test]
    fn two_names_that_give_one_id_are_refused() {
        let text = "cases:\n  - {name: a b, hex: '', expect: {steps: 1}}\n  - {name: A-B, hex: '', expect: {steps: 1}}\n";
        assert_eq!(
            problem(text),
            "a/b.yaml:3: the name \"A-B\" gives the id \"a-b\", as the case in line 2 does"
        );
    }

    #[test]
    fn equal_keys_are_refused() {
        assert!(
            problem("cases:\n  - {name: a, name: b, hex: '', expect: {steps: 1}}\n").contains("duplicate")
        );
        assert!(
            problem("cases:\n  - {name: a, hex: '', expect: {globals: {x: 1, x: 2}}}\n")
                .contains("duplicate")
        );
    }
}
