//! Computations on ints: of most of them nothing is known but what they cannot exceed, and of some what they find.

use iced_x86::{Instruction, OpKind};

use super::facts::{Fact, Number, Place, gpr, id};
use super::forms::Operation;
use super::memory::{Cell, RECORD, is_memory, register};
use super::prover::Prover;
use super::state::State;

impl Prover<'_> {
    /// Computes.
    pub(super) fn compute(
        &mut self,
        state: &mut State,
        instruction: &Instruction,
        operation: Operation,
        bits: u8,
    ) -> Result<(), String> {
        let at = instruction.ip() as u32;
        state.compared = None;
        if is_memory(instruction, 0) {
            let cell = self.cell(state, instruction)?;
            return match (cell, operation) {
                (Cell::Count(_), Operation::Inc | Operation::Dec) => Ok(()),
                (Cell::Live, Operation::Add | Operation::Sub) => Ok(()),
                (Cell::Length(vector, array), Operation::Inc) => self.lengthen(state, vector, array),
                _ => Err(format!("changes {cell:?} in place")),
            };
        }
        if register(instruction.op0_register()) == Some((gpr::RSP, 64)) {
            return move_stack(state, instruction, operation);
        }
        // Of three operands, the first is only written.
        let first = if operation == Operation::MulConstant { 1 } else { 0 };
        let left = self.operand(state, instruction, first, bits)?;
        let right = if instruction.op_count() > 1 {
            Some(self.operand(state, instruction, first + 1, bits)?)
        } else {
            None
        };
        let is_same = instruction.op_count() == 2
            && !is_memory(instruction, 1)
            && instruction.op_kind(1) == OpKind::Register
            && instruction.op_register(0) == instruction.op_register(1);
        if operation == Operation::Xor && is_same {
            return self.assign(state, instruction, 0, bits, Fact::Number(Number::Constant(0)));
        }
        if (left, right, operation)
            == (Fact::Frame(0), Some(Fact::WaitingSize { is_shifted: true }), Operation::Sub)
        {
            self.is_whole(state)?;
            state
                .places
                .retain(|place, _| !matches!(place, Place::Slot(_) | Place::Next(_) | Place::Destination));
            state.leave_frame(at);
            state.registers[gpr::R13] = Fact::Size;
            state.registers[gpr::RBX] = Fact::Frame(0);
            return Ok(());
        }
        let fact = self.result(state, (operation, bits), left, right, at);
        self.assign(state, instruction, 0, bits, fact)
    }

    /// What a computation gives.
    fn result(
        &self,
        state: &mut State,
        (operation, bits): (Operation, u8),
        left: Fact,
        right: Option<Fact>,
        at: u32,
    ) -> Fact {
        use Operation as O;
        let constant = match right {
            Some(Fact::Number(Number::Constant(number))) => Some(number),
            _ => None,
        };
        let result = Number::Of(id(at, 0));
        match (operation, left, right, constant) {
            (O::Add, Fact::Top(offset), _, Some(bytes)) if bytes == RECORD as u64 => {
                return Fact::Top(offset + RECORD);
            }
            (O::Sub, Fact::Top(offset), _, Some(bytes)) if bytes == RECORD as u64 => {
                return Fact::Top(offset - RECORD);
            }
            (O::Shr, Fact::Size, _, Some(4)) => return Fact::Registers,
            (O::Shl, Fact::WaitingSize { is_shifted: false }, _, Some(4)) => {
                return Fact::WaitingSize { is_shifted: true };
            }
            (O::Shl, Fact::Destination { is_shifted: false }, _, Some(4)) => {
                return Fact::Destination { is_shifted: true };
            }
            (O::Add, Fact::Destination { is_shifted: true }, Some(Fact::Frame(0)), _) => {
                return Fact::DestinationPlace;
            }
            (O::Shl, Fact::Site { is_known: true, is_shifted: false }, _, Some(5)) if bits == 64 => {
                return Fact::Site { is_known: true, is_shifted: true };
            }
            (
                O::Add,
                Fact::Number(Number::Constant(table)),
                Some(Fact::Site { is_known: true, is_shifted: true }),
                _,
            ) if table == self.subject.table_address => {
                return Fact::Row;
            }
            (O::Shl, Fact::Number(number), _, Some(shift)) if bits == 64 || state.range(number).1 <= 1 => {
                return Fact::Shifted(number, shift as u8);
            }
            // A bool as the code of an element.
            (O::Or, Fact::Shifted(number, shift), _, Some(1))
                if u32::from(shift) == u32::from(crate::value::array::code::TRUTH)
                    && state.range(number).1 <= 1 =>
            {
                return Fact::Number(Number::Code(id(at, 0)));
            }
            (O::And, Fact::Number(Number::Code(id)), _, Some(mask))
                if mask as u32 == !(1_u32 << crate::value::array::code::TRUTH) =>
            {
                return Fact::Number(Number::Masked(id));
            }
            (O::Shr, Fact::Number(number), _, Some(shift)) if shift < 64 => {
                let (low, high) = state.range(number);
                state.ranges.insert(result, (low >> shift, high >> shift));
            }
            (O::And, _, Some(right), _) => {
                // No bit is set that is not set in both.
                state.ranges.insert(result, (0, state.range_of(left).1.min(state.range_of(right).1)));
            }
            (O::Or | O::Xor, _, Some(right), _) => {
                // No bit is set that is set in neither.
                let most = state.range_of(left).1 | state.range_of(right).1;
                let greatest = u64::MAX.checked_shr(most.leading_zeros()).unwrap_or(0);
                state.ranges.insert(result, (0, greatest));
            }
            _ => {}
        }
        if bits == 8 { Fact::Byte(result) } else { Fact::Number(result) }
    }
}

/// The stack pointer is moved by a number of words.
fn move_stack(state: &mut State, instruction: &Instruction, operation: Operation) -> Result<(), String> {
    let bytes = match instruction.op_kind(1) {
        OpKind::Register | OpKind::Memory => {
            return Err("moves the stack pointer by what is not known".to_owned());
        }
        _ => instruction.immediate(1),
    };
    if bytes % 8 != 0 || bytes > 64 {
        return Err(format!("moves the stack pointer by {bytes} bytes"));
    }
    for _ in 0..bytes / 8 {
        match operation {
            Operation::Sub => state.stack.push(Fact::Hole),
            Operation::Add => {
                state.stack.pop().ok_or("takes from the stack what the host left there")?;
            }
            _ => return Err("computes with the stack pointer".to_owned()),
        }
    }
    Ok(())
}
