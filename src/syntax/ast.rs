//! The syntax tree: everything a rule file says, comments included, so that it can be printed back.

use compact_str::CompactString;

use crate::span::Span;
use crate::time::{Duration, Timestamp};

/// One rule file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Declarations in the order of the text.
    pub items: Vec<Item>,
    /// Comments in the order of the text.
    pub comments: Vec<Comment>,
}

/// A comment: from `#` to the end of its line.
#[derive(Clone, Debug)]
pub struct Comment {
    /// The text with its `#`, without the line end and the white space before it.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A name, without the back-ticks it may have had.
#[derive(Clone, Debug)]
pub struct Ident {
    /// The name.
    pub name: CompactString,
    /// Where it stands.
    pub span: Span,
}

/// A declaration.
#[derive(Clone, Debug)]
pub enum Item {
    /// `rule NAME { … }`
    Rule(Rule),
    /// `event TYPE { … }`
    Event(EventDecl),
    /// `list NAME = […]`, `list NAME from "file"`
    List(ListDecl),
    /// `table NAME from "file" key COLUMN`
    Table(TableDecl),
    /// `param NAME = LITERAL`
    Param(ParamDecl),
}

/// `event TYPE { field: type, field?: type }`
#[derive(Clone, Debug)]
pub struct EventDecl {
    /// The event type, written as a name or a string.
    pub name: TypeName,
    /// Its fields.
    pub fields: Vec<FieldDecl>,
    /// The whole declaration.
    pub span: Span,
}

/// One field of a schema.
#[derive(Clone, Debug)]
pub struct FieldDecl {
    /// The path of the field.
    pub path: Path,
    /// Whether `?` stands behind it.
    pub optional: bool,
    /// The type's name; brackets are in `list`.
    pub field_type: Ident,
    /// How many `[` stand round the type.
    pub list_depth: u32,
    /// The whole field.
    pub span: Span,
}

/// `list NAME = […]` or `list NAME from "file"`.
#[derive(Clone, Debug)]
pub struct ListDecl {
    /// Its name.
    pub name: Ident,
    /// Where its items come from.
    pub source: ListSource,
    /// The whole declaration.
    pub span: Span,
}

/// Where the items of a list come from.
#[derive(Clone, Debug)]
pub enum ListSource {
    /// Literals.
    Items(Vec<Expr>),
    /// A file.
    File(StringLit),
}

/// `table NAME from "file" key COLUMN`
#[derive(Clone, Debug)]
pub struct TableDecl {
    /// Its name.
    pub name: Ident,
    /// The file.
    pub file: StringLit,
    /// The key column.
    pub key: Ident,
    /// The whole declaration.
    pub span: Span,
}

/// `param NAME = LITERAL`
#[derive(Clone, Debug)]
pub struct ParamDecl {
    /// Its name.
    pub name: Ident,
    /// The literal, which may have a sign.
    pub value: Expr,
    /// The whole declaration.
    pub span: Span,
}

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

/// An event type: a name or a quoted string.
#[derive(Clone, Debug)]
pub struct TypeName {
    /// The type.
    pub name: CompactString,
    /// Whether it is written in quotes.
    pub quoted: bool,
    /// Where it stands.
    pub span: Span,
}

/// A path of names, `device.os.name`.
#[derive(Clone, Debug)]
pub struct Path {
    /// At least one.
    pub segments: Vec<Ident>,
}

/// A duration as written.
#[derive(Clone, Copy, Debug)]
pub struct DurationLit {
    /// Its value; it is printed back from the text, which `span` names.
    pub value: Duration,
    /// Where it stands.
    pub span: Span,
}

/// A string as written.
#[derive(Clone, Debug)]
pub struct StringLit {
    /// Its value.
    pub value: String,
    /// Whether it was written raw, `r"…"`.
    pub raw: bool,
    /// Where it stands.
    pub span: Span,
}

/// A literal.
#[derive(Clone, Debug)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number up to `u64::MAX`, with its text.
    Int(u64, CompactString),
    /// Another number, with its text.
    Float(f64, CompactString),
    /// Text.
    Str(StringLit),
    /// `90s`, with its text.
    Duration(Duration, CompactString),
    /// `t"2026-01-05T10:00:00Z"`, with the text between the quotes.
    Time(Timestamp, CompactString),
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The whole of it.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A literal.
    Literal(Literal),
    /// A field, a step's field, a parameter or a list: which one the analysis finds out. May begin with `this`.
    Path(Path),
    /// `f(a, b)`
    Call {
        /// The function.
        function: Ident,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// `first(fail).ip`: a path into the result of a call.
    Member {
        /// The call.
        base: Box<Expr>,
        /// The path into it.
        path: Path,
    },
    /// `-x`, `not x`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// What it stands before.
        operand: Box<Expr>,
    },
    /// `a + b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left of it.
        left: Box<Expr>,
        /// Right of it.
        right: Box<Expr>,
    },
    /// `x in set`, `x not in set`; the set is a list, a range, a path or any other expression.
    In {
        /// What is looked for.
        value: Box<Expr>,
        /// Where.
        set: Box<Expr>,
        /// Whether `not` stands there.
        negated: bool,
    },
    /// `lo..hi`, `lo..=hi`: only right of `in`.
    Range {
        /// The lower bound.
        low: Box<Expr>,
        /// The upper bound.
        high: Box<Expr>,
        /// Whether the upper bound belongs to it.
        inclusive: bool,
    },
    /// `[a, b]`
    List(Vec<Expr>),
    /// `if c then a else b`
    If {
        /// The condition.
        condition: Box<Expr>,
        /// If it is true.
        then: Box<Expr>,
        /// Otherwise.
        otherwise: Box<Expr>,
    },
    /// `(x)`: kept because it was written.
    Paren(Box<Expr>),
}

/// A prefix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `not`
    Not,
    /// `-`
    Neg,
}

/// An infix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `like`
    Like,
    /// `ilike`
    Ilike,
    /// `matches`
    Matches,
    /// `??`
    Coalesce,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `div`
    IntDiv,
}
