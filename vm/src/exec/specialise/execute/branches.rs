//! Jumps and branches, and the back edges of loops.

use super::ExitReason;
use super::execution::{Execution, Step, holds};
use crate::exec::specialise::op::{CodeAddr, Slot};

impl Execution<'_, '_> {
    /// Goes on elsewhere.
    #[inline(always)]
    pub(super) fn goto(&mut self, to: CodeAddr) -> Step {
        self.go(to)
    }

    /// Charges fuel and goes on elsewhere.
    #[inline(always)]
    pub(super) fn jump(&mut self, to: CodeAddr, steps: u16) -> Step {
        if !self.charge(steps.saturating_sub(u16::from(planted!("specialised-fuel")))) {
            return self.leave(ExitReason::OutOfFuel);
        }
        self.go(to)
    }

    /// Charges fuel.
    #[inline(always)]
    pub(super) fn charge_fuel(&mut self, steps: u16) -> Step {
        if self.charge(steps) { Step::Next } else { self.leave(ExitReason::OutOfFuel) }
    }

    /// Leaves for the baseline interpreter.
    #[inline(always)]
    pub(super) fn deoptimise(&mut self) -> Step {
        self.leave(ExitReason::Deoptimise)
    }

    /// Branches where `left == right` of ints.
    #[inline(always)]
    pub(super) fn if_eq_int(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(self.int(left) == self.int(right), to)
    }

    /// Branches where `left != right` of ints.
    #[inline(always)]
    pub(super) fn if_ne_int(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(self.int(left) != self.int(right), to)
    }

    /// Branches where `left < right` of ints.
    #[inline(always)]
    pub(super) fn if_lt_int(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(self.int(left) < self.int(right), to)
    }

    /// Branches where `left <= right` of ints.
    #[inline(always)]
    pub(super) fn if_le_int(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(self.int(left) <= self.int(right), to)
    }

    /// Branches where `left == right` of ints, with a constant.
    #[inline(always)]
    pub(super) fn if_eq_int_const(&mut self, left: Slot, to: CodeAddr, right: i64) -> Step {
        self.branch(self.int(left) == right, to)
    }

    /// Branches where `left != right` of ints, with a constant.
    #[inline(always)]
    pub(super) fn if_ne_int_const(&mut self, left: Slot, to: CodeAddr, right: i64) -> Step {
        self.branch(self.int(left) != right, to)
    }

    /// Branches where `left < right` of ints, with a constant.
    #[inline(always)]
    pub(super) fn if_lt_int_const(&mut self, left: Slot, to: CodeAddr, right: i64) -> Step {
        self.branch(self.int(left) < right, to)
    }

    /// Branches where `left >= right` of ints, with a constant.
    #[inline(always)]
    pub(super) fn if_ge_int_const(&mut self, left: Slot, to: CodeAddr, right: i64) -> Step {
        self.branch(self.int(left) >= right, to)
    }

    /// Branches where `left == right` of floats.
    #[inline(always)]
    pub(super) fn if_eq_float(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(self.float(left) == self.float(right), to)
    }

    /// Branches where `left != right` of floats.
    #[inline(always)]
    pub(super) fn if_ne_float(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(self.float(left) != self.float(right), to)
    }

    /// Branches where `left < right` of floats.
    #[inline(always)]
    pub(super) fn if_lt_float(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(self.float(left) < self.float(right), to)
    }

    /// Branches where not `left < right` of floats.
    #[inline(always)]
    pub(super) fn if_not_lt_float(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(!self.float(left).lt(&self.float(right)), to)
    }

    /// Branches where `left <= right` of floats.
    #[inline(always)]
    pub(super) fn if_le_float(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(self.float(left) <= self.float(right), to)
    }

    /// Branches where not `left <= right` of floats.
    #[inline(always)]
    pub(super) fn if_not_le_float(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(!self.float(left).le(&self.float(right)), to)
    }

    /// Branches where `left == right` of floats, with a constant.
    #[inline(always)]
    pub(super) fn if_eq_float_const(&mut self, left: Slot, to: CodeAddr, right: f64) -> Step {
        self.branch(self.float(left) == right, to)
    }

    /// Branches where `left != right` of floats, with a constant.
    #[inline(always)]
    pub(super) fn if_ne_float_const(&mut self, left: Slot, to: CodeAddr, right: f64) -> Step {
        self.branch(self.float(left) != right, to)
    }

    /// Branches where `left < right` of floats, with a constant.
    #[inline(always)]
    pub(super) fn if_lt_float_const(&mut self, left: Slot, to: CodeAddr, right: f64) -> Step {
        self.branch(self.float(left) < right, to)
    }

