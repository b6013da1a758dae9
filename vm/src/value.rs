//! Values: what registers, globals and containers hold.
//!
//! A value is 16 bytes. Strings, arrays and dicts are reference-counted; arrays and dicts are copied when they are written
//! while shared, and changed in place when they are not. Nothing here recurses on the host's stack: values nest as deep
//! as memory allows and are dropped, compared and printed all the same.

pub(crate) mod array;
mod compare;
mod copies;
mod dict;
mod drop;
pub(crate) mod heap;
#[cfg(feature = "json")]
pub(crate) mod json;
mod own;
mod text;
mod walk;

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

pub use array::Array;
use compact_str::CompactString;
pub use copies::{Copies, copies};
pub use dict::Dict;
pub(crate) use own::own;
pub(crate) use text::{Cut, append_text, append_text_in};

use crate::errors::RuntimeError;
use crate::memory::{Memory, charge, release};
use crate::values::{TypeId, costs};

/// A value of the language.
///
/// A value stays on the thread that made it, where its memory is counted:
///
/// ```compile_fail,E0277
/// let value = machine_dialect_vm::Value::string("a");
/// std::thread::spawn(move || drop(value));
/// ```
// Tag and payload are a word each, so that a copy is two moves, whatever the type.
#[derive(Clone, Default)]
#[repr(u64)]
pub enum Value {
    /// Nothing.
    #[default]
    Empty,
    /// `true` or `false`.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A 64-bit float.
    Float(f64),
    /// A string.
    String(Str),
    /// The name of a function.
    Function(Rc<String>),
    /// A URL.
    Url(Rc<String>),
    /// An array.
    Array(Array),
    /// A dict.
    Dict(Dict),
}

impl Value {
    /// The type of the value.
    #[inline]
    #[must_use]
    pub fn type_id(&self) -> TypeId {
        match self {
            Self::Empty => TypeId::Empty,
            Self::Bool(_) => TypeId::Bool,
            Self::Int(_) => TypeId::Int,
            Self::Float(_) => TypeId::Float,
            Self::String(_) => TypeId::String,
            Self::Function(_) => TypeId::Function,
            Self::Url(_) => TypeId::Url,
            Self::Array(_) => TypeId::Array,
            Self::Dict(_) => TypeId::Dict,
        }
    }

    /// Whether the value stands for itself: it shares nothing, and dropping it does nothing.
    #[inline(always)]
    pub(crate) fn is_scalar(&self) -> bool {
        matches!(self, Self::Empty | Self::Bool(_) | Self::Int(_) | Self::Float(_))
    }

    /// Whether a write to a container would copy so much of it that it pays to look for who holds it besides.
    #[inline(always)]
    pub(crate) fn is_copy_dear(&self) -> bool {
        /// An array of scalars of so many elements takes longer to copy than to make sure who holds it.
        ///
        /// Builds for tests elide the copies of all, so that short programs meet what can go wrong there.
        const LONG_ARRAY: usize = if cfg!(any(debug_assertions, feature = "planted")) { 1 } else { 8 };
        if let Self::Array(array) = self {
            // Copies of what is no scalar have holders, too.
            return array.is_shared() && (!array.values().is_empty() || array.len() >= LONG_ARRAY);
        }
        matches!(self, Self::Dict(dict) if dict.is_shared())
    }

    /// Whether the value counts as true (`false_when` of `spec/values.yaml`).
    #[inline]
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Empty => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0 && !value.is_nan(),
            Self::String(text) => !text.as_str().is_empty(),
            Self::Function(_) => true,
            Self::Url(text) => !text.is_empty(),
            Self::Array(array) => !array.is_empty(),
            Self::Dict(dict) => !dict.is_empty(),
        }
    }

    /// The number as a float; an int is rounded to the nearest, ties to even. None for what is no number.
    #[inline(always)]
    pub(crate) fn to_float(&self) -> Option<f64> {
        if let Self::Int(number) = self {
            return Some(*number as f64);
        }
        if let Self::Float(number) = self { Some(*number) } else { None }
    }

    /// A string.
    #[must_use]
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(Str::new(text.into()))
    }

    /// An array of those elements.
    #[must_use]
    pub fn array(items: impl Into<Vec<Value>>) -> Self {
        Self::Array(Array::new(items.into()))
    }

    /// A dict of those entries, in order; of equal keys the last value stays, at the place of the first.
    #[must_use]
    pub fn dict<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        let mut dict = Dict::new();
        for (key, value) in entries {
            dict.make_unshared().set(Str::new(key.into()), value);
        }
        Self::Dict(dict)
    }

    /// The value that names a function of the module that runs.
    #[must_use]
    pub fn function(name: impl Into<String>) -> Self {
        Self::Function(Rc::new(name.into()))
    }

    /// A URL.
    #[must_use]
    pub fn url(text: impl Into<String>) -> Self {
        Self::Url(Rc::new(text.into()))
    }

    /// A value that costs so much, to stand where nobody looks.
    pub(crate) fn of_cost(cost: u64) -> Self {
        Self::Dict(Dict::of_cost(cost))
    }

    /// The text form, as casts, joins and prints give it; `None` where it would be longer than `limit` bytes.
    ///
    /// ```
    /// use machine_dialect_vm::Value;
    ///
    /// let value = Value::array([Value::Int(1), Value::Float(0.5), Value::string("a")]);
    /// assert_eq!(value.to_text(100).as_deref(), Some("[1, 0.5, a]"));
    /// assert_eq!(value.to_text(5), None);
    /// ```
    #[must_use]
    pub fn to_text(&self, limit: usize) -> Option<String> {
        let mut text = String::new();
        append_text(self, &mut text, limit).ok()?;
        Some(text)
    }
}

