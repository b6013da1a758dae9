//! Making fast code.
//!
//! Code is made when control comes to it for the first time, piece by piece, so the compiler sees the very values that the
//! code will work on. It goes along the path that is taken; the other side of a branch, the way back from a call, and
//! whatever depends on a value that is not there yet are left as stubs. Where paths meet, nothing may be pending, and code
//! that was made for one path is used by others about which at least as much is known.

use std::rc::Rc;

use super::code::{At, Code, Exit, Fast, From, RESERVE, Site, Stub, Test, Version};
use super::state::{Kind, Source, State};
use super::twin::Twin;
use crate::interpreter::lower::{Op, Span, Target};
use crate::interpreter::{FunctionIndex, Program};
use crate::isa::{REGISTERS, Reg, Role};
use crate::ops;
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

/// An operation on two numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

/// Two numbers of one type, one of which may be a constant.
enum Numbers {
    Ints(u8, u8),
    IntAndConst(u8, i64),
    ConstAndInt(i64, u8),
    Floats(u8, u8),
    FloatAndConst(u8, f64),
    ConstAndFloat(f64, u8),
    /// An int and a float, in whatever order.
    Mixed(u8, u8),
}

/// Steps are charged at the latest when there are so many. One instruction and a run of phis may come on top.
const MOST_STEPS: u16 = 128;
/// Longer runs of phis are left to plain code.
const MOST_PHIS: usize = 64;
/// So many instructions may stand between an operation and the move of its result.
const MOST_BETWEEN: usize = 16;
const _: () = assert!(MOST_STEPS as usize + MOST_PHIS + 4 < RESERVE as usize);

/// So many pieces are made for one place with all that is known of values, and then so many more with less.
const MOST_EXACT: usize = 4;
const MOST_VERSIONS: usize = 8;
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
            self.ops.pop();
            self.exit_of.pop();
        } else {
            self.floor = self.ops.len();
        }
        let Stub { pc, state, is_inside, .. } = *stub;
        let returns = if let From::Return { site } = from { Some(Reg(self.sites[site].dst)) } else { None };
        let mut compiler = Compiler::new(self, program, registers, pc as usize, state);
        if let Some(dst) = returns
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

    /// The code to go on with at a plain instruction, given the registers as they are.
    pub(super) fn enter(
        &mut self,
        program: &Program,
        registers: &[Value; REGISTERS],
        pc: usize,
        size: usize,
    ) -> Option<At> {
        if self.is_full() && !self.versions.contains_key(&(pc as u32)) {
            return None;
        }
        let mut kinds = [Kind::Free; REGISTERS];
        for (kind, value) in kinds.iter_mut().zip(&registers[..size]) {
            *kind = Kind::of(value, program.functions.id);
        }
        let mut state = State::new(kinds);
        state.weaken_dead(self, pc);
        if let Some(at) = self.version(pc, &state) {
            return Some(at);
        }
        if self.is_full() {
            return None;
        }
        self.floor = self.ops.len();
        let mut compiler = Compiler::new(self, program, registers, pc, state);
        let begin = compiler.position();
        compiler.join();
        compiler.piece(true);
        Some(begin)
    }

    /// The code to go on with after an exit that was taken often, given the registers as they are.
    pub(super) fn detour(
        &mut self,
        program: &Program,
        registers: &[Value; REGISTERS],
        exit: usize,
    ) -> Option<At> {
        /// So often must an exit be taken.
        const OFTEN: u32 = 4;
        let full = self.is_full();
        let exit = &mut self.exits[exit];
        if exit.other.is_some() {
            return exit.other;
        }
        exit.taken += 1;
        if exit.taken < OFTEN || full {
            return None;
        }
        let mut state = State::clone(&exit.state);
        let pc = exit.pc as usize;
        state.surprises = state.surprises.saturating_add(1);
        exit.other = Some(At(self.ops.len() as u32));
        self.floor = self.ops.len();
        let is_phi = program.ops.get(pc).is_some_and(|op| matches!(op, Op::Phi { .. }));
        Some(Compiler::new(self, program, registers, pc, state).piece(!is_phi))
    }

    /// The code that was made for a place, if there is some that does for what is known.
    fn version(&self, pc: usize, state: &State) -> Option<At> {
        let versions = self.versions.get(&(pc as u32))?;
        versions.iter().find(|version| version.state.admits(state)).map(|version| version.at)
    }
}

