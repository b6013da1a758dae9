//! Comparisons and logic that give a bool.

use super::execution::{Execution, holds};
use crate::exec::specialise::op::{Slot, Test};

impl Execution<'_, '_> {
    /// `dst = left == right` of ints.
    #[inline(always)]
    pub(super) fn test_eq_int(&mut self, dst: Slot, left: Slot, right: Slot) {
        self.write_bool(dst, self.int(left) == self.int(right));
    }

    /// `dst = left != right` of ints.
    #[inline(always)]
    pub(super) fn test_ne_int(&mut self, dst: Slot, left: Slot, right: Slot) {
        self.write_bool(dst, self.int(left) != self.int(right));
    }

    /// `dst = left < right` of ints.
    #[inline(always)]
    pub(super) fn test_lt_int(&mut self, dst: Slot, left: Slot, right: Slot) {
        self.write_bool(dst, self.int(left) < self.int(right));
    }

    /// `dst = left <= right` of ints.
    #[inline(always)]
    pub(super) fn test_le_int(&mut self, dst: Slot, left: Slot, right: Slot) {
        self.write_bool(dst, self.int(left) <= self.int(right));
    }

    /// `dst = left == right` of ints.
    #[inline(always)]
    pub(super) fn test_eq_int_const(&mut self, dst: Slot, left: Slot, right: i64) {
        self.write_bool(dst, self.int(left) == right);
    }

    /// `dst = left != right` of ints.
    #[inline(always)]
    pub(super) fn test_ne_int_const(&mut self, dst: Slot, left: Slot, right: i64) {
        self.write_bool(dst, self.int(left) != right);
    }

    /// `dst = left < right` of ints.
    #[inline(always)]
    pub(super) fn test_lt_int_const(&mut self, dst: Slot, left: Slot, right: i64) {
        self.write_bool(dst, self.int(left) < right);
    }

    /// `dst = left >= right` of ints.
    #[inline(always)]
    pub(super) fn test_ge_int_const(&mut self, dst: Slot, left: Slot, right: i64) {
        self.write_bool(dst, self.int(left) >= right);
    }

    /// `dst` = whether the test holds for `left` and `right`, of floats.
    #[inline(always)]
    pub(super) fn test_float(&mut self, test: Test, dst: Slot, left: Slot, right: Slot) {
        self.write_bool(dst, test.of(&self.float(left), &self.float(right)));
    }

    /// `dst` = whether the test holds for `left` and `right`, of floats.
    #[inline(always)]
    pub(super) fn test_float_const(&mut self, test: Test, dst: Slot, left: Slot, right: f64) {
        self.write_bool(dst, test.of(&self.float(left), &right));
    }

    /// `dst = left and right`.
    #[inline(always)]
    pub(super) fn and(&mut self, dst: Slot, left: Slot, right: Slot) {
        self.write_bool(dst, holds(self.value(left)) && holds(self.value(right)));
    }

    /// `dst = left or right`.
    #[inline(always)]
    pub(super) fn or(&mut self, dst: Slot, left: Slot, right: Slot) {
        self.write_bool(dst, holds(self.value(left)) || holds(self.value(right)));
    }

    /// `dst = not src`.
    #[inline(always)]
    pub(super) fn not(&mut self, dst: Slot, src: Slot) {
        self.write_bool(dst, !holds(self.value(src)));
    }
}
