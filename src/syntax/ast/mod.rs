//! The syntax tree: everything a rule file says, comments included, so that it can be printed back.
//!
//! Here are declarations and names; the clauses of a rule are in `rule`, steps and blocks in `pattern`, what is computed
//! in `expr`.

mod expr;
mod pattern;
mod rule;

pub use expr::{BinaryOp, DurationLit, Expr, ExprKind, Literal, StringLit, UnaryOp};
pub use pattern::{Mode, Partition, Quantifier, Sequence, SequenceItem, Step, Window, WindowShape};
pub use rule::{Clause, ClauseKind, Emit, EmitField, Full, MetaValue, Policy, Rule};

use compact_str::CompactString;

use crate::span::Span;

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
