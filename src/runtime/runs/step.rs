//! What an event does to the derivations of a partition.

use std::collections::BTreeSet;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{Branch, Complete, Runs, Start, State};
use crate::alert::Bound;
use crate::automaton::{Absence, Edge, Registers};
use crate::id::StepId;
use crate::plan::{Mode, Pattern, Policy, Report};
use crate::runtime::chain::{Link, Previous, View};
use crate::runtime::judge::Seen;
use crate::runtime::observer::Observer;
use crate::runtime::partition::Outcome;
use crate::runtime::report::Match;
use crate::runtime::room::Room;
use crate::time::Timestamp;

/// What an event does to one derivation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It ends it: an absence is violated, an `until` is met.
    Ends,
    /// It is the one that is waited for.
    Taken,
    /// It is something else.
    Other,
}

/// The derivations of a start that an event is nothing to, up to the first that it is something to.
#[derive(Clone, Copy)]
struct Passed {
    count: usize,
    /// What it is to the next.
    then: Verdict,
}

impl Passed {
    /// Whether it is nothing to all of them.
    fn over(self, start: &Start) -> bool {
        self.count == start.branches.len()
    }
}

/// What becomes of an event: how many more partial matches the partition may hold, and what came of it so far. Starts
/// stand in their order and of each the preferred derivations first, so what is refused are the latest and the least
/// preferred.
struct Turn<'t> {
    pattern: &'t Pattern,
    room: Room<'t>,
    left: usize,
    outcome: &'t mut Outcome,
}

impl Turn<'_> {
    fn admits(&mut self) -> bool {
        let admits = self.left > 0;
        self.left = self.left.saturating_sub(1);
        self.outcome.at_bound(Bound::PartialsPerKey, u64::from(!admits));
        admits
    }
}

impl Runs {
    /// One event, in order: partial matches are cancelled or go on, a new one begins, matches are reported.
    pub(in crate::runtime) fn event<O: Observer>(
        &mut self,
        pattern: &Pattern,
        room: Room<'_>,
        seen: &Seen<'_, O>,
        outcome: &mut Outcome,
    ) {
        self.cancel(pattern, seen);
        let mut starts = std::mem::take(&mut self.starts);
        let mut turn = Turn { pattern, room, left: room.limits.partials_per_key, outcome };
        let (mut complete, mut ended) = (Vec::new(), false);
        for start in &mut starts {
            let passed = self.pass_by(start, seen);
            if passed.over(start) && turn.left >= passed.count {
                turn.left -= passed.count;
            } else {
                complete.extend(self.go_on(start, passed, seen, &mut turn));
                ended |= start.branches.is_empty();
            }
        }
        if let Some((start, matches)) = self.begin(seen, &mut turn) {
            complete.extend(Some(Complete { start: start.seq, matches }).filter(|of| !of.matches.is_empty()));
            ended |= start.branches.is_empty();
            starts.push(start);
            turn.outcome.began = true;
        }
        self.starts = starts;
        // Else an event that completes nothing may still displace partial matches, or let some grow no more.
        let moved = seen.rule.report == Report::Final || seen.rule.policy == Policy::Latest;
        if moved || !complete.is_empty() {
            self.report(seen.rule, complete, Some(seen.arrival.seq), &mut 0, outcome);
            ended = true;
        }
        if ended {
            self.starts.retain(|start| !start.branches.is_empty());
        }
        self.remember(seen, outcome);
    }

    /// `until x: …` as the last line: cancels every partial match it is seen by, one that would complete with this
    /// event included.
    fn cancel<O: Observer>(&mut self, pattern: &Pattern, seen: &Seen<'_, O>) {
        let Some(step) = pattern.cancel.filter(|step| seen.visible(*step) && seen.fits_alone(*step)) else {
            return;
        };
        let previous = &self.previous;
        for start in &mut self.starts {
            start.branches.retain(|branch| {
                let view =
                    View { chain: Some(&branch.chain), scopes: &[], registers: &branch.registers, previous };
                !seen.fits(step, view)
            });
        }
        self.starts.retain(|start| !start.branches.is_empty());
    }

    /// Finds the first derivation of a start that an event is something to: most events are nothing to most partial
    /// matches, which then are not touched.
    #[inline]
    fn pass_by<O: Observer>(&self, start: &Start, seen: &Seen<'_, O>) -> Passed {
        let mut count = 0;
        for branch in &start.branches {
            let verdict = self.judge(branch, seen);
            if verdict != Verdict::Other || !stays(branch, verdict, seen) {
                return Passed { count, then: verdict };
            }
            count += 1;
        }
        Passed { count, then: Verdict::Other }
    }

