//! Operands in memory: what an address leads to, and what is read and written there.

use std::mem::offset_of;

use iced_x86::{Instruction, OpKind, Register};

use super::facts::{Bound, Fact, Held, Number, Place, Value, Vector, gpr, id, number};
use super::prover::Prover;
use super::state::{BOOL, State};
use crate::exec::jit::context::JitContext;
use crate::exec::jit::layout::{Layout, PAYLOAD, tag, thin};
use crate::isa::REGISTERS;
use crate::runtime::Caller;

/// Something in memory that machine code may work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// A field of the JIT context.
    Context(i32),
    Tag(Place),
    Payload(Place),
    /// So many bytes from the end of the frames that wait.
    Record(i32),
    /// The memory that is counted.
    Live,
    /// The count of references of a value, or of a constant.
    Count(Option<Value>),
    /// Where a vector of an array is.
    Vector(Vector, Value),
    TextLength,
    /// Which pool a string is of, and what it remembers to have named.
    TextHome,
    Length(Vector, Value),
    Capacity(Vector, Value),
    /// An element of a vector of codes or words.
    Element(Vector, Value, Number),
    /// Where such an element can be that is appended.
    Room(Vector, Value),
    /// A number that is behind the code.
    Constant,
    /// What the table says.
    Target,
}

const VALUE: i32 = size_of::<crate::value::Value>() as i32;
pub(super) const RECORD: i32 = size_of::<Caller>() as i32;
const RECORD_PC: i32 = offset_of!(Caller, pc) as i32;
const RECORD_CALLEE: i32 = offset_of!(Caller, callee) as i32;
const RECORD_SITE: i32 = offset_of!(Caller, site) as i32;
const RECORD_SIZE: i32 = offset_of!(Caller, size) as i32;
const RECORD_DST: i32 = offset_of!(Caller, dst) as i32;
/// All parts of a record.
const WHOLE_RECORD: u8 = 0b11111;

/// The number of a register of the processor, and how many bits of it are meant.
pub(super) fn register(register: Register) -> Option<(usize, u8)> {
    let number = |first: Register| register as usize - first as usize;
    match register as usize {
        wide if (Register::RAX as usize..=Register::R15 as usize).contains(&wide) => {
            Some((number(Register::RAX), 64))
        }
        half if (Register::EAX as usize..=Register::R15D as usize).contains(&half) => {
            Some((number(Register::EAX), 32))
        }
        word if (Register::AX as usize..=Register::R15W as usize).contains(&word) => {
            Some((number(Register::AX), 16))
        }
        low if (Register::AL as usize..=Register::BL as usize).contains(&low) => {
            Some((number(Register::AL), 8))
        }
        low if (Register::SPL as usize..=Register::R15L as usize).contains(&low) => {
            Some((number(Register::SPL) + 4, 8))
        }
        // Neither the second byte of a register, nor one that is for no ints.
        _ => None,
    }
}

/// Whether the number of the pool of a string is there, or what the string remembers.
fn is_home(layout: Layout, offset: i32) -> bool {
    offset == layout.home || offset == layout.home + 4
}

/// A base, how far behind that, and an index with its factor.
type Address = (Fact, i32, Option<(Fact, u32)>);

