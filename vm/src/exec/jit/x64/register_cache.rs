//! What machine code knows of registers of the frame, from one instruction to the next.
//!
//! Every result is written to its place in the frame at once, so there is nothing here that must be saved: what is known
//! spares reading numbers again, and writing tags that are there already.

use crate::exec::jit::layout::tag;
use crate::exec::specialise::Slot;
use crate::exec::specialise::{Type, TypeContext};
use crate::isa::REGISTERS;

/// Registers of the processor for ints that were read or written last: rsi, rdi, rbp, r8 to r11.
pub(super) const INTS: [u8; 7] = [6, 7, 8, 9, 10, 11, 5];
/// Those for floats: xmm2 to xmm15. The first two are for computing.
pub(super) const FLOATS: [u8; 14] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// What is known of the tag of a register of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Unknown,
    /// That the value is a scalar.
    Scalar,
    Is(i32),
}

impl Tag {
    /// Whether the value is known to be a scalar.
    pub(super) fn is_scalar(self) -> bool {
        match self {
            Self::Scalar => true,
            Self::Is(known) => known <= tag::LAST_SCALAR,
            Self::Unknown => false,
        }
    }
}

/// Registers of the processor of one sort, and what they hold.
#[derive(Debug, Clone)]
struct Bank<const N: usize> {
    holds: [Option<Slot>; N],
    /// Those that the current instruction uses.
    in_use: [bool; N],
    /// The one that is given out next.
    next: usize,
    /// Whether one was given out twice, since there was no other.
    is_exhausted: bool,
}

impl<const N: usize> Bank<N> {
    const EMPTY: Self = Self { holds: [None; N], in_use: [false; N], next: 0, is_exhausted: false };

    fn find(&mut self, slot: Slot) -> Option<usize> {
        let place = self.holds.iter().position(|held| *held == Some(slot))?;
        self.in_use[place] = true;
        Some(place)
    }

    /// One that the current instruction does not use yet. It uses no more than three.
    fn take(&mut self) -> usize {
        let free = (0..N).map(|turn| (self.next + turn) % N).find(|place| !self.in_use[*place]);
        debug_assert!(free.is_some(), "an instruction uses more registers than there are");
        self.is_exhausted |= free.is_none();
        let place = free.unwrap_or(self.next);
        self.next = (self.next + 1) % N;
        self.in_use[place] = true;
        self.holds[place] = None;
        place
    }

    fn forget(&mut self, slot: Slot) {
        for held in &mut self.holds {
            if *held == Some(slot) {
                *held = None;
            }
        }
    }
}

/// What is known at a place in machine code.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    ints: Bank<{ INTS.len() }>,
    floats: Bank<{ FLOATS.len() }>,
    tags: [Tag; REGISTERS],
}

impl Cache {
    /// Nothing.
    pub(super) const EMPTY: Self =
        Self { ints: Bank::EMPTY, floats: Bank::EMPTY, tags: [Tag::Unknown; REGISTERS] };

    /// What a state says.
    pub(super) fn of(context: &TypeContext) -> Self {
        let mut cache = Self::EMPTY;
        for (register, tag) in (0..=u8::MAX).zip(&mut cache.tags) {
            *tag = match context.type_of(register) {
                Type::Any | Type::Free => Tag::Unknown,
                Type::Scalar => Tag::Scalar,
                Type::Bool => Tag::Is(tag::BOOL),
                Type::Int => Tag::Is(tag::INT),
                Type::Float => Tag::Is(tag::FLOAT),
            };
        }
        cache
    }

    /// Begins an instruction, which uses no register of the processor yet.
    pub(super) fn begin(&mut self) {
        self.ints.in_use.fill(false);
        self.floats.in_use.fill(false);
    }

    /// Whether an instruction wanted more registers than there are; what was made of it is wrong then.
    pub(super) fn is_exhausted(&self) -> bool {
        self.ints.is_exhausted || self.floats.is_exhausted
    }

    /// The register that holds the int of a slot, if one does.
    pub(super) fn int(&mut self, slot: Slot) -> Option<u8> {
        self.ints.find(slot).map(|place| INTS[place])
    }

    /// The register that holds the float of a slot, if one does.
    pub(super) fn float(&mut self, slot: Slot) -> Option<u8> {
        self.floats.find(slot).map(|place| FLOATS[place])
    }

    /// A register for an int, which holds nothing known.
    pub(super) fn take_int(&mut self) -> u8 {
        INTS[self.ints.take()]
    }

    /// A register for a float, which holds nothing known.
    pub(super) fn take_float(&mut self) -> u8 {
        FLOATS[self.floats.take()]
    }

    /// Notes that a register holds the int of a slot.
    pub(super) fn note_int(&mut self, slot: Slot, register: u8) {
        self.ints.forget(slot);
        if let Some(place) = INTS.iter().position(|known| *known == register) {
            self.ints.holds[place] = Some(slot);
        }
    }

    /// Notes that a register holds the float of a slot.
    pub(super) fn note_float(&mut self, slot: Slot, register: u8) {
        self.floats.forget(slot);
        if let Some(place) = FLOATS.iter().position(|known| *known == register) {
            self.floats.holds[place] = Some(slot);
        }
    }

    pub(super) fn tag(&self, slot: Slot) -> Tag {
        self.tags[usize::from(slot.register())]
    }

    pub(super) fn set_tag(&mut self, slot: Slot, tag: Tag) {
        self.tags[usize::from(slot.register())] = tag;
    }

