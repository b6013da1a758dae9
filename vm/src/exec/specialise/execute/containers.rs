//! Arrays and dicts.

use super::ExitReason;
use super::execution::{Execution, Step};
use super::unchecked::scalar;
use crate::exec::analysis::{can_set, is_twin, take_element};
use crate::exec::specialise::elements::{elide_copy, set_item};
use crate::exec::specialise::op::Slot;
use crate::ops;
use crate::runtime::GlobalSlot;
use crate::value::{Array, Value, put_int};

impl Execution<'_, '_> {
    /// Reads an element of an array.
    #[inline(always)]
    pub(super) fn array_get(&mut self, dst: Slot, array: Slot, index: Slot) -> Step {
        self.get_item(dst, array, self.int(index))
    }

    /// Reads an element of an array.
    #[inline(always)]
    pub(super) fn array_get_const(&mut self, dst: Slot, array: Slot, index: u32) -> Step {
        self.get_item(dst, array, index.into())
    }

    /// Reads an element of an array, which must be a bool.
    #[inline(always)]
    pub(super) fn array_get_bool(&mut self, dst: Slot, array: Slot, index: Slot) -> Step {
        match self.array(array).and_then(|array| array.bool(Array::place(self.int(index)))) {
            Some(item) => self.write_bool(dst, item),
            None => return self.leave(ExitReason::Guard),
        }
        Step::Next
    }

    /// Reads an element of an array, which must be an int.
    #[inline(always)]
    pub(super) fn array_get_int(&mut self, dst: Slot, array: Slot, index: Slot) -> Step {
        match self.array(array).and_then(|array| array.int(Array::place(self.int(index)))) {
            Some(item) => self.write_int(dst, item),
            None => return self.leave(ExitReason::Guard),
        }
        Step::Next
    }

    /// Reads an element of an array, which must be a float.
    #[inline(always)]
    pub(super) fn array_get_float(&mut self, dst: Slot, array: Slot, index: Slot) -> Step {
        match self.array(array).and_then(|array| array.float(Array::place(self.int(index)))) {
            Some(item) => self.write_float(dst, item),
            None => return self.leave(ExitReason::Guard),
        }
        Step::Next
    }

    /// Reads an element of an array, which must be an int.
    #[inline(always)]
    pub(super) fn array_get_const_int(&mut self, dst: Slot, array: Slot, index: u32) -> Step {
        match self.array(array).and_then(|array| array.int(Array::place(index))) {
            Some(item) => self.write_int(dst, item),
            None => return self.leave(ExitReason::Guard),
        }
        Step::Next
    }

    /// Reads an element of an array, which must be a float.
    #[inline(always)]
    pub(super) fn array_get_const_float(&mut self, dst: Slot, array: Slot, index: u32) -> Step {
        match self.array(array).and_then(|array| array.float(Array::place(index))) {
            Some(item) => self.write_float(dst, item),
            None => return self.leave(ExitReason::Guard),
        }
        Step::Next
    }

    /// `dst` = how many elements the array has.
    #[inline(always)]
    pub(super) fn array_len(&mut self, dst: Slot, array: Slot) -> Step {
        let Some(array) = self.array(array) else { return self.leave(ExitReason::Guard) };
        self.write_int(dst, array.len() as i64);
        Step::Next
    }

    /// Writes an int to an element of an array, or appends it.
    #[inline(always)]
    pub(super) fn array_set_int(&mut self, array: Slot, index: Slot, value: Slot) -> Step {
        let number = self.int(value);
        self.set_scalar(array, self.int(index), || Value::Int(number))
    }

    /// Writes a float to an element of an array, or appends it.
    #[inline(always)]
    pub(super) fn array_set_float(&mut self, array: Slot, index: Slot, value: Slot) -> Step {
        let number = self.float(value);
        self.set_scalar(array, self.int(index), || Value::Float(number))
    }

    /// Writes a scalar to an element of an array, or appends it.
    #[inline(always)]
    pub(super) fn array_set_scalar(&mut self, array: Slot, index: Slot, value: Slot) -> Step {
        // SAFETY: it is the current frame, and the scalar is in another register than the array.
        let value = unsafe { self.frame.value(value) };
        // SAFETY: the builder knew the type.
        self.set_scalar(array, self.int(index), || unsafe { scalar(value) })
    }

    /// Writes a bool to an element of an array, or appends it.
    #[inline(always)]
    pub(super) fn array_set_to_bool(&mut self, array: Slot, index: Slot, value: bool) -> Step {
        self.set_scalar(array, self.int(index), || Value::Bool(value))
    }

    /// Writes an int to an element of an array, or appends it.
    #[inline(always)]
    pub(super) fn array_set_to_int(&mut self, array: Slot, index: Slot, value: i64) -> Step {
        self.set_scalar(array, self.int(index), || Value::Int(value))
    }

    /// Writes a float to an element of an array, or appends it.
    #[inline(always)]
    pub(super) fn array_set_to_float(&mut self, array: Slot, index: Slot, value: f64) -> Step {
        self.set_scalar(array, self.int(index), || Value::Float(value))
    }

