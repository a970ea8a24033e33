//! `tripline run`: events in, alerts out.

mod interrupt;
mod output;
mod progress;
mod summary;
mod table;
mod unseen;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use tripline::io::{AlertFormat, AlertStyle, Evidence, Inputs, Item, Merge, ReadOptions, Reader};
use tripline::reference::Reference;
use tripline::{AtEnd, Duration, EngineOptions, Limits, Program};

use self::interrupt::Interrupt;
use self::output::{Outputs, Shared};
use self::progress::Progress;
use self::summary::{Counts, Kept, StatsFormat};
use crate::cli::{Exit, Stop};
use crate::config::Config;
use crate::params::Params;
use crate::reading::Reading;
use crate::rules;
use crate::terminal::Terminal;

/// Match events against rules and write the alerts
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  tripline run rules/ events.ndjson                  alerts as JSON, on a terminal as a table
  tripline run rules/ logs/ --rejects bad.ndjson     all below logs/; keep what is no event
  zcat big.gz | tripline run a.trip --lateness 30s   events may come 30 seconds late
  tripline run a.trip trail.json --records Records --time eventTime --type eventName
  tripline run a.trip app.log --lines '^(?<ts>\\S+) (?<type>\\w+) (?<user>\\w+)' --tz UTC
  tripline run a.trip e.ndjson --format table --evidence full

Options can stand in tripline.yaml by their long names, as in `lateness: 30s`")]
pub(crate) struct Args {
    /// A rule file, or a folder with *.trip files
    #[arg(value_name = "RULES")]
    rules: PathBuf,

    /// Files, folders, globs, - for standard input, which is also read if nothing is named. .ndjson .jsonl .csv .tsv,
    /// packed as .gz or .zst
    #[arg(value_name = "INPUT")]
    inputs: Vec<String>,

    #[command(flatten)]
    params: Params,

    #[command(flatten)]
    config: Config,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    matching: Matching,

    #[command(flatten)]
    writing: Writing,
}

/// How rules are matched.
#[derive(clap::Args)]
#[command(next_help_heading = "Matching")]
struct Matching {
    /// How much later than the latest event an event may come and still count: 30s, 5m
    #[arg(long, value_name = "D", default_value = "0s", value_parser = duration)]
    lateness: Duration,

    /// What becomes of pending deadlines at the end of the input: they are counted, or all of them fire
    #[arg(long, value_name = "WHAT", default_value = "hold")]
    at_end: End,

    /// Which engine; fast is not there yet
    #[arg(long, default_value = "reference")]
    engine: Engine,

    /// Stop at the first line that is no event
    #[arg(long)]
    strict: bool,

    /// Exit with 1 if there is any alert
    #[arg(long)]
    fail_on_alert: bool,
}

/// What is written, and where.
#[derive(clap::Args)]
#[command(next_help_heading = "Writing")]
pub(crate) struct Writing {
    /// Write alerts to a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// How alerts are written; a table on a terminal, else JSON
    #[arg(long)]
    format: Option<Style>,

    /// What alerts say of the events bound: where they are, them in full, nothing; JSON says where they are, a table
    /// nothing unless told to
    #[arg(long, value_name = "WHAT")]
    evidence: Option<What>,

    /// How many events a step of an alert lists
    #[arg(long, value_name = "N", default_value_t = Limits::default().evidence)]
    evidence_limit: usize,

    /// Write lines that are no events to a file, with the reason
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

    /// Write events that come too late to a file
    #[arg(long, value_name = "FILE")]
    late: Option<PathBuf>,

