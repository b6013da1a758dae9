//! The registers of a frame.

use crate::isa::{REGISTERS, Reg};
use crate::runtime::{Mode, Observations};
use crate::value::Value;
use crate::values::TypeId;

/// The 256 registers of a frame. A byte cannot name another, so none of these look-ups can fail.
pub(crate) struct FrameRegisters<'a, M> {
    values: &'a mut [Value; REGISTERS],
    observed: Option<&'a mut Observations>,
    mode: std::marker::PhantomData<M>,
}

impl<'a, M: Mode> FrameRegisters<'a, M> {
    #[inline(always)]
    pub(crate) fn new(values: &'a mut [Value; REGISTERS], observed: Option<&'a mut Observations>) -> Self {
        Self { values, observed, mode: std::marker::PhantomData }
    }

    #[inline(always)]
    pub(crate) fn get(&self, register: Reg) -> &Value {
        &self.values[usize::from(register.0)]
    }

    /// Writes a register, which gives it the type tag of the value.
    #[inline(always)]
    pub(crate) fn set(&mut self, register: Reg, value: Value) {
        *self.change(register) = value;
    }

    /// A register that is changed where it is.
    #[inline(always)]
    pub(crate) fn change(&mut self, register: Reg) -> &mut Value {
        if M::OBSERVED
            && let Some(observed) = &mut self.observed
        {
            *observed.tag(register) = None;
            observed.written.push(register);
        }
        &mut self.values[usize::from(register.0)]
    }

    /// The type tag of a register.
    #[inline(always)]
    pub(crate) fn tag(&mut self, register: Reg) -> TypeId {
        let declared = match &mut self.observed {
            Some(observed) if M::OBSERVED => *observed.tag(register),
            Some(_) | None => None,
        };
        declared.unwrap_or_else(|| self.get(register).type_id())
    }

    /// Sets the type tag of a register. A machine that is not observed runs no program that could tell.
    #[inline(always)]
    pub(crate) fn set_tag(&mut self, register: Reg, tag: TypeId) {
        if M::OBSERVED
            && let Some(observed) = &mut self.observed
        {
            *observed.tag(register) = Some(tag);
        }
    }
}
