//! What each instruction of specialised code becomes.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "`shape` lists all instructions, and what is not known here is refused"
)]

use super::{Builder, Made};
use crate::exec::optimise::ir::{Arithmetic as A, End, FloatArithmetic as F, Inst, Kind, Value, Way};
use crate::exec::specialise::{
    BranchOp, ComparisonOp, ContainerOp, GuardOp, JitOp, MoveOp, NumberOp, Slot, Test,
};

impl Builder<'_> {
    pub(super) fn instruction(&mut self, op: JitOp) -> Made {
        match op {
            JitOp::Branch(BranchOp::Goto { to }) => return Some(Some(End::Jump(self.edge(to, None, 0)?))),
            JitOp::Branch(BranchOp::Jump { to, steps }) => {
                self.charge(steps);
                self.charged = 0;
                return Some(Some(End::Jump(self.edge(to, None, 0)?)));
            }
            JitOp::Branch(BranchOp::ChargeFuel { steps }) => {
                self.charge(steps);
                self.charged = 0;
            }
            JitOp::Move(MoveOp::MoveInt { dst, src }) => self.copy(dst, src, Kind::Int)?,
            JitOp::Move(MoveOp::MoveFloat { dst, src }) => self.copy(dst, src, Kind::Float)?,
            JitOp::Move(MoveOp::MoveScalar { dst, src }) => {
                let value = self.read_any(src)?;
                self.write(dst, value);
            }
            JitOp::Move(MoveOp::Swap { a, b }) => {
                let (of_a, of_b) = (self.read_any(a)?, self.read_any(b)?);
                self.write(a, of_b);
                self.write(b, of_a);
            }
            JitOp::Move(MoveOp::LoadInt { dst, value }) => {
                let value = self.int(value);
                self.write(dst, value);
            }
            JitOp::Move(MoveOp::LoadFloat { dst, value }) => {
                let value = self.float(value);
                self.write(dst, value);
            }
            JitOp::Move(MoveOp::LoadBool { dst, value }) => {
                let value = self.constant(Inst::Bool(value), Kind::Bool);
                self.write(dst, value);
            }
            // What is known to be of that kind passes; of what the loop does not write, the kind is looked at before it is entered.
            JitOp::Guard(GuardOp::GuardInt { slot }) => drop(self.read(slot, Kind::Int)?),
            JitOp::Guard(GuardOp::GuardFloat { slot }) => drop(self.read(slot, Kind::Float)?),
            JitOp::Guard(GuardOp::GuardBool { slot }) => drop(self.read(slot, Kind::Bool)?),
            JitOp::Number(NumberOp::AddInt { .. })
            | JitOp::Number(NumberOp::SubInt { .. })
            | JitOp::Number(NumberOp::MulInt { .. })
            | JitOp::Number(NumberOp::DivInt { .. })
            | JitOp::Number(NumberOp::ModInt { .. })
            | JitOp::Number(NumberOp::AddIntConst { .. })
            | JitOp::Number(NumberOp::SubConstInt { .. })
            | JitOp::Number(NumberOp::MulIntConst { .. })
            | JitOp::Number(NumberOp::DivIntConst { .. })
            | JitOp::Number(NumberOp::ModIntConst { .. })
            | JitOp::Number(NumberOp::DivIntShift { .. })
            | JitOp::Number(NumberOp::ModIntMask { .. })
            | JitOp::Number(NumberOp::NegInt { .. }) => self.ints(op)?,
            JitOp::Number(NumberOp::AddFloat { .. })
            | JitOp::Number(NumberOp::SubFloat { .. })
            | JitOp::Number(NumberOp::MulFloat { .. })
            | JitOp::Number(NumberOp::DivFloat { .. })
            | JitOp::Number(NumberOp::AddFloatConst { .. })
            | JitOp::Number(NumberOp::SubConstFloat { .. })
            | JitOp::Number(NumberOp::MulFloatConst { .. })
            | JitOp::Number(NumberOp::DivFloatConst { .. })
            | JitOp::Number(NumberOp::DivConstFloat { .. })
            | JitOp::Number(NumberOp::AddMixed { .. })
            | JitOp::Number(NumberOp::SubMixed { .. })
            | JitOp::Number(NumberOp::MulMixed { .. })
            | JitOp::Number(NumberOp::DivMixed { .. })
            | JitOp::Number(NumberOp::NegFloat { .. }) => self.floats(op)?,
            JitOp::Comparison(ComparisonOp::TestEqInt { dst, left, right }) => {
                self.test_ints(Test::Eq, dst, left, right)?
            }
            JitOp::Comparison(ComparisonOp::TestNeInt { dst, left, right }) => {
                self.test_ints(Test::Ne, dst, left, right)?
            }
            JitOp::Comparison(ComparisonOp::TestLtInt { dst, left, right }) => {
                self.test_ints(Test::Lt, dst, left, right)?
            }
            JitOp::Comparison(ComparisonOp::TestLeInt { dst, left, right }) => {
                self.test_ints(Test::Le, dst, left, right)?
            }
            JitOp::Comparison(ComparisonOp::TestEqIntConst { dst, left, right }) => {
                self.test_const(Test::Eq, dst, left, right)?
            }
            JitOp::Comparison(ComparisonOp::TestNeIntConst { dst, left, right }) => {
                self.test_const(Test::Ne, dst, left, right)?
            }
            JitOp::Comparison(ComparisonOp::TestLtIntConst { dst, left, right }) => {
                self.test_const(Test::Lt, dst, left, right)?
            }
            JitOp::Comparison(ComparisonOp::TestGeIntConst { dst, left, right }) => {
                self.test_const(Test::Ge, dst, left, right)?
            }
            JitOp::Comparison(ComparisonOp::TestFloat { test, dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Float)?, self.read(right, Kind::Float)?);
                let value = self.push(Inst::TestFloats(test, left, right), Kind::Bool);
                self.write(dst, value);
            }
            JitOp::Comparison(ComparisonOp::TestFloatConst { test, dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                let value = self.push(Inst::TestFloats(test, left, right), Kind::Bool);
                self.write(dst, value);
            }
            JitOp::Comparison(ComparisonOp::And { dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Bool)?, self.read(right, Kind::Bool)?);
                let value = self.push(Inst::And(left, right), Kind::Bool);
                self.write(dst, value);
            }
            JitOp::Comparison(ComparisonOp::Or { dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Bool)?, self.read(right, Kind::Bool)?);
                let value = self.push(Inst::Or(left, right), Kind::Bool);
                self.write(dst, value);
            }
            JitOp::Comparison(ComparisonOp::Not { dst, src }) => {
                let src = self.read(src, Kind::Bool)?;
                let value = self.push(Inst::Not(src), Kind::Bool);
                self.write(dst, value);
            }
            JitOp::Container(ContainerOp::ArrayGetBool { dst, array, index }) => {
                let index = self.read(index, Kind::Int)?;
                self.element(dst, array, index, Kind::Bool)?;
            }
            JitOp::Container(ContainerOp::ArrayGetInt { dst, array, index }) => {
                let index = self.read(index, Kind::Int)?;
                self.element(dst, array, index, Kind::Int)?;
            }
            JitOp::Container(ContainerOp::ArrayGetFloat { dst, array, index }) => {
                let index = self.read(index, Kind::Int)?;
                self.element(dst, array, index, Kind::Float)?;
            }
            JitOp::Container(ContainerOp::ArrayGetConstInt { dst, array, index }) => {
                let index = self.int(index.into());
                self.element(dst, array, index, Kind::Int)?;
            }
            JitOp::Container(ContainerOp::ArrayGetConstFloat { dst, array, index }) => {
                let index = self.int(index.into());
                self.element(dst, array, index, Kind::Float)?;
            }
            JitOp::Container(ContainerOp::ArraySetInt { array, index, value })
            | JitOp::Container(ContainerOp::ArraySetFloat { array, index, value })
            | JitOp::Container(ContainerOp::ArraySetScalar { array, index, value }) => {
                let value = self.read_any(value)?;
                self.set_element(array, index, value)?;
            }
            JitOp::Container(ContainerOp::ArraySetToBool { array, index, value }) => {
                let value = self.constant(Inst::Bool(value), Kind::Bool);
                self.set_element(array, index, value)?;
            }
            JitOp::Container(ContainerOp::ArraySetToInt { array, index, value }) => {
                let value = self.int(value);
                self.set_element(array, index, value)?;
            }
            JitOp::Container(ContainerOp::ArraySetToFloat { array, index, value }) => {
                let value = self.float(value);
                self.set_element(array, index, value)?;
            }
            JitOp::Container(ContainerOp::ArrayLen { dst, array }) => {
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
            JitOp::Number(NumberOp::AddInt { dst, left, right }) => {
                let (left, right) = self.two_ints(left, right)?;
                self.arithmetic(A::Add, dst, left, right);
            }
            JitOp::Number(NumberOp::SubInt { dst, left, right }) => {
                let (left, right) = self.two_ints(left, right)?;
                self.arithmetic(A::Sub, dst, left, right);
            }
            JitOp::Number(NumberOp::MulInt { dst, left, right }) => {
                let (left, right) = self.two_ints(left, right)?;
                self.arithmetic(A::Mul, dst, left, right);
            }
            JitOp::Number(NumberOp::AddIntConst { dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.arithmetic(A::Add, dst, left, right);
            }
            JitOp::Number(NumberOp::SubConstInt { dst, left, right }) => {
                let (left, right) = (self.int(left), self.read(right, Kind::Int)?);
                self.arithmetic(A::Sub, dst, left, right);
            }
            JitOp::Number(NumberOp::MulIntConst { dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.arithmetic(A::Mul, dst, left, right);
            }
            JitOp::Number(NumberOp::NegInt { dst, src }) => {
                let (left, right) = (self.int(0), self.read(src, Kind::Int)?);
                self.arithmetic(A::Sub, dst, left, right);
            }
            JitOp::Number(NumberOp::DivInt { dst, left, right }) => {
                let (left, right) = self.two_ints(left, right)?;
                self.divide(dst, left, right, false);
            }
            JitOp::Number(NumberOp::ModInt { dst, left, right }) => {
                let (left, right) = self.two_ints(left, right)?;
                self.divide(dst, left, right, true);
            }
            JitOp::Number(NumberOp::DivIntConst { dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.divide(dst, left, right, false);
            }
            JitOp::Number(NumberOp::ModIntConst { dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.divide(dst, left, right, true);
            }
            JitOp::Number(NumberOp::DivIntShift { dst, left, shift }) => {
                let left = self.read(left, Kind::Int)?;
                let value = self.push(Inst::Shift(left, shift), Kind::Int);
                self.write(dst, value);
            }
            JitOp::Number(NumberOp::ModIntMask { dst, left, mask }) => {
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
            JitOp::Number(NumberOp::AddFloat { dst, left, right }) => {
                let (left, right) = self.two_floats(left, right)?;
                self.float2(F::Add, dst, left, right);
            }
            JitOp::Number(NumberOp::SubFloat { dst, left, right }) => {
                let (left, right) = self.two_floats(left, right)?;
                self.float2(F::Sub, dst, left, right);
            }
            JitOp::Number(NumberOp::MulFloat { dst, left, right }) => {
                let (left, right) = self.two_floats(left, right)?;
                self.float2(F::Mul, dst, left, right);
            }
            JitOp::Number(NumberOp::DivFloat { dst, left, right }) => {
                let (left, right) = self.two_floats(left, right)?;
                self.not_zero(right);
                self.float2(F::Div, dst, left, right);
            }
            JitOp::Number(NumberOp::AddFloatConst { dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                self.float2(F::Add, dst, left, right);
            }
            JitOp::Number(NumberOp::MulFloatConst { dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                self.float2(F::Mul, dst, left, right);
            }
            JitOp::Number(NumberOp::DivFloatConst { dst, left, right }) => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                self.float2(F::Div, dst, left, right);
            }
            JitOp::Number(NumberOp::SubConstFloat { dst, left, right }) => {
                let (left, right) = (self.float(left), self.read(right, Kind::Float)?);
                self.float2(F::Sub, dst, left, right);
            }
            JitOp::Number(NumberOp::DivConstFloat { dst, left, right }) => {
                let (left, right) = (self.float(left), self.read(right, Kind::Float)?);
                self.not_zero(right);
                self.float2(F::Div, dst, left, right);
            }
            JitOp::Number(NumberOp::AddMixed { dst, left, right }) => self.mixed(F::Add, dst, left, right)?,
            JitOp::Number(NumberOp::SubMixed { dst, left, right }) => self.mixed(F::Sub, dst, left, right)?,
            JitOp::Number(NumberOp::MulMixed { dst, left, right }) => self.mixed(F::Mul, dst, left, right)?,
            JitOp::Number(NumberOp::DivMixed { dst, left, right }) => self.mixed(F::Div, dst, left, right)?,
            JitOp::Number(NumberOp::NegFloat { dst, src }) => {
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
