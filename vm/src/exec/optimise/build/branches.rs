//! What branches become.

use super::{Builder, Made};
use crate::exec::optimise::ir::{Arithmetic as A, Condition, End, Inst, Kind, Value};
use crate::exec::specialise::{BranchOp, CodeAddr, Slot, Test};

impl Builder<'_> {
    pub(super) fn branches(&mut self, op: BranchOp) -> Made {
        match op {
            BranchOp::Goto { to } => Some(Some(End::Jump(self.edge(to, None, 0)?))),
            BranchOp::Jump { to, steps } => {
                self.charge(steps);
                self.charged = 0;
                Some(Some(End::Jump(self.edge(to, None, 0)?)))
            }
            BranchOp::ChargeFuel { steps } => {
                self.charge(steps);
                self.charged = 0;
                Some(None)
            }
            BranchOp::Deoptimise => None,
            BranchOp::IfEqInt { left, right, to } => self.if_ints(Test::Eq, left, right, to, None),
            BranchOp::IfNeInt { left, right, to } => self.if_ints(Test::Ne, left, right, to, None),
            BranchOp::IfLtInt { left, right, to } => self.if_ints(Test::Lt, left, right, to, None),
            BranchOp::IfLeInt { left, right, to } => self.if_ints(Test::Le, left, right, to, None),
            BranchOp::IfEqIntConst { left, to, right } => self.if_const(Test::Eq, left, right, to, None),
            BranchOp::IfNeIntConst { left, to, right } => self.if_const(Test::Ne, left, right, to, None),
            BranchOp::IfLtIntConst { left, to, right } => self.if_const(Test::Lt, left, right, to, None),
            BranchOp::IfGeIntConst { left, to, right } => self.if_const(Test::Ge, left, right, to, None),
            BranchOp::LoopEqInt { left, right, to, steps } => {
                self.if_ints(Test::Eq, left, right, to, Some(steps))
            }
            BranchOp::LoopNeInt { left, right, to, steps } => {
                self.if_ints(Test::Ne, left, right, to, Some(steps))
            }
            BranchOp::LoopLtInt { left, right, to, steps } => {
                self.if_ints(Test::Lt, left, right, to, Some(steps))
            }
            BranchOp::LoopLeInt { left, right, to, steps } => {
                self.if_ints(Test::Le, left, right, to, Some(steps))
            }
            BranchOp::LoopEqIntConst { left, steps, to, right } => {
                self.if_const(Test::Eq, left, right, to, Some(steps.into()))
            }
            BranchOp::LoopNeIntConst { left, steps, to, right } => {
                self.if_const(Test::Ne, left, right, to, Some(steps.into()))
            }
            BranchOp::LoopLtIntConst { left, steps, to, right } => {
                self.if_const(Test::Lt, left, right, to, Some(steps.into()))
            }
            BranchOp::LoopGeIntConst { left, steps, to, right } => {
                self.if_const(Test::Ge, left, right, to, Some(steps.into()))
            }
            BranchOp::CountLtInt { counter, right, step, steps, to } => {
                let (step, right) = (self.int(step.into()), self.read(right, Kind::Int)?);
                self.count(Test::Lt, counter, step, right, steps, to)
            }
            BranchOp::CountLeInt { counter, right, step, steps, to } => {
                let (step, right) = (self.int(step.into()), self.read(right, Kind::Int)?);
                self.count(Test::Le, counter, step, right, steps, to)
            }
            BranchOp::CountLtIntConst { counter, step, steps, to, right } => {
                let (step, right) = (self.int(step.into()), self.int(right.into()));
                self.count(Test::Lt, counter, step, right, steps, to)
            }
            BranchOp::CountGeIntConst { counter, step, steps, to, right } => {
                let (step, right) = (self.int(step.into()), self.int(right.into()));
                self.count(Test::Ge, counter, step, right, steps, to)
            }
            BranchOp::StepLtInt { counter, step, right, steps, to } => {
                let (step, right) = self.two_ints(step, right)?;
                self.count(Test::Lt, counter, step, right, steps, to)
            }
            BranchOp::StepLeInt { counter, step, right, steps, to } => {
                let (step, right) = self.two_ints(step, right)?;
                self.count(Test::Le, counter, step, right, steps, to)
            }
            BranchOp::IfEqFloat { left, right, to } => self.if_floats(Test::Eq, true, left, right, to),
            BranchOp::IfNeFloat { left, right, to } => self.if_floats(Test::Eq, false, left, right, to),
            BranchOp::IfLtFloat { left, right, to } => self.if_floats(Test::Lt, true, left, right, to),
            BranchOp::IfNotLtFloat { left, right, to } => self.if_floats(Test::Lt, false, left, right, to),
            BranchOp::IfLeFloat { left, right, to } => self.if_floats(Test::Le, true, left, right, to),
            BranchOp::IfNotLeFloat { left, right, to } => self.if_floats(Test::Le, false, left, right, to),
            BranchOp::IfEqFloatConst { left, to, right } => self.if_float(Test::Eq, true, left, right, to),
            BranchOp::IfNeFloatConst { left, to, right } => self.if_float(Test::Eq, false, left, right, to),
            BranchOp::IfLtFloatConst { left, to, right } => self.if_float(Test::Lt, true, left, right, to),
            BranchOp::IfNotLtFloatConst { left, to, right } => {
                self.if_float(Test::Lt, false, left, right, to)
            }
            BranchOp::IfLeFloatConst { left, to, right } => self.if_float(Test::Le, true, left, right, to),
            BranchOp::IfNotLeFloatConst { left, to, right } => {
                self.if_float(Test::Le, false, left, right, to)
            }
            BranchOp::IfGtFloatConst { left, to, right } => self.if_float(Test::Gt, true, left, right, to),
            BranchOp::IfNotGtFloatConst { left, to, right } => {
                self.if_float(Test::Gt, false, left, right, to)
            }
            BranchOp::IfGeFloatConst { left, to, right } => self.if_float(Test::Ge, true, left, right, to),
            BranchOp::IfNotGeFloatConst { left, to, right } => {
                self.if_float(Test::Ge, false, left, right, to)
            }
            BranchOp::IfBoth { left, right, to } => {
                let two = self.two_conditions(left, right)?;
                self.branch(Condition::Both(two), to, None)
            }
            BranchOp::IfNotBoth { left, right, to } => {
                let two = self.two_conditions(left, right)?;
                self.branch(Condition::Not(Box::new(Condition::Both(two))), to, None)
            }
            BranchOp::IfEither { left, right, to } => {
                let two = self.two_conditions(left, right)?;
                self.branch(Condition::Either(two), to, None)
            }
            BranchOp::IfNeither { left, right, to } => {
                let two = self.two_conditions(left, right)?;
                self.branch(Condition::Not(Box::new(Condition::Either(two))), to, None)
            }
            BranchOp::IfTrueBool { slot, to } | BranchOp::IfTrue { slot, to } => {
                let condition = self.condition(slot)?;
                self.branch(condition, to, None)
            }
            BranchOp::IfFalseBool { slot, to } | BranchOp::IfFalse { slot, to } => {
                let condition = self.condition(slot)?;
                self.branch(Condition::Not(Box::new(condition)), to, None)
            }
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
            Inst::Slot(_)
            | Inst::Param
            | Inst::Int(_)
            | Inst::Float(_)
            | Inst::Bool(_)
            | Inst::Arithmetic(..)
            | Inst::Divide { .. }
            | Inst::Shift(..)
            | Inst::Mask(..)
            | Inst::Float2(..)
            | Inst::NegateFloat(_)
            | Inst::NotZero(..)
            | Inst::FloatOf(_)
            | Inst::Charge(..)
            | Inst::Codes(_)
            | Inst::Words(_)
            | Inst::Values(_)
            | Inst::Row { .. }
            | Inst::Held(..)
            | Inst::Keep { .. }
            | Inst::LengthOf(_)
            | Inst::LoadRow { .. }
            | Inst::StoreRow { .. }
            | Inst::Length(_)
            | Inst::Load { .. }
            | Inst::Store { .. } => Condition::True(value),
        }
    }
}

/// A condition, or that it does not hold.
fn or_not(condition: Condition, outcome: bool) -> Condition {
    if outcome { condition } else { Condition::Not(Box::new(condition)) }
}
