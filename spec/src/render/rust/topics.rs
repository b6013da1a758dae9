//! What `mdvm explain` tells: one text for each opcode, error, type, limit, form, operator, diagnostic and rule.

use std::fmt::Write as _;

use super::literal;
use crate::Spec;
use crate::model::language::Language;
use crate::model::{ErrorEntry, LimitDefault, OpcodeEntry, snake_case};
use crate::render::python::rule;

/// One topic.
struct Topic {
    kind: &'static str,
    name: String,
    /// Other names that it is found by.
    other: Vec<String>,
    text: String,
}

pub(super) fn render(spec: &Spec) -> String {
    let files = "spec/isa.yaml, spec/values.yaml, spec/format.yaml, spec/errors.yaml and spec/language.yaml";
    let mut out = super::header(files);
    out += "\n/// Everything that can be explained: records that end with 0x1e, of fields with 0x1f between them: the kind, the name, other\n";
    out += "/// names with line ends between them, the text. It is one text, since each reference in a table would be a relocation that\n";
    out += "/// every start of the command pays for.\n";
    out += "static TOPICS: &str = concat!(\n";
    for topic in topics(spec) {
        let fields = [topic.kind, &topic.name, &topic.other.join("\n"), topic.text.trim_end()];
        let _ = writeln!(out, "    {},", literal(&format!("{}\u{1e}", fields.join("\u{1f}"))));
    }
    out + ");\n"
}

fn topics(spec: &Spec) -> Vec<Topic> {
    let mut topics: Vec<Topic> = spec.isa.opcodes.iter().map(opcode).collect();
    let errors = &spec.errors;
    for (when, entries) in [
        ("It is found when a module is loaded.", &errors.load),
        ("An instruction gives it.", &errors.run),
        ("A limit of the run gives it.", &errors.limit),
        ("The host gives it.", &errors.host),
        ("It is found when a saved state is read.", &errors.state),
    ] {
        topics.extend(entries.iter().map(|entry| error(spec, entry, when)));
    }
    for one in &spec.values.types {
        let mut text = format!("Its id is {}. Text form: {}.\n", one.id, one.text);
        let _ = writeln!(text, "Counts as false: {}.", one.false_when.as_deref().unwrap_or("never"));
        let _ = writeln!(text, "In an outcome: {}; in Python: {}.", one.json, one.python);
        text += one.notes.as_deref().unwrap_or_default();
        topics.push(Topic { kind: "type of values", name: one.name.clone(), other: Vec::new(), text });
    }
    for limit in &spec.values.run_limits {
        let default = match limit.default {
            LimitDefault::Number(number) => number.to_string(),
            LimitDefault::Word(_) => "none".to_owned(),
        };
        let flag = limit.name.replace('_', "-");
        let text = format!(
            "It counts {}. Default: {default}. A run that reaches it ends with {}.",
            limit.unit, limit.error
        );
        topics.push(Topic {
            kind: "limit of a run",
            name: limit.name.clone(),
            other: vec![flag.clone(), format!("--{flag}")],
            text,
        });
    }
    for limit in &spec.format.limits {
        let text = format!("{} at the most: {}.", limit.value, limit.reason);
        topics.push(Topic {
            kind: "limit of the file format",
            name: limit.name.clone(),
            other: Vec::new(),
            text,
        });
    }
    language(&spec.language, &mut topics);
    topics
}

fn opcode(opcode: &OpcodeEntry) -> Topic {
    let operands: Vec<&str> = opcode.operands.iter().map(|operand| operand.name.as_str()).collect();
    let call = format!("{} {}", opcode.mnemonic(), operands.join(", "));
    let mut text = format!("{}\n\n{}\n", call.trim_end(), opcode.summary.trim_end());
    if let Some(notes) = &opcode.notes {
        let _ = writeln!(text, "\n{}", notes.trim_end());
    }
    let _ = writeln!(text, "\nOpcode {}, {}.", opcode.number, opcode.name);
    for operand in &opcode.operands {
        let _ = writeln!(text, "  {}: {}", operand.name, operand.role);
    }
    for one in &opcode.types {
        let _ = writeln!(text, "  {}", rule(opcode, one));
    }
    if !opcode.errors.is_empty() {
        let _ = writeln!(text, "  errors: {}", opcode.errors.join(", "));
    }
    Topic {
        kind: "opcode",
        name: opcode.mnemonic(),
        other: vec![opcode.name.clone(), opcode.variant()],
        text,
    }
}

