//! Tables of expressions and their values: each row is evaluated against the event above the table.

use tripline::Limits;

use super::blocks;
use super::markdown::{Page, Part, Table, code};
use crate::corpus::case::Case;
use crate::corpus::{notation, run};

/// What is wrong with the tables whose last columns are `example` and `value`.
pub fn check(page: &Page) -> Vec<String> {
    let (mut wrong, mut event) = (Vec::new(), "0s t".to_owned());
    let mut rows = 0;
    for part in &page.parts {
        match part {
            Part::Block(block) if block.word("values").is_some() => event = block.text.clone(),
            Part::Table(table) => {
                let Some(at) = table.head.iter().position(|name| name == "example") else { continue };
                rows += table.rows.len();
                wrong.extend(check_table(page, table, at, &event));
            }
            Part::Block(_) => {}
        }
    }
    assert!(rows > 50, "the tables of expressions were not found: {rows} rows");
    wrong
}

fn check_table(page: &Page, table: &Table, at: usize, event: &str) -> Vec<String> {
    let rows = table.rows.iter().filter(|row| !row[at].is_empty());
    let wrong = rows.filter_map(|row| {
        let (expression, expected) = (code(&row[at]), code(&row[at + 1]));
        let found = value(expression, event);
        (found != expected)
            .then(|| format!("{}: `{expression}` is {found}, not {expected}", page.at(table.line)))
    });
    wrong.collect()
}

/// The value of an expression as `emit` gives it.
fn value(expression: &str, event: &str) -> String {
    let rule = format!("rule r {{ event one: t emit value = {expression} }}");
    let case = Case { inputs: notation::inputs(event).unwrap(), ..blocks::case(&rule) };
    let (program, found) = run::compile(&case, Limits::default());
    let errors: Vec<_> = found.into_iter().filter(|finding| finding.is_error()).collect();
    let Some(program) = program.filter(|_| errors.is_empty()) else { return blocks::shown(&errors) };
    let outcome = run::reference(&case, program.into());
    match outcome.alerts.first().and_then(|alert| alert.fields.first()) {
        Some(_) if outcome.eval_errors > 0 => "unknown".to_owned(),
        Some((_, value)) => notation::show(value),
        None => "no alert".to_owned(),
    }
}
