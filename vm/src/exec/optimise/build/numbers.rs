//! What each instruction of specialised code becomes.

use super::Builder;
use crate::exec::optimise::ir::{
    Arithmetic as A, Condition, End, FloatArithmetic as F, Inst, Kind, Value, Way,
};
use crate::exec::specialise::{CodeAddr, JitOp, Slot, Test};

/// How a block ends with an instruction, if it does; none at all where the instruction is not known.
type Made = Option<Option<End>>;

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

    fn arithmetic(&mut self, operation: A, dst: Slot, left: Value, right: Value) {
        let exit = self.guard(Way::Guard);
        let value = self.push(Inst::Arithmetic(operation, left, right, Some(exit)), Kind::Int);
        self.write(dst, value);
    }

    fn divide(&mut self, dst: Slot, left: Value, right: Value, is_remainder: bool) {
        let exit = self.guard(Way::Guard);
        let value = self.push(Inst::Divide { left, right, is_remainder, exit }, Kind::Int);
        self.write(dst, value);
    }

    fn two_ints(&mut self, left: Slot, right: Slot) -> Option<(Value, Value)> {
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

    fn two_floats(&mut self, left: Slot, right: Slot) -> Option<(Value, Value)> {
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

    // Branches

    fn branches(&mut self, op: JitOp) -> Made {
        match op {
            JitOp::IfEqInt { left, right, to } => self.if_ints(Test::Eq, left, right, to, None),
            JitOp::IfNeInt { left, right, to } => self.if_ints(Test::Ne, left, right, to, None),
            JitOp::IfLtInt { left, right, to } => self.if_ints(Test::Lt, left, right, to, None),
            JitOp::IfLeInt { left, right, to } => self.if_ints(Test::Le, left, right, to, None),
            JitOp::IfEqIntConst { left, to, right } => self.if_const(Test::Eq, left, right, to, None),
            JitOp::IfNeIntConst { left, to, right } => self.if_const(Test::Ne, left, right, to, None),
            JitOp::IfLtIntConst { left, to, right } => self.if_const(Test::Lt, left, right, to, None),
            JitOp::IfGeIntConst { left, to, right } => self.if_const(Test::Ge, left, right, to, None),
            JitOp::LoopEqInt { left, right, to, steps } => {
                self.if_ints(Test::Eq, left, right, to, Some(steps))
            }
            JitOp::LoopNeInt { left, right, to, steps } => {
                self.if_ints(Test::Ne, left, right, to, Some(steps))
            }
            JitOp::LoopLtInt { left, right, to, steps } => {
                self.if_ints(Test::Lt, left, right, to, Some(steps))
            }
            JitOp::LoopLeInt { left, right, to, steps } => {
                self.if_ints(Test::Le, left, right, to, Some(steps))
            }
            JitOp::LoopEqIntConst { left, steps, to, right } => {
                self.if_const(Test::Eq, left, right, to, Some(steps.into()))
            }
            JitOp::LoopNeIntConst { left, steps, to, right } => {
                self.if_const(Test::Ne, left, right, to, Some(steps.into()))
            }
            JitOp::LoopLtIntConst { left, steps, to, right } => {
                self.if_const(Test::Lt, left, right, to, Some(steps.into()))
            }
            JitOp::LoopGeIntConst { left, steps, to, right } => {
                self.if_const(Test::Ge, left, right, to, Some(steps.into()))
            }
            JitOp::CountLtInt { counter, right, step, steps, to } => {
                let (step, right) = (self.int(step.into()), self.read(right, Kind::Int)?);
                self.count(Test::Lt, counter, step, right, steps, to)
            }
            JitOp::CountLeInt { counter, right, step, steps, to } => {
                let (step, right) = (self.int(step.into()), self.read(right, Kind::Int)?);
                self.count(Test::Le, counter, step, right, steps, to)
            }
            JitOp::CountLtIntConst { counter, step, steps, to, right } => {
                let (step, right) = (self.int(step.into()), self.int(right.into()));
                self.count(Test::Lt, counter, step, right, steps, to)
            }
            JitOp::CountGeIntConst { counter, step, steps, to, right } => {
                let (step, right) = (self.int(step.into()), self.int(right.into()));
                self.count(Test::Ge, counter, step, right, steps, to)
            }
            JitOp::StepLtInt { counter, step, right, steps, to } => {
                let (step, right) = self.two_ints(step, right)?;
                self.count(Test::Lt, counter, step, right, steps, to)
            }
            JitOp::StepLeInt { counter, step, right, steps, to } => {
                let (step, right) = self.two_ints(step, right)?;
                self.count(Test::Le, counter, step, right, steps, to)
            }
            JitOp::IfEqFloat { left, right, to } => self.if_floats(Test::Eq, true, left, right, to),
            JitOp::IfNeFloat { left, right, to } => self.if_floats(Test::Eq, false, left, right, to),
            JitOp::IfLtFloat { left, right, to } => self.if_floats(Test::Lt, true, left, right, to),
            JitOp::IfNotLtFloat { left, right, to } => self.if_floats(Test::Lt, false, left, right, to),
            JitOp::IfLeFloat { left, right, to } => self.if_floats(Test::Le, true, left, right, to),
            JitOp::IfNotLeFloat { left, right, to } => self.if_floats(Test::Le, false, left, right, to),
            JitOp::IfEqFloatConst { left, to, right } => self.if_float(Test::Eq, true, left, right, to),
            JitOp::IfNeFloatConst { left, to, right } => self.if_float(Test::Eq, false, left, right, to),
            JitOp::IfLtFloatConst { left, to, right } => self.if_float(Test::Lt, true, left, right, to),
            JitOp::IfNotLtFloatConst { left, to, right } => self.if_float(Test::Lt, false, left, right, to),
            JitOp::IfLeFloatConst { left, to, right } => self.if_float(Test::Le, true, left, right, to),
            JitOp::IfNotLeFloatConst { left, to, right } => self.if_float(Test::Le, false, left, right, to),
            JitOp::IfGtFloatConst { left, to, right } => self.if_float(Test::Gt, true, left, right, to),
            JitOp::IfNotGtFloatConst { left, to, right } => self.if_float(Test::Gt, false, left, right, to),
            JitOp::IfGeFloatConst { left, to, right } => self.if_float(Test::Ge, true, left, right, to),
            JitOp::IfNotGeFloatConst { left, to, right } => self.if_float(Test::Ge, false, left, right, to),
            JitOp::IfBoth { left, right, to } => {
                let two = self.two_conditions(left, right)?;
                self.branch(Condition::Both(two), to, None)
            }
            JitOp::IfNotBoth { left, right, to } => {
                let two = self.two_conditions(left, right)?;
                self.branch(Condition::Not(Box::new(Condition::Both(two))), to, None)
            }
            JitOp::IfEither { left, right, to } => {
                let two = self.two_conditions(left, right)?;
                self.branch(Condition::Either(two), to, None)
            }
            JitOp::IfNeither { left, right, to } => {
                let two = self.two_conditions(left, right)?;
                self.branch(Condition::Not(Box::new(Condition::Either(two))), to, None)
            }
            JitOp::IfTrueBool { slot, to } | JitOp::IfTrue { slot, to } => {
                let condition = self.condition(slot)?;
                self.branch(condition, to, None)
            }
            JitOp::IfFalseBool { slot, to } | JitOp::IfFalse { slot, to } => {
                let condition = self.condition(slot)?;
                self.branch(Condition::Not(Box::new(condition)), to, None)
            }
            _ => None,
        }
    }

    fn if_ints(&mut self, test: Test, left: Slot, right: Slot, to: CodeAddr, steps: Option<u16>) -> Made {
        let (left, right) = self.two_ints(left, right)?;
        self.branch(Condition::Ints(test, left, right), to, steps)
    }

    fn if_const(&mut self, test: Test, left: Slot, right: i64, to: CodeAddr, steps: Option<u16>) -> Made {
        let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
        self.branch(Condition::Ints(test, left, right), to, steps)
    }

    fn if_floats(&mut self, test: Test, outcome: bool, left: Slot, right: Slot, to: CodeAddr) -> Made {
        let (left, right) = self.two_floats(left, right)?;
        self.branch(or_not(Condition::Floats(test, left, right), outcome), to, None)
    }

    fn if_float(&mut self, test: Test, outcome: bool, left: Slot, right: f64, to: CodeAddr) -> Made {
        let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
        self.branch(or_not(Condition::Floats(test, left, right), outcome), to, None)
    }

    /// Counting, and the back edge of a loop: charged before it, as there must be enough steps then.
    fn count(
        &mut self,
        test: Test,
        counter: Slot,
        step: Value,
        right: Value,
        steps: u16,
        to: CodeAddr,
    ) -> Made {
        if to.is_stub() {
            return None;
        }
        let left = self.read(counter, Kind::Int)?;
        self.charge(steps);
        self.arithmetic(A::Add, counter, left, step);
        let next = self.read(counter, Kind::Int)?;
        let taken = self.edge(to, None, 0)?;
        let other = self.edge(CodeAddr::of(self.place + 1), None, steps)?;
        Some(Some(End::Branch(Condition::Ints(test, next, right), taken, other)))
    }

    fn two_conditions(&mut self, left: Slot, right: Slot) -> Option<Box<[Condition; 2]>> {
        Some(Box::new([self.condition(left)?, self.condition(right)?]))
    }

    /// Whether a bool is true: the test that gave it, where that is known.
    fn condition(&mut self, slot: Slot) -> Option<Condition> {
        let value = self.read(slot, Kind::Bool)?;
        Some(self.condition_of(value))
    }

    fn condition_of(&self, value: Value) -> Condition {
        match *self.body.inst(value) {
            Inst::TestInts(test, left, right) => Condition::Ints(test, left, right),
            Inst::TestFloats(test, left, right) => Condition::Floats(test, left, right),
            Inst::Not(value) => Condition::Not(Box::new(self.condition_of(value))),
            Inst::And(left, right) => {
                Condition::Both(Box::new([self.condition_of(left), self.condition_of(right)]))
            }
            Inst::Or(left, right) => {
                Condition::Either(Box::new([self.condition_of(left), self.condition_of(right)]))
            }
            _ => Condition::True(value),
        }
    }
}

/// A condition, or that it does not hold.
fn or_not(condition: Condition, outcome: bool) -> Condition {
    if outcome { condition } else { Condition::Not(Box::new(condition)) }
}
