//! Specialised instructions, their operands, and where they stand.

use crate::exec::interpreter::Op;
use crate::exec::specialise::types::Type;
use crate::runtime::{FunctionIndex, GlobalSlot};
use crate::value::Value;

/// The position of an instruction of specialised code, or one that is still to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeAddr(u32);

impl CodeAddr {
    /// Positions from here on number stubs: there is never so much code.
    const STUBS: u32 = 1 << 31;
    const SIZE: usize = size_of::<SpecOp>();

    /// Nowhere yet.
    pub(crate) const NOWHERE: Self = Self(Self::STUBS);

    /// The instruction at that place among all.
    pub(crate) fn of(index: usize) -> Self {
        Self((index * Self::SIZE) as u32)
    }

    pub(crate) fn stub(number: usize) -> Self {
        Self(Self::STUBS | number as u32)
    }

    /// Whether there is no code yet.
    #[cfg(machine_code)]
    pub(crate) fn is_stub(self) -> bool {
        self.0 >= Self::STUBS
    }

    /// The number of a stub, where there is no code.
    #[inline(always)]
    pub(crate) fn as_stub(self) -> u32 {
        self.0 & !Self::STUBS
    }

    #[inline(always)]
    pub(crate) fn index(self) -> usize {
        self.0 as usize / Self::SIZE
    }

    /// How far from the first instruction that is, in bytes.
    #[inline(always)]
    pub(crate) fn offset(self) -> usize {
        self.0 as usize
    }

    /// The instruction behind.
    pub(crate) fn next(self) -> Self {
        Self::of(self.index() + 1)
    }
}

/// The place of a register in its frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(u16);

impl Slot {
    const SIZE: u16 = size_of::<Value>() as u16;

    #[inline(always)]
    pub(crate) const fn of(register: u8) -> Self {
        Self(register as u16 * Self::SIZE)
    }

    #[inline(always)]
    pub(crate) fn register(self) -> u8 {
        (self.0 / Self::SIZE) as u8
    }

    /// How far from r0 that is, in bytes.
    #[inline(always)]
    pub(crate) fn offset(self) -> usize {
        usize::from(self.0)
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "r{}", self.register())
    }
}

