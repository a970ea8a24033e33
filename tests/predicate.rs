//! The compiled expressions against the reference engine: random expressions over random events, value for value and
//! fault for fault.

mod random;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tripline::function::Function;
use tripline::plan::{Aggregate, Expr, Field, Pick, SlotRef};
use tripline::predicate::{Bound, Current, Expression, Here, Unbound};
use tripline::reference::Reference;
use tripline::{
    Alert, AtEnd, Batch, EngineOptions, Event, FieldId, FieldType, Fields, Held, Limits, Program, Record,
    Row, Settings, SlotId, SourceFile, StepId, Timestamp, Value,
};

use random::Tape;

/// Events bound to two slots, and the previous event.
#[derive(Default)]
struct Bindings {
    slots: [Vec<Held>; 3],
    previous: Option<Held>,
}

impl Bound for Bindings {
    fn pick(&self, slot: SlotRef, pick: Pick) -> Option<&Held> {
        let held = &self.slots[slot.slot.index()];
        match pick {
            Pick::First => held.first(),
            Pick::Last => held.last(),
            Pick::Back(n) => held.iter().rev().nth(n as usize),
            Pick::Nth(n) => held.get(n as usize - 1),
        }
    }

    fn each(&self, slot: SlotRef, visit: &mut dyn FnMut(&Held)) {
        self.slots[slot.slot.index()].iter().rev().for_each(visit);
    }

    fn count(&self, slot: SlotRef) -> u64 {
        self.slots[slot.slot.index()].len() as u64
    }

    fn lag(&self, _: StepId) -> Option<&Held> {
        self.previous.as_ref()
    }
}

fn compiled(text: &str) -> Program {
    let files = [SourceFile::new("rules.trip", text)];
    let (program, findings) = Program::compile(&files, &Settings::default(), Limits::default());
    program.unwrap_or_else(|| panic!("{text}\n{findings:?}"))
}

/// A rule for each expression: the rule of this text with the expression put into it.
fn rules(text: &str, exprs: &[Expr], put: impl Fn(&mut tripline::plan::Rule, &Expr)) -> Arc<Program> {
    let mut plan = compiled(text).plan().clone();
    let rule = plan.rules[0].clone();
    plan.rules.clear();
    for (index, expr) in exprs.iter().enumerate() {
        let mut rule = rule.clone();
        rule.name = format!("r{index:04}").into();
        put(&mut rule, expr);
        plan.rules.push(rule);
    }
    Arc::new(Program::new(plan, Limits::default()).unwrap())
}

/// What the reference engine makes of a stream: its alerts, and the faults of each rule.
fn reference(program: &Arc<Program>, events: &[Event]) -> (Vec<Alert>, Vec<u64>) {
    let mut engine = Reference::new(Arc::clone(program), EngineOptions::default());
    let mut alerts: Vec<Alert> = Vec::new();
    for event in events {
        let _ = engine.push(event.clone(), &mut alerts);
    }
    let _ = engine.finish(AtEnd::Hold, &mut alerts);
    (alerts, engine.stats().rules.iter().map(|rule| rule.eval_errors).collect())
}

/// An expression with the rows it reads.
struct Judge {
    expression: Expression,
    batch: Batch,
    of_bound: Arc<[FieldId]>,
    of_any: Arc<[FieldId]>,
}

impl Judge {
    fn new(expr: &Expr, events: &[Event]) -> Self {
        let mut fields = Fields::default();
        let expression = Expression::compile(expr, &mut fields, &Limits::default()).unwrap();
        let of_any: BTreeSet<FieldId> =
            expression.fields_of_bound().iter().chain(expression.fields_of_current()).copied().collect();
        let (of_bound, of_any) = (expression.fields_of_bound().into(), of_any.into_iter().collect());
        let batch = Batch::of(&Arc::new(fields), events.iter().cloned().map(Arc::new));
        Judge { expression, batch, of_bound, of_any }
    }

    fn row(&self, index: usize) -> Row<'_> {
        self.batch.row(index).unwrap()
    }

    /// The events but the last one bound by their types `a`, `b`, `c` to the slots 0, 1, 2.
    fn bindings(&self) -> Bindings {
        let mut bindings = Bindings::default();
        for row in self.batch.rows() {
            let slot = ["a", "b", "c"].iter().position(|kind| Some(*kind) == row.kind()).unwrap();
            bindings.slots[slot].push(Held::new(row, &self.of_bound));
        }
        bindings
    }
}

