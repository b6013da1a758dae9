//! The tables of the language for Python: one module for the reference, one for the package. Both are plain data.

use std::fmt::Write as _;

use super::python::{Literal, number, text};
use crate::Spec;
use crate::model::language::{DiagnosticEntry, Language, Meanings};

/// `_tables.py` of the reference's evaluator.
#[must_use]
pub fn reference(spec: &Spec) -> String {
    tables(
        &spec.language,
        "The tables of the language, for the evaluator: plain data, as spec/language.yaml declares it.",
    )
}

/// `_language.py` of the package.
#[must_use]
pub fn package(spec: &Spec) -> String {
    tables(
        &spec.language,
        "The tables of the language: words, operators, types, forms, diagnostics and rules.",
    )
}

const CONTENTS: &str = "
What is here, in the order of the page, each described above it:

* ``NAME``, ``FILE_EXTENSION``, ``LIMITS``
* words: ``WORDS``, ``FILLERS``; operators: ``PRECEDENCE``, ``OPERATORS``, ``SIGNS``
* types: ``TYPES``, ``STATIC_TYPES``; literals: ``LITERALS``, ``URL_PATTERN``, ``ESCAPES``
* ``SPELLINGS``, which has the spellings of words, operators and types together, the longest first
* for people: ``FORMS``, ``RULES``; ``DIAGNOSTICS`` with the templates of their texts

Spellings are as they are usually written, but for ``SPELLINGS``, ``FILLERS``, which are in lower case. Patterns are regular
expressions for the whole text (``re.fullmatch``).
";

fn tables(language: &Language, title: &str) -> String {
    let mut out = format!(
        "# {}\n\"\"\"{title}\n{CONTENTS}\"\"\"\n\nfrom __future__ import annotations\n",
        super::banner("spec/language.yaml", super::WRITE)
    );
    let mut scalar = |name: &str, doc: &str, value: Literal| {
        let _ = writeln!(out, "\n# {doc}\n{name} = {value}");
    };
    scalar("NAME", "The name of the language.", text(&language.name));
    scalar("FILE_EXTENSION", "The extension of its files.", text(&language.file_extension));
    let limits = language.limits.iter().map(|limit| (text(&limit.name), number(limit.value)));
    table(&mut out, "LIMITS", "dict[str, int]", "What is refused beyond.", limits);
    words_and_operators(language, &mut out);
    types_and_literals(language, &mut out);
    spellings(language, &mut out);
    texts_for_people(language, &mut out);
    out
}

fn words_and_operators(language: &Language, out: &mut String) {
    let words = language
        .words
        .iter()
        .map(|word| (text(&word.name), Literal::Tuple(vec![text(&word.role), texts(&word.spellings)])));
    let doc = "Word -> role (statement, joining, definition, section, value or reserved), spellings.";
    table(out, "WORDS", "dict[str, tuple[str, tuple[str, ...]]]", doc, words);
    let mut fillers = language.fillers.clone();
    fillers.sort();
    let _ = writeln!(out, "\n# The words that vanish, sorted.\nFILLERS: tuple[str, ...] = (");
    for filler in fillers {
        let _ = writeln!(out, "    {},", text(&filler));
    }
    out.push_str(")\n");
    let groups =
        language.precedence.iter().map(|group| Literal::Tuple(vec![text(&group.name), text(&group.kind)]));
    let doc =
        "Groups of operators from the loosest to the tightest: name, kind (conditional, infix or prefix).";
    list(out, "PRECEDENCE", "tuple[tuple[str, str], ...]", doc, groups);
    let operators = language.operators.iter().map(|one| {
        let row = vec![
            text(&one.group),
            texts(&one.spellings),
            texts(&one.signs),
            text(&one.gives),
            text(&one.summary),
        ];
        (text(&one.name), Literal::Tuple(row))
    });
    let doc = "Operator -> group, spellings, signs, what it gives (see rule Types), summary.";
    let kind = "dict[str, tuple[str, tuple[str, ...], tuple[str, ...], str, str]]";
    table(out, "OPERATORS", kind, doc, operators);
    let signs = language.signs().into_iter().map(|(sign, operators)| {
        let names = operators.iter().map(|one| text(&one.name)).collect();
        Literal::Tuple(vec![text(sign), Literal::Tuple(names)])
    });
    let doc = "Signs, the longest first, and the operators that each may be.";
    list(out, "SIGNS", "tuple[tuple[str, tuple[str, ...]], ...]", doc, signs);
}

