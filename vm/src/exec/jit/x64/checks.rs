//! In debug builds machine code looks, before each instruction, whether what it relies on of the slots of that instruction is so: the
//! tag that is known, and the number that a register of the processor holds. A stub that clobbers a register, or a write that
//! a context does not know of, ends the process there instead of giving a wrong result somewhere else.

use std::collections::BTreeSet;

use dynasmrt::{DynasmApi, DynasmLabelApi};

use super::emit::{Emitter, at, payload, x64};
use super::register_cache::Tag;
use crate::exec::jit::layout::tag;
use crate::exec::jit::stubs;
use crate::exec::specialise::SpecOp;

impl Emitter<'_> {
    /// Looks at the slots of the instruction that is up. It changes rax and the flags, which hold nothing between instructions.
    pub(super) fn check(&mut self, op: SpecOp) {
        let slots: BTreeSet<u8> = op.accesses().iter().map(|access| access.slot.register()).collect();
        let broken = self.new_label();
        let mut looks = false;
        for access in op.accesses() {
            let slot = access.slot;
            match self.cache.tag(slot) {
                // Copy elision puts something else into registers that are dead. What is written over it looks at what is there.
                Tag::Is(tag) if tag > tag::LAST_SCALAR && access.gives.is_some() => continue,
                Tag::Is(tag) => x64!(self ; cmp QWORD [rbx + at(slot)], tag ; jne =>broken),
                Tag::Scalar => x64!(self ; cmp QWORD [rbx + at(slot)], tag::LAST_SCALAR ; ja =>broken),
                Tag::Unknown => continue,
            }
            looks = true;
        }
        let ints: Vec<_> =
            self.cache.held_ints().filter(|(_, slot)| slots.contains(&slot.register())).collect();
        for (register, slot) in &ints {
            x64!(self ; cmp Rq(*register), [rbx + payload(*slot)] ; jne =>broken);
        }
        let floats: Vec<_> =
            self.cache.held_floats().filter(|(_, slot)| slots.contains(&slot.register())).collect();
        for (register, slot) in &floats {
            x64!(self ; movq rax, Rx(*register) ; cmp rax, [rbx + payload(*slot)] ; jne =>broken);
        }
        if looks || !ints.is_empty() || !floats.is_empty() {
            let place = self.place as i32;
            self.later(move |emitter| {
                x64!(emitter ; =>broken ; mov edi, place);
                emitter.call(stubs::relied_in_vain as *const ());
            });
        }
    }
}
