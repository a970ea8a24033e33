//! What a rule costs: how its partial matches are held, and what ends them.

use std::fmt;

use super::form::Form;
use crate::automaton::{Automaton, TooLarge};
use crate::id::StepId;
use crate::limits::Limits;
use crate::plan::{Body, Item, Mode, Pattern, Policy, Rule, Sequence, Shape, Window};
use crate::time::Duration;

/// What a rule costs, known before the first event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// How its partial matches are held.
    pub form: Form,
    /// Why not in a cheaper form, if there is one.
    pub because: Option<String>,
    /// What is held for one key; `None` is nothing.
    pub holds: Option<&'static str>,
    /// How many events a start binds at the most, or a window over so many holds.
    pub most: Most,
    /// When that is forgotten.
    pub ends: End,
    /// How many partial matches of one key there may be at the most, or events in its windows; `None` where there are none.
    pub limit: Option<usize>,
    /// How many starts of one key may be open by the rule itself.
    pub hold: Option<u32>,
    /// After what time without an event a key is forgotten.
    pub forget: Option<Duration>,
    /// Whether for each key the event before is held without end besides, because `lag` asks for it.
    pub lags: bool,
    /// How many steps and absences it has.
    pub steps: usize,
    /// How many ways from step to step.
    pub edges: usize,
}

/// How many events there may be at the most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Most {
    /// So many.
    Events(u64),
    /// As many as this step takes, which has no upper bound.
    Step(String),
    /// As many as come.
    All,
}

/// When a partial match is forgotten, if nothing completes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// There are none.
    Nothing,
    /// So long after its first event.
    Within(Duration),
    /// When the `within` of the step it waits for has passed.
    Gaps,
    /// With the next event of the key, whatever it is.
    NextEvent,
    /// Never, if what this step asks for does not come.
    Never(String),
    /// When it has left the window, which is so long.
    Leaves(Duration),
    /// When so many more events have come.
    After(u32),
    /// When the window closes in which it is, the last one that holds it so long after.
    Closes(Duration),
    /// When for so long nothing has come.
    Quiet(Duration),
}

impl Cost {
    /// What a rule costs, whether it runs or not.
    pub fn of(rule: &Rule, limits: &Limits) -> Result<Cost, TooLarge> {
        let pattern = rule.pattern();
        let automaton = Automaton::new(pattern, limits.edges)?;
        let form = Form::of(rule, &automaton);
        let (holds, ends) = match &rule.body {
            Body::Event(_) => (None, End::Nothing),
            Body::Sequence(sequence) => (Some(holds(form, sequence)), end(sequence, &automaton)),
            Body::Window(window) => (Some("the events of its windows"), leaves(&window.shape)),
        };
        let most = match &rule.body {
            Body::Window(Window { shape: Shape::Count(count), .. }) => Most::Events(u64::from(*count)),
            Body::Window(_) => Most::All,
            Body::Event(_) | Body::Sequence(_) => most(pattern),
        };
        Ok(Cost {
            form,
            most,
            because: Form::because(rule, &automaton),
            holds,
            ends,
            limit: holds.map(|_| limits.partials_per_key),
            hold: rule.hold.map(|hold| hold.most),
            forget: rule.forget,
            lags: rule.lags(),
            steps: pattern.steps.len(),
            edges: automaton.all_edges().count(),
        })
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Nothing => Ok(()),
            End::Within(length) => write!(f, "within {length}"),
            End::Gaps => f.write_str("within of its steps"),
            End::NextEvent => f.write_str("with the key's next event"),
            End::Never(step) => write!(f, "never without `{step}`"),
            End::Leaves(length) => write!(f, "{length} after it came"),
            End::After(1) => f.write_str("with the next event that fits"),
            End::After(count) => write!(f, "with the {count} next events that fit"),
            End::Closes(length) => write!(f, "within {length}, when its last window closes"),
            End::Quiet(length) => write!(f, "{length} after the last of its session"),
        }
    }
}

