//! What is said at the end of a run.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;
use tripline::Program;
use tripline::io::{Reason, Reject};
use tripline::pipeline::Run;
use tripline::{Duration, Event, RuleStats, Stats, Timestamp};

use super::unseen::Unseen;
use crate::terminal::Terminal;

/// How `--stats` are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum StatsFormat {
    Table,
    Json,
}

/// Which of what is no event in time goes to a file.
#[derive(Clone, Copy, Default)]
pub(super) struct Kept {
    pub(super) rejects: bool,
    pub(super) late: bool,
    pub(super) shadow: bool,
}

/// What was counted.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) stats: Stats,
    pub(super) alerts: u64,
    /// Alerts of shadow rules.
    pub(super) shadow: u64,
    pub(super) rejects: BTreeMap<Reason, u64>,
    /// Whether an input broke off, or was not what `--strict` wants.
    pub(super) failed: bool,
    /// Whether `--strict` ended it.
    strict: bool,
    /// What the inputs have to say.
    pub(super) notes: Vec<String>,
    /// The first reject of each reason.
    first: BTreeMap<Reason, String>,
    /// Which files keep what is counted only.
    kept: Kept,
    /// The largest time so far, and by how much an event came later at most.
    pub(super) newest: Timestamp,
    pub(super) latest: Duration,
    /// What rules ask for and has not come.
    unseen: Unseen,
    /// Rules that did not run, and why.
    idle: Vec<String>,
    /// The inputs that were not waited for at some time.
    pub(super) silent: BTreeSet<String>,
}

impl Counts {
    /// Nothing yet.
    pub(super) fn new(program: &Program, kept: Kept) -> Self {
        let unseen = Unseen::new(program.plan());
        Counts { idle: idle(program), kept, unseen, newest: Timestamp::MIN, ..Counts::default() }
    }

    /// Goes on with another program.
    pub(super) fn turn_to(&mut self, program: &Program) {
        self.idle = idle(program);
        self.unseen.turn_to(program.plan());
    }

    /// Adds to the notes what no event had. `kind` is the field of the type.
    pub(super) fn say_unseen(&mut self, kind: &str) {
        self.notes.extend(self.unseen.notes(&self.stats, kind));
    }

    /// Takes note of an event.
    pub(super) fn see(&mut self, event: &Event) {
        self.unseen.see(event);
        let time = event.time;
        self.newest = self.newest.max(time);
        self.latest = self.latest.max(self.newest.since(time));
    }

    /// Takes note of rows.
    pub(super) fn see_rows(&mut self, run: &Run) {
        self.unseen.see_rows(run);
        for row in run.rows.clone().filter_map(|row| run.batch.row(row)) {
            self.newest = self.newest.max(row.time());
            self.latest = self.latest.max(self.newest.since(row.time()));
        }
    }

    /// Rows have been seen that are judged for what comes.
    pub(super) fn see_history(&mut self, run: &Run) {
        self.unseen.see_rows(run);
    }

    /// Whether `--strict` has ended the run.
    pub(super) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Counts a reject, which with `strict` is an error.
    pub(super) fn reject(&mut self, reject: &Reject, strict: bool, say: impl FnOnce(&str)) {
        *self.rejects.entry(reject.reason).or_default() += 1;
        if self.first.contains_key(&reject.reason) && !strict {
            return;
        }
        let (source, reason) = (&reject.source.name, reject.reason.as_str());
        let text = format!("`{source}:{}` is no event: {reason}: {}", reject.offset, reject.detail);
        if strict {
            self.failed = true;
            self.strict = true;
            say(&format!("{text} (--strict)"));
        }
        self.first.entry(reject.reason).or_insert(text);
    }

    fn of_shadow(&self) -> &'static str {
        if self.kept.shadow { "of shadow rules" } else { "of shadow rules (--shadow FILE keeps them)" }
    }

    fn sum(&self, count: impl Fn(&RuleStats) -> u64) -> u64 {
        self.stats.rules.iter().map(count).fold(0, u64::saturating_add)
    }
}

/// The rules that do not run, and why.
fn idle(program: &Program) -> Vec<String> {
    let idle = program.rules().filter(|(rule, _)| !rule.runs());
    let why = |disabled| if disabled { "disabled" } else { "a draft" };
    idle.map(|(rule, _)| format!("`{}` is {}", rule.name, why(rule.meta.disabled))).collect()
}

