//! Containers and what holds them.

use crate::exec::analysis::window::Element;
use crate::memory::Memory;
use crate::runtime::Machine;
use crate::value::{Array, Value};
use crate::values::costs;

/// An array whose elements are not packed is looked through if it has no more of them.
const UNPACKED: usize = 16;

/// So many frames that wait are looked at.
pub(super) const FRAMES: usize = 64;

/// Takes a container away from the other container that alone holds it besides, and that nothing else holds, as an element. There must be
/// room for a copy of it and one more entry.
pub(crate) fn take_element(memory: &Memory<'_>, outer: &mut Value, key: &Value, container: &Value) {
    if holders(container) != Some(2) {
        return;
    }
    let copy = copy_cost(container).unwrap_or(u64::MAX);
    if let Some(place) = element_mut(outer, key)
        && is_same(place, container)
        && copy.saturating_add(costs::ELEMENT.max(costs::ENTRY)) <= memory.room()
    {
        *place = Value::Empty;
    }
}

/// The places in a frame that hold a container, with their registers.
pub(super) fn holding<'a>(
    machine: &'a Machine<'_>,
    base: usize,
    size: u16,
    container: &'a Value,
) -> impl Iterator<Item = (usize, u8)> + 'a {
    let frame = &machine.stack[base..base + usize::from(size)];
    (base..)
        .zip(0..=u8::MAX)
        .zip(frame)
        .filter_map(|(place, value)| is_same(value, container).then_some(place))
}

/// What stands where a container was let go of, and costs what its copy would have.
#[inline(always)]
pub(super) fn phantom(copy: u64) -> Value {
    Value::of_cost(if planted!("phantom-costs-nothing") { 0 } else { copy })
}

/// Whether a container is an array of scalars, as far as that takes no time to see.
#[inline(always)]
pub(super) fn is_array_of_scalars(container: &Value) -> bool {
    let Value::Array(array) = container else { return false };
    let values = array.values();
    values.is_empty() || values.len() <= UNPACKED && values.iter().all(Value::is_scalar)
}

pub(super) fn register_of<'a>(machine: &'a Machine<'_>, register: u8) -> &'a Value {
    &machine.stack[machine.frame.base + usize::from(register)]
}

/// Whether both are one container.
#[inline]
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => one.is_identical(other),
        (Value::Dict(one), Value::Dict(other)) => one.is_identical(other),
        _ => false,
    }
}

/// Puts something where a container stands that is held elsewhere, too.
#[inline(always)]
pub(super) fn replace_container(place: &mut Value, by: Value) {
    // So told, letting go of it takes a few instructions.
    if let Value::Array(array) = std::mem::replace(place, by) {
        drop(array);
    }
}

/// Empties a place where such a container stands.
#[inline(always)]
pub(super) fn clear(place: &mut Value) {
    replace_container(place, Value::Empty);
}

/// Where a container is; 0 for what is none.
#[inline(always)]
pub(super) fn address(value: &Value) -> usize {
    if let Value::Array(array) = value {
        return array.address();
    }
    if let Value::Dict(dict) = value { dict.address() } else { 0 }
}

/// Whether both lead to one element.
pub(super) fn is_key(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => one == other,
        (Value::String(one), Value::String(other)) => one.is_same(other),
        _ => false,
    }
}

/// How many places hold a container.
pub(super) fn holders(value: &Value) -> Option<usize> {
    if let Value::Array(array) = value {
        return Some(array.holders());
    }
    if let Value::Dict(dict) = value { Some(dict.holders()) } else { None }
}

/// How many elements or entries a container has.
pub(super) fn length(value: &Value) -> usize {
    if let Value::Array(array) = value {
        return array.len();
    }
    if let Value::Dict(dict) = value { dict.len() } else { 0 }
}

/// What the copy of a container costs.
pub(super) fn copy_cost(value: &Value) -> Option<u64> {
    if let Value::Array(array) = value {
        return Some(Array::cost(array.len()));
    }
    if let Value::Dict(dict) = value { Some(dict.cost()) } else { None }
}

/// An element that is a container.
#[inline(always)]
pub(super) fn element_of<'a>(container: &'a Value, key: &Value) -> Option<&'a Value> {
    match (container, key) {
        (Value::Array(array), Value::Int(index)) => array.values().get(Array::place(*index)),
        (Value::Dict(dict), Value::String(key)) if !key.is_long() => dict.get_by(key),
        _ => None,
    }
}

/// The same, to be changed, of a container that is not shared.
#[inline(always)]
pub(super) fn element_mut<'a>(container: &'a mut Value, key: &Value) -> Option<&'a mut Value> {
    match (container, key) {
        (Value::Array(array), Value::Int(index)) => array.value_mut(Array::place(*index)),
        (Value::Dict(dict), Value::String(key)) if !key.is_long() => dict.object_mut()?.value_mut(key),
        _ => None,
    }
}

/// Whether elements of a container that are there can be set as that one is, without an error and with nothing counted.
#[inline(always)]
pub(super) fn can_overwrite(container: &Value, element: &Element) -> bool {
    if element.is_entry {
        matches!(container, Value::Dict(dict) if !dict.is_full())
    } else {
        matches!(container, Value::Array(_))
    }
}

/// Whether there is an element that can be set, where nothing else holds the container, without an error and with nothing counted.
pub(super) fn has_element(container: &Value, element: &Element, key: &Value) -> bool {
    match (container, key) {
        (Value::Array(array), Value::Int(index)) => !element.is_entry && Array::place(*index) < array.len(),
        (Value::Dict(dict), Value::String(key)) => {
            element.is_entry && !key.is_long() && !dict.is_full() && dict.get_by(key).is_some()
        }
        _ => false,
    }
}
