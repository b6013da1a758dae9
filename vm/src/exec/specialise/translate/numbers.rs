//! Operations on numbers, and comparisons.

use crate::exec::interpreter::Op;
use crate::exec::specialise::builder::{Builder, Progress};
use crate::exec::specialise::context::Source;
use crate::exec::specialise::context::slots::{FloatSlot, IntSlot, NumberSlot, ScalarSlot};
use crate::exec::specialise::op::{CodeAddr, Slot, SpecOp, Test};
use crate::exec::specialise::types::Type;
use crate::isa::Reg;
use crate::memory::Memory;
use crate::ops;
use crate::value::Value;

/// An operation on two numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

/// Two numbers of one type, one of which may be a constant.
pub(super) enum Numbers {
    Ints(IntSlot, IntSlot),
    IntAndConst(IntSlot, i64),
    ConstAndInt(i64, IntSlot),
    Floats(FloatSlot, FloatSlot),
    FloatAndConst(FloatSlot, f64),
    ConstAndFloat(f64, FloatSlot),
    /// An int and a float, in whatever order.
    Mixed(NumberSlot, NumberSlot),
}

impl Builder<'_> {
    /// The two operands, where both are numbers of one type or are made so by rounding a constant (S4). Brings constants into
    /// registers where there is no other way. `None` where they are of other types, or are not known.
    pub(super) fn numbers(&mut self, left: Reg, right: Reg) -> Option<Numbers> {
        let types = (self.type_of(left), self.type_of(right));
        let constant = |builder: &Self, register: Reg| match builder.operand(register) {
            Source::Constant(constant) => Some(builder.program.constants[usize::from(constant)].clone()),
            Source::Slot(_) | Source::Bool(_) => None,
        };
        let constants = (constant(self, left), constant(self, right));
        match (types, constants) {
            ((Type::Int, Type::Int), (None, Some(Value::Int(right)))) => {
                let [left] = self.slots([left]);
                Some(Numbers::IntAndConst(self.context.int(left)?, right))
            }
            ((Type::Int, Type::Int), (Some(Value::Int(left)), None)) => {
                let [right] = self.slots([right]);
                Some(Numbers::ConstAndInt(left, self.context.int(right)?))
            }
            ((Type::Int, Type::Int), _) => {
                let [left, right] = self.slots([left, right]);
                Some(Numbers::Ints(self.context.int(left)?, self.context.int(right)?))
            }
            ((Type::Float, Type::Float | Type::Int), (None, Some(right))) => {
                let [left] = self.slots([left]);
                Some(Numbers::FloatAndConst(self.context.float(left)?, right.to_float()?))
            }
            ((Type::Float | Type::Int, Type::Float), (Some(left), None)) => {
                let [right] = self.slots([right]);
                Some(Numbers::ConstAndFloat(left.to_float()?, self.context.float(right)?))
            }
            ((Type::Float, Type::Float), _) => {
                let [left, right] = self.slots([left, right]);
                Some(Numbers::Floats(self.context.float(left)?, self.context.float(right)?))
            }
            ((Type::Float, Type::Int) | (Type::Int, Type::Float), _) => {
                let [left, right] = self.slots([left, right]);
                Some(Numbers::Mixed(self.context.number(left)?, self.context.number(right)?))
            }
            (
                (Type::Any | Type::Free | Type::Scalar | Type::Bool, _)
                | (_, Type::Any | Type::Free | Type::Scalar | Type::Bool),
                _,
            ) => None,
        }
    }

    pub(super) fn arithmetic(
        &mut self,
        baseline: Op,
        operation: Arithmetic,
        dst: Reg,
        left: Reg,
        right: Reg,
    ) -> Progress {
        use Arithmetic::{Add, Div, Mod, Mul, Sub};
        for operand in [left, right] {
            if self.speculate_number(operand) == Progress::End {
                return Progress::End;
            }
        }
        self.free(dst);
        let Some(numbers) = self.numbers(left, right) else {
            return if operation == Add {
                self.join_texts(baseline, dst, left, right)
            } else {
                self.baseline(baseline, Type::Any)
            };
        };
        let dst_type = match numbers {
            Numbers::Ints(..) | Numbers::IntAndConst(..) | Numbers::ConstAndInt(..) => Type::Int,
            Numbers::Floats(..)
            | Numbers::FloatAndConst(..)
            | Numbers::ConstAndFloat(..)
            | Numbers::Mixed(..) => Type::Float,
        };
        let Some(d) = self.context.scalar(Slot::of(dst.0)) else { return self.baseline(baseline, dst_type) };
        let is_power = |number: i64| number > 0 && number.count_ones() == 1 && !without!("powers-of-two");
        let op = match (operation, &numbers) {
            (Add, &Numbers::Ints(left, right)) => SpecOp::AddInt { dst: d, left, right },
            (Sub, &Numbers::Ints(left, right)) => SpecOp::SubInt { dst: d, left, right },
            (Mul, &Numbers::Ints(left, right)) => SpecOp::MulInt { dst: d, left, right },
            (Div, &Numbers::Ints(left, right)) => SpecOp::DivInt { dst: d, left, right },
            (Mod, &Numbers::Ints(left, right)) => SpecOp::ModInt { dst: d, left, right },
            (Add, &(Numbers::IntAndConst(left, right) | Numbers::ConstAndInt(right, left))) => {
                SpecOp::AddIntConst { dst: d, left, right }
            }
            (Sub, &Numbers::IntAndConst(left, right)) if right != i64::MIN => {
                SpecOp::AddIntConst { dst: d, left, right: -right }
            }
            (Sub, &Numbers::ConstAndInt(left, right)) => SpecOp::SubConstInt { dst: d, left, right },
            (Mul, &(Numbers::IntAndConst(left, right) | Numbers::ConstAndInt(right, left))) => {
                SpecOp::MulIntConst { dst: d, left, right }
            }
            (Div, &Numbers::IntAndConst(left, right)) if is_power(right) => {
                SpecOp::DivIntShift { dst: d, left, shift: right.trailing_zeros() as u8 }
            }
            (Mod, &Numbers::IntAndConst(left, right)) if is_power(right) => {
                SpecOp::ModIntMask { dst: d, left, mask: right - 1 }
            }
            (Div, &Numbers::IntAndConst(left, right)) if right != 0 => {
                SpecOp::DivIntConst { dst: d, left, right }
            }
            (Mod, &Numbers::IntAndConst(left, right)) if right != 0 => {
                SpecOp::ModIntConst { dst: d, left, right }
            }
            (Add, &Numbers::Floats(left, right)) => SpecOp::AddFloat { dst: d, left, right },
            (Sub, &Numbers::Floats(left, right)) => SpecOp::SubFloat { dst: d, left, right },
            (Mul, &Numbers::Floats(left, right)) => SpecOp::MulFloat { dst: d, left, right },
            (Div, &Numbers::Floats(left, right)) => SpecOp::DivFloat { dst: d, left, right },
            (Add, &(Numbers::FloatAndConst(left, right) | Numbers::ConstAndFloat(right, left))) => {
                SpecOp::AddFloatConst { dst: d, left, right }
            }
            // Taking away is adding the opposite, to the last bit.
            (Sub, &Numbers::FloatAndConst(left, right)) => {
                SpecOp::AddFloatConst { dst: d, left, right: -right }
            }
            (Sub, &Numbers::ConstAndFloat(left, right)) => SpecOp::SubConstFloat { dst: d, left, right },
            (Mul, &(Numbers::FloatAndConst(left, right) | Numbers::ConstAndFloat(right, left))) => {
                SpecOp::MulFloatConst { dst: d, left, right }
            }
            // Dividing by a power of two is multiplying, to the last bit.
            (Div, &Numbers::FloatAndConst(left, right)) if is_power_of_two(right) => {
                SpecOp::MulFloatConst { dst: d, left, right: right.recip() }
            }
            (Div, &Numbers::FloatAndConst(left, right)) if right != 0.0 => {
                SpecOp::DivFloatConst { dst: d, left, right }
            }
            (Div, &Numbers::ConstAndFloat(left, right)) => SpecOp::DivConstFloat { dst: d, left, right },
            (Add, &Numbers::Mixed(left, right)) => SpecOp::AddMixed { dst: d, left, right },
            (Sub, &Numbers::Mixed(left, right)) => SpecOp::SubMixed { dst: d, left, right },
            (Mul, &Numbers::Mixed(left, right)) => SpecOp::MulMixed { dst: d, left, right },
            (Div, &Numbers::Mixed(left, right)) => SpecOp::DivMixed { dst: d, left, right },
            // What remains is an error, or rare.
            (Sub | Div | Mod, _) => return self.baseline(baseline, Type::Any),
        };
        self.emit_guarded(op);
        self.wrote(dst, dst_type);
        self.next()
    }

    pub(super) fn compare(&mut self, baseline: Op, test: Test, dst: Reg, left: Reg, right: Reg) -> Progress {
        let fused = self.branch_after(dst);
        let Some((sense, target)) = fused else { return self.test(baseline, test, dst, left, right) };
        if !self.is_fresh {
            return self.suspend(true);
        }
        for operand in [left, right] {
            if self.speculate_number(operand) == Progress::End {
                return Progress::End;
            }
        }
        let [left_value, right_value] =
            [left, right].map(|register| self.value(self.context.source(register.0)));
        let strings = matches!(test, Test::Eq | Test::Ne)
            && matches!((left_value, right_value), (Value::String(_), Value::String(_)));
        if strings {
            let holds = test.holds(left_value, right_value);
            let is_eq = (test == Test::Eq) != holds;
            let to = CodeAddr::NOWHERE;
            let op = match self.operand(right) {
                Source::Constant(constant) => {
                    let [left] = self.slots([left]);
                    if is_eq {
                        SpecOp::IfEqStringConst { left, right: constant, to }
                    } else {
                        SpecOp::IfNeStringConst { left, right: constant, to }
                    }
                }
                Source::Slot(_) | Source::Bool(_) => {
                    let [left, right] = self.slots([left, right]);
                    if is_eq {
                        SpecOp::IfEqString { left, right, to }
                    } else {
                        SpecOp::IfNeString { left, right, to }
                    }
                }
            };
            return self.fork(op, dst, holds, sense, target);
        }
        let Some(numbers) = self.numbers(left, right) else { return self.baseline(baseline, Type::Bool) };
        // A constant that had to be written first is the one thing that was emitted, and does not change what was seen.
        let holds = test.holds(left_value, right_value);
        let Some(op) = branch_op(test, !holds, &numbers) else { return self.baseline(baseline, Type::Bool) };
        self.fork(op, dst, holds, sense, target)
    }

    /// A comparison whose result is a value.
    pub(super) fn test(&mut self, baseline: Op, test: Test, dst: Reg, left: Reg, right: Reg) -> Progress {
        for operand in [left, right] {
            if self.speculate_number(operand) == Progress::End {
                return Progress::End;
            }
        }
        self.free(dst);
        let Some(numbers) = self.numbers(left, right) else { return self.baseline(baseline, Type::Bool) };
        let over = self.context.scalar(Slot::of(dst.0));
        let Some(op) = over.and_then(|over| test_op(test, over, &numbers)) else {
            return self.baseline(baseline, Type::Bool);
        };
        self.emit_guarded(op);
        self.wrote(dst, Type::Bool);
        self.next()
    }
}

