//! `matches latest`: each place in the pattern keeps only the partial match that arrived there last.

use tripline::StepId;
use tripline::plan::Item;

use super::Partition;
use super::derive::{Derivation, Moment, Place, State};
use super::policy::Won;

/// A place: a step that takes one event, and the absences before it.
struct Stage {
    step: StepId,
    absences: Vec<StepId>,
}

/// A match that waits for the deadline of its last absences, which must be absent from its last event on. It is in no
/// place any more.
struct Waiting<'a> {
    state: State<'a>,
    end: Result<Moment, Option<Moment>>,
}

impl<'a> Partition<'a> {
    /// Plain steps, absences and `{n}` only.
    pub fn latest(&self) -> Vec<Won> {
        let Some((stages, last)) = self.stages() else {
            self.note.beyond.set(true);
            return Vec::new();
        };
        let mut places: Vec<Option<State>> = stages.iter().map(|_| None).collect();
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut found = Vec::new();
        for event in 0..self.events.len() {
            // What waits fires before an event that is later, and ends with one that must be absent.
            let now = self.moment(event);
            found.extend(waiting.extract_if(.., |w| w.end.as_ref().is_ok_and(|end| *end < now)).map(won));
            waiting.retain(|w| w.end != Err(Some(now)));
            if self.cancels(event, &State::default()) {
                places.fill(None);
                waiting.clear();
            }
            for n in (0..stages.len()).rev() {
                let before = match n {
                    0 => Some(State { start: event, ..State::default() }),
                    _ => places[n - 1].clone(),
                };
                let Some(mut moved) = before.and_then(|state| self.advance(&stages[n], event, state)) else {
                    continue;
                };
                if n > 0 {
                    places[n - 1] = None;
                }
                if n + 1 < stages.len() {
                    places[n] = Some(moved);
                    continue;
                }
                moved.absences = last.iter().map(|id| (*id, Vec::new())).collect();
                let arrived = Waiting { end: self.end(&moved), state: moved };
                if last.is_empty() { found.push(won(arrived)) } else { waiting.push(arrived) }
            }
        }
        found.extend(waiting.into_iter().filter(|w| w.end.is_ok()).map(won));
        found
    }

    /// The partial match with this event, if the event moves it to the stage.
    fn advance(&self, stage: &Stage, event: usize, mut state: State<'a>) -> Option<State<'a>> {
        state.absences = stage.absences.iter().map(|id| (*id, Vec::new())).collect();
        let mode = self.sequence.pattern.step(stage.step).mode;
        let moves = self.reach(stage.step, mode, &state).contains(&event)
            && self.qualifies(stage.step, event, &state);
        if moves { self.bind(stage.step, event, state) } else { None }
    }

    /// The places, and the absences behind the last one.
    fn stages(&self) -> Option<(Vec<Stage>, Vec<StepId>)> {
        let (mut stages, mut absences) = (Vec::new(), Vec::new());
        for item in &self.sequence.pattern.items {
            match item {
                Item::Absence(id) => absences.push(*id),
                Item::Step(id) => {
                    let repeat = self.sequence.pattern.step(*id).repeat;
                    (repeat.max == Some(repeat.min)).then_some(())?;
                    for _ in 0..repeat.min {
                        stages.push(Stage { step: *id, absences: std::mem::take(&mut absences) });
                    }
                }
                _ => return None,
            }
        }
        let plain = self.sequence.pattern.steps.iter().all(|step| step.until.is_none());
        plain.then_some((stages, absences))
    }
}

fn won(waiting: Waiting) -> Won {
    // A match without last absences ends with its last event, whatever is said of it later.
    let last = waiting.state.bound.last().map(|b| b.event).unwrap_or_default();
    let end = waiting.end.unwrap_or(Moment { time: tripline::Timestamp::MIN, at: Place::Event(last) });
    Won::at_end(Derivation { bound: waiting.state.bound, end, cancelled: None, preference: 0 })
}
