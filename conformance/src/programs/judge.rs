//! What an answer to a program is worth: against what the program expects, and against what another implementation answers.

use super::{Diagnostics, End, Expectation, Expected, Program};
use crate::outcome::{Diagnostic, Field, Outcome, Status};
use crate::plug::Answer;
use crate::value::string_text;

/// What an implementation says of a program.
#[derive(Debug, Clone)]
pub struct Said {
    /// What the run came to.
    pub answer: Answer,
    /// The warnings of a page that was compiled, where it tells them.
    pub warnings: Option<Vec<Diagnostic>>,
}

impl Said {
    /// All that it says of the page, if it says anything.
    #[must_use]
    pub fn diagnostics(&self) -> Option<Vec<Diagnostic>> {
        match &self.answer {
            Answer::Outcome(outcome) if outcome.status() == Status::CompileError => {
                serde_json::from_str(&outcome.get(Field::Diagnostics)?).ok()
            }
            Answer::Outcome(_)
            | Answer::Crash { .. }
            | Answer::Timeout { .. }
            | Answer::Unsupported { .. }
            | Answer::Unstable { .. }
            | Answer::Invalid { .. } => self.warnings.clone(),
        }
    }
}

/// What is not as the program expects, one complaint a line; nothing where all is.
#[must_use]
pub fn complaints(program: &Program, said: &Said) -> Vec<String> {
    let Answer::Outcome(outcome) = &said.answer else { return vec![said.answer.to_string()] };
    let expect = &program.expect;
    let mut all = Vec::new();
    let is_refused = outcome.status() == Status::CompileError;
    if is_refused && expect.end.is_some() {
        return vec![format!(
            "the page was refused: {}",
            outcome.get(Field::Diagnostics).unwrap_or_default()
        )];
    }
    if let Some(stdout) = &expect.stdout {
        compare("it prints", Some(string_text(stdout)), outcome.get(Field::Stdout), &mut all);
    }
    match &expect.end {
        Some(End::Result(result)) => {
            if outcome.status() != Status::Ok {
                all.push(format!("expected an end without error, found {}", outcome.headline()));
            } else if let Some(result) = result {
                compare("the result is", Some(result.to_string()), outcome.get(Field::Result), &mut all);
            }
        }
        Some(End::Error { kind, line, column }) => {
            compare("the error is", Some(string_text(kind)), outcome.get(Field::Kind), &mut all);
            compare("its line is", Some(line.to_string()), outcome.get(Field::Line), &mut all);
            if let Some(column) = column {
                compare("its column is", Some(column.to_string()), outcome.get(Field::Column), &mut all);
            }
        }
        None => {}
    }
    all.extend(diagnostics(expect, is_refused, said));
    all
}

fn compare(what: &str, expected: Option<String>, found: Option<String>, all: &mut Vec<String>) {
    if expected != found {
        let shown = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
        all.push(format!("{what} {}, and {} is expected", shown(found), shown(expected)));
    }
}

fn diagnostics(expect: &Expectation, is_refused: bool, said: &Said) -> Vec<String> {
    let matches = |expected: &Expected, found: &Diagnostic| {
        expected.kind == found.kind
            && expected.line == found.line
            && expected.column.is_none_or(|column| column == found.column)
    };
    let found = said.diagnostics();
    let shown = || {
        let all: Vec<String> = found.iter().flatten().map(place_of).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    };
    match (&expect.diagnostics, &found) {
        // One that does not tell warnings can only be held against errors.
        (Diagnostics::Whole(all), None) => {
            let errors = all.iter().any(|one| one.is_error);
            if errors && !is_refused { vec!["the page was not refused".to_owned()] } else { Vec::new() }
        }
        (Diagnostics::Whole(all), Some(list)) => {
            let same =
                all.len() == list.len() && all.iter().zip(list).all(|(one, other)| matches(one, other));
            if same {
                return Vec::new();
            }
            let expected: Vec<String> = all
                .iter()
                .map(|one| format!("{} {}:{}", one.kind, one.line, one.column.unwrap_or_default()))
                .collect();
            vec![format!("expected the diagnostics [{}], found {}", expected.join(", "), shown())]
        }
        (Diagnostics::Among(one), _) => {
            let is_there = found.iter().flatten().any(|found| matches(one, found));
            if is_there || (found.is_none() && !one.is_error) {
                return Vec::new();
            }
            vec![format!("expected {} in line {}, found {}", one.kind, one.line, shown())]
        }
        (Diagnostics::Any, _) => Vec::new(),
    }
}

