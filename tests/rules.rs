//! The shipped rules: their own tests, and the streams of the demo with several seeds.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tripline::demo::{self, Stream};
use tripline::diagnostic::Diagnostic;
use tripline::ruletest::{self, Report, Suite, Test};
use tripline::{FileId, Limits, Program, Settings, SourceFile};

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
fn shipped_rules_are_in_canonical_form() {
    for shipped in demo::RULES {
        let text = tripline::syntax::format(FileId(0), shipped.rule, &Limits::default()).unwrap();
        assert_eq!(text, shipped.rule, "{}: run `tripline fmt rules`", shipped.name);
    }
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

/// What a rule says and what it would say a little otherwise.
const THRESHOLDS: &[(&str, &str, &str)] = &[
    ("card_testing", "probe{3,}", "probe{2,}"),
    ("card_testing", "within 10m", "within 11m"),
    ("card_testing", "probe_below = 2", "probe_below = 2.01"),
    ("card_testing", "hit_above = 500", "hit_above = 499"),
    ("structuring", "d{3,}", "d{2,}"),
    ("structuring", "within 7d", "within 7d1m"),
    ("structuring", "structuring_from = 8_000", "structuring_from = 7_999"),
    ("structuring", "reporting_limit = 10_000", "reporting_limit = 10_001"),
    ("structuring", " and rising(amount)", ""),
    ("money_mule", "mule_received = 2_000", "mule_received = 1_999"),
    ("money_mule", "mule_share = 0.9", "mule_share = 0.89"),
    ("money_mule", "within 24h", "within 24h1m"),
    ("account_takeover", "2 of", "1 of"),
    ("account_takeover", "takeover_amount = 1_000", "takeover_amount = 999"),
    ("account_takeover", "within 24h", "within 24h1m"),
    ("refund_abuse", "){3}", "){2}"),
    ("refund_abuse", "within 10d", "within 11d"),
    ("refund_abuse", r#"abuse_reason = "not_received""#, r#"abuse_reason = "damaged""#),
    ("cloned_card", "max_kmh = 900", "max_kmh = 800"),
    ("cloned_card", "max_kmh = 900", "max_kmh = 1_000"),
    ("brute_force_success", "fail{5,}", "fail{4,}"),
    ("brute_force_success", "fail{5,}", "fail{6,}"),
    ("brute_force_success", "within 2m", "within 2m1s"),
    ("impossible_travel", "within 1h", "within 1h1m"),
    ("impossible_travel", " and country != a.country", ""),
    ("mfa_fatigue", "push{4,} within 2m", "push{3,} within 2m"),
    ("mfa_fatigue", "push{4,} within 2m", "push{4,} within 3m"),
    ("mfa_fatigue", "ok within 2m", "ok within 3m"),
    ("password_spray", "spray_users = 10", "spray_users = 9"),
    ("password_spray", "within 30m", "within 45m"),
    ("privilege_escalation", "dump_rows = 10_000", "dump_rows = 9_999"),
    ("privilege_escalation", "within 30m", "within 31m"),
    ("privilege_escalation", r#""10.0.0.0/8", "#, ""),
    ("privilege_escalation", r#"["admin", "owner"]"#, r#"["admin", "owner", "reader"]"#),
    ("audit_log_cleared", "within 12h", "within 12h1m"),
    ("breakglass_login", r#""success""#, r#""failure""#),
    ("wangiri", "wangiri_victims = 8", "wangiri_victims = 7"),
    ("wangiri", "wangiri_ring_s = 3", "wangiri_ring_s = 4"),
    ("wangiri", "wangiri_talk_s = 30", "wangiri_talk_s = 29"),
    ("wangiri", "within 1h", "within 1h1m"),
    ("sim_swap_takeover", "sim_swap_amount = 500", "sim_swap_amount = 499"),
    ("sim_swap_takeover", "within 24h", "within 24h1m"),
    ("sim_swap_takeover", "passed == true", "passed == false"),
    ("heartbeat_lost", "within 30m", "within 29m"),
    ("heartbeat_lost", "within 30m", "within 31m"),
    ("overheating", "climb{5,}", "climb{4,}"),
    ("overheating", "hot_at = 80", "hot_at = 79.9"),
    ("overheating", "next climb", "climb"),
    ("sensor_stuck", "same{10,}", "same{9,}"),
    ("forced_door", "within 30s", "within 29s999ms"),
    ("forced_door", "within 30s", "within 30s1ms"),
    ("door_left_open", "within 10m", "within 9m59s"),
    ("door_left_open", "within 10m", "within 10m1ms"),
    ("paid_not_shipped", "within 48h", "within 47h59m"),
    ("paid_not_shipped", "within 48h", "within 48h1m"),
    ("deploy_then_errors", "err{10,}", "err{9,}"),
    ("deploy_then_errors", "within 10m", "within 10m1s"),
    ("deploy_then_errors", "error_status = 500", "error_status = 499"),
    ("deploy_then_errors", r#" until kind == "rollback""#, ""),
    ("page_response", "within 15m", "within 15m1s"),
    ("page_response", "within 4h", "within 4h1m"),
];

#[test]
fn the_stream_comes_near_every_threshold() {
    let stream = Stream::generate(1, 40_000);
    let rounds = THRESHOLDS.iter().map(|(rule, ..)| THRESHOLDS.iter().filter(|t| t.0 == *rule).count()).max();
    let mut unnoticed: Vec<&(&str, &str, &str)> = Vec::new();
    for round in 0..rounds.unwrap() {
        let changed: Vec<&(&str, &str, &str)> = demo::RULES
            .iter()
            .filter_map(|shipped| THRESHOLDS.iter().filter(|t| shipped.name.ends_with(t.0)).nth(round))
            .collect();
        let sources = demo::RULES.iter().filter_map(|shipped| {
            let (_, old, new) = changed.iter().find(|t| shipped.name.ends_with(t.0))?;
            assert!(shipped.rule.contains(old), "{} does not say {old}", shipped.name);
            Some(SourceFile::new(shipped.name, shipped.rule.replacen(old, new, 1)))
        });
        // A rule that is loosened may be a worse one.
        let sources: Vec<SourceFile> = sources.collect();
        let (program, _) = Program::compile(&sources, &Settings::default(), Limits::default());
        let program = Arc::new(program.unwrap());
        let (alerts, _) = demo::run(&stream, &program, || ControlFlow::Continue(())).unwrap();
        let scores = demo::score(&stream, [], &alerts);
        unnoticed.extend(changed.into_iter().filter(|(rule, ..)| {
            let score = scores.iter().find(|score| score.rule == *rule).unwrap();
            score.missed.is_empty() && score.invented.is_empty()
        }));
    }
    assert!(unnoticed.is_empty(), "these changes make no difference: {unnoticed:#?}");
}

#[test]
fn what_the_demo_keeps_can_be_run_and_tested() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let tripline = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tripline"))
            .current_dir(folder.path())
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let scores = tripline(&["demo", "--events", "5000", "--seed", "9", "--out", "kept"]);
    assert_eq!(scores.lines().count(), demo::RULES.len());
    tripline(&["test", "kept/rules", "--deny"]);

    let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let truth = fs::read_to_string(kept.join("truth.ndjson")).unwrap();
    let mut truth: Vec<[String; 4]> = truth.lines().map(|line| told(&value(line), |key| key)).collect();
    let alerts = tripline(&["run", "kept/rules", "kept/events.ndjson"]);
    let only = |key: serde_json::Value| {
        key.as_object().and_then(|fields| fields.values().next().cloned()).unwrap_or_else(|| "".into())
    };
    let mut alerts: Vec<[String; 4]> = alerts.lines().map(|line| told(&value(line), only)).collect();
    assert!(!truth.is_empty());
    truth.sort();
    alerts.sort();
    assert_eq!(truth, alerts);
}

/// Rule, kind, key and time of an incident or alert.
fn told(line: &serde_json::Value, key: impl Fn(serde_json::Value) -> serde_json::Value) -> [String; 4] {
    [line["rule"].clone(), line["kind"].clone(), key(line["key"].clone()), line["time"].clone()]
        .map(|value| value.to_string())
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
    Arc::new(compile(&sources, &Settings { params: test.params.clone(), ..Settings::default() }))
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
