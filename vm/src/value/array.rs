//! Arrays. Scalars are packed: a number takes nine bytes and any other one byte, where a value takes sixteen.

mod pieces;

use std::borrow::Cow;
use std::rc::Rc;

use thin_vec::ThinVec;

use super::{Value, copies, drop};
use crate::memory::{charge, release};
use crate::values::costs;

/// An array, shared by reference count and copied when it is written while shared.
#[derive(Clone)]
pub struct Array(Rc<ArrayObject>);

/// The elements stand in `codes` and `words` while all of them are scalars, and from the first other one on in `values`. Either
/// `values` is empty, or both of the others are. A number that is the only element is a value, too: two vectors of one element
/// take more than one.
#[derive(Default)]
pub(crate) struct ArrayObject {
    /// What each element is; see [`code`].
    codes: ThinVec<u8>,
    /// The number of each element that is one, in its bits; of others it means nothing. There are as many as there are codes, or
    /// none at all while no element was ever a number.
    words: ThinVec<u64>,
    values: ThinVec<Value>,
}

/// What a packed element is. The first bits are the tag of the value, the last one is set where it is `true`.
pub(crate) mod code {
    pub(crate) const EMPTY: u8 = 0;
    pub(crate) const FALSE: u8 = 1;
    pub(crate) const TRUE: u8 = FALSE | 1 << TRUTH;
    pub(crate) const INT: u8 = 2;
    pub(crate) const FLOAT: u8 = 3;
    /// The place of the bit that tells `true` from `false`.
    pub(crate) const TRUTH: u8 = 7;

    /// Whether a word belongs to the code.
    pub(crate) const fn is_number(code: u8) -> bool {
        matches!(code, INT | FLOAT)
    }
}

/// A scalar as it is packed; `None` for what is no scalar.
#[inline(always)]
fn pack(value: &Value) -> Option<(u8, u64)> {
    match value {
        Value::Empty => Some((code::EMPTY, 0)),
        Value::Bool(value) => Some((if *value { code::TRUE } else { code::FALSE }, 0)),
        Value::Int(number) => Some((code::INT, number.cast_unsigned())),
        Value::Float(number) => Some((code::FLOAT, number.to_bits())),
        Value::String(_) | Value::Function(_) | Value::Url(_) | Value::Array(_) | Value::Dict(_) => None,
    }
}

/// The scalar that was packed so.
#[inline(always)]
fn unpack(code: u8, word: u64) -> Value {
    match code {
        code::INT => Value::Int(word.cast_signed()),
        code::FLOAT => Value::Float(f64::from_bits(word)),
        code::FALSE => Value::Bool(false),
        code::TRUE => Value::Bool(true),
        _ => Value::Empty,
    }
}

impl Array {
    /// How many bytes the object behind an array takes.
    #[cfg(machine_code)]
    pub(crate) const OBJECT_SIZE: usize = size_of::<ArrayObject>();

    /// An array of those elements.
    #[must_use]
    pub fn new(items: Vec<Value>) -> Self {
        charge(Self::cost(items.len()));
        let mut object = ArrayObject::default();
        if items.iter().all(Value::is_scalar) && !matches!(&*items, [Value::Int(_) | Value::Float(_)]) {
            object.codes.reserve_exact(items.len());
            for packed in items.iter().filter_map(pack) {
                object.push_packed(packed);
            }
        } else {
            object.values.reserve_exact(items.len());
            object.values.extend(items);
        }
        Self(Rc::new(object))
    }

    /// What an array of `length` elements costs.
    #[inline]
    pub(crate) fn cost(length: usize) -> u64 {
        Self::cost_of(length as u64)
    }

    /// The same for a length that the program gives, which memory may be too small to hold.
    #[inline]
    pub(crate) fn cost_of(length: u64) -> u64 {
        length.saturating_mul(costs::ELEMENT).saturating_add(costs::ARRAY)
    }

    /// The place of an index, past every array where it is below zero or more than an address can be.
    #[inline(always)]
    pub(crate) fn place(index: impl Into<i64>) -> usize {
        let index = index.into();
        if usize::BITS < i64::BITS {
            usize::try_from(index).unwrap_or(usize::MAX)
        } else {
            // An index below zero becomes one past 2⁶³.
            index as usize
        }
    }

