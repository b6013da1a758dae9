//! The tables of the front end: words, operators, types, literals, and diagnostics with their messages.

use std::fmt::Write as _;

use super::{constant_name, identifier, literal};
use crate::Spec;
use crate::model::FieldType;
use crate::model::language::{DiagnosticEntry, Gives, Language, Severity, WordRole};
use crate::model::pascal_case;

pub(super) fn render(spec: &Spec) -> String {
    let language = &spec.language;
    let mut out = super::header("spec/language.yaml");
    render_words(language, &mut out);
    render_operators(language, &mut out);
    render_types(language, &mut out);
    render_spellings(language, &mut out);
    render_diagnostics(language, &mut out);
    render_constants(language, &mut out);
    out
}

/// A member of an enum: its variant, and what its documentation says.
struct Member {
    variant: String,
    doc: String,
}

impl Member {
    fn new(variant: String, doc: &str) -> Self {
        Self { variant, doc: doc.to_owned() }
    }
}

/// An enum without fields. `derives` are traits beside the usual ones.
fn render_enum(visible: &str, name: &str, doc: &str, derives: &str, members: &[Member], out: &mut String) {
    let _ = writeln!(out, "\n/// {doc}\n#[allow(dead_code)]");
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash{derives})]");
    let _ = writeln!(out, "{visible} enum {name} {{");
    for member in members {
        let _ = writeln!(out, "    /// {}.\n    {},", super::sentence(&member.doc), member.variant);
    }
    out.push_str("}\n");
}

/// The head of an `impl`, with the list of all variants.
fn begin_impl(visible: &str, name: &str, members: &[Member], out: &mut String) {
    let _ = writeln!(out, "\n#[allow(dead_code)]\nimpl {name} {{");
    let _ = writeln!(out, "    /// All of them, in order.\n    {visible} const ALL: &'static [Self] = &[");
    for member in members {
        let _ = writeln!(out, "        Self::{},", member.variant);
    }
    out.push_str("    ];\n");
}

/// A method that gives `results`, one for each variant.
fn method(
    head: &str,
    doc: &str,
    members: &[Member],
    results: impl Iterator<Item = String>,
    out: &mut String,
) {
    let _ = writeln!(out, "\n    /// {doc}\n    #[must_use]\n    {head} {{\n        match self {{");
    for (member, result) in members.iter().zip(results) {
        let _ = writeln!(out, "            Self::{} => {result},", member.variant);
    }
    out.push_str("        }\n    }\n");
}

fn render_words(language: &Language, out: &mut String) {
    let roles: Vec<Member> = WordRole::ALL
        .iter()
        .map(|role| Member::new(pascal_case(role.name()), &format!("`{}`", role.name())))
        .collect();
    render_enum("pub(crate)", "WordRole", "What a word can be.", "", &roles, out);
    let words: Vec<Member> = language
        .words
        .iter()
        .map(|word| Member::new(pascal_case(&word.name), &format!("`{}`", word.spellings.join("`, `"))))
        .collect();
    render_enum("pub(crate)", "Word", "A word of the language.", "", &words, out);
    begin_impl("pub(crate)", "Word", &words, out);
    let names = language.words.iter().map(|word| literal(&word.name));
    method("pub(crate) fn name(self) -> &'static str", "The name in the specification.", &words, names, out);
    let spellings =
        language.words.iter().map(|word| literal(word.spellings.first().map_or("", String::as_str)));
    method("pub(crate) fn spelling(self) -> &'static str", "The usual spelling.", &words, spellings, out);
    let roles = language.words.iter().map(|word| format!("WordRole::{}", pascal_case(&word.role)));
    method("pub(crate) fn role(self) -> WordRole", "What it is.", &words, roles, out);
    let is_statement = |role: &str| role == WordRole::Statement.name();
    let statements = language.words.iter().map(|word| {
        if is_statement(&word.role) {
            format!("Some(StatementWord::{})", pascal_case(&word.name))
        } else {
            "None".to_owned()
        }
    });
    let doc = "Which statement it begins, if it begins one.";
    method("pub(crate) fn statement(self) -> Option<StatementWord>", doc, &words, statements, out);
    out.push_str("}\n");
    let beginnings: Vec<Member> = language
        .words
        .iter()
        .filter(|word| is_statement(&word.role))
        .map(|word| Member::new(pascal_case(&word.name), &format!("`{}`", word.spellings.join("`, `"))))
        .collect();
    render_enum("pub(crate)", "StatementWord", "A word that begins a statement.", "", &beginnings, out);
}

