//! Partitions by key: one table for all rules whose keys are made of the same expressions.

use hashbrown::HashTable;
use hashbrown::hash_table;
use smallvec::SmallVec;

use super::partition::Partition;
use crate::time::Timestamp;

/// The bytes of a key.
pub(super) type KeyBytes = SmallVec<[u8; 24]>;

/// The states of rules for one key, by the index of the rule.
pub(super) type States = SmallVec<[(u32, Partition); 1]>;

/// The partitions of one key space.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: HashTable<Box<Entry>>,
}

/// One key, and the state of each rule that has some for it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: KeyBytes,
    pub(super) hash: u64,
    pub(super) group: u32,
    pub(super) states: States,
}

impl Entry {
    /// The state of a rule.
    pub(super) fn state(&mut self, rule: u32) -> Option<&mut Partition> {
        self.states.iter_mut().find(|(of, _)| *of == rule).map(|(_, state)| state)
    }

    /// Drops the state of a rule.
    pub(super) fn drop_state(&mut self, rule: u32) {
        if let Some(index) = self.states.iter().position(|(of, _)| *of == rule) {
            self.states.swap_remove(index);
        }
    }
}

impl Table {
    /// Whether a key has an entry.
    pub(super) fn has(&self, hash: u64, key: &[u8]) -> bool {
        self.entries.find(hash, |entry| *entry.key == *key).is_some()
    }

    /// The entry of a key.
    pub(super) fn get(&mut self, hash: u64, key: &[u8]) -> Option<&mut Entry> {
        self.entries.find_mut(hash, |entry| *entry.key == *key).map(Box::as_mut)
    }

    /// The entry with this hash in which the state of this rule is to be looked at by then.
    pub(super) fn due(&mut self, hash: u64, rule: u32, when: Timestamp) -> Option<&mut Entry> {
        let is_due = |entry: &Entry| {
            let mut states = entry.states.iter();
            states.any(|(of, state)| *of == rule && state.scheduled == Some(when))
        };
        self.entries.find_mut(hash, |entry| entry.hash == hash && is_due(entry)).map(Box::as_mut)
    }

    /// Puts in the entry of a key that has none.
    pub(super) fn insert(&mut self, entry: Entry) {
        self.entries.insert_unique(entry.hash, Box::new(entry), |entry| entry.hash);
    }

    /// Drops an entry with this hash if nothing is left in it. The memory that a burst of keys took is given back with
    /// them.
    pub(super) fn tidy(&mut self, hash: u64) {
        let is_empty = |entry: &Entry| entry.hash == hash && entry.states.is_empty();
        let Ok(entry) = self.entries.find_entry(hash, |entry| is_empty(entry)) else { return };
        entry.remove();
        self.shrink();
    }

    fn shrink(&mut self) {
        const SMALL: usize = 1 << 10;
        let (len, capacity) = (self.entries.len(), self.entries.capacity());
        if capacity > SMALL && len < capacity / 8 {
            self.entries.shrink_to(len * 2, |entry| entry.hash);
        }
    }

    /// All entries, in no order that means anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(Box::as_ref)
    }

    /// Keeps of the entries those of which this says so, in no order that means anything.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut Entry) -> bool) {
        self.entries.retain(|entry| keep(entry));
        self.shrink();
    }

    /// All entries, in no order that means anything.
    pub(super) fn into_iter(self) -> impl Iterator<Item = Entry> {
        hash_table::HashTable::into_iter(self.entries).map(|entry| *entry)
    }
}
