//! Specialised instructions, their operands, and where they are.

use crate::exec::interpreter::Op;
pub(crate) use crate::exec::specialise::context::slots::Slot;
use crate::exec::specialise::context::slots::{BoolSlot, FloatSlot, IntSlot, NumberSlot, ScalarSlot};
use crate::exec::specialise::types::Type;
use crate::runtime::{FunctionIndex, GlobalSlot};

/// The position of an instruction of specialised code, or one that is still to be made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeAddr(u32);

impl std::fmt::Debug for CodeAddr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_stub() { write!(f, "stub {}", self.as_stub()) } else { write!(f, "@{}", self.index()) }
    }
}

impl CodeAddr {
    /// Positions from here on number stubs: there is never so much code.
    const STUBS: u32 = 1 << 31;
    const SIZE: usize = size_of::<SpecOp>();

    /// Nowhere yet.
    pub(crate) const NOWHERE: Self = Self(Self::STUBS);

    /// The instruction at that place among all.
    pub(crate) fn of(index: usize) -> Self {
        Self((index * Self::SIZE) as u32)
    }

    pub(crate) fn stub(number: usize) -> Self {
        Self(Self::STUBS | number as u32)
    }

    /// Whether there is no code yet.
    pub(crate) fn is_stub(self) -> bool {
        self.0 >= Self::STUBS
    }

    /// The number of a stub, where there is no code.
    #[inline(always)]
    pub(crate) fn as_stub(self) -> u32 {
        self.0 & !Self::STUBS
    }

    #[inline(always)]
    pub(crate) fn index(self) -> usize {
        self.0 as usize / Self::SIZE
    }

    /// How far from the first instruction that is, in bytes.
    #[inline(always)]
    pub(crate) fn offset(self) -> usize {
        self.0 as usize
    }

    /// The instruction behind.
    pub(crate) fn next(self) -> Self {
        Self::of(self.index() + 1)
    }
}

include!(concat!(env!("OUT_DIR"), "/specops.rs"));

/// The registers of an operation on two floats.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Triple {
    pub(crate) dst: ScalarSlot,
    pub(crate) left: FloatSlot,
    pub(crate) right: FloatSlot,
}

/// A comparison of two values: for each way that they may compare, a bit that tells whether it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Test {
    Lt = 0b0001,
    Eq = 0b0010,
    Le = 0b0011,
    Gt = 0b0100,
    Ge = 0b0110,
    /// The one that holds of what has no order, too: a NaN and whatever else.
    Ne = 0b1101,
}

impl Test {
    /// Whether the test holds for two numbers of one type.
    #[inline(always)]
    pub(crate) fn of<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        let (is_less, is_equal, is_greater) = (left < right, left == right, left > right);
        let has_no_order = !(is_less | is_equal | is_greater);
        let way = u8::from(is_less)
            | u8::from(is_equal) << 1
            | u8::from(is_greater) << 2
            | u8::from(has_no_order) << 3;
        self as u8 & way != 0
    }

    /// The test that holds for the operands the other way round.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }

    /// The test of ints that holds where this one does not.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }
}

impl SpecOp {
    /// Makes the instruction go elsewhere.
    pub(crate) fn redirect(&mut self, code: CodeAddr) {
        if let Some(to) = self.target_mut() {
            *to = code;
        }
    }

    /// Where the instruction may go, besides to the one behind.
    #[cfg(any(machine_code, test, debug_assertions))]
    pub(crate) fn target(mut self) -> Option<CodeAddr> {
        self.target_mut().copied()
    }
}

/// What an instruction does to one of its slots.
#[cfg_attr(not(any(test, debug_assertions)), allow(dead_code, reason = "a dump shows the slots alone"))]
pub(crate) struct Access {
    /// The name of the operand.
    pub(crate) operand: &'static str,
    pub(crate) slot: Slot,
    /// What must have been proved of the value there.
    pub(crate) needs: Option<Needs>,
    /// What is written there.
    pub(crate) gives: Option<Gives>,
    /// Whether it may be written over a value that has to be dropped.
    pub(crate) over_any: bool,
    /// The type that the value has behind the instruction.
    pub(crate) refines: Option<Type>,
}

/// What must have been proved of a value.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(any(test, debug_assertions)), allow(dead_code, reason = "only the verifier asks"))]
pub(crate) enum Needs {
    Type(Type),
    /// An int or a float.
    Number,
}

/// The type of what is written.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(any(test, debug_assertions)), allow(dead_code, reason = "only the verifier asks"))]
pub(crate) enum Gives {
    Type(Type),
    /// The type of a constant of the pool.
    Constant(u16),
    /// The type of what is in another slot.
    Same(Slot),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_found_again_in_its_address() {
        for index in [0, 1, 1000, 1 << 14] {
            let at = CodeAddr::of(index);
            assert!(at.index() == index && !at.is_stub() && at.next() == CodeAddr::of(index + 1));
        }
    }

    #[test]
    fn a_stub_is_no_position() {
        let stub = CodeAddr::stub(12);
        assert!(stub.is_stub() && stub.as_stub() == 12 && stub != CodeAddr::of(12));
        assert!(CodeAddr::NOWHERE.is_stub());
    }

    #[test]
    fn tests_of_floats_know_of_no_order() {
        let nan = f64::NAN;
        for test in [Test::Lt, Test::Eq, Test::Le, Test::Gt, Test::Ge] {
            assert!(!test.of(&nan, &1.0) && !test.of(&1.0, &nan), "{test:?}");
        }
        assert!(Test::Ne.of(&nan, &nan));
    }

    #[test]
    fn a_test_holds_the_other_way_round_where_its_mirror_does() {
        for test in [Test::Lt, Test::Eq, Test::Le, Test::Gt, Test::Ge, Test::Ne] {
            for (left, right) in [(1, 2), (2, 2), (3, 2)] {
                assert_eq!(test.of(&left, &right), test.mirrored().of(&right, &left), "{test:?}");
                assert_eq!(test.of(&left, &right), !test.opposite().of(&left, &right), "{test:?}");
            }
        }
    }

    #[test]
    fn an_instruction_takes_sixteen_bytes() {
        assert_eq!(size_of::<SpecOp>(), 16);
    }
}
