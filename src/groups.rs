//! Key groups: the largest parts of the keys within which events have one order everywhere.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

/// The key groups that an engine owns, of so many. A key is of the group `hash % count`, the hash being XXH3 of its
/// binary form with seed 0, unless the shell [names](crate::Batch::name_groups) another.
///
/// ```
/// use tripline::runtime::KeyGroups;
///
/// let all = KeyGroups::default();
/// assert_eq!(all.count(), 128);
/// let halves = all.split(2);
/// assert!(halves[0].owns(63) && !halves[0].owns(64) && halves[1].owns(64));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyGroups {
    count: u32,
    owned: Range<u32>,
}

impl KeyGroups {
    /// All of so many groups, at least one.
    pub fn all(count: u32) -> Self {
        let count = count.max(1);
        KeyGroups { count, owned: 0..count }
    }

    /// These groups of so many.
    #[must_use]
    pub fn only(mut self, owned: Range<u32>) -> Self {
        self.owned = owned.start.min(self.count)..owned.end.min(self.count);
        self
    }

    /// These groups in so many parts of nearly the same size.
    pub fn split(&self, parts: u32) -> Vec<KeyGroups> {
        let (parts, size) = (parts.max(1), self.owned.len() as u32);
        let cut =
            |part: u32| self.owned.start + (u64::from(size) * u64::from(part) / u64::from(parts)) as u32;
        (0..parts).map(|part| self.clone().only(cut(part)..cut(part + 1))).collect()
    }

    /// How many there are, owned or not.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Those that are owned.
    pub fn owned(&self) -> Range<u32> {
        self.owned.clone()
    }

    /// Whether a group is owned.
    #[inline]
    pub fn owns(&self, group: u32) -> bool {
        self.owned.contains(&group)
    }

    /// The group of a key with this binary form.
    pub(crate) fn of_key(&self, bytes: &[u8]) -> u32 {
        self.of(xxh3_64(bytes))
    }

    /// The group of a key with this hash.
    #[inline]
    pub(crate) fn of(&self, hash: u64) -> u32 {
        (hash % u64::from(self.count)) as u32
    }
}

/// All of 128.
impl Default for KeyGroups {
    fn default() -> Self {
        KeyGroups::all(128)
    }
}
