//! Random expressions and events, made of a tape of numbers: a tape that shrinks makes simpler ones, and where it ends
//! only the simplest are left.

use std::net::IpAddr;
use std::sync::Arc;

use crate::corpus::files::functions;
use tripline::data::{List, Rows, Table};
use tripline::function::{Function, Kind};
use tripline::plan::{
    Aggregate, Binary, Compare, Expr, Field, Pick, Set, Share, SlotRef, TextOp, TextPattern,
};
use tripline::{Duration, Event, FieldType, Record, SlotId, StepId, Timestamp, Value};

pub struct Tape<'t>(std::slice::Iter<'t, u16>);

impl<'t> Tape<'t> {
    pub fn new(numbers: &'t [u16]) -> Self {
        Tape(numbers.iter())
    }

    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.0.next().map_or(0, |number| usize::from(*number) % n)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }
}

/// What an expression is meant to give. Now and then it gives something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    Number,
    Bool,
    Text,
    Time,
    Length,
    Address,
    List,
}

const WANTS: [Want; 7] =
    [Want::Number, Want::Bool, Want::Text, Want::Time, Want::Length, Want::Address, Want::List];
/// How deep expressions nest.
const DEPTH: usize = 3;

pub fn expr(tape: &mut Tape) -> Expr {
    let want = tape.one_of(&WANTS);
    some(tape, want, DEPTH)
}

/// An expression that gives what is wanted, most of the time.
fn some(tape: &mut Tape, want: Want, depth: usize) -> Expr {
    let want = if tape.one_in(24) { tape.one_of(&WANTS) } else { want };
    let whatever = tape.below(8);
    match (depth, whatever) {
        (0, 0..4) | (_, 0) => Expr::Const(value(tape, want)),
        (0, _) | (_, 1) => Expr::Field(field(tape, want)),
        (_, 2) => any(tape, want, depth - 1),
        (_, 3) => call(tape, want, depth - 1),
        _ => special(tape, want, depth - 1),
    }
}

fn boxed(tape: &mut Tape, want: Want, depth: usize) -> Box<Expr> {
    Box::new(some(tape, want, depth))
}

/// A call of an embedder's function.
fn own(tape: &mut Tape, depth: usize) -> Expr {
    let (name, wants): (&str, &[Want]) = tape.one_of(&[
        ("own_half", &[Want::Number][..]),
        ("own_join", &[Want::Text, Want::Text, Want::Number]),
        ("own_wrong", &[Want::Number]),
    ]);
    let function = functions().get(name).unwrap().clone();
    Expr::Own(function, wants.iter().map(|want| some(tape, *want, depth)).collect())
}

/// A value of a file: of the kind that is wanted, or text that says something.
fn scalar(tape: &mut Tape, want: Want) -> Value {
    match tape.below(4) {
        0 if want != Want::List => value(tape, want),
        1 => Value::str(tape.one_of(TIMES)),
        2 => Value::str(tape.one_of(ADDRESSES)),
        _ => Value::str(tape.one_of(TEXTS)),
    }
}

fn lookup(tape: &mut Tape, want: Want, depth: usize) -> Expr {
    let of = tape.one_of(&WANTS);
    let mut cells: Vec<Value> = Vec::new();
    for _ in 0..tape.below(10) {
        let key = scalar(tape, of);
        let is_known = cells.chunks(2).any(|row| row[0] == key);
        if !is_known && !key.is_null() && !matches!(key, Value::List(_)) {
            cells.extend([key, value(tape, want)]);
        }
    }
    let rows = Rows { columns: vec!["key".into(), "value".into()], cells };
    let table = Arc::new(Table::new("table".into(), rows, "key").unwrap());
    Expr::Lookup { table, key: boxed(tape, of, depth), column: 1 }
}

/// The forms that give anything.
fn any(tape: &mut Tape, want: Want, depth: usize) -> Expr {
    match tape.below(9) {
        7 => own(tape, depth),
        5 => lookup(tape, want, depth),
        6 => {
            let share = tape.one_of(&[0.0, 0.1, 0.25, 0.5, 0.95, 1.0]);
            aggregate(tape, Aggregate::Percentile(Share::new(share).unwrap()), want, depth)
        }
        0 => Expr::Coalesce(boxed(tape, want, depth), boxed(tape, want, depth)),
        1 => Expr::If(boxed(tape, Want::Bool, depth), boxed(tape, want, depth), boxed(tape, want, depth)),
        2 => Expr::Bound { slot: slot(tape), pick: pick(tape), field: field(tape, want) },
        3 => Expr::Lag { step: StepId::new(0).unwrap(), field: field(tape, want) },
        4 => aggregate(tape, Aggregate::Min, want, depth),
        _ => aggregate(tape, Aggregate::Max, want, depth),
    }
}

