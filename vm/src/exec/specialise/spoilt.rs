//! Mutants of exits, each of one instruction alone: what its exit says of the run is not so. See `planted.rs`.

use crate::exec::specialise::context::{Source, TypeContext};
use crate::exec::specialise::op::SpecOp;

/// Spoils what the exit of an instruction says, where the process has a mutant of that instruction. `pc` is the instruction to go on with.
pub(super) fn spoil_exit(op: SpecOp, pc: &mut u32, context: &mut TypeContext) {
    let is_of_constant = |(_, source): &(u8, Source)| matches!(source, Source::Constant(_));
    let is_of_slot = |(_, source): &(u8, Source)| matches!(source, Source::Slot(_));
    if planted!("exit-forgets-a-store") && matches!(op, SpecOp::AddInt { .. }) {
        context.deferred.retain(|one| !is_of_slot(one));
    }
    if planted!("exit-forgets-a-constant") && matches!(op, SpecOp::ModIntConst { .. }) {
        context.deferred.retain(|one| !is_of_constant(one));
    }
    if planted!("exit-charges-nothing") && matches!(op, SpecOp::ModIntConst { .. }) {
        context.steps = 0;
    }
    if planted!("exit-goes-on-before") && matches!(op, SpecOp::DivFloat { .. } | SpecOp::DivMixed { .. }) {
        *pc = pc.saturating_sub(1);
    }
    if planted!("exit-forgets-where-from")
        && matches!(op, SpecOp::Guard { .. } | SpecOp::GuardInt { .. } | SpecOp::GuardFloat { .. })
    {
        context.previous = context.previous.map(|pc| pc + 1);
    }
    if planted!("exit-charges-too-little")
        && matches!(
            op,
            SpecOp::IfEqString { .. } | SpecOp::IfEqStringConst { .. } | SpecOp::DivConstFloat { .. }
        )
    {
        context.steps = context.steps.saturating_sub(1);
    }
    if planted!("exit-charges-twice") && matches!(op, SpecOp::AddMixed { .. } | SpecOp::MulMixed { .. }) {
        context.steps *= 2;
    }
    if planted!("exit-goes-on-behind") && matches!(op, SpecOp::DictSet { .. } | SpecOp::Join { .. }) {
        *pc += 1;
    }
    if planted!("exit-reads-a-dead-register")
        && matches!(op, SpecOp::AddIntConst { .. } | SpecOp::MulIntConst { .. })
    {
        for (register, source) in &mut context.deferred {
            if let Source::Slot(from) = source {
                *from = register.wrapping_add(1);
            }
        }
    }
    if planted!("exit-stores-in-the-wrong-order")
        && matches!(op, SpecOp::ArraySet { .. } | SpecOp::Call { .. } | SpecOp::Return { .. })
        && let [first, second, ..] = context.deferred.as_mut_slice()
    {
        std::mem::swap(&mut first.1, &mut second.1);
    }
}

/// Whether the exit of an instruction from an optimised loop is one that there are mutants of.
#[cfg(machine_code)]
pub(crate) fn has_mutant(op: SpecOp) -> bool {
    matches!(
        op,
        SpecOp::SubInt { .. }
            | SpecOp::MulInt { .. }
            | SpecOp::ArraySetScalar { .. }
            | SpecOp::ArraySetFloat { .. }
    )
}

/// Spoils what a stub says, where control goes on in the baseline interpreter instead.
pub(crate) fn spoil_stub(context: &TypeContext) -> TypeContext {
    let mut context = context.clone();
    if planted!("exit-of-stub-forgets-a-store") {
        context.deferred.clear();
    }
    if planted!("exit-of-stub-charges-too-little") {
        context.steps = context.steps.saturating_sub(1);
    }
    context
}
