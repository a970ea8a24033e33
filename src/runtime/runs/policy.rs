//! Which matches are reported: the clause `matches`, and `emit final`.

use std::sync::Arc;

use super::{Branch, Complete, Runs, Start, State};
use crate::plan::{Policy, Report};
use crate::program::Compiled;
use crate::runtime::chain::Link;
use crate::runtime::partition::Outcome;
use crate::runtime::report::Match;

impl Runs {
    /// Of the matches that completed at this moment, by start, reports those that the policy lets through and drops
    /// what they use up. `seq` is the event that completed them, `counted` how many `matches all` has reported at this
    /// moment.
    pub(super) fn report(
        &mut self,
        rule: &Compiled,
        complete: Vec<Complete>,
        seq: Option<u64>,
        counted: &mut usize,
        outcome: &mut Outcome,
    ) {
        let is_final = rule.report == Report::Final;
        let out = &mut outcome.matches;
        // These find by themselves what can grow no more.
        match rule.policy {
            Policy::Disjoint if is_final => return self.disjoint_grown(out),
            Policy::Separate if is_final => return self.leftmost(overlaps, out),
            policy @ (Policy::ToFirst(_) | Policy::ToLast(_)) if is_final => {
                let covers = |winner: &Match, start: &Start| start.seq < resumes_at(policy, &winner.chain);
                return self.leftmost(covers, out);
            }
            _ => {}
        }
        let complete = if is_final { self.grown() } else { complete };
        match rule.policy {
            Policy::Disjoint => self.disjoint(complete, out),
            Policy::Separate => self.separate(complete, out),
            Policy::Every => self.every(complete, out),
            policy @ (Policy::ToFirst(_) | Policy::ToLast(_)) => self.skip_to(complete, policy, out),
            Policy::Latest => self.latest_of_each_place(complete, seq, out),
            Policy::All { limit } => {
                let over: Vec<u64> = complete.iter().filter(|_| is_final).map(|of| of.start).collect();
                let left_out = self.all(complete, limit as usize, counted, out);
                outcome.leave_out(left_out);
                // What can grow no more is all there is of its start.
                self.starts.retain(|start| !over.contains(&start.seq));
            }
        }
    }

    /// The starts whose matches can grow no more.
    fn grown(&self) -> Vec<Complete> {
        let complete = |start: &Start| Some(Complete { start: start.seq, matches: vec![grown(start)?] });
        self.starts.iter().filter_map(complete).collect()
    }

    /// Of the matches that complete with the same event the earliest start wins and the losing starts are dropped;
    /// then every partial match that holds an event of the winner is dropped, those that hold none live on.
    fn disjoint(&mut self, complete: Vec<Complete>, out: &mut Vec<Match>) {
        let mut open: Vec<(u64, Match)> = complete.into_iter().filter_map(Complete::first).collect();
        while !open.is_empty() {
            let (start, winner) = open.remove(0);
            let same_event = open.iter().filter(|(_, found)| found.chain.seq == winner.chain.seq);
            let gone: Vec<u64> = same_event.map(|(seq, _)| *seq).chain([start]).collect();
            let holds_none = |chain: &Link| !chain.shares_event_with(&winner.chain);
            open.retain(|(seq, found)| !gone.contains(seq) && holds_none(&found.chain));
            self.starts.retain(|start| !gone.contains(&start.seq));
            for start in &mut self.starts {
                start.branches.retain(|branch| holds_none(&branch.chain));
            }
            out.push(winner);
        }
    }

    /// `disjoint` with `emit final`: what a match uses up may leave others with no preferred derivation before them.
    fn disjoint_grown(&mut self, out: &mut Vec<Match>) {
        loop {
            let reported = out.len();
            self.disjoint(self.grown(), out);
            if out.len() == reported {
                return;
            }
        }
    }

    /// Matches do not overlap in time: after a match every partial match is dropped.
    fn separate(&mut self, complete: Vec<Complete>, out: &mut Vec<Match>) {
        if let Some((_, winner)) = complete.into_iter().find_map(Complete::first) {
            self.starts.clear();
            out.push(winner);
        }
    }

