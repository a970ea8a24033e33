//! The state of one rule for one key, whatever form it has.

use std::cell::Cell;
use std::sync::Arc;

use super::chain::Link;
use super::judge::Seen;
use super::logical::{LinksIn, Misfit};
use super::observer::{At, Observer};
use super::queue::Queue;
use super::report::{Expired, Looked, Match};
use super::room::Room;
use super::runs::Runs;
use super::shared::Shared;
use super::swap::Turn;
use super::windows::Windows;
use crate::alert::Bound;
use crate::event::Held;
use crate::id::StepId;
use crate::plan::Pattern;
use crate::program::{Compiled, Form, Program};
use crate::snapshot::{HeldTable, PartitionState};
use crate::time::{Duration, Timestamp};

/// The state of one rule for one key.
#[derive(Debug)]
pub(super) struct Partition {
    partials: Partials,
    /// When a timer asks for its deadlines.
    pub(super) scheduled: Option<Timestamp>,
    /// Of a rule that forgets when the last event came.
    came: Timestamp,
}

/// Partial matches in one of the forms.
#[derive(Debug)]
enum Partials {
    Queue(Box<Queue>),
    Shared(Box<Shared>),
    Runs(Box<Runs>),
    /// None: the events of a window.
    Windows(Box<Windows>),
}

/// Does the same with any form; where it is said, something else with windows.
macro_rules! each {
    ($partials:expr, $of:ident => $do:expr) => {
        each!($partials, $of => $do, windows $of => $do)
    };
    ($partials:expr, $of:ident => $do:expr, windows $windows:ident => $other:expr) => {
        match $partials {
            Partials::Queue($of) => $do,
            Partials::Shared($of) => $do,
            Partials::Runs($of) => $do,
            Partials::Windows($windows) => $other,
        }
    };
}

/// What an event has done.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Matches that are certain now, the earliest start first.
    pub(super) matches: Vec<Match>,
    /// Starts that expired, and want to be told of.
    pub(super) timeouts: Vec<Expired>,
    /// Windows whose condition has become true.
    pub(super) looked: Vec<Looked>,
    /// Whether a match began.
    pub(super) began: bool,
    /// Matches and partial matches beyond a limit.
    pub(super) refused: u64,
    /// The bound that some of those were beyond.
    pub(super) bound: Option<Bound>,
    /// The earliest time at which something that came to be now has to be looked at.
    pub(super) due: Option<Timestamp>,
}

impl Outcome {
    /// What an event is to a rule that has no state.
    pub(super) fn alone<O: Observer>(&mut self, pattern: &Pattern, room: Room<'_>, seen: &Seen<'_, O>) {
        for step in seen.rule.automaton.edges(None).iter().filter_map(|edge| edge.target) {
            if seen.fits_alone(step) {
                let slot = pattern.step(step).slot;
                let chain = Link::new(None, seen.arrival.held(), step, slot, seen.arrival.seq);
                if let Some(bound) = room.lacks_for_a_start(|| chain.weight) {
                    return self.at_bound(bound, 1);
                }
                seen.observer.start(seen.at(), step);
                self.began = true;
                self.matches.push(Match { chain, deadline: None });
            }
        }
    }

    /// Something came to be that has to be looked at by then.
    #[inline]
    pub(super) fn look_at(&mut self, time: Option<Timestamp>) {
        if let Some(time) = time.filter(|time| self.due.is_none_or(|due| *time < due)) {
            self.due = Some(time);
        }
    }

    /// So many matches are beyond the limit of `matches all`; they may be more than can be counted.
    pub(super) fn leave_out(&mut self, count: u64) {
        self.refused = self.refused.saturating_add(count);
    }

    /// So many partial matches are beyond a bound.
    pub(super) fn at_bound(&mut self, bound: Bound, count: u64) {
        if count > 0 {
            self.refused = self.refused.saturating_add(count);
            self.bound = Some(self.bound.map_or(bound, |other| other.min(bound)));
        }
    }

    /// Makes it that of an event that has done nothing yet.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.matches.clear();
        self.timeouts.clear();
        self.looked.clear();
        (self.began, self.refused, self.bound, self.due) = (false, 0, None, None);
    }
}

impl Partition {
    /// One with nothing in it yet.
    pub(super) fn new(form: Form) -> Self {
        let partials = match form {
            Form::Queue => Partials::Queue(Box::default()),
            Form::Shared => Partials::Shared(Box::default()),
            Form::Stateless | Form::Runs => Partials::Runs(Box::default()),
            Form::Window => Partials::Windows(Box::default()),
        };
        Partition { partials, scheduled: None, came: Timestamp::MIN }
    }

