//! How values look in memory, as machine code reads them.
//!
//! Tags are declared (`repr(u64)` of [`Value`]). Where a reference-counted object keeps its count, and a vector its length, is
//! for the standard library to choose; it is looked up once, in objects made for that, and where it cannot be told apart, there
//! is no machine code.

use std::sync::OnceLock;

use crate::value::array::code;
use crate::value::{Array, Str, Value};

/// Tags of values.
pub(crate) mod tag {
    pub(crate) const EMPTY: i32 = 0;
    pub(crate) const BOOL: i32 = 1;
    pub(crate) const INT: i32 = 2;
    pub(crate) const FLOAT: i32 = 3;
    pub(crate) const STRING: i32 = 4;
    pub(crate) const ARRAY: i32 = 7;
    pub(crate) const DICT: i32 = 8;
    /// Values of tags up to this one are scalars; all others begin with a pointer to their count of references.
    pub(crate) const LAST_SCALAR: i32 = FLOAT;
    /// No value has a tag beyond this one; where a value may be missing, a tag beyond says so.
    pub(crate) const LAST: i32 = DICT;
}

/// Where the payload of a value is, in bytes.
pub(crate) const PAYLOAD: i32 = 8;

/// Where things are in a vector of one word, in bytes from where that points to.
pub(crate) mod thin {
    /// How many elements there are.
    pub(crate) const LENGTH: i32 = 0;
    /// For how many there is room.
    pub(crate) const CAPACITY: i32 = 8;
    /// The elements.
    pub(crate) const ITEMS: i32 = 16;
}

/// Where things are, in bytes from where a payload points to. The count of references is the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// The address of the vector of the codes of an array, which is a [`thin`] one.
    pub(crate) codes: i32,
    /// The address of the vector of the words, a [`thin`] one, too.
    pub(crate) words: i32,
    /// The address of the vector of the values, as well.
    pub(crate) values: i32,
    /// How many bytes a string is long.
    pub(crate) text_length: i32,
    /// The pool that a string is in, and four bytes behind, what it was last for: which function it names, with
    /// [`Str::FUNCTION`].
    pub(crate) home: i32,
}

impl Layout {
    /// The layout, if machine code can rely on it.
    pub(crate) fn get() -> Option<&'static Self> {
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
        // A global that is not there: its word must be none of the tags above.
        let missing: Option<Value> = None;
        // SAFETY: a missing value has a tag of its own type in the first word, which is written.
        let niche = unsafe { *(&raw const missing).cast::<u64>() };
        if size_of::<Option<Value>>() != size_of::<Value>() || niche <= tag::LAST as u64 {
            return None;
        }
        let mut packed = Array::new(Vec::new());
        for number in 1..=LENGTH {
            packed.push(Value::Int(number as i64));
        }
        let packed = [Value::Array(packed.clone()), Value::Array(packed)];
        let [codes, words, _] = addresses(&packed[0])?;
        let packed_words = object::<ARRAY_WORDS>(&packed[0])?;
        let unpacked = Value::array(vec![Value::string("a"); LENGTH as usize]);
        let [_, _, values] = addresses(&unpacked)?;
        let values_words = object::<ARRAY_WORDS>(&unpacked)?;
        let mut text = String::with_capacity(7919);
        text.push_str("eleven byte");
        let string = Value::String(Str::new(text));
        let other = string.clone();
        let string_words = object::<STRING_WORDS>(&string)?;
        drop(other);
        let name = Str::pooled("eleven byte".to_owned(), POOL);
        name.remember(POOL, FUNCTION);
        let name_words = object::<STRING_WORDS>(&Value::String(name))?;
        let is_counted = packed_words[0] == 2
            && string_words[0] == 2
            && values_words[0] == 1
            && object::<1>(&string)?[0] == 1;
        let find = |words: &[u64], wanted: u64| {
            let mut found = words.iter().skip(2).zip(2..).filter(|(word, _)| **word == wanted);
            let place: i32 = found.next()?.1;
            found.next().is_none().then_some(place * size_of::<u64>() as i32)
        };
        is_counted.then_some(())?;
        let layout = Self {
            codes: find(&packed_words, codes - thin::ITEMS as u64)?,
            words: find(&packed_words, words - thin::ITEMS as u64)?,
            values: find(&values_words, values - thin::ITEMS as u64)?,
            text_length: find(&string_words, 11)?,
            home: find(&name_words, u64::from(POOL) | u64::from(Str::FUNCTION | FUNCTION) << 32)?,
        };
        // SAFETY: the vectors have elements, so that their headers, of two words, are before those.
        let headers = [codes, words, values].map(|items| unsafe { header(items) });
        (headers == [[LENGTH, CAPACITY], [LENGTH, CAPACITY], [LENGTH, LENGTH]]).then_some(layout)
    }
}

