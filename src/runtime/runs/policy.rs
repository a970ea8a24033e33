//! Which matches are reported: the clause `matches`, and `emit final`.

use std::sync::Arc;

use super::{Match, Runs, Start, State};
use crate::plan::{Policy, Report};
use crate::program::Compiled;
use crate::runtime::chain::Link;

impl Runs {
    /// Of the matches that completed at this moment, by start, reports those that the policy lets through and drops
    /// what they use up. `seq` is the event that completed them, `counted` how many `matches all` has reported at this
    /// moment.
    pub(super) fn report(
        &mut self,
        rule: &Compiled,
        complete: Vec<Vec<Match>>,
        seq: Option<u64>,
        counted: &mut usize,
        out: &mut Vec<Match>,
    ) {
        let complete = match rule.report {
            Report::First => complete,
            Report::Final => self.starts.iter().map(|start| grown(start).into_iter().collect()).collect(),
        };
        let is_final = rule.report == Report::Final;
        match rule.policy {
            Policy::Disjoint if is_final => self.disjoint_grown(out),
            Policy::Disjoint => self.disjoint(complete, out),
            Policy::Separate if is_final => self.leftmost(overlaps, out),
            Policy::Separate => self.separate(complete, out),
            Policy::Every => self.every(complete, out),
            policy @ (Policy::ToFirst(_) | Policy::ToLast(_)) if is_final => {
                self.leftmost(|winner, start| start.seq < resumes_at(policy, &winner.chain), out)
            }
            policy @ (Policy::ToFirst(_) | Policy::ToLast(_)) => self.skip_to(complete, policy, out),
            Policy::Latest => self.latest_of_each_place(complete, seq, out),
            Policy::All { limit } if is_final => self.all_grown(complete, limit as usize, counted, out),
            Policy::All { limit } => self.all(complete, limit as usize, counted, out),
        }
    }

    /// Of the matches that complete with the same event the earliest start wins and the losing starts are dropped;
    /// then every partial match that holds an event of the winner is dropped, those that hold none live on.
    fn disjoint(&mut self, complete: Vec<Vec<Match>>, out: &mut Vec<Match>) {
        let firsts = complete.into_iter().map(|matches| matches.into_iter().next());
        let mut open: Vec<(u64, Match)> = self
            .starts
            .iter()
            .zip(firsts)
            .filter_map(|(start, found)| found.map(|found| (start.seq, found)))
            .collect();
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
            let complete = self.starts.iter().map(|start| grown(start).into_iter().collect()).collect();
            self.disjoint(complete, out);
            if out.len() == reported {
                return;
            }
        }
    }

    /// Matches do not overlap in time: after a match every partial match is dropped.
    fn separate(&mut self, complete: Vec<Vec<Match>>, out: &mut Vec<Match>) {
        if let Some(winner) = complete.into_iter().flatten().next() {
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
    fn every(&mut self, complete: Vec<Vec<Match>>, out: &mut Vec<Match>) {
        let mut done = complete.iter().map(|matches| !matches.is_empty());
        self.starts.retain(|_| !done.next().unwrap_or(false));
        out.extend(complete.into_iter().filter_map(|matches| matches.into_iter().next()));
    }

    /// After a match every partial match that started before an event of it is dropped, and none starts before it;
    /// where there is no such event, as `every`.
    fn skip_to(&mut self, complete: Vec<Vec<Match>>, policy: Policy, out: &mut Vec<Match>) {
        let (mut done, mut from) = (Vec::new(), 0);
        for (start, matches) in self.starts.iter().zip(complete) {
            let Some(first) = matches.into_iter().next().filter(|_| start.seq >= from) else { continue };
            from = from.max(resumes_at(policy, &first.chain));
            done.push(start.seq);
            out.push(first);
        }
        self.starts.retain(|start| !done.contains(&start.seq) && start.seq >= from);
    }

    /// Each place keeps only the partial match that arrived there last; a match consumes its own. The place of a
    /// partial match is how many events it has bound.
    fn latest_of_each_place(&mut self, complete: Vec<Vec<Match>>, seq: Option<u64>, out: &mut Vec<Match>) {
        self.every(complete, out);
        let Some(seq) = seq else { return };
        let place = |start: &Start| start.branches.first().map_or(0, |branch| branch.chain.len);
        let arrived = |start: &Start| start.branches.first().is_some_and(|branch| branch.chain.seq == seq);
        let taken: Vec<usize> = self.starts.iter().filter(|start| arrived(start)).map(place).collect();
        self.starts.retain(|start| arrived(start) || !taken.contains(&place(start)));
    }

    /// `all` with `emit final`: what can grow no more is all there is of its start.
    fn all_grown(
        &mut self,
        complete: Vec<Vec<Match>>,
        limit: usize,
        counted: &mut usize,
        out: &mut Vec<Match>,
    ) {
        let grown = self.starts.iter().zip(&complete).filter(|(_, matches)| !matches.is_empty());
        let over: Vec<u64> = grown.map(|(start, _)| start.seq).collect();
        self.all(complete, limit, counted, out);
        self.starts.retain(|start| !over.contains(&start.seq));
    }

    /// Every distinct set of bindings; of more than the limit that complete at one moment the first in preference
    /// order, and the rest are counted.
    fn all(&mut self, complete: Vec<Vec<Match>>, limit: usize, counted: &mut usize, out: &mut Vec<Match>) {
        for (start, complete) in self.starts.iter_mut().zip(complete) {
            for found in complete {
                let signature = found.chain.signature();
                if !start.reported.insert(signature) {
                    continue;
                }
                *counted += 1;
                if *counted <= limit {
                    out.push(found);
                } else {
                    self.refused += 1;
                }
            }
        }
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
