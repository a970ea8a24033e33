//! One rule and key: every derivation of every start, and what an event or a deadline does to them.

mod time;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) use self::time::{deadline, due};
use super::eval::{Here, Law};
use super::partial::{At, Bound, Branch, Match, Partial, Start, State, Wait};
use super::place::{self, Pending, Way};
use crate::alert::Bound as Bounded;
use crate::event::Event;
use crate::id::{GroupId, SlotId, StepId};
use crate::plan::{Mode, Policy, Report};
use crate::time::Timestamp;

/// The state of one rule for one key.
#[derive(Debug, Default)]
pub(super) struct Partition {
    /// In the order of their start events.
    pub(super) starts: Vec<Start>,
    /// For each first absence, when it was last violated: what it needs of the past.
    pub(super) violated: BTreeMap<StepId, Timestamp>,
    /// For each step that `lag` asks for, the previous event of its types.
    pub(super) previous: BTreeMap<StepId, Arc<Event>>,
    pub(super) refused: u64,
    /// The bound that the last event has come to.
    pub(super) bound: Option<Bounded>,
}

/// An event as one partition sees it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'e> {
    pub(super) event: &'e Arc<Event>,
    /// Its place in the total order.
    pub(super) seq: u64,
    /// Whether it may be bound to each step: the step's key of it is this partition's.
    pub(super) visible: &'e [bool],
    /// Whether it is hidden from each step: the step's key of it is null. A hidden event does not break a strict step.
    pub(super) hidden: &'e [bool],
    /// Whether it fits each step whose `where` looks at nothing but the event, once that was asked.
    pub(super) fits: &'e [Cell<Option<bool>>],
    /// What keeps the rule from beginning, if anything does.
    pub(super) full: Option<Bounded>,
    /// What the event weighs once it is bound.
    pub(super) weight: usize,
}

impl Seen<'_> {
    /// Whether the event fits a step at a place.
    fn fits(&self, law: &Law, step: StepId, here: &Here<'_>) -> bool {
        if !law.alone[step.index()] {
            return law.fits(step, here);
        }
        let known = &self.fits[step.index()];
        known.get().unwrap_or_else(|| {
            let fits = law.fits(step, here);
            known.set(Some(fits));
            fits
        })
    }
}

/// What an event does to a derivation.
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
    bound: Option<Bounded>,
}

impl Room {
    fn admits(&mut self) -> bool {
        let admits = self.left > 0;
        self.left = self.left.saturating_sub(1);
        if !admits {
            self.refuse(Bounded::PartialsPerKey);
        }
        admits
    }

    fn refuse(&mut self, bound: Bounded) {
        self.refused += 1;
        self.bound = Some(self.bound.map_or(bound, |other| other.min(bound)));
    }
}

impl Partition {
    /// Whether nothing is left to remember.
    pub(super) fn is_empty(&self) -> bool {
        self.starts.is_empty() && self.violated.is_empty() && self.previous.is_empty()
    }

    /// One event, in order: partial matches are cancelled or go on, a new one begins, matches are reported.
    /// Says whether a start was made, and gives the matches.
    pub(super) fn step(&mut self, law: &Law, seen: Seen<'_>) -> (bool, Vec<Match>) {
        self.cancel(law, seen);
        let mut starts = std::mem::take(&mut self.starts);
        let mut room = Room { left: law.limits.partials_per_key, refused: 0, bound: None };
        let mut complete: Vec<Vec<Match>> =
            starts.iter_mut().map(|s| self.go_on(law, s, seen, &mut room)).collect();
        let mut began = false;
        if let Some((start, matches)) = self.begin(law, seen, &mut room) {
            began = true;
            starts.push(start);
            complete.push(matches);
        }
        self.starts = starts;
        let mut matches = self.report(law, complete, Some(seen));
        self.starts.retain(|start| !start.branches.is_empty());
        matches.extend(self.give_up_oldest(law, &mut room));
        self.refused += room.refused;
        self.bound = room.bound;
        self.remember(law, seen);
        (began, matches)
    }

    /// Gives up the earliest starts beyond those that a key may have. Gives the matches that only waited for them.
    fn give_up_oldest(&mut self, law: &Law, room: &mut Room) -> Vec<Match> {
        let excess = law.hold.map_or(0, |hold| hold.excess(self.starts.len()));
        if excess == 0 {
            return Vec::new();
        }
        (0..excess).for_each(|_| room.refuse(Bounded::Hold));
        self.starts.drain(..excess);
        if law.report == Report::Final { self.settle(law) } else { Vec::new() }
    }

