//! What instructions do to what is known.

use iced_x86::{Instruction, OpKind};

use super::calls::{Argument, Effect, Gives};
use super::facts::{Bound, Compared, Fact, Held, Number, Place, Vector, gpr, id, number};
use super::forms::{Condition, Form, form};
use super::memory::{Cell, is_memory, register};
use super::prover::Prover;
use super::state::{BOOL, State};
use super::subject::Writes;
use crate::exec::jit::layout::tag;
use crate::isa::REGISTERS;

/// The size of a value.
const VALUE: u64 = size_of::<crate::value::Value>() as u64;

impl Prover<'_> {
    /// Does an instruction. Tells whether control goes on to the next.
    pub(super) fn instruction(
        &mut self,
        state: &mut State,
        instruction: &Instruction,
    ) -> Result<bool, String> {
        let at = instruction.ip() as u32;
        let form = form(instruction).ok_or("no instruction of this form is listed")?;
        match form {
            Form::Move(bits) => {
                let fact = self.operand(state, instruction, 1, bits)?;
                self.assign(state, instruction, 0, bits, fact)?;
            }
            Form::Widen(bits) => {
                let fact = match self.operand(state, instruction, 1, bits)? {
                    Fact::Byte(byte) if state.range(byte).1 <= u64::from(u8::MAX) => Fact::Number(byte),
                    fact @ (Fact::Number(_) | Fact::WaitingSize { .. } | Fact::Destination { .. })
                        if is_memory(instruction, 1) =>
                    {
                        fact
                    }
                    _ => number(at, 0),
                };
                self.assign(state, instruction, 0, 64, fact)?;
            }
            Form::Address => {
                let fact = self.place(state, instruction)?;
                self.assign(state, instruction, 0, 64, fact)?;
            }
            Form::Compute(operation, bits) => self.compute(state, instruction, operation, bits)?,
            Form::Compare(bits) => {
                let left = self.operand(state, instruction, 0, bits)?;
                let right = self.operand(state, instruction, 1, bits)?;
                state.compared = Some(Compared { left, right });
            }
            Form::Test(bits) => {
                let left = self.operand(state, instruction, 0, bits)?;
                let right = self.operand(state, instruction, 1, bits)?;
                // Whether a number is 0: then it stands to 0 as if it had been compared with it.
                let is_zero = Compared { left, right: Fact::Number(Number::Constant(0)) };
                state.compared = (left == right).then_some(is_zero);
            }
            Form::Set => {
                state.ranges.insert(Number::Of(id(at, 0)), (0, 1));
                self.assign(state, instruction, 0, 8, Fact::Byte(Number::Of(id(at, 0))))?;
            }
            Form::MoveIf => self.move_if(state, instruction)?,
            Form::Push => {
                let fact = self.operand(state, instruction, 0, 64)?;
                state.stack.push(fact);
            }
            Form::Pop => {
                let fact = state.stack.pop().ok_or("takes from the stack what the host left there")?;
                self.assign(state, instruction, 0, 64, fact)?;
            }
            Form::Call => return self.call(state, instruction),
            Form::Jump => {
                self.lead(state, at, instruction.near_branch_target() as u32)?;
                return Ok(false);
            }
            Form::JumpIf(condition) => {
                let mut there = state.clone();
                if self.learn(&mut there, condition) {
                    self.lead(&there, at, instruction.near_branch_target() as u32)?;
                }
                return Ok(self.learn(state, condition.opposite()));
            }
            Form::JumpTo => {
                self.jump_to(state, instruction)?;
                return Ok(false);
            }
            Form::Return => {
                self.give_back(state)?;
                return Ok(false);
            }
            Form::Divide(bits) => {
                self.operand(state, instruction, 0, bits)?;
                state.registers[gpr::RAX] = number(at, 0);
                state.registers[gpr::RDX] = number(at, 1);
                state.compared = None;
            }
            Form::SignOfRax => state.registers[gpr::RDX] = number(at, 0),
            Form::MoveFloat => {
                if is_memory(instruction, 0) {
                    let cell = self.cell(state, instruction)?;
                    self.store(state, cell, 64, number(at, 0), at)?;
                } else if is_memory(instruction, 1) {
                    let cell = self.cell(state, instruction)?;
                    self.load(state, cell, 64, at)?;
                }
            }
            Form::Float | Form::CompareFloats => {
                if is_memory(instruction, 1) {
                    return Err("computes with a float in memory".to_owned());
                }
                if form == Form::CompareFloats {
                    state.compared = None;
                }
            }
            Form::BitsOfFloat => self.assign(state, instruction, 0, 64, number(at, 0))?,
            Form::FloatOfInt => {
                self.operand(state, instruction, 1, 64)?;
            }
        }
        Ok(true)
    }

    /// What an operand is, of which so many bits are read.
    pub(super) fn operand(
        &mut self,
        state: &mut State,
        instruction: &Instruction,
        operand: u32,
        bits: u8,
    ) -> Result<Fact, String> {
        let at = instruction.ip() as u32;
        match instruction.op_kind(operand) {
            OpKind::Memory => {
                let cell = self.cell(state, instruction)?;
                self.load(state, cell, bits, at)
            }
            OpKind::Register => {
                let name = instruction.op_register(operand);
                let (register, width) = register(name).ok_or_else(|| format!("uses {name:?}"))?;
                let fact = state.registers[register];
                Ok(match (width, fact) {
                    (64, fact) => fact,
                    (8, Fact::Number(number)) if state.range(number).1 > u64::from(u8::MAX) => {
                        Fact::Number(Number::Of(id(at, 0x50 + operand)))
                    }
                    (
                        _,
                        fact @ (Fact::Number(_)
                        | Fact::Byte(_)
                        | Fact::Registers
                        | Fact::Site { .. }
                        | Fact::Destination { .. }
                        | Fact::Shifted(..)),
                    ) => fact,
                    (_, _) => number(at, 0x50 + operand),
                })
            }
            _ => {
                let wide = instruction.immediate(operand);
                let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
                Ok(Fact::Number(Number::Constant(wide & mask)))
            }
        }
    }

    /// Writes an operand.
    pub(super) fn assign(
        &mut self,
        state: &mut State,
        instruction: &Instruction,
        operand: u32,
        bits: u8,
        fact: Fact,
    ) -> Result<(), String> {
        let at = instruction.ip() as u32;
        if is_memory(instruction, operand) {
            let cell = self.cell(state, instruction)?;
            return self.store(state, cell, bits, fact, at);
        }
        let name = instruction.op_register(operand);
        let (register, width) = register(name).ok_or_else(|| format!("writes {name:?}"))?;
        if register == gpr::RSP {
            return Err("writes the stack pointer".to_owned());
        }
        let fact = match (width, fact) {
            (8, Fact::Number(number) | Fact::Byte(number)) => Fact::Byte(number),
            // The upper half of what was 64 bits is lost.
            (32, Fact::Number(wide)) if state.range(wide).1 > u64::from(u32::MAX) => number(at, 0x60),
            (8 | 16, _) => number(at, 0x60),
            (_, fact) => fact,
        };
        // `mov rbx, …` begins another frame, or takes the current one from where it was moved to.
        if register == gpr::RBX {
            return self.set_frame(state, fact, at);
        }
        state.registers[register] = fact;
        Ok(())
    }

    /// rbx is written.
    fn set_frame(&mut self, state: &mut State, fact: Fact, at: u32) -> Result<(), String> {
        if fact == Fact::Next(0) {
            if !state.has_next || !state.has_caller {
                return Err(
                    "begins a frame without room, or without a record of the one that waits".to_owned()
                );
            }
            self.is_whole(state)?;
            state.places.retain(|place, _| !matches!(place, Place::Slot(_) | Place::Destination));
            let next: Vec<(u8, Held)> = state
                .places
                .iter()
                .filter_map(
                    |(place, held)| if let Place::Next(slot) = place { Some((*slot, *held)) } else { None },
                )
                .collect();
            state.places.retain(|place, _| !matches!(place, Place::Next(_)));
            for (slot, held) in next {
                state.places.insert(Place::Slot(slot), held);
            }
            state.leave_frame(at);
            state.is_new = true;
            state.registers[gpr::R13] = number(at, 0x61);
            state.registers[gpr::RBX] = Fact::Frame(0);
        } else {
            state.registers[gpr::RBX] = fact;
        }
        Ok(())
    }

    /// The address that `lea` computes.
    fn place(&mut self, state: &mut State, instruction: &Instruction) -> Result<Fact, String> {
        let at = instruction.ip() as u32;
        let of = |name| register(name).map(|(register, _)| state.registers[register]);
        let base = of(instruction.memory_base()).ok_or("computes an address without a base")?;
        let index = of(instruction.memory_index());
        let offset = instruction.memory_displacement64().cast_signed() as i32;
        Ok(match (base, index) {
            (Fact::Frame(from), None) => Fact::Frame(from + offset),
            (Fact::Globals(from), None) => Fact::Globals(from + offset),
            (Fact::Frame(0), Some(Fact::Size)) if instruction.memory_index_scale() == 1 => Fact::Next(offset),
            (Fact::Number(_), None) => number(at, 0),
            (_, Some(Fact::Shifted(..) | Fact::Vector(..))) => {
                // An element, if it can be one.
                match self.cell(state, instruction)? {
                    Cell::Tag(place @ Place::Element(_)) => self.element_at(place, at),
                    _ => number(at, 0),
                }
            }
            _ => number(at, 0),
        })
    }

    fn element_at(&self, place: Place, at: u32) -> Fact {
        let found = self.elements.iter().find(|(_, number)| Place::Element(**number) == place);
        found.map_or(number(at, 0), |((array, index), _)| {
            Fact::Element(super::facts::Vector::Values, *array, *index)
        })
    }

    fn move_if(&mut self, state: &mut State, instruction: &Instruction) -> Result<(), String> {
        let at = instruction.ip() as u32;
        let taken = self.operand(state, instruction, 1, 64)?;
        let kept = self.operand(state, instruction, 0, 64)?;
        let (low, mut high) = state.range_of(kept);
        if let Some(Compared { left, right: Fact::Number(Number::Constant(most)) }) = state.compared
            && left == kept
        {
            high = high.min(most);
        }
        let (least, greatest) = state.range_of(taken);
        state.ranges.insert(Number::Of(id(at, 0)), (low.min(least), high.max(greatest)));
        self.assign(state, instruction, 0, 64, number(at, 0))
    }

    /// Goes to where a register or the table says.
    fn jump_to(&mut self, state: &mut State, instruction: &Instruction) -> Result<(), String> {
        if is_memory(instruction, 0) {
            if self.cell(state, instruction)? != Cell::Target {
                return Err("goes to an address that stands in no table".to_owned());
            }
            if !matches!(state.registers[gpr::RCX], Fact::Site { is_known: true, is_shifted: false }) {
                return Err("comes back to a call whose number is not in rcx".to_owned());
            }
            return self.is_in_order(state);
        }
        if self.operand(state, instruction, 0, 64)? != Fact::Target {
            return Err("goes to an address that is no target of the host".to_owned());
        }
        let kept = gpr::KEPT.iter().all(|register| state.stack.contains(&Fact::Saved(*register as u8)));
        if !kept {
            return Err("goes on before the registers of the host were saved".to_owned());
        }
        if state.stack.len().is_multiple_of(2) {
            return Err("goes on with a stack that is not aligned".to_owned());
        }
        // What the host wants to go to relies on it.
        self.stack.clone_from(&state.stack);
        let fuel = &mut state.registers[gpr::R12];
        if let Fact::Saved(_) = fuel {
            return Err("goes on without fuel".to_owned());
        }
        self.is_in_order(state)
    }

    /// Goes back to the host.
    fn give_back(&self, state: &State) -> Result<(), String> {
        if !state.stack.is_empty() {
            return Err(format!("goes back to the host with {} words on the stack", state.stack.len()));
        }
        for register in gpr::KEPT {
            if state.registers[register] != Fact::Saved(register as u8) {
                let held = state.registers[register];
                return Err(format!(
                    "goes back to the host with {held:?} in register {register}, which is the host's"
                ));
            }
        }
        self.is_whole(state)
    }

    /// Calls a stub. Tells whether it comes back.
    fn call(&mut self, state: &mut State, instruction: &Instruction) -> Result<bool, String> {
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
            Effect::None => None,
            Effect::Instruction => Some(match passed[1] {
                Fact::Number(Number::Constant(place)) => &self.subject.writes[place as usize],
                _ => &Writes::All,
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
        state.after_call(at, stub.gives, effects);
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

    fn argument(&self, state: &State, argument: Argument, fact: Fact, written: &mut Vec<Place>) -> bool {
        let place = match fact {
            Fact::Frame(offset)
                if (0..REGISTERS as i32 * VALUE as i32).contains(&offset) && offset % VALUE as i32 == 0 =>
            {
                Some(Place::Slot((offset / VALUE as i32) as u8))
            }
            Fact::Globals(offset)
                if (0..self.subject.globals as i32 * VALUE as i32).contains(&offset)
                    && offset % VALUE as i32 == 0 =>
            {
                Some(Place::Global((offset / VALUE as i32) as u16))
            }
            Fact::DestinationPlace => Some(Place::Destination),
            _ => None,
        };
        let below = |most: u64| matches!(fact, Fact::Number(Number::Constant(number)) if number < most);
        match argument {
            Argument::Context => fact == Fact::Context,
            Argument::Frame => fact == Fact::Frame(0),
            Argument::Size => fact == Fact::Size,
            Argument::Number | Argument::Payload => matches!(fact, Fact::Number(_)),
            Argument::Tag => matches!(fact, Fact::Number(_)),
            Argument::Instruction => below(self.subject.writes.len() as u64),
            Argument::Read => match fact {
                Fact::Number(Number::Constant(address)) => self.subject.constants.contains(&address),
                _ => place
                    .is_some_and(|place| !matches!(place, Place::Global(_)) || self.is_there(state, place)),
            },
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

    /// What a condition tells of what was compared, where it holds. Tells whether it can.
    fn learn(&self, state: &mut State, condition: Condition) -> bool {
        let Some(Compared { left, right }) = state.compared else { return true };
        match (left, right) {
            (Fact::Next(0), Fact::LastFrame) => state.has_next |= condition == Condition::NotAbove,
            (Fact::Top(0), Fact::Limit) => state.has_room |= condition == Condition::Below,
            (Fact::Top(0), Fact::Bottom) => state.has_caller |= condition == Condition::NotEqual,
            (Fact::Site { .. }, Fact::Number(Number::Constant(sites))) if sites <= self.subject.sites => {
                state.knows_site |= condition == Condition::Below;
            }
            (Fact::Number(Number::Count(value)), Fact::Number(Number::Constant(1 | 2)))
                if condition == Condition::Equal =>
            {
                state.counted.insert(value, ());
            }
            (Fact::Number(number), Fact::Number(Number::Constant(constant))) => {
                learn_range(state, number, constant, condition);
                let (low, high) = state.range(number);
                if let Some((made, string)) = state.made
                    && made == number
                    && low > 0
                {
                    state.narrow(string, tag::STRING as u64, tag::STRING as u64);
                }
                return low <= high;
            }
            (Fact::Number(index), Fact::Number(Number::Length(vector, array))) => match condition {
                Condition::Below => {
                    state.bounds.insert((index, vector, array, Bound::BelowLength), ());
                }
                Condition::Equal => {
                    state.bounds.insert((index, vector, array, Bound::IsLength), ());
                }
                _ => {}
            },
            (Fact::Number(index), Fact::Number(Number::Capacity(vector, array)))
                if condition == Condition::Below =>
            {
                state.bounds.insert((index, vector, array, Bound::BelowCapacity), ());
            }
            _ => {}
        }
        true
    }
}

/// What a comparison with a constant tells of a number.
fn learn_range(state: &mut State, number: Number, constant: u64, condition: Condition) {
    let (low, high) = state.range(number);
    match condition {
        Condition::Equal => state.narrow(number, constant, constant),
        Condition::NotEqual if low == constant => state.narrow(number, constant.saturating_add(1), high),
        Condition::NotEqual if high == constant => state.narrow(number, low, constant.saturating_sub(1)),
        Condition::Below => state.narrow(number, low, constant.saturating_sub(1)),
        Condition::NotAbove => state.narrow(number, low, constant),
        Condition::Above => state.narrow(number, constant.saturating_add(1), high),
        Condition::NotBelow => state.narrow(number, constant, high),
        Condition::NotEqual | Condition::Other => {}
    }
    // An element that is a number has a word.
    if let Number::Code(id) | Number::Masked(id) = number
        && state.range(number).0 > BOOL
        && let Some((array, index)) = state.codes.get(&id).copied()
    {
        state.bounds.insert((index, Vector::Words, array, Bound::BelowLength), ());
    }
}

impl State {
    /// The frame is another now: nothing is known of its values.
    pub(super) fn leave_frame(&mut self, at: u32) {
        for (register, fact) in self.registers.iter_mut().enumerate() {
            if matches!(fact, Fact::Frame(_) | Fact::Next(_)) {
                *fact = number(at, 0x70 + register as u32);
            }
        }
        self.frame = at;
        self.has_next = false;
        self.is_new = false;
    }

    /// What is known behind the call of a stub.
    fn after_call(&mut self, at: u32, gives: Gives, effects: Option<&Writes>) {
        const LOST: [usize; 9] = [0, 1, 2, 6, 7, 8, 9, 10, 11];
        for register in LOST {
            self.registers[register] = number(at, register as u32);
        }
        (self.compared, self.made) = (None, None);
        self.forget_heap(at);
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
