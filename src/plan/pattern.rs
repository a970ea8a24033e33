//! Patterns: steps, how they are combined, how often they repeat.

use compact_str::CompactString;

use super::Expr;
use crate::id::{GroupId, SlotId, StepId};
use crate::time::Duration;

/// The steps of a rule and their combination.
#[derive(Clone, Debug, Default)]
pub struct Pattern {
    /// The combination, in order.
    pub items: Vec<Item>,
    /// All steps and absences, by `StepId`, in the order of the text.
    pub steps: Vec<Step>,
    /// The names that events are bound to, by `SlotId`, in the order of their first step.
    pub slots: Vec<Slot>,
    /// Groups with a quantifier, by `GroupId`, in the order of the text.
    pub groups: Vec<Group>,
    /// `until x: …` as the last line: what cancels every partial match.
    pub cancel: Option<StepId>,
}

impl Pattern {
    /// The step of this id.
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.index()]
    }

    /// The slot of this id.
    pub fn slot(&self, id: SlotId) -> &Slot {
        &self.slots[id.index()]
    }

    /// The group of this id.
    pub fn group(&self, id: GroupId) -> &Group {
        &self.groups[id.index()]
    }
}

/// A part of a pattern.
#[derive(Clone, Debug)]
pub enum Item {
    /// A step, with its own quantifier.
    Step(StepId),
    /// An absence.
    Absence(StepId),
    /// A repeated group.
    Group(GroupId),
    /// The branches of an `either`, the preferred first.
    Either(Vec<Vec<Item>>),
    /// `take` of the members, in any order, each once; `all` takes all of them.
    Of {
        /// How many.
        take: u32,
        /// The members, the preferred first.
        members: Vec<Vec<Item>>,
    },
}

/// A step or an absence.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it binds events to. An absence has a slot too, which stays empty.
    pub slot: SlotId,
    /// How it follows.
    pub mode: Mode,
    /// How often.
    pub repeat: Repeat,
    /// Its own key, as many expressions as the rule's; `None` is the rule's.
    pub key: Option<Vec<Expr>>,
    /// The gap to the event bound just before is at least this.
    pub after: Option<Duration>,
    /// The gap to the event bound just before is at most this. Of an absence: how long it must hold.
    pub within: Option<Duration>,
    /// Which events.
    pub types: Types,
    /// `where`
    pub filter: Option<Expr>,
    /// `until`
    pub until: Option<Expr>,
}

/// How a step follows the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// The next event that qualifies.
    Relaxed,
    /// The very next event of the partition.
    Next,
    /// Any later event that qualifies.
    Any,
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Repeat {
    /// At least.
    pub min: u32,
    /// At most; `None` is without end.
    pub max: Option<u32>,
    /// Whether more are preferred to fewer.
    pub greedy: bool,
}

impl Repeat {
    /// Exactly once.
    pub const ONCE: Repeat = Repeat { min: 1, max: Some(1), greedy: true };
}

/// The event types of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Types {
    /// `*`: any event, one without a type too.
    Any,
    /// One of these.
    OneOf(Vec<CompactString>),
}

impl Types {
    /// Whether these are all of the other types, and maybe more.
    pub fn cover(&self, other: &Types) -> bool {
        match (self, other) {
            (Types::Any, _) => true,
            (Types::OneOf(_), Types::Any) => false,
            (Types::OneOf(all), Types::OneOf(some)) => some.iter().all(|kind| all.contains(kind)),
        }
    }
}

/// A name that events are bound to.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The name.
    pub name: CompactString,
    /// Whether it may hold more than one event, seen from outside all groups.
    pub repeated: bool,
}

/// A group with a quantifier.
#[derive(Clone, Debug)]
pub struct Group {
    /// What is repeated.
    pub items: Vec<Item>,
    /// How often.
    pub repeat: Repeat,
    /// `until` behind its braces.
    pub until: Option<Expr>,
}
