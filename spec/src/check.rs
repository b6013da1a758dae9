//! Whether a specification holds together.
//!
//! Each function below checks one file, or what one file says of another, and reports everything it finds: a person who
//! edits the YAML should see all mistakes at once, each with its file and line.

mod language;
mod specops;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    ConstantLayout, Effect, ErrorEntry, FieldType, Flow, LimitDefault, OpcodeEntry, Role, SourceMap, Variant,
};
use crate::source::{Problem, Source};
use crate::{Sources, Spec};

/// Appends to `problems` everything that does not hold together in `spec`. `sources` tell the lines.
pub fn check(spec: &Spec, sources: &Sources, problems: &mut Vec<Problem>) {
    check_vocabulary(spec, &sources.isa, problems);
    for (index, opcode) in spec.isa.opcodes.iter().enumerate() {
        let mut report = Report { source: &sources.isa, list: "opcodes", index, problems };
        check_opcode(spec, index, opcode, &mut report);
    }
    check_rules(spec, &sources.isa, problems);
    check_values(spec, &sources.values, problems);
    check_format(spec, &sources.format, problems);
    check_errors(spec, &sources.errors, problems);
    language::check(spec, &sources.language, problems);
    specops::check(spec, &sources.specops, problems);
    state::check(spec, &sources.state, problems);
}

/// Where the problems of one list item go.
struct Report<'a> {
    source: &'a Source,
    list: &'a str,
    index: usize,
    problems: &'a mut Vec<Problem>,
}

impl Report<'_> {
    fn add(&mut self, hint: &str, message: String) {
        self.problems.push(self.source.problem_at_item(self.list, self.index, hint, message));
    }
}

fn check_vocabulary(spec: &Spec, source: &Source, problems: &mut Vec<Problem>) {
    let isa = &spec.isa;
    if !(1..=256).contains(&isa.registers) {
        let message = format!("{} registers cannot be named by one byte; 1 to 256 can", isa.registers);
        problems.push(source.problem_at_key("registers", message));
    }
    let mut list = |key: &str, entries: Vec<(&str, &str)>, known: &dyn Fn(&str) -> bool| {
        report_duplicates(source, key, entries.iter().map(|(name, _)| *name), problems);
        for (index, (name, summary)) in entries.iter().enumerate() {
            let mut report = Report { source, list: key, index, problems };
            if !known(name) {
                report.add("name", format!("no renderer knows how to print `{name}` of {key}"));
            }
            check_summary(summary, &mut report);
        }
    };
    let roles = isa.roles.iter().map(|role| (role.name.as_str(), role.summary.as_str())).collect();
    list("roles", roles, &|name| Role::from_name(name).is_some());
    let effects = isa.effects.iter().map(|effect| (effect.name.as_str(), effect.summary.as_str())).collect();
    list("effects", effects, &|name| Effect::from_name(name).is_some());
    let flows = isa.flows.iter().map(|flow| (flow.name.as_str(), flow.summary.as_str())).collect();
    list("flows", flows, &|name| Flow::from_name(name).is_some());
}

fn check_opcode(spec: &Spec, index: usize, opcode: &OpcodeEntry, report: &mut Report<'_>) {
    let earlier = &spec.isa.opcodes[..index];
    if let Some(other) = earlier.iter().find(|other| other.number == opcode.number) {
        report.add("number", format!("opcode number {} is taken by {} already", opcode.number, other.name));
    } else if usize::from(opcode.number) != index {
        report.add(
            "number",
            format!("opcode number {} stands where {index} should: numbers have no gaps", opcode.number),
        );
    }
    if earlier.iter().any(|other| other.name == opcode.name) {
        report.add("name", format!("two opcodes are called {}", opcode.name));
    } else if let Some(other) = earlier.iter().find(|other| other.mnemonic() == opcode.mnemonic()) {
        report.add(
            "name",
            format!("{} and {} have the same mnemonic `{}`", other.name, opcode.name, opcode.mnemonic()),
        );
    }
    if !opcode.name.starts_with(|letter: char| letter.is_ascii_uppercase())
        || !opcode.name.chars().all(|letter| letter.is_ascii_alphanumeric())
        || opcode.variant().is_empty()
    {
        report.add("name", format!("opcode name {:?} is not in PascalCase", opcode.name));
    }
    if opcode.since == 0 || opcode.since > spec.format.version {
        let latest = spec.format.version;
        report
            .add("since", format!("{} is since version {}, outside 1..={latest}", opcode.name, opcode.since));
    }
    check_summary(&opcode.summary, report);
    check_operands(spec, opcode, report);
    check_effects(spec, opcode, report);
    check_types(spec, opcode, report);
}

