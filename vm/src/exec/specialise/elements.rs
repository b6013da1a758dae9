//! Writes to arrays and dicts that may have to copy the container first.

use crate::exec::analysis::{Origin, Write};
use crate::exec::interpreter::{Op, Program};
use crate::exec::specialise::code::Code;
use crate::exec::specialise::context::Source;
use crate::exec::specialise::op::{CodeAddr, Slot};
use crate::memory::Memory;
use crate::ops;
use crate::runtime::Machine;
use crate::value::Value;
use crate::values::costs;

/// Appends an element to an array, if nothing is in the way. Gives the element back where something is.
#[inline(always)]
pub(crate) fn append_item(
    memory: &Memory<'_>,
    array: &mut Value,
    (index, value): (i64, Value),
) -> Result<(), Value> {
    match (array, usize::try_from(index)) {
        (Value::Array(array), Ok(index)) if memory.room() >= costs::ELEMENT => array.append(index, value),
        _ => Err(value),
    }
}

/// Writes an element of an array, given with its index, or appends it. Gives false, with nothing done, where that is an error.
#[inline(never)]
pub(crate) fn set_item(
    program: &Program,
    code: &Code,
    at: CodeAddr,
    machine: &mut Machine<'_>,
    array: Slot,
    (index, value): (i64, Value),
) -> bool {
    let place = machine.frame.base + usize::from(array.register());
    let container = &mut machine.stack[place];
    match append_item(&machine.env.memory, container, (index, value)) {
        Ok(()) => true,
        Err(value) => put_item(program, code, at, machine, array, (index, value)),
    }
}

/// The same where it is nothing that [`append_item`] does.
#[inline(never)]
pub(crate) fn put_item(
    program: &Program,
    code: &Code,
    at: CodeAddr,
    machine: &mut Machine<'_>,
    array: Slot,
    (index, value): (i64, Value),
) -> bool {
    let place = machine.frame.base + usize::from(array.register());
    if machine.stack[place].is_copy_dear() {
        elide_copy(program, code, at, machine, (&Value::Int(index), &value));
    }
    ops::array_set(&machine.env.memory, &mut machine.stack[place], Value::Int(index), value).is_ok()
}

/// Spares the write at that place the copy of the container, where nobody can tell.
#[inline(never)]
pub(crate) fn elide_copy(
    program: &Program,
    code: &Code,
    at: CodeAddr,
    machine: &mut Machine<'_>,
    (key, value): (&Value, &Value),
) {
    let exit = code.exit_at(at);
    let pc = exit.pc as usize;
    let Some(Op::ArraySet { array: container, .. } | Op::DictSet { dict: container, .. }) = program.op(pc)
    else {
        return;
    };
    if !code.elides_copies || without!("copy-elision") {
        return;
    }
    let source = |machine: &Machine<'_>, operand: Origin| match operand {
        Origin::Constant(constant) => program.constants[usize::from(constant)].clone(),
        Origin::Register(register) => match exit.context.source(register) {
            Source::Slot(slot) => machine.stack[machine.frame.base + usize::from(slot)].clone(),
            Source::Constant(constant) => program.constants[usize::from(constant)].clone(),
            Source::Bool(value) => Value::Bool(value),
        },
    };
    let (graph, budget) = (&code.graph, code.analysis_budget());
    let write = Write { program, graph, budget, pc, container, key, value, source };
    let site = code.ownership.elide_copy(machine, &write);
    #[cfg(machine_code)]
    if let Some(site) = site {
        code.learn_write(at, container, program, site);
    }
    #[cfg(not(machine_code))]
    drop(site);
}
