//! What is known where paths meet: what is so on all of them.
//!
//! Things that paths have by different names, and that the same register of the processor or the same place holds, have a name of the
//! block behind them. What is known of a thing on one path and of the other thing on the other is known of it then.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{BLOCK, Bound, Fact, Held, Id, Number, Origin, Place, Value, Vector, gpr, id, number};
use super::state::{LAST_SCALAR, State, in_place};

/// Names of what registers of the processor hold are numbered from here.
const JOINED: u32 = 0x8000;
/// The same of the two values of which two registers hold the tag and the payload.
const PAIRED: u32 = 0x9000;
/// What is added to the number of a place, or of a register, for what is there and is nothing that a name is kept for.
const OTHER_TAG: u32 = 0x1000_0000;
const OTHER_PAYLOAD: u32 = 0x2000_0000;

impl State {
    /// What is known where this path and another lead to the same block. This one has been there, or is [`Self::arriving`].
    pub(super) fn join(&mut self, other: &Self, at: u32, objects: &BTreeMap<u64, i32>) -> Result<(), String> {
        if self.stack.len() != other.stack.len() {
            let (one, another) = (self.stack.len(), other.stack.len());
            return Err(format!("is reached with {one} words on the stack and with {another}"));
        }
        let mut other = other.arriving(at, objects);
        let at = at | BLOCK;
        self.join_pairs(&mut other, at, objects);
        self.name_alike(&mut other, at, objects);
        let before = self.clone();
        let (mut has_met, mut bounds) = (BTreeSet::new(), Vec::new());
        for register in 0..16 {
            let (mine, theirs) = (self.registers[register], other.registers[register]);
            if mine != theirs {
                let met = id(at, JOINED | register as u32);
                has_met.insert(met);
                let both = self.meet(&other, mine, theirs, met);
                self.registers[register] = both;
                bounds.extend(both_bounds(&before, &other, [mine, theirs, both]));
            }
        }
        for (depth, theirs) in other.stack.iter().enumerate() {
            if self.stack[depth] != *theirs {
                self.stack[depth] = Fact::Hole;
            }
        }
        // A register that holds different numbers has a range already.
        let is_new = |number: &&Number| number.id().is_some_and(|id| has_met.contains(&id));
        for (number, range) in before.ranges.iter().filter(|(number, _)| !is_new(number)) {
            let both = hull(*range, other.range(*number));
            if both != *range {
                self.set_range(*number, both);
            }
        }
        self.join_places(&before, &other, at, objects);
        self.bounds.retain(|bound, ()| other.bounds.contains_key(bound));
        self.bounds.extend(bounds.into_iter().map(|bound| (bound, ())));
        self.codes.retain(|id, element| other.codes.get(id) == Some(element));
        self.counted.retain(|value, ()| other.counted.contains_key(value));
        self.compared = self.compared.filter(|compared| other.compared == Some(*compared));
        self.has_next &= other.has_next;
        self.has_room &= other.has_room;
        self.has_caller &= other.has_caller;
        self.knows_site &= other.knows_site;
        self.has_popped &= other.has_popped;
        self.made = self.made.filter(|made| other.made == Some(*made));
        self.knows_popped_site &= other.knows_popped_site;
        self.record &= other.record;
        self.is_new &= other.is_new;
        Ok(())
    }

    /// Says what a number can be; nothing, where that is what any such number can be.
    fn set_range(&mut self, number: Number, range: (u64, u64)) {
        self.ranges.remove(&number);
        if self.range(number) != range {
            self.ranges.insert(number, range);
        }
    }

