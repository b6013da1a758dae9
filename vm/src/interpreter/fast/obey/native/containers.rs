//! Strings, arrays, dicts and globals.

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::Bridge;
use super::cache::Tag;
use super::emit::{Emitter, Place, Why, at, global, payload, x64};
use super::layout::{Layout, PAYLOAD, tag, thin, words};
use crate::interpreter::GlobalSlot;
use crate::interpreter::fast::code::{At, Fast, Slot};
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
enum Source {
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
const VALUE_SHIFT: i8 = 4;

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
        self.cache.wrote(dst, Tag::Is(tag::STRING));
    }

    pub(super) fn int_text(&mut self, dst: Slot, src: Slot) {
        let exit = self.leave(Why::Exit);
        x64!(self ; mov rdi, r15 ; mov rsi, [rbx + payload(src)] ; lea rdx, [rbx + at(dst)]);
        self.call(super::help::int_text as *const ());
        x64!(self ; test eax, eax ; jz =>exit);
        self.cache.lose_registers();
        self.cache.wrote(dst, Tag::Is(tag::STRING));
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
        );
        // In a loop the same array is often loaded again and again.
        let is_there = self.new_label();
        if !self.cache.tag(dst).is_scalar() {
            let differs = self.new_label();
            x64!(self
                ; cmp rcx, [rbx + payload(dst)]
                ; jne =>differs
                ; cmp rax, [rbx + at(dst)]
                ; je =>is_there
                ; =>differs
            );
        }
        x64!(self ; cmp rax, tag::LAST_SCALAR ; ja =>begin ; =>end);
        self.assign(Place::Slot(dst));
        x64!(self ; =>is_there);
    }

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
        let exit = self.leave(Why::Exit);
        let Layout { codes, words, values, .. } = *self.layout;
        let (packed, end) = self.detour(move |emitter| {
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
        let exit = self.leave(Why::Exit);
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
        x64!(self
            ; mov rdx, [rcx + codes]
            ; cmp Rq(index), [rdx + thin::LENGTH]
            ; jae =>unpacked
        );
    }

    /// The same, and leaves unless the element has that code.
    fn expect_code(&mut self, index: u8, unpacked: DynamicLabel, code: u8) {
        let exit = self.leave(Why::Exit);
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
        let exit = self.leave(Why::Exit);
        let values = self.layout.values;
        self.detour(move |emitter| {
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

    /// Where a scalar is, once it is in a register.
    fn source(&mut self, scalar: Scalar) -> Source {
        match scalar {
            Scalar::Int(slot) => Source::Int(self.int(slot)),
            Scalar::Float(slot) => Source::Float(self.float(slot)),
            Scalar::Any(slot) => Source::Any(slot),
            Scalar::Constant(tag, number) => Source::Constant(tag, number),
        }
    }

    /// Writes a scalar to an element, or appends it.
    pub(super) fn array_set(&mut self, array: Slot, index: Slot, value: Scalar) {
        self.expect(array, tag::ARRAY);
        let Layout { codes, words, values, .. } = *self.layout;
        // Brought into registers before the way parts, so that all ways find them there.
        let index = self.int(index);
        let value = self.source(value);
        let (write, done, beyond) = (self.new_label(), self.new_label(), self.new_label());
        let (slow, end) = self.aside(Self::call_machine);
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
                ; jae =>slow
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
            ; mov rcx, [rbx + payload(array)]
            ; cmp QWORD [rcx], 1
            ; jne =>slow
            ; mov rdx, [rcx + codes]
            ; cmp Rq(index), [rdx + thin::LENGTH]
            ; jae =>beyond
            ; =>write
        );
        self.put_packed(index, value, slow);
        x64!(self ; =>done ; =>end);
    }

    /// Counts the memory of an element that is appended, or goes elsewhere if there is none. Uses rax and rdx.
    fn charge_element(&mut self, exhausted: DynamicLabel) {
        x64!(self
            ; mov rdx, [r15 + Bridge::LIVE]
            ; mov rax, [rdx]
            ; sub rax, [r15 + Bridge::BEFORE]
            ; cmp rax, [r15 + Bridge::ROOM_FOR_ELEMENT]
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
    fn append_number(&mut self, index: u8, value: Source) {
        let words = self.layout.words;
        x64!(self
            ; mov rcx, [rcx + words]
            ; inc QWORD [rdx + thin::LENGTH]
            ; inc QWORD [rcx + thin::LENGTH]
        );
        self.put_number(index, value);
    }

    /// Writes a number to the code at rdx and the word at rcx of an element.
    fn put_number(&mut self, index: u8, value: Source) {
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
    fn find_words(&mut self, index: u8, wordless: DynamicLabel) {
        let words = self.layout.words;
        x64!(self
            ; mov rcx, [rcx + words]
            ; cmp Rq(index), [rcx + thin::LENGTH]
            ; jae =>wordless
        );
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
        self.write_to_global(holder, container, key);
        let name = holder.0;
        let Layout { codes, values, .. } = *self.layout;
        let done = self.new_label();
        let (begin, end) = self.aside(move |emitter| {
            let slow = emitter.new_label();
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
                ; mov rcx, rax
                ; mov rax, [rcx + codes]
                ; mov rdx, [rcx + values]
                ; mov rax, [rax + thin::LENGTH]
                ; add rax, [rdx + thin::LENGTH]
                ; cmp [rbx + payload(key)], rax
                ; ja =>slow
            );
            // The copy that is spared must have room.
            emitter.expect_room_for_copy(slow);
            x64!(emitter
                ; dec QWORD [rcx]
                ; mov QWORD [r14 + global(name)], tag::EMPTY
                ; jmp =>done
                ; =>slow
            );
            emitter.call_machine();
        });
        x64!(self
            ; mov rax, [rbx + payload(container)]
            ; cmp rax, [r14 + global(name) + PAYLOAD]
            ; je =>begin
            ; =>done
            ; =>end
        );
    }

    /// Where the next two instructions write a number to an array of numbers that only `container` and the global hold, and set
    /// the global to it, all three are done at once, and it stays where it is.
    fn write_to_global(&mut self, holder: GlobalSlot, container: Slot, key: Slot) {
        let place = self.place;
        let [Some(write), Some(store)] = [1, 2].map(|more| self.code.ops.get(place + more)) else { return };
        if [1, 2].into_iter().any(|more| self.is_led_to(place + more)) {
            return;
        }
        let (array, index, value) = match write.alone() {
            Fast::ArraySetInt { array, index, value } => (array, index, Scalar::Int(value)),
            Fast::ArraySetFloat { array, index, value } => (array, index, Scalar::Float(value)),
            Fast::ArraySetToInt { array, index, value } => (array, index, Scalar::Constant(tag::INT, value)),
            Fast::ArraySetToFloat { array, index, value } => {
                (array, index, Scalar::Constant(tag::FLOAT, value.to_bits() as i64))
            }
            _ => return,
        };
        let Fast::StoreGlobal { src, name } = store.alone() else { return };
        if (array, index, src) != (container, key, container) || name.0 != holder.0 {
            return;
        }
        let name = name.0;
        let Layout { codes, words, values, .. } = *self.layout;
        // Those two instructions find them in these registers, too, so that behind them it is the same which way was taken.
        let index = self.int(index);
        let value = self.source(value);
        let (overwrite, apart, done) = (self.new_label(), self.new_label(), self.new_label());
        self.bind_behind(place + 2, done);
        self.later(move |emitter| {
            x64!(emitter ; =>overwrite);
            emitter.find_words(index, apart);
            emitter.put_number(index, value);
            x64!(emitter ; jmp =>done);
        });
        x64!(self
            ; mov rcx, [rbx + payload(container)]
            ; cmp rcx, [r14 + global(name) + PAYLOAD]
            ; jne =>apart
            ; cmp QWORD [rbx + at(container)], tag::ARRAY
            ; jne =>apart
            ; cmp QWORD [r14 + global(name)], tag::ARRAY
            ; jne =>apart
            ; cmp QWORD [rcx], 2
            ; jne =>apart
            // The copy that is spared, and one more entry, must have room. Of an array that is not packed no element is found here.
            ; mov rax, [rcx + codes]
            ; mov rax, [rax + thin::LENGTH]
        );
        self.expect_room_for_copy(apart);
        x64!(self
            ; mov rdx, [rcx + codes]
            ; cmp Rq(index), [rdx + thin::LENGTH]
            ; jb =>overwrite
            ; jne =>apart
            ; cmp Rq(index), [rdx + thin::CAPACITY]
            ; jae =>apart
            ; mov rax, [rcx + values]
            ; cmp QWORD [rax + thin::LENGTH], 0
            ; jne =>apart
            ; mov rax, [rcx + words]
            ; cmp Rq(index), [rax + thin::LENGTH]
            ; jne =>apart
            ; cmp Rq(index), [rax + thin::CAPACITY]
            ; jae =>apart
            ; mov rax, [r15 + Bridge::LIVE]
            ; add QWORD [rax], costs::ELEMENT as i32
        );
        self.append_number(index, value);
        x64!(self ; jmp =>done ; =>apart);
    }

    /// Goes elsewhere unless there is room for the copy of an array of rax elements, and for one more entry. Uses rax and rdx.
    fn expect_room_for_copy(&mut self, exhausted: DynamicLabel) {
        x64!(self
            ; shl rax, VALUE_SHIFT
            ; add rax, (costs::ARRAY + costs::ELEMENT.max(costs::ENTRY)) as i32
            ; mov rdx, [r15 + Bridge::LIVE]
            ; add rax, [rdx]
            ; sub rax, [r15 + Bridge::BEFORE]
            ; cmp rax, [r15 + Bridge::MOST_MEMORY]
            ; ja =>exhausted
        );
    }
}

/// Elements are counted as bytes by the same shift that finds values.
const _: () =
    assert!(costs::ELEMENT == 1 << VALUE_SHIFT && size_of::<crate::value::Value>() == 1 << VALUE_SHIFT);
