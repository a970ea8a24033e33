//! Which matches are reported: the clause `matches`, and `emit final`.

use std::collections::BTreeSet;

use super::eval::Law;
use super::partial::{Branch, Match, Partial, Start, State};
use super::partition::{Partition, Seen};
use crate::plan::{Policy, Report};

impl Partition {
    /// Of the matches that completed at this moment, by start, those that are reported; drops what they use up.
    pub(super) fn report(
        &mut self,
        law: &Law,
        complete: Vec<Vec<Match>>,
        seen: Option<Seen<'_>>,
    ) -> Vec<Match> {
        self.report_up_to(law, complete, seen, &mut 0)
    }

    /// The same, with how many `matches all` has reported at this moment.
    pub(super) fn report_up_to(
        &mut self,
        law: &Law,
        complete: Vec<Vec<Match>>,
        seen: Option<Seen<'_>>,
        reported: &mut usize,
    ) -> Vec<Match> {
        let complete = match law.report {
            Report::First => complete,
            Report::Final => self.starts.iter().map(grown).collect(),
        };
        match law.policy {
            Policy::Disjoint if law.report == Report::Final => self.disjoint_grown(),
            Policy::Disjoint => self.disjoint(complete),
            Policy::Separate if law.report == Report::Final => self.leftmost(overlaps),
            Policy::Separate => self.separate(complete),
            Policy::Every => self.every(complete),
            Policy::ToFirst(_) | Policy::ToLast(_) if law.report == Report::Final => {
                self.leftmost(|winner, start| start.seq < resumes_at(law.policy, &winner.partial))
            }
            Policy::ToFirst(_) | Policy::ToLast(_) => self.skip_to(complete, law.policy),
            Policy::Latest => self.latest(complete, seen),
            Policy::All { limit } => self.all(complete, limit as usize, reported),
        }
    }

    /// Of the matches that complete with the same event the earliest start wins and the losing starts are dropped;
    /// then every partial match that holds an event of the winner is dropped, those that hold none live on.
    fn disjoint(&mut self, complete: Vec<Vec<Match>>) -> Vec<Match> {
        let last = |found: &Match| found.partial.last_bound().map(|b| b.seq);
        let mut open: Vec<(u64, Match)> = Vec::new();
        for (start, matches) in self.starts.iter().zip(complete) {
            open.extend(matches.into_iter().next().map(|found| (start.seq, found)));
        }
        let mut reported = Vec::new();
        while !open.is_empty() {
            let (start, winner) = open.remove(0);
            let same_event =
                open.iter().filter(|(_, found)| last(found) == last(&winner)).map(|(seq, _)| *seq);
            let gone: Vec<u64> = same_event.chain([start]).collect();
            let used: BTreeSet<u64> = winner.partial.backwards().map(|bound| bound.seq).collect();
            let holds_none = |partial: &Partial| !partial.holds_any(&used);
            open.retain(|(seq, found)| !gone.contains(seq) && holds_none(&found.partial));
            self.starts.retain(|start| !gone.contains(&start.seq));
            for start in &mut self.starts {
                start.branches.retain(|branch| holds_none(&branch.partial));
            }
            reported.push(winner);
        }
        reported
    }

    /// `disjoint` with `emit final`: what a match uses up may leave others with no preferred derivation before them.
    fn disjoint_grown(&mut self) -> Vec<Match> {
        let mut reported = Vec::new();
        loop {
            let complete = self.starts.iter().map(grown).collect();
            let more = self.disjoint(complete);
            if more.is_empty() {
                return reported;
            }
            reported.extend(more);
        }
    }

    /// Matches do not overlap in time: after a match every partial match is dropped.
    fn separate(&mut self, complete: Vec<Vec<Match>>) -> Vec<Match> {
        let winner: Vec<Match> = complete.into_iter().flatten().take(1).collect();
        if !winner.is_empty() {
            self.starts.clear();
        }
        winner
    }

