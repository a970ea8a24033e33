//! Every limit: where it is reached in a test, and what is said of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tripline::data::Unread;
use tripline::io::{AlertFormat, AlertStyle, Evidence, data};
use tripline::reference::Reference;
use tripline::{Alert, AtEnd, EngineOptions, Limits};

use super::{case, compile};
use crate::corpus::notation::Input;
use crate::corpus::run;

/// For each limit the file in which it is reached, and the words that stand there about it.
const REACHED: [(&str, &str, &str); 17] = [
    ("rule_file_bytes", "limits/members.rs", "the file has `11` bytes, more than the limit of `10`"),
    ("data_file_bytes", "limits/members.rs", "it has more than 8 bytes, which is the limit"),
    ("rule_depth", "limits/members.rs", "brackets nest deeper than the limit of `3`"),
    ("string_bytes", "limits/members.rs", "a string of `6` bytes is longer than the limit of `3`"),
    ("repetitions", "limits/members.rs", "6 repetitions are more than the limit of 5"),
    ("regex_bytes", "limits/members.rs", "it takes more than 99 bytes when compiled"),
    ("steps", "limits/members.rs", "a rule holds at most 1 steps"),
    ("edges", "limits/members.rs", "more than 2 ways from step to step"),
    ("drawn_edges", "drawing.rs", "more than the limit of 400"),
    ("diagnostics", "limits/members.rs", "only the first `1` findings are listed"),
    ("line_bytes", "io/json.toml", "too_long it is longer than 20 bytes, the limit"),
    ("record_depth", "io/json.toml", "too_deep objects and lists nest more than 64 deep, the limit"),
    ("evidence", "limits/members.rs", "\"omitted\":{\"a\":2}"),
    ("computed_bytes", "burst.rs", "(13, 1)"),
    ("partials_per_key", "burst.rs", "(vec![vec![1, 1]], 10, 20)"),
    ("starts_per_group", "limits/starts.rs", "at_most(2)"),
    ("captured_bytes", "limits/weight.rs", "at_most(3 * EVENT + 1)"),
];

#[test]
fn every_limit_is_reached_in_a_test() {
    let text = format!("{:?}", Limits::default());
    let fields = text.trim_start_matches("Limits { ").split(", ");
    let there: BTreeSet<&str> = fields.filter_map(|field| field.split(':').next()).collect();
    let listed: BTreeSet<&str> = REACHED.iter().map(|(name, ..)| *name).collect();
    assert_eq!(there, listed);
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for (name, file, words) in REACHED {
        let quoted = words.replace('"', "\\\"");
        let text = fs::read_to_string(tests.join(file)).unwrap();
        // The table itself holds the words once.
        let wanted = 1 + usize::from(file == "limits/members.rs");
        let found = text.matches(words).count() + text.matches(&quoted).count();
        assert!(found >= wanted, "`{name}`: no `{words}` in {file}");
    }
}

/// What is too large in a rule file is an error that says what was given, as far as that is known, and the limit.
#[test]
fn a_rule_beyond_a_limit_is_refused_with_the_value_and_the_limit() {
    let none = Limits::default;
    let sequence = |steps: &str| format!("rule r {{ sequence global within 9s {{ {steps} }} }}");
    let cases: [(Limits, String, &str); 13] = [
        (
            Limits { rule_file_bytes: 10, ..none() },
            "param a = 1".into(),
            "the file has `11` bytes, more than the limit of `10`",
        ),
        (
            Limits { rule_depth: 3, ..none() },
            "rule r { event x: a where (((v == 1))) }".into(),
            "brackets nest deeper than the limit of `3`",
        ),
        (
            Limits { rule_depth: 3, ..none() },
            "rule r { event x: a where 1 + v + v + v > 1 }".into(),
            "the expression is more than `3` levels deep",
        ),
        (
            Limits { string_bytes: 3, ..none() },
            "rule r { title \"abcd\" event x: a }".into(),
            "a string of `6` bytes is longer than the limit of `3`",
        ),
        (
            Limits { repetitions: 5, ..none() },
            sequence("a{6}: a"),
            "6 repetitions are more than the limit of 5",
        ),
        (
            Limits { repetitions: 5, ..none() },
            sequence("( a{3}: a ){3}"),
            "the pattern unfolds to 9 places, and the limit is 5",
        ),
        (
            Limits { regex_bytes: 99, ..none() },
            "rule r { event x: a where v matches \"^a.*b$\" }".into(),
            "it takes more than 99 bytes when compiled, which is the limit",
        ),
        (
            Limits { steps: 1, ..none() },
            sequence("a: a  b: b"),
            "a rule holds at most 1 steps; this is one more",
        ),
        (
            Limits { edges: 2, ..none() },
            sequence("a: a  b: b  c: c"),
            "the pattern has more than 2 ways from step to step, which is the limit",
        ),
        (
            Limits { diagnostics: 1, ..none() },
            "rule r { event x: a where lowr(v) == uper(v) }".into(),
            "only the first `1` findings are listed",
        ),
        (Limits { repetitions: 6, ..none() }, sequence("a{6}: a"), ""),
        (Limits { edges: 4, ..none() }, sequence("a: a  b: b  c: c"), ""),
        (
            Limits { edges: 3, ..none() },
            sequence("a: a  b: b  c: c"),
            "the pattern has more than 3 ways from step to step, which is the limit",
        ),
    ];
    for (limits, rule, message) in cases {
        let (program, found) = run::compile(&case(&rule, ""), limits);
        let said: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(program.is_none(), !message.is_empty(), "{rule}: {said:?}");
        assert!(message.is_empty() || said.iter().any(|said| said.contains(message)), "{rule}: {said:?}");
    }
}

/// A list or table that is too large is none, however it ends.
#[test]
fn a_data_file_beyond_its_limit_is_refused() {
    let limits = Limits { data_file_bytes: 8, ..Limits::default() };
    let list = |text: &str| data::items("x.csv", text.as_bytes(), &limits).map(|items| items.len());
    assert_eq!(list("a,b\n1,2\n"), Ok(1));
    for text in ["a,b\n1,2\n3,4\n", "a,b\n1,2\n3"] {
        let Err(Unread::Bad { why, .. }) = list(text) else { panic!("{text}") };
        assert!(why.contains("it has more than 8 bytes, which is the limit"), "{why}");
        let table = data::rows("x.csv", text.as_bytes(), &limits, "a");
        assert!(matches!(table, Err(Unread::Bad { .. })));
    }
}

/// Evidence beyond its limit is counted in the alert.
#[test]
fn references_beyond_the_limit_are_counted() {
    let case = case("rule r { sequence global within 9s { a{3}: a  b: b } }", "0s a\n1s a\n2s a\n3s b");
    let mut engine = Reference::new(compile(&case, Limits::default()).unwrap(), EngineOptions::default());
    let mut alerts: Vec<Alert> = Vec::new();
    for event in case.inputs.iter().filter_map(Input::event) {
        assert!(engine.push((**event).clone(), &mut alerts).is_continue());
    }
    assert!(engine.finish(AtEnd::Hold, &mut alerts).is_continue());
    for (limit, omitted) in [(1, "\"omitted\":{\"a\":2}"), (3, "")] {
        let format = AlertFormat { style: AlertStyle::Plain, evidence: Evidence::Refs, limit };
        let line = String::from_utf8(format.line(&alerts[0]).unwrap()).unwrap();
        assert_eq!(line.contains("omitted"), !omitted.is_empty(), "{line}");
        assert!(line.contains(omitted), "{line}");
    }
}