    /// One event, in order.
    pub(super) fn event<O: Observer>(
        &mut self,
        pattern: &Pattern,
        room: Room<'_>,
        seen: &Seen<'_, O>,
        outcome: &mut Outcome,
    ) {
        each!(
            &mut self.partials,
            of => of.event(pattern, room, seen, outcome),
            windows windows => windows.event(room, seen, outcome)
        );
        if let Some(hold) = seen.rule.hold {
            self.give_up_oldest(seen.rule, hold.excess(self.starts()), outcome);
        }
        if let Some(forget) = seen.rule.forget {
            self.note_coming(seen, forget, outcome);
        }
    }

    /// Gives up so many of the earliest starts. What only waited for them to grow no more is certain then.
    fn give_up_oldest(&mut self, rule: &Compiled, count: usize, outcome: &mut Outcome) {
        if count > 0 {
            each!(&mut self.partials, of => of.give_up_oldest(count), windows _of => ());
            self.settle_into(rule, outcome);
            outcome.at_bound(Bound::Hold, count as u64);
        }
    }

    /// Gives up what began before a time.
    pub(super) fn give_up_before(&mut self, rule: &Compiled, time: Timestamp) -> Outcome {
        let mut outcome = Outcome::default();
        let given_up = each!(&mut self.partials, of => of.give_up_before(time));
        if given_up > 0 {
            self.settle_into(rule, &mut outcome);
            outcome.at_bound(Bound::Memory, given_up);
        }
        outcome
    }

    /// When what is held began, each with its weight.
    pub(super) fn ages(&self, note: &mut impl FnMut(Timestamp, u64)) {
        each!(&self.partials, of => of.ages(note));
    }

    /// An event has come, if it is of a type that a step of the rule names.
    fn note_coming<O: Observer>(&mut self, seen: &Seen<'_, O>, forget: Duration, outcome: &mut Outcome) {
        let mut steps = (0..seen.rule.steps.len()).filter_map(StepId::new);
        if steps.any(|step| seen.visible(step) && seen.type_fits(step)) {
            self.came = seen.arrival.row.time();
            outcome.look_at(Some(self.came.after(forget)));
        }
    }

    /// Everything that is due before `end`, without an end everything: what became certain at each time is handed to
    /// `then`.
    pub(super) fn pass<O: Observer>(
        &mut self,
        at: At<'_>,
        observer: &O,
        faults: &Cell<u64>,
        end: Option<Timestamp>,
        then: impl FnMut(Timestamp, &Outcome),
    ) {
        let over = at.rule.forget.map(|forget| self.came.after(forget));
        let over = over.filter(|over| end.is_none_or(|end| *over < end));
        // What is due up to then still happens.
        let end = over.map(|over| Timestamp::from_nanos(over.nanos().saturating_add(1))).or(end);
        self.pass_to(at, observer, faults, end, then);
        if over.is_some() {
            self.forget();
        }
    }

    fn pass_to<O: Observer>(
        &mut self,
        at: At<'_>,
        observer: &O,
        faults: &Cell<u64>,
        end: Option<Timestamp>,
        mut then: impl FnMut(Timestamp, &Outcome),
    ) {
        if let Partials::Windows(windows) = &mut self.partials {
            return windows.pass(at.rule, faults, end, then);
        }
        // Where nobody sees when something ends, it is enough to forget it.
        let due = |of: &Self| of.next_deadline().filter(|time| end.is_none_or(|end| *time < end));
        while let Some(time) = at.rule.observed.then(|| due(self)).flatten() {
            let mut outcome = Outcome::default();
            let at = At { time, ..at };
            each!(&mut self.partials, of => of.fire(at, observer, &mut outcome), windows _of => ());
            then(time, &outcome);
        }
        each!(&mut self.partials, of => of.forget_past(at, observer, end), windows _of => ());
    }

    /// Forgets all of it.
    fn forget(&mut self) {
        match &mut self.partials {
            Partials::Queue(queue) => **queue = Queue::default(),
            Partials::Shared(shared) => **shared = Shared::default(),
            Partials::Runs(runs) => **runs = Runs::default(),
            Partials::Windows(windows) => **windows = Windows::default(),
        }
    }

    /// What has become certain without an event or a deadline, as the rule is another one.
    pub(super) fn settle(&mut self, rule: &Compiled) -> Outcome {
        let mut outcome = Outcome::default();
        self.settle_into(rule, &mut outcome);
        outcome
    }