    /// Where two registers hold the tag and the payload of one value on both paths, they do behind them.
    fn join_pairs(&mut self, other: &mut Self, at: u32, objects: &BTreeMap<u64, i32>) {
        for (number, payload) in PAIRS {
            let mine = Held { tag: self.registers[gpr::RAX], payload: self.registers[payload] };
            let theirs = Held { tag: other.registers[gpr::RAX], payload: other.registers[payload] };
            let are_numbers =
                [mine.payload, theirs.payload].iter().all(|fact| matches!(fact, Fact::Number(_)));
            if mine.tag == theirs.tag
                || !are_numbers
                || !self.is_whole(mine, objects)
                || !other.is_whole(theirs, objects)
            {
                continue;
            }
            let value = Value { id: id(at, PAIRED | number), origin: Origin::Slot };
            let range = hull(self.range_of(mine.tag), other.range_of(theirs.tag));
            let held = Held::of(value);
            for state in [&mut *self, &mut *other] {
                state.ranges.insert(Number::Tag(value), range);
                (state.registers[gpr::RAX], state.registers[payload]) = (held.tag, held.payload);
            }
            return;
        }
    }

    /// Gives the values one name that a place holds on the two paths.
    fn name_alike(&mut self, other: &mut Self, at: u32, objects: &BTreeMap<u64, i32>) {
        if !self.differs(other) {
            return;
        }
        let mut places: BTreeSet<Place> = self.places.keys().chain(other.places.keys()).copied().collect();
        if self.frame != other.frame {
            places.extend(self.unread_slots());
            places.extend(other.unread_slots());
        }
        // What both paths have by one name keeps it.
        let (held_here, held_there) = (self.held_ids(), other.held_ids());
        let is_unread = |id: Id| self.frame == other.frame && id.at == self.frame;
        let is_common =
            |Value { id, .. }: Value| is_unread(id) || held_here.contains(&id) && held_there.contains(&id);
        let (mut named, mut names) = ((BTreeSet::new(), BTreeSet::new()), (BTreeMap::new(), BTreeMap::new()));
        let mut unlike = Vec::new();
        for place in places {
            let (mine, theirs) = (self.held(place), other.held(place));
            let values = (self.value_of(mine, objects), other.value_of(theirs, objects));
            let (Some(one), Some(another)) = values else { continue };
            // What has two places keeps the name by the first.
            let (is_first, is_first_there) = (named.0.insert(one), named.1.insert(another));
            if one != another && is_first && is_first_there && !is_common(one) && !is_common(another) {
                let is_global = [one.origin, another.origin].contains(&Origin::Global);
                let origin = if is_global { Origin::Global } else { Origin::Slot };
                let value = Value { id: id(at, in_place(place)), origin };
                names.0.insert(one, value);
                names.1.insert(another, value);
                unlike.push((place, mine, theirs));
            }
        }
        for (place, mine, theirs) in unlike {
            self.places.insert(place, mine);
            other.places.insert(place, theirs);
        }
        self.rename(&names.0);
        other.rename(&names.1);
    }

    /// Whether a place holds something by another name on the other path.
    fn differs(&self, other: &Self) -> bool {
        let is_other = |place: &Place| self.held(*place) != other.held(*place);
        self.frame != other.frame || self.places.keys().chain(other.places.keys()).any(is_other)
    }

    /// The things that registers of the processor and places hold.
    fn held_ids(&self) -> BTreeSet<Id> {
        let places = self.places.values().flat_map(|held| [held.tag, held.payload]);
        self.registers.iter().chain(&self.stack).copied().chain(places).flat_map(Fact::ids).collect()
    }

    /// The slots that were not read yet, of which more is known than a type of scalars.
    fn unread_slots(&self) -> BTreeSet<Place> {
        let facts = self.registers.iter().chain(&self.stack).flat_map(|fact| fact.ids());
        let values = self.bounds.keys().map(|(_, _, value, _)| value).chain(self.counted.keys());
        let objects = self.ranges.iter().filter(|(_, (low, _))| *low > LAST_SCALAR);
        let tags = objects
            .filter_map(|(number, _)| if let Number::Tag(value) = number { Some(value) } else { None });
        let ids = facts.chain(values.chain(tags).map(|value| value.id)).filter(|id| id.at == self.frame);
        let slots = ids.filter_map(|id| id.what.checked_sub(in_place(Place::Slot(0))));
        let slots = slots.filter_map(|slot| u8::try_from(slot).ok()).map(Place::Slot);
        slots.filter(|place| !self.places.contains_key(place)).collect()
    }

