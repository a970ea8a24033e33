//! Blocks of rules, streams and alerts.

use tripline::diagnostic::{Code, Diagnostic};
use tripline::{Duration, Limits};

use super::markdown::{Block, Page, Part};
use crate::corpus::case::{AtEnd, Case, Verdict};
use crate::corpus::{self, engine, notation, run};

/// What is wrong with the blocks of rules of a page and what follows them.
pub fn check(page: &Page) -> Vec<String> {
    let (mut wrong, mut rules) = (Vec::new(), None);
    let mut edits: Vec<String> = Vec::new();
    let mut stream: Option<&Block> = None;
    for part in &page.parts {
        let Part::Block(block) = part else { continue };
        match block.kind.as_str() {
            "trip" if block.word("edit").is_some() => {
                wrong.extend(compiles(page, block));
                edits.push(block.text.clone());
            }
            "trip" => {
                wrong.extend(compiles(page, block));
                (rules, stream) = (Some(block), None);
                edits.clear();
            }
            "events" => stream = Some(block),
            "alerts" => match (rules, stream) {
                (Some(rules), Some(stream)) => wrong.extend(runs(page, rules, &edits, (stream, block))),
                _ => wrong.push(format!("{}: alerts of no rule and stream", page.at(block.line))),
            },
            _ => {}
        }
    }
    wrong
}

/// Whether rules compile with the findings that their fence names and no others: `error=E0401`, `lint=L0001`.
fn compiles(page: &Page, block: &Block) -> Option<String> {
    let words = block.words.iter().filter(|(name, _)| name == "error" || name == "lint");
    let mut expected: Vec<&str> = words.flat_map(|(_, codes)| codes.split(',')).collect();
    let asked = expected.contains(&Code::Unbounded.as_str());
    let found = if asked { all_findings(&block.text) } else { findings(&block.text) };
    let mut codes: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    expected.sort_unstable();
    codes.sort_unstable();
    codes.dedup();
    (expected != codes).then(|| format!("{}: {expected:?} expected\n{}", page.at(block.line), shown(&found)))
}

/// What the compiler says of a rule file. Examples need no `within`: that a start is kept for ever is said of none of them.
pub fn findings(text: &str) -> Vec<Diagnostic> {
    let mut found = all_findings(text);
    found.retain(|finding| finding.code != Code::Unbounded);
    found
}

/// Everything that the compiler says of a rule file.
pub fn all_findings(text: &str) -> Vec<Diagnostic> {
    run::compile(&case(text), Limits::default()).1
}

/// Findings as text.
pub fn shown(found: &[Diagnostic]) -> String {
    let lines = found.iter().map(|finding| format!("  {} {}", finding.code.as_str(), finding.message));
    lines.collect::<Vec<_>>().join("\n")
}

/// A case of nothing but rules.
pub fn case(rule: &str) -> Case {
    Case {
        name: "block".into(),
        file: "block".into(),
        rule: rule.to_owned(),
        ordered: true,
        ..Case::default()
    }
}

/// Whether a stream gives these alerts. On the fence: `lateness=5s late=3 at_end=flush any_order eval_errors=1
/// beyond_limit=2 pending=1`.
fn runs(page: &Page, rules: &Block, edits: &[String], (stream, alerts): (&Block, &Block)) -> Option<String> {
    let place = page.at(alerts.line);
    let expected = must(&place, notation::lines(&alerts.text, notation::expectation));
    let number =
        |word: &str| alerts.word(word).map(|n| must(&place, n.parse().map_err(|_| format!("{word}={n}"))));
    let lateness = alerts.word("lateness").unwrap_or("0s");
    let late = alerts.word("late").into_iter().flat_map(|late| late.split(','));
    let case = Case {
        file: place.clone(),
        edits: edits.to_vec(),
        events_text: stream.text.clone(),
        inputs: must(&place, notation::inputs(&stream.text)),
        lateness: Duration::parse(lateness).unwrap(),
        at_end: if alerts.word("at_end") == Some("flush") { AtEnd::Flush } else { AtEnd::Hold },
        ordered: alerts.word("any_order").is_none(),
        verdict: Verdict::Alerts(expected),
        late: late.map(|offset| offset.parse().unwrap()).collect(),
        eval_errors: number("eval_errors"),
        beyond_limit: number("beyond_limit"),
        pending: number("pending"),
        ..case(&rules.text)
    };
    corpus::failure(&case, &run::reference).or_else(|| corpus::failure(&case, &engine::one_by_one))
}

fn must<T>(place: &str, read: Result<T, String>) -> T {
    read.unwrap_or_else(|what| panic!("{place}: {what}"))
}