const BINDS: &str = "rule r { sequence global { x*: a  y?: b  z: c } emit v = 1 }";
const JUDGES: &str = "rule r { sequence global { z: c where true } matches every }";

/// `emit v = …` of what `x*: a  y?: b  z: c` has bound: the values, and how often something was a fault. Gives how many
/// of the values are known.
fn emits(exprs: &[Expr], events: &[Event]) -> Result<usize, TestCaseError> {
    let program = rules(BINDS, exprs, |rule, expr| rule.output.fields[0].1 = expr.clone());
    let (alerts, errors) = reference(&program, events);
    prop_assert_eq!(alerts.len(), exprs.len());
    for ((expr, alert), errors) in exprs.iter().zip(&alerts).zip(errors) {
        let judge = Judge::new(expr, events);
        let (bindings, last) = (judge.bindings(), judge.row(events.len() - 1));
        let held = Held::new(last, &judge.of_any);
        for current in [Current::Row(last), Current::Held(&held)] {
            let faults = Cell::new(0);
            let here = Here { current, bound: &bindings, faults: &faults };
            let value = judge.expression.value(&here);
            prop_assert_eq!(format!("{value:?}"), format!("{:?}", alert.fields[0].1), "{:#?}", expr);
            prop_assert_eq!(faults.get(), errors, "faults of {:#?}", expr);
            prop_assert_eq!(judge.expression.is_true(&here), matches!(value, Value::Bool(true)));
            splits(expr, &judge, here)?;
        }
    }
    Ok(alerts.iter().filter(|alert| !alert.fields[0].1.is_null()).count())
}

/// A condition is true exactly if both its parts are; the first sees nothing that is bound.
fn splits(expr: &Expr, judge: &Judge, here: Here<'_>) -> Result<(), TestCaseError> {
    let (unary, rest) = Expression::split(expr);
    prop_assert_eq!(judge.expression.is_unary(), rest.is_none());
    let is_true = |part: &Option<Expr>, bound: &dyn Bound| {
        let mut fields = (**judge.batch.fields()).clone();
        part.as_ref().is_none_or(|part| {
            let part = Expression::compile(part, &mut fields, &Limits::default()).unwrap();
            part.is_true(&Here { bound, ..here })
        })
    };
    let both = is_true(&unary, &Unbound) && is_true(&rest, here.bound);
    prop_assert_eq!(both, judge.expression.is_true(&here), "{:#?}", expr);
    Ok(())
}

/// `where …` of each event by itself, with the one before: which events qualify, and the faults.
fn judges(exprs: &[Expr], events: &[Event]) -> Result<(), TestCaseError> {
    let events: Vec<Event> =
        events.iter().map(|event| Event { kind: Some("c".into()), ..event.clone() }).collect();
    let program = rules(JUDGES, exprs, |rule, expr| match &mut rule.body {
        tripline::plan::Body::Sequence(sequence) => sequence.pattern.steps[0].filter = Some(expr.clone()),
        _ => unreachable!(),
    });
    let (alerts, errors) = reference(&program, &events);
    for (index, (expr, errors)) in exprs.iter().zip(errors).enumerate() {
        let judge = Judge::new(expr, &events);
        let name = format!("r{index:04}");
        let found: Vec<_> = alerts.iter().filter(|a| a.rule.name == name).map(|a| a.time).collect();
        let faults = Cell::new(0);
        let mut bindings = Bindings::default();
        let mut qualify = Vec::new();
        for row in judge.batch.rows() {
            let here = Here { current: Current::Row(row), bound: &bindings, faults: &faults };
            if judge.expression.is_true(&here) {
                qualify.push(row.time());
            }
            bindings.previous = Some(Held::new(row, &judge.of_bound));
        }
        prop_assert_eq!(qualify, found, "{:#?}", expr);
        prop_assert_eq!(faults.get(), errors, "faults of {:#?}", expr);
    }
    Ok(())
}

/// What an expression is worth for one event, and how many faults it has.
fn worth(expr: &str) -> (Value, u64) {
    let program = compiled(&format!("rule r {{ event x: t emit v = {expr} }}"));
    let list = Value::List([1, 2, 3].map(Value::Int).into());
    let device = Record::from_iter([("os".into(), Value::str("linux"))]);
    let record = Record::from_iter([
        ("a".into(), Value::Int(7)),
        ("b".into(), Value::Int(2)),
        ("x".into(), Value::Float(2.5)),
        ("s".into(), Value::str("Grün")),
        ("ip".into(), Value::str("10.1.2.3")),
        ("list".into(), list),
        ("device".into(), Value::Record(Arc::new(device))),
        ("big".into(), Value::Int(i64::MAX)),
    ]);
    let event = Event::new(Timestamp::from_nanos(0), Some("t"), record);
    let judge = Judge::new(&program.plan().rules[0].output.fields[0].1, &[event]);
    let faults = Cell::new(0);
    let here = Here { current: Current::Row(judge.row(0)), bound: &Unbound, faults: &faults };
    (judge.expression.value(&here), faults.get())
}

