//! The engine and its calls.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use super::gate::Gate;
use super::judge::Arrival;
use super::keys::RowKeys;
use super::observer::Observer;
use super::order::{Buffer, Fate, Waiting};
use super::outlet::{Given, Outlet, Straight};
use super::partitions::Partitions;
use super::strata::{Shown, ascend};
use crate::alert::Certain;
use crate::event::{Batch, Event, Row};
use crate::groups::KeyGroups;
use crate::program::Program;
use crate::sink::Sink;
use crate::stream::{AtEnd, Options, RuleStats, Stats};
use crate::time::Timestamp;

/// A program at work on a stream.
///
/// Cost: for each event the rules that name its type, and of those only what waits for it under its key.
///
/// ```
/// use std::sync::Arc;
/// use tripline::runtime::Engine;
/// use tripline::{Alert, AtEnd, Batch, EngineOptions, Event, Limits, Program, Record, Settings, SourceFile};
/// use tripline::{Timestamp, Value};
///
/// let text = "rule twice { sequence by user within 1m { a: fail  b: fail } }";
/// let files = [SourceFile::new("twice.trip", text)];
/// let (program, _) = Program::compile(&files, &Settings::default(), Limits::default());
/// let program = Arc::new(program.unwrap());
/// let mut engine = Engine::new(Arc::clone(&program), EngineOptions::default());
///
/// let fail = |second: i64| {
///     let fields = Record::from_iter([("user".into(), Value::str("ann"))]);
///     Arc::new(Event::new(Timestamp::from_nanos(second * 1_000_000_000), Some("fail"), fields))
/// };
/// let mut alerts: Vec<Alert> = Vec::new();
/// engine.push(&Arc::new(Batch::of(program.fields(), [fail(0), fail(9)])), &mut alerts);
/// engine.finish(AtEnd::Hold, &mut alerts);
/// assert_eq!(alerts.len(), 1);
/// ```
#[derive(Debug)]
pub struct Engine<O = ()> {
    pub(super) partitions: Partitions<O>,
    pub(super) buffer: Buffer,
    pub(super) counts: Counts,
    /// Through which alerts go to the sink. Where engines share a stream they have one in common, and not this.
    pub(super) gate: Gate,
    /// Those of the row that is judged, where nobody has worked them out.
    pub(super) keys: RowKeys,
    /// What rules over alerts have still to judge.
    pub(super) shown: Shown,
    /// While it is restored, the key groups that nothing is held of.
    pub(super) vacant: Option<BTreeSet<u32>>,
}

/// What an engine is made for.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The keys that it keeps state for.
    pub groups: KeyGroups,
    /// Whether every rule is held in the general form, even where a cheaper one is legal. Slower, with the same alerts.
    pub general: bool,
}

/// What is counted of the stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) events: u64,
    pub(super) late: u64,
    pub(super) judged: u64,
}

impl Engine {
    /// An engine for this program with nothing seen yet.
    pub fn new(program: Arc<Program>, options: Options) -> Self {
        Engine::one_of(program, options, Setup::default(), ())
    }
}

/// Why an engine cannot be set up: it would own some of the key groups only, and a rule of its program looks at the alerts
/// of others, which come about in any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alone;

impl fmt::Display for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "rules that look at the alerts of rules need an engine that owns all key groups, or engines that stand \
             together in `Shards`",
        )
    }
}

impl std::error::Error for Alone {}

impl<O: Observer> Engine<O> {
    /// An engine that is set up for something, and watched.
    pub fn with(program: Arc<Program>, options: Options, setup: Setup, observer: O) -> Result<Self, Alone> {
        let owns_all = setup.groups.owned().len() == setup.groups.count() as usize;
        let stands_alone = owns_all || program.strata() == 1;
        if stands_alone { Ok(Engine::one_of(program, options, setup, observer)) } else { Err(Alone) }
    }

