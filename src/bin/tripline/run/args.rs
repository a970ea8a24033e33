//! What `tripline run` is told.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use clap::ValueEnum;
use tripline::io::{AlertFormat, AlertStyle, Evidence, Inputs, ReadOptions, Tap};
use tripline::pipeline::{Flow, Workers};
use tripline::{Duration, Keep, Limits};

use super::live::{Clock, ClockKind};
use super::monitor::Seeing;
use super::summary::StatsFormat;
use super::watch::Watched;
use crate::cli::Stop;
use crate::config::Config;
use crate::log::LogFormat;
use crate::params::Params;
use crate::reading::Reading;

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
    pub(super) rules: PathBuf,

    /// Files, folders, globs, - for standard input, which is also read if nothing is named. .ndjson .jsonl .csv .tsv,
    /// packed as .gz or .zst
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<String>,

    #[command(flatten)]
    pub(super) params: Params,

    #[command(flatten)]
    pub(super) config: Config,

    #[command(flatten)]
    pub(super) reading: Reading,

    #[command(flatten)]
    pub(super) matching: Matching,

    #[command(flatten)]
    pub(super) writing: Writing,

    #[command(flatten)]
    pub(super) keeping: Keeping,

    #[command(flatten)]
    pub(super) seeing: Seeing,
}

/// What is kept beyond the end of a run.
#[derive(clap::Args)]
#[command(next_help_heading = "State")]
pub(super) struct Keeping {
    /// Keep what the run knows in a folder, and go on from there: each alert appears once in `--out` however often the run is
    /// killed. The end of a run is not the end of the stream then
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,

    /// How often there is a checkpoint
    #[arg(long, value_name = "D", default_value = "10s", value_parser = duration, requires = "state")]
    pub(super) checkpoint_every: Duration,

    /// Write down what comes through pipes before it is judged, so that a run that was killed loses nothing of it
    #[arg(long, requires = "state")]
    pub(super) journal: bool,

    /// How many checkpoints are kept: if the last is damaged, the one before it is used
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u16).range(1..), requires = "state")]
    pub(super) checkpoints: u16,
}

/// How rules are matched.
#[derive(clap::Args)]
#[command(next_help_heading = "Matching")]
pub(super) struct Matching {
    /// How much later than the latest event an event may come and still count: 30s, 5m
    #[arg(long, value_name = "D", default_value = "0s", value_parser = duration)]
    pub(super) lateness: Duration,

    /// How long the other inputs wait for one that says nothing, as a pipe may; its events may come too late then. And how
    /// long nothing must have come until time goes on by the clock [default: for ever, with --follow 2s]
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(super) idle: Option<Duration>,

    /// How far ahead of the clock the time of an event may be; what is beyond is a reject, because it would make all that comes
    /// later late [default: 1d with --follow, else without end]
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(super) max_ahead: Option<Duration>,

    /// What becomes of pending deadlines at the end of the input: they are counted, or all of them fire
    #[arg(long, value_name = "WHAT", default_value = "hold")]
    pub(super) at_end: End,

    /// Which engine; reference is slow, and what fast is measured by
    #[arg(long, default_value = "fast")]
    pub(super) engine: Engine,

    /// How many threads work; the alerts are the same for any number [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) threads: Option<u16>,

    /// Read files on as they grow, are rotated or cut, and those that come up in folders; SIGHUP has the rules read anew
    #[arg(long)]
    pub(super) follow: bool,

    /// By what time goes on when nothing comes: the clock, as far behind it as the events are; the clock itself;
    /// events alone [default: stream with --follow, else none]
    #[arg(long, value_name = "WHAT")]
    pub(super) clock: Option<ClockKind>,

    /// Take the rules anew whenever they, their lists or tables or the settings of parameters change; partial matches go on
    /// as `tripline plan` says. SIGHUP has them read at once, SIGUSR1 goes back to those before
    #[arg(long)]
    pub(super) watch: bool,

    /// How much memory the program may take: 500MB, 2GiB. Near it the rules give up what they hold the longest, a quarter of it,
    /// and say so [default: without end]
    #[arg(long, value_name = "BYTES")]
    pub(super) max_memory: Option<ByteSize>,

    /// Have rules that begin know of what was before: events in files, folders or globs, of which no alert is raised. At the
    /// start all rules, with --watch those that are new or begin anew; may be given several times
    #[arg(long, value_name = "INPUT")]
    pub(super) backfill: Vec<String>,

