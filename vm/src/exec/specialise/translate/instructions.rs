//! Baseline instructions, one by one: what each becomes.

use crate::exec::analysis::{LONGEST_WINDOW, Origin, OtherHolder, Window};
use crate::exec::interpreter::Op;
use crate::exec::specialise::builder::{Builder, MAX_STEPS, Progress};
use crate::exec::specialise::context::Source;
use crate::exec::specialise::op::{Slot, SpecOp, Test};
use crate::exec::specialise::translate::numbers::Arithmetic;
use crate::exec::specialise::types::Type;
use crate::isa::{Operand, Reg, Role};
use crate::value::Value;
use crate::values::TypeId;

impl Builder<'_> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "an opcode without a specialised form runs as it is, so a new one needs nothing here"
    )]
    pub(crate) fn instruction(&mut self) -> Progress {
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
                Progress::Continue
            }
            Op::JumpIf { cond, offset } => self.branch(cond, true, offset),
            Op::JumpIfNot { cond, offset } => self.branch(cond, false, offset),
            Op::Call { func, dst, args } => self.call(func, dst, args),
            Op::Return { src } => self.r#return(src),
            Op::LoadGlobal { dst, name } => {
                self.free(dst);
                self.emit(SpecOp::LoadGlobal { dst: Slot::of(dst.0), name });
                self.wrote(dst, Type::Any);
                self.observe_result(dst)
            }
            Op::StoreGlobal { src, name } => {
                let [src] = self.slots([src]);
                self.emit(SpecOp::StoreGlobal { src, name });
                self.next()
            }
            Op::ArrayGet { dst, array, index } => {
                if self.speculate_number(index) == Progress::End {
                    return Progress::End;
                }
                self.free(dst);
                if let Some(index) = self.small_index(index) {
                    let [array] = self.slots([array]);
                    self.emit_guarded(SpecOp::ArrayGetConst { dst: Slot::of(dst.0), array, index });
                } else if self.type_of(index) == Type::Int {
                    let [array, index] = self.slots([array, index]);
                    self.emit_guarded(SpecOp::ArrayGet { dst: Slot::of(dst.0), array, index });
                } else {
                    return self.baseline(op, Type::Any);
                }
                self.wrote(dst, Type::Any);
                self.observe_result(dst)
            }
            Op::DictSet { dict, key, value } => {
                self.elide_copy(dict, key);
                let [dict, key, value] = self.slots([dict, key, value]);
                self.emit_guarded(SpecOp::DictSet { dict, key, value });
                self.is_fresh = false;
                self.next()
            }
            Op::DictGet { dst, dict, key } => {
                self.free(dst);
                let [dict, key] = self.slots([dict, key]);
                self.emit_guarded(SpecOp::DictGet { dst: Slot::of(dst.0), dict, key });
                self.wrote(dst, Type::Any);
                self.observe_result(dst)
            }
            Op::Neg { dst, src } => {
                if self.speculate_number(src) == Progress::End {
                    return Progress::End;
                }
                match self.type_of(src) {
                    Type::Int => {
                        self.compute(op, dst, [src], Type::Int, |dst, [src]| SpecOp::NegInt { dst, src })
                    }
                    Type::Float => {
                        self.compute(op, dst, [src], Type::Float, |dst, [src]| SpecOp::NegFloat { dst, src })
                    }
                    Type::Any | Type::Free | Type::Scalar | Type::Bool => self.baseline(op, Type::Any),
                }
            }
            Op::ArraySet { array, index, value } => {
                if self.speculate_number(index) == Progress::End
                    || self.speculate(value, true) == Progress::End
                {
                    return Progress::End;
                }
                if self.type_of(index) != Type::Int {
                    return self.baseline(op, Type::Any);
                }
                self.elide_copy(array, index);
                if let Some(index) = self.small_index(index) {
                    let [array, value] = self.slots([array, value]);
                    self.emit_guarded(SpecOp::ArraySetConst { array, value, index });
                } else if let Some(constant) = self.scalar_constant(value) {
                    let [array, index] = self.slots([array, index]);
                    self.emit_guarded(match constant {
                        Value::Int(value) => SpecOp::ArraySetToInt { array, index, value },
                        Value::Float(value) => SpecOp::ArraySetToFloat { array, index, value },
                        value => SpecOp::ArraySetToBool { array, index, value: value.is_truthy() },
                    });
                } else {
                    let ty = self.type_of(value);
                    let [array, index, value] = self.slots([array, index, value]);
                    self.emit_guarded(match ty {
                        Type::Int => SpecOp::ArraySetInt { array, index, value },
                        Type::Float => SpecOp::ArraySetFloat { array, index, value },
                        Type::Bool | Type::Scalar => SpecOp::ArraySetScalar { array, index, value },
                        Type::Any | Type::Free => SpecOp::ArraySet { array, index, value },
                    });
                }
                self.is_fresh = false;
                self.next()
            }
            Op::ArrayLen { dst, array } => {
                self.compute(op, dst, [array], Type::Int, |dst, [array]| SpecOp::ArrayLen { dst, array })
            }
            Op::Phi { .. } | Op::Halt => self.leave(),
            Op::And { dst, left, right } => {
                if let Some((sense, target)) = self.branch_after(dst) {
                    return self.fork_on_two(true, left, right, dst, sense, target);
                }
                self.compute(op, dst, [left, right], Type::Bool, |dst, [left, right]| SpecOp::And {
                    dst,
                    left,
                    right,
                })
            }
            Op::Or { dst, left, right } => {
                if let Some((sense, target)) = self.branch_after(dst) {
                    return self.fork_on_two(false, left, right, dst, sense, target);
                }
                self.compute(op, dst, [left, right], Type::Bool, |dst, [left, right]| SpecOp::Or {
                    dst,
                    left,
                    right,
                })
            }
            Op::Not { dst, src } => {
                self.compute(op, dst, [src], Type::Bool, |dst, [src]| SpecOp::Not { dst, src })
            }
            Op::CheckType { .. } | Op::DictContains { .. } => self.baseline(op, Type::Bool),
            Op::StrLen { dst, str } => {
                self.compute(op, dst, [str], Type::Int, |dst, [string]| SpecOp::StrLen { dst, string })
            }
            Op::Cast { dst, src, r#type: TypeId::String } => {
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
            Op::ConcatStr { dst, left, right } => self.join_texts(op, dst, left, right),
            Op::DictLen { .. } => self.baseline(op, Type::Int),
            _ => self.baseline(op, Type::Any),
        }
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

    /// Makes the other holder of the container that is written now let go, where there is one that is overwritten before it is
    /// read.
    pub(super) fn elide_copy(&mut self, container: Reg, key: Reg) {
        if !self.code.elides_copies || without!("copy-elision") {
            return;
        }
        let is_number = |register: u8| {
            matches!(self.source_type(self.context.source(register)), Type::Bool | Type::Int | Type::Float)
        };
        let twin = OtherHolder::find(self.program, self.pc, container, is_number);
        match twin {
            Some(OtherHolder::Register(holder)) => {
                self.store_deferred(|to, _| to == holder.0);
                let [container] = self.slots([container]);
                self.emit(SpecOp::ElideCopy { holder: Slot::of(holder.0), container });
            }
            Some(OtherHolder::Global(holder)) => {
                // Nothing may be seen of the global while it is empty: no limit may be met between the two instructions.
                if self.context.steps + 2 >= MAX_STEPS {
                    self.emit_guarded(SpecOp::ChargeFuel { steps: self.context.steps });
                    self.context.steps = 0;
                }
                let [container, key] = self.slots([container, key]);
                self.emit(SpecOp::ElideCopyGlobal { holder, container, key });
            }
            None => self.elide_copy_of_element(container),
        }
    }

    /// The same with an element of another container, which is set before anybody can look.
    fn elide_copy_of_element(&mut self, container: Reg) {
        let is_set = |op: &Op| matches!(op, Op::ArraySet { value, .. } | Op::DictSet { value, .. } if *value == container);
        if !self.program.ops.iter().skip(self.pc + 1).take(LONGEST_WINDOW).any(is_set) {
            return;
        }
        let window = Window::behind(self.program, self.pc, container);
        let Some((outer, key)) = window.first_element(container) else { return };
        let mut registers = (0..=u8::MAX).map(Reg);
        let key = match key {
            Origin::Register(register) => Some(Reg(register)),
            Origin::Constant(constant) => {
                registers.find(|register| self.context.source(register.0) == Source::Constant(constant))
            }
        };
        let Some(key) = key.filter(|key| ![container, outer].contains(key)) else { return };
        // A number of another type leads to no element.
        if matches!(self.type_of(key), Type::Float | Type::Bool) {
            return;
        }
        let [outer, key, container] = self.slots([outer, key, container]);
        if key != outer && key != container {
            self.emit(SpecOp::ElideCopyElement { outer, key, container });
        }
    }

    /// The value of a constant index of an array.
    pub(super) fn small_index(&self, register: Reg) -> Option<u32> {
        let Source::Constant(constant) = self.operand(register) else { return None };
        let Value::Int(index) = &self.program.constants[usize::from(constant)] else { return None };
        u32::try_from(*index).ok()
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

    /// A number or bool that a register is known to hold.
    fn scalar_constant(&self, register: Reg) -> Option<Value> {
        match self.operand(register) {
            Source::Constant(constant) => {
                let value = &self.program.constants[usize::from(constant)];
                matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_)).then(|| value.clone())
            }
            Source::Bool(value) => Some(Value::Bool(value)),
            Source::Slot(_) => None,
        }
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
