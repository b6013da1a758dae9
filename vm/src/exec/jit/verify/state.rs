//! What is known at a place, and where paths meet.

use std::collections::BTreeMap;

use super::facts::{
    BLOCK, Bound, Compared, Fact, Held, Id, Number, Origin, Place, Value, Vector, gpr, id, is_defined_at,
    mentions, number,
};

/// What is known at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) registers: [Fact; 16],
    pub(super) stack: Vec<Fact>,
    pub(super) compared: Option<Compared>,
    /// What was written, or read, since the values of a frame or the globals were those that `frame` and `globals` name.
    pub(super) places: BTreeMap<Place, Held>,
    pub(super) frame: u32,
    pub(super) globals: u32,
    /// The last instruction that changed something in the heap.
    pub(super) heap: u32,
    /// Least and greatest of numbers.
    pub(super) ranges: BTreeMap<Number, (u64, u64)>,
    pub(super) bounds: BTreeMap<(Number, Vector, Value, Bound), ()>,
    /// Of which array, and with which index, a code was read.
    pub(super) codes: BTreeMap<Id, (Value, Number)>,
    /// Values whose count of references was compared.
    pub(super) counted: BTreeMap<Value, ()>,
    /// Whether there is room for the frame behind the current one, for a record of one that waits, and whether one waits.
    pub(super) has_next: bool,
    pub(super) has_room: bool,
    pub(super) has_caller: bool,
    /// Whether the number of the call in the last record was compared with how many there are.
    pub(super) knows_site: bool,
    /// Whether the record behind the last was that until now, and the number of its call was compared.
    pub(super) has_popped: bool,
    /// A number that a stub gave, and the tag that is a string's where it is not 0.
    pub(super) made: Option<(Number, Number)>,
    pub(super) knows_popped_site: bool,
    /// The parts of the next record that were written, a bit each.
    pub(super) record: u8,
    /// Whether the frame was made in this block: what was not written of it are scalars.
    pub(super) is_new: bool,
}

/// The tag beyond which no value has one.
const LAST_TAG: u64 = crate::exec::jit::layout::tag::LAST as u64;
pub(super) const LAST_SCALAR: u64 = crate::exec::jit::layout::tag::LAST_SCALAR as u64;
pub(super) const BOOL: u64 = crate::exec::jit::layout::tag::BOOL as u64;
/// What the code of `true` has besides that of `false`.
const TRUE: u64 = crate::value::array::code::TRUE as u64;

impl State {
    /// What is known where a block begins that the host may enter: where the frame, the globals and the context are.
    pub(super) fn entry(at: u32, stack: Vec<Fact>) -> Self {
        let at = at | BLOCK;
        let mut registers = std::array::from_fn(|register| number(at, register as u32));
        registers[gpr::RBX] = Fact::Frame(0);
        registers[gpr::R13] = Fact::Size;
        registers[gpr::R14] = Fact::Globals(0);
        registers[gpr::R15] = Fact::Context;
        registers[gpr::RSP] = Fact::Hole;
        Self {
            registers,
            stack,
            compared: None,
            places: BTreeMap::new(),
            frame: at,
            globals: at,
            heap: at,
            ranges: BTreeMap::new(),
            bounds: BTreeMap::new(),
            codes: BTreeMap::new(),
            counted: BTreeMap::new(),
            has_next: false,
            has_room: false,
            has_caller: false,
            knows_site: false,
            has_popped: false,
            made: None,
            knows_popped_site: false,
            record: 0,
            is_new: false,
        }
    }

    /// What is known where the host calls.
    pub(super) fn start(at: u32) -> Self {
        let mut state = Self::entry(at, Vec::new());
        state.registers = std::array::from_fn(|register| Fact::Saved(register as u8));
        state.registers[gpr::RDI] = Fact::Context;
        state.registers[gpr::RSI] = Fact::Target;
        state
    }

