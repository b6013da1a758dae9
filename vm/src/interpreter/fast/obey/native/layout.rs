//! How values look in memory, as machine code reads them.
//!
//! Tags are declared (`repr(u64)` of [`Value`]). Where a reference-counted object keeps its count, and a vector its length, is
//! for the standard library to choose; it is looked up once, in objects made for that, and where it cannot be told apart, there
//! is no machine code.

use std::sync::OnceLock;

use crate::value::{Array, Str, Value};

/// Tags of values.
pub(super) mod tag {
    pub(in super::super) const EMPTY: i32 = 0;
    pub(in super::super) const BOOL: i32 = 1;
    pub(in super::super) const INT: i32 = 2;
    pub(in super::super) const FLOAT: i32 = 3;
    pub(in super::super) const STRING: i32 = 4;
    pub(in super::super) const ARRAY: i32 = 7;
    pub(in super::super) const DICT: i32 = 8;
    /// Values of tags up to this one stand for themselves; all others begin with a pointer to their count of references.
    pub(in super::super) const LAST_SCALAR: i32 = FLOAT;
    /// No value has a tag beyond this one; where a value may be missing, a tag beyond says so.
    pub(in super::super) const LAST: i32 = DICT;
}

/// Where the payload of a value stands, in bytes.
pub(super) const PAYLOAD: i32 = 8;

/// Where things stand, in bytes from where a payload points to. The count of references is the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// The address of the elements of an array.
    pub(super) items: i32,
    /// How many elements there are.
    pub(super) length: i32,
    /// For how many there is room.
    pub(super) capacity: i32,
    /// How many bytes a string is long.
    pub(super) text_length: i32,
}

impl Layout {
    /// The layout, if machine code can rely on it.
    pub(super) fn get() -> Option<&'static Self> {
        static LAYOUT: OnceLock<Option<Layout>> = OnceLock::new();
        LAYOUT.get_or_init(Self::look).as_ref()
    }

    fn look() -> Option<Self> {
        let tags = [
            (Value::Empty, tag::EMPTY),
            (Value::Bool(true), tag::BOOL),
            (Value::Int(1), tag::INT),
            (Value::Float(1.0), tag::FLOAT),
            (Value::string("a"), tag::STRING),
            (Value::array([]), tag::ARRAY),
            (Value::dict::<String>([]), tag::DICT),
        ];
        if !tags.iter().all(|(value, tag)| words(value)[0] == *tag as u64) {
            return None;
        }
        // Numbers that nothing else in the objects is likely to be.
        let mut items = Vec::with_capacity(7919);
        items.extend([Value::Int(1), Value::Int(2), Value::Int(3)]);
        let (address, capacity) = (items.as_ptr() as u64, items.capacity() as u64);
        let array = Value::Array(Array::new(items));
        let (one, two) = (array.clone(), array.clone());
        let array_words = object::<ARRAY_WORDS>(&array)?;
        drop((one, two));
        let mut text = String::with_capacity(7919);
        text.push_str("eleven byte");
        let string = Value::String(Str::new(text));
        let other = string.clone();
        let string_words = object::<STRING_WORDS>(&string)?;
        drop(other);
        let is_counted = array_words[0] == 3
            && string_words[0] == 2
            && object::<1>(&array)?[0] == 1
            && object::<1>(&string)?[0] == 1;
        let find = |words: &[u64], wanted: u64| {
            let mut found = words.iter().skip(2).zip(2..).filter(|(word, _)| **word == wanted);
            let place: i32 = found.next()?.1;
            found.next().is_none().then_some(place * size_of::<u64>() as i32)
        };
        is_counted.then_some(())?;
        Some(Self {
            items: find(&array_words, address)?,
            length: find(&array_words, 3)?,
            capacity: find(&array_words, capacity)?,
            text_length: find(&string_words, 11)?,
        })
    }
}

/// How many words an array and a string take where their payload points to: two counts, and the object.
const ARRAY_WORDS: usize = 2 + Array::OBJECT_SIZE / size_of::<u64>();
const STRING_WORDS: usize = 2 + Str::OBJECT_SIZE / size_of::<u64>();

/// The tag and the payload of a value. Of a value without payload, the second is whatever stands there.
pub(super) fn words(value: &Value) -> [u64; 2] {
    let mut words = [0; 2];
    // SAFETY: a value is two words, aligned as such, and a word that was never written is copied as bytes and not looked at.
    unsafe {
        let value = std::ptr::from_ref(value).cast::<u64>();
        words[0] = *value;
        if words[0] != tag::EMPTY as u64 {
            std::ptr::copy_nonoverlapping(value.add(1).cast::<u8>(), (&raw mut words[1]).cast::<u8>(), {
                if words[0] == tag::BOOL as u64 { 1 } else { 8 }
            });
        }
    }
    words
}

/// The first words of where the payload of an array or a string points to.
fn object<const N: usize>(value: &Value) -> Option<[u64; N]> {
    if !matches!(value, Value::Array(_) | Value::String(_)) {
        return None;
    }
    let address = words(value)[1] as usize as *const u64;
    if !address.is_aligned() || address.is_null() {
        return None;
    }
    // SAFETY: the payload of these is the pointer of an `Rc`, behind which are two counts and the object; whatever the order of
    // the fields of the object, it has so many words, and none of them is padding.
    Some(std::array::from_fn(|place| unsafe { address.add(place).read() }))
}
