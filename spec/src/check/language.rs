//! Whether `language.yaml` holds together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, check_summary, check_variant, is_identifier, report_duplicates};
use crate::Spec;
use crate::model::language::{
    DeclaredTypeEntry, DiagnosticEntry, FormKind, Gives, GroupKind, Language, OperatorEntry, Severity,
    WordRole,
};
use crate::model::{FieldType, Variant};
use crate::source::{Problem, Source};

pub(super) fn check(spec: &Spec, source: &Source, problems: &mut Vec<Problem>) {
    let language = &spec.language;
    if !language.file_extension.starts_with('.') {
        let message = format!("the file extension `{}` has no period", language.file_extension);
        problems.push(source.problem_at_key("file_extension", message));
    }
    check_names(language, source, problems);
    check_limits(language, source, problems);
    check_words(language, source, problems);
    check_types(spec, source, problems);
    check_literals(language, source, problems);
    check_operators(language, source, problems);
    check_habits(language, source, problems);
    check_forms(language, source, problems);
    for (index, entry) in language.diagnostics.iter().enumerate() {
        check_diagnostic(entry, &mut Report { source, list: "diagnostics", index, problems });
    }
    check_rules(language, source, problems);
}

/// Nothing is declared twice.
fn check_names(language: &Language, source: &Source, problems: &mut Vec<Problem>) {
    fn names<'a, T>(entries: &'a [T], name: fn(&'a T) -> &'a str) -> Vec<&'a str> {
        entries.iter().map(name).collect()
    }
    for (key, entries) in [
        ("limits", names(&language.limits, |one| &one.name)),
        ("words", names(&language.words, |one| &one.name)),
        ("fillers", names(&language.fillers, |one| one)),
        ("types", names(&language.types, |one| &one.name)),
        ("static_types", names(&language.static_types, |one| &one.name)),
        ("literals", names(&language.literals, |one| &one.name)),
        ("escapes", names(&language.escapes, |one| &one.written)),
        ("precedence", names(&language.precedence, |one| &one.name)),
        ("operators", names(&language.operators, |one| &one.name)),
        ("forms", names(&language.forms, |one| &one.name)),
        ("diagnostics", names(&language.diagnostics, |one| &one.kind)),
        ("rules", names(&language.rules, |one| &one.id)),
    ] {
        report_duplicates(source, key, entries.into_iter(), problems);
    }
    for (key, entries) in [
        ("limits", names(&language.limits, |one| &one.name)),
        ("words", names(&language.words, |one| &one.name)),
        ("static_types", names(&language.static_types, |one| &one.name)),
        ("literals", names(&language.literals, |one| &one.name)),
        ("precedence", names(&language.precedence, |one| &one.name)),
        ("operators", names(&language.operators, |one| &one.name)),
        ("forms", names(&language.forms, |one| &one.name)),
    ] {
        for (index, name) in entries.into_iter().enumerate().filter(|(_, name)| !is_identifier(name)) {
            let message = format!("the name {name:?} in {key} is not in snake_case");
            problems.push(source.problem_at_item(key, index, name, message));
        }
    }
}

fn check_limits(language: &Language, source: &Source, problems: &mut Vec<Problem>) {
    for (index, limit) in language.limits.iter().enumerate() {
        let mut report = Report { source, list: "limits", index, problems };
        if limit.reason.trim().is_empty() {
            report.add("reason", format!("limit `{}` has no reason", limit.name));
        }
        if limit.value == 0 {
            report.add("value", format!("limit `{}` is 0, so no program could compile", limit.name));
        }
        if u32::try_from(limit.value).is_err() {
            report.add("value", format!("limit `{}` does not fit 32 bits", limit.name));
        }
    }
}

