//! Fast code: what it is made of.

use std::collections::HashMap;
use std::rc::Rc;

use super::flow::FlowGraph;
use super::state::{Kind, State};
use crate::interpreter::lower::Op;
use crate::interpreter::{FunctionIndex, GlobalSlot};

/// The position of an instruction of fast code, or one that is still to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At(pub(super) u32);

impl At {
    /// Positions from here on number stubs: there is never so much code.
    const STUBS: u32 = 1 << 31;

    pub(super) fn stub(number: usize) -> Self {
        Self(Self::STUBS | number as u32)
    }

    /// The number of a stub, where there is no code.
    pub(super) fn as_stub(self) -> u32 {
        self.0 & !Self::STUBS
    }

    #[inline(always)]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many steps fast code may take before it charges them. While less than this is left to charge, plain code runs.
pub(in crate::interpreter) const RESERVE: u64 = 256;

/// An instruction of fast code. Registers are those of the frame. Each does what one or more plain instructions do, or it
/// does nothing at all and leaves by its exit.
#[derive(Debug, Clone, Copy)]
#[rustfmt::skip]
pub(super) enum Fast {
    /// Goes on elsewhere.
    Goto { to: At },
    /// Charges steps and goes on elsewhere.
    Jump { to: At, steps: u16 },
    /// Charges steps.
    Charge { steps: u16 },
    /// Leaves for plain code.
    Leave,
    Move { dst: u8, src: u8 },
    Swap { a: u8, b: u8 },
    LoadConst { dst: u8, constant: u16 },
    LoadInt { dst: u8, value: i64 },
    LoadFloat { dst: u8, value: f64 },
    LoadBool { dst: u8, value: bool },
    /// Leaves unless the value is of that kind.
    Guard { slot: u8, kind: Kind },
    GuardInt { slot: u8 },
    /// Leaves unless the value names that function.
    GuardFunction { slot: u8, function: FunctionIndex },
    AddInt { dst: u8, left: u8, right: u8 },
    SubInt { dst: u8, left: u8, right: u8 },
    MulInt { dst: u8, left: u8, right: u8 },
    DivInt { dst: u8, left: u8, right: u8 },
    ModInt { dst: u8, left: u8, right: u8 },
    AddIntConst { dst: u8, left: u8, right: i64 },
    SubConstInt { dst: u8, left: i64, right: u8 },
    MulIntConst { dst: u8, left: u8, right: i64 },
    DivIntConst { dst: u8, left: u8, right: i64 },
    ModIntConst { dst: u8, left: u8, right: i64 },
    AddFloat { dst: u8, left: u8, right: u8 },
    SubFloat { dst: u8, left: u8, right: u8 },
    MulFloat { dst: u8, left: u8, right: u8 },
    DivFloat { dst: u8, left: u8, right: u8 },
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
    AddFloatConst { dst: u8, left: u8, right: f64 },
    SubConstFloat { dst: u8, left: f64, right: u8 },
    MulFloatConst { dst: u8, left: u8, right: f64 },
    DivFloatConst { dst: u8, left: u8, right: f64 },
    DivConstFloat { dst: u8, left: f64, right: u8 },
    // Operations on an int and a float, or on two floats.
    AddMixed { dst: u8, left: u8, right: u8 },
    SubMixed { dst: u8, left: u8, right: u8 },
    MulMixed { dst: u8, left: u8, right: u8 },
    DivMixed { dst: u8, left: u8, right: u8 },
    NegInt { dst: u8, src: u8 },
    NegFloat { dst: u8, src: u8 },
    // Branches on comparisons of strings.
    IfEqString { left: u8, right: u8, to: At },
    IfNeString { left: u8, right: u8, to: At },
    IfEqStringConst { left: u8, right: u16, to: At },
    IfNeStringConst { left: u8, right: u16, to: At },
    // Branches on comparisons of numbers. A float that is NaN is neither less nor not less, so both are there.
    IfEqInt { left: u8, right: u8, to: At },
    IfNeInt { left: u8, right: u8, to: At },
    IfLtInt { left: u8, right: u8, to: At },
    IfLeInt { left: u8, right: u8, to: At },
    IfEqIntConst { left: u8, to: At, right: i64 },
    IfNeIntConst { left: u8, to: At, right: i64 },
    IfLtIntConst { left: u8, to: At, right: i64 },
    IfGeIntConst { left: u8, to: At, right: i64 },
    IfEqFloat { left: u8, right: u8, to: At },
    IfNeFloat { left: u8, right: u8, to: At },
    IfLtFloat { left: u8, right: u8, to: At },
    IfNotLtFloat { left: u8, right: u8, to: At },
    IfLeFloat { left: u8, right: u8, to: At },
    IfNotLeFloat { left: u8, right: u8, to: At },
    IfEqFloatConst { left: u8, to: At, right: f64 },
    IfNeFloatConst { left: u8, to: At, right: f64 },
    IfLtFloatConst { left: u8, to: At, right: f64 },
    IfNotLtFloatConst { left: u8, to: At, right: f64 },
    IfLeFloatConst { left: u8, to: At, right: f64 },
    IfNotLeFloatConst { left: u8, to: At, right: f64 },
    IfGtFloatConst { left: u8, to: At, right: f64 },
    IfNotGtFloatConst { left: u8, to: At, right: f64 },
    IfGeFloatConst { left: u8, to: At, right: f64 },
    IfNotGeFloatConst { left: u8, to: At, right: f64 },
    // What `Jump` and the branch it leads to do together: where that branch is not taken, charges and goes on behind it.
    LoopEqInt { left: u8, right: u8, to: At, steps: u16 },
    LoopNeInt { left: u8, right: u8, to: At, steps: u16 },
    LoopLtInt { left: u8, right: u8, to: At, steps: u16 },
    LoopLeInt { left: u8, right: u8, to: At, steps: u16 },
    LoopEqIntConst { left: u8, steps: u16, to: At, right: i64 },
    LoopNeIntConst { left: u8, steps: u16, to: At, right: i64 },
    LoopLtIntConst { left: u8, steps: u16, to: At, right: i64 },
    LoopGeIntConst { left: u8, steps: u16, to: At, right: i64 },
    // What adding to a number and such a turn do together, where the number is what is compared.
    CountLtInt { counter: u8, right: u8, step: i16, steps: u16, to: At },
    CountLeInt { counter: u8, right: u8, step: i16, steps: u16, to: At },
    CountLtIntConst { counter: u8, step: i8, steps: u8, to: At, right: i64 },
    CountGeIntConst { counter: u8, step: i8, steps: u8, to: At, right: i64 },
    // The same, where a register holds what is added.
    StepLtInt { counter: u8, step: u8, right: u8, steps: u16, to: At },
    StepLeInt { counter: u8, step: u8, right: u8, steps: u16, to: At },
    // Branches on two values that are joined by `and` or `or`.
    IfBoth { left: u8, right: u8, to: At },
    IfNotBoth { left: u8, right: u8, to: At },
    IfEither { left: u8, right: u8, to: At },
    IfNeither { left: u8, right: u8, to: At },
    TestInt { test: Test, dst: u8, left: u8, right: u8 },
    TestIntConst { test: Test, dst: u8, left: u8, right: i64 },
    TestFloat { test: Test, dst: u8, left: u8, right: u8 },
    TestFloatConst { test: Test, dst: u8, left: u8, right: f64 },
    And { dst: u8, left: u8, right: u8 },
    Or { dst: u8, left: u8, right: u8 },
    Not { dst: u8, src: u8 },
    /// Goes elsewhere where the value counts as true.
    IfTrue { slot: u8, to: At },
    /// Goes elsewhere where the value counts as false.
    IfFalse { slot: u8, to: At },
    LoadGlobal { dst: u8, name: GlobalSlot },
    StoreGlobal { src: u8, name: GlobalSlot },
    ArrayGet { dst: u8, array: u8, index: u8 },
    ArrayGetConst { dst: u8, array: u8, index: u32 },
    /// Those two leave unless the element is an int.
    ArrayGetInt { dst: u8, array: u8, index: u8 },
    ArrayGetConstInt { dst: u8, array: u8, index: u32 },
    ArraySet { array: u8, index: u8, value: u8 },
    ArraySetValue { array: u8, index: u8, constant: u16 },
    ArraySetConst { array: u8, value: u8, index: u32 },
    ArrayLen { dst: u8, array: u8 },
    DictGet { dst: u8, dict: u8, key: u8 },
    DictSet { dict: u8, key: u8, value: u8 },
    /// Lets a register go that holds the container that the next instruction writes to, so that it need not be copied. The
    /// register is overwritten before it is read.
    Release { holder: u8, container: u8 },
    /// The same with a global, which the instruction behind the next sets. `key` is where the write goes.
    ReleaseGlobal { holder: GlobalSlot, container: u8, key: u8 },
    Call { site: u32, steps: u16 },
    Return { src: u8, clear: u32, steps: u16 },
    /// Returns a constant, or nothing.
    ReturnConst { constant: Option<u16>, clear: u32, steps: u16 },
    /// A plain instruction, as it is.
    Plain { op: Op },
}

/// The registers of an operation on two of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Triple {
    pub(super) dst: u8,
    pub(super) left: u8,
    pub(super) right: u8,
}

