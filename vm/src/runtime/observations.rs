//! What a run keeps for those who look on: type tags, and what each instruction wrote.

use crate::isa::{REGISTERS, Reg};
use crate::values::TypeId;

/// What a machine keeps track of besides running the program.
pub(crate) trait Mode {
    /// Whether type tags are kept and what is written is reported.
    const OBSERVED: bool;
}

/// Nothing: for programs that cannot tell, and hosts that do not ask.
pub(crate) struct Unobserved;

impl Mode for Unobserved {
    const OBSERVED: bool = false;
}

/// Type tags and writes.
pub(crate) struct Observed;

impl Mode for Observed {
    const OBSERVED: bool = true;
}

/// What an observed machine notes of a frame.
pub(crate) struct Observations {
    /// The type tags that DefineR set and no write has replaced since, of all frames, by place on the stack.
    tags: Vec<Option<TypeId>>,
    /// Where those of the current frame begin.
    base: usize,
    /// The registers that the current instruction wrote.
    pub(crate) written: Vec<Reg>,
}

impl Observations {
    pub(crate) fn new() -> Self {
        Self { tags: vec![None; REGISTERS], base: 0, written: Vec::new() }
    }

    /// For a run that goes on in a frame whose registers begin at `base`.
    pub(crate) fn at(base: usize) -> Self {
        let mut observations = Self::new();
        observations.select_frame(base);
        observations
    }

    /// Turns to the frame whose registers begin at `base`.
    pub(crate) fn select_frame(&mut self, base: usize) {
        self.base = base;
        if self.tags.len() < base + REGISTERS {
            self.tags.resize(base + REGISTERS, None);
        }
    }

    /// Forgets the tags of a frame that ended; it began at `base`.
    pub(crate) fn forget(&mut self, base: usize) {
        self.tags.truncate(base);
    }

    /// The type tags that DefineR set in a frame that begins at `base`, by register.
    pub(crate) fn tags(&self, base: usize) -> &[Option<TypeId>] {
        let tags = self.tags.get(base..).unwrap_or_default();
        &tags[..tags.len().min(REGISTERS)]
    }

    /// Sets a type tag of the current frame.
    pub(crate) fn set_tag(&mut self, register: Reg, tag: TypeId) {
        *self.tag(register) = Some(tag);
    }

    pub(super) fn tag(&mut self, register: Reg) -> &mut Option<TypeId> {
        &mut self.tags[self.base + usize::from(register.0)]
    }
}
