//! Alerts: what a match says, in full, before any format.

use std::sync::Arc;

use compact_str::CompactString;

use crate::event::{Event, Key, Value};
use crate::plan::Level;
use crate::time::Timestamp;

/// A match, a timeout or a summary.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The rule that says it.
    pub rule: Arc<RuleInfo>,
    /// What kind it is.
    pub kind: Kind,
    /// The same on replay, after a restart and for any thread count.
    pub id: u128,
    /// The event type of the alert.
    pub event_type: CompactString,
    /// The partition.
    pub key: Key,
    /// When it was certain: its time as an event.
    pub time: Timestamp,
    /// Time of the first event bound.
    pub first: Timestamp,
    /// Time of the last event bound.
    pub last: Timestamp,
    /// The deadline of a last absence.
    pub deadline: Option<Timestamp>,
    /// What `emit` adds, in order.
    pub fields: Vec<(CompactString, Value)>,
    /// For each step that bound something, in the order of the rule, its events in order.
    pub bindings: Vec<(CompactString, Vec<Arc<Event>>)>,
}

/// What kind of alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The pattern was matched.
    Match,
    /// A start expired.
    Timeout {
        /// The furthest step it reached.
        reached: CompactString,
        /// The bound that expired: `within 1h`, or with its step, `hit within 10m`.
        bound: CompactString,
    },
}

/// What alerts say about their rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleInfo {
    /// Its name.
    pub name: CompactString,
    /// Its fingerprint: 16 hexadecimal digits.
    pub version: CompactString,
    /// `severity`.
    pub severity: Option<Level>,
    /// `risk`.
    pub risk: Option<u8>,
    /// The names of the key expressions, one for each value of an alert's key.
    pub key_names: Vec<CompactString>,
    /// The remaining metadata.
    pub notes: Vec<(CompactString, Value)>,
}
