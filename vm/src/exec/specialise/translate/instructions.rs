//! Baseline instructions, one by one: what each becomes.

use crate::exec::interpreter::{Op, Target};
use crate::exec::specialise::builder::{Builder, Progress};
use crate::exec::specialise::context::Source;
use crate::exec::specialise::op::{Slot, SpecOp, Test};
use crate::exec::specialise::translate::numbers::Arithmetic;
use crate::exec::specialise::types::Type;
use crate::isa::{ConstIdx, Operand, Reg, Role};
use crate::runtime::{GlobalSlot, Span};
use crate::value::Value;
use crate::values::TypeId;

include!(concat!(env!("OUT_DIR"), "/translatable.rs"));

impl Builder<'_> {
    /// Translates the instruction that is up.
    pub(crate) fn instruction(&mut self) -> Progress {
        let Some(&op) = self.program.ops.get(self.pc) else { return self.leave() };
        match Translatable::from(op) {
            Translatable::Nop | Translatable::BreakPoint => self.next(),
            Translatable::LoadConst { dst, constant } => {
                self.set(dst, Source::Constant(constant.0));
                self.next()
            }
            Translatable::Move { dst, src } => self.r#move(dst, src),
            Translatable::Add { dst, left, right } => self.arithmetic(op, Arithmetic::Add, dst, left, right),
            Translatable::Sub { dst, left, right } => self.arithmetic(op, Arithmetic::Sub, dst, left, right),
            Translatable::Mul { dst, left, right } => self.arithmetic(op, Arithmetic::Mul, dst, left, right),
            Translatable::Div { dst, left, right } => self.arithmetic(op, Arithmetic::Div, dst, left, right),
            Translatable::Mod { dst, left, right } => self.arithmetic(op, Arithmetic::Mod, dst, left, right),
            Translatable::Eq { dst, left, right } => self.compare(op, Test::Eq, dst, left, right),
            Translatable::Neq { dst, left, right } => self.compare(op, Test::Ne, dst, left, right),
            Translatable::Lt { dst, left, right } => self.compare(op, Test::Lt, dst, left, right),
            Translatable::Gt { dst, left, right } => self.compare(op, Test::Gt, dst, left, right),
            Translatable::Lte { dst, left, right } => self.compare(op, Test::Le, dst, left, right),
            Translatable::Gte { dst, left, right } => self.compare(op, Test::Ge, dst, left, right),
            Translatable::Jump { offset } => {
                self.retire(1);
                self.pc = offset.pc();
                Progress::Continue
            }
            Translatable::JumpIf { cond, offset } => self.branch(cond, true, offset),
            Translatable::JumpIfNot { cond, offset } => self.branch(cond, false, offset),
            Translatable::Call { func, dst, args } => self.call(func, dst, args),
            Translatable::Return { src } => self.r#return(src),
            Translatable::LoadGlobal { dst, name } => self.load_global(dst, name),
            Translatable::StoreGlobal { src, name } => self.store_global(src, name),
            Translatable::ArrayGet { dst, array, index } => self.array_get(op, dst, array, index),
            Translatable::DictSet { dict, key, value } => self.dict_set(dict, key, value),
            Translatable::DictGet { dst, dict, key } => self.dict_get(dst, dict, key),
            Translatable::Neg { dst, src } => self.negate(op, dst, src),
            Translatable::ArraySet { array, index, value } => self.array_set(op, array, index, value),
            Translatable::ArrayLen { dst, array } => {
                self.compute(op, dst, [array], Type::Int, |dst, [array]| SpecOp::ArrayLen { dst, array })
            }
            Translatable::Phi { .. } | Translatable::Halt => self.leave(),
            Translatable::And { dst, left, right } => self.logic(op, true, [dst, left, right]),
            Translatable::Or { dst, left, right } => self.logic(op, false, [dst, left, right]),
            Translatable::Not { dst, src } => {
                self.compute(op, dst, [src], Type::Bool, |dst, [src]| SpecOp::Not { dst, src })
            }
            Translatable::CheckType { .. } | Translatable::DictContains { .. } => {
                self.baseline(op, Type::Bool)
            }
            Translatable::StrLen { dst, str } => {
                self.compute(op, dst, [str], Type::Int, |dst, [string]| SpecOp::StrLen { dst, string })
            }
            Translatable::Cast { dst, src, r#type: TypeId::String } => self.int_text(op, dst, src),
            Translatable::ConcatStr { dst, left, right } => self.join_texts(op, dst, left, right),
            Translatable::DictLen { .. } => self.baseline(op, Type::Int),
            Translatable::Cast { .. } | Translatable::Other => self.baseline(op, Type::Any),
        }
    }

    /// `-src`.
    fn negate(&mut self, op: Op, dst: Reg, src: Reg) -> Progress {
        if self.speculate_number(src) == Progress::End {
            return Progress::End;
        }
        match self.type_of(src) {
            Type::Int => self.compute(op, dst, [src], Type::Int, |dst, [src]| SpecOp::NegInt { dst, src }),
            Type::Float => {
                self.compute(op, dst, [src], Type::Float, |dst, [src]| SpecOp::NegFloat { dst, src })
            }
            Type::Any | Type::Free | Type::Scalar | Type::Bool => self.baseline(op, Type::Any),
        }
    }

    /// The text of an int, which `Cast` to a string gives.
    fn int_text(&mut self, op: Op, dst: Reg, src: Reg) -> Progress {
        if self.speculate_number(src) == Progress::End {
            return Progress::End;
        }
        if self.type_of(src) != Type::Int {
            return self.baseline(op, Type::Any);
        }
        self.free(dst);
        let [src] = self.slots([src]);
        self.emit_guarded(SpecOp::IntText { dst: Slot::of(dst.0), src });
        self.wrote(dst, Type::Any);
        self.next()
    }

    /// Reads a global.
    fn load_global(&mut self, dst: Reg, name: GlobalSlot) -> Progress {
        self.free(dst);
        self.emit(SpecOp::LoadGlobal { dst: Slot::of(dst.0), name });
        self.wrote(dst, Type::Any);
        self.observe_result(dst)
    }

    /// Sets a global.
    fn store_global(&mut self, src: Reg, name: GlobalSlot) -> Progress {
        let [src] = self.slots([src]);
        self.emit(SpecOp::StoreGlobal { src, name });
        self.next()
    }

    /// `left and right` or `left or right`.
    fn logic(&mut self, op: Op, is_and: bool, [dst, left, right]: [Reg; 3]) -> Progress {
        if let Some((sense, target)) = self.branch_after(dst) {
            return self.fork_on_two(is_and, left, right, dst, sense, target);
        }
        self.compute(op, dst, [left, right], Type::Bool, |dst, [left, right]| {
            if is_and { SpecOp::And { dst, left, right } } else { SpecOp::Or { dst, left, right } }
        })
    }

    /// An instruction whose result is a scalar of that type: as `make` has it, given the places of its result and of what it
    /// reads, or as it is where its result is not written over a scalar. What is read is brought to its place first, as that
    /// may be the place of the result.
    fn compute<const N: usize>(
        &mut self,
        baseline: Op,
        dst: Reg,
        read: [Reg; N],
        ty: Type,
        make: impl FnOnce(Slot, [Slot; N]) -> SpecOp,
    ) -> Progress {
        self.free(dst);
        let read = self.slots(read);
        if !self.context.type_of(dst.0).is_scalar() {
            return self.baseline(baseline, ty);
        }
        self.emit_guarded(make(Slot::of(dst.0), read));
        self.wrote(dst, ty);
        self.next()
    }

    /// An instruction as it is. `type` is what its result is known to be.
    pub(super) fn baseline(&mut self, op: Op, ty: Type) -> Progress {
        let Some(instruction) = self.program.module.instruction(self.pc) else { return self.leave() };
        let mut written = None;
        for (operand, spec) in instruction.operands().iter().zip(instruction.opcode().spec().operands) {
            if let (Operand::Register(register), Role::Out | Role::InOut | Role::Tagged) =
                (operand, spec.role)
            {
                self.free(*register);
                if spec.role != Role::Out {
                    self.store_deferred(|to, _| to == register.0);
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
            self.slots([register]);
        }
        let op = op.reading(|register| match self.context.source(register.0) {
            Source::Slot(slot) => Reg(slot),
            Source::Constant(_) | Source::Bool(_) => register,
        });
        self.emit_guarded(SpecOp::Baseline { op });
        self.is_fresh = false;
        if let Some(dst) = written {
            self.wrote(dst, ty);
        }
        self.next()
    }

    /// Joins texts, which `ConcatStr` does of all values and `Add` of two strings.
    pub(super) fn join_texts(&mut self, baseline: Op, dst: Reg, left: Reg, right: Reg) -> Progress {
        let is_string = |register: Reg| {
            let source = self.context.source(register.0);
            let can_see = self.is_fresh || !matches!(source, Source::Slot(_));
            can_see && matches!(self.value(source), Value::String(_))
        };
        let (is_left, is_right) = (is_string(left), is_string(right));
        // With `Add`, one that is seen is enough to expect the other.
        let are_strings = is_left && is_right || matches!(baseline, Op::Add { .. }) && (is_left || is_right);
        if !are_strings {
            return self.baseline(baseline, Type::Any);
        }
        self.free(dst);
        let [left, right] = self.slots([left, right]);
        self.emit_guarded(SpecOp::Join { dst: Slot::of(dst.0), left, right });
        self.wrote(dst, Type::Any);
        self.next()
    }

    pub(super) fn r#move(&mut self, dst: Reg, src: Reg) -> Progress {
        if dst == src {
            return self.next();
        }
        if self.context.type_of(dst.0) == Type::Any {
            self.free(dst);
        }
        if let Progress::End = self.speculate(src, true) {
            return Progress::End;
        }
        let source = self.context.source(src.0);
        match source {
            Source::Slot(slot) if self.context.type_of(slot) == Type::Any => {
                self.free(dst);
                let [src] = self.slots([src]);
                if src.register() == dst.0 {
                    self.context.forget(dst.0);
                } else {
                    self.emit(SpecOp::Move { dst: Slot::of(dst.0), src });
                    self.wrote(dst, Type::Any);
                }
            }
            Source::Slot(_) | Source::Constant(_) | Source::Bool(_) => self.set(dst, source),
        }
        self.next()
    }
}
