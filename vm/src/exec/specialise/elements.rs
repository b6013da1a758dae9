//! Writes to arrays and dicts that may have to copy the container first.

use crate::exec::analysis::{Origin, Write};
use crate::exec::interpreter::{Op, Program};
use crate::exec::specialise::code::Code;
use crate::exec::specialise::context::Source;
use crate::exec::specialise::op::{CodeAddr, Slot};
use crate::ops;
use crate::runtime::Machine;
use crate::value::Value;
use crate::values::costs;

/// Writes an element of an array, given with its index, or appends it. Gives false, with nothing done, where that is an error.
#[inline(never)]
pub(crate) fn set_item(
    program: &Program,
    code: &Code,
    at: CodeAddr,
    machine: &mut Machine<'_>,
    array: Slot,
    (index, mut value): (i64, Value),
) -> bool {
    let holder = usize::from(array.register());
    let has_room = machine.env.memory.room() >= costs::ELEMENT;
    let Value::Array(array) = &mut machine.registers()[holder] else { return false };
    if let Ok(index) = usize::try_from(index)
        && has_room
    {
        match array.append(index, value) {
            Ok(()) => return true,
            Err(unused) => value = unused,
        }
    }
    if array.is_shared() {
        elide_copy(program, code, at, machine);
    }
    let place = machine.frame.base + holder;
    ops::array_set(&machine.env.memory, &mut machine.stack[place], Value::Int(index), value).is_ok()
}

/// Spares the write at that place the copy of the container, where nobody can tell.
#[inline(never)]
pub(crate) fn elide_copy(program: &Program, code: &Code, at: CodeAddr, machine: &mut Machine<'_>) {
    let exit = code.exit_at(at);
    let pc = exit.pc as usize;
    let Some(
        Op::ArraySet { array: container, index: key, value } | Op::DictSet { dict: container, key, value },
    ) = program.op(pc)
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
    let [key, value] = [key, value].map(|operand| source(machine, Origin::Register(operand.0)));
    let (graph, budget, key, value) = (&code.graph, code.analysis_budget(), &key, &value);
    code.ownership.elide_copy(machine, &Write { program, graph, budget, pc, container, key, value, source });
}
