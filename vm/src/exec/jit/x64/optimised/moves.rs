//! Edges of an optimised loop: parameters of blocks get what they become, all at once.

use dynasmrt::DynasmApi;

use super::super::loop_registers::RAX;
use super::{Lowering, low};
use crate::exec::optimise::Value;

impl Lowering<'_, '_> {
    /// Gives parameters what they become, all at once.
    pub(super) fn moves(&mut self, args: &[Value], params: &[Value]) {
        let pairs = || args.iter().copied().zip(params.iter().copied());
        let ints: Vec<(Value, u8)> =
            pairs().filter_map(|(arg, param)| Some((arg, self.int_register(param)?))).collect();
        let floats: Vec<(Value, u8)> =
            pairs().filter_map(|(arg, param)| Some((arg, self.float_register(param)?))).collect();
        let from = |value| self.int_register(value);
        for step in in_order(&ints, from, RAX) {
            match step {
                Step::Load(value, to) => self.load(to, value),
                Step::Move(from, to) => low!(self ; mov Rq(to), Rq(from)),
            }
        }
        let from = |value| self.float_register(value);
        for step in in_order(&floats, from, 0) {
            match step {
                Step::Load(value, to) => self.load_float(to, value),
                Step::Move(from, to) => low!(self ; movaps Rx(to), Rx(from)),
            }
        }
    }
}

/// A part of moves that happen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A value into a register.
    Load(Value, u8),
    /// A register into another.
    Move(u8, u8),
}

/// Puts moves into an order in which none overwrites what another still reads; where they go in a circle, by way of a spare register.
fn in_order(moves: &[(Value, u8)], register: impl Fn(Value) -> Option<u8>, spare: u8) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut loads = Vec::new();
    let mut open: Vec<(u8, u8)> = Vec::new();
    for (value, to) in moves {
        match register(*value) {
            Some(from) if from == *to => {}
            Some(from) => open.push((from, *to)),
            None => loads.push(Step::Load(*value, *to)),
        }
    }
    while !open.is_empty() {
        let free = open.iter().position(|(_, to)| !open.iter().any(|(from, _)| from == to));
        match free {
            Some(place) => {
                let (from, to) = open.swap_remove(place);
                steps.push(Step::Move(from, to));
            }
            None => {
                let (from, _) = open[0];
                steps.push(Step::Move(from, spare));
                if !planted!("optimise-circle") {
                    open.iter_mut().filter(|(other, _)| *other == from).for_each(|(other, _)| *other = spare);
                } else {
                    open.swap_remove(0);
                }
            }
        }
    }
    steps.extend(loads);
    steps
}
