// Generated from spec/isa.yaml by "cargo run -p mdvm-spec -- render rust". Do not edit.

/// An instruction of the internal code: fixed size, targets absolute, names resolved.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    LoadConst { dst: Reg, constant: ConstIdx },
    Double { dst: Reg, src: Reg },
    Halt,
}

impl Op {
    /// The internal form of an instruction; `at` knows where it stands.
    pub(crate) fn lower(instruction: &Instruction<'_>, at: &mut Place<'_>) -> Self {
        match *instruction {
            Instruction::LoadConst { dst, constant } => Self::LoadConst { dst, constant },
            Instruction::Double { dst, src } => Self::Double { dst, src },
            Instruction::Halt => Self::Halt,
        }
    }
}

/// Executes one instruction, up to where control goes next.
#[inline(always)]
pub(crate) fn dispatch<M: Mode>(
    op: Op,
    registers: &mut FrameRegisters<'_, M>,
    cx: &mut Environment<'_>,
) -> Result<Flow, RuntimeError> {
    match op {
        Op::LoadConst { dst, constant } => {
            let value = ops::load_const(cx.constant(constant));
            registers.set(dst, value);
            Ok(Flow::Next)
        }
        Op::Double { dst, src } => {
            let value = ops::double(&cx.memory, registers.get(src))?;
            registers.set(dst, value);
            Ok(Flow::Next)
        }
        Op::Halt => {
            ops::halt();
            Ok(Flow::Halt)
        }
    }
}

impl Op {
    /// Where a phi writes, and which register it reads when control came from `predecessor`.
    pub(crate) fn select(self, code: CodeBytes<'_>, predecessor: Option<usize>) -> Option<(Reg, Option<Reg>)> {
        match self {
            Self::LoadConst { .. } => None,
            Self::Double { .. } => None,
            Self::Halt => None,
        }
    }
}

impl Op {
    /// The same instruction, with other registers in place of those it only reads; a list of registers stays.
    pub(crate) fn reading(self, mut from: impl FnMut(Reg) -> Reg) -> Self {
        match self {
            Self::LoadConst { dst, constant } => Self::LoadConst { dst, constant },
            Self::Double { dst, src } => Self::Double { dst, src: from(src) },
            Self::Halt => Self::Halt,
        }
    }
}