    /// What an event does to the derivations of a start. Gives the matches it completes. A start that would hold too
    /// much in one of them is given up with all of them, so that it does not matter in which form it is held.
    fn go_on<O: Observer>(
        &self,
        start: &mut Start,
        passed: Passed,
        seen: &Seen<'_, O>,
        turn: &mut Turn<'_>,
    ) -> Option<Complete> {
        let mut judged = std::iter::repeat_n(Verdict::Other, passed.count).chain([passed.then]);
        let mut matches = Vec::new();
        for branch in std::mem::take(&mut start.branches) {
            let verdict = judged.next().unwrap_or_else(|| self.judge(&branch, seen));
            if let (Verdict::Taken, Some(edge)) = (verdict, branch.edge(seen.rule))
                && let Some(step) = edge.target
            {
                let registers = branch.registers.after(&edge.updates, branch.chain.len);
                let link = bind(turn.pattern, Some(&branch.chain), step, seen);
                if !turn.room.holds(link.weight) {
                    start.branches.clear();
                    turn.outcome.at_bound(Bound::CapturedBytes, 1);
                    return None;
                }
                seen.observer.advance(seen.at(), step);
                take(seen, link, registers, &mut start.branches, &mut matches, turn);
            }
            if stays(&branch, verdict, seen) && turn.admits() {
                start.branches.push(branch);
            }
        }
        Some(Complete { start: start.seq, matches }).filter(|of| !of.matches.is_empty())
    }

    /// What an event is to one derivation.
    #[inline]
    fn judge<O: Observer>(&self, branch: &Branch, seen: &Seen<'_, O>) -> Verdict {
        let Some(edge) = branch.edge(seen.rule) else { return Verdict::Other };
        if !edge.absences.is_empty() && violates(&edge.absences, branch, &self.previous, seen) {
            return Verdict::Ends;
        }
        let Some(step) = edge.target else { return Verdict::Other };
        let here = View {
            chain: Some(&branch.chain),
            scopes: &edge.scopes,
            registers: &branch.registers,
            previous: &self.previous,
        };
        if (seen.rule.step(step).until.is_some() || !edge.groups.is_empty())
            && is_ended(edge, step, here, seen)
        {
            return Verdict::Ends;
        }
        let fits_alone = seen.visible(step) && seen.fits_alone(step);
        if fits_alone && within_gap(step, &branch.chain, seen) && seen.fits_along(step, here) {
            Verdict::Taken
        } else {
            Verdict::Other
        }
    }

    /// A start at this event, if it fits a first step and the absences before it hold.
    fn begin<O: Observer>(&self, seen: &Seen<'_, O>, turn: &mut Turn<'_>) -> Option<(Start, Vec<Match>)> {
        let mut branches = SmallVec::new();
        let mut matches = Vec::new();
        for edge in seen.rule.automaton.edges(None) {
            let Some(step) = edge.target.filter(|step| seen.visible(*step) && seen.fits_alone(*step)) else {
                continue;
            };
            let none = Registers::new(seen.rule.automaton.registers().len());
            let view = View { chain: None, scopes: &edge.scopes, registers: &none, previous: &self.previous };
            if seen.fits_along(step, view) && self.undisturbed(edge, seen) {
                // What is refused for the number of starts is not even copied.
                if let Some(bound) = turn.room.lacks_for_a_start(|| seen.arrival.held().weight()) {
                    turn.outcome.at_bound(bound, 1);
                    return None;
                }
                let link = bind(turn.pattern, None, step, seen);
                let registers = none.after(&edge.updates, 0);
                seen.observer.start(seen.at(), step);
                take(seen, link, registers, &mut branches, &mut matches, turn);
            }
        }
        if branches.is_empty() && matches.is_empty() {
            return None;
        }
        let start = Start { seq: seen.arrival.seq, branches, expired: None, reported: BTreeSet::new() };
        Some((start, matches))
    }

    /// Whether the absences before a first step hold: nothing fitted them in the time before.
    fn undisturbed<O: Observer>(&self, edge: &Edge, seen: &Seen<'_, O>) -> bool {
        edge.absences.iter().all(|absence| {
            let within = seen.rule.step(absence.step).within.unwrap_or_default();
            let last = self.violated.iter().find(|(step, _)| *step == absence.step);
            let quiet = last.is_none_or(|(_, last)| *last < seen.arrival.row.time().before(within));
            if !quiet {
                seen.observer.violation(seen.at(), absence.step);
            }
            quiet
        })
    }

    /// Keeps of an event what later ones ask about.
    fn remember<O>(&mut self, seen: &Seen<'_, O>, outcome: &mut Outcome) {
        let none = Registers::default();
        for &step in &seen.rule.first_absences {
            let view = View { chain: None, scopes: &[], registers: &none, previous: &self.previous };
            if seen.visible(step) && seen.fits(step, view) {
                let (time, within) = (seen.arrival.row.time(), seen.rule.step(step).within);
                set(&mut self.violated, step, time);
                outcome.look_at(Some(time.after(within.unwrap_or_default())));
            }
        }
        for &step in &seen.rule.lagging {
            if seen.visible(step) && seen.type_fits(step) {
                set(&mut self.previous, step, seen.arrival.held());
            }
        }
    }
}

