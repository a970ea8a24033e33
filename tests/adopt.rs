//! What an engine has come to hold is taken over by a new one, which then goes on as if it had judged all of it: so rules that
//! begin late know what was before.
//!
//! `ADOPT_SEED` and `ADOPT_TRIALS` look elsewhere and longer.

use std::cell::Cell;
use std::sync::Arc;

use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use tripline::runtime::Setup;
use tripline::{LIMIT, Limits, Program};

use crate::corpus::case::Case;
use crate::corpus::run::{self, Outcome};
use crate::corpus::{case, engine};
use crate::generate::{Arrival, Trial, chain_trials, is_usual, rules, search, trials, window_trials};
use crate::oracle::agree;

/// How many random rules of each kind one run tries.
const TRIALS: u32 = 1_000;

#[test]
fn any_rules_are_adopted() {
    compare(trials(rules::any(), Arrival::InOrder));
}

#[test]
fn rules_of_latest_are_adopted() {
    compare(trials(rules::latest(), Arrival::InOrder));
}

#[test]
fn rules_with_final_are_adopted() {
    compare(trials(rules::finals(), Arrival::InOrder));
}

#[test]
fn rules_with_timeouts_are_adopted() {
    compare(trials(rules::timeouts(), Arrival::InOrder));
}

#[test]
fn rules_with_keys_are_adopted() {
    compare(trials(rules::keyed(), Arrival::InOrder));
}

#[test]
fn rules_with_bounds_are_adopted() {
    compare(trials(rules::bounded(), Arrival::InOrder));
}

#[test]
fn queues_are_adopted() {
    compare(trials(rules::queues(), Arrival::InOrder));
}

#[test]
fn what_is_held_in_common_is_adopted() {
    compare(trials(rules::in_common(), Arrival::InOrder));
}

#[test]
fn windows_are_adopted() {
    compare(window_trials(Arrival::InOrder));
}

#[test]
fn rules_over_alerts_are_adopted() {
    compare(chain_trials(Arrival::InOrder));
}

/// The cases of the corpus whose streams are in order, and in which nothing is remembered of alerts.
#[test]
fn cases_are_adopted() {
    let mut tried = 0;
    for case in case::load() {
        let (program, _) = run::compile(&case, Limits::default());
        let Some(program) = program.map(Arc::new).filter(|program| goes_for(program, &case)) else {
            continue;
        };
        if let Err(failed) = try_case(&case, program) {
            panic!("{}: {failed}", case.name);
        }
        tried += 1;
    }
    assert!(tried > 300, "{tried} cases");
}

fn goes_for(program: &Program, case: &Case) -> bool {
    let remembers = program.plan().rules.iter().any(|rule| rule.suppress.is_some());
    let is_plain = case.edits.is_empty() && case.inputs.iter().all(|input| input.event().is_some());
    !remembers && is_plain && case.lateness == tripline::Duration::ZERO
}

fn compare(strategy: impl Strategy<Value = Trial>) {
    let met = Cell::new(0);
    search("ADOPT", TRIALS, &strategy, |trial| {
        let case = trial.case();
        let program = run::compile(&case, Limits::default()).0.map(Arc::new);
        let program = program.filter(|program| goes_for(program, &case));
        let program = program.ok_or_else(|| TestCaseError::reject("not for this"))?;
        met.set(met.get() + u32::from(!try_case(&case, program)?.alerts.is_empty()));
        Ok(())
    });
    assert!(!is_usual("ADOPT") || met.get() > 100, "only {} said anything", met.get());
}

/// What came out, if the engines that took over said what the reference says.
fn try_case(case: &Case, program: Arc<Program>) -> Result<Outcome, TestCaseError> {
    let expected = run::reference(case, Arc::clone(&program));
    let same =
        |how: &str, found: &Outcome| -> TestCaseResult { agree(case, how, &told(&expected), &told(found)) };
    same("adopted", &engine::adopted(case, Arc::clone(&program), Setup::default()))?;
    same(
        "adopted in the general form",
        &engine::adopted(case, program, Setup { general: true, ..Setup::default() }),
    )?;
    Ok(expected)
}

/// Alerts, and what is held. What was counted, and which bound was said to be reached, is not taken over.
fn told(outcome: &Outcome) -> Vec<String> {
    let alerts = outcome.alerts.iter().map(|alert| format!("{alert} id:{:032x}", alert.id));
    let alerts = alerts.filter(|alert| !alert.contains(&format!("type:{LIMIT} ")));
    alerts.chain([format!("open {} pending {}", outcome.open, outcome.pending)]).collect()
}
