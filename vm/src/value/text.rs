//! The text form of values: `text` of `spec/values.yaml`.

use std::fmt::{self, Write as _};

use super::Value;
use super::walk::{Event, Walk};

/// The text would be longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow;

/// Appends the text form of a value. As soon as `out` would be longer than `limit` bytes it stops: a small value can
/// stand for more text than any memory holds. The first `limit` bytes are appended then, and no more than a character on
/// top.
pub(crate) fn append_text(value: &Value, out: &mut String, limit: usize) -> Result<(), Overflow> {
    for event in Walk::new(value) {
        match event {
            Event::Scalar(value) => append_scalar(&value, out, limit)?,
            Event::ArrayBegin => append("[", out, limit)?,
            Event::ArrayEnd => append("]", out, limit)?,
            Event::DictBegin => append("{", out, limit)?,
            Event::DictEnd => append("}", out, limit)?,
            Event::Separator => append(", ", out, limit)?,
            Event::Key(key) => {
                append(key.as_str(), out, limit)?;
                append(": ", out, limit)?;
            }
            Event::EntryEnd => {}
        }
    }
    Ok(())
}

fn append_scalar(value: &Value, out: &mut String, limit: usize) -> Result<(), Overflow> {
    match value {
        Value::Empty => append("empty", out, limit),
        Value::Bool(value) => append_shown(value, out, limit),
        Value::Int(number) => append(itoa::Buffer::new().format(*number), out, limit),
        // Rust shows a float with the fewest digits that read back the same, and never with an exponent.
        Value::Float(number) => append_shown(number, out, limit),
        Value::String(text) => append(text.as_str(), out, limit),
        Value::Url(text) => append(text, out, limit),
        Value::Function(name) => {
            append("function<", out, limit)?;
            append(name, out, limit)?;
            append(">", out, limit)
        }
        // The walk opens these.
        Value::Array(_) | Value::Dict(_) => Ok(()),
    }
}

/// Appends a number; none is longer than a few hundred bytes, so the limit is looked at afterwards.
fn append_shown(number: &impl fmt::Display, out: &mut String, limit: usize) -> Result<(), Overflow> {
    // Writing to a string cannot fail.
    let _ = write!(out, "{number}");
    if out.len() <= limit { Ok(()) } else { Err(Overflow) }
}

fn append(text: &str, out: &mut String, limit: usize) -> Result<(), Overflow> {
    let room = limit.saturating_sub(out.len());
    if text.len() > room {
        out.push_str(&text[..text.ceil_char_boundary(room)]);
        return Err(Overflow);
    }
    let missing = (out.len() + text.len()).saturating_sub(out.capacity());
    if missing > 0 {
        // A string grows to twice its size, but never beyond what the text may have.
        let more = out.len().clamp(text.len(), room);
        out.reserve_exact(more);
    }
    out.push_str(text);
    Ok(())
}

/// The text up to `limit` bytes, or a little less where a character stands across the cut.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