/// The rules are numbered without gaps, so that an id that is cited names one or is a mistake.
fn check_rules(spec: &Spec, source: &Source, problems: &mut Vec<Problem>) {
    let mnemonics: BTreeSet<String> = spec.isa.opcodes.iter().map(OpcodeEntry::mnemonic).collect();
    for (index, rule) in spec.isa.rules.iter().enumerate() {
        let mut report = Report { source, list: "rules", index, problems };
        let id = format!("S{}", index + 1);
        if rule.id != id {
            report.add("id", format!("the rule {} stands where {id} should: ids have no gaps", rule.id));
        }
        if rule.subject.trim().is_empty() || rule.text.trim().is_empty() {
            report.add("id", format!("the rule {} says nothing", rule.id));
        }
        for opcode in &rule.opcodes {
            if !mnemonics.contains(opcode) {
                report.add("opcodes", format!("the rule {} is about the unknown opcode `{opcode}`", rule.id));
            }
        }
        for cited in cited_rules(&rule.text) {
            if !spec.isa.rules.iter().any(|other| other.id == cited) {
                report.add("text", format!("the rule {} cites {cited}, which there is not", rule.id));
            }
        }
    }
}

/// The ids of rules in a text: the words that are an `S` and digits.
pub fn cited_rules(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.filter(|word| {
        word.strip_prefix('S').is_some_and(|digits| {
            (1..=2).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
        })
    })
}

fn check_summary(summary: &str, report: &mut Report<'_>) {
    if summary.trim().is_empty() {
        report.add("summary", "the summary is empty".to_owned());
    } else if summary.contains('\n') {
        report.add("summary", "the summary is more than one line".to_owned());
    }
}

fn check_operands(spec: &Spec, opcode: &OpcodeEntry, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for operand in &opcode.operands {
        let (name, role) = (&operand.name, &operand.role);
        if !seen.insert(name) {
            report.add("operands", format!("{} has two operands called `{name}`", opcode.name));
        }
        if !is_identifier(name) {
            report.add("operands", format!("operand name {name:?} of {} is not in snake_case", opcode.name));
        }
        if !spec.isa.roles.iter().any(|entry| entry.name == *role) {
            report.add(
                "operands",
                format!("operand `{name}` of {} has the unknown role `{role}`", opcode.name),
            );
        }
    }
    for (before, _) in opcode.summary.match_indices('[') {
        let is_register = opcode.summary[..before].ends_with(['r', 'k']);
        let inside = opcode.summary[before + 1..].split(']').next().unwrap_or_default();
        // Only `r[name]` and `k[name]` speak of operands; what is not a plain name is prose.
        let known = opcode.operands.iter().any(|operand| operand.name == inside);
        if is_register && is_identifier(inside) && !known {
            report.add(
                "summary",
                format!("the summary of {} names `{inside}`, which is no operand", opcode.name),
            );
        }
    }
    let written = [Role::Out, Role::InOut, Role::Tagged];
    let results = opcode
        .operands
        .iter()
        .filter(|operand| Role::from_name(&operand.role).is_some_and(|role| written.contains(&role)))
        .count();
    if results > 1 {
        report.add(
            "operands",
            format!("{} writes {results} registers; an instruction writes one at most", opcode.name),
        );
    }
}