impl State {
    /// Forgets what kind of number a register holds that is written before it is read.
    fn weaken_dead(&mut self, code: &Code, pc: usize) {
        let live = code.graph.live_at(pc);
        for (register, kind) in (0..=u8::MAX).zip(&mut self.kinds) {
            if *kind != Kind::Any && !live.contains(register) {
                *kind = Kind::Free;
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
        At(self.code.ops.len() as u32)
    }

    /// Makes a piece and gives where it begins.
    fn piece(mut self, is_inside: bool) -> At {
        let begin = At(self.begin as u32);
        self.make(is_inside);
        // Pairs come last: until then, what follows may still change what is there.
        let ops = &mut self.code.ops;
        let mut place = begin.index();
        while place + 1 < ops.len() {
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
        let number = self.code.stubs.len();
        self.code.stubs.push(Some(Box::new(Stub { pc: pc as u32, state, is_inside, from })));
        At::stub(number)
    }

    /// Ends the piece here, to go on when the values are there.
    fn suspend(&mut self, is_inside: bool) -> Piece {
        let from = From::Code(self.code.ops.len());
        let to = self.stub(self.pc, self.state.clone(), is_inside, from);
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

    /// What is known of a register, and where nothing is, what can be seen. `None` where that cannot be seen yet.
    fn kind(&self, register: Reg) -> Option<Kind> {
        let source = self.state.source(register.0);
        match self.source_kind(source) {
            Kind::Any if self.state.surprises >= MOST_SURPRISES => Some(Kind::Any),
            Kind::Any if self.is_fresh => Some(Kind::of(self.value(source), self.program.functions.id)),
            Kind::Any => None,
            kind => Some(kind),
        }
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

    // Writes that were put off

    /// Does the writes that were put off and are selected, and those that these would spoil.
    fn flush(&mut self, selected: impl Fn(u8, Source) -> bool) {
        let mut due: Vec<u8> =
            self.state.pending.iter().filter(|(to, from)| selected(*to, *from)).map(|(to, _)| *to).collect();
        let mut seen = 0;
        while let Some(&register) = due.get(seen) {
            seen += 1;
            for (to, from) in &self.state.pending {
                if *from == Source::Slot(register) && !due.contains(to) {
                    due.push(*to);
                }
            }
        }
        while let Some(&first) = due.first() {
            let reads =
                |register: u8| self.state.pending.iter().any(|(_, from)| *from == Source::Slot(register));
            if let Some(place) = due.iter().position(|register| !reads(*register)) {
                let register = due.swap_remove(place);
                let source = self.state.source(register);
                self.state.forget(register);
                self.write(register, source);
            } else if let Source::Slot(other) = self.state.source(first) {
                // Every register that is left is read by another: they take turns.
                self.emit(Fast::Swap { a: first, b: other });
                self.is_fresh = false;
                self.state.kinds.swap(usize::from(first), usize::from(other));
                for (_, source) in &mut self.state.pending {
                    if *source == Source::Slot(first) {
                        *source = Source::Slot(other);
                    } else if *source == Source::Slot(other) {
                        *source = Source::Slot(first);
                    }
                }
                self.state.pending.retain(|(to, from)| *from != Source::Slot(*to));
                due.retain(|register| self.state.pending.iter().any(|(to, _)| to == register));
            } else {
                // Each of n registers has one source and is read by one of the n: they all stand in circles of places.
                return;
            }
        }
    }

    /// Writes a register, whose place nothing pending needs.
    fn write(&mut self, dst: u8, source: Source) {
        if let Source::Slot(src) = source
            && self.compute_in_place(dst, src)
        {
            return;
        }
        let kind = self.source_kind(source);
        let op = match source {
            Source::Slot(src) => Fast::Move { dst, src },
            Source::Bool(value) => Fast::LoadBool { dst, value },
            Source::Constant(constant) => match &self.program.constants[usize::from(constant)] {
                Value::Int(value) => Fast::LoadInt { dst, value: *value },
                Value::Float(value) => Fast::LoadFloat { dst, value: *value },
                Value::Bool(value) => Fast::LoadBool { dst, value: *value },
                _ => Fast::LoadConst { dst, constant },
            },
        };
        self.emit(op);
        self.is_fresh = false;
        self.state.set_kind(dst, kind);
    }

    /// Makes the operation on numbers that gave what is to be moved from `src` to `dst` write it there at once, if that can be.
    ///
    /// It can where `src` is not needed any more, the operation is part of this piece, nothing in between needs what either
    /// place held, and every exit in between can be told where the value is now.
    fn compute_in_place(&mut self, dst: u8, src: u8) -> bool {
        let module = &self.program.module;
        let is_dead = |pc: usize, register: u8| self.code.graph.is_dead(module, pc, register);
        let is_needed = |pc: usize, state: &State| {
            state.pending.iter().any(|(to, from)| *from == Source::Slot(dst) && !is_dead(pc, *to))
        };
        if is_needed(self.pc, &self.state)
            || self.state.source(src) != Source::Slot(src)
            || !is_dead(self.pc, src)
        {
            return false;
        }
        let mut place = self.code.ops.len();
        let mut exits = Vec::new();
        loop {
            if place <= self.begin.max(self.code.floor) || exits.len() > MOST_BETWEEN {
                return false;
            }
            place -= 1;
            let mut op = self.code.ops[place];
            let (Some(operands), Some(result)) = (op.operands(), op.result()) else { return false };
            let exit = self.code.exit_of[place] as usize;
            if *result == src {
                let before = &self.code.exits[exit].state;
                let is_free = before.kind(src) != Kind::Any && before.kind(dst) != Kind::Any;
                if !is_free || exits.contains(&exit) {
                    return false;
                }
                break;
            }
            if *result == dst || operands.contains(&src) || operands.contains(&dst) {
                return false;
            }
            let Exit { pc, state, taken, other } = &self.code.exits[exit];
            let is_dst_pending = state.source(dst) != Source::Slot(dst);
            let is_clear = *taken == 0 && other.is_none() && !is_needed(*pc as usize, state);
            if !is_clear || !(is_dst_pending || is_dead(*pc as usize, dst)) {
                return false;
            }
            exits.push(exit);
        }
        if let Some(result) = self.code.ops[place].result() {
            *result = dst;
        }
        let kind = self.state.kind(src);
        exits.dedup();
        for exit in exits {
            let state = Rc::make_mut(&mut self.code.exits[exit].state);
            if state.source(src) == Source::Slot(src) {
                state.pending.push((src, Source::Slot(src)));
            }
            state.forget(dst);
            state.moved(src, dst, kind);
        }
        self.state.moved(src, dst, kind);
        true
    }

    /// Makes the place of a register free to be written: what was put off and reads it is done first.
    fn free(&mut self, dst: Reg) {
        self.flush(|_, from| from == Source::Slot(dst.0));
    }

    /// Notes that the instruction that was just emitted writes a register.
    fn wrote(&mut self, dst: Reg, kind: Kind) {
        self.state.forget(dst.0);
        self.state.set_kind(dst.0, kind);
        self.is_fresh = false;
    }

    /// Sets a register to what is known to be had elsewhere and costs nothing: later, if that is possible.
    fn set(&mut self, dst: Reg, source: Source) {
        if self.state.kind(dst.0) == Kind::Any {
            self.free(dst);
            // What was freed may have been the source's place of another register, but not the source itself.
            self.state.forget(dst.0);
            if source != Source::Slot(dst.0) {
                self.write(dst.0, source);
            }
        } else {
            self.state.put_off(dst.0, source);
        }
    }

    /// The places where registers can be read, the pending ones among constants written first.
    fn places<const N: usize>(&mut self, registers: [Reg; N]) -> [u8; N] {
        for register in registers {
            if !matches!(self.state.source(register.0), Source::Slot(_)) {
                self.flush(|to, _| to == register.0);
            }
        }
        registers.map(|register| match self.state.source(register.0) {
            Source::Slot(slot) => slot,
            Source::Constant(_) | Source::Bool(_) => register.0,
        })
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
            .take(MOST_PHIS + 1)
            .collect();
        if run.is_empty() {
            return Piece::GoesOn;
        }
        if run.len() > MOST_PHIS {
            return self.leave();
        }
        let chosen = || run.iter().filter_map(|(dst, src)| Some((*dst, (*src)?)));
        for (_, src) in chosen() {
            if let Piece::Ended = self.know(src, false) {
                return Piece::Ended;
            }
        }
        let mut sources: Vec<(Reg, Source)> = Vec::new();
        for (dst, src) in chosen() {
            sources.retain(|(known, _)| *known != dst);
            sources.push((dst, self.state.source(src.0)));
        }
        let is_costly = |compiler: &Self, (dst, source): &(Reg, Source)| {
            compiler.state.kind(dst.0) == Kind::Any || compiler.source_kind(*source) == Kind::Any
        };
        let (mut costly, free): (Vec<_>, Vec<_>) = sources.into_iter().partition(|one| is_costly(self, one));
        costly.retain(|(dst, source)| *source != Source::Slot(dst.0));
        // What costs something is written at once, each before its place is written and after it was read.
        let mut order = Vec::new();
        while !costly.is_empty() {
            let is_read = |dst: Reg| {
                costly.iter().any(|(other, source)| *other != dst && *source == Source::Slot(dst.0))
                    || free.iter().any(|(_, source)| *source == Source::Slot(dst.0))
            };
            let Some(place) = costly.iter().position(|(dst, _)| !is_read(*dst)) else { return self.leave() };
            order.push(costly.swap_remove(place));
        }
        let spoils = |to: u8, from: Source| {
            order.iter().any(|(dst, _)| from == Source::Slot(dst.0) || to == dst.0)
                || order.iter().any(|(_, source)| *source == Source::Slot(to))
        };
        if self.state.pending.iter().any(|(to, from)| spoils(*to, *from)) {
            // Rare, and plain code knows how.
            return self.leave();
        }
        for (dst, source) in order {
            self.write(dst.0, source);
        }
        for (dst, source) in free {
            self.state.put_off(dst.0, source);
        }
        self.retire(run.len() as u16);
        self.pc += run.len();
        Piece::GoesOn
    }

    /// Makes sure that it is known whether a value costs anything: where it can be seen that it does not, it is guarded.
    fn know(&mut self, register: Reg, is_inside: bool) -> Piece {
        let Source::Slot(slot) = self.state.source(register.0) else { return Piece::GoesOn };
        if self.state.kind(slot) != Kind::Any || self.state.surprises >= MOST_SURPRISES {
            return Piece::GoesOn;
        }
        if !self.is_fresh {
            return self.suspend(is_inside);
        }
        let kind = Kind::of(&self.registers[usize::from(slot)], self.program.functions.id);
        if kind == Kind::Any {
            return Piece::GoesOn;
        }
        self.state.set_kind(slot, kind);
        let last = self.code.ops.len().wrapping_sub(1);
        if kind == Kind::Int
            && last >= self.code.floor
            && let Some(op) = self.code.ops.get(last).and_then(|op| op.with_guard(slot))
        {
            self.code.ops[last] = op;
        } else {
            self.state.set_kind(slot, Kind::Any);
            self.emit_guarded(if kind == Kind::Int {
                Fast::GuardInt { slot }
            } else {
                Fast::Guard { slot, kind }
            });
            self.state.set_kind(slot, kind);
        }
        Piece::GoesOn
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
            if let Some(op) = self.code.ops.get(to.index()).and_then(|op| op.with_jump(to, steps)) {
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
        if versions.len() >= MOST_EXACT {
            let is_last = versions.len() + 1 >= MOST_VERSIONS;
            for kind in &mut self.state.kinds {
                *kind = if is_last || *kind == Kind::Any { Kind::Any } else { Kind::Free };
            }
        }
        let at = At(self.code.ops.len() as u32);
        versions.push(Version { state: self.state.clone(), at });
        self.code.floor = at.index();
        Piece::GoesOn
    }

    // Instructions

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "an opcode without fast code of its own runs as it is"
    )]
    fn instruction(&mut self) -> Piece {
        let Some(&op) = self.program.ops.get(self.pc) else { return self.leave() };
        match op {
            Op::Nop | Op::BreakPoint => self.next(),
            Op::LoadConst { dst, constant } => {
                self.set(dst, Source::Constant(constant.0));
                self.next()
            }
            Op::Move { dst, src } => self.r#move(dst, src),
            Op::Add { dst, left, right } => self.arithmetic(op, Arithmetic::Add, dst, left, right),
            Op::Sub { dst, left, right } => self.arithmetic(op, Arithmetic::Sub, dst, left, right),
            Op::Mul { dst, left, right } => self.arithmetic(op, Arithmetic::Mul, dst, left, right),
            Op::Div { dst, left, right } => self.arithmetic(op, Arithmetic::Div, dst, left, right),
            Op::Mod { dst, left, right } => self.arithmetic(op, Arithmetic::Mod, dst, left, right),
            Op::Eq { dst, left, right } => self.compare(op, Test::Eq, dst, left, right),
            Op::Neq { dst, left, right } => self.compare(op, Test::Ne, dst, left, right),
            Op::Lt { dst, left, right } => self.compare(op, Test::Lt, dst, left, right),
            Op::Gt { dst, left, right } => self.compare(op, Test::Gt, dst, left, right),
            Op::Lte { dst, left, right } => self.compare(op, Test::Le, dst, left, right),
            Op::Gte { dst, left, right } => self.compare(op, Test::Ge, dst, left, right),
            Op::Jump { offset } => {
                self.retire(1);
                self.pc = offset.pc();
                Piece::GoesOn
            }
            Op::JumpIf { cond, offset } => self.branch(cond, true, offset),
            Op::JumpIfNot { cond, offset } => self.branch(cond, false, offset),
            Op::Call { func, dst, args } => self.call(func, dst, args),
            Op::Return { src } => self.r#return(src),
            Op::LoadGlobal { dst, name } => {
                self.free(dst);
                self.emit(Fast::LoadGlobal { dst: dst.0, name });
                self.wrote(dst, Kind::Any);
                self.next()
            }
            Op::StoreGlobal { src, name } => {
                let [src] = self.places([src]);
                self.emit(Fast::StoreGlobal { src, name });
                self.next()
            }
            Op::ArrayGet { dst, array, index } => {
                self.free(dst);
                if let Some(index) = self.small_index(index) {
                    let [array] = self.places([array]);
                    self.emit_guarded(Fast::ArrayGetConst { dst: dst.0, array, index });
                } else {
                    let [array, index] = self.places([array, index]);
                    self.emit_guarded(Fast::ArrayGet { dst: dst.0, array, index });
                    self.state.set_kind(index, Kind::Int);
                }
                self.wrote(dst, Kind::Any);
                self.next()
            }
            Op::DictSet { dict, key, value } => {
                self.release(dict, key);
                let [dict, key, value] = self.places([dict, key, value]);
                self.emit_guarded(Fast::DictSet { dict, key, value });
                self.is_fresh = false;
                self.next()
            }
            Op::DictGet { dst, dict, key } => {
                self.free(dst);
                let [dict, key] = self.places([dict, key]);
                self.emit_guarded(Fast::DictGet { dst: dst.0, dict, key });
                self.wrote(dst, Kind::Any);
                self.next()
            }
            Op::Neg { dst, src } => {
                let Some(kind) = self.kind(src) else { return self.suspend(true) };
                self.free(dst);
                let [src] = self.places([src]);
                self.emit_guarded(match kind {
                    Kind::Int => Fast::NegInt { dst: dst.0, src },
                    Kind::Float => Fast::NegFloat { dst: dst.0, src },
                    Kind::Any | Kind::Free | Kind::Bool => return self.plain(op, Kind::Any),
                });
                self.state.set_kind(src, kind);
                self.wrote(dst, kind);
                self.next()
            }
            Op::ArraySet { array, index, value } => {
                self.release(array, index);
                if let Some(index) = self.small_index(index) {
                    let [array, value] = self.places([array, value]);
                    self.emit_guarded(Fast::ArraySetConst { array, value, index });
                } else if let Source::Constant(constant) = self.state.source(value.0) {
                    let [array, index] = self.places([array, index]);
                    self.emit_guarded(Fast::ArraySetValue { array, index, constant });
                    if index != array {
                        self.state.set_kind(index, Kind::Int);
                    }
                } else {
                    let [array, index, value] = self.places([array, index, value]);
                    self.emit_guarded(Fast::ArraySet { array, index, value });
                    if index != array {
                        self.state.set_kind(index, Kind::Int);
                    }
                }
                self.is_fresh = false;
                self.next()
            }
            Op::ArrayLen { dst, array } => {
                self.free(dst);
                let [array] = self.places([array]);
                self.emit_guarded(Fast::ArrayLen { dst: dst.0, array });
                self.wrote(dst, Kind::Int);
                self.next()
            }
            Op::Phi { .. } | Op::Halt => self.leave(),
            Op::And { dst, left, right } => {
                if let Some((sense, target)) = self.branch_behind(dst) {
                    return self.fork_on_two(true, left, right, dst, sense, target);
                }
                self.free(dst);
                let [left, right] = self.places([left, right]);
                self.emit(Fast::And { dst: dst.0, left, right });
                self.wrote(dst, Kind::Bool);
                self.next()
            }
            Op::Or { dst, left, right } => {
                if let Some((sense, target)) = self.branch_behind(dst) {
                    return self.fork_on_two(false, left, right, dst, sense, target);
                }
                self.free(dst);
                let [left, right] = self.places([left, right]);
                self.emit(Fast::Or { dst: dst.0, left, right });
                self.wrote(dst, Kind::Bool);
                self.next()
            }
            Op::Not { dst, src } => {
                self.free(dst);
                let [src] = self.places([src]);
                self.emit(Fast::Not { dst: dst.0, src });
                self.wrote(dst, Kind::Bool);
                self.next()
            }
            Op::CheckType { .. } | Op::DictContains { .. } => self.plain(op, Kind::Bool),
            Op::StrLen { .. } | Op::DictLen { .. } => self.plain(op, Kind::Int),
            _ => self.plain(op, Kind::Any),
        }
    }

    /// An instruction as it is. `kind` is what its result is known to be.
    fn plain(&mut self, op: Op, kind: Kind) -> Piece {
        let Some(instruction) = self.program.module.instruction(self.pc) else { return self.leave() };
        let mut written = None;
        for (operand, spec) in instruction.operands().iter().zip(instruction.opcode().spec().operands) {
            if let (crate::isa::Operand::Register(register), Role::Out | Role::InOut | Role::Tagged) =
                (operand, spec.role)
            {
                self.free(*register);
                if spec.role != Role::Out {
                    self.flush(|to, _| to == register.0);
                }
                if spec.role == Role::Out {
                    written = Some(*register);
                }
            }
        }
        let mut read = Vec::new();
        op.reading(|register| {
            read.push(register);
            register
        });
        for register in read {
            self.places([register]);
        }
        let op = op.reading(|register| match self.state.source(register.0) {
            Source::Slot(slot) => Reg(slot),
            Source::Constant(_) | Source::Bool(_) => register,
        });
        self.emit_guarded(Fast::Plain { op });
        self.is_fresh = false;
        if let Some(dst) = written {
            self.wrote(dst, kind);
        }
        self.next()
    }

    /// Makes the other holder of the container that is written now let go, where there is one that is overwritten before it is
    /// read.
    fn release(&mut self, container: Reg, key: Reg) {
        let is_number = |register: u8| {
            matches!(self.source_kind(self.state.source(register)), Kind::Bool | Kind::Int | Kind::Float)
        };
        let twin = Twin::find(self.program, self.pc, container, is_number);
        match twin {
            Some(Twin::Register(holder)) => {
                self.flush(|to, _| to == holder.0);
                let [container] = self.places([container]);
                self.emit(Fast::Release { holder: holder.0, container });
            }
            Some(Twin::Global(holder)) => {
                // Nothing may be seen of the global while it is empty: no limit may be met between the two instructions.
                if self.state.steps + 2 >= MOST_STEPS {
                    self.emit_guarded(Fast::Charge { steps: self.state.steps });
                    self.state.steps = 0;
                }
                let [container, key] = self.places([container, key]);
                self.emit(Fast::ReleaseGlobal { holder, container, key });
            }
            None => {}
        }
    }

    /// The value of a constant index of an array.
    fn small_index(&self, register: Reg) -> Option<u32> {
        let Source::Constant(constant) = self.state.source(register.0) else { return None };
        let Value::Int(index) = &self.program.constants[usize::from(constant)] else { return None };
        u32::try_from(*index).ok()
    }

    fn r#move(&mut self, dst: Reg, src: Reg) -> Piece {
        if dst == src {
            return self.next();
        }
        if self.state.kind(dst.0) == Kind::Any {
            self.free(dst);
        }
        if let Piece::Ended = self.know(src, true) {
            return Piece::Ended;
        }
        let source = self.state.source(src.0);
        match source {
            Source::Slot(slot) if self.state.kind(slot) == Kind::Any => {
                self.free(dst);
                let [src] = self.places([src]);
                if src == dst.0 {
                    self.state.forget(dst.0);
                } else {
                    self.emit(Fast::Move { dst: dst.0, src });
                    self.wrote(dst, Kind::Any);
                }
            }
            source => self.set(dst, source),
        }
        self.next()
    }

    /// The two operands, where both are numbers of one type or are made so by rounding a constant (S4). Brings constants into
    /// registers where there is no other way. `None` where the operands must be seen first, or are of other types.
    fn numbers(&mut self, left: Reg, right: Reg) -> Option<Numbers> {
        let kinds = (self.kind(left)?, self.kind(right)?);
        let constant = |compiler: &Self, register: Reg| match compiler.state.source(register.0) {
            Source::Constant(constant) => Some(compiler.program.constants[usize::from(constant)].clone()),
            Source::Slot(_) | Source::Bool(_) => None,
        };
        let constants = (constant(self, left), constant(self, right));
        match (kinds, constants) {
            ((Kind::Int, Kind::Int), (None, Some(Value::Int(right)))) => {
                let [left] = self.places([left]);
                Some(Numbers::IntAndConst(left, right))
            }
            ((Kind::Int, Kind::Int), (Some(Value::Int(left)), None)) => {
                let [right] = self.places([right]);
                Some(Numbers::ConstAndInt(left, right))
            }
            ((Kind::Int, Kind::Int), _) => {
                let [left, right] = self.places([left, right]);
                Some(Numbers::Ints(left, right))
            }
            ((Kind::Float, Kind::Float | Kind::Int), (None, Some(right))) => {
                let [left] = self.places([left]);
                Some(Numbers::FloatAndConst(left, right.to_float()?))
            }
            ((Kind::Float | Kind::Int, Kind::Float), (Some(left), None)) => {
                let [right] = self.places([right]);
                Some(Numbers::ConstAndFloat(left.to_float()?, right))
            }
            ((Kind::Float, Kind::Float), _) => {
                let [left, right] = self.places([left, right]);
                Some(Numbers::Floats(left, right))
            }
            ((Kind::Float, Kind::Int) | (Kind::Int, Kind::Float), _) => {
                let [left, right] = self.places([left, right]);
                Some(Numbers::Mixed(left, right))
            }
            _ => None,
        }
    }

    /// Whether both operands can be seen or are known.
    fn can_see(&self, left: Reg, right: Reg) -> bool {
        self.kind(left).is_some() && self.kind(right).is_some()
    }

    /// Notes what is known of the operands once an instruction has passed its guards.
    fn passed(&mut self, numbers: &Numbers) {
        let (slots, kind) = match *numbers {
            Numbers::Ints(left, right) => ([left, right], Kind::Int),
            Numbers::IntAndConst(slot, _) | Numbers::ConstAndInt(_, slot) => ([slot, slot], Kind::Int),
            Numbers::Floats(left, right) => ([left, right], Kind::Float),
            Numbers::FloatAndConst(slot, _) | Numbers::ConstAndFloat(_, slot) => ([slot, slot], Kind::Float),
            // One is an int and the other a float, but which is not said.
            Numbers::Mixed(..) => return,
        };
        for slot in slots {
            self.state.set_kind(slot, kind);
        }
    }

    fn arithmetic(&mut self, plain: Op, operation: Arithmetic, dst: Reg, left: Reg, right: Reg) -> Piece {
        use Arithmetic::{Add, Div, Mod, Mul, Sub};
        if !self.can_see(left, right) {
            return self.suspend(true);
        }
        self.free(dst);
        if !self.can_see(left, right) {
            return self.suspend(true);
        }
        let Some(numbers) = self.numbers(left, right) else { return self.plain(plain, Kind::Any) };
        let d = dst.0;
        let dst_kind = match numbers {
            Numbers::Ints(..) | Numbers::IntAndConst(..) | Numbers::ConstAndInt(..) => Kind::Int,
            Numbers::Floats(..)
            | Numbers::FloatAndConst(..)
            | Numbers::ConstAndFloat(..)
            | Numbers::Mixed(..) => Kind::Float,
        };
        let op = match (operation, &numbers) {
            (Add, &Numbers::Ints(left, right)) => Fast::AddInt { dst: d, left, right },
            (Sub, &Numbers::Ints(left, right)) => Fast::SubInt { dst: d, left, right },
            (Mul, &Numbers::Ints(left, right)) => Fast::MulInt { dst: d, left, right },
            (Div, &Numbers::Ints(left, right)) => Fast::DivInt { dst: d, left, right },
            (Mod, &Numbers::Ints(left, right)) => Fast::ModInt { dst: d, left, right },
            (Add, &(Numbers::IntAndConst(left, right) | Numbers::ConstAndInt(right, left))) => {
                Fast::AddIntConst { dst: d, left, right }
            }
            (Sub, &Numbers::IntAndConst(left, right)) if right != i64::MIN => {
                Fast::AddIntConst { dst: d, left, right: -right }
            }
            (Sub, &Numbers::ConstAndInt(left, right)) => Fast::SubConstInt { dst: d, left, right },
            (Mul, &(Numbers::IntAndConst(left, right) | Numbers::ConstAndInt(right, left))) => {
                Fast::MulIntConst { dst: d, left, right }
            }
            (Div, &Numbers::IntAndConst(left, right)) if right != 0 && right != -1 => {
                Fast::DivIntConst { dst: d, left, right }
            }
            (Mod, &Numbers::IntAndConst(left, right)) if right != 0 && right != -1 => {
                Fast::ModIntConst { dst: d, left, right }
            }
            (Add, &Numbers::Floats(left, right)) => Fast::AddFloat { dst: d, left, right },
            (Sub, &Numbers::Floats(left, right)) => Fast::SubFloat { dst: d, left, right },
            (Mul, &Numbers::Floats(left, right)) => Fast::MulFloat { dst: d, left, right },
            (Div, &Numbers::Floats(left, right)) => Fast::DivFloat { dst: d, left, right },
            (Add, &(Numbers::FloatAndConst(left, right) | Numbers::ConstAndFloat(right, left))) => {
                Fast::AddFloatConst { dst: d, left, right }
            }
            // Taking away is adding the opposite, to the last bit.
            (Sub, &Numbers::FloatAndConst(left, right)) => {
                Fast::AddFloatConst { dst: d, left, right: -right }
            }
            (Sub, &Numbers::ConstAndFloat(left, right)) => Fast::SubConstFloat { dst: d, left, right },
            (Mul, &(Numbers::FloatAndConst(left, right) | Numbers::ConstAndFloat(right, left))) => {
                Fast::MulFloatConst { dst: d, left, right }
            }
            (Div, &Numbers::FloatAndConst(left, right)) if right != 0.0 => {
                Fast::DivFloatConst { dst: d, left, right }
            }
            (Div, &Numbers::ConstAndFloat(left, right)) => Fast::DivConstFloat { dst: d, left, right },
            (Add, &Numbers::Mixed(left, right)) => Fast::AddMixed { dst: d, left, right },
            (Sub, &Numbers::Mixed(left, right)) => Fast::SubMixed { dst: d, left, right },
            (Mul, &Numbers::Mixed(left, right)) => Fast::MulMixed { dst: d, left, right },
            (Div, &Numbers::Mixed(left, right)) => Fast::DivMixed { dst: d, left, right },
            // What remains is an error, or rare.
            (Sub | Div | Mod, _) => return self.plain(plain, Kind::Any),
        };
        self.emit_guarded(op);
        self.passed(&numbers);
        self.wrote(dst, dst_kind);
        self.next()
    }

    fn compare(&mut self, plain: Op, test: Test, dst: Reg, left: Reg, right: Reg) -> Piece {
        let fused = self.branch_behind(dst);
        let Some((sense, target)) = fused else { return self.test(plain, test, dst, left, right) };
        if !self.is_fresh || !self.can_see(left, right) {
            return self.suspend(true);
        }
        let sources = [left, right].map(|register| self.state.source(register.0));
        let [left_value, right_value] = sources.map(|source| self.value(source));
        let strings = matches!(test, Test::Eq | Test::Ne)
            && matches!((left_value, right_value), (Value::String(_), Value::String(_)));
        if strings {
            let holds = test.holds(left_value, right_value);
            let is_eq = (test == Test::Eq) != holds;
            let to = At(0);
            let op = match sources {
                [_, Source::Constant(constant)] => {
                    let [left] = self.places([left]);
                    if is_eq {
                        Fast::IfEqStringConst { left, right: constant, to }
                    } else {
                        Fast::IfNeStringConst { left, right: constant, to }
                    }
                }
                _ => {
                    let [left, right] = self.places([left, right]);
                    if is_eq {
                        Fast::IfEqString { left, right, to }
                    } else {
                        Fast::IfNeString { left, right, to }
                    }
                }
            };
            return self.fork(op, dst, holds, sense, target);
        }
        let Some(numbers) = self.numbers(left, right) else { return self.plain(plain, Kind::Bool) };
        // A constant that had to be written first is the one thing that was emitted, and does not change what was seen.
        let holds = test.holds(left_value, right_value);
        let Some(op) = branch_op(test, !holds, &numbers) else { return self.plain(plain, Kind::Bool) };
        self.fork_on(op, Some(&numbers), dst, holds, sense, target)
    }

    /// The branch that the next instruction makes on what this one writes, if both can be one: when it leads where true leads, and
    /// where.
    fn branch_behind(&self, dst: Reg) -> Option<(bool, Target)> {
        let branch = match self.program.ops.get(self.pc + 1) {
            Some(&Op::JumpIf { cond, offset }) if cond == dst => (true, offset),
            Some(&Op::JumpIfNot { cond, offset }) if cond == dst => (false, offset),
            _ => return None,
        };
        (self.code.graph.is_straight(self.pc + 1) && self.state.kind(dst.0) != Kind::Any).then_some(branch)
    }

    /// `and` or `or`, and the jump behind it.
    fn fork_on_two(
        &mut self,
        is_and: bool,
        left: Reg,
        right: Reg,
        dst: Reg,
        sense: bool,
        target: Target,
    ) -> Piece {
        if !self.is_fresh {
            return self.suspend(true);
        }
        let [left_holds, right_holds] =
            [left, right].map(|register| self.value(self.state.source(register.0)).is_truthy());
        let holds = if is_and { left_holds && right_holds } else { left_holds || right_holds };
        let [left, right] = self.places([left, right]);
        let to = At(0);
        let op = match (is_and, holds) {
            (true, true) => Fast::IfNotBoth { left, right, to },
            (true, false) => Fast::IfBoth { left, right, to },
            (false, true) => Fast::IfNeither { left, right, to },
            (false, false) => Fast::IfEither { left, right, to },
        };
        self.fork(op, dst, holds, sense, target)
    }

    fn fork(&mut self, op: Fast, dst: Reg, holds: bool, sense: bool, target: Target) -> Piece {
        self.fork_on(op, None, dst, holds, sense, target)
    }

    /// A comparison and the jump behind it. Control goes on with what the test gives now; `op` is the branch to the other way.
    fn fork_on(
        &mut self,
        op: Fast,
        numbers: Option<&Numbers>,
        dst: Reg,
        holds: bool,
        sense: bool,
        target: Target,
    ) -> Piece {
        let (to_jump, to_next) = (target.pc(), self.pc + 2);
        let (here, there) = if holds == sense { (to_jump, to_next) } else { (to_next, to_jump) };
        let position = self.code.ops.len();
        self.emit_guarded(op);
        if let Some(numbers) = numbers {
            self.passed(numbers);
        }
        self.pc += 1;
        self.state.steps += 2;
        self.state.previous = Some(self.pc as u32);
        let mut other = self.state.clone();
        other.put_off(dst.0, Source::Bool(!holds));
        let to = self.stub(there, other, false, From::Code(position));
        self.code.link(From::Code(position), to);
        self.state.put_off(dst.0, Source::Bool(holds));
        self.pc = here;
        Piece::GoesOn
    }

    /// A comparison whose result is a value.
    fn test(&mut self, plain: Op, test: Test, dst: Reg, left: Reg, right: Reg) -> Piece {
        self.free(dst);
        if !self.can_see(left, right) {
            return self.suspend(true);
        }
        let Some(numbers) = self.numbers(left, right) else { return self.plain(plain, Kind::Bool) };
        let dst_slot = dst.0;
        self.emit_guarded(match numbers {
            Numbers::Ints(left, right) => Fast::TestInt { test, dst: dst_slot, left, right },
            Numbers::IntAndConst(left, right) => Fast::TestIntConst { test, dst: dst_slot, left, right },
            Numbers::ConstAndInt(left, right) => {
                Fast::TestIntConst { test: test.mirrored(), dst: dst_slot, left: right, right: left }
            }
            Numbers::Floats(left, right) => Fast::TestFloat { test, dst: dst_slot, left, right },
            Numbers::FloatAndConst(left, right) => Fast::TestFloatConst { test, dst: dst_slot, left, right },
            Numbers::ConstAndFloat(left, right) => {
                Fast::TestFloatConst { test: test.mirrored(), dst: dst_slot, left: right, right: left }
            }
            Numbers::Mixed(..) => return self.plain(plain, Kind::Bool),
        });
        self.passed(&numbers);
        self.wrote(dst, Kind::Bool);
        self.next()
    }

    fn branch(&mut self, cond: Reg, sense: bool, target: Target) -> Piece {
        let source = self.state.source(cond.0);
        let Source::Slot(slot) = source else {
            let goes = self.value(source).is_truthy() == sense;
            self.retire(1);
            self.pc = if goes { target.pc() } else { self.pc + 1 };
            return Piece::GoesOn;
        };
        if !self.is_fresh {
            return self.suspend(true);
        }
        let holds = self.value(source).is_truthy();
        let (to_jump, to_next) = (target.pc(), self.pc + 1);
        let (here, there) = if holds == sense { (to_jump, to_next) } else { (to_next, to_jump) };
        let position = self.code.ops.len();
        self.retire(1);
        let to = self.stub(there, self.state.clone(), false, From::Code(position));
        self.emit(if holds { Fast::IfFalse { slot, to } } else { Fast::IfTrue { slot, to } });
        self.pc = here;
        Piece::GoesOn
    }

    fn call(&mut self, func: Reg, dst: Reg, args: Span) -> Piece {
        let source = self.state.source(func.0);
        if matches!(source, Source::Slot(_)) && !self.is_fresh {
            return self.suspend(true);
        }
        let Ok(function) = ops::call(&self.program.functions, self.value(source)) else {
            return self.leave();
        };
        let entry = self.program.entries[function as usize];
        if entry.target.is_phi() {
            return self.leave();
        }
        if let Source::Slot(slot) = source {
            if self.state.surprises >= MOST_SURPRISES {
                return self.leave();
            }
            self.emit_guarded(Fast::GuardFunction { slot, function });
        }
        // A call may give nothing, and then the destination keeps what it holds.
        self.free(dst);
        self.flush(|to, _| to == dst.0);
        let args: Vec<Reg> = self.program.code().registers(args).iter().collect();
        for arg in &args {
            self.places([*arg]);
        }
        let mut callee = State::new([Kind::Free; REGISTERS]);
        let mut slots = Vec::with_capacity(args.len());
        for (place, arg) in args.iter().enumerate() {
            let [slot] = self.places([*arg]);
            slots.push(slot);
            callee.kinds[place] = self.state.kind(slot);
        }
        let registers = usize::from(entry.registers).max(args.len());
        let begin = entry.target.pc();
        let live = self.code.graph.live_at(begin);
        let clear = live.iter().filter(|register| (args.len()..registers).contains(&usize::from(*register)));
        let site = self.code.sites.len();
        self.emit_call(site, function, dst, &slots, clear.collect(), registers, begin, callee)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a call")]
    fn emit_call(
        &mut self,
        site: usize,
        function: FunctionIndex,
        dst: Reg,
        slots: &[u8],
        clear: Box<[u8]>,
        registers: usize,
        begin: usize,
        mut callee: State,
    ) -> Piece {
        let pc = self.pc;
        self.emit_guarded(Fast::Call { site: site as u32, steps: self.state.steps + 1 });
        callee.weaken_dead(self.code, begin);
        let to = match self.code.version(begin, &callee) {
            Some(at) => at,
            None => self.stub(begin, callee, false, From::Call { site }),
        };
        let mut after = self.state.clone();
        after.set_kind(dst.0, Kind::Any);
        after.steps = 0;
        after.previous = Some(pc as u32);
        let back = self.stub(pc + 1, after.clone(), false, From::Return { site });
        self.code.sites.push(Site {
            function,
            pc: pc as u32,
            dst: dst.0,
            args: slots.into(),
            clear,
            registers: registers as u16,
            callee: to,
            back,
            back_with_int: back,
            after: Rc::new(after),
        });
        Piece::Ended
    }

    fn r#return(&mut self, src: Option<Reg>) -> Piece {
        let steps = self.state.steps + 1;
        let source = src.map(|src| self.state.source(src.0));
        let (constant, slot) = match (source, src) {
            (Some(Source::Slot(slot)), _) => (None, Some(slot)),
            (Some(Source::Constant(constant)), _) => (Some(constant), None),
            (Some(Source::Bool(_)), Some(src)) => {
                let [slot] = self.places([src]);
                (None, Some(slot))
            }
            (Some(Source::Bool(_)) | None, _) => (None, None),
        };
        // What costs nothing may stay behind the frames.
        let clear: Box<[u8]> = (0..=u8::MAX)
            .filter(|register| self.state.kind(*register) == Kind::Any && Some(*register) != slot)
            .collect();
        let clears = &mut self.code.clears;
        let known = clears.iter().take(MOST_BETWEEN).position(|known| *known == clear);
        let clear = known.unwrap_or_else(|| {
            clears.push(clear);
            clears.len() - 1
        }) as u32;
        self.emit_guarded(match slot {
            Some(src) => Fast::Return { src, clear, steps },
            None => Fast::ReturnConst { constant, clear, steps },
        });
        Piece::Ended
    }
}

impl Test {
    /// Whether the test holds for two numbers of one type.
    #[inline(always)]
    pub(super) fn of<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
        }
    }

    fn holds(self, left: &Value, right: &Value) -> bool {
        let result = match self {
            Self::Eq => return left == right,
            Self::Ne => return left != right,
            Self::Lt => ops::lt(left, right),
            Self::Le => ops::lte(left, right),
            Self::Gt => ops::gt(left, right),
            Self::Ge => ops::gte(left, right),
        };
        matches!(result, Ok(Value::Bool(true)))
    }

    /// The test that holds for the operands the other way round.
    fn mirrored(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }

    /// The test of ints that holds where this one does not.
    fn opposite(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }
}

/// The branch that is taken where a test gives `outcome`. It leads nowhere yet.
fn branch_op(test: Test, outcome: bool, numbers: &Numbers) -> Option<Fast> {
    let to = At(0);
    Some(match *numbers {
        Numbers::Ints(left, right) => match if outcome { test } else { test.opposite() } {
            Test::Eq => Fast::IfEqInt { left, right, to },
            Test::Ne => Fast::IfNeInt { left, right, to },
            Test::Lt => Fast::IfLtInt { left, right, to },
            Test::Le => Fast::IfLeInt { left, right, to },
            Test::Gt => Fast::IfLtInt { left: right, right: left, to },
            Test::Ge => Fast::IfLeInt { left: right, right: left, to },
        },
        Numbers::ConstAndInt(left, right) => {
            return branch_op(test.mirrored(), outcome, &Numbers::IntAndConst(right, left));
        }
        Numbers::IntAndConst(left, right) => match if outcome { test } else { test.opposite() } {
            Test::Eq => Fast::IfEqIntConst { left, to, right },
            Test::Ne => Fast::IfNeIntConst { left, to, right },
            Test::Lt => Fast::IfLtIntConst { left, to, right },
            Test::Le if planted!("fused-branch") => Fast::IfLtIntConst { left, to, right },
            Test::Le => Fast::IfLtIntConst { left, to, right: right.checked_add(1)? },
            Test::Gt => Fast::IfGeIntConst { left, to, right: right.checked_add(1)? },
            Test::Ge => Fast::IfGeIntConst { left, to, right },
        },
        Numbers::Floats(left, right) => match (test, outcome) {
            (Test::Eq, true) | (Test::Ne, false) => Fast::IfEqFloat { left, right, to },
            (Test::Ne, true) | (Test::Eq, false) => Fast::IfNeFloat { left, right, to },
            (Test::Lt, true) => Fast::IfLtFloat { left, right, to },
            (Test::Lt, false) => Fast::IfNotLtFloat { left, right, to },
            (Test::Le, true) => Fast::IfLeFloat { left, right, to },
            (Test::Le, false) => Fast::IfNotLeFloat { left, right, to },
            (Test::Gt, true) => Fast::IfLtFloat { left: right, right: left, to },
            (Test::Gt, false) => Fast::IfNotLtFloat { left: right, right: left, to },
            (Test::Ge, true) => Fast::IfLeFloat { left: right, right: left, to },
            (Test::Ge, false) => Fast::IfNotLeFloat { left: right, right: left, to },
        },
        Numbers::Mixed(..) => return None,
        Numbers::ConstAndFloat(left, right) => {
            return branch_op(test.mirrored(), outcome, &Numbers::FloatAndConst(right, left));
        }
        Numbers::FloatAndConst(left, right) => match (test, outcome) {
            (Test::Eq, true) | (Test::Ne, false) => Fast::IfEqFloatConst { left, to, right },
            (Test::Ne, true) | (Test::Eq, false) => Fast::IfNeFloatConst { left, to, right },
            (Test::Lt, true) => Fast::IfLtFloatConst { left, to, right },
            (Test::Lt, false) => Fast::IfNotLtFloatConst { left, to, right },
            (Test::Le, true) => Fast::IfLeFloatConst { left, to, right },
            (Test::Le, false) => Fast::IfNotLeFloatConst { left, to, right },
            (Test::Gt, true) => Fast::IfGtFloatConst { left, to, right },
            (Test::Gt, false) => Fast::IfNotGtFloatConst { left, to, right },
            (Test::Ge, true) => Fast::IfGeFloatConst { left, to, right },
            (Test::Ge, false) => Fast::IfNotGeFloatConst { left, to, right },
        },
    })
}
