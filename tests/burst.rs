//! Many events of one key in a short time: what a rule against it must stand.

use std::ops::ControlFlow;
use std::sync::Arc;

use tripline::reference::Reference;
use tripline::{
    Alert, AtEnd, EngineOptions, Event, Limits, Program, RuleStats, Settings, Sink, SourceFile, Timestamp,
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

/// How many events each alert binds to each step, after one success behind these outcomes.
fn run(rule: &str, outcomes: &[&str], limits: Limits) -> (Vec<Vec<usize>>, RuleStats) {
    let file = SourceFile { name: "burst.trip".into(), text: rule.into() };
    let program = Arc::new(Program::compile(&[file], &Settings::default(), limits).0.unwrap());
    let mut engine = Reference::new(program, EngineOptions::default());
    let mut found = Found::default();
    for (n, outcome) in outcomes.iter().chain(&["success"]).enumerate() {
        let fields = [("user", "ann"), ("outcome", outcome)];
        let fields = fields.map(|(name, value)| (name.into(), tripline::Value::str(value)));
        let event = Event::new(
            Timestamp::from_nanos(n as i64 * 10_000_000),
            Some("login"),
            fields.into_iter().collect(),
        );
        assert!(engine.push(event, &mut found).is_continue());
    }
    let stats = engine.stats().rules[0].clone();
    assert!(engine.finish(AtEnd::Hold, &mut found).is_continue());
    (found.0, stats)
}

#[derive(Default)]
struct Found(Vec<Vec<usize>>);

impl Sink for Found {
    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        self.0.push(alert.bindings.iter().map(|(_, events)| events.len()).collect());
        ControlFlow::Continue(())
    }

    fn late(&mut self, _: Arc<Event>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
