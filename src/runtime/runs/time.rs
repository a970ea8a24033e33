//! What time does to the derivations of a partition.

use super::{Branch, Complete, Runs, Start, State};
use crate::id::StepId;
use crate::plan::Report;
use crate::program::Compiled;
use crate::runtime::observer::{At, Observer};
use crate::runtime::partition::Outcome;
use crate::runtime::report::{Expired, Match};
use crate::time::{Duration, Timestamp};

impl Runs {
    /// The earliest deadline or expiry of all derivations.
    pub(in crate::runtime) fn next_deadline(&self) -> Option<Timestamp> {
        let branches = self.starts.iter().flat_map(|start| &start.branches);
        branches.filter_map(|branch| branch.due).min()
    }

    /// When time next changes anything: a deadline, or a violation that no start can be near enough to any more.
    pub(in crate::runtime) fn next_change(&self, rule: &Compiled) -> Option<Timestamp> {
        let forgotten = self.violated.iter().map(|(step, last)| last.after(within_of(rule, *step)));
        self.next_deadline().into_iter().chain(forgotten).min()
    }

    /// Forgets what nobody asks about at or after `time`, without a time all of it: violations that no start can be
    /// near enough to, and, where nobody sees when it does, what has expired.
    pub(in crate::runtime) fn forget_past<O: Observer>(
        &mut self,
        at: At<'_>,
        observer: &O,
        time: Option<Timestamp>,
    ) {
        self.violated
            .retain(|(step, last)| time.is_some_and(|time| last.after(within_of(at.rule, *step)) >= time));
        if !at.rule.observed {
            self.forget(At { time: time.unwrap_or(Timestamp::MAX), ..at }, observer);
        }
    }

    /// Everything that is due at a time, the earliest start first: matches that now are certain, and the starts that
    /// expired.
    pub(in crate::runtime) fn fire<O: Observer>(&mut self, at: At<'_>, observer: &O, outcome: &mut Outcome) {
        let is_due = |branch: &Branch| branch.due.is_some_and(|when| when <= at.time);
        let due = self.starts.iter().filter(|start| start.branches.iter().any(is_due));
        let seqs: Vec<u64> = due.map(|start| start.seq).collect();
        let mut reported = 0;
        for seq in seqs {
            // A match may have used up later starts.
            let Ok(index) = self.starts.binary_search_by_key(&seq, |start| start.seq) else { continue };
            let Some(start) = self.starts.get_mut(index) else { continue };
            let matches = expire(at, observer, start);
            outcome.timeouts.extend(timed_out(start, &matches));
            let complete = Complete { start: seq, matches };
            let complete = Some(complete).filter(|of| !of.matches.is_empty()).into_iter().collect();
            self.report(at.rule, complete, None, &mut reported, outcome);
            self.starts.retain(|start| !start.branches.is_empty());
        }
    }

    /// Drops what has expired before `at`, where nobody sees when it does.
    pub(super) fn forget<O: Observer>(&mut self, at: At<'_>, observer: &O) {
        let mut gone = false;
        for start in &mut self.starts {
            start.branches.retain(|branch| {
                let stays = branch.due.is_none_or(|when| when >= at.time);
                if !stays {
                    observer.expiry(at);
                }
                gone |= !stays;
                stays
            });
        }
        if gone {
            self.starts.retain(|start| !start.branches.is_empty());
        }
    }

    /// Reports what can grow no more, though nothing has happened.
    pub(in crate::runtime) fn settle(&mut self, rule: &Compiled, outcome: &mut Outcome) {
        if rule.report == Report::Final {
            self.report(rule, Vec::new(), None, &mut 0, outcome);
            self.starts.retain(|start| !start.branches.is_empty());
        }
    }

    /// The end of time has passed: no derivation can go on any more.
    pub(in crate::runtime) fn end(&mut self, rule: &Compiled, outcome: &mut Outcome) {
        for start in &mut self.starts {
            start.branches.retain(|branch| matches!(branch.state, State::Done { .. }));
        }
        self.starts.retain(|start| !start.branches.is_empty());
        self.report(rule, Vec::new(), None, &mut 0, outcome);
    }
}

fn within_of(rule: &Compiled, step: StepId) -> Duration {
    rule.step(step).within.unwrap_or_default()
}

/// When time itself does something to a derivation, and by which bound: a last absence is fulfilled, or it expires.
#[inline]
pub(super) fn due(rule: &Compiled, branch: &Branch) -> Option<(Timestamp, Option<StepId>)> {
    match branch.state {
        State::Pending { deadline, .. } => Some((deadline, None)),
        State::Done { .. } => None,
        State::Wait(_) => {
            let step = branch.edge(rule).and_then(|edge| edge.target)?;
            let whole = rule.within.map(|within| (branch.chain.first.after(within), None));
            let own = rule.step(step).within.map(|within| (branch.chain.time().after(within), Some(step)));
            // The rule's own bound is named where both end at once.
            whole.into_iter().chain(own).min_by_key(|(time, step)| (*time, step.is_some()))
        }
    }
}

/// What time does to the derivations of a start at this moment.
fn expire<O: Observer>(at: At<'_>, observer: &O, start: &mut Start) -> Vec<Match> {
    let (rule, time) = (at.rule, at.time);
    let mut matches = Vec::new();
    for mut branch in std::mem::take(&mut start.branches) {
        match (due(rule, &branch), branch.state) {
            (Some((when, _)), State::Pending { .. }) if when <= time => {
                if rule.report == Report::Final {
                    (branch.state, branch.due) = (State::Done { deadline: Some(when) }, None);
                    start.branches.push(branch);
                } else {
                    matches.push(Match { chain: branch.chain, deadline: Some(when) });
                }
            }
            (Some((when, bound)), _) if when <= time => {
                observer.expiry(at);
                if rule.timeout.is_some() {
                    keep_furthest(start, Expired { chain: branch.chain, bound, time: when });
                }
            }
            _ => start.branches.push(branch),
        }
    }
    matches
}

/// The furthest partial match is the one with the latest step of the text, then the most events, then the last to
/// expire, then the preferred.
fn keep_furthest(start: &mut Start, expired: Expired) {
    let reach = |e: &Expired| (e.chain.furthest, e.chain.len, e.time);
    if start.expired.as_ref().is_none_or(|best| reach(&expired) > reach(best)) {
        start.expired = Some(Box::new(expired));
    }
}

/// A start has expired when time has ended its last derivation and none became a match.
fn timed_out(start: &mut Start, complete: &[Match]) -> Option<Expired> {
    let over = start.branches.is_empty() && complete.is_empty() && start.reported.is_empty();
    if over { start.expired.take().map(|expired| *expired) } else { None }
}
