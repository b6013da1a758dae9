//! Making fast code.
//!
//! Code is made when control comes to it for the first time, piece by piece, so the compiler sees the very values that the
//! code will work on. It goes along the path that is taken; the other side of a branch, the way back from a call, and
//! whatever depends on a value that is not there yet are left as stubs. Where paths meet, nothing may be pending, and code
//! that was made for one path is used by others about which at least as much is known.

mod control;
mod instructions;
mod numbers;
mod writes;

use std::rc::Rc;

use super::code::{At, Code, Exit, Fast, From, RESERVE, Slot, Stub, Version};
use super::flow::RegSet;
use super::state::{Kind, Source, State};
use crate::interpreter::Program;
use crate::interpreter::lower::Op;
use crate::isa::{REGISTERS, Reg};
use crate::value::Value;

/// Makes one piece of fast code.
pub(super) struct Compiler<'a> {
    code: &'a mut Code,
    program: &'a Program,
    /// The registers as they are, now that control comes to where the piece begins.
    registers: &'a [Value; REGISTERS],
    state: State,
    /// The plain instruction that is up.
    pc: usize,
    /// Whether `registers` is still what the code made so far would leave behind.
    is_fresh: bool,
    /// Where the piece begins. What stands before may have been executed already.
    begin: usize,
}

/// Whether a piece goes on.
#[derive(PartialEq, Eq)]
enum Piece {
    GoesOn,
    Ended,
}

/// Steps are charged at the latest when there are so many. One instruction and a run of phis may come on top.
const MOST_STEPS: u16 = 128;
/// The steps of so many phis come on top.
const MOST_PHIS: usize = 64;
/// Longer runs are charged by themselves, at once; what is longer than this is left to plain code.
const MOST_PHIS_CHARGED: usize = RESERVE as usize;
/// So many instructions may stand between an operation and the move of its result.
const MOST_BETWEEN: usize = 16;
const _: () = assert!(MOST_STEPS as usize + MOST_PHIS + 4 < RESERVE as usize);

/// So many writes are put off at most. Each instruction that is made looks through them.
const MOST_PENDING: usize = 96;

/// So many instructions are made before control must have come there.
const MOST_AT_ONCE: usize = 256;

/// So many pieces are made for one place with all that is known of values, and then so many more with less.
const MOST_EXACT: usize = 4;
const MOST_VERSIONS: usize = 8;
/// [`MOST_EXACT`], unless it is switched off.
fn most_exact() -> usize {
    if without!("versions") { 0 } else { MOST_EXACT }
}

/// After so many wrong guesses on one path, nothing more is guessed on it.
const MOST_SURPRISES: u8 = 3;

impl Code {
    /// Makes the code of a stub, links what led there, and gives its position.
    pub(super) fn make_stub(
        &mut self,
        program: &Program,
        registers: &[Value; REGISTERS],
        number: usize,
    ) -> Option<At> {
        let stub = self.stubs.get_mut(number)?.take()?;
        let from = stub.from;
        // What ends in a goto is gone on with where it ends.
        let goes_on = matches!(from, From::Code(position) if position + 1 == self.ops.len()
            && matches!(self.ops[position], Fast::Goto { .. }));
        if goes_on {
            self.changes += 1;
            self.ops.pop();
            self.exit_of.pop();
        } else {
            self.floor = self.ops.len();
        }
        let Stub { pc, state, is_inside, written, .. } = *stub;
        let mut compiler = Compiler::new(self, program, registers, pc as usize, state);
        if let Some(dst) = written
            && !compiler.is_at_phi()
        {
            // What a call gave is looked at once, here, where a return can tell that it need not be.
            compiler.know(dst, is_inside);
        }
        let at = compiler.piece(is_inside);
        if !goes_on {
            self.link(from, at);
        }
        Some(at)
    }