fn check_words(language: &Language, source: &Source, problems: &mut Vec<Problem>) {
    let mut taken = BTreeMap::new();
    for (index, word) in language.words.iter().enumerate() {
        let mut report = Report { source, list: "words", index, problems };
        if WordRole::from_name(&word.role).is_none() {
            report.add("role", format!("`{}` has the unknown role `{}`", word.name, word.role));
        }
        check_spellings(&word.name, &word.spellings, &mut taken, &mut report);
    }
    for filler in &language.fillers {
        if *filler != filler.to_lowercase() {
            let message = format!("the filler `{filler}` is not in lower case");
            problems.push(source.problem_at_key("fillers", message));
        }
        if taken.contains_key(filler.as_str()) {
            let message = format!("the filler `{filler}` is a word and never vanishes");
            problems.push(source.problem_at_key("fillers", message));
        }
    }
}

/// Nothing is written in two habits, and each is told something.
fn check_habits(language: &Language, source: &Source, problems: &mut Vec<Problem>) {
    let mut taken = BTreeSet::new();
    for (index, habit) in language.habits.iter().enumerate() {
        let mut report = Report { source, list: "habits", index, problems };
        if habit.hint.trim().is_empty() {
            report.add("hint", format!("the habit {:?} has no hint", habit.written));
        }
        if habit.written.is_empty() {
            report.add("written", "a habit of which nothing is written".to_owned());
        }
        for written in &habit.written {
            if *written != written.to_lowercase() {
                report.add("written", format!("the habit `{written}` is not in lower case"));
            }
            if !taken.insert(written) {
                report.add("written", format!("two habits write `{written}`"));
            }
        }
    }
}

/// Each spelling reads as words with a space between them, and no other entry has it. `taken` has the spellings, in
/// lower case, and whose they are.
fn check_spellings(
    owner: &str,
    spellings: &[String],
    taken: &mut BTreeMap<String, String>,
    report: &mut Report<'_>,
) {
    if spellings.is_empty() {
        report.add("spellings", format!("`{owner}` has no spelling"));
    }
    for spelling in spellings {
        let words: Vec<&str> = spelling.split_whitespace().collect();
        if words.is_empty() || words.join(" ") != *spelling {
            report.add(
                "spellings",
                format!("the spelling {spelling:?} of `{owner}` is not words with a space between them"),
            );
        }
        if let Some(other) = taken.insert(spelling.to_lowercase(), owner.to_owned()) {
            report.add(
                "spellings",
                format!("the spelling `{spelling}` of `{owner}` is taken by `{other}` already"),
            );
        }
    }
}

fn check_types(spec: &Spec, source: &Source, problems: &mut Vec<Problem>) {
    let language = &spec.language;
    let mut taken = BTreeMap::new();
    for (index, declared) in language.types.iter().enumerate() {
        let mut report = Report { source, list: "types", index, problems };
        check_spellings(&declared.name, &declared.spellings, &mut taken, &mut report);
        for name in &declared.holds {
            if !language.static_types.iter().any(|one| one.name == *name) {
                report.add("holds", format!("`{}` holds the unknown static type `{name}`", declared.name));
            }
        }
        let variant = declared.variant();
        if language.types[..index].iter().map(DeclaredTypeEntry::variant).any(|other| other == variant) {
            report.add(
                "name",
                format!("`{}` is called `{variant}` in code, as another type is", declared.name),
            );
        }
    }
    for (index, one) in language.static_types.iter().enumerate() {
        let mut report = Report { source, list: "static_types", index, problems };
        check_summary(&one.summary, &mut report);
        for name in &one.values {
            if !spec.values.types.iter().any(|value| value.name == *name) {
                report.add(
                    "values",
                    format!("`{}` has the type `{name}`, which values.yaml does not have", one.name),
                );
            }
        }
    }
    // A class of value that no expression can be known to have would leave a gap in what is tested.
    for value in &spec.values.types {
        let is_there = language.static_types.iter().any(|one| one.values.contains(&value.name));
        if value.language && !is_there {
            let message = format!(
                "no static type has the type `{}` of values.yaml, which does not say `language: false`",
                value.name
            );
            problems.push(source.problem_at_key("static_types", message));
        }
    }
}

