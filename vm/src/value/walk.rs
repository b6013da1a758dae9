//! A walk over a value and its parts, however deep they nest: the stack of what is open is ours, not the host's.

use std::borrow::Cow;

use super::{Array, Dict, Str, Value};

/// What the walk comes by, in the order in which a text shows it.
pub(super) enum Event<'a> {
    /// A value without parts.
    Scalar(Cow<'a, Value>),
    /// An array begins.
    ArrayBegin,
    /// An array ends.
    ArrayEnd,
    /// A dict begins.
    DictBegin,
    /// A key; its value follows.
    Key(&'a Str),
    /// The value of a key is over.
    EntryEnd,
    /// A dict ends.
    DictEnd,
    /// Another part follows.
    Separator,
}

/// The events of a value, one after another.
pub(super) struct Walk<'a> {
    /// The value to begin with next.
    next: Option<&'a Value>,
    open: Vec<Open<'a>>,
}

/// A container that has begun, and how far it was walked.
enum Open<'a> {
    Array { array: &'a Array, position: usize, is_separated: bool },
    Dict { dict: &'a Dict, position: usize, state: Place },
}

/// Where the walk of a dict has come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    InEntry,
    BetweenEntries,
    AtKey,
}

impl<'a> Walk<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self { next: Some(value), open: Vec::new() }
    }

    fn begin(&mut self, value: Cow<'a, Value>) -> Event<'a> {
        // Arrays and dicts are borrowed.
        let Cow::Borrowed(value) = value else { return Event::Scalar(value) };
        if let Value::Array(array) = value {
            self.open.push(Open::Array { array, position: 0, is_separated: true });
            Event::ArrayBegin
        } else if let Value::Dict(dict) = value {
            self.open.push(Open::Dict { dict, position: 0, state: Place::First });
            Event::DictBegin
        } else {
            Event::Scalar(Cow::Borrowed(value))
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if let Some(value) = self.next.take() {
            return Some(self.begin(Cow::Borrowed(value)));
        }
        match self.open.last_mut()? {
            Open::Array { array, position, is_separated } => {
                let Some(item) = array.get(*position) else {
                    self.open.pop();
                    return Some(Event::ArrayEnd);
                };
                if !*is_separated {
                    *is_separated = true;
                    return Some(Event::Separator);
                }
                *position += 1;
                *is_separated = false;
                Some(self.begin(item))
            }
            Open::Dict { dict, position, state } => {
                if *state == Place::InEntry {
                    *state = Place::BetweenEntries;
                    return Some(Event::EntryEnd);
                }
                let Some((behind, key, value)) = dict.next_entry(*position) else {
                    self.open.pop();
                    return Some(Event::DictEnd);
                };
                if *state == Place::BetweenEntries {
                    *state = Place::AtKey;
                    return Some(Event::Separator);
                }
                *position = behind;
                *state = Place::InEntry;
                self.next = Some(value);
                Some(Event::Key(key))
            }
        }
    }
}
