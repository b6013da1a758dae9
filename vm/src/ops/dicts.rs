//! Dicts: S13 and S15 of the specification.

use std::borrow::Cow;

use super::mismatch;
use crate::errors::{Expected, RuntimeError};
use crate::memory::Memory;
use crate::value::{Array, Dict, Str, Value};
use crate::values::costs;

/// `r[dst]` = a dict without entries.
pub(crate) fn dict_new(memory: &Memory) -> Result<Value, RuntimeError> {
    memory.check(costs::DICT)?;
    Ok(Value::Dict(Dict::new()))
}

/// `r[dst] = r[dict][r[key]]`, or empty if there is none.
#[inline]
pub(crate) fn dict_get(memory: &Memory<'_>, dict: &Value, key: &Value) -> Result<Value, RuntimeError> {
    let dict = dict_of(dict)?;
    let key = key_of(key)?;
    memory.work(key.as_str().len())?;
    Ok(dict.get_by(key).cloned().unwrap_or_default())
}

/// `r[dict][r[key]] = r[value]`; a new key comes last.
#[inline]
pub(crate) fn dict_set(
    memory: &Memory,
    dict: &mut Value,
    key: Value,
    value: Value,
) -> Result<(), RuntimeError> {
    let dict = changed_dict_of(dict)?;
    let Value::String(key) = key else { return Err(mismatch(Expected::StringKey, &key)) };
    // The question costs a look-up, so it is only asked where the answer matters.
    let most = copy_cost(dict) + costs::ENTRY;
    if most > memory.room() {
        let added = if dict.get_by(&key).is_some() { 0 } else { costs::ENTRY };
        memory.check(copy_cost(dict) + added)?;
    }
    if key.is_long() || dict.is_shared() || dict.is_full() {
        prepare(memory, dict, &key)?;
    }
    dict.make_unshared().set(key, value);
    Ok(())
}

/// Removes `r[key]` from `r[dict]`, if it is there; the others keep their order.
pub(crate) fn dict_remove(memory: &Memory, dict: &mut Value, key: Value) -> Result<(), RuntimeError> {
    let dict = changed_dict_of(dict)?;
    let key = key_of(&key)?;
    memory.check(copy_cost(dict))?;
    memory.work(key.as_str().len())?;
    dict.unshare(memory)?;
    dict.make_unshared().remove(memory, key.as_str())
}

/// `r[dst]` = whether `r[dict]` has the key `r[key]`.
#[inline]
pub(crate) fn dict_contains(memory: &Memory<'_>, dict: &Value, key: &Value) -> Result<Value, RuntimeError> {
    let dict = dict_of(dict)?;
    let key = key_of(key)?;
    memory.work(key.as_str().len())?;
    Ok(Value::Bool(dict.get_by(key).is_some()))
}

/// `r[dst]` = an array of the keys of `r[dict]`, in order.
pub(crate) fn dict_keys(memory: &Memory, dict: &Value) -> Result<Value, RuntimeError> {
    let dict = dict_of(dict)?;
    memory.check(Array::cost(dict.len()))?;
    let keys = dict.iter().map(|(key, _)| Cow::Owned(Value::String(key.clone())));
    Array::collect(memory, dict.len(), keys).map(Value::Array)
}

/// `r[dst]` = an array of the values of `r[dict]`, in the order of their keys.
pub(crate) fn dict_values(memory: &Memory, dict: &Value) -> Result<Value, RuntimeError> {
    let dict = dict_of(dict)?;
    memory.check(Array::cost(dict.len()))?;
    let values = dict.iter().map(|(_, value)| Cow::Borrowed(value));
    Array::collect(memory, dict.len(), values).map(Value::Array)
}

/// Does what takes long in setting a key, where the host can end it.
#[cold]
fn prepare(memory: &Memory<'_>, dict: &mut Dict, key: &Str) -> Result<(), RuntimeError> {
    memory.work(key.as_str().len())?;
    dict.unshare(memory)?;
    dict.make_unshared().make_room(memory)
}

/// Removes every entry of `r[dict]`. A shared dict is left to the others, and a new one takes its place.
pub(crate) fn dict_clear(memory: &Memory, dict: &mut Value) -> Result<(), RuntimeError> {
    let dict = changed_dict_of(dict)?;
    if dict.is_shared() {
        memory.check(costs::DICT)?;
        *dict = Dict::new();
    } else {
        dict.make_unshared().clear();
    }
    Ok(())
}

/// `r[dst]` = number of entries of `r[dict]`.
#[inline]
pub(crate) fn dict_len(dict: &Value) -> Result<Value, RuntimeError> {
    // A length in memory fits 63 bits.
    Ok(Value::Int(dict_of(dict)?.len() as i64))
}

fn copy_cost(dict: &Dict) -> u64 {
    if dict.is_shared() { dict.cost() } else { 0 }
}

#[inline(always)]
fn dict_of(value: &Value) -> Result<&Dict, RuntimeError> {
    if let Value::Dict(dict) = value { Ok(dict) } else { Err(mismatch(Expected::Dict, value)) }
}

#[inline(always)]
fn changed_dict_of(value: &mut Value) -> Result<&mut Dict, RuntimeError> {
    if let Value::Dict(dict) = value { Ok(dict) } else { Err(mismatch(Expected::Dict, value)) }
}

#[inline(always)]
fn key_of(value: &Value) -> Result<&Str, RuntimeError> {
    if let Value::String(key) = value { Ok(key) } else { Err(mismatch(Expected::StringKey, value)) }
}
