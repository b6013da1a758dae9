//! Values as JSON, in the form that outcomes use (`json` of `spec/values.yaml`).

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use super::Value;
use super::walk::{Event, Walk};
use crate::escape::{visible_json, visible_start};
use crate::values::{OUTCOME_WEIGHT_LIMIT, TypeId};

/// Appends the JSON of a value, or of a note that it was left out where it is over `outcome_weight_limit` of
/// `spec/values.yaml`.
pub(crate) fn append_json(value: &Value, out: &mut String) {
    if is_over_weight(value) {
        let _ = write!(out, r#"{{"elided": "{}"}}"#, value.type_id());
        return;
    }
    for event in Walk::new(value) {
        match event {
            Event::Scalar(value) => append_scalar(&value, out),
            Event::ArrayBegin => out.push('['),
            Event::ArrayEnd => out.push(']'),
            Event::DictBegin => out.push_str(r#"{"dict": ["#),
            Event::DictEnd => out.push_str("]}"),
            Event::Separator => out.push_str(", "),
            Event::Key(key) => {
                out.push('[');
                append_string(key.as_str(), out);
                out.push_str(", ");
            }
            Event::EntryEnd => out.push(']'),
        }
    }
}

pub(crate) fn append_scalar(value: &Value, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(number) => write!(out, "{number}"),
        Value::Float(number) if number.is_nan() => write!(out, r#"{{"float": "nan"}}"#),
        Value::Float(number) => write!(out, r#"{{"float": "{number}"}}"#),
        Value::String(text) => return append_string(text.as_str(), out),
        Value::Function(name) => return append_named("function", name, out),
        Value::Url(text) => return append_named("url", text, out),
        // The walk opens arrays and dicts.
        Value::Empty | Value::Array(_) | Value::Dict(_) => write!(out, "null"),
    };
}

fn append_named(name: &str, text: &str, out: &mut String) {
    let _ = write!(out, r#"{{"{name}": "#);
    append_string(text, out);
    out.push('}');
}

/// Appends a JSON string, with what cannot be seen escaped.
pub(crate) fn append_string(text: &str, out: &mut String) {
    // A string always has a JSON form.
    out.push_str(&visible_json(&serde_json::Value::from(text).to_string()));
}

fn is_over_weight(value: &Value) -> bool {
    let mut weight: u64 = 0;
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        weight += 1;
        match value {
            Value::String(text) => weight += text.as_str().len() as u64,
            Value::Function(text) | Value::Url(text) => weight += text.len() as u64,
            Value::Array(array) => {
                if array.len() as u64 > OUTCOME_WEIGHT_LIMIT {
                    return true;
                }
                // A scalar weighs 1.
                weight += (array.len() - array.values().len()) as u64;
                pending.extend(array.values());
            }
            Value::Dict(dict) => {
                if dict.len() as u64 > OUTCOME_WEIGHT_LIMIT {
                    return true;
                }
                for (key, value) in dict.iter() {
                    weight += key.as_str().len() as u64;
                    pending.push(value);
                }
            }
            Value::Empty | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
        // What waits weighs 1 at least.
        if weight + pending.len() as u64 > OUTCOME_WEIGHT_LIMIT {
            return true;
        }
    }
    false
}

impl Value {
    /// Reads the JSON form of a value. An int is a JSON integer of 64 bits; a plain JSON float is taken for a float, too.
    ///
    /// ```
    /// use machine_dialect_vm::Value;
    ///
    /// let value = Value::from_json(r#"{"dict": [["size", {"float": "1.5"}]]}"#).unwrap();
    /// assert_eq!(value, Value::dict([("size", Value::Float(1.5))]));
    /// ```
    ///
    /// # Errors
    /// Says what is no value.
    pub fn from_json(text: &str) -> Result<Self, String> {
        // Where it is no JSON at all, that is what is wrong with it.
        let _: &serde_json::value::RawValue =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        from_json(&parse_exactly(text)?)
    }

    /// The JSON form of the value. One that stands for more text than an outcome may hold is left out, and a note takes
    /// its place.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        append_json(self, &mut out);
        out
    }
}

/// Parses JSON in which integers are ints. The parser makes floats, which are other values, of those that do not fit 64 bits, and of
/// `-0`, which is 0.
///
/// # Errors
/// Names the first integer that does not fit 64 bits, or what is no JSON.
pub(crate) fn parse_exactly(json: &str) -> Result<serde_json::Value, String> {
    let mut text = Cow::Borrowed(json);
    for place in integers(json) {
        let number = &json[place.clone()];
        if number.parse::<i64>().is_err() {
            return Err(no_int(number));
        }
        if number == "-0" {
            // As long as before, so that all else stays where it is.
            text.to_mut().replace_range(place, " 0");
        }
    }
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// Where the numbers without fraction and exponent are in a JSON text.
fn integers(json: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = json.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(byte) = bytes.get(at) {
            let begin = at;
            at += 1;
            match byte {
                b'"' => {
                    while let Some(byte) = bytes.get(at).filter(|byte| **byte != b'"') {
                        at += if *byte == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                    at += bytes[at..].iter().take_while(is_part).count();
                    if !json[begin..at].contains(['.', 'e', 'E']) {
                        return Some(begin..at);
                    }
                }
                _ => {}
            }
        }
        None
    })
}

/// Says that a number is no int; one of very many digits is not shown whole.
fn no_int(number: &str) -> String {
    format!("{} does not fit an int of 64 bits", visible_start(number, 40))
}

/// The value that parsed JSON stands for. Parsing bounds how deep it nests, so this may recurse.
pub(crate) fn from_json(json: &serde_json::Value) -> Result<Value, String> {
    use serde_json::Value as Json;
    match json {
        Json::Null => Ok(Value::Empty),
        Json::Bool(value) => Ok(Value::Bool(*value)),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Ok(Value::Int(number)),
            (None, None, Some(number)) => Ok(Value::Float(number)),
            _ => Err(no_int(&number.to_string())),
        },
        Json::String(text) => Ok(Value::string(text.as_str())),
        Json::Array(items) => items.iter().map(from_json).collect::<Result<Vec<_>, _>>().map(Value::array),
        Json::Object(fields) => {
            let mut fields = fields.iter();
            match (fields.next(), fields.next()) {
                (Some((name, field)), None) => from_tagged(name, field),
                _ => Err(format!("{json} is no value: an object has one field that names its type")),
            }
        }
    }
}

fn from_tagged(name: &str, field: &serde_json::Value) -> Result<Value, String> {
    let wrong = |expected: &str| format!(r#"{{"{name}": {field}}} is no value: {expected}"#);
    match (TypeId::from_name(name), field) {
        (Some(TypeId::Float), serde_json::Value::String(text)) => {
            text.parse().map(Value::Float).map_err(|_| wrong("expected the text of a float"))
        }
        (Some(TypeId::Url), serde_json::Value::String(text)) => Ok(Value::url(text.as_str())),
        (Some(TypeId::Function), serde_json::Value::String(text)) => Ok(Value::function(text.as_str())),
        (Some(TypeId::Dict), serde_json::Value::Array(entries)) => {
            let entry = |entry: &serde_json::Value| match entry.as_array().map(Vec::as_slice) {
                Some([serde_json::Value::String(key), value]) => Ok((key.clone(), from_json(value)?)),
                _ => Err(wrong("each entry is a key and a value, `[\"k\", 1]`")),
            };
            entries.iter().map(entry).collect::<Result<Vec<_>, _>>().map(Value::dict)
        }
        _ => Err(wrong("expected one of `float`, `url` and `function` with a string, or `dict` with a list")),
    }
}
