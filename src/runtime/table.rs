//! Partitions by key: one table for all rules whose keys are made of the same expressions.

use hashbrown::HashTable;
use smallvec::SmallVec;

use super::runs::Runs;

/// The bytes of a key.
pub(super) type KeyBytes = SmallVec<[u8; 24]>;

/// The partitions of one key space.
#[derive(Debug, Default)]
pub(super) struct Table {
    places: HashTable<u32>,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
}

/// One key, and the state of each rule that has some for it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: KeyBytes,
    hash: u64,
    states: SmallVec<[(u32, Runs); 1]>,
}

impl Table {
    /// The number of a key, if it has an entry.
    pub(super) fn find(&self, hash: u64, key: &[u8]) -> Option<u32> {
        self.places.find(hash, |&at| self.entry(at).is_some_and(|entry| *entry.key == *key)).copied()
    }

    /// The number of a key, which gets an entry if it has none.
    pub(super) fn insert(&mut self, hash: u64, key: &[u8]) -> u32 {
        if let Some(at) = self.find(hash, key) {
            return at;
        }
        let entry = Entry { key: key.into(), hash, states: SmallVec::new() };
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                self.entries.push(None);
                self.entries.len() as u32 - 1
            }
        };
        self.entries[at as usize] = Some(entry);
        let entries = &self.entries;
        let hash_of = |&at: &u32| entries[at as usize].as_ref().map_or(0, |entry| entry.hash);
        self.places.insert_unique(hash, at, hash_of);
        at
    }

    /// An entry by its number.
    pub(super) fn entry(&self, at: u32) -> Option<&Entry> {
        self.entries.get(at as usize).and_then(Option::as_ref)
    }

    /// Takes the state of a rule out of an entry.
    pub(super) fn take(&mut self, at: u32, rule: u32) -> Option<Runs> {
        let states = &mut self.entries.get_mut(at as usize)?.as_mut()?.states;
        let index = states.iter().position(|(of, _)| *of == rule)?;
        Some(states.swap_remove(index).1)
    }

    /// Puts the state of a rule into an entry.
    pub(super) fn put(&mut self, at: u32, rule: u32, state: Runs) {
        if let Some(Some(entry)) = self.entries.get_mut(at as usize) {
            entry.states.push((rule, state));
        }
    }

    /// Gives an entry back if no rule has state in it.
    pub(super) fn tidy(&mut self, at: u32) {
        let Some(slot) = self.entries.get_mut(at as usize) else { return };
        let Some(entry) = slot.take_if(|entry| entry.states.is_empty()) else { return };
        if let Ok(place) = self.places.find_entry(entry.hash, |&other| other == at) {
            place.remove();
        }
        self.free.push(at);
        if self.places.is_empty() {
            *self = Table::default();
        }
    }

    /// All states with their rules.
    pub(super) fn into_states(self) -> impl Iterator<Item = (u32, Runs)> {
        self.entries.into_iter().flatten().flat_map(|entry| entry.states)
    }

    /// All entries with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (0..).zip(&self.entries).filter_map(|(at, entry)| Some((at, entry.as_ref()?)))
    }
}

impl Entry {
    /// The states of the rules.
    pub(super) fn states(&self) -> impl Iterator<Item = (u32, &Runs)> {
        self.states.iter().map(|(rule, state)| (*rule, state))
    }
}
