//! What an engine holds, as data and as bytes: what comes of [`Engine::snapshot`](crate::runtime::Engine::snapshot) and
//! goes into [`Engine::restore`](crate::runtime::Engine::restore).
//!
//! A snapshot is logical: it says what is bound and what is waited for by the names that a rule file gives, so that
//! another form of state, a later version or an edited rule can read it. It is versioned and carries a checksum.
//! `src/snapshot/README.md` has the format, for whoever reads it in another language.
// `model` is what a snapshot says, `partition` what it says of one rule and key, `labels` what the parts of a rule are called, `events` how events come in and out,
// `cbor` and `value` how all of it is written, `envelope` what stands around it.

mod cbor;
mod envelope;
mod events;
mod labels;
mod model;
mod partition;
mod report;
mod value;

pub(crate) use cbor::{Blob, Malformed};
pub(crate) use events::{EventTable, HeldTable};
pub(crate) use model::{
    Global, Group, KeyPlace, Labels, QuietState, RuleCounts, RuleState, Since, Watermark,
};
pub(crate) use partition::{
    Derivation, ExpiredState, Link, PartitionState, Piece, PlaceState, SharedEvent, SharedState, StartState,
    Waits, WindowEvent, WindowState,
};
pub use report::{Fate, RestoreError, Restored, RestoredRule, Section};

use cbor::{Data, Reader, Writer};
use envelope::Kind;
use xxhash_rust::xxh3::xxh3_64;

use crate::program::Program;

/// One section of a snapshot.
#[derive(Debug)]
pub(crate) enum Snapshot {
    Global(Global),
    Group(Group),
}

impl Snapshot {
    /// Its bytes.
    pub(crate) fn write(&self, program: &Program) -> Vec<u8> {
        let mut payload = Writer::default();
        let kind = match self {
            Snapshot::Global(global) => {
                global.put(&mut payload);
                Kind::Global
            }
            Snapshot::Group(group) => {
                group.put(&mut payload);
                Kind::Group
            }
        };
        envelope::seal(kind, fingerprint(program), &payload.into_bytes())
    }

    /// The key group that a section is of; none of the global one.
    #[cfg(feature = "pipeline")]
    pub(crate) fn group_of(bytes: &[u8], program: &Program) -> Result<Option<u32>, RestoreError> {
        let (kind, _, payload) = envelope::open(bytes)?;
        let mut reader = Reader::new(payload, program.limits().record_depth + 1);
        if kind == Kind::Global {
            return Ok(None);
        }
        for _ in 0..reader.map()? {
            match reader.plain::<u64>()? {
                0 => return Ok(Some(reader.plain()?)),
                _ => reader.skip()?,
            }
        }
        Ok(Some(0))
    }

    /// What bytes say.
    pub(crate) fn read(bytes: &[u8], program: &Program) -> Result<Snapshot, RestoreError> {
        let (kind, _, payload) = envelope::open(bytes)?;
        let mut reader = Reader::new(payload, program.limits().record_depth + 1);
        let snapshot = match kind {
            Kind::Global => Snapshot::Global(Global::take(&mut reader)?),
            Kind::Group => Snapshot::Group(Group::take(&mut reader)?),
        };
        reader.end()?;
        Ok(snapshot)
    }
}

impl From<Malformed> for RestoreError {
    fn from(Malformed(what): Malformed) -> Self {
        RestoreError::Malformed { what }
    }
}

/// What tells one rule set from another: the names and versions of its rules.
fn fingerprint(program: &Program) -> u64 {
    let mut text = Vec::new();
    for rule in program.compiled() {
        for part in [&rule.info.name, &rule.info.version] {
            text.extend_from_slice(part.as_bytes());
            text.push(0);
        }
    }
    xxh3_64(&text)
}
