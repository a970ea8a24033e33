//! The keys of events.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use crate::event::Row;
use crate::groups::KeyGroups;
use crate::id::FieldId;
use crate::predicate::{Current, Here, Unbound};
use crate::program::{Concern, KeyCode, Program};

/// The keys of the rows of a batch: worked out once, by whoever has time, for all engines that see it.
///
/// What concerns no rule has none; of a key space whose keys all are null there is none. A row of which nothing is found
/// here is nothing to any partition.
#[derive(Debug)]
pub(crate) struct RowKeys {
    program: Arc<Program>,
    /// The first of the rows.
    first: usize,
    /// For each of the rows where its keys end.
    ends: Vec<u32>,
    keys: Vec<Key>,
    bytes: Vec<u8>,
    /// Whose hashes say the groups that nobody has named.
    groups: KeyGroups,
    routes: Routes,
}

/// For each part of the key groups the rows that have a key in it.
#[derive(Debug, Default)]
struct Routes {
    parts: Arc<[KeyGroups]>,
    rows: Vec<Vec<u32>>,
    /// Whether no row is earlier than the one before.
    in_order: bool,
}

/// A key of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// Its number among the program's.
    number: u32,
    /// Which of the concerns of the row's type it is for.
    concern: u32,
    /// Its binary form; nothing at the place [`NULL`] if one of its values is null.
    start: u32,
    end: u32,
    /// The key group it is of.
    pub(super) group: u32,
    pub(super) hash: u64,
}

const NULL: u32 = u32::MAX;

impl Key {
    fn is_null(self) -> bool {
        self.start == NULL
    }
}

impl RowKeys {
    /// None yet, of so many groups.
    pub(super) fn new(program: &Arc<Program>, groups: &KeyGroups) -> Self {
        RowKeys {
            program: Arc::clone(program),
            first: 0,
            ends: Vec::new(),
            keys: Vec::new(),
            bytes: Vec::new(),
            groups: groups.clone(),
            routes: Routes::default(),
        }
    }

    /// The keys of all rows of a batch, whose columns are those of the program, for engines that own these parts of the
    /// key groups.
    #[cfg(feature = "pipeline")]
    pub(crate) fn of(program: &Arc<Program>, parts: &Arc<[KeyGroups]>, batch: &crate::event::Batch) -> Self {
        let mut keys = RowKeys::new(program, &parts.first().cloned().unwrap_or_default());
        keys.routes = Routes::new(parts);
        let mut last = crate::time::Timestamp::MIN;
        keys.ends.reserve(batch.len());
        keys.keys.reserve(batch.len() * 2);
        let kinds: Vec<Option<usize>> =
            batch.kinds().map(|kind| program.kinds().get_index_of(kind)).collect();
        for row in batch.rows() {
            let before = keys.keys.len();
            let kind = row.kind_index().and_then(|kind| *kinds.get(kind)?);
            keys.add(program, row, program.concerns(kind));
            keys.routes.add(row.index(), keys.keys.get(before..).unwrap_or_default());
            keys.routes.in_order &= row.time() >= last;
            last = row.time();
        }
        keys
    }

    /// Of these rows of the batch, if they stand in order, those that have a key in this part of the groups: the others
    /// are nothing to who owns it. Nothing if that is not known.
    pub(super) fn routed(&self, groups: &KeyGroups, rows: &Range<usize>) -> Option<&[u32]> {
        let Routes { parts, rows: routed, in_order } = &self.routes;
        let part = parts.iter().position(|part| part == groups).filter(|_| *in_order)?;
        let routed = routed.get(part)?;
        let place = |of: usize| routed.partition_point(|row| (*row as usize) < of);
        routed.get(place(rows.start)..place(rows.end))
    }

    /// Becomes those of one row, which concerns these rules.
    pub(super) fn become_of(&mut self, row: Row<'_>, concerns: &[Concern]) {
        self.ends.clear();
        self.keys.clear();
        self.bytes.clear();
        let program = Arc::clone(&self.program);
        self.add(&program, row, concerns);
        self.first = row.index();
    }

    /// Whether they are of this program.
    pub(crate) fn are_of(&self, program: &Arc<Program>) -> bool {
        Arc::ptr_eq(&self.program, program)
    }