/// Whether a number and its reciprocal are powers of two, or the opposites of such.
fn is_power_of_two(number: f64) -> bool {
    const FRACTION: u64 = (1 << (f64::MANTISSA_DIGITS - 1)) - 1;
    number.is_normal() && number.recip().is_normal() && number.to_bits() & FRACTION == 0
}

impl Test {
    fn holds(self, left: &Value, right: &Value) -> bool {
        let memory = &Memory::unlimited();
        let result = match self {
            Self::Eq => ops::eq(memory, left, right),
            Self::Ne => ops::neq(memory, left, right),
            Self::Lt => ops::lt(memory, left, right),
            Self::Le => ops::lte(memory, left, right),
            Self::Gt => ops::gt(memory, left, right),
            Self::Ge => ops::gte(memory, left, right),
        };
        matches!(result, Ok(Value::Bool(true)))
    }
}

/// The test that gives a value.
fn test_op(test: Test, dst: ScalarSlot, numbers: &Numbers) -> Option<SpecOp> {
    Some(match *numbers {
        Numbers::Ints(left, right) => match test {
            Test::Eq => SpecOp::TestEqInt { dst, left, right },
            Test::Ne => SpecOp::TestNeInt { dst, left, right },
            Test::Lt => SpecOp::TestLtInt { dst, left, right },
            Test::Le => SpecOp::TestLeInt { dst, left, right },
            Test::Gt => SpecOp::TestLtInt { dst, left: right, right: left },
            Test::Ge => SpecOp::TestLeInt { dst, left: right, right: left },
        },
        Numbers::IntAndConst(left, right) => match test {
            Test::Eq => SpecOp::TestEqIntConst { dst, left, right },
            Test::Ne => SpecOp::TestNeIntConst { dst, left, right },
            Test::Lt => SpecOp::TestLtIntConst { dst, left, right },
            Test::Le => SpecOp::TestLtIntConst { dst, left, right: right.checked_add(1)? },
            Test::Gt => SpecOp::TestGeIntConst { dst, left, right: right.checked_add(1)? },
            Test::Ge => SpecOp::TestGeIntConst { dst, left, right },
        },
        Numbers::ConstAndInt(left, right) => {
            return test_op(test.mirrored(), dst, &Numbers::IntAndConst(right, left));
        }
        Numbers::Floats(left, right) => SpecOp::TestFloat { test, dst, left, right },
        Numbers::FloatAndConst(left, right) => SpecOp::TestFloatConst { test, dst, left, right },
        Numbers::ConstAndFloat(left, right) => {
            SpecOp::TestFloatConst { test: test.mirrored(), dst, left: right, right: left }
        }
        Numbers::Mixed(..) => return None,
    })
}

