//! Arrays and dicts.

mod writes;

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::emit::{Emitter, JitExit, Place, at, payload, x64};
use super::register_cache::Tag;
use crate::exec::jit::layout::{Layout, PAYLOAD, tag, thin};
use crate::exec::specialise::Slot;
use crate::value::array::code;
use crate::values::costs;

/// An index of an array.
#[derive(Clone, Copy)]
pub(super) enum Index {
    Slot(Slot),
    Constant(u32),
}

impl From<Slot> for Index {
    fn from(slot: Slot) -> Self {
        Self::Slot(slot)
    }
}

impl From<u32> for Index {
    fn from(index: u32) -> Self {
        Self::Constant(index)
    }
}

/// A scalar that is written to an element.
#[derive(Clone, Copy)]
pub(super) enum Scalar {
    Int(Slot),
    Float(Slot),
    Any(Slot),
    /// Tag and payload.
    Constant(i32, i64),
}

/// Where the scalar is that is written.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// In a register for ints.
    Int(u8),
    /// In a register for floats.
    Float(u8),
    Any(Slot),
    Constant(i32, i64),
}

impl Source {
    /// Whether it is known to be a number.
    fn is_number(self) -> bool {
        match self {
            Self::Int(_) | Self::Float(_) => true,
            Self::Any(_) => false,
            Self::Constant(tag, _) => tag != tag::BOOL,
        }
    }
}

/// How far to shift a number of values for a number of bytes.
pub(super) const VALUE_SHIFT: i8 = 4;