/// Where fast code is left for plain code, or for fast code that was made for other kinds of values.
pub(super) struct Exit {
    /// The plain instruction to go on with.
    pub(super) pc: u32,
    pub(super) state: Rc<State>,
    /// How often it was taken.
    pub(super) taken: u32,
    /// The code to go on with instead, once there is some.
    pub(super) other: Option<At>,
}

/// Code that is made when it is come to for the first time.
pub(super) struct Stub {
    /// The plain instruction it begins with.
    pub(super) pc: u32,
    pub(super) state: State,
    /// Whether phis and meeting paths at `pc` are dealt with already.
    pub(super) is_inside: bool,
    /// What leads there.
    pub(super) from: From,
}

/// What leads to a stub, and is to lead to the code once it is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum From {
    /// The instruction at a position.
    Code(usize),
    /// The return of a call.
    Return { site: usize },
    /// A call.
    Call { site: usize },
}

/// A call.
pub(super) struct Site {
    pub(super) function: FunctionIndex,
    /// The plain instruction.
    pub(super) pc: u32,
    pub(super) dst: u8,
    /// The registers of the caller that hold the arguments.
    pub(super) args: Box<[u8]>,
    /// The registers of the callee, arguments aside, that must be empty.
    pub(super) clear: Box<[u8]>,
    /// How many registers the callee can touch.
    pub(super) registers: u16,
    /// The code of the callee.
    pub(super) callee: At,
    /// The code to come back to.
    pub(super) back: At,
    /// The code to come back to with an int.
    pub(super) back_with_int: At,
    /// What is true when the call comes back.
    pub(super) after: Rc<State>,
}