    /// Branches where not `left < right` of floats, with a constant.
    #[inline(always)]
    pub(super) fn if_not_lt_float_const(&mut self, left: Slot, to: CodeAddr, right: f64) -> Step {
        self.branch(!self.float(left).lt(&right), to)
    }

    /// Branches where `left <= right` of floats, with a constant.
    #[inline(always)]
    pub(super) fn if_le_float_const(&mut self, left: Slot, to: CodeAddr, right: f64) -> Step {
        self.branch(self.float(left) <= right, to)
    }

    /// Branches where not `left <= right` of floats, with a constant.
    #[inline(always)]
    pub(super) fn if_not_le_float_const(&mut self, left: Slot, to: CodeAddr, right: f64) -> Step {
        self.branch(!self.float(left).le(&right), to)
    }

    /// Branches where `left > right` of floats, with a constant.
    #[inline(always)]
    pub(super) fn if_gt_float_const(&mut self, left: Slot, to: CodeAddr, right: f64) -> Step {
        self.branch(self.float(left) > right, to)
    }

    /// Branches where not `left > right` of floats, with a constant.
    #[inline(always)]
    pub(super) fn if_not_gt_float_const(&mut self, left: Slot, to: CodeAddr, right: f64) -> Step {
        self.branch(!self.float(left).gt(&right), to)
    }

    /// Branches where `left >= right` of floats, with a constant.
    #[inline(always)]
    pub(super) fn if_ge_float_const(&mut self, left: Slot, to: CodeAddr, right: f64) -> Step {
        self.branch(self.float(left) >= right, to)
    }

    /// Branches where not `left >= right` of floats, with a constant.
    #[inline(always)]
    pub(super) fn if_not_ge_float_const(&mut self, left: Slot, to: CodeAddr, right: f64) -> Step {
        self.branch(!self.float(left).ge(&right), to)
    }

    /// Branches where both values count as true.
    #[inline(always)]
    pub(super) fn if_both(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(holds(self.value(left)) && holds(self.value(right)), to)
    }

    /// Branches where not both values count as true.
    #[inline(always)]
    pub(super) fn if_not_both(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(!(holds(self.value(left)) && holds(self.value(right))), to)
    }

    /// Branches where at least one value counts as true.
    #[inline(always)]
    pub(super) fn if_either(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(holds(self.value(left)) || holds(self.value(right)), to)
    }

    /// Branches where no value counts as true.
    #[inline(always)]
    pub(super) fn if_neither(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        self.branch(!(holds(self.value(left)) || holds(self.value(right))), to)
    }

    /// Branches where a bool is true.
    #[inline(always)]
    pub(super) fn if_true_bool(&mut self, slot: Slot, to: CodeAddr) -> Step {
        self.branch(self.bool(slot), to)
    }

    /// Branches where a bool is false.
    #[inline(always)]
    pub(super) fn if_false_bool(&mut self, slot: Slot, to: CodeAddr) -> Step {
        self.branch(!self.bool(slot), to)
    }

    /// Branches where a value counts as true.
    #[inline(always)]
    pub(super) fn if_true(&mut self, slot: Slot, to: CodeAddr) -> Step {
        self.branch(holds(self.value(slot)), to)
    }

    /// Branches where a value counts as false.
    #[inline(always)]
    pub(super) fn if_false(&mut self, slot: Slot, to: CodeAddr) -> Step {
        self.branch(!holds(self.value(slot)), to)
    }

    /// A back edge: where `left == right` of ints, charges fuel and goes on behind the branch that tests the opposite.
    #[inline(always)]
    pub(super) fn loop_eq_int(&mut self, left: Slot, right: Slot, to: CodeAddr, steps: u16) -> Step {
        self.back_edge(self.int(left) == self.int(right), to, steps)
    }

    /// A back edge: where `left != right` of ints, charges fuel and goes on behind the branch that tests the opposite.
    #[inline(always)]
    pub(super) fn loop_ne_int(&mut self, left: Slot, right: Slot, to: CodeAddr, steps: u16) -> Step {
        self.back_edge(self.int(left) != self.int(right), to, steps)
    }

    /// A back edge: where `left < right` of ints, charges fuel and goes on behind the branch that tests the opposite.
    #[inline(always)]
    pub(super) fn loop_lt_int(&mut self, left: Slot, right: Slot, to: CodeAddr, steps: u16) -> Step {
        self.back_edge(self.int(left) < self.int(right), to, steps)
    }

    /// A back edge: where `left <= right` of ints, charges fuel and goes on behind the branch that tests the opposite.
    #[inline(always)]
    pub(super) fn loop_le_int(&mut self, left: Slot, right: Slot, to: CodeAddr, steps: u16) -> Step {
        self.back_edge(self.int(left) <= self.int(right), to, steps)
    }

