//! Lowering: a module becomes the internal code that the machine runs.
//!
//! It is done once for each module, in time and memory proportional to the code: instructions take 8 bytes each, jump
//! targets are absolute, globals are slots, constants are values, and each function knows how many registers its code
//! can touch. Large modules whose instructions are hardly longer than a byte are the exception: no compiler makes them, and 8 bytes
//! for each would be many times the file. Their instructions are lowered each time they are executed.

mod reach;

use std::collections::HashMap;

use crate::errors::RuntimeError;
use crate::isa::{ConstIdx, FlowKind, Instruction, JumpOffset, Opcode, Reg, ScopeId};
use crate::module::{Constant, Module};
use crate::ops;
use crate::runtime::{CodeBytes, Environment, FrameRegisters, Functions, GlobalSlot, Mode, Span};
use crate::value::{Str, Value};
use crate::values::TypeId;

/// Where control goes after an instruction.
pub(crate) enum Flow {
    /// To the next instruction.
    Next,
    /// To a target.
    Jump(Target),
    /// Into a function.
    Call { function: u32, dst: Reg, args: Span },
    /// Out of a function, with a value or without.
    Return(Option<Value>),
    /// Into the run of phis that begins here.
    Phi,
    /// Out of the program.
    Halt,
}

include!(concat!(env!("OUT_DIR"), "/dispatch.rs"));

/// A module, ready to run.
pub(crate) struct Program {
    pub(crate) module: Module,
    /// The lowered instructions; none where each is lowered when it is executed, as [`Self::op`] does it.
    pub(crate) ops: Vec<Op>,
    pub(crate) constants: Vec<Value>,
    pub(crate) functions: Functions,
    /// Where each function begins, by position in the function table.
    pub(crate) entries: Vec<Entry>,
    /// Where the program begins.
    pub(crate) start: Entry,
    /// The names of the globals, in order of their slots.
    pub(crate) global_names: Vec<String>,
    /// The slots of the globals, by index of the constant that holds the name.
    slots: HashMap<u16, GlobalSlot>,
    /// Whether the program can tell a register's type tag from its value's type.
    pub(crate) needs_tags: bool,
}

/// Where a function begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) target: Target,
    /// How many registers, from r0 on, the code reachable from there can touch.
    pub(crate) registers: u16,
}

/// The absolute target of a jump, and whether a phi is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target(u32);

impl Target {
    /// An instruction index takes 28 bits (`instructions` under `limits` of `spec/format.yaml`), so this one is free.
    const PHI: u32 = 1 << 31;

    fn at(module: &Module, pc: usize) -> Self {
        let is_phi = module.opcode(pc).is_some_and(|opcode| opcode.spec().flow == FlowKind::Phi);
        Self(if is_phi { pc as u32 | Self::PHI } else { pc as u32 })
    }

    #[inline(always)]
    pub(crate) fn pc(self) -> usize {
        (self.0 & !Self::PHI) as usize
    }

    #[inline(always)]
    pub(crate) fn is_phi(self) -> bool {
        self.0 & Self::PHI != 0
    }
}

/// Where the instruction that is lowered is.
pub(crate) struct Place<'a> {
    module: &'a Module,
    index: usize,
    /// Where it begins among the encoded bytes.
    start: u32,
    slots: Slots<'a>,
}

/// The slots of globals, by index of the constant that holds the name.
enum Slots<'a> {
    /// A name that has none yet gets one.
    Given(&'a mut NewSlots),
    /// All names have one.
    Known(&'a HashMap<u16, GlobalSlot>),
}

/// The slots that were given to names of globals.
#[derive(Default)]
struct NewSlots {
    by_constant: HashMap<u16, GlobalSlot>,
    by_name: HashMap<String, GlobalSlot>,
    names: Vec<String>,
}

impl Place<'_> {
    fn span(&self, offset: u32) -> Span {
        Span(self.start + offset)
    }

    fn target(&self, jump: JumpOffset) -> Target {
        // Loading made sure that the target is within the code or at its end.
        Target::at(self.module, jump.target(self.index) as usize)
    }

    fn global(&mut self, constant: ConstIdx) -> GlobalSlot {
        match &mut self.slots {
            Slots::Given(slots) => slots.give(self.module, constant),
            // Each got one when the module was loaded.
            Slots::Known(slots) => slots.get(&constant.0).copied().unwrap_or(GlobalSlot(0)),
        }
    }
}

impl NewSlots {
    fn give(&mut self, module: &Module, constant: ConstIdx) -> GlobalSlot {
        *self.by_constant.entry(constant.0).or_insert_with(|| {
            // Loading made sure that it is a string.
            let Constant::String(name) = &module.constants()[usize::from(constant.0)] else {
                return GlobalSlot(0);
            };
            if let Some(slot) = self.by_name.get(name.as_str()) {
                return *slot;
            }
            // There are no more names than constants, and those a u16 counts.
            let slot = GlobalSlot(self.names.len() as u16);
            self.by_name.insert(name.clone(), slot);
            self.names.push(name.clone());
            slot
        })
    }
}

