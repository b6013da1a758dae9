//! Lowering of arrays that are elements of others.

use dynasmrt::{DynasmApi, DynasmLabelApi};

use super::super::containers::VALUE_SHIFT;
use super::super::emit::{at, payload, x64};
use super::{Lowering, RAX, low};
use crate::exec::jit::layout::{Layout, PAYLOAD, tag, thin};
use crate::exec::jit::stubs;
use crate::exec::optimise::{ExitId, Inst, Kind, Value};
use crate::exec::specialise::Slot;
use crate::value::array::code;

/// Registers for ints that a call does not overwrite: rbp and r14.
const KEPT: [u8; 2] = [5, 14];

impl Lowering<'_, '_> {
    /// Finds an element that is an array.
    pub(super) fn row(&mut self, value: Value, values: Value, index: Value, exit: ExitId) {
        let exit = self.exit(exit);
        let Some(to) = self.int_register(value) else { return };
        let values = if let Some(register) = self.int_register(values) {
            register
        } else if let Inst::Values(register) = self.body.inst(values) {
            let array = payload(Slot::of(*register));
            low!(self ; mov rdx, [rbx + array] ; mov rdx, [rdx + self.emitter.layout.values]);
            2
        } else {
            return;
        };
        let index = self.int(index, 1);
        low!(self
            ; cmp Rq(index), [Rq(values) + thin::LENGTH]
            ; jae =>exit
            ; mov rax, Rq(index)
            ; shl rax, VALUE_SHIFT
            ; cmp QWORD [Rq(values) + rax + thin::ITEMS], tag::ARRAY
            ; jne =>exit
            ; mov rcx, [Rq(values) + rax + thin::ITEMS + PAYLOAD]
            ; mov Rq(to), rcx
        );
    }

    /// The array in a register of the frame.
    pub(super) fn held(&mut self, value: Value, register: u8, exit: ExitId) {
        let exit = self.exit(exit);
        let (Some(to), slot) = (self.int_register(value), Slot::of(register)) else { return };
        low!(self ; cmp QWORD [rbx + at(slot)], tag::ARRAY ; jne =>exit ; mov Rq(to), [rbx + payload(slot)]);
    }

    /// Has a register of the frame hold an array.
    pub(super) fn keep_row(&mut self, register: u8, row: Value, exit: ExitId) {
        let exit = self.exit(exit);
        let (Some(row), slot) = (self.int_register(row), Slot::of(register)) else { return };
        let (other, done) = (self.emitter.new_label(), self.emitter.new_label());
        let (ints, floats): (Vec<u8>, Vec<u8>) = self.clobbered();
        self.emitter.later(move |emitter| {
            let (is_free, last) = (emitter.new_label(), emitter.new_label());
            x64!(emitter
                ; =>other
                ; cmp QWORD [rbx + at(slot)], tag::LAST_SCALAR
                ; jbe =>is_free
                ; mov rax, [rbx + payload(slot)]
                ; cmp QWORD [rax], 1
                ; je =>last
                ; dec QWORD [rax]
                ; =>is_free
                ; inc QWORD [Rq(row)]
                ; mov QWORD [rbx + at(slot)], tag::ARRAY
                ; mov [rbx + payload(slot)], Rq(row)
                ; jmp =>done
                // It mostly is what stands for an array as it was before a write.
                ; =>last
            );
            for float in floats.iter().copied() {
                x64!(emitter ; movq rax, Rx(float) ; push rax);
            }
            for int in ints.iter().copied() {
                x64!(emitter ; push Rq(int));
            }
            let is_odd = (ints.len() + floats.len()) % 2 == 1;
            if is_odd {
                x64!(emitter ; push rax);
            }
            x64!(emitter ; lea rdi, [rbx + at(slot)]);
            emitter.call(stubs::retire as *const ());
            x64!(emitter ; test eax, eax);
            if is_odd {
                x64!(emitter ; pop rcx);
            }
            for int in ints.iter().rev().copied() {
                x64!(emitter ; pop Rq(int));
            }
            for float in floats.iter().rev().copied() {
                x64!(emitter ; pop rcx ; movq Rx(float), rcx);
            }
            x64!(emitter ; jz =>exit ; jmp =>is_free);
        });
        low!(self
            ; cmp Rq(row), [rbx + payload(slot)]
            ; jne =>other
            ; cmp QWORD [rbx + at(slot)], tag::ARRAY
            ; jne =>other
            ; =>done
        );
    }