    /// `separate` and `to` with `emit final`: the leftmost start wins, so a match is certain once no earlier start is
    /// open. After it go the starts that it covers.
    fn leftmost(&mut self, covers: impl Fn(&Match, &Start) -> bool) -> Vec<Match> {
        let mut reported = Vec::new();
        while let Some(first) = self.starts.first() {
            if first.branches.is_empty() {
                self.starts.remove(0);
                continue;
            }
            let Some(winner) = grown(first).into_iter().next() else { break };
            self.starts.remove(0);
            self.starts.retain(|start| !covers(&winner, start));
            reported.push(winner);
        }
        reported
    }

    /// One match for each start event.
    fn every(&mut self, complete: Vec<Vec<Match>>) -> Vec<Match> {
        let mut done = complete.iter().map(|matches| !matches.is_empty());
        self.starts.retain(|_| !done.next().unwrap_or(false));
        complete.into_iter().filter_map(|matches| matches.into_iter().next()).collect()
    }

    /// After a match every partial match that started before an event of it is dropped, and none starts before it;
    /// where there is no such event, as `every`.
    fn skip_to(&mut self, complete: Vec<Vec<Match>>, policy: Policy) -> Vec<Match> {
        let (mut reported, mut from) = (Vec::new(), 0);
        let mut done = Vec::new();
        for (start, matches) in self.starts.iter().zip(complete) {
            let Some(first) = matches.into_iter().next().filter(|_| start.seq >= from) else { continue };
            from = from.max(resumes_at(policy, &first.partial));
            done.push(start.seq);
            reported.push(first);
        }
        self.starts.retain(|start| !done.contains(&start.seq) && start.seq >= from);
        reported
    }

    /// Each place keeps only the partial match that arrived there last; a match consumes its own. The place of a
    /// partial match is how many events it has bound; a match that waits for the deadline of its last absences has left it.
    fn latest(&mut self, complete: Vec<Vec<Match>>, seen: Option<Seen<'_>>) -> Vec<Match> {
        let reported = self.every(complete);
        let Some(seen) = seen else { return reported };
        let place = |start: &Start| match start.branches.first() {
            Some(Branch { partial, state: State::Wait(_), .. }) => Some(partial.len()),
            _ => None,
        };
        let arrived = |start: &Start| {
            start.branches.first().and_then(|b| b.partial.last_bound()).is_some_and(|b| b.seq == seen.seq)
        };
        let taken: Vec<usize> = self.starts.iter().filter(|s| arrived(s)).filter_map(place).collect();
        self.starts
            .retain(|start| arrived(start) || !place(start).is_some_and(|place| taken.contains(&place)));
        reported
    }

    /// Every distinct set of bindings; of more than the limit that complete at one moment the first in preference
    /// order, and the rest are counted.
    fn all(&mut self, complete: Vec<Vec<Match>>, limit: usize, reported: &mut usize) -> Vec<Match> {
        let mut matches = Vec::new();
        for (start, complete) in self.starts.iter_mut().zip(complete) {
            for found in complete {
                let signature = found.partial.signature();
                if !start.reported.insert(signature) {
                    continue;
                }
                *reported += 1;
                if *reported <= limit {
                    matches.push(found);
                } else {
                    self.refused += 1;
                }
            }
        }
        matches
    }
}

/// The event that `to first` and `to last` go on at, by its place in the order; none goes on anywhere.
fn resumes_at(policy: Policy, partial: &Partial) -> u64 {
    let event = match policy {
        Policy::ToFirst(slot) => partial.of(slot, 0).last(),
        Policy::ToLast(slot) => partial.of(slot, 0).next(),
        _ => None,
    };
    event.map_or(0, |bound| bound.seq)
}

/// Whether a start begins within a match, which with a last absence reaches to its deadline.
fn overlaps(found: &Match, start: &Start) -> bool {
    let begins = start.branches.first().and_then(|branch| branch.partial.first()).map(|event| event.time);
    let last = found.partial.last_bound().map(|bound| bound.seq);
    Some(start.seq) <= last || found.deadline.is_some_and(|deadline| begins <= Some(deadline))
}

/// The match of a start if it can grow no more: no preferred derivation is left before it.
fn grown(start: &Start) -> Vec<Match> {
    match start.branches.first().map(|branch| (&branch.state, &branch.partial)) {
        Some((State::Done { deadline }, partial)) => {
            vec![Match { partial: partial.clone(), deadline: *deadline }]
        }
        _ => Vec::new(),
    }
}