    /// Least and greatest that a number can be.
    pub(super) fn range(&self, number: Number) -> (u64, u64) {
        if let Some(range) = self.ranges.get(&number) {
            return *range;
        }
        match number {
            Number::Constant(number) => (number, number),
            Number::Tag(Value { origin: Origin::Slot | Origin::Element, .. }) => (0, LAST_TAG),
            Number::Masked(_) => (0, LAST_SCALAR),
            Number::Code(id) => match self.range(Number::Masked(id)) {
                (low, high) if low > BOOL => (low, high),
                (low, _) => (low, TRUE),
            },
            Number::Of(_)
            | Number::Tag(_)
            | Number::Payload(_)
            | Number::Count(_)
            | Number::Length(..)
            | Number::Capacity(..) => (0, u64::MAX),
        }
    }

    /// The same of what a register holds.
    pub(super) fn range_of(&self, fact: Fact) -> (u64, u64) {
        if let Fact::Number(number) | Fact::Byte(number) = fact { self.range(number) } else { (0, u64::MAX) }
    }

    /// Whether a byte is the code of an element.
    pub(super) fn is_code(&self, fact: Fact) -> bool {
        let (low, high) = self.range_of(fact);
        matches!(fact, Fact::Number(Number::Code(_)) | Fact::Byte(Number::Code(_)))
            || high <= LAST_SCALAR
            || (low, high) == (TRUE, TRUE)
    }

    /// Narrows what a number can be.
    pub(super) fn narrow(&mut self, number: Number, low: u64, high: u64) {
        let (least, greatest) = self.range(number);
        self.ranges.insert(number, (least.max(low), greatest.min(high)));
    }

    /// Whether a value is known to be of a tag.
    pub(super) fn is_of(&self, value: Value, tag: i32) -> bool {
        self.range(Number::Tag(value)) == (tag as u64, tag as u64)
    }

    /// Whether a value is known to begin with a count of references.
    pub(super) fn is_counted(&self, value: Value) -> bool {
        let (low, high) = self.range(Number::Tag(value));
        low > LAST_SCALAR && high <= LAST_TAG
    }

    /// What is in a place.
    pub(super) fn held(&self, place: Place) -> Held {
        if let Some(held) = self.places.get(&place) {
            return *held;
        }
        let value = match place {
            Place::Slot(slot) => Value { id: id(self.frame, 0x100 | u32::from(slot)), origin: Origin::Slot },
            Place::Destination => Value { id: id(self.frame, 0x200), origin: Origin::Slot },
            Place::Element(element) => {
                Value { id: id(self.heap, 0x20_0000 + element), origin: Origin::Element }
            }
            Place::Next(slot) => Value { id: id(self.frame, 0x300 | u32::from(slot)), origin: Origin::Slot },
            // Names of globals are numbers of 16 bits, too.
            Place::Global(name) => Value { id: id(self.globals, name.into()), origin: Origin::Global },
        };
        Held::of(value)
    }

    /// Says that a place holds a value that nothing is known of.
    pub(super) fn forget(&mut self, place: Place, at: u32, what: u32) {
        self.places.insert(place, Held::of(Value { id: id(at, what), origin: Origin::Slot }));
    }

    /// Whether tag and payload are those of one value.
    pub(super) fn is_whole(&self, held: Held, objects: &BTreeMap<u64, i32>) -> bool {
        let (low, high) = self.range_of(held.tag);
        let (_, greatest) = self.range_of(held.payload);
        if let Fact::Number(Number::Payload(value)) = held.payload {
            let range = self.range(Number::Tag(value));
            if held.tag == Fact::Number(Number::Tag(value)) || range == (low, high) && low == high {
                return true;
            }
        }
        if let Fact::Number(Number::Constant(address)) = held.payload
            && let Some(tag) = objects.get(&address)
            && (low, high) == (*tag as u64, *tag as u64)
        {
            return true;
        }
        let admits_bool = low <= BOOL && high >= BOOL;
        high <= LAST_SCALAR && (!admits_bool || greatest <= 1)
    }