/// An instruction of specialised code. Registers are those of the frame. Each does what one or more baseline instructions do, or it
/// does nothing at all and leaves by its exit.
#[derive(Debug, Clone, Copy)]
#[rustfmt::skip]
pub(crate) enum SpecOp {
    /// Goes on elsewhere.
    Goto { to: CodeAddr },
    /// Charges fuel and goes on elsewhere.
    Jump { to: CodeAddr, steps: u16 },
    /// Charges fuel.
    ChargeFuel { steps: u16 },
    /// Leaves for the baseline interpreter.
    Deoptimise,
    Move { dst: Slot, src: Slot },
    MoveInt { dst: Slot, src: Slot },
    MoveFloat { dst: Slot, src: Slot },
    MoveScalar { dst: Slot, src: Slot },
    Swap { a: Slot, b: Slot },
    /// Writes a constant over a value of whatever type.
    LoadConst { dst: Slot, constant: u16 },
    /// The same with a bool.
    PutBool { dst: Slot, value: bool },
    LoadInt { dst: Slot, value: i64 },
    LoadFloat { dst: Slot, value: f64 },
    LoadBool { dst: Slot, value: bool },
    /// Leaves unless the value is of that type.
    Guard { slot: Slot, ty: Type },
    GuardInt { slot: Slot },
    GuardFloat { slot: Slot },
    GuardBool { slot: Slot },
    /// Leaves unless the value names that function.
    GuardFunction { slot: Slot, function: FunctionIndex },
    AddInt { dst: Slot, left: Slot, right: Slot },
    SubInt { dst: Slot, left: Slot, right: Slot },
    MulInt { dst: Slot, left: Slot, right: Slot },
    DivInt { dst: Slot, left: Slot, right: Slot },
    ModInt { dst: Slot, left: Slot, right: Slot },
    AddIntConst { dst: Slot, left: Slot, right: i64 },
    SubConstInt { dst: Slot, left: i64, right: Slot },
    MulIntConst { dst: Slot, left: Slot, right: i64 },
    DivIntConst { dst: Slot, left: Slot, right: i64 },
    ModIntConst { dst: Slot, left: Slot, right: i64 },
    // By a power of two.
    DivIntShift { dst: Slot, left: Slot, shift: u8 },
    ModIntMask { dst: Slot, left: Slot, mask: i64 },
    AddFloat { dst: Slot, left: Slot, right: Slot },
    SubFloat { dst: Slot, left: Slot, right: Slot },
    MulFloat { dst: Slot, left: Slot, right: Slot },
    DivFloat { dst: Slot, left: Slot, right: Slot },
    // Two operations on floats at once. The instruction behind is the second of them.
    AddAddFloat { first: Triple, second: Triple },
    AddSubFloat { first: Triple, second: Triple },
    AddMulFloat { first: Triple, second: Triple },
    SubAddFloat { first: Triple, second: Triple },
    SubSubFloat { first: Triple, second: Triple },
    SubMulFloat { first: Triple, second: Triple },
    MulAddFloat { first: Triple, second: Triple },
    MulSubFloat { first: Triple, second: Triple },
    MulMulFloat { first: Triple, second: Triple },
    AddFloatConst { dst: Slot, left: Slot, right: f64 },
    SubConstFloat { dst: Slot, left: f64, right: Slot },
    MulFloatConst { dst: Slot, left: Slot, right: f64 },
    DivFloatConst { dst: Slot, left: Slot, right: f64 },
    DivConstFloat { dst: Slot, left: f64, right: Slot },
    // Operations on an int and a float, or on two floats.
    AddMixed { dst: Slot, left: Slot, right: Slot },
    SubMixed { dst: Slot, left: Slot, right: Slot },
    MulMixed { dst: Slot, left: Slot, right: Slot },
    DivMixed { dst: Slot, left: Slot, right: Slot },
    NegInt { dst: Slot, src: Slot },
    NegFloat { dst: Slot, src: Slot },
    // Branches on comparisons of strings.
    IfEqString { left: Slot, right: Slot, to: CodeAddr },
    IfNeString { left: Slot, right: Slot, to: CodeAddr },
    IfEqStringConst { left: Slot, right: u16, to: CodeAddr },
    IfNeStringConst { left: Slot, right: u16, to: CodeAddr },
    // Branches on comparisons of numbers. A float that is NaN is neither less nor not less, so both are there.
    IfEqInt { left: Slot, right: Slot, to: CodeAddr },
    IfNeInt { left: Slot, right: Slot, to: CodeAddr },
    IfLtInt { left: Slot, right: Slot, to: CodeAddr },
    IfLeInt { left: Slot, right: Slot, to: CodeAddr },
    IfEqIntConst { left: Slot, to: CodeAddr, right: i64 },
    IfNeIntConst { left: Slot, to: CodeAddr, right: i64 },
    IfLtIntConst { left: Slot, to: CodeAddr, right: i64 },
    IfGeIntConst { left: Slot, to: CodeAddr, right: i64 },
    IfEqFloat { left: Slot, right: Slot, to: CodeAddr },
    IfNeFloat { left: Slot, right: Slot, to: CodeAddr },
    IfLtFloat { left: Slot, right: Slot, to: CodeAddr },
    IfNotLtFloat { left: Slot, right: Slot, to: CodeAddr },
    IfLeFloat { left: Slot, right: Slot, to: CodeAddr },
    IfNotLeFloat { left: Slot, right: Slot, to: CodeAddr },
    IfEqFloatConst { left: Slot, to: CodeAddr, right: f64 },
    IfNeFloatConst { left: Slot, to: CodeAddr, right: f64 },
    IfLtFloatConst { left: Slot, to: CodeAddr, right: f64 },
    IfNotLtFloatConst { left: Slot, to: CodeAddr, right: f64 },
    IfLeFloatConst { left: Slot, to: CodeAddr, right: f64 },
    IfNotLeFloatConst { left: Slot, to: CodeAddr, right: f64 },
    IfGtFloatConst { left: Slot, to: CodeAddr, right: f64 },
    IfNotGtFloatConst { left: Slot, to: CodeAddr, right: f64 },
    IfGeFloatConst { left: Slot, to: CodeAddr, right: f64 },
    IfNotGeFloatConst { left: Slot, to: CodeAddr, right: f64 },
    // Back edges: `Jump` and the branch it leads to. Where that branch is not taken, charges fuel and goes on behind it.
    LoopEqInt { left: Slot, right: Slot, to: CodeAddr, steps: u16 },
    LoopNeInt { left: Slot, right: Slot, to: CodeAddr, steps: u16 },
    LoopLtInt { left: Slot, right: Slot, to: CodeAddr, steps: u16 },
    LoopLeInt { left: Slot, right: Slot, to: CodeAddr, steps: u16 },
    LoopEqIntConst { left: Slot, steps: u8, to: CodeAddr, right: i64 },
    LoopNeIntConst { left: Slot, steps: u8, to: CodeAddr, right: i64 },
    LoopLtIntConst { left: Slot, steps: u8, to: CodeAddr, right: i64 },
    LoopGeIntConst { left: Slot, steps: u8, to: CodeAddr, right: i64 },
    // An increment and such a back edge, where the counter is what is compared.
    CountLtInt { counter: Slot, right: Slot, step: i16, steps: u16, to: CodeAddr },
    CountLeInt { counter: Slot, right: Slot, step: i16, steps: u16, to: CodeAddr },
    CountLtIntConst { counter: Slot, step: i16, steps: u16, to: CodeAddr, right: i32 },
    CountGeIntConst { counter: Slot, step: i16, steps: u16, to: CodeAddr, right: i32 },
    // The same, where a register holds what is added.
    StepLtInt { counter: Slot, step: Slot, right: Slot, steps: u16, to: CodeAddr },
    StepLeInt { counter: Slot, step: Slot, right: Slot, steps: u16, to: CodeAddr },
    // Branches on two values that are joined by `and` or `or`.
    IfBoth { left: Slot, right: Slot, to: CodeAddr },
    IfNotBoth { left: Slot, right: Slot, to: CodeAddr },
    IfEither { left: Slot, right: Slot, to: CodeAddr },
    IfNeither { left: Slot, right: Slot, to: CodeAddr },
    TestEqInt { dst: Slot, left: Slot, right: Slot },
    TestNeInt { dst: Slot, left: Slot, right: Slot },
    TestLtInt { dst: Slot, left: Slot, right: Slot },
    TestLeInt { dst: Slot, left: Slot, right: Slot },
    TestEqIntConst { dst: Slot, left: Slot, right: i64 },
    TestNeIntConst { dst: Slot, left: Slot, right: i64 },
    TestLtIntConst { dst: Slot, left: Slot, right: i64 },
    TestGeIntConst { dst: Slot, left: Slot, right: i64 },
    TestFloat { test: Test, dst: Slot, left: Slot, right: Slot },
    TestFloatConst { test: Test, dst: Slot, left: Slot, right: f64 },
    And { dst: Slot, left: Slot, right: Slot },
    Or { dst: Slot, left: Slot, right: Slot },
    Not { dst: Slot, src: Slot },
    /// Goes elsewhere where the value, a bool, is true, or false.
    IfTrueBool { slot: Slot, to: CodeAddr },
    IfFalseBool { slot: Slot, to: CodeAddr },
    /// Goes elsewhere where the value counts as true.
    IfTrue { slot: Slot, to: CodeAddr },
    /// Goes elsewhere where the value counts as false.
    IfFalse { slot: Slot, to: CodeAddr },
    /// Joins two strings.
    Join { dst: Slot, left: Slot, right: Slot },
    /// Writes the text of an int over a value of whatever type.
    IntText { dst: Slot, src: Slot },
    StrLen { dst: Slot, string: Slot },
    LoadGlobal { dst: Slot, name: GlobalSlot },
    StoreGlobal { src: Slot, name: GlobalSlot },
    ArrayGet { dst: Slot, array: Slot, index: Slot },
    ArrayGetConst { dst: Slot, array: Slot, index: u32 },
    // These leave unless the element is of that type.
    ArrayGetBool { dst: Slot, array: Slot, index: Slot },
    ArrayGetInt { dst: Slot, array: Slot, index: Slot },
    ArrayGetFloat { dst: Slot, array: Slot, index: Slot },
    ArrayGetConstInt { dst: Slot, array: Slot, index: u32 },
    ArrayGetConstFloat { dst: Slot, array: Slot, index: u32 },
    // These write a scalar, those of the second type a constant.
    ArraySetInt { array: Slot, index: Slot, value: Slot },
    ArraySetFloat { array: Slot, index: Slot, value: Slot },
    ArraySetScalar { array: Slot, index: Slot, value: Slot },
    ArraySetToBool { array: Slot, index: Slot, value: bool },
    ArraySetToInt { array: Slot, index: Slot, value: i64 },
    ArraySetToFloat { array: Slot, index: Slot, value: f64 },
    ArraySet { array: Slot, index: Slot, value: Slot },
    ArraySetConst { array: Slot, value: Slot, index: u32 },
    ArrayLen { dst: Slot, array: Slot },
    DictGet { dst: Slot, dict: Slot, key: Slot },
    DictSet { dict: Slot, key: Slot, value: Slot },
    /// Makes a register let go that holds the container that the next instruction writes to, so that it need not be copied. The
    /// register is overwritten before it is read.
    ElideCopy { holder: Slot, container: Slot },
    /// The same with a global, which the instruction behind the next sets. `key` is where the write goes.
    ElideCopyGlobal { holder: GlobalSlot, container: Slot, key: Slot },
    Call { site: u32, steps: u16 },
    /// Calls whichever function of a family the value names.
    CallAny { func: Slot, steps: u16, family: u32 },
    Return { src: Slot, clear: u32, steps: u16 },
    /// Returns a constant, or nothing.
    ReturnConst { constant: Option<u16>, clear: u32, steps: u16 },
    /// A baseline instruction, as it is.
    Baseline { op: Op },
    // The first of two that often stand together. What stands behind is the second, and is done with it.
    SubIntSubInt { dst: Slot, left: Slot, right: Slot },
    AddIntCountLtInt { dst: Slot, left: Slot, right: Slot },
    ModIntMaskIfNeIntConst { dst: Slot, left: Slot, mask: i64 },
    AddFloatCountLtInt { dst: Slot, left: Slot, right: Slot },
    TestEqIntOr { dst: Slot, left: Slot, right: Slot },
    TestEqIntIfNeither { dst: Slot, left: Slot, right: Slot },
    IfEqStringConstTwice { left: Slot, right: u16, to: CodeAddr },
    MoveIntMoveInt { dst: Slot, src: Slot },
    MoveIntJump { dst: Slot, src: Slot },
    MoveFloatJump { dst: Slot, src: Slot },
    LoadConstJump { dst: Slot, constant: u16 },
    ArrayGetIntAddInt { dst: Slot, array: Slot, index: Slot },
    ArrayGetIntAddIntConst { dst: Slot, array: Slot, index: Slot },
    ArrayGetIntTestEqInt { dst: Slot, array: Slot, index: Slot },
    ArrayGetIntIfLtInt { dst: Slot, array: Slot, index: Slot },
    ArrayGetFloatTwice { dst: Slot, array: Slot, index: Slot },
    ArrayGetFloatMulFloat { dst: Slot, array: Slot, index: Slot },
    ArrayGetFloatSubFloat { dst: Slot, array: Slot, index: Slot },
    ArraySetFloatArrayGetFloat { array: Slot, index: Slot, value: Slot },
    ArraySetToBoolStepLtInt { array: Slot, index: Slot, value: bool },
    ArraySetIntCountLtInt { array: Slot, index: Slot, value: Slot },
    AddIntConstCall { dst: Slot, left: Slot, right: i64 },
    AddIntReturn { dst: Slot, left: Slot, right: Slot },
}

