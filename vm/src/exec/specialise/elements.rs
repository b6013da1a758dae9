//! Writes to elements of arrays that may have to copy the array first.

use crate::exec::analysis::elide_copy;
use crate::exec::interpreter::Program;
use crate::exec::specialise::code::Code;
use crate::exec::specialise::op::{CodeAddr, Slot};
use crate::isa::{REGISTERS, Reg};
use crate::memory;
use crate::ops;
use crate::value::Value;
use crate::values::costs;

/// Arrays of so many elements are worth looking for another holder that nobody needs, before they are copied.
const WORTH_LOOKING: usize = 32;

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
    if let Value::Array(array) = &registers[usize::from(holder)]
        && array.is_shared()
        && array.len() >= WORTH_LOOKING
        && code.elides_copies
        && !without!("copy-elision")
    {
        let pc = code.exit_at(at).pc as usize;
        elide_copy(&code.graph, &program.module, pc, memory, registers, Reg(holder));
    }
    ops::array_set(memory, &mut registers[usize::from(holder)], Value::Int(index), value).is_ok()
}
