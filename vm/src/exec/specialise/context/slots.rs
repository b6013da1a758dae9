//! Slots, and slots whose value is known to be of a type.
//!
//! A specialised instruction that relies on a type has operands of the types below (`needs` in `spec/specops.yaml`), and so has one that
//! writes without dropping what was there. Only a type context makes such a slot, out of what it knows: an instruction that relies on a
//! type nobody has proved cannot be written down.

use std::ops::Deref;

use crate::value::Value;

/// The place of a register in its frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(u16);

impl Slot {
    const SIZE: u16 = size_of::<Value>() as u16;

    #[inline(always)]
    pub(crate) const fn of(register: u8) -> Self {
        Self(register as u16 * Self::SIZE)
    }

    #[inline(always)]
    pub(crate) fn register(self) -> u8 {
        (self.0 / Self::SIZE) as u8
    }

    /// How far from r0 that is, in bytes.
    #[inline(always)]
    pub(crate) fn offset(self) -> usize {
        usize::from(self.0)
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "r{}", self.register())
    }
}

macro_rules! typed_slots {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[repr(transparent)]
        pub(crate) struct $name(Slot);

        impl $name {
            /// For the type context alone, which has looked.
            pub(super) fn proved(slot: Slot) -> Self {
                Self(slot)
            }
        }

        impl Deref for $name {
            type Target = Slot;

            #[inline(always)]
            fn deref(&self) -> &Slot {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        /// Tests of what comes behind the builder make up instructions, and wrong ones for the verifier to find.
        #[cfg(test)]
        impl From<Slot> for $name {
            fn from(slot: Slot) -> Self {
                Self(slot)
            }
        }
    )*};
}

typed_slots! {
    /// A slot that holds an int.
    IntSlot
    /// A slot that holds a float.
    FloatSlot
    /// A slot that holds a bool.
    BoolSlot
    /// A slot that holds an int or a float.
    NumberSlot
    /// A slot that holds a scalar, so that it can be written over without dropping anything.
    ScalarSlot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_is_found_again_in_its_slot() {
        assert!((0..=u8::MAX).all(|register| Slot::of(register).register() == register));
        assert_eq!(Slot::of(3).offset(), 3 * size_of::<Value>());
    }
}
