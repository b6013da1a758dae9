//! Moves, constants and globals.

use std::mem;

use super::copy;
use super::execution::Execution;
use super::unchecked::scalar;
use crate::exec::specialise::op::Slot;
use crate::runtime::GlobalSlot;
use crate::value::Value;

impl Execution<'_, '_> {
    /// `dst = src`.
    #[inline(always)]
    pub(super) fn r#move(&mut self, dst: Slot, src: Slot) {
        if dst != src {
            self.copy(dst, self.value(src));
        }
    }

    /// `dst = src` of an int.
    #[inline(always)]
    pub(super) fn move_int(&mut self, dst: Slot, src: Slot) {
        self.write_int(dst, self.int(src));
    }

    /// `dst = src` of a float.
    #[inline(always)]
    pub(super) fn move_float(&mut self, dst: Slot, src: Slot) {
        self.write_float(dst, self.float(src));
    }

    /// `dst = src` of a scalar.
    #[inline(always)]
    pub(super) fn move_scalar(&mut self, dst: Slot, src: Slot) {
        // SAFETY: the builder knew the type.
        let value = unsafe { scalar(self.value(src)) };
        self.write(dst, value);
    }

    /// Exchanges two values.
    #[inline(always)]
    pub(super) fn swap(&mut self, a: Slot, b: Slot) {
        if a != b {
            // SAFETY: it is the current frame, and `b` another register.
            let a = unsafe { self.frame.value_mut(a) };
            mem::swap(a, self.value_mut(b));
        }
    }

    /// Writes a constant over a value of any type.
    #[inline(always)]
    pub(super) fn load_const(&mut self, dst: Slot, constant: u16) {
        let constant = &self.program.constants[usize::from(constant)];
        match (self.value_mut(dst), constant) {
            (Value::String(old), Value::String(text)) => *old = text.clone(),
            (_, value) => self.copy(dst, value),
        }
    }

    /// Writes a bool over a value of any type.
    #[inline(always)]
    pub(super) fn put_bool(&mut self, dst: Slot, value: bool) {
        self.put(dst, Value::Bool(value));
    }

    /// Writes an int.
    #[inline(always)]
    pub(super) fn load_int(&mut self, dst: Slot, value: i64) {
        self.write_int(dst, value);
    }

    /// Writes a float.
    #[inline(always)]
    pub(super) fn load_float(&mut self, dst: Slot, value: f64) {
        self.write_float(dst, value);
    }

    /// Writes a bool.
    #[inline(always)]
    pub(super) fn load_bool(&mut self, dst: Slot, value: bool) {
        self.write_bool(dst, value);
    }

    /// Reads a global.
    #[inline(always)]
    pub(super) fn load_global(&mut self, dst: Slot, name: GlobalSlot) {
        match self.machine.env.globals.get(name) {
            Some(value) => {
                let value: *const Value = value;
                self.copy(dst, value);
            }
            None => self.put(dst, Value::Empty),
        }
    }

    /// Sets a global.
    #[inline(always)]
    pub(super) fn store_global(&mut self, src: Slot, name: GlobalSlot) {
        // SAFETY: it is the current frame, and no register is written to here.
        let value = unsafe { self.frame.value(src) };
        match self.machine.env.globals.get_mut(name) {
            // SAFETY: a global is not a register.
            Some(place) => unsafe { copy(place, value) },
            None => self.machine.env.globals.set(name, value.clone()),
        }
    }
}
