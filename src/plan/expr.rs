//! Expressions, with every name resolved.

use std::sync::Arc;

use compact_str::CompactString;

use crate::data::{List, Table};
use crate::event::{FieldType, Value};
use crate::function::{Function, Own};
use crate::id::{GroupId, SlotId, StepId};

/// An expression. Null stands for unknown: every form says below what it makes of it; where nothing is said, a null
/// operand makes the result null.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A constant; a parameter is one by now.
    Const(Value),
    /// A field of the current event: the one being judged; in an aggregate the one being counted; in `emit` the last
    /// one bound.
    Field(Field),
    /// A field of a bound event; null if nothing is bound there.
    Bound {
        /// The bound events.
        slot: SlotRef,
        /// Which of them.
        pick: Pick,
        /// Its field.
        field: Field,
    },
    /// `time()`: the time of the current event.
    Now,
    /// `time(x)`: the time of a bound event.
    TimeOf {
        /// The bound events.
        slot: SlotRef,
        /// Which of them.
        pick: Pick,
    },
    /// `count(x)`, `sum(x.f)` …: over nothing `count` and `distinct` are 0, the others null. Nulls are not counted
    /// in, except by `count` without an argument.
    Aggregate {
        /// What is made of the values.
        function: Aggregate,
        /// The bound events.
        slot: SlotRef,
        /// The value of each event, which is the current event in it; `None` for `count(x)`.
        arg: Option<Box<Expr>>,
    },
    /// `rising(f)`, `falling(f)`: the value at the current event against that at the last event bound to the slot;
    /// true if there is none.
    Trend {
        /// The step's own slot.
        slot: SlotRef,
        /// Whether it falls.
        falling: bool,
        /// The value.
        value: Box<Expr>,
    },
    /// `lag(f)`: the value at the previous event of the partition that has one of the step's types and the step's
    /// key, bound or not.
    Lag {
        /// The step whose types count.
        step: StepId,
        /// The field.
        field: Field,
    },
    /// `has(f)`: whether it is not null.
    Has(Box<Expr>),
    /// Three-valued.
    Not(Box<Expr>),
    /// `-x`
    Neg(Box<Expr>),
    /// Three-valued: false if one is false, else null if one is null.
    And(Box<Expr>, Box<Expr>),
    /// Three-valued: true if one is true, else null if one is null.
    Or(Box<Expr>, Box<Expr>),
    /// A comparison.
    Compare(Compare, Box<Expr>, Box<Expr>),
    /// Arithmetic.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `x in set`; as in SQL null if `x` is null or if nothing is equal and a null is in the set.
    In(Box<Expr>, Box<Set>),
    /// `like`, `ilike`, `matches`
    Text(Box<Expr>, TextPattern),
    /// `a ?? b`: the first that is not null.
    Coalesce(Box<Expr>, Box<Expr>),
    /// `if c then a else b`: a null condition counts as false.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A list.
    List(Vec<Expr>),
    /// A built-in function.
    Call(Function, Vec<Expr>),
    /// A function of an embedder.
    Own(Arc<Own>, Vec<Expr>),
    /// `lookup(table, key).column`: the cell of the first row whose key is equal, null if there is none.
    Lookup {
        /// The table.
        table: Arc<Table>,
        /// What is looked for.
        key: Box<Expr>,
        /// The column that is asked for.
        column: usize,
    },
}

impl Expr {
    /// Shows this expression and every one inside it, from the outside in.
    pub fn visit(&self, visit: &mut impl FnMut(&Expr)) {
        visit(self);
        match self {
            Expr::Const(_)
            | Expr::Field(_)
            | Expr::Bound { .. }
            | Expr::Now
            | Expr::TimeOf { .. }
            | Expr::Lag { .. }
            | Expr::Aggregate { arg: None, .. } => {}
            Expr::Aggregate { arg: Some(inner), .. }
            | Expr::Trend { value: inner, .. }
            | Expr::Has(inner)
            | Expr::Not(inner)
            | Expr::Neg(inner)
            | Expr::Lookup { key: inner, .. }
            | Expr::Text(inner, _) => inner.visit(visit),
            Expr::And(left, right)
            | Expr::Or(left, right)
            | Expr::Compare(_, left, right)
            | Expr::Binary(_, left, right)
            | Expr::Coalesce(left, right) => [left, right].into_iter().for_each(|e| e.visit(visit)),
            Expr::In(value, set) => {
                value.visit(visit);
                match &**set {
                    Set::Items(items) => items.iter().for_each(|e| e.visit(visit)),
                    Set::Range { low, high, .. } => [low, high].into_iter().for_each(|e| e.visit(visit)),
                    Set::Value(list) => list.visit(visit),
                    Set::File(_) => {}
                }
            }
            Expr::If(a, b, c) => [a, b, c].into_iter().for_each(|e| e.visit(visit)),
            Expr::List(items) | Expr::Call(_, items) | Expr::Own(_, items) => {
                items.iter().for_each(|e| e.visit(visit))
            }
        }
    }
}