    /// `until x: …` as the last line: cancels every partial match it is seen by, one that would complete with this
    /// event included.
    fn cancel(&mut self, law: &Law, seen: Seen<'_>) {
        let Some(step) = law.pattern.cancel else { return };
        let previous = &self.previous;
        for start in &mut self.starts {
            start.branches.retain(|branch| {
                let here = Here { event: seen.event, partial: &branch.partial, iterations: &[], previous };
                !(seen.visible[step.index()] && seen.fits(law, step, &here))
            });
        }
        self.starts.retain(|start| !start.branches.is_empty());
    }

    /// What an event does to the derivations of a start. Gives the matches it completes, the preferred first.
    fn go_on(&self, law: &Law, start: &mut Start, seen: Seen<'_>, room: &mut Room) -> Vec<Match> {
        let mut matches = Vec::new();
        for branch in std::mem::take(&mut start.branches) {
            let verdict = self.judge(law, &branch, seen);
            let mut stays = verdict != Verdict::Ends;
            if let State::Wait(wait) = &branch.state {
                if verdict == Verdict::Taken {
                    // In whichever of its derivations a start would hold too much, it is given up with all of them.
                    if branch.partial.weight().saturating_add(seen.weight) > law.limits.captured_bytes {
                        start.branches.clear();
                        room.refuse(Bounded::CapturedBytes);
                        return Vec::new();
                    }
                    matches.extend(take(law, &branch.partial, wait, seen, &mut start.branches, room));
                }
                stays &= match law.mode(wait.step) {
                    Mode::Any => true,
                    Mode::Relaxed => verdict == Verdict::Other,
                    Mode::Next => seen.hidden[wait.step.index()],
                };
            }
            if stays && room.admits() {
                start.branches.push(branch);
            }
        }
        matches
    }

    /// What an event is to one derivation.
    fn judge(&self, law: &Law, branch: &Branch, seen: Seen<'_>) -> Verdict {
        match &branch.state {
            State::Done { .. } => Verdict::Other,
            State::Pending { absences, .. } if self.violates(law, absences, branch, seen) => Verdict::Ends,
            State::Pending { .. } => Verdict::Other,
            State::Wait(wait) => {
                let here = self.here(seen, &branch.partial, &wait.iterations);
                // Asked for each event and partial match, so a pattern without groups is not looked through for them.
                let around = (!law.pattern.groups.is_empty()).then(|| place::groups_around(&wait.rest));
                let groups = around.into_iter().flatten().filter_map(|g| law.pattern.group(g).until.as_ref());
                let own =
                    law.pattern.step(wait.step).until.iter().filter(|_| !seen.hidden[wait.step.index()]);
                let mut untils = own.chain(groups);
                if self.violates(law, &wait.absences, branch, seen)
                    || untils.any(|until| law.is_true(until, &here))
                {
                    Verdict::Ends
                } else if seen.visible[wait.step.index()]
                    && within_gap(law, wait.step, &branch.partial, seen.event)
                    && seen.fits(law, wait.step, &here)
                {
                    Verdict::Taken
                } else {
                    Verdict::Other
                }
            }
        }
    }

    /// Whether an event is one that must be absent, while the absence lasts.
    fn violates(&self, law: &Law, absences: &[Pending], branch: &Branch, seen: Seen<'_>) -> bool {
        absences.iter().any(|absence| {
            let step = law.pattern.step(absence.step);
            let lasts = match (&branch.state, step.within, branch.partial.last()) {
                (_, Some(within), Some(last)) => seen.event.time <= last.time.after(within),
                // A last absence without a bound of its own has the rule's.
                (State::Pending { .. }, None, _) => {
                    seen.event.time <= deadline(law, [absence], &branch.partial)
                }
                _ => true,
            };
            let here = self.here(seen, &branch.partial, &absence.iterations);
            lasts && seen.visible[absence.step.index()] && seen.fits(law, absence.step, &here)
        })
    }

