//! Many events of one key in a short time: what a rule against it must stand.

use std::ops::ControlFlow;
use std::sync::Arc;

use tripline::reference::Reference;
use tripline::runtime::{Engine, Setup};
use tripline::{
    Alert, AlertKind, AtEnd, Batch, EngineOptions, Event, Limits, Program, Record, RuleStats, Settings, Sink,
    SourceFile, Timestamp, Value,
};

const GUESSED: &str = "
    rule password_guessed {
      sequence by user within 2m {
        fail{3,}: login where outcome == \"failure\"
        ok:       login where outcome == \"success\"
      }
    }";

/// Every failure is a start, and each holds a partial match for each length of its loop.
#[test]
fn a_thousand_failures_of_one_user_are_one_alert() {
    let (alerts, _) = run(GUESSED, &["failure"; 1000], Limits::default());
    assert_eq!(alerts, [[1000, 1]]);
}

/// The earliest starts keep their place, and of each the preferred partial matches.
#[test]
fn beyond_the_limit_the_latest_starts_and_the_least_preferred_are_refused() {
    let limits = Limits { partials_per_key: 10, ..Limits::default() };
    let (alerts, stats) = run(GUESSED, &["failure"; 30], limits.clone());
    assert_eq!(alerts, [[30, 1]]);
    assert!(stats.refused > 0);
    let (alerts, stats) = run(&GUESSED.replace("fail{3,}", "fail"), &["failure"; 30], limits);
    assert_eq!((alerts, stats.starts, stats.refused), (vec![vec![1, 1]], 10, 20));
}

/// As runs a rule is refused what the reference refuses; a queue holds each start once, so it has room for ten of them.
#[test]
fn the_engine_refuses_what_the_reference_does_in_either_form() {
    let limits = Limits { partials_per_key: 10, ..Limits::default() };
    for rule in [GUESSED.replace("fail{3,}", "fail"), GUESSED.to_owned()] {
        let reference = run(&rule, &["failure"; 30], limits.clone());
        assert_eq!(run_fast(&rule, &["failure"; 30], limits.clone(), true), reference);
        let (alerts, stats) = run_fast(&rule, &["failure"; 30], limits.clone(), false);
        assert_eq!((alerts, stats.starts, stats.refused), (reference.0, 10, 20));
    }
}

/// Text that an expression makes is bounded: beyond it the value is unknown, which is counted.
#[test]
fn a_text_that_grows_too_long_is_unknown_and_counted() {
    let rule = "rule r { sequence by user { a: login  b: login } emit twice = concat(a.outcome, b.outcome) }";
    for (computed_bytes, errors) in [(14, 0), (13, 1)] {
        let limits = Limits { computed_bytes, ..Limits::default() };
        let reference = run(rule, &["failure"], limits.clone());
        assert_eq!((reference.0.len(), reference.1.eval_errors), (1, errors));
        assert_eq!(run_fast(rule, &["failure"], limits, false), reference);
    }
}

/// How many events each alert binds to each step, after one success behind these outcomes.
fn run(rule: &str, outcomes: &[&str], limits: Limits) -> (Vec<Vec<usize>>, RuleStats) {
    let mut engine = Reference::new(compile(rule, limits), EngineOptions::default());
    let mut found = Found::default();
    for event in events(outcomes) {
        assert!(engine.push(event, &mut found).is_continue());
    }
    let stats = engine.stats().rules[0].clone();
    assert!(engine.finish(AtEnd::Hold, &mut found).is_continue());
    assert!(found.1 <= 1, "a bound is told of once in an hour");
    (found.0, stats)
}

/// The same with the other engine.
fn run_fast(rule: &str, outcomes: &[&str], limits: Limits, general: bool) -> (Vec<Vec<usize>>, RuleStats) {
    let program = compile(rule, limits);
    let setup = Setup { general, ..Setup::default() };
    let mut engine = Engine::with(Arc::clone(&program), EngineOptions::default(), setup, ()).unwrap();
    let mut found = Found::default();
    let batch = Arc::new(Batch::of(program.fields(), events(outcomes).map(Arc::new)));
    assert!(engine.push(&batch, &mut found).is_continue());
    let stats = engine.stats().rules[0].clone();
    assert!(engine.finish(AtEnd::Hold, &mut found).is_continue());
    assert!(found.1 <= 1, "a bound is told of once in an hour");
    (found.0, stats)
}

