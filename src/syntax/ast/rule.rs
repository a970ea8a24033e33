//! Rules and their clauses.

use super::{DurationLit, Expr, Ident, Literal, Sequence, Step, TypeName, Window};
use crate::span::Span;

/// `rule NAME { … }`
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: Ident,
    /// Its clauses in the order of the text.
    pub clauses: Vec<Clause>,
    /// Whether a part of it could not be read. What is missing may be there, so that it is not worth an error.
    pub broken: bool,
    /// The whole rule.
    pub span: Span,
}

/// A clause of a rule.
#[derive(Clone, Debug)]
pub struct Clause {
    /// What it says.
    pub kind: ClauseKind,
    /// The whole clause.
    pub span: Span,
}

/// What a clause says.
#[derive(Clone, Debug)]
pub enum ClauseKind {
    /// `title "…"`, `severity high`, `enabled false`: a word and a simple value. The word may be unknown.
    Meta {
        /// The word.
        key: Ident,
        /// The value.
        value: MetaValue,
    },
    /// `event x: TYPE where …`
    Event(Step),
    /// `sequence … { … }`
    Sequence(Sequence),
    /// `window … { … }`
    Window(Window),
    /// `when COND`, `whenever COND`
    When {
        /// Whether it says `whenever`.
        ever: bool,
        /// The condition.
        condition: Expr,
    },
    /// `matches …`
    Matches(Policy),
    /// `emit …`, `emit final …`
    Emit(Emit),
    /// `on timeout [after STEP] emit …`
    OnTimeout {
        /// The step it must have reached.
        after: Option<Ident>,
        /// What it adds.
        emit: Emit,
    },
    /// `suppress D|forever [by KEYS]`
    Suppress {
        /// How long; `None` is `forever`.
        length: Option<DurationLit>,
        /// By which fields.
        by: Vec<Expr>,
    },
    /// `hold N starts [refuse new|drop oldest]`
    Hold {
        /// How many starts of a key.
        most: (u64, Span),
        /// What becomes of one more, if that is said.
        full: Option<Full>,
    },
    /// `forget after D`
    Forget(DurationLit),
}

/// What becomes of a start when as many are open as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// `refuse new`
    RefuseNew,
    /// `drop oldest`
    DropOldest,
}

/// The value of a metadata clause.
#[derive(Clone, Debug)]
pub enum MetaValue {
    /// A bare word, dots and hyphens allowed: `high`, `attack.t1110`.
    Word(Ident),
    /// A literal.
    Literal(Literal, Span),
    /// A list of words and literals.
    List(Vec<MetaValue>, Span),
}

impl MetaValue {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            MetaValue::Word(word) => word.span,
            MetaValue::Literal(_, span) | MetaValue::List(_, span) => *span,
        }
    }
}

/// `matches …`
#[derive(Clone, Debug)]
pub enum Policy {
    /// `disjoint`
    Disjoint,
    /// `separate`
    Separate,
    /// `every`
    Every,
    /// `latest`
    Latest,
    /// `to first STEP`
    ToFirst(Ident),
    /// `to last STEP`
    ToLast(Ident),
    /// `all limit N`
    All {
        /// The limit; to leave it out is an error of the analysis.
        limit: Option<(u64, Span)>,
    },
}

/// `[final] [TYPE] name = expr, …`
#[derive(Clone, Debug)]
pub struct Emit {
    /// Whether `final` stands there, and where.
    pub is_final: Option<Span>,
    /// The event type.
    pub event_type: Option<TypeName>,
    /// The fields.
    pub fields: Vec<EmitField>,
}

/// `name = expr`
#[derive(Clone, Debug)]
pub struct EmitField {
    /// The field's name.
    pub name: Ident,
    /// What it holds.
    pub value: Expr,
}