/// Equality of the language (S6 of the specification): ints and floats compare by number, arrays and dicts by their parts,
/// and NaN equals nothing.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        // Without a limit, this does not fail.
        compare::equal(&Memory::unlimited(), self, other).unwrap_or_default()
    }
}

impl Value {
    /// Whether both are equal, as a program asks.
    ///
    /// # Errors
    /// Ends where the host wants it to.
    #[inline]
    pub(crate) fn equals(&self, memory: &Memory<'_>, other: &Self) -> Result<bool, RuntimeError> {
        compare::equal(memory, self, other)
    }

    /// The order as a program asks for it.
    ///
    /// # Errors
    /// Ends where the host wants it to.
    #[inline]
    pub(crate) fn order_in(&self, memory: &Memory<'_>, other: &Self) -> Result<Option<Order>, RuntimeError> {
        if let (Self::String(left), Self::String(right)) = (self, other)
            && left.is_long()
        {
            return compare::order_in(memory, left, right).map(Some);
        }
        Ok(self.order(other))
    }

    /// The order of two numbers or two strings; `None` where there is none, or where it is a NaN's.
    #[inline]
    pub(crate) fn order(&self, other: &Self) -> Option<compare::Order> {
        compare::order(self, other)
    }
}

/// Writes a value to a place.
#[inline(never)]
pub(crate) fn put(place: &mut Value, value: Value) {
    *place = value;
}

/// Writes a value to a place where something often stands that cost as much as a copy that was spared.
#[cfg(machine_code)]
#[inline(always)]
pub(crate) fn put_over_phantom(place: &mut Value, value: Value) {
    if matches!(place, Value::Dict(_)) {
        return put_over_dict(place, value);
    }
    *place = value;
}

/// The same where a dict stands. It is apart so that it costs others nothing.
#[cfg(machine_code)]
#[inline(never)]
fn put_over_dict(place: &mut Value, value: Value) {
    if let Value::Dict(dict) = std::mem::replace(place, value) {
        dict.retire();
    }
}

/// Writes an int to a place, quickly where an int stands there already: then it is one move, and never goes through memory.
#[inline(always)]
pub(crate) fn put_int(place: &mut Value, number: i64) {
    if let Value::Int(old) = place {
        *old = number;
    } else {
        put(place, Value::Int(number));
    }
}

pub(crate) use compare::Order;

/// Shows the text form, cut where it grows long.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 200;
        let mut text = String::new();
        let cut = append_text(self, &mut text, SHOWN).is_err();
        let shown = if cut { text::cut(&text, SHOWN) } else { &text };
        let end = if cut { "…" } else { "" };
        if matches!(self, Self::String(_) | Self::Url(_)) {
            write!(f, "{shown:?}{end}")
        } else {
            write!(f, "{shown}{end}")
        }
    }
}

/// Set in what a string was last looked up for where that is a function.
const FUNCTION: u32 = 1 << 31;

/// An immutable string, shared by reference count.
#[derive(Clone)]
pub struct Str(Rc<StrObject>);

struct StrObject {
    text: CompactString,
    /// How many bytes the text is long, where machine code finds it.
    length: usize,
    home: Home,
}

/// Where a string belongs, in one word, as machine code reads it.
#[repr(C, align(8))]
struct Home {
    /// The code in whose pool the string is, or 0.
    pool: u32,
    /// What the string was for when it last was looked up: where it was among the entries of a dict, or, with [`FUNCTION`], which
    /// function of the code in whose pool it is it names. A good guess for the next time.
    last: Cell<u32>,
}

impl Str {
    /// Set in what a string was last for where that is a function.
    #[cfg(machine_code)]
    pub(crate) const FUNCTION: u32 = FUNCTION;

    /// How many bytes the object behind a string takes.
    #[cfg(machine_code)]
    pub(crate) const OBJECT_SIZE: usize = size_of::<StrObject>();

    /// How many bytes more than it holds a string of that length may keep: only what it holds is counted.
    pub(crate) fn spare(length: usize) -> usize {
        (length / 4).min(64)
    }

