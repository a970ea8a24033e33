//! The behaviour corpus: every case of `corpus/*.toml`, in every configuration. The format is in `corpus/README.md`.
//!
//! A configuration is a function from a case and its program to an `Outcome`; all see the same data.

pub mod case;
pub mod engine;
pub mod files;
pub mod notation;
pub mod run;

use std::fmt::Write as _;
use std::sync::Arc;

use tripline::{Limits, Program};

use case::{Case, Verdict};
use notation::{Expected, Found};
use run::Outcome;

#[test]
fn reference() {
    check(&run::reference);
}

#[test]
fn reference_out_of_order() {
    check(&|case, program| {
        run::reference_out_of_order(case, program.clone()).unwrap_or_else(|| run::reference(case, program))
    });
    let cases: Vec<Case> = case::load();
    let turned = cases.iter().filter(|case| run::turned(case).is_some()).count();
    assert!(turned * 10 > cases.len() * 8, "only {turned} of {} streams can be turned", cases.len());
}

#[test]
fn engine_one_by_one() {
    check(&engine::one_by_one);
}

#[test]
fn engine_in_the_general_form() {
    check(&engine::in_general);
}

#[test]
fn engine_in_a_named_group() {
    check(&engine::in_a_named_group);
}

#[test]
fn engine_restored_in_a_named_group() {
    check(&engine::restored_in_a_named_group);
}

#[test]
fn engine_restored() {
    check(&engine::restored);
}

#[test]
fn engine_restored_in_another_form() {
    check(&engine::restored_in_another_form);
}

#[test]
fn engine_restored_in_parts() {
    check(&engine::restored_in_parts);
}

#[test]
fn case_names_are_unique() {
    let mut names: Vec<String> = case::load().into_iter().map(|c| c.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "two cases share a name");
}

/// Runs every case in one configuration and fails with all that differ.
fn check(configuration: &dyn Fn(&Case, Arc<Program>) -> Outcome) {
    let filter = std::env::var("CORPUS").unwrap_or_default();
    let cases: Vec<Case> = case::load().into_iter().filter(|c| c.name.contains(&filter)).collect();
    let failures: Vec<String> = cases.iter().filter_map(|case| failure(case, configuration)).collect();
    let names: Vec<&str> = failures.iter().filter_map(|f| f.lines().next()).collect();
    assert!(
        failures.is_empty(),
        "{} of {} cases fail\n\n{}\n{}\n",
        failures.len(),
        cases.len(),
        failures.join("\n"),
        names.join("\n")
    );
}

/// What is wrong with a case, or nothing.
pub fn failure(case: &Case, configuration: &dyn Fn(&Case, Arc<Program>) -> Outcome) -> Option<String> {
    let (program, diagnostics) = run::compile(case, Limits::default());
    let codes: Vec<&str> = diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code.as_str()).collect();
    let messages: Vec<String> =
        diagnostics.iter().map(|d| format!("{} {}", d.code.as_str(), d.message)).collect();
    match (&case.verdict, program) {
        (Verdict::Error(code), _) if codes.contains(&code.as_str()) => None,
        (Verdict::Error(code), _) => Some(report(case, &format!("error {code}\n"), &messages.join("\n"))),
        (Verdict::Alerts(_), None) => Some(report(case, "a rule set that compiles\n", &messages.join("\n"))),
        (Verdict::Alerts(expected), Some(program)) => {
            let outcome = configuration(case, Arc::new(program));
            let wrong = differences(case, expected, &outcome);
            (!wrong.is_empty()).then(|| report(case, &expected_text(case, expected), &wrong))
        }
    }
}

/// What differs between the expectation and what was found; empty if nothing does.
fn differences(case: &Case, expected: &[Expected], outcome: &Outcome) -> String {
    let mut text = String::new();
    let same = match case.ordered {
        true => same_in_order(expected, &outcome.alerts),
        false => same_in_any_order(expected, &outcome.alerts),
    };
    if !same {
        outcome.alerts.iter().for_each(|found| _ = writeln!(text, "  {found}"));
        if outcome.alerts.is_empty() {
            text.push_str("  no alert\n");
        }
    }
    outcome.misplaced.iter().for_each(|alert| _ = writeln!(text, "  out of order: {alert}"));
    for (name, expected, found) in [
        ("late", case.late.clone(), outcome.late.clone()),
        ("eval_errors", case.eval_errors.into_iter().collect(), vec![outcome.eval_errors]),
        ("beyond_limit", case.beyond_limit.into_iter().collect(), vec![outcome.beyond_limit]),
        ("pending", case.pending.into_iter().collect(), vec![outcome.pending]),
    ] {
        let asked = name == "late" || !expected.is_empty();
        if asked && expected != found {
            _ = writeln!(text, "  {name} {found:?} where {expected:?} was expected");
        }
    }
    let expected: Option<Vec<&str>> = case.swapped.as_ref().map(|text| text.trim().lines().collect());
    if expected.is_some_and(|expected| expected != outcome.swapped) {
        _ = writeln!(text, "  swapped {:#?}", outcome.swapped);
    }
    text
}

/// Alerts of one moment stand in the order of their ids, which no case knows.
fn same_in_order(expected: &[Expected], found: &[Found]) -> bool {
    let mut rest = expected;
    for group in found.chunk_by(|a, b| {
        (a.word("line"), a.word("time"), a.word("rule")) == (b.word("line"), b.word("time"), b.word("rule"))
    }) {
        let Some((these, others)) = rest.split_at_checked(group.len()) else { return false };
        if !same_in_any_order(these, group) {
            return false;
        }
        rest = others;
    }
    rest.is_empty()
}

fn same_in_any_order(expected: &[Expected], found: &[Found]) -> bool {
    let mut left: Vec<&Found> = found.iter().collect();
    for e in expected {
        let Some(place) = left.iter().position(|found| e.fits(found)) else { return false };
        left.swap_remove(place);
    }
    left.is_empty()
}

fn expected_text(case: &Case, expected: &[Expected]) -> String {
    let order = if case.ordered { "in this order" } else { "in any order" };
    expected.iter().fold(format!("{} alerts {order}\n", expected.len()), |text, e| text + &format!("  {e}\n"))
}

fn report(case: &Case, expected: &str, found: &str) -> String {
    format!(
        "{} ({})\n{}\nlateness {} at_end {:?}\n{}\nexpected {expected}found\n{found}\n",
        case.name, case.file, case.rule, case.lateness, case.at_end, case.events_text
    )
}
