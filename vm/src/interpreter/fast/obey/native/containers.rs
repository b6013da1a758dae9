//! Strings, arrays, dicts and globals.

use dynasmrt::{DynasmApi, DynasmLabelApi};

use super::Bridge;
use super::cache::Tag;
use super::emit::{Emitter, Place, Why, at, global, payload, x64};
use super::layout::{PAYLOAD, tag, words};
use crate::interpreter::GlobalSlot;
use crate::interpreter::fast::code::{At, Slot};
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

/// How far to shift a number of elements for a number of bytes.
const ELEMENT_SHIFT: i8 = 4;

impl Emitter<'_> {
    // Strings

    pub(super) fn if_strings(&mut self, left: Slot, right: Slot, to: At, outcome: bool) {
        self.expect(left, tag::STRING);
        self.expect(right, tag::STRING);
        let length = self.layout.text_length;
        x64!(self
            ; mov rax, [rbx + payload(left)]
            ; mov rcx, [rbx + payload(right)]
            ; mov rdx, [rcx + length]
        );
        self.branch_on_text(to, outcome, move |emitter| {
            x64!(emitter ; lea rdi, [rbx + at(left)] ; lea rsi, [rbx + at(right)]);
        });
    }

    pub(super) fn if_string_is(&mut self, left: Slot, right: u16, to: At, outcome: bool) {
        self.expect(left, tag::STRING);
        let constant = &self.program.constants[usize::from(right)];
        let crate::value::Value::String(text) = constant else {
            let exit = self.leave(Why::Exit);
            x64!(self ; jmp =>exit);
            return;
        };
        let address = std::ptr::from_ref(constant) as usize as i64;
        x64!(self
            ; mov rax, [rbx + payload(left)]
            ; mov rcx, QWORD words(constant)[1] as i64
            ; mov edx, text.as_str().len() as i32
        );
        self.branch_on_text(to, outcome, move |emitter| {
            x64!(emitter ; lea rdi, [rbx + at(left)] ; mov rsi, QWORD address);
        });
    }

    /// Goes elsewhere where the strings in rax and rcx are the same, or where they are not. The second is rdx bytes long; what
    /// is given puts where both stand into rdi and rsi.
    fn branch_on_text(&mut self, to: At, outcome: bool, places: impl FnOnce(&mut Self) + 'static) {
        let (to, behind) = (self.to(to), self.new_label());
        let (same, other) = if outcome { (to, behind) } else { (behind, to) };
        let length = self.layout.text_length;
        let (begin, end) = self.aside(move |emitter| {
            places(emitter);
            emitter.call(super::help::is_same as *const ());
        });
        x64!(self
            ; cmp rax, rcx
            ; je =>same
            ; cmp [rax + length], rdx
            ; jne =>other
            ; jmp =>begin
            ; =>end
            ; test eax, eax
            ; jnz =>same
        );
        if !outcome {
            x64!(self ; jmp =>other);
        }
        x64!(self ; =>behind);
    }

    pub(super) fn join(&mut self, dst: Slot, left: Slot, right: Slot) {
        let exit = self.leave(Why::Exit);
        x64!(self
            ; mov rdi, r15
            ; lea rsi, [rbx + at(left)]
            ; lea rdx, [rbx + at(right)]
            ; lea rcx, [rbx + at(dst)]
        );
        self.call(super::help::join as *const ());
        x64!(self ; test eax, eax ; jz =>exit);
        self.cache.lose_registers();
        self.cache.wrote(dst, Tag::Unknown);
    }

    pub(super) fn string_length(&mut self, dst: Slot, string: Slot) {
        self.expect(string, tag::STRING);
        let to = self.cache.take_int();
        let length = self.layout.text_length;
        x64!(self ; mov rax, [rbx + payload(string)] ; mov Rq(to), [rax + length]);
        self.write_int(dst, to);
    }

    /// Leaves unless a value costs no memory.
    pub(super) fn guard_free(&mut self, slot: Slot) {
        let (begin, end) = self.aside(Self::call_machine);
        x64!(self ; cmp QWORD [rbx + at(slot)], tag::LAST_SCALAR ; ja =>begin ; =>end);
    }

    // Globals

    pub(super) fn load_global(&mut self, dst: Slot, name: GlobalSlot) {
        let name = name.0;
        let (begin, end) = self.aside(move |emitter| {
            let is_none = emitter.new_label();
            let is_done = emitter.new_label();
            x64!(emitter
                ; cmp rax, tag::LAST
                ; ja =>is_none
                ; inc QWORD [rcx]
                ; jmp =>is_done
                ; =>is_none
                ; xor eax, eax
                ; =>is_done
            );
        });
        x64!(self
            ; mov rax, [r14 + global(name)]
            ; mov rcx, [r14 + global(name) + PAYLOAD]
            ; cmp rax, tag::LAST_SCALAR
            ; ja =>begin
            ; =>end
        );
        self.assign(Place::Slot(dst));
    }

    // Arrays

    /// Puts where the elements of an array are into rcx, and the index that is asked for, in bytes, into rdx; leaves where there is none.
    fn find_element(&mut self, array: Slot, index: Index) {
        self.expect(array, tag::ARRAY);
        let exit = self.leave(Why::Exit);
        let (items, length) = (self.layout.items, self.layout.length);
        x64!(self ; mov rcx, [rbx + payload(array)]);
        match index {
            Index::Slot(index) => {
                let index = self.int(index);
                // An index below zero is beyond all as a number without sign.
                x64!(self
                    ; cmp Rq(index), [rcx + length]
                    ; jae =>exit
                    ; mov rdx, Rq(index)
                    ; shl rdx, ELEMENT_SHIFT
                    ; mov rcx, [rcx + items]
                );
            }
            Index::Constant(index) => {
                x64!(self
                    ; mov edx, index as i32
                    ; cmp rdx, [rcx + length]
                    ; jae =>exit
                    ; shl rdx, ELEMENT_SHIFT
                    ; mov rcx, [rcx + items]
                );
            }
        }
    }

    /// Reads an element, one of that tag if one is given.
    pub(super) fn array_get(&mut self, dst: Slot, array: Slot, index: Index, wanted: Option<i32>) {
        self.find_element(array, index);
        let Some(wanted) = wanted else {
            x64!(self ; mov rax, [rcx + rdx] ; mov rcx, [rcx + rdx + PAYLOAD]);
            self.count_copy();
            self.assign(Place::Slot(dst));
            return;
        };
        let exit = self.leave(Why::Exit);
        x64!(self ; cmp QWORD [rcx + rdx], wanted ; jne =>exit);
        match wanted {
            tag::INT => {
                let to = self.cache.take_int();
                x64!(self ; mov Rq(to), [rcx + rdx + PAYLOAD]);
                self.write_int(dst, to);
            }
            tag::FLOAT => {
                let to = self.cache.take_float();
                x64!(self ; movsd Rx(to), [rcx + rdx + PAYLOAD]);
                self.write_float(dst, to);
            }
            _ => {
                x64!(self ; mov al, [rcx + rdx + PAYLOAD]);
                self.write_bool(dst);
            }
        }
    }

    /// Writes a scalar to an element, or appends it.
    pub(super) fn array_set(&mut self, array: Slot, index: Slot, value: Scalar) {
        self.expect(array, tag::ARRAY);
        let (items, length, capacity) = (self.layout.items, self.layout.length, self.layout.capacity);
        let index = self.int(index);
        // Brought into a register before the way parts, so that all ways find it there.
        match value {
            Scalar::Int(slot) => {
                self.int(slot);
            }
            Scalar::Float(slot) => {
                self.float(slot);
            }
            Scalar::Any(_) | Scalar::Constant(..) => {}
        }
        let write = self.new_label();
        let (begin, end) = self.aside(move |emitter| {
            let slow = emitter.new_label();
            // An append, if there is room, of all sorts. Behind the last element is nothing to be dropped.
            x64!(emitter
                ; mov rcx, [rbx + payload(array)]
                ; cmp QWORD [rcx], 1
                ; jne =>slow
                ; cmp Rq(index), [rcx + length]
                ; jne =>slow
                ; cmp Rq(index), [rcx + capacity]
                ; jae =>slow
                ; mov rdx, [r15 + Bridge::LIVE]
                ; mov rax, [rdx]
                ; sub rax, [r15 + Bridge::BEFORE]
                ; cmp rax, [r15 + Bridge::ROOM_FOR_ELEMENT]
                ; ja =>slow
                ; add QWORD [rdx], costs::ELEMENT as i32
                ; inc QWORD [rcx + length]
                ; mov rcx, [rcx + items]
                ; mov rdx, Rq(index)
                ; shl rdx, ELEMENT_SHIFT
                ; jmp =>write
                ; =>slow
            );
            emitter.call_machine();
        });
        x64!(self
            ; mov rcx, [rbx + payload(array)]
            ; cmp QWORD [rcx], 1
            ; jne =>begin
            ; cmp Rq(index), [rcx + length]
            ; jae =>begin
            ; mov rcx, [rcx + items]
            ; mov rdx, Rq(index)
            ; shl rdx, ELEMENT_SHIFT
            ; cmp QWORD [rcx + rdx], tag::LAST_SCALAR
            ; ja =>begin
            ; =>write
        );
        match value {
            Scalar::Int(slot) => {
                let int = self.int(slot);
                x64!(self ; mov QWORD [rcx + rdx], tag::INT ; mov [rcx + rdx + PAYLOAD], Rq(int));
            }
            Scalar::Float(slot) => {
                let float = self.float(slot);
                x64!(self ; mov QWORD [rcx + rdx], tag::FLOAT ; movsd [rcx + rdx + PAYLOAD], Rx(float));
            }
            Scalar::Any(slot) => x64!(self
                ; mov rax, [rbx + at(slot)]
                ; mov [rcx + rdx], rax
                ; mov rax, [rbx + payload(slot)]
                ; mov [rcx + rdx + PAYLOAD], rax
            ),
            Scalar::Constant(tag, number) => {
                self.load_rax(number);
                x64!(self ; mov QWORD [rcx + rdx], tag ; mov [rcx + rdx + PAYLOAD], rax);
            }
        }
        x64!(self ; =>end);
    }

    /// Writes a value of whatever type to the element whose index stands in rcx.
    pub(super) fn set_element(&mut self) {
        let exit = self.leave(Why::Exit);
        x64!(self ; mov rdi, r15 ; mov esi, self.place as i32 ; mov rdx, rbx);
        self.call(super::help::set_element as *const ());
        x64!(self ; test eax, eax ; jz =>exit);
        self.cache.lose_registers();
    }

    // Dicts

    pub(super) fn dict_get(&mut self, dst: Slot, dict: Slot, key: Slot) {
        let exit = self.leave(Why::Exit);
        x64!(self ; lea rdi, [rbx + at(dict)] ; lea rsi, [rbx + at(key)] ; lea rdx, [rbx + at(dst)]);
        self.call(super::help::dict_get as *const ());
        x64!(self ; test eax, eax ; jz =>exit);
        self.cache.lose_registers();
        self.cache.wrote(dst, Tag::Unknown);
    }

    pub(super) fn dict_set(&mut self, dict: Slot, key: Slot, value: Slot) {
        let exit = self.leave(Why::Exit);
        x64!(self
            ; mov rdi, r15
            ; lea rsi, [rbx + at(dict)]
            ; lea rdx, [rbx + at(key)]
            ; lea rcx, [rbx + at(value)]
        );
        self.call(super::help::dict_set as *const ());
        x64!(self ; test eax, eax ; jz =>exit);
        self.cache.lose_registers();
    }

    // Other holders

    /// Asks the machine about a holder, if it holds what the container does.
    pub(super) fn release(&mut self, holder: Slot, container: Slot) {
        if self.cache.tag(holder).is_scalar() {
            return;
        }
        let (begin, end) = self.aside(Self::call_machine);
        x64!(self
            ; mov rax, [rbx + payload(container)]
            ; cmp rax, [rbx + payload(holder)]
            ; je =>begin
            ; =>end
        );
        self.cache.wrote(holder, Tag::Unknown);
    }

    /// The same with a global.
    pub(super) fn release_global(&mut self, holder: GlobalSlot, container: Slot, key: Slot) {
        let name = holder.0;
        let length = self.layout.length;
        let (begin, end) = self.aside(move |emitter| {
            let slow = emitter.new_label();
            let done = emitter.new_label();
            // What is asked is what `is_twin` and `can_set` ask, of an array.
            x64!(emitter
                ; cmp QWORD [rbx + at(container)], tag::ARRAY
                ; jne =>slow
                ; cmp QWORD [r14 + global(name)], tag::ARRAY
                ; jne =>slow
                ; cmp QWORD [rbx + at(key)], tag::INT
                ; jne =>slow
                ; cmp QWORD [rax], 2
                ; jne =>slow
                ; mov rcx, [rax + length]
                ; cmp [rbx + payload(key)], rcx
                ; ja =>slow
                // The copy that is spared, and one more entry, must have room.
                ; shl rcx, ELEMENT_SHIFT
                ; add rcx, (costs::ARRAY + costs::ELEMENT.max(costs::ENTRY)) as i32
                ; mov rdx, [r15 + Bridge::LIVE]
                ; add rcx, [rdx]
                ; sub rcx, [r15 + Bridge::BEFORE]
                ; cmp rcx, [r15 + Bridge::MOST_MEMORY]
                ; ja =>slow
                ; dec QWORD [rax]
                ; mov QWORD [r14 + global(name)], tag::EMPTY
                ; jmp =>done
                ; =>slow
            );
            emitter.call_machine();
            x64!(emitter ; =>done);
        });
        x64!(self
            ; mov rax, [rbx + payload(container)]
            ; cmp rax, [r14 + global(name) + PAYLOAD]
            ; je =>begin
            ; =>end
        );
    }
}

/// Elements are counted as bytes by the same shift that finds them.
const _: () = assert!(costs::ELEMENT == 1 << ELEMENT_SHIFT);
