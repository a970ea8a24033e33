//! What time does to the derivations of a partition.

use super::Partition;
use crate::id::StepId;
use crate::plan::Report;
use crate::reference::eval::Law;
use crate::reference::partial::{Expired, Match, Partial, Start, State};
use crate::reference::place::Pending;
use crate::time::{Duration, Timestamp};

impl Partition {
    /// The earliest deadline or expiry of all derivations, or the moment from which a violation says nothing more.
    pub(in crate::reference) fn next_deadline(&self, law: &Law) -> Option<Timestamp> {
        let starts = self.starts.iter().flat_map(|s| &s.branches).filter_map(|b| b.due);
        let violated = self.violated.iter().map(|(step, last)| last.after(law.absent_for(*step)));
        starts.chain(violated).min()
    }

    /// Everything that is due at `time`, the earliest start first: matches that now are certain, and the starts that
    /// expired with what they had and the bound that ended them.
    pub(in crate::reference) fn fire(&mut self, law: &Law, time: Timestamp) -> (Vec<Match>, Vec<Expired>) {
        let (mut matches, mut timeouts) = (Vec::new(), Vec::new());
        self.violated.retain(|step, last| last.after(law.absent_for(*step)) > time);
        let seqs: Vec<u64> = self.starts.iter().map(|start| start.seq).collect();
        let mut reported = 0;
        for seq in seqs {
            let Some(at) = self.starts.iter().position(|start| start.seq == seq) else { continue };
            let complete = expire(law, &mut self.starts[at], time);
            if let Some(expired) = timed_out(&mut self.starts[at], &complete) {
                timeouts.push(expired);
            }
            let mut all = vec![Vec::new(); self.starts.len()];
            all[at] = complete;
            matches.extend(self.report_up_to(law, all, None, &mut reported));
            self.starts.retain(|start| !start.branches.is_empty());
        }
        (matches, timeouts)
    }

    /// Reports what can grow no more, though nothing has happened.
    pub(in crate::reference) fn settle(&mut self, law: &Law) -> Vec<Match> {
        let none = vec![Vec::new(); self.starts.len()];
        let matches = self.report(law, none, None);
        self.starts.retain(|start| !start.branches.is_empty());
        matches
    }

    /// The end of time has passed: no derivation can go on any more.
    pub(in crate::reference) fn end(&mut self, law: &Law) -> Vec<Match> {
        for start in &mut self.starts {
            start.branches.retain(|b| matches!(b.state, State::Done { .. }));
        }
        self.starts.retain(|start| !start.branches.is_empty());
        let none = vec![Vec::new(); self.starts.len()];
        self.report(law, none, None)
    }
}

/// When last absences have held long enough: each its own `within` after the last event, or else the rule's after
/// the first one.
pub(in crate::reference) fn deadline<'a>(
    law: &Law,
    absences: impl IntoIterator<Item = &'a Pending>,
    partial: &Partial,
) -> Timestamp {
    let (first, last) = (partial.first().map(|e| e.time), partial.last().map(|e| e.time));
    let one = |absence: &Pending| match law.pattern.step(absence.step).within {
        Some(within) => last.map(|t| t.after(within)),
        None => first.zip(law.within).map(|(t, within)| t.after(within)),
    };
    absences.into_iter().filter_map(one).max().unwrap_or(Timestamp::MAX)
}

/// When time itself does something to a derivation, and by which bound: a last absence is fulfilled, or it expires.
pub(in crate::reference) fn due(
    law: &Law,
    partial: &Partial,
    state: &State,
) -> Option<(Timestamp, Option<StepId>)> {
    match state {
        State::Pending { deadline, .. } => Some((*deadline, None)),
        State::Done { .. } => None,
        State::Wait(wait) => {
            let rule = partial.first().zip(law.within).map(|(first, d)| (first.time.after(d), None));
            let within = law.pattern.step(wait.step).within;
            let own = partial.last().zip(within).map(|(last, d)| (last.time.after(d), Some(wait.step)));
            // The rule's own bound is named where both end at once.
            rule.into_iter().chain(own).min_by_key(|(time, step)| (*time, step.is_some()))
        }
    }
}

/// What time does to the derivations of a start at this moment.
fn expire(law: &Law, start: &mut Start, time: Timestamp) -> Vec<Match> {
    let mut matches = Vec::new();
    for mut branch in std::mem::take(&mut start.branches) {
        if branch.due.is_none_or(|due| due > time) {
            start.branches.push(branch);
            continue;
        }
        match (due(law, &branch.partial, &branch.state), &branch.state) {
            (Some((when, _)), State::Pending { .. }) => {
                if law.report == Report::Final {
                    branch.state = State::Done { deadline: Some(when) };
                    branch.due = None;
                    start.branches.push(branch);
                } else {
                    matches.push(Match { partial: branch.partial, deadline: Some(when) });
                }
            }
            (Some((when, step)), _) => {
                keep_furthest(start, Expired { partial: branch.partial, bound: step, time: when });
            }
            (None, _) => start.branches.push(branch),
        }
    }
    matches
}

/// The furthest partial match is the one with the latest step of the text, then the most events, then the last to
/// expire, then the preferred.
fn keep_furthest(start: &mut Start, expired: Expired) {
    let reach = |e: &Expired| (e.partial.furthest(), e.partial.len(), e.time);
    if start.expired.as_ref().is_none_or(|best| reach(&expired) > reach(best)) {
        start.expired = Some(expired);
    }
}

/// A start has expired when time has ended its last derivation and none became a match.
fn timed_out(start: &mut Start, complete: &[Match]) -> Option<Expired> {
    let over = start.branches.is_empty() && complete.is_empty() && start.reported.is_empty();
    if over { start.expired.take() } else { None }
}

impl Law {
    /// How long before the first event a first absence must hold.
    pub(super) fn absent_for(&self, step: StepId) -> Duration {
        self.pattern.step(step).within.unwrap_or_default()
    }

    /// A bound as messages name it: the rule's, or a step's with its name.
    pub(in crate::reference) fn bound_text(&self, step: Option<StepId>) -> String {
        let text = |within: Option<Duration>| within.unwrap_or_default().to_string();
        match step {
            None => format!("within {}", text(self.within)),
            Some(id) => {
                let step = self.pattern.step(id);
                format!("{} within {}", self.pattern.slot(step.slot).name, text(step.within))
            }
        }
    }
}
