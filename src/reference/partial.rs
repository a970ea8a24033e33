//! Partial matches: what is bound so far, and what each derivation of a start waits for.

use std::collections::BTreeSet;
use std::fmt;
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
    pub(super) weight: usize,
}

/// The events bound so far: a list that is shared from its end, so that the derivations of a loop, each an event
/// longer than the one before, hold one event each.
#[derive(Clone, Default)]
pub(super) struct Partial(Option<Arc<Link>>);

/// An event bound, and those before it.
struct Link {
    bound: Bound,
    before: Partial,
    /// How many are bound, this one included.
    len: usize,
    /// What they weigh together.
    weight: usize,
    first: Arc<Event>,
    /// The latest step of the text that has bound one.
    furthest: StepId,
}

/// For each group entered, how many events were bound when its running iteration began.
pub(super) type Iterations = Vec<(GroupId, usize)>;

impl Partial {
    pub(super) fn with(&self, bound: Bound) -> Partial {
        let first = Arc::clone(self.first().unwrap_or(&bound.event));
        let furthest = self.furthest().map_or(bound.step, |step| step.max(bound.step));
        let weight = self.weight().saturating_add(bound.weight);
        Partial(Some(Arc::new(Link {
            len: self.len() + 1,
            weight,
            first,
            furthest,
            before: self.clone(),
            bound,
        })))
    }

    /// It and what it was before each of its events was bound, the first event first.
    pub(super) fn each(&self) -> Vec<Partial> {
        let links = std::iter::successors(Some(self), |partial| partial.0.as_ref().map(|link| &link.before));
        let mut each: Vec<Partial> = links.filter(|partial| partial.0.is_some()).cloned().collect();
        each.reverse();
        each
    }

    /// What tells it from others that have bound the same.
    pub(super) fn place(&self) -> *const () {
        self.0.as_ref().map_or(std::ptr::null(), |link| Arc::as_ptr(link).cast())
    }

    /// How many events are bound.
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |link| link.len)
    }

    /// What is bound weighs so much.
    pub(super) fn weight(&self) -> usize {
        self.0.as_ref().map_or(0, |link| link.weight)
    }

    pub(super) fn first(&self) -> Option<&Arc<Event>> {
        self.0.as_ref().map(|link| &link.first)
    }

    pub(super) fn last(&self) -> Option<&Arc<Event>> {
        self.last_bound().map(|bound| &bound.event)
    }

    pub(super) fn last_bound(&self) -> Option<&Bound> {
        self.0.as_ref().map(|link| &link.bound)
    }

    /// The latest step of the text that has bound an event.
    pub(super) fn furthest(&self) -> Option<StepId> {
        self.0.as_ref().map(|link| link.furthest)
    }

    /// What is bound, the last first.
    pub(super) fn backwards(&self) -> impl Iterator<Item = &Bound> {
        self.backwards_to(0)
    }

    /// The same without the first `since`.
    fn backwards_to(&self, since: usize) -> impl Iterator<Item = &Bound> {
        let links = std::iter::successors(self.0.as_deref(), |link| link.before.0.as_deref());
        links.take_while(move |link| link.len > since).map(|link| &link.bound)
    }

    /// What is bound, in order.
    pub(super) fn bound(&self) -> Vec<&Bound> {
        let mut all: Vec<_> = self.backwards().collect();
        all.reverse();
        all
    }

    /// The events of a name, of those bound from the `since`-th on, the last first.
    pub(super) fn of(&self, slot: SlotId, since: usize) -> impl Iterator<Item = &Bound> {
        self.backwards_to(since).filter(move |bound| bound.slot == slot)
    }

    /// Whether it holds one of these events, named by their places in the total order.
    pub(super) fn holds_any(&self, places: &BTreeSet<u64>) -> bool {
        self.backwards().any(|bound| places.contains(&bound.seq))
    }

    /// What tells two sets of bindings apart.
    pub(super) fn signature(&self) -> Vec<(SlotId, u64)> {
        let mut pairs: Vec<_> = self.backwards().map(|b| (b.slot, b.seq)).collect();
        pairs.sort_unstable();
        pairs
    }
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.bound()).finish()
    }
}

/// Freed in a loop: as many calls in one another as events are bound would overflow the stack.
impl Drop for Link {
    fn drop(&mut self) {
        let mut before = self.before.0.take();
        while let Some(mut link) = before.and_then(Arc::into_inner) {
            before = link.before.0.take();
        }
    }
}

/// A derivation on its way: what it has bound and what it waits for.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) partial: Partial,
    pub(super) state: State,
    /// Where it stands, in common with the others that go on from there.
    pub(super) at: Arc<At>,
    /// When time itself does something to it: a last absence is fulfilled, or a bound ends it.
    pub(super) due: Option<Timestamp>,
}

/// A place in the pattern.
#[derive(Debug)]
pub(super) struct At {
    /// What is still to be done there.
    pub(super) rest: Rest,
    /// The iterations that run there.
    pub(super) iterations: Iterations,
}

/// What a derivation waits for.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// An event for a step.
    Wait(Arc<Wait>),
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
    pub(super) reported: BTreeSet<Vec<(SlotId, u64)>>,
}

/// A partial match that a time bound ended.
#[derive(Clone, Debug)]
pub(super) struct Expired {
    pub(super) partial: Partial,
    /// The step whose bound it was; without one the rule's.
    pub(super) bound: Option<StepId>,
    pub(super) time: Timestamp,
}

/// A match: what is bound, and the deadline of its last absence.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) partial: Partial,
    pub(super) deadline: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_is_freed_without_deep_calls() {
        let event = Arc::new(Event::new(Timestamp::MIN, None, crate::event::Record::default()));
        let (slot, step) = (SlotId::new(0).unwrap(), StepId::new(0).unwrap());
        let bound = |seq| Bound { slot, step, seq, event: Arc::clone(&event), weight: 0 };
        let long = (0..1_000_000).fold(Partial::default(), |partial, seq| partial.with(bound(seq)));
        let (one, other) = (long.with(bound(1_000_000)), long.with(bound(1_000_001)));
        drop((long, one));
        assert_eq!(other.len(), 1_000_001);
        assert_eq!(other.of(slot, 999_999).map(|b| b.seq).collect::<Vec<_>>(), [1_000_001, 999_999]);
    }
}
