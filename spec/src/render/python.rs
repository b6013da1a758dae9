//! The tables of the Python reference interpreter.

use std::fmt::Write as _;

use crate::Spec;
use crate::model::{ErrorEntry, LimitDefault, MapField, NoLimit, OpcodeEntry, TypeRule};

/// `_tables.py` of the reference interpreter.
#[must_use]
pub fn tables(spec: &Spec) -> String {
    let Spec { isa, values, format, errors, state, .. } = spec;
    let sources = "spec/isa.yaml, spec/values.yaml, spec/format.yaml, spec/errors.yaml and spec/state.yaml";
    let mut out = format!("# {}\n", super::banner(sources, super::WRITE));
    let mut scalar = |name: &str, doc: &str, value: Literal| {
        let _ = writeln!(out, "\n# {doc}\n{name} = {value}");
    };
    scalar("MAGIC", "The first bytes of a module.", text(&format.magic));
    scalar("VERSION", "The only version there is.", number(format.version));
    scalar("FLAGS", "The only flags of this version.", number(format.flags));
    scalar(
        "ENTRY_FUNCTION",
        "Execution starts here, where there is a function of this name.",
        text(&format.entry_function),
    );
    let header = format.header.iter().map(|field| (text(&field.name), number(field.bytes)));
    table(&mut out, "HEADER", "Header field -> bytes, in order.", header);
    let sections = format
        .sections
        .iter()
        .map(|section| (text(&section.name), section.least.map_or(Literal::None, number)));
    let doc =
        "Section -> the fewest bytes an entry can take, or None where it has no entries; in decoding order.";
    table(&mut out, "SECTIONS", doc, sections);
    let tags = format.constants.iter().map(|constant| (number(constant.tag), text(&constant.type_name)));
    table(&mut out, "CONSTANT_TAGS", "Constant tag -> type.", tags);
    let limits = format.limits.iter().map(|limit| (text(&limit.name), number(limit.value)));
    table(&mut out, "LIMITS", "Limits of a module.", limits);
    let map = &format.source_map;
    let _ = writeln!(out, "\n# The first bytes of a source map.\nSOURCE_MAP_MAGIC = {}", text(&map.magic));
    let _ = writeln!(out, "\n# The only version of source maps.\nSOURCE_MAP_VERSION = {}", map.version);
    let header = map.header.iter().map(|field| (text(&field.name), number(field.bytes)));
    table(&mut out, "SOURCE_MAP_HEADER", "Header field of a source map -> bytes, in order.", header);
    let encodings = map.encodings.iter().map(|one| (text(&one.name), text(&one.layout)));
    table(&mut out, "SOURCE_MAP_ENCODINGS", "Encoding in a source map -> layout.", encodings);
    let sections = map.sections.iter().map(|section| {
        let field = |field: &MapField| Literal::Tuple(vec![text(&field.name), text(&field.encoding)]);
        (text(&section.name), Literal::Tuple(section.fields.iter().map(field).collect()))
    });
    let doc = "Section of a source map -> ((field, encoding), ...), in order.";
    table(&mut out, "SOURCE_MAP_SECTIONS", doc, sections);
    let _ = writeln!(out, "\n# Registers of a frame.\nREGISTERS = {}", isa.registers);
    let types = values
        .types
        .iter()
        .map(|one| (number(one.id), Literal::Tuple(vec![text(&one.name), text(&one.title)])));
    table(&mut out, "TYPES", "Type id -> name, title.", types);
    let kinds = values.assert_kinds.iter().map(|kind| {
        (number(kind.id), Literal::Tuple(vec![text(&kind.name), Literal::Bool(kind.takes_range)]))
    });
    table(&mut out, "ASSERT_KINDS", "Assert kind -> name, whether a range follows.", kinds);
    let costs = values.costs.iter().map(|cost| (text(&cost.name), number(cost.bytes)));
    table(&mut out, "COSTS", "Bytes of the cost model.", costs);
    let limits = values.run_limits.iter().map(|limit| {
        let default = match limit.default {
            LimitDefault::Number(limit) => number(limit),
            LimitDefault::Word(NoLimit::None) => Literal::None,
        };
        (text(&limit.name), Literal::Tuple(vec![default, text(&limit.error)]))
    });
    table(&mut out, "RUN_LIMITS", "Limit of a run -> default (None is no limit), error.", limits);
    for (name, doc, value) in [
        (
            "OUTCOME_WEIGHT_LIMIT",
            "A value heavier than this is elided in an outcome.",
            values.outcome_weight_limit,
        ),
        (
            "TRACE_TEXT_BYTES",
            "How much of a value's text goes into the digest of a trace.",
            values.trace_text_bytes as u64,
        ),
        (
            "TRACE_STEPS",
            "A trace holds this many of the first instructions executed.",
            values.trace_steps as u64,
        ),
        ("TRACKED_SCOPES", "How many open scopes a frame remembers.", values.tracked_scopes as u64),
    ] {
        let _ = writeln!(out, "\n# {doc}\n{name} = {value}");
    }
    let phrases = errors.expectations.iter().map(|phrase| (text(&phrase.name), text(&phrase.text)));
    table(&mut out, "EXPECTATIONS", "What a TypeMismatch may say it expected.", phrases);
    let phrases = errors.operations.iter().map(|phrase| (text(&phrase.name), text(&phrase.text)));
    table(&mut out, "OPERATIONS", "What an InvalidOperation may say was tried.", phrases);
    let variants = errors.load.iter().chain(errors.of_runs()).chain(&errors.state).flat_map(error_rows);
    let doc = "Error variant -> kind, message, ((field, type of the field), ...).";
    table(&mut out, "ERRORS", doc, variants);
    let _ = writeln!(out, "\n# The only version of states.\nSTATE_VERSION = {}", state.version);
    for (name, doc, fields) in [
        ("STATE_FIELDS", "Field of a state -> its form, in order.", &state.fields),
        ("STATE_FRAME", "Field of a frame in a state -> its form, in order.", &state.frame),
        ("STATE_OBJECTS", "Object of a state -> the form of its content.", &state.objects),
        (
            "STATE_VALUES",
            "Value of a state that is no JSON value as such -> the form of its content.",
            &state.values,
        ),
    ] {
        table(&mut out, name, doc, fields.iter().map(|field| (text(&field.name), text(&field.form))));
    }
    let doc = "Opcode -> name, mnemonic, summary, ((operand, role), ...), flow, effects, errors.";
    table(&mut out, "OPCODES", doc, isa.opcodes.iter().map(opcode_row));
    let rules = isa.opcodes.iter().map(|opcode| {
        (
            number(opcode.number),
            Literal::Tuple(opcode.types.iter().map(|one| text(&rule(opcode, one))).collect()),
        )
    });
    let doc = "Opcode -> what its operand types give; the first rule that matches wins.";
    table(&mut out, "TYPE_RULES", doc, rules);
    out
}

