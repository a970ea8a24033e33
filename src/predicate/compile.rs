//! From the plan's expressions to nodes: fields get numbers, patterns are compiled, constants are worked out.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::event::{Batch, Event, Fields, Record, Row, Value, ValueRef};
use crate::id::FieldId;
use crate::limits::Limits;
use crate::plan::{self, Aggregate, Compare, Expr, Set};
use crate::time::Timestamp;

use super::members::Members;
use super::meter::Gauge;
use super::node::{Node, Test};
use super::place::{Current, Here, Unbound};
use super::read::Read;
use super::text::{Matcher, TextError};

/// A compiled expression.
///
/// ```
/// use std::cell::Cell;
/// use std::sync::Arc;
/// use compact_str::CompactString;
/// use tripline::plan::{Compare, Expr, Field};
/// use tripline::predicate::{Current, Expression, Here, Unbound};
/// use tripline::{Batch, Event, FieldType, Fields, Limits, Record, Timestamp, Value};
///
/// let amount = Field { path: Arc::from([CompactString::from("amount")]), field_type: FieldType::Any };
/// let large = Expr::Compare(
///     Compare::Gt,
///     Box::new(Expr::Field(amount)),
///     Box::new(Expr::Const(Value::Int(500))),
/// );
/// let mut fields = Fields::default();
/// let large = Expression::compile(&large, &mut fields, &Limits::default()).unwrap();
/// assert!(large.is_unary());
///
/// let record = Record::from_iter([("amount".into(), Value::Int(501))]);
/// let event = Arc::new(Event::new(Timestamp::from_nanos(0), Some("charge"), record));
/// let batch = Batch::of(&Arc::new(fields), [event]);
/// let faults = Cell::new(0);
/// let here = Here { current: Current::Row(batch.row(0).unwrap()), bound: &Unbound, faults: &faults };
/// assert!(large.is_true(&here));
/// ```
#[derive(Clone, Debug)]
pub struct Expression {
    root: Node,
    unary: bool,
    current: Box<[FieldId]>,
    bound: Box<[FieldId]>,
}

impl Expression {
    /// Compiles an expression and numbers the fields it reads. An error if a text pattern does not compile within the
    /// limits, or if there are more fields than numbers.
    pub fn compile(expr: &Expr, fields: &mut Fields, limits: &Limits) -> Result<Expression, TextError> {
        Expression::with_gauges(expr, fields, limits, None)
    }

    /// The same for a place where what is bound comes and goes. `gauges` are those of all such expressions of a rule; what
    /// this one asks of them is added.
    pub fn gauged(
        expr: &Expr,
        fields: &mut Fields,
        limits: &Limits,
        gauges: &mut Vec<Gauge>,
    ) -> Result<Expression, TextError> {
        Expression::with_gauges(expr, fields, limits, Some(gauges))
    }

    fn with_gauges(
        expr: &Expr,
        fields: &mut Fields,
        limits: &Limits,
        gauges: Option<&mut Vec<Gauge>>,
    ) -> Result<Expression, TextError> {
        let mut compiler = Compiler {
            fields,
            limits,
            gauges,
            place: Place::Current,
            current: BTreeSet::new(),
            bound: BTreeSet::new(),
        };
        let root = compiler.node(expr)?;
        Ok(Expression {
            root,
            unary: is_unary(expr),
            current: compiler.current.into_iter().collect(),
            bound: compiler.bound.into_iter().collect(),
        })
    }

    /// Whether it looks at the current event only.
    pub fn is_unary(&self) -> bool {
        self.unary
    }

    /// The fields it asks of bound events and of the previous event (`lag`), in ascending order: these must be kept
    /// in [`Held`](crate::event::Held).
    pub fn fields_of_bound(&self) -> &[FieldId] {
        &self.bound
    }

    /// The fields it asks of the current event, in ascending order. They must be kept too where the current event is
    /// a bound one, as in `emit`.
    pub fn fields_of_current(&self) -> &[FieldId] {
        &self.current
    }

    /// Whether it is nothing but a field that is null in the row, which is faster told than what it is worth.
    #[inline]
    pub fn is_missing(&self, row: Row<'_>) -> bool {
        matches!(self.root, Node::Field(read) if !row.has(read.field))
    }

    /// The field, if it is nothing but one that is taken as it comes.
    pub fn as_field(&self) -> Option<FieldId> {
        match &self.root {
            Node::Field(read) if read.is_plain() => Some(read.field),
            _ => None,
        }
    }

    /// What it is worth; null if that is unknown.
    pub fn value(&self, here: &Here<'_>) -> Value {
        self.root.worth(here).into_value()
    }

