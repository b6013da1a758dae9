//! Comparisons, branches, calls and returns.

mod calls;

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::emit::{Emitter, JitExit, at, payload, x64};
use super::register_cache::Tag;
use crate::exec::jit::layout::tag;
use crate::exec::specialise::{CodeAddr, Slot, Test};

/// How two numbers stand to one another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// An int that is known or stands in a slot.
#[derive(Clone, Copy)]
pub(super) enum IntSource {
    Slot(Slot),
    Constant(i32),
}

impl From<Slot> for IntSource {
    fn from(slot: Slot) -> Self {
        Self::Slot(slot)
    }
}

impl From<i32> for IntSource {
    fn from(number: i32) -> Self {
        Self::Constant(number)
    }
}

impl From<i16> for IntSource {
    fn from(number: i16) -> Self {
        Self::Constant(number.into())
    }
}

impl Emitter<'_> {
    pub(super) fn jump(&mut self, to: CodeAddr, steps: u16) {
        match self.label(to) {
            Some(to) => {
                self.charge(steps);
                if planted!("jit-midst") {
                    // A jump to its own second byte.
                    x64!(self ; .u8 0xeb ; .u8 0xff);
                }
                x64!(self ; jmp =>to);
            }
            None => {
                let retry = self.leave(JitExit::Fallback);
                x64!(self ; jmp =>retry);
            }
        }
    }

    /// Goes to a label where ints that were compared stand so.
    fn go_if(&mut self, relation: Relation, to: DynamicLabel) {
        match relation {
            Relation::Eq => x64!(self ; je =>to),
            Relation::Ne => x64!(self ; jne =>to),
            Relation::Lt => x64!(self ; jl =>to),
            Relation::Le => x64!(self ; jle =>to),
            Relation::Gt => x64!(self ; jg =>to),
            Relation::Ge => x64!(self ; jge =>to),
        }
    }

    fn go_unless(&mut self, relation: Relation, to: DynamicLabel) {
        let opposite = match relation {
            Relation::Eq => Relation::Ne,
            Relation::Ne => Relation::Eq,
            Relation::Lt => Relation::Ge,
            Relation::Le => Relation::Gt,
            Relation::Gt => Relation::Le,
            Relation::Ge => Relation::Lt,
        };
        self.go_if(opposite, to);
    }

    fn compare_ints(&mut self, left: Slot, right: Slot) {
        let (left, right) = (self.int(left), self.int(right));
        x64!(self ; cmp Rq(left), Rq(right));
    }

    fn compare_with_constant(&mut self, left: Slot, right: i64) {
        let left = self.int(left);
        match i32::try_from(right) {
            Ok(right) => x64!(self ; cmp Rq(left), right),
            Err(_) => {
                self.load_rax(right);
                x64!(self ; cmp Rq(left), rax);
            }
        }
    }

    pub(super) fn if_ints(&mut self, relation: Relation, left: Slot, right: Slot, to: CodeAddr) {
        self.compare_ints(left, right);
        let to = self.to(to);
        self.go_if(relation, to);
    }

    pub(super) fn if_int_and_constant(&mut self, relation: Relation, left: Slot, right: i64, to: CodeAddr) {
        self.compare_with_constant(left, right);
        let to = self.to(to);
        self.go_if(relation, to);
    }

    pub(super) fn test_ints(&mut self, relation: Relation, dst: Slot, left: Slot, right: Slot) {
        self.compare_ints(left, right);
        self.set_if(relation);
        self.write_bool(dst);
    }

    pub(super) fn test_int_and_constant(&mut self, relation: Relation, dst: Slot, left: Slot, right: i64) {
        self.compare_with_constant(left, right);
        self.set_if(relation);
        self.write_bool(dst);
    }

    /// Puts whether ints that were compared stand so into al.
    fn set_if(&mut self, relation: Relation) {
        match relation {
            Relation::Eq => x64!(self ; sete al),
            Relation::Ne => x64!(self ; setne al),
            Relation::Lt => x64!(self ; setl al),
            Relation::Le => x64!(self ; setle al),
            Relation::Gt => x64!(self ; setg al),
            Relation::Ge => x64!(self ; setge al),
        }
    }

    /// the back edge of a loop.
    pub(super) fn back_edge(
        &mut self,
        relation: Relation,
        left: Slot,
        right: Slot,
        to: CodeAddr,
        steps: u16,
    ) {
        self.back_edge_if(relation, to, steps, |emitter| emitter.compare_ints(left, right));
    }

    pub(super) fn back_edge_const(
        &mut self,
        relation: Relation,
        left: Slot,
        right: i64,
        to: CodeAddr,
        steps: u8,
    ) {
        self.back_edge_if(relation, to, steps.into(), |emitter| emitter.compare_with_constant(left, right));
    }

    fn back_edge_if(
        &mut self,
        relation: Relation,
        to: CodeAddr,
        steps: u16,
        compare: impl FnOnce(&mut Self),
    ) {
        let Some(to) = self.label(to) else {
            let retry = self.leave(JitExit::Fallback);
            x64!(self ; jmp =>retry);
            return;
        };
        self.need(steps);
        compare(self);
        let behind = self.new_label();
        self.go_unless(relation, behind);
        x64!(self ; sub r12, i32::from(steps) ; jmp =>to ; =>behind);
    }

    /// Counting, and the back edge of a loop.
    pub(super) fn count(
        &mut self,
        relation: Relation,
        counter: Slot,
        step: IntSource,
        right: impl Into<IntSource>,
        to: CodeAddr,
        steps: u16,
    ) {
        let Some(to) = self.label(to) else {
            let retry = self.leave(JitExit::Fallback);
            x64!(self ; jmp =>retry);
            return;
        };
        self.need(steps);
        let exit = self.leave(JitExit::Guard);
        let from = self.int(counter);
        let next = match step {
            IntSource::Slot(step) => {
                let step = self.int(step);
                let next = self.cache.take_int();
                x64!(self ; mov Rq(next), Rq(from) ; add Rq(next), Rq(step));
                next
            }
            IntSource::Constant(step) => {
                let next = self.cache.take_int();
                x64!(self ; mov Rq(next), Rq(from) ; add Rq(next), step);
                next
            }
        };
        x64!(self ; jo =>exit);
        self.write_int(counter, next);
        match right.into() {
            IntSource::Slot(right) if self.cache.int(right).is_none() => {
                x64!(self ; cmp Rq(next), [rbx + payload(right)]);
            }
            IntSource::Slot(right) => {
                let right = self.int(right);
                x64!(self ; cmp Rq(next), Rq(right));
            }
            IntSource::Constant(right) => x64!(self ; cmp Rq(next), right),
        }
        let behind = self.new_label();
        self.go_unless(relation, behind);
        x64!(self ; sub r12, i32::from(steps) ; jmp =>to ; =>behind);
    }

    // Floats. A comparison sets flags as one of numbers without sign does, and "less" as well as "equal" where there is no
    // order. So only "greater" and "not less" can be asked, with the operands the other way round where need be.

    /// Goes elsewhere where floats stand so, or where they do not.
    pub(super) fn if_floats(
        &mut self,
        relation: Relation,
        outcome: bool,
        left: Slot,
        right: Slot,
        to: CodeAddr,
    ) {
        let (left, right) = (self.float(left), self.float(right));
        self.branch_on_floats(relation, outcome, left, right, to);
    }

    pub(super) fn if_float_and_constant(
        &mut self,
        relation: Relation,
        outcome: bool,
        left: Slot,
        right: f64,
        to: CodeAddr,
    ) {
        let left = self.float(left);
        let number = self.number(right.to_bits());
        x64!(self ; movsd xmm0, [=>number]);
        self.branch_on_floats(relation, outcome, left, 0, to);
    }

    fn branch_on_floats(&mut self, relation: Relation, outcome: bool, left: u8, right: u8, to: CodeAddr) {
        let to = self.to(to);
        let (left, right) = match relation {
            Relation::Lt | Relation::Le => (right, left),
            Relation::Eq | Relation::Ne | Relation::Gt | Relation::Ge => (left, right),
        };
        x64!(self ; ucomisd Rx(left), Rx(right));
        match (relation, outcome) {
            (Relation::Lt | Relation::Gt, true) => x64!(self ; ja =>to),
            (Relation::Lt | Relation::Gt, false) => x64!(self ; jbe =>to),
            (Relation::Le | Relation::Ge, true) => x64!(self ; jae =>to),
            (Relation::Le | Relation::Ge, false) => x64!(self ; jb =>to),
            (Relation::Eq, true) | (Relation::Ne, false) => {
                let behind = self.new_label();
                x64!(self ; jp =>behind ; je =>to ; =>behind);
            }
            (Relation::Ne, true) | (Relation::Eq, false) => x64!(self ; jp =>to ; jne =>to),
        }
    }

    pub(super) fn test_floats(&mut self, test: Test, dst: Slot, left: u8, right: u8) {
        match test {
            Test::Lt | Test::Le => x64!(self ; ucomisd Rx(right), Rx(left)),
            Test::Eq | Test::Ne | Test::Gt | Test::Ge => x64!(self ; ucomisd Rx(left), Rx(right)),
        }
        match test {
            Test::Lt | Test::Gt => x64!(self ; seta al),
            Test::Le | Test::Ge => x64!(self ; setae al),
            Test::Eq => x64!(self ; sete al ; setnp cl ; and al, cl),
            Test::Ne => x64!(self ; setne al ; setp cl ; or al, cl),
        }
        self.write_bool(dst);
    }

    // What counts as true

    /// Puts whether a value counts as true into eax.
    pub(super) fn truth(&mut self, slot: Slot) {
        if self.cache.tag(slot) == Tag::Is(tag::BOOL) {
            x64!(self ; movzx eax, BYTE [rbx + payload(slot)]);
            return;
        }
        let (begin, end) = self.out_of_line(move |emitter| {
            x64!(emitter ; lea rdi, [rbx + at(slot)]);
            emitter.call(super::super::stubs::holds as *const ());
        });
        x64!(self
            ; cmp QWORD [rbx + at(slot)], tag::BOOL
            ; jne =>begin
            ; movzx eax, BYTE [rbx + payload(slot)]
            ; =>end
        );
    }

    pub(super) fn if_true(&mut self, slot: Slot, outcome: bool, to: CodeAddr) {
        self.truth(slot);
        let to = self.to(to);
        x64!(self ; test eax, eax);
        self.go_if(if outcome { Relation::Ne } else { Relation::Eq }, to);
    }

    /// Goes elsewhere where two values, or one of two, count as true, or where that is not so.
    pub(super) fn if_two(&mut self, left: Slot, right: Slot, is_and: bool, outcome: bool, to: CodeAddr) {
        let (to, behind) = (self.to(to), self.new_label());
        self.truth(left);
        x64!(self ; test eax, eax);
        // Where the first decides, it decides on the value that ends `and` or `or` early.
        let early = if outcome == is_and { behind } else { to };
        self.go_if(if is_and { Relation::Eq } else { Relation::Ne }, early);
        self.truth(right);
        x64!(self ; test eax, eax);
        self.go_if(if outcome { Relation::Ne } else { Relation::Eq }, to);
        x64!(self ; =>behind);
    }

    /// `and` or `or`.
    pub(super) fn two(&mut self, dst: Slot, left: Slot, right: Slot, is_and: bool) {
        let behind = self.new_label();
        self.truth(left);
        x64!(self ; test eax, eax);
        self.go_if(if is_and { Relation::Eq } else { Relation::Ne }, behind);
        self.truth(right);
        x64!(self ; =>behind);
        self.write_bool(dst);
    }
}
