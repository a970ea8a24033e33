//! Snapshots: what they hold, how they are written, what is refused, and that nobody sees that there was one.
//!
//! `SNAPSHOT_SEED` and `SNAPSHOT_TRIALS` look elsewhere and longer.

mod cbor;
mod damage;
mod format;
mod kept;
mod lines;

use std::sync::Arc;

use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use tripline::{Limits, Program};

use crate::corpus::case::Case;
use crate::corpus::run::Outcome;
use crate::corpus::{engine, notation, run};
use crate::generate::{Arrival, Trial, chain_trials, rules, search, trials, window_trials};
use crate::oracle::{agree, said};

/// How many random rules of each kind one run tries.
const TRIALS: u32 = 400;

#[test]
fn an_engine_restored_after_every_event_says_the_same() {
    compare(trials(rules::any(), Arrival::Mixed));
}

#[test]
fn an_engine_restored_says_the_same_on_latest() {
    compare(trials(rules::latest(), Arrival::Mixed));
}

#[test]
fn an_engine_restored_says_the_same_on_final() {
    compare(trials(rules::finals(), Arrival::Mixed));
}

#[test]
fn an_engine_restored_says_the_same_on_timeouts() {
    compare(trials(rules::timeouts(), Arrival::Mixed));
}

#[test]
fn an_engine_restored_says_the_same_on_keys() {
    compare(trials(rules::keyed(), Arrival::Mixed));
}

#[test]
fn an_engine_restored_says_the_same_on_the_limit_of_all() {
    compare(trials(rules::limited(), Arrival::Mixed));
}

#[test]
fn an_engine_restored_says_the_same_on_queues() {
    compare(trials(rules::queues(), Arrival::Mixed));
}

#[test]
fn an_engine_restored_says_the_same_on_what_is_held_in_common() {
    compare(trials(rules::in_common(), Arrival::Mixed));
}

#[test]
fn an_engine_restored_holds_back_the_same() {
    compare(trials(rules::held_back(), Arrival::Mixed));
}

#[test]
fn what_is_held_and_forgotten_goes_on() {
    compare(trials(rules::bounded(), Arrival::Mixed));
}

#[test]
fn an_engine_restored_says_the_same_on_windows() {
    compare(window_trials(Arrival::Mixed));
}

#[test]
fn chains_go_on_where_they_were() {
    compare(chain_trials(Arrival::Mixed));
}

/// What starts share is written once.
#[test]
fn a_snapshot_grows_with_what_is_held() {
    let bytes = |count: usize| {
        let stream = format!("{}{}", "0s f v=1\n".repeat(count), "1s g\n".repeat(count));
        let case = Case {
            rule: "rule r { sequence global { f: f  g{2,}: g  h: h } matches every }".into(),
            inputs: notation::inputs(&stream).unwrap(),
            ..Case::default()
        };
        let program = Arc::new(run::compile(&case, Limits::default()).0.unwrap());
        let mut longest = 0;
        engine::seen(&case, program, |engine| {
            longest = engine::sections(engine).iter().map(Vec::len).max().unwrap();
        });
        longest
    };
    let (once, twice) = (bytes(50), bytes(100));
    assert!(once > 5_000 && twice < once * 2 + once / 10, "{once} bytes, and for twice as much {twice}");
}

/// What leads to nothing any more is not written, so equal states are written alike.
#[test]
fn what_has_ended_leaves_nothing_in_a_snapshot() {
    let bytes = |stream: &str| {
        let steps = "a: a  any b: b  not x: x  c: c";
        let case = Case {
            rule: format!("rule r {{ sequence global within 1m {{ {steps} }} matches all limit 10 }}"),
            inputs: notation::inputs(stream).unwrap(),
            ..Case::default()
        };
        let program = Arc::new(run::compile(&case, Limits::default()).0.unwrap());
        let mut last = Vec::new();
        engine::seen(&case, program, |engine| {
            last = engine::sections(engine).iter().map(Vec::len).collect();
        });
        last
    };
    assert_eq!(bytes("0s a\n1s b\n2s x"), bytes("0s a\n1s y\n2s y"));
    assert_ne!(bytes("0s a\n1s b\n2s y"), bytes("0s a\n1s y\n2s y"));
}

fn compare(strategy: impl Strategy<Value = Trial>) {
    search("SNAPSHOT", TRIALS, &strategy, try_one);
}

/// What runs a case.
type Configuration = fn(&Case, Arc<Program>) -> Outcome;

fn try_one(trial: &Trial) -> TestCaseResult {
    let case = trial.case();
    let (program, _) = run::compile(&case, Limits::default());
    let Some(program) = program.map(Arc::new) else { return Err(TestCaseError::reject("does not compile")) };
    let expected = said(&engine::one_by_one(&case, Arc::clone(&program)), true);
    let configurations: [(&str, Configuration); 4] = [
        ("restored after every event", engine::restored),
        ("restored in another form", engine::restored_in_another_form),
        ("restored in parts", engine::restored_in_parts),
        ("restored in a named group", engine::restored_in_a_named_group),
    ];
    configurations.into_iter().try_for_each(|(how, configuration)| {
        agree(&case, how, &expected, &said(&configuration(&case, Arc::clone(&program)), true))
    })
}
