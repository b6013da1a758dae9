//! Type contexts: what is known at a place in specialised code.

use crate::exec::specialise::types::Type;

/// Where a value can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// What stands in the place of that register. While its write is deferred, that is not what the register holds.
    Slot(u8),
    Constant(u16),
    Bool(bool),
}

/// What is known when control reaches a place in specialised code, and what the baseline interpreter would have done by then that
/// specialised code has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeContext {
    /// What stands in the places of the registers.
    pub(crate) types: [Type; 256],
    /// Writes to registers that are deferred, since nothing may ever read them. Only values that cost nothing are, over
    /// values that cost nothing.
    pub(crate) deferred: Vec<(u8, Source)>,
    /// The steps that were taken and not charged.
    pub(crate) steps: u16,
    /// The instruction that ran before, where one did.
    pub(crate) previous: Option<u32>,
    /// How many speculations failed on the way here.
    pub(crate) failed_speculations: u8,
}

impl TypeContext {
    pub(crate) fn new(types: [Type; 256]) -> Self {
        Self { types, deferred: Vec::new(), steps: 0, previous: None, failed_speculations: 0 }
    }

    /// Where the value of a register is.
    pub(crate) fn source(&self, register: u8) -> Source {
        let deferred = self.deferred.iter().find(|(deferred, _)| *deferred == register);
        deferred.map_or(Source::Slot(register), |(_, source)| *source)
    }

    pub(crate) fn type_of(&self, slot: u8) -> Type {
        self.types[usize::from(slot)]
    }

    pub(crate) fn set_type(&mut self, slot: u8, ty: Type) {
        self.types[usize::from(slot)] = ty;
    }

    /// Drops the write to a register that is deferred, if one is.
    pub(crate) fn forget(&mut self, register: u8) {
        self.deferred.retain(|(deferred, _)| *deferred != register);
    }

    pub(crate) fn defer(&mut self, register: u8, source: Source) {
        self.forget(register);
        if source != Source::Slot(register) {
            self.deferred.push((register, source));
        }
    }

    /// Notes that what would stand in one place stands in another instead. Nothing that is needed stood there.
    pub(crate) fn moved(&mut self, from: u8, to: u8, ty: Type) {
        self.deferred.retain(|(_, source)| *source != Source::Slot(to));
        for (_, source) in &mut self.deferred {
            if *source == Source::Slot(from) {
                *source = Source::Slot(to);
            }
        }
        self.deferred.retain(|(register, source)| *source != Source::Slot(*register));
        self.set_type(to, ty);
        self.set_type(from, Type::Scalar);
    }

    /// Whether code that was made for `self` does for `other`. Both have nothing pending and everything charged.
    pub(crate) fn admits(&self, other: &Self) -> bool {
        let mut types = self.types.chunks_exact(64).zip(other.types.chunks_exact(64));
        // Most are the same, which takes less time to see.
        types.all(|(known, actual)| {
            known == actual || known.iter().zip(actual).all(|(known, actual)| known.admits(*actual))
        })
    }

    /// Whether `other` knows of no register that it holds a scalar where this one does not.
    pub(crate) fn drops_no_more_than(&self, other: &Self) -> bool {
        let mut types = self.types.chunks_exact(64).zip(other.types.chunks_exact(64));
        types.all(|(known, actual)| {
            known == actual
                || known.iter().zip(actual).all(|(known, actual)| known.is_scalar() || !actual.is_scalar())
        })
    }
}
