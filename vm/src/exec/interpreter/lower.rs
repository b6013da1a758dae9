//! Lowering: a module becomes the internal code that the machine runs.
//!
//! It is done once for each module, in time and memory proportional to the code: instructions take 8 bytes each, jump
//! targets are absolute, globals are slots, constants are values, and each function knows how many registers its code
//! can touch.

use std::collections::HashMap;

use crate::errors::RuntimeError;
use crate::isa::{ConstIdx, FlowKind, Instruction, JumpOffset, Opcode, Operand, REGISTERS, Reg, ScopeId};
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
    pub(crate) ops: Vec<Op>,
    pub(crate) constants: Vec<Value>,
    pub(crate) functions: Functions,
    /// Where each function begins, by position in the function table.
    pub(crate) entries: Vec<Entry>,
    /// Where the program begins.
    pub(crate) start: Entry,
    /// The names of the globals, in order of their slots.
    pub(crate) global_names: Vec<String>,
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

/// The absolute target of a jump, and whether a phi stands there.
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

/// Where the instruction that is lowered stands.
pub(crate) struct Place<'a> {
    module: &'a Module,
    index: usize,
    slots: &'a mut Slots,
}

/// The slots that were given to names of globals.
#[derive(Default)]
struct Slots {
    /// By index of the constant that holds the name.
    by_constant: HashMap<u16, GlobalSlot>,
    by_name: HashMap<String, GlobalSlot>,
    names: Vec<String>,
}

impl Place<'_> {
    fn span(&self, offset: u32) -> Span {
        Span(self.module.code().start(self.index) + offset)
    }

    fn target(&self, jump: JumpOffset) -> Target {
        // Loading made sure that the target is within the code or at its end.
        Target::at(self.module, jump.target(self.index) as usize)
    }

    fn global(&mut self, constant: ConstIdx) -> GlobalSlot {
        let slots = &mut *self.slots;
        *slots.by_constant.entry(constant.0).or_insert_with(|| {
            let name = match &self.module.constants()[usize::from(constant.0)] {
                Constant::String(name) => name.as_str(),
                // Loading made sure that it is a string.
                Constant::Empty | Constant::Bool(_) | Constant::Int(_) | Constant::Float(_) => "",
            };
            if let Some(slot) = slots.by_name.get(name) {
                return *slot;
            }
            // There are no more names than constants, and those a u16 counts.
            let slot = GlobalSlot(slots.names.len() as u16);
            slots.by_name.insert(name.to_owned(), slot);
            slots.names.push(name.to_owned());
            slot
        })
    }
}

impl Program {
    pub(crate) fn new(module: Module) -> Self {
        let mut slots = Slots::default();
        let mut ops = Vec::with_capacity(module.len());
        let (mut defines, mut checks) = (false, false);
        for (index, instruction) in module.instructions().enumerate() {
            defines |= instruction.opcode() == Opcode::Define;
            checks |= instruction.opcode() == Opcode::CheckType;
            ops.push(Op::lower(&instruction, &mut Place { module: &module, index, slots: &mut slots }));
        }
        let reach = registers_reachable(&module);
        let entry = |pc: usize| Entry {
            target: Target::at(&module, pc),
            registers: reach.get(pc).copied().unwrap_or(0),
        };
        let functions = Functions::new(&module);
        let pooled = |constant: &Constant| match constant {
            Constant::String(text) => Value::String(Str::pooled(text.clone(), functions.id)),
            Constant::Empty | Constant::Bool(_) | Constant::Int(_) | Constant::Float(_) => constant.into(),
        };
        Self {
            constants: module.constants().iter().map(pooled).collect(),
            functions,
            entries: module.functions().iter().map(|function| entry(function.entry as usize)).collect(),
            start: entry(module.entry().0),
            global_names: slots.names,
            needs_tags: defines && checks,
            ops,
            module,
        }
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

/// For each instruction, how many registers from r0 on the code reachable from it can touch, calls not followed: a frame
/// needs no more.
///
/// What an instruction touches holds for everything that leads to it. So the instructions are taken in order of what they
/// touch, the most first, and each marks what leads to it and is not marked yet: every instruction is marked once.
fn registers_reachable(module: &Module) -> Vec<u16> {
    let count = module.len();
    let touched: Vec<u16> =
        module.instructions().map(|instruction| registers_touched(&instruction)).collect();
    let sources = JumpSources::new(module);
    let falls_through = |index: usize| match module.opcode(index).map(|opcode| opcode.spec().flow) {
        Some(FlowKind::Next | FlowKind::Branch | FlowKind::Call | FlowKind::Phi) => true,
        Some(FlowKind::Jump | FlowKind::Return | FlowKind::Halt) | None => false,
    };
    let mut reach = vec![None; count];
    let mut pending = Vec::new();
    for index in in_order_of(&touched) {
        pending.push(index as usize);
        while let Some(place) = pending.pop() {
            if reach[place].is_some() {
                continue;
            }
            reach[place] = Some(touched[index as usize]);
            if place > 0 && falls_through(place - 1) {
                pending.push(place - 1);
            }
            pending.extend(sources.of(place));
        }
    }
    reach.into_iter().map(Option::unwrap_or_default).collect()
}

/// The instructions in order of how many registers they touch, the most first.
fn in_order_of(touched: &[u16]) -> Vec<u32> {
    let mut places = [0_u32; REGISTERS + 2];
    for registers in touched {
        places[REGISTERS - usize::from(*registers) + 1] += 1;
    }
    for registers in 0..=REGISTERS {
        places[registers + 1] += places[registers];
    }
    let mut order = vec![0; touched.len()];
    for (index, registers) in (0..).zip(touched) {
        let place = &mut places[REGISTERS - usize::from(*registers)];
        order[*place as usize] = index;
        *place += 1;
    }
    order
}

/// The jumps that lead to each instruction, in one array sorted by target.
struct JumpSources {
    /// Pairs of target and source.
    jumps: Vec<(u32, u32)>,
}

impl JumpSources {
    fn new(module: &Module) -> Self {
        let mut jumps = Vec::new();
        for (index, instruction) in module.instructions().enumerate() {
            for operand in instruction.operands().iter() {
                if let Operand::Jump(jump) = operand {
                    jumps.push((jump.target(index) as u32, index as u32));
                }
            }
        }
        jumps.sort_unstable();
        Self { jumps }
    }

    fn of(&self, target: usize) -> impl Iterator<Item = usize> {
        let begin = self.jumps.partition_point(|(to, _)| (*to as usize) < target);
        self.jumps[begin..]
            .iter()
            .take_while(move |(to, _)| *to as usize == target)
            .map(|(_, from)| *from as usize)
    }
}

/// One more than the highest register that the instruction names, or 0.
fn registers_touched(instruction: &Instruction<'_>) -> u16 {
    let one_more = |register: Reg| u16::from(register.0) + 1;
    let of_operand = |operand: &Operand<'_>| match operand {
        Operand::Register(register) => one_more(*register),
        Operand::OptionalRegister(register) => register.map_or(0, one_more),
        Operand::Registers(registers) => registers.iter().map(one_more).max().unwrap_or(0),
        Operand::Phis(phis) => phis.iter().map(|source| one_more(source.register)).max().unwrap_or(0),
        Operand::Constant(_)
        | Operand::Type(_)
        | Operand::Jump(_)
        | Operand::Check(_)
        | Operand::Scope(_) => 0,
    };
    instruction.operands().iter().map(of_operand).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_takes_eight_bytes() {
        assert_eq!(size_of::<Op>(), 8);
    }
}
