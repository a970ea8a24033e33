//! The place where an expression is judged: the current event and what is bound.

use std::cell::Cell;
use std::fmt;

use crate::event::{Held, Row, ValueRef};
use crate::id::{FieldId, StepId};
use crate::plan::{Pick, SlotRef};
use crate::time::Timestamp;

use super::meter::Meter;
use super::worth::Fault;

/// The event being judged.
#[derive(Clone, Copy, Debug)]
pub enum Current<'a> {
    /// One that is not bound yet.
    Row(Row<'a>),
    /// One that is bound, as in `emit`.
    Held(&'a Held),
}

impl<'a> Current<'a> {
    /// Event time.
    #[inline]
    pub fn time(self) -> Timestamp {
        match self {
            Current::Row(row) => row.time(),
            Current::Held(held) => held.time(),
        }
    }

    /// A field, null where it is missing or was not kept.
    #[inline]
    pub fn value(self, field: FieldId) -> ValueRef<'a> {
        match self {
            Current::Row(row) => row.value(field),
            Current::Held(held) => held.value(field),
        }
    }
}

/// What is bound, as seen from the place where an expression stands.
pub trait Bound {
    /// One of the events bound to a name.
    fn pick(&self, slot: SlotRef, pick: Pick) -> Option<&Held>;

    /// Shows all events bound to a name, the last bound first.
    fn each(&self, slot: SlotRef, visit: &mut dyn FnMut(&Held));

    /// How many are bound to a name.
    fn count(&self, slot: SlotRef) -> u64;

    /// A number that at least is not smaller, and that is known without counting.
    fn most(&self, slot: SlotRef) -> u64 {
        self.count(slot)
    }

    /// The partition's previous event of a step's types.
    fn lag(&self, step: StepId) -> Option<&Held>;

    /// What a gauge shows of what is bound, if that is kept up to date.
    fn meter(&self, gauge: usize) -> Option<&Meter> {
        let _ = gauge;
        None
    }
}

/// Nothing is bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unbound;

impl Bound for Unbound {
    fn pick(&self, _: SlotRef, _: Pick) -> Option<&Held> {
        None
    }

    fn each(&self, _: SlotRef, _: &mut dyn FnMut(&Held)) {}

    fn count(&self, _: SlotRef) -> u64 {
        0
    }

    fn lag(&self, _: StepId) -> Option<&Held> {
        None
    }
}

/// A place at which an expression is judged.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    /// The event being judged; in `emit` the last one bound.
    pub current: Current<'a>,
    /// What is bound so far.
    pub bound: &'a dyn Bound,
    /// Counts expressions that are unknown for an overflow, a division by zero or a wrong type: the smallest such
    /// expression, each time it is judged.
    pub faults: &'a Cell<u64>,
}

impl<'a> Here<'a> {
    /// The same place with another current event.
    pub(super) fn with<'b>(&self, held: &'b Held) -> Here<'b>
    where
        'a: 'b,
    {
        Here { current: Current::Held(held), bound: self.bound, faults: self.faults }
    }

    /// What was judged, or unknown and a count.
    #[inline]
    pub(super) fn known<T: Default>(&self, judged: Result<T, Fault>) -> T {
        judged.unwrap_or_else(|Fault| {
            self.faults.set(self.faults.get() + 1);
            T::default()
        })
    }
}

impl fmt::Debug for Here<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Here")
            .field("current", &self.current)
            .field("faults", self.faults)
            .finish_non_exhaustive()
    }
}