impl Program {
    /// Modules of fewer instructions are lowered whole, whatever they are: this is where memory begins to matter.
    const SMALL: usize = 1 << 16;
    /// How many times the bytes of the code its lowered instructions may take.
    const MOST: usize = 4;

    pub(crate) fn new(module: Module) -> Self {
        // First, so that what it takes is given back before the instructions are lowered.
        let reach = reach::Reach::new(&module);
        let entry = |pc: usize| Entry { target: Target::at(&module, pc), registers: reach.registers(pc) };
        let entries = module.functions().iter().map(|function| entry(function.entry as usize)).collect();
        let start = entry(module.entry().0);
        drop(reach);
        let lowered = size_of::<Op>() * module.len();
        let is_whole = module.len() < Self::SMALL || lowered <= Self::MOST * module.code().bytes().len();
        let mut slots = NewSlots::default();
        let mut ops = Vec::with_capacity(if is_whole { module.len() } else { 0 });
        let (mut defines, mut checks) = (false, false);
        for (index, (start, instruction)) in module.code().iter().enumerate() {
            defines |= instruction.opcode() == Opcode::Define;
            checks |= instruction.opcode() == Opcode::CheckType;
            let mut place = Place { module: &module, index, start, slots: Slots::Given(&mut slots) };
            let op = Op::lower(&instruction, &mut place);
            if is_whole {
                ops.push(op);
            }
        }
        let functions = Functions::new(&module);
        let pooled = |constant: &Constant| {
            let Constant::String(text) = constant else { return constant.into() };
            Value::String(Str::pooled(text.clone(), functions.id))
        };
        Self {
            constants: module.constants().iter().map(pooled).collect(),
            functions,
            entries,
            start,
            global_names: slots.names,
            slots: slots.by_constant,
            needs_tags: defines && checks,
            ops,
            module,
        }
    }

    /// Whether all instructions are lowered. Only then can there be faster tiers.
    pub(crate) fn is_lowered(&self) -> bool {
        self.ops.len() == self.module.len()
    }

    /// The lowered instruction at `pc`; none past the end.
    #[inline]
    pub(crate) fn op(&self, pc: usize) -> Option<Op> {
        self.ops.get(pc).copied().or_else(|| self.lower(pc))
    }

    /// Lowers the instruction at `pc`, which is past the end where all of them are lowered.
    #[cold]
    #[inline(never)]
    pub(crate) fn lower(&self, pc: usize) -> Option<Op> {
        if self.is_lowered() {
            return None;
        }
        let (start, instruction) = self.module.code().get(pc)?;
        let slots = Slots::Known(&self.slots);
        Some(Op::lower(&instruction, &mut Place { module: &self.module, index: pc, start, slots }))
    }

    pub(crate) fn code(&self) -> CodeBytes<'_> {
        CodeBytes(self.module.code().bytes())
    }
}

impl From<&Constant> for Value {
    fn from(constant: &Constant) -> Self {
        match constant {
            Constant::Empty => Self::Empty,
            Constant::Bool(value) => Self::Bool(*value),
            Constant::Int(value) => Self::Int(*value),
            Constant::Float(value) => Self::Float(*value),
            Constant::String(text) => Self::string(text.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;

    #[test]
    fn an_instruction_takes_eight_bytes() {
        assert_eq!(size_of::<Op>(), 8);
    }

    /// What is lowered on demand is what would have been lowered at once.
    #[test]
    fn large_dense_modules_are_lowered_on_demand() {
        let code = "load_const r0, 3\nstore_global r0, \"a\"\nload_global r1, \"b\"\nstore_global r1, \"a\"\njump_if r0, end\nphi r2, [r0: 1]\n";
        let program = |nops: usize| {
            Program::new(
                assemble(&format!("{code}{}end:\nload_global r2, \"c\"", "nop\n".repeat(nops))).unwrap(),
            )
        };
        let (small, large) = (program(Program::SMALL - 8), program(Program::SMALL - 7));
        assert!(small.is_lowered());
        assert!(!large.is_lowered() && large.ops.is_empty());
        assert!(large.op(large.module.len()).is_none() && small.op(small.module.len()).is_none());
        assert_eq!(small.global_names, large.global_names);
        for pc in (0..4).chain([5, 6, 1000]) {
            assert_eq!(format!("{:?}", small.op(pc)), format!("{:?}", large.op(pc)), "{pc}");
        }
        let last = |program: &Program| format!("{:?}", program.op(program.module.len() - 1));
        assert_eq!(last(&small), last(&large));
    }
}