    /// The code to go on with at a plain instruction, given the registers as they are; where there is none, it is made, if that
    /// may be.
    pub(super) fn enter(
        &mut self,
        program: &Program,
        registers: &[Value; REGISTERS],
        pc: usize,
        size: usize,
        can_make: bool,
    ) -> Option<At> {
        if !self.has_room_for(pc) {
            return None;
        }
        let can_make = can_make && !self.is_full();
        let mut kinds = [Kind::Scalar; REGISTERS];
        for (kind, value) in kinds.iter_mut().zip(&registers[..size]) {
            *kind = if without!("kinds") { Kind::Any } else { Kind::of(value, program.functions.id) };
        }
        let mut state = State::new(kinds);
        state.weaken_dead(self, pc);
        if let Some(at) = self.version(pc, &state) {
            return Some(at);
        }
        if !can_make {
            return None;
        }
        self.floor = self.ops.len();
        self.changes += 1;
        let mut compiler = Compiler::new(self, program, registers, pc, state);
        let begin = compiler.position();
        compiler.join();
        compiler.piece(true);
        Some(begin)
    }

    /// Whether there is code for a plain instruction, or room for some.
    pub(super) fn has_room_for(&self, pc: usize) -> bool {
        !self.is_full() || self.versions.contains_key(&(pc as u32))
    }

    /// The code to go on with after an exit that was taken often, given the registers as they are.
    pub(super) fn detour(
        &mut self,
        program: &Program,
        registers: &[Value; REGISTERS],
        exit: usize,
        can_make: bool,
    ) -> Option<At> {
        /// So often must an exit be taken.
        const OFTEN: u32 = 4;
        let can_make = can_make && !self.is_full();
        let exit = &mut self.exits[exit];
        if exit.other.is_some() {
            return exit.other;
        }
        exit.taken += 1;
        if exit.taken < OFTEN || !can_make || exit.state.surprises > MOST_SURPRISES {
            return None;
        }
        let mut state = State::clone(&exit.state);
        let pc = exit.pc as usize;
        state.surprises = state.surprises.saturating_add(1);
        exit.other = Some(At::of(self.ops.len()));
        self.changes += 1;
        self.floor = self.ops.len();
        let is_phi = program.ops.get(pc).is_some_and(|op| matches!(op, Op::Phi { .. }));
        Some(Compiler::new(self, program, registers, pc, state).piece(!is_phi))
    }

    /// The code that was made for a place, if there is some that does for what is known.
    fn version(&self, pc: usize, state: &State) -> Option<At> {
        let versions = self.versions.get(&(pc as u32))?;
        let is_fit = |version: &&Version| {
            version.state.admits(state)
                && (versions.len() >= most_exact() || version.state.drops_no_more_than(state))
        };
        versions.iter().find(is_fit).map(|version| version.at)
    }
}

impl State {
    /// Forgets what kind of number a register holds that is written before it is read.
    fn weaken_dead(&mut self, code: &Code, pc: usize) {
        let live = code.graph.live_at(pc);
        for (kinds, live) in self.kinds.chunks_exact_mut(64).zip(live.words()) {
            // Registers that nothing is known of are as they would be, and most are such.
            let mut known = 0_u64;
            for (place, kind) in kinds.iter().enumerate() {
                known |= u64::from(*kind > Kind::Scalar) << place;
            }
            let mut dead = known & !live;
            while dead != 0 {
                kinds[dead.trailing_zeros() as usize] = Kind::Scalar;
                dead &= dead - 1;
            }
        }
    }
}

impl<'a> Compiler<'a> {
    fn new(
        code: &'a mut Code,
        program: &'a Program,
        registers: &'a [Value; REGISTERS],
        pc: usize,
        state: State,
    ) -> Self {
        let begin = code.ops.len();
        Self { code, program, registers, state, pc, is_fresh: true, begin }
    }

    fn is_at_phi(&self) -> bool {
        matches!(self.program.ops.get(self.pc), Some(Op::Phi { .. }))
    }