#[test]
fn expressions_are_worth_what_the_manual_says() {
    for (expr, value, faults) in [
        ("1 + 2 * 3", "Int(7)", 0),
        ("a / b", "Float(3.5)", 0),
        ("-a div b", "Int(-3)", 0),
        ("-a % b", "Int(-1)", 0),
        ("9007199254740993 > 9007199254740992.0", "Bool(true)", 0),
        ("a in 1..7", "Bool(false)", 0),
        ("a in 1..=7", "Bool(true)", 0),
        ("a in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "Bool(true)", 0),
        ("s in [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"Grün\"]", "Bool(true)", 0),
        ("2 in list", "Bool(true)", 0),
        ("s like \"G*n\" and s ilike \"g???\" and s matches \"r.n$\"", "Bool(true)", 0),
        ("nothing ?? 5 > 3", "Bool(true)", 0),
        ("device.os", "Str(\"linux\")", 0),
        ("nothing == nothing", "Null", 0),
        ("a > 9 and nothing > 1", "Bool(false)", 0),
        ("nothing > 1 or a > 5", "Bool(true)", 0),
        ("a in [1, nothing]", "Null", 0),
        ("if nothing > 1 then \"yes\" else \"no\"", "Str(\"no\")", 0),
        ("cidr(ip, \"192.168.0.0/16\", \"10.0.0.0/8\")", "Bool(true)", 0),
        ("big + 1", "Null", 1),
        ("(big + 1) ?? (a / 0) ?? 3", "Int(3)", 2),
        ("1 / 0", "Null", 1),
        ("s == 3", "Null", 1),
        ("s > 3 and a == 7", "Null", 1),
        ("18446744073709551615 > big", "Bool(true)", 0),
        ("18446744073709551615 - 1", "Null", 1),
    ] {
        let (found, counted) = worth(expr);
        assert_eq!((format!("{found:?}").as_str(), counted), (value, faults), "{expr}");
    }
}

#[test]
fn expressions_are_worth_what_the_reference_says() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) };
    let tape = |len| prop::collection::vec(any::<u16>(), len);
    let trials = (prop::collection::vec(tape(40), 1..=100), tape(80));
    let seen = RefCell::new(BTreeSet::new());
    let (count, known) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(config).run(&trials, |(tapes, stream)| {
        let exprs: Vec<Expr> = tapes.iter().map(|tape| random::expr(&mut Tape::new(tape))).collect();
        let events = random::events(&mut Tape::new(&stream));
        count.set(count.get() + exprs.len());
        exprs.iter().for_each(|expr| expr.visit(&mut |part| note(part, &mut seen.borrow_mut())));
        known.set(known.get() + emits(&exprs, &events)?);
        judges(&exprs, &events)
    });
    outcome.unwrap();
    let executed = Function::ALL.iter().filter(|f| !f.is_sugar()).map(|f| format!("call {}", f.name()));
    let forms = FORMS.iter().map(|form| form.to_string());
    let unseen: Vec<String> = forms.chain(executed).filter(|form| !seen.borrow().contains(form)).collect();
    let (count, known) = (count.get(), known.get());
    assert!(unseen.is_empty(), "of {count} expressions none is {unseen:?}");
    assert!(count > 20_000, "these are only {count} expressions");
    assert!(known * 3 > count, "of {count} expressions only {known} are known: this says little");
}

/// Numbers of every size: few that recur, any bits of a float, whole ones.
fn number() -> impl Strategy<Value = Value> {
    let float = any::<u64>().prop_map(|bits| Value::from_f64(f64::from_bits(bits)).unwrap_or_default());
    let tenth = (-50..50i32).prop_map(|n| Value::Float(f64::from(n) / 10.0));
    let size = (-40..40i32, -1.0..1.0f64).prop_map(|(power, x)| Value::Float(x * 2f64.powi(power)));
    prop_oneof![float, tenth, size, any::<i64>().prop_map(Value::Int), any::<u64>().prop_map(Value::from_u64)]
}