/// How many elements the arrays have that are looked at, and for how many there is room when they came one by one.
const LENGTH: u64 = 5;
const CAPACITY: u64 = 6;

/// The pool of a string that is looked at, and the function that it names.
const POOL: u32 = 7907;
const FUNCTION: u32 = 7901;

/// Where the codes, the words and the values of an array are.
fn addresses(array: &Value) -> Option<[u64; 3]> {
    let Value::Array(array) = array else { return None };
    Some(array.addresses().map(|address| address as u64))
}

/// How many elements a vector of one word has, and for how many there is room.
///
/// # Safety
///
/// `items` must be the address of its elements, and there must be some.
unsafe fn header(items: u64) -> [u64; 2] {
    let header = items as usize - thin::ITEMS as usize;
    let word = |place: i32| (header + place as usize) as *const u64;
    // SAFETY: a vector that has elements has room for two counts before them.
    [thin::LENGTH, thin::CAPACITY].map(|place| unsafe { *word(place) })
}

/// How many words an array and a string take where their payload points to: two counts, and the object.
const ARRAY_WORDS: usize = 2 + Array::OBJECT_SIZE / size_of::<u64>();
const STRING_WORDS: usize = 2 + Str::OBJECT_SIZE / size_of::<u64>();

/// The tag and the payload of a value. Of a value without payload, the second is whatever is there.
pub(crate) fn words(value: &Value) -> [u64; 2] {
    let value = std::ptr::from_ref(value).cast::<u64>();
    // SAFETY: a value is two words, aligned as such, and begins with its tag.
    let tag = unsafe { *value };
    let payload = value.wrapping_add(1);
    let payload = match tag {
        tag if tag == tag::EMPTY as u64 => 0,
        // SAFETY: the payload of a bool is one byte.
        tag if tag == tag::BOOL as u64 => u64::from(unsafe { *payload.cast::<u8>() }),
        // SAFETY: the payload of all others is a word.
        _ => unsafe { *payload },
    };
    [tag, payload]
}

/// Codes of scalars are tags.
const _: () = assert!(
    code::EMPTY as i32 == tag::EMPTY
        && code::FALSE as i32 == tag::BOOL
        && code::INT as i32 == tag::INT
        && code::FLOAT as i32 == tag::FLOAT
);

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
    Some(std::array::from_fn(|place| unsafe { *address.wrapping_add(place) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_found() {
        let layout = Layout::get().unwrap();
        let places = [layout.codes, layout.words, layout.values];
        assert!(places.iter().all(|place| *place >= 16 && place % 8 == 0), "{layout:?}");
        assert!(places[0] != places[1] && places[1] != places[2] && places[0] != places[2]);
        assert!(layout.home >= 16 && layout.home != layout.text_length);
    }

    #[test]
    fn values_are_a_tag_and_a_payload() {
        assert_eq!(words(&Value::Int(-1)), [tag::INT as u64, u64::MAX]);
        assert_eq!(words(&Value::Float(1.5)), [tag::FLOAT as u64, 1.5_f64.to_bits()]);
        assert_eq!(words(&Value::Bool(true)), [tag::BOOL as u64, 1]);
        assert_eq!(words(&Value::Empty)[0], tag::EMPTY as u64);
    }
}
