//! The opcode, the decoded instruction, its decoder and encoder, and the operand metadata that assembler, disassembler
//! and verifier walk.

use std::fmt::Write as _;

use super::{literal, operands, pattern, sentence};
use crate::Spec;
use crate::model::{Flow, OpcodeEntry, Role, pascal_case};

pub(super) fn render(spec: &Spec) -> String {
    let mut out = super::header("spec/isa.yaml");
    let opcodes = &spec.isa.opcodes;
    render_opcode(spec, &mut out);
    render_instruction(opcodes, &mut out);
    render_decode(opcodes, &mut out);
    render_encode(opcodes, &mut out);
    render_operands(opcodes, &mut out);
    out
}

fn render_opcode(spec: &Spec, out: &mut String) {
    let opcodes = &spec.isa.opcodes;
    let _ = writeln!(out, "\n/// How many registers an instruction can name.");
    let _ = writeln!(out, "pub const REGISTERS: usize = {};", spec.isa.registers);
    let _ = writeln!(out, "\n/// The first byte of an instruction.");
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]");
    let _ = writeln!(out, "#[repr(u8)]\npub enum Opcode {{");
    for opcode in opcodes {
        let _ = writeln!(out, "    /// `{}`", opcode.summary);
        let _ = writeln!(out, "    {} = {},", opcode.variant(), opcode.number);
    }
    let _ = writeln!(out, "}}\n\nimpl Opcode {{");
    let _ = writeln!(out, "    /// Every opcode, in order of its number.");
    let _ = writeln!(out, "    pub const ALL: &'static [Self] = &[");
    for opcode in opcodes {
        let _ = writeln!(out, "        Self::{},", opcode.variant());
    }
    let _ = writeln!(out, "    ];\n");
    let _ = writeln!(out, "    /// What the specification says of the opcode.");
    let _ = writeln!(out, "    #[must_use]\n    pub fn spec(self) -> &'static OpcodeSpec {{");
    let _ = writeln!(out, "        &OPCODES[self as usize]\n    }}\n}}");
    let _ = writeln!(out, "\nstatic OPCODES: [OpcodeSpec; {}] = [", opcodes.len());
    for opcode in opcodes {
        let _ = writeln!(out, "    OpcodeSpec {{");
        let _ = writeln!(out, "        name: {},", literal(&opcode.name));
        let _ = writeln!(out, "        mnemonic: {},", literal(&opcode.mnemonic()));
        let _ = writeln!(out, "        summary: {},", literal(&opcode.summary));
        let _ = writeln!(out, "        since: {},", opcode.since);
        let list: Vec<String> = opcode
            .operands
            .iter()
            .filter_map(|operand| {
                let role = Role::from_name(&operand.role)?;
                Some(format!("OperandSpec {{ name: {}, role: Role::{role:?} }}", literal(&operand.name)))
            })
            .collect();
        let _ = writeln!(out, "        operands: &[{}],", list.join(", "));
        let errors: Vec<String> =
            opcode.errors.iter().map(|error| format!("RuntimeErrorKind::{error}")).collect();
        let _ = writeln!(out, "        errors: &[{}],", errors.join(", "));
        let flow = Flow::from_name(&opcode.flow).unwrap_or(Flow::Next);
        let _ = writeln!(out, "        flow: FlowKind::{flow:?},");
        let _ = writeln!(out, "    }},");
    }
    let _ = writeln!(out, "];");

    let _ = writeln!(out, "\n/// What an operand can be.");
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\npub enum Role {{");
    for entry in &spec.isa.roles {
        let Some(role) = Role::from_name(&entry.name) else { continue };
        let _ = writeln!(out, "    /// {}; `{}`.", sentence(&entry.summary), entry.text);
        let _ = writeln!(out, "    {role:?},");
    }
    let _ = writeln!(out, "}}\n\nimpl Role {{");
    let _ = writeln!(out, "    /// What it means, in one line.");
    let _ =
        writeln!(out, "    #[must_use]\n    pub fn summary(self) -> &'static str {{\n        match self {{");
    for entry in &spec.isa.roles {
        let Some(role) = Role::from_name(&entry.name) else { continue };
        let _ = writeln!(out, "            Self::{role:?} => {},", literal(&entry.summary));
    }
    let _ = writeln!(out, "        }}\n    }}\n");
    let _ = writeln!(out, "    /// An example of its form in assembly.");
    let _ =
        writeln!(out, "    #[must_use]\n    pub fn example(self) -> &'static str {{\n        match self {{");
    for entry in &spec.isa.roles {
        let Some(role) = Role::from_name(&entry.name) else { continue };
        let _ = writeln!(out, "            Self::{role:?} => {},", literal(&entry.text));
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");

    let _ = writeln!(out, "\n/// Where control goes after an instruction that does not fail.");
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\npub enum FlowKind {{");
    for entry in &spec.isa.flows {
        let _ = writeln!(out, "    /// {}.", sentence(&entry.summary));
        let _ = writeln!(out, "    {},", pascal_case(&entry.name));
    }
    let _ = writeln!(out, "}}");
}

fn render_instruction(opcodes: &[OpcodeEntry], out: &mut String) {
    let _ = writeln!(
        out,
        "\n/// A decoded instruction. Lists are views of the encoded bytes, so it is small and copies freely."
    );
    let _ = writeln!(
        out,
        "#[derive(Debug, Clone, Copy, PartialEq, Eq)]\n#[allow(missing_docs)]\npub enum Instruction<'a> {{"
    );
    for opcode in opcodes {
        let _ = writeln!(out, "    /// `{}`", opcode.summary);
        let fields: Vec<String> = operands(opcode)
            .iter()
            .map(|(name, role)| format!("{name}: {}", forms(*role).rust_type))
            .collect();
        let body = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
        let _ = writeln!(out, "    {}{body},", opcode.variant());
    }
    let _ = writeln!(out, "}}\n\nimpl Instruction<'_> {{");
    let _ = writeln!(out, "    /// The opcode of the instruction.");
    let _ = writeln!(out, "    #[must_use]\n    pub fn opcode(&self) -> Opcode {{\n        match self {{");
    for opcode in opcodes {
        let rest = if opcode.operands.is_empty() { "" } else { " { .. }" };
        let _ = writeln!(out, "            Self::{0}{rest} => Opcode::{0},", opcode.variant());
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");
}

fn render_decode(opcodes: &[OpcodeEntry], out: &mut String) {
    let _ = writeln!(out, "\nimpl<'a> Instruction<'a> {{");
    let _ = writeln!(out, "    /// Reads the operands of an instruction whose opcode was read.");
    let _ = writeln!(out, "    #[inline(always)]");
    let _ = writeln!(
        out,
        "    pub(crate) fn decode<S: OperandSource<'a>>(opcode: Opcode, source: &mut S) -> Result<Self, S::Error> {{"
    );
    let _ = writeln!(out, "        Ok(match opcode {{");
    for opcode in opcodes {
        let fields: Vec<String> = operands(opcode)
            .iter()
            .map(|(name, role)| format!("{name}: source.{}()?", forms(*role).reader))
            .collect();
        let body = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
        let _ = writeln!(out, "            Opcode::{0} => Self::{0}{body},", opcode.variant());
    }
    let _ = writeln!(out, "        }})\n    }}\n}}");
}

fn render_encode(opcodes: &[OpcodeEntry], out: &mut String) {
    let _ = writeln!(out, "\nimpl Instruction<'_> {{");
    let _ = writeln!(out, "    /// Appends the encoded instruction.");
    let _ = writeln!(out, "    pub(crate) fn encode(&self, out: &mut Vec<u8>) {{");
    let _ = writeln!(out, "        out.push(self.opcode() as u8);\n        match self {{");
    for opcode in opcodes {
        let operands = operands(opcode);
        let calls: Vec<String> = operands.iter().map(|(name, _)| format!("{name}.encode(out);")).collect();
        let body = if calls.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", calls.join(" ")) };
        let _ = writeln!(out, "            Self::{}{} => {body}", opcode.variant(), pattern(&operands));
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");
}

fn render_operands(opcodes: &[OpcodeEntry], out: &mut String) {
    let most = opcodes.iter().map(|opcode| opcode.operands.len()).max().unwrap_or(0);
    let _ = writeln!(out, "\n/// The most operands an instruction has.");
    let _ = writeln!(out, "pub const MAX_OPERANDS: usize = {most};");
    let _ = writeln!(out, "\nimpl<'a> Instruction<'a> {{");
    let _ = writeln!(
        out,
        "    /// The operands, in byte order; `opcode().spec().operands` has their names and roles."
    );
    let _ = writeln!(
        out,
        "    #[must_use]\n    pub fn operands(&self) -> Operands<'a> {{\n        match *self {{"
    );
    for opcode in opcodes {
        let operands = operands(opcode);
        let list: Vec<String> = operands
            .iter()
            .map(|(name, role)| format!("Operand::{}({name})", forms(*role).variant))
            .collect();
        let _ = writeln!(
            out,
            "            Self::{}{} => Operands::new(&[{}]),",
            opcode.variant(),
            pattern(&operands),
            list.join(", ")
        );
    }
    let _ = writeln!(out, "        }}\n    }}\n");
    let _ = writeln!(
        out,
        "    /// The instruction with those operands; none where their number or kinds are not those of the opcode."
    );
    let _ = writeln!(out, "    #[must_use]");
    let _ = writeln!(
        out,
        "    pub fn from_operands(opcode: Opcode, operands: &[Operand<'a>]) -> Option<Self> {{"
    );
    let _ = writeln!(out, "        Some(match (opcode, operands) {{");
    for opcode in opcodes {
        let operands = operands(opcode);
        let list: Vec<String> = operands
            .iter()
            .map(|(name, role)| format!("Operand::{}({name})", forms(*role).variant))
            .collect();
        let _ = writeln!(
            out,
            "            (Opcode::{0}, &[{1}]) => Self::{0}{2},",
            opcode.variant(),
            list.join(", "),
            pattern(&operands)
        );
    }
    let _ = writeln!(out, "            _ => return None,\n        }})\n    }}\n}}");
}

/// How an operand of some role appears in the generated code.
struct Forms {
    /// The type of the field of an instruction.
    rust_type: &'static str,
    /// The variant of `Operand` that holds it.
    variant: &'static str,
    /// The method of `OperandSource` that reads it.
    reader: &'static str,
}

fn forms(role: Role) -> Forms {
    let (rust_type, variant, reader) = match role {
        Role::In | Role::Out | Role::InOut | Role::Tagged => ("Reg", "Register", "register"),
        Role::OptionalIn => ("Option<Reg>", "OptionalRegister", "optional_register"),
        Role::Registers => ("Registers<'a>", "Registers", "registers"),
        Role::Constant => ("ConstIdx", "Constant", "constant"),
        Role::Global => ("ConstIdx", "Constant", "global"),
        Role::Type => ("TypeId", "Type", "type_id"),
        Role::Jump => ("JumpOffset", "Jump", "jump"),
        Role::Phis => ("Phis<'a>", "Phis", "phis"),
        Role::Check => ("Check", "Check", "check"),
        Role::Scope => ("ScopeId", "Scope", "scope"),
    };
    Forms { rust_type, variant, reader }
}
