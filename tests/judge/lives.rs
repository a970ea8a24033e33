//! `emit final`: when a match can grow no more.
//!
//! Every derivation, on its way or complete, has a life: from its last event or its completion to what ends it. A match
//! is reported at the first instant at which nothing is alive of its start that is preferred to it.

use std::collections::BTreeSet;

use tripline::Timestamp;
use tripline::plan::Policy;

use super::Partition;
use super::derive::{Bound, Course, Derivation, Moment, Place};
use super::policy::Won;

/// A moment; at a deadline the starts have their turns one after the other, the earliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    pub moment: Moment,
    pub turn: usize,
}

impl Instant {
    /// What time or an event does to a start at this moment.
    pub fn of(moment: Moment, start: usize) -> Self {
        Instant { moment, turn: if moment.at == Place::Deadline { start } else { 0 } }
    }
}

/// When the input was flushed: what has no bound waits no longer.
const FLUSH: Instant =
    Instant { moment: Moment { time: Timestamp::MAX, at: Place::Deadline }, turn: usize::MAX };

struct Life<'c> {
    bound: &'c [Bound],
    preference: usize,
    from: Instant,
    until: Option<Instant>,
    complete: Option<&'c Derivation>,
}

impl Life<'_> {
    fn start(&self) -> usize {
        self.bound[0].event
    }

    fn at(&self, now: Instant) -> bool {
        self.from <= now && self.until.is_none_or(|end| end > now) && (now < FLUSH || self.complete.is_some())
    }
}

/// The matches in the order in which they are reported.
pub fn finally(partition: &Partition, course: &Course) -> Vec<Won> {
    let mut lives = lives(partition, course);
    let mut instants: BTreeSet<Instant> =
        lives.iter().flat_map(|l| l.until.into_iter().chain([l.from])).collect();
    instants.insert(FLUSH);
    let mut reported: Vec<Won> = Vec::new();
    for now in instants {
        let mut at_this_moment = reported.iter().filter(|won| won.at == now.moment).count();
        while let Some(derivation) = next(partition, &lives, now) {
            let rivals = firsts(partition, &lives, now).filter_map(|life| life.complete);
            let rivals = rivals.filter(|d| d.bound.last().map(|b| b.event) == last(derivation));
            let rivals = rivals.map(Derivation::start).collect();
            let won = Won { derivation: derivation.clone(), at: now.moment, rivals };
            lives.retain(|life| !won.drops(partition, life.bound));
            at_this_moment += 1;
            match partition.sequence.policy {
                Policy::All { limit } if at_this_moment > limit as usize => {
                    partition.note.left_out(1, now.moment)
                }
                _ => reported.push(won),
            }
        }
    }
    reported
}

fn lives<'c>(partition: &Partition, course: &'c Course) -> Vec<Life<'c>> {
    let waits = course.waits.iter().map(|wait| Life {
        bound: &wait.bound,
        preference: wait.preference,
        from: Instant::of(partition.moment(wait.bound.last().map_or(0, |b| b.event)), 0),
        until: wait.end.as_ref().map(|end| Instant::of(end.at, wait.bound[0].event)),
        complete: None,
    });
    let complete = course.derivations.iter().map(|derivation| Life {
        bound: &derivation.bound,
        preference: derivation.preference,
        from: Instant::of(derivation.end, derivation.start()),
        until: derivation.cancelled.map(|at| Instant::of(at, derivation.start())),
        complete: Some(derivation),
    });
    // A last absence is waited for from the last event on.
    let pending = course.derivations.iter().filter(|d| d.end.at == Place::Deadline).map(|derivation| Life {
        bound: &derivation.bound,
        preference: derivation.preference,
        from: Instant::of(partition.moment(derivation.bound.last().map_or(0, |b| b.event)), 0),
        until: Some(Instant::of(derivation.end, derivation.start())),
        complete: None,
    });
    waits.chain(complete).chain(pending).collect()
}

/// The match to be reported next: that of the earliest start, with `separate` and `to` only if no earlier one is open.
fn next<'c>(partition: &Partition, lives: &[Life<'c>], now: Instant) -> Option<&'c Derivation> {
    let leftmost =
        matches!(partition.sequence.policy, Policy::Separate | Policy::ToFirst(_) | Policy::ToLast(_));
    let mut firsts = firsts(partition, lives, now);
    if leftmost { firsts.next()?.complete } else { firsts.find_map(|life| life.complete) }
}

/// Of each start what is preferred of all that is alive.
fn firsts<'l, 'c>(
    partition: &Partition,
    lives: &'l [Life<'c>],
    now: Instant,
) -> impl Iterator<Item = &'l Life<'c>> {
    (0..partition.events.len()).filter_map(move |start| {
        lives.iter().filter(|life| life.start() == start && life.at(now)).min_by_key(|life| life.preference)
    })
}

fn last(derivation: &Derivation) -> Option<usize> {
    derivation.bound.last().map(|b| b.event)
}
