//! The pass over everything that is held.

use super::Turn;
use super::edit::{Edit, Fate};
use crate::alert::Certain;
use crate::program::{Form, Program};
use crate::runtime::observer::Observer;
use crate::runtime::partition::Partition;
use crate::runtime::partitions::Partitions;
use crate::runtime::table::{Entry, KeyBytes, Table};
use crate::snapshot::HeldTable;
use crate::time::Timestamp;

/// Takes what was held under one program to the next.
pub(super) struct Pass<'e, 'p, O> {
    before: &'p Program,
    edits: &'e [Edit<'p>],
    partitions: &'e mut Partitions<O>,
    turn: Turn<'p>,
    now: Timestamp,
    /// The events of the partition that is told.
    told: HeldTable,
    /// What has another key space than most of its table.
    moved: Vec<Moved>,
    /// What an edit has made certain, in no order.
    certain: Vec<Certain>,
    /// How many starts of each rule lack something.
    lacking: Vec<u64>,
}

/// The state of a rule, by its number now, with its key.
type Moved = (u32, (KeyBytes, u64, u32), Partition);

impl<'e, 'p, O: Observer> Pass<'e, 'p, O> {
    pub(super) fn new(
        (before, edits): (&'p Program, &'e [Edit<'p>]),
        partitions: &'e mut Partitions<O>,
        turn: Turn<'p>,
        now: Timestamp,
    ) -> Self {
        let lacking = vec![0; edits.len()];
        let (told, moved, certain) = (HeldTable::default(), Vec::new(), Vec::new());
        Pass { before, edits, partitions, turn, now, told, moved, certain, lacking }
    }

    /// Takes over the table of a key space, which is that of another one now.
    pub(super) fn table(&mut self, mut table: Table, space: usize, home: Option<usize>) {
        let mut rules = self.edits.iter().filter(|edit| edit.old.space == space);
        if !rules.all(|edit| edit.is_untouched) {
            table.retain(|entry| self.entry(entry, home));
        }
        if let Some(place) = home.and_then(|home| self.partitions.tables.get_mut(home)) {
            *place = table;
        }
    }

    /// When all tables are taken over: what has become certain, in no order, and how many starts of each rule lack
    /// something.
    pub(super) fn end(self) -> (Vec<Certain>, Vec<u64>) {
        for (rule, key, state) in self.moved {
            self.partitions.put(rule, key, state);
        }
        (self.certain, self.lacking)
    }

    /// What is held under a key; whether anything is left.
    fn entry(&mut self, entry: &mut Entry, home: Option<usize>) -> bool {
        let Entry { key, hash, group, states } = entry;
        states.retain(|(rule, state)| {
            if self.edits.get(*rule as usize).is_some_and(|edit| edit.is_untouched) {
                return true;
            }
            let Some(number) = self.state(*rule, *group, state) else { return false };
            *rule = number;
            let stays =
                self.partitions.program.compiled().get(number as usize).map(|rule| rule.space) == home;
            if stays {
                self.partitions.wake(number, *hash, state);
            } else {
                let state = std::mem::replace(state, Partition::new(Form::Runs));
                self.moved.push((number, (key.clone(), *hash, *group), state));
            }
            stays
        });
        self.turn.forget();
        !states.is_empty()
    }

    /// The state of a rule: the number that the rule has now, if anything of it goes on.
    fn state(&mut self, rule: u32, group: u32, state: &mut Partition) -> Option<u32> {
        let edit = self.edits.get(rule as usize)?;
        let (number, new) = edit.goes_on()?;
        match &edit.fate {
            Fate::Lost => return None,
            Fate::Stays { turns } => {
                if *turns {
                    state.turn(new, &mut self.turn);
                }
            }
            Fate::Told { .. } => {
                let before = std::mem::replace(state, Partition::new(Form::Runs));
                *state = self.tell(rule, group, before).filter(|state| !state.is_empty())?;
                self.partitions.open.change(number, group, 0, state.starts());
            }
        }
        Some(number)
    }

    /// Tells what an edited rule holds and takes it up again.
    fn tell(&mut self, rule: u32, group: u32, before: Partition) -> Option<Partition> {
        let edit = self.edits.get(rule as usize)?;
        let (number, new) = edit.new?;
        let Fate::Told { in_form, carry } = &edit.fate else { return None };
        let told = if *in_form {
            Some(before.to_logical(edit.old, &mut self.told))
        } else {
            before.to_derivations(edit.old, self.before, &mut self.told)
        };
        // What nobody else holds any more is turned where it lies.
        drop(before);
        let mut events = self.told.take();
        let mut told = told?;
        if let Some(carry) = carry {
            let lacking = carry.partition(&mut told, &events);
            self.lacking.get_mut(rule as usize).into_iter().for_each(|count| *count += lacking);
        }
        for held in &mut events {
            self.turn.held(held);
        }
        // Where nobody knew when the last event came, it is as if it were now.
        told.came = new.forget.map(|_| told.came.unwrap_or(self.now));
        let form = if *in_form { self.partitions.form(number) } else { new.form.general() };
        let program = &self.partitions.program;
        let (pattern, most) = (program.pattern_of(new), program.limits().partials_per_key);
        let mut state = Partition::from_logical(form, new, pattern, &told, &events, most).ok()?;
        if carry.is_some() {
            let outcome = state.settle(new);
            self.partitions.report(number, group, self.now, &outcome, &mut self.certain);
        }
        Some(state)
    }
}