    /// How many elements there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at an index. It is borrowed where it is no scalar.
    ///
    /// ```
    /// use machine_dialect_vm::{Array, Value};
    ///
    /// let array = Array::new(vec![Value::Int(1), Value::Float(0.5)]);
    /// assert_eq!(array.get(1).as_deref(), Some(&Value::Float(0.5)));
    /// assert!(array.get(2).is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Cow<'_, Value>> {
        match self.scalar(index) {
            Some(scalar) => Some(Cow::Owned(scalar)),
            None => self.values().get(index).map(Cow::Borrowed),
        }
    }

    /// The elements, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Cow<'_, Value>> {
        // Each index has an element.
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// The elements, unless all of them are scalars.
    #[inline(always)]
    pub(crate) fn values(&self) -> &[Value] {
        &self.0.values
    }

    /// The element at an index, if all elements are scalars.
    #[inline(always)]
    pub(crate) fn scalar(&self, index: usize) -> Option<Value> {
        let (code, word) = self.0.packed(index)?;
        Some(unpack(code, word))
    }

    /// The int at an index, if there is one.
    #[inline(always)]
    pub(crate) fn int(&self, index: usize) -> Option<i64> {
        match self.0.packed(index) {
            Some((code, word)) => (code == code::INT).then_some(word.cast_signed()),
            None => {
                if let Some(Value::Int(number)) = self.values().get(index) {
                    Some(*number)
                } else {
                    None
                }
            }
        }
    }

    /// The float at an index, if there is one.
    #[inline(always)]
    pub(crate) fn float(&self, index: usize) -> Option<f64> {
        match self.0.packed(index) {
            Some((code, word)) => (code == code::FLOAT).then_some(f64::from_bits(word)),
            None => {
                if let Some(Value::Float(number)) = self.values().get(index) {
                    Some(*number)
                } else {
                    None
                }
            }
        }
    }

    /// The bool at an index, if there is one.
    #[inline(always)]
    pub(crate) fn bool(&self, index: usize) -> Option<bool> {
        match self.0.packed(index) {
            Some((code::TRUE, _)) => Some(true),
            Some((code::FALSE, _)) => Some(false),
            Some(_) => None,
            None => {
                if let Some(Value::Bool(value)) = self.values().get(index) {
                    Some(*value)
                } else {
                    None
                }
            }
        }
    }

    /// Whether a write would have to copy.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        Rc::strong_count(&self.0) > 1
    }

    /// Whether both are one array.
    #[inline]
    pub(crate) fn is_identical(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The element at an index, to be changed, unless all of them are scalars or the array is shared.
    #[inline(always)]
    pub(crate) fn value_mut(&mut self, index: usize) -> Option<&mut Value> {
        Rc::get_mut(&mut self.0)?.values.get_mut(index)
    }

    /// Whether both are one array, which nothing else holds.
    pub(crate) fn is_twin(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0) && Rc::strong_count(&self.0) == 2
    }

    /// Writes a scalar over a scalar, if the array is not shared. Gives whether it did.
    #[inline(always)]
    pub(crate) fn set_scalar(&mut self, index: usize, value: Value) -> bool {
        let Some(object) = Rc::get_mut(&mut self.0) else { return false };
        if let Some(place) = object.codes.get_mut(index)
            && let Some((code, number)) = pack(&value)
        {
            if code::is_number(code) {
                let Some(word) = object.words.get_mut(index) else { return false };
                *word = number;
            }
            *place = code;
            return true;
        }
        if let Some(item) = object.values.get_mut(index)
            && item.is_scalar()
        {
            *item = value;
            return true;
        }
        false
    }

    /// Appends an element, which is to have that index, if nothing is in the way: another index, another holder, or that more
    /// room had to be found for the elements. Gives the element back where something is.
    #[inline(always)]
    pub(crate) fn append(&mut self, index: usize, value: Value) -> Result<(), Value> {
        let Some(object) = Rc::get_mut(&mut self.0) else { return Err(value) };
        if index != object.len() || object.is_full() {
            return Err(value);
        }
        if !object.values.is_empty() {
            object.values.push(value);
        } else if let Some(packed) = pack(&value)
            && (!code::is_number(packed.0) || !object.words.is_empty())
        {
            object.push_packed(packed);
        } else {
            return Err(value);
        }
        charge(costs::ELEMENT);
        Ok(())
    }

    /// Appends an element, to a copy where the array is shared.
    #[inline]
    pub(crate) fn push(&mut self, value: Value) {
        if let Some(object) = Rc::get_mut(&mut self.0) {
            object.push(value);
        } else {
            // The copy is made with the room that it needs, so that it need not grow at once.
            let mut object = self.0.copy(ArrayObject::growth(self.len()));
            object.push(value);
            self.0 = Rc::new(object);
        }
    }

    /// The elements, to be changed; copied first where they are shared.
    #[inline]
    pub(crate) fn make_unshared(&mut self) -> &mut ArrayObject {
        Rc::make_mut(&mut self.0)
    }

    /// Where the codes, the words and the values of the elements are.
    #[cfg(machine_code)]
    pub(crate) fn addresses(&self) -> [*const u8; 3] {
        let ArrayObject { codes, words, values } = &*self.0;
        [codes.as_ptr(), words.as_ptr().cast(), values.as_ptr().cast()]
    }

    /// How many places hold it.
    #[inline]
    pub(crate) fn holders(&self) -> usize {
        Rc::strong_count(&self.0)
    }

    #[inline]
    pub(crate) fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }

    /// The object, if nothing else holds it.
    pub(super) fn object_mut(&mut self) -> Option<&mut ArrayObject> {
        Rc::get_mut(&mut self.0)
    }
}