fn check_effects(spec: &Spec, opcode: &OpcodeEntry, report: &mut Report<'_>) {
    let name = &opcode.name;
    for effect in &opcode.effects {
        if !spec.isa.effects.iter().any(|entry| entry.name == *effect) {
            report.add("effects", format!("{name} has the unknown effect `{effect}`"));
        }
    }
    for error in &opcode.errors {
        let declared = spec.errors.run.iter().chain(&spec.errors.limit).any(|entry| entry.kind == *error);
        if !declared {
            report.add(
                "errors",
                format!("{name} lists the error `{error}`, which errors.yaml does not declare"),
            );
        }
    }
    for (effect, error) in [("memory", "OutOfMemory"), ("output", "OutputLimitExceeded")] {
        let touches = opcode.effects.iter().any(|one| one == effect);
        if touches != opcode.errors.iter().any(|one| one == error) {
            report.add(
                "effects",
                format!("{name} must have both the effect `{effect}` and the error `{error}`, or neither"),
            );
        }
    }
    if !spec.isa.flows.iter().any(|entry| entry.name == opcode.flow) {
        report.add("flow", format!("{name} has the unknown flow `{}`", opcode.flow));
    }
    let needs: [(&[Flow], Role); 4] = [
        (&[Flow::Jump, Flow::Branch], Role::Jump),
        (&[Flow::Call], Role::Registers),
        (&[Flow::Return], Role::OptionalIn),
        (&[Flow::Phi], Role::Phis),
    ];
    for (flows, role) in needs {
        let is_one = flows.iter().any(|flow| opcode.flow == flow.name());
        let has = opcode.operands.iter().filter(|operand| operand.role == role.name()).count();
        if is_one != (has == 1) || has > 1 {
            let names: Vec<&str> = flows.iter().map(|flow| flow.name()).collect();
            let (flow, role) = (names.join("` or `"), role.name());
            report.add(
                "flow",
                format!(
                    "{name} must have both the flow `{flow}` and one operand of role `{role}`, or neither"
                ),
            );
        }
    }
}

fn check_types(spec: &Spec, opcode: &OpcodeEntry, report: &mut Report<'_>) {
    let name = &opcode.name;
    let is_type = |text: &str| {
        spec.values.types.iter().any(|one| one.name == text)
            || spec.values.classes.iter().any(|one| one.name == text)
    };
    for rule in &opcode.types {
        for (operand, type_name) in &rule.when {
            let reads = [Role::In.name(), Role::InOut.name()];
            if !opcode.operands.iter().any(|one| one.name == *operand && reads.contains(&one.role.as_str())) {
                report.add(
                    "types",
                    format!("a type rule of {name} names `{operand}`, which is no operand that is read"),
                );
            }
            if !is_type(type_name) {
                report.add("types", format!("a type rule of {name} names the unknown type `{type_name}`"));
            }
        }
        match (&rule.gives, &rule.error) {
            (Some(gives), None) => {
                if !is_type(gives) && gives != "nothing" && gives != "cast" {
                    report.add("types", format!("a type rule of {name} gives the unknown type `{gives}`"));
                }
            }
            (None, Some(_)) => {}
            _ => report.add("types", format!("a type rule of {name} must have either `gives` or `error`")),
        }
        for named in &rule.names {
            if !opcode.operands.iter().any(|one| one.name == *named) {
                report.add("types", format!("a type rule of {name} names `{named}`, which is no operand"));
            }
        }
        if let Some(expected) = &rule.expected
            && !spec.errors.expectations.iter().any(|one| one.name == *expected)
        {
            report.add("types", format!("a type rule of {name} names the unknown expectation `{expected}`"));
        }
        for error in rule.error.iter().chain(&rule.may) {
            if !opcode.errors.contains(error) {
                report.add(
                    "types",
                    format!("a type rule of {name} gives `{error}`, which its errors do not list"),
                );
            }
        }
    }
    if opcode.types.last().is_none_or(|rule| !rule.when.is_empty()) {
        report.add("types", format!("the last type rule of {name} must match everything"));
    }
}

