//! What a run beside a live stream does between two portions of it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use tripline::io::{Discovery, Input, Intake, Place};
use tripline::pipeline::{Flow, Shards, Workers};
use tripline::{Program, Timestamp};

use super::backfill::{Backfill, History};
use super::drive::Drive;
use super::lasting::Lasting;
use super::memory::Memory;
use super::monitor::{Monitor, Scene};
use super::output::Shared;
use super::reload::{Reloads, Ruling, STAY};
use super::state::{Decision, Header};
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
    pub(super) lasting: Option<Lasting>,
    pub(super) monitor: Option<Monitor>,
    pub(super) memory: Option<Memory>,
    pub(super) backfill: Option<Backfill>,
    /// What the run before has counted.
    pub(super) before: Option<Header>,
}

/// What a run works with.
pub(super) struct Works<'w> {
    pub(super) flow: &'w mut Flow,
    pub(super) engines: &'w mut Shards,
    pub(super) counts: &'w mut Counts,
    pub(super) sink: &'w mut Shared,
}

/// Opens an input for the rule set that runs.
type Open<'r> = dyn Fn(&Input, &Arc<Program>) -> Result<Intake, String> + 'r;

/// Inputs that come up.
pub(super) struct Newcomers<'r> {
    pub(super) discovery: Discovery,
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
        open: impl Fn(&Input, &Arc<Program>) -> Result<Intake, String> + 'r,
    ) -> Self {
        let (workers, looked) = (Arc::clone(workers), now());
        Newcomers { discovery, open: Box::new(open), workers, looked, failed: None }
    }

    /// What has come up, if it is time to look.
    pub(super) fn look(&mut self, drive: Drive<'_>, at_once: bool) -> Vec<Input> {
        if self.looked.elapsed() < LOOK && !at_once {
            return Vec::new();
        }
        self.looked = now();
        match self.discovery.look() {
            Ok(new) => {
                self.failed = None;
                new
            }
            Err(error) => {
                let text = error.to_string();
                if self.failed.as_ref() != Some(&text) {
                    drive.error(&text);
                }
                self.failed = Some(text);
                Vec::new()
            }
        }
    }

    /// Has one more input read.
    pub(super) fn add(&self, input: &Input, drive: Drive<'_>, works: &mut Works<'_>) {
        let program = Arc::clone(works.engines.program());
        let added = (self.open)(input, &program);
        let added = added.and_then(|intake| {
            works.flow.add(intake, &program, &self.workers).map_err(|e| format!("cannot start a thread: {e}"))
        });
        if let Err(error) = added {
            drive.error(&error);
            works.counts.failed = true;
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

    /// By how much the newest event was behind the clock at the least, in nanoseconds.
    pub(super) fn behind(&self) -> Option<i64> {
        self.behind.and_then(|behind| i64::try_from(behind).ok())
    }

    /// Goes on where another one was.
    pub(super) fn set_behind(&mut self, behind: Option<i64>) {
        self.behind = behind.map(i128::from);
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
    pub(super) fn turn(&mut self, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        if self.is_catching_up() {
            self.catch_up(drive, works)?;
            self.rest(works);
            return ControlFlow::Continue(());
        }
        if let Some(ruling) = self.reloads.as_mut().and_then(|reloads| reloads.next(drive)) {
            self.take_rules(ruling, drive, works)?;
        }
        self.look_for_inputs(drive, works, false)?;
        self.spare(drive, works)?;
        self.keep(drive, works)?;
        self.rest(works);
        ControlFlow::Continue(())
    }

    /// Shows how it goes, between two portions.
    fn rest(&mut self, works: &Works<'_>) {
        let Some(monitor) = &mut self.monitor else { return };
        let reloads = self.reloads.as_ref().map(|reloads| reloads.counts).unwrap_or_default();
        let Works { flow, engines, counts, sink } = works;
        let checkpoints = self.lasting.as_ref().map(|lasting| lasting.state.counts);
        let sheds = self.memory.as_ref().map(|memory| memory.counts);
        monitor.rests(&Scene { flow, engines, counts, sink, reloads, checkpoints, sheds });
    }

    /// Another rule set takes over, if that can be noted.
    fn take_rules(&mut self, ruling: Ruling, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        // A run that is to end leaves it to the next one.
        let ControlFlow::Continue(history) = self.history(&ruling.program, drive, works) else {
            return ControlFlow::Continue(());
        };
        let has_history = history.is_some();
        if let Some(lasting) = &mut self.lasting {
            match lasting.state.keep_rules(&ruling.origin) {
                Ok(name) => {
                    let is_back = self.reloads.as_ref().is_some_and(Reloads::is_back);
                    let decision = if is_back { Decision::RulesBefore } else { Decision::Rules };
                    self.note(works, decision(name))?;
                }
                Err(why) => {
                    drive.error(&format!("{why}; {STAY}"));
                    return ControlFlow::Continue(());
                }
            }
        }
        self.turn_to(ruling, history, drive, works);
        // What was read may not be there another time.
        if has_history { self.checkpoint(drive, works, true) } else { ControlFlow::Continue(()) }
    }

    /// Another rule set takes over; rules that begin have a history.
    pub(super) fn turn_to(
        &mut self,
        ruling: Ruling,
        history: Option<History>,
        drive: Drive<'_>,
        works: &mut Works<'_>,
    ) {
        let program = Arc::clone(&ruling.program);
        let swapped = works.engines.swap(&program, works.sink);
        works.flow.turn_to(&program);
        works.counts.turn_to(&program);
        works.sink.turn_to(&program);
        if let Some(reloads) = &mut self.reloads {
            reloads.take(ruling);
            reloads.say(&swapped, drive);
        }
        Live::remember(history, drive, works);
    }

    /// A portion has come.
    pub(super) fn works(&self) {
        self.monitor.iter().for_each(Monitor::works);
    }

    /// No further portion comes.
    pub(super) fn ends(&self) {
        self.monitor.iter().for_each(Monitor::ends);
    }

    /// Reads inputs that have come up.
    pub(super) fn look_for_inputs(
        &mut self,
        drive: Drive<'_>,
        works: &mut Works<'_>,
        at_once: bool,
    ) -> ControlFlow<()> {
        let Some(newcomers) = self.newcomers.as_mut().filter(|_| at_once || drive.follows()) else {
            return ControlFlow::Continue(());
        };
        for input in newcomers.look(drive, at_once) {
            let name = &input.source().name;
            drive.note(&format!("`{name}` has come up and is read too"), &[("input", name.as_str().into())]);
            let path = input.path().unwrap_or(Path::new(""));
            let (rank, file) = (input.source().rank, Place::at(path).file);
            self.note(works, Decision::New { rank, path: path.to_string_lossy().into_owned(), file })?;
            self.add(input, drive, works);
        }
        ControlFlow::Continue(())
    }

    /// Has one more input read.
    pub(super) fn add(&mut self, input: Input, drive: Drive<'_>, works: &mut Works<'_>) {
        self.newcomers.iter().for_each(|newcomers| newcomers.add(&input, drive, works));
        self.lasting.iter_mut().for_each(|lasting| lasting.state.add(input.clone()));
    }

    /// Events of a later time are not taken. What was decided of that before is decided again.
    pub(super) fn latest(&self, drive: Drive<'_>) -> Option<Timestamp> {
        let ahead = drive.max_ahead().filter(|_| !self.decides_again())?;
        let now = i64::try_from(wall()).unwrap_or(i64::MAX);
        Some(Timestamp::from_nanos(now).after(ahead))
    }

    /// Nothing has come for a moment.
    pub(super) fn quiet(&mut self, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        if self.is_catching_up() {
            return self.wait(drive, works);
        }
        let Some(time) = self.clock.as_ref().and_then(Clock::time) else { return ControlFlow::Continue(()) };
        let time = time.before(drive.lateness());
        self.note(works, Decision::Time(time.nanos()))?;
        works.engines.advance(time, works.sink)
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
