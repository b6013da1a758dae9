//! Fast code: what it is made of.

use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;

use super::flow::FlowGraph;
use super::payoff::{self, Made, Payoff};
use super::state::{Kind, State};
use crate::interpreter::lower::Op;
use crate::interpreter::{FunctionIndex, GlobalSlot, Program};
use crate::isa::Reg;
use crate::value::Value;

/// The position of an instruction of fast code, or one that is still to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At(u32);

impl At {
    /// Positions from here on number stubs: there is never so much code.
    const STUBS: u32 = 1 << 31;
    const SIZE: usize = size_of::<Fast>();

    /// Nowhere yet.
    pub(super) const NOWHERE: Self = Self(Self::STUBS);

    /// The instruction at that place among all.
    pub(super) fn of(index: usize) -> Self {
        Self((index * Self::SIZE) as u32)
    }

    pub(super) fn stub(number: usize) -> Self {
        Self(Self::STUBS | number as u32)
    }

    /// Whether there is no code yet.
    #[cfg(machine_code)]
    pub(super) fn is_stub(self) -> bool {
        self.0 >= Self::STUBS
    }

    /// The number of a stub, where there is no code.
    #[inline(always)]
    pub(super) fn as_stub(self) -> u32 {
        self.0 & !Self::STUBS
    }

    #[inline(always)]
    pub(super) fn index(self) -> usize {
        self.0 as usize / Self::SIZE
    }

    /// How far from the first instruction that is, in bytes.
    #[inline(always)]
    pub(super) fn offset(self) -> usize {
        self.0 as usize
    }

    /// The instruction behind.
    pub(super) fn next(self) -> Self {
        Self::of(self.index() + 1)
    }
}

/// The place of a register in its frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u16);

impl Slot {
    const SIZE: u16 = size_of::<Value>() as u16;

    #[inline(always)]
    pub(super) const fn of(register: u8) -> Self {
        Self(register as u16 * Self::SIZE)
    }

    #[inline(always)]
    pub(super) fn register(self) -> u8 {
        (self.0 / Self::SIZE) as u8
    }