fn call(tape: &mut Tape, want: Want, depth: usize) -> Expr {
    let gives =
        |function: &&Function| !function.is_sugar() && wanted(function.signature().result, want) == want;
    let functions: Vec<Function> = Function::ALL.iter().filter(gives).copied().collect();
    if functions.is_empty() {
        return any(tape, want, depth);
    }
    let function = tape.one_of(&functions);
    let signature = function.signature();
    let more = tape.below(signature.optional.len() + 1);
    let mut kinds: Vec<Kind> =
        signature.required.iter().chain(&signature.optional[..more]).copied().collect();
    if signature.variadic {
        let last = *kinds.last().unwrap();
        kinds.extend(std::iter::repeat_n(last, tape.below(3)));
    }
    let args = kinds.into_iter().enumerate().map(|(at, kind)| match kind {
        // A zone: the second argument of what reads a clock.
        Kind::String if at == 1 && signature.required == [Kind::Time] && !tape.one_in(4) => {
            Expr::Const(Value::str(tape.one_of(ZONES)))
        }
        Kind::Any => {
            let want = tape.one_of(&WANTS);
            some(tape, want, depth)
        }
        kind => some(tape, wanted(kind, want), depth),
    });
    let args = args.collect();
    Expr::Call(function, args)
}

fn wanted(kind: Kind, same: Want) -> Want {
    match kind {
        Kind::Any | Kind::Same => same,
        Kind::String => Want::Text,
        Kind::Int | Kind::Number | Kind::Float => Want::Number,
        Kind::Bool => Want::Bool,
        Kind::Time => Want::Time,
        Kind::Duration => Want::Length,
        Kind::Ip => Want::Address,
        Kind::List => Want::List,
    }
}

/// The forms that give one type.
fn special(tape: &mut Tape, want: Want, depth: usize) -> Expr {
    match want {
        Want::Bool => truth(tape, depth),
        Want::Number => number(tape, depth),
        Want::Time => time(tape, depth),
        Want::Length => length(tape, depth),
        Want::List => list(tape, depth),
        Want::Text | Want::Address => call(tape, want, depth),
    }
}

fn truth(tape: &mut Tape, depth: usize) -> Expr {
    let form = tape.below(9);
    let of = tape.one_of(&WANTS);
    match form {
        0 => Expr::Not(boxed(tape, Want::Bool, depth)),
        1 => Expr::And(boxed(tape, Want::Bool, depth), boxed(tape, Want::Bool, depth)),
        2 => Expr::Or(boxed(tape, Want::Bool, depth), boxed(tape, Want::Bool, depth)),
        3 | 4 => {
            use Compare::{Eq, Ge, Gt, Le, Lt, Ne};
            let op = tape.one_of(&[Eq, Ne, Lt, Le, Gt, Ge]);
            let met = if of == Want::Text { tape.one_of(&WANTS) } else { of };
            Expr::Compare(op, boxed(tape, of, depth), boxed(tape, met, depth))
        }
        5 => {
            let left = boxed(tape, of, depth);
            Expr::In(left, Box::new(set(tape, of, depth)))
        }
        6 => {
            let op = tape.one_of(&[TextOp::Like, TextOp::Ilike, TextOp::Regex]);
            let pattern = tape.one_of(&["a", "*b*", "?", "A.*", "r.n$", "", "G*n"]);
            let pattern = if op == TextOp::Regex { pattern.trim_matches(['*', '?']) } else { pattern };
            Expr::Text(boxed(tape, Want::Text, depth), TextPattern { op, pattern: pattern.into() })
        }
        7 => Expr::Has(boxed(tape, of, depth)),
        _ => Expr::Trend { slot: slot(tape), falling: tape.one_in(2), value: boxed(tape, of, depth) },
    }
}

fn set(tape: &mut Tape, of: Want, depth: usize) -> Set {
    match tape.below(5) {
        0 => {
            Set::Range { low: some(tape, of, depth), high: some(tape, of, depth), inclusive: tape.one_in(2) }
        }
        1 => Set::Items((0..tape.below(4)).map(|_| some(tape, of, depth)).collect()),
        // Constants, few and many.
        2 => Set::Items((0..tape.below(14)).map(|_| Expr::Const(value(tape, of))).collect()),
        3 => {
            let many = (0..tape.below(14)).map(|_| scalar(tape, of)).collect();
            Set::File(Arc::new(List::new("list".into(), many)))
        }
        _ => Set::Value(some(tape, Want::List, depth)),
    }
}

