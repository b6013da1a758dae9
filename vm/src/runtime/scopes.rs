//! The scopes that are open in each frame, for debuggers (S23 of the specification).

use crate::isa::ScopeId;
use crate::values::TRACKED_SCOPES;

/// The open scopes of all frames, the innermost last. Each knows which frame it was opened in.
#[derive(Default)]
pub(crate) struct Scopes {
    open: Vec<(ScopeId, u64)>,
    /// How many frames wait for the current one.
    depth: u64,
}

impl Scopes {
    pub(crate) fn enter(&mut self, scope: ScopeId) {
        if self.open.len() - self.begin() < TRACKED_SCOPES {
            self.open.push((scope, self.depth));
        }
    }

    pub(crate) fn exit(&mut self, scope: ScopeId) {
        let begin = self.begin();
        if let Some(place) = self.open[begin..].iter().rposition(|(open, _)| *open == scope) {
            self.open.truncate(begin + place);
        }
    }

    /// Those of the current frame.
    pub(crate) fn current(&self) -> Vec<ScopeId> {
        self.open[self.begin()..].iter().map(|(scope, _)| *scope).collect()
    }

    /// Those of the frame for which so many wait.
    pub(crate) fn of_frame(&self, depth: usize) -> impl Iterator<Item = ScopeId> {
        self.open.iter().filter(move |(_, frame)| *frame == depth as u64).map(|(scope, _)| *scope)
    }

    /// Where those of the current frame begin.
    fn begin(&self) -> usize {
        let own = self.open.iter().rev().take_while(|(_, depth)| *depth == self.depth);
        self.open.len() - own.count()
    }

    /// How many frames wait for the innermost one in which a scope is open.
    #[cfg(machine_code)]
    pub(crate) fn innermost(&self) -> Option<u64> {
        self.open.last().map(|(_, depth)| *depth)
    }

    /// Notes how many frames wait now; no scope is open in one that was left.
    #[cfg(machine_code)]
    pub(crate) fn set_depth(&mut self, depth: u64) {
        self.depth = depth;
    }

    #[inline]
    pub(crate) fn begin_frame(&mut self) {
        self.depth += 1;
    }

    #[inline]
    pub(crate) fn end_frame(&mut self) {
        if !self.open.is_empty() {
            self.open.truncate(self.begin());
        }
        self.depth -= 1;
    }
}
