//! The general form: for each start its derivations, the preferred first.
//!
//! `step` says what an event does to them, `time` what a deadline does, `policy` which matches are reported.

mod logical;
mod policy;
mod step;
mod time;

use std::collections::BTreeSet;
use std::sync::Arc;

use smallvec::SmallVec;

use super::chain::{Link, Previous, forget_before};
use super::footprint::{Sizes, block, link, room, slot};
use super::report::{Expired, Match};
use crate::automaton::{Edge, Registers};
use crate::id::{SlotId, StepId};
use crate::program::Compiled;
use crate::time::Timestamp;

/// The state of one rule for one key.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// In the order of their start events.
    starts: Vec<Start>,
    /// For each first absence, when it was last violated: what it needs of the past.
    violated: Vec<(StepId, Timestamp)>,
    previous: Previous,
}

/// All derivations of one start event, the preferred first.
#[derive(Debug)]
struct Start {
    /// The start event's place in the total order.
    seq: u64,
    branches: SmallVec<[Branch; 1]>,
    /// Of the partial matches that a time bound ended the furthest, with the step whose bound it was.
    expired: Option<Box<Expired>>,
    /// What `matches all` has reported of it.
    reported: BTreeSet<Vec<(SlotId, u64)>>,
}

/// A derivation on its way.
#[derive(Clone, Debug)]
struct Branch {
    chain: Arc<Link>,
    registers: Registers,
    state: State,
    /// When time itself does something to it, as [`time::due`] says: it is asked more often than it changes.
    due: Option<Timestamp>,
}

/// What a derivation waits for. Edges are those of the position of its last event, by their index.
#[derive(Clone, Copy, Debug)]
enum State {
    /// An event for the step at the end of an edge.
    Wait(u32),
    /// The deadline of its last absences.
    Pending { edge: u32, deadline: Timestamp },
    /// Nothing: it is a match, kept by `emit final` until no preferred derivation is left.
    Done { deadline: Option<Timestamp> },
}

/// What it takes, if each start has one way to go on. `alone` says that none is kept.
pub(super) fn sizes(alone: bool) -> Sizes {
    let room = if alone { 0 } else { room::<Start>() };
    Sizes { key: block(size_of::<Runs>()) + room, start: slot(size_of::<Start>()), event: link() }
}

/// The matches of one start that completed at one moment, the preferred first.
#[derive(Debug)]
struct Complete {
    /// The start event's place in the total order.
    start: u64,
    matches: Vec<Match>,
}

impl Complete {
    /// The preferred one, and its start.
    fn first(self) -> Option<(u64, Match)> {
        Some((self.start, self.matches.into_iter().next()?))
    }
}

impl Runs {
    /// Whether nothing is left to remember.
    pub(super) fn is_empty(&self) -> bool {
        self.starts.is_empty() && self.violated.is_empty() && self.previous.is_empty()
    }

    /// Gives up so many of the earliest starts.
    pub(super) fn give_up_oldest(&mut self, count: usize) {
        self.starts.drain(..count.min(self.starts.len()));
    }

    /// Gives up the starts that began before a time, and the events before it that `lag` asks for; how many.
    pub(super) fn give_up_before(&mut self, time: Timestamp) -> u64 {
        let count = self.starts.partition_point(|start| start.first().is_some_and(|first| first < time));
        self.give_up_oldest(count);
        count as u64 + forget_before(&mut self.previous, time)
    }

    /// When each start began, and what `lag` asks for came.
    pub(super) fn ages(&self, note: &mut impl FnMut(Timestamp, u64)) {
        let starts = self.starts.iter().filter_map(Start::first);
        let previous = self.previous.iter().map(|(_, event)| event.time());
        starts.chain(previous).for_each(|time| note(time, 1));
    }

    /// How many starts are open.
    pub(super) fn starts(&self) -> usize {
        self.starts.len()
    }

    /// How many starts are open, and how many of them only wait for a deadline or to grow no more.
    pub(super) fn open(&self) -> (u64, u64) {
        let waits = |branch: &Branch| matches!(branch.state, State::Wait(_));
        let pending = self.starts.iter().filter(|start| start.branches.iter().any(|b| !waits(b)));
        (self.starts.len() as u64, pending.count() as u64)
    }
}

impl Start {
    /// When it began.
    fn first(&self) -> Option<Timestamp> {
        self.branches.first().map(|branch| branch.chain.first)
    }
}

impl Branch {
    fn new(rule: &Compiled, chain: Arc<Link>, registers: Registers, state: State) -> Self {
        let mut branch = Branch { chain, registers, state, due: None };
        branch.due = time::due(rule, &branch).map(|(time, _)| time);
        branch
    }

    /// The edge on which it waits.
    #[inline]
    fn edge<'r>(&self, rule: &'r Compiled) -> Option<&'r Edge> {
        match self.state {
            State::Wait(edge) | State::Pending { edge, .. } => {
                rule.automaton.edges(Some(self.chain.step)).get(edge as usize)
            }
            State::Done { .. } => None,
        }
    }
}
