//! `matches latest`: each place in the pattern keeps only the partial match that arrived there last.

use tripline::StepId;
use tripline::plan::Item;

use super::Partition;
use super::derive::{Derivation, Moment, Place, State};

/// A place: a step that takes one event, and the absences before it.
struct Stage {
    step: StepId,
    absences: Vec<StepId>,
}

impl<'a> Partition<'a> {
    /// Plain steps, absences before one, and `{n}` only.
    pub fn latest(&self) -> Vec<Derivation> {
        let Some(stages) = self.stages() else {
            self.beyond.set(true);
            return Vec::new();
        };
        let mut places: Vec<Option<State>> = stages.iter().map(|_| None).collect();
        let mut found = Vec::new();
        for event in 0..self.events.len() {
            if self.cancels(event, &State::default()) {
                places.fill(None);
            }
            for n in (0..stages.len()).rev() {
                let before = match n {
                    0 => Some(State { start: event, ..State::default() }),
                    _ => places[n - 1].clone(),
                };
                let Some(moved) = before.and_then(|state| self.advance(&stages[n], event, state)) else {
                    continue;
                };
                if n > 0 {
                    places[n - 1] = None;
                }
                if n + 1 == stages.len() {
                    let end = Moment { time: self.time(event), at: Place::Event(event) };
                    found.push(Derivation { bound: moved.bound, end, preference: 0 });
                } else {
                    places[n] = Some(moved);
                }
            }
        }
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

    fn stages(&self) -> Option<Vec<Stage>> {
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
        (plain && absences.is_empty()).then_some(stages)
    }
}
