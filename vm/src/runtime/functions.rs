//! The function table of a program, and the look-ups that CallR makes in it (S17 of the specification).

use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::errors::RuntimeError;
use crate::module::{Function, Module};
use crate::value::Str;

/// The position of a function in the table.
pub(crate) type FunctionIndex = u32;

pub(crate) struct Functions {
    /// Tells this table from every other, so that it is known whose pool a string is in. Never 0.
    pub(crate) id: u32,
    table: Arc<Vec<Function>>,
    hasher: RandomState,
    by_name: HashTable<FunctionIndex>,
    /// All functions in order of where they begin, those with the same beginning in order of the table.
    by_entry: Vec<FunctionIndex>,
}

impl Functions {
    pub(crate) fn new(module: &Module) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let table = module.function_table();
        let hasher = RandomState::default();
        let hash = |index: FunctionIndex| hasher.hash_one(table[index as usize].name.as_str());
        let mut by_name = HashTable::with_capacity(table.len());
        let mut by_entry = Vec::with_capacity(table.len());
        for (index, _) in (0..).zip(table.iter()) {
            by_name.insert_unique(hash(index), index, |index| hash(*index));
            by_entry.push(index);
        }
        by_entry.sort_by_key(|index| table[*index as usize].entry);
        // After 2³² tables numbers come again; 0 means "none" and is left out.
        let id = NEXT.fetch_add(1, Ordering::Relaxed).max(1);
        Self { id, table, hasher, by_name, by_entry }
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
        let has_name = |index: &FunctionIndex| self.table[*index as usize].name == name;
        let found = self.by_name.find(self.hasher.hash_one(name), has_name);
        found.copied().ok_or_else(|| RuntimeError::UndefinedFunction { name: name.to_owned() })
    }

    /// The first function that begins at that instruction.
    pub(crate) fn at_entry(&self, entry: i64) -> Result<FunctionIndex, RuntimeError> {
        let entry_of = |index: FunctionIndex| i64::from(self.table[index as usize].entry);
        let place = self.by_entry.partition_point(|index| entry_of(*index) < entry);
        let found = self.by_entry.get(place).copied().filter(|index| entry_of(*index) == entry);
        found.ok_or(RuntimeError::UndefinedEntry { entry })
    }
}
