//! Which derivations are reported.

use std::collections::BTreeSet;

use tripline::SlotId;
use tripline::plan::Policy;

use super::Partition;
use super::derive::{Derivation, Moment, Place};

/// Goes through the derivations in the order of their ends and keeps what the policy reports.
pub fn reported(partition: &Partition, policy: Policy, mut derivations: Vec<Derivation>) -> Vec<Derivation> {
    derivations.sort_by_key(|d| (d.end, d.start(), d.preference));
    if let Policy::All { limit } = policy {
        return distinct(derivations, limit as usize);
    }
    let mut live = derivations;
    let mut reported = Vec::new();
    while !live.is_empty() {
        // The first to complete; of those that complete together the earliest start, in it the preferred.
        let winner = live.remove(0);
        let rivals: BTreeSet<usize> = match winner.end.at {
            Place::Event(_) => live.iter().filter(|d| d.end == winner.end).map(Derivation::start).collect(),
            Place::Deadline => BTreeSet::new(),
        };
        live.retain(|d| d.start() != winner.start() && lives_on(partition, policy, d, &winner, &rivals));
        reported.push(winner);
    }
    reported
}

/// `emit final`: of each start the first derivation in preference order, from the leftmost start to the next that the
/// policy leaves.
pub fn finally(partition: &Partition, policy: Policy, mut derivations: Vec<Derivation>) -> Vec<Derivation> {
    derivations.sort_by_key(|d| (d.start(), d.preference));
    derivations.dedup_by_key(|d| d.start());
    let mut live = derivations;
    let mut reported = Vec::new();
    while !live.is_empty() {
        let winner = live.remove(0);
        live.retain(|d| lives_on(partition, policy, d, &winner, &BTreeSet::new()));
        reported.push(winner);
    }
    reported
}

/// Whether a derivation may still be reported after the winner.
fn lives_on(
    partition: &Partition,
    policy: Policy,
    derivation: &Derivation,
    winner: &Derivation,
    rivals: &BTreeSet<usize>,
) -> bool {
    match policy {
        Policy::Disjoint => {
            !rivals.contains(&derivation.start()) && !winner.bound.iter().any(|b| derivation.holds(b.event))
        }
        Policy::Separate => moment_of(partition, derivation.start()) > winner.end,
        Policy::ToFirst(slot) => !started_before(derivation, events_of(winner, slot).next()),
        Policy::ToLast(slot) => !started_before(derivation, events_of(winner, slot).last()),
        Policy::Every | Policy::Latest | Policy::All { .. } => true,
    }
}

fn started_before(derivation: &Derivation, event: Option<usize>) -> bool {
    event.is_some_and(|event| derivation.start() < event)
}

fn events_of(winner: &Derivation, slot: SlotId) -> impl Iterator<Item = usize> {
    winner.bound.iter().filter(move |b| b.slot == slot).map(|b| b.event)
}

fn moment_of(partition: &Partition, event: usize) -> Moment {
    Moment { time: partition.time(event), at: Place::Event(event) }
}

/// Every distinct set of bindings, at its first end; of those that end together the first `limit`.
fn distinct(mut derivations: Vec<Derivation>, limit: usize) -> Vec<Derivation> {
    let mut seen = BTreeSet::new();
    derivations.retain(|d| seen.insert(d.bindings()));
    derivations
        .chunk_by(|a, b| a.end == b.end)
        .flat_map(|together| together.iter().take(limit).cloned())
        .collect()
}
