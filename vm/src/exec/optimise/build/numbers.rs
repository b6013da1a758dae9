//! What each instruction of specialised code becomes.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "`shape` lists all instructions, and what is not known here is refused"
)]

use super::{Builder, Made};
use crate::exec::optimise::ir::{Arithmetic as A, End, FloatArithmetic as F, Inst, Kind, Value, Way};
use crate::exec::specialise::{JitOp, Slot, Test};

impl Builder<'_> {
    pub(super) fn instruction(&mut self, op: JitOp) -> Made {
        match op {
            JitOp::Goto { to } => return Some(Some(End::Jump(self.edge(to, None, 0)?))),
            JitOp::Jump { to, steps } => {
                self.charge(steps);
                self.charged = 0;
                return Some(Some(End::Jump(self.edge(to, None, 0)?)));
            }
            JitOp::ChargeFuel { steps } => {
                self.charge(steps);
                self.charged = 0;
            }
            JitOp::MoveInt { dst, src } => self.copy(dst, src, Kind::Int)?,
            JitOp::MoveFloat { dst, src } => self.copy(dst, src, Kind::Float)?,
            JitOp::MoveScalar { dst, src } => {
                let value = self.read_any(src)?;
                self.write(dst, value);
            }
            JitOp::Swap { a, b } => {
                let (of_a, of_b) = (self.read_any(a)?, self.read_any(b)?);
                self.write(a, of_b);
                self.write(b, of_a);
            }
            JitOp::LoadInt { dst, value } => {
                let value = self.int(value);
                self.write(dst, value);
            }
            JitOp::LoadFloat { dst, value } => {
                let value = self.float(value);
                self.write(dst, value);
            }
            JitOp::LoadBool { dst, value } => {
                let value = self.constant(Inst::Bool(value), Kind::Bool);
                self.write(dst, value);
            }
            // What is known to be of that kind passes; of what the loop does not write, the kind is looked at before it is entered.
            JitOp::GuardInt { slot } => drop(self.read(slot, Kind::Int)?),
            JitOp::GuardFloat { slot } => drop(self.read(slot, Kind::Float)?),
            JitOp::GuardBool { slot } => drop(self.read(slot, Kind::Bool)?),
            JitOp::AddInt { .. }
            | JitOp::SubInt { .. }
            | JitOp::MulInt { .. }
            | JitOp::DivInt { .. }
            | JitOp::ModInt { .. }
            | JitOp::AddIntConst { .. }
            | JitOp::SubConstInt { .. }
            | JitOp::MulIntConst { .. }
            | JitOp::DivIntConst { .. }
            | JitOp::ModIntConst { .. }
            | JitOp::DivIntShift { .. }
            | JitOp::ModIntMask { .. }
            | JitOp::NegInt { .. } => self.ints(op)?,
            JitOp::AddFloat { .. }
            | JitOp::SubFloat { .. }
            | JitOp::MulFloat { .. }
            | JitOp::DivFloat { .. }
            | JitOp::AddFloatConst { .. }
            | JitOp::SubConstFloat { .. }
            | JitOp::MulFloatConst { .. }
            | JitOp::DivFloatConst { .. }
            | JitOp::DivConstFloat { .. }
            | JitOp::AddMixed { .. }
            | JitOp::SubMixed { .. }
            | JitOp::MulMixed { .. }
            | JitOp::DivMixed { .. }
            | JitOp::NegFloat { .. } => self.floats(op)?,
            JitOp::TestEqInt { dst, left, right } => self.test_ints(Test::Eq, dst, left, right)?,
            JitOp::TestNeInt { dst, left, right } => self.test_ints(Test::Ne, dst, left, right)?,
            JitOp::TestLtInt { dst, left, right } => self.test_ints(Test::Lt, dst, left, right)?,
            JitOp::TestLeInt { dst, left, right } => self.test_ints(Test::Le, dst, left, right)?,
            JitOp::TestEqIntConst { dst, left, right } => self.test_const(Test::Eq, dst, left, right)?,
            JitOp::TestNeIntConst { dst, left, right } => self.test_const(Test::Ne, dst, left, right)?,
            JitOp::TestLtIntConst { dst, left, right } => self.test_const(Test::Lt, dst, left, right)?,
            JitOp::TestGeIntConst { dst, left, right } => self.test_const(Test::Ge, dst, left, right)?,
            JitOp::TestFloat { test, dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Float)?, self.read(right, Kind::Float)?);
                let value = self.push(Inst::TestFloats(test, left, right), Kind::Bool);
                self.write(dst, value);
            }
            JitOp::TestFloatConst { test, dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                let value = self.push(Inst::TestFloats(test, left, right), Kind::Bool);
                self.write(dst, value);
            }
            JitOp::And { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Bool)?, self.read(right, Kind::Bool)?);
                let value = self.push(Inst::And(left, right), Kind::Bool);
                self.write(dst, value);
            }
            JitOp::Or { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Bool)?, self.read(right, Kind::Bool)?);
                let value = self.push(Inst::Or(left, right), Kind::Bool);
                self.write(dst, value);
            }
            JitOp::Not { dst, src } => {
                let src = self.read(src, Kind::Bool)?;
                let value = self.push(Inst::Not(src), Kind::Bool);
                self.write(dst, value);
            }
            JitOp::ArrayGetBool { dst, array, index } => {
                let index = self.read(index, Kind::Int)?;
                self.element(dst, array, index, Kind::Bool)?;
            }
            JitOp::ArrayGetInt { dst, array, index } => {
                let index = self.read(index, Kind::Int)?;
                self.element(dst, array, index, Kind::Int)?;
            }
            JitOp::ArrayGetFloat { dst, array, index } => {
                let index = self.read(index, Kind::Int)?;
                self.element(dst, array, index, Kind::Float)?;
            }
            JitOp::ArrayGetConstInt { dst, array, index } => {
                let index = self.int(index.into());
                self.element(dst, array, index, Kind::Int)?;
            }
            JitOp::ArrayGetConstFloat { dst, array, index } => {
                let index = self.int(index.into());
                self.element(dst, array, index, Kind::Float)?;
            }
            JitOp::ArraySetInt { array, index, value }
            | JitOp::ArraySetFloat { array, index, value }
            | JitOp::ArraySetScalar { array, index, value } => {
                let value = self.read_any(value)?;
                self.set_element(array, index, value)?;
            }
            JitOp::ArraySetToBool { array, index, value } => {
                let value = self.constant(Inst::Bool(value), Kind::Bool);
                self.set_element(array, index, value)?;
            }
            JitOp::ArraySetToInt { array, index, value } => {
                let value = self.int(value);
                self.set_element(array, index, value)?;
            }
            JitOp::ArraySetToFloat { array, index, value } => {
                let value = self.float(value);
                self.set_element(array, index, value)?;
            }
            JitOp::ArrayLen { dst, array } => {
                let codes = self.codes(array)?;
                let value = self.push(Inst::Length(codes), Kind::Int);
                self.write(dst, value);
            }
            other => return self.branches(other),
        }
        Some(None)
    }

    fn copy(&mut self, dst: Slot, src: Slot, kind: Kind) -> Option<()> {
        let value = self.read(src, kind)?;
        self.write(dst, value);
        Some(())
    }

    pub(super) fn arithmetic(&mut self, operation: A, dst: Slot, left: Value, right: Value) {
        let exit = self.guard(Way::Guard);
        let value = self.push(Inst::Arithmetic(operation, left, right, Some(exit)), Kind::Int);
        self.write(dst, value);
    }

    fn divide(&mut self, dst: Slot, left: Value, right: Value, is_remainder: bool) {
        let exit = self.guard(Way::Guard);
        let value = self.push(Inst::Divide { left, right, is_remainder, exit }, Kind::Int);
        self.write(dst, value);
    }

    pub(super) fn two_ints(&mut self, left: Slot, right: Slot) -> Option<(Value, Value)> {
        Some((self.read(left, Kind::Int)?, self.read(right, Kind::Int)?))
    }

    /// Operations on ints.
    fn ints(&mut self, op: JitOp) -> Option<()> {
        match op {
            JitOp::AddInt { dst, left, right } => {
                let (left, right) = self.two_ints(left, right)?;
                self.arithmetic(A::Add, dst, left, right);
            }
            JitOp::SubInt { dst, left, right } => {
                let (left, right) = self.two_ints(left, right)?;
                self.arithmetic(A::Sub, dst, left, right);
            }
            JitOp::MulInt { dst, left, right } => {
                let (left, right) = self.two_ints(left, right)?;
                self.arithmetic(A::Mul, dst, left, right);
            }
            JitOp::AddIntConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.arithmetic(A::Add, dst, left, right);
            }
            JitOp::SubConstInt { dst, left, right } => {
                let (left, right) = (self.int(left), self.read(right, Kind::Int)?);
                self.arithmetic(A::Sub, dst, left, right);
            }
            JitOp::MulIntConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.arithmetic(A::Mul, dst, left, right);
            }
            JitOp::NegInt { dst, src } => {
                let (left, right) = (self.int(0), self.read(src, Kind::Int)?);
                self.arithmetic(A::Sub, dst, left, right);
            }
            JitOp::DivInt { dst, left, right } => {
                let (left, right) = self.two_ints(left, right)?;
                self.divide(dst, left, right, false);
            }
            JitOp::ModInt { dst, left, right } => {
                let (left, right) = self.two_ints(left, right)?;
                self.divide(dst, left, right, true);
            }
            JitOp::DivIntConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.divide(dst, left, right, false);
            }
            JitOp::ModIntConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.divide(dst, left, right, true);
            }
            JitOp::DivIntShift { dst, left, shift } => {
                let left = self.read(left, Kind::Int)?;
                let value = self.push(Inst::Shift(left, shift), Kind::Int);
                self.write(dst, value);
            }
            JitOp::ModIntMask { dst, left, mask } => {
                let left = self.read(left, Kind::Int)?;
                let value = self.push(Inst::Mask(left, mask), Kind::Int);
                self.write(dst, value);
            }
            _ => return None,
        }
        Some(())
    }

    fn float2(&mut self, operation: F, dst: Slot, left: Value, right: Value) {
        let value = self.push(Inst::Float2(operation, left, right), Kind::Float);
        self.write(dst, value);
    }

    pub(super) fn two_floats(&mut self, left: Slot, right: Slot) -> Option<(Value, Value)> {
        Some((self.read(left, Kind::Float)?, self.read(right, Kind::Float)?))
    }

    fn not_zero(&mut self, value: Value) {
        let exit = self.guard(Way::Guard);
        self.push(Inst::NotZero(value, exit), Kind::Nothing);
    }

    /// A number as a float.
    fn as_float(&mut self, slot: Slot) -> Option<Value> {
        let value = self.read_any(slot)?;
        match self.body.kind(value) {
            Kind::Float => Some(value),
            Kind::Int => Some(self.push(Inst::FloatOf(value), Kind::Float)),
            Kind::Bool | Kind::Vector | Kind::Nothing => None,
        }
    }

    /// An operation on numbers of which one is an int, or both.
    fn mixed(&mut self, operation: F, dst: Slot, left: Slot, right: Slot) -> Option<()> {
        let (left, right) = (self.as_float(left)?, self.as_float(right)?);
        if operation == F::Div {
            self.not_zero(right);
        }
        self.float2(operation, dst, left, right);
        Some(())
    }

    /// Operations on floats.
    fn floats(&mut self, op: JitOp) -> Option<()> {
        match op {
            JitOp::AddFloat { dst, left, right } => {
                let (left, right) = self.two_floats(left, right)?;
                self.float2(F::Add, dst, left, right);
            }
            JitOp::SubFloat { dst, left, right } => {
                let (left, right) = self.two_floats(left, right)?;
                self.float2(F::Sub, dst, left, right);
            }
            JitOp::MulFloat { dst, left, right } => {
                let (left, right) = self.two_floats(left, right)?;
                self.float2(F::Mul, dst, left, right);
            }
            JitOp::DivFloat { dst, left, right } => {
                let (left, right) = self.two_floats(left, right)?;
                self.not_zero(right);
                self.float2(F::Div, dst, left, right);
            }
            JitOp::AddFloatConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                self.float2(F::Add, dst, left, right);
            }
            JitOp::MulFloatConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                self.float2(F::Mul, dst, left, right);
            }
            JitOp::DivFloatConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                self.float2(F::Div, dst, left, right);
            }
            JitOp::SubConstFloat { dst, left, right } => {
                let (left, right) = (self.float(left), self.read(right, Kind::Float)?);
                self.float2(F::Sub, dst, left, right);
            }
            JitOp::DivConstFloat { dst, left, right } => {
                let (left, right) = (self.float(left), self.read(right, Kind::Float)?);
                self.not_zero(right);
                self.float2(F::Div, dst, left, right);
            }
            JitOp::AddMixed { dst, left, right } => self.mixed(F::Add, dst, left, right)?,
            JitOp::SubMixed { dst, left, right } => self.mixed(F::Sub, dst, left, right)?,
            JitOp::MulMixed { dst, left, right } => self.mixed(F::Mul, dst, left, right)?,
            JitOp::DivMixed { dst, left, right } => self.mixed(F::Div, dst, left, right)?,
            JitOp::NegFloat { dst, src } => {
                let src = self.read(src, Kind::Float)?;
                let value = self.push(Inst::NegateFloat(src), Kind::Float);
                self.write(dst, value);
            }
            _ => return None,
        }
        Some(())
    }

    fn test_ints(&mut self, test: Test, dst: Slot, left: Slot, right: Slot) -> Option<()> {
        let (left, right) = self.two_ints(left, right)?;
        let value = self.push(Inst::TestInts(test, left, right), Kind::Bool);
        self.write(dst, value);
        Some(())
    }

    fn test_const(&mut self, test: Test, dst: Slot, left: Slot, right: i64) -> Option<()> {
        let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
        let value = self.push(Inst::TestInts(test, left, right), Kind::Bool);
        self.write(dst, value);
        Some(())
    }

    // Arrays of scalars

    /// Where the codes of an array are that the loop does not write over.
    fn codes(&mut self, array: Slot) -> Option<Value> {
        let register = array.register();
        if self.is_written(register) || self.frame.contains_key(&register) {
            return None;
        }
        if !self.body.arrays.iter().any(|(known, _)| *known == register) {
            self.body.arrays.push((register, false));
        }
        Some(self.constant(Inst::Codes(register), Kind::Vector))
    }

    /// Where the words of an array are, if a value of that kind has one.
    fn words(&mut self, array: Slot, kind: Kind) -> Option<Value> {
        (kind != Kind::Bool).then(|| self.constant(Inst::Words(array.register()), Kind::Vector))
    }

    fn element(&mut self, dst: Slot, array: Slot, index: Value, kind: Kind) -> Option<()> {
        let (codes, words) = (self.codes(array)?, self.words(array, kind));
        let exit = self.guard(Way::Guard);
        let value = self.push(Inst::Load { codes, words, index, kind, exit }, kind);
        self.write(dst, value);
        Some(())
    }

    fn set_element(&mut self, array: Slot, index: Slot, value: Value) -> Option<()> {
        let index = self.read(index, Kind::Int)?;
        let (codes, words) = (self.codes(array)?, self.words(array, self.body.kind(value)));
        let exit = self.guard(Way::Guard);
        self.push(Inst::Store { codes, words, index, value, exit }, Kind::Nothing);
        for (known, is_changed) in &mut self.body.arrays {
            *is_changed |= *known == array.register();
        }
        Some(())
    }
}
