//! Guards: what leaves unless a value is of a type.

use super::execution::{Execution, Step};
use crate::exec::specialise::op::Slot;
use crate::exec::specialise::types::Type;
use crate::ops;
use crate::runtime::FunctionIndex;
use crate::value::Value;

impl Execution<'_, '_> {
    /// Leaves unless the value has that type.
    #[inline(always)]
    pub(super) fn guard(&mut self, slot: Slot, ty: Type) -> Step {
        let value = self.value(slot);
        let passes = match ty {
            Type::Any => true,
            Type::Free => {
                value.is_scalar()
                    || matches!(value, Value::String(text) if text.is_pooled(self.program.functions.id))
            }
            Type::Scalar => value.is_scalar(),
            Type::Bool => matches!(value, Value::Bool(_)),
            Type::Int => matches!(value, Value::Int(_)),
            Type::Float => matches!(value, Value::Float(_)),
        };
        self.guarded(passes)
    }

    /// Leaves unless the value is an int.
    #[inline(always)]
    pub(super) fn guard_int(&mut self, slot: Slot) -> Step {
        self.guarded(matches!(self.value(slot), Value::Int(_)))
    }

    /// Leaves unless the value is a float.
    #[inline(always)]
    pub(super) fn guard_float(&mut self, slot: Slot) -> Step {
        self.guarded(matches!(self.value(slot), Value::Float(_)))
    }

    /// Leaves unless the value is a bool.
    #[inline(always)]
    pub(super) fn guard_bool(&mut self, slot: Slot) -> Step {
        self.guarded(matches!(self.value(slot), Value::Bool(_)))
    }

    /// Leaves unless the value names that function.
    #[inline(always)]
    pub(super) fn guard_function(&mut self, slot: Slot, function: FunctionIndex) -> Step {
        let passes =
            ops::call(&self.program.functions, self.value(slot)).is_ok_and(|named| named == function);
        self.guarded(passes)
    }
}
