//! Equality and order (S4, S6 and S7 of the specification).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use super::{Str, Value};
use crate::errors::RuntimeError;
use crate::memory::Memory;
use crate::watch::Watch;

/// How two values that have an order compare. A NaN stands in no order to anything, itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Known(std::cmp::Ordering),
    Unordered,
}

/// The order of two numbers or two strings; `None` where the types have no order.
#[inline]
pub(super) fn order(left: &Value, right: &Value) -> Option<Order> {
    if let (Value::Int(a), Value::Int(b)) = (left, right) {
        return Some(Order::Known(a.cmp(b)));
    }
    if let (Value::String(a), Value::String(b)) = (left, right) {
        // UTF-8 orders by bytes as it does by code points.
        return Some(Order::Known(a.as_str().cmp(b.as_str())));
    }
    let (a, b) = (left.to_float()?, right.to_float()?);
    Some(a.partial_cmp(&b).map_or(Order::Unordered, Order::Known))
}

/// The order of two values as above, if they are long strings.
#[cold]
pub(super) fn order_in(memory: &Memory<'_>, left: &Str, right: &Str) -> Result<Order, RuntimeError> {
    let (left, right) = (left.as_str().as_bytes(), right.as_str().as_bytes());
    for (a, b) in left.chunks(Watch::PORTION).zip(right.chunks(Watch::PORTION)) {
        memory.work(a.len())?;
        if a != b {
            return Ok(Order::Known(a.cmp(b)));
        }
    }
    Ok(Order::Known(left.len().cmp(&right.len())))
}

/// Whether two values are equal.
///
/// # Errors
/// Ends where the host wants it to.
#[inline]
pub(super) fn equal(memory: &Memory<'_>, left: &Value, right: &Value) -> Result<bool, RuntimeError> {
    match shallow_in(memory, left, right)? {
        Shallow::Equal => Ok(true),
        Shallow::Different => Ok(false),
        Shallow::Parts => deep(memory, left, right),
    }
}

/// What can be said of two values without looking into containers, where strings may be long.
#[inline]
fn shallow_in(memory: &Memory<'_>, left: &Value, right: &Value) -> Result<Shallow, RuntimeError> {
    /// In bytes.
    const LONG: usize = 1 << 8;
    if let (Value::String(left), Value::String(right)) = (left, right)
        && left.as_str().len() == right.as_str().len()
        && left.as_str().len() > LONG
    {
        let is_same = left.is_identical(right)
            || matches!(order_in(memory, left, right)?, Order::Known(Ordering::Equal));
        return Ok(if is_same { Shallow::Equal } else { Shallow::Different });
    }
    Ok(shallow(left, right))
}

/// What can be said of two values without looking into containers.
enum Shallow {
    Equal,
    Different,
    /// They are containers of the same type and size; their parts decide.
    Parts,
}

#[inline]
fn shallow(left: &Value, right: &Value) -> Shallow {
    let is_equal = match left {
        Value::Empty => matches!(right, Value::Empty),
        Value::Bool(a) => matches!(right, Value::Bool(b) if a == b),
        Value::Int(a) => {
            matches!(right, Value::Int(b) if a == b) || matches!(right, Value::Float(b) if *a as f64 == *b)
        }
        Value::Float(a) => right.to_float().is_some_and(|b| *a == b),
        Value::String(a) => matches!(right, Value::String(b) if a.as_str() == b.as_str()),
        Value::Function(a) => matches!(right, Value::Function(b) if a == b),
        Value::Url(a) => matches!(right, Value::Url(b) if a == b),
        Value::Array(a) => {
            let is_like = matches!(right, Value::Array(b) if a.len() == b.len());
            return if is_like { Shallow::Parts } else { Shallow::Different };
        }
        Value::Dict(a) => {
            let is_like = matches!(right, Value::Dict(b) if a.len() == b.len());
            return if is_like { Shallow::Parts } else { Shallow::Different };
        }
    };
    if is_equal { Shallow::Equal } else { Shallow::Different }
}

/// Compares containers part by part, with the pairs still to be compared on a stack of our own.
///
/// One part found different settles the whole, so a pair that was taken up once may be taken for equal ever after: if it
/// is not, that will be found where it was taken up. What is known of pairs lets values whose parts are shared many times
/// over be compared in about the time it takes to look at each part once.
fn deep(memory: &Memory<'_>, left: &Value, right: &Value) -> Result<bool, RuntimeError> {
    let mut classes = Classes::default();
    let mut is_rounded = false;
    if !compare_parts(memory, left, right, &mut is_rounded, |a, b| classes.join(a, b))? {
        return Ok(false);
    }
    if !is_rounded {
        return Ok(true);
    }
    // An int that was rounded to meet a float may equal that float and still differ from another int that does. Where
    // that came up, two things equal to a third need not be equal, so only the pairs themselves count.
    let mut pairs = HashSet::new();
    compare_parts(memory, left, right, &mut is_rounded, |a, b| pairs.insert((a, b)))
}

