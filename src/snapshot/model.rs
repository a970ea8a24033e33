//! What an engine holds, as data: nothing in it depends on how it is held.
//!
//! The tables with the numbers are the format in bytes; `README.md` explains them.

use compact_str::CompactString;

use super::cbor::{Blob, Data, Malformed, Reader, Writer, record};
use crate::event::{Record, Value};
use crate::id::StepId;
use crate::time::Timestamp;

/// What is of no key: order, time, counts.
#[derive(Debug)]
pub(crate) struct Global {
    pub(crate) watermarks: Vec<Watermark>,
    /// How many events have arrived in time.
    pub(crate) arrivals: u64,
    /// How many were judged: the place of the next one in the total order.
    pub(crate) judged: u64,
    pub(crate) events: u64,
    pub(crate) late: u64,
    /// The reorder buffer.
    pub(crate) buffer: Events,
    /// For each event of the buffer the number of its arrival.
    pub(crate) arrived: Vec<u64>,
    pub(crate) rules: Vec<RuleCounts>,
    /// The keys whose groups a shell has named, each with the places where rules have it.
    pub(crate) keys: Vec<Vec<KeyPlace>>,
    /// For each event of the buffer the groups that were named, by the places of their keys in that list.
    pub(crate) named: Vec<Vec<(u32, u32)>>,
    /// How many alerts stood between those that were judged: the next one's place is behind them too.
    pub(crate) heard: u64,
}

record! {
    Global {
        0 watermarks,
        1 arrivals,
        2 judged,
        3 events,
        4 late,
        5 buffer,
        6 arrived,
        7 rules,
        8 keys,
        9 named,
        10 heard,
    }
}

/// Where a rule has a key.
#[derive(Debug)]
pub(crate) struct KeyPlace {
    pub(crate) rule: CompactString,
    pub(crate) version: CompactString,
    /// The label of the step that has it for its own; without one it is the rule's.
    pub(crate) step: Option<CompactString>,
}

record! { KeyPlace { 0 rule, 1 version, 2 step } }

/// No event before `time` is judged any more. Of a source, or of all of them.
#[derive(Debug)]
pub(crate) struct Watermark {
    pub(crate) source: Option<CompactString>,
    pub(crate) time: Timestamp,
}

record! { Watermark { 0 source, 1 time } }

/// What was counted of one rule.
#[derive(Debug)]
pub(crate) struct RuleCounts {
    pub(crate) name: CompactString,
    pub(crate) version: CompactString,
    pub(crate) seen: u64,
    pub(crate) starts: u64,
    pub(crate) alerts: u64,
    pub(crate) faults: u64,
    pub(crate) refused: u64,
    pub(crate) suppressed: u64,
}

record! { RuleCounts { 0 name, 1 version, 2 seen, 3 starts, 4 alerts, 5 faults, 6 refused, 7 suppressed } }

impl RuleCounts {
    pub(crate) fn numbers(&self) -> [&u64; 6] {
        [&self.seen, &self.starts, &self.alerts, &self.faults, &self.refused, &self.suppressed]
    }

    /// Adds what another engine has counted of the same rule.
    pub(crate) fn add(&mut self, other: &RuleCounts) {
        self.seen += other.seen;
        self.starts += other.starts;
        self.alerts += other.alerts;
        self.faults += other.faults;
        // What is left out may be more than can be counted.
        self.refused = self.refused.saturating_add(other.refused);
        self.suppressed += other.suppressed;
    }
}

/// The partitions of one key group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) group: u32,
    /// How many groups there are.
    pub(crate) groups: u32,
    pub(crate) events: Events,
    pub(crate) rules: Vec<RuleState>,
}

record! { Group { 0 group, 1 groups, 2 events, 3 rules } }

/// Events, each once.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) sources: Vec<SourceName>,
    /// The fields that are kept of an event whose record is not.
    pub(crate) paths: Vec<Vec<CompactString>>,
    pub(crate) events: Vec<EventData>,
}

