//! The text form of values: `text` of `spec/values.yaml`.

use std::fmt::{self, Write as _};

use super::{Array, Dict, Value};

/// The text would be longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow;

/// Appends the text form of a value. As soon as `out` would be longer than `limit` bytes it stops: a small value can
/// stand for more text than any memory holds. The first `limit` bytes are appended then, and no more than a character on top.
pub(crate) fn append_text(value: &Value, out: &mut String, limit: usize) -> Result<(), Overflow> {
    let mut open = Vec::new();
    let mut next = Some(value);
    loop {
        if let Some(value) = next.take() {
            append_opening(value, out, limit)?;
            match value {
                Value::Array(array) => open.push(Open::Array(array, 0)),
                Value::Dict(dict) => open.push(Open::Dict(dict, 0)),
                Value::Empty
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::String(_)
                | Value::Function(_)
                | Value::Url(_) => {}
            }
        }
        match open.last_mut() {
            None => return Ok(()),
            Some(Open::Array(array, position)) => match array.items().get(*position) {
                Some(item) => {
                    if *position > 0 {
                        append(", ", out, limit)?;
                    }
                    *position += 1;
                    next = Some(item);
                }
                None => {
                    append("]", out, limit)?;
                    open.pop();
                }
            },
            Some(Open::Dict(dict, position)) => match dict.next_entry(*position) {
                Some((behind, key, item)) => {
                    if *position > 0 {
                        append(", ", out, limit)?;
                    }
                    append(key.as_str(), out, limit)?;
                    append(": ", out, limit)?;
                    *position = behind;
                    next = Some(item);
                }
                None => {
                    append("}", out, limit)?;
                    open.pop();
                }
            },
        }
    }
}

/// A container whose text is begun, and the position of its next part.
enum Open<'a> {
    Array(&'a Array, usize),
    Dict(&'a Dict, usize),
}

fn append_opening(value: &Value, out: &mut String, limit: usize) -> Result<(), Overflow> {
    match value {
        Value::Empty => append("empty", out, limit),
        Value::Bool(true) => append("true", out, limit),
        Value::Bool(false) => append("false", out, limit),
        Value::String(text) => append(text.as_str(), out, limit),
        Value::Url(text) => append(text, out, limit),
        Value::Array(_) => append("[", out, limit),
        Value::Dict(_) => append("{", out, limit),
        Value::Int(number) => append_shown(number, out, limit),
        // Rust shows a float with the fewest digits that read back the same, and never with an exponent.
        Value::Float(number) => append_shown(number, out, limit),
        Value::Function(name) => {
            append("function<", out, limit)?;
            append(name, out, limit)?;
            append(">", out, limit)
        }
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
    out.push_str(text);
    Ok(())
}

/// The text up to `limit` bytes, or a little less where a character stands across the cut.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
