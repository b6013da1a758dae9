//! Operations on numbers.

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::emit::{Emitter, JitExit, at, payload, x64};
use super::register_cache::Tag;
use crate::exec::jit::layout::tag;
use crate::exec::specialise::Slot;

/// An operation on two ints that can overflow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum IntOperation {
    Add,
    Sub,
    Mul,
}

/// An operation on two floats.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FloatOperation {
    Add,
    Sub,
    Mul,
    Div,
}

impl Emitter<'_> {
    pub(super) fn ints(&mut self, operation: IntOperation, dst: Slot, left: Slot, right: Slot) {
        let (left, right) = (self.int(left), self.int(right));
        let to = self.cache.take_int();
        let exit = self.leave(JitExit::Guard);
        x64!(self ; mov Rq(to), Rq(left));
        match operation {
            IntOperation::Add => x64!(self ; add Rq(to), Rq(right)),
            IntOperation::Sub => x64!(self ; sub Rq(to), Rq(right)),
            IntOperation::Mul => x64!(self ; imul Rq(to), Rq(right)),
        }
        if !(operation == IntOperation::Mul && planted!("jit-overflow")) {
            x64!(self ; jo =>exit);
        }
        self.write_int(dst, to);
    }

    pub(super) fn int_and_constant(&mut self, operation: IntOperation, dst: Slot, left: Slot, right: i64) {
        let left = self.int(left);
        let to = self.cache.take_int();
        let exit = self.leave(JitExit::Guard);
        match (operation, i32::try_from(right)) {
            (IntOperation::Add, Ok(right)) => x64!(self ; mov Rq(to), Rq(left) ; add Rq(to), right),
            (IntOperation::Sub, Ok(right)) => x64!(self ; mov Rq(to), Rq(left) ; sub Rq(to), right),
            (IntOperation::Mul, Ok(right)) => x64!(self ; imul Rq(to), Rq(left), right),
            (operation, Err(_)) => {
                self.load_rax(right);
                x64!(self ; mov Rq(to), Rq(left));
                match operation {
                    IntOperation::Add => x64!(self ; add Rq(to), rax),
                    IntOperation::Sub => x64!(self ; sub Rq(to), rax),
                    IntOperation::Mul => x64!(self ; imul Rq(to), rax),
                }
            }
        }
        x64!(self ; jo =>exit);
        self.write_int(dst, to);
    }

    pub(super) fn constant_minus_int(&mut self, dst: Slot, left: i64, right: Slot) {
        let right = self.int(right);
        let to = self.cache.take_int();
        let exit = self.leave(JitExit::Guard);
        self.load_rax(left);
        x64!(self ; mov Rq(to), rax ; sub Rq(to), Rq(right) ; jo =>exit);
        self.write_int(dst, to);
    }

    pub(super) fn negate_int(&mut self, dst: Slot, src: Slot) {
        let from = self.int(src);
        let to = self.cache.take_int();
        let exit = self.leave(JitExit::Guard);
        x64!(self ; mov Rq(to), Rq(from) ; neg Rq(to) ; jo =>exit);
        self.write_int(dst, to);
    }

    /// Quotient or remainder. What is divided by 0 is left to others, and what overflows: the least number divided by -1.
    pub(super) fn divide(&mut self, dst: Slot, left: Slot, right: Slot, is_remainder: bool) {
        let (left, right) = (self.int(left), self.int(right));
        let exit = self.leave(JitExit::Guard);
        // The division of the processor traps on both.
        let (special, done) = self.out_of_line_bare(move |emitter| {
            x64!(emitter ; test rcx, rcx ; jz =>exit ; neg rax);
            if !planted!("minus-one") {
                x64!(emitter ; jo =>exit);
            }
            x64!(emitter ; xor edx, edx);
        });
        x64!(self
            ; mov rax, Rq(left)
            ; mov rcx, Rq(right)
            ; lea rdx, [rcx + 1]
            ; cmp rdx, 1
            ; jbe =>special
        );
        self.quotient(dst, is_remainder, done);
    }

    /// The same with a constant that is not 0.
    pub(super) fn divide_by_constant(&mut self, dst: Slot, left: Slot, right: i64, is_remainder: bool) {
        let left = self.int(left);
        if right == -1 {
            let exit = self.leave(JitExit::Guard);
            let to = self.cache.take_int();
            x64!(self ; mov rax, Rq(left) ; neg rax);
            if !planted!("minus-one") {
                x64!(self ; jo =>exit);
            }
            if is_remainder {
                x64!(self ; xor Rd(to), Rd(to));
            } else {
                x64!(self ; mov Rq(to), rax);
            }
            self.write_int(dst, to);
            return;
        }
        self.load_rax(right);
        x64!(self ; mov rcx, rax ; mov rax, Rq(left));
        let done = self.new_label();
        self.quotient(dst, is_remainder, done);
    }

    /// Divides rax by rcx. What stands in rax and rdx at `done` is the result.
    fn quotient(&mut self, dst: Slot, is_remainder: bool, done: DynamicLabel) {
        let to = self.cache.take_int();
        self.divide_rax(done);
        if is_remainder {
            x64!(self ; mov Rq(to), rdx);
        } else {
            x64!(self ; mov Rq(to), rax);
        }
        self.write_int(dst, to);
    }

    /// Divides rax by rcx: behind it, at `done`, rax is the quotient and rdx the remainder.
    pub(super) fn divide_rax(&mut self, done: DynamicLabel) {
        // Most numbers take half of a register, and are divided in half of the time.
        let wide = self.new_label();
        x64!(self
            ; mov rdx, rax
            ; or rdx, rcx
            ; shr rdx, 32
            ; jnz =>wide
            ; div ecx
            ; jmp =>done
            ; =>wide
            ; cqo
            ; idiv rcx
            ; =>done
        );
    }

    /// Divides by a power of two, toward zero.
    pub(super) fn shift(&mut self, dst: Slot, left: Slot, shift: u8) {
        let left = self.int(left);
        let to = self.cache.take_int();
        if shift == 0 {
            x64!(self ; mov Rq(to), Rq(left));
        } else {
            // What is below zero is brought up first.
            x64!(self
                ; mov Rq(to), Rq(left)
                ; mov rax, Rq(left)
                ; sar rax, 63
                ; shr rax, (64 - shift) as i8
                ; add Rq(to), rax
                ; sar Rq(to), shift as i8
            );
        }
        self.write_int(dst, to);
    }

    /// The remainder of a division by a power of two.
    pub(super) fn mask(&mut self, dst: Slot, left: Slot, mask: i64) {
        let left = self.int(left);
        let to = self.cache.take_int();
        let bits = mask.count_ones() as i8;
        if bits == 0 {
            x64!(self ; xor Rd(to), Rd(to));
        } else {
            self.load_rax(mask);
            x64!(self
                ; mov rcx, Rq(left)
                ; sar rcx, 63
                ; shr rcx, 64 - bits
                ; mov Rq(to), Rq(left)
                ; add Rq(to), rcx
                ; and Rq(to), rax
                ; sub Rq(to), rcx
            );
        }
        self.write_int(dst, to);
    }

    /// Puts what an operation of the float in `left` and that in `right` gives into a register.
    fn compute(&mut self, operation: FloatOperation, left: u8, right: u8) -> u8 {
        let to = self.cache.take_float();
        x64!(self ; movaps Rx(to), Rx(left));
        match operation {
            FloatOperation::Add => x64!(self ; addsd Rx(to), Rx(right)),
            FloatOperation::Sub => x64!(self ; subsd Rx(to), Rx(right)),
            FloatOperation::Mul => x64!(self ; mulsd Rx(to), Rx(right)),
            FloatOperation::Div => x64!(self ; divsd Rx(to), Rx(right)),
        }
        to
    }

    pub(super) fn floats(&mut self, operation: FloatOperation, dst: Slot, left: Slot, right: Slot) {
        let (left, right) = (self.float(left), self.float(right));
        let to = self.compute(operation, left, right);
        self.write_float(dst, to);
    }

    pub(super) fn float_and_constant(
        &mut self,
        operation: FloatOperation,
        dst: Slot,
        left: Slot,
        right: f64,
    ) {
        let left = self.float(left);
        let number = self.number(right.to_bits());
        x64!(self ; movsd xmm0, [=>number]);
        let to = self.compute(operation, left, 0);
        self.write_float(dst, to);
    }

    pub(super) fn constant_and_float(
        &mut self,
        operation: FloatOperation,
        dst: Slot,
        left: f64,
        right: Slot,
    ) {
        let right = self.float(right);
        let number = self.number(left.to_bits());
        x64!(self ; movsd xmm0, [=>number]);
        let to = self.compute(operation, 0, right);
        self.write_float(dst, to);
    }

    /// Leaves where a float is zero, of whatever sign.
    pub(super) fn expect_not_zero(&mut self, slot: Slot) {
        let float = self.float(slot);
        let exit = self.leave(JitExit::Guard);
        // What is no number compares as equal and as unordered.
        let is_fine = self.new_label();
        x64!(self ; xorps xmm0, xmm0 ; ucomisd Rx(float), xmm0 ; jp =>is_fine ; je =>exit ; =>is_fine);
    }

    pub(super) fn negate_float(&mut self, dst: Slot, src: Slot) {
        x64!(self ; mov rax, [rbx + payload(src)] ; btc rax, 63 ; mov [rbx + payload(dst)], rax);
        if self.cache.tag(dst) != Tag::Is(tag::FLOAT) {
            x64!(self ; mov QWORD [rbx + at(dst)], tag::FLOAT);
        }
        self.cache.wrote(dst, Tag::Is(tag::FLOAT));
    }

    /// An operation on numbers of which one may be an int, or both.
    pub(super) fn mixed(&mut self, operation: FloatOperation, dst: Slot, left: Slot, right: Slot) {
        self.load_as_float(left, 0);
        self.load_as_float(right, 1);
        if operation == FloatOperation::Div {
            let exit = self.leave(JitExit::Guard);
            let (is_fine, zero) = (self.new_label(), self.cache.take_float());
            x64!(self
                ; xorps Rx(zero), Rx(zero)
                ; ucomisd xmm1, Rx(zero)
                ; jp =>is_fine
                ; je =>exit
                ; =>is_fine
            );
        }
        let to = self.compute(operation, 0, 1);
        self.write_float(dst, to);
    }

    /// Puts a number as a float into xmm0 or xmm1.
    fn load_as_float(&mut self, slot: Slot, to: u8) {
        let exit = self.leave(JitExit::Guard);
        match self.cache.tag(slot) {
            Tag::Is(tag::FLOAT) => x64!(self ; movsd Rx(to), [rbx + payload(slot)]),
            Tag::Is(tag::INT) => {
                x64!(self ; xorps Rx(to), Rx(to) ; cvtsi2sd Rx(to), QWORD [rbx + payload(slot)])
            }
            Tag::Is(_) | Tag::Scalar | Tag::Unknown => {
                let (is_int, is_there) = (self.new_label(), self.new_label());
                x64!(self
                    ; cmp QWORD [rbx + at(slot)], tag::INT
                    ; je =>is_int
                    ; cmp QWORD [rbx + at(slot)], tag::FLOAT
                    ; jne =>exit
                    ; movsd Rx(to), [rbx + payload(slot)]
                    ; jmp =>is_there
                    ; =>is_int
                    ; xorps Rx(to), Rx(to)
                    ; cvtsi2sd Rx(to), QWORD [rbx + payload(slot)]
                    ; =>is_there
                );
            }
        }
    }
}
