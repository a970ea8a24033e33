//! The state of one rule for one key: partial matches, or the events of a window.

use super::eval::Law;
use super::partial::{Expired, Match, State as Waits};
use super::partition::{Partition, Seen};
use super::swap::Edit;
use super::window::Held;
use crate::alert::Bound;
use crate::id::StepId;
use crate::plan::Report;
use crate::stream::Swapped;
use crate::time::Timestamp;

#[derive(Debug)]
enum Kept {
    Partials(Partition),
    Window(Held),
}

/// The state of one rule for one key.
#[derive(Debug)]
pub(super) struct State {
    kept: Kept,
    /// The deadline under which it stands among those of its rule.
    pub(super) deadline: Option<Timestamp>,
    /// Of a rule that forgets when the last event of a type that it names came.
    came: Option<Timestamp>,
}

impl State {
    /// Nothing yet.
    pub(super) fn new(law: &Law) -> Self {
        let kept = match law.window {
            None => Kept::Partials(Partition::default()),
            Some(_) => Kept::Window(Held::default()),
        };
        State { kept, deadline: None, came: None }
    }

    /// What goes on of it when its rule is edited.
    pub(super) fn carried(self, edit: &mut Edit<'_>, counts: &mut Swapped) -> Self {
        let kept = match self.kept {
            Kept::Partials(partition) => Kept::Partials(edit.partition(partition, counts)),
            Kept::Window(held) => Kept::Window(held.carried(edit, counts)),
        };
        State { kept, deadline: None, came: edit.came(self.came) }
    }

    /// One event, in order. Says whether a start was made, and gives the matches.
    pub(super) fn step(&mut self, law: &Law, seen: Seen<'_>) -> (bool, Vec<Match>) {
        let mut steps = (0..law.pattern.steps.len()).filter_map(StepId::new);
        if law.forget.is_some()
            && steps.any(|step| seen.visible[step.index()] && law.type_fits(step, seen.event))
        {
            self.came = Some(seen.event.time);
        }
        match (&mut self.kept, &law.window) {
            (Kept::Partials(partition), _) => partition.step(law, seen),
            (Kept::Window(held), Some(window)) => held.step(law, window, seen),
            (Kept::Window(_), None) => (false, Vec::new()),
        }
    }

    /// Everything that is due at `time`: matches, and the starts that expired.
    pub(super) fn fire(&mut self, law: &Law, time: Timestamp) -> (Vec<Match>, Vec<Expired>) {
        let is_due = self.next_of_kept(law).is_some_and(|due| due <= time);
        let due = if is_due { self.fire_kept(law, time) } else { Default::default() };
        // What is due at the same moment still happens.
        if self.forgotten(law).is_some_and(|forgotten| forgotten <= time) {
            match &mut self.kept {
                Kept::Partials(of) => *of = Partition { refused: of.refused, ..Partition::default() },
                Kept::Window(of) => of.forget(),
            }
        }
        due
    }

    /// When the key is forgotten, if nothing comes.
    fn forgotten(&self, law: &Law) -> Option<Timestamp> {
        Some(self.came?.after(law.forget?)).filter(|_| !self.is_empty())
    }

    /// The bound that the last event has come to.
    pub(super) fn bound(&self) -> Option<Bound> {
        match &self.kept {
            Kept::Partials(partition) => partition.bound,
            Kept::Window(held) => held.bound,
        }
    }

    fn fire_kept(&mut self, law: &Law, time: Timestamp) -> (Vec<Match>, Vec<Expired>) {
        match (&mut self.kept, &law.window) {
            (Kept::Partials(partition), _) => partition.fire(law, time),
            (Kept::Window(held), Some(window)) => (held.fire(law, window, time), Vec::new()),
            (Kept::Window(_), None) => (Vec::new(), Vec::new()),
        }
    }

    /// Gives up what began before a time: how much, and the matches that only waited for it.
    pub(super) fn shed(&mut self, law: &Law, before: Timestamp) -> (u64, Vec<Match>) {
        match &mut self.kept {
            Kept::Partials(partition) => partition.shed(law, before),
            Kept::Window(held) => (held.shed(before), Vec::new()),
        }
    }

    /// Matches that can grow no more as their rule is another one.
    pub(super) fn settle(&mut self, law: &Law) -> Vec<Match> {
        match &mut self.kept {
            Kept::Partials(partition) if law.report == Report::Final => partition.settle(law),
            _ => Vec::new(),
        }
    }

    /// The end of time has passed.
    pub(super) fn end(&mut self, law: &Law) -> Vec<Match> {
        match &mut self.kept {
            Kept::Partials(partition) => partition.end(law),
            Kept::Window(_) => Vec::new(),
        }
    }

    pub(super) fn next_deadline(&self, law: &Law) -> Option<Timestamp> {
        self.next_of_kept(law).into_iter().chain(self.forgotten(law)).min()
    }

    fn next_of_kept(&self, law: &Law) -> Option<Timestamp> {
        match &self.kept {
            Kept::Partials(partition) => partition.next_deadline(law),
            Kept::Window(held) => law.window.as_ref().and_then(|window| held.next_deadline(window)),
        }
    }

    /// Whether nothing is left to remember.
    pub(super) fn is_empty(&self) -> bool {
        match &self.kept {
            Kept::Partials(partition) => partition.is_empty(),
            Kept::Window(held) => held.is_empty(),
        }
    }

    /// How many starts are open. A window with something in it is one.
    pub(super) fn open(&self) -> usize {
        match &self.kept {
            Kept::Partials(partition) => partition.starts.len(),
            Kept::Window(held) => usize::from(held.is_open()),
        }
    }

    /// How many of them wait for a deadline, or to grow no more; of windows how many wait for their end.
    pub(super) fn pending(&self, law: &Law) -> usize {
        match &self.kept {
            Kept::Partials(partition) => {
                let waits = |state: &Waits| matches!(state, Waits::Wait(_));
                partition.starts.iter().filter(|s| s.branches.iter().any(|b| !waits(&b.state))).count()
            }
            Kept::Window(held) => held.pending(law),
        }
    }

    /// What a limit has refused.
    pub(super) fn refused(&self) -> u64 {
        match &self.kept {
            Kept::Partials(partition) => partition.refused,
            Kept::Window(held) => held.refused,
        }
    }
}