    /// Say at the end what each rule did: as a table, or as one line of JSON
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "table")]
    stats: Option<StatsFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum End {
    Hold,
    Flush,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    Reference,
    Fast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Style {
    Json,
    Table,
    Cloudevents,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Refs,
    Full,
    None,
}

fn duration(text: &str) -> Result<Duration, String> {
    Duration::parse(text)
        .ok_or_else(|| "expected a duration in w, d, h, m, s or ms, as `30s` or `1h30m`".to_owned())
}

/// Runs the rules over the inputs.
pub(crate) fn execute(args: &Args, terminal: &Terminal) -> Result<Exit, Stop> {
    if args.matching.engine == Engine::Fast {
        let text = "the fast engine is not there yet: leave out --engine, or say --engine reference";
        return Err(Stop::Failed(text.to_owned()));
    }
    let reads_stdin = args.inputs.is_empty() || args.inputs.iter().any(|input| input == "-");
    if reads_stdin && args.rules == Path::new("-") {
        return Err(Stop::Failed("standard input cannot hold both the rules and the events".to_owned()));
    }
    check_order(args)?;
    let program = rules::load(&args.rules, &args.params, terminal)?;
    let options = Arc::new(args.reading.options(program.plan().schema.clone())?);
    let inputs = Inputs::find(&args.inputs, &options)?;
    let rule_files = rules::find(std::slice::from_ref(&args.rules))?;
    let progress = Progress::new(&inputs);
    let shared = Shared::default();
    let interrupt = Interrupt::new().map_err(|e| Stop::Failed(format!("cannot take signals: {e}")))?;
    let say = |error: &tripline::io::Error| progress.hidden(|| terminal.error(&error.to_string()));
    let (merge, missing) = open(&inputs, &options, &progress, &shared, &interrupt, say)?;
    if reads_stdin && io::stdin().is_terminal() {
        terminal.note("reading standard input (Ctrl-D ends it)");
    }
    shared.set(Outputs::create(&args.writing, &inputs, &rule_files, &program, &progress)?);
    let mut counts = drive(args, Arc::new(program), merge, &shared, &progress, &interrupt, terminal);
    counts.failed |= missing;
    counts.say_unseen(&options.kind.to_string());
    progress.end();
    match shared.finish() {
        // Whoever reads no further may still want to know that there was something to read.
        Err(Stop::ClosedPipe) if args.matching.fail_on_alert && shared.alerts() > 0 => {
            return Ok(Exit::Findings);
        }
        done => done?,
    }
    summary::say(&counts, args.writing.stats, terminal);
    if let Some(exit) = interrupt.exit() {
        return Ok(exit);
    }
    Ok(match counts {
        Counts { failed: true, .. } => Exit::Usage,
        Counts { alerts: 1.., .. } if args.matching.fail_on_alert => Exit::Findings,
        _ => Exit::Done,
    })
}

/// Opens all inputs; whether one could not be, which is said, and the others are read all the same, if there is any.
/// Whenever one of them is about to be read, which may take its time, alerts so far are written out.
fn open(
    inputs: &Inputs,
    options: &Arc<ReadOptions>,
    progress: &Progress,
    shared: &Shared,
    interrupt: &Interrupt,
    say: impl Fn(&tripline::io::Error),
) -> Result<(Merge, bool), Stop> {
    let (progress, shared) = (progress.clone(), shared.clone());
    let interrupt = interrupt.clone();
    let tap: tripline::io::Tap = Arc::new(move |bytes| {
        shared.flush();
        progress.read(bytes);
        interrupt.exit().map_or(Ok(()), |_| Err(io::Error::other("the run is to end")))
    });
    let (mut readers, mut failed) = (Vec::new(), None);
    for input in inputs {
        match Reader::open(input, options, &tap) {
            Ok(reader) => readers.push(reader),
            Err(error) => {
                let before = failed.replace(error);
                before.iter().for_each(&say);
            }
        }
    }
    match failed {
        Some(error) if readers.is_empty() => Err(error.into()),
        failed => {
            failed.iter().for_each(say);
            Ok((Merge::new(readers), failed.is_some()))
        }
    }
}

/// What stands in the place of the other is told apart by its ending.
fn check_order(args: &Args) -> Result<(), Stop> {
    let ends = |path: &Path, endings: &[&str]| {
        path.extension().is_some_and(|e| endings.iter().any(|known| e == *known))
    };
    if !args.rules.is_dir() && ends(&args.rules, &["ndjson", "jsonl", "csv", "tsv"]) {
        let text = format!("`{}` is no rule file; `run` takes RULES first, then INPUT", args.rules.display());
        return Err(Stop::Failed(text));
    }
    match args.inputs.iter().find(|input| ends(Path::new(input), &["trip"])) {
        None => Ok(()),
        Some(input) => Err(Stop::Failed(format!(
            "`{input}` is a rule file; `run` takes one file or folder of rules, before the inputs"
        ))),
    }
}

/// Pushes all events through the engine. An input that breaks off is said at once; the others go on.
fn drive(
    args: &Args,
    program: Arc<Program>,
    mut merge: Merge,
    shared: &Shared,
    progress: &Progress,
    interrupt: &Interrupt,
    terminal: &Terminal,
) -> Counts {
    let kept = Kept { rejects: args.writing.rejects.is_some(), late: args.writing.late.is_some() };
    let mut counts = Counts::new(&program, kept);
    let mut engine = Reference::new(program, EngineOptions { lateness: args.matching.lateness });
    let mut sink = shared.clone();
    for item in merge.by_ref() {
        let flow = match item {
            Ok(Item::Event(event)) => {
                counts.see(&event);
                engine.push(event, &mut sink)
            }
            Ok(Item::Reject(reject)) => {
                let flow = sink.reject(&reject);
                counts.reject(&reject, args.matching.strict, |text| progress.hidden(|| terminal.error(text)));
                if counts.failed && args.matching.strict {
                    break;
                }
                flow
            }
            // What was read before the signal is judged; nothing broke off.
            Err(_) if interrupt.exit().is_some() => std::ops::ControlFlow::Continue(()),
            Err(error) => {
                progress.hidden(|| terminal.error(&error.to_string()));
                counts.failed = true;
                std::ops::ControlFlow::Continue(())
            }
        };
        if flow.is_break() {
            return counts;
        }
    }
    let at_end = if args.matching.at_end == End::Flush { AtEnd::Flush } else { AtEnd::Hold };
    // A sink that says stop has remembered why.
    let _ = engine.finish(at_end, &mut sink);
    counts.notes = merge.notes().map(|(name, note)| format!("`{name}`: {note}")).collect();
    counts.stats = engine.stats();
    counts.alerts = shared.alerts();
    counts
}

impl Writing {
    fn alert_format(&self) -> AlertFormat {
        let style = match self.format {
            Some(Style::Cloudevents) => AlertStyle::CloudEvents,
            _ => AlertStyle::Plain,
        };
        let evidence = match self.evidence {
            None | Some(What::Refs) => Evidence::Refs,
            Some(What::Full) => Evidence::Full,
            Some(What::None) => Evidence::None,
        };
        AlertFormat { style, evidence, limit: self.evidence_limit }
    }
}
