//! Which instructions of specialised code become one.

use crate::exec::specialise::op::{CodeAddr, Slot, SpecOp, Triple};
use crate::exec::specialise::types::Type;

impl SpecOp {
    /// What `Jump` does together with this branch, which it leads to and which stands at `at`.
    pub(crate) fn with_jump(self, at: CodeAddr, steps: u16) -> Option<Self> {
        let to = at.next();
        let few = u8::try_from(steps).ok();
        match self {
            Self::IfEqInt { left, right, .. } => Some(Self::LoopNeInt { left, right, to, steps }),
            Self::IfNeInt { left, right, .. } => Some(Self::LoopEqInt { left, right, to, steps }),
            Self::IfLtInt { left, right, .. } => {
                Some(Self::LoopLeInt { left: right, right: left, to, steps })
            }
            Self::IfLeInt { left, right, .. } => {
                Some(Self::LoopLtInt { left: right, right: left, to, steps })
            }
            Self::IfEqIntConst { left, right, .. } => {
                Some(Self::LoopNeIntConst { left, steps: few?, to, right })
            }
            Self::IfNeIntConst { left, right, .. } => {
                Some(Self::LoopEqIntConst { left, steps: few?, to, right })
            }
            Self::IfLtIntConst { left, right, .. } => {
                Some(Self::LoopGeIntConst { left, steps: few?, to, right })
            }
            Self::IfGeIntConst { left, right, .. } => {
                Some(Self::LoopLtIntConst { left, steps: few?, to, right })
            }
            _ => None,
        }
    }

    /// This back edge together with the increment before it.
    pub(crate) fn with_counter(self, before: &Self) -> Option<Self> {
        if let &Self::AddInt { dst: counter, left: counted, right: step } = before {
            return match self {
                Self::LoopLtInt { left, right, to, steps } if left == counter && counted == counter => {
                    (right != counter).then_some(Self::StepLtInt { counter, step, right, steps, to })
                }
                Self::LoopLeInt { left, right, to, steps } if left == counter && counted == counter => {
                    (right != counter).then_some(Self::StepLeInt { counter, step, right, steps, to })
                }
                _ => None,
            };
        }
        let &Self::AddIntConst { dst: counter, left: counted, right: step } = before else { return None };
        match self {
            Self::LoopLtInt { left, right, to, steps }
                if left == counter && counted == counter && right != counter =>
            {
                let step = step.try_into().ok()?;
                Some(Self::CountLtInt { counter, right, step, steps, to })
            }
            Self::LoopLeInt { left, right, to, steps }
                if left == counter && counted == counter && right != counter =>
            {
                let step = step.try_into().ok()?;
                Some(Self::CountLeInt { counter, right, step, steps, to })
            }
            Self::LoopLtIntConst { left, right, to, steps } if left == counter && counted == counter => {
                let (step, right) = (step.try_into().ok()?, right.try_into().ok()?);
                Some(Self::CountLtIntConst { counter, step, steps: steps.into(), to, right })
            }
            Self::LoopGeIntConst { left, right, to, steps } if left == counter && counted == counter => {
                let (step, right) = (step.try_into().ok()?, right.try_into().ok()?);
                Some(Self::CountGeIntConst { counter, step, steps: steps.into(), to, right })
            }
            _ => None,
        }
    }