fn check_literals(language: &Language, source: &Source, problems: &mut Vec<Problem>) {
    for (index, literal) in language.literals.iter().enumerate() {
        let mut report = Report { source, list: "literals", index, problems };
        check_summary(&literal.summary, &mut report);
        if !language.static_types.iter().any(|one| one.name == literal.static_type) {
            report.add(
                "type",
                format!("`{}` has the unknown static type `{}`", literal.name, literal.static_type),
            );
        }
        if literal.examples.is_empty() {
            report.add("examples", format!("`{}` has no example", literal.name));
        }
    }
    for (index, escape) in language.escapes.iter().enumerate() {
        if escape.letter().is_none() {
            let message = format!("the escape {:?} is not a backslash and one character", escape.written);
            problems.push(source.problem_at_item("escapes", index, "written", message));
        }
    }
}

fn check_operators(language: &Language, source: &Source, problems: &mut Vec<Problem>) {
    let kind_of = |group: &str| {
        let entry = language.precedence.iter().find(|one| one.name == group)?;
        GroupKind::from_name(&entry.kind)
    };
    for (index, group) in language.precedence.iter().enumerate() {
        let mut report = Report { source, list: "precedence", index, problems };
        let name = &group.name;
        match GroupKind::from_name(&group.kind) {
            None => report.add("kind", format!("`{name}` has the unknown kind `{}`", group.kind)),
            Some(GroupKind::Conditional) if index > 0 => {
                report.add("kind", format!("`{name}` is a conditional and must be the loosest"));
            }
            Some(kind) => {
                let is_used = language.operators.iter().any(|one| one.group == *name);
                if is_used == (kind == GroupKind::Conditional) {
                    report
                        .add("name", format!("the group `{name}` must have operators, or be a conditional"));
                }
            }
        }
    }
    let mut spelled = BTreeMap::new();
    let mut signed: Vec<(&str, &OperatorEntry)> = Vec::new();
    for (index, operator) in language.operators.iter().enumerate() {
        let mut report = Report { source, list: "operators", index, problems };
        let name = &operator.name;
        check_summary(&operator.summary, &mut report);
        if kind_of(&operator.group).is_none() {
            report.add("group", format!("`{name}` is of the unknown group `{}`", operator.group));
        }
        if Gives::from_name(&operator.gives).is_none() {
            report.add("gives", format!("`{name}` gives the unknown `{}`", operator.gives));
        }
        if operator.signs.is_empty() || !operator.spellings.is_empty() {
            check_spellings(name, &operator.spellings, &mut spelled, &mut report);
        }
        for sign in &operator.signs {
            if sign.is_empty()
                || sign.chars().any(|letter| letter.is_alphanumeric() || letter.is_whitespace())
            {
                report.add("signs", format!("{sign:?} of `{name}` is not a sign"));
            }
            let same = signed
                .iter()
                .find(|(other, entry)| other == sign && kind_of(&entry.group) == kind_of(&operator.group));
            if let Some((_, other)) = same {
                report.add(
                    "signs",
                    format!("the sign `{sign}` of `{name}` is taken by `{}` already", other.name),
                );
            }
            signed.push((sign, operator));
        }
    }
}

fn check_forms(language: &Language, source: &Source, problems: &mut Vec<Problem>) {
    for (index, form) in language.forms.iter().enumerate() {
        let mut report = Report { source, list: "forms", index, problems };
        let name = &form.name;
        check_summary(&form.summary, &mut report);
        if FormKind::from_name(&form.kind).is_none() {
            report.add("kind", format!("`{name}` is of the unknown kind `{}`", form.kind));
        }
        if form.form.trim().is_empty() {
            report.add("form", format!("`{name}` has no form"));
        }
        if form.example.trim().is_empty() || !form.example.ends_with('\n') {
            report.add("example", format!("the example of `{name}` is not lines of a program"));
        }
        if form.prints.trim().is_empty() || !form.prints.ends_with('\n') {
            report.add("prints", format!("the example of `{name}` prints no lines"));
        }
    }
}

