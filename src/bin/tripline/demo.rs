//! `tripline demo`: a stream with known incidents, the shipped rules over it, and what was found of what is true.

use std::borrow::Cow;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use tripline::demo::{self, RULES, Score, Stream};
use tripline::{Alert, Limits, Program, Settings, SourceFile, Value};

use crate::cli::{Exit, Stop};
use crate::rules::cannot;
use crate::terminal::{self, Terminal};

/// Make a stream with known incidents and run the shipped rules over it
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  tripline demo                        300 000 events; exit with 1 if anything is missed or invented
  tripline demo --seed 7               another world with other incidents
  tripline demo --out playground       keep events.ndjson, truth.ndjson and rules/ to play with")]
pub(crate) struct Args {
    /// About how many events to make
    #[arg(long, value_name = "N", default_value_t = 300_000, value_parser = clap::value_parser!(u32).range(1_000..=20_000_000))]
    events: u32,

    /// Which world to make: the same number gives the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// Keep the stream, the truth about it and the rules in this folder; files that say something else are left alone
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the demo.
pub(crate) fn execute(args: &Args, terminal: &Terminal) -> Result<Exit, Stop> {
    let program = Arc::new(shipped_rules(terminal)?);
    let (stream, making) = timed(|| Stream::generate(args.seed, args.events as usize));
    terminal.say(&format!(
        "made {} events of two weeks in {}: logins, payments, orders, sensors, calls, doors, services",
        grouped(stream.count),
        seconds(making)
    ));
    if let Some(folder) = &args.out {
        let files = files(folder, &stream);
        refuse_changed(&files)?;
        keep(&files)?;
        terminal.say(&format!("kept events.ndjson, truth.ndjson and rules/ in `{}`", folder.display()));
    }
    let bar = progress(stream.count);
    let (found, matching) = timed(|| {
        demo::run(&stream, &program, || {
            bar.inc(1);
            ControlFlow::Continue(())
        })
    });
    bar.finish_and_clear();
    let (alerts, rejects) = found.map_err(|e| Stop::Failed(e.to_string()))?;
    let rules = program.rules().map(|(rule, _)| rule.name.to_string());
    let scores = demo::score(&stream, rules, &alerts);
    report(&scores, terminal)?;
    samples(&alerts, terminal);
    details(&scores, terminal);
    let (missed, invented) = (sum(&scores, |s| s.missed.len()), sum(&scores, |s| s.invented.len()));
    terminal.say(&format!(
        "\n{} events ({} MB), {} rules, {} alerts in {}; {} planted, {missed} missed, {invented} invented",
        grouped(stream.count),
        stream.events.len() / 1_000_000,
        scores.len(),
        grouped(alerts.len()),
        seconds(matching),
        grouped(stream.truth.len()),
    ));
    next_steps(args, terminal);
    let is_exact = missed + invented + rejects.len() == 0;
    Ok(if is_exact { Exit::Done } else { Exit::Findings })
}

fn shipped_rules(terminal: &Terminal) -> Result<Program, Stop> {
    let sources: Vec<SourceFile> =
        RULES.iter().map(|shipped| SourceFile::new(format!("{}.trip", shipped.name), shipped.rule)).collect();
    let (program, findings) = Program::compile(&sources, &Settings::default(), Limits::default());
    program.ok_or_else(|| {
        terminal.draw(&findings, &sources);
        Stop::Rules
    })
}

#[expect(clippy::disallowed_methods, reason = "how long it took is for people, no verdict depends on it")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn progress(events: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("matching {bar:40} {percent}% {eta} left");
    let bar = ProgressBar::new(events as u64);
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}

/// The stream, its truth and the rules as files.
fn files<'s>(folder: &Path, stream: &'s Stream) -> Vec<(PathBuf, Cow<'s, str>)> {
    let rules = folder.join("rules");
    let rules = RULES.iter().flat_map(|shipped| {
        let path = |ending| rules.join(format!("{}.{ending}", shipped.name));
        [(path("trip"), shipped.rule.into()), (path("test.yaml"), shipped.tests.into())]
    });
    let events = (folder.join("events.ndjson"), Cow::from(&stream.events));
    let truth = (folder.join("truth.ndjson"), Cow::from(stream.truth_lines()));
    [events, truth].into_iter().chain(rules).collect()
}

