//! The table of worked examples of the policies: `a b{1,} c` over `a1 b1 c1` under each policy.

use tripline::Limits;

use super::blocks;
use super::markdown::{Page, Table, code};
use crate::corpus::case::Case;
use crate::corpus::{notation, run};

const HEAD: [&str; 7] = ["steps", "stream", "disjoint", "separate", "every", "latest", "all"];

/// What is wrong with the table.
pub fn check(page: &Page) -> Vec<String> {
    let tables: Vec<&Table> = page.tables(&HEAD).collect();
    assert_eq!(tables.len(), 1, "the table of worked examples");
    let rows = || tables.iter().flat_map(|table| &table.rows);
    assert!(rows().count() > 5, "the table has rows");
    rows().flat_map(|row| check_row(page, tables[0].line, row)).collect()
}

fn check_row(page: &Page, line: usize, row: &[String]) -> Vec<String> {
    let [steps, stream, cells @ ..] = row else { return vec!["a row without steps".into()] };
    let (steps, stream) = (code(steps), Stream::read(code(stream)));
    let wrong = HEAD[2..].iter().zip(cells).filter_map(|(policy, cell)| {
        let found = stream.verdict(steps, policy);
        let mut expected: Vec<&str> = cell.split_whitespace().collect();
        expected.sort_unstable();
        let expected = if expected.is_empty() { "none".into() } else { expected.join(" ") };
        (found != expected).then(|| {
            format!(
                "{}: `{steps}` over {} with `{policy}`: found {found}",
                page.at(line),
                stream.labels.join(" ")
            )
        })
    });
    wrong.collect()
}

/// `a1 b1@5 a2(7)`: an event a second, or at the second named, of the type that the letter is; `k` in brackets.
struct Stream {
    labels: Vec<String>,
    events: String,
}

impl Stream {
    fn read(text: &str) -> Stream {
        let (mut labels, mut events) = (Vec::new(), String::new());
        for (second, word) in text.split_whitespace().enumerate() {
            let (label, at) = word.split_once('@').unwrap_or((word, ""));
            let at = if at.is_empty() { second.to_string() } else { at.to_owned() };
            let key = label.split_once('(').map(|(_, key)| format!(" k={}", key.trim_end_matches(')')));
            events += &format!("{at}s {}{}\n", &label[..1], key.unwrap_or_default());
            labels.push(label.to_owned());
        }
        Stream { labels, events }
    }

    /// The matches under a policy, each as the labels of its events, loops in brackets.
    fn verdict(&self, steps: &str, policy: &str) -> String {
        let clause = if policy == "all" { "all limit 100" } else { policy };
        let rule = format!("rule r {{ sequence global within 1h {{ {steps} }} matches {clause} }}");
        let case = Case { inputs: notation::inputs(&self.events).unwrap(), ..blocks::case(&rule) };
        let (program, found) = run::compile(&case, Limits::default());
        let Some(program) = program else {
            let codes: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
            return codes.join(" ");
        };
        let outcome = run::reference(&case, program.into());
        let mut matches: Vec<String> =
            outcome.alerts.iter().map(|alert| self.shown(steps, &alert.bindings)).collect();
        matches.sort();
        if matches.is_empty() { "none".into() } else { matches.join(" ") }
    }

    fn shown(&self, steps: &str, bindings: &[(String, Vec<u64>)]) -> String {
        let step = |(name, events): &(String, Vec<u64>)| {
            let labels: String =
                events.iter().map(|n| self.labels[usize::try_from(*n).unwrap() - 1].as_str()).collect();
            let loops = ["{1,}", "+", "*"].iter().any(|loops| steps.contains(&format!("{name}{loops}")));
            if loops { format!("[{labels}]") } else { labels }
        };
        bindings.iter().map(step).collect()
    }
}
