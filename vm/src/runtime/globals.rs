//! Global variables. Names are resolved to slots when a module is lowered.

use std::collections::HashMap;

use crate::value::Value;

/// Which of the names that a module uses for globals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GlobalSlot(pub(crate) u16);

/// The globals of a run.
#[derive(Default)]
pub(crate) struct Globals {
    slots: Vec<Option<Value>>,
    /// Those that the host passed in and the module does not name.
    others: Vec<(String, Value)>,
}

impl Globals {
    /// The globals of a run that begins: `names` are those that the module uses, in order of their slots.
    pub(crate) fn new(names: &[String], initial: Vec<(String, Value)>) -> Self {
        let mut globals = Self { slots: vec![None; names.len()], others: Vec::new() };
        let slots: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
        for (name, value) in initial {
            match slots.get(name.as_str()) {
                Some(slot) => globals.slots[*slot] = Some(value),
                None => globals.others.push((name, value)),
            }
        }
        globals
    }

    #[inline]
    pub(crate) fn get(&self, slot: GlobalSlot) -> Option<&Value> {
        self.slots[usize::from(slot.0)].as_ref()
    }

    /// The value of a global, to be changed.
    #[inline]
    pub(crate) fn get_mut(&mut self, slot: GlobalSlot) -> Option<&mut Value> {
        self.slots[usize::from(slot.0)].as_mut()
    }

    #[inline]
    pub(crate) fn set(&mut self, slot: GlobalSlot, value: Value) {
        let is_lost = planted!("global-empty") && matches!(value, Value::Empty);
        self.slots[usize::from(slot.0)] = if is_lost { None } else { Some(value) };
    }

    /// Where the globals are, by slot, as long as the run lasts.
    #[cfg(machine_code)]
    pub(crate) fn places(&mut self) -> *mut Option<Value> {
        self.slots.as_mut_ptr()
    }

    /// The globals with their names, in order of these.
    pub(crate) fn sorted<'a>(&'a self, names: &'a [String]) -> Vec<(&'a str, &'a Value)> {
        let named =
            names.iter().zip(&self.slots).filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?)));
        let mut all: Vec<_> =
            named.chain(self.others.iter().map(|(name, value)| (name.as_str(), value))).collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }

    /// The globals by name, in order of their names.
    pub(crate) fn into_sorted(self, names: &[String]) -> Vec<(String, Value)> {
        let named = names.iter().cloned().zip(self.slots).filter_map(|(name, value)| Some((name, value?)));
        let mut all: Vec<(String, Value)> = named.chain(self.others).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }
}