impl Prover<'_> {
    /// The address that an operand in memory has.
    fn address(&self, state: &State, instruction: &Instruction) -> Result<Address, String> {
        let displacement = instruction.memory_displacement64().cast_signed();
        let displacement =
            i32::try_from(displacement).map_err(|_| format!("has a displacement of {displacement}"))?;
        let fact = |name: Register| match register(name) {
            Some((number, 64)) => Ok(state.registers[number]),
            _ => Err(format!("has an address in {name:?}")),
        };
        let base = fact(instruction.memory_base())?;
        if instruction.memory_index() == Register::None {
            return Ok((base, displacement, None));
        }
        let (index, scale) = (fact(instruction.memory_index())?, instruction.memory_index_scale());
        // Which of two registers is the base does not matter where none is multiplied.
        if scale == 1 && matches!(index, Fact::Vector(..) | Fact::Frame(_)) {
            return Ok((index, displacement, Some((base, 1))));
        }
        Ok((base, displacement, Some((index, scale))))
    }

    /// What an operand in memory is.
    pub(super) fn cell(&mut self, state: &State, instruction: &Instruction) -> Result<Cell, String> {
        if instruction.memory_base() == Register::RIP {
            let at = instruction.ip_rel_memory_address();
            let is_inside = at.checked_add(8).is_some_and(|end| end <= self.subject.bytes.len() as u64);
            if !is_inside || self.walk.is_code(at, at + 8) {
                return Err(format!("reads a number at +{at:#x}, where code is, or nothing"));
            }
            return Ok(Cell::Constant);
        }
        let (base, offset, index) = self.address(state, instruction)?;
        if let Some((index, scale)) = index {
            return self.indexed(state, base, offset, index, scale);
        }
        let unknown = || Err(format!("has an address {offset} bytes behind {base:?}"));
        match base {
            Fact::Context => Ok(Cell::Context(offset)),
            Fact::Frame(from) => {
                value_at(from + offset, REGISTERS, "the frame", |slot| Place::Slot(slot as u8))
            }
            Fact::Next(_) if !state.has_next => {
                Err("works on a frame for which no room was seen to".to_owned())
            }
            Fact::Next(from) => {
                value_at(from + offset, REGISTERS, "the next frame", |slot| Place::Next(slot as u8))
            }
            Fact::Globals(from) => value_at(from + offset, self.subject.globals, "the globals", |name| {
                Place::Global(name as u16)
            }),
            Fact::DestinationPlace => value_at(offset, 1, "a value", |_| Place::Destination),
            Fact::Top(from) => Ok(Cell::Record(from + offset)),
            Fact::Live if offset == 0 => Ok(Cell::Live),
            Fact::Number(Number::Constant(address)) => match self.subject.objects.get(&address) {
                Some(_) if offset == 0 => Ok(Cell::Count(None)),
                Some(&tag::STRING) if offset == self.subject.layout.text_length => Ok(Cell::TextLength),
                Some(&tag::STRING) if is_home(self.subject.layout, offset) => Ok(Cell::TextHome),
                _ => unknown(),
            },
            Fact::Number(Number::Payload(value)) => self.object(state, value, offset),
            Fact::Vector(vector, array) => match offset {
                thin::LENGTH => Ok(Cell::Length(vector, array)),
                thin::CAPACITY => Ok(Cell::Capacity(vector, array)),
                _ => unknown(),
            },
            Fact::Element(Vector::Values, array, index) => {
                let element = self.element(state, array, index);
                value_at(offset, 1, "an element", |_| element)
            }
            Fact::Row if (0..4).any(|way| way * 8 == offset) => Ok(Cell::Target),
            Fact::Number(_)
            | Fact::Byte(_)
            | Fact::Shifted(..)
            | Fact::Saved(_)
            | Fact::Target
            | Fact::Size
            | Fact::Registers
            | Fact::Limit
            | Fact::Bottom
            | Fact::LastFrame
            | Fact::Live
            | Fact::Site { .. }
            | Fact::Row
            | Fact::WaitingSize { .. }
            | Fact::Destination { .. }
            | Fact::Element(..)
            | Fact::Hole => unknown(),
        }
    }

    /// The object that a payload points to, if the tag says that there is one.
    fn object(&self, state: &State, value: Value, offset: i32) -> Result<Cell, String> {
        let layout = self.subject.layout;
        if offset == 0 {
            return if state.is_counted(value) {
                Ok(Cell::Count(Some(value)))
            } else {
                let (low, high) = state.range(Number::Tag(value));
                Err(format!(
                    "takes a payload for an object, and the tag may be anything from {low} to {high}"
                ))
            };
        }
        if state.is_of(value, tag::STRING) && offset == layout.text_length {
            return Ok(Cell::TextLength);
        }
        if state.is_of(value, tag::STRING) && is_home(layout, offset) {
            return Ok(Cell::TextHome);
        }
        let vectors =
            [(layout.codes, Vector::Codes), (layout.words, Vector::Words), (layout.values, Vector::Values)];
        let vector = vectors.into_iter().find(|(place, _)| *place == offset).map(|(_, vector)| vector);
        match vector {
            Some(vector) if state.is_of(value, tag::ARRAY) => Ok(Cell::Vector(vector, value)),
            _ => {
                let (low, high) = state.range(Number::Tag(value));
                Err(format!(
                    "has an address {offset} bytes behind where a payload points to, and the tag may be anything from \
                     {low} to {high}"
                ))
            }
        }
    }

    /// An element of a vector, or an entry of a row of the table.
    fn indexed(
        &mut self,
        state: &State,
        base: Fact,
        offset: i32,
        index: Fact,
        scale: u32,
    ) -> Result<Cell, String> {
        match (base, index) {
            (Fact::Vector(vector, array), Fact::Number(number))
                if vector != Vector::Values && scale == 1 << vector.shift() && offset == thin::ITEMS =>
            {
                // Where an element is about to be, it may be written before the length says that it is there.
                let has = |bound| state.bounds.contains_key(&(number, vector, array, bound));
                if has(Bound::IsLength) && has(Bound::BelowCapacity) {
                    return Ok(Cell::Room(vector, array));
                }
                self.is_below(state, number, vector, array)?;
                Ok(Cell::Element(vector, array, number))
            }
            (Fact::Vector(Vector::Values, array), Fact::Shifted(number, shift))
                if shift == Vector::Values.shift() && scale == 1 =>
            {
                self.is_below(state, number, Vector::Values, array)?;
                let element = self.element(state, array, number);
                value_at(offset - thin::ITEMS, 1, "an element", |_| element)
            }
            (Fact::Row, Fact::Number(way)) if scale == 8 && offset == 0 && state.range(way).1 < 4 => {
                Ok(Cell::Target)
            }
            _ => Err(format!("has an address {offset} bytes behind {base:?}, with {scale} times {index:?}")),
        }
    }

    /// Makes sure that an index was compared with the length of a vector.
    pub(super) fn is_below(
        &self,
        state: &State,
        index: Number,
        vector: Vector,
        array: Value,
    ) -> Result<(), String> {
        if state.bounds.contains_key(&(index, vector, array, Bound::BelowLength)) {
            return Ok(());
        }
        Err(format!("uses an index of {vector:?} that was not compared with the length on all paths"))
    }

    /// The place of an element of an array that is not packed.
    fn element(&mut self, _: &State, array: Value, index: Number) -> Place {
        let next = self.elements.len() as u32;
        Place::Element(*self.elements.entry((array, index)).or_insert(next))
    }

    /// What is read there, by an instruction that reads so many bits.
    pub(super) fn load(&self, state: &mut State, cell: Cell, bits: u8, at: u32) -> Result<Fact, String> {
        let plain = number(at, 0x40);
        Ok(match (cell, bits) {
            (Cell::Context(field), 64) => return load_field(state, field, at),
            (Cell::Tag(place), 64) => state.held(place).tag,
            (Cell::Payload(place), 64) => state.held(place).payload,
            // The tags of values that are there fit.
            (Cell::Tag(place), 8) => {
                let tag = state.held(place).tag;
                if !matches!(tag, Fact::Number(number) if state.range(number).1 <= u64::from(u8::MAX)) {
                    return Err("reads a byte of a tag that may be longer".to_owned());
                }
                tag
            }
            (Cell::Payload(place), 8) => {
                let held = state.held(place);
                let (_, most) = state.range_of(held.payload);
                let is_bool = state.range_of(held.tag) == (BOOL, BOOL);
                let most = if is_bool { 1 } else { most.min(u64::from(u8::MAX)) };
                state.ranges.insert(Number::Of(id(at, 0x40)), (0, most));
                plain
            }
            (Cell::Record(offset), _) => return load_record(state, offset, bits, at),
            (Cell::Count(Some(value)), 64) => Fact::Number(Number::Count(value)),
            (Cell::Vector(vector, array), 64) => Fact::Vector(vector, array),
            (Cell::Length(vector, array), 64) => Fact::Number(Number::Length(vector, array)),
            (Cell::Capacity(vector, array), 64) => Fact::Number(Number::Capacity(vector, array)),
            (Cell::Element(Vector::Codes, array, index), 8) => {
                state.codes.insert(id(at, 0x40), (array, index));
                Fact::Number(Number::Code(id(at, 0x40)))
            }
            (Cell::Element(Vector::Words, ..), 64)
            | (Cell::Live | Cell::Count(None) | Cell::TextLength | Cell::Constant, 64)
            | (Cell::TextHome, 32) => plain,
            (cell, bits) => return Err(format!("reads {bits} bits of {cell:?}")),
        })
    }

    /// Writes so many bits.
    pub(super) fn store(
        &self,
        state: &mut State,
        cell: Cell,
        bits: u8,
        fact: Fact,
        at: u32,
    ) -> Result<(), String> {
        match (cell, bits) {
            (Cell::Context(field), 64) => store_field(state, field, fact),
            (Cell::Tag(place), 64) => self.write(state, place, at, |held| held.tag = fact),
            (Cell::Payload(place), 64) => self.write(state, place, at, |held| held.payload = fact),
            (Cell::Payload(place), 8) => {
                // The other bytes are no part of a bool.
                let (low, high) = state.range_of(fact);
                let stored = Number::Of(id(at, 0x41));
                let high = if matches!(fact, Fact::Number(_) | Fact::Byte(_)) { high } else { u64::MAX };
                state.ranges.insert(stored, (low, high));
                self.write(state, place, at, |held| held.payload = Fact::Number(stored))
            }
            (Cell::Record(offset), _) => self.store_record(state, offset, bits, fact),
            (Cell::Element(vector, array, _) | Cell::Room(vector, array), _) => {
                self.may_change(state, array)?;
                match (vector, bits) {
                    (Vector::Words, 64) => Ok(()),
                    (Vector::Codes, 8) if state.is_code(fact) => Ok(()),
                    (Vector::Codes, 8) => Err("writes what may be no code of an element".to_owned()),
                    _ => Err(format!("writes {bits} bits of an element of {vector:?}")),
                }
            }
            (cell, bits) => Err(format!("writes {bits} bits of {cell:?}")),
        }
    }

    /// Makes sure that the count of references of an array was compared before it is changed.
    fn may_change(&self, state: &State, array: Value) -> Result<(), String> {
        if state.counted.contains_key(&array) {
            return Ok(());
        }
        Err("changes an array whose count of references was not compared on all paths".to_owned())
    }

    fn write(
        &self,
        state: &mut State,
        place: Place,
        at: u32,
        change: impl FnOnce(&mut Held),
    ) -> Result<(), String> {
        if let Place::Element(element) = place {
            let array =
                self.elements.iter().find(|(_, number)| **number == element).map(|((array, _), _)| *array);
            self.may_change(state, array.ok_or("writes an element of no array")?)?;
            // Another element may be the same.
            state.places.retain(|other, _| !matches!(other, Place::Element(_)) || *other == place);
        }
        let mut held = state.held(place);
        change(&mut held);
        if place == Place::Destination {
            // It may be any of them.
            state.places.retain(|other, _| !matches!(other, Place::Slot(_)));
            state.frame = at;
        }
        state.places.insert(place, held);
        Ok(())
    }

    fn store_record(&self, state: &mut State, offset: i32, bits: u8, fact: Fact) -> Result<(), String> {
        if !state.has_room || !(0..RECORD).contains(&offset) {
            return Err(format!("writes a record of a frame at {offset}, for which no room was seen to"));
        }
        let constant = if let Fact::Number(Number::Constant(number)) = fact { Some(number) } else { None };
        let (part, is_fine) = match (offset, bits) {
            (RECORD_PC, 32) => (0, constant.is_some()),
            (RECORD_CALLEE, 32) => (1, constant.is_some_and(|function| function < self.subject.functions)),
            (RECORD_SITE, 32) => (2, constant.is_some_and(|site| site < self.subject.sites)),
            (RECORD_SIZE, 16) => (3, fact == Fact::Registers),
            (RECORD_DST, 8) => (4, constant.is_some()),
            _ => return Err(format!("writes {bits} bits at {offset} of a record of a frame")),
        };
        if !is_fine {
            return Err(format!("writes {fact:?} to the record of a frame, at {offset}"));
        }
        state.record |= 1 << part;
        Ok(())
    }

    /// Makes the length of a vector greater by one.
    pub(super) fn lengthen(&self, state: &mut State, vector: Vector, array: Value) -> Result<(), String> {
        self.may_change(state, array)?;
        let indices: Vec<Number> = state.bounds.keys().map(|(number, ..)| *number).collect();
        let has = |state: &State, number, bound| state.bounds.contains_key(&(number, vector, array, bound));
        let last = indices
            .into_iter()
            .find(|number| has(state, *number, Bound::IsLength) && has(state, *number, Bound::BelowCapacity));
        let Some(last) = last else {
            return Err(format!("makes {vector:?} longer, and no room was seen to on all paths"));
        };
        state.bounds.retain(|(_, other, of, bound), ()| {
            (*other, *of) != (vector, array) || *bound == Bound::BelowLength
        });
        state.bounds.insert((last, vector, array, Bound::BelowLength), ());
        state.ranges.remove(&Number::Length(vector, array));
        Ok(())
    }
}

