//! What the translator to specialised code has an arm for.

use std::fmt::Write as _;

use super::dispatch::lowered_type;
use super::{header, operands, pattern};
use crate::Spec;

pub(super) fn render(spec: &Spec) -> String {
    let mut out = header("spec/isa.yaml");
    out.push_str(
        "\n/// The instructions that the translator has an arm for (`specialised: true` in `spec/isa.yaml`). Those that are missing in\n\
         /// `vm/src/exec/specialise/translate/instructions.rs` do not compile.\n\
         #[allow(dead_code, reason = \"some are executed as they are, and give a type that is known\")]\npub(crate) enum Translatable {\n",
    );
    let mut arms = String::new();
    let mut others = Vec::new();
    for opcode in &spec.isa.opcodes {
        let (variant, operands) = (opcode.variant(), operands(opcode));
        if !opcode.specialised {
            let rest = if operands.is_empty() { "" } else { " { .. }" };
            others.push(format!("Op::{variant}{rest}"));
            continue;
        }
        let fields: Vec<String> =
            operands.iter().map(|(name, role)| format!("{name}: {}", lowered_type(*role))).collect();
        let body = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
        let _ = writeln!(out, "    {variant}{body},");
        let _ = writeln!(arms, "            Op::{variant}{0} => Self::{variant}{0},", pattern(&operands));
    }
    out.push_str("    /// One that is executed as it is.\n    Other,\n}\n");
    if !others.is_empty() {
        let _ = writeln!(arms, "            {} => Self::Other,", others.join("\n                | "));
    }
    let _ = writeln!(
        out,
        "\nimpl From<Op> for Translatable {{\n    fn from(op: Op) -> Self {{\n        match op {{\n{arms}        }}\n    }}\n}}"
    );
    out
}