fn check_values(spec: &Spec, source: &Source, problems: &mut Vec<Problem>) {
    let values = &spec.values;
    report_duplicates(source, "types", values.types.iter().map(|one| one.name.as_str()), problems);
    report_duplicates(source, "types", values.types.iter().map(|one| one.title.as_str()), problems);
    let names = values
        .types
        .iter()
        .map(|one| one.name.as_str())
        .chain(values.classes.iter().map(|one| one.name.as_str()));
    let class_names: Vec<&str> = names.collect();
    for (index, class) in values.classes.iter().enumerate() {
        let mut report = Report { source, list: "classes", index, problems };
        if class_names.iter().filter(|name| **name == class.name).count() > 1 {
            report.add("name", format!("two types or classes are called `{}`", class.name));
        }
        for member in &class.types {
            if !values.types.iter().any(|one| one.name == *member) {
                report.add("types", format!("class `{}` has the unknown type `{member}`", class.name));
            }
        }
    }
    for (index, entry) in values.types.iter().enumerate() {
        if usize::from(entry.id) != index {
            let message = format!(
                "type `{}` has id {} where {index} should be: ids have no gaps",
                entry.name, entry.id
            );
            problems.push(source.problem_at_item("types", index, "id", message));
        }
    }
    for (index, cast) in values.casts.iter().enumerate() {
        for name in [&cast.to, &cast.from] {
            if !class_names.contains(&name.as_str()) {
                let message = format!("a cast names the unknown type `{name}`");
                problems.push(source.problem_at_item("casts", index, name, message));
            }
        }
    }
    report_duplicates(
        source,
        "assert_kinds",
        values.assert_kinds.iter().map(|one| one.name.as_str()),
        problems,
    );
    for (index, kind) in values.assert_kinds.iter().enumerate() {
        if usize::from(kind.id) != index {
            let message = format!(
                "assert kind `{}` has id {} where {index} should be: ids have no gaps",
                kind.name, kind.id
            );
            problems.push(source.problem_at_item("assert_kinds", index, "id", message));
        }
    }
    report_duplicates(source, "costs", values.costs.iter().map(|one| one.name.as_str()), problems);
    report_duplicates(source, "run_limits", values.run_limits.iter().map(|one| one.name.as_str()), problems);
    for (index, limit) in values.run_limits.iter().enumerate() {
        let declared = |entry: &ErrorEntry| entry.kind == limit.error;
        if !spec.errors.limit.iter().any(declared) && !spec.errors.run.iter().any(declared) {
            let message = format!("limit `{}` gives the unknown error `{}`", limit.name, limit.error);
            problems.push(source.problem_at_item("run_limits", index, "error", message));
        }
        if limit.default == LimitDefault::Number(0) {
            let message = format!("limit `{}` has the default 0, with which nothing can run", limit.name);
            problems.push(source.problem_at_item("run_limits", index, "default", message));
        }
    }
}

fn check_format(spec: &Spec, source: &Source, problems: &mut Vec<Problem>) {
    let format = &spec.format;
    if format.magic.len() != 4 || !format.magic.is_ascii() {
        problems.push(
            source.problem_at_key("magic", format!("the magic {:?} is not four ASCII letters", format.magic)),
        );
    }
    for (key, names) in [
        ("header", format.header.iter().map(|one| one.name.as_str()).collect::<Vec<_>>()),
        ("sections", format.sections.iter().map(|one| one.name.as_str()).collect()),
        ("limits", format.limits.iter().map(|one| one.name.as_str()).collect()),
        ("constants", format.constants.iter().map(|one| one.type_name.as_str()).collect()),
        ("reads", format.reads.iter().map(String::as_str).collect()),
    ] {
        report_duplicates(source, key, names.into_iter(), problems);
    }
    for (index, constant) in format.constants.iter().enumerate() {
        let mut report = Report { source, list: "constants", index, problems };
        if format.constants[..index].iter().any(|other| other.tag == constant.tag) {
            report.add("tag", format!("constant tag {} is used twice", constant.tag));
        }
        if !spec.values.types.iter().any(|one| one.name == constant.type_name) {
            report.add(
                "type",
                format!("constant tag {} has the unknown type `{}`", constant.tag, constant.type_name),
            );
        }
        if ConstantLayout::from_name(&constant.layout).is_none() {
            let known: Vec<&str> = ConstantLayout::ALL.iter().map(|layout| layout.name()).collect();
            let (tag, layout) = (constant.tag, &constant.layout);
            let known = known.join(", ");
            report.add(
                "layout",
                format!("constant tag {tag} has the unknown layout `{layout}` (there are {known})"),
            );
        }
        let read = format!("{} constant", constant.type_name);
        if constant.bytes > 0 && !format.reads.contains(&read) {
            let tag = constant.tag;
            report.add("tag", format!("constant tag {tag} has a payload, and `reads` has no `{read}`"));
        }
    }
    for (index, limit) in format.limits.iter().enumerate() {
        let mut report = Report { source, list: "limits", index, problems };
        if limit.reason.trim().is_empty() {
            report.add("reason", format!("limit `{}` has no reason", limit.name));
        }
        if limit.value == 0 {
            report.add("value", format!("limit `{}` is 0, so no module could load", limit.name));
        }
    }
    check_source_map(&format.source_map, source, problems);
}