    fn position(&self) -> At {
        At::of(self.code.ops.len())
    }

    /// Makes a piece and gives where it begins.
    fn piece(mut self, is_inside: bool) -> At {
        let begin = At::of(self.begin);
        self.make(is_inside);
        // What is joined from neighbours comes last: until then, what follows may still change what is there.
        let ops = &mut self.code.ops;
        for place in begin.index().max(2) - 1..ops.len().saturating_sub(1) {
            if without!("turns") {
                break;
            }
            // Where the turn of a loop was made in its first go, control comes to the test from above. What leads here from
            // above, if anything does, was the piece before.
            if let Fast::Charge { steps } = ops[place]
                && let Some(turn) = ops[place + 1].with_jump(At::of(place + 1), steps)
                && let Some(op) = turn.with_counter(&ops[place - 1])
            {
                // It does the same for what leads there, and goes on to what stood behind it.
                ops[place - 1] = op;
            }
        }
        let mut place = begin.index();
        while place + 1 < ops.len() && !without!("pairs") {
            if let Some(op) = ops[place].with_next(ops[place + 1]) {
                ops[place] = op;
                place += 1;
            }
            place += 1;
        }
        begin
    }

    fn make(&mut self, mut is_inside: bool) {
        loop {
            if self.code.is_full() {
                self.leave();
                return;
            }
            if self.code.ops.len() - self.begin >= MOST_AT_ONCE {
                self.suspend(is_inside);
                return;
            }
            if self.state.pending.len() > MOST_PENDING {
                self.flush(|_, _| true);
            }
            if without!("put-off") {
                self.flush(|_, from| !matches!(from, Source::Constant(_)));
            }
            if !std::mem::take(&mut is_inside) && self.arrive() == Piece::Ended {
                return;
            }
            if self.state.steps >= MOST_STEPS {
                self.emit_guarded(Fast::Charge { steps: self.state.steps });
                self.state.steps = 0;
            }
            if self.instruction() == Piece::Ended {
                return;
            }
        }
    }

    // What is emitted

    fn emit(&mut self, op: Fast) {
        self.code.ops.push(op);
        self.code.exit_of.push(0);
    }

    /// Emits an instruction that may leave for the plain instruction that is up.
    fn emit_guarded(&mut self, op: Fast) {
        let exit = self.exit();
        self.code.ops.push(op);
        self.code.exit_of.push(exit);
    }

    fn exit(&mut self) -> u32 {
        let pc = self.pc as u32;
        let known = self.code.exits.last();
        if !known.is_some_and(|exit| exit.pc == pc && exit.other.is_none() && *exit.state == self.state) {
            let state = Rc::new(self.state.clone());
            self.code.exits.push(Exit { pc, state, taken: 0, other: None });
        }
        self.code.exits.len() as u32 - 1
    }

    fn leave(&mut self) -> Piece {
        self.emit_guarded(Fast::Leave);
        Piece::Ended
    }

    fn stub(&mut self, pc: usize, state: State, is_inside: bool, from: From) -> At {
        self.stub_behind(None, pc, state, is_inside, from)
    }

    /// A stub that begins with a look at what was written just before.
    fn stub_behind(
        &mut self,
        written: Option<Reg>,
        pc: usize,
        state: State,
        is_inside: bool,
        from: From,
    ) -> At {
        let number = self.code.stubs.len();
        self.code.stubs.push(Some(Box::new(Stub { pc: pc as u32, state, is_inside, written, from })));
        At::stub(number)
    }

    /// Ends the piece here, to go on when the values are there.
    fn suspend(&mut self, is_inside: bool) -> Piece {
        let from = From::Code(self.code.ops.len());
        let to = self.stub(self.pc, self.state.clone(), is_inside, from);
        self.emit(Fast::Goto { to });
        Piece::Ended
    }