/// A field by its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The names from the outside in.
    pub path: Arc<[CompactString]>,
    /// The type the schema declares, to which what JSON cannot say (`time`, `duration`, `ip`) is converted: text, or
    /// for times epoch numbers. `Any` leaves the value as it is; a value that cannot be converted is a wrong type.
    pub field_type: FieldType,
}

/// The events bound to a name, as seen from one place of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRef {
    /// The name.
    pub slot: SlotId,
    /// The innermost group that holds both the name and the place: only the events of its running iteration are
    /// seen. `None` sees all of them.
    pub scope: Option<GroupId>,
}

/// Which of the events bound to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The first.
    First,
    /// The last.
    Last,
    /// The one this many before the last: 0 is the last.
    Back(u32),
    /// The n-th, from 1.
    Nth(u32),
}

/// What is made of the values of bound events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// How many (that are not null).
    Count,
    /// Their sum: whole if all are; exact before it is rounded once.
    Sum,
    /// Their mean, from the exact sum.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// How many different ones.
    Distinct,
    /// All of them, in order, as a list.
    List,
    /// The standard deviation of a sample, exact before it is rounded once; null of fewer than two.
    Stddev,
    /// The least of them that is not less than this share of all.
    Percentile(Share),
}

/// A share, from 0 to 1, as it is written: 0.95 is 95 of 100 exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// So many parts of 10^18.
    parts: u64,
}

impl Share {
    const WHOLE: u64 = 1_000_000_000_000_000_000;

    /// The share of this size; `None` if it is not from 0 to 1, or written with more than 18 decimal places.
    pub fn new(share: f64) -> Option<Share> {
        let digits = format!("{share}");
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let whole: u64 = whole.parse().ok()?;
        let fraction: u64 = (fraction.len() <= 18).then(|| format!("{fraction:0<18}").parse().ok())??;
        let parts = whole.checked_mul(Share::WHOLE)?.checked_add(fraction)?;
        (parts <= Share::WHOLE).then_some(Share { parts })
    }

    /// The place, from 0, of the first of so many ordered values up to which there are at least this share of them.
    pub fn of(self, count: usize) -> usize {
        let rank = (u128::from(self.parts) * count as u128).div_ceil(u128::from(Share::WHOLE));
        usize::try_from(rank).unwrap_or(usize::MAX).saturating_sub(1)
    }
}

/// `x in …`
#[derive(Clone, Debug, PartialEq)]
pub enum Set {
    /// These.
    Items(Vec<Expr>),
    /// From `low` to `high`, which belongs to it if `inclusive`.
    Range {
        /// The lower bound.
        low: Expr,
        /// The upper bound.
        high: Expr,
        /// Whether the upper bound belongs to it.
        inclusive: bool,
    },
    /// The items of a list.
    Value(Expr),
    /// The items of a list from a file. Here a text and another value are equal if the text says that value, and
    /// values of other types are not equal; a list or a record is a wrong type.
    File(Arc<List>),
}

/// A comparison. Text against a time, duration or address is read as one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
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
}

/// Arithmetic. Times: `time - time` is a duration, `time ± duration` a time; durations add, subtract, and are
/// multiplied and divided by numbers; `duration / duration` is a number. `+` on two texts is an error of the analysis
/// (`concat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`, always a float
    Div,
    /// `div`, cut towards zero
    IntDiv,
    /// `%`, with the sign of the left side
    Rem,
}

/// A pattern over text, checked when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextPattern {
    /// How it is read.
    pub op: TextOp,
    /// As written.
    pub pattern: CompactString,
}

/// How a text pattern is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextOp {
    /// A glob over the whole text: `*` any text, `?` one character, `\` takes the next character as it is.
    Like,
    /// The same, letter case counting nothing.
    Ilike,
    /// A regular expression, found anywhere in the text unless anchored.
    Regex,
}
