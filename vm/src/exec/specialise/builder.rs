//! The builder: makes one block at a time, when control reaches it.
//!
//! A block is made when control reaches it for the first time, so the builder observes the very values that the code will work on. It
//! follows the path that is taken; the other side of a branch, the return of a call, and whatever depends on a value that is
//! not there yet become stubs. Where paths meet, no store may be deferred, and a version that was made for one path is used by
//! others of which at least as much is known.

mod link;
mod phis;
mod speculate;
pub(super) mod store;

use std::rc::Rc;

use crate::exec::interpreter::{Op, Program};
use crate::exec::specialise::code::{Code, Exit, From, MAX_VERSIONS, Stub, Version, max_exact};
use crate::exec::specialise::context::slots::ScalarSlot;
use crate::exec::specialise::context::{Source, TypeContext};
use crate::exec::specialise::op::{CodeAddr, SpecOp};
use crate::exec::specialise::spoilt::spoil_exit;
use crate::exec::specialise::types::Type;
#[cfg(debug_assertions)]
use crate::exec::specialise::verify::{Types, verify};
use crate::isa::{REGISTERS, Reg};
use crate::runtime::RESERVE;
use crate::value::Value;
use store::Rewrite;

/// Makes one block of specialised code.
pub(super) struct Builder<'a> {
    pub(super) code: &'a mut Code,
    pub(super) program: &'a Program,
    /// The registers as they are, as control reaches the beginning of the block.
    pub(super) registers: &'a [Value; REGISTERS],
    pub(super) context: TypeContext,
    /// The baseline instruction that is up.
    pub(super) pc: usize,
    /// Whether `registers` is still what the code made so far would leave behind.
    pub(super) is_fresh: bool,
    /// Where the block begins. What is before may have been executed already.
    pub(super) begin: usize,
    /// The types where the block begins, for the verifier.
    #[cfg(debug_assertions)]
    pub(super) entry: Box<Types>,
}

/// Whether a block goes on.
#[derive(PartialEq, Eq)]
pub(super) enum Progress {
    Continue,
    End,
}

/// Steps are charged at the latest when there are so many. One instruction and a run of phis may come on top.
pub(super) const MAX_STEPS: u16 = 128;
/// The steps of so many phis come on top.
pub(super) const MAX_PHIS: usize = 64;
/// Longer runs are charged by themselves, at once; what is longer than this is left to the baseline interpreter.
pub(super) const MAX_PHIS_CHARGED: usize = RESERVE as usize;
/// So many instructions may be between an operation and the move of its result.
pub(super) const MAX_BETWEEN: usize = 16;
const _: () = assert!(MAX_STEPS as usize + MAX_PHIS + 4 < RESERVE as usize);

/// So many writes are deferred at most. Each instruction that is made looks through them.
pub(super) const MAX_DEFERRED: usize = 96;

/// So many instructions are made before control must have come there.
pub(super) const MAX_AT_ONCE: usize = 256;

/// After so many failed speculations on one path, nothing more is speculated on there.
pub(super) const MAX_FAILED_SPECULATIONS: u8 = 3;

impl<'a> Builder<'a> {
    pub(super) fn new(
        code: &'a mut Code,
        program: &'a Program,
        registers: &'a [Value; REGISTERS],
        pc: usize,
        context: TypeContext,
    ) -> Self {
        let begin = code.ops.len();
        #[cfg(debug_assertions)]
        let entry = Box::new(context.types);
        Self {
            code,
            program,
            registers,
            context,
            pc,
            is_fresh: true,
            begin,
            #[cfg(debug_assertions)]
            entry,
        }
    }

    pub(super) fn is_at_phi(&self) -> bool {
        matches!(self.program.ops.get(self.pc), Some(Op::Phi { .. }))
    }

    pub(super) fn position(&self) -> CodeAddr {
        CodeAddr::of(self.code.ops.len())
    }

