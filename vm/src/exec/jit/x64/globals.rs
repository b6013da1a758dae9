//! Globals, and other holders of what is written to, which let go of it.

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::containers::{Scalar, VALUE_SHIFT};
use super::emit::{Emitter, Place, at, global, payload, x64};
use super::register_cache::Tag;
use crate::exec::jit::context::JitContext;
use crate::exec::jit::layout::{Layout, PAYLOAD, tag, thin};
use crate::exec::specialise::{Slot, SpecOp};
use crate::runtime::GlobalSlot;
use crate::values::costs;

impl Emitter<'_> {
    pub(super) fn load_global(&mut self, dst: Slot, name: GlobalSlot) {
        let name = name.0;
        let (begin, end) = self.out_of_line(move |emitter| {
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

    /// Leaves unless a value costs no memory.
    pub(super) fn guard_free(&mut self, slot: Slot) {
        let (pool, is_free) = (self.layout.home, self.new_label());
        let (begin, end) = self.out_of_line(move |emitter| {
            let machine = emitter.new_label();
            x64!(emitter
                ; cmp QWORD [rbx + at(slot)], tag::STRING
                ; jne =>machine
                ; mov rdx, [rbx + payload(slot)]
                ; cmp DWORD [rdx + pool], emitter.program.functions.id as i32
                ; je =>is_free
                ; =>machine
            );
            emitter.call_machine();
        });
        x64!(self ; cmp QWORD [rbx + at(slot)], tag::LAST_SCALAR ; ja =>begin ; =>is_free ; =>end);
    }

    /// Has the loop elide the copy, if the holder holds what the container does.
    pub(super) fn elide_copy(&mut self, holder: Slot, container: Slot) {
        if self.cache.tag(holder).is_scalar() {
            return;
        }
        let (begin, done) = self.out_of_line(move |emitter| {
            let unlike = emitter.new_label();
            // Where others hold it, too, it is copied all the same, or the write sees to it.
            x64!(emitter
                ; cmp QWORD [rbx + at(container)], tag::ARRAY
                ; jb =>unlike
                ; mov rax, [rbx + payload(container)]
                ; cmp QWORD [rax], 2
                ; jne =>unlike
            );
            emitter.call_machine();
            x64!(emitter ; =>unlike);
        });
        x64!(self
            ; mov rax, [rbx + payload(container)]
            ; cmp rax, [rbx + payload(holder)]
            ; je =>begin
            ; =>done
        );
        self.cache.wrote(holder, Tag::Unknown);
    }

    /// The same with a global.
    pub(super) fn elide_copy_global(&mut self, holder: GlobalSlot, container: Slot, key: Slot) {
        self.write_to_global(holder, container, key);
        let name = holder.0;
        let Layout { codes, values, .. } = *self.layout;
        let done = self.new_label();
        let (begin, end) = self.out_of_line(move |emitter| {
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
                ; jne =>done
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
        let write = write.unfused();
        let (array, index, value) = if let SpecOp::ArraySetInt { array, index, value } = write {
            (array, index, Scalar::Int(value))
        } else if let SpecOp::ArraySetFloat { array, index, value } = write {
            (array, index, Scalar::Float(value))
        } else if let SpecOp::ArraySetToInt { array, index, value } = write {
            (array, index, Scalar::Constant(tag::INT, value))
        } else if let SpecOp::ArraySetToFloat { array, index, value } = write {
            (array, index, Scalar::Constant(tag::FLOAT, value.to_bits() as i64))
        } else {
            return;
        };
        let SpecOp::StoreGlobal { src, name } = store.unfused() else { return };
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
            ; mov rax, [r15 + JitContext::LIVE]
            ; add QWORD [rax], costs::ELEMENT as i32
        );
        self.append_number(index, value);
        x64!(self ; jmp =>done ; =>apart);
    }

    /// Goes elsewhere unless there is room for the copy of an array of rax elements, and for one more entry. Uses rax and rdx.
    pub(super) fn expect_room_for_copy(&mut self, exhausted: DynamicLabel) {
        x64!(self
            ; shl rax, VALUE_SHIFT
            ; add rax, (costs::ARRAY + costs::ELEMENT.max(costs::ENTRY)) as i32
            ; mov rdx, [r15 + JitContext::LIVE]
            ; add rax, [rdx]
            ; sub rax, [r15 + JitContext::BEFORE]
            ; cmp rax, [r15 + JitContext::MAX_MEMORY]
            ; ja =>exhausted
        );
    }
}
