//! States as JSON.

use std::fmt;
use std::fmt::Write as _;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

use super::{FrameState, State};
use crate::errors::StateError;
use crate::value::Value;
use crate::value::heap::{Item, Object};
use crate::value::json::{append_scalar, append_string};
use crate::values::{TypeId, state};

impl State {
    /// The state as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        let Self { module, steps, output, memory, previous, globals, frames, objects } = self;
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            r#"{{"mdst": {}, "module": "{module}", "steps": {steps}, "output": {output}, "memory": {memory}, "previous": "#,
            state::VERSION
        );
        append_or_null(previous.as_ref(), &mut out, |pc, out| _ = write!(out, "{pc}"));
        out.push_str(r#", "globals": "#);
        append_list(globals, &mut out, |(name, item), out| {
            append_pair(name, *item, out, |name, out| append_string(name, out))
        });
        out.push_str(r#", "frames": "#);
        append_list(frames, &mut out, append_frame);
        out.push_str(r#", "objects": "#);
        append_list(objects, &mut out, append_object);
        out.push('}');
        out
    }

    /// Reads a state. Whether it fits a module, [`Vm::resume`](crate::Vm::resume) says.
    ///
    /// # Errors
    /// Says what is no state, and where.
    pub fn from_json(text: &str) -> Result<Self, StateError> {
        let invalid = |error: serde_json::Error| StateError::InvalidState { problem: error.to_string() };
        let Version { mdst } = serde_json::from_str(text).map_err(invalid)?;
        if mdst != state::VERSION {
            return Err(StateError::UnsupportedStateVersion { version: mdst, supported: state::VERSION });
        }
        let raw: RawState = serde_json::from_str(text).map_err(invalid)?;
        let frames =
            raw.frames.into_iter().map(|RawFrame { function, pc, registers, tags, scopes }| FrameState {
                function,
                pc,
                registers,
                tags: tags.into_iter().map(|(register, Tag(tag))| (register, tag)).collect(),
                scopes,
            });
        Ok(Self {
            module: raw.module,
            steps: raw.steps,
            output: raw.output,
            memory: raw.memory,
            previous: raw.previous,
            globals: raw.globals,
            frames: frames.collect(),
            objects: raw.objects.into_iter().map(Object::from).collect(),
        })
    }
}

fn append_frame(frame: &FrameState, out: &mut String) {
    let FrameState { function, pc, registers, tags, scopes } = frame;
    out.push_str(r#"{"function": "#);
    append_or_null(function.as_ref(), out, |name, out| append_string(name, out));
    let _ = write!(out, r#", "pc": {pc}, "registers": "#);
    append_list(registers, out, |(register, item), out| {
        append_pair(register, *item, out, |register, out| _ = write!(out, "{register}"));
    });
    out.push_str(r#", "tags": "#);
    append_list(tags, out, |(register, tag), out| _ = write!(out, r#"[{register}, "{tag}"]"#));
    out.push_str(r#", "scopes": "#);
    append_list(scopes, out, |scope, out| _ = write!(out, "{scope}"));
    out.push('}');
}

fn append_object(object: &Object, out: &mut String) {
    let mut append_text = |name: &str, text: &str| {
        let _ = write!(out, r#"{{"{name}": "#);
        append_string(text, out);
        out.push('}');
    };
    match object {
        Object::String(text) => append_text("string", text),
        Object::Url(text) => append_text("url", text),
        Object::Function(text) => append_text("function", text),
        Object::Array(items) => {
            out.push_str(r#"{"array": "#);
            append_list(items, out, |item, out| append_item(*item, out));
            out.push('}');
        }
        Object::Dict(entries) => {
            out.push_str(r#"{"dict": "#);
            append_list(entries, out, |(key, value), out| {
                append_pair(key, *value, out, |key, out| append_item(*key, out));
            });
            out.push('}');
        }
    }
}

fn append_item(item: Item, out: &mut String) {
    match item {
        Item::Empty => append_scalar(&Value::Empty, out),
        Item::Bool(value) => append_scalar(&Value::Bool(value), out),
        Item::Int(number) => append_scalar(&Value::Int(number), out),
        Item::Float(number) => append_scalar(&Value::Float(number), out),
        Item::Constant(index) => _ = write!(out, r#"{{"constant": {index}}}"#),
        Item::Object(place) => _ = write!(out, r#"{{"object": {place}}}"#),
    }
}

fn append_pair<T>(first: &T, item: Item, out: &mut String, append: impl FnOnce(&T, &mut String)) {
    out.push('[');
    append(first, out);
    out.push_str(", ");
    append_item(item, out);
    out.push(']');
}

fn append_list<T>(items: &[T], out: &mut String, append: impl Fn(&T, &mut String)) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        append(item, out);
    }
    out.push(']');
}

fn append_or_null<T>(value: Option<&T>, out: &mut String, append: impl FnOnce(&T, &mut String)) {
    match value {
        Some(value) => append(value, out),
        None => out.push_str("null"),
    }
}

#[derive(Deserialize)]
struct Version {
    mdst: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawState {
    #[serde(rename = "mdst")]
    _version: IgnoredAny,
    module: String,
    steps: u64,
    output: u64,
    memory: u64,
    #[serde(deserialize_with = "present")]
    previous: Option<u64>,
    globals: Vec<(String, Item)>,
    frames: Vec<RawFrame>,
    objects: Vec<RawObject>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFrame {
    #[serde(deserialize_with = "present")]
    function: Option<String>,
    pc: u64,
    registers: Vec<(u64, Item)>,
    tags: Vec<(u64, Tag)>,
    scopes: Vec<u64>,
}

/// A field that may be null, and must be there.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(json: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(json)
}

struct Tag(TypeId);

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let name = String::deserialize(json)?;
        TypeId::from_name(&name)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("there is no type {name:?}")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawObject {
    String(String),
    Array(Vec<Item>),
    Dict(Vec<(Item, Item)>),
    Url(String),
    Function(String),
}

impl From<RawObject> for Object {
    fn from(raw: RawObject) -> Self {
        match raw {
            RawObject::String(text) => Self::String(text),
            RawObject::Array(items) => Self::Array(items),
            RawObject::Dict(entries) => Self::Dict(entries),
            RawObject::Url(text) => Self::Url(text),
            RawObject::Function(name) => Self::Function(name),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawItem {
    Float(String),
    Constant(u64),
    Object(u64),
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a bool, an int of 64 bits, or an object with `float`, `constant` or `object`")
    }

    fn visit_unit<E>(self) -> Result<Item, E> {
        Ok(Item::Empty)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Item, E> {
        Ok(Item::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Item, E> {
        Ok(Item::Int(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Item, E> {
        i64::try_from(number)
            .map(Item::Int)
            .map_err(|_| E::custom(format!("{number} does not fit an int of 64 bits")))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Item, A::Error> {
        match RawItem::deserialize(MapAccessDeserializer::new(fields))? {
            RawItem::Float(text) => parse_float(&text)
                .map(Item::Float)
                .ok_or_else(|| A::Error::custom(format!("{text:?} is not the text of a float"))),
            RawItem::Constant(index) => Ok(Item::Constant(index)),
            RawItem::Object(place) => Ok(Item::Object(place)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Item, A::Error> {
        Err(A::Error::custom("an array is no value here: it is one of `objects`"))
    }
}

/// The float of a text: `nan`, `inf`, `-inf`, or a number as JSON has it.
fn parse_float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.ends_with(|last: char| last.is_ascii_digit())
        && !digits.contains(".e")
        && !digits.contains(".E");
    (is_number || matches!(text, "nan" | "inf" | "-inf")).then(|| text.parse().ok())?
}
