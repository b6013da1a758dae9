//! Type contexts: what is known at a place in specialised code.

pub(super) mod slots;

use crate::exec::specialise::types::Type;
use slots::{BoolSlot, FloatSlot, IntSlot, NumberSlot, ScalarSlot, Slot};

/// Where a value can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// What is in the place of that register. While its write is deferred, that is not what the register holds.
    Slot(u8),
    Constant(u16),
    Bool(bool),
}

/// What is known when control reaches a place in specialised code, and what the baseline interpreter would have done by then that
/// specialised code has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeContext {
    /// What is in the places of the registers.
    pub(super) types: [Type; 256],
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

    /// The slot, if it is known to hold an int.
    pub(crate) fn int(&self, slot: Slot) -> Option<IntSlot> {
        (self.type_of(slot.register()) == Type::Int).then(|| IntSlot::proved(slot))
    }

    /// The slot, if it is known to hold a float.
    pub(crate) fn float(&self, slot: Slot) -> Option<FloatSlot> {
        (self.type_of(slot.register()) == Type::Float).then(|| FloatSlot::proved(slot))
    }

    /// The slot, if it is known to hold a bool.
    pub(crate) fn bool(&self, slot: Slot) -> Option<BoolSlot> {
        (self.type_of(slot.register()) == Type::Bool).then(|| BoolSlot::proved(slot))
    }

    /// The slot, if it is known to hold an int or a float.
    pub(crate) fn number(&self, slot: Slot) -> Option<NumberSlot> {
        self.type_of(slot.register()).is_number().then(|| NumberSlot::proved(slot))
    }

    /// The slot, if it is known to hold a scalar.
    pub(crate) fn scalar(&self, slot: Slot) -> Option<ScalarSlot> {
        self.type_of(slot.register()).is_scalar().then(|| ScalarSlot::proved(slot))
    }

    pub(super) fn set_type(&mut self, slot: u8, ty: Type) {
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

    /// Notes that what would be in one place is in another instead. Nothing that is needed was there.
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

    /// Whether code that was made for `self` does for `other`. Both have no deferred stores and everything charged.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn scalars() -> TypeContext {
        TypeContext::new([Type::Scalar; 256])
    }

    #[test]
    fn a_value_is_in_its_own_register_at_first() {
        assert_eq!(scalars().source(7), Source::Slot(7));
    }

    #[test]
    fn a_deferred_store_is_where_the_value_comes_from() {
        let mut context = scalars();
        context.defer(1, Source::Constant(5));
        context.defer(2, Source::Bool(true));
        assert_eq!((context.source(1), context.source(2)), (Source::Constant(5), Source::Bool(true)));
    }

    #[test]
    fn of_two_stores_to_a_register_the_later_stays() {
        let mut context = scalars();
        context.defer(1, Source::Constant(5));
        context.defer(1, Source::Slot(2));
        assert_eq!(context.deferred, [(1, Source::Slot(2))]);
    }

    #[test]
    fn a_store_of_what_is_there_is_none() {
        let mut context = scalars();
        context.defer(1, Source::Constant(5));
        context.defer(1, Source::Slot(1));
        assert_eq!(context.deferred, []);
    }

    #[test]
    fn a_forgotten_store_is_not_done_and_others_are() {
        let mut context = scalars();
        context.defer(1, Source::Constant(5));
        context.defer(2, Source::Constant(6));
        context.forget(1);
        assert_eq!(context.deferred, [(2, Source::Constant(6))]);
    }

    #[test]
    fn what_moved_is_stored_from_its_new_place() {
        let mut context = scalars();
        context.set_type(3, Type::Int);
        context.defer(1, Source::Slot(3));
        context.moved(3, 4, Type::Int);
        assert_eq!(context.deferred, [(1, Source::Slot(4))]);
        assert_eq!((context.type_of(3), context.type_of(4)), (Type::Scalar, Type::Int));
    }

    #[test]
    fn what_moved_to_where_it_is_to_be_stored_need_not_be() {
        let mut context = scalars();
        context.defer(4, Source::Slot(3));
        context.moved(3, 4, Type::Int);
        assert_eq!(context.deferred, []);
    }

    #[test]
    fn what_moves_over_a_value_drops_stores_of_that() {
        let mut context = scalars();
        context.defer(1, Source::Slot(4));
        context.moved(3, 4, Type::Int);
        assert_eq!(context.deferred, []);
    }

    #[test]
    fn a_slot_is_of_a_type_where_that_is_known_of_its_value() {
        let mut context = TypeContext::new([Type::Any; 256]);
        for (register, ty) in
            [(1, Type::Int), (2, Type::Float), (3, Type::Bool), (4, Type::Scalar), (5, Type::Free)]
        {
            context.set_type(register, ty);
        }
        let registers = |is: fn(&TypeContext, Slot) -> bool| -> Vec<u8> {
            (0..8).filter(|register| is(&context, Slot::of(*register))).collect()
        };
        assert_eq!(registers(|context, slot| context.int(slot).is_some()), [1]);
        assert_eq!(registers(|context, slot| context.float(slot).is_some()), [2]);
        assert_eq!(registers(|context, slot| context.bool(slot).is_some()), [3]);
        assert_eq!(registers(|context, slot| context.number(slot).is_some()), [1, 2]);
        assert_eq!(registers(|context, slot| context.scalar(slot).is_some()), [1, 2, 3, 4]);
        assert_eq!(context.int(Slot::of(1)).map(|slot| slot.register()), Some(1));
    }

    #[test]
    fn code_for_less_is_code_for_more() {
        let (wide, mut narrow) = (scalars(), scalars());
        narrow.set_type(200, Type::Int);
        assert!(wide.admits(&narrow) && !narrow.admits(&wide));
        assert!(narrow.admits(&narrow));
    }

    #[test]
    fn code_that_knows_of_no_scalar_drops_more() {
        let (mut any, scalar) = (scalars(), scalars());
        any.set_type(100, Type::Any);
        assert!(!any.drops_no_more_than(&scalar));
        assert!(scalar.drops_no_more_than(&any) && any.drops_no_more_than(&any));
    }

    #[test]
    fn numbers_of_different_types_drop_alike() {
        let (mut int, mut float) = (scalars(), scalars());
        int.set_type(1, Type::Int);
        float.set_type(1, Type::Float);
        assert!(int.drops_no_more_than(&float) && float.drops_no_more_than(&int));
        assert!(!int.admits(&float));
    }
}