fn render_operators(language: &Language, out: &mut String) {
    let groups: Vec<Member> = language
        .precedence
        .iter()
        .map(|group| Member::new(pascal_case(&group.name), &format!("`{}`: {}", group.name, group.kind)))
        .collect();
    let doc = "A group of operators that bind alike; the loosest is the least.";
    render_enum("pub(crate)", "Group", doc, ", PartialOrd, Ord", &groups, out);
    let gives: Vec<Member> = Gives::ALL
        .iter()
        .map(|one| Member::new(pascal_case(one.name()), &format!("`{}`", one.name())))
        .collect();
    render_enum("pub(crate)", "Gives", "What is known of what an operator gives.", "", &gives, out);
    let operators: Vec<Member> = language
        .operators
        .iter()
        .map(|one| Member::new(pascal_case(&one.name), &format!("`{}`: {}", one.shown(), one.summary)))
        .collect();
    render_enum("pub(crate)", "Operator", "An operator.", "", &operators, out);
    begin_impl("pub(crate)", "Operator", &operators, out);
    let all = || language.operators.iter();
    let names = all().map(|one| literal(&one.name));
    method(
        "pub(crate) fn name(self) -> &'static str",
        "The name in the specification.",
        &operators,
        names,
        out,
    );
    let shown = all().map(|one| literal(one.shown()));
    let doc = "How messages show it: its first phrase, or its sign.";
    method("pub(crate) fn shown(self) -> &'static str", doc, &operators, shown, out);
    let groups = all().map(|one| format!("Group::{}", pascal_case(&one.group)));
    method("pub(crate) fn group(self) -> Group", "How tightly it binds.", &operators, groups, out);
    let gives = all().map(|one| format!("Gives::{}", pascal_case(&one.gives)));
    method("pub(crate) fn gives(self) -> Gives", "What is known of what it gives.", &operators, gives, out);
    out.push_str("}\n");
}

fn render_types(language: &Language, out: &mut String) {
    let statics: Vec<Member> =
        language.static_types.iter().map(|one| Member::new(pascal_case(&one.name), &one.summary)).collect();
    let doc = "What is known of an expression without running it.";
    render_enum("pub(crate)", "StaticType", doc, "", &statics, out);
    begin_impl("pub(crate)", "StaticType", &statics, out);
    let names = language.static_types.iter().map(|one| literal(&one.name));
    method(
        "pub(crate) fn name(self) -> &'static str",
        "The name in the specification.",
        &statics,
        names,
        out,
    );
    let summaries = language.static_types.iter().map(|one| literal(&one.summary));
    method("pub(crate) fn summary(self) -> &'static str", "How messages name it.", &statics, summaries, out);
    out.push_str("}\n");

    let declared: Vec<Member> = language
        .types
        .iter()
        .map(|one| Member::new(one.variant(), &format!("`{}`", one.spellings.join("`, `"))))
        .collect();
    render_enum("pub(crate)", "DeclaredType", "A type that a program names.", "", &declared, out);
    begin_impl("pub(crate)", "DeclaredType", &declared, out);
    let names = language.types.iter().map(|one| literal(&one.name));
    method("pub(crate) fn name(self) -> &'static str", "The name that messages show.", &declared, names, out);
    let holds = language.types.iter().map(|one| {
        let classes: Vec<String> =
            one.holds.iter().map(|name| format!("StaticType::{}", pascal_case(name))).collect();
        format!("&[{}]", classes.join(", "))
    });
    let doc = "What fits, beside empty and what is not known, which fit every type.";
    method("pub(crate) fn holds(self) -> &'static [StaticType]", doc, &declared, holds, out);
    out.push_str("}\n");
}

