//! Memory that machine code stands in: written first, executable afterwards, never both.

use dynasmrt::AssemblyOffset;
use memmap2::{Mmap, MmapMut};

/// Machine code that can be executed.
pub(super) struct Executable(Mmap);

/// So many bytes behind the code belong to it, too: valgrind reads ahead of the instruction it decodes, and crashes where the
/// memory ends in the next few bytes.
const AHEAD: usize = 64;
/// `int3`, which stops whoever comes there.
const TRAP: u8 = 0xcc;

impl Executable {
    /// A copy of the code that can be executed; none where the system refuses the memory, or refuses to execute it.
    pub(super) fn new(code: &[u8]) -> Option<Self> {
        let mut memory = MmapMut::map_anon(code.len() + AHEAD).ok()?;
        memory[..code.len()].copy_from_slice(code);
        memory[code.len()..].fill(TRAP);
        memory.make_exec().ok().map(Self)
    }

    /// The address of the instruction that stands so many bytes from the beginning.
    pub(super) fn address(&self, AssemblyOffset(offset): AssemblyOffset) -> *const u8 {
        debug_assert!(offset < self.0.len());
        self.0.as_ptr().wrapping_add(offset)
    }

    /// How many bytes of code there are.
    pub(super) fn len(&self) -> usize {
        self.0.len() - AHEAD
    }
}