fn compile(rule: &str, limits: Limits) -> Arc<Program> {
    let file = SourceFile { name: "burst.trip".into(), text: rule.into() };
    Arc::new(Program::compile(&[file], &Settings::default(), limits).0.unwrap())
}

/// These outcomes and a success, a hundredth of a second apart.
fn events(outcomes: &[&str]) -> impl Iterator<Item = Event> {
    outcomes.iter().chain(&["success"]).enumerate().map(|(n, outcome)| {
        let fields = [("user", "ann"), ("outcome", outcome)];
        let fields = fields.map(|(name, value)| (name.into(), tripline::Value::str(value)));
        let time = Timestamp::from_nanos(n as i64 * 10_000_000);
        Event::new(time, Some("login"), fields.into_iter().collect())
    })
}

/// How many events each match binds to each step, and how many alerts said that a bound was reached.
#[derive(Default)]
struct Found(Vec<Vec<usize>>, usize);

impl Sink for Found {
    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        match alert.kind {
            AlertKind::Limit(_) => self.1 += 1,
            _ => self.0.push(alert.bindings.iter().map(|(_, events)| events.len()).collect()),
        }
        ControlFlow::Continue(())
    }

    fn late(&mut self, _: Arc<Event>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

const SUBSETS: &str = "
    rule subsets {
      sequence by user within 1h {
        first:     login where outcome == \"first\"
        any more+: login where outcome == \"failure\"
        ok:        login where outcome == \"success\"
      }
      matches all limit 10
    }";

/// Ten thousand events have more subsets than can be counted; what is held of them grows with the events, and so does
/// what it takes to find the first.
#[test]
fn all_subsets_of_ten_thousand_events_are_held_as_so_many_events() {
    let held = |count: usize| {
        let mut outcomes = vec!["failure"; count + 1];
        outcomes[0] = "first";
        let (mut alerts, stats, bytes) = run_and_weigh(SUBSETS, &outcomes);
        alerts.sort();
        let longest = [3, 2, 2, 2, 2, 1, 1, 1, 1, 0].map(|less| vec![1, count - less, 1]);
        assert_eq!(alerts, longest);
        // As many as can be counted, less those that are reported.
        assert_eq!((stats.alerts, stats.refused), (10, u64::MAX - 10));
        bytes
    };
    let (few, many) = (held(1_000), held(10_000));
    assert!(few > 10_000 && many < few * 11, "{few} bytes, and {many} for ten times as many events");
}

/// What is held in common counts once at each place where it waits: here the first event, and nine behind it.
#[test]
fn beyond_the_limit_no_more_is_held_in_common() {
    let limits = Limits { partials_per_key: 10, ..Limits::default() };
    let mut outcomes = vec!["failure"; 30];
    outcomes[0] = "first";
    let rule = SUBSETS.replace("more+", "more");
    let (alerts, stats) = run_fast(&rule, &outcomes, limits, false);
    assert_eq!((alerts.len(), stats.refused), (9, 20));
}

/// What has expired makes room: behind the second `first` are nine again, whatever the one before it had.
#[test]
fn what_has_expired_makes_room_in_common() {
    let limits = Limits { partials_per_key: 10, ..Limits::default() };
    let rule = SUBSETS.replace("more+", "more").replace("1h", "1s");
    let parts = [("first", 1), ("failure", 3), ("other", 90), ("first", 1), ("other", 10), ("failure", 12)];
    let outcomes: Vec<&str> =
        parts.into_iter().flat_map(|(outcome, count)| std::iter::repeat_n(outcome, count)).collect();
    let (alerts, stats) = run_fast(&rule, &outcomes, limits, false);
    assert_eq!((alerts.len(), stats.refused), (9, 3));
}

/// The same with the other engine, and what it holds before the last event, as a snapshot.
fn run_and_weigh(rule: &str, outcomes: &[&str]) -> (Vec<Vec<usize>>, RuleStats, usize) {
    let program = compile(rule, Limits::default());
    let options = EngineOptions::default();
    let mut engine = Engine::with(Arc::clone(&program), options, Setup::default(), ()).unwrap();
    let mut found = Found::default();
    let mut events: Vec<Arc<Event>> = events(outcomes).map(Arc::new).collect();
    let last = events.pop();
    assert!(engine.push(&Arc::new(Batch::of(program.fields(), events)), &mut found).is_continue());
    let bytes = engine.groups().owned().map(|group| engine.snapshot(group).len()).max().unwrap();
    assert!(engine.push(&Arc::new(Batch::of(program.fields(), last)), &mut found).is_continue());
    let stats = engine.stats().rules[0].clone();
    (found.0, stats, bytes)
}

/// A start that is given up is counted in no match that comes after, though what had been counted of the rows around it is
/// kept: one of a hundred and fifty starts is too heavy for the second event that completes them.
#[test]
fn what_is_given_up_is_counted_no_more_in_common() {
    let rule = "
        rule r {
          sequence by user within 1h { a: login where outcome like \"f*\"  any c: login where outcome like \"s*\" }
          matches all limit 1
          emit outcome = a.outcome
        }";
    let (heavy, end) = ("f".repeat(100), "s".repeat(100));
    let mut outcomes = vec!["f"; 150];
    outcomes[100] = &heavy;
    outcomes.extend(["s", &end]);
    const EVENT: usize = 256;
    let limits = Limits { captured_bytes: 2 * EVENT + 150, ..Limits::default() };
    let (alerts, stats) = run_fast(rule, &outcomes, limits.clone(), false);
    // Beyond the limit of one, and the start that is given up.
    assert_eq!((alerts.len(), stats.refused), (3, 149 + 1 + 148 + 148));
    assert_eq!(run_fast(rule, &outcomes, limits, true), (alerts, stats));
}

/// What has passed leaves nothing behind: after ten times as many events an engine holds no more, whatever the form.
#[test]
fn a_steady_stream_leaves_nothing_behind() {
    let rules = [
        "sequence by user within 10s { a: login  b: logout }",
        "sequence by user within 10s { a{2,}: login  b: logout }",
        "sequence by user within 10s { a: login  any b: login  c: logout } matches all limit 3",
        "sequence by user within 10s { a: login  not x: error  b+: login  c: logout } matches every",
        "sequence by user { a: login  b within 3s: logout } on timeout emit n = 1",
        "sequence by user within 1m { a: login  not b within 4s: logout }",
        "sequence by user { not x within 5s: login  a: login  b within 2s: logout }",
        "window by user over 10s { a: login } when sum(a.n) > 1e9",
        "window by user over 5s every 1s { a: login } when count(a) > 3",
        "window by user session 1s { a: login } when count(a) > 3",
        "sequence by user within 10s { a: login  b: login } suppress 5s",
        "event x: login where n > lag(n) + 5",
    ];
    for rule in rules {
        for users in [1, 7, u64::MAX] {
            let (early, late) = (held_after(rule, users, 1_000), held_after(rule, users, 10_000));
            assert!(late < early + early / 4, "{rule}, {users} users: {early} and then {late}");
        }
    }
}

/// How much there is to say of an engine after so many events, one a second.
fn held_after(rule: &str, users: u64, events: u64) -> usize {
    let program = compile(&format!("rule r {{ {rule} }}"), Limits::default());
    let mut engine = Engine::new(Arc::clone(&program), EngineOptions::default());
    let mut alerts: Vec<Alert> = Vec::new();
    for number in 0..events {
        let fields = [("user", number % users), ("n", number % 11)];
        let fields = fields.map(|(name, n)| (name.into(), Value::Int(n as i64)));
        // Numbers of a length of their own would count, too.
        let time = Timestamp::from_nanos((1_000_000 + number as i64) * 1_000_000_000);
        let kind = if number % 5 == 4 { "logout" } else { "login" };
        let _ = engine.push_event(Event::new(time, Some(kind), Record::from_iter(fields)), &mut alerts);
    }
    format!("{engine:?}").len()
}
