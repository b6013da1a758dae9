//! What a run begins with becomes its own. A program counts what it holds, and copies what is held twice, so it would notice
//! if its host, or a machine's pool of constants, held a part of its globals, too.

use std::collections::HashMap;

use super::{Array, Dict, Str, Value};

/// Makes sure that nothing else holds any part of the values that a run of that limit begins with, and gives what they cost, each
/// shared part once. What does not fit the limit is left as it is: that run ends before it does anything.
pub(crate) fn own(globals: &mut [(String, Value)], limit: Option<u64>) -> u64 {
    let (cost, is_owned) = survey(globals);
    if !is_owned && limit.is_none_or(|limit| cost <= limit) {
        let mut copies = Copies::default();
        // None is dropped before all are copied: another object could take the address that it was at.
        let copied: Vec<Value> = globals.iter().map(|(_, value)| copies.copy(value)).collect();
        for ((_, value), copy) in globals.iter_mut().zip(copied) {
            *value = copy;
        }
    }
    cost
}

/// What values cost, and whether all that holds a part of them is another part.
fn survey(globals: &[(String, Value)]) -> (u64, bool) {
    let mut pending: Vec<&Value> = globals.iter().map(|(_, value)| value).collect();
    // By address, how many holders of a part were not come by yet.
    let mut holders: HashMap<usize, usize> = HashMap::new();
    let mut cost = 0;
    // Counts one holder of a part; tells whether it is the first.
    let mut meet = |address: usize, all: usize, part: u64| {
        let left = holders.entry(address).or_insert(all);
        let is_first = *left == all;
        *left -= 1;
        cost += if is_first { part } else { 0 };
        is_first
    };
    while let Some(value) = pending.pop() {
        if let Value::String(text) = value {
            meet(text.address(), text.holders(), Str::cost(text.as_str().len()));
        } else if let Value::Array(array) = value {
            if meet(array.address(), array.holders(), Array::cost(array.len())) {
                pending.extend(array.values());
            }
        } else if let Value::Dict(dict) = value
            && meet(dict.address(), dict.holders(), dict.cost())
        {
            for (key, value) in dict.iter() {
                meet(key.address(), key.holders(), Str::cost(key.as_str().len()));
                pending.push(value);
            }
        }
    }
    (cost, holders.values().all(|left| *left == 0))
}

/// Copies by the address of what they were made of. What was shared among the values is shared among the copies.
#[derive(Default)]
struct Copies {
    made: HashMap<usize, Value>,
}

impl Copies {
    /// A copy of a value with all its parts, the innermost first, so that nothing recurses.
    fn copy(&mut self, value: &Value) -> Value {
        let mut pending = vec![value];
        while let Some(value) = pending.last().copied() {
            if self.copied(value).is_some() {
                pending.pop();
                continue;
            }
            let waiting = pending.len();
            if let Value::Array(array) = value {
                pending.extend(array.values().iter().filter(|part| self.copied(part).is_none()));
            } else if let Value::Dict(dict) = value {
                let parts = dict.iter().map(|(_, part)| part);
                pending.extend(parts.filter(|part| self.copied(part).is_none()));
            }
            if pending.len() == waiting {
                self.make(value);
            }
        }
        self.copied(value).unwrap_or_default()
    }

    /// The copy of a value, if there is one already. What costs nothing is its own copy.
    fn copied(&self, value: &Value) -> Option<Value> {
        let address = if let Value::String(text) = value {
            text.address()
        } else if let Value::Array(array) = value {
            array.address()
        } else if let Value::Dict(dict) = value {
            dict.address()
        } else {
            return Some(value.clone());
        };
        self.made.get(&address).cloned()
    }

    /// Makes the copy of a value whose parts were copied.
    fn make(&mut self, value: &Value) {
        if let Value::String(text) = value {
            self.string(text);
        } else if let Value::Array(array) = value {
            let parts: Vec<Value> = array.iter().map(|part| self.copied(&part).unwrap_or_default()).collect();
            self.made.insert(array.address(), Value::array(parts));
        } else if let Value::Dict(dict) = value {
            let mut copy = Dict::new();
            for (key, part) in dict.iter() {
                let part = self.copied(part).unwrap_or_default();
                copy.make_unshared().set(self.string(key), part);
            }
            self.made.insert(dict.address(), Value::Dict(copy));
        }
    }

    /// The copy of a string.
    fn string(&mut self, text: &Str) -> Str {
        let made = self.made.entry(text.address());
        let copy = made.or_insert_with(|| Value::string(text.as_str()));
        if let Value::String(copy) = copy { copy.clone() } else { text.clone() }
    }
}
