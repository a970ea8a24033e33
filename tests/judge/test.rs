//! The judge against the corpus, and the engine against the judge.

use std::cell::Cell;
use std::io::Write as _;
use std::sync::Arc;

use proptest::strategy::Strategy;
use proptest::test_runner::TestCaseError;
use tripline::{Limits, Program};

use super::value::Word;
use super::{Alert, judge};
use crate::corpus::case::{AtEnd, Case, load};
use crate::corpus::notation::{self, Found};
use crate::corpus::{case::Verdict, run};
use crate::generate::{Arrival, Trial, is_usual, rules, search, trials, window_trials};

/// How many random rules one run tries.
const TRIALS: u32 = 2_000;

#[test]
fn the_judge_agrees_with_the_corpus() {
    let mut judged = 0;
    let mut wrong = Vec::new();
    for case in load() {
        let Verdict::Alerts(expected) = &case.verdict else { continue };
        // It says what matches, and not what of it is held back or has become of it by an edit.
        let bounded = ["suppress ", "hold ", "forget "].iter().any(|word| case.rule.contains(word));
        if bounded || !case.edits.is_empty() {
            continue;
        }
        let Some(verdict) = verdict(&case) else { continue };
        judged += 1;
        let mut found: Vec<_> = verdict.alerts.iter().map(|a| &a.bindings).collect();
        let mut expected: Vec<_> = expected.iter().map(|e| e.bindings()).collect();
        found.sort();
        expected.sort();
        if found != expected || verdict.late != case.late {
            wrong.push(format!(
                "{}\n{}\n{}\nexpected {expected:?}\njudged {found:?}",
                case.name, case.rule, case.events_text
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {judged} cases\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(judged > 300, "only {judged} cases are within the reach of the judge");
}

#[test]
fn the_reference_agrees_with_the_judge() {
    compare("any", trials(rules::any(), Arrival::InOrder));
}

#[test]
fn the_reference_agrees_with_the_judge_out_of_order() {
    compare("out of order", trials(rules::any(), Arrival::Mixed));
}

#[test]
fn the_reference_agrees_with_the_judge_on_latest() {
    compare("latest", trials(rules::latest(), Arrival::InOrder));
}

#[test]
fn the_reference_agrees_with_the_judge_on_final() {
    compare("final", trials(rules::finals(), Arrival::Mixed));
}

#[test]
fn the_reference_agrees_with_the_judge_on_timeouts() {
    compare("timeouts", trials(rules::timeouts(), Arrival::Mixed));
}

#[test]
fn the_reference_agrees_with_the_judge_on_keys() {
    compare("keys", trials(rules::keyed(), Arrival::Mixed));
}

#[test]
fn the_reference_agrees_with_the_judge_on_windows() {
    compare_each("windows", window_trials(Arrival::Mixed), false);
}

#[test]
fn the_reference_agrees_with_the_judge_on_the_limit_of_all() {
    compare("limit", trials(rules::limited(), Arrival::InOrder));
}

/// How many trials were judged, and how many of them have what makes a trial worth it.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    tried: u32,
    alerts: u32,
    /// Two events of one time.
    ties: u32,
    late: u32,
    /// An absence was violated.
    violated: u32,
    /// A time bound ended a partial match.
    expired: u32,
    beyond_limit: u32,
}

impl Tally {
    fn plus(self, other: Tally) -> Tally {
        Tally {
            tried: self.tried + other.tried,
            alerts: self.alerts + other.alerts,
            ties: self.ties + other.ties,
            late: self.late + other.late,
            violated: self.violated + other.violated,
            expired: self.expired + other.expired,
            beyond_limit: self.beyond_limit + other.beyond_limit,
        }
    }
}

/// Tries random rules. `JUDGE_SEED` and `JUDGE_TRIALS` look elsewhere and longer, and say what was met.
fn compare(name: &str, strategy: impl Strategy<Value = Trial>) {
    compare_each(name, strategy, true);
}

/// The same; whether the rules are such that matches expire and are violated.
fn compare_each(name: &str, strategy: impl Strategy<Value = Trial>, expire: bool) {
    let tally = Cell::new(Tally::default());
    search("JUDGE", TRIALS, &strategy, |trial| {
        tally.set(tally.get().plus(try_one(trial)?));
        Ok(())
    });
    let tally = tally.get();
    if !is_usual("JUDGE") {
        _ = writeln!(std::io::stderr(), "{name}: {tally:?}");
        return;
    }
    let needed = [tally.ties, tally.violated, tally.expired];
    let needed = &needed[..if expire { 3 } else { 1 }];
    let rare = tally.alerts * 2 < tally.tried || needed.iter().any(|n| n * 40 < tally.tried);
    assert!(!rare, "the random rules of `{name}` show too little: {tally:?}");
}

/// What a random rule shows, if engine and judge agree.
fn try_one(trial: &Trial) -> Result<Tally, TestCaseError> {
    let case = trial.case();
    let (program, _) = run::compile(&case, Limits::default());
    let Some(program) = program else { return Err(TestCaseError::reject("does not compile")) };
    if case.is_told_by_arrival() {
        return Err(TestCaseError::reject("the judge knows places only"));
    }
    let program = Arc::new(program);
    let Some(verdict) = judge_program(&program, &case) else {
        return Err(TestCaseError::reject("beyond the judge"));
    };
    let outcome = run::reference(&case, program);
    let (expected, found) = in_groups(&verdict.alerts, &outcome.alerts);
    if expected != found || outcome.late != verdict.late || outcome.beyond_limit != verdict.beyond_limit {
        if is_cut_short(&case, outcome.beyond_limit) {
            return Err(TestCaseError::reject("more partial matches than a key may have"));
        }
        let beside = format!(
            "late {:?}, judged {:?}; beyond the limit {}, judged {}",
            outcome.late, verdict.late, outcome.beyond_limit, verdict.beyond_limit
        );
        return Err(TestCaseError::fail(show(&case, &expected, &found, &beside)));
    }
    let mut times: Vec<_> = case.inputs.iter().filter_map(|i| i.event()).map(|e| e.time).collect();
    times.sort();
    Ok(Tally {
        tried: 1,
        alerts: u32::from(!found.is_empty()),
        ties: u32::from(times.is_sorted_by(|a, b| a < b)) ^ 1,
        late: u32::from(!verdict.late.is_empty()),
        violated: u32::from(verdict.violated),
        expired: u32::from(verdict.expired),
        beyond_limit: u32::from(verdict.beyond_limit > 0),
    })
}

/// Whether less would be beyond a limit if a key had room for more partial matches, of which the judge knows nothing.
fn is_cut_short(case: &Case, beyond_limit: u64) -> bool {
    let roomy = Limits { partials_per_key: 2_000_000, ..Limits::default() };
    let (program, _) = run::compile(case, roomy);
    program.is_some_and(|program| run::reference(case, Arc::new(program)).beyond_limit != beyond_limit)
}

/// Both as text, in order. Of alerts of one moment and key the order is that of their ids, which the judge does not
/// know: there both are sorted, if the ids ascend.
fn in_groups(judged: &[Alert], alerts: &[Found]) -> (Vec<String>, Vec<String>) {
    let mut found: Vec<String> = alerts.iter().map(found_text).collect();
    let mut expected = Vec::new();
    for group in judged.chunk_by(|a, b| a.moment == b.moment && a.key == b.key) {
        let from = expected.len();
        expected.extend(group.iter().map(judged_text));
        expected[from..].sort();
        let until = expected.len().min(found.len());
        if alerts[from.min(until)..until].is_sorted_by_key(|alert| alert.id) {
            found[from.min(until)..until].sort();
        }
    }
    (expected, found)
}

fn judged_text(alert: &Alert) -> String {
    let bindings = alert.bindings.iter().map(|(name, events)| (name.clone(), events.clone())).collect();
    let key: Vec<String> = alert.key.iter().map(word_text).collect();
    let time = notation::show_time(alert.time);
    text(bindings, alert.expiry.clone(), &time, &key.join(","), &alert.line) + &alert.counts
}

fn found_text(alert: &Found) -> String {
    let expiry = (alert.word("kind") == "timeout").then(|| (alert.word("reached"), alert.word("bound")));
    // One key may be written in two ways.
    let key: Vec<String> = alert.word("key").split(',').map(|part| part.replace(".0", "")).collect();
    text(alert.bindings.clone(), expiry, &alert.word("time"), &key.join(","), &alert.word("line"))
        + &alert.word("counts")
}

fn word_text(word: &Word) -> String {
    match word {
        Word::Bool(b) => b.to_string(),
        Word::Number(x) => x.to_string(),
        Word::Text(text) => text.clone(),
    }
}

/// An alert in the notation of the corpus.
fn text(
    mut bindings: Vec<(String, Vec<u64>)>,
    expiry: Option<(String, String)>,
    time: &str,
    key: &str,
    line: &str,
) -> String {
    bindings.sort();
    let step = |(name, lines): &(String, Vec<u64>)| {
        let lines: Vec<String> = lines.iter().map(u64::to_string).collect();
        format!("{name}={}", lines.join(","))
    };
    let mut words: Vec<String> = bindings.iter().map(step).collect();
    words.push(format!("@{time}"));
    words.extend((!key.is_empty()).then(|| format!("key:{key}")));
    words.push(format!("line:{line}"));
    words.extend(expiry.map(|(reached, bound)| format!("kind:timeout reached:{reached} bound:{bound:?}")));
    words.join(" ")
}

/// What the judge says of a case.
fn verdict(case: &Case) -> Option<super::Verdict> {
    let (program, _) = run::compile(case, Limits::default());
    judge_program(&program?, case)
}

fn judge_program(program: &Program, case: &Case) -> Option<super::Verdict> {
    let [rule] = &program.plan().rules[..] else { return None };
    judge(rule, case)
}

/// A disagreement, as a corpus case with the judge's verdict.
fn show(case: &Case, judged: &[String], found: &[String], beside: &str) -> String {
    format!(
        "\n[[case]]\nname = \"{}\"\nat_end = \"{}\"\nlateness = \"{}\"\nrule = '''\n{}\n'''\nevents = '''\n{}\n'''\n\
         expect = '''\n{}\n'''\n# the engine found:\n# {}\n# {beside}\n",
        case.name,
        if case.at_end == AtEnd::Hold { "hold" } else { "flush" },
        case.lateness,
        case.rule,
        case.events_text,
        judged.join("\n"),
        found.join("\n# ")
    )
}