fn types_and_literals(language: &Language, out: &mut String) {
    let types = language
        .types
        .iter()
        .map(|one| (text(&one.name), Literal::Tuple(vec![texts(&one.spellings), texts(&one.holds)])));
    let doc =
        "Type that a program names -> spellings, the static types that fit (where there is none, all do).";
    table(out, "TYPES", "dict[str, tuple[tuple[str, ...], tuple[str, ...]]]", doc, types);
    let statics = language
        .static_types
        .iter()
        .map(|one| (text(&one.name), Literal::Tuple(vec![texts(&one.values), text(&one.summary)])));
    let doc = "What is known of an expression without running it -> types of values (where there is none, any), how messages name it.";
    table(out, "STATIC_TYPES", "dict[str, tuple[tuple[str, ...], str]]", doc, statics);
    let literals = language.literals.iter().map(|one| {
        let row = vec![text(&one.static_type), text(&one.pattern), texts(&one.examples), text(&one.summary)];
        (text(&one.name), Literal::Tuple(row))
    });
    let doc = "Literal -> static type, pattern of what stands between the underscores, examples, summary.";
    table(out, "LITERALS", "dict[str, tuple[str, str, tuple[str, ...], str]]", doc, literals);
    let _ = writeln!(out, "\n# A text that matches is a URL.\nURL_PATTERN = {}", text(&language.url_pattern));
    let escapes = language.escapes.iter().filter_map(|escape| {
        Some((text(&escape.letter()?.to_string()), text(&escape.character.to_string())))
    });
    table(
        out,
        "ESCAPES",
        "dict[str, str]",
        "What stands behind a backslash in a text -> what it means.",
        escapes,
    );
}

fn spellings(language: &Language, out: &mut String) {
    let rows = language.spellings().into_iter().map(|(words, meanings)| {
        let Meanings { word, operator, declared_type } = meanings;
        let name = |name: Option<&String>| name.map_or(Literal::None, |name| text(name));
        let row = vec![
            texts(&words),
            name(word.map(|one| &one.name)),
            name(operator.map(|one| &one.name)),
            name(declared_type.map(|one| &one.name)),
        ];
        Literal::Tuple(row)
    });
    let doc = "Words in lower case, the word, the operator and the type that they are, or None; those of the most words first, then the longest.";
    let kind = "tuple[tuple[tuple[str, ...], str | None, str | None, str | None], ...]";
    list(out, "SPELLINGS", kind, doc, rows);
}

fn texts_for_people(language: &Language, out: &mut String) {
    let forms = language.forms.iter().map(|one| {
        let row =
            vec![text(&one.kind), text(&one.form), text(&one.summary), text(&one.example), text(&one.prints)];
        (text(&one.name), Literal::Tuple(row))
    });
    let doc = "Form -> kind (statement, definition or expression), the form for people, summary, a program, what the program prints.";
    table(out, "FORMS", "dict[str, tuple[str, str, str, str, str]]", doc, forms);
    let doc = "Diagnostic -> severity, template of the message, template of the hint or None, ((field, type), ...), what it stands at, the shortest program that gives it or None, the line in it or None.";
    let kind =
        "dict[str, tuple[str, str, str | None, tuple[tuple[str, str], ...], str, str | None, int | None]]";
    table(out, "DIAGNOSTICS", kind, doc, language.diagnostics.iter().map(diagnostic_row));
    let rules = language.rules.iter().map(|rule| (text(&rule.id), text(&rule.text)));
    table(out, "RULES", "dict[str, str]", "Rule -> what it says.", rules);
}

fn diagnostic_row(entry: &DiagnosticEntry) -> (Literal, Literal) {
    let fields =
        entry.fields.iter().map(|field| Literal::Tuple(vec![text(&field.name), text(&field.kind)])).collect();
    let optional = |value: &Option<String>| value.as_deref().map_or(Literal::None, text);
    let row = vec![
        text(&entry.severity),
        text(&entry.message),
        optional(&entry.hint),
        Literal::Tuple(fields),
        text(&entry.at),
        optional(&entry.example),
        entry.line.map_or(Literal::None, |line| number(line as u64)),
    ];
    (text(&entry.kind), Literal::Tuple(row))
}

fn texts(all: &[String]) -> Literal {
    Literal::Tuple(all.iter().map(|one| text(one)).collect())
}

fn table(
    out: &mut String,
    name: &str,
    kind: &str,
    doc: &str,
    rows: impl Iterator<Item = (Literal, Literal)>,
) {
    let _ = writeln!(out, "\n# {doc}\n{name}: {kind} = {{");
    for (key, value) in rows {
        let _ = writeln!(out, "    {key}: {value},");
    }
    out.push_str("}\n");
}

fn list(out: &mut String, name: &str, kind: &str, doc: &str, rows: impl Iterator<Item = Literal>) {
    let _ = writeln!(out, "\n# {doc}\n{name}: {kind} = (");
    for row in rows {
        let _ = writeln!(out, "    {row},");
    }
    out.push_str(")\n");
}
