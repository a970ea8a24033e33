//! What an engine holds of one rule and one key, as data: nothing in it depends on the form in which it is held.
//!
//! The tables with the numbers are the format in bytes; `README.md` explains them.

use super::cbor::{Data, Malformed, Reader, Writer, record};
use crate::id::StepId;
use crate::time::Timestamp;

/// What one rule holds for one key.
#[derive(Debug)]
pub(crate) struct PartitionState {
    /// What is bound, each link behind the one before it.
    pub(crate) links: Vec<Link>,
    /// In the order of their start events.
    pub(crate) starts: Vec<StartState>,
    /// For each first absence when it was last violated, by step.
    pub(crate) violated: Vec<(StepId, Timestamp)>,
    /// For each step that `lag` asks of its previous event, by step.
    pub(crate) previous: Vec<(StepId, u32)>,
    /// Of a window.
    pub(crate) window: Option<WindowState>,
    /// Starts whose derivations are told in common.
    pub(crate) shared: Option<SharedState>,
    /// Of a rule that forgets when the last event of a type that it names came.
    pub(crate) came: Option<Timestamp>,
}

record! { PartitionState { 0 links, 1 starts, 2 violated, 3 previous, 4 window, 5 shared, 6 came } }

impl PartitionState {
    /// How many starts are open. A window with something in it is one.
    pub(crate) fn open(&self) -> usize {
        let shared = self.shared.as_ref().map_or(0, SharedState::open);
        let window = self.window.as_ref().is_some_and(|window| !window.events.is_empty());
        self.starts.len() + shared + usize::from(window)
    }

    /// Whether a start has bound another event than its own first.
    pub(crate) fn begins_otherwise(&self) -> bool {
        // Of the list that ends with each link.
        let mut firsts: Vec<u64> = Vec::with_capacity(self.links.len());
        for link in &self.links {
            let before = firsts.len().checked_sub(link.back as usize).and_then(|at| firsts.get(at));
            firsts.push(before.copied().unwrap_or(link.seq));
        }
        let first = |bound: &[Piece]| {
            let piece = bound.iter().find(|piece| piece.count != Some(0))?;
            let Some(count) = piece.count else { return firsts.get(piece.link as usize).copied() };
            let mut link = piece.link as usize;
            for _ in 1..count {
                let back = Some(self.links.get(link)?.back).filter(|back| *back > 0)?;
                link = link.checked_sub(back as usize)?;
            }
            self.links.get(link).map(|link| link.seq)
        };
        self.starts.iter().any(|start| {
            let expired = start.expired.iter().map(|expired| &expired.bound);
            let mut bound = start.derivations.iter().map(|derivation| &derivation.bound).chain(expired);
            bound.any(|bound| first(bound).is_some_and(|first| first != start.seq))
        })
    }
}

/// Starts whose derivations are told in common: what each bound event has done to all that waited.
#[derive(Debug)]
pub(crate) struct SharedState {
    /// Where derivations begin or wait.
    pub(crate) places: Vec<PlaceState>,
    /// The bound events, in order.
    pub(crate) rows: Vec<SharedEvent>,
}

record! { SharedState { 0 places, 1 rows } }

impl SharedState {
    /// How many starts are open.
    fn open(&self) -> usize {
        let begins = |place: &u32| self.places.get(*place as usize).is_some_and(|of| of.after.is_none());
        self.rows.iter().filter(|row| row.taken.iter().any(begins)).count()
    }
}

/// A place where derivations wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlaceState {
    /// The step that has bound the event before; without one derivations begin there.
    pub(crate) after: Option<StepId>,
    /// In the order of the labels.
    pub(crate) registers: Vec<u32>,
    pub(crate) waits: Waits,
}

record! { PlaceState { 0 after, 1 registers, 2 waits } }

/// A bound event, and what it has done.
#[derive(Debug)]
pub(crate) struct SharedEvent {
    /// Its place among the events of the group.
    pub(crate) event: u32,
    /// Its place in the total order.
    pub(crate) seq: u64,
    /// At which places it was taken.
    pub(crate) taken: Vec<u32>,
    /// At which nobody waits any more, after it and before the next.
    pub(crate) left: Vec<u32>,
}

record! { SharedEvent { 0 event, 1 seq, 2 taken, 3 left } }