/// Two containers whose parts are compared, up to a position. Values may nest as deep as memory allows, so it is small.
struct Pair<'a> {
    left: &'a Value,
    right: &'a Value,
    position: usize,
}

/// What comes next in a pair.
enum Next<'a> {
    /// Two parts.
    Parts(Cow<'a, Value>, Cow<'a, Value>),
    /// A part that the other has none for.
    Different,
    /// Nothing.
    End,
}

impl<'a> Pair<'a> {
    fn next(&mut self) -> Next<'a> {
        if let (Value::Array(left), Value::Array(right)) = (self.left, self.right) {
            let (Some(left), Some(right)) = (left.get(self.position), right.get(self.position)) else {
                return Next::End;
            };
            self.position += 1;
            Next::Parts(left, right)
        } else if let (Value::Dict(left), Value::Dict(right)) = (self.left, self.right) {
            let Some((behind, key, left)) = left.next_entry(self.position) else { return Next::End };
            let Some(right) = right.get(key.as_str()) else { return Next::Different };
            self.position = behind;
            Next::Parts(Cow::Borrowed(left), Cow::Borrowed(right))
        } else {
            Next::Different
        }
    }

    /// Whether there is no further part.
    fn is_at_end(&self) -> bool {
        if let Value::Array(array) = self.left {
            self.position >= array.len()
        } else if let Value::Dict(dict) = self.left {
            dict.next_entry(self.position).is_none()
        } else {
            true
        }
    }
}

/// Where a container is, and whether several places hold it.
fn identity(container: &Value) -> (usize, bool) {
    if let Value::Array(array) = container {
        (array.address(), array.is_shared())
    } else if let Value::Dict(dict) = container {
        (dict.address(), dict.is_shared())
    } else {
        (0, false)
    }
}

/// Compares containers. `is_new` is asked whether the containers at two addresses must still be compared. It is not asked of two
/// that are only held by what leads to them: they are come by as often as that, and remembering them takes memory.
fn compare_parts(
    memory: &Memory<'_>,
    left: &Value,
    right: &Value,
    is_rounded: &mut bool,
    mut is_new: impl FnMut(usize, usize) -> bool,
) -> Result<bool, RuntimeError> {
    /// What it takes to compare two parts, as so many bytes.
    const STEP: usize = 64;
    /// The work of so many bytes is counted at once.
    const COUNTED: usize = 1 << 12;
    let mut work = 0;
    let mut must_compare = |left: &Value, right: &Value| {
        let ((a, a_is_shared), (b, b_is_shared)) = (identity(left), identity(right));
        !(a_is_shared || b_is_shared) || is_new(a, b)
    };
    must_compare(left, right);
    let mut pending = vec![Pair { left, right, position: 0 }];
    while let Some(pair) = pending.last_mut() {
        work += STEP;
        if work == COUNTED {
            memory.count(work)?;
            work = 0;
        }
        let (left, right) = match pair.next() {
            Next::Parts(left, right) => (left, right),
            Next::Different => return Ok(false),
            Next::End => {
                pending.pop();
                continue;
            }
        };
        match shallow_in(memory, &left, &right)? {
            Shallow::Equal => *is_rounded |= rounds(&left, &right),
            Shallow::Different => return Ok(false),
            Shallow::Parts => {
                // Arrays and dicts are borrowed.
                if let (Cow::Borrowed(left), Cow::Borrowed(right)) = (left, right)
                    && must_compare(left, right)
                {
                    if pair.is_at_end() {
                        pending.pop();
                    }
                    pending.push(Pair { left, right, position: 0 });
                }
            }
        }
    }
    Ok(true)
}

/// Whether an int had to be rounded to be compared with a float.
fn rounds(left: &Value, right: &Value) -> bool {
    // Every float that an int rounds to fits 128 bits.
    let differ = |int: &i64, float: &f64| *float as i128 != i128::from(*int);
    matches!((left, right), (Value::Int(int), Value::Float(float)) | (Value::Float(float), Value::Int(int)) if differ(int, float))
}

/// Containers taken for equal, by address: a union-find structure. It takes equality for transitive.
#[derive(Default)]
struct Classes {
    parents: HashMap<usize, usize>,
    with_itself: HashSet<usize>,
}

impl Classes {
    /// Takes two containers for equal from now on. False where that was known already, and they need not be compared.
    ///
    /// A container that meets itself is compared once like any other: a NaN inside makes it differ from itself.
    fn join(&mut self, left: usize, right: usize) -> bool {
        if left == right {
            return self.with_itself.insert(left);
        }
        let (left, right) = (self.root(left), self.root(right));
        if left == right {
            return false;
        }
        self.parents.insert(left, right);
        true
    }

    fn root(&mut self, start: usize) -> usize {
        let mut root = start;
        while let Some(parent) = self.parents.get(&root) {
            root = *parent;
        }
        let mut node = start;
        while node != root {
            match self.parents.insert(node, root) {
                Some(next) => node = next,
                None => break,
            }
        }
        root
    }
}
