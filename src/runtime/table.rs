//! Partitions by key: one table for all rules whose keys are made of the same expressions.

use std::hash::{BuildHasher, RandomState};

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
///
/// Anybody can work out the hash of a key, and so send keys whose hashes end alike; where they lie is told by a secret besides,
/// so that they do not come to lie in one place. Nothing that comes out depends on it.
#[derive(Debug)]
pub(super) struct Table {
    entries: HashTable<Box<Entry>>,
    secret: u64,
}

impl Default for Table {
    fn default() -> Self {
        Table { entries: HashTable::default(), secret: RandomState::new().hash_one(0) | 1 }
    }
}

/// Where what has a hash lies.
#[inline]
fn place(secret: u64, hash: u64) -> u64 {
    let product = u128::from(hash ^ secret.rotate_left(32)) * u128::from(secret);
    product as u64 ^ (product >> 64) as u64
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
        self.entries.find(place(self.secret, hash), |entry| *entry.key == *key).is_some()
    }

    /// The entry of a key.
    pub(super) fn get(&mut self, hash: u64, key: &[u8]) -> Option<&mut Entry> {
        self.entries.find_mut(place(self.secret, hash), |entry| *entry.key == *key).map(Box::as_mut)
    }

    /// The entry with this hash in which the state of this rule is to be looked at by then.
    pub(super) fn due(&mut self, hash: u64, rule: u32, when: Timestamp) -> Option<&mut Entry> {
        let is_due = |entry: &Entry| {
            let mut states = entry.states.iter();
            states.any(|(of, state)| *of == rule && state.scheduled == Some(when))
        };
        self.entries
            .find_mut(place(self.secret, hash), |entry| entry.hash == hash && is_due(entry))
            .map(Box::as_mut)
    }

    /// Puts in the entry of a key that has none.
    pub(super) fn insert(&mut self, entry: Entry) {
        let secret = self.secret;
        let at = place(secret, entry.hash);
        self.entries.insert_unique(at, Box::new(entry), |entry| place(secret, entry.hash));
    }

    /// Drops an entry with this hash if nothing is left in it. The memory that a burst of keys took is given back with
    /// them.
    pub(super) fn tidy(&mut self, hash: u64) {
        let is_empty = |entry: &Entry| entry.hash == hash && entry.states.is_empty();
        let Ok(entry) = self.entries.find_entry(place(self.secret, hash), |entry| is_empty(entry)) else {
            return;
        };
        entry.remove();
        self.shrink();
    }

    fn shrink(&mut self) {
        const SMALL: usize = 1 << 10;
        let (len, capacity) = (self.entries.len(), self.entries.capacity());
        if capacity > SMALL && len < capacity / 8 {
            let secret = self.secret;
            self.entries.shrink_to(len * 2, |entry| place(secret, entry.hash));
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// The shortest time of three to put in keys with these hashes and to find each.
    #[expect(clippy::disallowed_methods, reason = "how long it takes is what is asked")]
    fn time_of(hashes: &[u64]) -> Duration {
        let time = || {
            let begin = Instant::now();
            let mut table = Table::default();
            for hash in hashes {
                let key = KeyBytes::from_slice(&hash.to_le_bytes());
                assert!(table.get(*hash, &key).is_none());
                table.insert(Entry { key, hash: *hash, group: 0, states: States::new() });
            }
            begin.elapsed()
        };
        [time(), time(), time()].into_iter().min().unwrap()
    }

    #[test]
    fn keys_whose_hashes_are_alike_are_found_as_soon_as_others() {
        let others: Vec<u64> = (1..40_000_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        // The last bits say where something lies, the first ones what is looked at there.
        let ends_alike: Vec<u64> = others.iter().map(|hash| hash << 32 | 5).collect();
        let begins_alike: Vec<u64> = (1..40_000_u64).collect();
        let usual = time_of(&others);
        for alike in [ends_alike, begins_alike] {
            let took = time_of(&alike);
            assert!(took < usual * 20, "{took:?} instead of {usual:?}");
        }
    }
}
