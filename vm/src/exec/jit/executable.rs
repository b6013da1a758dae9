//! Memory that machine code is in: written first, executable afterwards, never both.

use dynasmrt::AssemblyOffset;
use memmap2::{Mmap, MmapMut};

use crate::schedule;

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
        if schedule::is_unmapped() {
            return None;
        }
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

    /// The code.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0[..self.len()]
    }

    /// How many bytes of code there are.
    pub(super) fn len(&self) -> usize {
        self.0.len() - AHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_what_was_written_and_a_trap_is_behind_it() {
        let executable = Executable::new(&[0xc3, 0x90]).unwrap();
        assert_eq!((executable.len(), executable.bytes()), (2, &[0xc3, 0x90][..]));
        assert!(executable.0[2..].iter().all(|byte| *byte == TRAP));
        assert_eq!(executable.address(AssemblyOffset(1)) as usize - executable.bytes().as_ptr() as usize, 1);
    }
}