    /// Notes that a slot was written, with a value of that tag.
    pub(super) fn wrote(&mut self, slot: Slot, tag: Tag) {
        self.ints.forget(slot);
        self.floats.forget(slot);
        self.set_tag(slot, tag);
    }

    /// Notes that the registers of the processor hold something else now.
    pub(super) fn lose_registers(&mut self) {
        if planted!("stub-keeps-registers") {
            return;
        }
        self.ints.holds.fill(None);
        self.floats.holds.fill(None);
    }

    /// Notes that something else may be where an array was, for a copy that was elided; not where it was written.
    pub(super) fn lose_arrays(&mut self, written: Option<Slot>) {
        let kept = written.map(|slot| (slot, self.tag(slot)));
        for known in self.tags.iter_mut().filter(|known| **known == Tag::Is(tag::ARRAY)) {
            *known = Tag::Unknown;
        }
        if let Some((slot, known)) = kept {
            self.set_tag(slot, known);
        }
    }

    /// The registers for ints that hold something, with what that is.
    pub(super) fn held_ints(&self) -> impl Iterator<Item = (u8, Slot)> {
        INTS.into_iter().zip(self.ints.holds).filter_map(|(register, slot)| Some((register, slot?)))
    }

    /// The registers for floats that hold something, with what that is.
    pub(super) fn held_floats(&self) -> impl Iterator<Item = (u8, Slot)> {
        FLOATS.into_iter().zip(self.floats.holds).filter_map(|(register, slot)| Some((register, slot?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(register: u8) -> Slot {
        Slot::of(register)
    }

    #[test]
    fn nothing_is_known_at_first() {
        let mut cache = Cache::EMPTY;
        assert_eq!(
            (cache.int(slot(1)), cache.float(slot(1)), cache.tag(slot(1))),
            (None, None, Tag::Unknown)
        );
    }

    #[test]
    fn a_noted_int_is_found_in_its_register() {
        let mut cache = Cache::EMPTY;
        let register = cache.take_int();
        cache.note_int(slot(1), register);
        assert_eq!(cache.int(slot(1)), Some(register));
        assert_eq!(cache.float(slot(1)), None);
    }

    #[test]
    fn a_slot_that_is_written_is_in_no_register() {
        let mut cache = Cache::EMPTY;
        let (int, float) = (cache.take_int(), cache.take_float());
        cache.note_int(slot(1), int);
        cache.note_float(slot(2), float);
        cache.wrote(slot(1), Tag::Is(tag::FLOAT));
        assert_eq!((cache.int(slot(1)), cache.tag(slot(1))), (None, Tag::Is(tag::FLOAT)));
        assert_eq!(cache.float(slot(2)), Some(float));
    }

    #[test]
    fn a_register_that_is_taken_again_holds_nothing() {
        let mut cache = Cache::EMPTY;
        let first = cache.take_int();
        cache.note_int(slot(1), first);
        cache.begin();
        let again: Vec<u8> = (0..INTS.len())
            .map(|_| {
                cache.begin();
                cache.take_int()
            })
            .collect();
        assert!(again.contains(&first));
        assert_eq!(cache.int(slot(1)), None);
    }

    #[test]
    fn an_instruction_gets_different_registers() {
        let mut cache = Cache::EMPTY;
        let taken = [cache.take_int(), cache.take_int(), cache.take_int()];
        assert!(taken[0] != taken[1] && taken[1] != taken[2] && taken[0] != taken[2]);
        assert!(!cache.is_exhausted());
    }

    #[test]
    fn a_register_that_an_instruction_reads_is_not_given_to_it() {
        let mut cache = Cache::EMPTY;
        let held = cache.take_int();
        cache.note_int(slot(1), held);
        cache.begin();
        assert_eq!(cache.int(slot(1)), Some(held));
        assert!((1..INTS.len()).all(|_| cache.take_int() != held));
    }

    #[test]
    fn what_is_held_can_be_read_again() {
        let mut cache = Cache::EMPTY;
        let (int, float) = (cache.take_int(), cache.take_float());
        cache.note_int(slot(1), int);
        cache.note_float(slot(2), float);
        assert_eq!(cache.held_ints().collect::<Vec<_>>(), [(int, slot(1))]);
        assert_eq!(cache.held_floats().collect::<Vec<_>>(), [(float, slot(2))]);
        cache.lose_registers();
        assert_eq!(cache.held_ints().count() + cache.held_floats().count(), 0);
    }

    #[test]
    fn a_context_tells_tags() {
        let mut types = [Type::Scalar; 256];
        types[1..6].copy_from_slice(&[Type::Any, Type::Free, Type::Bool, Type::Int, Type::Float]);
        let cache = Cache::of(&TypeContext::new(types));
        let tags = [0, 1, 2, 3, 4, 5].map(|register| cache.tag(slot(register)));
        let known = [tag::BOOL, tag::INT, tag::FLOAT].map(Tag::Is);
        assert_eq!(tags, [Tag::Scalar, Tag::Unknown, Tag::Unknown, known[0], known[1], known[2]]);
    }

    #[test]
    fn tags_tell_what_need_not_be_dropped() {
        assert!(
            Tag::Scalar.is_scalar() && Tag::Is(tag::FLOAT).is_scalar() && Tag::Is(tag::EMPTY).is_scalar()
        );
        assert!(!Tag::Unknown.is_scalar() && !Tag::Is(tag::ARRAY).is_scalar());
    }
}
