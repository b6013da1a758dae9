//! The reference for people: one page of Markdown.

use std::fmt::Write as _;

use super::cell;
use super::python::rule;
use crate::Spec;
use crate::model::{ErrorEntry, Isa, LimitDefault, OpcodeEntry};

/// `spec/REFERENCE.md`.
#[must_use]
pub fn reference(spec: &Spec) -> String {
    let Spec { isa, values, format, errors, .. } = spec;
    let sources = "spec/isa.yaml, spec/values.yaml, spec/format.yaml, spec/errors.yaml and spec/state.yaml";
    let mut out = format!("<!-- {} -->\n\n", super::banner(sources, super::WRITE));
    out += "# Machine Dialect bytecode: the reference\n\n";
    let _ = writeln!(
        out,
        "Version {} of the format: {} opcodes, {} registers a frame, {} types of values. [The instructions](#instructions), \
         [rules](#rules), [values](#values), [the file format](#file-format), [errors](#errors), [limits of a run](#limits-of-a-run), \
         [states](#states).\n",
        format.version,
        isa.opcodes.len(),
        isa.registers,
        values.types.len()
    );
    instructions(isa, &mut out);
    rules(isa, &mut out);
    values_section(values, &mut out);
    format_section(format, &mut out);
    out += "## Errors\n\n";
    for (title, entries) in [
        ("Of loading", &errors.load),
        ("Of instructions", &errors.run),
        ("Of limits", &errors.limit),
        ("Of the host", &errors.host),
        ("Of states", &errors.state),
    ] {
        let _ = writeln!(out, "### {title}\n\n| kind | message | when |\n|---|---|---|");
        for entry in entries {
            error_rows(entry, &mut out);
        }
        out.push('\n');
    }
    out += "## Limits of a run\n\n| limit | counts | default | error |\n|---|---|---|---|\n";
    for limit in &values.run_limits {
        let default = match limit.default {
            LimitDefault::Number(number) => number.to_string(),
            LimitDefault::Word(_) => "none".to_owned(),
        };
        let _ = writeln!(out, "| `{}` | {} | {default} | `{}` |", limit.name, limit.unit, limit.error);
    }
    out += "\nMemory is counted by a cost model that all implementations share; `spec/values.yaml` has its rules.\n\n";
    out += "| what | bytes | |\n|---|---|---|\n";
    for cost in &values.costs {
        let _ = writeln!(out, "| {} | {} | {} |", cost.name, cost.bytes, cell(&cost.summary));
    }
    super::state::section(&spec.state, &mut out);
    out
}

fn instructions(isa: &Isa, out: &mut String) {
    *out += "## Instructions\n\nAn instruction is its opcode byte and its operands, in this order, little-endian.\n\n";
    *out += "| operand | bytes | in assembly | |\n|---|---|---|---|\n";
    for role in &isa.roles {
        let bytes = role.bytes.join(", ");
        let _ = writeln!(out, "| {} | {bytes} | `{}` | {} |", role.name, role.text, cell(&role.summary));
    }
    *out += "\n| | instruction | |\n|---|---|---|\n";
    for opcode in &isa.opcodes {
        let mnemonic = opcode.mnemonic();
        let summary = code(&opcode.summary);
        let _ = writeln!(out, "| {} | [`{mnemonic}`](#{mnemonic}) | {summary} |", opcode.number);
    }
    out.push('\n');
    for opcode in &isa.opcodes {
        instruction(isa, opcode, out);
    }
}

fn rules(isa: &Isa, out: &mut String) {
    *out += "## Rules\n\nWhat the tables do not say. Code and cases cite the rules by their ids.\n\n";
    for rule in &isa.rules {
        let _ = writeln!(out, "### {}\n\n{}: {}\n", rule.id, rule.subject, rule.text);
        if !rule.opcodes.is_empty() {
            let links = rule.opcodes.iter().map(|name| format!("[`{name}`](#{name})"));
            let _ = writeln!(out, "{}\n", links.collect::<Vec<_>>().join(", "));
        }
    }
}

fn instruction(isa: &Isa, opcode: &OpcodeEntry, out: &mut String) {
    let operands: Vec<&str> = opcode.operands.iter().map(|operand| operand.name.as_str()).collect();
    let call = format!("{} {}", opcode.mnemonic(), operands.join(", "));
    let _ = writeln!(
        out,
        "### {}\n\n`{}` — opcode {}, `{}`",
        opcode.mnemonic(),
        call.trim_end(),
        opcode.number,
        opcode.name
    );
    let _ = writeln!(out, "\n{}\n", code(&opcode.summary));
    if let Some(notes) = &opcode.notes {
        let _ = writeln!(out, "{}\n", notes.trim_end());
    }
    for operand in &opcode.operands {
        let _ = writeln!(out, "- `{}`: {}", operand.name, operand.role);
    }
    for one in &opcode.types {
        let _ = writeln!(out, "- `{}`", rule(opcode, one));
    }
    if !opcode.errors.is_empty() {
        let _ = writeln!(out, "- errors: {}", opcode.errors.join(", "));
    }
    let mnemonic = opcode.mnemonic();
    let about = isa.rules.iter().filter(|rule| rule.opcodes.contains(&mnemonic));
    let links: Vec<String> =
        about.map(|rule| format!("[{}](#{})", rule.id, rule.id.to_lowercase())).collect();
    if !links.is_empty() {
        let _ = writeln!(out, "- rules: {}", links.join(", "));
    }
    out.push('\n');
}

