// Generated from spec/isa.yaml by "cargo run -p mdvm-spec -- render rust". Do not edit.

/// How many registers an instruction can name.
pub const REGISTERS: usize = 4;

/// The first byte of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Opcode {
    /// `r[dst] = k[constant]`
    LoadConst = 0,
    /// `r[dst] = r[src] twice`
    Double = 1,
    /// `end the program`
    Halt = 2,
}

impl Opcode {
    /// Every opcode, in order of its number.
    pub const ALL: &'static [Self] = &[
        Self::LoadConst,
        Self::Double,
        Self::Halt,
    ];

    /// What the specification says of the opcode.
    #[must_use]
    pub fn spec(self) -> &'static OpcodeSpec {
        &OPCODES[self as usize]
    }
}

static OPCODES: [OpcodeSpec; 3] = [
    OpcodeSpec {
        name: "LoadConstR",
        mnemonic: "load_const",
        summary: "r[dst] = k[constant]",
        since: 1,
        operands: &[OperandSpec { name: "dst", role: Role::Out }, OperandSpec { name: "constant", role: Role::Constant }],
        errors: &[],
        flow: FlowKind::Next,
    },
    OpcodeSpec {
        name: "DoubleR",
        mnemonic: "double",
        summary: "r[dst] = r[src] twice",
        since: 1,
        operands: &[OperandSpec { name: "dst", role: Role::Out }, OperandSpec { name: "src", role: Role::In }],
        errors: &[RuntimeErrorKind::TypeMismatch, RuntimeErrorKind::OutOfMemory],
        flow: FlowKind::Next,
    },
    OpcodeSpec {
        name: "Halt",
        mnemonic: "halt",
        summary: "end the program",
        since: 1,
        operands: &[],
        errors: &[],
        flow: FlowKind::Halt,
    },
];

/// What an operand can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A register that is read; `r0`.
    In,
    /// A register that is written; `r0`.
    Out,
    /// An index into the constant pool; `5`.
    Constant,
}

impl Role {
    /// What it means, in one line.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::In => "a register that is read",
            Self::Out => "a register that is written",
            Self::Constant => "an index into the constant pool",
        }
    }

    /// An example of its form in assembly.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::In => "r0",
            Self::Out => "r0",
            Self::Constant => "5",
        }
    }
}

/// Where control goes after an instruction that does not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlowKind {
    /// To the next instruction.
    Next,
    /// Out of the program.
    Halt,
}

/// A decoded instruction. Lists are views of the encoded bytes, so it is small and copies freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Instruction<'a> {
    /// `r[dst] = k[constant]`
    LoadConst { dst: Reg, constant: ConstIdx },
    /// `r[dst] = r[src] twice`
    Double { dst: Reg, src: Reg },
    /// `end the program`
    Halt,
}

impl Instruction<'_> {
    /// The opcode of the instruction.
    #[must_use]
    pub fn opcode(&self) -> Opcode {
        match self {
            Self::LoadConst { .. } => Opcode::LoadConst,
            Self::Double { .. } => Opcode::Double,
            Self::Halt => Opcode::Halt,
        }
    }
}

impl<'a> Instruction<'a> {
    /// Reads the operands of an instruction whose opcode was read.
    #[inline(always)]
    pub(crate) fn decode<S: OperandSource<'a>>(opcode: Opcode, source: &mut S) -> Result<Self, S::Error> {
        Ok(match opcode {
            Opcode::LoadConst => Self::LoadConst { dst: source.register()?, constant: source.constant()? },
            Opcode::Double => Self::Double { dst: source.register()?, src: source.register()? },
            Opcode::Halt => Self::Halt,
        })
    }
}

impl Instruction<'_> {
    /// Appends the encoded instruction.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.opcode() as u8);
        match self {
            Self::LoadConst { dst, constant } => { dst.encode(out); constant.encode(out); }
            Self::Double { dst, src } => { dst.encode(out); src.encode(out); }
            Self::Halt => {}
        }
    }
}

/// The most operands an instruction has.
pub const MAX_OPERANDS: usize = 2;

impl<'a> Instruction<'a> {
    /// The operands, in byte order; `opcode().spec().operands` has their names and roles.
    #[must_use]
    pub fn operands(&self) -> Operands<'a> {
        match *self {
            Self::LoadConst { dst, constant } => Operands::new(&[Operand::Register(dst), Operand::Constant(constant)]),
            Self::Double { dst, src } => Operands::new(&[Operand::Register(dst), Operand::Register(src)]),
            Self::Halt => Operands::new(&[]),
        }
    }

    /// The instruction with those operands; none where their number or kinds are not those of the opcode.
    #[must_use]
    pub fn from_operands(opcode: Opcode, operands: &[Operand<'a>]) -> Option<Self> {
        Some(match (opcode, operands) {
            (Opcode::LoadConst, &[Operand::Register(dst), Operand::Constant(constant)]) => Self::LoadConst { dst, constant },
            (Opcode::Double, &[Operand::Register(dst), Operand::Register(src)]) => Self::Double { dst, src },
            (Opcode::Halt, &[]) => Self::Halt,
            _ => return None,
        })
    }
}
