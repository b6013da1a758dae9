//! The Rust that `vm/build.rs` includes.

mod constant;
mod dispatch;
mod errors;
mod execution;
mod instruction;
mod language;
mod specops;
mod topics;
mod translatable;
mod values;

use crate::Spec;
use crate::model::{Role, snake_case};

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RustFile {
    /// The file name that `vm/src` includes.
    pub name: &'static str,
    /// Its text.
    pub text: String,
}

/// Every file that the VM includes.
#[must_use]
pub fn render(spec: &Spec) -> Vec<RustFile> {
    vec![
        RustFile { name: "constant.rs", text: constant::render(spec) },
        RustFile { name: "instruction.rs", text: instruction::render(spec) },
        RustFile { name: "dispatch.rs", text: dispatch::render(spec) },
        RustFile { name: "values.rs", text: values::render(spec) },
        RustFile { name: "errors.rs", text: errors::render(spec) },
        RustFile { name: "language.rs", text: language::render(spec) },
        RustFile { name: "specops.rs", text: specops::render(spec) },
        RustFile { name: "execution.rs", text: execution::render(spec) },
        RustFile { name: "topics.rs", text: topics::render(spec) },
        RustFile { name: "translatable.rs", text: translatable::render(spec) },
    ]
}

const COMMAND: &str = "cargo run -p mdvm-spec -- render rust";

fn header(files: &str) -> String {
    format!("// {}\n", super::banner(files, COMMAND))
}

/// The name as a Rust identifier: keywords become raw.
fn identifier(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
        "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
        "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static",
        "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where",
        "while", "yield",
    ];
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// The name of the semantic function of an opcode.
fn function(opcode: &crate::model::OpcodeEntry) -> String {
    identifier(&opcode.mnemonic())
}

/// The operands of an opcode as Rust identifiers with their roles.
fn operands(opcode: &crate::model::OpcodeEntry) -> Vec<(String, Role)> {
    opcode
        .operands
        .iter()
        .filter_map(|operand| Role::from_name(&operand.role).map(|role| (identifier(&operand.name), role)))
        .collect()
}

/// `{ a, b }` after a variant's name, or nothing where it has no operands.
fn pattern(operands: &[(String, Role)]) -> String {
    if operands.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = operands.iter().map(|(name, _)| name.as_str()).collect();
    format!(" {{ {} }}", names.join(", "))
}

/// `IntegerOverflow` becomes `INTEGER_OVERFLOW`.
fn constant_name(name: &str) -> String {
    snake_case(name).to_ascii_uppercase()
}

/// The text as a Rust string literal.
fn literal(text: &str) -> String {
    format!("{text:?}")
}

/// The text with a capital letter at its beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