    fn here<'a>(
        &'a self,
        seen: Seen<'a>,
        partial: &'a Partial,
        iterations: &'a [(GroupId, usize)],
    ) -> Here<'a> {
        Here { event: seen.event, partial, iterations, previous: &self.previous }
    }

    /// A start at this event, if it fits a first step and the absences before it hold.
    fn begin(&self, law: &Law, seen: Seen<'_>, room: &mut Room) -> Option<(Start, Vec<Match>)> {
        let mut start =
            Start { seq: seen.seq, branches: Vec::new(), expired: None, reported: BTreeSet::new() };
        let (mut matches, empty) = (Vec::new(), Partial::default());
        for wait in &law.first {
            let here = self.here(seen, &empty, &wait.iterations);
            if !seen.visible[wait.step.index()]
                || !seen.fits(law, wait.step, &here)
                || !self.undisturbed(law, wait, seen)
            {
                continue;
            }
            let heavy = (seen.weight > law.limits.captured_bytes).then_some(Bounded::CapturedBytes);
            if let Some(bound) = seen.full.or(heavy) {
                room.refuse(bound);
                return None;
            }
            matches.extend(take(law, &empty, wait, seen, &mut start.branches, room));
        }
        (!start.branches.is_empty() || !matches.is_empty()).then_some((start, matches))
    }

    /// Whether the absences before a first step hold: nothing fitted them in the time before.
    fn undisturbed(&self, law: &Law, wait: &Wait, seen: Seen<'_>) -> bool {
        wait.absences.iter().all(|absence| {
            let within = law.absent_for(absence.step);
            self.violated.get(&absence.step).is_none_or(|&last| last < seen.event.time.before(within))
        })
    }

    /// Keeps of an event what later ones ask about.
    fn remember(&mut self, law: &Law, seen: Seen<'_>) {
        let empty = Partial::default();
        for &step in &law.first_absences {
            let here = self.here(seen, &empty, &[]);
            if seen.visible[step.index()] && seen.fits(law, step, &here) {
                self.violated.insert(step, seen.event.time);
            }
        }
        for &step in &law.lagging {
            if seen.visible[step.index()] && law.type_fits(step, seen.event) {
                self.previous.insert(step, Arc::clone(seen.event));
            }
        }
    }
}

/// The event is bound: the ways on from there become branches, the preferred first; where nothing more is needed
/// it is a match.
fn take(
    law: &Law,
    partial: &Partial,
    wait: &Wait,
    seen: Seen<'_>,
    branches: &mut Vec<Branch>,
    room: &mut Room,
) -> Vec<Match> {
    let slot: SlotId = law.pattern.step(wait.step).slot;
    let bound =
        Bound { slot, step: wait.step, seq: seen.seq, event: Arc::clone(seen.event), weight: seen.weight };
    let partial = partial.with(bound);
    let at = Arc::new(At { rest: wait.rest.clone(), iterations: wait.iterations.clone() });
    let mut matches = Vec::new();
    for way in place::ways(&law.pattern, &wait.rest, partial.len(), &wait.iterations) {
        let state = match way {
            Way::Wait(wait) => State::Wait(Arc::new(wait)),
            Way::End(absences) if !absences.is_empty() => {
                let deadline = deadline(law, &absences, &partial);
                State::Pending { absences, deadline }
            }
            Way::End(_) if law.report == Report::Final => State::Done { deadline: None },
            Way::End(_) => {
                matches.push(Match { partial: partial.clone(), deadline: None });
                continue;
            }
        };
        if room.admits() {
            let due = due(law, &partial, &state).map(|(time, _)| time);
            branches.push(Branch { partial: partial.clone(), state, at: Arc::clone(&at), due });
        }
    }
    matches
}

/// Whether the gap to the event bound just before is at least `after` and at most `within`.
fn within_gap(law: &Law, step: StepId, partial: &Partial, event: &Event) -> bool {
    let step = law.pattern.step(step);
    partial.last().is_none_or(|last| {
        let gap = event.time.since(last.time);
        step.after.is_none_or(|least| gap >= least) && step.within.is_none_or(|most| gap <= most)
    })
}

impl Law {
    /// How a step follows. Under `matches latest` an `any` step is a relaxed one.
    fn mode(&self, step: StepId) -> Mode {
        match self.pattern.step(step).mode {
            Mode::Any if self.policy == Policy::Latest => Mode::Relaxed,
            mode => mode,
        }
    }
}
