//! What happens at the bounds of partial matches: the engine does what the reference does, whatever the forms, batches,
//! shards and restarts.
//!
//! `LIMITS_SEED` and `LIMITS_TRIALS` look elsewhere and longer.

mod members;
mod starts;
mod weight;

use std::cell::Cell;
use std::sync::Arc;

use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use tripline::runtime::Setup;
use tripline::{KeyGroups, Limits, Program};

use crate::corpus::case::Case;
use crate::corpus::run::Outcome;
use crate::corpus::{engine, notation, run};
use crate::generate::{Trial, is_usual, search};
use crate::oracle::{agree, said, sum};

/// How many random rules of each kind one run tries.
const TRIALS: u32 = 400;

/// A rule and its stream.
fn case(rule: &str, stream: &str) -> Case {
    let inputs = notation::inputs(stream).unwrap();
    Case { rule: rule.into(), events_text: stream.into(), inputs, ..Case::default() }
}

/// The program of a case under some limits.
fn compile(case: &Case, limits: Limits) -> Option<Arc<Program>> {
    run::compile(case, limits).0.map(Arc::new)
}

/// What the reference says of a case whose keys are of so many groups, which every way to run the engine says too: the
/// events of each alert, and how many partial matches were refused.
fn verdict(case: &Case, limits: Limits, groups: u32) -> (Vec<Vec<u64>>, u64) {
    let outcome = everywhere(case, &compile(case, limits).unwrap(), groups).unwrap();
    let events =
        |found: &notation::Found| found.bindings.iter().flat_map(|(_, events)| events.clone()).collect();
    let (of_bounds, alerts): (Vec<_>, Vec<_>) =
        outcome.alerts.iter().partition(|found| found.word("kind") == "limit");
    let mut alerts: Vec<Vec<u64>> = alerts.into_iter().map(events).collect();
    alerts.sort();
    assert_eq!(!of_bounds.is_empty(), outcome.beyond_limit > 0, "what is refused is said");
    (alerts, outcome.beyond_limit)
}

/// Tries random rules under limits that a number makes, keys being of one or two groups. At least so many of a hundred
/// trials have to reach one.
fn compare(strategy: impl Strategy<Value = Trial>, reach: u32, limits: impl Fn(usize) -> Limits) {
    let (tried, reached) = (Cell::new(0), Cell::new(0));
    search("LIMITS", TRIALS, &strategy, |trial| {
        let case = trial.case();
        let size = trial.stream.iter().map(String::len).sum::<usize>();
        let Some(program) = compile(&case, limits(size)) else {
            return Err(TestCaseError::reject("does not compile"));
        };
        let outcome = everywhere(&case, &program, 1 + size as u32 % 2)?;
        tried.set(tried.get() + 1);
        reached.set(reached.get() + u32::from(outcome.beyond_limit > 0));
        Ok(())
    });
    let (tried, reached): (u32, u32) = (tried.get(), reached.get());
    assert!(
        !is_usual("LIMITS") || reached * 100 >= tried * reach,
        "only {reached} of {tried} trials reach the limit"
    );
}

/// Runs a case in every way, and wants what the reference says.
fn everywhere(case: &Case, program: &Arc<Program>, groups: u32) -> Result<Outcome, TestCaseError> {
    let groups = KeyGroups::all(groups);
    let setup = || Setup { groups: groups.clone(), general: false };
    let program = || Arc::clone(program);
    let expected = run::reference_in_groups(case, program(), &groups);
    let same = |how: &str, lines, found: &Outcome| -> TestCaseResult {
        agree(case, how, &said(&expected, lines), &said(found, lines))
    };
    same("one by one", true, &engine::with(case, program(), 1, setup()))?;
    let general = Setup { general: true, ..setup() };
    same("in the general form", true, &engine::with(case, program(), 1, general))?;
    same("in batches", false, &engine::with(case, program(), 3, setup()))?;
    same("at once", false, &engine::with(case, program(), usize::MAX, setup()))?;
    same("restored", true, &engine::restored_with(case, program(), setup()))?;
    let other = engine::restored_in_another_form_with(case, program(), setup());
    same("restored in another form", true, &other)?;
    same("restored in parts", true, &engine::restored_in_parts_with(case, program(), setup()))?;
    let shards = engine::in_shards_of(case, program(), groups.split(2));
    agree(case, "in shards", &sum(std::slice::from_ref(&expected)), &sum(&shards))?;
    Ok(expected)
}