impl ArrayObject {
    /// So many elements are a large array. It grows by a quarter where a small one grows by half, so that the room it keeps is
    /// little against the memory that a run may have. (Of arrays that double, a program can have many that each just did.)
    const LARGE: usize = 1 << 16;

    /// For how many elements more an array of `length` makes room when it grows.
    fn growth(length: usize) -> usize {
        if length < Self::LARGE { (length / 2).max(1) } else { length / 4 }
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.codes.len() + self.values.len()
    }

    /// Whether there is no room for another element like the others.
    #[inline(always)]
    fn is_full(&self) -> bool {
        if self.values.is_empty() {
            self.codes.len() == self.codes.capacity()
        } else {
            self.values.len() == self.values.capacity()
        }
    }

    #[inline(always)]
    fn packed(&self, index: usize) -> Option<(u8, u64)> {
        let code = *self.codes.get(index)?;
        Some((code, self.words.get(index).copied().unwrap_or_default()))
    }

    #[inline]
    pub(crate) fn set(&mut self, index: usize, value: Value) {
        if self.values.is_empty() {
            match pack(&value) {
                Some((code, word)) if self.codes.len() > 1 || !code::is_number(code) => {
                    if code::is_number(code) {
                        self.make_words();
                        self.words[index] = word;
                    }
                    self.codes[index] = code;
                    return;
                }
                _ => self.unpack(0),
            }
        }
        self.values[index] = value;
    }

    #[inline]
    fn push(&mut self, value: Value) {
        charge(costs::ELEMENT);
        let more = Self::growth(self.len());
        if let ([first], Some(_)) = (&*self.values, pack(&value))
            && let Some(first) = pack(first)
        {
            self.values = ThinVec::new();
            self.codes.reserve_exact(1 + more);
            self.push_packed(first);
        }
        if self.values.is_empty() {
            if let Some(packed) = pack(&value)
                && !(self.codes.is_empty() && code::is_number(packed.0))
            {
                if self.is_full() {
                    self.codes.reserve_exact(more);
                }
                self.push_packed(packed);
                return;
            }
            self.unpack(more);
        } else if self.is_full() {
            self.values.reserve_exact(more);
        }
        self.values.push(value);
    }

    /// Appends an element to those that are packed. There is as much room for words, if there are any, as for codes.
    #[inline]
    fn push_packed(&mut self, (code, word): (u8, u64)) {
        if code::is_number(code) {
            self.make_words();
        }
        if code::is_number(code) || !self.words.is_empty() {
            if self.words.len() == self.words.capacity() {
                self.words.reserve_exact(self.codes.capacity() - self.words.len());
            }
            self.words.push(word);
        }
        self.codes.push(code);
    }