fn number(tape: &mut Tape, depth: usize) -> Expr {
    let form = tape.below(11);
    let of = tape.one_of(&WANTS);
    match form {
        10 => aggregate(tape, Aggregate::Stddev, Want::Number, depth),
        0 => Expr::Neg(boxed(tape, Want::Number, depth)),
        1..5 => binary(tape, None, Want::Number, Want::Number, depth),
        5 => binary(tape, Some(Binary::Div), Want::Length, Want::Length, depth),
        6 => aggregate(tape, Aggregate::Sum, Want::Number, depth),
        7 => aggregate(tape, Aggregate::Avg, Want::Number, depth),
        8 => aggregate(tape, Aggregate::Distinct, of, depth),
        _ if tape.one_in(2) => aggregate(tape, Aggregate::Count, of, depth),
        _ => Expr::Aggregate { function: Aggregate::Count, slot: slot(tape), arg: None },
    }
}

fn time(tape: &mut Tape, depth: usize) -> Expr {
    match tape.below(4) {
        0 => Expr::Now,
        1 => Expr::TimeOf { slot: slot(tape), pick: pick(tape) },
        2 => binary(tape, Some(Binary::Sub), Want::Time, Want::Length, depth),
        _ => {
            let (left, right) = tape.one_of(&[(Want::Time, Want::Length), (Want::Length, Want::Time)]);
            binary(tape, Some(Binary::Add), left, right, depth)
        }
    }
}

fn length(tape: &mut Tape, depth: usize) -> Expr {
    use Want::{Length, Number, Time};
    match tape.below(9) {
        8 => aggregate(tape, Aggregate::Stddev, Length, depth),
        0 => binary(tape, Some(Binary::Sub), Time, Time, depth),
        1 | 2 => binary(tape, None, Length, Length, depth),
        3 => binary(tape, Some(Binary::Mul), Number, Length, depth),
        4 => binary(tape, None, Length, Number, depth),
        5 => aggregate(tape, Aggregate::Sum, Length, depth),
        6 => aggregate(tape, Aggregate::Avg, Length, depth),
        _ => Expr::Neg(boxed(tape, Length, depth)),
    }
}

fn list(tape: &mut Tape, depth: usize) -> Expr {
    let of = tape.one_of(&WANTS);
    match tape.below(2) {
        0 => Expr::List((0..tape.below(4)).map(|_| some(tape, of, depth)).collect()),
        _ => aggregate(tape, Aggregate::List, of, depth),
    }
}

fn binary(tape: &mut Tape, op: Option<Binary>, left: Want, right: Want, depth: usize) -> Expr {
    use Binary::{Add, Div, IntDiv, Mul, Rem, Sub};
    let op = op.unwrap_or_else(|| tape.one_of(&[Add, Sub, Mul, Div, IntDiv, Rem]));
    Expr::Binary(op, boxed(tape, left, depth), boxed(tape, right, depth))
}

fn aggregate(tape: &mut Tape, function: Aggregate, of: Want, depth: usize) -> Expr {
    let arg = if tape.one_in(3) { some(tape, of, depth) } else { Expr::Field(field(tape, of)) };
    Expr::Aggregate { function, slot: slot(tape), arg: Some(Box::new(arg)) }
}

fn slot(tape: &mut Tape) -> SlotRef {
    SlotRef { slot: SlotId::new(tape.one_of(&[0, 0, 0, 1, 2])).unwrap(), scope: None }
}

fn pick(tape: &mut Tape) -> Pick {
    tape.one_of(&[Pick::First, Pick::Last, Pick::Back(0), Pick::Back(1), Pick::Nth(1), Pick::Nth(3)])
}

/// A field that holds what is wanted, if an event has it, and now and then is declared.
fn field(tape: &mut Tape, want: Want) -> Field {
    let names: &[&str] = match want {
        Want::Number => &["n", "o", "p"],
        Want::Bool => &["b"],
        Want::Text => &["s", "u"],
        Want::Time => &["t"],
        Want::Length => &["d"],
        Want::Address => &["i"],
        Want::List => &["l"],
    };
    let name = tape.one_of(names);
    let mut path = vec![name.into()];
    if tape.one_in(8) {
        path.insert(0, "nested".into());
    }
    let declared = match want {
        Want::Time => FieldType::Time,
        Want::Length => FieldType::Duration,
        Want::Address => FieldType::Ip,
        _ => FieldType::Any,
    };
    let field_type = if tape.one_in(2) { declared } else { FieldType::Any };
    Field { path: Arc::from(path), field_type }
}