    /// The same for one of several that are shown each other's alerts.
    pub(crate) fn one_of(program: Arc<Program>, options: Options, setup: Setup, observer: O) -> Self {
        Engine {
            keys: RowKeys::new(&program, &setup.groups),
            shown: Shown::default(),
            vacant: None,
            partitions: Partitions::new(program, setup.groups, setup.general, observer),
            buffer: Buffer::new(options.lateness),
            counts: Counts::default(),
            gate: Gate::default(),
        }
    }

    /// Takes the rows of a batch, whose columns are those of the program. A row is judged when the watermark has passed
    /// it (at once if no lateness is allowed); one that comes after the watermark goes to the sink as late.
    pub fn push(&mut self, batch: &Arc<Batch>, sink: &mut impl Sink) -> ControlFlow<()> {
        self.push_rows(batch, 0..batch.len(), sink)
    }

    /// Takes one event, as a batch of its own. Where there are many, batches are faster.
    pub fn push_event(&mut self, event: impl Into<Arc<Event>>, sink: &mut impl Sink) -> ControlFlow<()> {
        let batch = Batch::of(self.partitions.program.fields(), [event.into()]);
        self.push(&Arc::new(batch), sink)
    }

    /// Takes some of the rows of a batch, as `push` does.
    pub fn push_rows(
        &mut self,
        batch: &Arc<Batch>,
        rows: Range<usize>,
        sink: &mut impl Sink,
    ) -> ControlFlow<()> {
        self.straight(None, sink, |engine, outlet| engine.take(batch, None, rows, outlet))
    }

    /// Promises that no event before `watermark` will come.
    pub fn advance(&mut self, watermark: Timestamp, sink: &mut impl Sink) -> ControlFlow<()> {
        self.straight(None, sink, |engine, outlet| engine.move_to(watermark, outlet))
    }

    /// Ends the input: what is buffered is judged, then deadlines hold or fire.
    pub fn finish(&mut self, at_end: AtEnd, sink: &mut impl Sink) -> ControlFlow<()> {
        self.straight(Some(at_end), sink, |engine, outlet| engine.end(at_end, outlet))
    }

    /// The watermark may have moved without an event.
    pub(super) fn moved(&mut self, sink: &mut impl Sink) -> ControlFlow<()> {
        self.straight(None, sink, |engine, outlet| engine.catch_up(outlet))
    }

    /// No event before `watermark` will come.
    pub(crate) fn move_to(&mut self, watermark: Timestamp, outlet: &mut impl Outlet) -> ControlFlow<()> {
        self.vacant = None;
        self.buffer.advance(watermark);
        self.catch_up(outlet)
    }

    fn catch_up(&mut self, outlet: &mut impl Outlet) -> ControlFlow<()> {
        self.settle(outlet)?;
        self.pass(0, Some(self.buffer.watermark()), outlet)
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.counted(self.partitions.stats())
    }

    /// The same without what only a look at every key can tell: `pending` is 0.
    ///
    /// Cost: a step for each rule and each key group in which it has something open, however many keys there are.
    pub fn tally(&self) -> Stats {
        self.counted(self.partitions.tally())
    }

    fn counted(&self, mut rules: Vec<RuleStats>) -> Stats {
        let Counts { events, late, judged } = self.counts;
        rules.iter_mut().for_each(|rule| rule.suppressed = self.gate.held_back(&rule.name));
        Stats { events, late, judged, rules }
    }

    /// What it took back of what came out, for engines that have a gate in common.
    #[cfg(feature = "pipeline")]
    pub(crate) fn take_gate(&mut self) -> Gate {
        std::mem::take(&mut self.gate)
    }

    /// The key groups that it owns.
    pub fn groups(&self) -> &KeyGroups {
        &self.partitions.groups
    }

    /// Who watches.
    pub fn observer(&self) -> &O {
        self.partitions.observer()
    }

