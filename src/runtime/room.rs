//! Room for starts: how many of a rule are open in a key group.
//!
//! The count is that before an event: what one key of it begins takes no room from another, whatever their order.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use smallvec::SmallVec;

use crate::alert::Bound;
use crate::limits::Limits;
use crate::plan::Hold;

/// How many starts of each rule are open in each key group.
#[derive(Debug, Default)]
pub(super) struct OpenStarts {
    /// By rule and group, where there is one.
    counts: HashMap<(u32, u32), usize, FixedState>,
    /// What the event that is judged has changed.
    changes: SmallVec<[Change; 2]>,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    rule: u32,
    group: u32,
    before: usize,
    after: usize,
}

impl OpenStarts {
    fn count(&self, rule: u32, group: u32) -> usize {
        self.counts.get(&(rule, group)).copied().unwrap_or(0)
    }

    /// How many starts of each of so many rules are open.
    pub(super) fn of_rules(&self, rules: usize) -> Vec<u64> {
        let mut open = vec![0; rules];
        for ((rule, _), count) in &self.counts {
            open.get_mut(*rule as usize).into_iter().for_each(|open| *open += *count as u64);
        }
        open
    }

    /// The same starts of those rules that have another number now; of others none.
    pub(super) fn renumbered(&self, number: impl Fn(u32) -> Option<u32>) -> Self {
        let counts = self.counts.iter();
        let counts = counts.filter_map(|((rule, group), count)| Some(((number(*rule)?, *group), *count)));
        OpenStarts { counts: counts.collect(), changes: SmallVec::new() }
    }

    /// A partition that had so many now has another number of them.
    #[inline]
    pub(super) fn change(&mut self, rule: u32, group: u32, before: usize, after: usize) {
        if before != after {
            self.add(Change { rule, group, before, after });
        }
    }

    /// The same by the event that is judged, which is not to be seen before it is over.
    #[inline]
    pub(super) fn note(&mut self, rule: u32, group: u32, before: usize, after: usize) {
        if before != after {
            self.changes.push(Change { rule, group, before, after });
        }
    }

    /// The event is over.
    #[inline]
    pub(super) fn settle(&mut self) {
        while let Some(change) = self.changes.pop() {
            self.add(change);
        }
    }

    fn add(&mut self, Change { rule, group, before, after }: Change) {
        match self.counts.entry((rule, group)) {
            Entry::Occupied(mut count) => {
                *count.get_mut() = (*count.get() + after).saturating_sub(before);
                if *count.get() == 0 {
                    count.remove();
                }
            }
            Entry::Vacant(place) if after > before => drop(place.insert(after - before)),
            Entry::Vacant(_) => {}
        }
    }
}

/// What a partition may take on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room<'r> {
    pub(super) limits: &'r Limits,
    open: &'r OpenStarts,
    rule: u32,
    group: u32,
    hold: Option<Hold>,
    /// How many starts the partition had open before the event.
    before: usize,
}

impl<'r> Room<'r> {
    pub(super) fn new(
        limits: &'r Limits,
        open: &'r OpenStarts,
        (rule, group): (u32, u32),
        hold: Option<Hold>,
        before: usize,
    ) -> Self {
        Room { limits, open, rule, group, hold, before }
    }

    /// What keeps the rule from beginning, with an event of this weight.
    pub(super) fn lacks_for_a_start(&self, weight: impl FnOnce() -> usize) -> Option<Bound> {
        if self.hold.is_some_and(|hold| !hold.admits(self.before)) {
            return Some(Bound::Hold);
        }
        if self.open.count(self.rule, self.group) >= self.limits.starts_per_group {
            return Some(Bound::StartsPerGroup);
        }
        (!self.holds(weight())).then_some(Bound::CapturedBytes)
    }

    /// Whether what one start has bound may weigh so much.
    #[inline]
    pub(super) fn holds(&self, weight: usize) -> bool {
        weight <= self.limits.captured_bytes
    }
}
