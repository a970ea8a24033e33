//! The reference engine: slow and obviously right.
//!
//! It is written straight from the language page and judges every faster way to match. It has no index, no automaton
//! and no shared state: it holds the derivations of every start event one by one and looks at all of them for every
//! event. It sees only events, the plan, alerts and text matchers.
//!
//! The way of an event: `order` (reorder buffer, watermark) -> `machine` (one for each rule: keys, partitions,
//! deadlines) -> `state` of one rule and key: `partition` (derivations) -> `policy` (which matches are reported), or
//! `window` (events that are looked at together) -> `report` (the alert) -> `quiet` (what is held back). `place` says where
//! a derivation can go next, `eval` what an expression is worth.

mod eval;
mod machine;
mod order;
mod partial;
mod partition;
mod place;
mod policy;
mod quiet;
mod report;
mod state;
mod weight;
mod window;

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;

use self::machine::Machine;
use self::order::Buffer;
use self::quiet::Quiet;
use crate::alert::Alert;
use crate::event::Event;
use crate::groups::KeyGroups;
use crate::program::Program;
use crate::sink::Sink;
use crate::stream::{AtEnd, Options, Stats};
use crate::time::Timestamp;

/// The reference engine.
///
/// Cost: for each event the live derivations of its key, for each rule. Meant for tests and for judging.
#[derive(Debug)]
pub struct Reference {
    program: Arc<Program>,
    machines: Vec<Machine>,
    buffer: Buffer,
    stats: Stats,
    quiet: Quiet,
}

/// An alert and the moment it was certain, by which alerts are ordered, and what it may be held back by. An event's own
/// alerts come one event at a time, so the place of the causing event needs no entry here.
pub(crate) type Certain = (Timestamp, Alert, Option<Vec<u8>>);

impl Reference {
    /// An engine for this program with nothing seen yet.
    pub fn new(program: Arc<Program>, options: Options) -> Self {
        Reference::with(program, options, &KeyGroups::default())
    }

    /// An engine in which keys are of these groups, of which it owns all.
    pub fn with(program: Arc<Program>, options: Options, groups: &KeyGroups) -> Self {
        let machines: Vec<Machine> = program
            .rules()
            .filter(|(rule, _)| rule.runs())
            .map(|(rule, info)| Machine::new(rule, info, program.limits(), groups))
            .collect();
        Reference {
            program,
            machines,
            buffer: Buffer::new(options.lateness),
            stats: Stats::default(),
            quiet: Quiet::default(),
        }
    }

    /// Takes one event. It is judged when the watermark has passed it (at once if no lateness is allowed); one that
    /// comes after the watermark goes to the sink as late.
    pub fn push(&mut self, event: Event, sink: &mut impl Sink) -> ControlFlow<()> {
        self.stats.events += 1;
        if let Err(late) = self.buffer.push(Arc::new(event)) {
            self.stats.late += 1;
            return sink.late(late);
        }
        self.settle(sink)
    }

    /// Promises that no event before `watermark` will come.
    pub fn advance(&mut self, watermark: Timestamp, sink: &mut impl Sink) -> ControlFlow<()> {
        self.buffer.advance(watermark);
        self.settle(sink)
    }

    /// Ends the input: what is buffered is judged, then deadlines hold or fire.
    pub fn finish(&mut self, at_end: AtEnd, sink: &mut impl Sink) -> ControlFlow<()> {
        for event in self.buffer.drain() {
            self.judge(&event, sink)?;
        }
        if at_end == AtEnd::Flush {
            self.pass(Timestamp::MAX, sink)?;
            let certain = self.machines.iter_mut().flat_map(Machine::flush).collect();
            self.report(certain, sink)?;
            return self.quiet.end(sink);
        }
        self.quiet.pass(self.buffer.watermark(), sink)
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats.clone();
        stats.rules = self.machines.iter().map(Machine::stats).collect();
        stats.rules.iter_mut().for_each(|rule| rule.suppressed = self.quiet.held_back(&rule.name));
        stats
    }

    /// Judges what the watermark has passed, and fires what it has passed.
    fn settle(&mut self, sink: &mut impl Sink) -> ControlFlow<()> {
        while let Some(event) = self.buffer.release() {
            self.judge(&event, sink)?;
        }
        self.pass(self.buffer.watermark(), sink)?;
        self.quiet.pass(self.buffer.watermark(), sink)
    }

    /// One event, after all deadlines before it. What a deadline `t` causes stands after all events of time `t`.
    fn judge(&mut self, event: &Arc<Event>, sink: &mut impl Sink) -> ControlFlow<()> {
        self.pass(event.time, sink)?;
        let seq = self.stats.judged;
        self.stats.judged += 1;
        let weight = weight::of(event, &self.program);
        let certain = self.machines.iter_mut().flat_map(|m| m.judge(event, seq, weight)).collect();
        self.report(certain, sink)
    }

    /// Fires every deadline before `time`.
    fn pass(&mut self, time: Timestamp, sink: &mut impl Sink) -> ControlFlow<()> {
        let certain = self.machines.iter_mut().flat_map(|m| m.pass(time)).collect();
        self.report(certain, sink)
    }

    /// The one order of alerts: moment of certainty, (place of the causing event, the same for all of these,) rule name,
    /// key, id.
    fn report(&mut self, mut certain: Vec<Certain>, sink: &mut impl Sink) -> ControlFlow<()> {
        certain.sort_by(|(s, a, _), (t, b, _)| s.cmp(t).then_with(|| order(a, b)));
        certain.into_iter().try_for_each(|certain| self.quiet.take(certain, sink))
    }
}

/// The order of alerts of the same moment and cause.
fn order(a: &Alert, b: &Alert) -> Ordering {
    a.rule.name.cmp(&b.rule.name).then_with(|| a.key.cmp(&b.key)).then_with(|| a.id.cmp(&b.id))
}
