//! The interpreter's internal code and its dispatch.
//!
//! Each arm fetches the operands of one opcode, calls the one semantic function that bears its mnemonic, and stores what
//! it gives. What the function takes follows from the declaration alone: first what the effects name, then the operands
//! that are read, in byte order. What it returns too: a value where a register is written, `bool` for a branch, and so
//! on; in a `Result` where the opcode lists an error of its own.

use std::fmt::Write as _;

use super::{function, operands, pattern};
use crate::Spec;
use crate::model::{Effect, Flow, OpcodeEntry, Role};

pub(super) fn render(spec: &Spec) -> String {
    let mut out = super::header("spec/isa.yaml");
    let opcodes = &spec.isa.opcodes;
    render_op(opcodes, &mut out);
    render_lower(opcodes, &mut out);
    render_dispatch(opcodes, &mut out);
    render_phi(opcodes, &mut out);
    render_reading(opcodes, &mut out);
    out
}

fn render_op(opcodes: &[OpcodeEntry], out: &mut String) {
    let _ = writeln!(
        out,
        "\n/// An instruction of the internal code: fixed size, targets absolute, names resolved."
    );
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy)]\npub(crate) enum Op {{");
    for opcode in opcodes {
        let fields: Vec<String> =
            operands(opcode).iter().map(|(name, role)| format!("{name}: {}", lowered_type(*role))).collect();
        let body = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
        let _ = writeln!(out, "    {}{body},", opcode.variant());
    }
    let _ = writeln!(out, "}}");
}

fn render_lower(opcodes: &[OpcodeEntry], out: &mut String) {
    let _ = writeln!(out, "\nimpl Op {{");
    let _ = writeln!(out, "    /// The internal form of an instruction; `at` knows where it stands.");
    let _ = writeln!(
        out,
        "    pub(crate) fn lower(instruction: &Instruction<'_>, at: &mut Place<'_>) -> Self {{"
    );
    let _ = writeln!(out, "        match *instruction {{");
    for opcode in opcodes {
        let operands = operands(opcode);
        let mut offset = 1;
        let mut bound = Vec::new();
        let mut fields = Vec::new();
        for (name, role) in &operands {
            let (binding, field) = match role {
                Role::Registers | Role::Phis | Role::Check => {
                    (format!("{name}: _"), format!("{name}: at.span({offset})"))
                }
                Role::Global => (name.clone(), format!("{name}: at.global({name})")),
                Role::Jump => (name.clone(), format!("{name}: at.target({name})")),
                Role::In
                | Role::Out
                | Role::InOut
                | Role::Tagged
                | Role::OptionalIn
                | Role::Constant
                | Role::Type
                | Role::Scope => (name.clone(), name.clone()),
            };
            bound.push(binding);
            fields.push(field);
            offset += encoded_bytes(*role);
        }
        let braces = |list: &[String]| {
            if list.is_empty() { String::new() } else { format!(" {{ {} }}", list.join(", ")) }
        };
        let _ = writeln!(
            out,
            "            Instruction::{0}{1} => Self::{0}{2},",
            opcode.variant(),
            braces(&bound),
            braces(&fields)
        );
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");
}

fn render_dispatch(opcodes: &[OpcodeEntry], out: &mut String) {
    let _ = writeln!(out, "\n/// Executes one instruction, up to where control goes next.");
    let _ = writeln!(out, "#[inline(always)]\npub(crate) fn dispatch<M: Mode>(");
    let _ = writeln!(
        out,
        "    op: Op,\n    registers: &mut FrameRegisters<'_, M>,\n    cx: &mut Environment<'_>,"
    );
    let _ = writeln!(out, ") -> Result<Flow, RuntimeError> {{\n    match op {{");
    for opcode in opcodes {
        render_arm(opcode, out);
    }
    let _ = writeln!(out, "    }}\n}}");
}

fn render_arm(opcode: &OpcodeEntry, out: &mut String) {
    let flow = Flow::from_name(&opcode.flow).unwrap_or(Flow::Next);
    let operands = operands(opcode);
    let named = |role: Role| operands.iter().find(|(_, one)| *one == role).map(|(name, _)| name.as_str());
    let call = semantic_call(opcode, flow, &operands);
    let mut lines = Vec::new();
    if named(Role::InOut).is_some() {
        // The operands are taken out first: one of them may be the very register that is changed.
        for (name, role) in &operands {
            if *role == Role::In {
                lines.push(format!("let {name} = registers.get({name}).clone();"));
            }
        }
    }
    match flow {
        Flow::Next => {
            if let Some(dst) = named(Role::Out) {
                lines.push(format!("let value = {call};"));
                lines.push(format!("registers.set({dst}, value);"));
            } else if let Some(dst) = named(Role::Tagged) {
                lines.push(format!("let tag = {call};"));
                lines.push(format!("registers.set_tag({dst}, tag);"));
            } else {
                lines.push(format!("{call};"));
            }
            lines.push("Ok(Flow::Next)".to_owned());
        }
        Flow::Jump => {
            let target = named(Role::Jump).unwrap_or_default();
            lines.push(format!("{call};"));
            lines.push(format!("Ok(Flow::Jump({target}))"));
        }
        Flow::Branch => {
            let target = named(Role::Jump).unwrap_or_default();
            lines.push(format!("Ok(if {call} {{ Flow::Jump({target}) }} else {{ Flow::Next }})"));
        }
        Flow::Call => {
            lines.push(format!("let function = {call};"));
            let dst = named(Role::Out).unwrap_or_default();
            let args = named(Role::Registers).unwrap_or_default();
            let field = |field: &str, name: &str| {
                if field == name { field.to_owned() } else { format!("{field}: {name}") }
            };
            lines.push(format!(
                "Ok(Flow::Call {{ function, {}, {} }})",
                field("dst", dst),
                field("args", args)
            ));
        }
        Flow::Return => lines.push(format!("Ok(Flow::Return({call}))")),
        Flow::Phi => lines.push("Ok(Flow::Phi)".to_owned()),
        Flow::Halt => {
            lines.push(format!("{call};"));
            lines.push("Ok(Flow::Halt)".to_owned());
        }
    }
    let bound = if flow == Flow::Phi { " { .. }".to_owned() } else { pattern(&operands) };
    let _ = writeln!(out, "        Op::{}{bound} => {{", opcode.variant());
    for line in lines {
        let _ = writeln!(out, "            {line}");
    }
    let _ = writeln!(out, "        }}");
}

fn semantic_call(opcode: &OpcodeEntry, flow: Flow, operands: &[(String, Role)]) -> String {
    let effects: Vec<Effect> = opcode.effects.iter().filter_map(|name| Effect::from_name(name)).collect();
    let mut arguments = Vec::new();
    for effect in &effects {
        match effect {
            // What a call charges is the frame, and the machine makes that.
            Effect::Memory if flow == Flow::Call => {}
            Effect::Memory => arguments.push("&cx.memory".to_owned()),
            Effect::Globals => arguments.push("&mut cx.globals".to_owned()),
            Effect::Output => arguments.push("&mut cx.output".to_owned()),
            Effect::Functions => arguments.push("cx.functions".to_owned()),
            Effect::Constants => arguments.push("cx.constants".to_owned()),
            Effect::Scopes => arguments.push("&mut cx.scopes".to_owned()),
            Effect::Tags => {}
        }
    }
    // The host is asked in the midst of it, by way of the memory of its run.
    if opcode.lengthy {
        arguments.insert(0, "&cx.memory".to_owned());
    }
    let changes = operands.iter().any(|(_, role)| *role == Role::InOut);
    for (name, role) in operands {
        match role {
            Role::In if effects.contains(&Effect::Tags) => arguments.push(format!("registers.tag({name})")),
            Role::In if changes => arguments.push(name.clone()),
            Role::In => arguments.push(format!("registers.get({name})")),
            Role::InOut => arguments.push(format!("registers.change({name})")),
            Role::OptionalIn => arguments.push(format!("{name}.map(|register| registers.get(register))")),
            Role::Constant => arguments.push(format!("cx.constant({name})")),
            Role::Check => arguments.push(format!("cx.check({name})")),
            Role::Global | Role::Type | Role::Scope => arguments.push(name.clone()),
            Role::Out | Role::Tagged | Role::Jump | Role::Registers | Role::Phis => {}
        }
    }
    let question_mark = if opcode.errors.is_empty() && !opcode.lengthy { "" } else { "?" };
    format!("ops::{}({}){question_mark}", function(opcode), arguments.join(", "))
}

fn render_phi(opcodes: &[OpcodeEntry], out: &mut String) {
    let _ = writeln!(out, "\nimpl Op {{");
    let _ = writeln!(
        out,
        "    /// Where a phi writes, and which register it reads when control came from `predecessor`."
    );
    let _ = writeln!(
        out,
        "    pub(crate) fn select(self, code: CodeBytes<'_>, predecessor: Option<usize>) -> Option<(Reg, Option<Reg>)> {{"
    );
    let _ = writeln!(out, "        match self {{");
    for opcode in opcodes {
        let operands = operands(opcode);
        let variant = opcode.variant();
        let phis = operands.iter().find(|(_, role)| *role == Role::Phis).map(|(name, _)| name);
        let dst = operands.iter().find(|(_, role)| *role == Role::Out).map(|(name, _)| name);
        if let (Some(phis), Some(dst)) = (phis, dst) {
            let call = format!("ops::{}(code.phis({phis}), predecessor)", function(opcode));
            let _ =
                writeln!(out, "            Self::{variant}{} => Some(({dst}, {call})),", pattern(&operands));
        } else {
            let rest = if operands.is_empty() { "" } else { " { .. }" };
            let _ = writeln!(out, "            Self::{variant}{rest} => None,");
        }
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");
}

fn render_reading(opcodes: &[OpcodeEntry], out: &mut String) {
    let _ = writeln!(out, "\nimpl Op {{");
    let _ = writeln!(
        out,
        "    /// The same instruction, with other registers in place of those it only reads; a list of registers stays."
    );
    let _ = writeln!(out, "    pub(crate) fn reading(self, mut from: impl FnMut(Reg) -> Reg) -> Self {{");
    let _ = writeln!(out, "        match self {{");
    for opcode in opcodes {
        let operands = operands(opcode);
        let fields: Vec<String> = operands
            .iter()
            .map(|(name, role)| match role {
                Role::In => format!("{name}: from({name})"),
                Role::OptionalIn => format!("{name}: {name}.map(&mut from)"),
                Role::Out
                | Role::InOut
                | Role::Tagged
                | Role::Constant
                | Role::Global
                | Role::Type
                | Role::Jump
                | Role::Registers
                | Role::Phis
                | Role::Check
                | Role::Scope => name.clone(),
            })
            .collect();
        let body = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
        let _ = writeln!(
            out,
            "            Self::{0}{1} => Self::{0}{body},",
            opcode.variant(),
            pattern(&operands)
        );
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");
}

/// The Rust type of an operand of that role in the internal code.
pub(super) fn lowered_type(role: Role) -> &'static str {
    match role {
        Role::In | Role::Out | Role::InOut | Role::Tagged => "Reg",
        Role::OptionalIn => "Option<Reg>",
        Role::Registers | Role::Phis | Role::Check => "Span",
        Role::Constant => "ConstIdx",
        Role::Global => "GlobalSlot",
        Role::Type => "TypeId",
        Role::Jump => "Target",
        Role::Scope => "ScopeId",
    }
}

/// The size of an operand in the file, in bytes. Lists and checks stand last, so nothing is counted from their end.
fn encoded_bytes(role: Role) -> usize {
    match role {
        Role::In | Role::Out | Role::InOut | Role::Tagged => 1,
        Role::Constant | Role::Global | Role::Type | Role::Scope => 2,
        Role::Jump => 4,
        Role::OptionalIn | Role::Registers | Role::Phis | Role::Check => 0,
    }
}
