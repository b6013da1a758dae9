//! Strings: comparison, joining, text and length.

use super::ExitReason;
use super::execution::{Execution, Step};
use crate::exec::specialise::op::{CodeAddr, Slot};
use crate::ops;
use crate::value::Value;

impl Execution<'_, '_> {
    /// Branches where `left == right` of strings.
    #[inline(always)]
    pub(super) fn if_eq_string(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        match are_same(self.value(left), self.value(right)) {
            Some(is_same) => self.branch(is_same, to),
            None => self.leave(ExitReason::Guard),
        }
    }

    /// Branches where `left != right` of strings.
    #[inline(always)]
    pub(super) fn if_ne_string(&mut self, left: Slot, right: Slot, to: CodeAddr) -> Step {
        match are_same(self.value(left), self.value(right)) {
            Some(is_same) => self.branch(!is_same, to),
            None => self.leave(ExitReason::Guard),
        }
    }

    /// Branches where `left == right` of strings, with a constant.
    #[inline(always)]
    pub(super) fn if_eq_string_const(&mut self, left: Slot, right: u16, to: CodeAddr) -> Step {
        match are_same(self.value(left), &self.program.constants[usize::from(right)]) {
            Some(is_same) => self.branch(is_same, to),
            None => self.leave(ExitReason::Guard),
        }
    }

    /// Branches where `left != right` of strings, with a constant.
    #[inline(always)]
    pub(super) fn if_ne_string_const(&mut self, left: Slot, right: u16, to: CodeAddr) -> Step {
        match are_same(self.value(left), &self.program.constants[usize::from(right)]) {
            Some(is_same) => self.branch(!is_same, to),
            None => self.leave(ExitReason::Guard),
        }
    }

    /// Joins two strings.
    #[inline(always)]
    pub(super) fn join(&mut self, dst: Slot, left: Slot, right: Slot) -> Step {
        let (Value::String(left), Value::String(right)) = (self.value(left), self.value(right)) else {
            return self.leave(ExitReason::Guard);
        };
        // References of their own: the result may be written over one of them.
        let (left, right) = (left.clone(), right.clone());
        // SAFETY: it is the current frame, and nothing else looks at it.
        let dst = unsafe { self.frame.value_mut(dst) };
        let is_done = ops::join_over(&self.machine.env.memory, dst, &left, &right).is_ok();
        self.guarded(is_done)
    }

    /// Writes the text of an int.
    #[inline(always)]
    pub(super) fn int_text(&mut self, dst: Slot, src: Slot) -> Step {
        let number = self.int(src);
        // SAFETY: it is the current frame, and nothing else looks at it.
        let dst = unsafe { self.frame.value_mut(dst) };
        let is_done = ops::int_text_over(&self.machine.env.memory, dst, number).is_ok();
        self.guarded(is_done)
    }

    /// `dst` = how many bytes the string is long.
    #[inline(always)]
    pub(super) fn str_len(&mut self, dst: Slot, string: Slot) -> Step {
        let Value::String(text) = self.value(string) else { return self.leave(ExitReason::Guard) };
        self.write_int(dst, text.as_str().len() as i64);
        Step::Next
    }
}

/// Whether two strings are the same; nothing where one is none, and for long ones: the host can end a comparison only where the
/// interpreter does it.
#[inline(always)]
fn are_same(left: &Value, right: &Value) -> Option<bool> {
    let (Value::String(left), Value::String(right)) = (left, right) else { return None };
    let are_long = left.is_long() && right.is_long();
    (!are_long).then(|| left.is_same(right))
}