/// The engines agree on them to the last bit, although one carries words of a fixed point and the other divides
/// fractions; and the order of the values says nothing.
#[test]
fn sums_means_and_deviations_are_rounded_once_whatever_the_order() {
    let exprs: Vec<Expr> = [Aggregate::Sum, Aggregate::Avg, Aggregate::Stddev]
        .into_iter()
        .map(|function| {
            let arg = Expr::Field(Field { path: Arc::from(["v".into()]), field_type: FieldType::Any });
            Expr::Aggregate {
                function,
                slot: SlotRef { slot: SlotId::new(0).unwrap(), scope: None },
                arg: Some(Box::new(arg)),
            }
        })
        .collect();
    let events = |values: &[Value]| -> Vec<Event> {
        let kinds = values.iter().map(|value| ("a", value.clone())).chain([("c", Value::Null)]);
        let event = |(at, (kind, value)): (i64, (&str, Value))| {
            Event::new(Timestamp::from_nanos(at), Some(kind), Record::from_iter([("v".into(), value)]))
        };
        (0..).zip(kinds).map(event).collect()
    };
    let worth = |values: &[Value]| -> Result<Vec<String>, TestCaseError> {
        let events = events(values);
        emits(&exprs, &events)?;
        let worth = exprs.iter().map(|expr| {
            let judge = Judge::new(expr, &events);
            let (bindings, faults) = (judge.bindings(), Cell::new(0));
            let here =
                Here { current: Current::Row(judge.row(values.len())), bound: &bindings, faults: &faults };
            format!("{:?}", judge.expression.value(&here))
        });
        Ok(worth.collect())
    };
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) };
    let values = prop::collection::vec(number(), 0..24);
    let shuffled = values.prop_flat_map(|values| (Just(values.clone()), Just(values).prop_shuffle()));
    let outcome = TestRunner::new(config).run(&shuffled, |(values, turned)| {
        prop_assert_eq!(worth(&values)?, worth(&turned)?);
        Ok(())
    });
    outcome.unwrap();
}

const FORMS: [&str; 38] = [
    "const",
    "field",
    "bound",
    "now",
    "time of",
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "distinct",
    "list of",
    "trend",
    "lag",
    "has",
    "not",
    "neg",
    "and",
    "or",
    "compare",
    "add",
    "sub",
    "mul",
    "div",
    "int div",
    "rem",
    "in items",
    "in range",
    "in list",
    "text",
    "coalesce",
    "if",
    "list",
    "in file",
    "lookup",
    "stddev",
    "percentile",
    "own",
];

fn note(expr: &Expr, seen: &mut BTreeSet<String>) {
    use tripline::plan::{Aggregate, Binary, Set};
    let form = match expr {
        Expr::Const(_) => "const",
        Expr::Field(_) => "field",
        Expr::Bound { .. } => "bound",
        Expr::Now => "now",
        Expr::TimeOf { .. } => "time of",
        Expr::Aggregate { function, .. } => match function {
            Aggregate::Count => "count",
            Aggregate::Sum => "sum",
            Aggregate::Avg => "avg",
            Aggregate::Min => "min",
            Aggregate::Max => "max",
            Aggregate::Distinct => "distinct",
            Aggregate::List => "list of",
            Aggregate::Stddev => "stddev",
            Aggregate::Percentile(_) => "percentile",
        },
        Expr::Trend { .. } => "trend",
        Expr::Lag { .. } => "lag",
        Expr::Has(_) => "has",
        Expr::Not(_) => "not",
        Expr::Neg(_) => "neg",
        Expr::And(..) => "and",
        Expr::Or(..) => "or",
        Expr::Compare(..) => "compare",
        Expr::Binary(op, ..) => match op {
            Binary::Add => "add",
            Binary::Sub => "sub",
            Binary::Mul => "mul",
            Binary::Div => "div",
            Binary::IntDiv => "int div",
            Binary::Rem => "rem",
        },
        Expr::In(_, set) => match &**set {
            Set::Items(_) => "in items",
            Set::Range { .. } => "in range",
            Set::Value(_) => "in list",
            Set::File(_) => "in file",
        },
        Expr::Text(..) => "text",
        Expr::Coalesce(..) => "coalesce",
        Expr::If(..) => "if",
        Expr::List(_) => "list",
        Expr::Lookup { .. } => "lookup",
        Expr::Own(..) => "own",
        Expr::Call(function, _) => {
            seen.insert(format!("call {}", function.name()));
            return;
        }
    };
    debug_assert!(FORMS.contains(&form));
    seen.insert(form.to_string());
}