record! { Events { 0 sources, 1 paths, 2 events } }

/// Where events come from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SourceName {
    pub(crate) rank: u32,
    pub(crate) name: CompactString,
}

record! { SourceName { 0 rank, 1 name } }

/// One event.
#[derive(Debug)]
pub(crate) struct EventData {
    pub(crate) time: Timestamp,
    pub(crate) kind: Option<CompactString>,
    /// Its place among the sources.
    pub(crate) source: u32,
    pub(crate) offset: u64,
    /// 16 bytes, the most significant first.
    pub(crate) identity: Blob,
    /// Everything it says, if the engine holds it.
    pub(crate) record: Option<Record>,
    /// Else what is kept of it, by the numbers of paths.
    pub(crate) kept: Vec<(u32, Value)>,
}

record! { EventData { 0 time, 1 kind, 2 source, 3 offset, 4 identity, 5 record, 6 kept } }

/// The partitions of one rule.
#[derive(Debug)]
pub(crate) struct RuleState {
    pub(crate) name: CompactString,
    pub(crate) version: CompactString,
    pub(crate) labels: Labels,
    /// By key, in ascending order.
    pub(crate) partitions: Vec<(Blob, PartitionState)>,
    /// Of matches, then of timeouts, each by what they have in common, in ascending order.
    pub(crate) quiet: Vec<QuietState>,
}

record! { RuleState { 0 name, 1 version, 2 labels, 3 partitions, 4 quiet } }

/// The time after an alert in which those like it are held back.
#[derive(Debug)]
pub(crate) struct QuietState {
    /// Whether it speaks of timeouts.
    pub(crate) timeout: bool,
    /// What the alerts have in common.
    pub(crate) likeness: Blob,
    /// Its last moment; without one it has no end.
    pub(crate) until: Option<Timestamp>,
    /// How many were held back.
    pub(crate) count: u64,
    /// What the summary says.
    pub(crate) id: Blob,
    pub(crate) event_type: CompactString,
    pub(crate) key: Vec<Value>,
    pub(crate) fields: Vec<(CompactString, Value)>,
    pub(crate) time: Timestamp,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

record! {
    QuietState {
        0 timeout,
        1 likeness,
        2 until,
        3 count,
        4 id,
        5 event_type,
        6 key,
        7 fields,
        8 time,
        9 first,
        10 last,
    }
}

/// What the parts of a rule are called. In a partition they are numbers: places in these lists.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Labels {
    /// The steps and absences in the order of the text: the name, or `name#2` for its second place.
    pub(crate) steps: Vec<CompactString>,
    /// The names that events are bound to.
    pub(crate) slots: Vec<CompactString>,
    pub(crate) registers: Vec<RegisterLabel>,
}

record! { Labels { 0 steps, 1 slots, 2 registers } }

/// What a register counts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RegisterLabel {
    /// `count`: the events that a step has bound in its loop. `rounds`: the complete iterations of a group. `began`: how
    /// many events were bound when its iteration began. `members`: which members of an `all` or `of` have begun, one
    /// bit each.
    pub(crate) what: CompactString,
    /// The labels of the step, of the steps in the group, of the first step of each member.
    pub(crate) of: Vec<CompactString>,
    /// Which of those that say the same, in the order of the text.
    pub(crate) nth: u32,
}

record! { RegisterLabel { 0 what, 1 of, 2 nth } }

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
}

record! { PartitionState { 0 links, 1 starts, 2 violated, 3 previous, 4 window, 5 shared } }

impl PartitionState {
    /// How many starts are open. A window with something in it is one.
    pub(crate) fn open(&self) -> usize {
        let shared = self.shared.as_ref().map_or(0, SharedState::open);
        let window = self.window.as_ref().is_some_and(|window| !window.events.is_empty());
        self.starts.len() + shared + usize::from(window)
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
