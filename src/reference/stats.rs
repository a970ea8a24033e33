//! What an engine counts.

use compact_str::CompactString;

/// Counts of a run so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events pushed.
    pub events: u64,
    /// Events that came after the watermark and were not judged.
    pub late: u64,
    /// Events judged.
    pub judged: u64,
    /// By rule, in the order of their names.
    pub rules: Vec<RuleStats>,
}

/// Counts of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleStats {
    /// The rule's name.
    pub name: CompactString,
    /// Events of one of its keys.
    pub seen: u64,
    /// Partial matches begun.
    pub starts: u64,
    /// Alerts, timeouts included.
    pub alerts: u64,
    /// Expressions that were unknown for an overflow, a division by zero or a wrong type.
    pub eval_errors: u64,
    /// Starts that are still open.
    pub open: u64,
    /// Matches that only wait for the deadline of a last absence or for the moment they can grow no more.
    pub pending: u64,
    /// Matches beyond the limit of `matches all`, and partial matches refused for `Limits::partials_per_key`.
    pub refused: u64,
}
