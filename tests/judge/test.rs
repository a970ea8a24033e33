//! The judge against the corpus, and the engine against the judge.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use tripline::{Event, Limits, Program};

use super::generate::{self, Trial};
use super::{Match, judge};
use crate::corpus::case::{AtEnd, Case, Verdict, load};
use crate::corpus::notation;
use crate::corpus::run;

/// How many random rules one run tries.
const TRIALS: u32 = 4_000;

#[test]
fn the_judge_agrees_with_the_corpus() {
    let mut judged = 0;
    let mut wrong = Vec::new();
    for case in load() {
        let Verdict::Alerts(expected) = &case.verdict else { continue };
        let Some(found) = verdict(&case) else { continue };
        judged += 1;
        let mut found: Vec<_> = found.iter().map(|m| m.bindings.clone()).collect();
        let mut expected: Vec<_> = expected.iter().map(|e| zero_based(e.bindings())).collect();
        found.sort();
        expected.sort();
        if found != expected {
            wrong.push(format!(
                "{}\n{}\n{}\nexpected {expected:?}\njudged {found:?}",
                case.name, case.rule, case.events_text
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {judged} cases\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(judged > 200, "only {judged} cases are within the reach of the judge");
}

#[test]
fn the_reference_agrees_with_the_judge() {
    compare(&generate::trial());
}

#[test]
fn the_reference_agrees_with_the_judge_on_latest() {
    compare(&generate::latest_trial());
}

#[test]
fn the_reference_agrees_with_the_judge_on_final() {
    compare(&generate::final_trial());
}

#[test]
fn the_reference_agrees_with_the_judge_on_keys_of_steps() {
    compare(&generate::keyed_trial());
}

/// Tries random rules. `JUDGE_SEED` and `JUDGE_TRIALS` look elsewhere and longer.
fn compare(strategy: &impl proptest::strategy::Strategy<Value = Trial>) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number("JUDGE_SEED").unwrap_or_default().to_le_bytes());
    let config = Config {
        cases: number("JUDGE_TRIALS").unwrap_or(TRIALS),
        max_global_rejects: 1_000_000,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let (tried, matched) = (Cell::new(0), Cell::new(0));
    let outcome = runner.run(strategy, |trial| {
        let matches = try_one(&trial)?;
        tried.set(tried.get() + 1);
        matched.set(matched.get() + u32::from(matches > 0));
        Ok(())
    });
    if let Err(e) = outcome {
        panic!("{e}");
    }
    assert!(matched.get() * 4 > tried.get(), "only {matched:?} of {tried:?} random rules find anything");
}

/// How many matches a random rule has, if engine and judge agree.
fn try_one(trial: &Trial) -> Result<usize, TestCaseError> {
    let case = case(trial);
    let (program, _) = run::compile(&case, Limits::default());
    let Some(program) = program else { return Err(TestCaseError::reject("does not compile")) };
    let program = Arc::new(program);
    let Some(judged) = judge_program(&program, &case) else {
        return Err(TestCaseError::reject("beyond the judge"));
    };
    let outcome = run::reference(&case, program);
    // When a match can grow no more is beyond the judge.
    let is_final = case.rule.contains("emit final");
    let time = |time: String| if is_final { "its end".to_owned() } else { time };
    let mut found: Vec<(String, BTreeMap<String, Vec<usize>>)> = outcome
        .alerts
        .iter()
        .map(|alert| (time(alert.word("time")), zero_based(&alert.bindings.iter().cloned().collect())))
        .collect();
    found.sort();
    let mut expected: Vec<_> =
        judged.iter().map(|m| (time(notation::show_time(m.time)), m.bindings.clone())).collect();
    expected.sort();
    if found == expected { Ok(found.len()) } else { Err(TestCaseError::fail(show(&case, &judged, &found))) }
}

fn case(trial: &Trial) -> Case {
    Case {
        name: "found_by_the_judge".into(),
        file: String::new(),
        rule: trial.rule.clone(),
        events_text: trial.events.clone(),
        inputs: notation::inputs(&trial.events).unwrap(),
        at_end: if trial.hold { AtEnd::Hold } else { AtEnd::Flush },
        ..Case::default()
    }
}

/// What the judge says of a case that is in order and flushed.
fn verdict(case: &Case) -> Option<Vec<Match>> {
    let (program, _) = run::compile(case, Limits::default());
    judge_program(&program?, case)
}

fn judge_program(program: &Program, case: &Case) -> Option<Vec<Match>> {
    let [rule] = &program.plan().rules[..] else { return None };
    let events: Option<Vec<&Event>> = case.inputs.iter().map(|input| input.event().map(|e| &**e)).collect();
    let events = events?;
    let in_order = events.is_sorted_by_key(|event| event.time);
    let matches = if in_order { judge(rule, &events)? } else { return None };
    let now = events.last()?.time;
    let held = |m: &Match| case.at_end == AtEnd::Hold && m.time >= now && m.by_deadline;
    Some(matches.into_iter().filter(|m| !held(m)).collect())
}

fn zero_based(bindings: &BTreeMap<String, Vec<u64>>) -> BTreeMap<String, Vec<usize>> {
    bindings
        .iter()
        .map(|(name, lines)| (name.clone(), lines.iter().map(|&n| n as usize - 1).collect()))
        .collect()
}

/// A disagreement, as a corpus case with the judge's verdict.
fn show(case: &Case, judged: &[Match], found: &[(String, BTreeMap<String, Vec<usize>>)]) -> String {
    let line = |time: &str, bindings: &BTreeMap<String, Vec<usize>>| {
        let step = |(name, places): (&String, &Vec<usize>)| {
            let lines: Vec<String> = places.iter().map(|n| (n + 1).to_string()).collect();
            format!("{name}={}", lines.join(","))
        };
        let steps: Vec<String> = bindings.iter().map(step).collect();
        format!("{} @{time}\n", steps.join(" "))
    };
    let expected: String = judged.iter().map(|m| line(&notation::show_time(m.time), &m.bindings)).collect();
    let found: String = found.iter().map(|(time, bindings)| line(time, bindings)).collect();
    format!(
        "\n[[case]]\nname = \"{}\"\nat_end = \"{}\"\norder = \"any\"\nrule = '''\n{}\n'''\nevents = '''\n{}'''\n\
         expect = '''\n{expected}'''\n# the engine found:\n# {}\n",
        case.name,
        if case.at_end == AtEnd::Hold { "hold" } else { "flush" },
        case.rule,
        case.events_text,
        found.trim_end().replace('\n', "\n# ")
    )
}