    /// This instruction together with the next, which stays behind it.
    pub(crate) fn with_next(self, next: Self) -> Option<Self> {
        let triple = |op: Self| match op {
            Self::AddFloat { dst, left, right }
            | Self::SubFloat { dst, left, right }
            | Self::MulFloat { dst, left, right } => Some(Triple { dst, left, right }),
            _ => None,
        };
        if let (Some(first), Some(second)) = (triple(self), triple(next)) {
            return match (self, next) {
                (Self::AddFloat { .. }, Self::AddFloat { .. }) => Some(Self::AddAddFloat { first, second }),
                (Self::AddFloat { .. }, Self::SubFloat { .. }) => Some(Self::AddSubFloat { first, second }),
                (Self::AddFloat { .. }, Self::MulFloat { .. }) => Some(Self::AddMulFloat { first, second }),
                (Self::SubFloat { .. }, Self::AddFloat { .. }) => Some(Self::SubAddFloat { first, second }),
                (Self::SubFloat { .. }, Self::SubFloat { .. }) => Some(Self::SubSubFloat { first, second }),
                (Self::SubFloat { .. }, Self::MulFloat { .. }) => Some(Self::SubMulFloat { first, second }),
                (Self::MulFloat { .. }, Self::AddFloat { .. }) => Some(Self::MulAddFloat { first, second }),
                (Self::MulFloat { .. }, Self::SubFloat { .. }) => Some(Self::MulSubFloat { first, second }),
                (Self::MulFloat { .. }, Self::MulFloat { .. }) => Some(Self::MulMulFloat { first, second }),
                _ => None,
            };
        }
        Some(match (self, next) {
            (Self::SubInt { dst, left, right }, Self::SubInt { .. }) => {
                Self::SubIntSubInt { dst, left, right }
            }
            (Self::AddInt { dst, left, right }, Self::CountLtInt { .. }) => {
                Self::AddIntCountLtInt { dst, left, right }
            }
            (Self::ModIntMask { dst, left, mask }, Self::IfNeIntConst { .. }) => {
                Self::ModIntMaskIfNeIntConst { dst, left, mask }
            }
            (Self::AddInt { dst, left, right }, Self::Return { .. }) => {
                Self::AddIntReturn { dst, left, right }
            }
            (Self::AddIntConst { dst, left, right }, Self::Call { .. }) => {
                Self::AddIntConstCall { dst, left, right }
            }
            (Self::AddFloat { dst, left, right }, Self::CountLtInt { .. }) => {
                Self::AddFloatCountLtInt { dst, left, right }
            }
            (Self::TestEqInt { dst, left, right }, Self::Or { .. }) => Self::TestEqIntOr { dst, left, right },
            (Self::TestEqInt { dst, left, right }, Self::IfNeither { .. }) => {
                Self::TestEqIntIfNeither { dst, left, right }
            }
            (Self::IfEqStringConst { left, right, to }, Self::IfEqStringConst { .. }) => {
                Self::IfEqStringConstTwice { left, right, to }
            }
            (Self::MoveInt { dst, src }, Self::MoveInt { .. }) => Self::MoveIntMoveInt { dst, src },
            (Self::MoveInt { dst, src }, Self::Jump { .. }) => Self::MoveIntJump { dst, src },
            (Self::MoveFloat { dst, src }, Self::Jump { .. }) => Self::MoveFloatJump { dst, src },
            (Self::LoadConst { dst, constant }, Self::Jump { .. }) => Self::LoadConstJump { dst, constant },
            (Self::ArrayGetInt { dst, array, index }, Self::AddInt { .. }) => {
                Self::ArrayGetIntAddInt { dst, array, index }
            }
            (Self::ArrayGetInt { dst, array, index }, Self::AddIntConst { .. }) => {
                Self::ArrayGetIntAddIntConst { dst, array, index }
            }
            (Self::ArrayGetInt { dst, array, index }, Self::TestEqInt { .. }) => {
                Self::ArrayGetIntTestEqInt { dst, array, index }
            }
            (Self::ArrayGetInt { dst, array, index }, Self::IfLtInt { .. }) => {
                Self::ArrayGetIntIfLtInt { dst, array, index }
            }
            (Self::ArrayGetFloat { dst, array, index }, Self::ArrayGetFloat { .. }) => {
                Self::ArrayGetFloatTwice { dst, array, index }
            }
            (Self::ArrayGetFloat { dst, array, index }, Self::MulFloat { .. }) => {
                Self::ArrayGetFloatMulFloat { dst, array, index }
            }
            (Self::ArrayGetFloat { dst, array, index }, Self::SubFloat { .. }) => {
                Self::ArrayGetFloatSubFloat { dst, array, index }
            }
            (Self::ArraySetFloat { array, index, value }, Self::ArrayGetFloat { .. }) => {
                Self::ArraySetFloatArrayGetFloat { array, index, value }
            }
            (Self::ArraySetToBool { array, index, value }, Self::StepLtInt { .. }) => {
                Self::ArraySetToBoolStepLtInt { array, index, value }
            }
            (Self::ArraySetInt { array, index, value }, Self::CountLtInt { .. }) => {
                Self::ArraySetIntCountLtInt { array, index, value }
            }
            _ => return None,
        })
    }

