//! The way over all blocks, until nothing new is learnt, and what must be so where control goes from one to another.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{BLOCK, Fact, Held, Id, Number, Place, gpr};
use super::prover::Prover;
use super::state::State;
use super::subject::Entry;
use super::walk::{Walk, refuse};
use super::{Refusal, Subject};
use crate::exec::jit::layout::tag;
use crate::exec::specialise::Type;
use crate::isa::REGISTERS;

/// So often a block is looked at again: what is known of it gets less each time.
const MOST_VISITS: u32 = 1000;
/// Of a block that more lead to, what is known is kept for all paths together, and not for each: thousands of exits may lead to one place.
const MOST_PATHS: u32 = 8;
/// After so many visits nothing more is known of the numbers that paths bring to a block: a counter would become known a turn at a time.
const WIDENED: u32 = 16;
/// The size of a value.
const VALUE: u64 = size_of::<crate::value::Value>() as u64;

/// Proves a buffer.
pub(super) fn prove(subject: &Subject<'_>, walk: &Walk) -> Result<(), Refusal> {
    let mut prover = Prover {
        subject,
        walk,
        stack: Vec::new(),
        entered: BTreeMap::new(),
        paths: BTreeMap::new(),
        joined: BTreeMap::new(),
        order: walk.order(subject),
        pending: BTreeSet::new(),
        visits: BTreeMap::new(),
        elements: BTreeMap::new(),
    };
    prover.entered.insert(subject.start, State::start(subject.start));
    prover.block(subject.start)?;
    for (at, entry) in &subject.entries {
        if let Entry::Block(types) = entry {
            let mut state = State::entry(*at, prover.stack.clone());
            types.iter().for_each(|(slot, ty)| state.assume(*slot, *ty));
            if subject.table.contains(at) {
                state.registers[gpr::RCX] = Fact::Site { is_known: true, is_shifted: false };
            }
            prover.entered.insert(*at, state);
            prover.look_at(*at);
        }
    }
    while let Some((_, at)) = prover.pending.pop_first() {
        prover.block(at)?;
    }
    Ok(())
}

/// The least and the greatest tag of a type.
fn tags(ty: Type) -> (u64, u64) {
    let (low, high) = match ty {
        Type::Any | Type::Free => (0, tag::LAST),
        Type::Scalar => (0, tag::LAST_SCALAR),
        Type::Bool => (tag::BOOL, tag::BOOL),
        Type::Int => (tag::INT, tag::INT),
        Type::Float => (tag::FLOAT, tag::FLOAT),
    };
    (low as u64, high as u64)
}

