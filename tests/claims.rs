//! What lints claim of conditions holds of every value: a rule that another one is said to find everything of finds
//! nothing besides, and conditions that are said to exclude each other are never true together.

use std::collections::BTreeSet;

use tripline::Limits;
use tripline::diagnostic::Code;

use crate::corpus::case::Case;
use crate::corpus::{notation, run};

/// What `v` may be: nothing, numbers near each other whole and not, text that reads as something else, and the rest.
const VALUES: [&str; 26] = [
    "null",
    "-1",
    "3",
    "3.0",
    "3.5",
    "4",
    "5",
    "9007199254740993",
    "9007199254740992.0",
    "9223372036854775807",
    "18446744073709551615",
    "1e300",
    "true",
    "false",
    "\"\"",
    "\"3\"",
    "\"a\"",
    "\"b\"",
    "\"1h\"",
    "\"90m\"",
    "\"2026-01-01T00:00:00Z\"",
    "\"2026-01-01T01:00:00+01:00\"",
    "\"10.0.0.1\"",
    "[3]",
    "[3,null]",
    "{\"a\":3}",
];

const CONSTANTS: [&str; 11] = [
    "3",
    "3.0",
    "3.5",
    "5",
    "9007199254740992.0",
    "9007199254740993",
    "\"3\"",
    "\"a\"",
    "90m",
    "1h",
    "t\"2026-01-01T00:00:00Z\"",
];

const SETS: [&str; 12] = [
    "in [3, 5]",
    "in [3.0]",
    "in [3, null]",
    "in [\"a\", \"3\"]",
    "in [3, \"a\"]",
    "in [90m]",
    "in [9007199254740993]",
    "in 3..5",
    "in 3..=5",
    "in 3.5..5",
    "in 1h..2h",
    "in 0..9007199254740993",
];

/// Conditions of every kind over `v`.
fn conditions() -> Vec<String> {
    const OTHERS: [&str; 5] = ["has(v)", "not has(v)", "v in [w]", "v == true", "v != false"];
    let mut all = OTHERS.map(String::from).to_vec();
    for constant in CONSTANTS {
        for op in ["==", "!=", "<", "<=", ">", ">="] {
            all.extend([
                format!("v {op} {constant}"),
                format!("{constant} {op} v"),
                format!("not (v {op} {constant})"),
            ]);
        }
    }
    all.extend(SETS.iter().flat_map(|set| [format!("v {set}"), format!("not (v {set})")]));
    all
}

/// The values of which a condition is true.
fn is_true_of(condition: &str) -> BTreeSet<u64> {
    let events: String = VALUES.iter().map(|value| format!("0s t v={value}\n")).collect();
    let rule = format!("rule r {{ event x: t where {condition} }}");
    let case =
        Case { name: "claims".into(), rule, inputs: notation::inputs(&events).unwrap(), ..Case::default() };
    let (program, found) = run::compile(&case, Limits::default());
    let outcome = run::reference(&case, program.unwrap_or_else(|| panic!("{condition}: {found:?}")).into());
    outcome.alerts.iter().flat_map(|alert| alert.bindings[0].1.clone()).collect()
}

/// What is found of a rule file.
fn findings(rule: String) -> Vec<(Code, String)> {
    let case = Case { name: "claims".into(), rule, ..Case::default() };
    let found = run::compile(&case, Limits::default()).1;
    found.into_iter().map(|finding| (finding.code, finding.message)).collect()
}

#[test]
fn what_lints_claim_of_conditions_holds_of_every_value() {
    let all: Vec<(String, BTreeSet<u64>)> =
        conditions().into_iter().map(|condition| (condition.clone(), is_true_of(&condition))).collect();
    let (mut wrong, mut within, mut apart) = (Vec::new(), 0, 0);
    // Each with some others, another some for each.
    for (at, (one, of_one)) in all.iter().enumerate() {
        for (other, of_other) in all.iter().skip(at % 7).step_by(7) {
            let rules = format!(
                "rule one {{ event x: t where {one} }} rule other {{ event x: t where {other} }} \
                 rule both {{ event x: t where ({one}) and ({other})  emit v = x.v }}"
            );
            for (code, message) in findings(rules) {
                let holds = match code {
                    Code::Subsumed if message.starts_with("whatever `one`") => {
                        within += 1;
                        of_one.is_subset(of_other)
                    }
                    Code::Subsumed => {
                        within += 1;
                        of_other.is_subset(of_one)
                    }
                    Code::NeverTrue => {
                        apart += 1;
                        of_one.is_disjoint(of_other)
                    }
                    _ => true,
                };
                wrong.extend((!holds).then(|| format!("`{one}`, `{other}`: {code:?}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} claims are wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(within > 300 && apart > 300, "too little was claimed: {within} and {apart}");
}
