//! What a rule set means, without sugar: typed rules that an engine can execute.
//!
//! The analysis makes it from the syntax tree and vouches for it: ids are in range, patterns compile, an absence
//! stands where it can be judged, no construct is in it that engines do not execute.

mod depth;
mod expr;
mod hold;
mod pattern;
mod revision;
mod suppress;
mod window;

pub use depth::{SAID, depths};
pub use expr::{Aggregate, Binary, Compare, Expr, Field, Pick, Set, Share, SlotRef, TextOp, TextPattern};
pub use hold::{Full, Hold};
pub use pattern::{Group, Item, Mode, Pattern, Repeat, Slot, Step, Types};
pub use revision::{Difference, Revision};
pub use suppress::{Suppress, SuppressBy};
pub use window::{Shape, Window};

use compact_str::CompactString;

use crate::event::{Schema, Value};
use crate::time::Duration;

/// A rule set.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Rules by name.
    pub rules: Vec<Rule>,
    /// The declared event types.
    pub schema: Schema,
    /// Parameters with the values in force, in the order of their declaration.
    pub params: Vec<(CompactString, Value)>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, unique in the plan.
    pub name: CompactString,
    /// What it says about itself.
    pub meta: Meta,
    /// What it looks for.
    pub body: Body,
    /// What its alerts say.
    pub output: Output,
    /// What a start that expires says.
    pub timeout: Option<Timeout>,
    /// Which alerts are held back.
    pub suppress: Option<Suppress>,
    /// How many starts one key may have open.
    pub hold: Option<Hold>,
    /// For how long nothing must have come of a key for it to be forgotten.
    pub forget: Option<Duration>,
    /// The rule's text in canonical form without comments and with the values of its parameters: equal texts
    /// behave equally. Its hash is the rule's version.
    pub canonical: String,
}

impl Rule {
    /// Whether it runs on streams: it is neither disabled nor a draft.
    pub fn runs(&self) -> bool {
        !self.meta.disabled && self.meta.status != Status::Draft
    }

    /// Its steps and how they are combined.
    pub fn pattern(&self) -> &Pattern {
        match &self.body {
            Body::Event(pattern) => pattern,
            Body::Sequence(sequence) => &sequence.pattern,
            Body::Window(window) => &window.pattern,
        }
    }

    /// The key expressions with the names alerts give them; none is `global`, or a rule without a key.
    pub fn key(&self) -> &[(CompactString, Expr)] {
        match &self.body {
            Body::Event(_) => &[],
            Body::Sequence(sequence) => &sequence.key,
            Body::Window(window) => &window.key,
        }
    }

    /// Whether it looks at the key's previous events, bound or not.
    pub fn lags(&self) -> bool {
        let mut lags = false;
        self.visit_expressions(&mut |expr| lags |= matches!(expr, Expr::Lag { .. }));
        lags
    }

    /// Shows every expression of the rule, those inside others too.
    pub fn visit_expressions(&self, visit: &mut impl FnMut(&Expr)) {
        self.key().iter().for_each(|(_, expr)| expr.visit(visit));
        let pattern = self.pattern();
        for step in &pattern.steps {
            let parts = step.key.iter().flatten().chain(&step.filter).chain(&step.until);
            parts.for_each(|expr| expr.visit(visit));
        }
        pattern.groups.iter().flat_map(|group| &group.until).for_each(|expr| expr.visit(visit));
        if let Body::Window(window) = &self.body {
            window.condition.visit(visit);
        }
        let outputs = [Some(&self.output), self.timeout.as_ref().map(|timeout| &timeout.output)];
        outputs
            .into_iter()
            .flatten()
            .flat_map(|output| &output.fields)
            .for_each(|(_, expr)| expr.visit(visit));
    }
}

/// Metadata.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    /// `severity`, if given.
    pub severity: Option<Level>,
    /// `status`.
    pub status: Status,
    /// `enabled`.
    pub disabled: bool,
    /// `key`: how alerts show the key.
    pub key: KeyShown,
    /// `risk`, 0 to 100.
    pub risk: Option<u8>,
    /// The remaining ones as written, by their words, in the order of the text: `id title description author date
    /// modified tags references falsepositives runbook`.
    pub notes: Vec<(CompactString, Value)>,
}

/// How grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `informational`
    Informational,
    /// `low`
    Low,
    /// `medium`
    Medium,
    /// `high`
    High,
    /// `critical`
    Critical,
}

impl Level {
    /// All levels, the least first.
    pub const ALL: [Level; 5] =
        [Level::Informational, Level::Low, Level::Medium, Level::High, Level::Critical];

    /// Its word in rules and alerts.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Informational => "informational",
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
            Level::Critical => "critical",
        }
    }
}

/// How far a rule is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Checked and tested, not run on streams.
    Draft,
    /// Runs, but its alerts go to an output of their own.
    Shadow,
    /// Runs.
    #[default]
    Live,
}

/// How alerts show the key of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyShown {
    /// As it is.
    #[default]
    Clear,
    /// As `mask` shows it.
    Masked,
    /// As `hash` shows it.
    Hidden,
}

impl KeyShown {
    /// All of them, the clearest first.
    pub const ALL: [KeyShown; 3] = [KeyShown::Clear, KeyShown::Masked, KeyShown::Hidden];

    /// Its word in rules.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyShown::Clear => "clear",
            KeyShown::Masked => "masked",
            KeyShown::Hidden => "hidden",
        }
    }
}

/// What a rule looks for.
#[derive(Clone, Debug)]
pub enum Body {
    /// Each event that fits this step; the pattern holds only it.
    Event(Pattern),
    /// Steps in order.
    Sequence(Sequence),
    /// Events that are looked at together.
    Window(Window),
}

/// A sequence.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The key expressions with the names alerts give them; empty is `global`.
    pub key: Vec<(CompactString, Expr)>,
    /// last − first is at most this.
    pub within: Option<Duration>,
    /// The steps.
    pub pattern: Pattern,
    /// Which matches are reported.
    pub policy: Policy,
    /// When a match is reported.
    pub report: Report,
}

/// Which matches are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// An event takes part in at most one match.
    Disjoint,
    /// Matches do not overlap in time.
    Separate,
    /// One match per start event.
    Every,
    /// After a match, go on at the first event of this slot.
    ToFirst(crate::id::SlotId),
    /// After a match, go on at the last event of this slot.
    ToLast(crate::id::SlotId),
    /// Each place keeps the partial match that arrived there last.
    Latest,
    /// Every distinct set of bindings, at most this many with one event.
    All {
        /// The limit.
        limit: u32,
    },
}

/// When a match is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// As soon as it is certain that it is one.
    First,
    /// When it can grow no more.
    Final,
}

/// `emit`
#[derive(Clone, Debug)]
pub struct Output {
    /// The event type of the alert.
    pub event_type: CompactString,
    /// The fields it adds, in order. A bare field in them is of the last event bound.
    pub fields: Vec<(CompactString, Expr)>,
}

/// `on timeout`
#[derive(Clone, Debug)]
pub struct Timeout {
    /// The step that must have been reached, or one that stands behind it; of a name that branches share the first.
    pub after: Option<crate::id::StepId>,
    /// What the alert says.
    pub output: Output,
}