    /// How far from r0 that is, in bytes.
    #[inline(always)]
    pub(super) fn offset(self) -> usize {
        usize::from(self.0)
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "r{}", self.register())
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
    Move { dst: Slot, src: Slot },
    MoveInt { dst: Slot, src: Slot },
    MoveFloat { dst: Slot, src: Slot },
    MoveScalar { dst: Slot, src: Slot },
    Swap { a: Slot, b: Slot },
    /// Writes a constant over a value of whatever kind.
    LoadConst { dst: Slot, constant: u16 },
    /// The same with a bool.
    PutBool { dst: Slot, value: bool },
    LoadInt { dst: Slot, value: i64 },
    LoadFloat { dst: Slot, value: f64 },
    LoadBool { dst: Slot, value: bool },
    /// Leaves unless the value is of that kind.
    Guard { slot: Slot, kind: Kind },
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
    IfEqString { left: Slot, right: Slot, to: At },
    IfNeString { left: Slot, right: Slot, to: At },
    IfEqStringConst { left: Slot, right: u16, to: At },
    IfNeStringConst { left: Slot, right: u16, to: At },
    // Branches on comparisons of numbers. A float that is NaN is neither less nor not less, so both are there.
    IfEqInt { left: Slot, right: Slot, to: At },
    IfNeInt { left: Slot, right: Slot, to: At },
    IfLtInt { left: Slot, right: Slot, to: At },
    IfLeInt { left: Slot, right: Slot, to: At },
    IfEqIntConst { left: Slot, to: At, right: i64 },
    IfNeIntConst { left: Slot, to: At, right: i64 },
    IfLtIntConst { left: Slot, to: At, right: i64 },
    IfGeIntConst { left: Slot, to: At, right: i64 },
    IfEqFloat { left: Slot, right: Slot, to: At },
    IfNeFloat { left: Slot, right: Slot, to: At },
    IfLtFloat { left: Slot, right: Slot, to: At },
    IfNotLtFloat { left: Slot, right: Slot, to: At },
    IfLeFloat { left: Slot, right: Slot, to: At },
    IfNotLeFloat { left: Slot, right: Slot, to: At },
    IfEqFloatConst { left: Slot, to: At, right: f64 },
    IfNeFloatConst { left: Slot, to: At, right: f64 },
    IfLtFloatConst { left: Slot, to: At, right: f64 },
    IfNotLtFloatConst { left: Slot, to: At, right: f64 },
    IfLeFloatConst { left: Slot, to: At, right: f64 },
    IfNotLeFloatConst { left: Slot, to: At, right: f64 },
    IfGtFloatConst { left: Slot, to: At, right: f64 },
    IfNotGtFloatConst { left: Slot, to: At, right: f64 },
    IfGeFloatConst { left: Slot, to: At, right: f64 },
    IfNotGeFloatConst { left: Slot, to: At, right: f64 },
    // What `Jump` and the branch it leads to do together: where that branch is not taken, charges and goes on behind it.
    LoopEqInt { left: Slot, right: Slot, to: At, steps: u16 },
    LoopNeInt { left: Slot, right: Slot, to: At, steps: u16 },
    LoopLtInt { left: Slot, right: Slot, to: At, steps: u16 },
    LoopLeInt { left: Slot, right: Slot, to: At, steps: u16 },
    LoopEqIntConst { left: Slot, steps: u8, to: At, right: i64 },
    LoopNeIntConst { left: Slot, steps: u8, to: At, right: i64 },
    LoopLtIntConst { left: Slot, steps: u8, to: At, right: i64 },
    LoopGeIntConst { left: Slot, steps: u8, to: At, right: i64 },
    // What adding to a number and such a turn do together, where the number is what is compared.
    CountLtInt { counter: Slot, right: Slot, step: i16, steps: u16, to: At },
    CountLeInt { counter: Slot, right: Slot, step: i16, steps: u16, to: At },
    CountLtIntConst { counter: Slot, step: i16, steps: u16, to: At, right: i32 },
    CountGeIntConst { counter: Slot, step: i16, steps: u16, to: At, right: i32 },
    // The same, where a register holds what is added.
    StepLtInt { counter: Slot, step: Slot, right: Slot, steps: u16, to: At },
    StepLeInt { counter: Slot, step: Slot, right: Slot, steps: u16, to: At },
    // Branches on two values that are joined by `and` or `or`.
    IfBoth { left: Slot, right: Slot, to: At },
    IfNotBoth { left: Slot, right: Slot, to: At },
    IfEither { left: Slot, right: Slot, to: At },
    IfNeither { left: Slot, right: Slot, to: At },
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
    IfTrueBool { slot: Slot, to: At },
    IfFalseBool { slot: Slot, to: At },
    /// Goes elsewhere where the value counts as true.
    IfTrue { slot: Slot, to: At },
    /// Goes elsewhere where the value counts as false.
    IfFalse { slot: Slot, to: At },
    /// Joins two strings.
    Join { dst: Slot, left: Slot, right: Slot },
    /// Writes the text of an int over a value of whatever kind.
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
    // These write a scalar, those of the second kind a constant.
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
    /// Lets a register go that holds the container that the next instruction writes to, so that it need not be copied. The
    /// register is overwritten before it is read.
    Release { holder: Slot, container: Slot },
    /// The same with a global, which the instruction behind the next sets. `key` is where the write goes.
    ReleaseGlobal { holder: GlobalSlot, container: Slot, key: Slot },
    Call { site: u32, steps: u16 },
    /// Calls whichever function of a family the value names.
    CallAny { func: Slot, steps: u16, family: u32 },
    Return { src: Slot, clear: u32, steps: u16 },
    /// Returns a constant, or nothing.
    ReturnConst { constant: Option<u16>, clear: u32, steps: u16 },
    /// A plain instruction, as it is.
    Plain { op: Op },
    // The first of two that often stand together. What stands behind is the second, and is done with it.
    SubIntSubInt { dst: Slot, left: Slot, right: Slot },
    AddIntCountLtInt { dst: Slot, left: Slot, right: Slot },
    ModIntMaskIfNeIntConst { dst: Slot, left: Slot, mask: i64 },
    AddFloatCountLtInt { dst: Slot, left: Slot, right: Slot },
    TestEqIntOr { dst: Slot, left: Slot, right: Slot },
    TestEqIntIfNeither { dst: Slot, left: Slot, right: Slot },
    IfEqStringConstTwice { left: Slot, right: u16, to: At },
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
pub(super) struct Triple {
    pub(super) dst: Slot,
    pub(super) left: Slot,
    pub(super) right: Slot,
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
    /// A register that was written just before, to be looked at.
    pub(super) written: Option<Reg>,
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
    pub(super) args: Box<[Slot]>,
    /// The registers of the callee, arguments aside, that must be empty.
    pub(super) clear: Box<[Slot]>,
    /// How many registers the callee can touch.
    pub(super) registers: u16,
    /// The code of the callee.
    pub(super) callee: At,
    /// The code to come back to.
    pub(super) back: At,
    /// The code to come back to with an int, a float or a bool.
    pub(super) back_with_int: At,
    pub(super) back_with_float: At,
    pub(super) back_with_bool: At,
    /// What is true when the call comes back.
    pub(super) after: Rc<State>,
    /// The other functions that the same call leads to.
    pub(super) family: Option<u32>,
}

/// The functions that one call leads to, by what it was given.
#[derive(Default)]
pub(super) struct Family {
    /// A call for each of them. They differ in the function, and come back to the same code.
    sites: Vec<u32>,
    /// Where among those the call of a function is.
    positions: HashMap<FunctionIndex, u32, RandomState>,
}

impl Family {
    /// A call that leads to more functions is left to plain code where it leads to another.
    const MOST: usize = 256;