/// The registers of an operation on two of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Triple {
    pub(crate) dst: Slot,
    pub(crate) left: Slot,
    pub(crate) right: Slot,
}

/// A comparison of two values: for each way that they may stand to one another, a bit that tells whether it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Test {
    Lt = 0b0001,
    Eq = 0b0010,
    Le = 0b0011,
    Gt = 0b0100,
    Ge = 0b0110,
    /// The one that holds of what has no order, too: a NaN and whatever else.
    Ne = 0b1101,
}

impl Test {
    /// Whether the test holds for two numbers of one type.
    #[inline(always)]
    pub(crate) fn of<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        let (is_less, is_equal, is_greater) = (left < right, left == right, left > right);
        let has_no_order = !(is_less | is_equal | is_greater);
        let way = u8::from(is_less)
            | u8::from(is_equal) << 1
            | u8::from(is_greater) << 2
            | u8::from(has_no_order) << 3;
        self as u8 & way != 0
    }

    /// The test that holds for the operands the other way round.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }

    /// The test of ints that holds where this one does not.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each looks at some instructions only, and says nothing of the others"
)]
impl SpecOp {
    /// Makes the instruction go elsewhere.
    pub(crate) fn redirect(&mut self, code: CodeAddr) {
        if let Some(to) = self.target_mut() {
            *to = code;
        }
    }