impl Emitter<'_> {
    // Arrays

    /// Puts how many elements the array at rax has into a register. Uses rcx.
    pub(super) fn array_length(&mut self, to: u8) {
        let (codes, values) = (self.layout.codes, self.layout.values);
        // One of both has none.
        x64!(self
            ; mov rcx, [rax + codes]
            ; mov Rq(to), [rcx + thin::LENGTH]
            ; mov rcx, [rax + values]
            ; add Rq(to), [rcx + thin::LENGTH]
        );
    }

    /// Reads an element, one of that tag if one is given.
    pub(super) fn array_get(&mut self, dst: Slot, array: Slot, index: Index, wanted: Option<i32>) {
        self.expect(array, tag::ARRAY);
        let index = match index {
            Index::Slot(slot) => self.int(slot),
            Index::Constant(index) => {
                let register = self.cache.take_int();
                x64!(self ; mov Rd(register), index as i32);
                register
            }
        };
        x64!(self ; mov rcx, [rbx + payload(array)]);
        match wanted {
            None => self.get_any(dst, index),
            Some(tag::INT) => self.get_int(dst, index),
            Some(tag::FLOAT) => self.get_float(dst, index),
            Some(_) => self.get_bool(dst, index),
        }
    }

    /// Reads an element of the array at rcx, which is likely to be no number.
    fn get_any(&mut self, dst: Slot, index: u8) {
        let exit = self.leave(JitExit::Guard);
        let Layout { codes, words, values, .. } = *self.layout;
        let (packed, end) = self.out_of_line_bare(move |emitter| {
            let (is_number, is_read) = (emitter.new_label(), emitter.new_label());
            x64!(emitter
                ; mov rdx, [rcx + codes]
                ; cmp Rq(index), [rdx + thin::LENGTH]
                ; jae =>exit
                ; movzx eax, BYTE [rdx + Rq(index) + thin::ITEMS]
                ; mov edx, eax
                ; and edx, !(1 << code::TRUTH)
                ; cmp edx, tag::INT
                ; jae =>is_number
                ; shr eax, code::TRUTH as i8
                ; mov ecx, eax
                ; mov eax, edx
                ; jmp =>is_read
                ; =>is_number
                ; mov rcx, [rcx + words]
                ; mov rcx, [rcx + Rq(index) * 8 + thin::ITEMS]
                ; =>is_read
            );
        });
        // An index below zero is beyond all as a number without sign.
        x64!(self
            ; mov rdx, [rcx + values]
            ; cmp Rq(index), [rdx + thin::LENGTH]
            ; jae =>packed
            ; mov rax, Rq(index)
            ; shl rax, VALUE_SHIFT
            ; mov rcx, [rdx + rax + thin::ITEMS + PAYLOAD]
            ; mov rax, [rdx + rax + thin::ITEMS]
        );
        self.count_copy();
        x64!(self ; =>end);
        self.assign(Place::Slot(dst));
    }

    fn get_int(&mut self, dst: Slot, index: u8) {
        let to = self.cache.take_int();
        let (unpacked, end) = self.unpacked(index, tag::INT, move |emitter| {
            x64!(emitter ; mov Rq(to), [rdx + PAYLOAD]);
        });
        self.expect_code(index, unpacked, code::INT);
        let words = self.layout.words;
        x64!(self ; mov rcx, [rcx + words] ; mov Rq(to), [rcx + Rq(index) * 8 + thin::ITEMS] ; =>end);
        self.write_int(dst, to);
    }

    fn get_float(&mut self, dst: Slot, index: u8) {
        let to = self.cache.take_float();
        let (unpacked, end) = self.unpacked(index, tag::FLOAT, move |emitter| {
            x64!(emitter ; movsd Rx(to), [rdx + PAYLOAD]);
        });
        self.expect_code(index, unpacked, code::FLOAT);
        let words = self.layout.words;
        x64!(self ; mov rcx, [rcx + words] ; movsd Rx(to), [rcx + Rq(index) * 8 + thin::ITEMS] ; =>end);
        self.write_float(dst, to);
    }

    fn get_bool(&mut self, dst: Slot, index: u8) {
        let exit = self.leave(JitExit::Guard);
        let (unpacked, end) = self.unpacked(index, tag::BOOL, |emitter| {
            x64!(emitter ; mov al, [rdx + PAYLOAD]);
        });
        self.find_code(index, unpacked);
        x64!(self
            ; movzx eax, BYTE [rdx + Rq(index) + thin::ITEMS]
            ; mov edx, eax
            ; and edx, !(1 << code::TRUTH)
            ; cmp edx, tag::BOOL
            ; jne =>exit
            ; shr eax, code::TRUTH as i8
            ; =>end
        );
        self.write_bool(dst);
    }

    /// Puts where the codes of the packed array at rcx are into rdx, or goes elsewhere if it is none that has the element.
    fn find_code(&mut self, index: u8, unpacked: DynamicLabel) {
        let codes = self.layout.codes;
        x64!(self ; mov rdx, [rcx + codes] ; cmp Rq(index), [rdx + thin::LENGTH]);
        if !planted!("jit-bound") {
            x64!(self ; jae =>unpacked);
        }
    }

    /// The same, and leaves unless the element has that code.
    fn expect_code(&mut self, index: u8, unpacked: DynamicLabel, code: u8) {
        let exit = self.leave(JitExit::Guard);
        self.find_code(index, unpacked);
        x64!(self ; cmp BYTE [rdx + Rq(index) + thin::ITEMS], code as i8 ; jne =>exit);
    }

    /// What is done with an element, at rdx, of the array at rcx where it is not packed: where that begins and ends. It leaves
    /// unless the element has that tag.
    fn unpacked(
        &mut self,
        index: u8,
        wanted: i32,
        make: impl FnOnce(&mut Self) + 'static,
    ) -> (DynamicLabel, DynamicLabel) {
        let exit = self.leave(JitExit::Guard);
        let values = self.layout.values;
        self.out_of_line_bare(move |emitter| {
            x64!(emitter
                ; mov rdx, [rcx + values]
                ; cmp Rq(index), [rdx + thin::LENGTH]
                ; jae =>exit
                ; mov rax, Rq(index)
                ; shl rax, VALUE_SHIFT
                ; lea rdx, [rdx + rax + thin::ITEMS]
                ; cmp QWORD [rdx], wanted
                ; jne =>exit
            );
            make(emitter);
        })
    }

    // Dicts

    pub(super) fn dict_get(&mut self, dst: Slot, dict: Slot, key: Slot) {
        let exit = self.leave(JitExit::Guard);
        x64!(self ; lea rdi, [rbx + at(dict)] ; lea rsi, [rbx + at(key)] ; lea rdx, [rbx + at(dst)]);
        self.call(super::super::stubs::dict_get as *const ());
        x64!(self ; test eax, eax ; jz =>exit);
        self.cache.lose_registers();
        self.cache.wrote(dst, Tag::Unknown);
    }

    pub(super) fn dict_set(&mut self, dict: Slot, key: Slot, value: Slot) {
        let exit = self.leave(JitExit::Guard);
        x64!(self
            ; mov rdi, r15
            ; lea rsi, [rbx + at(dict)]
            ; lea rdx, [rbx + at(key)]
            ; lea rcx, [rbx + at(value)]
        );
        self.call(super::super::stubs::dict_set as *const ());
        self.cache.lose_registers();
        let (other, end) = self.out_of_line(move |emitter| {
            x64!(emitter ; jb =>exit);
            emitter.call_machine();
        });
        x64!(self ; cmp eax, 1 ; jne =>other ; =>end);
    }
}

/// Elements are counted as bytes by the same shift that finds values.
const _: () =
    assert!(costs::ELEMENT == 1 << VALUE_SHIFT && size_of::<crate::value::Value>() == 1 << VALUE_SHIFT);
