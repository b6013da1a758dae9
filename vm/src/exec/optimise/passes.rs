//! The passes over a loop.

use std::collections::HashSet;

use crate::exec::optimise::ir::{Arithmetic, Condition, Edge, End, ExitId, Inst, Loop, Target, Value};
use crate::exec::specialise::Test;

/// A pass changes a loop.
type Pass = fn(&mut Loop);

/// All passes by name, in the order in which they are made.
pub(super) const ALL: [(&str, Pass); 3] =
    [("counters", counters), ("remainders", remainders), ("dead values", remove_dead)];

/// Drops checks for overflow that cannot fail: where a counter was found to be below something before the turn began, one more still fits.
fn counters(body: &mut Loop) {
    for parameter in 0..body.blocks[0].params.len() {
        let param = body.blocks[0].params[parameter];
        let edges = body.blocks.iter().flat_map(|block| {
            let (condition, first) = match &block.end {
                End::Jump(_) => (None, None),
                End::Branch(condition, first, _) => (Some(condition), Some(first)),
            };
            block.end.edges().map(move |edge| (edge, condition.filter(|_| first == Some(edge))))
        });
        let back = edges.filter(|(edge, _)| edge.to == Target::Block(0));
        // It may be anything where the loop is entered, but for what the back edge there has found.
        let greatest = back.map(|(edge, condition)| greatest(body, edge.args[parameter], condition)).max();
        let Some(greatest) = greatest else { continue };
        let below = if planted!("optimise-counter") { i64::MAX - 1 } else { greatest };
        for place in 0..body.defs.len() {
            if let Inst::Arithmetic(Arithmetic::Add, left, right, Some(_)) = *body.inst(Value(place as u32))
                && left == param
                && let Inst::Int(step) = *body.inst(right)
                && step >= 0
                && below.checked_add(step).is_some()
            {
                body.defs[place].0 = Inst::Arithmetic(Arithmetic::Add, left, right, None);
            }
        }
    }
}

/// The greatest that a value can be where a condition holds.
fn greatest(body: &Loop, value: Value, condition: Option<&Condition>) -> i64 {
    match condition {
        Some(Condition::Ints(test, left, right)) if *left == value => {
            let most = if let Inst::Int(number) = body.inst(*right) { *number } else { i64::MAX };
            match test {
                Test::Lt => most.saturating_sub(1),
                Test::Le | Test::Eq => most,
                Test::Gt | Test::Ge | Test::Ne => i64::MAX,
            }
        }
        _ => i64::MAX,
    }
}

/// Whether the remainder of a division by a power of two is zero is told by the bits of what is divided, whatever its sign.
fn remainders(body: &mut Loop) {
    let mut blocks = std::mem::take(&mut body.blocks);
    for block in &mut blocks {
        if let End::Branch(condition, _, _) = &mut block.end {
            look_at_bits(body, condition);
        }
    }
    body.blocks = blocks;
}

fn look_at_bits(body: &Loop, condition: &mut Condition) {
    match condition {
        Condition::Ints(test @ (Test::Eq | Test::Ne), left, right) => {
            if let Inst::Mask(value, mask) = *body.inst(*left)
                && *body.inst(*right) == Inst::Int(0)
                && i32::try_from(mask).is_ok()
            {
                let is_zero = Condition::NoBits(value, mask);
                let is_swapped = (*test == Test::Ne) != planted!("optimise-remainder");
                *condition = if is_swapped { Condition::Not(Box::new(is_zero)) } else { is_zero };
            }
        }
        Condition::Ints(..) | Condition::Floats(..) | Condition::True(_) | Condition::NoBits(..) => {}
        Condition::Not(condition) => look_at_bits(body, condition),
        Condition::Both(two) | Condition::Either(two) => {
            two.iter_mut().for_each(|one| look_at_bits(body, one));
        }
    }
}

/// Drops what nobody needs: results, and parameters.
fn remove_dead(body: &mut Loop) {
    let mut needed = Needed { values: HashSet::new(), pending: Vec::new() };
    for block in &body.blocks {
        for value in &block.insts {
            if body.inst(*value).has_effect() {
                needed.add(*value);
            }
        }
        if let End::Branch(condition, _, _) = &block.end {
            condition.each_operand(&mut |value| needed.add(value));
        }
        for edge in block.end.edges() {
            for exit in exits_of(edge) {
                body.each_needed(exit, &mut |value| needed.add(value));
            }
        }
    }
    while let Some(value) = needed.pending.pop() {
        let inst = body.inst(value);
        inst.each_operand(|operand| needed.add(operand));
        if let Some(exit) = inst.exit() {
            body.each_needed(exit, &mut |value| needed.add(value));
        }
        if *inst == Inst::Param {
            each_argument(body, value, |argument| needed.add(argument));
        }
    }
    let is_needed = |value: &Value| needed.values.contains(value);
    let params: Vec<Vec<bool>> =
        body.blocks.iter().map(|block| block.params.iter().map(is_needed).collect()).collect();
    let keep = |to: usize, values: &mut Vec<Value>| {
        let mut kept = params[to].iter();
        values.retain(|_| kept.next().copied().unwrap_or_default());
    };
    keep(0, &mut body.args);
    for number in 0..body.blocks.len() {
        let block = &mut body.blocks[number];
        block.params.retain(is_needed);
        block.insts.retain(is_needed);
        for edge in block.end.edges_mut() {
            if let Target::Block(to) = edge.to {
                keep(to, &mut edge.args);
            }
        }
    }
    let entry: HashSet<Value> = body.args.iter().copied().collect();
    body.entry.retain(|value| is_needed(value) || entry.contains(value));
}

/// The values that are needed, and those of them that were not looked at yet.
struct Needed {
    values: HashSet<Value>,
    pending: Vec<Value>,
}

impl Needed {
    fn add(&mut self, value: Value) {
        if self.values.insert(value) {
            self.pending.push(value);
        }
    }
}

/// The exits that may be taken on an edge.
fn exits_of(edge: &Edge) -> impl Iterator<Item = ExitId> + use<> {
    let out = if let Target::Exit(exit) = edge.to { Some(exit) } else { None };
    out.into_iter().chain(edge.charge.map(|(_, exit)| exit))
}

/// What a parameter becomes on the edges that lead to its block.
fn each_argument(body: &Loop, param: Value, mut f: impl FnMut(Value)) {
    let Some((number, place)) = body
        .blocks
        .iter()
        .enumerate()
        .find_map(|(number, block)| Some((number, block.params.iter().position(|one| *one == param)?)))
    else {
        return;
    };
    if number == 0 {
        f(body.args[place]);
    }
    let edges = body.blocks.iter().flat_map(|block| block.end.edges());
    edges.filter(|edge| edge.to == Target::Block(number)).for_each(|edge| f(edge.args[place]));
}
