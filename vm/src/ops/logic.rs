//! Truth, equality and order: S6 to S8 of the specification.

use std::cmp::Ordering;

use crate::errors::RuntimeError;
use crate::memory::Memory;
use crate::value::{Order, Value};

/// `r[dst] = not truthy(r[src])`
#[inline(always)]
pub(crate) fn not(src: &Value) -> Value {
    Value::Bool(!src.is_truthy())
}

/// `r[dst] = truthy(r[left]) and truthy(r[right])`
#[inline(always)]
pub(crate) fn and(left: &Value, right: &Value) -> Value {
    Value::Bool(left.is_truthy() && right.is_truthy())
}

/// `r[dst] = truthy(r[left]) or truthy(r[right])`
#[inline(always)]
pub(crate) fn or(left: &Value, right: &Value) -> Value {
    Value::Bool(left.is_truthy() || right.is_truthy())
}

/// `r[dst] = (r[left] == r[right])`
#[inline(always)]
pub(crate) fn eq(memory: &Memory<'_>, left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    left.equals(memory, right).map(Value::Bool)
}

/// `r[dst] = not (r[left] == r[right])`
#[inline(always)]
pub(crate) fn neq(memory: &Memory<'_>, left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    left.equals(memory, right).map(|is_equal| Value::Bool(!is_equal))
}

/// `r[dst] = (r[left] < r[right])`
#[inline(always)]
pub(crate) fn lt(memory: &Memory<'_>, left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    ordered(memory, left, right, Ordering::is_lt)
}

/// `r[dst] = (r[left] > r[right])`, asked as `r[right] < r[left]`.
#[inline(always)]
pub(crate) fn gt(memory: &Memory<'_>, left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    lt(memory, right, left)
}

/// `r[dst] = (r[left] <= r[right])`
#[inline(always)]
pub(crate) fn lte(memory: &Memory<'_>, left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    ordered(memory, left, right, Ordering::is_le)
}

/// `r[dst] = (r[left] >= r[right])`, asked as `r[right] <= r[left]`.
#[inline(always)]
pub(crate) fn gte(memory: &Memory<'_>, left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    lte(memory, right, left)
}

#[inline(always)]
fn ordered(
    memory: &Memory<'_>,
    left: &Value,
    right: &Value,
    holds: impl Fn(Ordering) -> bool,
) -> Result<Value, RuntimeError> {
    if planted!("compare-truncates")
        && let (Value::Int(int), Value::Float(float)) = (left, right)
    {
        return Ok(Value::Bool(holds(int.cmp(&(*float as i64)))));
    }
    match left.order_in(memory, right)? {
        Some(Order::Known(order)) => Ok(Value::Bool(holds(order))),
        Some(Order::Unordered) => Ok(Value::Bool(false)),
        None => Err(no_order(left, right)),
    }
}

#[cold]
fn no_order(left: &Value, right: &Value) -> RuntimeError {
    RuntimeError::InvalidComparison { left: left.type_id(), right: right.type_id() }
}
