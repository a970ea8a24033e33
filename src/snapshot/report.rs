//! What came of a snapshot that was given to an engine.

use std::fmt;

use compact_str::CompactString;

/// What an engine took back from a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the snapshot held.
    pub section: Section,
    /// By rule of the snapshot, in the order of their names.
    pub rules: Vec<RestoredRule>,
}

/// What a snapshot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What is of no key: the reorder buffer, watermarks, counts.
    Global,
    /// The partial matches of one key group.
    Group(u32),
}

/// What became of one rule of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredRule {
    /// Its name.
    pub name: CompactString,
    /// Whether the engine took it.
    pub fate: Fate,
    /// For how many keys the snapshot held something of it.
    pub partitions: u64,
    /// How many starts were open.
    pub starts: u64,
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The engine went on with all there was of it.
    Kept,
    /// Dropped: the engine has no rule of this name.
    Gone,
    /// Dropped: the rule of this name is another version.
    Changed,
    /// Dropped: this version of tripline takes the rule apart in another way.
    Unfit,
}

/// Why a snapshot was refused. The engine is as it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// It does not begin as a snapshot does.
    NotASnapshot,
    /// Its checksum is not that of its bytes.
    Damaged,
    /// It is of a later version of the format.
    Newer {
        /// Its version.
        version: u16,
        /// The latest that is read.
        known: u16,
    },
    /// It holds a section of a kind that is not known.
    UnknownKind {
        /// The number of the kind.
        kind: u8,
    },
    /// It is whole, but says what no snapshot says.
    Malformed {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The engine does not own this key group.
    NotOwned {
        /// The key group.
        group: u32,
    },
    /// It was written where there are more key groups, or fewer.
    OtherGroups {
        /// How many there were.
        count: u32,
        /// How many the engine has.
        expected: u32,
    },
    /// The engine already holds partial matches of this key group.
    Occupied {
        /// The key group.
        group: u32,
    },
    /// It holds events that the engine has not seen.
    Ahead,
    /// It is a global section, and the engine has seen events already.
    Begun,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestoreError::NotASnapshot => write!(f, "not a snapshot: it does not begin with `tripsnap`"),
            RestoreError::Damaged => {
                write!(f, "the snapshot is damaged: its checksum does not fit; take an earlier one")
            }
            RestoreError::Newer { version, known } => write!(
                f,
                "the snapshot has format version {version}, and this program reads up to {known}; take a newer program"
            ),
            RestoreError::UnknownKind { kind } => write!(
                f,
                "the snapshot holds a section of kind {kind}, which is not known; expected 0 (global) or 1 (key group)"
            ),
            RestoreError::Malformed { what } => write!(f, "the snapshot cannot be read: {what}"),
            RestoreError::NotOwned { group } => {
                write!(f, "the engine does not own key group {group}; restore it into the one that does")
            }
            RestoreError::OtherGroups { count, expected } => write!(
                f,
                "the snapshot was made with {count} key groups, and the engine has {expected}; give it as many"
            ),
            RestoreError::Occupied { group } => write!(
                f,
                "the engine already holds partial matches of key group {group}; restore into one that does not"
            ),
            RestoreError::Ahead => write!(
                f,
                "the snapshot holds events that the engine has not seen; restore the global section of its moment first"
            ),
            RestoreError::Begun => {
                write!(f, "the engine has seen events already; restore the global section before any")
            }
        }
    }
}

impl std::error::Error for RestoreError {}
