//! Which instructions of specialised code make an innermost loop.

use std::collections::BTreeMap;

use crate::exec::specialise::{
    BranchOp, CallOp, Code, ComparisonOp, ContainerOp, GuardOp, JitOp, MoveOp, NumberOp, SpecOp, StringOp,
    TypeContext,
};

/// A loop has no more instructions than this.
const LONGEST: usize = 128;

/// An innermost loop of specialised code.
pub(super) struct Shape<'a> {
    /// Where it begins: a place that a version was made for, or the one behind the branch that stands there.
    pub(super) header: usize,
    /// The baseline instruction of that version, and what is known there.
    pub(super) pc: usize,
    pub(super) context: &'a TypeContext,
    /// Its instructions.
    pub(super) places: Vec<usize>,
}

impl Shape<'_> {
    pub(super) fn contains(&self, place: usize) -> bool {
        self.places.binary_search(&place).is_ok()
    }
}

/// Where control goes from an instruction that can be part of a loop: elsewhere, and on. Neither, from what cannot.
pub(super) fn successors(op: SpecOp, place: usize) -> (Option<usize>, Option<usize>) {
    let to = op.target().filter(|to| !to.is_stub()).map(|to| to.index());
    match JitOp::from(op) {
        JitOp::Branch(BranchOp::Goto { .. }) | JitOp::Branch(BranchOp::Jump { .. }) => (to, None),
        JitOp::Branch(BranchOp::Deoptimise)
        | JitOp::Move(MoveOp::Move { .. })
        | JitOp::Move(MoveOp::LoadConst { .. })
        | JitOp::Move(MoveOp::PutBool { .. })
        | JitOp::Guard(GuardOp::Guard { .. })
        | JitOp::Guard(GuardOp::GuardFunction { .. })
        | JitOp::String(StringOp::IfEqString { .. })
        | JitOp::String(StringOp::IfNeString { .. })
        | JitOp::String(StringOp::IfEqStringConst { .. })
        | JitOp::String(StringOp::IfNeStringConst { .. })
        | JitOp::String(StringOp::Join { .. })
        | JitOp::String(StringOp::IntText { .. })
        | JitOp::String(StringOp::StrLen { .. })
        | JitOp::Move(MoveOp::LoadGlobal { .. })
        | JitOp::Move(MoveOp::StoreGlobal { .. })
        | JitOp::Container(ContainerOp::ArrayGet { .. })
        | JitOp::Container(ContainerOp::ArrayGetConst { .. })
        | JitOp::Container(ContainerOp::ArraySet { .. })
        | JitOp::Container(ContainerOp::ArraySetConst { .. })
        | JitOp::Container(ContainerOp::DictGet { .. })
        | JitOp::Container(ContainerOp::DictSet { .. })
        | JitOp::Container(ContainerOp::ElideCopy { .. })
        | JitOp::Container(ContainerOp::ElideCopyGlobal { .. })
        | JitOp::Container(ContainerOp::ElideCopyElement { .. })
        | JitOp::Call(CallOp::Call { .. })
        | JitOp::Call(CallOp::CallAny { .. })
        | JitOp::Call(CallOp::Return { .. })
        | JitOp::Call(CallOp::ReturnConst { .. })
        | JitOp::Call(CallOp::Baseline { .. })
        | JitOp::Interpreter => (None, None),
        JitOp::Branch(BranchOp::ChargeFuel { .. })
        | JitOp::Move(MoveOp::MoveInt { .. })
        | JitOp::Move(MoveOp::MoveFloat { .. })
        | JitOp::Move(MoveOp::MoveScalar { .. })
        | JitOp::Move(MoveOp::Swap { .. })
        | JitOp::Move(MoveOp::LoadInt { .. })
        | JitOp::Move(MoveOp::LoadFloat { .. })
        | JitOp::Move(MoveOp::LoadBool { .. })
        | JitOp::Guard(GuardOp::GuardInt { .. })
        | JitOp::Guard(GuardOp::GuardFloat { .. })
        | JitOp::Guard(GuardOp::GuardBool { .. })
        | JitOp::Number(NumberOp::AddInt { .. })
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
        | JitOp::Number(NumberOp::AddFloat { .. })
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
        | JitOp::Number(NumberOp::NegInt { .. })
        | JitOp::Number(NumberOp::NegFloat { .. })
        | JitOp::Comparison(ComparisonOp::TestEqInt { .. })
        | JitOp::Comparison(ComparisonOp::TestNeInt { .. })
        | JitOp::Comparison(ComparisonOp::TestLtInt { .. })
        | JitOp::Comparison(ComparisonOp::TestLeInt { .. })
        | JitOp::Comparison(ComparisonOp::TestEqIntConst { .. })
        | JitOp::Comparison(ComparisonOp::TestNeIntConst { .. })
        | JitOp::Comparison(ComparisonOp::TestLtIntConst { .. })
        | JitOp::Comparison(ComparisonOp::TestGeIntConst { .. })
        | JitOp::Comparison(ComparisonOp::TestFloat { .. })
        | JitOp::Comparison(ComparisonOp::TestFloatConst { .. })
        | JitOp::Comparison(ComparisonOp::And { .. })
        | JitOp::Comparison(ComparisonOp::Or { .. })
        | JitOp::Comparison(ComparisonOp::Not { .. })
        | JitOp::Container(ContainerOp::ArrayGetBool { .. })
        | JitOp::Container(ContainerOp::ArrayGetInt { .. })
        | JitOp::Container(ContainerOp::ArrayGetFloat { .. })
        | JitOp::Container(ContainerOp::ArrayGetConstInt { .. })
        | JitOp::Container(ContainerOp::ArrayGetConstFloat { .. })
        | JitOp::Container(ContainerOp::ArraySetInt { .. })
        | JitOp::Container(ContainerOp::ArraySetFloat { .. })
        | JitOp::Container(ContainerOp::ArraySetScalar { .. })
        | JitOp::Container(ContainerOp::ArraySetToBool { .. })
        | JitOp::Container(ContainerOp::ArraySetToInt { .. })
        | JitOp::Container(ContainerOp::ArraySetToFloat { .. })
        | JitOp::Container(ContainerOp::ArrayLen { .. }) => (None, Some(place + 1)),
        JitOp::Branch(BranchOp::IfEqInt { .. })
        | JitOp::Branch(BranchOp::IfNeInt { .. })
        | JitOp::Branch(BranchOp::IfLtInt { .. })
        | JitOp::Branch(BranchOp::IfLeInt { .. })
        | JitOp::Branch(BranchOp::IfEqIntConst { .. })
        | JitOp::Branch(BranchOp::IfNeIntConst { .. })
        | JitOp::Branch(BranchOp::IfLtIntConst { .. })
        | JitOp::Branch(BranchOp::IfGeIntConst { .. })
        | JitOp::Branch(BranchOp::IfEqFloat { .. })
        | JitOp::Branch(BranchOp::IfNeFloat { .. })
        | JitOp::Branch(BranchOp::IfLtFloat { .. })
        | JitOp::Branch(BranchOp::IfNotLtFloat { .. })
        | JitOp::Branch(BranchOp::IfLeFloat { .. })
        | JitOp::Branch(BranchOp::IfNotLeFloat { .. })
        | JitOp::Branch(BranchOp::IfEqFloatConst { .. })
        | JitOp::Branch(BranchOp::IfNeFloatConst { .. })
        | JitOp::Branch(BranchOp::IfLtFloatConst { .. })
        | JitOp::Branch(BranchOp::IfNotLtFloatConst { .. })
        | JitOp::Branch(BranchOp::IfLeFloatConst { .. })
        | JitOp::Branch(BranchOp::IfNotLeFloatConst { .. })
        | JitOp::Branch(BranchOp::IfGtFloatConst { .. })
        | JitOp::Branch(BranchOp::IfNotGtFloatConst { .. })
        | JitOp::Branch(BranchOp::IfGeFloatConst { .. })
        | JitOp::Branch(BranchOp::IfNotGeFloatConst { .. })
        | JitOp::Branch(BranchOp::LoopEqInt { .. })
        | JitOp::Branch(BranchOp::LoopNeInt { .. })
        | JitOp::Branch(BranchOp::LoopLtInt { .. })
        | JitOp::Branch(BranchOp::LoopLeInt { .. })
        | JitOp::Branch(BranchOp::LoopEqIntConst { .. })
        | JitOp::Branch(BranchOp::LoopNeIntConst { .. })
        | JitOp::Branch(BranchOp::LoopLtIntConst { .. })
        | JitOp::Branch(BranchOp::LoopGeIntConst { .. })
        | JitOp::Branch(BranchOp::CountLtInt { .. })
        | JitOp::Branch(BranchOp::CountLeInt { .. })
        | JitOp::Branch(BranchOp::CountLtIntConst { .. })
        | JitOp::Branch(BranchOp::CountGeIntConst { .. })
        | JitOp::Branch(BranchOp::StepLtInt { .. })
        | JitOp::Branch(BranchOp::StepLeInt { .. })
        | JitOp::Branch(BranchOp::IfBoth { .. })
        | JitOp::Branch(BranchOp::IfNotBoth { .. })
        | JitOp::Branch(BranchOp::IfEither { .. })
        | JitOp::Branch(BranchOp::IfNeither { .. })
        | JitOp::Branch(BranchOp::IfTrueBool { .. })
        | JitOp::Branch(BranchOp::IfFalseBool { .. })
        | JitOp::Branch(BranchOp::IfTrue { .. })
        | JitOp::Branch(BranchOp::IfFalse { .. }) => (to, Some(place + 1)),
    }
}