    /// Does something whose alerts go straight to the sink.
    fn straight<S: Sink>(
        &mut self,
        at_end: Option<AtEnd>,
        sink: &mut S,
        work: impl FnOnce(&mut Self, &mut Straight<'_, S>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let program = Arc::clone(&self.partitions.program);
        let mut gate = std::mem::take(&mut self.gate);
        let mut outlet = Straight::new(&program, &mut gate, sink);
        let mut flow = work(self, &mut outlet);
        let kept = outlet.kept;
        self.gate = gate;
        if flow.is_continue() {
            flow = self.ascend(self.until(at_end), kept.unwrap_or_default(), sink);
        }
        flow
    }

    /// Says what has become certain without an event, in no order, and has rules over alerts judge it.
    pub(super) fn tell(&mut self, certain: Vec<Certain>, sink: &mut impl Sink) -> ControlFlow<()> {
        self.ascend(self.until(None), certain, sink)
    }

    /// Has the rules of further depths judge a part of the stream, in which time has come so far, of which those of depth 0
    /// have said this.
    fn ascend(
        &mut self,
        until: Option<Timestamp>,
        first: Vec<Certain>,
        sink: &mut impl Sink,
    ) -> ControlFlow<()> {
        let program = Arc::clone(&self.partitions.program);
        let mut gate = std::mem::take(&mut self.gate);
        let flow = ascend(&program, &mut gate, until, first, sink, |depth, heard| {
            let mut given = Given::default();
            // Nothing that is only collected says stop.
            let _ = self.rise(depth, heard, until, &mut given);
            given.certain
        });
        self.gate = gate;
        flow
    }

    /// Takes rows, as `push_rows` does. `keys` are those of all rows of the batch, where they are worked out.
    pub(crate) fn take(
        &mut self,
        batch: &Arc<Batch>,
        keys: Option<&Arc<RowKeys>>,
        rows: Range<usize>,
        outlet: &mut impl Outlet,
    ) -> ControlFlow<()> {
        self.vacant = None;
        let program = Arc::clone(&self.partitions.program);
        let keys = keys.filter(|keys| keys.are_of(&program));
        let number = |kind: &str| program.kinds().get_index_of(kind);
        // Of a few rows, as several inputs give them in turn, each is asked for its type by itself.
        let few = rows.len() < batch.kinds().len();
        let kinds: Vec<Option<usize>> = batch.kinds().filter(|_| !few).map(number).collect();
        let kind_of = |row: Row<'_>| {
            let known = row.kind_index().and_then(|index| kinds.get(index));
            known.copied().unwrap_or_else(|| row.kind().and_then(number))
        };
        let first = self.counts.judged;
        if let Some((keys, routed)) = keys.and_then(|keys| Some((keys, self.routed(batch, keys, &rows)?))) {
            for row in routed.iter().filter_map(|row| batch.row(*row as usize)) {
                self.counts.judged = first + (row.index() - rows.start) as u64;
                self.judge(&program, batch, row, kind_of(row), Some(keys), outlet)?;
            }
            self.counts.judged = first + rows.len() as u64;
            return self.pass(0, Some(self.buffer.watermark()), outlet);
        }
        for row in rows.filter_map(|row| batch.row(row)) {
            self.counts.events += 1;
            match self.buffer.arrive(batch, keys, row) {
                Fate::Next => {
                    self.judge(&program, batch, row, kind_of(row), keys, outlet)?;
                }
                Fate::Waits => self.settle(outlet)?,
                Fate::Late => {
                    self.counts.late += 1;
                    outlet.late(&mut || row.event())?;
                }
            }
        }
        self.pass(0, Some(self.buffer.watermark()), outlet)
    }

    pub(crate) fn end(&mut self, at_end: AtEnd, outlet: &mut impl Outlet) -> ControlFlow<()> {
        self.vacant = None;
        for waiting in self.buffer.drain() {
            self.judge_waiting(&waiting, outlet)?;
        }
        self.close(0, self.until(Some(at_end)), outlet)
    }

    /// Up to where time has come; nothing if a flush has taken it to its end.
    fn until(&self, at_end: Option<AtEnd>) -> Option<Timestamp> {
        (at_end != Some(AtEnd::Flush)).then_some(self.buffer.watermark())
    }

