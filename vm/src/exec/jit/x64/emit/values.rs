//! Numbers in registers of the processor, and values in registers of the frame and in globals.

use super::{Emitter, JitExit, Place, x64};
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::super::register_cache::Tag;
use crate::exec::jit::layout::{PAYLOAD, tag};
use crate::exec::jit::stubs;
use crate::exec::specialise::Slot;
use crate::isa::REGISTERS;
use crate::value::Value;

impl<'a> Emitter<'a> {
    // Numbers

    /// The int of a slot, in a register that is not to be changed.
    pub(in crate::exec::jit::x64) fn int(&mut self, slot: Slot) -> u8 {
        if let Some(register) = self.cache.int(slot) {
            return register;
        }
        let register = self.cache.take_int();
        x64!(self ; mov Rq(register), [rbx + payload(slot)]);
        self.cache.note_int(slot, register);
        register
    }

    /// The float of a slot, in a register that is not to be changed.
    pub(in crate::exec::jit::x64) fn float(&mut self, slot: Slot) -> u8 {
        if let Some(register) = self.cache.float(slot) {
            return register;
        }
        let register = self.cache.take_float();
        x64!(self ; movsd Rx(register), [rbx + payload(slot)]);
        self.cache.note_float(slot, register);
        register
    }

    /// Writes an int over a scalar.
    pub(in crate::exec::jit::x64) fn write_int(&mut self, dst: Slot, register: u8) {
        let beyond = if planted!("jit-slot") { REGISTERS * size_of::<Value>() } else { 0 };
        x64!(self ; mov [rbx + payload(dst) + beyond as i32], Rq(register));
        self.write_tag(dst, tag::INT);
        self.cache.wrote(dst, Tag::Is(tag::INT));
        self.cache.note_int(dst, register);
    }

    /// Writes a float over a scalar.
    pub(in crate::exec::jit::x64) fn write_float(&mut self, dst: Slot, register: u8) {
        x64!(self ; movsd [rbx + payload(dst)], Rx(register));
        self.write_tag(dst, tag::FLOAT);
        self.cache.wrote(dst, Tag::Is(tag::FLOAT));
        self.cache.note_float(dst, register);
    }

    /// Writes the bool in al over a scalar.
    pub(in crate::exec::jit::x64) fn write_bool(&mut self, dst: Slot) {
        x64!(self ; mov [rbx + payload(dst)], al);
        self.write_tag(dst, tag::BOOL);
        self.cache.wrote(dst, Tag::Is(tag::BOOL));
    }

    /// Writes the tag of what is written over a scalar, if it is not there.
    fn write_tag(&mut self, dst: Slot, tag: i32) {
        let is_there = self.cache.tag(dst) == Tag::Is(tag) || tag == tag::BOOL && planted!("jit-torn");
        if !is_there {
            x64!(self ; mov QWORD [rbx + at(dst)], tag);
        }
    }

    /// Where a number stands among the code.
    pub(in crate::exec::jit::x64) fn number(&mut self, bits: u64) -> DynamicLabel {
        if let Some(label) = self.numbers.get(&bits) {
            return *label;
        }
        let label = self.new_label();
        self.numbers.insert(bits, label);
        label
    }

    /// Puts a constant into rax.
    pub(in crate::exec::jit::x64) fn load_rax(&mut self, number: i64) {
        match i32::try_from(number) {
            Ok(0) => x64!(self ; xor eax, eax),
            Ok(number) => x64!(self ; mov rax, number),
            Err(_) => x64!(self ; mov rax, QWORD number),
        }
    }

    // Values

    /// Leaves unless a value has that tag.
    pub(in crate::exec::jit::x64) fn expect(&mut self, slot: Slot, tag: i32) {
        if self.cache.tag(slot) == Tag::Is(tag) {
            return;
        }
        let exit = self.leave(JitExit::Guard);
        if !(tag == tag::ARRAY && planted!("jit-tag")) {
            x64!(self ; cmp QWORD [rbx + at(slot)], tag ; jne =>exit);
        }
        self.cache.set_tag(slot, Tag::Is(tag));
    }

