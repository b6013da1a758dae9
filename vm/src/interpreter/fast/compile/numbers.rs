//! Operations on numbers, and comparisons.

use super::{Compiler, Piece};
use crate::interpreter::fast::code::{At, Fast, Slot, Test};
use crate::interpreter::fast::state::{Kind, Source};
use crate::interpreter::lower::Op;
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
    Ints(Slot, Slot),
    IntAndConst(Slot, i64),
    ConstAndInt(i64, Slot),
    Floats(Slot, Slot),
    FloatAndConst(Slot, f64),
    ConstAndFloat(f64, Slot),
    /// An int and a float, in whatever order.
    Mixed(Slot, Slot),
}

impl Compiler<'_> {
    /// The two operands, where both are numbers of one type or are made so by rounding a constant (S4). Brings constants into
    /// registers where there is no other way. `None` where they are of other types, or are not known.
    pub(super) fn numbers(&mut self, left: Reg, right: Reg) -> Option<Numbers> {
        let kinds = (self.kind(left), self.kind(right));
        let constant = |compiler: &Self, register: Reg| match compiler.operand(register) {
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

    pub(super) fn arithmetic(
        &mut self,
        plain: Op,
        operation: Arithmetic,
        dst: Reg,
        left: Reg,
        right: Reg,
    ) -> Piece {
        use Arithmetic::{Add, Div, Mod, Mul, Sub};
        for operand in [left, right] {
            if self.know_number(operand) == Piece::Ended {
                return Piece::Ended;
            }
        }
        self.free(dst);
        let Some(numbers) = self.numbers(left, right) else {
            return if operation == Add {
                self.join_texts(plain, dst, left, right)
            } else {
                self.plain(plain, Kind::Any)
            };
        };
        let d = Slot::of(dst.0);
        let dst_kind = match numbers {
            Numbers::Ints(..) | Numbers::IntAndConst(..) | Numbers::ConstAndInt(..) => Kind::Int,
            Numbers::Floats(..)
            | Numbers::FloatAndConst(..)
            | Numbers::ConstAndFloat(..)
            | Numbers::Mixed(..) => Kind::Float,
        };
        if !self.state.kind(dst.0).is_scalar() {
            return self.plain(plain, dst_kind);
        }
        let is_power = |number: i64| number > 0 && number.count_ones() == 1 && !without!("powers-of-two");
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
            (Div, &Numbers::IntAndConst(left, right)) if is_power(right) => {
                Fast::DivIntShift { dst: d, left, shift: right.trailing_zeros() as u8 }
            }
            (Mod, &Numbers::IntAndConst(left, right)) if is_power(right) => {
                Fast::ModIntMask { dst: d, left, mask: right - 1 }
            }
            (Div, &Numbers::IntAndConst(left, right)) if right != 0 => {
                Fast::DivIntConst { dst: d, left, right }
            }
            (Mod, &Numbers::IntAndConst(left, right)) if right != 0 => {
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
            // Dividing by a power of two is multiplying, to the last bit.
            (Div, &Numbers::FloatAndConst(left, right)) if is_power_of_two(right) => {
                Fast::MulFloatConst { dst: d, left, right: right.recip() }
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
        self.wrote(dst, dst_kind);
        self.next()
    }

    pub(super) fn compare(&mut self, plain: Op, test: Test, dst: Reg, left: Reg, right: Reg) -> Piece {
        let fused = self.branch_behind(dst);
        let Some((sense, target)) = fused else { return self.test(plain, test, dst, left, right) };
        if !self.is_fresh {
            return self.suspend(true);
        }
        for operand in [left, right] {
            if self.know_number(operand) == Piece::Ended {
                return Piece::Ended;
            }
        }
        let [left_value, right_value] =
            [left, right].map(|register| self.value(self.state.source(register.0)));
        let strings = matches!(test, Test::Eq | Test::Ne)
            && matches!((left_value, right_value), (Value::String(_), Value::String(_)));
        if strings {
            let holds = test.holds(left_value, right_value);
            let is_eq = (test == Test::Eq) != holds;
            let to = At::NOWHERE;
            let op = match self.operand(right) {
                Source::Constant(constant) => {
                    let [left] = self.places([left]);
                    if is_eq {
                        Fast::IfEqStringConst { left, right: constant, to }
                    } else {
                        Fast::IfNeStringConst { left, right: constant, to }
                    }
                }
                Source::Slot(_) | Source::Bool(_) => {
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
        self.fork(op, dst, holds, sense, target)
    }

    /// A comparison whose result is a value.
    pub(super) fn test(&mut self, plain: Op, test: Test, dst: Reg, left: Reg, right: Reg) -> Piece {
        for operand in [left, right] {
            if self.know_number(operand) == Piece::Ended {
                return Piece::Ended;
            }
        }
        self.free(dst);
        let Some(numbers) = self.numbers(left, right) else { return self.plain(plain, Kind::Bool) };
        if !self.state.kind(dst.0).is_scalar() {
            return self.plain(plain, Kind::Bool);
        }
        let Some(op) = test_op(test, Slot::of(dst.0), &numbers) else { return self.plain(plain, Kind::Bool) };
        self.emit_guarded(op);
        self.wrote(dst, Kind::Bool);
        self.next()
    }
}

/// Whether a number and its reciprocal are powers of two, or the opposites of such.
fn is_power_of_two(number: f64) -> bool {
    const FRACTION: u64 = (1 << (f64::MANTISSA_DIGITS - 1)) - 1;
    number.is_normal() && number.recip().is_normal() && number.to_bits() & FRACTION == 0
}

impl Test {
    /// Whether the test holds for two numbers of one type.
    #[inline(always)]
    pub(in crate::interpreter::fast) fn of<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        let (is_less, is_equal, is_greater) = (left < right, left == right, left > right);
        let has_no_order = !(is_less | is_equal | is_greater);
        let way = u8::from(is_less)
            | u8::from(is_equal) << 1
            | u8::from(is_greater) << 2
            | u8::from(has_no_order) << 3;
        self as u8 & way != 0
    }

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

/// The test that gives a value.
fn test_op(test: Test, dst: Slot, numbers: &Numbers) -> Option<Fast> {
    Some(match *numbers {
        Numbers::Ints(left, right) => match test {
            Test::Eq => Fast::TestEqInt { dst, left, right },
            Test::Ne => Fast::TestNeInt { dst, left, right },
            Test::Lt => Fast::TestLtInt { dst, left, right },
            Test::Le => Fast::TestLeInt { dst, left, right },
            Test::Gt => Fast::TestLtInt { dst, left: right, right: left },
            Test::Ge => Fast::TestLeInt { dst, left: right, right: left },
        },
        Numbers::IntAndConst(left, right) => match test {
            Test::Eq => Fast::TestEqIntConst { dst, left, right },
            Test::Ne => Fast::TestNeIntConst { dst, left, right },
            Test::Lt => Fast::TestLtIntConst { dst, left, right },
            Test::Le => Fast::TestLtIntConst { dst, left, right: right.checked_add(1)? },
            Test::Gt => Fast::TestGeIntConst { dst, left, right: right.checked_add(1)? },
            Test::Ge => Fast::TestGeIntConst { dst, left, right },
        },
        Numbers::ConstAndInt(left, right) => {
            return test_op(test.mirrored(), dst, &Numbers::IntAndConst(right, left));
        }
        Numbers::Floats(left, right) => Fast::TestFloat { test, dst, left, right },
        Numbers::FloatAndConst(left, right) => Fast::TestFloatConst { test, dst, left, right },
        Numbers::ConstAndFloat(left, right) => {
            Fast::TestFloatConst { test: test.mirrored(), dst, left: right, right: left }
        }
        Numbers::Mixed(..) => return None,
    })
}

/// The branch that is taken where a test gives `outcome`. It leads nowhere yet.
fn branch_op(test: Test, outcome: bool, numbers: &Numbers) -> Option<Fast> {
    let to = At::NOWHERE;
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