    /// Writes a value to an element of an array, or appends it.
    #[inline(always)]
    pub(super) fn array_set(&mut self, array: Slot, index: Slot, value: Slot) -> Step {
        let (index, value) = (self.int(index), self.value(value).clone());
        self.set_item(array, index, value)
    }

    /// Writes a value to an element of an array, or appends it.
    #[inline(always)]
    pub(super) fn array_set_const(&mut self, array: Slot, value: Slot, index: u32) -> Step {
        let value = self.value(value).clone();
        self.set_item(array, index.into(), value)
    }

    /// Reads the value of a key, or empty.
    #[inline(always)]
    pub(super) fn dict_get(&mut self, dst: Slot, dict: Slot, key: Slot) -> Step {
        let (Value::Dict(dict), Value::String(key)) = (self.value(dict), self.value(key)) else {
            return self.leave(ExitReason::Guard);
        };
        if key.is_long() {
            return self.leave(ExitReason::Guard);
        }
        match dict.get_by(key) {
            // A copy first: the dict may be what is written over.
            Some(Value::Int(number)) => {
                let number = *number;
                put_int(self.value_mut(dst), number);
            }
            Some(value) => {
                let value = value.clone();
                self.put(dst, value);
            }
            None => self.put(dst, Value::Empty),
        }
        Step::Next
    }

    /// Sets the value of a key.
    #[inline(always)]
    pub(super) fn dict_set(&mut self, dict: Slot, key: Slot, value: Slot) -> Step {
        let (key, value) = (self.value(key).clone(), self.value(value).clone());
        if let Value::Dict(dict) = self.value_mut(dict)
            && let Value::String(key) = &key
            && let Some(object) = dict.object_mut()
            && let Some(place) = object.known_value(key)
        {
            *place = value;
            return Step::Next;
        }
        if self.value(dict).is_copy_dear() {
            self.with_machine(|program, code, at, machine| {
                elide_copy(program, code, at, machine, (&key, &value))
            });
        }
        // SAFETY: it is the current frame, and nothing else looks at it.
        let dict = unsafe { self.frame.value_mut(dict) };
        let is_set = ops::dict_set(&self.machine.env.memory, dict, key, value).is_ok();
        self.guarded(is_set)
    }

    /// Makes a register let go that holds the container which the next instruction writes to, so that it need not be copied. The register is overwritten before it is read.
    #[inline(always)]
    pub(super) fn elide_copy(&mut self, holder: Slot, container: Slot) {
        if is_twin(self.value(holder), self.value(container), &self.machine.env.memory) {
            self.put(holder, Value::Empty);
        }
    }

    /// The same with a global, which the instruction behind the next sets. `key` is where the write goes.
    #[inline(always)]
    pub(super) fn elide_copy_global(&mut self, holder: GlobalSlot, container: Slot, key: Slot) {
        if let Some(held) = self.machine.env.globals.get(holder)
            && is_twin(held, self.value(container), &self.machine.env.memory)
            && can_set(self.value(container), self.value(key))
        {
            self.machine.env.globals.set(holder, Value::Empty);
        }
    }

    /// The same with an element of another container that only `outer` holds. The element, which `key` leads to, is set before it is read.
    #[inline(always)]
    pub(super) fn elide_copy_element(&mut self, outer: Slot, key: Slot, container: Slot) {
        // SAFETY: the frame has so many places, and nothing else looks at them meanwhile.
        let registers = unsafe { self.frame.all() };
        let places = [outer, key, container].map(|slot| usize::from(slot.register()));
        if let Ok([outer, key, container]) = registers.get_disjoint_mut(places) {
            take_element(&self.machine.env.memory, outer, key, container);
        }
    }

    /// The array in a register, if it holds one.
    #[inline(always)]
    fn array(&self, slot: Slot) -> Option<&Array> {
        if let Value::Array(array) = self.value(slot) { Some(array) } else { None }
    }

    /// Writes a copy of an element.
    #[inline(always)]
    fn get_item(&mut self, dst: Slot, array: Slot, index: i64) -> Step {
        let Some(array) = self.array(array) else { return self.leave(ExitReason::Guard) };
        let index = Array::place(index);
        if let Some(scalar) = array.scalar(index) {
            self.copy(dst, &raw const scalar);
        } else if let Some(item) = array.values().get(index) {
            let item: *const Value = item;
            self.copy(dst, item);
        } else {
            return self.leave(ExitReason::Guard);
        }
        Step::Next
    }

    /// Writes a scalar to an element of an array, or appends it.
    #[inline(always)]
    fn set_scalar(&mut self, array: Slot, index: i64, value: impl Fn() -> Value) -> Step {
        if let Value::Array(array) = self.value_mut(array)
            && array.set_scalar(Array::place(index), value())
        {
            return Step::Next;
        }
        self.set_item(array, index, value())
    }

    /// Writes an element of an array, or appends it.
    #[inline(always)]
    fn set_item(&mut self, array: Slot, index: i64, value: Value) -> Step {
        let is_set = self.with_machine(|program, code, at, machine| {
            set_item(program, code, at, machine, array, (index, value))
        });
        self.guarded(is_set)
    }
}