/// The innermost loops of specialised code, as far as they consist of instructions that are known here.
pub(super) fn innermost(code: &Code) -> Vec<Shape<'_>> {
    let ops = &code.ops;
    let mut is_target = vec![false; ops.len()];
    for (place, op) in ops.iter().enumerate() {
        // A loop comes back to what was made before.
        if let Some(to) = op.target().filter(|to| !to.is_stub() && to.index() <= place) {
            is_target[to.index()] = true;
        }
    }
    let mut headers = BTreeMap::new();
    for (pc, version) in code.versions.iter().flat_map(|(pc, all)| all.iter().map(move |one| (*pc, one))) {
        let at = version.at.index();
        let behind = ops.get(at).is_some_and(SpecOp::starts_back_edge).then_some(at + 1);
        for header in behind.into_iter().chain([at]).filter(|place| is_target.get(*place) == Some(&true)) {
            headers.entry(header).or_insert((pc as usize, &version.context));
        }
    }
    let found = headers.into_iter();
    found
        .filter_map(|(header, (pc, context))| {
            Some(Shape { header, pc, context, places: places_of(ops, header)? })
        })
        .collect()
}

/// The instructions of the loop with that header, in order; none if it is not innermost.
fn places_of(ops: &[SpecOp], header: usize) -> Option<Vec<usize>> {
    // What control can reach from the header, of what stands behind it.
    let mut reached: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut pending = vec![header];
    while let Some(place) = pending.pop() {
        if reached.contains_key(&place) {
            continue;
        }
        if reached.len() == LONGEST {
            return None;
        }
        let (to, next) = successors(ops[place], place);
        let led: Vec<usize> =
            to.into_iter().chain(next).filter(|place| *place >= header && *place < ops.len()).collect();
        pending.extend(led.iter().filter(|place| **place != header));
        reached.insert(place, led);
    }
    // Of that, what comes back.
    let mut before: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, led) in &reached {
        led.iter().for_each(|to| before.entry(*to).or_default().push(*place));
    }
    let mut places = std::collections::BTreeSet::new();
    let mut pending = before.get(&header).cloned().unwrap_or_default();
    while let Some(place) = pending.pop() {
        if places.insert(place) && place != header {
            pending.extend(before.get(&place).into_iter().flatten());
        }
    }
    if places.is_empty() {
        return None;
    }
    // Another loop in it would come back to something else than the header.
    let is_inside = |place: &usize| places.contains(place) && *place != header;
    let mut waits: BTreeMap<usize, usize> = places
        .iter()
        .map(|place| {
            (
                *place,
                before.get(place).map_or(0, |all| all.iter().filter(|from| places.contains(from)).count()),
            )
        })
        .collect();
    let mut ready = vec![header];
    let mut seen = 0;
    while let Some(place) = ready.pop() {
        seen += 1;
        for to in reached[&place].iter().filter(|to| is_inside(to)) {
            if let Some(wait) = waits.get_mut(to) {
                *wait -= 1;
                if *wait == 0 {
                    ready.push(*to);
                }
            }
        }
    }
    (seen == places.len()).then(|| places.into_iter().collect())
}
