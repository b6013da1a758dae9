//! What is known at a place.

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
        Held::of(self.unread(place))
    }

    /// The value in a place that was neither written nor read: it has a name that tells the place, so that it is known again where paths meet.
    pub(super) fn unread(&self, place: Place) -> Value {
        let (at, origin) = match place {
            Place::Slot(_) | Place::Next(_) | Place::Destination => (self.frame, Origin::Slot),
            Place::Global(_) => (self.globals, Origin::Global),
            Place::Element(_) => (self.heap, Origin::Element),
        };
        Value { id: id(at, in_place(place)), origin }
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

    /// Drops what is known of the heap, which a stub may have changed.
    pub(super) fn forget_heap(&mut self, at: u32) {
        self.heap = at;
        self.bounds.clear();
        self.codes.clear();
        self.counted.clear();
        self.places.retain(|place, _| !matches!(place, Place::Element(_)));
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

/// The number of the value that a place holds, of those that are named where a block begins.
pub(super) fn in_place(place: Place) -> u32 {
    match place {
        Place::Slot(slot) => 0xa000 | u32::from(slot),
        Place::Next(slot) => 0xb000 | u32::from(slot),
        Place::Destination => 0xc000,
        Place::Global(name) => 0x10_0000 | u32::from(name),
        Place::Element(element) => 0x20_0000 + element,
    }
}
