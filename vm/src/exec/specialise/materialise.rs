//! Deoptimisation: the deferred stores of an exit are done, so that the baseline interpreter finds every register as it expects.

use crate::exec::interpreter::Program;
use crate::exec::specialise::context::{Source, TypeContext};
use crate::isa::REGISTERS;
use crate::value::Value;

/// Does the deferred stores of a context.
pub(crate) fn materialise(program: &Program, registers: &mut [Value; REGISTERS], context: &TypeContext) {
    let values: Vec<Value> = context
        .deferred
        .iter()
        .map(|(_, source)| match source {
            Source::Slot(slot) => registers[usize::from(*slot)].clone(),
            Source::Constant(constant) => program.constants[usize::from(*constant)].clone(),
            Source::Bool(value) => Value::Bool(*value),
        })
        .collect();
    for ((register, _), value) in context.deferred.iter().zip(values) {
        registers[usize::from(*register)] = value;
    }
}
