//! One event before one rule: which steps it fits.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use super::chain::View;
use super::observer::At;
use crate::event::{Held, Row};
use crate::id::{FieldId, StepId};
use crate::predicate::{Bound, Current, Expression, Here, Unbound};
use crate::program::{Compiled, Concern, Program};

/// An event in its turn.
#[derive(Debug)]
pub(super) struct Arrival<'e> {
    pub(super) row: Row<'e>,
    /// The number of its type, if some rule names it.
    pub(super) kind: Option<usize>,
    /// The rules that it concerns.
    pub(super) concerns: &'e [Concern],
    /// The place in the order of the input of what it comes of: its own, or of an alert that of its first cause.
    pub(super) cause: u64,
    /// Its place in the total order as rules of this depth see it.
    pub(super) seq: u64,
    columns: &'e Arc<[FieldId]>,
    held: OnceCell<Arc<Held>>,
}

impl<'e> Arrival<'e> {
    /// An event of the input, by its place in the order, and by the one that it has for rules of some depth.
    pub(super) fn of_input(
        program: &'e Program,
        row: Row<'e>,
        kind: Option<usize>,
        cause: u64,
        seq: u64,
    ) -> Self {
        let (concerns, columns) = (program.concerns(kind), program.held(kind));
        Arrival { row, kind, concerns, cause, seq, columns, held: OnceCell::new() }
    }

    /// An alert of a type that rules name.
    pub(super) fn of_alert(program: &'e Program, row: Row<'e>, kind: usize, cause: u64, seq: u64) -> Self {
        let (concerns, columns) = (program.concerns_of_alerts(kind), program.held(Some(kind)));
        Arrival { row, kind: Some(kind), concerns, cause, seq, columns, held: OnceCell::new() }
    }

    /// What is kept of it when it is bound, made when the first rule binds it.
    pub(super) fn held(&self) -> Arc<Held> {
        Arc::clone(self.held.get_or_init(|| Arc::new(Held::new(self.row, self.columns))))
    }
}

/// What the conditions of steps say of the event alone, so that each is asked once however many partial matches wait for
/// it: one bit for each of the first 64 steps. Those of further ones, which hardly any rule has, are asked each time.
#[derive(Debug, Default)]
pub(super) struct Memo {
    known: Cell<u64>,
    fits: Cell<u64>,
}

impl Memo {
    #[inline]
    fn get(&self, step: StepId, judge: impl FnOnce() -> bool) -> bool {
        let bit = 1u64.checked_shl(step.index() as u32).unwrap_or(0);
        if self.known.get() & bit != 0 {
            return self.fits.get() & bit != 0;
        }
        let fits = judge();
        self.known.set(self.known.get() | bit);
        self.fits.set(self.fits.get() | if fits { bit } else { 0 });
        fits
    }
}

/// An event before one rule, as one partition sees it.
#[derive(Debug)]
pub(super) struct Seen<'e, O> {
    pub(super) rule: &'e Compiled,
    pub(super) observer: &'e O,
    /// The bytes of the key.
    pub(super) key: &'e [u8],
    pub(super) arrival: &'e Arrival<'e>,
    pub(super) memo: Memo,
    pub(super) faults: &'e Cell<u64>,
    /// By the keys of the rule's key space: whether the event's key is this partition's.
    pub(super) visible: &'e [bool],
    /// By the keys of the rule's key space: whether the event has none. A hidden event does not break a strict step.
    pub(super) hidden: &'e [bool],
}

impl<'e, O> Seen<'e, O> {
    /// Where this happens, for whoever watches.
    pub(super) fn at(&self) -> At<'e> {
        At { rule: self.rule, key: self.key, time: self.arrival.row.time() }
    }

    /// Whether a step may bind the event: the step's key of it is this partition's.
    #[inline]
    pub(super) fn visible(&self, step: StepId) -> bool {
        self.visible.get(self.rule.step(step).key).copied().unwrap_or(false)
    }

    /// Whether the event is hidden from a step: the step's key of it is null.
    #[inline]
    pub(super) fn hidden(&self, step: StepId) -> bool {
        self.hidden.get(self.rule.step(step).key).copied().unwrap_or(false)
    }

    /// Whether the event is of a step's types.
    #[inline]
    pub(super) fn type_fits(&self, step: StepId) -> bool {
        self.rule.step(step).takes(self.arrival.kind)
    }

    /// Whether the event fits a step as far as it can be told from the event alone.
    #[inline]
    pub(super) fn fits_alone(&self, step: StepId) -> bool {
        if !self.type_fits(step) {
            return false;
        }
        let Some(alone) = &self.rule.step(step).alone else { return true };
        self.memo.get(step, || {
            let here = Here { current: Current::Row(self.arrival.row), bound: &Unbound, faults: self.faults };
            alone.is_true(&here)
        })
    }

    /// Whether the event fits a step at a place: its types and its `where`.
    #[inline]
    pub(super) fn fits(&self, step: StepId, view: View<'_>) -> bool {
        self.fits_alone(step) && self.fits_along(step, view)
    }

    /// Whether the event fits a step at a place as far as that depends on the place.
    #[inline]
    pub(super) fn fits_along(&self, step: StepId, view: View<'_>) -> bool {
        self.rule.step(step).along.as_ref().is_none_or(|along| self.is_true(along, view))
    }

    /// Whether the event fits a step, which it fits alone, with this bound.
    pub(super) fn fits_bound(&self, step: StepId, bound: &dyn Bound) -> bool {
        self.rule.step(step).along.as_ref().is_none_or(|along| self.holds(along, bound))
    }

    /// Whether a condition is true of the event at a place.
    pub(super) fn is_true(&self, condition: &Expression, view: View<'_>) -> bool {
        self.holds(condition, &view)
    }

    fn holds(&self, condition: &Expression, bound: &dyn Bound) -> bool {
        condition.is_true(&Here { current: Current::Row(self.arrival.row), bound, faults: self.faults })
    }
}
