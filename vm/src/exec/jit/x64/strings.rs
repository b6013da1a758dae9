//! Strings.

use dynasmrt::{DynasmApi, DynasmLabelApi};

use super::emit::{Emitter, JitExit, at, payload, x64};
use super::register_cache::Tag;
use crate::exec::jit::layout::{tag, words};
use crate::exec::specialise::{CodeAddr, Slot};
use crate::value::Str;

impl Emitter<'_> {
    pub(super) fn if_strings(&mut self, left: Slot, right: Slot, to: CodeAddr, outcome: bool) {
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

    pub(super) fn if_string_is(&mut self, left: Slot, right: u16, to: CodeAddr, outcome: bool) {
        self.expect(left, tag::STRING);
        let constant = &self.program.constants[usize::from(right)];
        let crate::value::Value::String(text) = constant else {
            let exit = self.leave(JitExit::Guard);
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
    /// is given puts where both are into rdi and rsi.
    fn branch_on_text(&mut self, to: CodeAddr, outcome: bool, frame: impl FnOnce(&mut Self) + 'static) {
        let (to, behind) = (self.to(to), self.new_label());
        let (same, other) = if outcome { (to, behind) } else { (behind, to) };
        let length = self.layout.text_length;
        // The host can end a comparison of long strings only where the interpreter does it.
        let exit = self.leave(JitExit::Guard);
        let (begin, end) = self.out_of_line(move |emitter| {
            x64!(emitter ; cmp rdx, Str::LONG as i32 ; ja =>exit);
            frame(emitter);
            emitter.call(super::super::stubs::is_same as *const ());
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
        let exit = self.leave(JitExit::Guard);
        x64!(self
            ; mov rdi, r15
            ; lea rsi, [rbx + at(left)]
            ; lea rdx, [rbx + at(right)]
            ; lea rcx, [rbx + at(dst)]
        );
        self.call(super::super::stubs::join as *const ());
        x64!(self ; test eax, eax ; jz =>exit);
        self.cache.lose_registers();
        self.cache.wrote(dst, Tag::Is(tag::STRING));
    }

    pub(super) fn int_text(&mut self, dst: Slot, src: Slot) {
        let exit = self.leave(JitExit::Guard);
        x64!(self ; mov rdi, r15 ; mov rsi, [rbx + payload(src)] ; lea rdx, [rbx + at(dst)]);
        self.call(super::super::stubs::int_text as *const ());
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
}
