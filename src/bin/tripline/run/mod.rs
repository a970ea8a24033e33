//! `tripline run`: events in, alerts out.

mod board;
mod drive;
mod http;
mod interrupt;
mod lasting;
mod live;
mod memory;
mod metrics;
mod monitor;
mod output;
mod progress;
mod reload;
mod start;
mod state;
mod status;
mod summary;
mod table;
mod unseen;
mod watch;

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytesize::ByteSize;
use clap::ValueEnum;
use tripline::io::{
    AlertFormat, AlertStyle, Discovery, Evidence, Input, Inputs, Intake, Merge, ReadOptions, Reader, Tap,
};
use tripline::pipeline::{Flow, Shards, Workers};
use tripline::{Duration, Keep, Limits, Program};

use self::drive::Drive;
use self::interrupt::Interrupt;
use self::live::{Clock, ClockKind, Live, Newcomers};
use self::memory::Memory;
use self::monitor::{Monitor, Seeing};
use self::output::{Outputs, Shared};
use self::progress::Progress;
use self::start::Start;
use self::summary::{Counts, StatsFormat};
use self::watch::Watched;
use crate::cli::{Exit, Stop};
use crate::config::Config;
use crate::log::LogFormat;
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

    #[command(flatten)]
    keeping: Keeping,

    #[command(flatten)]
    seeing: Seeing,
}

/// What is kept beyond the end of a run.
#[derive(clap::Args)]
#[command(next_help_heading = "State")]
struct Keeping {
    /// Keep what the run knows in a folder, and go on from there: each alert appears once in `--out` however often the run is
    /// killed. The end of a run is not the end of the stream then
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// How often there is a checkpoint
    #[arg(long, value_name = "D", default_value = "10s", value_parser = duration, requires = "state")]
    checkpoint_every: Duration,

    /// Write down what comes through pipes before it is judged, so that a run that was killed loses nothing of it
    #[arg(long, requires = "state")]
    journal: bool,

    /// How many checkpoints are kept: if the last is damaged, the one before it is used
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u16).range(1..), requires = "state")]
    checkpoints: u16,
}

/// How rules are matched.
#[derive(clap::Args)]
#[command(next_help_heading = "Matching")]
struct Matching {
    /// How much later than the latest event an event may come and still count: 30s, 5m
    #[arg(long, value_name = "D", default_value = "0s", value_parser = duration)]
    lateness: Duration,

    /// How long the other inputs wait for one that says nothing, as a pipe may; its events may come too late then. And how
    /// long nothing must have come until time goes on by the clock [default: for ever, with --follow 2s]
    #[arg(long, value_name = "D", value_parser = duration)]
    idle: Option<Duration>,

    /// How far ahead of the clock the time of an event may be; what is beyond is a reject, because it would make all that comes
    /// later late [default: 1d with --follow, else without end]
    #[arg(long, value_name = "D", value_parser = duration)]
    max_ahead: Option<Duration>,

    /// What becomes of pending deadlines at the end of the input: they are counted, or all of them fire
    #[arg(long, value_name = "WHAT", default_value = "hold")]
    at_end: End,

    /// Which engine; reference is slow, and what fast is measured by
    #[arg(long, default_value = "fast")]
    engine: Engine,

    /// How many threads work; the alerts are the same for any number [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    /// Read files on as they grow, are rotated or cut, and those that come up in folders; SIGHUP has the rules read anew
    #[arg(long)]
    follow: bool,

    /// By what time goes on when nothing comes: the clock, as far behind it as the events are; the clock itself;
    /// events alone [default: stream with --follow, else none]
    #[arg(long, value_name = "WHAT")]
    clock: Option<ClockKind>,

    /// Take the rules anew whenever they, their lists or tables or the settings of parameters change; partial matches go on
    /// as `tripline plan` says. SIGHUP has them read at once, SIGUSR1 goes back to those before
    #[arg(long)]
    watch: bool,

    /// How much memory the program may take: 500MB, 2GiB. Near it the rules give up what they hold the longest, a quarter of it,
    /// and say so [default: without end]
    #[arg(long, value_name = "BYTES")]
    max_memory: Option<ByteSize>,

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

    /// Write alerts of rules with `status shadow` to a file, as JSON
    #[arg(long, value_name = "FILE")]
    shadow: Option<PathBuf>,

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

/// How long one waits for an input of several that are followed.
const IDLE: std::time::Duration = std::time::Duration::from_secs(2);

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

impl Args {
    /// What the rules are compiled with.
    pub(crate) fn params(&self) -> &Params {
        &self.params
    }

    /// How what is said is written.
    pub(crate) fn log_format(&self) -> LogFormat {
        self.seeing.log_format
    }

    /// Whether there is something to do while nothing comes.
    fn is_live(&self) -> bool {
        let Matching { watch, follow, clock, .. } = &self.matching;
        let is_asked = self.seeing.metrics.is_some() || self.keeping.state.is_some();
        *watch || *follow || clock.is_some() || is_asked
    }