    /// Ends the piece behind an instruction that wrote what cannot be told in advance, to look at it.
    fn look_at(&mut self, written: Reg) -> Piece {
        self.retire(1);
        self.pc += 1;
        if self.state.surprises >= MOST_SURPRISES || self.is_at_phi() {
            return Piece::GoesOn;
        }
        let from = From::Code(self.code.ops.len());
        let to = self.stub_behind(Some(written), self.pc, self.state.clone(), false, from);
        self.emit(Fast::Goto { to });
        Piece::Ended
    }

    /// Goes on to the next instruction.
    fn next(&mut self) -> Piece {
        self.retire(1);
        self.pc += 1;
        Piece::GoesOn
    }

    fn retire(&mut self, steps: u16) {
        self.state.steps += steps;
        self.state.previous = Some(self.pc as u32 + u32::from(steps) - 1);
    }

    // What is known of registers

    fn constant_kind(&self, constant: u16) -> Kind {
        Kind::of(&self.program.constants[usize::from(constant)], self.program.functions.id)
    }

    fn source_kind(&self, source: Source) -> Kind {
        match source {
            Source::Slot(slot) => self.state.kind(slot),
            Source::Constant(constant) => self.constant_kind(constant),
            Source::Bool(_) => Kind::Bool,
        }
    }

    /// What is known of a register.
    fn kind(&self, register: Reg) -> Kind {
        self.source_kind(self.state.source(register.0))
    }

    /// Where an instruction can have the value of a register.
    fn operand(&self, register: Reg) -> Source {
        if without!("constants") { Source::Slot(register.0) } else { self.state.source(register.0) }
    }