    /// Where the instruction may go, besides to the one behind.
    #[cfg(machine_code)]
    pub(crate) fn target(mut self) -> Option<CodeAddr> {
        self.target_mut().copied()
    }

    fn target_mut(&mut self) -> Option<&mut CodeAddr> {
        match self {
            Self::Goto { to }
            | Self::Jump { to, .. }
            | Self::IfBoth { to, .. }
            | Self::IfNotBoth { to, .. }
            | Self::IfEither { to, .. }
            | Self::IfNeither { to, .. }
            | Self::IfEqString { to, .. }
            | Self::IfNeString { to, .. }
            | Self::IfEqStringConst { to, .. }
            | Self::IfEqStringConstTwice { to, .. }
            | Self::IfNeStringConst { to, .. }
            | Self::IfEqInt { to, .. }
            | Self::IfNeInt { to, .. }
            | Self::IfLtInt { to, .. }
            | Self::IfLeInt { to, .. }
            | Self::IfEqIntConst { to, .. }
            | Self::IfNeIntConst { to, .. }
            | Self::IfLtIntConst { to, .. }
            | Self::IfGeIntConst { to, .. }
            | Self::IfEqFloat { to, .. }
            | Self::IfNeFloat { to, .. }
            | Self::IfLtFloat { to, .. }
            | Self::IfNotLtFloat { to, .. }
            | Self::IfLeFloat { to, .. }
            | Self::IfNotLeFloat { to, .. }
            | Self::IfEqFloatConst { to, .. }
            | Self::IfNeFloatConst { to, .. }
            | Self::IfLtFloatConst { to, .. }
            | Self::IfNotLtFloatConst { to, .. }
            | Self::IfLeFloatConst { to, .. }
            | Self::IfNotLeFloatConst { to, .. }
            | Self::IfGtFloatConst { to, .. }
            | Self::IfNotGtFloatConst { to, .. }
            | Self::IfGeFloatConst { to, .. }
            | Self::IfNotGeFloatConst { to, .. }
            | Self::IfTrueBool { to, .. }
            | Self::IfFalseBool { to, .. }
            | Self::IfTrue { to, .. }
            | Self::IfFalse { to, .. }
            | Self::LoopEqInt { to, .. }
            | Self::LoopNeInt { to, .. }
            | Self::LoopLtInt { to, .. }
            | Self::LoopLeInt { to, .. }
            | Self::LoopEqIntConst { to, .. }
            | Self::LoopNeIntConst { to, .. }
            | Self::LoopLtIntConst { to, .. }
            | Self::LoopGeIntConst { to, .. }
            | Self::CountLtInt { to, .. }
            | Self::CountLeInt { to, .. }
            | Self::CountLtIntConst { to, .. }
            | Self::CountGeIntConst { to, .. }
            | Self::StepLtInt { to, .. }
            | Self::StepLeInt { to, .. } => Some(to),
            _ => None,
        }
    }