fn place_of(one: &Diagnostic) -> String {
    format!("{} {}:{}", one.kind, one.line, one.column)
}

/// How two answers to one program differ, one difference a line: in output, result, kind, line and column of an error, and in kind,
/// place and order of diagnostics.
#[must_use]
pub fn disagreements(one: &Said, other: &Said) -> Vec<String> {
    let (Answer::Outcome(left), Answer::Outcome(right)) = (&one.answer, &other.answer) else {
        let same = std::mem::discriminant(&one.answer) == std::mem::discriminant(&other.answer);
        return if same { Vec::new() } else { vec![format!("{} and {}", one.answer, other.answer)] };
    };
    let mut all = differing_fields(left, right);
    if let (Some(left), Some(right)) = (one.diagnostics(), other.diagnostics()) {
        let (left, right): (Vec<String>, Vec<String>) =
            (left.iter().map(place_of).collect(), right.iter().map(place_of).collect());
        if left != right {
            all.push(format!("diagnostics: [{}] and [{}]", left.join(", "), right.join(", ")));
        }
    }
    all
}

fn differing_fields(left: &Outcome, right: &Outcome) -> Vec<String> {
    if left.status() != right.status() {
        return vec![format!("{} and {}", left.headline(), right.headline())];
    }
    let compared = [Field::Kind, Field::Line, Field::Column, Field::Result, Field::Stdout];
    let shown = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
    compared
        .into_iter()
        .filter(|field| left.get(*field) != right.get(*field))
        .map(|field| format!("{}: {} and {}", field.name(), shown(left.get(field)), shown(right.get(field))))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::case::Origin;
    use crate::plug::Subject;

    fn program(expect: Expectation) -> Program {
        Program {
            id: "programs/a".to_owned(),
            origin: Origin { file: "a.yaml".into(), line: 1, index: 0 },
            name: "a.md".to_owned(),
            source: String::new(),
            limits: BTreeMap::new(),
            pins: BTreeSet::new(),
            expect,
        }
    }

    fn said(outcome: &str, warnings: Option<Vec<Diagnostic>>) -> Said {
        let unreported = Subject::Source { text: "", name: "" }.unreported();
        Said { answer: Answer::Outcome(Outcome::from_json(outcome, unreported).unwrap()), warnings }
    }

    fn warning() -> Diagnostic {
        Diagnostic {
            kind: "EmptyList".to_owned(),
            severity: "warning".to_owned(),
            line: 2,
            column: 9,
            message: "m".to_owned(),
            hint: None,
        }
    }

    const FAILED: &str = r#"{"status": "runtime_error", "kind": "DivisionByZero", "message": "m", "function": "main", "stdout": "a", "line": 4, "column": 8}"#;

    #[test]
    fn an_error_is_held_against_kind_line_and_column() {
        let error = |line, column| Expectation {
            stdout: Some("a".to_owned()),
            end: Some(End::Error { kind: "DivisionByZero".to_owned(), line, column }),
            diagnostics: Diagnostics::Any,
        };
        let found = said(FAILED, None);
        assert_eq!(complaints(&program(error(4, Some(8))), &found), Vec::<String>::new());
        assert_eq!(complaints(&program(error(4, None)), &found), Vec::<String>::new());
        assert_eq!(complaints(&program(error(5, Some(9))), &found).len(), 2);
    }

    #[test]
    fn warnings_count_where_they_are_told() {
        let ok = r#"{"status": "ok", "result": null, "stdout": ""}"#;
        let none =
            program(Expectation { diagnostics: Diagnostics::Whole(Vec::new()), ..Expectation::default() });
        assert_eq!(complaints(&none, &said(ok, Some(vec![warning()]))).len(), 1);
        assert_eq!(complaints(&none, &said(ok, None)), Vec::<String>::new());
        assert_eq!(disagreements(&said(ok, Some(vec![warning()])), &said(ok, Some(Vec::new()))).len(), 1);
    }

    #[test]
    fn a_refusal_where_none_is_expected_is_one_complaint() {
        let refused = r#"{"status": "compile_error", "diagnostics": [{"kind": "K", "severity": "error", "line": 1, "column": 1, "message": "m"}]}"#;
        let expect = Expectation { end: Some(End::Result(None)), ..Expectation::default() };
        assert_eq!(complaints(&program(expect), &said(refused, None)).len(), 1);
        assert_eq!(disagreements(&said(refused, None), &said(FAILED, None)).len(), 1);
    }
}
