// Generated from spec/specops.yaml by "cargo run -p mdvm-spec -- render rust". Do not edit.
/// An instruction of specialised code. Registers are those of the frame. Each does all of what it stands for, or it does
/// nothing and leaves by its exit.
#[derive(Debug, Clone, Copy)]
#[rustfmt::skip]
pub(crate) enum SpecOp {
    /// `dst = left + right` of ints.
    AddInt { dst: ScalarSlot, left: IntSlot, right: IntSlot },
    /// Branches where `left < right` of ints.
    IfLtInt { left: IntSlot, right: IntSlot, to: CodeAddr },
    /// A back edge.
    LoopLeInt { left: IntSlot, right: IntSlot, to: CodeAddr, steps: u16 },
    /// Reads an element of an array.
    ArrayGet { dst: Slot, array: Slot, index: IntSlot },
    /// Reads an element of an array, which must be an int.
    ArrayGetInt { dst: ScalarSlot, array: Slot, index: IntSlot },
    /// Exchanges two values.
    Swap { a: Slot, b: Slot },
    /// `AddInt`, then `IfLtInt`, which stays behind it.
    AddIntIfLtInt { dst: ScalarSlot, left: IntSlot, right: IntSlot },
}

impl SpecOp {
    /// The name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AddInt { .. } => "AddInt",
            Self::IfLtInt { .. } => "IfLtInt",
            Self::LoopLeInt { .. } => "LoopLeInt",
            Self::ArrayGet { .. } => "ArrayGet",
            Self::ArrayGetInt { .. } => "ArrayGetInt",
            Self::Swap { .. } => "Swap",
            Self::AddIntIfLtInt { .. } => "AddIntIfLtInt",
        }
    }

    /// Where the instruction may go, besides to the one behind.
    fn target_mut(&mut self) -> Option<&mut CodeAddr> {
        match self {
            Self::IfLtInt { to, .. } => Some(to),
            Self::LoopLeInt { to, .. } => Some(to),
            Self::AddInt { .. }
                | Self::ArrayGet { .. }
                | Self::ArrayGetInt { .. }
                | Self::Swap { .. }
                | Self::AddIntIfLtInt { .. } => None,
        }
    }

    /// Whether control never goes on to the instruction behind.
    pub(crate) fn leads_elsewhere(&self) -> bool {
        match self {
            Self::AddInt { .. }
                | Self::IfLtInt { .. }
                | Self::LoopLeInt { .. }
                | Self::ArrayGet { .. }
                | Self::ArrayGetInt { .. }
                | Self::Swap { .. }
                | Self::AddIntIfLtInt { .. } => false,
        }
    }

    /// How many steps the instruction charges, if it charges any.
    #[cfg(any(test, debug_assertions))]
    pub(crate) fn steps(&self) -> Option<u16> {
        match self {
            Self::LoopLeInt { steps, .. } => Some(*steps),
            Self::AddInt { .. }
                | Self::IfLtInt { .. }
                | Self::ArrayGet { .. }
                | Self::ArrayGetInt { .. }
                | Self::Swap { .. }
                | Self::AddIntIfLtInt { .. } => None,
        }
    }

    /// Whether it may leave by its exit.
    pub(crate) fn has_exit(&self) -> bool {
        match self {
            Self::AddInt { .. } => true,
            Self::LoopLeInt { .. } => true,
            Self::ArrayGet { .. } => true,
            Self::ArrayGetInt { .. } => true,
            Self::AddIntIfLtInt { .. } => true,
            Self::IfLtInt { .. }
                | Self::Swap { .. } => false,
        }
    }

    /// The register that an operation on numbers writes, to be changed.
    pub(crate) fn result(&mut self) -> Option<&mut ScalarSlot> {
        match self {
            Self::AddInt { dst, .. } => Some(dst),
            Self::IfLtInt { .. }
                | Self::LoopLeInt { .. }
                | Self::ArrayGet { .. }
                | Self::ArrayGetInt { .. }
                | Self::Swap { .. }
                | Self::AddIntIfLtInt { .. } => None,
        }
    }

    /// The registers that an operation on numbers reads; none of what is no such operation.
    pub(crate) fn operands(&self) -> Option<[Slot; 2]> {
        match self {
            Self::AddInt { left, right, .. } => Some([**left, **right]),
            Self::IfLtInt { .. }
                | Self::LoopLeInt { .. }
                | Self::ArrayGet { .. }
                | Self::ArrayGetInt { .. }
                | Self::Swap { .. }
                | Self::AddIntIfLtInt { .. } => None,
        }
    }

    /// Whether a back edge may go to the instruction behind this branch.
    pub(crate) fn starts_back_edge(&self) -> bool {
        match self {
            Self::IfLtInt { .. } => true,
            Self::AddInt { .. }
                | Self::LoopLeInt { .. }
                | Self::ArrayGet { .. }
                | Self::ArrayGetInt { .. }
                | Self::Swap { .. }
                | Self::AddIntIfLtInt { .. } => false,
        }
    }

    /// What `Jump` does together with this branch, which it leads to and which is at `at`: a back edge.
    pub(crate) fn with_jump(self, at: CodeAddr, steps: u16) -> Option<Self> {
        let to = at.next();
        match self {
            Self::IfLtInt { left, right, .. } => Some(Self::LoopLeInt { left: right, right: left, to, steps }),
            Self::AddInt { .. }
                | Self::LoopLeInt { .. }
                | Self::ArrayGet { .. }
                | Self::ArrayGetInt { .. }
                | Self::Swap { .. }
                | Self::AddIntIfLtInt { .. } => None,
        }
    }

    /// This instruction together with the test that what it wrote to `slot`, over a scalar, is of that type.
    pub(crate) fn with_guard(self, slot: ScalarSlot, ty: Type) -> Option<Self> {
        match self {
            Self::ArrayGet { dst, array, index } if dst == *slot => match ty { Type::Int => Some(Self::ArrayGetInt { dst: slot, array, index }), Type::Any | Type::Free | Type::Scalar | Type::Bool | Type::Float => None },
            Self::AddInt { .. }
                | Self::IfLtInt { .. }
                | Self::LoopLeInt { .. }
                | Self::ArrayGetInt { .. }
                | Self::Swap { .. }
                | Self::AddIntIfLtInt { .. }
                | Self::ArrayGet { .. } => None,
        }
    }

    /// This instruction together with the next, which stays behind it.
    pub(crate) fn with_next(self, next: Self) -> Option<Self> {
        if let (Self::AddInt { dst, left, right }, Self::IfLtInt { .. }) = (self, next) {
            return Some(Self::AddIntIfLtInt { dst, left, right });
        }
        None
    }

    /// What the first of two fused instructions does by itself.
    pub(crate) fn unfused(self) -> Self {
        match self {
            Self::AddIntIfLtInt { dst, left, right } => Self::AddInt { dst, left, right },
            Self::AddInt { .. }
                | Self::IfLtInt { .. }
                | Self::LoopLeInt { .. }
                | Self::ArrayGet { .. }
                | Self::ArrayGetInt { .. }
                | Self::Swap { .. } => self,
        }
    }

    /// The name of the second of two fused instructions.
    #[cfg(any(test, debug_assertions))]
    pub(crate) fn second(&self) -> Option<&'static str> {
        match self {
            Self::AddIntIfLtInt { .. } => Some("IfLtInt"),
            Self::AddInt { .. }
                | Self::IfLtInt { .. }
                | Self::LoopLeInt { .. }
                | Self::ArrayGet { .. }
                | Self::ArrayGetInt { .. }
                | Self::Swap { .. } => None,
        }
    }

    /// What the instruction needs of its slots, and what it gives to them. None of superinstructions, which are their first halves.
    pub(crate) fn accesses(&self) -> Vec<Access> {
        match self {
            Self::AddInt { dst, left, right, .. } => vec![Access { operand: "dst", slot: **dst, needs: None, gives: Some(Gives::Type(Type::Int)), over_any: false, refines: None }, Access { operand: "left", slot: **left, needs: Some(Needs::Type(Type::Int)), gives: None, over_any: false, refines: None }, Access { operand: "right", slot: **right, needs: Some(Needs::Type(Type::Int)), gives: None, over_any: false, refines: None }],
            Self::IfLtInt { left, right, .. } => vec![Access { operand: "left", slot: **left, needs: Some(Needs::Type(Type::Int)), gives: None, over_any: false, refines: None }, Access { operand: "right", slot: **right, needs: Some(Needs::Type(Type::Int)), gives: None, over_any: false, refines: None }],
            Self::LoopLeInt { left, right, .. } => vec![Access { operand: "left", slot: **left, needs: Some(Needs::Type(Type::Int)), gives: None, over_any: false, refines: None }, Access { operand: "right", slot: **right, needs: Some(Needs::Type(Type::Int)), gives: None, over_any: false, refines: None }],
            Self::ArrayGet { dst, array, index, .. } => vec![Access { operand: "dst", slot: *dst, needs: None, gives: Some(Gives::Type(Type::Any)), over_any: true, refines: None }, Access { operand: "array", slot: *array, needs: None, gives: None, over_any: false, refines: None }, Access { operand: "index", slot: **index, needs: Some(Needs::Type(Type::Int)), gives: None, over_any: false, refines: None }],
            Self::ArrayGetInt { dst, array, index, .. } => vec![Access { operand: "dst", slot: **dst, needs: None, gives: Some(Gives::Type(Type::Int)), over_any: false, refines: None }, Access { operand: "array", slot: *array, needs: None, gives: None, over_any: false, refines: None }, Access { operand: "index", slot: **index, needs: Some(Needs::Type(Type::Int)), gives: None, over_any: false, refines: None }],
            Self::Swap { a, b, .. } => vec![Access { operand: "a", slot: *a, needs: None, gives: None, over_any: false, refines: None }, Access { operand: "b", slot: *b, needs: None, gives: None, over_any: false, refines: None }],
            Self::AddIntIfLtInt { .. } => Vec::new(),
        }
    }

    /// Two slots whose values change places.
    #[cfg(any(test, debug_assertions))]
    pub(crate) fn swapped(&self) -> Option<[Slot; 2]> {
        match self {
            Self::Swap { a, b } => Some([*a, *b]),
            Self::AddInt { .. }
                | Self::IfLtInt { .. }
                | Self::LoopLeInt { .. }
                | Self::ArrayGet { .. }
                | Self::ArrayGetInt { .. }
                | Self::AddIntIfLtInt { .. } => None,
        }
    }

}

