//! Registers, globals, type tags and casts: S11, S13 and S20 of the specification.

use super::{mismatch, strings};
use crate::errors::{Expected, RuntimeError};
use crate::memory::Memory;
use crate::runtime::GlobalSlot;
use crate::runtime::Globals;
use crate::value::Value;
use crate::values::TypeId;

/// `r[dst] = k[constant]`
#[inline(always)]
pub(crate) fn load_const(constant: &Value) -> Value {
    constant.clone()
}

/// `r[dst] = r[src]`
#[inline(always)]
pub(crate) fn r#move(src: &Value) -> Value {
    src.clone()
}

/// `r[dst] = globals[k[name]]`, or empty if there is none.
#[inline(always)]
pub(crate) fn load_global(globals: &mut Globals, name: GlobalSlot) -> Value {
    globals.get(name).cloned().unwrap_or_default()
}

/// `globals[k[name]] = r[src]`
#[inline(always)]
pub(crate) fn store_global(globals: &mut Globals, src: &Value, name: GlobalSlot) {
    globals.set(name, src.clone());
}

/// `tag[dst] = type`; the value stays.
#[inline(always)]
pub(crate) fn define(tag: TypeId) -> TypeId {
    tag
}

/// `r[dst] = (tag[src] == type)`
#[inline(always)]
pub(crate) fn check_type(tag: TypeId, expected: TypeId) -> Value {
    Value::Bool(tag == expected)
}

/// `r[dst] = r[src] as type`
pub(crate) fn cast(memory: &Memory, src: &Value, target: TypeId) -> Result<Value, RuntimeError> {
    match target {
        TypeId::Bool => Ok(Value::Bool(src.is_truthy())),
        TypeId::Int => cast_to_int(src),
        TypeId::Float => src.to_float().map(Value::Float).ok_or_else(|| mismatch(Expected::Float, src)),
        TypeId::String if matches!(src, Value::String(_)) => Ok(src.clone()),
        TypeId::String => strings::text_of(memory, &[src]),
        TypeId::Empty => Err(mismatch(Expected::Empty, src)),
        TypeId::Function => Err(mismatch(Expected::Function, src)),
        TypeId::Url => Err(mismatch(Expected::Url, src)),
        TypeId::Array => Err(mismatch(Expected::Array, src)),
        TypeId::Dict => Err(mismatch(Expected::Dict, src)),
    }
}

fn cast_to_int(src: &Value) -> Result<Value, RuntimeError> {
    /// 2⁶³, the first float that is too large.
    const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;
    if let Value::Bool(value) = src {
        return Ok(Value::Int(i64::from(*value)));
    }
    let Value::Float(number) = src else {
        return if let Value::Int(_) = src { Ok(src.clone()) } else { Err(mismatch(Expected::Integer, src)) };
    };
    if number.fract() == 0.0 && (-TOO_LARGE..TOO_LARGE).contains(number) {
        Ok(Value::Int(*number as i64))
    } else {
        Err(RuntimeError::CastOutOfRange { expected: Expected::Integer, text: number.to_string() })
    }
}
