//! The keys of an event.

use std::cell::Cell;

use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use super::groups::KeyGroups;
use crate::event::Row;
use crate::predicate::{Current, Here, Unbound};
use crate::program::{KeySpace, Program};

/// The keys of the event in turn, each worked out when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Keys {
    bytes: Vec<u8>,
    known: Vec<Option<Known>>,
}

/// What is known of a key: none where one of its values is null.
type Known = Option<Key>;

/// A key of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    start: usize,
    end: usize,
    pub(super) hash: u64,
    pub(super) group: u32,
}

/// For each key of a key space whether something holds of it.
pub(super) type Flags = SmallVec<[bool; 4]>;

/// The keys that an event has in a key space, each once.
#[derive(Debug, Default)]
pub(super) struct InSpace {
    /// Each with the keys of the space that are it.
    pub(super) keys: SmallVec<[(Key, Flags); 1]>,
    /// Whether the event has none.
    pub(super) hidden: Flags,
}

impl Keys {
    /// Begins with an event of a program with so many keys.
    pub(super) fn begin(&mut self, count: usize) {
        self.bytes.clear();
        self.known.clear();
        self.known.resize(count, None);
    }

    /// The bytes of a key.
    pub(super) fn bytes(&self, key: Key) -> &[u8] {
        self.bytes.get(key.start..key.end).unwrap_or_default()
    }

    /// The keys of the event in a key space.
    pub(super) fn in_space(
        &mut self,
        program: &Program,
        space: &KeySpace,
        row: Row<'_>,
        groups: &KeyGroups,
    ) -> InSpace {
        let mut found = InSpace::default();
        if let [number] = space.keys[..] {
            let key = self.key(program, number, row, groups);
            found.hidden.push(key.is_none());
            let owned = key.filter(|key| groups.owns(key.group));
            found.keys.extend(owned.map(|key| (key, Flags::from_elem(true, 1))));
            return found;
        }
        for (index, &number) in space.keys.iter().enumerate() {
            let key = self.key(program, number, row, groups);
            found.hidden.push(key.is_none());
            let Some(key) = key.filter(|key| groups.owns(key.group)) else { continue };
            let same = found
                .keys
                .iter()
                .position(|(other, _)| other.hash == key.hash && self.bytes(*other) == self.bytes(key));
            let same = same.unwrap_or_else(|| {
                found.keys.push((key, SmallVec::from_elem(false, space.keys.len())));
                found.keys.len() - 1
            });
            if let Some((_, visible)) = found.keys.get_mut(same) {
                visible[index] = true;
            }
        }
        found
    }

    fn key(&mut self, program: &Program, number: usize, row: Row<'_>, groups: &KeyGroups) -> Known {
        if let Some(Some(known)) = self.known.get(number) {
            return *known;
        }
        // A key that cannot be worked out is null; nobody counts why.
        let faults = Cell::new(0);
        let here = Here { current: Current::Row(row), bound: &Unbound, faults: &faults };
        let start = self.bytes.len();
        let mut parts = program.keys().get(number).into_iter().flat_map(|key| &key.parts);
        let known = parts.all(|part| part.encode(&here, &mut self.bytes)).then(|| {
            let hash = xxh3_64(self.bytes.get(start..).unwrap_or_default());
            let group = row.group(number).unwrap_or_else(|| groups.of(hash));
            Key { start, end: self.bytes.len(), hash, group }
        });
        if let Some(slot) = self.known.get_mut(number) {
            *slot = Some(known);
        }
        known
    }
}
