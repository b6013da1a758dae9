//! Which instructions of specialised code make an innermost loop.

use std::collections::BTreeMap;

use crate::exec::specialise::{BranchOp, Code, ContainerOp, GuardOp, JitOp, MoveOp, SpecOp, TypeContext};

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
    /// Whether arrays that are elements of others may be read and written in it.
    pub(super) knows_rows: bool,
}

impl Shape<'_> {
    pub(super) fn contains(&self, place: usize) -> bool {
        self.places.binary_search(&place).is_ok()
    }
}

/// Where control goes from an instruction that can be part of a loop: elsewhere, and on. Neither, from what cannot.
pub(super) fn successors(op: SpecOp, place: usize, knows_rows: bool) -> (Option<usize>, Option<usize>) {
    let to = op.target().filter(|to| !to.is_stub()).map(|to| to.index());
    match JitOp::from(op) {
        JitOp::Container(
            ContainerOp::ArrayGet { .. }
            | ContainerOp::ArrayGetConst { .. }
            | ContainerOp::ArraySet { .. }
            | ContainerOp::ElideCopyElement { .. },
        ) if knows_rows => (None, Some(place + 1)),
        JitOp::Branch(BranchOp::Goto { .. } | BranchOp::Jump { .. }) => (to, None),
        JitOp::String(_)
        | JitOp::Call(_)
        | JitOp::Interpreter
        | JitOp::Branch(BranchOp::Deoptimise)
        | JitOp::Move(
            MoveOp::Move { .. }
            | MoveOp::LoadConst { .. }
            | MoveOp::PutBool { .. }
            | MoveOp::LoadGlobal { .. }
            | MoveOp::StoreGlobal { .. },
        )
        | JitOp::Guard(GuardOp::Guard { .. } | GuardOp::GuardFunction { .. })
        | JitOp::Container(
            ContainerOp::ArrayGet { .. }
            | ContainerOp::ArrayGetConst { .. }
            | ContainerOp::ArraySet { .. }
            | ContainerOp::ArraySetConst { .. }
            | ContainerOp::DictGet { .. }
            | ContainerOp::DictSet { .. }
            | ContainerOp::ElideCopy { .. }
            | ContainerOp::ElideCopyGlobal { .. }
            | ContainerOp::ElideCopyElement { .. },
        ) => (None, None),
        // What is known of the others is for `build` to say, which lists them all.
        JitOp::Branch(BranchOp::ChargeFuel { .. })
        | JitOp::Move(_)
        | JitOp::Guard(_)
        | JitOp::Number(_)
        | JitOp::Comparison(_)
        | JitOp::Container(_) => (None, Some(place + 1)),
        JitOp::Branch(_) => (to, Some(place + 1)),
    }
}

/// The innermost loops of specialised code, as far as they consist of instructions that are known here; more than one way to take one, the best
/// first.
pub(super) fn innermost(code: &Code) -> Vec<Vec<Shape<'_>>> {
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
        .map(|(header, (pc, context))| {
            let shape = |knows_rows| {
                let places = places_of(ops, header, knows_rows)?;
                Some(Shape { header, pc, context, places, knows_rows })
            };
            // Rows are written to where they are although dead registers hold them, too, which nobody may look at then.
            let with_rows = if code.elides_copies { shape(true) } else { None };
            let without = shape(false);
            // Where there are none, both are the same.
            let is_same =
                |other: &Shape<'_>| with_rows.as_ref().is_some_and(|one| one.places == other.places);
            let without = without.filter(|other| !is_same(other));
            with_rows.into_iter().chain(without).collect()
        })
        .collect()
}

/// The instructions of the loop with that header, in order; none if it is not innermost.
fn places_of(ops: &[SpecOp], header: usize, knows_rows: bool) -> Option<Vec<usize>> {
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
        let (to, next) = successors(ops[place], place, knows_rows);
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
