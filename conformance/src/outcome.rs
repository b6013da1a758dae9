//! What a run came to, and how two outcomes, or an outcome and an expectation, differ.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::diff;
use crate::value::{ValueText, string_text};

/// One thing that an outcome says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// How the run ended.
    Status,
    /// The kind of the error.
    Kind,
    /// The message of the error.
    Message,
    /// The index of the instruction that failed.
    Pc,
    /// The function that failed.
    Function,
    /// The line of the page that failed, where the program has a page.
    Line,
    /// The column of that line.
    Column,
    /// What is wrong with a page.
    Diagnostics,
    /// What the program returned.
    Result,
    /// What the program printed.
    Stdout,
    /// How many instructions were executed.
    Steps,
    /// The globals at the end.
    Globals,
}

impl Field {
    /// Every field, in the order in which differences are shown.
    pub const ALL: [Self; 12] = [
        Self::Status,
        Self::Kind,
        Self::Message,
        Self::Pc,
        Self::Function,
        Self::Line,
        Self::Column,
        Self::Diagnostics,
        Self::Result,
        Self::Stdout,
        Self::Steps,
        Self::Globals,
    ];

    /// The name in outcomes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Kind => "kind",
            Self::Message => "message",
            Self::Pc => "pc",
            Self::Function => "function",
            Self::Line => "line",
            Self::Column => "column",
            Self::Diagnostics => "diagnostics",
            Self::Result => "result",
            Self::Stdout => "stdout",
            Self::Steps => "steps",
            Self::Globals => "globals",
        }
    }

    /// The field of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The program came to its end.
    Ok,
    /// The module was refused.
    LoadError,
    /// An instruction failed.
    RuntimeError,
    /// The page was refused.
    CompileError,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Ok, Self::LoadError, Self::RuntimeError, Self::CompileError];

    /// The name in outcomes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::LoadError => "load_error",
            Self::RuntimeError => "runtime_error",
            Self::CompileError => "compile_error",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The fields that an outcome of this status has besides the status itself.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        use Field::{Diagnostics, Function, Globals, Kind, Message, Pc, Result, Stdout, Steps};
        match self {
            Self::Ok => &[Result, Stdout, Steps, Globals],
            Self::LoadError => &[Kind, Message],
            Self::RuntimeError => &[Kind, Message, Pc, Function, Stdout, Steps, Globals],
            Self::CompileError => &[Diagnostics],
        }
    }

    /// The fields that an outcome of this status may have besides those: it has them where it knows the page.
    #[must_use]
    pub fn optional_fields(self) -> &'static [Field] {
        match self {
            Self::RuntimeError => &[Field::Line, Field::Column],
            Self::Ok | Self::LoadError | Self::CompileError => &[],
        }
    }
}

/// How long a field may be that is kept whole after its outcome has been judged.
const KEPT_BYTES: usize = 4096;
/// How much is kept of a longer one.
const CUT_BYTES: usize = 256;

/// What a run came to, or as much of it as a case says.
///
/// Every field is kept as JSON text in one spelling, so that comparing fields is comparing texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    status: Status,
    fields: BTreeMap<Field, String>,
}