fn check_diagnostic(entry: &DiagnosticEntry, report: &mut Report<'_>) {
    let kind = &entry.kind;
    if !is_type_name(kind) {
        report.add("kind", format!("the diagnostic {kind:?} is not in PascalCase"));
    }
    if Severity::from_name(&entry.severity).is_none() {
        report.add("severity", format!("`{kind}` has the unknown severity `{}`", entry.severity));
    }
    if entry.at.trim().is_empty() {
        report.add("at", format!("`{kind}` has no place"));
    }
    let template = Variant {
        name: kind.clone(),
        message: entry.message.clone(),
        fields: entry.fields.clone(),
        summary: entry.at.clone(),
    };
    check_variant(&template, report);
    let mut seen = BTreeSet::new();
    for field in &entry.fields {
        if !seen.insert(&field.name) {
            report.add("fields", format!("`{kind}` has two fields called `{}`", field.name));
        }
        let shown = FieldType::from_name(&field.kind);
        if shown.is_some_and(|one| !matches!(one, FieldType::Uint | FieldType::Text)) {
            report.add(
                "fields",
                format!("field `{}` of `{kind}` is `{}`, not `uint` or `text`", field.name, field.kind),
            );
        }
    }
    for part in entry
        .message
        .split('{')
        .skip(1)
        .filter(|part| part.split('}').next().is_some_and(|name| name.contains(':')))
    {
        report.add("message", format!("the message of `{kind}` says how to show {{{part}"));
    }
    for part in entry.hint.iter().flat_map(|hint| hint.split('{').skip(1)) {
        let name = part.split('}').next().unwrap_or_default();
        if !entry.fields.iter().any(|field| field.name == name) {
            report.add("hint", format!("the hint of `{kind}` names `{name}`, which is no field of it"));
        }
    }
    match (&entry.example, entry.line) {
        (Some(example), Some(line)) => {
            if !(1..=example.lines().count()).contains(&line) {
                report.add("line", format!("the example of `{kind}` has no line {line}"));
            }
        }
        (None, None) => {}
        _ => report.add("example", format!("`{kind}` must have both `example` and `line`, or neither")),
    }
}

fn check_rules(language: &Language, source: &Source, problems: &mut Vec<Problem>) {
    for (index, rule) in language.rules.iter().enumerate() {
        let mut report = Report { source, list: "rules", index, problems };
        if !is_type_name(&rule.id) {
            report.add("id", format!("the rule {:?} is not in PascalCase", rule.id));
        }
        if rule.text.trim().is_empty() {
            report.add("text", format!("the rule `{}` says nothing", rule.id));
        }
    }
    let forms = language.forms.iter().map(|one| one.summary.as_str());
    let operators = language.operators.iter().map(|one| one.summary.as_str());
    let rules = language.rules.iter().map(|one| one.text.as_str());
    let lists: [(&str, Vec<&str>); 3] =
        [("forms", forms.collect()), ("operators", operators.collect()), ("rules", rules.collect())];
    for (list, texts) in lists {
        for (index, text) in texts.into_iter().enumerate() {
            for cited in cited_rules(text) {
                if !language.rules.iter().any(|rule| rule.id == cited) {
                    let mut report = Report { source, list, index, problems };
                    report.add("(rule", format!("there is no rule `{cited}`"));
                }
            }
        }
    }
}

/// The ids that are behind `(rule ` in a text.
fn cited_rules(text: &str) -> impl Iterator<Item = &str> {
    text.split("(rule ").skip(1).map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
        &rest[..end]
    })
}

fn is_type_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_uppercase())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric())
}
