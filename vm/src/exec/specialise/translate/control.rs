//! Branches, calls and returns.

use std::rc::Rc;

use crate::exec::interpreter::{Op, Program, Target};
use crate::exec::specialise::builder::{Builder, MAX_BETWEEN, Progress};
use crate::exec::specialise::code::{CallSite, Code, Family, From, Stub};
use crate::exec::specialise::context::{Source, TypeContext};
use crate::exec::specialise::op::{CodeAddr, Slot, SpecOp};
use crate::exec::specialise::types::Type;
use crate::isa::{REGISTERS, Reg};
use crate::ops;
use crate::runtime::Span;
use crate::value::Value;

impl Code {
    /// Adds a call, made where that much is known, with what depends on the function: what of its frame must be cleared, and its
    /// code.
    fn add_site(&mut self, program: &Program, mut call: CallSite, context: &TypeContext) {
        let site = self.sites.len();
        let entry = program.entries[call.function as usize];
        let begin = entry.target.pc();
        let count = call.args.len();
        let registers = usize::from(entry.registers).max(count);
        call.registers = registers as u16;
        self.analyse(program, begin);
        let live = self.graph.live_at(begin);
        let clear = live.iter().filter(|register| (count..registers).contains(&usize::from(*register)));
        call.clear = clear.map(Slot::of).collect();
        let mut callee = TypeContext::new([Type::Scalar; REGISTERS]);
        for (ty, arg) in callee.types.iter_mut().zip(&call.args) {
            *ty = context.type_of(arg.register());
        }
        callee.weaken_dead(self, begin);
        call.callee = self.version(begin, &callee).unwrap_or_else(|| {
            let from = From::Call { site };
            let number = self.stubs.len();
            let stub = Stub { pc: begin as u32, context: callee, is_inside: false, written: None, from };
            self.stubs.push(Some(Box::new(stub)));
            CodeAddr::stub(number)
        });
        if let Some(family) = call.family {
            self.families[family as usize].add(call.function, site as u32);
        }
        self.sites.push(call);
    }

    /// Where a call that leads to several functions stopped, since it does not know the one that is up: has it know that one,
    /// too. Tells whether it does now.
    pub(crate) fn widen(&mut self, program: &Program, registers: &[Value; REGISTERS], at: CodeAddr) -> bool {
        let Some(&SpecOp::CallAny { func, family, .. }) = self.ops.get(at.index()) else { return false };
        let Ok(function) = ops::call(&program.functions, &registers[usize::from(func.register())]) else {
            return false;
        };
        let known = &self.families[family as usize];
        if known.site(function).is_some() || known.is_full() || self.is_full() {
            return false;
        }
        let Some(first) = known.sites().first().map(|site| &self.sites[*site as usize]) else { return false };
        let call = CallSite {
            args: first.args.clone(),
            clear: Box::default(),
            after: Rc::clone(&first.after),
            function,
            ..*first
        };
        let context = Rc::clone(&self.exits[self.ops.exit_of(at.index())].context);
        self.add_site(program, call, &context);
        self.changes += 1;
        true
    }
}

