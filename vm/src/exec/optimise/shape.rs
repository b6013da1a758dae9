//! Which instructions of specialised code make an innermost loop.

use std::collections::BTreeMap;

use crate::exec::specialise::{Code, JitOp, SpecOp, TypeContext};

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
        JitOp::Goto { .. } | JitOp::Jump { .. } => (to, None),
        JitOp::Deoptimise
        | JitOp::Move { .. }
        | JitOp::LoadConst { .. }
        | JitOp::PutBool { .. }
        | JitOp::Guard { .. }
        | JitOp::GuardFunction { .. }
        | JitOp::IfEqString { .. }
        | JitOp::IfNeString { .. }
        | JitOp::IfEqStringConst { .. }
        | JitOp::IfNeStringConst { .. }
        | JitOp::Join { .. }
        | JitOp::IntText { .. }
        | JitOp::StrLen { .. }
        | JitOp::LoadGlobal { .. }
        | JitOp::StoreGlobal { .. }
        | JitOp::ArrayGet { .. }
        | JitOp::ArrayGetConst { .. }
        | JitOp::ArraySet { .. }
        | JitOp::ArraySetConst { .. }
        | JitOp::DictGet { .. }
        | JitOp::DictSet { .. }
        | JitOp::ElideCopy { .. }
        | JitOp::ElideCopyGlobal { .. }
        | JitOp::ElideCopyElement { .. }
        | JitOp::Call { .. }
        | JitOp::CallAny { .. }
        | JitOp::Return { .. }
        | JitOp::ReturnConst { .. }
        | JitOp::Baseline { .. }
        | JitOp::Interpreter => (None, None),
        JitOp::ChargeFuel { .. }
        | JitOp::MoveInt { .. }
        | JitOp::MoveFloat { .. }
        | JitOp::MoveScalar { .. }
        | JitOp::Swap { .. }
        | JitOp::LoadInt { .. }
        | JitOp::LoadFloat { .. }
        | JitOp::LoadBool { .. }
        | JitOp::GuardInt { .. }
        | JitOp::GuardFloat { .. }
        | JitOp::GuardBool { .. }
        | JitOp::AddInt { .. }
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
        | JitOp::AddFloat { .. }
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
        | JitOp::NegInt { .. }
        | JitOp::NegFloat { .. }
        | JitOp::TestEqInt { .. }
        | JitOp::TestNeInt { .. }
        | JitOp::TestLtInt { .. }
        | JitOp::TestLeInt { .. }
        | JitOp::TestEqIntConst { .. }
        | JitOp::TestNeIntConst { .. }
        | JitOp::TestLtIntConst { .. }
        | JitOp::TestGeIntConst { .. }
        | JitOp::TestFloat { .. }
        | JitOp::TestFloatConst { .. }
        | JitOp::And { .. }
        | JitOp::Or { .. }
        | JitOp::Not { .. }
        | JitOp::ArrayGetBool { .. }
        | JitOp::ArrayGetInt { .. }
        | JitOp::ArrayGetFloat { .. }
        | JitOp::ArrayGetConstInt { .. }
        | JitOp::ArrayGetConstFloat { .. }
        | JitOp::ArraySetInt { .. }
        | JitOp::ArraySetFloat { .. }
        | JitOp::ArraySetScalar { .. }
        | JitOp::ArraySetToBool { .. }
        | JitOp::ArraySetToInt { .. }
        | JitOp::ArraySetToFloat { .. }
        | JitOp::ArrayLen { .. } => (None, Some(place + 1)),
        JitOp::IfEqInt { .. }
        | JitOp::IfNeInt { .. }
        | JitOp::IfLtInt { .. }
        | JitOp::IfLeInt { .. }
        | JitOp::IfEqIntConst { .. }
        | JitOp::IfNeIntConst { .. }
        | JitOp::IfLtIntConst { .. }
        | JitOp::IfGeIntConst { .. }
        | JitOp::IfEqFloat { .. }
        | JitOp::IfNeFloat { .. }
        | JitOp::IfLtFloat { .. }
        | JitOp::IfNotLtFloat { .. }
        | JitOp::IfLeFloat { .. }
        | JitOp::IfNotLeFloat { .. }
        | JitOp::IfEqFloatConst { .. }
        | JitOp::IfNeFloatConst { .. }
        | JitOp::IfLtFloatConst { .. }
        | JitOp::IfNotLtFloatConst { .. }
        | JitOp::IfLeFloatConst { .. }
        | JitOp::IfNotLeFloatConst { .. }
        | JitOp::IfGtFloatConst { .. }
        | JitOp::IfNotGtFloatConst { .. }
        | JitOp::IfGeFloatConst { .. }
        | JitOp::IfNotGeFloatConst { .. }
        | JitOp::LoopEqInt { .. }
        | JitOp::LoopNeInt { .. }
        | JitOp::LoopLtInt { .. }
        | JitOp::LoopLeInt { .. }
        | JitOp::LoopEqIntConst { .. }
        | JitOp::LoopNeIntConst { .. }
        | JitOp::LoopLtIntConst { .. }
        | JitOp::LoopGeIntConst { .. }
        | JitOp::CountLtInt { .. }
        | JitOp::CountLeInt { .. }
        | JitOp::CountLtIntConst { .. }
        | JitOp::CountGeIntConst { .. }
        | JitOp::StepLtInt { .. }
        | JitOp::StepLeInt { .. }
        | JitOp::IfBoth { .. }
        | JitOp::IfNotBoth { .. }
        | JitOp::IfEither { .. }
        | JitOp::IfNeither { .. }
        | JitOp::IfTrueBool { .. }
        | JitOp::IfFalseBool { .. }
        | JitOp::IfTrue { .. }
        | JitOp::IfFalse { .. } => (to, Some(place + 1)),
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