    /// Makes a block and gives where it begins.
    pub(super) fn block(mut self, is_inside: bool) -> CodeAddr {
        let begin = CodeAddr::of(self.begin);
        self.make(is_inside);
        // What is joined from neighbours comes last: until then, what follows may still change what is there.
        let ops = &mut self.code.ops;
        for place in begin.index().max(2) - 1..ops.len().saturating_sub(1) {
            if without!("back-edges") {
                break;
            }
            // Where the back edge of a loop was made in its first iteration, control reaches the test from above. What leads here from
            // above, if anything does, was the block before.
            if let SpecOp::ChargeFuel { steps } = ops[place]
                && let Some(turn) = ops[place + 1].with_jump(CodeAddr::of(place + 1), steps)
                && let Some(op) = turn.with_counter(&ops[place - 1])
            {
                // It does the same for what leads there, and goes on to what was behind it.
                ops.rewrite(place - 1, op, Rewrite::Same);
            }
        }
        let mut place = begin.index();
        while place + 1 < ops.len() && !without!("superinstructions") {
            if let Some(op) = ops[place].with_next(ops[place + 1]) {
                ops.rewrite(place, op, Rewrite::Same);
                place += 1;
            }
            place += 1;
        }
        #[cfg(debug_assertions)]
        if let Err(fault) = verify(self.code, self.program, begin.index(), &self.entry) {
            debug_assert!(false, "{fault}");
        }
        begin
    }

    pub(super) fn make(&mut self, mut is_inside: bool) {
        loop {
            if self.code.is_full() {
                self.leave();
                return;
            }
            if self.code.ops.len() - self.begin >= MAX_AT_ONCE {
                self.suspend(is_inside);
                return;
            }
            if self.context.deferred.len() > MAX_DEFERRED {
                self.store_deferred(|_, _| true);
            }
            if without!("deferred-stores") {
                self.store_deferred(|_, from| !matches!(from, Source::Constant(_)));
            }
            if !std::mem::take(&mut is_inside) && self.arrive() == Progress::End {
                return;
            }
            if self.context.steps >= MAX_STEPS {
                self.emit_guarded(SpecOp::ChargeFuel { steps: self.context.steps });
                self.context.steps = 0;
            }
            if self.instruction() == Progress::End {
                return;
            }
        }
    }

    // What is emitted

    pub(super) fn emit(&mut self, op: SpecOp) {
        self.code.ops.push(op, 0);
    }

    /// Emits an instruction that may leave for the baseline instruction that is up.
    pub(super) fn emit_guarded(&mut self, op: SpecOp) {
        let exit = if cfg!(feature = "planted") { self.spoilt_exit(op) } else { self.exit() };
        self.code.ops.push(op, exit);
    }

    pub(super) fn exit(&mut self) -> u32 {
        let pc = self.pc as u32;
        let known = self.code.exits.last();
        if !known.is_some_and(|exit| exit.pc == pc && exit.other.is_none() && *exit.context == self.context) {
            let context = Rc::new(self.context.clone());
            self.code.exits.push(Exit { pc, context, taken: 0, other: None });
        }
        self.code.exits.len() as u32 - 1
    }

    /// The exit of an instruction, in a process that may have a mutant of it.
    fn spoilt_exit(&mut self, op: SpecOp) -> u32 {
        let (mut pc, mut context) = (self.pc as u32, self.context.clone());
        spoil_exit(op, &mut pc, &mut context);
        if context == self.context && pc == self.pc as u32 {
            return self.exit();
        }
        self.code.exits.push(Exit { pc, context: Rc::new(context), taken: 0, other: None });
        self.code.exits.len() as u32 - 1
    }

    pub(super) fn leave(&mut self) -> Progress {
        self.emit_guarded(SpecOp::Deoptimise);
        Progress::End
    }

    pub(super) fn stub(&mut self, pc: usize, context: TypeContext, is_inside: bool, from: From) -> CodeAddr {
        self.stub_after(None, pc, context, is_inside, from)
    }

    /// A stub that begins with a look at what was written just before.
    pub(super) fn stub_after(
        &mut self,
        written: Option<Reg>,
        pc: usize,
        context: TypeContext,
        is_inside: bool,
        from: From,
    ) -> CodeAddr {
        let number = self.code.stubs.len();
        self.code.stubs.push(Some(Box::new(Stub { pc: pc as u32, context, is_inside, written, from })));
        CodeAddr::stub(number)
    }

    /// Ends the block here, to go on when the values are there.
    pub(super) fn suspend(&mut self, is_inside: bool) -> Progress {
        let from = From::Code(self.code.ops.len());
        let to = self.stub(self.pc, self.context.clone(), is_inside, from);
        self.emit(SpecOp::Goto { to });
        Progress::End
    }

