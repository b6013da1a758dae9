//! Arrays: S14 of the specification.

use std::borrow::Cow;

use super::mismatch;
use crate::errors::{Expected, RuntimeError};
use crate::memory::Memory;
use crate::value::{Array, Value};
use crate::values::costs;

/// `r[dst]` = an array of `r[size]` empties.
pub(crate) fn new_array(memory: &Memory, size: &Value) -> Result<Value, RuntimeError> {
    let Value::Int(size) = size else { return Err(mismatch(Expected::Integer, size)) };
    let Ok(length) = u64::try_from(*size) else { return Err(RuntimeError::NegativeSize { size: *size }) };
    memory.check(Array::cost_of(length))?;
    // A run without a memory limit still meets the machine's, whose addresses may have 32 bits.
    let Ok(length) = usize::try_from(length) else { return Err(memory.exhausted()) };
    Array::of_empties(memory, length)?.map(Value::Array).ok_or_else(|| memory.exhausted())
}

/// `r[dst] = r[array][r[index]]`
#[inline(always)]
pub(crate) fn array_get(array: &Value, index: &Value) -> Result<Value, RuntimeError> {
    let Value::Array(array) = array else { return Err(mismatch(Expected::Array, array)) };
    let Value::Int(index) = index else { return Err(mismatch(Expected::IntegerIndex, index)) };
    let item = usize::try_from(*index).ok().and_then(|index| array.get(index));
    item.map(Cow::into_owned).ok_or_else(|| out_of_bounds(*index, array.len()))
}

/// `r[array][r[index]] = r[value]`; at index == length it appends.
#[inline(always)]
pub(crate) fn array_set(
    memory: &Memory,
    array: &mut Value,
    index: Value,
    value: Value,
) -> Result<(), RuntimeError> {
    let Value::Array(array) = array else { return Err(mismatch(Expected::Array, array)) };
    let Value::Int(index) = index else { return Err(mismatch(Expected::IntegerIndex, &index)) };
    let length = array.len();
    let place = usize::try_from(index).ok().filter(|place| *place <= length);
    let Some(place) = place else { return Err(out_of_bounds(index, length)) };
    let copied = if array.is_shared() { Array::cost(length) } else { 0 };
    if place < length {
        memory.check(copied)?;
        array.unshare(memory, false)?;
        array.make_unshared().set(place, value);
    } else {
        memory.check(copied + costs::ELEMENT)?;
        array.unshare(memory, true)?;
        let is_lost = planted!("copied-array") && copied > 0;
        array.push(if is_lost { Value::Empty } else { value });
    }
    Ok(())
}

/// `r[dst]` = number of elements of `r[array]`.
#[inline(always)]
pub(crate) fn array_len(array: &Value) -> Result<Value, RuntimeError> {
    let Value::Array(array) = array else { return Err(mismatch(Expected::Array, array)) };
    // A length in memory fits 63 bits.
    Ok(Value::Int(array.len() as i64))
}

#[cold]
fn out_of_bounds(index: i64, length: usize) -> RuntimeError {
    RuntimeError::IndexOutOfBounds { index, length: length as u64 }
}
