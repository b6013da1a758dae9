//! Memory that machine code stands in: written first, executable afterwards, never both.

use dynasmrt::AssemblyOffset;
use memmap2::{Mmap, MmapMut};

/// Machine code that can be executed.
pub(super) struct Executable(Mmap);

impl Executable {
    /// A copy of the code that can be executed; none where the system refuses the memory, or refuses to execute it.
    pub(super) fn new(code: &[u8]) -> Option<Self> {
        let mut memory = MmapMut::map_anon(code.len().max(1)).ok()?;
        memory[..code.len()].copy_from_slice(code);
        memory.make_exec().ok().map(Self)
    }

    /// The address of the instruction that stands so many bytes from the beginning.
    pub(super) fn address(&self, AssemblyOffset(offset): AssemblyOffset) -> *const u8 {
        debug_assert!(offset < self.0.len());
        self.0.as_ptr().wrapping_add(offset)
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