    /// A back edge: where `left == right` of ints, charges fuel and goes on behind the branch that tests the opposite.
    #[inline(always)]
    pub(super) fn loop_eq_int_const(&mut self, left: Slot, steps: u8, to: CodeAddr, right: i64) -> Step {
        self.back_edge(self.int(left) == right, to, steps)
    }

    /// A back edge: where `left != right` of ints, charges fuel and goes on behind the branch that tests the opposite.
    #[inline(always)]
    pub(super) fn loop_ne_int_const(&mut self, left: Slot, steps: u8, to: CodeAddr, right: i64) -> Step {
        self.back_edge(self.int(left) != right, to, steps)
    }

    /// A back edge: where `left < right` of ints, charges fuel and goes on behind the branch that tests the opposite.
    #[inline(always)]
    pub(super) fn loop_lt_int_const(&mut self, left: Slot, steps: u8, to: CodeAddr, right: i64) -> Step {
        self.back_edge(self.int(left) < right, to, steps)
    }

    /// A back edge: where `left >= right` of ints, charges fuel and goes on behind the branch that tests the opposite.
    #[inline(always)]
    pub(super) fn loop_ge_int_const(&mut self, left: Slot, steps: u8, to: CodeAddr, right: i64) -> Step {
        self.back_edge(self.int(left) >= right, to, steps)
    }

    /// A back edge with its counter: `counter += step`, then as `LoopLtInt` with the counter.
    #[inline(always)]
    pub(super) fn count_lt_int(
        &mut self,
        counter: Slot,
        right: Slot,
        step: i16,
        steps: u16,
        to: CodeAddr,
    ) -> Step {
        let right = self.int(right);
        self.count(counter, step.into(), (to, steps), |next| next < right)
    }

    /// A back edge with its counter: `counter += step`, then as `LoopLeInt` with the counter.
    #[inline(always)]
    pub(super) fn count_le_int(
        &mut self,
        counter: Slot,
        right: Slot,
        step: i16,
        steps: u16,
        to: CodeAddr,
    ) -> Step {
        let right = self.int(right);
        self.count(counter, step.into(), (to, steps), |next| next <= right)
    }

    /// A back edge with its counter: `counter += step`, then as `LoopLtIntConst` with the counter.
    #[inline(always)]
    pub(super) fn count_lt_int_const(
        &mut self,
        counter: Slot,
        step: i16,
        steps: u16,
        to: CodeAddr,
        right: i32,
    ) -> Step {
        self.count(counter, step.into(), (to, steps), |next| next < i64::from(right))
    }

    /// A back edge with its counter: `counter += step`, then as `LoopGeIntConst` with the counter.
    #[inline(always)]
    pub(super) fn count_ge_int_const(
        &mut self,
        counter: Slot,
        step: i16,
        steps: u16,
        to: CodeAddr,
        right: i32,
    ) -> Step {
        self.count(counter, step.into(), (to, steps), |next| next >= i64::from(right))
    }

    /// A back edge with its counter: `counter += step`, then as `LoopLtInt` with the counter.
    #[inline(always)]
    pub(super) fn step_lt_int(
        &mut self,
        counter: Slot,
        step: Slot,
        right: Slot,
        steps: u16,
        to: CodeAddr,
    ) -> Step {
        let (step, right) = (self.int(step), self.int(right));
        self.count(counter, step, (to, steps), |next| next < right)
    }

    /// A back edge with its counter: `counter += step`, then as `LoopLeInt` with the counter.
    #[inline(always)]
    pub(super) fn step_le_int(
        &mut self,
        counter: Slot,
        step: Slot,
        right: Slot,
        steps: u16,
        to: CodeAddr,
    ) -> Step {
        let (step, right) = (self.int(step), self.int(right));
        self.count(counter, step, (to, steps), |next| next <= right)
    }

    /// The back edge of a loop.
    #[inline(always)]
    fn back_edge(&mut self, holds: bool, to: CodeAddr, steps: impl Into<u64>) -> Step {
        if !holds {
            return Step::Next;
        }
        if !self.charge(steps) {
            return self.leave(ExitReason::OutOfFuel);
        }
        self.go(to)
    }

    /// Counting, and the back edge of a loop.
    #[inline(always)]
    fn count(
        &mut self,
        counter: Slot,
        step: i64,
        (to, steps): (CodeAddr, u16),
        holds: impl FnOnce(i64) -> bool,
    ) -> Step {
        let Some(left) = self.fuel.checked_sub(u64::from(steps)) else {
            return self.leave(ExitReason::OutOfFuel);
        };
        let Some(next) = self.int(counter).checked_add(step) else { return self.leave(ExitReason::Guard) };
        self.write_int(counter, next);
        if !holds(next) {
            return Step::Next;
        }
        self.fuel = left;
        self.go(to)
    }
}