    /// The registers that values are in, of those that a call may overwrite.
    fn clobbered(&self) -> (Vec<u8>, Vec<u8>) {
        let values = || (0..self.body.defs.len() as u32).map(Value);
        let mut ints: Vec<u8> = values().filter_map(|value| self.int_register(value)).collect();
        let mut floats: Vec<u8> = values().filter_map(|value| self.float_register(value)).collect();
        for registers in [&mut ints, &mut floats] {
            registers.sort_unstable();
            registers.dedup();
        }
        ints.retain(|register| !KEPT.contains(register));
        (ints, floats)
    }

    /// How many elements an array has: one of two vectors has none.
    pub(super) fn length_of(&mut self, value: Value, row: Value) {
        let Layout { codes, values, .. } = *self.emitter.layout;
        if let (Some(to), Some(row)) = (self.int_register(value), self.int_register(row)) {
            low!(self
                ; mov rax, [Rq(row) + codes]
                ; mov rcx, [rax + thin::LENGTH]
                ; mov rax, [Rq(row) + values]
                ; add rcx, [rax + thin::LENGTH]
                ; mov Rq(to), rcx
            );
        }
    }

    /// Writes a scalar over an element of an array that so many hold.
    pub(super) fn write_row(
        &mut self,
        row: Value,
        (index, value): (Value, Value),
        holders: u8,
        exit: ExitId,
    ) {
        let exit = self.exit(exit);
        let Layout { codes, words, .. } = *self.emitter.layout;
        let Some(row) = self.int_register(row) else { return };
        if !planted!("optimise-holders") {
            low!(self ; cmp QWORD [Rq(row)], i32::from(holders) ; jne =>exit);
        }
        // The copy that is spared must have room.
        low!(self ; mov rax, [Rq(row) + codes] ; mov rax, [rax + thin::LENGTH]);
        self.emitter.expect_room_for_copy(exit);
        let at = self.int(index, 1);
        low!(self ; mov rdx, [Rq(row) + codes] ; cmp Rq(at), [rdx + thin::LENGTH] ; jae =>exit);
        if self.body.kind(value) == Kind::Bool {
            if let Inst::Bool(value) = *self.body.inst(value) {
                let code = if value { code::TRUE } else { code::FALSE };
                low!(self ; mov BYTE [rdx + Rq(at) + thin::ITEMS], code as i8);
            } else {
                self.load(RAX, value);
                low!(self
                    ; and eax, 1
                    ; shl eax, code::TRUTH as i8
                    ; or eax, code::FALSE as i32
                    ; mov [rdx + Rq(at) + thin::ITEMS], al
                );
            }
            return;
        }
        // While no element was ever a number there are no words.
        low!(self ; mov rax, [Rq(row) + words] ; cmp Rq(at), [rax + thin::LENGTH] ; jae =>exit);
        let code = if self.body.kind(value) == Kind::Float {
            let value = self.float(value, 0);
            low!(self ; movsd [rax + Rq(at) * 8 + thin::ITEMS], Rx(value));
            code::FLOAT
        } else if let Some(value) = self.int_register(value) {
            low!(self ; mov [rax + Rq(at) * 8 + thin::ITEMS], Rq(value));
            code::INT
        } else {
            low!(self ; mov BYTE [rdx + Rq(at) + thin::ITEMS], code::INT as i8);
            self.load(2, value);
            low!(self ; mov [rax + Rq(at) * 8 + thin::ITEMS], rdx);
            return;
        };
        low!(self ; mov BYTE [rdx + Rq(at) + thin::ITEMS], code as i8);
    }

    /// Puts what costs as much as an array did before it was written to into the registers that would hold it, where that bool is true.
    pub(super) fn leave_phantoms(&mut self, stale: &[(u8, Value)]) {
        let Some((first, second)) = stale.first().map(|first| (*first, stale.get(1).copied())) else {
            return;
        };
        // In an order in which neither overwrites what the other reads.
        match second {
            None => low!(self ; xor ecx, ecx),
            Some((_, second)) => {
                self.load(RAX, second);
                low!(self ; push rax);
            }
        }
        self.load(RAX, first.1);
        low!(self ; mov rdx, rax);
        if second.is_some() {
            low!(self ; pop rcx);
        }
        let [one, other] = [first.0, second.unwrap_or(first).0].map(Slot::of);
        low!(self ; lea rdi, [rbx + at(one)] ; lea rsi, [rbx + at(other)]);
        self.emitter.call(stubs::leave_phantoms as *const ());
    }
}