impl Builder<'_> {
    /// The branch that the next instruction makes on what this one writes, if both can be one: when it leads where true leads, and
    /// where.
    pub(super) fn branch_after(&self, dst: Reg) -> Option<(bool, Target)> {
        let next = *self.program.ops.get(self.pc + 1)?;
        let (cond, branch) = if let Op::JumpIf { cond, offset } = next {
            (cond, (true, offset))
        } else if let Op::JumpIfNot { cond, offset } = next {
            (cond, (false, offset))
        } else {
            return None;
        };
        if cond != dst || without!("branches") {
            return None;
        }
        (self.code.graph.is_straight(self.pc + 1) && self.context.type_of(dst.0) != Type::Any)
            .then_some(branch)
    }

    /// `and` or `or`, and the jump behind it.
    pub(super) fn fork_on_two(
        &mut self,
        is_and: bool,
        left: Reg,
        right: Reg,
        dst: Reg,
        sense: bool,
        target: Target,
    ) -> Progress {
        if !self.is_fresh {
            return self.suspend(true);
        }
        let [left_holds, right_holds] =
            [left, right].map(|register| self.value(self.context.source(register.0)).is_truthy());
        let holds = if is_and { left_holds && right_holds } else { left_holds || right_holds };
        let [left, right] = self.slots([left, right]);
        let to = CodeAddr::NOWHERE;
        let op = match (is_and, holds) {
            (true, true) => SpecOp::IfNotBoth { left, right, to },
            (true, false) => SpecOp::IfBoth { left, right, to },
            (false, true) => SpecOp::IfNeither { left, right, to },
            (false, false) => SpecOp::IfEither { left, right, to },
        };
        self.fork(op, dst, holds, sense, target)
    }

    /// A comparison and the jump behind it. Control goes on with what the test gives now; `op` is the branch to the other way.
    pub(super) fn fork(
        &mut self,
        op: SpecOp,
        dst: Reg,
        holds: bool,
        sense: bool,
        target: Target,
    ) -> Progress {
        let (to_jump, to_next) = (target.pc(), self.pc + 2);
        let (here, there) = if holds == sense { (to_jump, to_next) } else { (to_next, to_jump) };
        let position = self.code.ops.len();
        self.emit_guarded(op);
        self.pc += 1;
        self.context.steps += 2;
        self.context.previous = Some(self.pc as u32);
        let mut other = self.context.clone();
        other.defer(dst.0, Source::Bool(!holds));
        let to = self.stub(there, other, false, From::Code(position));
        self.code.link(From::Code(position), to);
        self.context.defer(dst.0, Source::Bool(holds));
        self.pc = here;
        Progress::Continue
    }

    pub(super) fn branch(&mut self, cond: Reg, sense: bool, target: Target) -> Progress {
        let source = self.context.source(cond.0);
        let Source::Slot(slot) = source else {
            let goes = self.value(source).is_truthy() == sense;
            self.retire(1);
            self.pc = if goes { target.pc() } else { self.pc + 1 };
            return Progress::Continue;
        };
        if !self.is_fresh {
            return self.suspend(true);
        }
        let holds = self.value(source).is_truthy();
        let (to_jump, to_next) = (target.pc(), self.pc + 1);
        let (here, there) = if holds == sense { (to_jump, to_next) } else { (to_next, to_jump) };
        let position = self.code.ops.len();
        self.retire(1);
        let to = self.stub(there, self.context.clone(), false, From::Code(position));
        let slot = Slot::of(slot);
        self.emit(match (self.context.bool(slot), holds) {
            (Some(slot), true) => SpecOp::IfFalseBool { slot, to },
            (Some(slot), false) => SpecOp::IfTrueBool { slot, to },
            (None, true) => SpecOp::IfFalse { slot, to },
            (None, false) => SpecOp::IfTrue { slot, to },
        });
        self.pc = here;
        Progress::Continue
    }

    pub(super) fn call(&mut self, func: Reg, dst: Reg, args: Span) -> Progress {
        if without!("calls") {
            return self.leave();
        }
        let source = self.context.source(func.0);
        if matches!(source, Source::Slot(_)) && !self.is_fresh {
            return self.suspend(true);
        }
        let Ok(function) = ops::call(&self.program.functions, self.value(source)) else {
            return self.leave();
        };
        let mut has_more = false;
        if let Source::Slot(slot) = source {
            match self.context.failed_speculations {
                0 => self.emit_guarded(SpecOp::GuardFunction { slot: Slot::of(slot), function }),
                // Another function was expected here, so more will come.
                1.. => has_more = true,
            }
        }
        // A call may give nothing, and then the destination keeps what it holds.
        self.free(dst);
        self.store_deferred(|to, _| to == dst.0);
        let args: Vec<Reg> = self.program.code().registers(args).iter().collect();
        for arg in &args {
            self.slots([*arg]);
        }
        let mut slots = Vec::with_capacity(args.len());
        for arg in &args {
            let [slot] = self.slots([*arg]);
            slots.push(slot);
        }
        let pc = self.pc;
        let steps = self.context.steps + 1;
        let (site, mut family) = (self.code.sites.len(), None);
        if has_more {
            let [func] = self.slots([func]);
            let number = self.code.families.len() as u32;
            family = Some(number);
            self.code.families.push(Family::default());
            self.emit_guarded(SpecOp::CallAny { func, steps, family: number });
        } else {
            self.emit_guarded(SpecOp::Call { site: site as u32, steps });
        }
        let mut after = self.context.clone();
        after.set_type(dst.0, Type::Any);
        after.steps = 0;
        after.previous = Some(pc as u32);
        let back = self.stub_after(Some(dst), pc + 1, after.clone(), false, From::Return { site });
        let call = CallSite {
            function,
            pc: pc as u32,
            dst: dst.0,
            args: slots.into(),
            clear: Box::default(),
            registers: 0,
            callee: CodeAddr::NOWHERE,
            back,
            back_with_int: back,
            back_with_float: back,
            back_with_bool: back,
            after: Rc::new(after),
            family,
        };
        self.code.add_site(self.program, call, &self.context);
        Progress::End
    }

    pub(super) fn r#return(&mut self, src: Option<Reg>) -> Progress {
        let steps = self.context.steps + 1;
        let source = src.map(|src| self.context.source(src.0));
        let (constant, slot) = match (source, src) {
            (Some(Source::Slot(slot)), _) => (None, Some(Slot::of(slot))),
            (Some(Source::Constant(constant)), _) => (Some(constant), None),
            (Some(Source::Bool(_)), Some(src)) => {
                let [slot] = self.slots([src]);
                (None, Some(slot))
            }
            (Some(Source::Bool(_)) | None, _) => (None, None),
        };
        // Scalars may stay behind the frames.
        let clear: Box<[Slot]> = (0..=u8::MAX)
            .filter(|register| !self.context.type_of(*register).is_scalar())
            .map(Slot::of)
            .filter(|place| Some(*place) != slot)
            .collect();
        let clears = &mut self.code.clears;
        let known = clears.iter().take(MAX_BETWEEN).position(|known| *known == clear);
        let clear = known.unwrap_or_else(|| {
            clears.push(clear);
            clears.len() - 1
        }) as u32;
        self.emit_guarded(match slot {
            Some(src) => SpecOp::Return { src, clear, steps },
            None => SpecOp::ReturnConst { constant, clear, steps },
        });
        Progress::End
    }
}