/// The part of one of so many values that is there.
fn value_at(offset: i32, values: usize, of: &str, place: impl FnOnce(i32) -> Place) -> Result<Cell, String> {
    if !(0..values as i32 * VALUE).contains(&offset) {
        return Err(format!("is at {offset} of {of}, where {values} values are"));
    }
    match offset % VALUE {
        0 => Ok(Cell::Tag(place(offset / VALUE))),
        PAYLOAD => Ok(Cell::Payload(place(offset / VALUE))),
        _ => Err(format!("is in the midst of a word, at {offset} of {of}")),
    }
}

fn load_field(state: &State, field: i32, at: u32) -> Result<Fact, String> {
    // These two are up to date only outside of machine code.
    let is_entering = state.registers[gpr::R14] == Fact::Saved(gpr::R14 as u8);
    match field {
        JitContext::FRAME if is_entering => Ok(Fact::Frame(0)),
        JitContext::SIZE if is_entering => Ok(Fact::Size),
        JitContext::GLOBALS => Ok(Fact::Globals(0)),
        JitContext::TOP => Ok(Fact::Top(0)),
        JitContext::LIMIT => Ok(Fact::Limit),
        JitContext::BOTTOM => Ok(Fact::Bottom),
        JitContext::LAST_FRAME => Ok(Fact::LastFrame),
        JitContext::LIVE => Ok(Fact::Live),
        JitContext::FUEL
        | JitContext::BEFORE
        | JitContext::ROOM_FOR_FRAME
        | JitContext::ROOM_FOR_ELEMENT
        | JitContext::MAX_MEMORY
        | JitContext::SCOPED => Ok(number(at, 0x40)),
        #[cfg(feature = "schedule")]
        JitContext::EXITS_LEFT => Ok(number(at, 0x40)),
        _ => Err(format!("reads the JIT context at {field}, where no field of machine code is")),
    }
}

