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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;
    use crate::exec::specialise::types::Type;

    /// What is in the first registers, which held 0, 1, 2 and so on, when such stores have been done.
    fn registers_after(deferred: &[(u8, Source)]) -> Vec<Value> {
        let program =
            Program::new(assemble("load_const r0, 40\n load_const r1, \"text\"\n return r0").unwrap());
        let mut registers: [Value; REGISTERS] = std::array::from_fn(|register| Value::Int(register as i64));
        let mut context = TypeContext::new([Type::Scalar; 256]);
        context.deferred = deferred.to_vec();
        materialise(&program, &mut registers, &context);
        registers[..4].to_vec()
    }

    fn ints(numbers: [i64; 4]) -> Vec<Value> {
        numbers.map(Value::Int).to_vec()
    }

    #[test]
    fn without_deferred_stores_nothing_changes() {
        assert_eq!(registers_after(&[]), ints([0, 1, 2, 3]));
    }

    #[test]
    fn a_register_is_stored_in_another() {
        assert_eq!(registers_after(&[(3, Source::Slot(1))]), ints([0, 1, 2, 1]));
    }

    #[test]
    fn constants_and_bools_are_stored() {
        let after =
            registers_after(&[(0, Source::Constant(0)), (1, Source::Constant(1)), (2, Source::Bool(true))]);
        assert_eq!(after, [Value::Int(40), Value::string("text"), Value::Bool(true), Value::Int(3)]);
    }

    #[test]
    fn stores_read_what_was_there_before_all_of_them() {
        assert_eq!(registers_after(&[(0, Source::Slot(1)), (1, Source::Slot(0))]), ints([1, 0, 2, 3]));
        let circle = [(0, Source::Slot(1)), (1, Source::Slot(2)), (2, Source::Slot(0))];
        assert_eq!(registers_after(&circle), ints([1, 2, 0, 3]));
    }

    #[test]
    fn one_value_is_stored_in_several_registers() {
        assert_eq!(registers_after(&[(1, Source::Slot(3)), (2, Source::Slot(3))]), ints([0, 3, 3, 3]));
    }
}
