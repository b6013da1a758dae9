//! Operations on ints and floats.

use super::ExitReason;
use super::execution::{Execution, Step};
use crate::exec::specialise::op::Slot;

impl Execution<'_, '_> {
    /// `dst = left + right` of ints.
    #[inline(always)]
    pub(super) fn add_int(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        self.checked(dst, self.int(left).checked_add(self.int(right)))
    }

    /// `dst = left - right` of ints.
    #[inline(always)]
    pub(super) fn sub_int(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        self.checked(dst, self.int(left).checked_sub(self.int(right)))
    }

    /// `dst = left * right` of ints.
    #[inline(always)]
    pub(super) fn mul_int(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        self.checked(dst, self.int(left).checked_mul(self.int(right)))
    }

    /// `dst = left / right` of ints.
    #[inline(always)]
    pub(super) fn div_int(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        self.checked(dst, self.int(left).checked_div(self.int(right)))
    }

    /// `dst = left % right` of ints.
    #[inline(always)]
    pub(super) fn mod_int(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        self.checked(dst, self.int(left).checked_rem(self.int(right)))
    }

    /// `dst = left + right` of ints.
    #[inline(always)]
    pub(super) fn add_int_const(&mut self, dst: Slot, left: Slot, right: i64) -> Step {
        self.checked(dst, self.int(left).checked_add(right))
    }

    /// `dst = left - right` of ints.
    #[inline(always)]
    pub(super) fn sub_const_int(&mut self, dst: Slot, left: i64, right: Slot) -> Step {
        self.checked(dst, left.checked_sub(self.int(right)))
    }

    /// `dst = left * right` of ints.
    #[inline(always)]
    pub(super) fn mul_int_const(&mut self, dst: Slot, left: Slot, right: i64) -> Step {
        self.checked(dst, self.int(left).checked_mul(right))
    }

    /// `dst = left / right` of ints.
    #[inline(always)]
    pub(super) fn div_int_const(&mut self, dst: Slot, left: Slot, right: i64) -> Step {
        self.checked(dst, self.int(left).checked_div(right))
    }

    /// `dst = left % right` of ints.
    #[inline(always)]
    pub(super) fn mod_int_const(&mut self, dst: Slot, left: Slot, right: i64) -> Step {
        self.checked(dst, self.int(left).checked_rem(right))
    }

    /// `dst = left / right` of ints, by a power of two.
    #[inline(always)]
    pub(super) fn div_int_shift(&mut self, dst: Slot, left: Slot, shift: u8) {
        let left = self.int(left);
        // Rounds toward zero: what is below is brought up first.
        let below = (left >> 63) & !(-1 << shift);
        self.write_int(dst, left.wrapping_add(below) >> shift);
    }

    /// `dst = left % right` of ints, by a power of two.
    #[inline(always)]
    pub(super) fn mod_int_mask(&mut self, dst: Slot, left: Slot, mask: i64) {
        let left = self.int(left);
        let below = (left >> 63) & mask;
        self.write_int(dst, (left.wrapping_add(below) & mask) - below);
    }

    /// `dst = -src` of an int.
    #[inline(always)]
    pub(super) fn neg_int(&mut self, dst: Slot, src: Slot) -> Step {
        self.checked(dst, self.int(src).checked_neg())
    }

    /// `dst = left + right` of floats.
    #[inline(always)]
    pub(super) fn add_float(&mut self, dst: Slot, left: Slot, right: Slot) {
        self.write_float(dst, self.float(left) + self.float(right));
    }

    /// `dst = left - right` of floats.
    #[inline(always)]
    pub(super) fn sub_float(&mut self, dst: Slot, left: Slot, right: Slot) {
        self.write_float(dst, self.float(left) - self.float(right));
    }

    /// `dst = left * right` of floats.
    #[inline(always)]
    pub(super) fn mul_float(&mut self, dst: Slot, left: Slot, right: Slot) {
        self.write_float(dst, self.float(left) * self.float(right));
    }

    /// `dst = left / right` of floats.
    #[inline(always)]
    pub(super) fn div_float(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        let right = self.float(right);
        if right == 0.0 {
            return self.leave(ExitReason::Guard);
        }
        self.write_float(dst, self.float(left) / right);
        Step::Next
    }

    /// `dst = left + right` of floats.
    #[inline(always)]
    pub(super) fn add_float_const(&mut self, dst: Slot, left: Slot, right: f64) {
        self.write_float(dst, self.float(left) + right);
    }

    /// `dst = left - right` of floats.
    #[inline(always)]
    pub(super) fn sub_const_float(&mut self, dst: Slot, left: f64, right: Slot) {
        self.write_float(dst, left - self.float(right));
    }

    /// `dst = left * right` of floats.
    #[inline(always)]
    pub(super) fn mul_float_const(&mut self, dst: Slot, left: Slot, right: f64) {
        self.write_float(dst, self.float(left) * right);
    }

    /// `dst = left / right` of floats.
    #[inline(always)]
    pub(super) fn div_float_const(&mut self, dst: Slot, left: Slot, right: f64) {
        self.write_float(dst, self.float(left) / right);
    }

    /// `dst = left / right` of floats.
    #[inline(always)]
    pub(super) fn div_const_float(&mut self, dst: Slot, left: f64, right: Slot) -> Step {
        let right = self.float(right);
        if right == 0.0 {
            return self.leave(ExitReason::Guard);
        }
        self.write_float(dst, left / right);
        Step::Next
    }

    /// `dst = -src` of a float.
    #[inline(always)]
    pub(super) fn neg_float(&mut self, dst: Slot, src: Slot) {
        self.write_float(dst, -self.float(src));
    }

    /// `dst = left + right` of an int and a float, or of two floats.
    #[inline(always)]
    pub(super) fn add_mixed(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        self.mixed(dst, left, right, |left, right| left + right)
    }

    /// `dst = left - right` of an int and a float, or of two floats.
    #[inline(always)]
    pub(super) fn sub_mixed(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        self.mixed(dst, left, right, |left, right| left - right)
    }

    /// `dst = left * right` of an int and a float, or of two floats.
    #[inline(always)]
    pub(super) fn mul_mixed(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        self.mixed(dst, left, right, |left, right| left * right)
    }

    /// `dst = left / right` of an int and a float, or of two floats.
    #[inline(always)]
    pub(super) fn div_mixed(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        let (Some(left), Some(right)) = (self.value(left).to_float(), self.value(right).to_float()) else {
            return self.leave(ExitReason::Guard);
        };
        if right == 0.0 {
            return self.leave(ExitReason::Guard);
        }
        self.write_float(dst, left / right);
        Step::Next
    }

    /// An operation on an int and a float, or on two of them.
    #[inline(always)]
    fn mixed(&mut self, dst: Slot, left: Slot, right: Slot, operation: impl FnOnce(f64, f64) -> f64) -> Step {
        match (self.value(left).to_float(), self.value(right).to_float()) {
            (Some(left), Some(right)) => self.write_float(dst, operation(left, right)),
            (None, _) | (_, None) => return self.leave(ExitReason::Guard),
        }
        Step::Next
    }
}
