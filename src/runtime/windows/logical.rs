//! The window form, to the form of a snapshot and back.

use std::cell::Cell;
use std::sync::Arc;

use super::{Entry, Windows};
use crate::event::Held;
use crate::id::StepId;
use crate::plan::Shape;
use crate::program::{Compiled, WindowCode};
use crate::runtime::logical::Misfit;
use crate::runtime::swap::Turn;
use crate::snapshot::{HeldTable, Malformed, PartitionState, WindowEvent, WindowState};
use crate::time::{Duration, Timestamp};

impl Windows {
    /// All of it, in the one form that a state has.
    pub(in crate::runtime) fn to_logical(&self, rule: &Compiled, events: &mut HeldTable) -> PartitionState {
        // In the order of the steps, by which events get their numbers, and not of the events.
        let mut previous: Vec<&(StepId, Arc<Held>)> = self.previous.iter().collect();
        previous.sort_unstable_by_key(|(step, _)| *step);
        let previous = previous.into_iter().map(|(step, held)| (*step, events.number(held))).collect();
        let event = |entry: &Entry| WindowEvent {
            event: events.number(&entry.held),
            seq: entry.seq,
            steps: entry.steps.to_vec(),
        };
        let regular = rule.window.as_ref().filter(|window| matches!(window.shape, Shape::Periodic { .. }));
        let window = WindowState {
            events: self.events.iter().map(event).collect(),
            fired: u32::from(self.fired),
            closes: regular.filter(|_| self.is_open()).map(|window| window.calendar.end(self.open)),
        };
        PartitionState {
            links: Vec::new(),
            starts: Vec::new(),
            violated: Vec::new(),
            previous,
            window: Some(window),
            shared: None,
            came: None,
        }
    }

    /// The same back.
    pub(in crate::runtime) fn from_logical(
        rule: &Compiled,
        partition: &PartitionState,
        events: &[Arc<Held>],
    ) -> Result<Windows, Misfit> {
        let (Some(code), Some(state)) = (&rule.window, &partition.window) else { return Err(Misfit::Unfit) };
        let mut windows = Windows { fired: state.fired > 0, ..Windows::default() };
        for (step, event) in &partition.previous {
            let held = events.get(*event as usize).cloned().ok_or(Malformed("an event is not there"))?;
            if step.index() >= rule.steps.len() {
                return Err(Malformed("a step is not there").into());
            }
            windows.previous.push((*step, held));
        }
        let entries = state.events.iter().map(|event| entry(rule, event, events));
        let entries = entries.collect::<Result<Vec<Entry>, Malformed>>()?;
        if !entries.is_sorted_by(|a, b| a.seq < b.seq && a.time() <= b.time()) {
            return Err(Malformed("the events of a window are not in order").into());
        }
        windows.open = open(code, state, &entries)?;
        for entry in entries {
            // Faults were counted when the event came.
            windows.take(rule, code, entry, &Cell::new(0));
        }
        Ok(windows)
    }

    /// Has its events be kept as another program keeps them, whose rule adds up the same of them.
    pub(in crate::runtime) fn turn(&mut self, rule: &Compiled, turn: &mut Turn<'_>) {
        for entry in &mut self.events {
            turn.held(&mut entry.held);
        }
        for (_, held) in &mut self.previous {
            turn.held(held);
        }
        self.weight = self.events.iter().fold(0, |sum: usize, entry| sum.saturating_add(entry.held.weight()));
        // What was added up by what a file said is taken away again by what it says now.
        if let Some(window) = rule.window.as_ref().filter(|window| window.looks_outside()) {
            self.add_up(window);
        }
    }
}

/// The window that was looked at.
fn open(code: &WindowCode, state: &WindowState, entries: &[Entry]) -> Result<i64, Misfit> {
    match code.shape {
        Shape::Count(most) if entries.len() > most as usize => Err(Misfit::Unfit),
        Shape::Periodic { .. } if entries.is_empty() && state.fired == 0 => Ok(0),
        Shape::Periodic { .. } => {
            let closes = state.closes.ok_or(Malformed("it is not said when a window closes"))?;
            let open = code.calendar.first(closes.before(Duration::from_nanos(1)));
            let gone =
                |entry: &Entry| code.calendar.last(entry.time()) < open || entry.time() == Timestamp::MAX;
            if entries.iter().any(gone) {
                return Err(Malformed("an event is in no window that is open").into());
            }
            Ok(open)
        }
        _ => Ok(0),
    }
}

fn entry(rule: &Compiled, event: &WindowEvent, events: &[Arc<Held>]) -> Result<Entry, Malformed> {
    let held = events.get(event.event as usize).cloned().ok_or(Malformed("an event is not there"))?;
    if event.steps.is_empty() || !event.steps.is_sorted_by(|a, b| a < b) {
        return Err(Malformed("an event in a window fits no step"));
    }
    if event.steps.iter().any(|step| step.index() >= rule.steps.len()) {
        return Err(Malformed("a step is not there"));
    }
    Ok(Entry { seq: event.seq, held, steps: event.steps.iter().copied().collect() })
}
