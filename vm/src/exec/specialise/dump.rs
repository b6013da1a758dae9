//! Specialised code as text, for people and for tests of translation.

use std::fmt::Write as _;

use crate::exec::interpreter::Program;
use crate::exec::specialise::code::{Code, From};
use crate::exec::specialise::context::{Source, TypeContext};
use crate::exec::specialise::op::{CodeAddr, SpecOp};
use crate::exec::specialise::types::Type;

impl Code {
    /// All code there is, in order: versions with the types that they are for, instructions with what is known of their operands,
    /// exits with where they lead and what they do before, and the stubs that were not reached.
    pub(crate) fn dump(&self, program: &Program) -> String {
        let mut out = String::new();
        for (place, op) in self.ops.iter().enumerate() {
            let at = CodeAddr::of(place);
            let mut begun =
                self.versions.iter().flat_map(|(pc, versions)| versions.iter().map(move |it| (pc, it)));
            if let Some((pc, version)) = begun.find(|(_, version)| version.at == at) {
                let types = types_of(&version.context);
                let _ = writeln!(out, "version of {}, for {types}", baseline(program, *pc));
            }
            let mut line = format!("{place:>5}  {op}");
            if let Some(exit) = self.exits.get(self.ops.exit_of(place))
                && op.has_exit()
            {
                pad(&mut line);
                let _ = write!(line, "{}exit to {}", operands(op, &exit.context), baseline(program, exit.pc));
                describe(&exit.context, &mut line);
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
        for (number, stub) in self.stubs.iter().enumerate() {
            let Some(stub) = stub else { continue };
            let from = match stub.from {
                From::Code(place) => format!("@{place}"),
                From::Return { site } => format!("the return of call {site}"),
                From::Call { site } => format!("call {site}"),
            };
            let mut line = format!("stub {number}");
            pad(&mut line);
            let _ = write!(line, "{} from {from}", baseline(program, stub.pc));
            describe(&stub.context, &mut line);
            let _ = writeln!(out, "{line}");
        }
        out
    }
}

/// Where the second column begins.
const COLUMN: usize = 64;

fn pad(line: &mut String) {
    let missing = COLUMN.saturating_sub(line.len()).max(2);
    line.extend(std::iter::repeat_n(' ', missing));
}

/// The baseline instruction at an index.
fn baseline(program: &Program, pc: u32) -> String {
    let opcode = program.module.opcode(pc as usize);
    opcode.map_or_else(|| format!("{pc} end"), |opcode| format!("{pc} {}", opcode.spec().mnemonic))
}

fn name(ty: Type) -> &'static str {
    match ty {
        Type::Any => "any",
        Type::Free => "free",
        Type::Scalar => "scalar",
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Float => "float",
    }
}

/// The types of a context. Most registers are not used and hold a scalar, which is left out.
fn types_of(context: &TypeContext) -> String {
    let known = context.types.iter().enumerate().filter(|(_, ty)| **ty != Type::Scalar);
    let texts: Vec<String> = known.map(|(register, ty)| format!("r{register}: {}", name(*ty))).collect();
    if texts.is_empty() { "scalars".to_owned() } else { texts.join(", ") }
}

/// What is known of the registers of an instruction.
fn operands(op: &SpecOp, context: &TypeContext) -> String {
    let mut shown: Vec<u8> = Vec::new();
    for access in op.unfused().accesses() {
        if !shown.contains(&access.slot.register()) {
            shown.push(access.slot.register());
        }
    }
    let texts: Vec<String> =
        shown.iter().map(|register| format!("r{register}: {}", name(context.type_of(*register)))).collect();
    if texts.is_empty() { String::new() } else { format!("{}; ", texts.join(", ")) }
}

/// What is still to be charged and stored.
fn describe(context: &TypeContext, line: &mut String) {
    if context.steps > 0 {
        let _ = write!(line, ", {} steps", context.steps);
    }
    for (register, source) in &context.deferred {
        let source = match source {
            Source::Slot(slot) => format!("r{slot}"),
            Source::Constant(constant) => format!("constant {constant}"),
            Source::Bool(value) => value.to_string(),
        };
        let _ = write!(line, ", r{register} = {source}");
    }
}