/// What somebody has worked on is not written over.
fn refuse_changed(files: &[(PathBuf, Cow<'_, str>)]) -> Result<(), Stop> {
    let is_other =
        |(path, text): &&(PathBuf, Cow<'_, str>)| fs::read(path).is_ok_and(|there| there != text.as_bytes());
    match files.iter().find(is_other) {
        None => Ok(()),
        Some((path, _)) => Err(Stop::Failed(format!(
            "`{}` is there and says something else; remove it, or give another folder",
            path.display()
        ))),
    }
}

fn keep(files: &[(PathBuf, Cow<'_, str>)]) -> Result<(), Stop> {
    for (path, text) in files {
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(path, text.as_bytes()))
            .map_err(|e| cannot("write", path, &e))?;
    }
    Ok(())
}

/// A score as data.
#[derive(serde::Serialize)]
struct Line<'a> {
    rule: &'a str,
    near_misses: usize,
    planted: usize,
    found: usize,
    missed: usize,
    invented: usize,
}

/// The scores as a table, for people; to a pipe or file as data too.
fn report(scores: &[Score<'_>], terminal: &Terminal) -> Result<(), Stop> {
    let table = table(scores);
    let mut out = terminal::out();
    if io::stdout().is_terminal() {
        writeln!(out, "\n{table}")?;
    } else {
        terminal.say(&format!("\n{table}"));
        for score in scores {
            let [near_misses, planted, found, missed, invented] = numbers(score);
            let line = Line { rule: &score.rule, near_misses, planted, found, missed, invented };
            writeln!(out, "{}", serde_json::to_string(&line).map_err(io::Error::from)?)?;
        }
    }
    Ok(out.flush()?)
}

fn table(scores: &[Score<'_>]) -> Table {
    let mut table = Table::new();
    // 80 columns hold it.
    table.load_style(presets::NOTHING);
    table.set_header(["domain", "rule", "near miss", "planted", "found", "missed", "invented", ""]);
    let folder = |rule: &str| {
        let path = RULES.iter().find_map(|shipped| shipped.name.strip_suffix(rule)?.strip_suffix('/'));
        path.unwrap_or_default().to_owned()
    };
    let mut rows: Vec<(String, &Score<'_>)> =
        scores.iter().map(|score| (folder(&score.rule), score)).collect();
    rows.sort_by(|a, b| (&a.0, &a.1.rule).cmp(&(&b.0, &b.1.rule)));
    for (domain, score) in rows {
        table.add_row(row(domain, &score.rule, numbers(score)));
    }
    let total = |i: usize| scores.iter().map(|score| numbers(score)[i]).sum();
    table.add_row(row(String::new(), "all", [total(0), total(1), total(2), total(3), total(4)]));
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 1));
    });
    for column in 2..7 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn numbers(score: &Score<'_>) -> [usize; 5] {
    [score.near, score.planted, score.found, score.missed.len(), score.invented.len()]
}

fn row(domain: String, rule: &str, numbers: [usize; 5]) -> Vec<String> {
    let verdict = if numbers[3] + numbers[4] == 0 { "ok" } else { "WRONG" };
    let numbers = numbers.iter().map(|&n| grouped(n));
    [domain, rule.to_owned()].into_iter().chain(numbers).chain([verdict.to_owned()]).collect()
}

/// What is missed or invented, a few of each rule.
fn details(scores: &[Score<'_>], terminal: &Terminal) {
    const SHOWN: usize = 5;
    for score in scores {
        for incident in score.missed.iter().take(SHOWN) {
            let time = tripline::Timestamp::from_millis(incident.time).unwrap_or_default();
            terminal.say(&format!("missed: {} of `{}` at {time}", incident.rule, incident.key));
        }
        for alert in score.invented.iter().take(SHOWN) {
            terminal.say(&format!("invented: {}", sentence(alert)));
        }
    }
}

/// One alert of each of some rules, as a sentence.
fn samples(alerts: &[Alert], terminal: &Terminal) {
    for rule in ["brute_force_success", "money_mule", "paid_not_shipped"] {
        if let Some(alert) = alerts.iter().find(|alert| alert.rule.name == rule) {
            terminal.say(&format!("\n{}", sentence(alert)));
        }
    }
}

/// `2026-03-02T09:12:44.120Z  Password guessed after repeated failures (brute_force_success): user ann.0012; attempts 5, …`
fn sentence(alert: &Alert) -> String {
    let title = alert.rule.notes.iter().find(|(name, _)| name == "title").map(|(_, title)| text(title));
    let keys = alert.rule.key_names.iter().zip(alert.key.values());
    let keys: Vec<String> = keys.map(|(name, value)| format!("{name} {}", text(value))).collect();
    let fields: Vec<String> =
        alert.fields.iter().map(|(name, value)| format!("{name} {}", text(value))).collect();
    format!(
        "{}  {} ({})\n    {}; {}",
        alert.time,
        title.unwrap_or_default(),
        alert.rule.name,
        keys.join(", "),
        fields.join(", ")
    )
}

fn text(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Duration(length) => length.to_string(),
        Value::Null => "unknown".to_owned(),
        other => format!("{other:?}"),
    }
}

fn next_steps(args: &Args, terminal: &Terminal) {
    let folder = args.out.as_ref().map_or("playground".to_owned(), |out| out.display().to_string());
    let mut text = "\nnext:\n".to_owned();
    if args.out.is_none() {
        text.push_str(&format!(
            "  tripline demo --out {folder}    keep the events, the truth and the rules\n"
        ));
    }
    text.push_str(&format!(
        "  tripline run {folder}/rules {folder}/events.ndjson    the same alerts, as data\n"
    ));
    text.push_str(&format!("  tripline test {folder}/rules    what each rule promises"));
    terminal.say(&text);
}

fn sum(scores: &[Score<'_>], of: impl Fn(&Score<'_>) -> usize) -> usize {
    scores.iter().map(of).sum()
}

fn seconds(length: Duration) -> String {
    format!("{:.1} s", length.as_secs_f64())
}

/// `300 000`
fn grouped(n: usize) -> String {
    match n {
        0..1_000 => n.to_string(),
        _ => format!("{} {:03}", grouped(n / 1_000), n % 1_000),
    }
}
