//! What an event does to the derivations of a partition.

use std::collections::BTreeSet;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{Branch, Match, Runs, Start, State};
use crate::automaton::{Absence, Edge, Registers};
use crate::id::StepId;
use crate::limits::Limits;
use crate::plan::{Mode, Pattern, Policy, Report};
use crate::runtime::chain::{Link, Previous, View};
use crate::runtime::judge::Seen;
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

/// How many more partial matches a partition may hold, and how many were refused for it. Starts stand in their order
/// and of each the preferred derivations first, so what is refused are the latest and the least preferred.
struct Room {
    left: usize,
    refused: u64,
}

impl Room {
    fn admits(&mut self) -> bool {
        let admits = self.left > 0;
        self.left = self.left.saturating_sub(1);
        self.refused += u64::from(!admits);
        admits
    }
}

impl Runs {
    /// One event, in order: partial matches are cancelled or go on, a new one begins, matches are reported.
    /// Says whether a start was made.
    pub(in crate::runtime) fn event(
        &mut self,
        pattern: &Pattern,
        limits: &Limits,
        seen: Seen<'_>,
        matches: &mut Vec<Match>,
    ) -> bool {
        self.cancel(pattern, seen);
        let mut starts = std::mem::take(&mut self.starts);
        let mut room = Room { left: limits.partials_per_key, refused: 0 };
        let mut complete: Vec<Vec<Match>> =
            starts.iter_mut().map(|start| self.go_on(pattern, start, seen, &mut room)).collect();
        let began = self.begin(pattern, seen, &mut room);
        self.refused += room.refused;
        let made = began.is_some();
        if let Some((start, matches)) = began {
            starts.push(start);
            complete.push(matches);
        }
        self.starts = starts;
        // Else an event that completes nothing may still displace partial matches, or let some grow no more.
        let moved = seen.rule.report == Report::Final || seen.rule.policy == Policy::Latest;
        if moved || complete.iter().any(|matches| !matches.is_empty()) {
            self.report(seen.rule, complete, Some(seen.arrival.seq), &mut 0, matches);
        }
        self.starts.retain(|start| !start.branches.is_empty());
        self.remember(seen);
        made
    }