/// Code for a place where paths meet, made for what was known on one of them.
pub(super) struct Version {
    pub(super) state: State,
    pub(super) at: At,
}

/// The fast code of a program. It grows while the program runs.
pub(in crate::interpreter) struct Code {
    pub(super) graph: FlowGraph,
    pub(super) ops: Vec<Fast>,
    /// By position, the exit of an instruction; those that have none have a number all the same.
    pub(super) exit_of: Vec<u32>,
    pub(super) exits: Vec<Exit>,
    /// A stub is taken out when its code is made.
    pub(super) stubs: Vec<Option<Box<Stub>>>,
    pub(super) sites: Vec<Site>,
    /// Registers that returns clear. The first clears none.
    pub(super) clears: Vec<Box<[u8]>>,
    pub(super) versions: HashMap<u32, Vec<Version>>,
    /// Nothing leads to code behind this position but the code before it.
    pub(super) floor: usize,
}

impl Code {
    /// No more instructions than this are made for one module; what is left stays plain. An instruction and all that belongs
    /// to it take some hundred bytes, so this bounds what a hostile module can make of it.
    const MOST_OPS: usize = 1 << 14;

    pub(super) fn new(graph: FlowGraph) -> Self {
        Self {
            graph,
            ops: Vec::new(),
            exit_of: Vec::new(),
            exits: Vec::new(),
            stubs: Vec::new(),
            sites: Vec::new(),
            clears: vec![Box::default()],
            versions: HashMap::new(),
            floor: 0,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.ops.len().max(self.exits.len()).max(self.stubs.len()) >= Self::MOST_OPS
    }

    /// What is true when a call comes back.
    pub(in crate::interpreter) fn after(&self, site: u32) -> &State {
        &self.sites[site as usize].after
    }

    /// Makes what led to a stub lead to its code.
    pub(super) fn link(&mut self, from: From, code: At) {
        match from {
            From::Code(position) => self.ops[position].redirect(code),
            From::Return { site } => {
                let site = &mut self.sites[site];
                let is_known = matches!(self.ops.get(code.index()),
                    Some(Fast::GuardInt { slot }) if *slot == site.dst);
                site.back = code;
                site.back_with_int = if is_known { At(code.0 + 1) } else { code };
            }
            From::Call { site } => self.sites[site].callee = code,
        }
    }
}

/// A comparison of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each looks at some instructions only, and says nothing of the others"
)]
impl Fast {
    /// Makes the instruction go elsewhere.
    fn redirect(&mut self, code: At) {
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
            | Self::IfTrue { to, .. }
            | Self::IfFalse { to, .. } => *to = code,
            _ => {}
        }
    }

    /// What `Jump` does together with this branch, which it leads to and which stands at `at`.
    pub(super) fn with_jump(self, at: At, steps: u16) -> Option<Self> {
        let to = At(at.0 + 1);
        match self {
            Self::IfEqInt { left, right, .. } => Some(Self::LoopNeInt { left, right, to, steps }),
            Self::IfNeInt { left, right, .. } => Some(Self::LoopEqInt { left, right, to, steps }),
            Self::IfLtInt { left, right, .. } => {
                Some(Self::LoopLeInt { left: right, right: left, to, steps })
            }
            Self::IfLeInt { left, right, .. } => {
                Some(Self::LoopLtInt { left: right, right: left, to, steps })
            }
            Self::IfEqIntConst { left, right, .. } => Some(Self::LoopNeIntConst { left, steps, to, right }),
            Self::IfNeIntConst { left, right, .. } => Some(Self::LoopEqIntConst { left, steps, to, right }),
            Self::IfLtIntConst { left, right, .. } => Some(Self::LoopGeIntConst { left, steps, to, right }),
            Self::IfGeIntConst { left, right, .. } => Some(Self::LoopLtIntConst { left, steps, to, right }),
            _ => None,
        }
    }

    /// This turn of a loop together with the counting before it.
    pub(super) fn with_counter(self, before: &Self) -> Option<Self> {
        if let &Self::AddInt { dst: counter, left: counted, right: step } = before {
            return match self {
                Self::LoopLtInt { left, right, to, steps } if left == counter && counted == counter => {
                    (right != counter).then_some(Self::StepLtInt { counter, step, right, steps, to })
                }
                Self::LoopLeInt { left, right, to, steps } if left == counter && counted == counter => {
                    (right != counter).then_some(Self::StepLeInt { counter, step, right, steps, to })
                }
                _ => None,
            };
        }
        let &Self::AddIntConst { dst: counter, left: counted, right: step } = before else { return None };
        match self {
            Self::LoopLtInt { left, right, to, steps }
                if left == counter && counted == counter && right != counter =>
            {
                let step = step.try_into().ok()?;
                Some(Self::CountLtInt { counter, right, step, steps, to })
            }
            Self::LoopLeInt { left, right, to, steps }
                if left == counter && counted == counter && right != counter =>
            {
                let step = step.try_into().ok()?;
                Some(Self::CountLeInt { counter, right, step, steps, to })
            }
            Self::LoopLtIntConst { left, right, to, steps } if left == counter && counted == counter => {
                let (step, steps) = (step.try_into().ok()?, steps.try_into().ok()?);
                Some(Self::CountLtIntConst { counter, step, steps, to, right })
            }
            Self::LoopGeIntConst { left, right, to, steps } if left == counter && counted == counter => {
                let (step, steps) = (step.try_into().ok()?, steps.try_into().ok()?);
                Some(Self::CountGeIntConst { counter, step, steps, to, right })
            }
            _ => None,
        }
    }

    /// The register that an operation on numbers writes, to be changed.
    pub(super) fn result(&mut self) -> Option<&mut u8> {
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
    pub(super) fn operands(&self) -> Option<[u8; 2]> {
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

    /// This instruction together with the next, which stays behind it.
    pub(super) fn with_next(self, next: Self) -> Option<Self> {
        let triple = |op: Self| match op {
            Self::AddFloat { dst, left, right }
            | Self::SubFloat { dst, left, right }
            | Self::MulFloat { dst, left, right } => Some(Triple { dst, left, right }),
            _ => None,
        };
        let (first, second) = (triple(self)?, triple(next)?);
        match (self, next) {
            (Self::AddFloat { .. }, Self::AddFloat { .. }) => Some(Self::AddAddFloat { first, second }),
            (Self::AddFloat { .. }, Self::SubFloat { .. }) => Some(Self::AddSubFloat { first, second }),
            (Self::AddFloat { .. }, Self::MulFloat { .. }) => Some(Self::AddMulFloat { first, second }),
            (Self::SubFloat { .. }, Self::AddFloat { .. }) => Some(Self::SubAddFloat { first, second }),
            (Self::SubFloat { .. }, Self::SubFloat { .. }) => Some(Self::SubSubFloat { first, second }),
            (Self::SubFloat { .. }, Self::MulFloat { .. }) => Some(Self::SubMulFloat { first, second }),
            (Self::MulFloat { .. }, Self::AddFloat { .. }) => Some(Self::MulAddFloat { first, second }),
            (Self::MulFloat { .. }, Self::SubFloat { .. }) => Some(Self::MulSubFloat { first, second }),
            (Self::MulFloat { .. }, Self::MulFloat { .. }) => Some(Self::MulMulFloat { first, second }),
            _ => None,
        }
    }

    /// This instruction together with the test that what it wrote to `slot` is an int.
    pub(super) fn with_guard(self, slot: u8) -> Option<Self> {
        match self {
            Self::ArrayGet { dst, array, index } if dst == slot => {
                Some(Self::ArrayGetInt { dst, array, index })
            }
            Self::ArrayGetConst { dst, array, index } if dst == slot => {
                Some(Self::ArrayGetConstInt { dst, array, index })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_takes_sixteen_bytes() {
        assert_eq!(size_of::<Fast>(), 16);
    }
}
