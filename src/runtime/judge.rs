//! One event before one rule: which steps it fits.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use super::chain::View;
use super::observer::At;
use crate::event::{Held, Row};
use crate::id::{FieldId, StepId};
use crate::predicate::{Current, Expression, Here, Unbound};
use crate::program::Compiled;

/// An event in its turn.
#[derive(Debug)]
pub(super) struct Arrival<'e> {
    pub(super) row: Row<'e>,
    /// The number of its type, if some rule names it.
    pub(super) kind: Option<usize>,
    /// Its place in the total order.
    pub(super) seq: u64,
    columns: &'e Arc<[FieldId]>,
    held: OnceCell<Arc<Held>>,
}

impl<'e> Arrival<'e> {
    pub(super) fn new(row: Row<'e>, kind: Option<usize>, seq: u64, columns: &'e Arc<[FieldId]>) -> Self {
        Arrival { row, kind, seq, columns, held: OnceCell::new() }
    }

    /// What is kept of it when it is bound, made when the first rule binds it.
    pub(super) fn held(&self) -> Arc<Held> {
        Arc::clone(self.held.get_or_init(|| Arc::new(Held::new(self.row, self.columns))))
    }
}

/// What a step's own condition said of the event, so that it is asked once however many partial matches wait for it.
pub(super) type Memo = Vec<Cell<Option<bool>>>;

/// An event before one rule, as one partition sees it.
#[derive(Debug)]
pub(super) struct Seen<'e, O> {
    pub(super) rule: &'e Compiled,
    pub(super) observer: &'e O,
    /// The bytes of the key.
    pub(super) key: &'e [u8],
    pub(super) arrival: &'e Arrival<'e>,
    pub(super) memo: &'e Memo,
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
        let judge = || {
            let here = Here { current: Current::Row(self.arrival.row), bound: &Unbound, faults: self.faults };
            alone.is_true(&here)
        };
        match self.memo.get(step.index()) {
            None => judge(),
            Some(known) => known.get().unwrap_or_else(|| {
                known.set(Some(judge()));
                known.get().unwrap_or(false)
            }),
        }
    }

    /// Whether the event fits a step at a place: its types and its `where`.
    #[inline]
    pub(super) fn fits(&self, step: StepId, view: View<'_>) -> bool {
        self.fits_alone(step)
            && self.rule.step(step).along.as_ref().is_none_or(|along| self.is_true(along, view))
    }

    /// Whether a condition is true of the event at a place.
    pub(super) fn is_true(&self, condition: &Expression, view: View<'_>) -> bool {
        condition.is_true(&Here {
            current: Current::Row(self.arrival.row),
            bound: &view,
            faults: self.faults,
        })
    }
}
