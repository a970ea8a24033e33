//! What a rule looks for: sequences, windows, steps and blocks.

use super::{DurationLit, Expr, Ident, StringLit, TypeName};
use crate::span::Span;

/// `sequence [by KEYS | global] [within D] { … }`
#[derive(Clone, Debug)]
pub struct Sequence {
    /// What partitions the stream.
    pub partition: Partition,
    /// The bound on last − first.
    pub within: Option<DurationLit>,
    /// The steps.
    pub items: Vec<SequenceItem>,
    /// The whole body.
    pub span: Span,
}

/// What partitions the stream for a stateful rule.
#[derive(Clone, Debug)]
pub enum Partition {
    /// `by KEYS`
    By(Vec<Expr>),
    /// `global`
    Global(Span),
    /// Nothing was written: an error of the analysis, at this place.
    Missing(Span),
}

/// A line of a sequence.
#[derive(Clone, Debug)]
pub enum SequenceItem {
    /// A step, an absence included.
    Step(Step),
    /// `( … ){2,} until EXPR`
    Group {
        /// What is repeated.
        items: Vec<SequenceItem>,
        /// How often; nothing is once.
        quantifier: Option<Quantifier>,
        /// What ends it.
        until: Option<Expr>,
        /// The whole group.
        span: Span,
    },
    /// `either { … } or { … }`
    Either {
        /// The branches.
        branches: Vec<Vec<SequenceItem>>,
        /// The whole block.
        span: Span,
    },
    /// `all { … }`
    All {
        /// The members.
        members: Vec<SequenceItem>,
        /// The whole block.
        span: Span,
    },
    /// `2 of { … }`
    Of {
        /// How many.
        take: u64,
        /// Where the number stands.
        take_span: Span,
        /// The members.
        members: Vec<SequenceItem>,
        /// The whole block.
        span: Span,
    },
    /// `until x: TYPE where …`
    Until {
        /// The step that cancels; it has no mode and no quantifier.
        step: Box<Step>,
        /// The whole line.
        span: Span,
    },
}

/// `[mode] name[quantifier] [by KEYS] [after D] [within D]: TYPE [where EXPR] [until EXPR]`
#[derive(Clone, Debug)]
pub struct Step {
    /// The mode and where it is written.
    pub mode: Option<(Mode, Span)>,
    /// The name. `not shipped: …` has one too.
    pub name: Ident,
    /// How often.
    pub quantifier: Option<Quantifier>,
    /// Its own key.
    pub by: Option<Vec<Expr>>,
    /// The least gap.
    pub after: Option<DurationLit>,
    /// The largest gap.
    pub within: Option<DurationLit>,
    /// The event types; empty is `*`.
    pub types: Vec<TypeName>,
    /// `where`
    pub filter: Option<Expr>,
    /// `until`
    pub until: Option<Expr>,
    /// The whole step.
    pub span: Span,
}

/// How a step follows the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `next`
    Next,
    /// `any`
    Any,
    /// `not`
    Not,
}

/// `?`, `*`, `+`, `{n}`, `{n,}`, `{n,m}`, each possibly reluctant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantifier {
    /// At least.
    pub min: u64,
    /// At most; `None` is without end.
    pub max: Option<u64>,
    /// Whether a further `?` stands behind it.
    pub reluctant: bool,
    /// Where it stands.
    pub span: Span,
}

/// `window [by KEYS | global] SHAPE { … }`
#[derive(Clone, Debug)]
pub struct Window {
    /// What partitions the stream.
    pub partition: Partition,
    /// Its shape.
    pub shape: WindowShape,
    /// Its steps.
    pub steps: Vec<Step>,
    /// The whole body.
    pub span: Span,
}

/// The shape of a window.
#[derive(Clone, Debug)]
pub enum WindowShape {
    /// `over D`
    Sliding(DurationLit),
    /// `over N events`
    Count(u64, Span),
    /// `every D [offset D] [tz "…"]`
    Tumbling {
        /// Its length.
        every: DurationLit,
        /// Its offset from the epoch.
        offset: Option<DurationLit>,
        /// The time zone.
        zone: Option<StringLit>,
    },
    /// `over D every S`
    Hopping {
        /// Its length.
        over: DurationLit,
        /// How far apart.
        every: DurationLit,
    },
    /// `session G`
    Session(DurationLit),
}
