//! What of a state can still be asked for: where paths end, the rest is dropped, or states would grow with the code before them.

use std::collections::BTreeSet;

use super::facts::Id;
use super::state::State;

impl State {
    /// Drops what is known of things that no register, no place and nothing that is still to be read mentions.
    pub(super) fn drop_unreachable(&mut self) {
        let mut ids = BTreeSet::new();
        let held = self.places.values().flat_map(|held| [&held.tag, &held.payload]);
        for fact in self.registers.iter().chain(&self.stack).chain(held) {
            ids.extend(fact.ids());
        }
        if let Some(compared) = self.compared {
            ids.extend(compared.left.ids().chain(compared.right.ids()));
        }
        if let Some((number, tag)) = self.made {
            ids.extend(number.id().into_iter().chain(tag.id()));
        }
        // The array and the index that a code was read with are asked for by the code.
        self.codes.retain(|id, _| ids.contains(id));
        for (value, number) in self.codes.values() {
            ids.insert(value.id);
            ids.extend(number.id());
        }
        let unread = [self.frame, self.globals, self.heap];
        let is_known = |id: &Id| unread.contains(&id.at) || ids.contains(id);
        self.ranges.retain(|number, _| number.id().is_none_or(|id| is_known(&id)));
        self.bounds.retain(|(number, _, value, _), ()| {
            is_known(&value.id) && number.id().is_none_or(|id| is_known(&id))
        });
        self.counted.retain(|value, ()| is_known(&value.id));
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{Bound, Fact, Number, Origin, Value, Vector, gpr, id};
    use super::*;

    #[test]
    fn what_nothing_mentions_is_dropped_and_the_rest_is_kept() {
        let mut state = State::entry(0, Vec::new());
        let [gone, kept] = [1, 2].map(|at| Value { id: id(at, 0), origin: Origin::Slot });
        let index = Number::Of(id(3, 0));
        for value in [gone, kept] {
            state.narrow(Number::Tag(value), 4, 5);
            state.counted.insert(value, ());
            state.bounds.insert((index, Vector::Words, value, Bound::BelowLength), ());
        }
        state.registers[gpr::RAX] = Fact::Number(Number::Payload(kept));
        state.registers[gpr::RCX] = Fact::Shifted(index, 3);
        // Of a register of the frame that was not read yet, something may be known by its type.
        let unread = Number::Tag(Value { id: id(state.frame, 0xa001), origin: Origin::Slot });
        state.narrow(unread, 2, 2);
        state.drop_unreachable();
        let ranges: Vec<Number> = state.ranges.keys().copied().collect();
        assert_eq!(BTreeSet::from_iter(ranges), BTreeSet::from([Number::Tag(kept), unread]));
        assert_eq!(state.counted.keys().collect::<Vec<_>>(), [&kept]);
        assert_eq!(state.bounds.len(), 1);
    }
}