/// The branch that is taken where a test gives `outcome`. It leads nowhere yet.
fn branch_op(test: Test, outcome: bool, numbers: &Numbers) -> Option<SpecOp> {
    let to = CodeAddr::NOWHERE;
    Some(match *numbers {
        Numbers::Ints(left, right) => match if outcome { test } else { test.opposite() } {
            Test::Eq => SpecOp::IfEqInt { left, right, to },
            Test::Ne => SpecOp::IfNeInt { left, right, to },
            Test::Lt => SpecOp::IfLtInt { left, right, to },
            Test::Le => SpecOp::IfLeInt { left, right, to },
            Test::Gt => SpecOp::IfLtInt { left: right, right: left, to },
            Test::Ge => SpecOp::IfLeInt { left: right, right: left, to },
        },
        Numbers::ConstAndInt(left, right) => {
            return branch_op(test.mirrored(), outcome, &Numbers::IntAndConst(right, left));
        }
        Numbers::IntAndConst(left, right) => match if outcome { test } else { test.opposite() } {
            Test::Eq => SpecOp::IfEqIntConst { left, to, right },
            Test::Ne => SpecOp::IfNeIntConst { left, to, right },
            Test::Lt => SpecOp::IfLtIntConst { left, to, right },
            Test::Le if planted!("fused-branch") => SpecOp::IfLtIntConst { left, to, right },
            Test::Le => SpecOp::IfLtIntConst { left, to, right: right.checked_add(1)? },
            Test::Gt => SpecOp::IfGeIntConst { left, to, right: right.checked_add(1)? },
            Test::Ge => SpecOp::IfGeIntConst { left, to, right },
        },
        Numbers::Floats(left, right) => match (test, outcome) {
            (Test::Eq, true) | (Test::Ne, false) => SpecOp::IfEqFloat { left, right, to },
            (Test::Ne, true) | (Test::Eq, false) => SpecOp::IfNeFloat { left, right, to },
            (Test::Lt, true) => SpecOp::IfLtFloat { left, right, to },
            (Test::Lt, false) => SpecOp::IfNotLtFloat { left, right, to },
            (Test::Le, true) => SpecOp::IfLeFloat { left, right, to },
            (Test::Le, false) => SpecOp::IfNotLeFloat { left, right, to },
            (Test::Gt, true) => SpecOp::IfLtFloat { left: right, right: left, to },
            (Test::Gt, false) => SpecOp::IfNotLtFloat { left: right, right: left, to },
            (Test::Ge, true) => SpecOp::IfLeFloat { left: right, right: left, to },
            (Test::Ge, false) => SpecOp::IfNotLeFloat { left: right, right: left, to },
        },
        Numbers::Mixed(..) => return None,
        Numbers::ConstAndFloat(left, right) => {
            return branch_op(test.mirrored(), outcome, &Numbers::FloatAndConst(right, left));
        }
        Numbers::FloatAndConst(left, right) => match (test, outcome) {
            (Test::Eq, true) | (Test::Ne, false) => SpecOp::IfEqFloatConst { left, to, right },
            (Test::Ne, true) | (Test::Eq, false) => SpecOp::IfNeFloatConst { left, to, right },
            (Test::Lt, true) => SpecOp::IfLtFloatConst { left, to, right },
            (Test::Lt, false) => SpecOp::IfNotLtFloatConst { left, to, right },
            (Test::Le, true) => SpecOp::IfLeFloatConst { left, to, right },
            (Test::Le, false) => SpecOp::IfNotLeFloatConst { left, to, right },
            (Test::Gt, true) => SpecOp::IfGtFloatConst { left, to, right },
            (Test::Gt, false) => SpecOp::IfNotGtFloatConst { left, to, right },
            (Test::Ge, true) => SpecOp::IfGeFloatConst { left, to, right },
            (Test::Ge, false) => SpecOp::IfNotGeFloatConst { left, to, right },
        },
    })
}