/// Whether a derivation goes on waiting besides what became of it.
fn stays<O>(branch: &Branch, verdict: Verdict, seen: &Seen<'_, O>) -> bool {
    let target = branch.edge(seen.rule).and_then(|edge| edge.target);
    verdict != Verdict::Ends
        && target.is_none_or(|step| match seen.rule.step(step).mode {
            Mode::Any => true,
            Mode::Relaxed => verdict == Verdict::Other,
            Mode::Next => seen.hidden(step),
        })
}

fn set<T>(of: &mut Vec<(StepId, T)>, step: StepId, value: T) {
    of.retain(|(known, _)| *known != step);
    of.push((step, value));
}

fn bind<O>(pattern: &Pattern, before: Option<&Arc<Link>>, step: StepId, seen: &Seen<'_, O>) -> Arc<Link> {
    let slot = pattern.step(step).slot;
    Link::new(before.cloned(), seen.arrival.held(), step, slot, seen.arrival.seq)
}

/// The event is bound: the open edges from there become branches, the preferred first; where nothing more is needed it
/// is a match.
fn take<O>(
    seen: &Seen<'_, O>,
    chain: Arc<Link>,
    registers: Registers,
    branches: &mut SmallVec<[Branch; 1]>,
    matches: &mut Vec<Match>,
    turn: &mut Turn<'_>,
) {
    for (index, edge) in (0..).zip(seen.rule.automaton.edges(Some(chain.step))) {
        if !edge.guards.iter().all(|guard| registers.meet(*guard)) {
            continue;
        }
        let state = match edge.target {
            Some(_) => State::Wait(index),
            None if !edge.absences.is_empty() => {
                State::Pending { edge: index, deadline: deadline(seen, &edge.absences, &chain) }
            }
            None if seen.rule.report == Report::Final => State::Done { deadline: None },
            None => {
                matches.push(Match { chain: Arc::clone(&chain), deadline: None });
                continue;
            }
        };
        if turn.admits() {
            let branch = Branch::new(seen.rule, Arc::clone(&chain), registers.clone(), state);
            turn.outcome.look_at(branch.due);
            branches.push(branch);
        }
    }
}

/// Whether an event ends the loop of a step, or one of the groups around it.
fn is_ended<O>(edge: &Edge, step: StepId, here: View<'_>, seen: &Seen<'_, O>) -> bool {
    let own = seen.rule.step(step).until.iter().filter(|_| !seen.hidden(step));
    let groups = edge.groups.iter().filter_map(|group| seen.rule.group_untils[group.index()].as_ref());
    own.chain(groups).any(|until| seen.is_true(until, here))
}

/// Whether an event is one that must be absent, while the absence lasts.
fn violates<O: Observer>(
    absences: &[Absence],
    branch: &Branch,
    previous: &Previous,
    seen: &Seen<'_, O>,
) -> bool {
    let violated = absences.iter().find(|absence| {
        let step = seen.rule.step(absence.step);
        let time = seen.arrival.row.time();
        let lasts = match (branch.state, step.within) {
            (_, Some(within)) => time <= branch.chain.time().after(within),
            // A last absence without a bound of its own has the rule's.
            (State::Pending { .. }, None) => {
                time <= deadline(seen, std::slice::from_ref(*absence), &branch.chain)
            }
            _ => true,
        };
        let view = View {
            chain: Some(&branch.chain),
            scopes: &absence.scopes,
            registers: &branch.registers,
            previous,
        };
        lasts && seen.visible(absence.step) && seen.fits(absence.step, view)
    });
    violated.inspect(|absence| seen.observer.violation(seen.at(), absence.step)).is_some()
}

/// Whether the gap to the event bound just before is at least `after` and at most `within`.
fn within_gap<O>(step: StepId, last: &Link, seen: &Seen<'_, O>) -> bool {
    let step = seen.rule.step(step);
    let gap = seen.arrival.row.time().since(last.time());
    step.after.is_none_or(|least| gap >= least) && step.within.is_none_or(|most| gap <= most)
}

/// When last absences have held long enough: each its own `within` after the last event, or else the rule's after
/// the first one.
fn deadline<O>(seen: &Seen<'_, O>, absences: &[Absence], chain: &Link) -> Timestamp {
    let one = |absence: &Absence| match seen.rule.step(absence.step).within {
        Some(within) => Some(chain.time().after(within)),
        None => seen.rule.within.map(|within| chain.first.after(within)),
    };
    absences.iter().filter_map(one).max().unwrap_or(Timestamp::MAX)
}
