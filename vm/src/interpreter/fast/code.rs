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

    /// The number of a stub.
    pub(super) fn as_stub(self) -> Option<usize> {
        (self.0 >= Self::STUBS).then_some((self.0 & !Self::STUBS) as usize)
    }

    #[inline(always)]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many steps fast code may take before it charges them. While less than this is left to charge, plain code runs.
pub(super) const RESERVE: u64 = 256;

/// An instruction of fast code. Registers are those of the frame. Each does what one or more plain instructions do, or it
/// does nothing at all and leaves by its exit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fast {
    /// Goes on elsewhere.
    Goto {
        to: At,
    },
    /// Charges steps and goes on elsewhere.
    Jump {
        to: At,
        steps: u16,
    },
    /// Charges steps.
    Charge {
        steps: u16,
    },
    /// Leaves for plain code.
    Leave,
    Move {
        dst: u8,
        src: u8,
    },
    Swap {
        a: u8,
        b: u8,
    },
    LoadConst {
        dst: u8,
        constant: u16,
    },
    LoadInt {
        dst: u8,
        value: i64,
    },
    LoadFloat {
        dst: u8,
        value: f64,
    },
    LoadBool {
        dst: u8,
        value: bool,
    },
    /// Leaves unless the value is of that kind.
    Guard {
        slot: u8,
        kind: Kind,
    },
    /// Leaves unless the value names that function.
    GuardFunction {
        slot: u8,
        function: FunctionIndex,
    },
    AddInt {
        dst: u8,
        left: u8,
        right: u8,
    },
    SubInt {
        dst: u8,
        left: u8,
        right: u8,
    },
    MulInt {
        dst: u8,
        left: u8,
        right: u8,
    },
    DivInt {
        dst: u8,
        left: u8,
        right: u8,
    },
    ModInt {
        dst: u8,
        left: u8,
        right: u8,
    },
    AddIntConst {
        dst: u8,
        left: u8,
        right: i64,
    },
    SubConstInt {
        dst: u8,
        left: i64,
        right: u8,
    },
    MulIntConst {
        dst: u8,
        left: u8,
        right: i64,
    },
    DivIntConst {
        dst: u8,
        left: u8,
        right: i64,
    },
    ModIntConst {
        dst: u8,
        left: u8,
        right: i64,
    },
    AddFloat {
        dst: u8,
        left: u8,
        right: u8,
    },
    SubFloat {
        dst: u8,
        left: u8,
        right: u8,
    },
    MulFloat {
        dst: u8,
        left: u8,
        right: u8,
    },
    DivFloat {
        dst: u8,
        left: u8,
        right: u8,
    },
    AddFloatConst {
        dst: u8,
        left: u8,
        right: f64,
    },
    SubConstFloat {
        dst: u8,
        left: f64,
        right: u8,
    },
    MulFloatConst {
        dst: u8,
        left: u8,
        right: f64,
    },
    DivFloatConst {
        dst: u8,
        left: u8,
        right: f64,
    },
    DivConstFloat {
        dst: u8,
        left: f64,
        right: u8,
    },
    // Branches on comparisons of numbers. A float that is NaN is neither less nor not less, so both are there.
    IfEqInt {
        left: u8,
        right: u8,
        to: At,
    },
    IfNeInt {
        left: u8,
        right: u8,
        to: At,
    },
    IfLtInt {
        left: u8,
        right: u8,
        to: At,
    },
    IfLeInt {
        left: u8,
        right: u8,
        to: At,
    },
    IfEqIntConst {
        left: u8,
        to: At,
        right: i64,
    },
    IfNeIntConst {
        left: u8,
        to: At,
        right: i64,
    },
    IfLtIntConst {
        left: u8,
        to: At,
        right: i64,
    },
    IfGeIntConst {
        left: u8,
        to: At,
        right: i64,
    },
    IfEqFloat {
        left: u8,
        right: u8,
        to: At,
    },
    IfNeFloat {
        left: u8,
        right: u8,
        to: At,
    },
    IfLtFloat {
        left: u8,
        right: u8,
        to: At,
    },
    IfNotLtFloat {
        left: u8,
        right: u8,
        to: At,
    },
    IfLeFloat {
        left: u8,
        right: u8,
        to: At,
    },
    IfNotLeFloat {
        left: u8,
        right: u8,
        to: At,
    },
    IfEqFloatConst {
        left: u8,
        to: At,
        right: f64,
    },
    IfNeFloatConst {
        left: u8,
        to: At,
        right: f64,
    },
    IfLtFloatConst {
        left: u8,
        to: At,
        right: f64,
    },
    IfNotLtFloatConst {
        left: u8,
        to: At,
        right: f64,
    },
    IfLeFloatConst {
        left: u8,
        to: At,
        right: f64,
    },
    IfNotLeFloatConst {
        left: u8,
        to: At,
        right: f64,
    },
    IfGtFloatConst {
        left: u8,
        to: At,
        right: f64,
    },
    IfNotGtFloatConst {
        left: u8,
        to: At,
        right: f64,
    },
    IfGeFloatConst {
        left: u8,
        to: At,
        right: f64,
    },
    IfNotGeFloatConst {
        left: u8,
        to: At,
        right: f64,
    },
    /// Goes elsewhere where the value counts as true.
    IfTrue {
        slot: u8,
        to: At,
    },
    /// Goes elsewhere where the value counts as false.
    IfFalse {
        slot: u8,
        to: At,
    },
    LoadGlobal {
        dst: u8,
        name: GlobalSlot,
    },
    StoreGlobal {
        src: u8,
        name: GlobalSlot,
    },
    ArrayGet {
        dst: u8,
        array: u8,
        index: u8,
    },
    ArrayGetConst {
        dst: u8,
        array: u8,
        index: u32,
    },
    ArraySet {
        array: u8,
        index: u8,
        value: u8,
    },
    ArraySetConst {
        array: u8,
        value: u8,
        index: u32,
    },
    ArrayLen {
        dst: u8,
        array: u8,
    },
    Call {
        site: u32,
        steps: u16,
    },
    Return {
        src: u8,
        clear: u32,
        steps: u16,
    },
    /// Returns a constant, or nothing.
    ReturnConst {
        constant: Option<u16>,
        clear: u32,
        steps: u16,
    },
    /// A plain instruction, as it is.
    Plain {
        op: Op,
    },
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
    /// Registers that returns clear.
    pub(super) clears: Vec<Box<[u8]>>,
    pub(super) versions: HashMap<u32, Vec<Version>>,
}

impl Code {
    /// No more instructions than this are made for one module; what is left stays plain. An instruction and all that belongs
    /// to it take some hundred bytes, so this bounds what a hostile module can make of it.
    const MOST_OPS: usize = 1 << 15;

    pub(super) fn new(graph: FlowGraph) -> Self {
        Self {
            graph,
            ops: Vec::new(),
            exit_of: Vec::new(),
            exits: Vec::new(),
            stubs: Vec::new(),
            sites: Vec::new(),
            clears: Vec::new(),
            versions: HashMap::new(),
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
            From::Return { site } => self.sites[site].back = code,
            From::Call { site } => self.sites[site].callee = code,
        }
    }
}

impl Fast {
    /// Makes the instruction go elsewhere.
    fn redirect(&mut self, code: At) {
        match self {
            Self::Goto { to }
            | Self::Jump { to, .. }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_takes_sixteen_bytes() {
        assert_eq!(size_of::<Fast>(), 16);
    }
}