fn render_spellings(language: &Language, out: &mut String) {
    out.push_str(
        "
/// Words that are one after another, and what they mean: one thing or several.
#[derive(Debug)]
pub(crate) struct Spelling {
    /// The words, in lower case.
    pub(crate) words: &'static [&'static str],
    /// The word that it is.
    pub(crate) word: Option<Word>,
    /// The operator that it is.
    pub(crate) operator: Option<Operator>,
    /// The type that it is.
    pub(crate) declared_type: Option<DeclaredType>,
}

/// All spellings: those of the most words first, then the longest.
pub(crate) static SPELLINGS: &[Spelling] = &[
",
    );
    let option = |type_name: &str, variant: Option<String>| {
        variant.map_or_else(|| "None".to_owned(), |variant| format!("Some({type_name}::{variant})"))
    };
    for (words, meanings) in language.spellings() {
        let words: Vec<String> = words.iter().map(|word| literal(word)).collect();
        let _ = writeln!(
            out,
            "    Spelling {{ words: &[{}], word: {}, operator: {}, declared_type: {} }},",
            words.join(", "),
            option("Word", meanings.word.map(|one| pascal_case(&one.name))),
            option("Operator", meanings.operator.map(|one| pascal_case(&one.name))),
            option("DeclaredType", meanings.declared_type.map(|one| one.variant())),
        );
    }
    out.push_str("];\n\n/// The signs and the operators that each may be; the longest first.\n");
    out.push_str("pub(crate) static SIGNS: &[(&str, &[Operator])] = &[\n");
    for (sign, operators) in language.signs() {
        let operators: Vec<String> =
            operators.iter().map(|one| format!("Operator::{}", pascal_case(&one.name))).collect();
        let _ = writeln!(out, "    ({}, &[{}]),", literal(sign), operators.join(", "));
    }
    out.push_str(
        "];\n\n/// The words that vanish, in lower case, sorted.\npub(crate) static FILLERS: &[&str] = &[\n",
    );
    let mut fillers: Vec<&String> = language.fillers.iter().collect();
    fillers.sort();
    for filler in fillers {
        let _ = writeln!(out, "    {},", literal(filler));
    }
    out.push_str("];\n\n/// What may stand behind a backslash in a text, and what it means.\n");
    out.push_str("pub(crate) static ESCAPES: &[(char, char)] = &[\n");
    for escape in &language.escapes {
        if let Some(letter) = escape.letter() {
            let _ = writeln!(out, "    ({letter:?}, {:?}),", escape.character);
        }
    }
    out.push_str("];\n\n/// What other languages write, words in lower case and signs, and the hint that says what this one has.\n");
    out.push_str("pub(crate) static HABITS: &[(&[&str], &str)] = &[\n");
    for habit in &language.habits {
        let written: Vec<String> = habit.written.iter().map(|one| literal(one)).collect();
        let _ = writeln!(out, "    (&[{}], {}),", written.join(", "), literal(&habit.hint));
    }
    out.push_str("];\n\n/// The form of each statement, by the word that it begins with.\n");
    out.push_str("pub(crate) static FORMS: &[(Word, &str)] = &[\n");
    for word in language.words.iter().filter(|word| word.role == "statement") {
        let begins = |form: &str| {
            let behind = word.spellings.iter().find_map(|spelling| form.strip_prefix(spelling.as_str()));
            behind.is_some_and(|behind| behind.starts_with(' '))
        };
        if let Some(form) = language.forms.iter().find(|form| begins(&form.form)) {
            let _ = writeln!(out, "    (Word::{}, {}),", pascal_case(&word.name), literal(&form.form));
        }
    }
    out.push_str("];\n");
}

