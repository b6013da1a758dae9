//! A proof that is being made.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use super::facts::{Fact, Number, Value};
use super::state::State;
use super::walk::Walk;

/// The proof of one buffer, as far as it got.
pub(super) struct Prover<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) walk: &'a Walk,
    /// What stands on the stack while blocks run.
    pub(super) stack: Vec<Fact>,
    /// What is known where the host enters.
    pub(super) entered: BTreeMap<u32, State>,
    /// By block and by the instruction that leads there, what is known on that path.
    pub(super) paths: BTreeMap<u32, BTreeMap<u32, State>>,
    /// What is known on all paths to blocks that many lead to.
    pub(super) joined: BTreeMap<u32, State>,
    pub(super) order: BTreeMap<u32, usize>,
    pub(super) pending: BTreeSet<(usize, u32)>,
    pub(super) visits: BTreeMap<u32, u32>,
    /// Elements of arrays by array and index.
    pub(super) elements: BTreeMap<(Value, Number), u32>,
}