    fn settle_into(&mut self, rule: &Compiled, outcome: &mut Outcome) {
        if let Partials::Runs(runs) = &mut self.partials {
            runs.settle(rule, outcome);
        }
    }

    /// The end of time has passed: nothing can go on any more.
    pub(super) fn end(&mut self, rule: &Compiled) -> Outcome {
        let mut outcome = Outcome::default();
        // With the end of time all windows have closed.
        each!(&mut self.partials, of => of.end(rule, &mut outcome), windows _of => ());
        outcome
    }

    /// All of it, in the one form that a state has in a snapshot.
    pub(super) fn to_logical(&self, rule: &Compiled, events: &mut HeldTable) -> PartitionState {
        self.timed(rule, each!(&self.partials, of => of.to_logical(rule, events)))
    }

    /// A state with when its last event came, if the rule forgets.
    fn timed(&self, rule: &Compiled, state: PartitionState) -> PartitionState {
        PartitionState { came: rule.forget.map(|_| self.came), ..state }
    }

    /// The same back in this form, out of the events of its snapshot, or in the general one where it does not fit: it may be
    /// of a rule that was another one. Of partial matches that are held one by one at most so many.
    pub(super) fn from_logical(
        form: Form,
        rule: &Compiled,
        pattern: &Pattern,
        partition: &PartitionState,
        events: &[Arc<Held>],
        most: usize,
    ) -> Result<Self, Misfit> {
        let links = LinksIn::new(pattern, events, &partition.links)?;
        let held_as = |form| -> Result<Partials, Misfit> {
            Ok(match form {
                Form::Queue => Partials::Queue(Box::new(Queue::from_logical(rule, partition, &links)?)),
                Form::Shared => {
                    Partials::Shared(Box::new(Shared::from_logical(rule, partition, &links, pattern, most)?))
                }
                Form::Stateless | Form::Runs => {
                    Partials::Runs(Box::new(Runs::from_logical(rule, partition, &links, pattern, most)?))
                }
                Form::Window => Partials::Windows(Box::new(Windows::from_logical(rule, partition, events)?)),
            })
        };
        let partials = match held_as(form) {
            Err(Misfit::Unfit) => held_as(rule.form.general())?,
            held => held?,
        };
        // A rule that forgets says when; if it did not forget before an edit, the edit does.
        let came = partition.came.unwrap_or(Timestamp::MIN);
        Ok(Partition { partials, scheduled: None, came })
    }

    /// The same with its derivations one by one; `None` if they are more than a key may have.
    pub(super) fn to_derivations(
        &self,
        rule: &Compiled,
        program: &Program,
        events: &mut HeldTable,
    ) -> Option<PartitionState> {
        let state = match &self.partials {
            Partials::Queue(queue) => Some(queue.to_derivations(rule, events)),
            Partials::Shared(shared) => {
                let state = shared.to_logical(rule, events);
                let (pattern, most) = (program.pattern_of(rule), program.limits().partials_per_key);
                let links = LinksIn::new(pattern, events.events(), &state.links).ok()?;
                Some(Runs::from_logical(rule, &state, &links, pattern, most).ok()?.to_logical(rule, events))
            }
            of => Some(each!(of, of => of.to_logical(rule, events))),
        };
        state.map(|state| self.timed(rule, state))
    }

    /// Has its events be kept as another program keeps them, in which the rule stays as it is.
    pub(super) fn turn(&mut self, rule: &Compiled, turn: &mut Turn<'_>) {
        each!(&mut self.partials, of => of.turn(rule, turn));
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        each!(&self.partials, of => of.next_deadline(), windows _of => None)
    }

    /// When time next changes anything, whether somebody sees it or not.
    pub(super) fn next_change(&self, rule: &Compiled) -> Option<Timestamp> {
        let change = each!(&self.partials, of => of.next_change(rule));
        let forgotten = rule.forget.map(|forget| self.came.after(forget));
        change.into_iter().chain(forgotten).min()
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_empty(&self) -> bool {
        each!(&self.partials, of => of.is_empty())
    }

    /// How many starts are open.
    #[inline]
    pub(super) fn starts(&self) -> usize {
        each!(&self.partials, of => of.starts())
    }

    /// How many starts are open, and how many of them only wait for a deadline or to grow no more; of windows how many wait
    /// for their end.
    pub(super) fn open(&self, rule: &Compiled) -> (u64, u64) {
        each!(&self.partials, of => of.open(), windows windows => windows.open(rule))
    }
}
