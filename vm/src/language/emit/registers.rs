//! The registers of a function: its inputs first, then other variables, then temporaries, which are given and released like a
//! stack.
//!
//! Where that needs more registers than there are, the variables that are used least are in an array, the spill, which has a
//! register of its own. Values move in and out of it, so that lists still change in place.

use crate::isa::{REGISTERS, Reg};
use crate::language::ast::{Program, StatementKind};
use crate::language::checker::Checked;

use super::IN_REGISTERS;

/// Where a variable lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    Register(Reg),
    /// An index of the spill.
    Slot(u32),
}

/// How many variables to keep in registers, from one attempt to the next; none for all.
pub(super) const ATTEMPTS: [Option<usize>; 5] = [None, Some(192), Some(96), Some(40), Some(8)];

/// How many slots of the spill a For each takes: for the list, its length and the index.
pub(super) const SLOTS_OF_LOOP: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Frame {
    storage: Vec<Storage>,
    /// The register of the spill, and how many slots it has.
    pub(super) spill: Option<(Reg, u32)>,
    /// How many inputs arrive in the spill.
    pub(super) inputs_in_spill: usize,
    first_temporary: u16,
    next: u16,
    /// The next slot for a loop.
    next_slot: u32,
}

/// How many temporaries were in use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(u16);

impl Frame {
    /// Lays out the registers of a function, with so many variables in registers; none where that attempt makes no sense.
    pub(super) fn plan(
        program: &Program,
        checked: &Checked,
        index: usize,
        registers: Option<usize>,
    ) -> Option<Self> {
        let function = &program.functions[index];
        let variables = &checked.functions[index].variables;
        let inputs = function.inputs.len().min(variables.len());
        let is_packed = inputs > IN_REGISTERS;
        let Some(registers) = registers else {
            if is_packed || variables.len() > REGISTERS {
                return None;
            }
            let storage = (0..variables.len()).map(|index| Storage::Register(Reg(index as u8))).collect();
            return Some(Self {
                storage,
                spill: None,
                inputs_in_spill: 0,
                first_temporary: variables.len() as u16,
                next: variables.len() as u16,
                next_slot: 0,
            });
        };
        let in_registers = if is_packed { 0 } else { inputs };
        let spill = Reg(in_registers as u8);
        let mut storage = vec![None; variables.len()];
        let mut slots = 0;
        for (number, place) in storage.iter_mut().take(inputs).enumerate() {
            *place = Some(if is_packed {
                slots += 1;
                Storage::Slot(slots - 1)
            } else {
                Storage::Register(Reg(number as u8))
            });
        }
        let mut by_weight: Vec<usize> = (inputs..variables.len()).collect();
        by_weight.sort_by_key(|index| std::cmp::Reverse(variables[*index].weight));
        let mut next = u16::from(spill.0) + 1;
        for (number, variable) in by_weight.into_iter().enumerate() {
            storage[variable] = Some(if number < registers.saturating_sub(in_registers) {
                next += 1;
                Storage::Register(Reg((next - 1) as u8))
            } else {
                slots += 1;
                Storage::Slot(slots - 1)
            });
        }
        let loops = SLOTS_OF_LOOP * deepest_loops(program, index);
        Some(Self {
            storage: storage.into_iter().map(|place| place.unwrap_or(Storage::Slot(0))).collect(),
            spill: Some((spill, slots + loops)),
            inputs_in_spill: inputs - in_registers,
            first_temporary: next,
            next,
            next_slot: slots,
        })
    }

    pub(super) fn storage(&self, variable: usize) -> Storage {
        self.storage[variable]
    }

    pub(super) fn registers_of_variables(&self) -> Vec<Option<u8>> {
        let register = |storage: &Storage| match storage {
            Storage::Register(register) => Some(register.0),
            Storage::Slot(_) => None,
        };
        self.storage.iter().map(register).collect()
    }

    pub(super) fn temporary(&mut self) -> Option<Reg> {
        let register = u8::try_from(self.next).ok()?;
        self.next += 1;
        Some(Reg(register))
    }

    pub(super) fn is_temporary(&self, register: Reg) -> bool {
        u16::from(register.0) >= self.first_temporary
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.next)
    }

    /// Releases the temporaries that were taken since.
    pub(super) fn release(&mut self, mark: Mark) {
        self.next = mark.0;
    }

    /// Releases the temporaries that were taken since, but for `kept` if it is one of them.
    pub(super) fn release_but(&mut self, mark: Mark, kept: Reg) {
        self.next = mark.0.max(if self.is_temporary(kept) { u16::from(kept.0) + 1 } else { 0 });
    }

    /// Takes the slots of a loop.
    pub(super) fn open_loop(&mut self) -> u32 {
        self.next_slot += SLOTS_OF_LOOP;
        self.next_slot - SLOTS_OF_LOOP
    }

    pub(super) fn close_loop(&mut self) {
        self.next_slot -= SLOTS_OF_LOOP;
    }
}

/// How deep For eachs nest in a function.
fn deepest_loops(program: &Program, index: usize) -> u32 {
    let mut ends: Vec<u32> = Vec::new();
    let mut deepest = 0;
    for (number, statement) in program.functions[index].statements.iter().enumerate() {
        while ends.pop_if(|end| *end as usize <= number).is_some() {}
        if matches!(statement.kind, StatementKind::ForEach { .. }) {
            ends.push(statement.end);
            deepest = deepest.max(ends.len());
        }
    }
    deepest as u32
}