    /// Makes words for all elements, if there are none, for a number is coming.
    #[inline(always)]
    fn make_words(&mut self) {
        #[cold]
        fn make(object: &mut ArrayObject) {
            object.words.reserve_exact(object.codes.capacity());
            object.words.extend(std::iter::repeat_n(0, object.codes.len()));
        }
        if self.words.is_empty() {
            make(self);
        }
    }

    /// Makes values of all elements, and room for `more`.
    #[cold]
    fn unpack(&mut self, more: usize) {
        let mut values = ThinVec::with_capacity(self.codes.len() + more);
        values.extend(
            (0..self.codes.len())
                .filter_map(|index| self.packed(index))
                .map(|(code, word)| unpack(code, word)),
        );
        self.codes = ThinVec::new();
        self.words = ThinVec::new();
        self.values = values;
    }

    /// A copy with room for `more` elements.
    fn copy(&self, more: usize) -> Self {
        copies::count(self.len());
        charge(Array::cost(self.len()));
        let Self { codes, words, values } = self;
        let mut copy = Self { codes: codes.clone(), words: words.clone(), values: values.clone() };
        if values.is_empty() {
            copy.codes.reserve_exact(more);
        } else {
            copy.values.reserve_exact(more);
        }
        if !words.is_empty() {
            copy.words.reserve_exact(more);
        }
        copy
    }

    /// The elements, unless all of them are scalars.
    pub(super) fn values_mut(&mut self) -> &mut [Value] {
        &mut self.values
    }

    /// Takes the last element out, unless all of them are scalars.
    pub(super) fn take_last(&mut self) -> Option<Value> {
        let last = self.values.pop()?;
        release(costs::ELEMENT);
        Some(last)
    }
}

impl Clone for ArrayObject {
    fn clone(&self) -> Self {
        self.copy(0)
    }
}

impl Drop for ArrayObject {
    fn drop(&mut self) {
        release(Array::cost(self.len()));
        if self.values.iter().any(drop::is_container) {
            drop::drop_values(std::mem::take(&mut self.values));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is done to an array is done to a vector, too, and both are alike after each step.
    #[test]
    fn scalars_are_packed_and_unpacked_without_a_difference() {
        let scalars = [
            Value::Empty,
            Value::Bool(false),
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Int(-1),
            Value::Float(-0.0),
            Value::Float(f64::INFINITY),
        ];
        for others in 0..3 {
            let mut array = Array::new(Vec::new());
            let mut items: Vec<Value> = Vec::new();
            let mut is_packed = true;
            for step in 0..300_usize {
                let value = match (step, others) {
                    (100, 1) => Value::string("a"),
                    (200, 1 | 2) => Value::array([Value::Int(1)]),
                    _ => scalars[step % scalars.len()].clone(),
                };
                is_packed &= value.is_scalar();
                if step % 5 == 4 {
                    let place = step * 7 % items.len();
                    array.make_unshared().set(place, value.clone());
                    items[place] = value;
                } else {
                    let before = array.clone();
                    array.push(value.clone());
                    assert_eq!(before.len(), items.len());
                    items.push(value);
                }
                let shown: Vec<Value> = array.iter().map(Cow::into_owned).collect();
                assert_eq!(format!("{shown:?}"), format!("{items:?}"));
                assert_eq!(array.values().is_empty(), is_packed);
                assert_eq!(array.len(), items.len());
            }
        }
    }

    #[test]
    fn an_array_takes_three_words() {
        assert_eq!(size_of::<ArrayObject>(), 24);
    }

    #[test]
    fn there_are_words_for_numbers_only() {
        let mut array = Array::new(vec![Value::Bool(true), Value::Empty]);
        array.push(Value::Bool(false));
        assert!(array.0.words.is_empty());
        array.make_unshared().set(1, Value::Int(7));
        assert_eq!(array.0.words[..], [0, 7, 0]);
        array.push(Value::Empty);
        assert_eq!((array.0.words.len(), array.scalar(1)), (4, Some(Value::Int(7))));
    }
}
