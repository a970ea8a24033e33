//! The engine against the reference: random rules over random streams, in batches of several sizes.
//!
//! `ORACLE_SEED` and `ORACLE_TRIALS` look elsewhere and longer.

use std::cell::Cell;
use std::sync::Arc;

use proptest::prop_assert;
use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use tripline::plan::Rule;
use tripline::program::Form;
use tripline::{LIMIT, Limits};

use crate::corpus::case::Case;
use crate::corpus::run::Outcome;
use crate::corpus::{engine, notation, run};
use crate::generate::{Arrival, Trial, chain_trials, is_usual, rules, search, trials, window_trials};

/// How many random rules of each kind one run tries.
const TRIALS: u32 = 1_500;

#[test]
fn the_engine_agrees_with_the_reference() {
    compare(trials(rules::any(), Arrival::InOrder));
}

#[test]
fn the_engine_agrees_with_the_reference_out_of_order() {
    compare(trials(rules::any(), Arrival::Mixed));
}

#[test]
fn the_engine_agrees_with_the_reference_on_latest() {
    compare(trials(rules::latest(), Arrival::Mixed));
}

#[test]
fn the_engine_agrees_with_the_reference_on_final() {
    compare(trials(rules::finals(), Arrival::Mixed));
}

#[test]
fn the_engine_agrees_with_the_reference_on_timeouts() {
    compare(trials(rules::timeouts(), Arrival::Mixed));
}

#[test]
fn the_engine_agrees_with_the_reference_on_keys() {
    compare(trials(rules::keyed(), Arrival::Mixed));
}

#[test]
fn the_engine_agrees_with_the_reference_on_the_limit_of_all() {
    compare(trials(rules::limited(), Arrival::Mixed));
}

#[test]
fn the_engine_agrees_with_the_reference_on_suppress() {
    compare(trials(rules::held_back(), Arrival::Mixed));
}

#[test]
fn the_engine_agrees_with_the_reference_on_what_is_held_and_forgotten() {
    compare(trials(rules::bounded(), Arrival::Mixed));
}

#[test]
fn the_engine_agrees_with_the_reference_on_queues() {
    search("ORACLE", 2 * TRIALS, &trials(rules::queues(), Arrival::Mixed), |trial| {
        let (program, _) = run::compile(&trial.case(), Limits::default());
        let forms: Vec<Form> =
            program.iter().flat_map(|p| p.compiled().iter().map(|rule| rule.form)).collect();
        prop_assert!(forms.iter().all(|form| *form == Form::Queue), "{forms:?}\n{}", trial.rules);
        try_one(trial)
    });
}

#[test]
fn the_engine_agrees_with_the_reference_on_what_is_held_in_common() {
    let (tried, shared) = (Cell::new(0), Cell::new(0));
    search("ORACLE", 2 * TRIALS, &trials(rules::in_common(), Arrival::Mixed), |trial| {
        let (program, _) = run::compile(&trial.case(), Limits::default());
        let mut rules = program.iter().flat_map(|program| program.compiled());
        tried.set(tried.get() + 1);
        shared.set(shared.get() + u32::from(rules.all(|rule| rule.form == Form::Shared)));
        try_one(trial)
    });
    let (tried, shared): (u32, u32) = (tried.get(), shared.get());
    assert!(
        !is_usual("ORACLE") || shared * 10 >= tried * 7,
        "only {shared} of {tried} rules are held in common"
    );
}

/// Over more events than the engine goes back over at once, which random trials are too short for: in common it says what
/// it says one by one.
#[test]
fn what_is_held_in_common_agrees_over_hundreds_of_events() {
    let steps = [
        "s: a | b | x  any c: c",
        "a: a  any b: b  c: c",
        "a: a  b+: b  any c: c",
        "a: a  any b: b  not x: x  c: c",
        "a: a  any b: b  next c: c",
        "a: a  any b+?: b where v == 1  any c: c",
        "a: a  any b: b  any c?: c  d: d",
        "either { a: a } or { b: b }  any x: x where v > 1  any d: d",
    ];
    let mut seed = 1u64;
    let mut next = |of: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % of
    };
    for (steps, limit) in steps.iter().flat_map(|steps| [(steps, 1), (steps, 7)]) {
        let kinds = ["a", "b", "b", "c", "d", "x", "x", "x"];
        let line = |n| format!("{n}s {} v={}\n", kinds[next(8) as usize], next(9));
        let events_text: String = (0..600).map(line).collect();
        let inputs = notation::inputs(&events_text).unwrap();
        let rule =
            format!("rule r {{ sequence global within 390s {{ {steps} }} matches all limit {limit} }}");
        let case = Case { rule, events_text, inputs, ..Case::default() };
        let program = Arc::new(run::compile(&case, Limits::default()).0.unwrap());
        assert_eq!(program.compiled()[0].form, Form::Shared);
        let expected = said(&engine::in_general(&case, Arc::clone(&program)), true);
        assert!(expected.len() > 10, "{steps}: {expected:?}");
        agree(&case, "in common", &expected, &said(&engine::one_by_one(&case, program), true)).unwrap();
    }
}