impl Outcome {
    /// An outcome that says nothing but its status.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self { status, fields: BTreeMap::new() }
    }

    /// Reads the outcome of an answer, in which the fields of `unreported` may be missing.
    ///
    /// # Errors
    /// Says which field is missing or is not what it should be.
    pub fn from_json(text: &str, unreported: &[Field]) -> Result<Self, String> {
        let outcome = Self::from_partial_json(text)?;
        let missing = outcome.missing().find(|field| !unreported.contains(field));
        match missing {
            Some(field) => Err(format!(
                "an outcome of status {} needs {}",
                string_text(outcome.status.name()),
                string_text(field.name())
            )),
            None => Ok(outcome),
        }
    }

    /// Reads an outcome that need not be complete; only the status must be there.
    ///
    /// # Errors
    /// Says which field is not what it should be.
    pub fn from_partial_json(text: &str) -> Result<Self, String> {
        let raw: RawOutcome<'_> =
            serde_json::from_str(text).map_err(|error| format!("the outcome cannot be read: {error}"))?;
        let status = Status::from_name(&raw.status)
            .ok_or_else(|| format!("the status {} is not known", string_text(&raw.status)))?;
        let mut outcome = Self::new(status);
        let strings = [
            (Field::Kind, raw.kind),
            (Field::Message, raw.message),
            (Field::Function, raw.function),
            (Field::Stdout, raw.stdout),
        ];
        for (field, text) in strings {
            outcome.insert(field, text.map(|text| string_text(&text)));
        }
        outcome.insert(Field::Pc, raw.pc.map(|pc| pc.to_string()));
        outcome.insert(Field::Steps, raw.steps.map(|steps| steps.to_string()));
        outcome.insert(Field::Line, raw.line.map(|line| line.to_string()));
        outcome.insert(Field::Column, raw.column.map(|column| column.to_string()));
        outcome.insert(Field::Diagnostics, raw.diagnostics.map(|all| diagnostics_text(&all)));
        let result = raw.result.map(|result| ValueText::from_json(result.get())).transpose();
        outcome.insert(
            Field::Result,
            result.map_err(|error| format!("the result: {error}"))?.map(|text| text.to_string()),
        );
        if let Some(globals) = raw.globals {
            let globals = globals
                .into_iter()
                .map(|(name, value)| Ok((name, ValueText::from_json(value.get())?)))
                .collect::<Result<_, String>>()
                .map_err(|error| format!("the globals: {error}"))?;
            outcome.set_globals(&globals);
        }
        Ok(outcome)
    }

    /// How the run ended.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The JSON text of a field, where the outcome says it.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<String> {
        if field == Field::Status {
            return Some(string_text(self.status.name()));
        }
        self.fields.get(&field).cloned()
    }

    /// The kind of the error, where there is one.
    #[must_use]
    pub fn kind(&self) -> Option<String> {
        serde_json::from_str(self.fields.get(&Field::Kind)?).ok()
    }

    /// How many instructions were executed, where the outcome says it.
    #[must_use]
    pub fn steps(&self) -> Option<u64> {
        self.fields.get(&Field::Steps)?.parse().ok()
    }

    /// The index of the instruction that failed, where the outcome says it.
    #[must_use]
    pub fn pc(&self) -> Option<usize> {
        self.fields.get(&Field::Pc)?.parse().ok()
    }

    /// The fields that the outcome says besides its status.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        self.fields.keys().copied()
    }

    /// Says a field that is a string.
    pub fn set_string(&mut self, field: Field, text: &str) {
        self.insert(field, Some(string_text(text)));
    }

    /// Says a field that is a number.
    pub fn set_number(&mut self, field: Field, number: u64) {
        self.insert(field, Some(number.to_string()));
    }

    /// Says what the program returned.
    pub fn set_result(&mut self, result: &ValueText) {
        self.insert(Field::Result, Some(result.to_string()));
    }

    /// Says what globals there were at the end, all of them.
    pub fn set_globals(&mut self, globals: &BTreeMap<String, ValueText>) {
        let entries: Vec<String> =
            globals.iter().map(|(name, value)| format!("{}:{value}", string_text(name))).collect();
        self.insert(Field::Globals, Some(format!("{{{}}}", entries.join(","))));
    }

    /// The outcome with each long field cut and named by its length and a digest, so that keeping it takes little. Two
    /// outcomes are alike after this exactly if they were alike before.
    #[must_use]
    pub(crate) fn condensed(mut self) -> Self {
        for text in self.fields.values_mut().filter(|text| text.len() > KEPT_BYTES) {
            let digest = |salt: u8| {
                let mut hasher = DefaultHasher::new();
                (salt, text.as_str()).hash(&mut hasher);
                hasher.finish()
            };
            let end = text.floor_char_boundary(CUT_BYTES);
            *text = format!(
                "{}… ({} bytes, digest {:016x}{:016x})",
                &text[..end],
                text.len(),
                digest(0),
                digest(1)
            );
        }
        self
    }

    /// The outcome of the whole run, where this is that of its end and `stdout` was printed before.
    #[must_use]
    pub fn after(mut self, stdout: &str) -> Self {
        let printed =
            self.fields.get(&Field::Stdout).and_then(|text| serde_json::from_str::<String>(text).ok());
        if let Some(printed) = printed {
            self.set_string(Field::Stdout, &format!("{stdout}{printed}"));
        }
        self
    }

    /// How `found` differs from this outcome in the fields that this one says, those of `unreported` left out.
    #[must_use]
    pub fn differences(&self, found: &Self, unreported: &[Field]) -> Vec<Difference> {
        let says = |field: &Field| *field == Field::Status || self.fields.contains_key(field);
        self.compare(found, |field| says(field) && !unreported.contains(field))
    }

    /// How `other` differs from this outcome in anything that either says, the fields of `unreported` left out.
    #[must_use]
    pub fn disagreements(&self, other: &Self, unreported: &[Field]) -> Vec<Difference> {
        self.compare(other, |field| !unreported.contains(field))
    }

    /// What an outcome of this status should say and this one does not.
    fn missing(&self) -> impl Iterator<Item = Field> {
        self.status.fields().iter().copied().filter(|field| !self.fields.contains_key(field))
    }

    fn insert(&mut self, field: Field, text: Option<String>) {
        if let Some(text) = text {
            self.fields.insert(field, text);
        }
    }

    fn compare(&self, found: &Self, compared: impl Fn(&Field) -> bool) -> Vec<Difference> {
        if self.status != found.status {
            // The fields of two statuses have little to say about each other, so one line tells it all.
            return vec![Difference {
                field: Field::Status,
                expected: self.headline(),
                found: found.headline(),
            }];
        }
        let nothing = || "nothing".to_owned();
        Field::ALL
            .into_iter()
            .filter(compared)
            .filter(|field| self.fields.get(field) != found.fields.get(field))
            .map(|field| Difference {
                field,
                expected: self.get(field).unwrap_or_else(nothing),
                found: found.get(field).unwrap_or_else(nothing),
            })
            .collect()
    }

    /// The status, and of the rest what is most telling.
    #[must_use]
    pub fn headline(&self) -> String {
        let mut text = self.status.name().to_owned();
        let telling = [
            ("", Field::Kind),
            ("at pc ", Field::Pc),
            ("in line ", Field::Line),
            ("", Field::Diagnostics),
            ("", Field::Message),
            ("", Field::Result),
        ];
        for (label, field) in telling {
            if let Some(content) = self.fields.get(&field) {
                let plain = if field == Field::Kind { content.trim_matches('"') } else { content };
                text.push_str(&format!(" {label}{}", diff::shorten(plain)));
            }
        }
        text
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"{{"status":"{}""#, self.status.name())?;
        for (field, text) in &self.fields {
            write!(f, r#","{}":{text}"#, field.name())?;
        }
        f.write_str("}")
    }
}

