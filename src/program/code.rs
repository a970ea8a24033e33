//! The parts of a rule in the form in which engines execute it.

use compact_str::CompactString;

use super::calendar::Calendar;
use crate::id::FieldId;
use crate::plan::{Mode, Shape};
use crate::predicate::{Expression, Gauge};
use crate::time::Duration;

/// A window.
#[derive(Clone, Debug)]
pub struct WindowCode {
    /// Which events are looked at together.
    pub shape: Shape,
    /// When windows at regular times begin and end.
    pub calendar: Calendar,
    /// `when`, `whenever`
    pub condition: Expression,
    /// Whether it is `whenever`.
    pub ever: bool,
    /// What is kept up to date of its events, for the condition and for what alerts say.
    pub gauges: Vec<Gauge>,
}

impl WindowCode {
    /// Whether what is kept up to date of its events depends on more than the text of the rule: on what a file says, or on
    /// a function of an embedder.
    pub fn looks_outside(&self) -> bool {
        self.gauges.iter().any(Gauge::looks_outside)
    }
}

/// A step or an absence.
#[derive(Clone, Debug)]
pub struct StepCode {
    /// Numbers of its event types, ascending; `None` is any event.
    pub kinds: Option<Vec<usize>>,
    /// What `where` asks of the event alone.
    pub alone: Option<Expression>,
    /// What `where` asks besides, looking at what is bound.
    pub along: Option<Expression>,
    /// `until`
    pub until: Option<Expression>,
    /// How it follows. Under `matches latest` an `any` step is a relaxed one.
    pub mode: Mode,
    /// The gap is at least this.
    pub after: Option<Duration>,
    /// The gap is at most this; of an absence, how long it must hold.
    pub within: Option<Duration>,
    /// Which key of the key space it goes by.
    pub key: usize,
}

impl StepCode {
    /// Whether an event of this type is one of its types.
    #[inline]
    pub fn takes(&self, kind: Option<usize>) -> bool {
        match (&self.kinds, kind) {
            (None, _) => true,
            // Mostly it is one.
            (Some(kinds), Some(kind)) => match kinds[..] {
                [only] => only == kind,
                _ => kinds.binary_search(&kind).is_ok(),
            },
            (Some(_), None) => false,
        }
    }
}

/// What an alert says.
#[derive(Clone, Debug)]
pub struct OutputCode {
    /// The event type of the alert.
    pub event_type: CompactString,
    /// The fields it adds.
    pub fields: Vec<(CompactString, Expression)>,
}

/// A key: what rules or steps are partitioned by.
#[derive(Clone, Debug)]
pub struct KeyCode {
    /// One value each; none of them is `global`.
    pub parts: Vec<Expression>,
    /// The field, if it is nothing but one, as most keys are.
    pub field: Option<FieldId>,
    /// How it is written. Values that only compare equal, as `1` and `1.0` do, are written differently, and make
    /// different keys of them.
    pub(super) written: String,
}

impl KeyCode {
    /// Whether it is the same key, of another program maybe.
    pub fn is_same(&self, other: &KeyCode) -> bool {
        self.written == other.written
    }
}

/// Rules that are partitioned by the same keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySpace {
    /// The different keys of an event, by their numbers among the program's: that of the rule, and those of steps with
    /// their own.
    pub keys: Vec<usize>,
}
