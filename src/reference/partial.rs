//! Partial matches: what is bound so far, and what each derivation of a start waits for.

use std::sync::Arc;

use super::place::{Pending, Rest};
use crate::event::Event;
use crate::id::{GroupId, SlotId, StepId};
use crate::time::Timestamp;

/// An event bound to a name.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) slot: SlotId,
    pub(super) step: StepId,
    /// Its place in the total order.
    pub(super) seq: u64,
    pub(super) event: Arc<Event>,
}

/// The events bound so far, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Partial {
    pub(super) bound: Vec<Bound>,
}

/// For each group entered, how many events were bound when its running iteration began.
pub(super) type Iterations = Vec<(GroupId, usize)>;

impl Partial {
    pub(super) fn with(&self, bound: Bound) -> Partial {
        let mut all = self.bound.clone();
        all.push(bound);
        Partial { bound: all }
    }

    pub(super) fn first(&self) -> Option<&Arc<Event>> {
        self.bound.first().map(|b| &b.event)
    }

    pub(super) fn last(&self) -> Option<&Arc<Event>> {
        self.bound.last().map(|b| &b.event)
    }

    /// Whether the two hold an event in common.
    pub(super) fn shares_event_with(&self, other: &Partial) -> bool {
        self.bound.iter().any(|b| other.bound.iter().any(|c| b.seq == c.seq))
    }

    /// The events of a name, of those bound from the `since`-th on.
    pub(super) fn of(&self, slot: SlotId, since: usize) -> impl DoubleEndedIterator<Item = &Bound> {
        self.bound.iter().skip(since).filter(move |b| b.slot == slot)
    }

    /// What tells two sets of bindings apart.
    pub(super) fn signature(&self) -> Vec<(SlotId, u64)> {
        let mut pairs: Vec<_> = self.bound.iter().map(|b| (b.slot, b.seq)).collect();
        pairs.sort_unstable();
        pairs
    }
}

/// A derivation on its way: what it has bound and what it waits for.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) partial: Arc<Partial>,
    pub(super) state: State,
}

/// What a derivation waits for.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// An event for a step.
    Wait(Wait),
    /// The deadline of its last absences.
    Pending { absences: Vec<Pending>, deadline: Timestamp },
    /// Nothing: it is a match, kept by `emit final` until no preferred derivation is left.
    Done { deadline: Option<Timestamp> },
}

/// A way to go on: the step that the next event is for, and what holds until it comes.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) step: StepId,
    /// What is to be done once the step has its event.
    pub(super) rest: Rest,
    /// Absences that hold from the event bound before to the step's event.
    pub(super) absences: Vec<Pending>,
    /// The running iterations if it is taken.
    pub(super) iterations: Iterations,
}

/// All derivations of one start event, the preferred first.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// The start event's place in the total order.
    pub(super) seq: u64,
    pub(super) branches: Vec<Branch>,
    /// Of the partial matches that a time bound ended the furthest.
    pub(super) expired: Option<Expired>,
    /// What `matches all` has reported of it.
    pub(super) reported: Vec<Vec<(SlotId, u64)>>,
}

/// A partial match that a time bound ended.
#[derive(Clone, Debug)]
pub(super) struct Expired {
    pub(super) partial: Arc<Partial>,
    pub(super) bound: String,
    pub(super) time: Timestamp,
}

/// A match: what is bound, and the deadline of its last absence.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) partial: Arc<Partial>,
    pub(super) deadline: Option<Timestamp>,
}