    /// Appends the binary form of what it is worth, nothing if that is null. Whether there was something.
    pub fn encode(&self, here: &Here<'_>, out: &mut Vec<u8>) -> bool {
        let mut append = |value: ValueRef<'_>| {
            let is_known = !value.is_null();
            if is_known {
                value.encode(out);
            }
            is_known
        };
        match self.root.lent(here) {
            Some(value) => append(value),
            None => append(self.root.worth(here).get()),
        }
    }

    /// Whether it is true: neither false, nor unknown, nor another value.
    pub fn is_true(&self, here: &Here<'_>) -> bool {
        here.known(self.root.truth(here)) == Some(true)
    }

    /// Takes a condition apart at its outermost `and`s: what looks at the current event only, and the rest. Both are
    /// true exactly if the whole is; how many faults are counted may differ, for less or more of it is judged.
    pub fn split(condition: &Expr) -> (Option<Expr>, Option<Expr>) {
        let (unary, rest): (Vec<&Expr>, Vec<&Expr>) =
            parts(condition, sides_of_and).into_iter().partition(|term| is_unary(term));
        (all_of(&unary), all_of(&rest))
    }
}

/// What an operator joins, from left to right; `sides` are those of an expression that is made with it.
fn parts<'e>(expr: &'e Expr, sides: impl Fn(&'e Expr) -> Option<[&'e Expr; 2]>) -> Vec<&'e Expr> {
    let (mut parts, mut open) = (Vec::new(), vec![expr]);
    while let Some(next) = open.pop() {
        match sides(next) {
            Some([left, right]) => open.extend([right, left]),
            None => parts.push(next),
        }
    }
    parts
}

fn sides_of_and(expr: &Expr) -> Option<[&Expr; 2]> {
    if let Expr::And(left, right) = expr { Some([left, right]) } else { None }
}

fn sides_of_or(expr: &Expr) -> Option<[&Expr; 2]> {
    if let Expr::Or(left, right) = expr { Some([left, right]) } else { None }
}

/// The terms joined by `and`, halved again and again so that thousands of them do not nest as deep.
fn all_of(terms: &[&Expr]) -> Option<Expr> {
    match terms {
        [] => None,
        [term] => Some((*term).clone()),
        _ => {
            let (left, right) = terms.split_at(terms.len() / 2);
            Some(Expr::And(Box::new(all_of(left)?), Box::new(all_of(right)?)))
        }
    }
}

/// Whether an expression looks at nothing but the current event.
fn is_unary(expr: &Expr) -> bool {
    let mut unary = true;
    expr.visit(&mut |part| unary &= !looks_back(part));
    unary
}

fn looks_back(part: &Expr) -> bool {
    matches!(
        part,
        Expr::Bound { .. }
            | Expr::TimeOf { .. }
            | Expr::Aggregate { .. }
            | Expr::Trend { .. }
            | Expr::Lag { .. }
    )
}

/// Whether an expression is made of constants and is more than one.
fn can_be_worked_out(expr: &Expr) -> bool {
    let mut constant = !matches!(expr, Expr::Const(_));
    expr.visit(&mut |part| constant &= !matches!(part, Expr::Field(_) | Expr::Now) && !looks_back(part));
    constant
}

/// Whose fields an expression reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Current,
    Bound,
    Both,
}

struct Compiler<'a> {
    fields: &'a mut Fields,
    limits: &'a Limits,
    gauges: Option<&'a mut Vec<Gauge>>,
    place: Place,
    current: BTreeSet<FieldId>,
    bound: BTreeSet<FieldId>,
}

