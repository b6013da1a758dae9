//! Drops values, however deep they nest.

use super::Value;

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
