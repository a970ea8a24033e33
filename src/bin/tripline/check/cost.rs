//! `tripline check --cost`: what each rule costs.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;
use tripline::Program;
use tripline::plan::{Rule, Suppress};
use tripline::program::{Cost, End, Form, Most};
use tripline::runtime::Footprint;

use crate::terminal;

/// Writes what each rule costs, by name: as lines of JSON or as a table.
pub(super) fn write(program: &Program, lines: bool) -> io::Result<()> {
    let limits = program.limits();
    let taken = |rule: usize| program.compiled().iter().find(|compiled| compiled.rule == rule);
    let rules = program.plan().rules.iter().enumerate().filter_map(|(at, rule)| {
        // That a pattern is not too large was seen when it was compiled.
        let cost = Cost::of(rule, limits).ok()?;
        let takes = taken(at).and_then(|compiled| Footprint::of(program, compiled));
        Some(Costs { rule, cost, takes })
    });
    let mut out = terminal::out();
    if lines {
        rules.map(|costs| line(&costs)).try_for_each(|line| writeln!(out, "{line}"))?;
    } else {
        writeln!(out, "{}", table(rules))?;
    }
    out.flush()
}

/// What is known of a rule.
struct Costs<'r> {
    rule: &'r Rule,
    cost: Cost,
    takes: Option<Footprint>,
}

fn line(Costs { rule, cost, takes }: &Costs<'_>) -> String {
    let ends = Some(cost.ends.to_string()).filter(|_| cost.ends != End::Nothing);
    let (events, unbounded) = match (&cost.most, cost.holds) {
        (Most::Events(events), Some(_)) => (Some(events), None),
        (Most::Step(step), Some(_)) => (None, Some(step)),
        _ => (None, None),
    };
    json!({
        "rule": rule.name.as_str(),
        "form": cost.form.to_string(),
        "because": cost.because,
        "holds": cost.holds,
        "events": events,
        "unbounded": unbounded,
        "bytes": takes.map(|takes| {
            json!({"key": about(takes.key), "start": about(takes.start), "event": about(takes.event)})
        }),
        "suppress": rule.suppress.as_ref().map(|suppress| {
            json!({"for": length(suppress), "bytes": about(Footprint::of_alert(suppress))})
        }),
        "ends": ends,
        "limit": cost.limit,
        "hold": cost.hold,
        "forget": cost.forget.map(|length| length.to_string()),
        "lags": cost.lags,
        "steps": cost.steps,
        "edges": cost.edges,
    })
    .to_string()
}

fn table<'r>(rules: impl Iterator<Item = Costs<'r>>) -> String {
    const HEAD: [&str; 8] =
        ["rule", "steps", "edges", "form", "a key holds", "ends", "bytes", "no cheaper form, because"];
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(HEAD);
    for Costs { rule, cost, takes } in rules {
        let (steps, edges) = (cost.steps.to_string(), cost.edges.to_string());
        let (form, ends) = (cost.form.to_string(), ends(&cost));
        let (mut holds, mut bytes) = (holds(&cost), bytes(&cost, takes));
        if let Some(suppress) = &rule.suppress {
            let told = format!("alerts that came out, for {}", length(suppress));
            holds = if bytes.is_empty() { told } else { format!("{holds}; {told}") };
            bytes = format!("{bytes}, {} an alert", about(Footprint::of_alert(suppress)));
        }
        let because = cost.because.unwrap_or_default();
        let bytes = bytes.trim_start_matches(", ");
        table.add_row([rule.name.as_str(), &steps, &edges, &form, &holds, &ends, bytes, &because]);
    }
    table
        .column_iter_mut()
        .skip(1)
        .take(2)
        .for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// For how long alerts are held back.
fn length(suppress: &Suppress) -> String {
    suppress.length.map_or("ever".to_owned(), |length| length.to_string())
}

/// What a key holds, and how many events of it.
fn holds(cost: &Cost) -> String {
    let events = match (&cost.most, cost.form) {
        (Most::Events(1), Form::Queue | Form::Runs) => ", 1 event each".to_owned(),
        (Most::Events(events), Form::Queue | Form::Runs) => format!(", up to {events} events each"),
        (Most::Step(step), Form::Queue | Form::Runs) => format!(", with all that `{step}` takes"),
        (Most::Events(events), Form::Window) => format!(", at most {events}"),
        _ => String::new(),
    };
    let most = cost.hold.map(|most| format!(", at most {most}")).unwrap_or_default();
    match (cost.holds, cost.lags) {
        (None, false) => "nothing".to_owned(),
        (None, true) => "the event before".to_owned(),
        (Some(what), false) => format!("{what}{most}{events}"),
        (Some(what), true) => format!("{what}{most}{events}; the event before"),
    }
}

/// When what a key holds is forgotten.
fn ends(cost: &Cost) -> String {
    const QUIET: &str = "after the last of its key";
    match (&cost.ends, cost.forget) {
        (End::Never(_), Some(forget)) => format!("{forget} {QUIET}"),
        (End::Nothing, Some(_) | None) if !cost.lags => String::new(),
        (End::Nothing, Some(forget)) => format!("{forget} {QUIET}"),
        (End::Nothing, None) => "never".to_owned(),
        (ends, Some(forget)) => format!("{ends}, or {forget} {QUIET}"),
        (ends @ End::Never(_), None) => {
            let limits = cost.limit.into_iter().chain(cost.hold.map(|most| most as usize));
            limits.min().map_or(ends.to_string(), |limit| format!("{ends}: limit {limit}"))
        }
        (ends, None) => ends.to_string(),
    }
}

/// A number to two digits: more would say that it is exact.
fn about(bytes: usize) -> usize {
    let unit = 10usize.pow(bytes.checked_ilog10().unwrap_or(0).saturating_sub(1));
    (bytes + unit / 2) / unit * unit
}

/// What that takes.
fn bytes(cost: &Cost, takes: Option<Footprint>) -> String {
    let Some(takes) = takes else { return String::new() };
    let (key, start, event) = (about(takes.key), about(takes.start), about(takes.event));
    match cost.form {
        _ if cost.holds.is_none() => format!("{key} a key"),
        Form::Window => format!("{key} a key, {event} an event"),
        _ if cost.most == Most::Events(1) => format!("{key} a key, {start} a start"),
        _ => format!("{key} a key, {start} a start, {event} an event more"),
    }
}