/// Events of the type `a`, perhaps one `b`, and a `c`.
pub fn events(tape: &mut Tape) -> Vec<Event> {
    let mut kinds = vec!["a"; tape.below(5)];
    kinds.extend(std::iter::repeat_n("b", tape.below(2)));
    kinds.push("c");
    let event = |(index, kind): (usize, &str)| {
        let mut record = record(tape);
        if tape.one_in(2) {
            record.insert("nested".into(), Value::Record(Arc::new(self::record(tape))));
        }
        let time = Timestamp::from_nanos(1_767_225_600_000_000_000 + index as i64 * 1_000_000_007);
        Event::new(time, Some(kind), record)
    };
    kinds.into_iter().enumerate().map(event).collect()
}

fn record(tape: &mut Tape) -> Record {
    use Want::{Address, Bool, Length, List, Number, Text, Time};
    let names = [
        ("n", Number),
        ("o", Number),
        ("p", Number),
        ("b", Bool),
        ("s", Text),
        ("u", Text),
        ("t", Time),
        ("d", Length),
        ("i", Address),
        ("l", List),
    ];
    let present = |(name, want): (&str, Want)| match tape.below(16) {
        0 => None,
        1 => {
            let other = tape.one_of(&WANTS);
            Some((name.into(), value(tape, other)))
        }
        _ => Some((name.into(), value(tape, want))),
    };
    names.into_iter().filter_map(present).collect()
}

fn value(tape: &mut Tape, want: Want) -> Value {
    if tape.one_in(24) {
        return Value::Null;
    }
    match want {
        Want::Bool => Value::Bool(tape.one_in(2)),
        Want::Number if tape.one_in(2) => Value::Float(tape.one_of(FLOATS)),
        Want::Number if tape.one_in(12) => Value::Uint(tape.one_of(&[1 << 63, u64::MAX])),
        Want::Number => Value::Int(tape.one_of(INTS)),
        Want::Text => Value::str(tape.one_of(TEXTS)),
        Want::Time if tape.one_in(2) => Value::str(tape.one_of(TIMES)),
        Want::Time => Value::Time(Timestamp::from_nanos(tape.one_of(INTS))),
        Want::Length if tape.one_in(4) => Value::str(tape.one_of(LENGTHS)),
        Want::Length => Value::Duration(Duration::from_nanos(tape.one_of(INTS))),
        Want::Address if tape.one_in(2) => Value::str(tape.one_of(ADDRESSES)),
        Want::Address => tape.one_of(ADDRESSES).parse::<IpAddr>().map_or(Value::Null, Value::Ip),
        Want::List => {
            let of = tape.one_of(&[Want::Number, Want::Bool, Want::Text, Want::Time, Want::Length]);
            Value::List((0..tape.below(4)).map(|_| value(tape, of)).collect())
        }
    }
}

const INTS: &[i64] = &[
    5,
    12,
    1_000,
    60_000_000_000,
    3_600_000_000_000,
    0,
    1,
    2,
    3,
    -1,
    7,
    -7,
    100,
    1_500_000_000,
    90_000_000_000,
    1_767_225_600,
    1_767_225_600_000,
    1_767_225_600_000_000_000,
    9_007_199_254_740_993,
    -9_007_199_254_740_993,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    i64::MIN + 1,
];
const FLOATS: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    0.5,
    7.0,
    12.25,
    100.125,
    -2.5,
    0.1,
    0.3,
    1e-3,
    52.52,
    13.405,
    1e16,
    -1e16,
    1e308,
    -1e308,
    f64::MAX,
    5e-324,
    -5e-324,
    9_007_199_254_740_992.0,
    9_223_372_036_854_775_808.0,
    1_767_225_600.25,
];
const TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "ab",
    "ABC",
    "abcabc",
    "Grün",
    " x ",
    "1",
    "-7",
    "2.5",
    "1e3",
    "true",
    "null",
    "10.0.0.0/8",
    "10.1.2.3",
    "::/0",
    "1h30m",
    "2026-01-05T10:00:00Z",
    "ß",
    "long enough to lie somewhere else",
];
const ZONES: &[&str] = &["UTC", "Europe/Berlin", "America/St_Johns", "+05:45", "-00:30", "Mars/Base"];
const TIMES: &[&str] =
    &["2026-01-05T10:00:00Z", "1970-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00", "noon"];
const LENGTHS: &[&str] = &["1h30m", "90s", "0s", "1m1h"];
const ADDRESSES: &[&str] = &["10.1.2.3", "10.0.0.0", "::1", "::ffff:10.1.2.3", "2001:db8::1", "10.1"];
