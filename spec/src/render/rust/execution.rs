//! The arms of the loop over specialised code: one call each of the function that is named after the instruction.

use std::fmt::Write as _;

use super::specops::typed_slot;
use super::{header, identifier};
use crate::Spec;
use crate::model::snake_case;
use crate::model::specops::{SpecFlow, SpecOpEntry, SpecOperand, SpecOps};

pub(super) fn render(spec: &Spec) -> String {
    let mut out = header("spec/specops.yaml");
    out.push_str(
        "/// Executes an instruction, and of a superinstruction the second half too, where it stands behind. Leaves the loop that is\n\
         /// named by `$stop` where the instruction exits. Each is a function in a file of `vm/src/exec/specialise/execute/`; one that has no\n\
         /// exit and goes on to the next gives nothing, all others a `Step`. What is missing does not compile.\n\
         macro_rules! execute_op {\n    ($execution:ident, $op:expr, $stop:lifetime) => {\n        match $op {\n",
    );
    let specops = &spec.specops;
    let ops = &specops.ops;
    let find = |name: &str| ops.iter().find(|op| op.name == name);
    for op in ops {
        match op.fuses.as_slice() {
            [first, second] => {
                let Some((first, second)) = find(first).zip(find(second)) else { continue };
                if op.operands.iter().all(|operand| operand.kind == "triple") {
                    render_pair(specops, op, first, second, &mut out);
                } else {
                    render_fused(specops, op, first, second, &mut out);
                }
            }
            _ => {
                let _ = writeln!(
                    out,
                    "            &SpecOp::{}{} => {{ {} }}",
                    op.name,
                    fields(op),
                    last(specops, op)
                );
            }
        }
    }
    out.push_str("        }\n    };\n}\n");
    out
}

/// Two operations on numbers whose registers are all in the superinstruction.
fn render_pair(
    specops: &SpecOps,
    op: &SpecOpEntry,
    first: &SpecOpEntry,
    second: &SpecOpEntry,
    out: &mut String,
) {
    let _ = writeln!(
        out,
        "            &SpecOp::{} {{ first, second }} => {{\n                let Triple {{ dst, left, right }} = first;\n                {}\n                let Triple {{ dst, left, right }} = second;\n                {}\n                $execution.skip();\n            }}",
        op.name,
        last(specops, first),
        last(specops, second)
    );
}

/// The exit of a second half can be forced, as that of an instruction which the loop takes.
const FORCED: &str = "if $execution.is_forced() { break $stop $execution.forced_out(); } ";

/// An instruction, and then the one that is behind it, if it is the expected one.
fn render_fused(
    specops: &SpecOps,
    op: &SpecOpEntry,
    first: &SpecOpEntry,
    second: &SpecOpEntry,
    out: &mut String,
) {
    let then = format!(
        "if let &SpecOp::{}{} = $execution.peek() {{ $execution.skip(); {}{} }}",
        second.name,
        fields(second),
        if second.exits.is_empty() { "" } else { FORCED },
        last(specops, second)
    );
    let both = if gives_step(first) {
        format!(
            "match {} {{\n                    Step::Next => {then}\n                    Step::Jumped => {{}}\n                    Step::Exit(reason) => break $stop reason,\n                }}",
            call(specops, first)
        )
    } else {
        format!("{}\n                {then}", last(specops, first))
    };
    let _ = writeln!(
        out,
        "            &SpecOp::{}{} => {{\n                {both}\n            }}",
        op.name,
        fields(first)
    );
}

/// Whether an instruction may do something else than to go on to the next.
fn gives_step(op: &SpecOpEntry) -> bool {
    op.flow != SpecFlow::Next.name() || !op.exits.is_empty()
}

/// An instruction that the loop goes on behind.
fn last(specops: &SpecOps, op: &SpecOpEntry) -> String {
    if gives_step(op) {
        format!("if let Step::Exit(reason) = {} {{ break $stop reason; }}", call(specops, op))
    } else {
        format!("{};", call(specops, op))
    }
}

fn call(specops: &SpecOps, op: &SpecOpEntry) -> String {
    let argument = |one: &SpecOperand| match typed_slot(specops, op, one) {
        Some(_) => format!("*{}", one.name),
        None => one.name.clone(),
    };
    let arguments: Vec<String> = op.operands.iter().map(argument).collect();
    format!("$execution.{}({})", identifier(&snake_case(&op.name)), arguments.join(", "))
}

fn names(op: &SpecOpEntry) -> String {
    let names: Vec<&str> = op.operands.iter().map(|operand| operand.name.as_str()).collect();
    names.join(", ")
}

fn fields(op: &SpecOpEntry) -> String {
    if op.operands.is_empty() { String::new() } else { format!(" {{ {} }}", names(op)) }
}
