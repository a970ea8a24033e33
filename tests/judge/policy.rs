//! Which derivations are reported as soon as they are complete.

use std::collections::BTreeSet;

use tripline::SlotId;
use tripline::plan::{Policy, Report};

use super::Partition;
use super::derive::{Bound, Derivation, Moment, Place};

/// A derivation that is reported.
#[derive(Clone, Debug)]
pub struct Won {
    pub derivation: Derivation,
    /// When it is reported.
    pub at: Moment,
    /// The starts that lost to it.
    pub rivals: BTreeSet<usize>,
}

impl Won {
    /// Reported when it is complete.
    pub fn at_end(derivation: Derivation) -> Self {
        Won { at: derivation.end, derivation, rivals: BTreeSet::new() }
    }

    /// Whether it leaves no room for a partial match with these events.
    pub fn drops(&self, partition: &Partition, bound: &[Bound]) -> bool {
        let start = bound[0].event;
        let started_before = |event: Option<usize>| event.is_some_and(|event| start < event);
        let policy = partition.sequence.policy;
        match policy {
            Policy::All { .. } if partition.sequence.report == Report::First => return false,
            _ if start == self.derivation.start() => return true,
            _ => {}
        }
        match policy {
            Policy::Disjoint => {
                self.rivals.contains(&start) || bound.iter().any(|b| self.derivation.holds(b.event))
            }
            Policy::Separate => partition.moment(start) <= self.derivation.end,
            Policy::ToFirst(slot) => started_before(self.events_of(slot).next()),
            Policy::ToLast(slot) => started_before(self.events_of(slot).last()),
            Policy::Every | Policy::Latest | Policy::All { .. } => false,
        }
    }

    fn events_of(&self, slot: SlotId) -> impl Iterator<Item = usize> {
        self.derivation.bound.iter().filter(move |b| b.slot == slot).map(|b| b.event)
    }
}

/// Goes through the derivations in the order of their ends and keeps what the policy reports.
pub fn reported(partition: &Partition, mut derivations: Vec<Derivation>) -> Vec<Won> {
    derivations.sort_by_key(|d| (d.end, d.start(), d.preference));
    if let Policy::All { limit } = partition.sequence.policy {
        return distinct(partition, derivations, limit as usize);
    }
    let mut live = derivations;
    let mut reported = Vec::new();
    while !live.is_empty() {
        // The first to complete; of those that complete together the earliest start, in it the preferred.
        let mut winner = Won::at_end(live.remove(0));
        if let Place::Event(_) = winner.at.at {
            winner.rivals = live.iter().filter(|d| d.end == winner.at).map(Derivation::start).collect();
        }
        live.retain(|d| !winner.drops(partition, &d.bound));
        reported.push(winner);
    }
    reported
}

/// Every distinct set of bindings, at its first end; of those that end together the first `limit`.
fn distinct(partition: &Partition, mut derivations: Vec<Derivation>, limit: usize) -> Vec<Won> {
    let mut seen = BTreeSet::new();
    derivations.retain(|d| seen.insert(d.bindings()));
    let mut reported = Vec::new();
    for together in derivations.chunk_by(|a, b| a.end == b.end) {
        reported.extend(together.iter().take(limit).cloned().map(Won::at_end));
        partition.note.left_out(together.len().saturating_sub(limit), together[0].end);
    }
    reported
}
