//! Drops values, however deep they nest, without recursion and without memory: what ends a run that used up its memory must not
//! take more.

use super::Value;

/// Whether dropping the value may drop other values.
#[inline]
pub(super) fn is_container(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Dict(_))
}

/// Drops the parts of a container.
pub(super) fn drop_values(values: impl IntoIterator<Item = Value>) {
    for value in values {
        drop_value(value);
    }
}

/// Drops a value. What nests in it is unwound from the container that is taken apart at the moment, whose parts go one by one, the
/// last first. Where a part must be taken apart before the others, the container moves into it, to the place of the first part of
/// that, and is the last to be come back to.
fn drop_value(mut value: Value) {
    if !must_be_unwound(&mut value) {
        return;
    }
    let mut current = value;
    // The part whose place was taken.
    let mut carried = None;
    while let Some(mut part) = carried.take().or_else(|| take_last(&mut current)) {
        if is_taken_apart(&current) {
            // This may be the container that `current` is a part of: it is not searched for containers again.
            current = part;
        } else if must_be_unwound(&mut part) {
            if let Some(place) = first(&mut part) {
                carried = Some(std::mem::replace(place, current));
            }
            current = part;
        }
    }
}

/// Whether the value is a container that nothing else holds, with containers in it.
fn must_be_unwound(value: &mut Value) -> bool {
    if let Value::Array(array) = value {
        array.object_mut().is_some_and(|object| object.values_mut().iter().any(is_container))
    } else if let Value::Dict(dict) = value {
        dict.object_mut().is_some_and(|object| object.values().any(is_container))
    } else {
        false
    }
}

/// Takes the last part out of a container, if nothing else holds that.
fn take_last(container: &mut Value) -> Option<Value> {
    if let Value::Array(array) = container {
        array.object_mut()?.take_last()
    } else if let Value::Dict(dict) = container {
        dict.object_mut()?.take_last()
    } else {
        None
    }
}

/// Whether there is no part left to be taken out.
fn is_taken_apart(container: &Value) -> bool {
    if let Value::Array(array) = container {
        array.values().is_empty()
    } else if let Value::Dict(dict) = container {
        dict.is_taken_apart()
    } else {
        true
    }
}

/// The first part of a container that nothing else holds.
fn first(container: &mut Value) -> Option<&mut Value> {
    if let Value::Array(array) = container {
        array.object_mut()?.values_mut().first_mut()
    } else if let Value::Dict(dict) = container {
        dict.object_mut()?.first_mut()
    } else {
        None
    }
}
