//! What each instruction of specialised code becomes.

use super::{Builder, Made};
use crate::exec::optimise::ir::{Arithmetic as A, FloatArithmetic as F, Inst, Kind, Value, Way};
use crate::exec::specialise::{ComparisonOp, ContainerOp, GuardOp, JitOp, MoveOp, NumberOp, Slot, Test};

impl Builder<'_> {
    pub(super) fn instruction(&mut self, op: JitOp) -> Made {
        match op {
            JitOp::Branch(op) => return self.branches(op),
            JitOp::Move(op) => self.moves(op)?,
            JitOp::Guard(op) => self.guards(op)?,
            JitOp::Number(op) => self.numbers(op)?,
            JitOp::Comparison(op) => self.comparisons(op)?,
            JitOp::Container(op) => self.containers(op)?,
            JitOp::String(_) | JitOp::Call(_) | JitOp::Interpreter => return None,
        }
        Some(None)
    }

    fn moves(&mut self, op: MoveOp) -> Option<()> {
        match op {
            MoveOp::MoveInt { dst, src } => self.copy(dst, src, Kind::Int)?,
            MoveOp::MoveFloat { dst, src } => self.copy(dst, src, Kind::Float)?,
            MoveOp::MoveScalar { dst, src } => {
                let value = self.read_any(src)?;
                self.write(dst, value);
            }
            MoveOp::Swap { a, b } => {
                let (of_a, of_b) = (self.read_any(a)?, self.read_any(b)?);
                self.write(a, of_b);
                self.write(b, of_a);
            }
            MoveOp::LoadInt { dst, value } => {
                let value = self.int(value);
                self.write(dst, value);
            }
            MoveOp::LoadFloat { dst, value } => {
                let value = self.float(value);
                self.write(dst, value);
            }
            MoveOp::LoadBool { dst, value } => {
                let value = self.constant(Inst::Bool(value), Kind::Bool);
                self.write(dst, value);
            }
            MoveOp::Move { .. }
            | MoveOp::LoadConst { .. }
            | MoveOp::PutBool { .. }
            | MoveOp::LoadGlobal { .. }
            | MoveOp::StoreGlobal { .. } => return None,
        }
        Some(())
    }

    fn guards(&mut self, op: GuardOp) -> Option<()> {
        match op {
            // What is known to be of that kind passes; of what the loop does not write, the kind is looked at before it is entered.
            GuardOp::GuardInt { slot } => drop(self.read(slot, Kind::Int)?),
            GuardOp::GuardFloat { slot } => drop(self.read(slot, Kind::Float)?),
            GuardOp::GuardBool { slot } => drop(self.read(slot, Kind::Bool)?),
            GuardOp::Guard { .. } | GuardOp::GuardFunction { .. } => return None,
        }
        Some(())
    }

    fn numbers(&mut self, op: NumberOp) -> Option<()> {
        match op {
            NumberOp::AddInt { dst, left, right } => {
                let (left, right) = self.two_ints(left, right)?;
                self.arithmetic(A::Add, dst, left, right);
            }
            NumberOp::SubInt { dst, left, right } => {
                let (left, right) = self.two_ints(left, right)?;
                self.arithmetic(A::Sub, dst, left, right);
            }
            NumberOp::MulInt { dst, left, right } => {
                let (left, right) = self.two_ints(left, right)?;
                self.arithmetic(A::Mul, dst, left, right);
            }
            NumberOp::AddIntConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.arithmetic(A::Add, dst, left, right);
            }
            NumberOp::SubConstInt { dst, left, right } => {
                let (left, right) = (self.int(left), self.read(right, Kind::Int)?);
                self.arithmetic(A::Sub, dst, left, right);
            }
            NumberOp::MulIntConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.arithmetic(A::Mul, dst, left, right);
            }
            NumberOp::NegInt { dst, src } => {
                let (left, right) = (self.int(0), self.read(src, Kind::Int)?);
                self.arithmetic(A::Sub, dst, left, right);
            }
            NumberOp::DivInt { dst, left, right } => {
                let (left, right) = self.two_ints(left, right)?;
                self.divide(dst, left, right, false);
            }
            NumberOp::ModInt { dst, left, right } => {
                let (left, right) = self.two_ints(left, right)?;
                self.divide(dst, left, right, true);
            }
            NumberOp::DivIntConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.divide(dst, left, right, false);
            }
            NumberOp::ModIntConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Int)?, self.int(right));
                self.divide(dst, left, right, true);
            }
            NumberOp::DivIntShift { dst, left, shift } => {
                let left = self.read(left, Kind::Int)?;
                let value = self.push(Inst::Shift(left, shift), Kind::Int);
                self.write(dst, value);
            }
            NumberOp::ModIntMask { dst, left, mask } => {
                let left = self.read(left, Kind::Int)?;
                let value = self.push(Inst::Mask(left, mask), Kind::Int);
                self.write(dst, value);
            }
            NumberOp::AddFloat { dst, left, right } => {
                let (left, right) = self.two_floats(left, right)?;
                self.float2(F::Add, dst, left, right);
            }
            NumberOp::SubFloat { dst, left, right } => {
                let (left, right) = self.two_floats(left, right)?;
                self.float2(F::Sub, dst, left, right);
            }
            NumberOp::MulFloat { dst, left, right } => {
                let (left, right) = self.two_floats(left, right)?;
                self.float2(F::Mul, dst, left, right);
            }
            NumberOp::DivFloat { dst, left, right } => {
                let (left, right) = self.two_floats(left, right)?;
                self.not_zero(right);
                self.float2(F::Div, dst, left, right);
            }
            NumberOp::AddFloatConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                self.float2(F::Add, dst, left, right);
            }
            NumberOp::MulFloatConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                self.float2(F::Mul, dst, left, right);
            }
            NumberOp::DivFloatConst { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                self.float2(F::Div, dst, left, right);
            }
            NumberOp::SubConstFloat { dst, left, right } => {
                let (left, right) = (self.float(left), self.read(right, Kind::Float)?);
                self.float2(F::Sub, dst, left, right);
            }
            NumberOp::DivConstFloat { dst, left, right } => {
                let (left, right) = (self.float(left), self.read(right, Kind::Float)?);
                self.not_zero(right);
                self.float2(F::Div, dst, left, right);
            }
            NumberOp::AddMixed { dst, left, right } => self.mixed(F::Add, dst, left, right)?,
            NumberOp::SubMixed { dst, left, right } => self.mixed(F::Sub, dst, left, right)?,
            NumberOp::MulMixed { dst, left, right } => self.mixed(F::Mul, dst, left, right)?,
            NumberOp::DivMixed { dst, left, right } => self.mixed(F::Div, dst, left, right)?,
            NumberOp::NegFloat { dst, src } => {
                let src = self.read(src, Kind::Float)?;
                let value = self.push(Inst::NegateFloat(src), Kind::Float);
                self.write(dst, value);
            }
        }
        Some(())
    }

    fn comparisons(&mut self, op: ComparisonOp) -> Option<()> {
        match op {
            ComparisonOp::TestEqInt { dst, left, right } => self.test_ints(Test::Eq, dst, left, right)?,
            ComparisonOp::TestNeInt { dst, left, right } => self.test_ints(Test::Ne, dst, left, right)?,
            ComparisonOp::TestLtInt { dst, left, right } => self.test_ints(Test::Lt, dst, left, right)?,
            ComparisonOp::TestLeInt { dst, left, right } => self.test_ints(Test::Le, dst, left, right)?,
            ComparisonOp::TestEqIntConst { dst, left, right } => {
                self.test_const(Test::Eq, dst, left, right)?
            }
            ComparisonOp::TestNeIntConst { dst, left, right } => {
                self.test_const(Test::Ne, dst, left, right)?
            }
            ComparisonOp::TestLtIntConst { dst, left, right } => {
                self.test_const(Test::Lt, dst, left, right)?
            }
            ComparisonOp::TestGeIntConst { dst, left, right } => {
                self.test_const(Test::Ge, dst, left, right)?
            }
            ComparisonOp::TestFloat { test, dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Float)?, self.read(right, Kind::Float)?);
                let value = self.push(Inst::TestFloats(test, left, right), Kind::Bool);
                self.write(dst, value);
            }
            ComparisonOp::TestFloatConst { test, dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Float)?, self.float(right));
                let value = self.push(Inst::TestFloats(test, left, right), Kind::Bool);
                self.write(dst, value);
            }
            ComparisonOp::And { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Bool)?, self.read(right, Kind::Bool)?);
                let value = self.push(Inst::And(left, right), Kind::Bool);
                self.write(dst, value);
            }
            ComparisonOp::Or { dst, left, right } => {
                let (left, right) = (self.read(left, Kind::Bool)?, self.read(right, Kind::Bool)?);
                let value = self.push(Inst::Or(left, right), Kind::Bool);
                self.write(dst, value);
            }
            ComparisonOp::Not { dst, src } => {
                let src = self.read(src, Kind::Bool)?;
                let value = self.push(Inst::Not(src), Kind::Bool);
                self.write(dst, value);
            }
        }
        Some(())
    }

    fn containers(&mut self, op: ContainerOp) -> Option<()> {
        match op {
            ContainerOp::ArrayGetBool { dst, array, index } => {
                let index = self.read(index, Kind::Int)?;
                self.element(dst, array, index, Kind::Bool)?;
            }
            ContainerOp::ArrayGetInt { dst, array, index } => {
                let index = self.read(index, Kind::Int)?;
                self.element(dst, array, index, Kind::Int)?;
            }
            ContainerOp::ArrayGetFloat { dst, array, index } => {
                let index = self.read(index, Kind::Int)?;
                self.element(dst, array, index, Kind::Float)?;
            }
            ContainerOp::ArrayGetConstInt { dst, array, index } => {
                let index = self.int(index.into());
                self.element(dst, array, index, Kind::Int)?;
            }
            ContainerOp::ArrayGetConstFloat { dst, array, index } => {
                let index = self.int(index.into());
                self.element(dst, array, index, Kind::Float)?;
            }
            ContainerOp::ArraySetInt { .. }
            | ContainerOp::ArraySetFloat { .. }
            | ContainerOp::ArraySetScalar { .. }
            | ContainerOp::ArraySetToBool { .. }
            | ContainerOp::ArraySetToInt { .. }
            | ContainerOp::ArraySetToFloat { .. } => {
                let (array, index, value) = self.written_scalar(op)?;
                self.set_element(array, index, value)?;
            }
            ContainerOp::ArrayGet { dst, array, index } => {
                let index = self.read(index, Kind::Int)?;
                self.row(dst, array, index)?;
            }
            ContainerOp::ArrayGetConst { dst, array, index } => {
                let index = self.int(index.into());
                self.row(dst, array, index)?;
            }
            ContainerOp::ElideCopyElement { outer, key, container } => {
                self.write_through(outer, key, container)?;
            }
            ContainerOp::ArrayLen { dst, array } => {
                let value = if self.holds_rows(array.register()) {
                    let row = self.row_in(array);
                    self.push(Inst::LengthOf(row), Kind::Int)
                } else {
                    let codes = self.codes(array)?;
                    self.push(Inst::Length(codes), Kind::Int)
                };
                self.write(dst, value);
            }
            ContainerOp::ArraySet { .. }
            | ContainerOp::ArraySetConst { .. }
            | ContainerOp::DictGet { .. }
            | ContainerOp::DictSet { .. }
            | ContainerOp::ElideCopy { .. }
            | ContainerOp::ElideCopyGlobal { .. } => return None,
        }
        Some(())
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
            Kind::Bool | Kind::Vector | Kind::Row | Kind::Nothing => None,
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
        self.needs(register).is_packed = true;
        Some(self.constant(Inst::Codes(register), Kind::Vector))
    }

    /// Where the words of an array are, if a value of that kind has one.
    fn words(&mut self, array: Slot, kind: Kind) -> Option<Value> {
        (kind != Kind::Bool).then(|| self.constant(Inst::Words(array.register()), Kind::Vector))
    }

    fn element(&mut self, dst: Slot, array: Slot, index: Value, kind: Kind) -> Option<()> {
        if self.holds_rows(array.register()) {
            let row = self.row_in(array);
            let exit = self.guard(Way::Guard);
            let value = self.push(Inst::LoadRow { row, index, kind, exit }, kind);
            self.write(dst, value);
            return Some(());
        }
        let (codes, words) = (self.codes(array)?, self.words(array, kind));
        let exit = self.guard(Way::Guard);
        let value = self.push(Inst::Load { codes, words, index, kind, exit }, kind);
        self.write(dst, value);
        Some(())
    }

    fn set_element(&mut self, array: Slot, index: Value, value: Value) -> Option<()> {
        let (codes, words) = (self.codes(array)?, self.words(array, self.body.kind(value)));
        let exit = self.guard(Way::Guard);
        self.push(Inst::Store { codes, words, index, value, exit }, Kind::Nothing);
        self.needs(array.register()).is_alone = true;
        Some(())
    }

    /// The scalar that an instruction writes to an element, with the array and the index.
    pub(super) fn written_scalar(&mut self, op: ContainerOp) -> Option<(Slot, Value, Value)> {
        let (array, index, value) = if let ContainerOp::ArraySetInt { array, index, value }
        | ContainerOp::ArraySetFloat { array, index, value }
        | ContainerOp::ArraySetScalar { array, index, value } = op
        {
            (array, index, self.read_any(value)?)
        } else if let ContainerOp::ArraySetToBool { array, index, value } = op {
            (array, index, self.constant(Inst::Bool(value), Kind::Bool))
        } else if let ContainerOp::ArraySetToInt { array, index, value } = op {
            (array, index, self.int(value))
        } else if let ContainerOp::ArraySetToFloat { array, index, value } = op {
            (array, index, self.float(value))
        } else {
            return None;
        };
        Some((array, self.read(index, Kind::Int)?, value))
    }
}
