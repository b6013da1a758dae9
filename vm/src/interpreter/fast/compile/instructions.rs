//! Plain instructions, one by one: what each becomes.

use super::numbers::Arithmetic;
use super::{Compiler, MOST_STEPS, Piece};
use crate::interpreter::fast::code::{Fast, Slot, Test};
use crate::interpreter::fast::state::{Kind, Source};
use crate::interpreter::fast::twin::Twin;
use crate::interpreter::lower::Op;
use crate::isa::{Operand, Reg, Role};
use crate::value::Value;
use crate::values::TypeId;

impl Compiler<'_> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "an opcode without fast code of its own runs as it is"
    )]
    pub(super) fn instruction(&mut self) -> Piece {
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
                self.emit(Fast::LoadGlobal { dst: Slot::of(dst.0), name });
                self.wrote(dst, Kind::Any);
                self.look_at(dst)
            }
            Op::StoreGlobal { src, name } => {
                let [src] = self.places([src]);
                self.emit(Fast::StoreGlobal { src, name });
                self.next()
            }
            Op::ArrayGet { dst, array, index } => {
                if self.know_number(index) == Piece::Ended {
                    return Piece::Ended;
                }
                self.free(dst);
                if let Some(index) = self.small_index(index) {
                    let [array] = self.places([array]);
                    self.emit_guarded(Fast::ArrayGetConst { dst: Slot::of(dst.0), array, index });
                } else if self.kind(index) == Kind::Int {
                    let [array, index] = self.places([array, index]);
                    self.emit_guarded(Fast::ArrayGet { dst: Slot::of(dst.0), array, index });
                } else {
                    return self.plain(op, Kind::Any);
                }
                self.wrote(dst, Kind::Any);
                self.look_at(dst)
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
                self.emit_guarded(Fast::DictGet { dst: Slot::of(dst.0), dict, key });
                self.wrote(dst, Kind::Any);
                self.look_at(dst)
            }
            Op::Neg { dst, src } => {
                if self.know_number(src) == Piece::Ended {
                    return Piece::Ended;
                }
                match self.kind(src) {
                    Kind::Int => {
                        self.compute(op, dst, [src], Kind::Int, |dst, [src]| Fast::NegInt { dst, src })
                    }
                    Kind::Float => {
                        self.compute(op, dst, [src], Kind::Float, |dst, [src]| Fast::NegFloat { dst, src })
                    }
                    _ => self.plain(op, Kind::Any),
                }
            }
            Op::ArraySet { array, index, value } => {
                if self.know_number(index) == Piece::Ended || self.know(value, true) == Piece::Ended {
                    return Piece::Ended;
                }
                if self.kind(index) != Kind::Int {
                    return self.plain(op, Kind::Any);
                }
                self.release(array, index);
                if let Some(index) = self.small_index(index) {
                    let [array, value] = self.places([array, value]);
                    self.emit_guarded(Fast::ArraySetConst { array, value, index });
                } else if let Some(constant) = self.scalar_constant(value) {
                    let [array, index] = self.places([array, index]);
                    self.emit_guarded(match constant {
                        Value::Int(value) => Fast::ArraySetToInt { array, index, value },
                        Value::Float(value) => Fast::ArraySetToFloat { array, index, value },
                        value => Fast::ArraySetToBool { array, index, value: value.is_truthy() },
                    });
                } else {
                    let kind = self.kind(value);
                    let [array, index, value] = self.places([array, index, value]);
                    self.emit_guarded(match kind {
                        Kind::Int => Fast::ArraySetInt { array, index, value },
                        Kind::Float => Fast::ArraySetFloat { array, index, value },
                        Kind::Bool | Kind::Scalar => Fast::ArraySetScalar { array, index, value },
                        Kind::Any | Kind::Free => Fast::ArraySet { array, index, value },
                    });
                }
                self.is_fresh = false;
                self.next()
            }
            Op::ArrayLen { dst, array } => {
                self.compute(op, dst, [array], Kind::Int, |dst, [array]| Fast::ArrayLen { dst, array })
            }
            Op::Phi { .. } | Op::Halt => self.leave(),
            Op::And { dst, left, right } => {
                if let Some((sense, target)) = self.branch_behind(dst) {
                    return self.fork_on_two(true, left, right, dst, sense, target);
                }
                self.compute(op, dst, [left, right], Kind::Bool, |dst, [left, right]| Fast::And {
                    dst,
                    left,
                    right,
                })
            }
            Op::Or { dst, left, right } => {
                if let Some((sense, target)) = self.branch_behind(dst) {
                    return self.fork_on_two(false, left, right, dst, sense, target);
                }
                self.compute(op, dst, [left, right], Kind::Bool, |dst, [left, right]| Fast::Or {
                    dst,
                    left,
                    right,
                })
            }
            Op::Not { dst, src } => {
                self.compute(op, dst, [src], Kind::Bool, |dst, [src]| Fast::Not { dst, src })
            }
            Op::CheckType { .. } | Op::DictContains { .. } => self.plain(op, Kind::Bool),
            Op::StrLen { dst, str } => {
                self.compute(op, dst, [str], Kind::Int, |dst, [string]| Fast::StrLen { dst, string })
            }
            Op::Cast { dst, src, r#type: TypeId::String } => {
                if self.know_number(src) == Piece::Ended {
                    return Piece::Ended;
                }
                if self.kind(src) != Kind::Int {
                    return self.plain(op, Kind::Any);
                }
                self.free(dst);
                let [src] = self.places([src]);
                self.emit_guarded(Fast::IntText { dst: Slot::of(dst.0), src });
                self.wrote(dst, Kind::Any);
                self.next()
            }
            Op::ConcatStr { dst, left, right } => self.join_texts(op, dst, left, right),
            Op::DictLen { .. } => self.plain(op, Kind::Int),
            _ => self.plain(op, Kind::Any),
        }
    }

    /// An instruction whose result is a scalar of that kind: as `make` has it, given the places of its result and of what it
    /// reads, or as it is where its result is not written over a scalar. What is read is brought to its place first, as that
    /// may be the place of the result.
    fn compute<const N: usize>(
        &mut self,
        plain: Op,
        dst: Reg,
        read: [Reg; N],
        kind: Kind,
        make: impl FnOnce(Slot, [Slot; N]) -> Fast,
    ) -> Piece {
        self.free(dst);
        let read = self.places(read);
        if !self.state.kind(dst.0).is_scalar() {
            return self.plain(plain, kind);
        }
        self.emit_guarded(make(Slot::of(dst.0), read));
        self.wrote(dst, kind);
        self.next()
    }

    /// An instruction as it is. `kind` is what its result is known to be.
    pub(super) fn plain(&mut self, op: Op, kind: Kind) -> Piece {
        let Some(instruction) = self.program.module.instruction(self.pc) else { return self.leave() };
        let mut written = None;
        for (operand, spec) in instruction.operands().iter().zip(instruction.opcode().spec().operands) {
            if let (Operand::Register(register), Role::Out | Role::InOut | Role::Tagged) =
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
    pub(super) fn release(&mut self, container: Reg, key: Reg) {
        if without!("release") {
            return;
        }
        let is_number = |register: u8| {
            matches!(self.source_kind(self.state.source(register)), Kind::Bool | Kind::Int | Kind::Float)
        };
        let twin = Twin::find(self.program, self.pc, container, is_number);
        match twin {
            Some(Twin::Register(holder)) => {
                self.flush(|to, _| to == holder.0);
                let [container] = self.places([container]);
                self.emit(Fast::Release { holder: Slot::of(holder.0), container });
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
    pub(super) fn small_index(&self, register: Reg) -> Option<u32> {
        let Source::Constant(constant) = self.operand(register) else { return None };
        let Value::Int(index) = &self.program.constants[usize::from(constant)] else { return None };
        u32::try_from(*index).ok()
    }

    /// Joins texts, which `ConcatStr` does of all values and `Add` of two strings.
    pub(super) fn join_texts(&mut self, plain: Op, dst: Reg, left: Reg, right: Reg) -> Piece {
        let is_string = |register: Reg| {
            let source = self.state.source(register.0);
            let can_see = self.is_fresh || !matches!(source, Source::Slot(_));
            can_see && matches!(self.value(source), Value::String(_))
        };
        let (is_left, is_right) = (is_string(left), is_string(right));
        // With `Add`, one that is seen is enough to expect the other.
        let are_strings = is_left && is_right || matches!(plain, Op::Add { .. }) && (is_left || is_right);
        if !are_strings {
            return self.plain(plain, Kind::Any);
        }
        self.free(dst);
        let [left, right] = self.places([left, right]);
        self.emit_guarded(Fast::Join { dst: Slot::of(dst.0), left, right });
        self.wrote(dst, Kind::Any);
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

    pub(super) fn r#move(&mut self, dst: Reg, src: Reg) -> Piece {
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
                if src.register() == dst.0 {
                    self.state.forget(dst.0);
                } else {
                    self.emit(Fast::Move { dst: Slot::of(dst.0), src });
                    self.wrote(dst, Kind::Any);
                }
            }
            source => self.set(dst, source),
        }
        self.next()
    }
}
