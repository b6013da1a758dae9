//! Dicts: string keys, in the order in which they were first set.

use std::cell::RefCell;
use std::fmt;
use std::hash::BuildHasher;
use std::rc::Rc;
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry as Slot;

use super::{Str, Value, copies, drop};
use crate::errors::RuntimeError;
use crate::memory::{Memory, charge, release};
use crate::values::costs;

thread_local! {
    /// Phantoms that are not needed any more, to be used again: some loops need a few each turn.
    static SPARE: RefCell<Vec<Rc<DictObject>>> = const { RefCell::new(Vec::new()) };
}

/// So many of them are kept.
#[cfg(machine_code)]
const MAX_SPARE: usize = 4;

/// A dict, shared by reference count and copied when it is written while shared.
#[derive(Clone)]
pub struct Dict(Rc<DictObject>);

/// Entries are in a vector, in order; a table finds the place of a key. A removed entry leaves a gap, so that removing
/// takes constant time and keeps the order; when gaps outnumber entries, the vector is packed.
#[derive(Default)]
pub(crate) struct DictObject {
    entries: Vec<Option<Entry>>,
    places: HashTable<u32>,
    /// What it costs besides, where it stands for something else.
    stands_for: u64,
}

/// So many entries are worked on before the host may be asked whether to go on.
const PIECE: usize = 1 << 12;

/// The table of a dict of so many entries may be copied at once: it has 5 MB.
const WHOLE_TABLE: usize = 1 << 19;

/// The hash of a key, never 0. It differs from process to process, so that nobody can prepare keys that collide.
pub(super) fn hash_of(key: &str) -> u64 {
    static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::default);
    STATE.hash_one(key).max(1)
}

#[derive(Clone)]
struct Entry {
    hash: u64,
    key: Str,
    value: Value,
}

impl Dict {
    /// A dict without entries.
    #[must_use]
    pub fn new() -> Self {
        charge(costs::DICT);
        Self(Rc::new(DictObject::default()))
    }

    /// An empty dict that costs so much, to be where nobody looks.
    #[inline]
    pub(super) fn of_cost(cost: u64) -> Self {
        charge(cost);
        let spare = |spare: &RefCell<Vec<_>>| spare.try_borrow_mut().ok()?.pop();
        let mut object = SPARE.try_with(spare).ok().flatten().unwrap_or_default();
        if let Some(object) = Rc::get_mut(&mut object) {
            object.stands_for = cost.wrapping_sub(costs::DICT);
        }
        Self(object)
    }

    /// Lets go of it. If it was a phantom, what is behind it is kept.
    #[cfg(machine_code)]
    #[inline]
    pub(super) fn retire(mut self) {
        if let Some(object) = Rc::get_mut(&mut self.0)
            && object.stands_for != 0
        {
            release(object.stands_for.wrapping_add(costs::DICT));
            // From now on it costs nothing.
            object.stands_for = 0_u64.wrapping_sub(costs::DICT);
            let keep = |spare: &RefCell<Vec<_>>| {
                if let Ok(mut spare) = spare.try_borrow_mut()
                    && spare.len() < MAX_SPARE
                {
                    spare.push(self.0);
                }
            };
            // While a thread ends, none is kept.
            let _ = SPARE.try_with(keep);
        }
    }

    /// Whether it stands for something else.
    #[cfg(machine_code)]
    pub(crate) fn is_phantom(&self) -> bool {
        self.0.stands_for != 0
    }

    /// What this dict costs, without its keys.
    pub(crate) fn cost(&self) -> u64 {
        cost(self.len())
    }

