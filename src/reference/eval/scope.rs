//! What an expression sees: the current event and what is bound.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::Event;
use crate::id::{GroupId, StepId};
use crate::plan::{Pick, SlotRef};
use crate::reference::partial::{Bound, Partial};

/// A place at which an expression is judged.
#[derive(Clone, Copy)]
pub(in crate::reference) struct Here<'a> {
    /// The current event.
    pub(in crate::reference) event: &'a Event,
    /// What is bound so far.
    pub(in crate::reference) partial: &'a Partial,
    /// For each running group, how many events were bound when its iteration began.
    pub(in crate::reference) iterations: &'a [(GroupId, usize)],
    /// The partition's previous event of each step's types.
    pub(in crate::reference) previous: &'a BTreeMap<StepId, Arc<Event>>,
}

impl<'a> Here<'a> {
    /// The same place with another current event.
    pub(super) fn with_event(self, event: &'a Event) -> Here<'a> {
        Here { event, ..self }
    }

    /// The events bound to a name, the last first; inside a repeated group those of the running iteration.
    pub(super) fn bound(&self, slot: SlotRef) -> impl Iterator<Item = &'a Bound> + use<'a> {
        let running = slot.scope.and_then(|group| self.iterations.iter().find(|(g, _)| *g == group));
        self.partial.of(slot.slot, running.map_or(0, |(_, since)| *since))
    }

    /// The same, the first first.
    pub(super) fn bound_in_order(&self, slot: SlotRef) -> Vec<&'a Bound> {
        let mut bound: Vec<_> = self.bound(slot).collect();
        bound.reverse();
        bound
    }

    /// One of the events bound to a name.
    pub(super) fn pick(&self, slot: SlotRef, pick: Pick) -> Option<&'a Event> {
        let mut bound = self.bound(slot);
        let picked = match pick {
            Pick::First => bound.last(),
            Pick::Last => bound.next(),
            Pick::Back(n) => bound.nth(n as usize),
            Pick::Nth(n) => n.checked_sub(1).and_then(|n| self.bound_in_order(slot).get(n as usize).copied()),
        };
        picked.map(|b| &*b.event)
    }
}
