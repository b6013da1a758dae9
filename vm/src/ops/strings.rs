//! Strings, text and printing: S9, S10 and S12 of the specification.

use super::mismatch;
use crate::errors::{Expected, RuntimeError};
use crate::memory::Memory;
use crate::runtime::Output;
use crate::value::{Cut, Str, Value, append_text_in};

/// `r[dst] = text(r[left])` joined with `text(r[right])`.
pub(crate) fn concat_str(memory: &Memory, left: &Value, right: &Value) -> Result<Value, RuntimeError> {
    text_of(memory, &[left, right])
}

/// `r[dst]` = length of `r[str]` in UTF-8 bytes.
#[inline(always)]
pub(crate) fn str_len(str: &Value) -> Result<Value, RuntimeError> {
    let Value::String(text) = str else { return Err(mismatch(Expected::String, str)) };
    // A length in memory fits 63 bits.
    Ok(Value::Int(text.as_str().len() as i64))
}

/// Prints `text(r[src])` and a newline; empty prints nothing at all.
///
/// The text counts as a string while it is printed. The output and the memory each leave some room for it; the smaller
/// room decides, and at equal room the output.
pub(crate) fn debug_print(memory: &Memory, output: &mut Output<'_>, src: &Value) -> Result<(), RuntimeError> {
    if let Value::Empty = src {
        return Ok(());
    }
    // Signed, because there may be less than no room: then, too, the smaller of the two decides.
    let in_memory = i128::from(memory.room()) - i128::from(Str::cost(0));
    let in_output = i128::from(output.room()) - 1;
    if let Ok(room) = usize::try_from(in_memory.min(in_output)) {
        match append_text_in(memory, src, output.line(), room) {
            Ok(()) => return output.print_line(),
            Err(Cut::Ended(error)) => return Err(error),
            Err(Cut::Overflow) => {}
        }
    }
    if in_memory < in_output { Err(memory.exhausted()) } else { Err(output.exhausted()) }
}

/// A string of the texts of some values, one after another.
pub(super) fn text_of(memory: &Memory, values: &[&Value]) -> Result<Value, RuntimeError> {
    let Some(room) = memory.room().checked_sub(Str::cost(0)) else { return Err(memory.exhausted()) };
    let room = room.try_into().unwrap_or(usize::MAX);
    /// In bytes.
    const SHORT: usize = 1 << 12;
    // Two buffers, as two of the values may be numbers.
    let [mut first, mut second] = [itoa::Buffer::new(), itoa::Buffer::new()];
    let pieces = match values {
        [value] => known_text(value, &mut first).map(|text| [text, ""]),
        [left, right] => {
            known_text(left, &mut first).zip(known_text(right, &mut second)).map(<[&str; 2]>::from)
        }
        _ => None,
    };
    if let Some([left, right]) = pieces {
        return if left.len() <= room && right.len() <= room - left.len() {
            Str::joined(memory, left, right).map(Value::String)
        } else {
            Err(memory.exhausted())
        };
    }
    let mut text = String::new();
    for value in values {
        append_text_in(memory, value, &mut text, room).map_err(|cut| match cut {
            Cut::Overflow => memory.exhausted(),
            Cut::Ended(error) => error,
        })?;
    }
    // What grew in steps may have twice the place it needs, and only what it needs is charged. What is short moves to a place of its
    // size, since a block that shrinks where it is leaves a gap too small for anything else.
    if text.len() <= SHORT {
        return Str::joined(memory, &text, "").map(Value::String);
    }
    if text.capacity() - text.len() > Str::spare(text.len()) {
        text.shrink_to_fit();
    }
    Ok(Value::string(text))
}

/// Writes the join of two strings over a value, which may be one of them.
pub(crate) fn join_over(
    memory: &Memory,
    place: &mut Value,
    left: &Str,
    right: &Str,
) -> Result<(), RuntimeError> {
    write_over(memory, place, left.as_str(), right.as_str())
}

/// Writes the text of an int over a value.
pub(crate) fn int_text_over(memory: &Memory, place: &mut Value, number: i64) -> Result<(), RuntimeError> {
    write_over(memory, place, itoa::Buffer::new().format(number), "")
}

/// Writes a string of two texts over a value, which counts until then. A string that nothing else holds is changed
/// in place.
fn write_over(memory: &Memory, place: &mut Value, left: &str, right: &str) -> Result<(), RuntimeError> {
    let length = left.len() + right.len();
    memory.check(Str::cost(length))?;
    if length > Str::LONG {
        *place = Value::String(Str::joined(memory, left, right)?);
        return Ok(());
    }
    memory.work(length)?;
    if let Value::String(old) = place
        && old.rewrite(left, right)
    {
        return Ok(());
    }
    *place = Value::String(Str::joined_at_once(left, right));
    Ok(())
}

/// The text of a value that need not be put together.
fn known_text<'a>(value: &'a Value, buffer: &'a mut itoa::Buffer) -> Option<&'a str> {
    if let Value::String(text) = value {
        return Some(text.as_str());
    }
    if let Value::Int(number) = value { Some(buffer.format(*number)) } else { None }
}
