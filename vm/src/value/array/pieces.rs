//! Large arrays are made and copied piece by piece, so that the host can end a run in the midst of it.

use std::borrow::Cow;
use std::rc::Rc;

use super::{Array, ArrayObject, code, pack};
use crate::errors::RuntimeError;
use crate::memory::{Memory, charge};
use crate::value::{Value, copies};
use crate::values::costs;

/// So many elements are worked on before the host may be asked whether to go on.
const PIECE: usize = 1 << 14;

/// The places of so many elements, piece by piece.
fn pieces(length: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..length).step_by(PIECE).map(move |start| start..(start + PIECE).min(length))
}

impl Array {
    /// An array of so many empties; `None` where the machine has no memory for it.
    ///
    /// # Errors
    /// Ends where the host wants it to.
    pub(crate) fn of_empties(memory: &Memory<'_>, length: usize) -> Result<Option<Self>, RuntimeError> {
        /// Room for fewer elements is not worth being tried first.
        const MANY: usize = 1 << 16;
        if length >= MANY {
            let words = length.checked_add(length / 8);
            if words.is_none_or(|words| Vec::<u64>::new().try_reserve_exact(words).is_err()) {
                return Ok(None);
            }
        }
        let mut object = ArrayObject::begin();
        object.codes.reserve_exact(length);
        for piece in pieces(length) {
            memory.work(piece.len())?;
            object.codes.extend(std::iter::repeat_n(code::EMPTY, piece.len()));
            charge(Self::cost(piece.len()) - costs::ARRAY);
        }
        Ok(Some(Self(Rc::new(object))))
    }

    /// An array of so many parts, with no more room than it needs.
    ///
    /// # Errors
    /// Ends where the host wants it to.
    pub(crate) fn collect<'v>(
        memory: &Memory<'_>,
        length: usize,
        parts: impl Iterator<Item = Cow<'v, Value>> + Clone,
    ) -> Result<Self, RuntimeError> {
        if length <= PIECE {
            memory.work(length * size_of::<Value>())?;
            return Ok(Self::new(parts.map(Cow::into_owned).collect()));
        }
        let mut is_packed = true;
        for (number, part) in parts.clone().enumerate() {
            if number % PIECE == 0 {
                memory.work(PIECE * size_of::<Value>())?;
            }
            is_packed &= part.is_scalar();
        }
        let mut object = ArrayObject::begin();
        if is_packed {
            object.codes.reserve_exact(length);
        } else {
            object.values.reserve_exact(length);
        }
        for (number, part) in parts.enumerate() {
            if number % PIECE == 0 {
                memory.work(PIECE * size_of::<Value>())?;
            }
            charge(costs::ELEMENT);
            match pack(&part) {
                Some(packed) if is_packed => object.push_packed(packed),
                _ => object.values.push(part.into_owned()),
            }
        }
        Ok(Self(Rc::new(object)))
    }

    /// Copies the elements where they are shared and many, so that no write has to. There is room for more if one is to come.
    ///
    /// # Errors
    /// Ends where the host wants it to, with nothing done.
    pub(crate) fn unshare(&mut self, memory: &Memory<'_>, is_to_grow: bool) -> Result<(), RuntimeError> {
        if self.is_shared() {
            let length = self.len();
            if length <= PIECE {
                return memory.work(length * size_of::<Value>());
            }
            let more = if is_to_grow { ArrayObject::growth(length) } else { 0 };
            self.0 = Rc::new(self.0.copy_in_pieces(memory, more)?);
        }
        Ok(())
    }
}

impl ArrayObject {
    /// An array without elements, which counts from here on.
    fn begin() -> Self {
        charge(costs::ARRAY);
        Self::default()
    }

    /// A copy with room for `more` elements, which is made piece by piece.
    fn copy_in_pieces(&self, memory: &Memory<'_>, more: usize) -> Result<Self, RuntimeError> {
        let room = self.len() + more;
        copies::count(self.len());
        let mut copy = Self::begin();
        if self.values.is_empty() {
            copy.codes.reserve_exact(room);
        } else {
            copy.values.reserve_exact(room);
        }
        if !self.words.is_empty() {
            copy.words.reserve_exact(room);
        }
        for piece in pieces(self.len()) {
            memory.work(piece.len() * size_of::<Value>())?;
            charge(piece.len() as u64 * costs::ELEMENT);
            if self.values.is_empty() {
                copy.codes.extend_from_slice(&self.codes[piece.clone()]);
            } else {
                copy.values.extend_from_slice(&self.values[piece.clone()]);
            }
            if !self.words.is_empty() {
                copy.words.extend_from_slice(&self.words[piece]);
            }
        }
        Ok(copy)
    }
}
