//! Choices out of bytes, down to the last of them.

use arbitrary::Unstructured;
use machine_dialect_vm::TypeId;

/// One of the first `count` numbers; the first where the bytes have run out.
pub(crate) fn choose(u: &mut Unstructured<'_>, count: usize) -> usize {
    u.int_in_range(0..=count.saturating_sub(1)).unwrap_or(0)
}

pub(crate) fn below(u: &mut Unstructured<'_>, count: u64) -> u64 {
    u.int_in_range(0..=count).unwrap_or(0)
}

/// True once in `count` times; never where the bytes have run out.
pub(crate) fn one_in(u: &mut Unstructured<'_>, count: usize) -> bool {
    !u.is_empty() && choose(u, count) == count - 1
}

pub(crate) fn pick<'t, T>(u: &mut Unstructured<'_>, items: &'t [T]) -> Option<&'t T> {
    if items.is_empty() { None } else { items.get(choose(u, items.len())) }
}

/// A type of which programs hold much.
pub(crate) fn usual_type(u: &mut Unstructured<'_>) -> TypeId {
    use TypeId::{Array, Bool, Dict, Float, Int, String};
    pick(u, &[Int, Int, Int, Float, String, Array, Dict, Bool]).copied().unwrap_or(Int)
}

/// A type that a function gives; empty for one that gives nothing.
pub(crate) fn given_type(u: &mut Unstructured<'_>) -> TypeId {
    use TypeId::{Bool, Empty, Float, Int, String};
    pick(u, &[Int, Float, Bool, String, Empty]).copied().unwrap_or(Int)
}
