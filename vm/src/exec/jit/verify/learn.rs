//! What a comparison tells of what was compared, on the path where a condition holds.

use super::facts::{Bound, Compared, Fact, Number, Vector};
use super::forms::Condition;
use super::prover::Prover;
use super::state::{BOOL, State};
use crate::exec::jit::layout::tag;

/// An array is written to where it was seen that so few hold it.
const MOST_HOLDERS: u64 = 16;

impl Prover<'_> {
    /// What a condition tells of what was compared, where it holds. Tells whether it can.
    pub(super) fn learn(&self, state: &mut State, condition: Condition) -> bool {
        let Some(Compared { left, right }) = state.compared else { return true };
        match (left, right) {
            (Fact::Next(0), Fact::LastFrame) => state.has_next |= condition == Condition::NotAbove,
            (Fact::Top(0), Fact::Limit) => state.has_room |= condition == Condition::Below,
            (Fact::Top(0), Fact::Bottom) => state.has_caller |= condition == Condition::NotEqual,
            (Fact::Site { .. }, Fact::Number(Number::Constant(sites))) if sites <= self.subject.sites => {
                state.knows_site |= condition == Condition::Below;
            }
            (Fact::Number(Number::Count(value)), Fact::Number(Number::Constant(1..=MOST_HOLDERS)))
                if condition == Condition::Equal =>
            {
                state.counted.insert(value, ());
            }
            (Fact::Number(number), Fact::Number(Number::Constant(constant))) => {
                learn_range(state, number, constant, condition);
                let (low, high) = state.range(number);
                if let Some((made, string)) = state.made
                    && made == number
                    && low > 0
                {
                    state.narrow(string, tag::STRING as u64, tag::STRING as u64);
                }
                return low <= high;
            }
            (Fact::Number(index), Fact::Number(Number::Length(vector, array))) => match condition {
                Condition::Below => {
                    state.bounds.insert((index, vector, array, Bound::BelowLength), ());
                }
                Condition::Equal => {
                    state.bounds.insert((index, vector, array, Bound::IsLength), ());
                }
                Condition::NotEqual
                | Condition::NotBelow
                | Condition::Above
                | Condition::NotAbove
                | Condition::Other => {}
            },
            (Fact::Number(index), Fact::Number(Number::Capacity(vector, array)))
                if condition == Condition::Below =>
            {
                state.bounds.insert((index, vector, array, Bound::BelowCapacity), ());
            }
            _ => {}
        }
        true
    }
}

/// What a comparison with a constant tells of a number.
fn learn_range(state: &mut State, number: Number, constant: u64, condition: Condition) {
    let (low, high) = state.range(number);
    match condition {
        Condition::Equal => state.narrow(number, constant, constant),
        Condition::NotEqual if low == constant => state.narrow(number, constant.saturating_add(1), high),
        Condition::NotEqual if high == constant => state.narrow(number, low, constant.saturating_sub(1)),
        Condition::Below => state.narrow(number, low, constant.saturating_sub(1)),
        Condition::NotAbove => state.narrow(number, low, constant),
        Condition::Above => state.narrow(number, constant.saturating_add(1), high),
        Condition::NotBelow => state.narrow(number, constant, high),
        Condition::NotEqual | Condition::Other => {}
    }
    // An element that is a number has a word.
    if let Number::Code(id) | Number::Masked(id) = number
        && state.range(number).0 > BOOL
        && let Some((array, index)) = state.codes.get(&id).copied()
    {
        state.bounds.insert((index, Vector::Words, array, Bound::BelowLength), ());
    }
}
