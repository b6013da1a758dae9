//! Numbers: S1 to S5 of the specification.

use super::{operand_types, strings};
use crate::errors::{Expected, Operation, RuntimeError};
use crate::memory::Memory;
use crate::value::Value;

/// `r[dst] = r[left] + r[right]`; numbers add, strings join.
#[inline(always)]
pub(crate) fn add(memory: &Memory, left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    if let (Value::Int(a), Value::Int(b)) = (left, right) {
        return checked(a.checked_add(*b));
    }
    if let Some((a, b)) = float_pair(left, right) {
        return Ok(Value::Float(a + b));
    }
    if let (Value::String(_), Value::String(_)) = (left, right) {
        return strings::concat_str(memory, left, right);
    }
    Err(operand_types(Expected::NumericOrString, left, right))
}

/// `r[dst] = r[left] - r[right]`
#[inline(always)]
pub(crate) fn sub(left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    if planted!("sub-wraps")
        && let (Value::Int(a), Value::Int(b)) = (left, right)
    {
        return Ok(Value::Int(a.wrapping_sub(*b)));
    }
    arithmetic(left, right, i64::checked_sub, |a, b| a - b)
}

/// `r[dst] = r[left] * r[right]`
#[inline(always)]
pub(crate) fn mul(left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    arithmetic(left, right, i64::checked_mul, |a, b| a * b)
}

/// `r[dst] = r[left] / r[right]`; int division truncates toward zero.
#[inline(always)]
pub(crate) fn div(left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    refuse_zero(right)?;
    arithmetic(left, right, i64::checked_div, |a, b| a / b)
}

/// `r[dst] = r[left] % r[right]`; the remainder has the sign of the dividend.
#[inline(always)]
pub(crate) fn r#mod(left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    refuse_zero(right)?;
    if planted!("mod-sign")
        && let (Value::Int(a), Value::Int(b)) = (left, right)
        && (*a < 0) != (*b < 0)
    {
        return checked(a.checked_rem(*b).map(|rest| if rest == 0 { 0 } else { rest + b }));
    }
    arithmetic(left, right, i64::checked_rem, |a, b| a % b)
}

/// `r[dst] = -r[src]`
#[inline(always)]
pub(crate) fn neg(src: &Value) -> Result<Value, RuntimeError> {
    if let Value::Int(number) = src {
        return checked(number.checked_neg());
    }
    match src.to_float() {
        Some(number) => Ok(Value::Float(-number)),
        None => Err(RuntimeError::InvalidOperation { operation: Operation::Negation, r#type: src.type_id() }),
    }
}

#[inline(always)]
fn arithmetic(
    left: &Value,
    right: &Value,
    ints: impl Fn(i64, i64) -> Option<i64>,
    floats: impl Fn(f64, f64) -> f64,
) -> Result<Value, RuntimeError> {
    if let (Value::Int(a), Value::Int(b)) = (left, right) {
        return checked(ints(*a, *b));
    }
    match float_pair(left, right) {
        Some((a, b)) => Ok(Value::Float(floats(a, b))),
        None => Err(operand_types(Expected::Numeric, left, right)),
    }
}

/// Division by zero is an error whatever the other operand is, so it is looked at before any type.
#[inline(always)]
fn refuse_zero(right: &Value) -> Result<(), RuntimeError> {
    let is_zero = matches!(right, Value::Int(0)) || matches!(right, Value::Float(number) if *number == 0.0);
    if is_zero { Err(RuntimeError::DivisionByZero) } else { Ok(()) }
}

#[inline(always)]
fn checked(result: Option<i64>) -> Result<Value, RuntimeError> {
    result.map(Value::Int).ok_or(RuntimeError::IntegerOverflow)
}

/// Two numbers as floats.
#[inline(always)]
fn float_pair(left: &Value, right: &Value) -> Option<(f64, f64)> {
    Some((left.to_float()?, right.to_float()?))
}