    /// The rules of a depth have judged all events of a part of the stream, in which time has come so far. At the end of
    /// time, when those of all depths have, what only waited to grow is certain.
    pub(super) fn close(
        &mut self,
        depth: u32,
        until: Option<Timestamp>,
        outlet: &mut impl Outlet,
    ) -> ControlFlow<()> {
        self.pass(depth, until, outlet)?;
        let mut certain = Vec::new();
        if until.is_none() && depth + 1 == self.partitions.program.strata() {
            self.partitions.end(&mut certain);
        }
        emit(certain, outlet)
    }

    /// If all these rows are next, takes them, and says which of them are anything to this engine.
    fn routed<'k>(&mut self, batch: &Batch, keys: &'k RowKeys, rows: &Range<usize>) -> Option<&'k [u32]> {
        let routed = keys.routed(self.groups(), rows)?;
        let time = |row: usize| batch.row(row).map(Row::time);
        let (first, last) = (time(rows.start)?, time(rows.end.checked_sub(1)?)?);
        let is_next = self.buffer.arrive_in_order(first, last, rows.len());
        self.counts.events += if is_next { rows.len() as u64 } else { 0 };
        is_next.then_some(routed)
    }

    /// Judges what the watermark has passed.
    fn settle(&mut self, outlet: &mut impl Outlet) -> ControlFlow<()> {
        while let Some(waiting) = self.buffer.release() {
            self.judge_waiting(&waiting, outlet)?;
        }
        ControlFlow::Continue(())
    }

    fn judge_waiting(&mut self, waiting: &Waiting, outlet: &mut impl Outlet) -> ControlFlow<()> {
        let program = Arc::clone(&self.partitions.program);
        let Waiting { batch, keys, row } = waiting;
        let Some(row) = batch.row(*row) else { return ControlFlow::Continue(()) };
        let kind = row.kind().and_then(|kind| program.kinds().get_index_of(kind));
        self.judge(&program, batch, row, kind, keys.as_ref(), outlet)
    }

    /// One event of the input, by the rules of depth 0.
    fn judge(
        &mut self,
        program: &Program,
        batch: &Arc<Batch>,
        row: Row<'_>,
        kind: Option<usize>,
        keys: Option<&Arc<RowKeys>>,
        outlet: &mut impl Outlet,
    ) -> ControlFlow<()> {
        let seq = self.counts.judged;
        self.counts.judged += 1;
        if program.strata() > 1 {
            self.shown.note(program, batch, keys, (row.index(), kind, seq));
        }
        let arrival = Arrival::of_input(program, row, kind, seq, seq + self.shown.heard());
        self.present(program, 0, &arrival, keys.map(Arc::as_ref), outlet)
    }

    /// One event, after all deadlines before it. What a deadline `t` causes stands after all events of time `t`.
    pub(super) fn present(
        &mut self,
        program: &Program,
        depth: u32,
        arrival: &Arrival<'_>,
        keys: Option<&RowKeys>,
        outlet: &mut impl Outlet,
    ) -> ControlFlow<()> {
        self.pass(depth, Some(arrival.row.time()), outlet)?;
        let mut certain = Vec::new();
        let keys = keys.unwrap_or_else(|| {
            self.keys.become_of(arrival.row, arrival.concerns);
            &self.keys
        });
        self.partitions.judge(program, depth, arrival, keys.of_row(arrival.row), &mut certain);
        emit(certain, outlet)
    }

    fn pass(&mut self, depth: u32, end: Option<Timestamp>, outlet: &mut impl Outlet) -> ControlFlow<()> {
        let mut certain = Vec::new();
        self.partitions.pass(depth, end, &mut certain);
        emit(certain, outlet)
    }
}

/// Hands alerts on in the one order.
#[inline]
fn emit(certain: Vec<Certain>, outlet: &mut impl Outlet) -> ControlFlow<()> {
    // Mostly there are none.
    if certain.is_empty() { ControlFlow::Continue(()) } else { emit_all(certain, outlet) }
}

fn emit_all(mut certain: Vec<Certain>, outlet: &mut impl Outlet) -> ControlFlow<()> {
    certain.sort_by(Certain::order);
    certain.into_iter().try_for_each(|certain| outlet.certain(certain))
}
