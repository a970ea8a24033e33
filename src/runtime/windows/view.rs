//! What is in a window, as expressions see it.

use std::sync::Arc;

use super::{Entry, Windows};
use crate::event::Held;
use crate::id::{SlotId, StepId};
use crate::plan::{Pick, SlotRef};
use crate::predicate::{Bound, Meter};
use crate::runtime::report::Ends;

/// The events in a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct InWindow<'w> {
    pub(super) windows: &'w Windows,
    /// Which of the events they are.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Whether it is the window of which counts and sums are kept.
    pub(super) kept: bool,
}

impl<'w> InWindow<'w> {
    /// Those of a step, from the first on.
    fn of(self, slot: SlotId) -> impl DoubleEndedIterator<Item = &'w Entry> {
        self.windows.events.range(self.from..self.to).filter(move |entry| entry.fits(slot))
    }

    fn count_of(self, slot: SlotId) -> u64 {
        match self.windows.counts.get(slot.index()).filter(|_| self.kept) {
            Some(count) => *count,
            None => self.of(slot).count() as u64,
        }
    }

    /// What an alert says of a step; nothing if nothing fits it.
    pub(super) fn ends(self, slot: SlotId) -> Option<Ends> {
        let count = self.count_of(slot);
        let (first, last) = (self.of(slot).next()?, self.of(slot).next_back()?);
        Some(Ends { slot, first: Arc::clone(&first.held), last: Arc::clone(&last.held), count })
    }
}

impl Bound for InWindow<'_> {
    fn pick(&self, slot: SlotRef, pick: Pick) -> Option<&Held> {
        let mut all = self.of(slot.slot);
        let entry = match pick {
            Pick::First => all.next(),
            Pick::Last => all.next_back(),
            Pick::Back(n) => all.nth_back(n as usize),
            Pick::Nth(n) => (n as usize).checked_sub(1).and_then(|n| all.nth(n)),
        };
        entry.map(|entry| &*entry.held)
    }

    fn each(&self, slot: SlotRef, visit: &mut dyn FnMut(&Held)) {
        self.of(slot.slot).rev().for_each(|entry| visit(&entry.held));
    }

    fn count(&self, slot: SlotRef) -> u64 {
        self.count_of(slot.slot)
    }

    fn lag(&self, step: StepId) -> Option<&Held> {
        self.windows.previous.iter().find(|(of, _)| *of == step).map(|(_, held)| &**held)
    }

    fn meter(&self, gauge: usize) -> Option<&Meter> {
        self.windows.meters.get(gauge).filter(|_| self.kept)
    }
}