#[test]
fn the_engine_agrees_with_the_reference_on_windows() {
    search("ORACLE", 2 * TRIALS, &window_trials(Arrival::Mixed), |trial| {
        try_one(trial)?;
        let case = trial.case();
        let limits =
            Limits { partials_per_key: 4, captured_bytes: 900, starts_per_group: 1, ..Limits::default() };
        let (program, _) = run::compile(&case, limits);
        let Some(program) = program.map(Arc::new) else { return Ok(()) };
        let expected = run::reference(&case, Arc::clone(&program));
        let found = engine::one_by_one(&case, program);
        agree(&case, "with small limits", &said(&expected, true), &said(&found, true))
    });
}

#[test]
fn the_engine_agrees_with_the_reference_on_chains() {
    search("ORACLE", 2 * TRIALS, &chain_trials(Arrival::Mixed), try_one);
}

fn compare(strategy: impl Strategy<Value = Trial>) {
    search("ORACLE", TRIALS, &strategy, try_one);
}

fn try_one(trial: &Trial) -> TestCaseResult {
    let case = trial.case();
    let (program, _) = run::compile(&case, Limits::default());
    let Some(program) = program else { return Err(TestCaseError::reject("does not compile")) };
    let program = Arc::new(program);
    let expected = run::reference(&case, Arc::clone(&program));
    let at_once = engine::one_by_one(&case, Arc::clone(&program));
    agree(&case, "one by one", &said(&expected, true), &said(&at_once, true))?;
    let general = engine::in_general(&case, Arc::clone(&program));
    agree(&case, "in the general form", &said(&expected, true), &said(&general, true))?;
    // An engine that stands alone holds back what is like its own alerts: of part of a key others have some too.
    if program.strata() == 1 && holds_back_by_whole_keys(&program.plan().rules[0]) {
        let shards = engine::in_shards(&case, Arc::clone(&program));
        agree(&case, "in shards", &sum(std::slice::from_ref(&expected)), &sum(&shards))?;
    }
    for size in [3, usize::MAX] {
        let found = engine::batches(&case, Arc::clone(&program), size);
        agree(&case, &format!("in batches of {size}"), &said(&expected, false), &said(&found, false))?;
    }
    Ok(())
}

fn holds_back_by_whole_keys(rule: &Rule) -> bool {
    rule.suppress.as_ref().is_none_or(|suppress| suppress.by_whole_key(rule.key().len()))
}

/// Everything that an engine said, and with `lines` when.
pub fn said(outcome: &Outcome, lines: bool) -> Vec<String> {
    let alerts = outcome.alerts.iter().map(|alert| {
        let mut alert = alert.clone();
        alert.rest.retain(|(word, _)| lines || *word != "line");
        format!("{alert} id:{:032x}", alert.id)
    });
    let counts = [
        format!("late {:?}", outcome.late),
        format!("beyond_limit {} open {} pending {}", outcome.beyond_limit, outcome.open, outcome.pending),
    ];
    alerts.chain(counts).collect()
}

/// The alerts of several engines, in an order that does not depend on which found them, and what they count together. Of
/// bounds each of them speaks for itself.
pub fn sum(outcomes: &[Outcome]) -> Vec<String> {
    let alerts = outcomes.iter().flat_map(|outcome| &outcome.alerts);
    let mut said: Vec<String> = alerts.map(|alert| format!("{alert} id:{:032x}", alert.id)).collect();
    said.retain(|alert| !alert.contains(&format!("type:{LIMIT} ")));
    said.sort();
    let total = |count: fn(&Outcome) -> u64| outcomes.iter().map(count).sum::<u64>();
    let counts = [total(|o| o.beyond_limit), total(|o| o.open), total(|o| o.pending)];
    said.push(format!("beyond_limit, open, pending: {counts:?}"));
    said
}

/// Whether it is what was expected.
pub fn agree(case: &Case, how: &str, expected: &[String], found: &[String]) -> TestCaseResult {
    if expected == found {
        return Ok(());
    }
    Err(TestCaseError::fail(format!(
        "{how}\n{}\n{}\nlateness {} at_end {:?}\nexpected\n  {}\nfound\n  {}",
        case.rule,
        case.events_text,
        case.lateness,
        case.at_end,
        expected.join("\n  "),
        found.join("\n  ")
    )))
}