    /// What the first of two instructions that were made one does by itself.
    pub(crate) fn unfused(self) -> Self {
        match self {
            Self::AddAddFloat { first, .. }
            | Self::AddSubFloat { first, .. }
            | Self::AddMulFloat { first, .. } => {
                let Triple { dst, left, right } = first;
                Self::AddFloat { dst, left, right }
            }
            Self::SubAddFloat { first, .. }
            | Self::SubSubFloat { first, .. }
            | Self::SubMulFloat { first, .. } => {
                let Triple { dst, left, right } = first;
                Self::SubFloat { dst, left, right }
            }
            Self::MulAddFloat { first, .. }
            | Self::MulSubFloat { first, .. }
            | Self::MulMulFloat { first, .. } => {
                let Triple { dst, left, right } = first;
                Self::MulFloat { dst, left, right }
            }
            Self::SubIntSubInt { dst, left, right } => Self::SubInt { dst, left, right },
            Self::AddIntCountLtInt { dst, left, right } | Self::AddIntReturn { dst, left, right } => {
                Self::AddInt { dst, left, right }
            }
            Self::AddIntConstCall { dst, left, right } => Self::AddIntConst { dst, left, right },
            Self::ModIntMaskIfNeIntConst { dst, left, mask } => Self::ModIntMask { dst, left, mask },
            Self::AddFloatCountLtInt { dst, left, right } => Self::AddFloat { dst, left, right },
            Self::TestEqIntOr { dst, left, right } | Self::TestEqIntIfNeither { dst, left, right } => {
                Self::TestEqInt { dst, left, right }
            }
            Self::IfEqStringConstTwice { left, right, to } => Self::IfEqStringConst { left, right, to },
            Self::MoveIntMoveInt { dst, src } | Self::MoveIntJump { dst, src } => Self::MoveInt { dst, src },
            Self::MoveFloatJump { dst, src } => Self::MoveFloat { dst, src },
            Self::LoadConstJump { dst, constant } => Self::LoadConst { dst, constant },
            Self::ArrayGetIntAddInt { dst, array, index }
            | Self::ArrayGetIntAddIntConst { dst, array, index }
            | Self::ArrayGetIntTestEqInt { dst, array, index }
            | Self::ArrayGetIntIfLtInt { dst, array, index } => Self::ArrayGetInt { dst, array, index },
            Self::ArrayGetFloatTwice { dst, array, index }
            | Self::ArrayGetFloatMulFloat { dst, array, index }
            | Self::ArrayGetFloatSubFloat { dst, array, index } => Self::ArrayGetFloat { dst, array, index },
            Self::ArraySetFloatArrayGetFloat { array, index, value } => {
                Self::ArraySetFloat { array, index, value }
            }
            Self::ArraySetToBoolStepLtInt { array, index, value } => {
                Self::ArraySetToBool { array, index, value }
            }
            Self::ArraySetIntCountLtInt { array, index, value } => Self::ArraySetInt { array, index, value },
            single => single,
        }
    }

    /// This instruction together with the test that what it wrote to `slot`, over a scalar, is of that type.
    pub(crate) fn with_guard(self, slot: Slot, ty: Type) -> Option<Self> {
        match (self, ty) {
            (Self::ArrayGet { dst, array, index }, Type::Int) if dst == slot => {
                Some(Self::ArrayGetInt { dst, array, index })
            }
            (Self::ArrayGet { dst, array, index }, Type::Float) if dst == slot => {
                Some(Self::ArrayGetFloat { dst, array, index })
            }
            (Self::ArrayGet { dst, array, index }, Type::Bool) if dst == slot => {
                Some(Self::ArrayGetBool { dst, array, index })
            }
            (Self::ArrayGetConst { dst, array, index }, Type::Int) if dst == slot => {
                Some(Self::ArrayGetConstInt { dst, array, index })
            }
            (Self::ArrayGetConst { dst, array, index }, Type::Float) if dst == slot => {
                Some(Self::ArrayGetConstFloat { dst, array, index })
            }
            _ => None,
        }
    }
}