/// One field in which two outcomes differ, with the JSON text of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub field: Field,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Difference {
    /// The difference as indented lines; `expected` and `found` are the words to call the two sides by.
    #[must_use]
    pub fn show(&self, expected: &str, found: &str) -> String {
        diff::show(self.field.name(), (expected, &self.expected), (found, &self.found))
    }
}

/// An outcome as it comes. The values stay raw, because they may be nested deeper than a recursive reader survives.
#[derive(Deserialize)]
struct RawOutcome<'a> {
    status: String,
    kind: Option<String>,
    message: Option<String>,
    pc: Option<u64>,
    function: Option<String>,
    // Not an `Option` of a value: `null` is the result `empty`, and only a missing field is none.
    #[serde(default, borrow, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    stdout: Option<String>,
    steps: Option<u64>,
    line: Option<u64>,
    column: Option<u64>,
    diagnostics: Option<Vec<Diagnostic>>,
    #[serde(default, borrow)]
    globals: Option<BTreeMap<String, &'a RawValue>>,
}

/// One thing that is wrong with a page, or odd.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnostic {
    /// One of the kinds of `spec/language.yaml`.
    pub kind: String,
    /// `error` or `warning`.
    pub severity: String,
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The JSON text of diagnostics, in one spelling.
#[must_use]
pub fn diagnostics_text(all: &[Diagnostic]) -> String {
    // Strings and numbers can always be written.
    serde_json::to_string(all).unwrap_or_default()
}

fn present<'de: 'a, 'a, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str =
        r#"{"status": "ok", "result": null, "stdout": "a\n", "steps": 3, "globals": {"x": [1, 2]}}"#;

    fn ok() -> Outcome {
        Outcome::from_json(OK, &[]).unwrap()
    }

    #[test]
    fn an_empty_result_is_said_and_a_missing_one_is_not() {
        assert_eq!(ok().get(Field::Result).as_deref(), Some("null"));
        let missing = OK.replace(r#""result": null, "#, "");
        assert!(Outcome::from_json(&missing, &[]).unwrap_err().contains("\"result\""));
    }

    #[test]
    fn a_field_that_is_not_reported_may_be_missing_and_is_not_compared() {
        let without = OK.replace(r#", "globals": {"x": [1, 2]}"#, "");
        let outcome = Outcome::from_json(&without, &[Field::Globals]).unwrap();
        assert_eq!(ok().disagreements(&outcome, &[Field::Globals]), []);
        assert_eq!(ok().disagreements(&outcome, &[]).len(), 1);
    }

    #[test]
    fn only_what_an_expectation_says_is_compared() {
        let mut expected = Outcome::new(Status::Ok);
        expected.set_number(Field::Steps, 3);
        assert_eq!(expected.differences(&ok(), &[]), []);
        expected.set_string(Field::Stdout, "b\n");
        let differences = expected.differences(&ok(), &[]);
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].field, Field::Stdout);
    }

    #[test]
    fn load_errors_are_compared_by_kind_and_message() {
        let outcome = |message: &str| {
            let text =
                format!(r#"{{"status": "load_error", "kind": "InvalidMagic", "message": "{message}"}}"#);
            Outcome::from_json(&text, &[]).unwrap()
        };
        assert_eq!(outcome("a").disagreements(&outcome("a"), &[]), []);
        assert_eq!(outcome("a").disagreements(&outcome("b"), &[])[0].field, Field::Message);
    }

    #[test]
    fn another_status_is_one_difference_that_tells_what_happened() {
        let error = r#"{"status": "runtime_error", "kind": "DivisionByZero", "message": "m", "pc": 2, "function": "main",
                        "stdout": "", "steps": 3, "globals": {}}"#;
        let differences = ok().disagreements(&Outcome::from_json(error, &[]).unwrap(), &[]);
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].found, r#"runtime_error DivisionByZero at pc 2 "m""#);
    }

    #[test]
    fn a_result_nested_a_hundred_thousand_deep_is_read() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let text = OK.replace("null", &deep);
        assert_eq!(Outcome::from_json(&text, &[]).unwrap().get(Field::Result), Some(deep));
    }
}