    /// The value of which a place holds the payload, and its tag by whatever name.
    fn value_of(&self, held: Held, objects: &BTreeMap<u64, i32>) -> Option<Value> {
        let Fact::Number(Number::Payload(value)) = held.payload else { return None };
        self.is_whole(held, objects).then_some(value)
    }

    /// Calls values by other names, which nothing has.
    fn rename(&mut self, names: &BTreeMap<Value, Value>) {
        if names.is_empty() {
            return;
        }
        let value = |value: Value| names.get(&value).copied().unwrap_or(value);
        let number = |mut number: Number| {
            if let Some(of) = number.value_mut() {
                *of = value(*of);
            }
            number
        };
        let fact = |fact: &mut Fact| {
            let (array, of) = fact.parts_mut();
            if let Some(array) = array {
                *array = value(*array);
            }
            if let Some(of) = of {
                *of = number(*of);
            }
        };
        self.registers.iter_mut().chain(&mut self.stack).for_each(fact);
        for held in self.places.values_mut() {
            fact(&mut held.tag);
            fact(&mut held.payload);
        }
        if let Some(compared) = &mut self.compared {
            fact(&mut compared.left);
            fact(&mut compared.right);
        }
        self.made = self.made.map(|(made, tag)| (number(made), number(tag)));
        let ranges = std::mem::take(&mut self.ranges).into_iter();
        self.ranges = ranges.map(|(of, range)| (number(of), range)).collect();
        let bounds = std::mem::take(&mut self.bounds).into_keys();
        self.bounds = bounds
            .map(|(of, vector, array, bound)| ((number(of), vector, value(array), bound), ()))
            .collect();
        for (array, index) in self.codes.values_mut() {
            (*array, *index) = (value(*array), number(*index));
        }
        let counted = std::mem::take(&mut self.counted).into_keys();
        self.counted = counted.map(|of| (value(of), ())).collect();
    }

    fn join_places(&mut self, before: &Self, other: &Self, at: u32, objects: &BTreeMap<u64, i32>) {
        let places: BTreeSet<Place> = before.places.keys().chain(other.places.keys()).copied().collect();
        for place in places {
            let (mine, theirs) = (before.held(place), other.held(place));
            if mine == theirs {
                self.places.entry(place).or_insert(mine);
                continue;
            }
            let what = in_place(place);
            if before.is_whole(mine, objects) && other.is_whole(theirs, objects) {
                let value = Value { id: id(at, what), origin: Origin::Slot };
                self.places.insert(place, Held::of(value));
                let range = hull(before.range_of(mine.tag), other.range_of(theirs.tag));
                self.ranges.insert(Number::Tag(value), range);
            } else {
                let torn = Held { tag: number(at, what), payload: number(at, what | OTHER_PAYLOAD) };
                self.places.insert(place, torn);
            }
        }
        for (mine, theirs) in [(&mut self.frame, other.frame), (&mut self.globals, other.globals)] {
            if *mine != theirs {
                *mine = at;
            }
        }
        if self.heap != other.heap {
            self.heap = at;
        }
    }

    /// What stands for two facts.
    fn meet(&mut self, other: &Self, mine: Fact, theirs: Fact, id: Id) -> Fact {
        let hull = hull(self.range_of(mine), other.range_of(theirs));
        let is_code = hull.1 > LAST_SCALAR && self.is_code(mine) && other.is_code(theirs);
        let number = if is_code { Number::Code(id) } else { Number::Of(id) };
        if !is_code {
            self.set_range(number, hull);
        }
        if matches!(mine, Fact::Byte(_)) || matches!(theirs, Fact::Byte(_)) {
            return Fact::Byte(number);
        }
        Fact::Number(number)
    }