fn error(spec: &Spec, entry: &ErrorEntry, when: &str) -> Topic {
    let mut text = format!("{when}\n");
    for variant in entry.all_variants() {
        let _ = writeln!(text, "\n{}\n  {}", variant.message, variant.summary.trim_end());
    }
    let givers: Vec<String> = spec
        .isa
        .opcodes
        .iter()
        .filter(|opcode| opcode.errors.contains(&entry.kind))
        .map(OpcodeEntry::mnemonic)
        .collect();
    if !givers.is_empty() {
        let _ = writeln!(text, "\nInstructions that can give it: {}.", givers.join(", "));
    }
    let limits: Vec<&str> = spec
        .values
        .run_limits
        .iter()
        .filter(|limit| limit.error == entry.kind)
        .map(|limit| limit.name.as_str())
        .collect();
    if !limits.is_empty() {
        let _ = writeln!(text, "\nThe limit: {}.", limits.join(", "));
    }
    Topic { kind: "error", name: entry.kind.clone(), other: vec![snake_case(&entry.kind)], text }
}

fn language(language: &Language, topics: &mut Vec<Topic>) {
    for form in &language.forms {
        let text = format!(
            "{}\n\n{}\n\nThis page\n\n{}\nprints\n\n{}",
            form.form,
            form.summary,
            indented(&form.example),
            indented(&form.prints)
        );
        topics.push(Topic {
            kind: "form of the language",
            name: form.name.clone(),
            other: vec![form.name.replace('_', " ")],
            text,
        });
    }
    for operator in &language.operators {
        let written: Vec<&str> =
            operator.signs.iter().chain(&operator.spellings).map(String::as_str).collect();
        let text = format!("Written: {}.\n{}.", written.join(", "), operator.summary);
        let other =
            written.iter().map(|text| (*text).to_owned()).chain([operator.name.replace('_', " ")]).collect();
        topics.push(Topic { kind: "operator of the language", name: operator.name.clone(), other, text });
    }
    for one in &language.types {
        let holds: Vec<&str> = one
            .holds
            .iter()
            .filter_map(|name| language.static_types.iter().find(|known| known.name == *name))
            .map(|known| known.summary.as_str())
            .collect();
        let holds = if holds.is_empty() { "empty alone".to_owned() } else { holds.join(", or ") };
        let text =
            format!("Written: {}.\nWhat fits: {holds}; empty fits every type.", one.spellings.join(", "));
        topics.push(Topic {
            kind: "type of the language",
            name: one.name.clone(),
            other: one.spellings.clone(),
            text,
        });
    }
    for entry in &language.diagnostics {
        let mut text = format!("{}: {}\n", entry.severity, entry.message);
        if let Some(hint) = &entry.hint {
            let _ = writeln!(text, "hint: {hint}");
        }
        let _ = writeln!(text, "\nIt stands at {}.", entry.at);
        if let (Some(example), Some(line)) = (&entry.example, entry.line) {
            let _ = writeln!(text, "Line {line} of this page gives it:\n\n{}", indented(example));
        }
        topics.push(Topic {
            kind: "diagnostic of a page",
            name: entry.kind.clone(),
            other: vec![snake_case(&entry.kind)],
            text,
        });
    }
    for one in &language.rules {
        let other = vec![format!("rule {}", one.id)];
        topics.push(Topic {
            kind: "rule of the language",
            name: one.id.clone(),
            other,
            text: one.text.clone(),
        });
    }
    for limit in &language.limits {
        let text = format!("{} at the most: {}.", limit.value, limit.reason);
        topics.push(Topic {
            kind: "limit of the language",
            name: limit.name.clone(),
            other: Vec::new(),
            text,
        });
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}