    /// What is watched, if anything is.
    fn watched(&self) -> Option<Watched> {
        let watched = || Watched {
            rules: self.rules.clone(),
            config: self.config.file().to_owned(),
            polls: self.matching.watch,
        };
        (self.matching.watch || self.matching.follow).then(watched).filter(|_| self.rules != Path::new("-"))
    }

    /// Whether an input can be read on by the next run, if it is to be.
    fn can_last(&self, input: &Input, options: &ReadOptions) -> bool {
        self.keeping.state.is_none() || !self.matching.follow || input.is_by_lines(options)
    }

    /// The inputs; whether they end is told by them.
    fn inputs(&self, options: &ReadOptions) -> Result<Inputs, Stop> {
        let find = if self.matching.follow { Inputs::find_so_far } else { Inputs::find };
        Ok(find(&self.inputs, options)?)
    }
}

/// Runs the rules over the inputs.
pub(crate) fn execute(args: &Args, terminal: &Terminal) -> Result<Exit, Stop> {
    let reads_stdin = args.inputs.is_empty() || args.inputs.iter().any(|input| input == "-");
    if reads_stdin && args.rules == Path::new("-") {
        return Err(Stop::Failed("standard input cannot hold both the rules and the events".to_owned()));
    }
    check_order(args)?;
    if args.matching.watch && args.rules == Path::new("-") {
        return Err(Stop::Failed(
            "`--watch` needs rules in files: standard input comes only once".to_owned(),
        ));
    }
    let board = args.seeing.listen(terminal)?;
    check_state(args)?;
    let mut start = Start::new(args, terminal)?;
    let options = Arc::new(args.reading.options(start.ruling.program.plan().schema.clone())?);
    let found = args.inputs(&options)?;
    if let Some(input) = found.iter().find(|input| !args.can_last(input, &options)) {
        return Err(Stop::Failed(cannot_last(&input.source().name)));
    }
    let inputs = start.inputs(found, args, terminal);
    let rule_files = rules::find(std::slice::from_ref(&args.rules))?;
    let progress = Progress::new(&inputs, !args.matching.follow, args.is_live(), terminal);
    let shared = Shared::default();
    let interrupt = Interrupt::new().map_err(|e| Stop::Failed(format!("cannot take signals: {e}")))?;
    let (program, tap) = (Arc::clone(&start.ruling.program), tap(&progress, &shared, &interrupt));
    let drive = Drive {
        args,
        program: &program,
        shared: &shared,
        progress: &progress,
        interrupt: &interrupt,
        terminal,
    };
    let before = start.header();
    let begin = || -> Result<(), Stop> {
        if args.matching.follow {
            terminal.note("following the inputs; Ctrl-C ends it, SIGHUP has the rules read anew");
            let is_missing = |input: &&Input| input.path().is_some_and(|path| !path.exists());
            inputs.iter().filter(is_missing).for_each(|input| {
                let name = &input.source().name;
                let text = format!("`{name}` is not there yet, and waited for");
                terminal.note_with(&text, &[("input", name.as_str().into())]);
            });
        }
        if reads_stdin && io::stdin().is_terminal() {
            terminal.note("reading standard input (Ctrl-D ends it)");
        }
        shared.set(Outputs::create(
            &args.writing,
            &inputs,
            &rule_files,
            &program,
            &progress,
            before.as_ref(),
        )?);
        Ok(())
    };
    let (mut counts, missing) = match args.matching.engine {
        Engine::Reference if args.matching.idle.is_some() => {
            return Err(Stop::Failed(
                "`--idle` needs the engine `fast`: the reference waits for each input".to_owned(),
            ));
        }
        Engine::Reference if args.seeing.metrics.is_some() => {
            return Err(Stop::Failed("`--metrics` needs the engine `fast`".to_owned()));
        }
        Engine::Reference if args.matching.max_memory.is_some() => {
            return Err(Stop::Failed("`--max-memory` needs the engine `fast`".to_owned()));
        }
        Engine::Reference if args.matching.max_ahead.is_some() => {
            return Err(Stop::Failed("`--max-ahead` needs the engine `fast`".to_owned()));
        }
        Engine::Reference if args.matching.watch || args.matching.follow => {
            return Err(Stop::Failed("`--watch` and `--follow` need the engine `fast`".to_owned()));
        }
        Engine::Reference => {
            let (readers, missing) = drive.open(&inputs, |input| Reader::open(input, &options, &tap))?;
            begin()?;
            (drive.reference(Merge::new(readers)), missing)
        }
        Engine::Fast => {
            let workers = Arc::new(args.matching.workers()?);
            let (fields, keep, chunk) = (program.fields(), args.writing.keep(), chunk(&inputs));
            let tap_of = |input: &Input| monitor::tap(board.as_ref(), input, &tap);
            let open = |input: &Input| {
                Ok((input.clone(), Intake::open(input, &options, fields, keep, chunk, &tap_of(input))?))
            };
            let (opened, missing) = drive.open(&inputs, open)?;
            let (opened, intakes): (Vec<Input>, Vec<Intake>) = opened.into_iter().unzip();
            begin()?;
            let has_files = args.inputs.iter().any(|input| input != "-");
            let flow = Flow::new(intakes, &program, &workers);
            let flow = args.matching.patience(flow, args.is_live(), has_files, &tap)?;
            let watch = |watched| watch::begin(watched, std::mem::take(&mut start.seen));
            let news = args.watched().map(watch).transpose();
            let news = news.map_err(|e| Stop::Failed(format!("cannot watch the rules: {e}")))?;
            if args.matching.watch {
                terminal.note(&format!("watching the rules in `{}`", args.rules.display()));
            }
            let open = |input: &Input, program: &Arc<Program>| {
                if !args.can_last(input, &options) {
                    return Err(cannot_last(&input.source().name));
                }
                let intake = Intake::open(input, &options, program.fields(), keep, chunk, &tap_of(input));
                let mut intake = intake.map_err(|e| e.to_string())?;
                // The rules may declare other types than they did at the start.
                intake.read_for(program.fields(), &program.plan().schema);
                Ok(intake)
            };
            let discovery = Discovery::new(&args.inputs, &options, &inputs, args.matching.follow);
            let newcomers = Newcomers::new(discovery, &workers, open);
            let engines = Shards::new(&program, &drive.options(), &workers);
            let mut live = Live {
                newcomers: (args.matching.follow || args.keeping.state.is_some()).then_some(newcomers),
                clock: args.matching.clock(),
                memory: args.matching.max_memory.map(Memory::new).transpose()?,
                monitor: Monitor::new(board.clone(), &progress, &interrupt),
                ..Live::default()
            };
            let (flow, engines) = start.go_on((flow, engines), (opened, &inputs), news, &mut live)?;
            (drive.fast(flow, engines, live), missing)
        }
    };
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

/// Why a file is not read.
fn cannot_last(name: &str) -> String {
    format!(
        "`{name}` cannot be both followed and gone on with: with `--follow` and `--state` only NDJSON whose times say all can, \
         because other formats cannot be read on from the middle yet"
    )
}

/// What goes together with a state that is kept.
fn check_state(args: &Args) -> Result<(), Stop> {
    let wrong = match () {
        () if args.keeping.state.is_none() => return Ok(()),
        () if args.matching.engine == Engine::Reference => "`--state` needs the engine `fast`",
        () if args.matching.at_end == End::Flush => {
            "`--at-end flush` ends the stream, and with `--state` it goes on with the next run; leave one of them out"
        }
        () if args.writing.format == Some(Style::Table) && args.writing.out.is_some() => {
            "a table is not gone on with: with `--state` and `--out` alerts are written as JSON"
        }
        () => return Ok(()),
    };
    Err(Stop::Failed(wrong.to_owned()))
}

/// Called whenever an input is about to be read, which may take its time: alerts so far are written out.
fn tap(progress: &Progress, shared: &Shared, interrupt: &Interrupt) -> Tap {
    let (progress, shared, interrupt) = (progress.clone(), shared.clone(), interrupt.clone());
    Arc::new(move |bytes| {
        shared.flush();
        progress.read(bytes);
        interrupt.exit().map_or(Ok(()), |_| Err(io::Error::other("the run is to end")))
    })
}

/// How much of an input is read at once: together the inputs hold little.
fn chunk(inputs: &Inputs) -> usize {
    const ALL: usize = 16 << 20;
    (ALL / inputs.iter().len().max(1)).clamp(8 << 10, 256 << 10)
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

impl Matching {
    /// Has inputs waited for no longer than they are to be. With one input nobody waits.
    fn patience(&self, flow: Flow, is_live: bool, has_files: bool, tap: &Tap) -> Result<Flow, Stop> {
        const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
        let flow = match (self.idle(), is_live) {
            (patience, true) => flow.with_pauses(patience, PAUSE, self.follow && has_files, tap),
            (Some(patience), false) => flow.waiting_at_most(patience, tap),
            (None, false) => return Ok(flow),
        };
        flow.map_err(|e| Stop::Failed(format!("cannot start a thread: {e}")))
    }

    fn idle(&self) -> Option<std::time::Duration> {
        let said = self.idle.map(|idle| std::time::Duration::from_nanos(idle.nanos().unsigned_abs()));
        said.or(self.follow.then_some(IDLE))
    }

    fn clock(&self) -> Option<Clock> {
        let kind = self.clock.or(self.follow.then_some(ClockKind::Stream))?;
        Some(Clock::new(kind, self.idle().unwrap_or(IDLE)))
    }

    fn workers(&self) -> Result<Workers, Stop> {
        let there = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Workers::new(self.threads.map_or_else(there, usize::from)).map_err(|e| Stop::Failed(e.to_string()))
    }
}

impl Writing {
    /// What of events that were read alerts are to have.
    fn keep(&self) -> Keep {
        if self.evidence == Some(What::Full) { Keep::Events } else { Keep::References }
    }

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