    /// Those of one row.
    #[inline]
    pub(super) fn of_row(&self, row: Row<'_>) -> KeysOf<'_> {
        let place = row.index().wrapping_sub(self.first);
        let end = |place: usize| self.ends.get(place).map_or(0, |end| *end as usize);
        let before = place.checked_sub(1).map_or(0, end);
        KeysOf { keys: self.keys.get(before..end(place)).unwrap_or_default(), bytes: &self.bytes }
    }

    fn add(&mut self, program: &Program, row: Row<'_>, concerns: &[Concern]) {
        let first = self.keys.len();
        for (at, concern) in (0..).zip(concerns) {
            if let [number] = concern.keys[..] {
                // Mostly all steps of a rule have the same key, and often the event has none of it.
                let key = self.key(program, number, row);
                if !key.is_null() {
                    self.keys.push(Key { concern: at, ..key });
                }
                continue;
            }
            let before = self.keys.len();
            let mut is_null = true;
            for &number in &concern.keys {
                let of_row = self.keys.get(first..).unwrap_or_default();
                let known = of_row.iter().find(|key| key.number == number).copied();
                let key = known.unwrap_or_else(|| self.key(program, number, row));
                is_null &= key.is_null();
                self.keys.push(Key { concern: at, ..key });
            }
            if is_null {
                self.keys.truncate(before);
            }
        }
        self.ends.push(self.keys.len() as u32);
    }

    #[inline(always)]
    fn key(&mut self, program: &Program, number: u32, row: Row<'_>) -> Key {
        let null = Key { number, concern: 0, start: NULL, end: NULL, group: 0, hash: 0 };
        match program.keys().get(number as usize) {
            None => null,
            Some(KeyCode { field: Some(field), .. }) if !row.has(*field) => null,
            Some(KeyCode { field: Some(field), .. }) => self.field(*field, null, row),
            Some(code) => self.work_out(code, null, row),
        }
    }

    /// A key of one field, which is there.
    fn field(&mut self, field: FieldId, null: Key, row: Row<'_>) -> Key {
        let start = self.bytes.len();
        row.value(field).encode(&mut self.bytes);
        self.close(start, null, row)
    }

    /// A key of several values, or of one that is worked out; `null` is what it is without one of them.
    fn work_out(&mut self, code: &KeyCode, null: Key, row: Row<'_>) -> Key {
        if code.parts.iter().any(|part| part.is_missing(row)) {
            return null;
        }
        // A key that cannot be worked out is null; nobody counts why.
        let faults = Cell::new(0);
        let here = Here { current: Current::Row(row), bound: &Unbound, faults: &faults };
        let start = self.bytes.len();
        for part in &code.parts {
            if !part.encode(&here, &mut self.bytes) {
                self.bytes.truncate(start);
                return null;
            }
        }
        self.close(start, null, row)
    }

    /// The key whose bytes begin here.
    #[inline]
    fn close(&self, start: usize, null: Key, row: Row<'_>) -> Key {
        let hash = xxh3_64(self.bytes.get(start..).unwrap_or_default());
        let group = row.group(null.number as usize).unwrap_or_else(|| self.groups.of(hash));
        // Beyond what can be addressed there are none: a batch has far less.
        match (u32::try_from(start), u32::try_from(self.bytes.len())) {
            (Ok(start), Ok(end)) => Key { start, end, group, hash, ..null },
            _ => null,
        }
    }
}

#[cfg(feature = "pipeline")]
impl Routes {
    fn new(parts: &Arc<[KeyGroups]>) -> Self {
        Routes { parts: Arc::clone(parts), rows: parts.iter().map(|_| Vec::new()).collect(), in_order: true }
    }

    fn add(&mut self, row: usize, keys: &[Key]) {
        for (part, rows) in self.parts.iter().zip(&mut self.rows) {
            if keys.iter().any(|key| !key.is_null() && part.owns(key.group)) {
                rows.push(row as u32);
            }
        }
    }
}

/// The keys of one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeysOf<'k> {
    keys: &'k [Key],
    bytes: &'k [u8],
}

/// For each key of a key space whether something holds of it.
pub(super) type Flags = SmallVec<[bool; 4]>;

/// The keys that a row has in one key space.
pub(super) enum InSpace<'k> {
    /// The only one.
    One(Key),
    /// Those of the space, also those that are null.
    Several(&'k [Key]),
}

impl<'k> KeysOf<'k> {
    /// The bytes of a key.
    pub(super) fn bytes(self, key: Key) -> &'k [u8] {
        self.bytes.get(key.start as usize..key.end as usize).unwrap_or_default()
    }

    /// Takes those of the next concern.
    #[inline]
    pub(super) fn next<'p>(&mut self, concerns: &'p [Concern]) -> Option<(&'p Concern, InSpace<'k>)> {
        let first = self.keys.first()?;
        let concern = concerns.get(first.concern as usize)?;
        let (these, rest) = self.keys.split_at_checked(concern.keys.len())?;
        self.keys = rest;
        Some((concern, if let [key] = *these { InSpace::One(key) } else { InSpace::Several(these) }))
    }

    /// The different ones among several, each with the keys of the space that are it.
    pub(super) fn different(self, several: &[Key]) -> SmallVec<[(Key, Flags); 2]> {
        let mut different: SmallVec<[(Key, Flags); 2]> = SmallVec::new();
        for (index, &key) in several.iter().enumerate().filter(|(_, key)| !key.is_null()) {
            let same =
                |(other, _): &(Key, Flags)| other.hash == key.hash && self.bytes(*other) == self.bytes(key);
            let place = different.iter().position(same).unwrap_or_else(|| {
                different.push((key, SmallVec::from_elem(false, several.len())));
                different.len() - 1
            });
            if let Some((_, visible)) = different.get_mut(place) {
                visible[index] = true;
            }
        }
        different
    }

    /// Of several which are null.
    pub(super) fn hidden(several: &[Key]) -> Flags {
        several.iter().map(|key| key.is_null()).collect()
    }
}