    /// A string of that text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self::pooled(text, 0)
    }

    /// A string of two texts, one after the other.
    ///
    /// # Errors
    /// Ends where the host wants it to.
    #[inline]
    pub(crate) fn joined(memory: &Memory<'_>, left: &str, right: &str) -> Result<Self, RuntimeError> {
        if left.len() + right.len() > Self::LONG {
            return Self::joined_in_pieces(memory, left, right);
        }
        memory.work(left.len() + right.len())?;
        Ok(Self::joined_at_once(left, right))
    }

    /// The same of two that are not long together.
    pub(crate) fn joined_at_once(left: &str, right: &str) -> Self {
        Self::of(joined(left, right, 0), 0)
    }

    #[cold]
    fn joined_in_pieces(memory: &Memory<'_>, left: &str, right: &str) -> Result<Self, RuntimeError> {
        let mut text = CompactString::with_capacity(left.len() + right.len());
        for piece in text::pieces(left).chain(text::pieces(right)) {
            text.push_str(piece);
            memory.work(piece.len())?;
        }
        Ok(Self::of(text, 0))
    }

    /// Whether what is done to the whole text is done elsewhere than in specialised code, where the host can end it.
    #[inline(always)]
    pub(crate) fn is_long(&self) -> bool {
        self.0.length > Self::LONG
    }

    /// A string of more bytes than this is long.
    pub(crate) const LONG: usize = 1 << 12;

    /// Makes the string one of two texts where it stands, if nothing else holds it. Gives whether it did.
    pub(crate) fn rewrite(&mut self, left: &str, right: &str) -> bool {
        if without!("rewriting") {
            return false;
        }
        let Some(object) = Rc::get_mut(&mut self.0) else { return false };
        let length = left.len() + right.len();
        let room = length..=length + Self::spare(length);
        let text = if object.text.is_heap_allocated() && room.contains(&object.text.capacity()) {
            let mut text = std::mem::take(&mut object.text);
            text.clear();
            text.push_str(left);
            text.push_str(right);
            text
        } else {
            // What is written over once is likely to be again, by something longer.
            joined(left, right, Self::spare(length))
        };
        // The old one is dropped, and takes what it cost off the count.
        *object = StrObject::of(text, 0);
        true
    }

    /// A string of the pool of the code of that number.
    pub(crate) fn pooled(text: String, pool: u32) -> Self {
        Self::of(text.into(), pool)
    }

    fn of(text: CompactString, pool: u32) -> Self {
        Self(Rc::new(StrObject::of(text, pool)))
    }

    /// Whether the string is in the pool of the code of that number.
    #[inline]
    pub(crate) fn is_pooled(&self, pool: u32) -> bool {
        self.0.home.pool == pool
    }

    /// The hash of the text.
    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        dict::hash_of(&self.0.text)
    }

    /// Whether both have the same text.
    #[inline]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.is_identical(other) || self.0.length == other.0.length && self.0.text == other.0.text
    }

    /// Whether both are one string.
    #[inline]
    fn is_identical(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// What a string of `length` bytes costs.
    #[inline]
    pub(crate) fn cost(length: usize) -> u64 {
        costs::STRING + length as u64
    }

    /// The text.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The function that the string, one of the pool of the code of that number, was found to name in it.
    #[inline]
    pub(crate) fn remembered(&self, code: u32) -> Option<u32> {
        let last = self.0.home.last.get();
        (last & FUNCTION != 0 && self.0.home.pool == code).then_some(last & !FUNCTION)
    }

    /// Remembers the function that the string names in the code of that number, if it is in the pool of that.
    pub(crate) fn remember(&self, code: u32, function: u32) {
        if self.0.home.pool == code && function < FUNCTION {
            self.0.home.last.set(FUNCTION | function);
        }
    }

    /// Where among the entries of a dict the string may be.
    #[inline]
    fn guess(&self) -> usize {
        self.0.home.last.get() as usize
    }

    /// Notes where among the entries of a dict the string is.
    #[inline]
    fn found_at(&self, place: u32) {
        if place < FUNCTION {
            self.0.home.last.set(place);
        }
    }

    /// How many places hold it.
    fn holders(&self) -> usize {
        Rc::strong_count(&self.0)
    }

    fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }
}

/// Two texts, one after the other. Where they need memory of their own, there is room for some more bytes.
fn joined(left: &str, right: &str, spare: usize) -> CompactString {
    let length = left.len() + right.len();
    let mut text = if length <= size_of::<CompactString>() {
        CompactString::new(left)
    } else {
        let mut text = CompactString::with_capacity(length + spare);
        text.push_str(left);
        text
    };
    if !right.is_empty() {
        text.push_str(right);
    }
    text
}

impl StrObject {
    /// A string that was never used for anything. It counts from here on.
    fn of(text: CompactString, pool: u32) -> Self {
        let length = text.len();
        charge(Str::cost(length));
        Self { text, length, home: Home { pool, last: Cell::new(0) } }
    }
}

impl Drop for StrObject {
    fn drop(&mut self) {
        release(Str::cost(self.length));
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn a_value_takes_sixteen_bytes() {
        assert_eq!(size_of::<Value>(), 16);
        assert_eq!(size_of::<Option<Value>>(), 16);
    }
}
