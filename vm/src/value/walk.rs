//! A walk over a value and its parts, however deep they nest: the stack of what is open is ours, not the host's.

use std::borrow::Cow;

use super::{Str, Value};

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
    /// The containers that have begun, the innermost last, each with the position that it was walked to. There are as many as
    /// values nest, so they are small.
    open: Vec<(&'a Value, usize)>,
    /// Where in the innermost container the walk is; in all others it is in a part.
    place: Place,
}

/// Where the walk of a container has come to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before a part that needs no separator.
    AtPart,
    /// Behind the value of a part.
    BehindValue,
    /// Behind an entry.
    BehindEntry,
}

impl<'a> Walk<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self { next: Some(value), open: Vec::new(), place: Place::AtPart }
    }

    fn begin(&mut self, value: Cow<'a, Value>) -> Event<'a> {
        let begin = if let Value::Array(_) = &*value {
            Event::ArrayBegin
        } else if let Value::Dict(_) = &*value {
            Event::DictBegin
        } else {
            return Event::Scalar(value);
        };
        // Arrays and dicts are borrowed.
        if let Cow::Borrowed(container) = value {
            self.open.push((container, 0));
            self.place = Place::AtPart;
        }
        begin
    }

    fn end(&mut self, event: Event<'a>) -> Event<'a> {
        self.open.pop();
        self.place = Place::BehindValue;
        event
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if let Some(value) = self.next.take() {
            return Some(self.begin(Cow::Borrowed(value)));
        }
        let (container, position) = self.open.last_mut()?;
        if let Value::Array(array) = container {
            let Some(item) = array.get(*position) else { return Some(self.end(Event::ArrayEnd)) };
            if self.place == Place::BehindValue {
                self.place = Place::AtPart;
                return Some(Event::Separator);
            }
            *position += 1;
            self.place = Place::BehindValue;
            return Some(self.begin(item));
        }
        // Nothing else is ever open.
        let Value::Dict(dict) = container else { return None };
        if self.place == Place::BehindValue {
            self.place = Place::BehindEntry;
            return Some(Event::EntryEnd);
        }
        let Some((behind, key, value)) = dict.next_entry(*position) else {
            return Some(self.end(Event::DictEnd));
        };
        if self.place == Place::BehindEntry {
            self.place = Place::AtPart;
            return Some(Event::Separator);
        }
        *position = behind;
        self.place = Place::BehindValue;
        self.next = Some(value);
        Some(Event::Key(key))
    }
}