    /// What is known on a path that leads to the block at `at`. A path that has been there has things with names of the block. What is still where
    /// the block found it is the same when it gets there again; the others are nothing that has a name there.
    pub(super) fn arriving(&self, at: u32, objects: &BTreeMap<u64, i32>) -> Self {
        let at = at | BLOCK;
        let is_gone = |id: Id| id.at == at && !self.is_still_there(id);
        let is_lost = |fact: &Fact| fact.ids().any(is_gone);
        let is_lost_number = |number: &Number| number.id().is_some_and(is_gone);
        let mut state = self.clone();
        for (register, fact) in state.registers.iter_mut().enumerate() {
            if is_lost(fact) {
                *fact = number(at, OTHER_TAG | register as u32);
            }
        }
        for fact in &mut state.stack {
            if is_lost(fact) {
                *fact = Fact::Hole;
            }
        }
        let mut lost = Vec::new();
        for (place, held) in &mut state.places {
            if !is_lost(&held.tag) && !is_lost(&held.payload) {
                continue;
            }
            let what = in_place(*place);
            *held = if self.is_whole(*held, objects) {
                let value = Value { id: id(at, what | OTHER_TAG), origin: Origin::Slot };
                lost.push((Number::Tag(value), self.range_of(held.tag)));
                Held::of(value)
            } else {
                Held { tag: number(at, what | OTHER_TAG), payload: number(at, what | OTHER_PAYLOAD) }
            };
        }
        state.compared =
            state.compared.filter(|compared| !is_lost(&compared.left) && !is_lost(&compared.right));
        state.made = state.made.filter(|(made, tag)| !is_lost_number(made) && !is_lost_number(tag));
        state.ranges.retain(|number, _| !is_lost_number(number));
        state.bounds.retain(|(number, _, value, _), ()| !is_lost_number(number) && !is_gone(value.id));
        state
            .codes
            .retain(|id, (value, number)| !is_gone(*id) && !is_gone(value.id) && !is_lost_number(number));
        state.counted.retain(|value, ()| !is_gone(value.id));
        state.ranges.extend(lost);
        state
    }

    /// Whether what has a name of a block is where that block found it.
    fn is_still_there(&self, thing: Id) -> bool {
        let Id { at, what } = thing;
        let holds = |place: Place| matches!(self.held(place).payload, Fact::Number(Number::Payload(value)) if value.id == thing);
        let within = |from: u32, many: u32| what.checked_sub(from).filter(|number| *number < many);
        if let Some(register) = within(JOINED, 16) {
            return self.registers[register as usize].ids().any(|id| id == thing);
        }
        if let Some((_, payload)) = PAIRS.iter().find(|(number, _)| PAIRED | number == what) {
            let held = Held { tag: self.registers[gpr::RAX], payload: self.registers[*payload] };
            return held.value().is_some_and(|value| value.id == thing);
        }
        let slots = u32::from(u8::MAX) + 1;
        let slot = |from: Place| within(in_place(from), slots);
        if let Some(slot) = slot(Place::Slot(0)) {
            holds(Place::Slot(slot as u8))
        } else if let Some(slot) = slot(Place::Next(0)) {
            holds(Place::Next(slot as u8))
        } else if what == in_place(Place::Destination) {
            holds(Place::Destination)
        } else if let Some(name) = within(in_place(Place::Global(0)), u32::from(u16::MAX) + 1) {
            holds(Place::Global(name as u16))
        } else if let Some(element) = within(in_place(Place::Element(0)), 0x10_0000) {
            self.heap == at && holds(Place::Element(element))
        } else {
            false
        }
    }
}

/// The registers that may hold a payload, of which rax has the tag.
const PAIRS: [(u32, usize); 2] = [(0, gpr::RCX), (1, gpr::RDI)];

/// How two numbers both compare with lengths, said of the number that stands for both.
fn both_bounds(one: &State, another: &State, numbers: [Fact; 3]) -> Vec<(Number, Vector, Value, Bound)> {
    let [Fact::Number(mine), Fact::Number(theirs), Fact::Number(both)] = numbers else { return Vec::new() };
    let of_mine = one.bounds.keys().filter(|(number, ..)| *number == mine);
    let on_both = of_mine
        .filter(|(_, vector, array, bound)| another.bounds.contains_key(&(theirs, *vector, *array, *bound)));
    on_both.map(|(_, vector, array, bound)| (both, *vector, *array, *bound)).collect()
}

/// What lies between.
fn hull(one: (u64, u64), another: (u64, u64)) -> (u64, u64) {
    (one.0.min(another.0), one.1.max(another.1))
}
