//! Which instructions of specialised code become one, where `spec/specops.yaml` does not say it: back edges with their counters.

use crate::exec::specialise::context::slots::IntSlot;
use crate::exec::specialise::op::SpecOp;

impl SpecOp {
    /// This back edge together with the increment before it.
    pub(crate) fn with_counter(self, before: &Self) -> Option<Self> {
        if let &Self::AddInt { dst, left: counter, right: step } = before {
            let fits =
                |left: IntSlot, right: IntSlot| *counter == *dst && left == counter && right != counter;
            return if let Self::LoopLtInt { left, right, to, steps } = self {
                fits(left, right).then_some(Self::StepLtInt { counter, step, right, steps, to })
            } else if let Self::LoopLeInt { left, right, to, steps } = self {
                fits(left, right).then_some(Self::StepLeInt { counter, step, right, steps, to })
            } else {
                None
            };
        }
        let &Self::AddIntConst { dst, left: counter, right: step } = before else { return None };
        let step = i16::try_from(step).ok()?;
        let is_counter = |left: IntSlot| *counter == *dst && left == counter;
        if let Self::LoopLtInt { left, right, to, steps } = self {
            return (is_counter(left) && right != counter).then_some(Self::CountLtInt {
                counter,
                right,
                step,
                steps,
                to,
            });
        }
        if let Self::LoopLeInt { left, right, to, steps } = self {
            return (is_counter(left) && right != counter).then_some(Self::CountLeInt {
                counter,
                right,
                step,
                steps,
                to,
            });
        }
        if let Self::LoopLtIntConst { left, right, to, steps } = self {
            let (steps, right) = (u16::from(steps), i32::try_from(right).ok()?);
            return is_counter(left).then_some(Self::CountLtIntConst { counter, step, steps, to, right });
        }
        if let Self::LoopGeIntConst { left, right, to, steps } = self {
            let (steps, right) = (u16::from(steps), i32::try_from(right).ok()?);
            return is_counter(left).then_some(Self::CountGeIntConst { counter, step, steps, to, right });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::specialise::op::{CodeAddr, Slot};
    use crate::exec::specialise::types::Type;

    /// A slot of whatever type an instruction wants.
    #[expect(non_snake_case, reason = "it reads like the name of a register")]
    fn R<T: From<Slot>>(register: u8) -> T {
        Slot::of(register).into()
    }

    fn to() -> CodeAddr {
        CodeAddr::of(9)
    }

    fn add(dst: u8, left: u8, right: u8) -> SpecOp {
        SpecOp::AddInt { dst: R(dst), left: R(left), right: R(right) }
    }

    fn add_const(dst: u8, left: u8, right: i64) -> SpecOp {
        SpecOp::AddIntConst { dst: R(dst), left: R(left), right }
    }

    fn back_edge(left: u8, right: u8) -> SpecOp {
        SpecOp::LoopLtInt { left: R(left), right: R(right), to: to(), steps: 4 }
    }

    fn shown(op: Option<SpecOp>) -> String {
        op.map_or_else(String::new, |op| op.to_string())
    }

    #[test]
    fn a_constant_step_and_a_back_edge_are_one() {
        let op = back_edge(1, 2).with_counter(&add_const(1, 1, -3));
        assert_eq!(shown(op), "CountLtInt counter=r1 right=r2 step=-3 steps=4 to=@9");
    }

    #[test]
    fn a_step_in_a_register_and_a_back_edge_are_one() {
        let op = back_edge(1, 2).with_counter(&add(1, 1, 5));
        assert_eq!(shown(op), "StepLtInt counter=r1 step=r5 right=r2 steps=4 to=@9");
    }

    #[test]
    fn a_back_edge_on_a_constant_takes_its_counter_along() {
        let edge = SpecOp::LoopGeIntConst { left: R(1), right: -7, to: to(), steps: 3 };
        let op = edge.with_counter(&add_const(1, 1, 2));
        assert_eq!(shown(op), "CountGeIntConst counter=r1 step=2 steps=3 to=@9 right=-7");
    }

    #[test]
    fn a_step_that_is_too_long_stays_apart() {
        assert!(back_edge(1, 2).with_counter(&add_const(1, 1, i64::from(i16::MAX) + 1)).is_none());
    }

    #[test]
    fn a_bound_that_is_too_large_stays_apart() {
        let edge = SpecOp::LoopLtIntConst { left: R(1), right: 1 << 40, to: to(), steps: 3 };
        assert!(edge.with_counter(&add_const(1, 1, 1)).is_none());
    }

    #[test]
    fn another_register_is_no_counter() {
        assert!(back_edge(1, 2).with_counter(&add_const(3, 3, 1)).is_none());
        assert!(back_edge(1, 2).with_counter(&add_const(1, 3, 1)).is_none());
        assert!(back_edge(1, 2).with_counter(&add(1, 3, 1)).is_none());
    }

    #[test]
    fn a_bound_that_is_the_counter_changes_with_it() {
        assert!(back_edge(1, 1).with_counter(&add_const(1, 1, 1)).is_none());
        assert!(back_edge(1, 1).with_counter(&add(1, 1, 2)).is_none());
    }

    #[test]
    fn equality_has_no_counter() {
        let edge = SpecOp::LoopEqInt { left: R(1), right: R(2), to: to(), steps: 4 };
        assert!(edge.with_counter(&add_const(1, 1, 1)).is_none());
        assert!(edge.with_counter(&add(1, 1, 3)).is_none());
    }

    #[test]
    fn a_jump_to_a_branch_tests_the_opposite() {
        let (left, right) = (R(1), R(2));
        let jump = |op: SpecOp| shown(op.with_jump(to(), 5));
        assert_eq!(
            jump(SpecOp::IfEqInt { left, right, to: to() }),
            "LoopNeInt left=r1 right=r2 to=@10 steps=5"
        );
        assert_eq!(
            jump(SpecOp::IfNeInt { left, right, to: to() }),
            "LoopEqInt left=r1 right=r2 to=@10 steps=5"
        );
        assert_eq!(
            jump(SpecOp::IfLtInt { left, right, to: to() }),
            "LoopLeInt left=r2 right=r1 to=@10 steps=5"
        );
        assert_eq!(
            jump(SpecOp::IfLeInt { left, right, to: to() }),
            "LoopLtInt left=r2 right=r1 to=@10 steps=5"
        );
    }

    #[test]
    fn many_steps_do_not_fit_beside_a_constant() {
        let branch = SpecOp::IfLtIntConst { left: R(1), right: 5, to: to() };
        assert_eq!(shown(branch.with_jump(to(), 255)), "LoopGeIntConst left=r1 steps=255 to=@10 right=5");
        assert!(branch.with_jump(to(), 256).is_none());
    }

    #[test]
    fn a_jump_to_what_is_no_branch_stays_a_jump() {
        assert!(add(1, 2, 3).with_jump(to(), 5).is_none());
        assert!(SpecOp::IfTrue { slot: R(1), to: to() }.with_jump(to(), 5).is_none());
    }

    #[test]
    fn two_that_are_fused_do_by_themselves_what_the_first_did() {
        let first = SpecOp::ArrayGetInt { dst: R(1), array: R(2), index: R(3) };
        let fused = first.with_next(add(4, 4, 1)).unwrap();
        assert_eq!(fused.name(), "ArrayGetIntAddInt");
        assert_eq!(fused.unfused().to_string(), first.to_string());
        assert_eq!(fused.second(), Some("AddInt"));
    }

    #[test]
    fn two_operations_on_floats_keep_the_registers_of_both() {
        let multiply = SpecOp::MulFloat { dst: R(1), left: R(2), right: R(3) };
        let subtract = SpecOp::SubFloat { dst: R(4), left: R(5), right: R(6) };
        let fused = multiply.with_next(subtract).unwrap();
        let SpecOp::MulSubFloat { first, second } = fused else { panic!("{fused}") };
        assert_eq!((first.dst, second.right), (R(1), R(6)));
        assert_eq!(fused.unfused().to_string(), multiply.to_string());
    }

    #[test]
    fn what_does_not_go_together_stays_apart() {
        assert!(add(1, 2, 3).with_next(add(4, 5, 6)).is_none());
        assert_eq!(add(1, 2, 3).unfused().to_string(), "AddInt dst=r1 left=r2 right=r3");
    }

    #[test]
    fn a_read_and_its_guard_are_one() {
        let read = SpecOp::ArrayGet { dst: R(1), array: R(2), index: R(3) };
        let guarded = |ty| shown(read.with_guard(R(1), ty));
        assert_eq!(guarded(Type::Int), "ArrayGetInt dst=r1 array=r2 index=r3");
        assert_eq!(guarded(Type::Float), "ArrayGetFloat dst=r1 array=r2 index=r3");
        assert_eq!(guarded(Type::Bool), "ArrayGetBool dst=r1 array=r2 index=r3");
        assert_eq!((guarded(Type::Free), guarded(Type::Scalar)), (String::new(), String::new()));
    }

    #[test]
    fn a_guard_of_another_register_stays_apart() {
        let read = SpecOp::ArrayGet { dst: R(1), array: R(2), index: R(3) };
        assert!(read.with_guard(R(2), Type::Int).is_none());
        assert!(add(1, 2, 3).with_guard(R(1), Type::Int).is_none());
    }

    #[test]
    fn the_result_of_an_operation_can_go_elsewhere() {
        let mut op = add(1, 2, 3);
        *op.result().unwrap() = R(7);
        assert_eq!(op.to_string(), "AddInt dst=r7 left=r2 right=r3");
        assert_eq!(op.operands(), Some([R(2), R(3)]));
        assert_eq!(add_const(1, 2, 5).operands(), Some([R(2), R(2)]));
        assert!(back_edge(1, 2).result().is_none() && back_edge(1, 2).operands().is_none());
    }

    #[test]
    fn control_goes_where_it_is_said_to() {
        let mut jump = SpecOp::Goto { to: CodeAddr::stub(3) };
        assert_eq!(jump.to_string(), "Goto to=stub 3");
        jump.redirect(to());
        assert_eq!(jump.target(), Some(to()));
        assert!(jump.leads_elsewhere() && !back_edge(1, 2).leads_elsewhere());
        assert!(add(1, 2, 3).target().is_none());
    }
}