impl std::fmt::Display for SpecOp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::AddInt { dst, left, right } => write!(f, " dst={dst:?} left={left:?} right={right:?}"),
            Self::IfLtInt { left, right, to } => write!(f, " left={left:?} right={right:?} to={to:?}"),
            Self::LoopLeInt { left, right, to, steps } => write!(f, " left={left:?} right={right:?} to={to:?} steps={steps:?}"),
            Self::ArrayGet { dst, array, index } => write!(f, " dst={dst:?} array={array:?} index={index:?}"),
            Self::ArrayGetInt { dst, array, index } => write!(f, " dst={dst:?} array={array:?} index={index:?}"),
            Self::Swap { a, b } => write!(f, " a={a:?} b={b:?}"),
            Self::AddIntIfLtInt { dst, left, right } => write!(f, " dst={dst:?} left={left:?} right={right:?}"),
        }
    }
}

/// Of the instructions that the JIT has to lower, those about operations on numbers.
#[cfg(machine_code)]
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "some are lowered to calls of stubs, which read the operands themselves")]
#[rustfmt::skip]
pub(crate) enum NumberOp {
    /// `dst = left + right` of ints.
    AddInt { dst: Slot, left: Slot, right: Slot },
    /// Exchanges two values.
    Swap { a: Slot, b: Slot },
}