/// The events that are looked at together.
#[derive(Debug)]
pub(crate) struct WindowState {
    /// In order.
    pub(crate) events: Vec<WindowEvent>,
    /// 1 if the condition was true when it was last judged, and does not fire again before it was not.
    pub(crate) fired: u32,
    /// Of windows at regular times the end of the one that closes next.
    pub(crate) closes: Option<Timestamp>,
}

record! { WindowState { 0 events, 1 fired, 2 closes } }

/// An event in a window.
#[derive(Debug)]
pub(crate) struct WindowEvent {
    /// Its place among the events of the group.
    pub(crate) event: u32,
    /// Its place in the total order.
    pub(crate) seq: u64,
    /// The steps it fits.
    pub(crate) steps: Vec<StepId>,
}

record! { WindowEvent { 0 event, 1 seq, 2 steps } }

/// An event bound to a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Its place among the events of the group.
    pub(crate) event: u32,
    pub(crate) step: StepId,
    /// How many places back in the list the link before stands; zero for the first of a derivation.
    pub(crate) back: u32,
    /// Its place in the total order.
    pub(crate) seq: u64,
}

record! { Link { 0 event, 1 step, 2 back, 3 seq } }

/// All derivations of one start event, the preferred first.
#[derive(Debug)]
pub(crate) struct StartState {
    /// The start event's place in the total order.
    pub(crate) seq: u64,
    pub(crate) derivations: Vec<Derivation>,
    /// Of the partial matches that a time bound ended the furthest.
    pub(crate) expired: Option<ExpiredState>,
    /// What `matches all` has reported of it: by slot, what is bound to it.
    pub(crate) reported: Vec<Vec<(u32, u64)>>,
}

record! { StartState { 0 seq, 1 derivations, 2 expired, 3 reported } }

/// A derivation on its way.
#[derive(Debug)]
pub(crate) struct Derivation {
    pub(crate) bound: Vec<Piece>,
    /// In the order of the labels.
    pub(crate) registers: Vec<u32>,
    pub(crate) waits: Waits,
}

record! { Derivation { 0 bound, 1 registers, 2 waits } }

/// A part of what is bound: a link and those before it. The pieces of a derivation stand one behind the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) link: u32,
    /// How many links, if not all of them.
    pub(crate) count: Option<u32>,
}

record! { Piece { 0 link, 1 count } }

/// A partial match that a time bound ended.
#[derive(Debug)]
pub(crate) struct ExpiredState {
    pub(crate) bound: Vec<Piece>,
    /// The step whose bound it was; without one the rule's.
    pub(crate) by: Option<StepId>,
    pub(crate) time: Timestamp,
}

record! { ExpiredState { 0 bound, 1 by, 2 time } }

/// What a derivation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Nothing: it is a match that `emit final` keeps, with the deadline of its last absences.
    Done { deadline: Option<Timestamp> },
    /// An event for a step, on which of the ways that lead there from the step that bound the last one, the preferred
    /// first.
    For { step: StepId, way: u32 },
    /// The deadline of its last absences, on which of the ways to the end that have some.
    Deadline { way: u32, deadline: Timestamp },
}

impl Waits {
    const DONE: u32 = 0;
    const FOR: u32 = 1;
    const DEADLINE: u32 = 2;
}

/// An array: which of them, and its parts in order.
impl Data for Waits {
    fn absent() -> Self {
        Waits::Done { deadline: None }
    }

    fn is_absent(&self) -> bool {
        *self == Waits::absent()
    }

    fn put(&self, to: &mut Writer) {
        match self {
            Waits::Done { deadline } => {
                to.array(2);
                Waits::DONE.put(to);
                deadline.put(to);
            }
            Waits::For { step, way } => {
                to.array(3);
                Waits::FOR.put(to);
                step.put(to);
                way.put(to);
            }
            Waits::Deadline { way, deadline } => {
                to.array(3);
                Waits::DEADLINE.put(to);
                way.put(to);
                deadline.put(to);
            }
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let parts = from.array()?;
        match (u32::take(from)?, parts) {
            (Waits::DONE, 2) => Ok(Waits::Done { deadline: Data::take(from)? }),
            (Waits::FOR, 3) => Ok(Waits::For { step: Data::take(from)?, way: Data::take(from)? }),
            (Waits::DEADLINE, 3) => {
                Ok(Waits::Deadline { way: Data::take(from)?, deadline: Data::take(from)? })
            }
            _ => Err(Malformed("what a derivation waits for is not known")),
        }
    }
}