impl Prover<'_> {
    /// Puts a block on the list of those to look at.
    fn look_at(&mut self, at: u32) {
        self.pending.insert((self.order.get(&at).copied().unwrap_or_default(), at));
    }

    /// Goes over a block, and to where it leads.
    fn block(&mut self, begin: u32) -> Result<(), Refusal> {
        let Some(mut state) = self.known_at(begin)? else { return Ok(()) };
        let visits = self.visits.entry(begin).or_default();
        *visits += 1;
        let (is_again, is_endless) = (*visits > 1, *visits > MOST_VISITS);
        if *visits > WIDENED {
            state.widen(begin);
        }
        let mut at = begin;
        loop {
            let Some(instruction) = self.walk.instructions.get(&at).copied() else { return Ok(()) };
            let refused = |why: String| refuse(self.subject, &instruction, why);
            if is_endless {
                return Err(refused(format!("what is known here changed {MOST_VISITS} times")));
            }
            if is_again {
                state.redefine(at);
            }
            for (slot, ty) in self.subject.needs.get(&at).into_iter().flatten() {
                state.assume(*slot, *ty);
            }
            let goes_on = self.instruction(&mut state, &instruction);
            let goes_on = goes_on.map_err(|why| refuse(self.subject, &instruction, why))?;
            if !goes_on {
                return Ok(());
            }
            at = instruction.next_ip() as u32;
            if self.walk.leaders.contains(&at) {
                let led = self.lead(&state, instruction.ip() as u32, at);
                return led.map_err(|why| refuse(self.subject, &instruction, why));
            }
        }
    }

    /// Control comes to a block.
    pub(super) fn lead(&mut self, state: &State, from: u32, to: u32) -> Result<(), String> {
        self.is_whole(state)?;
        let mut state = match self.subject.entries.get(&to) {
            Some(Entry::Block(types)) => return self.enter(state, types),
            Some(Entry::Again) => self.resume(state, to)?,
            None => state.clone(),
        };
        state.drop_unreachable();
        if self.walk.leads_to(to) > MOST_PATHS {
            return self.join(state, to);
        }
        let paths = self.paths.entry(to).or_default();
        if paths.get(&from) != Some(&state) {
            paths.insert(from, state);
            self.look_at(to);
        }
        Ok(())
    }

    /// One more path leads to a block that has many.
    fn join(&mut self, state: State, to: u32) -> Result<(), String> {
        let joined = match self.joined.get(&to) {
            None => state.arriving(to, &self.subject.objects),
            Some(before) => {
                let mut joined = before.clone();
                joined.join(&state, to, &self.subject.objects)?;
                if joined == *before {
                    return Ok(());
                }
                joined
            }
        };
        self.joined.insert(to, joined);
        self.look_at(to);
        Ok(())
    }

    /// What is known where a block begins: what is known on all paths there.
    fn known_at(&mut self, begin: u32) -> Result<Option<State>, Refusal> {
        if let Some(state) = self.entered.get(&begin) {
            return Ok(Some(state.clone()));
        }
        if self.walk.leads_to(begin) == 1 {
            // It is looked at when that instruction is, so that nothing need be kept to compare with: there are as many of these as
            // there are exits.
            return Ok(self.paths.remove(&begin).and_then(|paths| paths.into_values().next()));
        }
        if let Some(state) = self.joined.get(&begin) {
            return Ok(Some(state.clone()));
        }
        let mut paths = self.paths.get(&begin).into_iter().flat_map(BTreeMap::values);
        let Some(mut state) = paths.next().map(|path| path.arriving(begin, &self.subject.objects)) else {
            return Ok(None);
        };
        for path in paths {
            if let Err(why) = state.join(path, begin, &self.subject.objects) {
                let instruction = self.walk.instructions.get(&begin).copied().unwrap_or_default();
                return Err(refuse(self.subject, &instruction, why));
            }
        }
        Ok(Some(state))
    }

    /// Control comes to a block that the host may enter, too: what that relies on must be so.
    fn enter(&self, state: &State, types: &[(u8, Type)]) -> Result<(), String> {
        self.is_in_order(state)?;
        for (slot, ty) in types {
            let held = state.held(Place::Slot(*slot));
            let (low, high) = state.range_of(held.tag);
            let (least, most) = tags(*ty);
            if low > most || high < least {
                // What was written there is what is there. Of what was only compared, no such path is ever taken: a guard that never
                // holds, on a value that specialised code knows to be of another type.
                if !matches!(held.tag, Fact::Number(Number::Constant(_))) {
                    return Ok(());
                }
                return Err(format!(
                    "goes to a block that knows r{slot} for {ty:?}, and the tag is from {low} to {high}"
                ));
            }
        }
        Ok(())
    }

    /// That registers of the processor, the stack and all values are as blocks find them.
    pub(super) fn is_in_order(&self, state: &State) -> Result<(), String> {
        let size = state.registers[gpr::R13];
        let is_whole = |size: u64| size.is_multiple_of(VALUE) && size <= REGISTERS as u64 * VALUE;
        let is_size = size == Fact::Size
            || matches!(size, Fact::Number(Number::Constant(size)) if state.is_new && is_whole(size));
        let wanted = [(gpr::RBX, Fact::Frame(0)), (gpr::R14, Fact::Globals(0)), (gpr::R15, Fact::Context)];
        for (register, fact) in wanted {
            if state.registers[register] != fact {
                let held = state.registers[register];
                return Err(format!("goes on with {held:?} in register {register}, and not with {fact:?}"));
            }
        }
        if !is_size {
            return Err(format!(
                "goes on with {:?} in r13, and not with the size of the frame",
                state.registers[13]
            ));
        }
        if !matches!(state.registers[gpr::R12], Fact::Number(_)) {
            return Err(format!(
                "goes on with {:?} in r12, and not with the fuel",
                state.registers[gpr::R12]
            ));
        }
        if state.stack != self.stack {
            return Err(format!(
                "goes on with {} words on the stack, and not with the {} that were there",
                state.stack.len(),
                self.stack.len()
            ));
        }
        self.is_whole(state)
    }

    /// That no place holds a part of one value and a part of another.
    pub(super) fn is_whole(&self, state: &State) -> Result<(), String> {
        match state.torn(&self.subject.objects) {
            None => Ok(()),
            Some(place) => {
                let Held { tag, payload } = state.held(place);
                Err(format!("goes on while {place:?} holds the tag {tag:?} and the payload {payload:?}"))
            }
        }
    }

    /// What is known where the host comes back to the midst of a block.
    fn resume(&self, state: &State, at: u32) -> Result<State, String> {
        self.is_in_order(state)?;
        let mut resumed = State { registers: State::entry(at, Vec::new()).registers, ..state.clone() };
        resumed.forget_heap(at | BLOCK);
        resumed.compared = None;
        (resumed.has_next, resumed.has_room, resumed.has_caller, resumed.knows_site) =
            (false, false, false, false);
        (resumed.has_popped, resumed.knows_popped_site, resumed.record) = (false, false, 0);
        Ok(resumed)
    }
}

impl State {
    /// Nothing is known of how great the numbers are that are joined where a block begins. Of tags and codes there are few.
    fn widen(&mut self, at: u32) {
        let is_joined = |id: &Id| id.at == at | BLOCK;
        self.ranges.retain(|number, _| match number {
            Number::Of(id) => !is_joined(id),
            Number::Payload(value) => !is_joined(&value.id),
            Number::Constant(_)
            | Number::Tag(_)
            | Number::Count(_)
            | Number::Length(..)
            | Number::Capacity(..)
            | Number::Code(_)
            | Number::Masked(_) => true,
        });
    }

    /// A register of the frame is of a type.
    fn assume(&mut self, slot: u8, ty: Type) {
        let (low, high) = tags(ty);
        if let Fact::Number(tag @ Number::Tag(_)) = self.held(Place::Slot(slot)).tag {
            self.narrow(tag, low, high);
        }
    }
}