    /// How many entries there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let object = &*self.0;
        let place = object.places.find(hash_of(key), |place| object.is_at(*place, key))?;
        object.entries[*place as usize].as_ref().map(|entry| &entry.value)
    }

    /// The value of a key that is a string of the language, which knows its hash.
    #[inline]
    pub(crate) fn get_by(&self, key: &Str) -> Option<&Value> {
        let object = &*self.0;
        let place = object.place_of(key)?;
        object.entries[place].as_ref().map(|entry| &entry.value)
    }

    /// The entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Value)> + Clone {
        self.0.entries.iter().flatten().map(|entry| (&entry.key, &entry.value))
    }

    /// The entry at or after a position of the vector, and the position behind it.
    pub(super) fn next_entry(&self, position: usize) -> Option<(usize, &Str, &Value)> {
        let entries = self.0.entries.get(position..)?;
        let (gap, entry) =
            entries.iter().enumerate().find_map(|(gap, entry)| Some((gap, entry.as_ref()?)))?;
        Some((position + gap + 1, &entry.key, &entry.value))
    }

    /// Whether both are one dict.
    #[inline]
    pub(crate) fn is_identical(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Whether both are one dict, which nothing else holds.
    pub(crate) fn is_twin(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0) && Rc::strong_count(&self.0) == 2
    }

    /// Whether there is no room in the table for another entry.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.0.places.len() == self.0.places.capacity()
    }

    /// Whether a write would have to copy.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        Rc::strong_count(&self.0) > 1
    }

    /// The entries, to be changed; none where they are shared.
    #[inline]
    pub(crate) fn object_mut(&mut self) -> Option<&mut DictObject> {
        Rc::get_mut(&mut self.0)
    }

    /// Copies the entries where they are shared and many, so that no change has to.
    ///
    /// # Errors
    /// Ends where the host wants it to, with nothing done.
    pub(crate) fn unshare(&mut self, memory: &Memory<'_>) -> Result<(), RuntimeError> {
        if self.is_shared() {
            if self.len() <= PIECE {
                return memory.work(self.len() * size_of::<Entry>());
            }
            self.0 = Rc::new(self.0.copy(memory)?);
        }
        Ok(())
    }

    /// The entries, to be changed; copied first where they are shared.
    #[inline]
    pub(crate) fn make_unshared(&mut self) -> &mut DictObject {
        Rc::make_mut(&mut self.0)
    }

    /// How many places hold it.
    #[inline]
    pub(crate) fn holders(&self) -> usize {
        Rc::strong_count(&self.0)
    }

    #[inline]
    pub(crate) fn address(&self) -> usize {
        Rc::as_ptr(&self.0) as usize
    }

    /// Whether every entry was taken out.
    pub(super) fn is_taken_apart(&self) -> bool {
        self.0.entries.is_empty()
    }
}

impl Default for Dict {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

fn cost(entries: usize) -> u64 {
    costs::DICT + entries as u64 * costs::ENTRY
}

impl DictObject {
    fn is_at(&self, place: u32, key: &str) -> bool {
        self.entries[place as usize].as_ref().is_some_and(|entry| entry.key.as_str() == key)
    }

    /// Sets a key; a new one comes last, an existing one keeps its place and its own string.
    pub(crate) fn set(&mut self, key: Str, value: Value) {
        let hash = key.hash();
        if self.places.len() == self.places.capacity() {
            // Without a limit, this does not fail.
            let _ = self.grow(&Memory::unlimited());
        }
        let Self { entries, places, .. } = self;
        let is_key =
            |place: &u32| entries[*place as usize].as_ref().is_some_and(|entry| entry.key.is_same(&key));
        let hash_of = |place: &u32| entries[*place as usize].as_ref().map_or(0, |entry| entry.hash);
        match places.entry(hash, is_key, hash_of) {
            Slot::Occupied(slot) => {
                if let Some(entry) = &mut entries[*slot.get() as usize] {
                    entry.value = value;
                }
            }
            Slot::Vacant(slot) => {
                // The memory limit ends a run long before there are 2³² entries of 64 bytes.
                slot.insert(entries.len() as u32);
                key.found_at(entries.len() as u32);
                // Doubling would keep more room than the entries are counted for, and so would two places for a first entry that
                // remains the only one.
                if entries.len() == entries.capacity() {
                    entries.reserve_exact(if entries.is_empty() { 1 } else { (entries.len() / 2).max(2) });
                }
                entries.push(Some(Entry { hash, key, value }));
                charge(costs::ENTRY);
            }
        }
    }