fn render_diagnostics(language: &Language, out: &mut String) {
    let severities: Vec<Member> = [
        (Severity::Error, "The program is not compiled"),
        (Severity::Warning, "The program is compiled all the same"),
    ]
    .map(|(one, doc)| Member::new(pascal_case(one.name()), doc))
    .into();
    render_enum(
        "pub",
        "Severity",
        "What a diagnostic does to a program.",
        ", PartialOrd, Ord",
        &severities,
        out,
    );
    begin_impl("pub", "Severity", &severities, out);
    let names = [Severity::Error, Severity::Warning].map(|one| literal(one.name()));
    method(
        "pub fn name(self) -> &'static str",
        "The name that outcomes show.",
        &severities,
        names.into_iter(),
        out,
    );
    out.push_str("}\n");

    let all = || language.diagnostics.iter();
    let kinds: Vec<Member> = all().map(|one| Member::new(one.kind.clone(), &quoted(&one.message))).collect();
    render_enum("pub", "DiagnosticKind", "The kind of a diagnostic.", "", &kinds, out);
    begin_impl("pub", "DiagnosticKind", &kinds, out);
    let names = all().map(|one| literal(&one.kind));
    method("pub fn name(self) -> &'static str", "The name that outcomes show.", &kinds, names, out);
    let severities = all().map(|one| format!("Severity::{}", pascal_case(&one.severity)));
    method("pub fn severity(self) -> Severity", "What it does to a program.", &kinds, severities, out);
    out.push_str("}\n");

    out.push_str(
        "\n/// What is wrong, or odd, in a page. Its texts are those that the specification declares.\n",
    );
    out.push_str("#[derive(Debug, Clone, PartialEq, Eq)]\n#[allow(dead_code)]\npub(crate) enum Problem {\n");
    for entry in all() {
        let fields: Vec<String> = entry
            .fields
            .iter()
            .map(|field| {
                let kind =
                    if FieldType::from_name(&field.kind) == Some(FieldType::Uint) { "u64" } else { "String" };
                format!("{}: {kind}", identifier(&field.name))
            })
            .collect();
        let body = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
        let _ = writeln!(out, "    /// At {}.\n    {}{body},", entry.at, entry.kind);
    }
    out.push_str("}\n\n#[allow(dead_code)]\nimpl Problem {\n    /// Its kind.\n    #[must_use]\n");
    out.push_str("    pub(crate) fn kind(&self) -> DiagnosticKind {\n        match self {\n");
    for entry in all() {
        let rest = if entry.fields.is_empty() { "" } else { " { .. }" };
        let _ = writeln!(out, "            Self::{}{rest} => DiagnosticKind::{0},", entry.kind);
    }
    out.push_str("        }\n    }\n\n    /// What is wrong, in a sentence.\n    #[must_use]\n");
    out.push_str("    pub(crate) fn message(&self) -> String {\n        match self {\n");
    for entry in all() {
        let (pattern, text) = template(entry, &entry.message);
        let _ = writeln!(out, "            Self::{}{pattern} => {text},", entry.kind);
    }
    out.push_str("        }\n    }\n\n    /// What to do about it.\n    #[must_use]\n");
    out.push_str("    pub(crate) fn hint(&self) -> Option<String> {\n        match self {\n");
    for entry in all() {
        if let Some(hint) = &entry.hint {
            let (pattern, text) = template(entry, hint);
            let _ = writeln!(out, "            Self::{}{pattern} => Some({text}),", entry.kind);
        }
    }
    let without: Vec<String> = all()
        .filter(|entry| entry.hint.is_none())
        .map(|entry| format!("Self::{}{}", entry.kind, if entry.fields.is_empty() { "" } else { " { .. }" }))
        .collect();
    if !without.is_empty() {
        let _ = writeln!(out, "            {} => None,", without.join("\n            | "));
    }
    out.push_str("        }\n    }\n}\n");
}

/// A template as code of Markdown.
fn quoted(template: &str) -> String {
    if template.contains('`') { format!("`` {template} ``") } else { format!("`{template}`") }
}

/// The pattern of a variant's fields that a template shows, and the expression of its text.
fn template(entry: &DiagnosticEntry, text: &str) -> (String, String) {
    let shown: Vec<&str> = entry
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .filter(|name| text.contains(&format!("{{{name}}}")))
        .collect();
    let hidden = shown.len() < entry.fields.len();
    let pattern = if entry.fields.is_empty() {
        String::new()
    } else if shown.is_empty() {
        " { .. }".to_owned()
    } else {
        let names: Vec<String> = shown.iter().map(|name| identifier(name)).collect();
        format!(" {{ {}{} }}", names.join(", "), if hidden { ", .." } else { "" })
    };
    if shown.is_empty() {
        return (pattern, format!("{}.to_owned()", literal(text)));
    }
    // A name that is a keyword is passed, since a template cannot spell it.
    let passed: String = shown
        .iter()
        .filter(|name| identifier(name) != **name)
        .map(|name| format!(", {name} = {}", identifier(name)))
        .collect();
    (pattern, format!("format!({}{passed})", literal(text)))
}

fn render_constants(language: &Language, out: &mut String) {
    out.push_str("\n/// What is refused beyond.\n#[allow(dead_code)]\npub(crate) mod limits {\n");
    for limit in &language.limits {
        let _ = writeln!(out, "    /// {}.", super::sentence(&limit.reason));
        let _ = writeln!(out, "    pub(crate) const {}: u32 = {};", constant_name(&limit.name), limit.value);
    }
    out.push_str("}\n\n/// Regular expressions of what stands between the underscores of literals.\n");
    out.push_str("#[allow(dead_code)]\npub(crate) mod patterns {\n");
    for one in &language.literals {
        let _ = writeln!(out, "    /// {}.", super::sentence(&one.summary));
        let _ = writeln!(
            out,
            "    pub(crate) const {}: &str = {};",
            constant_name(&one.name),
            literal(&one.pattern)
        );
    }
    let _ = writeln!(out, "}}\n\n/// A regular expression of the texts that are URLs.\n#[allow(dead_code)]");
    let _ = writeln!(out, "pub(crate) const URL_PATTERN: &str = {};", literal(&language.url_pattern));
    let _ = writeln!(out, "\n/// The extension of a page's file.\n#[allow(dead_code)]");
    let _ = writeln!(out, "pub(crate) const FILE_EXTENSION: &str = {};", literal(&language.file_extension));
}
