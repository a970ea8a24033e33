//! What a run beside a live stream does between two portions of it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use tripline::io::{Discovery, Input, Intake};
use tripline::pipeline::{Flow, Shards, Workers};
use tripline::{Program, Timestamp};

use super::drive::Drive;
use super::monitor::{Monitor, Scene};
use super::output::Shared;
use super::reload::Reloads;
use super::summary::Counts;

/// How often is looked for new inputs.
const LOOK: Duration = Duration::from_millis(500);

/// By what time goes on when nothing comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ClockKind {
    /// The clock, as far behind it as the events that came soonest after their time.
    Stream,
    /// The clock.
    Wall,
    /// Nothing: by events alone.
    None,
}

/// What is looked after.
#[derive(Default)]
pub(super) struct Live<'r> {
    pub(super) reloads: Option<Reloads>,
    pub(super) clock: Option<Clock>,
    pub(super) newcomers: Option<Newcomers<'r>>,
    pub(super) monitor: Option<Monitor>,
}

/// Opens an input for the rule set that runs.
type Open<'r> = dyn Fn(&Input, &Arc<Program>) -> Result<Intake, tripline::io::Error> + 'r;

/// Inputs that come up.
pub(super) struct Newcomers<'r> {
    discovery: Discovery,
    open: Box<Open<'r>>,
    workers: Arc<Workers>,
    looked: Instant,
    /// What went wrong last, which is said once.
    failed: Option<String>,
}

impl<'r> Newcomers<'r> {
    pub(super) fn new(
        discovery: Discovery,
        workers: &Arc<Workers>,
        open: impl Fn(&Input, &Arc<Program>) -> Result<Intake, tripline::io::Error> + 'r,
    ) -> Self {
        let (workers, looked) = (Arc::clone(workers), now());
        Newcomers { discovery, open: Box::new(open), workers, looked, failed: None }
    }

    fn look(&mut self, drive: Drive<'_>, program: &Arc<Program>, flow: &mut Flow, counts: &mut Counts) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = now();
        let new = match self.discovery.look() {
            Ok(new) => new,
            Err(error) => {
                let text = error.to_string();
                if self.failed.as_ref() != Some(&text) {
                    drive.error(&text);
                }
                return self.failed = Some(text);
            }
        };
        self.failed = None;
        for input in new {
            let name = &input.source().name;
            drive.note(&format!("`{name}` has come up and is read too"), &[("input", name.as_str().into())]);
            let added = (self.open)(&input, program).map_err(|error| error.to_string());
            let added = added.and_then(|intake| {
                flow.add(intake, program, &self.workers).map_err(|e| format!("cannot start a thread: {e}"))
            });
            if let Err(error) = added {
                drive.error(&error);
                counts.failed = true;
            }
        }
    }
}

/// Time that goes on although nothing comes.
pub(super) struct Clock {
    kind: ClockKind,
    /// How long nothing must have come.
    patience: Duration,
    /// When something came.
    heard: Instant,
    /// By how much the newest event was behind the clock, at the least, in nanoseconds.
    behind: Option<i128>,
}

impl Clock {
    pub(super) fn new(kind: ClockKind, patience: Duration) -> Self {
        Clock { kind, patience, heard: now(), behind: None }
    }

    /// Events have come, of which the newest has this time.
    pub(super) fn hear(&mut self, newest: Timestamp) {
        self.heard = now();
        let behind = wall() - i128::from(newest.nanos());
        self.behind = Some(self.behind.map_or(behind, |least| least.min(behind)));
    }

    /// Up to where time has come if nothing has for long enough.
    fn time(&self) -> Option<Timestamp> {
        let behind = match self.kind {
            ClockKind::Stream => self.behind?,
            ClockKind::Wall => 0,
            ClockKind::None => return None,
        };
        if self.heard.elapsed() < self.patience {
            return None;
        }
        let time = wall() - behind - self.patience.as_nanos() as i128;
        Some(Timestamp::from_nanos(i64::try_from(time).ok()?))
    }
}

impl Live<'_> {
    /// Does what is to be done now.
    pub(super) fn turn(
        &mut self,
        drive: Drive<'_>,
        (flow, engines): (&mut Flow, &mut Shards),
        counts: &mut Counts,
        sink: &mut Shared,
    ) {
        if let Some(reloads) = &mut self.reloads
            && let Some(program) = reloads.next(drive)
        {
            let swapped = engines.swap(&program, sink);
            flow.turn_to(&program);
            counts.turn_to(&program);
            sink.turn_to(&program);
            reloads.say(&swapped, drive);
        }
        if let Some(newcomers) = &mut self.newcomers {
            let program = Arc::clone(engines.program());
            newcomers.look(drive, &program, flow, counts);
        }
        if let Some(monitor) = &mut self.monitor {
            let reloads = self.reloads.as_ref().map(|reloads| reloads.counts).unwrap_or_default();
            monitor.rests(&Scene { flow, engines, counts, sink, reloads });
        }
    }

    /// A portion has come.
    pub(super) fn works(&self) {
        self.monitor.iter().for_each(Monitor::works);
    }

    /// No further portion comes.
    pub(super) fn ends(&self) {
        self.monitor.iter().for_each(Monitor::ends);
    }

    /// Nothing has come for a moment.
    pub(super) fn quiet(
        &mut self,
        drive: Drive<'_>,
        engines: &mut Shards,
        sink: &mut Shared,
    ) -> ControlFlow<()> {
        match self.clock.as_ref().and_then(Clock::time) {
            Some(time) => engines.advance(time.before(drive.lateness()), sink),
            None => ControlFlow::Continue(()),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long nothing has come is told by the clock alone")]
fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "time that goes on without events goes by the clock")]
fn wall() -> i128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128)
}