    pub(super) fn sites(&self) -> &[u32] {
        &self.sites
    }

    pub(super) fn position(&self, function: FunctionIndex) -> Option<u32> {
        let position = self.positions.get(&function).copied();
        if planted!("family-first") { position.map(|_| 0) } else { position }
    }

    pub(super) fn site(&self, function: FunctionIndex) -> Option<u32> {
        self.position(function).map(|position| self.sites[position as usize])
    }

    pub(super) fn add(&mut self, function: FunctionIndex, site: u32) {
        self.positions.insert(function, self.sites.len() as u32);
        self.sites.push(site);
    }

    pub(super) fn is_full(&self) -> bool {
        self.sites.len() >= Self::MOST
    }
}

/// Code for a place where paths meet, made for what was known on one of them.
pub(super) struct Version {
    pub(super) state: State,
    pub(super) at: At,
}

/// The fast code of a program. It grows while the program runs.
pub(in crate::interpreter) struct Code {
    pub(super) graph: FlowGraph,
    /// So many instructions of the module may be looked into.
    most_looked_into: usize,
    /// How many phis the compiler has looked at. It looks at all of a run each time that it comes to know of another value.
    pub(super) phis_seen: u64,
    pub(super) ops: Vec<Fast>,
    /// By position, the exit of an instruction; those that have none have a number all the same.
    pub(super) exit_of: Vec<u32>,
    pub(super) exits: Vec<Exit>,
    /// A stub is taken out when its code is made.
    pub(super) stubs: Vec<Option<Box<Stub>>>,
    pub(super) sites: Vec<Site>,
    pub(super) families: Vec<Family>,
    /// Registers that returns clear. The first clears none.
    pub(super) clears: Vec<Box<[Slot]>>,
    pub(super) versions: HashMap<u32, Vec<Version>>,
    /// Nothing leads to code behind this position but the code before it.
    pub(super) floor: usize,
    pub(super) payoff: Payoff,
    /// How often there was more code, or code led elsewhere.
    pub(super) changes: u32,
    /// The same as code of the processor.
    #[cfg(machine_code)]
    pub(super) native: super::obey::Native,
}

impl Code {
    /// No more instructions than this are made for one module; what is left stays plain. An instruction and all that belongs
    /// to it take some hundred bytes, so this bounds what a hostile module can make of it.
    ///
    /// There is less room where bugs are planted, so that short programs come to its end.
    const MOST_OPS: usize = if cfg!(feature = "planted") { 1 << 10 } else { 1 << 14 };

    pub(super) fn new(graph: FlowGraph, instructions: usize) -> Self {
        Self {
            graph,
            most_looked_into: 0,
            phis_seen: 0,
            payoff: Payoff::new(instructions),
            ops: Vec::new(),
            exit_of: Vec::new(),
            exits: Vec::new(),
            stubs: Vec::new(),
            sites: Vec::new(),
            families: Vec::new(),
            clears: vec![Box::default()],
            versions: HashMap::new(),
            floor: 0,
            changes: 0,
            #[cfg(machine_code)]
            native: super::obey::Native::default(),
        }
    }

    /// Whether specialised code is to be tried at an instruction that control has just come to.
    #[inline(always)]
    pub(in crate::interpreter) fn is_worth_trying(&mut self, pc: usize) -> bool {
        self.payoff.arrive(pc)
    }