    /// A value as it is; only to be asked while it can be seen.
    fn value(&self, source: Source) -> &'a Value {
        match source {
            Source::Slot(slot) => &self.registers[usize::from(slot)],
            Source::Constant(constant) => &self.program.constants[usize::from(constant)],
            Source::Bool(true) => &Value::Bool(true),
            Source::Bool(false) => &Value::Bool(false),
        }
    }

    // Where control comes and goes

    /// Comes to an instruction: phis choose, and paths meet.
    fn arrive(&mut self) -> Piece {
        let first = self.pc;
        if self.phis() == Piece::Ended {
            return Piece::Ended;
        }
        if self.code.graph.is_join(first) { self.join() } else { Piece::GoesOn }
    }

    /// A run of phis, if one begins here.
    fn phis(&mut self) -> Piece {
        let code = self.program.code();
        let previous = self.state.previous.map(|pc| pc as usize);
        let run: Vec<(Reg, Option<Reg>)> = self.program.ops[self.pc..]
            .iter()
            .map_while(|op| op.select(code, previous))
            .take(MOST_PHIS_CHARGED + 1)
            .collect();
        if run.is_empty() {
            return Piece::GoesOn;
        }
        self.code.phis_seen += run.len() as u64;
        if run.len() > MOST_PHIS_CHARGED {
            return self.leave();
        }
        let chosen = || run.iter().filter_map(|(dst, src)| Some((*dst, (*src)?)));
        for (_, src) in chosen() {
            if let Piece::Ended = self.know(src, false) {
                return Piece::Ended;
            }
        }
        if run.len() > MOST_PHIS {
            // All of them are charged before the first is done, as plain code does.
            if self.state.steps > 0 {
                self.emit_guarded(Fast::Charge { steps: self.state.steps });
                self.state.steps = 0;
            }
            let missing = u16::from(planted!("long-phis"));
            self.emit_guarded(Fast::Charge { steps: run.len() as u16 - missing });
        }
        let mut moves: Vec<(Reg, Reg)> = Vec::new();
        for (dst, src) in chosen() {
            moves.retain(|(known, _)| *known != dst);
            moves.push((dst, src));
        }
        self.move_at_once(&moves);
        let count = run.len() as u16;
        self.retire(count);
        if run.len() > MOST_PHIS {
            self.state.steps -= count;
        }
        self.pc += run.len();
        Piece::GoesOn
    }

    /// Gives registers the values that others have, all at the same time.
    fn move_at_once(&mut self, moves: &[(Reg, Reg)]) {
        let sources = |compiler: &Self| -> Vec<(Reg, Source)> {
            moves.iter().map(|(dst, src)| (*dst, compiler.state.source(src.0))).collect()
        };
        let is_costly = |compiler: &Self, (dst, source): &(Reg, Source)| {
            compiler.state.kind(dst.0) == Kind::Any || compiler.source_kind(*source) == Kind::Any
        };
        // What costs something is written at once, and so is what reads a place that is written then.
        let split = |compiler: &Self| {
            let (mut now, mut later): (Vec<_>, Vec<_>) =
                sources(compiler).into_iter().partition(|one| is_costly(compiler, one));
            now.retain(|(dst, source)| *source != Source::Slot(dst.0));
            let mut written = RegSet::default();
            now.iter().for_each(|(dst, _)| written.insert(dst.0));
            let is_spoiled = |written: RegSet, source: Source| matches!(source, Source::Slot(slot) if written.contains(slot));
            while let Some(place) = later.iter().position(|(_, source)| is_spoiled(written, *source)) {
                let one = later.swap_remove(place);
                written.insert(one.0.0);
                now.push(one);
            }
            (now, later, written)
        };
        let (mut now, mut later, written) = split(self);
        // Writes that were put off, to or from such a place or one that is read now, come before.
        let mut touched = written;
        now.iter().for_each(|(_, source)| {
            if let Source::Slot(slot) = source {
                touched.insert(*slot);
            }
        });
        let is_due = |to: u8, from: Source| {
            touched.contains(to) || matches!(from, Source::Slot(slot) if written.contains(slot))
        };
        if self.state.pending.iter().any(|(to, from)| is_due(*to, *from)) {
            self.flush(|_, _| true);
            (now, later, _) = split(self);
        }
        let is_read =
            |now: &[(Reg, Source)], dst: Reg| now.iter().any(|(_, source)| *source == Source::Slot(dst.0));
        while !now.is_empty() {
            // What is moved within its place was moved there by a swap.
            now.retain(|(dst, source)| *source != Source::Slot(dst.0));
            if let Some(place) = now.iter().position(|(dst, _)| !is_read(&now, *dst)) {
                let (dst, source) = now.swap_remove(place);
                self.write(dst.0, source);
            } else if let Some(&(dst, Source::Slot(other))) = now.last() {
                // Each is read by another: they change places in circles, and no value is copied.
                self.emit(Fast::Swap { a: Slot::of(dst.0), b: Slot::of(other) });
                self.is_fresh = false;
                self.state.kinds.swap(usize::from(dst.0), usize::from(other));
                for (_, source) in now.iter_mut().chain(&mut later) {
                    if planted!("swap-order") {
                        break;
                    }
                    if *source == Source::Slot(dst.0) {
                        *source = Source::Slot(other);
                    } else if *source == Source::Slot(other) {
                        *source = Source::Slot(dst.0);
                    }
                }
            }
        }
        for (dst, source) in later {
            self.state.put_off(dst.0, source);
        }
    }

    /// Makes sure that it is known whether a value costs anything: where it can be seen that it does not, it is guarded.
    fn know(&mut self, register: Reg, is_inside: bool) -> Piece {
        if self.kind(register) == Kind::Any {
            self.look(register, is_inside, |kind| kind != Kind::Any)
        } else {
            Piece::GoesOn
        }
    }

    /// Makes sure that it is known whether a value is a number: where it can be seen that it is, it is guarded.
    fn know_number(&mut self, register: Reg) -> Piece {
        match self.kind(register) {
            Kind::Any | Kind::Free | Kind::Scalar => self.look(register, true, Kind::is_number),
            Kind::Bool | Kind::Int | Kind::Float => Piece::GoesOn,
        }
    }

    /// Looks at a value, which is not a constant then, and guards it if it is of a kind that is wanted.
    fn look(&mut self, register: Reg, is_inside: bool, is_wanted: impl Fn(Kind) -> bool) -> Piece {
        let Source::Slot(slot) = self.state.source(register.0) else { return Piece::GoesOn };
        if self.state.surprises >= MOST_SURPRISES || without!("kinds") {
            return Piece::GoesOn;
        }
        if !self.is_fresh {
            return self.suspend(is_inside);
        }
        let kind = Kind::of(&self.registers[usize::from(slot)], self.program.functions.id);
        if !is_wanted(kind) {
            return Piece::GoesOn;
        }
        let place = Slot::of(slot);
        if let Some(op) = self.last().and_then(|op| op.with_guard(place, kind))
            && !without!("guarded-reads")
            && self.code.exits[self.code.exit_of[self.code.ops.len() - 1] as usize]
                .state
                .kind(slot)
                .is_scalar()
        {
            self.replace_last(op);
        } else {
            self.emit_guarded(match kind {
                Kind::Int => Fast::GuardInt { slot: place },
                Kind::Float => Fast::GuardFloat { slot: place },
                Kind::Bool => Fast::GuardBool { slot: place },
                Kind::Any | Kind::Free | Kind::Scalar => Fast::Guard { slot: place, kind },
            });
        }
        self.state.set_kind(slot, kind);
        Piece::GoesOn
    }

    /// The instruction emitted last, if nothing else leads behind it.
    fn last(&self) -> Option<Fast> {
        let last = self.code.ops.len().checked_sub(1)?;
        (last >= self.code.floor).then(|| self.code.ops[last])
    }

    /// Puts an instruction in the place of the one emitted last.
    fn replace_last(&mut self, op: Fast) {
        if let Some(last) = self.code.ops.last_mut() {
            *last = op;
            self.code.changed(self.code.ops.len() - 1);
        }
    }

    /// Paths meet here: goes on with the code that there is for this place, or makes it.
    fn join(&mut self) -> Piece {
        let live = self.code.graph.live_at(self.pc);
        self.state.pending.retain(|(to, _)| live.contains(*to));
        self.flush(|_, _| true);
        self.state.weaken_dead(self.code, self.pc);
        self.state.surprises = 0;
        if let Some(to) = self.code.version(self.pc, &self.state) {
            let steps = self.state.steps;
            if let Some(op) = self.code.ops.get(to.index()).and_then(|op| op.with_jump(to, steps))
                && !without!("turns")
            {
                let last = self.code.ops.len().wrapping_sub(1);
                let counts = self.code.ops.get(last).and_then(|counter| op.with_counter(counter));
                if let Some(op) = counts.filter(|_| last >= self.begin.max(self.code.floor)) {
                    self.code.ops[last] = op;
                } else {
                    self.emit_guarded(op);
                }
            }
            self.emit_guarded(Fast::Jump { to, steps });
            return Piece::Ended;
        }
        if self.state.steps > 0 {
            self.emit_guarded(Fast::Charge { steps: self.state.steps });
            self.state.steps = 0;
        }
        let versions = self.code.versions.entry(self.pc as u32).or_default();
        if versions.len() >= most_exact() {
            let is_last = versions.len() + 1 >= MOST_VERSIONS;
            for kind in &mut self.state.kinds {
                *kind = match *kind {
                    _ if is_last => Kind::Any,
                    Kind::Any => Kind::Any,
                    Kind::Free => Kind::Free,
                    Kind::Scalar | Kind::Bool | Kind::Int | Kind::Float => Kind::Scalar,
                };
            }
        }
        let at = At::of(self.code.ops.len());
        versions.push(Version { state: self.state.clone(), at });
        self.code.floor = at.index();
        Piece::GoesOn
    }
}
