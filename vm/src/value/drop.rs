//! Walks over values that are dropped or counted, however deep they nest.

use std::collections::HashSet;

use super::{Array, Str, Value};

/// Whether dropping the value may drop other values.
#[inline]
pub(super) fn is_container(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Dict(_))
}

/// Drops values without recursion: what they hold is taken out before they go.
pub(super) fn drop_values(values: impl IntoIterator<Item = Value>) {
    let mut pending = Vec::new();
    for value in values {
        pending.push(value);
        while let Some(value) = pending.pop() {
            if let Value::Array(array) = value {
                if let Some(mut object) = array.into_object() {
                    pending.extend(object.take_values());
                }
            } else if let Value::Dict(dict) = value
                && let Some(mut object) = dict.into_object()
            {
                pending.extend(object.take_values());
            }
        }
    }
}

/// What values and everything in them cost, each shared part once.
pub(super) fn total_cost<'a>(values: impl Iterator<Item = &'a Value>) -> u64 {
    let mut pending: Vec<&Value> = values.collect();
    let mut seen = HashSet::new();
    let mut total = 0;
    while let Some(value) = pending.pop() {
        match value {
            Value::String(text) => {
                if seen.insert(text.address()) {
                    total += Str::cost(text.as_str().len());
                }
            }
            Value::Array(array) => {
                if seen.insert(array.address()) {
                    total += Array::cost(array.len());
                    pending.extend(array.values());
                }
            }
            Value::Dict(dict) => {
                if seen.insert(dict.address()) {
                    total += dict.cost();
                    for (key, value) in dict.iter() {
                        if seen.insert(key.address()) {
                            total += Str::cost(key.as_str().len());
                        }
                        pending.push(value);
                    }
                }
            }
            Value::Empty
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Function(_)
            | Value::Url(_) => {}
        }
    }
    total
}