fn check_source_map(map: &SourceMap, source: &Source, problems: &mut Vec<Problem>) {
    // All of it is under one key; the hint is what the wrong line has.
    let mut add = |hint: &str, message: String| {
        problems.push(source.problem_below("source_map", hint, message));
    };
    if map.magic.len() != 4 || !map.magic.is_ascii() {
        add("magic:", format!("the magic {:?} is not four ASCII letters", map.magic));
    }
    if !map.extension.starts_with('.') {
        add("extension:", format!("the extension `{}` has no period", map.extension));
    }
    if map.header_bytes() < map.least_bytes {
        let message = format!("the header has {} bytes, fewer than a file must have", map.header_bytes());
        add("least_bytes:", message);
    }
    if !(1..=32).contains(&map.module_hash_bytes()) {
        let message = format!("{} bytes of a SHA-256 of 32 are no module_hash", map.module_hash_bytes());
        add("name: module_hash", message);
    }
    let mut seen = BTreeSet::new();
    for (owner, name) in map
        .header
        .iter()
        .map(|one| ("header", &one.name))
        .chain(map.encodings.iter().map(|one| ("encodings", &one.name)))
        .chain(map.sections.iter().map(|one| ("sections", &one.name)))
        .chain(
            map.sections
                .iter()
                .flat_map(|section| section.fields.iter().map(|field| (section.name.as_str(), &field.name))),
        )
    {
        if !seen.insert((owner, name)) {
            add(name, format!("`{name}` stands twice in {owner} of the source map"));
        }
        if !is_identifier(name) {
            add(name, format!("the name {name:?} in {owner} of the source map is not in snake_case"));
        }
    }
    for field in map.sections.iter().flat_map(|section| &section.fields) {
        if !map.encodings.iter().any(|one| one.name == field.encoding) {
            add(
                &format!("encoding: {}", field.encoding),
                format!("field `{}` has the unknown encoding `{}`", field.name, field.encoding),
            );
        }
    }
}

fn check_errors(spec: &Spec, source: &Source, problems: &mut Vec<Problem>) {
    let errors = &spec.errors;
    for (key, phrases) in [("expectations", &errors.expectations), ("operations", &errors.operations)] {
        report_duplicates(source, key, phrases.iter().map(|one| one.name.as_str()), problems);
    }
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for (key, entries) in [
        ("load", &errors.load),
        ("run", &errors.run),
        ("limit", &errors.limit),
        ("host", &errors.host),
        ("state", &errors.state),
    ] {
        for (index, entry) in entries.iter().enumerate() {
            let mut report = Report { source, list: key, index, problems };
            for variant in entry.all_variants() {
                check_summary(&variant.summary, &mut report);
                check_variant(&variant, &mut report);
                if let Some(owner) = owners.insert(variant.name.clone(), key) {
                    report.add(
                        &variant.name,
                        format!("error `{}` is declared twice, under {owner} and {key}", variant.name),
                    );
                }
            }
        }
    }
}

fn check_variant(variant: &Variant, report: &mut Report<'_>) {
    let mut used = BTreeSet::new();
    for part in variant.message.split('{').skip(1) {
        let Some((inside, _)) = part.split_once('}') else {
            report
                .add("message", format!("the message of `{}` has a brace that is not closed", variant.name));
            continue;
        };
        used.insert(inside.split(':').next().unwrap_or_default());
    }
    for field in &variant.fields {
        if !used.remove(field.name.as_str()) {
            report
                .add("fields", format!("field `{}` of `{}` is not in its message", field.name, variant.name));
        }
        if FieldType::from_name(&field.kind).is_none() {
            let message =
                format!("field `{}` of `{}` has the unknown type `{}`", field.name, variant.name, field.kind);
            report.add("fields", message);
        }
    }
    for name in used {
        report.add(
            "message",
            format!("the message of `{}` names `{name}`, which is no field of it", variant.name),
        );
    }
}

fn report_duplicates<'a>(
    source: &Source,
    key: &str,
    names: impl Iterator<Item = &'a str>,
    problems: &mut Vec<Problem>,
) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.enumerate() {
        if !seen.insert(name) {
            problems.push(source.problem_at_item(
                key,
                index,
                name,
                format!("`{name}` stands twice in {key}"),
            ));
        }
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}