/// Says notes, statistics if wanted, and the summary in one line.
pub(super) fn say(counts: &Counts, format: Option<StatsFormat>, terminal: &Terminal) {
    counts.notes.iter().for_each(|note| terminal.note(note));
    let remedy = if counts.kept.rejects { "" } else { " (--rejects FILE keeps them)" };
    // With --strict the only one has been said.
    for (reason, first) in counts.first.iter().filter(|_| !counts.strict) {
        terminal.note_with(&format!("{first}{remedy}"), &[("reason", json!(reason.as_str()))]);
    }
    if let Some(format) = format {
        let stats = json(counts);
        let text = if format == StatsFormat::Table { table(counts) } else { stats.to_string() };
        terminal.conclude(&text, "what each rule did", &[("stats", stats)]);
    }
    let rejects: u64 = counts.rejects.values().sum();
    let said = [
        ("events", counts.stats.events),
        ("alerts", counts.alerts),
        ("shadow", counts.shadow),
        ("rejects", rejects),
        ("late", counts.stats.late),
        ("suppressed", counts.sum(|rule| rule.suppressed)),
        ("open", counts.sum(|rule| rule.open)),
        ("pending", counts.sum(|rule| rule.pending)),
        ("refused", counts.sum(|rule| rule.refused)),
        ("eval_errors", counts.sum(|rule| rule.eval_errors)),
    ];
    let text = line(counts);
    terminal.conclude(&text, &text, &said.map(|(name, n)| (name, json!(n))));
}

fn line(counts: &Counts) -> String {
    let mut parts =
        vec![format!("{}, {}", number(counts.stats.events, "event"), number(counts.alerts, "alert"))];
    let rejects: u64 = counts.rejects.values().sum();
    if rejects > 0 {
        let reasons = counts.rejects.iter().map(|(reason, n)| format!("{n} {}", reason.as_str()));
        parts.push(format!("{} ({})", number(rejects, "reject"), reasons.collect::<Vec<_>>().join(", ")));
    }
    if counts.stats.late > 0 {
        let (late, by) = (number(counts.stats.late, "event"), counts.latest);
        let keep = (!counts.kept.late).then_some("--late FILE keeps them");
        // By no event, as where time has gone on by the clock or a history, no lateness would take them.
        let is_by_events = by > Duration::ZERO;
        let take = is_by_events.then(|| format!("--lateness {by} takes them"));
        let by = if is_by_events { format!(", by {by} at most") } else { String::new() };
        let remedies: Vec<&str> = take.as_deref().into_iter().chain(keep).collect();
        let remedies =
            if remedies.is_empty() { String::new() } else { format!(" ({})", remedies.join("; ")) };
        parts.push(format!("{late} too late{by}{remedies}"));
    }
    let said = [
        (counts.sum(|rule| rule.suppressed), "alert", "alerts", "suppressed"),
        (counts.shadow, "alert", "alerts", counts.of_shadow()),
        (
            counts.sum(|rule| rule.pending),
            "match",
            "matches",
            "still waited for a deadline; --at-end flush reports them",
        ),
        (
            counts.sum(|rule| rule.refused),
            "match or partial match",
            "matches or partial matches",
            "beyond a limit (--stats)",
        ),
        (
            counts.sum(|rule| rule.eval_errors),
            "expression",
            "expressions",
            "without a value: wrong type, overflow or division by zero (--stats)",
        ),
    ];
    let said = said.iter().filter(|(n, ..)| *n > 0);
    parts.extend(said.map(|(n, one, many, what)| format!("{n} {} {what}", if *n == 1 { one } else { many })));
    parts.extend(counts.idle.iter().cloned());
    parts.join("; ")
}

fn number(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

type Column = (&'static str, fn(&RuleStats) -> u64);

/// The columns of the statistics: names and what they count.
const COLUMNS: [Column; 8] = [
    ("seen", |rule| rule.seen),
    ("starts", |rule| rule.starts),
    ("alerts", |rule| rule.alerts),
    ("suppressed", |rule| rule.suppressed),
    ("open", |rule| rule.open),
    ("pending", |rule| rule.pending),
    ("refused", |rule| rule.refused),
    ("eval_errors", |rule| rule.eval_errors),
];

fn table(counts: &Counts) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(std::iter::once("rule").chain(COLUMNS.map(|(name, _)| name)));
    for rule in &counts.stats.rules {
        let cells = COLUMNS.map(|(_, count)| count(rule).to_string());
        table.add_row(std::iter::once(rule.name.to_string()).chain(cells));
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

fn json(counts: &Counts) -> serde_json::Value {
    let rules = counts.stats.rules.iter().map(|rule| {
        let mut object = serde_json::Map::from_iter([("rule".to_owned(), json!(rule.name.as_str()))]);
        object.extend(COLUMNS.map(|(name, count)| (name.to_owned(), json!(count(rule)))));
        serde_json::Value::Object(object)
    });
    let rejects = counts.rejects.iter().map(|(reason, n)| (reason.as_str().to_owned(), json!(n)));
    json!({
        "events": counts.stats.events,
        "judged": counts.stats.judged,
        "late": counts.stats.late,
        "alerts": counts.alerts,
        "shadow": counts.shadow,
        "rejects": serde_json::Map::from_iter(rejects),
        "rules": rules.collect::<Vec<_>>(),
    })
}