    /// Drops all code. No frame may wait in it.
    pub(super) fn flush(&mut self) {
        self.ops = Vec::new();
        self.exit_of = Vec::new();
        self.exits = Vec::new();
        self.stubs = Vec::new();
        self.sites = Vec::new();
        self.families = Vec::new();
        self.clears = vec![Box::default()];
        self.versions = HashMap::new();
        self.floor = 0;
        self.changes += 1;
        #[cfg(machine_code)]
        self.native.drop_code();
    }

    /// Notes that the instruction at that place is another now, and does something else for what leads there.
    pub(super) fn changed(&mut self, place: usize) {
        #[cfg(machine_code)]
        self.native.outdate(place);
        #[cfg(not(machine_code))]
        let _ = place;
    }

    pub(super) fn is_full(&self) -> bool {
        self.ops.len().max(self.exits.len()).max(self.stubs.len()).max(self.sites.len()) >= Self::MOST_OPS
    }

    /// Says how many steps the run has taken, by which it is told how much of the module may be looked into; all of it where the
    /// host asked for specialised code whether it pays or not.
    pub(in crate::interpreter) fn count_steps(&mut self, steps: u64, is_forced: bool) {
        self.most_looked_into = if is_forced { usize::MAX } else { payoff::most_looked_into(steps) };
    }

    /// Looks into the function that an instruction belongs to, if that can be paid.
    pub(in crate::interpreter) fn look_into(&mut self, program: &Program, pc: usize) {
        self.graph.look_into(&program.module, pc, self.most_looked_into);
    }

    /// What was made up to now, of what there is.
    pub(super) fn made(&self) -> Made {
        #[cfg(machine_code)]
        let translated = self.native.translated();
        #[cfg(not(machine_code))]
        let translated = 0;
        Made {
            instructions: self.ops.len() as u64,
            callees: self.sites.len() as u64,
            translated,
            phis: self.phis_seen,
        }
    }

    /// What is true when a call comes back.
    pub(in crate::interpreter) fn after(&self, site: u32) -> &State {
        &self.sites[site as usize].after
    }

    /// Makes what led to a stub lead to its code.
    pub(super) fn link(&mut self, from: From, code: At) {
        self.changes += 1;
        match from {
            From::Code(position) => self.ops[position].redirect(code),
            From::Return { site } => {
                let family = self.sites[site].family;
                self.come_back(site, code);
                let relatives = family.map(|family| self.families[family as usize].sites.clone());
                for relative in relatives.into_iter().flatten() {
                    self.come_back(relative as usize, code);
                }
            }
            From::Call { site } => self.sites[site].callee = code,
        }
    }

    /// Makes a call come back to that code.
    fn come_back(&mut self, site: usize, code: At) {
        let site = &mut self.sites[site];
        [site.back, site.back_with_int, site.back_with_float, site.back_with_bool] = [code; 4];
        if without!("typed-returns") {
            return;
        }
        // Who comes back with what is looked for need not look.
        match self.ops.get(code.index()) {
            Some(Fast::GuardInt { slot }) if slot.register() == site.dst => {
                site.back_with_int = code.next();
            }
            Some(Fast::GuardFloat { slot }) if slot.register() == site.dst => {
                site.back_with_float = code.next();
            }
            Some(Fast::GuardBool { slot }) if slot.register() == site.dst => {
                site.back_with_bool = code.next();
            }
            _ => {}
        }
    }
}

/// A comparison of two values: for each way that they may stand to one another, a bit that tells whether it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Test {
    Lt = 0b0001,
    Eq = 0b0010,
    Le = 0b0011,
    Gt = 0b0100,
    Ge = 0b0110,
    /// The one that holds of what has no order, too: a NaN and whatever else.
    Ne = 0b1101,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "each looks at some instructions only, and says nothing of the others"
)]
impl Fast {
    /// Makes the instruction go elsewhere.
    fn redirect(&mut self, code: At) {
        if let Some(to) = self.target_mut() {
            *to = code;
        }
    }

    /// Where the instruction may go, besides to the one behind.
    #[cfg(machine_code)]
    pub(super) fn target(mut self) -> Option<At> {
        self.target_mut().copied()
    }

    fn target_mut(&mut self) -> Option<&mut At> {
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
    pub(super) fn result(&mut self) -> Option<&mut Slot> {
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
    pub(super) fn operands(&self) -> Option<[Slot; 2]> {
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
    pub(super) fn leads_elsewhere(&self) -> bool {
        matches!(
            self,
            Self::Goto { .. }
                | Self::Jump { .. }
                | Self::Leave
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
        assert_eq!(size_of::<Fast>(), 16);
    }
}