    /// The register that an operation on numbers writes, to be changed.
    pub(crate) fn result(&mut self) -> Option<&mut Slot> {
        match self {
            Self::AddInt { dst, .. }
            | Self::SubInt { dst, .. }
            | Self::MulInt { dst, .. }
            | Self::DivInt { dst, .. }
            | Self::ModInt { dst, .. }
            | Self::AddFloat { dst, .. }
            | Self::SubFloat { dst, .. }
            | Self::MulFloat { dst, .. }
            | Self::DivFloat { dst, .. }
            | Self::AddMixed { dst, .. }
            | Self::SubMixed { dst, .. }
            | Self::MulMixed { dst, .. }
            | Self::DivMixed { dst, .. }
            | Self::NegInt { dst, .. }
            | Self::NegFloat { dst, .. }
            | Self::AddIntConst { dst, .. }
            | Self::MulIntConst { dst, .. }
            | Self::DivIntConst { dst, .. }
            | Self::ModIntConst { dst, .. }
            | Self::DivIntShift { dst, .. }
            | Self::ModIntMask { dst, .. }
            | Self::AddFloatConst { dst, .. }
            | Self::MulFloatConst { dst, .. }
            | Self::DivFloatConst { dst, .. }
            | Self::SubConstInt { dst, .. }
            | Self::SubConstFloat { dst, .. }
            | Self::DivConstFloat { dst, .. } => Some(dst),
            _ => None,
        }
    }

