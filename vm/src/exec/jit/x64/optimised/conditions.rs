//! Branches of an optimised loop: comparisons, and what is joined of them.

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::super::loop_registers::RAX;
use super::{Lowering, low};
use crate::exec::optimise::{Condition, Value};
use crate::exec::specialise::Test;

impl Lowering<'_, '_> {
    /// Goes to a label where a condition holds, or where it does not; else on.
    pub(super) fn go(&mut self, condition: &Condition, when: bool, to: DynamicLabel) {
        match condition {
            Condition::Ints(test, left, right) => {
                let test = self.compare(*test, *left, *right);
                let test = if when { test } else { test.opposite() };
                match test {
                    Test::Eq => low!(self ; je =>to),
                    Test::Ne => low!(self ; jne =>to),
                    Test::Lt => low!(self ; jl =>to),
                    Test::Le => low!(self ; jle =>to),
                    Test::Gt => low!(self ; jg =>to),
                    Test::Ge => low!(self ; jge =>to),
                }
            }
            Condition::Floats(test, left, right) => self.go_on_floats(*test, (*left, *right), when, to),
            Condition::True(value) => {
                let register = self.int(*value, RAX);
                low!(self ; test Rd(register), Rd(register));
                if when {
                    low!(self ; jne =>to);
                } else {
                    low!(self ; je =>to);
                }
            }
            Condition::NoBits(value, mask) => {
                self.load(RAX, *value);
                low!(self ; and rax, *mask as i32);
                if when {
                    low!(self ; je =>to);
                } else {
                    low!(self ; jne =>to);
                }
            }
            Condition::Not(condition) => self.go(condition, !when, to),
            Condition::Both(two) if when => {
                let behind = self.emitter.new_label();
                self.go(&two[0], false, behind);
                self.go(&two[1], true, to);
                low!(self ; =>behind);
            }
            Condition::Either(two) if !when => {
                let behind = self.emitter.new_label();
                self.go(&two[0], true, behind);
                self.go(&two[1], false, to);
                low!(self ; =>behind);
            }
            Condition::Both(two) | Condition::Either(two) => {
                self.go(&two[0], when, to);
                self.go(&two[1], when, to);
            }
        }
    }

    /// Compares two ints, and gives the test that the flags tell of.
    pub(super) fn compare(&mut self, test: Test, left: Value, right: Value) -> Test {
        let is_swapped = self.int_register(left).is_none() && self.int_register(right).is_some()
            || self.in_frame(left).is_some()
                && self.constant(right).is_some()
                && self.small_constant(right).is_none();
        let (test, left, right) =
            if is_swapped { (test.mirrored(), right, left) } else { (test, left, right) };
        let left = self.int(left, RAX);
        if let Some(number) = self.small_constant(right) {
            low!(self ; cmp Rq(left), number);
        } else if let Some(register) = self.int_register(right) {
            low!(self ; cmp Rq(left), Rq(register));
        } else if let Some(place) = self.in_frame(right) {
            low!(self ; cmp Rq(left), [rbx + place]);
        } else {
            // Then the other is in a register: of two constants, the first was put into rax, and this one is not small.
            debug_assert_ne!(left, RAX);
            self.load(RAX, right);
            low!(self ; cmp Rq(left), rax);
        }
        test
    }

    /// The same on floats. Only "above" and "not below" can be asked, as what has no order is below and equal.
    fn go_on_floats(&mut self, test: Test, (left, right): (Value, Value), when: bool, to: DynamicLabel) {
        let (left, right) = (self.float(left, 0), self.float(right, 1));
        match test {
            Test::Lt | Test::Le => low!(self ; ucomisd Rx(right), Rx(left)),
            Test::Eq | Test::Ne | Test::Gt | Test::Ge => low!(self ; ucomisd Rx(left), Rx(right)),
        }
        match (test, when) {
            (Test::Lt | Test::Gt, true) => low!(self ; ja =>to),
            (Test::Lt | Test::Gt, false) => low!(self ; jbe =>to),
            (Test::Le | Test::Ge, true) => low!(self ; jae =>to),
            (Test::Le | Test::Ge, false) => low!(self ; jb =>to),
            (Test::Eq, true) | (Test::Ne, false) => {
                let behind = self.emitter.new_label();
                low!(self ; jp =>behind ; je =>to ; =>behind);
            }
            (Test::Eq, false) | (Test::Ne, true) => low!(self ; jp =>to ; jne =>to),
        }
    }
}
