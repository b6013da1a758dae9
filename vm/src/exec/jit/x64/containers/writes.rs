//! Writes to elements of arrays.

use super::{Index, Scalar, Source, VALUE_SHIFT};
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::super::emit::{Emitter, JitExit, at, payload, x64};
use crate::exec::jit::context::JitContext;
use crate::exec::jit::layout::{Layout, PAYLOAD, tag, thin};
use crate::exec::jit::stubs;
use crate::exec::specialise::{Slot, SpecOp};
use crate::value::array::code;
use crate::values::costs;

impl Emitter<'_> {
    /// Where a scalar is, once it is in a register.
    pub(in crate::exec::jit::x64) fn source(&mut self, scalar: Scalar) -> Source {
        match scalar {
            Scalar::Int(slot) => Source::Int(self.int(slot)),
            Scalar::Float(slot) => Source::Float(self.float(slot)),
            Scalar::Any(slot) => Source::Any(slot),
            Scalar::Constant(tag, number) => Source::Constant(tag, number),
        }
    }

    /// Writes a scalar to an element, or appends it.
    pub(in crate::exec::jit::x64) fn array_set(&mut self, array: Slot, index: Slot, value: Scalar) {
        self.expect(array, tag::ARRAY);
        let Layout { codes, words, values, .. } = *self.layout;
        // Brought into registers before the way parts, so that all ways find them there.
        let slot = index;
        let index = self.int(slot);
        let value = self.source(value);
        let (write, done, beyond) = (self.new_label(), self.new_label(), self.new_label());
        let (again, restore, exit) = (self.new_label(), self.restorer(), self.leave(JitExit::Guard));
        let (slow, end) = self.out_of_line_bare(move |emitter| {
            emitter.call_to_write(slot.into(), stubs::set_scalar as *const ());
            x64!(emitter ; cmp eax, 1 ; jb =>exit);
            restore(emitter);
            // What was shared is not any more.
            x64!(emitter ; ja =>again);
        });
        self.later(move |emitter| {
            let unpacked = emitter.new_label();
            // Where no element is a number, there are no words, and the new one must be none either.
            let wordless = if value.is_number() { slow } else { emitter.new_label() };
            // An append, if there is room, of all sorts. Behind the last element is nothing to be dropped.
            x64!(emitter
                ; =>beyond
                ; mov rax, [rcx + values]
                ; cmp QWORD [rax + thin::LENGTH], 0
                ; jne =>unpacked
                ; cmp Rq(index), [rdx + thin::LENGTH]
                ; jne =>slow
                ; cmp Rq(index), [rdx + thin::CAPACITY]
            );
            if !planted!("jit-capacity") {
                x64!(emitter ; jae =>slow);
            }
            x64!(emitter
                ; mov rax, [rcx + words]
                ; cmp Rq(index), [rax + thin::LENGTH]
                ; jne =>wordless
                ; cmp Rq(index), [rax + thin::CAPACITY]
                ; jae =>slow
            );
            emitter.charge_element(slow);
            x64!(emitter ; mov rdx, [rcx + codes]);
            if value.is_number() {
                emitter.append_number(index, value);
                x64!(emitter ; jmp =>done);
            } else {
                x64!(emitter
                    ; mov rax, [rcx + words]
                    // Where no number is written, the word means nothing, but there is one.
                    ; mov QWORD [rax + Rq(index) * 8 + thin::ITEMS], 0
                    ; inc QWORD [rax + thin::LENGTH]
                    ; inc QWORD [rdx + thin::LENGTH]
                    ; jmp =>write
                    ; =>wordless
                );
                if let Source::Any(slot) = value {
                    x64!(emitter ; cmp QWORD [rbx + at(slot)], tag::BOOL ; ja =>slow);
                }
                emitter.charge_element(slow);
                x64!(emitter
                    ; mov rdx, [rcx + codes]
                    ; inc QWORD [rdx + thin::LENGTH]
                    ; jmp =>write
                );
            }
            x64!(emitter
                // An element of an array that is not packed.
                ; =>unpacked
                ; cmp Rq(index), [rax + thin::LENGTH]
                ; jae =>slow
                ; mov rdx, Rq(index)
                ; shl rdx, VALUE_SHIFT
                ; lea rdx, [rax + rdx + thin::ITEMS]
                ; cmp QWORD [rdx], tag::LAST_SCALAR
                ; ja =>slow
            );
            emitter.put_scalar(value);
            x64!(emitter ; jmp =>done);
        });
        x64!(self
            ; =>again
            ; mov rcx, [rbx + payload(array)]
            ; cmp QWORD [rcx], 1
        );
        if !planted!("jit-shared") {
            x64!(self ; jne =>slow);
        }
        x64!(self
            ; mov rdx, [rcx + codes]
            ; cmp Rq(index), [rdx + thin::LENGTH]
            ; jae =>beyond
            ; =>write
        );
        self.put_packed(index, value, slow);
        x64!(self ; =>done ; =>end);
        self.cache.lose_arrays(Some(array));
    }

    /// Counts the memory of an element that is appended, or goes elsewhere if there is none. Uses rax and rdx.
    pub(in crate::exec::jit::x64) fn charge_element(&mut self, exhausted: DynamicLabel) {
        x64!(self
            ; mov rdx, [r15 + JitContext::LIVE]
            ; mov rax, [rdx]
            ; sub rax, [r15 + JitContext::BEFORE]
            ; cmp rax, [r15 + JitContext::ROOM_FOR_ELEMENT]
            ; ja =>exhausted
            ; add QWORD [rdx], costs::ELEMENT as i32
        );
    }

    /// Writes a scalar over the scalar at rdx.
    fn put_scalar(&mut self, value: Source) {
        match value {
            Source::Int(int) => x64!(self ; mov QWORD [rdx], tag::INT ; mov [rdx + PAYLOAD], Rq(int)),
            Source::Float(float) => {
                x64!(self ; mov QWORD [rdx], tag::FLOAT ; movsd [rdx + PAYLOAD], Rx(float));
            }
            Source::Any(slot) => x64!(self
                ; mov rax, [rbx + at(slot)]
                ; mov [rdx], rax
                ; mov rax, [rbx + payload(slot)]
                ; mov [rdx + PAYLOAD], rax
            ),
            Source::Constant(tag, number) => {
                self.load_rax(number);
                x64!(self ; mov QWORD [rdx], tag ; mov [rdx + PAYLOAD], rax);
            }
        }
    }

    /// Writes a scalar over an element of the packed array at rcx, whose codes are at rdx, or goes elsewhere if it is a number
    /// and the array has no words.
    fn put_packed(&mut self, index: u8, value: Source, wordless: DynamicLabel) {
        match value {
            Source::Constant(tag::BOOL, value) => {
                let code = if value == 0 { code::FALSE } else { code::TRUE };
                x64!(self ; mov BYTE [rdx + Rq(index) + thin::ITEMS], code as i8);
            }
            Source::Int(_) | Source::Float(_) | Source::Constant(..) => {
                self.find_words(index, wordless);
                self.put_number(index, value);
            }
            Source::Any(slot) => {
                let (is_number, is_written) = (self.new_label(), self.new_label());
                x64!(self
                    ; movzx eax, BYTE [rbx + at(slot)]
                    ; cmp eax, tag::BOOL
                    ; ja =>is_number
                    ; jne =>is_written
                    ; movzx eax, BYTE [rbx + payload(slot)]
                    ; shl eax, code::TRUTH as i8
                    ; or eax, code::FALSE as i32
                    ; jmp =>is_written
                    ; =>is_number
                );
                self.find_words(index, wordless);
                x64!(self
                    ; mov rax, [rbx + payload(slot)]
                    ; mov [rcx + Rq(index) * 8 + thin::ITEMS], rax
                    ; movzx eax, BYTE [rbx + at(slot)]
                    ; =>is_written
                    ; mov [rdx + Rq(index) + thin::ITEMS], al
                );
            }
        }
    }

    /// Appends a number to the packed array at rcx, whose codes are at rdx and which has words, and room.
    pub(in crate::exec::jit::x64) fn append_number(&mut self, index: u8, value: Source) {
        let words = self.layout.words;
        x64!(self
            ; mov rcx, [rcx + words]
            ; inc QWORD [rdx + thin::LENGTH]
            ; inc QWORD [rcx + thin::LENGTH]
        );
        self.put_number(index, value);
    }

    /// Writes a number to the code at rdx and the word at rcx of an element.
    pub(in crate::exec::jit::x64) fn put_number(&mut self, index: u8, value: Source) {
        let code = match value {
            Source::Int(int) => {
                x64!(self ; mov [rcx + Rq(index) * 8 + thin::ITEMS], Rq(int));
                code::INT
            }
            Source::Float(float) => {
                x64!(self ; movsd [rcx + Rq(index) * 8 + thin::ITEMS], Rx(float));
                code::FLOAT
            }
            Source::Constant(tag, number) => {
                self.load_rax(number);
                x64!(self ; mov [rcx + Rq(index) * 8 + thin::ITEMS], rax);
                tag as u8
            }
            Source::Any(_) => return,
        };
        x64!(self ; mov BYTE [rdx + Rq(index) + thin::ITEMS], code as i8);
    }

    /// Puts where the words of the packed array at rcx are into rcx, or goes elsewhere if there are none.
    pub(in crate::exec::jit::x64) fn find_words(&mut self, index: u8, wordless: DynamicLabel) {
        let words = self.layout.words;
        x64!(self
            ; mov rcx, [rcx + words]
            ; cmp Rq(index), [rcx + thin::LENGTH]
            ; jae =>wordless
        );
    }

    /// Writes a value of whatever type to an element: in line over a scalar of an array that is not packed and that nothing else holds,
    /// where the index is a constant or an element was to let go of its value just before. Elsewhere it mostly appends.
    pub(in crate::exec::jit::x64) fn set_element(&mut self, array: Slot, index: Index, value: Slot) {
        let before = &self.code.ops[self.place.saturating_sub(Self::NEAR)..self.place];
        let lets_go = |op: &SpecOp| matches!(op, SpecOp::ElideCopyElement { outer, .. } if *outer == array);
        let is_overwritten = matches!(index, Index::Constant(_)) || before.iter().any(lets_go);
        if array == value || !is_overwritten {
            self.call_to_set(index, stubs::set_element as *const ());
            self.cache.lose_registers();
            self.cache.lose_arrays((array != value).then_some(array));
            return;
        }
        let (slow, end) =
            self.out_of_line(move |emitter| emitter.call_to_set(index, stubs::set_element as *const ()));
        let values = self.layout.values;
        x64!(self
            ; cmp QWORD [rbx + at(array)], tag::ARRAY
            ; jne =>slow
            ; mov rcx, [rbx + payload(array)]
            ; cmp QWORD [rcx], 1
            ; jne =>slow
            ; mov rdx, [rcx + values]
        );
        match index {
            Index::Slot(index) => x64!(self ; mov rax, [rbx + payload(index)]),
            Index::Constant(index) => x64!(self ; mov eax, index as i32),
        }
        x64!(self
            ; cmp rax, [rdx + thin::LENGTH]
            ; jae =>slow
            ; shl rax, VALUE_SHIFT
            ; lea rdx, [rdx + rax + thin::ITEMS]
            ; cmp QWORD [rdx], tag::LAST_SCALAR
            ; ja =>slow
        );
        self.take_copy(value);
        x64!(self ; mov [rdx], rax ; mov [rdx + PAYLOAD], rcx ; =>end);
        self.cache.lose_arrays(Some(array));
    }

    /// Has the machine write a value to an element.
    fn call_to_set(&mut self, index: Index, function: *const ()) {
        let exit = self.leave(JitExit::Guard);
        self.call_to_write(index, function);
        x64!(self ; test eax, eax ; jz =>exit);
    }

    /// The same, where it is looked at elsewhere what came of it.
    fn call_to_write(&mut self, index: Index, function: *const ()) {
        match index {
            Index::Slot(index) => x64!(self ; mov rcx, [rbx + payload(index)]),
            Index::Constant(index) => x64!(self ; mov ecx, index as i32),
        }
        x64!(self ; mov rdi, r15 ; mov esi, self.place as i32 ; mov rdx, rbx ; mov r8, r13);
        self.call(function);
    }

    /// So far back, in instructions, is looked for what had an element let go.
    const NEAR: usize = 16;

    /// Has an element of another array or dict let go of a container that is written to next, as it is set before anybody looks.
    pub(in crate::exec::jit::x64) fn elide_copy_of_element(
        &mut self,
        outer: Slot,
        key: Slot,
        container: Slot,
    ) {
        let Layout { codes, values, .. } = *self.layout;
        let (other, end) = self.out_of_line(move |emitter| {
            x64!(emitter
                ; mov rdi, r15
                ; lea rsi, [rbx + at(outer)]
                ; lea rdx, [rbx + at(key)]
                ; lea rcx, [rbx + at(container)]
            );
            emitter.call(stubs::take_element as *const ());
        });
        // What is asked is what `take_element` asks, of an array in an array.
        x64!(self
            ; cmp QWORD [rbx + at(container)], tag::ARRAY
            ; jb =>end
            ; mov rax, [rbx + payload(container)]
            ; cmp QWORD [rax], 2
            ; jne =>end
            ; cmp QWORD [rbx + at(container)], tag::ARRAY
            ; jne =>other
            ; cmp QWORD [rbx + at(outer)], tag::ARRAY
            ; jne =>other
            ; cmp QWORD [rbx + at(key)], tag::INT
            ; jne =>end
            ; mov rcx, [rbx + payload(outer)]
            ; cmp QWORD [rcx], 1
            ; jne =>end
            ; mov rdx, [rcx + values]
            ; mov rcx, [rbx + payload(key)]
            ; cmp rcx, [rdx + thin::LENGTH]
            ; jae =>end
            ; shl rcx, VALUE_SHIFT
            ; lea rcx, [rdx + rcx + thin::ITEMS]
            ; cmp rax, [rcx + PAYLOAD]
            ; jne =>end
            ; cmp QWORD [rcx], tag::ARRAY
            ; jne =>end
            ; mov rdx, [rax + codes]
            ; mov rax, [rax + values]
            ; mov rdx, [rdx + thin::LENGTH]
            ; add rdx, [rax + thin::LENGTH]
            ; mov rax, rdx
        );
        self.expect_room_for_copy(end);
        x64!(self
            ; mov QWORD [rcx], tag::EMPTY
            ; mov rax, [rbx + payload(container)]
            ; dec QWORD [rax]
            ; =>end
        );
    }
}
