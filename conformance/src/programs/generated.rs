//! Programs that follow from the specification: the example of each form and of each diagnostic, and each operator on operands of
//! all types.

use std::collections::{BTreeMap, BTreeSet};

use mdvm_spec::Spec;
use mdvm_spec::model::language::{GroupKind, OperatorEntry, Severity};

use super::{Diagnostics, End, Expectation, Expected, PREFIX, Program};
use crate::case::Origin;

/// All of them.
#[must_use]
pub fn programs(spec: &Spec) -> Vec<Program> {
    let mut all = examples_of_forms(spec);
    all.extend(examples_of_diagnostics(spec));
    all.extend(operators(spec).into_iter().map(|tuple| tuple.program));
    all
}

/// The id of the example of a form.
#[must_use]
pub fn form_id(name: &str) -> String {
    format!("{PREFIX}forms/{}", name.replace('_', "-"))
}

fn examples_of_forms(spec: &Spec) -> Vec<Program> {
    let program = |(index, form): (usize, &mdvm_spec::model::language::FormEntry)| Program {
        expect: Expectation {
            stdout: Some(form.prints.clone()),
            end: Some(End::Result(None)),
            diagnostics: Diagnostics::Any,
        },
        ..page(form_id(&form.name), index, form.example.clone())
    };
    spec.language.forms.iter().enumerate().map(program).collect()
}

fn examples_of_diagnostics(spec: &Spec) -> Vec<Program> {
    let mut all = Vec::new();
    for (index, entry) in spec.language.diagnostics.iter().enumerate() {
        let (Some(example), Some(line)) = (&entry.example, entry.line) else { continue };
        let is_error = entry.severity == Severity::Error.name();
        let expected = Expected { kind: entry.kind.clone(), is_error, line: line as u64, column: None };
        all.push(Program {
            expect: Expectation {
                stdout: None,
                end: (!is_error).then_some(End::Result(None)),
                diagnostics: Diagnostics::Among(expected),
            },
            ..page(format!("{PREFIX}diagnostics/{}", entry.kind), index, example.clone())
        });
    }
    all
}

/// A program that has one operator work on operands of certain types.
#[derive(Debug, Clone)]
pub struct Tuple {
    /// The operator and the types, as in `plus int string`.
    pub name: String,
    /// The program. Nothing is expected of it but that implementations agree.
    pub program: Program,
}

/// Each operator on each tuple of types of `spec/values.yaml` that an expression can have.
#[must_use]
pub fn operators(spec: &Spec) -> Vec<Tuple> {
    let language = &spec.language;
    let types: Vec<&str> = spec
        .values
        .types
        .iter()
        .map(|one| one.name.as_str())
        .filter(|name| language.static_types.iter().any(|one| one.values.iter().any(|value| value == name)))
        .collect();
    let mut all = Vec::new();
    for operator in &language.operators {
        let group = language.precedence.iter().find(|group| group.name == operator.group);
        let Some(kind) = group.and_then(|group| GroupKind::from_name(&group.kind)) else { continue };
        for left in &types {
            let rights: &[&str] = if kind == GroupKind::Infix { &types } else { &[""] };
            for right in rights {
                all.push(tuple(operator, kind, left, right, all.len()));
            }
        }
    }
    all
}

fn tuple(operator: &OperatorEntry, kind: GroupKind, left: &str, right: &str, index: usize) -> Tuple {
    let written = operator.signs.first().or(operator.spellings.first()).map_or("", String::as_str);
    let mut source = set("a", left);
    match kind {
        GroupKind::Infix => {
            source.push_str(&set("b", right));
            source.push_str(&format!("Say `a` {written} `b`.\n"));
        }
        GroupKind::Prefix | GroupKind::Conditional => source.push_str(&format!("Say {written} `a`.\n")),
    }
    let name = format!("{} {left} {right}", operator.name).trim_end().to_owned();
    let id = format!("{PREFIX}operators/{}/{left}-{right}", operator.name.replace('_', "-"));
    Tuple { name, program: page(id.trim_end_matches('-').to_owned(), index, source) }
}

/// Statements that give a variable a value of a type of `spec/values.yaml`, of which nothing is certain before the run.
fn set(name: &str, value_type: &str) -> String {
    let define = format!("Define `{name}` as Number or Text or Yes/No or List or Named List.\n");
    let value = match value_type {
        "bool" => "_Yes_",
        "int" => "_-3_",
        "float" => "_2.5_",
        "string" => "_\"k\"_",
        "array" => return format!("{define}Set `{name}` to: - _1_. - _2_.\n\n"),
        "dict" => return format!("{define}Set `{name}` to: - _\"k\"_: _1_.\n\n"),
        _ => "_empty_",
    };
    format!("{define}Set `{name}` to {value}.\n")
}

fn page(id: String, index: usize, source: String) -> Program {
    let name = id.rsplit('/').next().unwrap_or_default();
    Program {
        name: format!("{name}.md"),
        id,
        origin: Origin { file: "spec/language.yaml".into(), line: 1, index },
        source,
        limits: BTreeMap::new(),
        pins: BTreeSet::new(),
        expect: Expectation::default(),
    }
}
