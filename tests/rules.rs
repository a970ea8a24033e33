//! The shipped rules: their own tests, and the streams of the demo with several seeds.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tripline::demo::{self, Stream};
use tripline::diagnostic::Diagnostic;
use tripline::ruletest::{self, Report, Suite, Test};
use tripline::{Limits, Program, Settings, SourceFile};

#[test]
fn the_tests_of_the_shipped_rules_pass() {
    let mut failed = String::new();
    for (path, suite) in suites() {
        for test in &suite.tests {
            let outcome = ruletest::run(test, &program(test));
            if !outcome.passed() {
                failed.push_str(&format!("{}: {}\n{}", path.display(), test.name, Report(&outcome)));
            }
        }
    }
    assert!(failed.is_empty(), "\n{failed}");
}

#[test]
fn every_shipped_rule_is_tested_both_ways() {
    for (path, suite) in suites() {
        let rule = path.file_name().unwrap().to_str().unwrap().trim_end_matches(".test.yaml").to_owned();
        let alerts = suite.tests.iter().filter(|t| t.expect.iter().any(|e| e.rule == rule)).count();
        let quiet = suite.tests.iter().filter(|t| t.expect.is_empty()).count();
        assert!(alerts > 0 && quiet > 0, "{}: {alerts} tests alert and {quiet} do not", path.display());
    }
}

#[test]
fn every_shipped_rule_has_tests_and_is_embedded() {
    let embedded: BTreeSet<String> =
        demo::RULES.iter().map(|shipped| format!("{}.trip", shipped.name)).collect();
    let mut there = BTreeSet::new();
    for path in files("trip") {
        assert!(path.with_extension("test.yaml").exists(), "{} has no tests", path.display());
        there.insert(path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/"));
    }
    assert_eq!(embedded, there);
}

#[test]
fn a_wrong_expectation_gives_the_difference() {
    let (_, suite) =
        suites().into_iter().find(|(p, _)| p.ends_with("brute_force_success.test.yaml")).unwrap();
    let mut test = suite.tests[0].clone();
    test.expect[0].fields[0].1 = tripline::Value::Int(6);
    test.expect[0].at = tripline::Timestamp::parse("2026-01-01T00:01:00Z");
    test.expect.push(test.expect[0].clone());
    let outcome = ruletest::run(&test, &program(&test));
    assert!(!outcome.passed());
    let wanted = "
  ~ differs     brute_force_success at 55s key {user: ann}
      at               expected 1m  found 55s
      fields.attempts  expected 6   found 5
  - missing     brute_force_success at 1m key {user: ann} fields {attempts: 6, first_ip: \"10.0.0.7\", ip: \"10.0.0.9\"}
";
    assert_eq!(format!("\n{}", Report(&outcome)), wanted);

    test.expect.clear();
    let wanted = "
  + unexpected  brute_force_success at 55s key {user: ann} fields {attempts: 5, first_ip: \"10.0.0.7\", ip: \"10.0.0.9\"}
";
    assert_eq!(format!("\n{}", Report(&ruletest::run(&test, &program(&test)))), wanted);
}

#[test]
fn the_shipped_rules_find_what_is_planted_and_nothing_else() {
    let program = Arc::new(compile(&demo_sources(), &Settings::default()));
    for seed in [1, 2, 3, 4] {
        let stream = Stream::generate(seed, 20_000);
        let (alerts, rejects) = demo::run(&stream, &program, || ControlFlow::Continue(())).unwrap();
        assert!(rejects.is_empty(), "{rejects:?}");
        let rules = program.rules().map(|(rule, _)| rule.name.to_string());
        for score in demo::score(&stream, rules, &alerts) {
            let invented: Vec<_> = score.invented.iter().map(|a| (a.time.to_string(), &a.key)).collect();
            assert!(
                score.missed.is_empty() && invented.is_empty(),
                "seed {seed}, {}: missed {:#?}, invented {invented:#?}",
                score.rule,
                score.missed
            );
            assert!(score.planted > 0, "seed {seed}: nothing is planted for {}", score.rule);
        }
    }
}

#[test]
fn what_is_missed_or_invented_is_told() {
    let program = Arc::new(compile(&demo_sources(), &Settings::default()));
    let mut stream = Stream::generate(5, 5_000);
    let (alerts, _) = demo::run(&stream, &program, || ControlFlow::Continue(())).unwrap();
    let moved = stream.truth.first_mut().unwrap();
    moved.time += 1;
    let rule = moved.rule;
    let scores = demo::score(&stream, [], &alerts);
    let of = |name: &str| scores.iter().find(|score| score.rule == name).unwrap();
    assert_eq!((of(rule).missed.len(), of(rule).invented.len()), (1, 1));
    assert!(scores.iter().all(|s| s.rule == rule || (s.missed.is_empty() && s.invented.is_empty())));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

/// All files below `rules/` with this ending, in order.
fn files(ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in
        fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        found.extend(files.filter(|path| path.extension().is_some_and(|e| e == ending)));
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

fn suites() -> Vec<(PathBuf, Suite)> {
    let read = |path: PathBuf| {
        let (suite, problems) = Suite::read(&path, &fs::read_to_string(&path).unwrap());
        assert!(problems.is_empty(), "{}: {problems:?}", path.display());
        (path, suite)
    };
    files("yaml").into_iter().map(read).collect()
}

fn program(test: &Test) -> Arc<Program> {
    let read = |path: &PathBuf| SourceFile::new(path.to_str().unwrap(), fs::read_to_string(path).unwrap());
    let sources: Vec<SourceFile> = test.rules.iter().map(read).collect();
    Arc::new(compile(&sources, &Settings { params: test.params.clone() }))
}

fn demo_sources() -> Vec<SourceFile> {
    demo::RULES.iter().map(|shipped| SourceFile::new(shipped.name, shipped.rule)).collect()
}

/// Compiles rules in which nothing is to be found fault with.
fn compile(sources: &[SourceFile], settings: &Settings) -> Program {
    let (program, findings) = Program::compile(sources, settings, Limits::default());
    let show = |finding: &Diagnostic| tripline::render::short(finding, sources);
    let shown: Vec<String> = findings.iter().map(show).collect();
    assert!(findings.is_empty(), "{}", shown.join("\n"));
    program.unwrap()
}
