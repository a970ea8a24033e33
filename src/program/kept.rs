//! Since when programs that followed each other have kept what they keep of bound events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use compact_str::CompactString;

use super::Program;
use crate::time::Timestamp;

/// Since when each field of events of a type is kept, over the edits of a program. What was bound before lacks it for ever, also
/// when the rule that asks for it comes much later.
///
/// It goes by time, not by event: an event of the very moment in which an edit took over counts as bound before it.
///
/// Cost: an entry for each field that is kept of a type, once there was an edit.
#[derive(Clone, Debug, Default)]
pub struct KeptSince(BTreeMap<Kind, BTreeMap<Path, Option<Timestamp>>>);

pub(super) type Path = Arc<[CompactString]>;

/// A type, or any that no rule names.
type Kind = Option<CompactString>;

impl KeptSince {
    /// The same when another program has taken over at a time.
    pub(crate) fn edited(&self, before: &Program, after: &Program, now: Timestamp) -> Self {
        let named = before.kinds().iter().chain(after.kinds()).cloned().map(Some);
        let kinds: BTreeSet<Kind> = named.chain(self.0.keys().cloned()).chain([None]).collect();
        let of_kind = |kind: Kind| {
            let since = |path: Path| {
                let was_kept = keeps(before, &path, kind.as_deref());
                let since = if was_kept { self.since(&path, kind.as_deref()) } else { Some(now) };
                (path, since)
            };
            let paths = kept(after, kind.as_deref()).map(since).collect();
            (kind, paths)
        };
        KeptSince(kinds.into_iter().map(of_kind).collect())
    }

    /// The time up to which events of a type lack a field that is kept of them; `None` if none do.
    pub(super) fn since(&self, path: &Path, kind: Option<&str>) -> Option<Timestamp> {
        let named = kind.and_then(|kind| self.0.get(&Some(kind.into())));
        let paths = named.or_else(|| self.0.get(&None))?;
        paths.get(path).copied().unwrap_or(Some(Timestamp::MAX))
    }

    /// What has not been kept always, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Option<&str>, &Path, Timestamp)> {
        self.0.iter().flat_map(|(kind, paths)| {
            paths.iter().filter_map(move |(path, since)| Some((kind.as_deref(), path, (*since)?)))
        })
    }

    /// What a program keeps, but for these always.
    pub(crate) fn of_entries(program: &Program, entries: Vec<(Kind, Path, Timestamp)>) -> Self {
        if entries.is_empty() {
            return KeptSince::default();
        }
        let named = program.kinds().iter().cloned().map(Some);
        let kinds = named.chain(entries.iter().map(|(kind, ..)| kind.clone())).chain([None]);
        let always = |kind: Kind| {
            let paths = kept(program, kind.as_deref()).map(|path| (path, None)).collect();
            (kind, paths)
        };
        let mut all: BTreeMap<Kind, BTreeMap<Path, Option<Timestamp>>> = kinds.map(always).collect();
        for (kind, path, since) in entries {
            let known = all.get_mut(&kind).and_then(|paths| paths.get_mut(&path));
            known.into_iter().for_each(|known| *known = Some(since));
        }
        KeptSince(all)
    }
}

/// Whether a program keeps a field of events of a type.
pub(super) fn keeps(program: &Program, path: &Path, kind: Option<&str>) -> bool {
    let held = program.held(kind.and_then(|kind| program.kinds().get_index_of(kind)));
    program.fields().find(path).is_some_and(|field| held.binary_search(&field).is_ok())
}

/// The fields that a program keeps of events of a type.
fn kept<'p>(program: &'p Program, kind: Option<&str>) -> impl Iterator<Item = Path> + use<'p> {
    let held = program.held(kind.and_then(|kind| program.kinds().get_index_of(kind)));
    held.iter().map(|column| program.fields().path(*column).into())
}
