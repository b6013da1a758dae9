//! The function table of a program, and the look-ups that CallR makes in it (S17 of the specification).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::fast::RandomState;

use crate::errors::RuntimeError;
use crate::module::Module;
use crate::value::Str;

/// The position of a function in the table.
pub(crate) type FunctionIndex = u32;

pub(crate) struct Functions {
    /// Tells this table from every other, so that it is known whose pool a string is in. Never 0.
    pub(crate) id: u32,
    by_name: HashMap<String, FunctionIndex, RandomState>,
    by_entry: HashMap<i64, FunctionIndex>,
}

impl Functions {
    pub(crate) fn new(module: &Module) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let mut by_entry = HashMap::new();
        for (index, function) in (0..).zip(module.functions()) {
            // The first in table order has the entry.
            by_entry.entry(i64::from(function.entry)).or_insert(index);
        }
        let names = module.functions().iter().map(|function| function.name.clone());
        // After 2³² tables numbers come again; 0 means "none" and is left out.
        let id = NEXT.fetch_add(1, Ordering::Relaxed).max(1);
        Self { id, by_name: names.zip(0..).collect(), by_entry }
    }

    /// The function of that name. A string of the pool remembers it, so that the next call with it asks no table.
    #[inline]
    pub(crate) fn named(&self, name: &Str) -> Result<FunctionIndex, RuntimeError> {
        if let Some(function) = name.remembered(self.id) {
            return Ok(function);
        }
        let function = self.named_text(name.as_str())?;
        name.remember(self.id, function);
        Ok(function)
    }

    pub(crate) fn named_text(&self, name: &str) -> Result<FunctionIndex, RuntimeError> {
        self.by_name
            .get(name)
            .copied()
            .ok_or_else(|| RuntimeError::UndefinedFunction { name: name.to_owned() })
    }

    /// The first function that begins at that instruction.
    pub(crate) fn at_entry(&self, entry: i64) -> Result<FunctionIndex, RuntimeError> {
        self.by_entry.get(&entry).copied().ok_or(RuntimeError::UndefinedEntry { entry })
    }
}
