//! Bound events, as lists shared from their ends.

use std::sync::Arc;

use crate::automaton::{Began, Registers};
use crate::event::Held;
use crate::id::{GroupId, SlotId, StepId};
use crate::plan::{Pick, SlotRef};
use crate::predicate::Bound;
use crate::time::Timestamp;

/// The last event bound, and through it all before it. Derivations that have events in common share them.
#[derive(Debug)]
pub(super) struct Link {
    /// The event bound before.
    pub(super) before: Option<Arc<Link>>,
    pub(super) event: Arc<Held>,
    pub(super) step: StepId,
    pub(super) slot: SlotId,
    /// Its place in the total order.
    pub(super) seq: u64,
    /// How many are bound up to and with this one.
    pub(super) len: usize,
    /// What they weigh together.
    pub(super) weight: usize,
    /// The time of the first of them.
    pub(super) first: Timestamp,
    /// The latest step of the text that has bound one.
    pub(super) furthest: StepId,
}

impl Link {
    /// Binds an event behind those of `before`.
    pub(super) fn new(
        before: Option<Arc<Link>>,
        event: Arc<Held>,
        step: StepId,
        slot: SlotId,
        seq: u64,
    ) -> Arc<Link> {
        let len = before.as_ref().map_or(0, |link| link.len) + 1;
        let weight = before.as_ref().map_or(0, |link| link.weight).saturating_add(event.weight());
        let first = before.as_ref().map_or(event.time(), |link| link.first);
        let furthest = before.as_ref().map_or(step, |link| link.furthest.max(step));
        Arc::new(Link { before, event, step, slot, seq, len, weight, first, furthest })
    }

    /// This link and all before it, the last first.
    pub(super) fn backwards(&self) -> impl Iterator<Item = &Link> {
        std::iter::successors(Some(self), |link| link.before.as_deref())
    }

    /// The same from the first on.
    pub(super) fn forwards(&self) -> impl Iterator<Item = &Link> {
        let mut links: Vec<&Link> = self.backwards().collect();
        links.reverse();
        links.into_iter()
    }

    /// The time of the last event.
    pub(super) fn time(&self) -> Timestamp {
        self.event.time()
    }

    /// Whether two lists hold an event in common. The places of a list ascend.
    pub(super) fn shares_event_with(&self, other: &Link) -> bool {
        let (mut ours, mut theirs) = (self.backwards().peekable(), other.backwards().peekable());
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            match a.seq.cmp(&b.seq) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Greater => drop(ours.next()),
                std::cmp::Ordering::Less => drop(theirs.next()),
            }
        }
        false
    }

    /// What tells two sets of bindings apart.
    pub(super) fn signature(&self) -> Vec<(SlotId, u64)> {
        let mut pairs: Vec<_> = self.backwards().map(|link| (link.slot, link.seq)).collect();
        pairs.sort_unstable();
        pairs
    }
}

/// A long list is taken apart one by one: link by link it would nest as deep as it is long.
impl Drop for Link {
    fn drop(&mut self) {
        let mut next = self.before.take();
        while let Some(mut link) = next.and_then(Arc::into_inner) {
            next = link.before.take();
        }
    }
}

/// The previous event of each step that `lag` asks for.
pub(super) type Previous = Vec<(StepId, Arc<Held>)>;

/// Forgets those that came before a time; how many.
pub(super) fn forget_before(previous: &mut Previous, time: Timestamp) -> u64 {
    let count = previous.len();
    previous.retain(|(_, event)| event.time() >= time);
    (count - previous.len()) as u64
}

/// What is bound, as an expression at some place of the pattern sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) chain: Option<&'a Link>,
    /// The iterations that run at the place.
    pub(super) scopes: &'a [(GroupId, Began)],
    pub(super) registers: &'a Registers,
    pub(super) previous: &'a Previous,
}

impl<'a> View<'a> {
    /// The events bound to a name, the last first; inside a repeated group those of the running iteration.
    fn bound(self, slot: SlotRef) -> impl Iterator<Item = &'a Link> {
        let since = self.since(slot.scope);
        let links = self.chain.into_iter().flat_map(Link::backwards);
        links.take_while(move |link| link.len > since).filter(move |link| link.slot == slot.slot)
    }

    /// How many events were bound when the iteration began that a name is seen in.
    fn since(self, scope: Option<GroupId>) -> usize {
        let running = scope.and_then(|group| self.scopes.iter().find(|(g, _)| *g == group));
        match running {
            None => 0,
            Some((_, Began::At(register))) => self.registers.get(*register) as usize,
            Some((_, Began::Here)) => self.chain.map_or(0, |link| link.len),
        }
    }
}

impl Bound for View<'_> {
    fn pick(&self, slot: SlotRef, pick: Pick) -> Option<&Held> {
        let mut bound = self.bound(slot);
        let link = match pick {
            Pick::Last => bound.next(),
            Pick::Back(n) => bound.nth(n as usize),
            Pick::First => bound.last(),
            Pick::Nth(n) => {
                let links: Vec<&Link> = bound.collect();
                (n as usize).checked_sub(1).and_then(|n| links.into_iter().rev().nth(n))
            }
        };
        link.map(|link| &*link.event)
    }

    fn each(&self, slot: SlotRef, visit: &mut dyn FnMut(&Held)) {
        self.bound(slot).for_each(|link| visit(&link.event));
    }

    fn count(&self, slot: SlotRef) -> u64 {
        self.bound(slot).count() as u64
    }

    fn most(&self, _: SlotRef) -> u64 {
        self.chain.map_or(0, |link| link.len as u64)
    }

    fn lag(&self, step: StepId) -> Option<&Held> {
        self.previous.iter().find(|(of, _)| *of == step).map(|(_, held)| &**held)
    }
}