    /// The value of a key, to be changed, if that very string was found before and is still where it was.
    #[inline]
    pub(crate) fn known_value(&mut self, key: &Str) -> Option<&mut Value> {
        let place = self.known_place(key)?;
        self.entries[place].as_mut().map(|entry| &mut entry.value)
    }

    /// The value of a key, to be changed.
    pub(crate) fn value_mut(&mut self, key: &Str) -> Option<&mut Value> {
        let place = self.place_of(key)?;
        self.entries[place].as_mut().map(|entry| &mut entry.value)
    }

    /// Where the entry of a key is. A string that was found before is looked for there first.
    #[inline]
    fn place_of(&self, key: &Str) -> Option<usize> {
        self.known_place(key).or_else(|| self.find(key))
    }

    #[inline]
    fn known_place(&self, key: &Str) -> Option<usize> {
        let guess = key.guess();
        let entry = self.entries.get(guess)?.as_ref()?;
        (entry.key.is_identical(key) && !without!("inline-caches")).then_some(guess)
    }

    #[inline(never)]
    fn find(&self, key: &Str) -> Option<usize> {
        let is_key =
            |place: &u32| self.entries[*place as usize].as_ref().is_some_and(|entry| entry.key.is_same(key));
        let place = *self.places.find(key.hash(), is_key)?;
        key.found_at(place);
        Some(place as usize)
    }

    /// Removes a key, if it is there.
    ///
    /// # Errors
    /// Ends where the host wants it to. The key is removed then, too.
    pub(crate) fn remove(&mut self, memory: &Memory<'_>, key: &str) -> Result<(), RuntimeError> {
        let hash = hash_of(key);
        let Self { entries, places, .. } = self;
        let is_key =
            |place: &u32| entries[*place as usize].as_ref().is_some_and(|entry| entry.key.as_str() == key);
        let Ok(slot) = places.find_entry(hash, is_key) else { return Ok(()) };
        let (place, _) = slot.remove();
        self.entries[place as usize] = None;
        release(costs::ENTRY);
        if planted!("dict-order") {
            let last = self.entries.iter().rposition(Option::is_some).unwrap_or_default();
            if last > place as usize {
                self.entries.swap(place as usize, last);
                self.pack(memory)?;
            }
        }
        // A gap takes as much memory as an entry, and is not counted.
        if self.entries.len() > 2 * self.places.len() {
            self.pack(memory)?;
        }
        Ok(())
    }

    /// Removes every key.
    pub(crate) fn clear(&mut self) {
        // The table goes too: nothing would count the room that it keeps, in this dict and in every copy.
        self.places = HashTable::new();
        release(self.entries.iter().flatten().count() as u64 * costs::ENTRY);
        let values = std::mem::take(&mut self.entries);
        drop::drop_values(values.into_iter().flatten().map(|entry| entry.value));
    }

    /// Closes the gaps that removed entries left, and gives back their room.
    fn pack(&mut self, memory: &Memory<'_>) -> Result<(), RuntimeError> {
        self.places = table(memory, self.entries.iter().filter(|entry| entry.is_some()), self.places.len())?;
        self.entries.retain(Option::is_some);
        self.entries.shrink_to_fit();
        Ok(())
    }

    /// Makes room in the table for another entry, if there is none. A table that grew by itself would look at the entries in its
    /// own order, which leads all over memory.
    ///
    /// # Errors
    /// Ends where the host wants it to, with nothing done.
    pub(crate) fn make_room(&mut self, memory: &Memory<'_>) -> Result<(), RuntimeError> {
        if self.places.len() == self.places.capacity() { self.grow(memory) } else { Ok(()) }
    }

    #[cold]
    fn grow(&mut self, memory: &Memory<'_>) -> Result<(), RuntimeError> {
        self.places = table(memory, self.entries.iter(), (2 * self.places.len()).max(3))?;
        Ok(())
    }

