//! How an engine takes a stream, and what it counts. Every engine takes it so.

use compact_str::CompactString;

use crate::plan::Revision;
use crate::time::Duration;

/// How an engine takes a stream.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How much later than the largest time seen an event may come and still be put in its place.
    pub lateness: Duration,
}

/// What becomes of pending deadlines when the input ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// They stay pending; statistics count them.
    #[default]
    Hold,
    /// The watermark goes to the end of time, so that all of them fire.
    Flush,
}

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
    /// Events of one of its keys. An engine may leave out those of types that cannot concern the rule.
    pub seen: u64,
    /// Partial matches begun.
    pub starts: u64,
    /// Alerts, with timeouts and those that were held back, without summaries.
    pub alerts: u64,
    /// Alerts that `suppress` held back.
    pub suppressed: u64,
    /// Expressions that were unknown for an overflow, a division by zero or a wrong type.
    pub eval_errors: u64,
    /// Starts that are still open.
    pub open: u64,
    /// Matches that only wait for the deadline of a last absence or for the moment they can grow no more.
    pub pending: u64,
    /// Matches beyond the limit of `matches all`, and partial matches refused for one of [`Limits`](crate::Limits).
    pub refused: u64,
}

/// What became of the partial matches of a rule when another rule set took over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swapped {
    /// The rule.
    pub name: CompactString,
    /// What the edit means; `None` if the rule is gone.
    pub revision: Option<Revision>,
    /// How many starts go on.
    pub kept: u64,
    /// How many do not.
    pub lost: u64,
    /// How many of these for want of a field that the new text reads and that was not kept.
    pub lacking: u64,
}

impl Swapped {
    /// Of so many starts so many go on.
    pub(crate) fn count(&mut self, before: usize, after: usize) {
        self.kept += after as u64;
        self.lost += before.saturating_sub(after) as u64;
    }

    /// Adds what another engine, which owns other keys, says of the same rule.
    #[cfg(feature = "pipeline")]
    pub(crate) fn add(&mut self, other: &Swapped) {
        self.kept += other.kept;
        self.lost += other.lost;
        self.lacking += other.lacking;
    }
}