fn store_field(state: &mut State, field: i32, fact: Fact) -> Result<(), String> {
    match (field, fact) {
        (JitContext::FRAME, Fact::Frame(0))
        | (JitContext::FUEL, Fact::Number(_))
        | (JitContext::SIZE, Fact::Size) => Ok(()),
        #[cfg(feature = "schedule")]
        (JitContext::EXITS_LEFT, Fact::Number(_)) => Ok(()),
        (JitContext::TOP, Fact::Top(RECORD)) if state.has_room && state.record == WHOLE_RECORD => {
            state.move_top(RECORD);
            (state.has_caller, state.knows_site) = (true, true);
            (state.has_room, state.has_popped, state.record) = (false, false, 0);
            Ok(())
        }
        (JitContext::TOP, Fact::Top(offset)) if offset == -RECORD && state.has_caller => {
            state.move_top(-RECORD);
            (state.has_popped, state.knows_popped_site) = (true, state.knows_site);
            (state.has_room, state.has_caller, state.knows_site, state.record) = (true, false, false, 0);
            Ok(())
        }
        _ => Err(format!("writes {fact:?} to the JIT context, at {field}")),
    }
}

fn load_record(state: &State, offset: i32, bits: u8, at: u32) -> Result<Fact, String> {
    let (field, knows_site) = if (-RECORD..0).contains(&offset) && state.has_caller {
        (offset + RECORD, state.knows_site)
    } else if (0..RECORD).contains(&offset) && state.has_popped {
        (offset, state.knows_popped_site)
    } else {
        return Err(format!("reads a record of a frame at {offset}, and none was seen to wait"));
    };
    match (field, bits) {
        (RECORD_SITE, 32) => Ok(Fact::Site { is_known: knows_site, is_shifted: false }),
        (RECORD_SIZE, 16) if offset >= 0 => Ok(Fact::WaitingSize { is_shifted: false }),
        (RECORD_DST, 8) if offset >= 0 => Ok(Fact::Destination { is_shifted: false }),
        (RECORD_PC | RECORD_CALLEE, 32) => Ok(number(at, 0x40)),
        _ => Err(format!("reads {bits} bits at {field} of a record of a frame")),
    }
}

impl State {
    /// The end of the frames that wait is so many bytes further on.
    fn move_top(&mut self, bytes: i32) {
        for fact in self.registers.iter_mut().chain(&mut self.stack) {
            if let Fact::Top(offset) = fact {
                *offset -= bytes;
            }
        }
    }
}

/// Whether an operand is in memory.
pub(super) fn is_memory(instruction: &Instruction, operand: u32) -> bool {
    instruction.op_kind(operand) == OpKind::Memory
}
