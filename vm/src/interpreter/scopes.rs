//! The scopes that are open in each frame, for debuggers (S23 of the specification).

use crate::isa::ScopeId;
use crate::values::TRACKED_SCOPES;

/// The open scopes of all frames, the innermost last. Each frame knows where its own begin.
#[derive(Default)]
pub(crate) struct Scopes {
    open: Vec<ScopeId>,
    /// Where those of the current frame begin.
    begin: usize,
}

impl Scopes {
    pub(crate) fn enter(&mut self, scope: ScopeId) {
        if self.open.len() - self.begin < TRACKED_SCOPES {
            self.open.push(scope);
        }
    }

    pub(crate) fn exit(&mut self, scope: ScopeId) {
        if let Some(place) = self.current().iter().rposition(|open| *open == scope) {
            self.open.truncate(self.begin + place);
        }
    }

    /// Those of the current frame.
    pub(crate) fn current(&self) -> &[ScopeId] {
        &self.open[self.begin..]
    }

    /// Whether no scope is open in any frame; then beginning and ending frames changes nothing.
    #[inline]
    pub(crate) fn are_closed(&self) -> bool {
        self.open.is_empty()
    }

    /// Begins a frame, and gives what [`Self::end_frame`] needs to go back.
    #[inline]
    pub(crate) fn begin_frame(&mut self) -> usize {
        std::mem::replace(&mut self.begin, self.open.len())
    }

    /// Ends a frame.
    #[inline]
    pub(crate) fn end_frame(&mut self, begin: usize) {
        self.open.truncate(self.begin);
        self.begin = begin;
    }
}
