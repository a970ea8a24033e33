//! What is counted of rules.

use super::observer::Observer;
use super::partition::Outcome;
use super::partitions::Partitions;
use super::table::Table;
use crate::program::Compiled;
use crate::stream::RuleStats;

/// What is counted of a rule.
#[derive(Debug, Default)]
pub(super) struct RuleCounts {
    pub(super) seen: u64,
    pub(super) starts: u64,
    pub(super) alerts: u64,
    pub(super) refused: u64,
}

impl RuleCounts {
    /// Counts what has come of an event or of time.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.starts += u64::from(outcome.began);
        self.refused = self.refused.saturating_add(outcome.refused);
        self.alerts += (outcome.matches.len() + outcome.looked.len()) as u64;
    }

    fn stats(&self, rule: &Compiled, eval_errors: u64) -> RuleStats {
        RuleStats {
            name: rule.info.name.clone(),
            seen: self.seen,
            starts: self.starts,
            alerts: self.alerts,
            suppressed: 0,
            eval_errors,
            open: 0,
            pending: 0,
            refused: self.refused,
        }
    }
}

impl<O: Observer> Partitions<O> {
    /// What was counted of each rule, without a look at any key: nothing is `pending`.
    pub(super) fn tally(&self) -> Vec<RuleStats> {
        let rules = self.program.compiled().iter().zip(&self.counts).zip(&self.faults);
        let open = self.open.of_rules(self.counts.len());
        let counted = rules.map(|((rule, counts), faults)| counts.stats(rule, faults.get()));
        counted.zip(open).map(|(stats, open)| RuleStats { open, ..stats }).collect()
    }

    /// What was counted of each rule.
    pub(super) fn stats(&self) -> Vec<RuleStats> {
        let mut stats = self.tally();
        stats.iter_mut().for_each(|stats| stats.open = 0);
        for (rule, state) in self.tables.iter().flat_map(Table::iter).flat_map(|entry| &entry.states) {
            let Some(compiled) = self.program.compiled().get(*rule as usize) else { continue };
            let (open, pending) = state.open(compiled);
            if let Some(stats) = stats.get_mut(*rule as usize) {
                stats.open += open;
                stats.pending += pending;
            }
        }
        stats
    }
}
