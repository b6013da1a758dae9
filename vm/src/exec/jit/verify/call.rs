//! Calls of runtime stubs: that arguments are what the stub takes, and what is known behind it.

use iced_x86::Instruction;

use super::calls::{Argument, Effect, Gives};
use super::facts::{Fact, Held, Number, Place, gpr, id, number};
use super::prover::Prover;
use super::state::State;
use super::subject::Writes;
use crate::exec::jit::layout::tag;
use crate::isa::REGISTERS;

/// The size of a value.
const VALUE: u64 = size_of::<crate::value::Value>() as u64;

impl Prover<'_> {
    /// Calls a stub. Tells whether it comes back.
    pub(super) fn call(&mut self, state: &mut State, instruction: &Instruction) -> Result<bool, String> {
        let at = instruction.ip() as u32;
        let Fact::Number(Number::Constant(address)) = self.operand(state, instruction, 0, 64)? else {
            return Err("calls an address that is not known".to_owned());
        };
        let stub = self.subject.stubs.get(&address).copied();
        let stub = stub.ok_or_else(|| format!("calls {address:#x}, where no runtime stub is"))?;
        if state.stack.len().is_multiple_of(2) {
            return Err(format!("calls {} with a stack that is not aligned", stub.name));
        }
        let passed = gpr::ARGUMENTS.map(|register| state.registers[register]);
        let mut written = Vec::new();
        for (number, (argument, fact)) in stub.arguments.iter().zip(passed).enumerate() {
            let is_fine = self.argument(state, *argument, fact, &mut written);
            if !is_fine {
                return Err(format!(
                    "calls {} with {fact:?} as argument {number}, which is no {argument:?}",
                    stub.name
                ));
            }
        }
        if stub.gives == Gives::Never {
            return Ok(false);
        }
        self.is_whole(state)?;
        let effects = match stub.effect {
            Effect::None | Effect::Memory => None,
            Effect::Instruction => Some(if let Fact::Number(Number::Constant(place)) = passed[1] {
                &self.subject.writes[place as usize]
            } else {
                &Writes::All
            }),
        };
        let value = if stub.name == "assign" {
            let held = Held { tag: passed[1], payload: passed[2] };
            if !state.is_whole(held, &self.subject.objects) {
                return Err(format!(
                    "calls assign with a tag and a payload that are of two values: {held:?}"
                ));
            }
            Some(held)
        } else {
            None
        };
        state.after_call(at, stub.gives, effects, stub.effect == Effect::Memory);
        for (number, place) in written.into_iter().enumerate() {
            if place == Place::Destination {
                state.places.retain(|other, _| !matches!(other, Place::Slot(_)));
                state.frame = at;
            }
            match value {
                Some(held) => {
                    state.places.insert(place, held);
                }
                None => state.forget(place, at, 0x30_0000 + number as u32),
            }
            if stub.gives == Gives::BoolOfString
                && let Fact::Number(tag) = state.held(place).tag
            {
                state.made = Some((Number::Of(id(at, 0)), tag));
            }
        }
        Ok(true)
    }

    /// The place of a value that an address is of, if it is one.
    fn place_at(&self, fact: Fact) -> Option<Place> {
        let number = |offset: i32, count: usize| {
            let is_one = (0..count as i32 * VALUE as i32).contains(&offset) && offset % VALUE as i32 == 0;
            is_one.then_some(offset / VALUE as i32)
        };
        if let Fact::Frame(offset) = fact {
            Some(Place::Slot(number(offset, REGISTERS)? as u8))
        } else if let Fact::Globals(offset) = fact {
            Some(Place::Global(number(offset, self.subject.globals)? as u16))
        } else {
            (fact == Fact::DestinationPlace).then_some(Place::Destination)
        }
    }

    fn argument(&self, state: &State, argument: Argument, fact: Fact, written: &mut Vec<Place>) -> bool {
        let place = self.place_at(fact);
        let below = |most: u64| matches!(fact, Fact::Number(Number::Constant(number)) if number < most);
        match argument {
            Argument::Context => fact == Fact::Context,
            Argument::Frame => fact == Fact::Frame(0),
            Argument::Size => fact == Fact::Size,
            Argument::Number | Argument::Payload => matches!(fact, Fact::Number(_)),
            Argument::Tag => matches!(fact, Fact::Number(_)),
            Argument::Instruction => below(self.subject.writes.len() as u64),
            Argument::Read => {
                if let Fact::Number(Number::Constant(address)) = fact {
                    self.subject.constants.contains(&address)
                } else {
                    place.is_some_and(|place| {
                        !matches!(place, Place::Global(_)) || self.is_there(state, place)
                    })
                }
            }
            Argument::Write => {
                written.extend(place);
                place.is_some()
            }
        }
    }

    /// Whether a global is known to be there.
    fn is_there(&self, state: &State, place: Place) -> bool {
        state.range_of(state.held(place).tag).1 <= tag::LAST as u64
    }
}

impl State {
    /// What is known behind the call of a stub.
    fn after_call(&mut self, at: u32, gives: Gives, effects: Option<&Writes>, keeps_heap: bool) {
        const LOST: [usize; 9] = [0, 1, 2, 6, 7, 8, 9, 10, 11];
        for register in LOST {
            self.registers[register] = number(at, register as u32);
        }
        (self.compared, self.made) = (None, None);
        if !keeps_heap {
            self.forget_heap(at);
        }
        match gives {
            Gives::Bool | Gives::BoolOfString => {
                self.ranges.insert(Number::Of(id(at, 0)), (0, 1));
            }
            Gives::Frame => {
                // Frames were moved: the old place is no more.
                for register in 0..16 {
                    if matches!(self.registers[register], Fact::Frame(_) | Fact::Next(_)) {
                        self.registers[register] = number(at, 0x70 + register as u32);
                    }
                }
                self.registers[gpr::RAX] = Fact::Frame(0);
                self.has_next = true;
            }
            Gives::Nothing | Gives::Number | Gives::Never => {}
        }
        match effects {
            None => return,
            Some(Writes::All) => {
                self.places.retain(|place, _| !matches!(place, Place::Slot(_)));
                self.frame = at;
            }
            Some(Writes::Slots(slots)) => {
                for slot in slots {
                    self.forget(Place::Slot(*slot), at, 0x40_0000 + u32::from(*slot));
                }
            }
        }
        self.places.retain(|place, _| !matches!(place, Place::Global(_)));
        self.globals = at;
    }
}