/// The step without which a start of a rule is kept for ever.
pub(super) fn waits_for(rule: &Rule, automaton: &Automaton) -> Option<String> {
    match &rule.body {
        _ if rule.forget.is_some() => None,
        Body::Sequence(sequence) => match end(sequence, automaton) {
            End::Never(step) => Some(step),
            _ => None,
        },
        Body::Event(_) | Body::Window(_) => None,
    }
}

fn holds(form: Form, sequence: &Sequence) -> &'static str {
    let waits = matches!(sequence.pattern.items.last(), Some(Item::Absence(_)));
    match (form, sequence.policy) {
        (_, Policy::Latest) if waits => "the latest of each place, and what waits for its deadline",
        (_, Policy::Latest) => "the latest of each place",
        (Form::Queue, _) => "starts",
        (Form::Shared, _) => "bound events, each once",
        _ => "starts with all their ways on",
    }
}

/// How many events a match of a pattern binds at the most.
fn most(pattern: &Pattern) -> Most {
    match most_of(pattern, &pattern.items) {
        Ok(events) => Most::Events(events),
        Err(step) => Most::Step(pattern.slot(pattern.step(step).slot).name.to_string()),
    }
}

/// The same of a part of it, or the first step in it that has no upper bound.
fn most_of(pattern: &Pattern, items: &[Item]) -> Result<u64, StepId> {
    items.iter().try_fold(0, |sum: u64, item| Ok(sum.saturating_add(most_of_item(pattern, item)?)))
}

fn most_of_item(pattern: &Pattern, item: &Item) -> Result<u64, StepId> {
    let parts = |parts: &[Vec<Item>]| -> Result<Vec<u64>, StepId> {
        parts.iter().map(|part| most_of(pattern, part)).collect()
    };
    match item {
        Item::Absence(_) => Ok(0),
        Item::Step(step) => pattern.step(*step).repeat.max.map(u64::from).ok_or(*step),
        Item::Group(id) => {
            let group = pattern.group(*id);
            let once = most_of(pattern, &group.items)?;
            match group.repeat.max {
                Some(max) => Ok(once.saturating_mul(u64::from(max))),
                None => first_step(pattern, &group.items).map_or(Ok(once), Err),
            }
        }
        Item::Either(branches) => Ok(parts(branches)?.into_iter().max().unwrap_or(0)),
        Item::Of { take, members } => {
            let mut members = parts(members)?;
            members.sort_unstable_by(|a, b| b.cmp(a));
            Ok(members.into_iter().take(*take as usize).fold(0, u64::saturating_add))
        }
    }
}

fn first_step(pattern: &Pattern, items: &[Item]) -> Option<StepId> {
    items.iter().find_map(|item| match item {
        Item::Absence(_) => None,
        Item::Step(step) => Some(*step),
        Item::Group(group) => first_step(pattern, &pattern.group(*group).items),
        Item::Either(parts) | Item::Of { members: parts, .. } => {
            parts.iter().find_map(|part| first_step(pattern, part))
        }
    })
}

/// When an event of a window is forgotten.
fn leaves(shape: &Shape) -> End {
    match shape {
        Shape::Sliding(length) => End::Leaves(*length),
        Shape::Count(count) => End::After(*count),
        Shape::Periodic { over, .. } => End::Closes(*over),
        Shape::Session(gap) => End::Quiet(*gap),
    }
}

fn end(sequence: &Sequence, automaton: &Automaton) -> End {
    if let Some(within) = sequence.within {
        return End::Within(within);
    }
    let pattern = &sequence.pattern;
    let positions = (0..pattern.steps.len()).filter_map(StepId::new);
    let waits = positions.flat_map(|step| automaton.edges(Some(step))).filter_map(|edge| edge.target);
    let open: Vec<_> = waits.map(|step| pattern.step(step)).filter(|step| step.within.is_none()).collect();
    match open.iter().find(|step| step.mode != Mode::Next) {
        Some(step) => End::Never(pattern.slot(step.slot).name.to_string()),
        None if open.is_empty() => End::Gaps,
        None => End::NextEvent,
    }
}