    /// Ends the block behind an instruction that wrote what cannot be known in advance, to look at it.
    pub(super) fn observe_result(&mut self, written: Reg) -> Progress {
        self.retire(1);
        self.pc += 1;
        if self.context.failed_speculations >= MAX_FAILED_SPECULATIONS || self.is_at_phi() {
            return Progress::Continue;
        }
        let from = From::Code(self.code.ops.len());
        let to = self.stub_after(Some(written), self.pc, self.context.clone(), false, from);
        self.emit(SpecOp::Goto { to });
        Progress::End
    }

    /// Goes on to the next instruction.
    pub(super) fn next(&mut self) -> Progress {
        self.retire(1);
        self.pc += 1;
        Progress::Continue
    }

    pub(super) fn retire(&mut self, steps: u16) {
        self.context.steps += steps;
        self.context.previous = Some(self.pc as u32 + u32::from(steps) - 1);
    }

    // What is known of registers

    pub(super) fn constant_type(&self, constant: u16) -> Type {
        Type::of(&self.program.constants[usize::from(constant)], self.program.functions.id)
    }

    pub(super) fn source_type(&self, source: Source) -> Type {
        match source {
            Source::Slot(slot) => self.context.type_of(slot),
            Source::Constant(constant) => self.constant_type(constant),
            Source::Bool(_) => Type::Bool,
        }
    }

    /// What is known of a register.
    pub(super) fn type_of(&self, register: Reg) -> Type {
        self.source_type(self.context.source(register.0))
    }

    /// Where an instruction can have the value of a register.
    pub(super) fn operand(&self, register: Reg) -> Source {
        if without!("constants") { Source::Slot(register.0) } else { self.context.source(register.0) }
    }

