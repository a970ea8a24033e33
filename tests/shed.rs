//! What is held the longest is given up at random moments: by the engine in every form and as the reference does it.
//!
//! `SHED_SEED` and `SHED_TRIALS` look elsewhere and longer.

use std::cell::Cell;
use std::sync::Arc;

use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use tripline::Limits;

use crate::corpus::run::Outcome;
use crate::corpus::{engine, run};
use crate::generate::{
    Arrival, Trial, is_usual, looked_at, rules, search, short_of_memory, trials, window_trials,
};
use crate::oracle::{agree, said};

/// How many random rules of each kind one run tries.
const TRIALS: u32 = 1_500;

#[test]
fn any_rules_give_up_alike() {
    compare(trials(rules::any(), Arrival::Mixed));
}

#[test]
fn rules_of_latest_give_up_alike() {
    compare(trials(rules::latest(), Arrival::Mixed));
}

#[test]
fn rules_with_final_give_up_alike() {
    compare(trials(rules::finals(), Arrival::Mixed));
}

#[test]
fn rules_with_timeouts_give_up_alike() {
    compare(trials(rules::timeouts(), Arrival::Mixed));
}

#[test]
fn rules_with_keys_give_up_alike() {
    compare(trials(rules::keyed(), Arrival::Mixed));
}

#[test]
fn rules_that_hold_back_give_up_alike() {
    compare(trials(rules::held_back(), Arrival::Mixed));
}

#[test]
fn rules_with_bounds_give_up_alike() {
    compare(trials(rules::bounded(), Arrival::Mixed));
}

#[test]
fn queues_give_up_alike() {
    compare(trials(rules::queues(), Arrival::Mixed));
}

#[test]
fn what_is_held_in_common_is_given_up_alike() {
    compare(trials(rules::in_common(), Arrival::Mixed));
}

#[test]
fn windows_give_up_alike() {
    compare(window_trials(Arrival::Mixed));
}

#[test]
fn rules_with_final_give_up_alike_below_others() {
    compare(looked_at(trials(rules::finals(), Arrival::Mixed)));
}

#[test]
fn windows_give_up_alike_below_others() {
    compare(looked_at(window_trials(Arrival::Mixed)));
}

fn compare(strategy: impl Strategy<Value = Trial>) {
    let met = Cell::new(0);
    search("SHED", TRIALS, &short_of_memory(strategy), |trial| {
        let given_up = try_one(trial)?;
        met.set(met.get() + u32::from(given_up));
        Ok(())
    });
    assert!(!is_usual("SHED") || met.get() > 100, "only {} gave anything up", met.get());
}

/// Whether anything was given up, if all agree on that and on what came out.
fn try_one(trial: &Trial) -> Result<bool, TestCaseError> {
    let case = trial.case();
    let (program, _) = run::compile(&case, Limits::default());
    let Some(program) = program.map(Arc::new) else { return Err(TestCaseError::reject("does not compile")) };
    let expected = run::reference(&case, Arc::clone(&program));
    let same = |how: &str, found: &Outcome, lines: bool| -> TestCaseResult {
        agree(&case, how, &told(&expected, lines), &told(found, lines))
    };
    same("one by one", &engine::one_by_one(&case, Arc::clone(&program)), true)?;
    same("in the general form", &engine::in_general(&case, Arc::clone(&program)), true)?;
    same("in batches", &engine::batches(&case, Arc::clone(&program), 5), false)?;
    same("restored", &engine::restored(&case, Arc::clone(&program)), true)?;
    same("restored in another form", &engine::restored_in_another_form(&case, program), true)?;
    Ok(!expected.swapped.is_empty())
}

fn told(outcome: &Outcome, lines: bool) -> Vec<String> {
    let mut told = said(outcome, lines);
    told.extend(outcome.swapped.iter().cloned());
    told
}
