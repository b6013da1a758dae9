//! The text form of values: `text` of `spec/values.yaml`.

use std::fmt::{self, Write as _};

use super::Value;
use super::walk::{Event, Walk};
use crate::errors::RuntimeError;
use crate::memory::Memory;
use crate::watch::Watch;

/// The text would be longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow;

/// Why a text was not appended whole.
#[derive(Debug)]
pub(crate) enum Cut {
    /// It would be longer than it may be.
    Overflow,
    /// The host wants the run to end.
    Ended(RuntimeError),
}

impl From<Overflow> for Cut {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}

impl From<RuntimeError> for Cut {
    fn from(error: RuntimeError) -> Self {
        Self::Ended(error)
    }
}

/// Appends the text form of a value, for as long as it takes; see [`append_text_in`].
pub(crate) fn append_text(value: &Value, out: &mut String, limit: usize) -> Result<(), Overflow> {
    append_text_in(&Memory::unlimited(), value, out, limit).map_err(|_| Overflow)
}

/// Appends the text form of a value in a run. As soon as `out` would be longer than `limit` bytes it stops: a small value can
/// stand for more text than any memory holds. The first `limit` bytes are appended then, and no more than a character on
/// top.
pub(crate) fn append_text_in(
    memory: &Memory<'_>,
    value: &Value,
    out: &mut String,
    limit: usize,
) -> Result<(), Cut> {
    /// What it takes to come from one part to the next, as so many bytes.
    const STEP: usize = 32;
    /// The work of so many bytes is counted at once.
    const COUNTED: usize = 1 << 12;
    let (mut work, mut counted) = (0, out.len());
    for event in Walk::new(value) {
        work += STEP;
        if work + (out.len() - counted) >= COUNTED {
            memory.count(work + (out.len() - counted))?;
            (work, counted) = (0, out.len());
        }
        match event {
            Event::Scalar(value) => {
                if let Value::String(text) = &*value {
                    for piece in pieces(text.as_str()) {
                        append(piece, out, limit)?;
                        memory.work(piece.len())?;
                    }
                    counted = out.len();
                } else {
                    append_scalar(&value, out, limit)?;
                }
            }
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
        Value::Url(text) => append(text, out, limit),
        Value::Function(name) => {
            append("function<", out, limit)?;
            append(name, out, limit)?;
            append(">", out, limit)
        }
        // These are appended piece by piece, and the walk opens those.
        Value::String(_) | Value::Array(_) | Value::Dict(_) => Ok(()),
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

/// A text piece by piece: none is long enough for the host to have to wait for it.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(Watch::PORTION));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The text up to `limit` bytes, or a little less where a character is across the cut.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