fn values_section(values: &crate::model::Values, out: &mut String) {
    *out += "## Values\n\n| id | type | false when | text | in an outcome | in Python |\n|---|---|---|---|---|---|\n";
    for one in &values.types {
        let falsy = one.false_when.as_deref().unwrap_or("never");
        let _ = writeln!(
            out,
            "| {} | {} | {falsy} | {} | `{}` | `{}` |",
            one.id,
            one.name,
            cell(&one.text),
            one.json,
            one.python
        );
    }
    out.push('\n');
    for one in &values.types {
        if let Some(notes) = &one.notes {
            let _ = writeln!(out, "- {}: {}", one.name, notes.trim_end());
        }
    }
    *out += "\nCasts; every other is `TypeMismatch`.\n\n| to | from | gives | if |\n|---|---|---|---|\n";
    for cast in &values.casts {
        let when = cast.when.as_deref().unwrap_or("always");
        let _ = writeln!(out, "| {} | {} | {} | {when} |", cast.to, cast.from, cell(&cast.gives));
    }
    *out += "\nAssertions.\n\n| id | kind | passes when |\n|---|---|---|\n";
    for kind in &values.assert_kinds {
        let _ = writeln!(out, "| {} | `{}` | {} |", kind.id, kind.name, kind.passes_when);
    }
    out.push('\n');
}

fn format_section(format: &crate::model::Format, out: &mut String) {
    let _ = writeln!(out, "## File format\n\nLittle-endian. A string is a {}.\n", format.string_layout);
    *out += "| header field | bytes | |\n|---|---|---|\n";
    for field in &format.header {
        let _ = writeln!(out, "| {} | {} | {} |", field.name, field.bytes, cell(&field.summary));
    }
    let _ = writeln!(
        out,
        "\n`flags` must be {}, and `version` {}. A run starts at the function `{}`; where there is none, at instruction 0.",
        format.flags, format.version, format.entry_function
    );
    *out += "\n| section | layout | |\n|---|---|---|\n";
    for section in &format.sections {
        let _ = writeln!(out, "| {} | {} | {} |", section.name, section.layout, cell(&section.summary));
    }
    *out += "\n| constant tag | type | payload |\n|---|---|---|\n";
    for constant in &format.constants {
        let _ = writeln!(out, "| {} | {} | {} |", constant.tag, constant.type_name, constant.layout);
    }
    *out += "\n| limit | value | because |\n|---|---|---|\n";
    for limit in &format.limits {
        let _ = writeln!(out, "| {} | {} | {} |", limit.name, limit.value, cell(&limit.reason));
    }
    let _ =
        writeln!(out, "\nThe first fault is reported, in this order: {}.\n", format.fault_order.join(", "));
    source_map(&format.source_map, out);
}

fn source_map(map: &crate::model::SourceMap, out: &mut String) {
    let _ = writeln!(
        out,
        "### Source maps\n\nA source map, `{}`, may stand beside a module of the same name. It says which place of a page each \
         instruction comes from, and is read when an error is shown or a module is disassembled, never to run one. Version {}; \
         {} bytes or more, little-endian.\n",
        map.extension, map.version, map.least_bytes
    );
    *out += "| header field | bytes | |\n|---|---|---|\n";
    for field in &map.header {
        let _ = writeln!(out, "| {} | {} | {} |", field.name, field.bytes, cell(&field.summary));
    }
    *out += "\nThen the sections, each a u32 length in bytes and its fields. How fields are encoded:\n\n";
    *out += "| encoding | layout | |\n|---|---|---|\n";
    for one in &map.encodings {
        let _ = writeln!(out, "| {} | {} | {} |", one.name, cell(&one.layout), cell(&one.summary));
    }
    *out += "\n| section | field | encoding | |\n|---|---|---|---|\n";
    for section in &map.sections {
        let _ = writeln!(out, "| **{}** | | | {} |", section.name, cell(&section.summary));
        for field in &section.fields {
            let _ = writeln!(out, "| | {} | {} | {} |", field.name, field.encoding, cell(&field.summary));
        }
    }
    out.push('\n');
}

fn error_rows(entry: &ErrorEntry, out: &mut String) {
    for variant in entry.all_variants() {
        let (kind, message, summary) = (&entry.kind, code(&variant.message), cell(&variant.summary));
        let _ = writeln!(out, "| `{kind}` | {message} | {summary} |");
    }
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}
