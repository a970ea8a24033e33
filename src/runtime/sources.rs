//! The sources that the watermark waits for.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::engine::Engine;
use super::observer::Observer;
use crate::event::Source;
use crate::sink::Sink;
use crate::time::Timestamp;

impl<O: Observer> Engine<O> {
    /// Waits for a source from now on: the watermark is the least of those of the open sources, each the largest time seen
    /// of it less the lateness. So sources need not keep step, and how their events are interleaved changes nothing.
    ///
    /// A source that opens before the first event holds the watermark until its own first event; one that opens later
    /// has come late if its events are before the watermark, which never goes back. While any is open, a source that is
    /// not opens with its first event. While none is, the stream is one, in whose order its shell has put it.
    ///
    /// Sources are told apart by their ranks. One that is open already is no longer idle.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tripline::runtime::Engine;
    /// use tripline::{Alert, AtEnd, EngineOptions, Event, Limits, Program, Record, Settings, Source, SourceFile};
    /// use tripline::Timestamp;
    ///
    /// # let text = "rule r { sequence global within 1h { a: a  b: b } }";
    /// # let files = [SourceFile::new("r.trip", text)];
    /// # let (program, _) = Program::compile(&files, &Settings::default(), Limits::default());
    /// # let program = Arc::new(program.unwrap());
    /// let [left, right] = [0, 1].map(|rank| Arc::new(Source { rank, name: format!("topic/{rank}") }));
    /// let event = |kind, second: i64, source: &Arc<Source>, offset| {
    ///     let time = Timestamp::from_nanos(second * 1_000_000_000);
    ///     Event::new(time, Some(kind), Record::default()).at(source, offset)
    /// };
    /// let mut engine = Engine::new(program, EngineOptions::default());
    /// let mut alerts: Vec<Alert> = Vec::new();
    /// engine.open_source(&left);
    /// engine.open_source(&right);
    /// // The left one is ahead, and its events wait.
    /// engine.push_event(event("b", 20, &left, 1), &mut alerts);
    /// engine.push_event(event("a", 1, &right, 1), &mut alerts);
    /// assert_eq!(alerts.len(), 0);
    /// // The right one has ended.
    /// engine.end_source(right.rank, &mut alerts);
    /// assert_eq!(alerts.len(), 1);
    /// ```
    pub fn open_source(&mut self, source: &Arc<Source>) {
        self.buffer.open(source);
    }

    /// Says that nothing has come from a source for so long that the watermark does not wait for it until its next event,
    /// which is late if it is before the watermark by then. If all open sources are idle, the watermark is the furthest of
    /// theirs. Of a source that is not open it says nothing.
    pub fn idle_source(&mut self, rank: u32, sink: &mut impl Sink) -> ControlFlow<()> {
        self.buffer.idle(rank);
        self.moved(sink)
    }

    /// Says that a source has no more events, so that the watermark waits for the others only.
    pub fn end_source(&mut self, rank: u32, sink: &mut impl Sink) -> ControlFlow<()> {
        self.buffer.end(rank);
        self.moved(sink)
    }
}

/// The open sources of a stream, each with a watermark of its own: the largest time seen of it less the lateness. While
/// there is none, the stream is one and its watermark is known without them.
#[derive(Debug)]
pub(super) struct Sources {
    open: BTreeMap<u32, Open>,
    /// The furthest watermark of any, those that have ended since there is an open one too.
    furthest: Timestamp,
}

/// An open source.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) source: Arc<Source>,
    pub(super) watermark: Timestamp,
    /// Whether nobody waits for it until it has an event again.
    pub(super) idle: bool,
}

impl Sources {
    pub(super) fn new() -> Self {
        Sources { open: BTreeMap::new(), furthest: Timestamp::MIN }
    }

    /// Goes on where another was.
    pub(super) fn restored(open: Vec<Open>, furthest: Timestamp) -> Self {
        Sources { open: open.into_iter().map(|open| (open.source.rank, open)).collect(), furthest }
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Open> {
        self.open.values()
    }

    pub(super) fn furthest(&self) -> Timestamp {
        self.furthest
    }

    /// Whether the stream is one that is there, or there is one open source, whose own watermark is this and which has
    /// nothing more to say at this time that stands before what this source has said.
    pub(super) fn sole_has_reached(&self, watermark: Timestamp, rank: u32) -> bool {
        let mut open = self.open.values();
        match (open.next(), open.next()) {
            (None, _) => true,
            (Some(sole), None) => sole.watermark == watermark && rank <= sole.source.rank,
            _ => false,
        }
    }

    /// Waits for a source from now on.
    pub(super) fn open(&mut self, source: &Arc<Source>) -> &mut Open {
        let fresh = || Open { source: Arc::clone(source), watermark: Timestamp::MIN, idle: false };
        let open = self.open.entry(source.rank).or_insert_with(fresh);
        open.idle = false;
        open
    }

    /// A source has an event, behind which its watermark is this. `now` is the one of all. Gives what that is then, unless
    /// it has gone further already.
    ///
    /// Cost: all sources are looked at only if this is the one that the others waited for.
    pub(super) fn see(&mut self, source: &Arc<Source>, watermark: Timestamp, now: Timestamp) -> Timestamp {
        let open = self.open(source);
        let before = open.watermark;
        open.watermark = before.max(watermark);
        self.furthest = self.furthest.max(watermark);
        if before > now { now } else { self.watermark() }
    }

    /// Nobody waits for a source any more until it has an event again. Gives the watermark of all.
    pub(super) fn idle(&mut self, rank: u32) -> Timestamp {
        if let Some(open) = self.open.get_mut(&rank) {
            open.idle = true;
        }
        self.watermark()
    }

    /// A source has no more events. Gives the watermark of all.
    pub(super) fn end(&mut self, rank: u32) -> Timestamp {
        self.open.remove(&rank);
        let watermark = self.watermark();
        if self.open.is_empty() {
            self.furthest = Timestamp::MIN;
        }
        watermark
    }

    /// The least of those that somebody waits for; where nobody waits for any, the furthest.
    fn watermark(&self) -> Timestamp {
        let waited_for = self.open.values().filter(|open| !open.idle);
        waited_for.map(|open| open.watermark).min().unwrap_or(self.furthest)
    }
}
