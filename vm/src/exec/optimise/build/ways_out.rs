//! Ways out of a loop, and what has to be stored there.

use super::{Builder, Made};
use crate::exec::analysis::RegSet;
use crate::exec::optimise::ir::{Condition, Edge, End, Exit, ExitId, Inst, Kind, Target, Value, Way};
use crate::exec::specialise::{CodeAddr, Source, TypeContext};

impl Builder<'_> {
    pub(super) fn exit(&mut self, mut exit: Exit) -> ExitId {
        exit.stale = self.stale_at_exit();
        if let Some(known) = self.body.exits.iter().position(|other| *other == exit) {
            return ExitId(known as u32);
        }
        self.body.exits.push(exit);
        ExitId(self.body.exits.len() as u32 - 1)
    }

    /// Where the instruction that is up cannot do what is needed, or has too few steps.
    pub(super) fn guard(&mut self, way: Way) -> ExitId {
        let exit = &self.code.exits[self.code.ops.exit_of(self.place)];
        let mut state = self.state(Some((exit.pc, &exit.context)));
        if way == Way::OutOfFuel {
            self.keep_tags(&mut state);
        }
        let refund = if way == Way::OutOfFuel { 0 } else { self.charged };
        self.exit(Exit { place: self.place, way, refund, charge: None, state, stale: Vec::new() })
    }

    /// Charges steps before the instruction that is up.
    pub(super) fn charge(&mut self, steps: u16) {
        let exit = self.guard(Way::OutOfFuel);
        self.push(Inst::Charge(steps, exit), Kind::Nothing);
        self.charged = steps;
    }

    /// A way from the instruction that is up to another, charging steps on the way, or giving some back.
    pub(super) fn edge(&mut self, to: CodeAddr, charge: Option<u16>, refund: u16) -> Option<Edge> {
        let charge = charge.map(|steps| (steps, self.guard(Way::OutOfFuel)));
        let inside = (!to.is_stub()).then(|| self.starts.get(&to.index()).copied()).flatten();
        if let Some(block) = inside {
            return Some(Edge { to: Target::Block(block), args: Vec::new(), charge, refund });
        }
        let state = self.state_at(to);
        // Where code is not made yet, whoever executes the instruction again charges for it.
        let charge = charge.filter(|_| !to.is_stub());
        let exit = Exit { place: self.place, way: Way::To(to), refund, charge, state, stale: Vec::new() };
        let exit = self.exit(exit);
        Some(Edge { to: Target::Exit(exit), args: Vec::new(), charge: None, refund: 0 })
    }

    /// What has to be stored where control goes on elsewhere.
    pub(super) fn state_at(&mut self, to: CodeAddr) -> Vec<(u8, Value)> {
        if to.is_stub() {
            // The instruction is executed again by others, and needs its operands.
            return self.state(None);
        }
        let place = to.index();
        if !self.code.ops.get(place).is_some_and(|op| op.unfused().has_exit()) {
            return self.state(None);
        }
        let exit = &self.code.exits[self.code.ops.exit_of(place)];
        let mut state = self.state(Some((exit.pc, &exit.context)));
        self.keep_tags(&mut state);
        state
    }

    /// What has to be stored where the baseline interpreter would go on at an instruction, with stores that are still to be done; all that was
    /// written, where nothing better is known.
    fn state(&mut self, at: Option<(u32, &TypeContext)>) -> Vec<(u8, Value)> {
        let live = at.map(|(pc, _)| self.live_before(pc));
        let is_needed = |register: u8| match (at, live) {
            (Some((_, context)), Some(live)) => {
                let is_source =
                    |(to, from): &(u8, Source)| *from == Source::Slot(register) && live.contains(*to);
                let is_own = context.source(register) == Source::Slot(register) && live.contains(register);
                is_own || context.deferred.iter().any(is_source)
            }
            _ => true,
        };
        let written = self.written.iter().copied();
        let held = written.filter_map(|register| Some((register, self.env[usize::from(register)]?)));
        held.filter(|(register, _)| is_needed(*register)).collect()
    }

    /// Machine code may go on where it relies on tags that were written before. What is in registers that are dead does not matter, but of what
    /// kind it is.
    fn keep_tags(&mut self, state: &mut Vec<(u8, Value)>) {
        for register in self.written.clone() {
            let Some(value) = self.env[usize::from(register)] else { continue };
            if state.iter().any(|(stored, _)| *stored == register) {
                continue;
            }
            let value = match self.body.kind(value) {
                Kind::Float => self.float(0.0),
                Kind::Bool => self.constant(Inst::Bool(false), Kind::Bool),
                Kind::Int | Kind::Vector | Kind::Row | Kind::Nothing => self.int(0),
            };
            state.push((register, value));
        }
    }

    pub(super) fn live_before(&mut self, pc: u32) -> RegSet {
        let (code, program) = (self.code, self.program);
        *self.live.entry(pc).or_insert_with(|| code.graph.live_before(&program.module, pc as usize))
    }

    /// A branch, whose edges are taken where a condition holds and where it does not.
    pub(super) fn branch(&mut self, condition: Condition, to: CodeAddr, steps: Option<u16>) -> Made {
        let taken = self.edge(to, steps, 0)?;
        let other = self.edge(CodeAddr::of(self.place + 1), None, 0)?;
        Some(Some(End::Branch(condition, taken, other)))
    }
}
