//! Rules that are edited while the stream goes on: random edits of random rules, by the engine in every form and as the
//! reference takes them.
//!
//! `SWAP_SEED` and `SWAP_TRIALS` look elsewhere and longer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use tripline::{Alert, Engine, EngineOptions, Limits, Program, Swapped};

use crate::corpus::case::Case;
use crate::corpus::notation::{self, Input};
use crate::corpus::run::Outcome;
use crate::corpus::{engine, run};
use crate::generate::{
    Arrival, Trial, beside_others, edited, is_usual, looked_at, rules, search, trials, window_trials,
};
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
fn what_is_held_and_forgotten_is_edited() {
    compare(trials(rules::bounded(), Arrival::Mixed));
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

#[test]
fn edited_rules_go_on_alike_beside_others() {
    compare_beside(trials(rules::any(), Arrival::Mixed));
}

#[test]
fn edited_rules_of_latest_go_on_alike_beside_others() {
    compare_beside(trials(rules::latest(), Arrival::Mixed));
}

#[test]
fn edited_rules_with_timeouts_go_on_alike_beside_others() {
    compare_beside(trials(rules::timeouts(), Arrival::Mixed));
}

#[test]
fn edited_rules_with_keys_go_on_alike_beside_others() {
    compare_beside(trials(rules::keyed(), Arrival::Mixed));
}

#[test]
fn edited_queues_go_on_alike_beside_others() {
    compare_beside(trials(rules::queues(), Arrival::Mixed));
}

#[test]
fn edited_rules_held_in_common_go_on_alike_beside_others() {
    compare_beside(trials(rules::in_common(), Arrival::Mixed));
}

#[test]
fn edited_windows_go_on_alike_beside_others() {
    compare_beside(window_trials(Arrival::Mixed));
}

#[test]
fn edited_rules_go_on_alike_below_others() {
    compare_below(trials(rules::any(), Arrival::Mixed));
}

#[test]
fn edited_rules_with_final_go_on_alike_below_others() {
    compare_below(trials(rules::finals(), Arrival::Mixed));
}

#[test]
fn edited_rules_with_timeouts_go_on_alike_below_others() {
    compare_below(trials(rules::timeouts(), Arrival::Mixed));
}

#[test]
fn edited_windows_go_on_alike_below_others() {
    compare_below(window_trials(Arrival::Mixed));
}

/// Other rules look at what the one says that is edited.
fn compare_below(strategy: impl Strategy<Value = Trial>) {
    search("SWAP", TRIALS / 2, &looked_at(edited(strategy)), |trial| {
        try_one(trial, &Limits::default()).map(drop)
    });
}

/// Other rules come and go beside the one that is edited, so that what is kept of events changes for rules that stay as they
/// are; and what a start may hold is so little that it is seen what events weigh.
fn compare_beside(strategy: impl Strategy<Value = Trial>) {
    search("SWAP", TRIALS / 3, &beside_others(edited(strategy)), |trial| {
        try_one(trial, &Limits::default())?;
        try_one(trial, &Limits { captured_bytes: 2 * 256 + 3, ..Limits::default() }).map(drop)
    });
}

fn compare(strategy: impl Strategy<Value = Trial>) {
    // For each kind of edit how often it was met with starts that go on, and with such that are lost.
    let met: RefCell<BTreeMap<String, (u32, u32)>> = RefCell::default();
    search("SWAP", TRIALS, &edited(strategy), |trial| {
        for swapped in try_one(trial, &Limits::default())? {
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

#[test]
fn many_edits_leave_no_more_than_two() {
    let rules = "rule r { sequence by k within 1h { a: a  b: b where v > a.v } }
        rule s { sequence by k within 1h { a: a  not x: x  b: b where v > a.v } }
        rule w { window by k over 1h { x: a } when sum(x.w) > 100 }";
    let other = "rule other { sequence by l within 1h { p: a  q: b where u != p.u } emit t = p.k }";
    let events = "0s a k=1 v=1 w=2 l=x u=some_text\n1s a k=2 v=3\n2s a k=1 v=1 w=7";
    let case = Case {
        name: "many_edits".into(),
        rule: rules.into(),
        edits: vec![format!("{other}\n{rules}"), rules.into()],
        inputs: notation::inputs(events).unwrap(),
        ..Case::default()
    };
    let mut program = Arc::new(run::compile(&case, Limits::default()).0.unwrap());
    let mut engine = Engine::new(Arc::clone(&program), EngineOptions::default());
    let mut alerts: Vec<Alert> = Vec::new();
    for event in case.inputs.iter().filter_map(Input::event) {
        let _ = engine.push_event(Arc::clone(event), &mut alerts);
    }
    let began = engine::sections(&engine);
    for round in 0..500 {
        for edit in 0..2 {
            program = run::edited(&case, edit, &program);
            let swapped = engine.swap(&program, &mut alerts).unwrap();
            let lost = |rule: &&Swapped| rule.revision.is_some() && rule.lost > 0;
            assert_eq!(swapped.iter().find(lost), None, "{round}");
        }
        assert!(engine::sections(&engine) == began, "{round}");
    }
    assert_eq!(program.fields().len(), 3, "what no rule reads has no number");
}

/// What became of the partial matches at each edit, if all agree on that and on what came out.
fn try_one(trial: &Trial, limits: &Limits) -> Result<Vec<String>, TestCaseError> {
    let mut case = trial.case();
    let (program, _) = run::compile(&case, limits.clone());
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
    let runs = |program: &Program| program.compiled().iter().any(|rule| rule.info.name == "r");
    program.is_some_and(|program| program.strata() == 1 && runs(&program))
}

fn told(outcome: &Outcome, lines: bool) -> Vec<String> {
    let mut told = said(outcome, lines);
    told.extend(outcome.swapped.iter().cloned());
    told
}