    /// Stop at the first line that is no event
    #[arg(long)]
    pub(super) strict: bool,

    /// Exit with 1 if there is any alert
    #[arg(long)]
    pub(super) fail_on_alert: bool,
}

/// What is written, and where.
#[derive(clap::Args)]
#[command(next_help_heading = "Writing")]
pub(crate) struct Writing {
    /// Write alerts to a file
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,

    /// How alerts are written; a table on a terminal, else JSON
    #[arg(long)]
    pub(super) format: Option<Style>,

    /// What alerts say of the events bound: where they are, them in full, nothing; JSON says where they are, a table
    /// nothing unless told to
    #[arg(long, value_name = "WHAT")]
    pub(super) evidence: Option<What>,

    /// How many events a step of an alert lists
    #[arg(long, value_name = "N", default_value_t = Limits::default().evidence)]
    pub(super) evidence_limit: usize,

    /// Write alerts of rules with `status shadow` to a file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) shadow: Option<PathBuf>,

    /// Write lines that are no events to a file, with the reason
    #[arg(long, value_name = "FILE")]
    pub(super) rejects: Option<PathBuf>,

    /// Write events that come too late to a file
    #[arg(long, value_name = "FILE")]
    pub(super) late: Option<PathBuf>,

    /// Say at the end what each rule did: as a table, or as one line of JSON
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "table")]
    pub(super) stats: Option<StatsFormat>,
}

/// How long one waits for an input of several that are followed.
const IDLE: std::time::Duration = std::time::Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum End {
    Hold,
    Flush,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    Reference,
    Fast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Style {
    Json,
    Table,
    Cloudevents,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
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
    pub(super) fn is_live(&self) -> bool {
        let Matching { watch, follow, clock, .. } = &self.matching;
        let is_asked = self.seeing.metrics.is_some() || self.keeping.state.is_some();
        *watch || *follow || clock.is_some() || is_asked
    }

    /// What is watched, if anything is.
    pub(super) fn watched(&self) -> Option<Watched> {
        let watched = || Watched {
            rules: self.rules.clone(),
            config: self.config.file().to_owned(),
            polls: self.matching.watch,
        };
        (self.matching.watch || self.matching.follow).then(watched).filter(|_| self.rules != Path::new("-"))
    }

    /// The inputs; whether they end is told by them.
    pub(super) fn inputs(&self, options: &ReadOptions) -> Result<Inputs, Stop> {
        let find = if self.matching.follow { Inputs::find_so_far } else { Inputs::find };
        Ok(find(&self.inputs, options)?)
    }
}

impl Matching {
    /// Has inputs waited for no longer than they are to be. With one input nobody waits.
    pub(super) fn patience(
        &self,
        flow: Flow,
        is_live: bool,
        has_files: bool,
        tap: &Tap,
    ) -> Result<Flow, Stop> {
        const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
        let flow = match (self.idle(), is_live) {
            (patience, true) => flow.with_pauses(patience, PAUSE, self.follow && has_files, tap),
            (Some(patience), false) => flow.waiting_at_most(patience, tap),
            (None, false) => return Ok(flow),
        };
        flow.map_err(|e| Stop::Failed(format!("cannot start a thread: {e}")))
    }

    pub(super) fn idle(&self) -> Option<std::time::Duration> {
        let said = self.idle.map(|idle| std::time::Duration::from_nanos(idle.nanos().unsigned_abs()));
        said.or(self.follow.then_some(IDLE))
    }

    pub(super) fn clock(&self) -> Option<Clock> {
        let kind = self.clock.or(self.follow.then_some(ClockKind::Stream))?;
        Some(Clock::new(kind, self.idle().unwrap_or(IDLE)))
    }

    pub(super) fn workers(&self) -> Result<Workers, Stop> {
        let there = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Workers::new(self.threads.map_or_else(there, usize::from)).map_err(|e| Stop::Failed(e.to_string()))
    }
}

impl Writing {
    /// What of events that were read alerts are to have.
    pub(super) fn keep(&self) -> Keep {
        if self.evidence == Some(What::Full) { Keep::Events } else { Keep::References }
    }

    pub(super) fn alert_format(&self) -> AlertFormat {
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
