//! The instructions that the builder made. Everyone may read them; the builder alone adds, changes and removes any.

use std::ops::Deref;

use crate::exec::specialise::op::SpecOp;

/// What a rewritten instruction does for what leads to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rewrite {
    /// What it did before, or nothing leads to it but the block that is being built.
    Same,
    /// Something else: machine code that was made of it must not be used any more.
    Other,
}

/// Specialised instructions, each with the number of its exit.
#[derive(Default)]
pub(crate) struct Ops {
    ops: Vec<SpecOp>,
    /// By position; those that have no exit have a number all the same.
    exits: Vec<u32>,
    /// The first instruction that was rewritten to do something else, since that was last asked.
    rewritten: Option<usize>,
}

impl Deref for Ops {
    type Target = [SpecOp];

    #[inline(always)]
    fn deref(&self) -> &[SpecOp] {
        &self.ops
    }
}

impl Ops {
    /// The number of the exit of the instruction at that position.
    pub(crate) fn exit_of(&self, place: usize) -> usize {
        self.exits[place] as usize
    }

    /// The first instruction that does something else since this was last asked.
    #[cfg(machine_code)]
    pub(crate) fn take_rewritten(&mut self) -> Option<usize> {
        self.rewritten.take()
    }

    /// Drops all, when all code is dropped.
    pub(crate) fn clear(&mut self) {
        (self.ops, self.exits) = (Vec::new(), Vec::new());
    }

    pub(super) fn push(&mut self, op: SpecOp, exit: u32) {
        self.ops.push(op);
        self.exits.push(exit);
    }

    /// Removes the last instruction.
    pub(super) fn pop(&mut self) {
        self.ops.pop();
        self.exits.pop();
    }

    /// Puts an instruction in the place of another, of which it keeps the exit.
    pub(super) fn rewrite(&mut self, place: usize, op: SpecOp, rewrite: Rewrite) {
        self.ops[place] = op;
        if rewrite == Rewrite::Other {
            self.rewritten = Some(self.rewritten.map_or(place, |first| first.min(place)));
        }
    }
}

/// Tests of what comes behind the builder have code of their own.
#[cfg(test)]
impl Ops {
    /// These instructions, all of which have the first exit.
    pub(crate) fn made_up(ops: impl IntoIterator<Item = SpecOp>) -> Self {
        let ops: Vec<SpecOp> = ops.into_iter().collect();
        Self { exits: vec![0; ops.len()], ops, rewritten: None }
    }

    pub(crate) fn replace(&mut self, place: usize, op: SpecOp) {
        self.ops[place] = op;
    }

    pub(crate) fn replace_exit(&mut self, place: usize, exit: u32) {
        self.exits[place] = exit;
    }

    pub(crate) fn truncate(&mut self, count: usize) {
        self.ops.truncate(count);
        self.exits.truncate(count);
    }
}