    /// `until x: …` as the last line: cancels every partial match it is seen by, one that would complete with this
    /// event included.
    fn cancel(&mut self, pattern: &Pattern, seen: Seen<'_>) {
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

    /// What an event does to the derivations of a start. Gives the matches it completes, the preferred first.
    fn go_on(&self, pattern: &Pattern, start: &mut Start, seen: Seen<'_>, room: &mut Room) -> Vec<Match> {
        let mut matches = Vec::new();
        for branch in std::mem::take(&mut start.branches) {
            let verdict = self.judge(&branch, seen);
            let mut stays = verdict != Verdict::Ends;
            if let (State::Wait(_), Some(edge)) = (branch.state, branch.edge(seen.rule))
                && let Some(step) = edge.target
            {
                if verdict == Verdict::Taken {
                    let registers = branch.registers.after(&edge.updates, branch.chain.len);
                    let link = bind(pattern, Some(&branch.chain), step, seen);
                    take(seen, link, registers, &mut start.branches, &mut matches, room);
                }
                stays &= match seen.rule.step(step).mode {
                    Mode::Any => true,
                    Mode::Relaxed => verdict == Verdict::Other,
                    Mode::Next => seen.hidden(step),
                };
            }
            if stays && room.admits() {
                start.branches.push(branch);
            }
        }
        matches
    }

    /// What an event is to one derivation.
    fn judge(&self, branch: &Branch, seen: Seen<'_>) -> Verdict {
        let Some(edge) = branch.edge(seen.rule) else { return Verdict::Other };
        let previous = &self.previous;
        let view =
            |scopes| View { chain: Some(&branch.chain), scopes, registers: &branch.registers, previous };
        if violates(&edge.absences, branch, previous, seen) {
            return Verdict::Ends;
        }
        let Some(step) = edge.target else { return Verdict::Other };
        let here = view(&edge.scopes);
        let own = seen.rule.step(step).until.iter().filter(|_| !seen.hidden(step));
        let groups = edge.groups.iter().filter_map(|group| seen.rule.group_untils[group.index()].as_ref());
        if own.chain(groups).any(|until| seen.is_true(until, here)) {
            Verdict::Ends
        } else if seen.visible(step) && within_gap(step, &branch.chain, seen) && seen.fits(step, here) {
            Verdict::Taken
        } else {
            Verdict::Other
        }
    }

    /// A start at this event, if it fits a first step and the absences before it hold.
    fn begin(&self, pattern: &Pattern, seen: Seen<'_>, room: &mut Room) -> Option<(Start, Vec<Match>)> {
        let none = Registers::new(seen.rule.automaton.registers().len());
        let mut branches = SmallVec::new();
        let mut matches = Vec::new();
        for edge in seen.rule.automaton.edges(None) {
            let Some(step) = edge.target else { continue };
            let view = View { chain: None, scopes: &edge.scopes, registers: &none, previous: &self.previous };
            if seen.visible(step) && seen.fits(step, view) && self.undisturbed(edge, seen) {
                let registers = none.after(&edge.updates, 0);
                let link = bind(pattern, None, step, seen);
                take(seen, link, registers, &mut branches, &mut matches, room);
            }
        }
        if branches.is_empty() && matches.is_empty() {
            return None;
        }
        let start = Start { seq: seen.arrival.seq, branches, expired: None, reported: BTreeSet::new() };
        Some((start, matches))
    }

    /// Whether the absences before a first step hold: nothing fitted them in the time before.
    fn undisturbed(&self, edge: &Edge, seen: Seen<'_>) -> bool {
        edge.absences.iter().all(|absence| {
            let within = seen.rule.step(absence.step).within.unwrap_or_default();
            let last = self.violated.iter().find(|(step, _)| *step == absence.step);
            last.is_none_or(|(_, last)| *last < seen.arrival.row.time().before(within))
        })
    }

    /// Keeps of an event what later ones ask about.
    fn remember(&mut self, seen: Seen<'_>) {
        for &step in &seen.rule.first_absences {
            let none = Registers::default();
            let view = View { chain: None, scopes: &[], registers: &none, previous: &self.previous };
            if seen.visible(step) && seen.fits(step, view) {
                set(&mut self.violated, step, seen.arrival.row.time());
            }
        }
        for &step in &seen.rule.lagging {
            if seen.visible(step) && seen.type_fits(step) {
                set(&mut self.previous, step, seen.arrival.held());
            }
        }
    }
}

fn set<T>(of: &mut Vec<(StepId, T)>, step: StepId, value: T) {
    of.retain(|(known, _)| *known != step);
    of.push((step, value));
}

fn bind(pattern: &Pattern, before: Option<&Arc<Link>>, step: StepId, seen: Seen<'_>) -> Arc<Link> {
    let slot = pattern.step(step).slot;
    Link::new(before.cloned(), seen.arrival.held(), step, slot, seen.arrival.seq)
}

/// The event is bound: the open edges from there become branches, the preferred first; where nothing more is needed it
/// is a match.
fn take(
    seen: Seen<'_>,
    chain: Arc<Link>,
    registers: Registers,
    branches: &mut SmallVec<[Branch; 1]>,
    matches: &mut Vec<Match>,
    room: &mut Room,
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
        if room.admits() {
            branches.push(Branch { chain: Arc::clone(&chain), registers: registers.clone(), state });
        }
    }
}

/// Whether an event is one that must be absent, while the absence lasts.
fn violates(absences: &[Absence], branch: &Branch, previous: &Previous, seen: Seen<'_>) -> bool {
    absences.iter().any(|absence| {
        let step = seen.rule.step(absence.step);
        let time = seen.arrival.row.time();
        let lasts = match (branch.state, step.within) {
            (_, Some(within)) => time <= branch.chain.time().after(within),
            // A last absence without a bound of its own has the rule's.
            (State::Pending { .. }, None) => {
                time <= deadline(seen, std::slice::from_ref(absence), &branch.chain)
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
    })
}

/// Whether the gap to the event bound just before is at least `after` and at most `within`.
fn within_gap(step: StepId, last: &Link, seen: Seen<'_>) -> bool {
    let step = seen.rule.step(step);
    let gap = seen.arrival.row.time().since(last.time());
    step.after.is_none_or(|least| gap >= least) && step.within.is_none_or(|most| gap <= most)
}

/// When last absences have held long enough: each its own `within` after the last event, or else the rule's after
/// the first one.
fn deadline(seen: Seen<'_>, absences: &[Absence], chain: &Link) -> Timestamp {
    let one = |absence: &Absence| match seen.rule.step(absence.step).within {
        Some(within) => Some(chain.time().after(within)),
        None => seen.rule.within.map(|within| chain.first.after(within)),
    };
    absences.iter().filter_map(one).max().unwrap_or(Timestamp::MAX)
}
