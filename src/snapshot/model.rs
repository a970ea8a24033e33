//! What an engine holds, as data: nothing in it depends on how it is held.
//!
//! The tables with the numbers are the format in bytes; `README.md` explains them.

use compact_str::CompactString;

use super::cbor::{Blob, record};
use super::partition::PartitionState;
use crate::event::{Record, Value};
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
    /// The furthest watermark that any source has had, since one is open.
    pub(crate) furthest: Option<Timestamp>,
    /// What is kept of bound events only since an edit.
    pub(crate) since: Vec<Since>,
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
        11 furthest,
        12 since,
    }
}

/// A field of events of a type, or of those that no rule names: what was bound up to a time lacks it.
#[derive(Debug)]
pub(crate) struct Since {
    pub(crate) kind: Option<CompactString>,
    pub(crate) path: Vec<CompactString>,
    pub(crate) time: Timestamp,
}

record! { Since { 0 kind, 1 path, 2 time } }

/// Where a rule has a key.
#[derive(Debug)]
pub(crate) struct KeyPlace {
    pub(crate) rule: CompactString,
    pub(crate) version: CompactString,
    /// The label of the step that has it for its own; without one it is the rule's.
    pub(crate) step: Option<CompactString>,
}

record! { KeyPlace { 0 rule, 1 version, 2 step } }

/// No event before `time` is judged any more. Of an open source, or of all of them.
#[derive(Debug)]
pub(crate) struct Watermark {
    pub(crate) source: Option<CompactString>,
    pub(crate) time: Timestamp,
    /// The place of the source among the sources of the run.
    pub(crate) rank: u32,
    /// Whether nobody waits for the source.
    pub(crate) idle: bool,
}

record! { Watermark { 0 source, 1 time, 2 rank, 3 idle } }

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
    /// Whether of an event with a record only what rules ask for is kept when it is bound.
    pub(crate) reference: bool,
}

record! { EventData { 0 time, 1 kind, 2 source, 3 offset, 4 identity, 5 record, 6 kept, 7 reference } }

/// The partitions of one rule.
#[derive(Debug)]
pub(crate) struct RuleState {
    pub(crate) name: CompactString,
    pub(crate) version: CompactString,
    pub(crate) labels: Labels,
    /// By key, in ascending order.
    pub(crate) partitions: Vec<(Blob, PartitionState)>,
    /// Of matches, then of timeouts, then of bounds, each by what they have in common, in ascending order.
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
    /// Whether it speaks of bounds.
    pub(crate) limit: bool,
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
        11 limit,
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
