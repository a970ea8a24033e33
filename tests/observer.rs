//! What whoever watches an engine is told: what happens, and when.

use std::cell::RefCell;
use std::sync::Arc;

use tripline::runtime::{At, Engine, Observer, Setup};
use tripline::{Alert, AtEnd, Batch, EngineOptions, Limits, StepId};

use crate::corpus::case::Case;
use crate::corpus::notation::{self, Input};
use crate::corpus::{engine, run};

/// Rules, streams, and what is told of them; steps by their numbers.
const CASES: [(&str, &str, &[&str]); 3] = [
    (
        "rule r { sequence global within 1m { a: a  not x: x  b: b } }",
        "0s a\n1s x\n2s a\n3s b",
        &["start 0 @0s", "violation 1 @1s", "start 0 @2s", "advance 2 @3s", "alert @3s"],
    ),
    // Deadlines that pass at once are told with their own times.
    (
        "rule r { sequence global { a: a  not x within 5s: x } matches every }",
        "0s a\n1s a\nadvance 20s",
        &["start 0 @0s", "start 0 @1s", "alert @5s", "alert @6s"],
    ),
    (
        "rule r { sequence global within 5s { a: a  b: b  c: c } }",
        "0s a\n1s b\n9s c",
        &["start 0 @0s", "advance 1 @1s", "expiry @9s"],
    ),
];

#[test]
fn an_observer_is_told_what_happens_when() {
    for (rule, stream, expected) in CASES {
        for general in [false, true] {
            assert_eq!(told(rule, stream, general), expected, "{rule}\ngeneral: {general}");
        }
    }
}

/// Writes down what it is told.
#[derive(Default)]
struct Log(RefCell<Vec<String>>);

impl Log {
    fn add(&self, what: impl std::fmt::Display, at: At<'_>) {
        let seconds = at.time.since(notation::BASE).nanos() / 1_000_000_000;
        self.0.borrow_mut().push(format!("{what} @{seconds}s"));
    }
}

impl Observer for Log {
    fn start(&self, at: At<'_>, step: StepId) {
        self.add(format_args!("start {}", step.index()), at);
    }

    fn advance(&self, at: At<'_>, step: StepId) {
        self.add(format_args!("advance {}", step.index()), at);
    }

    fn violation(&self, at: At<'_>, absence: StepId) {
        self.add(format_args!("violation {}", absence.index()), at);
    }

    fn expiry(&self, at: At<'_>) {
        self.add("expiry", at);
    }

    fn alert(&self, at: At<'_>) {
        self.add("alert", at);
    }
}

fn told(rule: &str, stream: &str, general: bool) -> Vec<String> {
    let case = Case { rule: rule.into(), inputs: notation::inputs(stream).unwrap(), ..Case::default() };
    let program = Arc::new(run::compile(&case, Limits::default()).0.unwrap());
    let setup = Setup { general, ..Setup::default() };
    let options = EngineOptions::default();
    let mut engine = Engine::with(Arc::clone(&program), options, setup, Log::default()).unwrap();
    let mut alerts: Vec<Alert> = Vec::new();
    for input in &case.inputs {
        let flow = match input {
            Input::Event(event) => {
                engine.push(&Arc::new(Batch::of(program.fields(), [Arc::clone(event)])), &mut alerts)
            }
            other => engine::tell(&mut engine, other, &mut alerts),
        };
        assert!(flow.is_continue());
    }
    assert!(engine.finish(AtEnd::Hold, &mut alerts).is_continue());
    engine.observer().0.take()
}