fn error_rows(entry: &ErrorEntry) -> Vec<(Literal, Literal)> {
    let row = |variant: crate::model::Variant| {
        let fields = variant
            .fields
            .iter()
            .map(|field| Literal::Tuple(vec![text(&field.name), text(&field.kind)]))
            .collect();
        let row = vec![text(&entry.kind), text(&variant.message), Literal::Tuple(fields)];
        (text(&variant.name), Literal::Tuple(row))
    };
    entry.all_variants().into_iter().map(row).collect()
}

fn opcode_row(opcode: &OpcodeEntry) -> (Literal, Literal) {
    let operands = opcode
        .operands
        .iter()
        .map(|operand| Literal::Tuple(vec![text(&operand.name), text(&operand.role)]))
        .collect();
    let row = vec![
        text(&opcode.name),
        text(&opcode.mnemonic()),
        text(&opcode.summary),
        Literal::Tuple(operands),
        text(&opcode.flow),
        Literal::Tuple(opcode.effects.iter().map(|effect| text(effect)).collect()),
        Literal::Tuple(opcode.errors.iter().map(|error| text(error)).collect()),
    ];
    (number(opcode.number), Literal::Tuple(row))
}

/// A type rule in one line, its operands in their order: `left: int, right: int -> int`.
pub(super) fn rule(opcode: &OpcodeEntry, rule: &TypeRule) -> String {
    let when: Vec<String> = opcode
        .operands
        .iter()
        .filter_map(|operand| Some(format!("{}: {}", operand.name, rule.when.get(&operand.name)?)))
        .collect();
    let error = rule.error.iter().map(|error| match &rule.expected {
        Some(expected) => format!("{error} (expected {})", expected.replace('_', " ")),
        None => error.clone(),
    });
    let gives: Vec<String> =
        rule.gives.iter().cloned().chain(error).chain(rule.may.iter().cloned()).collect();
    let space = if when.is_empty() { "" } else { " " };
    format!("{}{space}-> {}", when.join(", "), gives.join(" or "))
}

/// A literal of Python.
pub(super) enum Literal {
    None,
    Bool(bool),
    Number(u64),
    Text(String),
    Tuple(Vec<Literal>),
}

pub(super) fn text(text: &str) -> Literal {
    Literal::Text(text.to_owned())
}

pub(super) fn number(number: impl Into<u64>) -> Literal {
    Literal::Number(number.into())
}

impl std::fmt::Display for Literal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => {
                let text =
                    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
                write!(f, "\"{text}\"")
            }
            Self::Tuple(items) => {
                f.write_str("(")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str(if items.len() == 1 { ",)" } else { ")" })
            }
        }
    }
}

fn table(out: &mut String, name: &str, doc: &str, rows: impl Iterator<Item = (Literal, Literal)>) {
    let _ = writeln!(out, "\n# {doc}\n{name} = {{");
    for (key, value) in rows {
        let _ = writeln!(out, "    {key}: {value},");
    }
    out.push_str("}\n");
}