/// Of the instructions that the JIT has to lower, those about branches.
#[cfg(machine_code)]
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "some are lowered to calls of stubs, which read the operands themselves")]
#[rustfmt::skip]
pub(crate) enum BranchOp {
    /// Branches where `left < right` of ints.
    IfLtInt { left: Slot, right: Slot, to: CodeAddr },
}

/// Of the instructions that the JIT has to lower, those about arrays.
#[cfg(machine_code)]
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "some are lowered to calls of stubs, which read the operands themselves")]
#[rustfmt::skip]
pub(crate) enum ContainerOp {
    /// Reads an element of an array.
    ArrayGet { dst: Slot, array: Slot, index: Slot },
    /// Reads an element of an array, which must be an int.
    ArrayGetInt { dst: Slot, array: Slot, index: Slot },
}

/// The instructions that the JIT has to lower (`jit: lowered` in `spec/specops.yaml`), by theme, each in
/// `vm/src/exec/jit/x64/instructions.rs`. Those that are missing there do not compile.
#[cfg(machine_code)]
#[derive(Debug, Clone, Copy)]
pub(crate) enum JitOp {
    /// About operations on numbers.
    Number(NumberOp),
    /// About branches.
    Branch(BranchOp),
    /// About arrays.
    Container(ContainerOp),
    /// One that the loop over specialised code executes (`jit: interpreter`).
    Interpreter,
}

#[cfg(machine_code)]
impl From<SpecOp> for JitOp {
    /// Of a superinstruction, the first half.
    fn from(op: SpecOp) -> Self {
        match op.unfused() {
            SpecOp::AddInt { dst, left, right } => Self::Number(NumberOp::AddInt { dst: *dst, left: *left, right: *right }),
            SpecOp::IfLtInt { left, right, to } => Self::Branch(BranchOp::IfLtInt { left: *left, right: *right, to }),
            SpecOp::ArrayGet { dst, array, index } => Self::Container(ContainerOp::ArrayGet { dst, array, index: *index }),
            SpecOp::ArrayGetInt { dst, array, index } => Self::Container(ContainerOp::ArrayGetInt { dst: *dst, array, index: *index }),
            SpecOp::Swap { a, b } => Self::Number(NumberOp::Swap { a, b }),
            SpecOp::LoopLeInt { .. }
                | SpecOp::AddIntIfLtInt { .. } => Self::Interpreter,
        }
    }
}