impl Compiler<'_> {
    /// What is constant is worked out now, unless that is a fault, which counts each time it is judged.
    fn node(&mut self, expr: &Expr) -> Result<Node, TextError> {
        let node = self.plain_node(expr)?;
        Ok(if can_be_worked_out(expr) { worked_out(node) } else { node })
    }

    fn plain_node(&mut self, expr: &Expr) -> Result<Node, TextError> {
        Ok(match expr {
            Expr::Const(value) => Node::Const(value.clone()),
            Expr::Field(field) => Node::Field(self.read(field, self.place)?),
            Expr::Bound { slot, pick, field } => {
                Node::Bound { slot: *slot, pick: *pick, read: self.read(field, Place::Bound)? }
            }
            Expr::Lag { step, field } => Node::Lag { step: *step, read: self.read(field, Place::Bound)? },
            Expr::Now => Node::Now,
            Expr::TimeOf { slot, pick } => Node::TimeOf { slot: *slot, pick: *pick },
            Expr::Aggregate { slot, arg: None, .. } => Node::Count(*slot),
            Expr::Aggregate { function, slot, arg: Some(written) } => {
                let (function, arg) = (*function, Box::new(self.node_at(Place::Bound, written)?));
                let gauges = self.gauges.as_deref_mut();
                let gauge = gauges.and_then(|all| Gauge::number(function, slot.slot, written, &arg, all));
                Node::Aggregate { function, slot: *slot, arg, most: self.limits.computed_bytes, gauge }
            }
            Expr::Neg(value) => Node::Neg(Box::new(self.node(value)?)),
            Expr::Binary(op, a, b) => Node::Binary(*op, Box::new([self.node(a)?, self.node(b)?])),
            Expr::Coalesce(a, b) => Node::Coalesce(Box::new([self.node(a)?, self.node(b)?])),
            Expr::If(a, b, c) => Node::If(Box::new([self.node(a)?, self.node(b)?, self.node(c)?])),
            Expr::List(items) => Node::List(self.nodes(items)?, self.limits.computed_bytes),
            Expr::Call(function, args) => {
                Node::Call(*function, self.nodes(args)?, self.limits.computed_bytes)
            }
            Expr::Own(function, args) => {
                Node::Own(Arc::clone(function), self.nodes(args)?, self.limits.computed_bytes)
            }
            Expr::Lookup { table, key, column } => {
                let key = Box::new(self.node(key)?);
                Node::Lookup { table: Arc::clone(table), key, column: *column }
            }
            Expr::Trend { slot, falling, value } => {
                let place = if self.place == Place::Bound { Place::Bound } else { Place::Both };
                Test::Trend { slot: *slot, falling: *falling, value: self.node_at(place, value)? }.into()
            }
            Expr::Has(of) => Test::Has(self.node(of)?).into(),
            Expr::Not(of) => Test::Not(self.node(of)?).into(),
            Expr::And(..) => Test::All(self.nodes(parts(expr, sides_of_and))?).into(),
            Expr::Or(..) => Test::Any(self.nodes(parts(expr, sides_of_or))?).into(),
            Expr::Compare(op, a, b) => match (self.node(a)?, self.node(b)?) {
                (Node::Field(read), Node::Const(value)) => Test::Against(*op, read, value).into(),
                (
                    Node::Aggregate { function: Aggregate::Distinct, slot, arg, gauge: None, .. },
                    Node::Const(Value::Int(least)),
                ) if *op == Compare::Ge => {
                    Test::Several { slot, arg, least: u64::try_from(least).unwrap_or(0) }.into()
                }
                (a, b) => Test::Compare(*op, a, b).into(),
            },
            Expr::In(value, set) => self.membership(value, set)?.into(),
            Expr::Text(of, pattern) => Test::Text(self.node(of)?, Matcher::new(pattern, self.limits)?).into(),
        })
    }

    fn membership(&mut self, value: &Expr, set: &Set) -> Result<Test, TextError> {
        let value = self.node(value)?;
        Ok(match set {
            Set::Items(items) => {
                let items = self.nodes(items)?;
                match items.iter().map(constant).collect() {
                    Some(members) => Test::Member(value, Members::new(members)),
                    None => Test::Items(value, items),
                }
            }
            Set::Value(list) => match self.node(list)? {
                Node::Const(Value::List(members)) => Test::Member(value, Members::new(members.to_vec())),
                list => Test::Listed(value, list),
            },
            Set::File(list) => Test::InFile(value, Arc::clone(list)),
            Set::Range { low, high, inclusive } => {
                Test::Range { value, low: self.node(low)?, high: self.node(high)?, inclusive: *inclusive }
            }
        })
    }

    fn nodes<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Result<Box<[Node]>, TextError> {
        exprs.into_iter().map(|expr| self.node(expr)).collect()
    }

    fn node_at(&mut self, place: Place, expr: &Expr) -> Result<Node, TextError> {
        let before = std::mem::replace(&mut self.place, place);
        let node = self.node(expr);
        self.place = before;
        node
    }

    fn read(&mut self, field: &plan::Field, place: Place) -> Result<Read, TextError> {
        let id = self.fields.number(&field.path).ok_or_else(TextError::too_many_fields)?;
        if place != Place::Bound {
            self.current.insert(id);
        }
        if place != Place::Current {
            self.bound.insert(id);
        }
        Ok(Read::new(id, &field.field_type))
    }
}

fn constant(node: &Node) -> Option<Value> {
    match node {
        Node::Const(value) => Some(value.clone()),
        _ => None,
    }
}

/// The value of a node that reads nothing; the node itself if that is a fault.
fn worked_out(node: Node) -> Node {
    let nothing = Arc::new(Event::new(Timestamp::from_nanos(0), None, Record::default()));
    let batch = Batch::of(&Arc::default(), [nothing]);
    let faults = Cell::new(0);
    let value = batch.row(0).map(|row| {
        let here = Here { current: Current::Row(row), bound: &Unbound, faults: &faults };
        node.worth(&here).into_value()
    });
    match value {
        Some(value) if faults.get() == 0 => Node::Const(value),
        _ => node,
    }
}