    /// A copy without gaps, which is made piece by piece.
    fn copy(&self, memory: &Memory<'_>) -> Result<Self, RuntimeError> {
        copies::count(self.places.len());
        let mut entries = Vec::with_capacity(self.places.len());
        for piece in self.entries.chunks(PIECE) {
            memory.work(size_of_val(piece))?;
            entries.extend(piece.iter().filter(|entry| entry.is_some()).cloned());
        }
        // A copy of the table is quicker than a new one, but is not made in pieces.
        let places = if self.entries.len() == self.places.len() && self.entries.len() <= WHOLE_TABLE {
            self.places.clone()
        } else {
            table(memory, entries.iter(), entries.len())?
        };
        charge(cost(places.len()));
        Ok(Self { entries, places, stands_for: 0 })
    }

    /// The values, in order.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.entries.iter().flatten().map(|entry| &entry.value)
    }

    /// Takes the last value out. The dict is good for nothing but to be dropped then.
    pub(super) fn take_last(&mut self) -> Option<Value> {
        self.give_up_places();
        self.entries.pop().flatten().map(|entry| entry.value)
    }

    /// The first value. The dict is good for nothing but to be dropped then.
    pub(super) fn first_mut(&mut self) -> Option<&mut Value> {
        self.give_up_places();
        self.entries.first_mut()?.as_mut().map(|entry| &mut entry.value)
    }

    /// Drops the table and closes the gaps; the entries cost nothing from here on.
    fn give_up_places(&mut self) {
        if !self.places.is_empty() {
            release(self.places.len() as u64 * costs::ENTRY);
            self.places = HashTable::new();
            self.entries.retain(Option::is_some);
        }
    }
}

/// A table of entries, by the order in which they come, with room for so many.
fn table<'a>(
    memory: &Memory<'_>,
    entries: impl Iterator<Item = &'a Option<Entry>>,
    room: usize,
) -> Result<HashTable<u32>, RuntimeError> {
    let mut table = HashTable::with_capacity(room);
    for (place, entry) in (0..).zip(entries) {
        if (place as usize).is_multiple_of(PIECE) {
            memory.work(PIECE.min(room) * size_of::<Entry>())?;
        }
        if let Some(entry) = entry {
            // There is room for all, so that no hash of those that are in it is asked for.
            table.insert_unique(entry.hash, place, |_| 0);
        }
    }
    Ok(table)
}

impl Clone for DictObject {
    fn clone(&self) -> Self {
        copies::count(self.places.len());
        charge(cost(self.places.len()));
        if self.entries.len() == self.places.len() {
            return Self { entries: self.entries.clone(), places: self.places.clone(), stands_for: 0 };
        }
        let mut entries = Vec::with_capacity(self.places.len());
        entries.extend(self.entries.iter().filter(|entry| entry.is_some()).cloned());
        // Without a limit, this does not fail.
        let places = table(&Memory::unlimited(), entries.iter(), entries.len()).unwrap_or_default();
        Self { entries, places, stands_for: 0 }
    }
}

impl Drop for DictObject {
    fn drop(&mut self) {
        release(cost(self.places.len()).wrapping_add(self.stands_for));
        if self.entries.iter().flatten().any(|entry| drop::is_container(&entry.value)) {
            let entries = std::mem::take(&mut self.entries);
            drop::drop_values(entries.into_iter().flatten().map(|entry| entry.value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(dict: &Dict) -> Vec<&str> {
        dict.iter().map(|(key, _)| key.as_str()).collect()
    }

    #[test]
    fn keys_keep_their_order_through_removals_and_packing() {
        let mut dict = Dict::new();
        for number in 0..1000 {
            dict.make_unshared().set(Str::new(format!("k{number}")), Value::Int(number));
        }
        for number in (0..1000).filter(|number| number % 7 != 0) {
            dict.make_unshared().remove(&Memory::unlimited(), &format!("k{number}")).unwrap();
        }
        dict.make_unshared().set(Str::new("k0".to_owned()), Value::Empty);
        let expected: Vec<String> = (0..1000).step_by(7).map(|number| format!("k{number}")).collect();
        assert_eq!(keys(&dict), expected);
        assert!(dict.0.entries.len() <= 2 * dict.len());
    }
}