    /// A value as it is; only to be asked while it can be seen.
    pub(super) fn value(&self, source: Source) -> &'a Value {
        match source {
            Source::Slot(slot) => &self.registers[usize::from(slot)],
            Source::Constant(constant) => &self.program.constants[usize::from(constant)],
            Source::Bool(true) => &Value::Bool(true),
            Source::Bool(false) => &Value::Bool(false),
        }
    }

    // Where control comes and goes

    /// Arrives at an instruction: phis choose, and paths meet.
    pub(super) fn arrive(&mut self) -> Progress {
        let first = self.pc;
        if self.phis() == Progress::End {
            return Progress::End;
        }
        if self.code.graph.is_join(first) { self.join() } else { Progress::Continue }
    }

    /// The instruction emitted last, if nothing else leads behind it.
    pub(super) fn last(&self) -> Option<(usize, SpecOp)> {
        let last = self.code.ops.len().checked_sub(1)?;
        (last >= self.code.floor).then(|| (last, self.code.ops[last]))
    }

    /// Puts an instruction in the place of the one emitted last.
    pub(super) fn replace_last(&mut self, op: SpecOp) {
        if let Some(last) = self.code.ops.len().checked_sub(1) {
            self.code.ops.rewrite(last, op, Rewrite::Other);
        }
    }

    /// Makes an operation on numbers in this block write its result elsewhere.
    pub(super) fn move_result(&mut self, place: usize, to: ScalarSlot) {
        let mut op = self.code.ops[place];
        if let Some(result) = op.result() {
            *result = to;
        }
        self.code.ops.rewrite(place, op, Rewrite::Same);
    }

    /// Paths meet here: goes on with the code that there is for this place, or makes it.
    pub(super) fn join(&mut self) -> Progress {
        let live = self.code.graph.live_at(self.pc);
        self.context.deferred.retain(|(to, _)| live.contains(*to));
        self.store_deferred(|_, _| true);
        self.context.weaken_dead(self.code, self.pc);
        self.context.failed_speculations = 0;
        if let Some(to) = self.code.version(self.pc, &self.context) {
            let steps = self.context.steps;
            if let Some(op) = self.code.ops.get(to.index()).and_then(|op| op.with_jump(to, steps))
                && !without!("back-edges")
            {
                let last = self.code.ops.len().wrapping_sub(1);
                let counts = self.code.ops.get(last).and_then(|counter| op.with_counter(counter));
                if let Some(op) = counts.filter(|_| last >= self.begin.max(self.code.floor)) {
                    self.code.ops.rewrite(last, op, Rewrite::Same);
                } else {
                    self.emit_guarded(op);
                }
            }
            self.emit_guarded(SpecOp::Jump { to, steps });
            return Progress::End;
        }
        if self.context.steps > 0 {
            self.emit_guarded(SpecOp::ChargeFuel { steps: self.context.steps });
            self.context.steps = 0;
        }
        let versions = self.code.versions.entry(self.pc as u32).or_default();
        if versions.len() >= max_exact() {
            let is_last = versions.len() + 1 >= MAX_VERSIONS;
            if is_last {
                self.context.types.fill(Type::Any);
            }
            for ty in &mut self.context.types {
                *ty = match *ty {
                    Type::Any => Type::Any,
                    Type::Free => Type::Free,
                    Type::Scalar | Type::Bool | Type::Int | Type::Float => Type::Scalar,
                };
            }
        }
        let at = CodeAddr::of(self.code.ops.len());
        versions.push(Version { context: self.context.clone(), at });
        self.code.floor = at.index();
        Progress::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;
    use crate::exec::analysis::FlowGraph;
    use crate::exec::specialise::op::Slot;
    use crate::runtime::GlobalSlot;

    /// What a builder makes of a program whose registers hold such values, of which nothing is known.
    fn build(values: &[Value], act: impl FnOnce(&mut Builder<'_>)) -> Code {
        let program =
            Program::new(assemble("load_const r0, 40\n load_const r1, \"text\"\n return r0").unwrap());
        let mut code = Code::new(FlowGraph::new(&program));
        code.set_analysis_budget(usize::MAX);
        code.analyse(&program, 0);
        let mut registers: [Value; REGISTERS] = std::array::from_fn(|_| Value::Empty);
        registers[..values.len()].clone_from_slice(values);
        let context = TypeContext::new([Type::Any; REGISTERS]);
        act(&mut Builder::new(&mut code, &program, &registers, 0, context));
        code
    }

    fn texts(code: &Code) -> Vec<String> {
        code.ops.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn instructions_that_know_the_same_share_an_exit() {
        let code = build(&[], |builder| {
            builder.emit_guarded(SpecOp::GuardInt { slot: Slot::of(0) });
            builder.emit_guarded(SpecOp::GuardInt { slot: Slot::of(1) });
            builder.context.steps += 1;
            builder.emit_guarded(SpecOp::GuardInt { slot: Slot::of(2) });
            builder.pc += 1;
            builder.emit_guarded(SpecOp::GuardInt { slot: Slot::of(3) });
        });
        assert_eq!([0, 1, 2, 3].map(|place| code.ops.exit_of(place)), [0, 0, 1, 2]);
        assert_eq!(
            code.exits.iter().map(|exit| (exit.pc, exit.context.steps)).collect::<Vec<_>>(),
            [(0, 0), (0, 1), (1, 1)]
        );
    }

    #[test]
    fn an_exit_that_leads_elsewhere_is_not_shared() {
        let code = build(&[], |builder| {
            builder.emit_guarded(SpecOp::GuardInt { slot: Slot::of(0) });
            builder.code.exits[0].other = Some(CodeAddr::of(0));
            builder.emit_guarded(SpecOp::GuardInt { slot: Slot::of(1) });
        });
        assert_eq!([0, 1].map(|place| code.ops.exit_of(place)), [0, 1]);
    }

    #[test]
    fn steps_are_retired_with_the_instruction_that_was_before() {
        build(&[], |builder| {
            builder.pc = 5;
            builder.retire(3);
            assert_eq!((builder.context.steps, builder.context.previous), (3, Some(7)));
            assert!(builder.next() == Progress::Continue);
            assert_eq!((builder.context.steps, builder.context.previous, builder.pc), (4, Some(5), 6));
        });
    }

    #[test]
    fn a_block_that_is_suspended_goes_on_in_a_stub() {
        let code = build(&[], |builder| {
            builder.pc = 2;
            assert!(builder.suspend(true) == Progress::End);
        });
        assert_eq!(texts(&code), ["Goto to=stub 0"]);
        let stub = code.stubs[0].as_ref().unwrap();
        assert!(stub.pc == 2 && stub.is_inside && matches!(stub.from, From::Code(0)));
    }

    #[test]
    fn a_value_that_is_seen_is_guarded_by_its_type() {
        let values = [Value::Int(1), Value::Float(0.5), Value::Bool(true), Value::Empty, Value::array([])];
        let code = build(&values, |builder| {
            for register in 0..5 {
                assert!(builder.speculate(Reg(register), true) == Progress::Continue);
            }
            let types = [0, 1, 2, 3, 4].map(|register| builder.type_of(Reg(register)));
            assert_eq!(types, [Type::Int, Type::Float, Type::Bool, Type::Scalar, Type::Any]);
        });
        assert_eq!(
            texts(&code),
            ["GuardInt slot=r0", "GuardFloat slot=r1", "GuardBool slot=r2", "Guard slot=r3 ty=Scalar"]
        );
    }

    #[test]
    fn a_value_is_guarded_behind_an_instruction_without_an_exit() {
        let code = build(&[Value::Int(1)], |builder| {
            builder.emit(SpecOp::StoreGlobal { src: Slot::of(1), name: GlobalSlot(0) });
            assert!(builder.speculate(Reg(0), true) == Progress::Continue);
        });
        assert_eq!(texts(&code)[1..], ["GuardInt slot=r0"]);
    }

    #[test]
    fn a_number_is_wanted_where_there_is_arithmetic() {
        let code = build(&[Value::Bool(true), Value::Int(1)], |builder| {
            builder.speculate_number(Reg(0));
            builder.speculate_number(Reg(1));
            builder.speculate_number(Reg(1));
        });
        assert_eq!(texts(&code), ["GuardInt slot=r1"]);
    }

    #[test]
    fn what_cannot_be_seen_any_more_is_looked_at_later() {
        let code = build(&[Value::Int(1)], |builder| {
            builder.is_fresh = false;
            assert!(builder.speculate(Reg(0), true) == Progress::End);
        });
        assert_eq!(texts(&code), ["Goto to=stub 0"]);
    }

    #[test]
    fn after_failed_speculations_nothing_is_guarded() {
        let code = build(&[Value::Int(1)], |builder| {
            builder.context.failed_speculations = MAX_FAILED_SPECULATIONS;
            assert!(builder.speculate(Reg(0), true) == Progress::Continue);
        });
        assert!(code.ops.is_empty());
    }

    #[test]
    fn a_deferred_constant_has_the_type_of_the_constant() {
        build(&[], |builder| {
            builder.context.defer(3, Source::Constant(0));
            builder.context.defer(4, Source::Constant(1));
            builder.context.defer(5, Source::Bool(false));
            let types = [3, 4, 5, 6].map(|register| builder.type_of(Reg(register)));
            assert_eq!(types, [Type::Int, Type::Free, Type::Bool, Type::Any]);
        });
    }

    #[test]
    fn values_that_change_places_are_swapped_and_none_is_copied() {
        let code = build(&[], |builder| {
            builder.move_at_once(&[(Reg(0), Reg(1)), (Reg(1), Reg(0))]);
            assert!(!builder.is_fresh && builder.context.deferred.is_empty());
        });
        assert!(matches!(code.ops[..], [SpecOp::Swap { .. }]), "{:?}", texts(&code));
    }

    #[test]
    fn scalars_that_change_places_do_so_later() {
        let code = build(&[], |builder| {
            builder.context.types.fill(Type::Scalar);
            builder.move_at_once(&[(Reg(0), Reg(1)), (Reg(1), Reg(0))]);
            assert_eq!(builder.context.deferred, [(0, Source::Slot(1)), (1, Source::Slot(0))]);
        });
        assert!(code.ops.is_empty());
    }

    #[test]
    fn what_others_lead_behind_is_not_taken_back() {
        let mut code = build(&[], |builder| {
            assert!(builder.last().is_none());
            builder.emit(SpecOp::Deoptimise);
            assert!(matches!(builder.last(), Some((0, SpecOp::Deoptimise))));
            builder.replace_last(SpecOp::Goto { to: CodeAddr::of(0) });
            builder.code.floor = 1;
            assert!(builder.last().is_none());
        });
        assert_eq!(texts(&code), ["Goto to=@0"]);
        #[cfg(machine_code)]
        assert_eq!(code.ops.take_rewritten(), Some(0));
        #[cfg(machine_code)]
        assert_eq!(code.ops.take_rewritten(), None);
    }
}
