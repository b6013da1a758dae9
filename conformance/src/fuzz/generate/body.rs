//! The body of one function while it is written: its registers, its beginning and its end, and what stands between.

mod containers;
mod control;
mod lines;
mod opcodes;
mod parts;
mod registers;
mod special;
mod values;

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use machine_dialect_vm::{Constant, Instruction, Reg, TypeId};

use super::choose::{choose, one_in, pick};
use super::shape::{Signature, Size};
use crate::fuzz::program::Line;

/// The body of one function while it is written.
pub(super) struct Body<'u, 'b, 's> {
    u: &'u mut Unstructured<'b>,
    size: Size,
    signatures: &'s [Signature],
    /// Which of them this is.
    index: usize,
    /// The index of its first instruction.
    entry: usize,
    pub(super) lines: Vec<Line>,
    constants: Vec<Constant>,
    /// The registers of each type, by its id.
    registers: BTreeMap<TypeId, Vec<u8>>,
    /// For what is needed for a moment only.
    scratch: [u8; 3],
    /// Registers that count the turns of loops which are being written.
    counters: Vec<u8>,
    free_counters: Vec<u8>,
    loops: usize,
    /// How many more statements there may be.
    left: usize,
    /// Whether the program may look at type tags. A machine may run one that does in a way of its own.
    may_use_tags: bool,
}

impl<'u, 'b, 's> Body<'u, 'b, 's> {
    pub(super) fn new(
        u: &'u mut Unstructured<'b>,
        size: Size,
        signatures: &'s [Signature],
        index: usize,
        entry: usize,
        may_use_tags: bool,
    ) -> Self {
        // Where the registers of the body lie: mostly low, at times behind those that a careless machine keeps by themselves.
        let first = pick(u, &[0, 0, 0, 4, 40, 58, 120, 200, 230]).copied().unwrap_or(0);
        let mut body = Self {
            u,
            size,
            signatures,
            index,
            entry,
            lines: Vec::new(),
            constants: Vec::new(),
            registers: BTreeMap::new(),
            scratch: [0; 3],
            counters: Vec::new(),
            free_counters: Vec::new(),
            loops: 0,
            left: 0,
            may_use_tags,
        };
        let takes = &signatures[index].takes;
        for (register, class) in (0..).zip(takes) {
            body.registers.entry(*class).or_default().push(register);
        }
        let mut next: u8 = first.max(takes.len() as u8);
        let mut take = || {
            let taken = next;
            next = next.wrapping_add(1);
            taken
        };
        use TypeId::{Array, Bool, Dict, Empty, Float, Int, String};
        let kinds = [Int, Int, Float, String, Bool, Array, Dict, Empty, Empty];
        for class in kinds {
            body.registers.entry(class).or_default().push(take());
        }
        if size == Size::Special {
            for class in [Array, Array, Dict, Dict, String, Float] {
                body.registers.entry(class).or_default().push(take());
            }
        }
        body.scratch = [take(), take(), take()];
        body.free_counters = vec![take(), take(), take()];
        body.left = match size {
            Size::Small => 30,
            Size::Long => 30,
            Size::Special => 40,
        };
        body
    }

    pub(super) fn write(&mut self) {
        self.prologue();
        let signature = &self.signatures[self.index];
        if signature.depth > 0 {
            self.recursion();
        }
        if self.size == Size::Special && self.index > 0 && one_in(self.u, 2) {
            self.tell_unset();
        }
        if self.size == Size::Special && self.index == 0 {
            self.counted_loop(0);
        }
        self.statements(0);
        if self.index == 0 && !one_in(self.u, 8) {
            self.show_registers();
        }
        if signature.gives == TypeId::Empty && one_in(self.u, 2) {
            self.emit(Instruction::Return { src: None });
        } else if one_in(self.u, 24) {
            let end = if one_in(self.u, 2) { Instruction::Halt } else { Instruction::Return { src: None } };
            self.emit(end);
        } else {
            let src = Some(self.read(signature.gives));
            self.emit(Instruction::Return { src });
        }
    }

    /// Gives the registers of the common types their first values. Parameters have theirs.
    fn prologue(&mut self) {
        let parameters = self.signatures[self.index].takes.len();
        for class in [TypeId::Int, TypeId::Float, TypeId::String, TypeId::Bool] {
            for register in self.of(class) {
                if usize::from(register) >= parameters && !one_in(self.u, 60) {
                    let constant = self.value(class);
                    self.load(register, constant);
                }
            }
        }
        for register in self.of(TypeId::Array) {
            if usize::from(register) >= parameters && self.size == Size::Special && one_in(self.u, 2) {
                self.long_array(register);
            } else if usize::from(register) >= parameters {
                let count = choose(self.u, 3);
                self.load(self.scratch[0], Constant::Int(0));
                self.emit(Instruction::NewArray { dst: Reg(register), size: Reg(self.scratch[0]) });
                for _ in 0..count.min(2) {
                    self.append(register);
                }
            }
        }
        for register in self.of(TypeId::Dict) {
            if usize::from(register) >= parameters {
                self.emit(Instruction::DictNew { dst: Reg(register) });
                for _ in 0..choose(self.u, 2) {
                    self.insert(register);
                }
            }
        }
    }

    /// Makes what the registers hold part of the outcome.
    fn show_registers(&mut self) {
        let all: Vec<u8> = self.registers.values().flatten().copied().collect();
        for (number, register) in all.into_iter().enumerate() {
            let name = self.constant(Constant::String(format!("end{number}")));
            self.emit(Instruction::StoreGlobal { src: Reg(register), name });
        }
    }

    fn statements(&mut self, depth: usize) {
        let count = 2 + choose(self.u, 6);
        for _ in 0..count {
            if self.u.is_empty() || self.left == 0 {
                return;
            }
            self.left -= 1;
            self.statement(depth);
        }
    }

    fn statement(&mut self, depth: usize) {
        if self.size == Size::Special && choose(self.u, 5) < 3 {
            return self.special();
        }
        match choose(self.u, 32) {
            0..=3 if depth < 3 && !self.free_counters.is_empty() => self.counted_loop(depth),
            4..=6 if depth < 4 => self.branch(depth),
            7..=8 => self.call(),
            9 => {
                let array = self.any_of(TypeId::Array);
                self.append(array);
            }
            10 => self.at_index(),
            11 => {
                let dict = self.any_of(TypeId::Dict);
                self.insert(dict);
            }
            12 => self.look_up(),
            13 => self.text(),
            14 => self.phi_after_jump(),
            15 => self.cast(),
            16 => self.global(),
            17 => self.wild(),
            18..=19 => self.arithmetic(),
            20 => self.compare_and_skip(),
            21 => self.shuffle(),
            _ => self.plain(),
        }
    }
}
