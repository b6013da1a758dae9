//! Writes to elements of arrays that may have to copy the array first.

use std::cell::Cell;

use crate::exec::analysis::elide_copy;
use crate::exec::interpreter::Program;
use crate::exec::specialise::code::Code;
use crate::exec::specialise::op::{CodeAddr, Slot};
use crate::isa::{REGISTERS, Reg};
use crate::memory;
use crate::ops;
use crate::value::Value;
use crate::values::costs;

/// Arrays of so many elements are worth looking for another holder that nobody needs, before they are copied: a look takes as long
/// as copying about a hundred scalars.
const WORTH_LOOKING: usize = 128;

/// Looks for another holder of an array that is written to, at one place: those that find none back off, as a look may take
/// longer than copying the array.
#[derive(Default)]
pub(crate) struct Looks {
    /// So many writes are let pass before the next look, and so many were the last time.
    wait: Cell<u8>,
    last_wait: Cell<u8>,
}

impl Looks {
    const LONGEST_WAIT: u8 = 63;

    /// Whether to look now, for a holder of an array of that length.
    fn is_due(&self, length: usize) -> bool {
        /// Copying so many elements takes a good deal longer than a look.
        const ALWAYS: usize = 1 << 12;
        let wait = self.wait.get();
        self.wait.set(wait.saturating_sub(1));
        wait == 0 || length >= ALWAYS || without!("back-off")
    }

    /// Notes a look, and whether it spared a copy.
    fn looked(&self, has_found: bool) {
        let wait = if has_found { 0 } else { (2 * self.last_wait.get() + 1).min(Self::LONGEST_WAIT) };
        self.last_wait.set(wait);
        self.wait.set(wait);
    }
}

/// The length of an array that something else holds, too.
fn length_if_shared(value: &Value) -> Option<usize> {
    match value {
        Value::Array(array) if array.is_shared() => Some(array.len()),
        Value::Empty
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Function(_)
        | Value::Url(_)
        | Value::Array(_)
        | Value::Dict(_) => None,
    }
}

/// Writes an element of an array, given with its index, or appends it. Gives false, with nothing done, where that is an error.
#[inline(never)]
pub(crate) fn set_item(
    program: &Program,
    code: &Code,
    at: CodeAddr,
    memory: &memory::Memory,
    registers: &mut [Value; REGISTERS],
    array: Slot,
    (index, mut value): (i64, Value),
) -> bool {
    let holder = array.register();
    if let Value::Array(array) = &mut registers[usize::from(holder)]
        && let Ok(index) = usize::try_from(index)
        && memory.room() >= costs::ELEMENT
    {
        match array.append(index, value) {
            Ok(()) => return true,
            Err(unused) => value = unused,
        }
    }
    if let Some(length) = length_if_shared(&registers[usize::from(holder)])
        && length >= WORTH_LOOKING
        && !without!("copy-elision")
    {
        let exit = code.exit_at(at);
        if exit.looks.is_due(length) {
            let pc = exit.pc as usize;
            elide_copy(&code.graph, &program.module, pc, memory, registers, Reg(holder));
            exit.looks.looked(length_if_shared(&registers[usize::from(holder)]).is_none());
        }
    }
    ops::array_set(memory, &mut registers[usize::from(holder)], Value::Int(index), value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At how many of so many writes to an array of that length another holder was looked for.
    fn looks(writes: usize, length: usize, has_found: bool) -> usize {
        let looks = Looks::default();
        (0..writes).filter(|_| looks.is_due(length).then(|| looks.looked(has_found)).is_some()).count()
    }

    #[test]
    fn looks_that_find_nothing_back_off() {
        assert!(looks(6_400, 60, false) < 120);
        assert_eq!(looks(100, 60, true), 100);
    }

    #[test]
    fn a_copy_that_takes_long_is_always_looked_into() {
        assert_eq!(looks(100, 1 << 20, false), 100);
    }

    #[test]
    fn a_find_ends_the_wait() {
        let looks = Looks::default();
        (0..1000).filter(|_| looks.is_due(60)).for_each(|_| looks.looked(false));
        while !looks.is_due(60) {}
        looks.looked(true);
        assert!(looks.is_due(60));
    }
}
