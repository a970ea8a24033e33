//! Rules that are edited while the stream goes on: random edits of random rules, by the engine in every form and as the
//! reference takes them.
//!
//! `SWAP_SEED` and `SWAP_TRIALS` look elsewhere and longer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use tripline::{Limits, Program};

use crate::corpus::case::Case;
use crate::corpus::run::Outcome;
use crate::corpus::{engine, run};
use crate::generate::{Arrival, Trial, edited, is_usual, rules, search, trials, window_trials};
use crate::oracle::{agree, said};

/// How many random rules of each kind one run tries.
const TRIALS: u32 = 1_500;

#[test]
fn edited_rules_go_on_alike() {
    compare(trials(rules::any(), Arrival::Mixed));
}

#[test]
fn edited_rules_of_latest_go_on_alike() {
    compare(trials(rules::latest(), Arrival::Mixed));
}

#[test]
fn edited_rules_with_final_go_on_alike() {
    compare(trials(rules::finals(), Arrival::Mixed));
}

#[test]
fn edited_rules_with_timeouts_go_on_alike() {
    compare(trials(rules::timeouts(), Arrival::Mixed));
}

#[test]
fn edited_rules_with_keys_go_on_alike() {
    compare(trials(rules::keyed(), Arrival::Mixed));
}

#[test]
fn edited_rules_that_hold_back_go_on_alike() {
    compare(trials(rules::held_back(), Arrival::Mixed));
}

#[test]
fn edited_queues_go_on_alike() {
    compare(trials(rules::queues(), Arrival::Mixed));
}

#[test]
fn edited_rules_held_in_common_go_on_alike() {
    compare(trials(rules::in_common(), Arrival::Mixed));
}

#[test]
fn edited_windows_go_on_alike() {
    compare(window_trials(Arrival::Mixed));
}

fn compare(strategy: impl Strategy<Value = Trial>) {
    // For each kind of edit how often it was met with starts that go on, and with such that are lost.
    let met: RefCell<BTreeMap<String, (u32, u32)>> = RefCell::default();
    search("SWAP", TRIALS, &edited(strategy), |trial| {
        for swapped in try_one(trial)? {
            let words: Vec<&str> = swapped.split(' ').collect();
            let [_, revision, _, kept, _, lost, ..] = words[..] else { continue };
            let mut met = met.borrow_mut();
            let (keeps, loses) = met.entry(revision.to_owned()).or_default();
            *keeps += u32::from(kept != "0");
            *loses += u32::from(lost != "0");
        }
        Ok(())
    });
    let met = met.into_inner();
    let keeps = |revision: &str| met.get(revision).is_some_and(|(keeps, _)| *keeps > 20);
    assert!(!is_usual("SWAP") || keeps("Same") && keeps("Alike"), "{met:?}");
}

/// What became of the partial matches at each edit, if all agree on that and on what came out.
fn try_one(trial: &Trial) -> Result<Vec<String>, TestCaseError> {
    let mut case = trial.case();
    let (program, _) = run::compile(&case, Limits::default());
    let Some(program) = program.map(Arc::new) else { return Err(TestCaseError::reject("does not compile")) };
    // What does not compile leaves the rules as they are.
    let mut before = case.rule.clone();
    for edit in &mut case.edits {
        if compiles(edit) { before.clone_from(edit) } else { edit.clone_from(&before) }
    }
    let expected = run::reference(&case, Arc::clone(&program));
    let same = |how: &str, found: &Outcome, lines: bool| -> TestCaseResult {
        agree(
            &case,
            &format!("{how}\nedits:\n{}", case.edits.join("\n")),
            &told(&expected, lines),
            &told(found, lines),
        )
    };
    same("one by one", &engine::one_by_one(&case, Arc::clone(&program)), true)?;
    same("in the general form", &engine::in_general(&case, Arc::clone(&program)), true)?;
    same("in batches", &engine::batches(&case, Arc::clone(&program), 5), false)?;
    same("restored", &engine::restored(&case, Arc::clone(&program)), true)?;
    same("restored in another form", &engine::restored_in_another_form(&case, program), true)?;
    Ok(expected.swapped)
}

fn compiles(rule: &str) -> bool {
    let case = Case { name: "edited".into(), rule: rule.to_owned(), ..Case::default() };
    let program: Option<Program> = run::compile(&case, Limits::default()).0;
    program.is_some_and(|program| program.strata() == 1 && program.compiled().len() == 1)
}

fn told(outcome: &Outcome, lines: bool) -> Vec<String> {
    let mut told = said(outcome, lines);
    told.extend(outcome.swapped.iter().cloned());
    told
}