    /// `separate` and `to` with `emit final`: the leftmost start wins, so a match is certain once no earlier start is
    /// open. After it go the starts that it covers.
    fn leftmost(&mut self, covers: impl Fn(&Match, &Start) -> bool, out: &mut Vec<Match>) {
        while let Some(first) = self.starts.first() {
            if first.branches.is_empty() {
                self.starts.remove(0);
                continue;
            }
            let Some(winner) = grown(first) else { break };
            self.starts.remove(0);
            self.starts.retain(|start| !covers(&winner, start));
            out.push(winner);
        }
    }

    /// One match for each start event.
    fn every(&mut self, complete: Vec<Complete>, out: &mut Vec<Match>) {
        // Both stand in the order of their starts.
        let mut done = complete.iter().map(|of| of.start).peekable();
        self.starts.retain(|start| done.next_if_eq(&start.seq).is_none());
        out.extend(complete.into_iter().filter_map(Complete::first).map(|(_, first)| first));
    }

    /// After a match every partial match that started before an event of it is dropped, and none starts before it;
    /// where there is no such event, as `every`.
    fn skip_to(&mut self, complete: Vec<Complete>, policy: Policy, out: &mut Vec<Match>) {
        let (mut done, mut from) = (Vec::new(), 0);
        for (start, first) in complete.into_iter().filter_map(Complete::first) {
            if start >= from {
                from = from.max(resumes_at(policy, &first.chain));
                done.push(start);
                out.push(first);
            }
        }
        self.starts.retain(|start| !done.contains(&start.seq) && start.seq >= from);
    }

    /// Each place keeps only the partial match that arrived there last; a match consumes its own. The place of a
    /// partial match is how many events it has bound; one that waits only for the deadline of its last absences is in
    /// none any more.
    fn latest_of_each_place(&mut self, complete: Vec<Complete>, seq: Option<u64>, out: &mut Vec<Match>) {
        self.every(complete, out);
        let Some(seq) = seq else { return };
        let place = |start: &Start| {
            let waits = |branch: &&Branch| matches!(branch.state, State::Wait(_));
            start.branches.first().filter(waits).map(|branch| branch.chain.len)
        };
        let arrived = |start: &Start| start.branches.first().is_some_and(|branch| branch.chain.seq == seq);
        let taken: Vec<usize> = self.starts.iter().filter(|start| arrived(start)).filter_map(place).collect();
        self.starts
            .retain(|start| arrived(start) || place(start).is_none_or(|place| !taken.contains(&place)));
    }

    /// Every distinct set of bindings; of more than the limit that complete at one moment the first in preference
    /// order. Says how many were refused.
    fn all(
        &mut self,
        complete: Vec<Complete>,
        limit: usize,
        counted: &mut usize,
        out: &mut Vec<Match>,
    ) -> u64 {
        let mut refused = 0;
        let mut starts = self.starts.iter_mut();
        for Complete { start, matches } in complete {
            let Some(start) = starts.find(|other| other.seq == start) else { continue };
            for found in matches {
                if !start.reported.insert(found.chain.signature()) {
                    continue;
                }
                *counted += 1;
                if *counted <= limit {
                    out.push(found);
                } else {
                    refused += 1;
                }
            }
        }
        refused
    }
}

/// The event that `to first` and `to last` go on at, by its place in the order; none goes on anywhere.
fn resumes_at(policy: Policy, chain: &Link) -> u64 {
    let event = match policy {
        Policy::ToFirst(slot) => chain.backwards().filter(|link| link.slot == slot).last(),
        Policy::ToLast(slot) => chain.backwards().find(|link| link.slot == slot),
        _ => None,
    };
    event.map_or(0, |link| link.seq)
}

/// Whether a start begins within a match, which with a last absence reaches to its deadline.
fn overlaps(found: &Match, start: &Start) -> bool {
    let begins = start.branches.first().map(|branch| branch.chain.first);
    start.seq <= found.chain.seq || found.deadline.is_some_and(|deadline| begins <= Some(deadline))
}

/// The match of a start if it can grow no more: no preferred derivation is left before it.
fn grown(start: &Start) -> Option<Match> {
    let first = start.branches.first()?;
    match first.state {
        State::Done { deadline } => Some(Match { chain: Arc::clone(&first.chain), deadline }),
        _ => None,
    }
}