    /// The registers that an operation on numbers reads; none of what is no such operation.
    pub(crate) fn operands(&self) -> Option<[Slot; 2]> {
        match *self {
            Self::AddInt { left, right, .. }
            | Self::SubInt { left, right, .. }
            | Self::MulInt { left, right, .. }
            | Self::DivInt { left, right, .. }
            | Self::ModInt { left, right, .. }
            | Self::AddFloat { left, right, .. }
            | Self::SubFloat { left, right, .. }
            | Self::MulFloat { left, right, .. }
            | Self::DivFloat { left, right, .. }
            | Self::AddMixed { left, right, .. }
            | Self::SubMixed { left, right, .. }
            | Self::MulMixed { left, right, .. }
            | Self::DivMixed { left, right, .. } => Some([left, right]),
            Self::AddIntConst { left, .. }
            | Self::MulIntConst { left, .. }
            | Self::DivIntConst { left, .. }
            | Self::ModIntConst { left, .. }
            | Self::DivIntShift { left, .. }
            | Self::ModIntMask { left, .. }
            | Self::AddFloatConst { left, .. }
            | Self::MulFloatConst { left, .. }
            | Self::DivFloatConst { left, .. } => Some([left, left]),
            Self::SubConstInt { right, .. }
            | Self::SubConstFloat { right, .. }
            | Self::DivConstFloat { right, .. } => Some([right, right]),
            Self::NegInt { src, .. } | Self::NegFloat { src, .. } => Some([src, src]),
            _ => None,
        }
    }

    /// Whether control never goes on to the instruction behind.
    pub(crate) fn leads_elsewhere(&self) -> bool {
        matches!(
            self,
            Self::Goto { .. }
                | Self::Jump { .. }
                | Self::Deoptimise
                | Self::Call { .. }
                | Self::CallAny { .. }
                | Self::Return { .. }
                | Self::ReturnConst { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_takes_sixteen_bytes() {
        assert_eq!(size_of::<SpecOp>(), 16);
    }
}