    /// The first place that was written and does not hold the whole of a value.
    pub(super) fn torn(&self, objects: &BTreeMap<u64, i32>) -> Option<Place> {
        let torn = self.places.iter().find(|(_, held)| !self.is_whole(**held, objects));
        torn.map(|(place, _)| *place)
    }

    /// What is known where this path and another lead to the same block.
    pub(super) fn join(&mut self, other: &Self, at: u32, objects: &BTreeMap<u64, i32>) -> Result<(), String> {
        if self.stack.len() != other.stack.len() {
            let (one, another) = (self.stack.len(), other.stack.len());
            return Err(format!("is reached with {one} words on the stack and with {another}"));
        }
        let before = self.clone();
        let at = at | BLOCK;
        let mut other = other.without(at);
        self.join_pairs(&mut other, at, objects);
        let hull = |number: Number, one: &Self, another: &Self| {
            let (a, b) = (one.range(number), another.range(number));
            (a.0.min(b.0), a.1.max(b.1))
        };
        let renamed = self.renamed(&other, at, objects);
        for register in 0..16 {
            let (mine, theirs) = (self.registers[register], other.registers[register]);
            let same = renamed.iter().find_map(|(one, another, value)| match (mine, theirs) {
                (Fact::Vector(vector, mine), Fact::Vector(other, theirs))
                    if vector == other && (mine, theirs) == (*one, *another) =>
                {
                    Some(Fact::Vector(vector, *value))
                }
                _ => None,
            });
            let met = || self.meet(&other, mine, theirs, id(at, JOINED | register as u32));
            self.registers[register] = same.unwrap_or_else(met);
        }
        for (depth, theirs) in other.stack.iter().enumerate() {
            if self.stack[depth] != *theirs {
                self.stack[depth] = Fact::Hole;
            }
        }
        self.join_places(&other, at, objects);
        let known: Vec<Number> = self.ranges.keys().copied().collect();
        for number in known.into_iter().filter(|number| !is_defined_at(*number, at)) {
            let hull = hull(number, &before, &other);
            if hull == (0, u64::MAX) {
                self.ranges.remove(&number);
            } else {
                self.ranges.insert(number, hull);
            }
        }
        self.bounds.retain(|bound, ()| other.bounds.contains_key(bound));
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

    /// Where two registers hold the tag and the payload of one value on both paths, they do behind them.
    fn join_pairs(&mut self, other: &mut Self, at: u32, objects: &BTreeMap<u64, i32>) {
        for (number, payload) in [(0, gpr::RCX), (1, gpr::RDI)] {
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
            let value = Value { id: id(at, 0x9000 | number), origin: Origin::Slot };
            let (a, b) = (self.range_of(mine.tag), other.range_of(theirs.tag));
            let held = Held::of(value);
            for state in [&mut *self, &mut *other] {
                state.ranges.insert(Number::Tag(value), (a.0.min(b.0), a.1.max(b.1)));
                (state.registers[gpr::RAX], state.registers[payload]) = (held.tag, held.payload);
            }
            return;
        }
    }

    /// What the places hold that have different values on the two paths, and the value that stands for both: a vector of the one is a
    /// vector of that, where it is one of the other on the other path.
    fn renamed(&self, other: &Self, at: u32, objects: &BTreeMap<u64, i32>) -> Vec<(Value, Value, Value)> {
        let places = self.places.keys().chain(other.places.keys());
        let values = places.filter_map(|place| {
            let (mine, theirs) = (self.held(*place), other.held(*place));
            let (one, another) = (mine.value()?, theirs.value()?);
            let is_whole = self.is_whole(mine, objects) && other.is_whole(theirs, objects);
            let value = Value { id: id(at, joined(*place)), origin: Origin::Slot };
            (one != another && is_whole).then_some((one, another, value))
        });
        values.collect()
    }

    fn join_places(&mut self, other: &Self, at: u32, objects: &BTreeMap<u64, i32>) {
        let places: Vec<Place> = self.places.keys().chain(other.places.keys()).copied().collect();
        let before = self.clone();
        for place in places {
            let (mine, theirs) = (before.held(place), other.held(place));
            if mine == theirs {
                self.places.insert(place, mine);
                continue;
            }
            let what = joined(place);
            if before.is_whole(mine, objects) && other.is_whole(theirs, objects) {
                let value = Value { id: id(at, what), origin: Origin::Slot };
                let (a, b) = (before.range_of(mine.tag), other.range_of(theirs.tag));
                self.places.insert(place, Held::of(value));
                self.ranges.insert(Number::Tag(value), (a.0.min(b.0), a.1.max(b.1)));
            } else {
                let torn = Held { tag: number(at, what), payload: number(at, what | 0x800_0000) };
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
        if mine == theirs {
            return mine;
        }
        let (a, b) = (self.range_of(mine), other.range_of(theirs));
        let hull = (a.0.min(b.0), a.1.max(b.1));
        let is_code = hull.1 > LAST_SCALAR && self.is_code(mine) && other.is_code(theirs);
        let number = if is_code { Number::Code(id) } else { Number::Of(id) };
        if !is_code && hull != (0, u64::MAX) {
            self.ranges.insert(number, hull);
        }
        if matches!(mine, Fact::Byte(_)) || matches!(theirs, Fact::Byte(_)) {
            return Fact::Byte(number);
        }
        Fact::Number(number)
    }

    /// Drops what is known of the heap, which a stub may have changed.
    pub(super) fn forget_heap(&mut self, at: u32) {
        self.heap = at;
        self.bounds.clear();
        self.codes.clear();
        self.counted.clear();
        self.places.retain(|place, _| !matches!(place, Place::Element(_)));
    }

    /// What is known on a path that comes back to the block at `at`, without what names things that it defines anew. What is still
    /// where the block has it is the same again.
    fn without(&self, at: u32) -> Self {
        let mut state = self.clone();
        let own = |place: Place| Value { id: id(at, joined(place)), origin: Origin::Slot };
        let is_kept = |value: Value| {
            self.places.iter().any(|(place, held)| held.value() == Some(value) && own(*place) == value)
        };
        for (register, fact) in state.registers.iter_mut().enumerate() {
            let is_own = *fact == number(at, JOINED | register as u32)
                || matches!(*fact, Fact::Vector(_, value) if is_kept(value));
            if mentions(*fact, at) && !is_own {
                *fact = number(at, 0xe000 | register as u32);
            }
        }
        for (place, held) in &mut state.places {
            let own = Held::of(Value { id: id(at, joined(*place)), origin: Origin::Slot });
            if (mentions(held.tag, at) || mentions(held.payload, at)) && *held != own {
                *held = Held { tag: number(at, 0xe100), payload: number(at, 0xe101) };
            }
        }
        state
    }

    /// Drops what is known of the things that an instruction defined when it was executed before.
    pub(super) fn redefine(&mut self, at: u32) {
        for fact in &mut self.registers {
            if mentions(*fact, at) {
                *fact = number(at, 0xf000);
            }
        }
        self.ranges.retain(|number, _| !is_defined_at(*number, at));
        self.bounds.retain(|(number, _, value, _), ()| !is_defined_at(*number, at) && value.id.at != at);
        self.codes
            .retain(|id, (value, number)| id.at != at && value.id.at != at && !is_defined_at(*number, at));
        self.counted.retain(|value, ()| value.id.at != at);
    }
}

/// What ids are numbered from that stand for registers of the processor where paths meet.
const JOINED: u32 = 0x8000;

/// The number of the value that a place holds where paths meet.
fn joined(place: Place) -> u32 {
    match place {
        Place::Slot(slot) => 0xa000 | u32::from(slot),
        Place::Next(slot) => 0xb000 | u32::from(slot),
        Place::Destination => 0xc000,
        Place::Global(name) => 0x10_0000 | u32::from(name),
        Place::Element(element) => 0x20_0000 + element,
    }
}
