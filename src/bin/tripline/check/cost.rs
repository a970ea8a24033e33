//! `tripline check --cost`: what each rule costs.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;
use tripline::Program;
use tripline::program::{Cost, End};

use crate::terminal;

/// Writes what each rule costs, by name: as lines of JSON or as a table.
pub(super) fn write(program: &Program, lines: bool) -> io::Result<()> {
    let limits = program.limits();
    // That a pattern is not too large was seen when it was compiled.
    let rules =
        program.plan().rules.iter().filter_map(|rule| Some((&*rule.name, Cost::of(rule, limits).ok()?)));
    let mut out = terminal::out();
    if lines {
        rules.map(|(rule, cost)| line(rule, &cost)).try_for_each(|line| writeln!(out, "{line}"))?;
    } else {
        writeln!(out, "{}", table(rules))?;
    }
    out.flush()
}

fn line(rule: &str, cost: &Cost) -> String {
    let ends = Some(cost.ends.to_string()).filter(|_| cost.ends != End::Nothing);
    json!({
        "rule": rule,
        "form": cost.form.to_string(),
        "because": cost.because,
        "holds": cost.holds,
        "ends": ends,
        "limit": cost.limit,
        "lags": cost.lags,
        "steps": cost.steps,
        "edges": cost.edges,
    })
    .to_string()
}

fn table<'r>(rules: impl Iterator<Item = (&'r str, Cost)>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["rule", "steps", "edges", "form", "a key holds", "ends", "no cheaper form, because"]);
    for (rule, cost) in rules {
        let holds = match (cost.holds, cost.lags) {
            (None, false) => "nothing".to_owned(),
            (None, true) => "the event before".to_owned(),
            (Some(what), false) => what.to_owned(),
            (Some(what), true) => format!("{what}, the event before"),
        };
        let ends = match (&cost.ends, cost.limit) {
            (End::Never(_), Some(limit)) => format!("{}: limit {limit}", cost.ends),
            (End::Nothing, _) if cost.lags => "never".to_owned(),
            (ends, _) => ends.to_string(),
        };
        let (steps, edges) = (cost.steps.to_string(), cost.edges.to_string());
        let because = cost.because.unwrap_or_default();
        table.add_row([rule, &steps, &edges, &cost.form.to_string(), &holds, &ends, &because]);
    }
    table
        .column_iter_mut()
        .skip(1)
        .take(2)
        .for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