    /// Puts the value of a slot into rax (tag) and rcx (payload), as one that is to stand somewhere else, too.
    pub(in crate::exec::jit::x64) fn take_copy(&mut self, src: Slot) {
        x64!(self ; mov rcx, [rbx + payload(src)]);
        match self.cache.tag(src) {
            Tag::Is(tag) if tag <= tag::LAST_SCALAR => x64!(self ; mov eax, tag),
            Tag::Scalar => x64!(self ; mov rax, [rbx + at(src)]),
            Tag::Is(tag) => x64!(self ; mov eax, tag ; inc QWORD [rcx]),
            Tag::Unknown => {
                x64!(self ; mov rax, [rbx + at(src)]);
                self.count_copy();
            }
        }
    }

    /// Counts one more reference of the value in rax and rcx.
    pub(in crate::exec::jit::x64) fn count_copy(&mut self) {
        let is_counted = self.new_label();
        x64!(self
            ; cmp rax, tag::LAST_SCALAR
            ; jbe =>is_counted
            ; inc QWORD [rcx]
            ; =>is_counted
        );
    }

    /// Writes the value in rax (tag) and rcx (payload) to a place and lets go of what stood there.
    pub(in crate::exec::jit::x64) fn assign(&mut self, place: Place) {
        let known = match place {
            Place::Slot(slot) => self.cache.tag(slot),
            Place::Global(_) => Tag::Unknown,
        };
        let write = self.new_label();
        if !known.is_scalar() {
            let (begin, end) = self.out_of_line(move |emitter| {
                let last = emitter.new_label();
                // Where nothing stands, nothing is let go.
                match place {
                    Place::Slot(slot) => x64!(emitter ; mov rdx, [rbx + payload(slot)]),
                    Place::Global(name) => x64!(emitter
                        ; cmp QWORD [r14 + global(name)], tag::LAST
                        ; ja =>write
                        ; mov rdx, [r14 + global(name) + PAYLOAD]
                    ),
                }
                x64!(emitter
                    ; cmp QWORD [rdx], 1
                    ; je =>last
                    ; dec QWORD [rdx]
                    ; jmp =>write
                    ; =>last
                );
                match place {
                    Place::Slot(slot) => x64!(emitter ; lea rdi, [rbx + at(slot)]),
                    Place::Global(name) => x64!(emitter ; lea rdi, [r14 + global(name)]),
                }
                x64!(emitter ; mov rsi, rax ; mov rdx, rcx);
                emitter.call(stubs::assign as *const ());
            });
            match place {
                Place::Slot(slot) => x64!(self ; cmp QWORD [rbx + at(slot)], tag::LAST_SCALAR),
                Place::Global(name) => x64!(self ; cmp QWORD [r14 + global(name)], tag::LAST_SCALAR),
            }
            x64!(self ; ja =>begin ; =>write);
            self.store(place);
            x64!(self ; =>end);
        } else {
            self.store(place);
        }
        if let Place::Slot(slot) = place {
            self.cache.wrote(slot, Tag::Unknown);
        }
    }

    fn store(&mut self, place: Place) {
        match place {
            Place::Slot(slot) => x64!(self
                ; mov [rbx + at(slot)], rax
                ; mov [rbx + payload(slot)], rcx
            ),
            Place::Global(name) => x64!(self
                ; mov [r14 + global(name)], rax
                ; mov [r14 + global(name) + PAYLOAD], rcx
            ),
        }
    }
}

/// Where the tag of a slot stands, from the beginning of the frame.
pub(in crate::exec::jit::x64) fn at(slot: Slot) -> i32 {
    slot.offset() as i32
}

/// Where the payload of a slot stands.
pub(in crate::exec::jit::x64) fn payload(slot: Slot) -> i32 {
    at(slot) + PAYLOAD
}

/// Where the tag of a global stands, from the beginning of all.
pub(in crate::exec::jit::x64) fn global(name: u16) -> i32 {
    i32::from(name) * size_of::<crate::value::Value>() as i32
}
