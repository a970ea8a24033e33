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
mod shed;
mod state;
mod swap;
mod weight;
mod window;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use compact_str::CompactString;

use self::machine::Machine;
use self::order::Buffer;
use self::quiet::Quiet;
use crate::alert::{Alert, Kind, RuleInfo};
use crate::event::{Event, Source};
use crate::groups::KeyGroups;
use crate::plan::Rule;
use crate::program::{KeptSince, Program};
use crate::sink::Sink;
use crate::stream::{AtEnd, Options, Stats};
use crate::time::Timestamp;

/// The reference engine.
///
/// Cost: for each event the live derivations of its key, for each rule. Meant for tests and for judging.
#[derive(Debug)]
pub struct Reference {
    program: Arc<Program>,
    groups: KeyGroups,
    /// Those of rules over the input, then those of rules over alerts of these, and so on.
    strata: Vec<Vec<Machine>>,
    buffer: Buffer,
    /// How many events, alerts among them, were given to machines.
    given: u64,
    stats: Stats,
    quiet: Quiet,
    /// Since when what programs keep of bound events is kept.
    since: KeptSince,
}

/// An alert and the moment it was certain, by which alerts are ordered, and what it may be held back by. The alerts of one
/// cause come together, the rules of one depth after the other, so cause and depth need no entry here.
pub(crate) type Certain = (Timestamp, Alert, Option<Vec<u8>>);

impl Reference {
    /// An engine for this program with nothing seen yet.
    pub fn new(program: Arc<Program>, options: Options) -> Self {
        Reference::with(program, options, &KeyGroups::default())
    }

    /// An engine in which keys are of these groups, of which it owns all.
    pub fn with(program: Arc<Program>, options: Options, groups: &KeyGroups) -> Self {
        Reference {
            strata: machines(&program, groups),
            groups: groups.clone(),
            program,
            buffer: Buffer::new(options.lateness),
            given: 0,
            stats: Stats::default(),
            quiet: Quiet::default(),
            since: KeptSince::default(),
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

    /// Waits for a source from now on: the watermark is the least of those of the open sources.
    pub fn open_source(&mut self, source: &Source) {
        self.buffer.open(source.rank);
    }

    /// Waits for a source no more until it has an event again.
    pub fn idle_source(&mut self, rank: u32, sink: &mut impl Sink) -> ControlFlow<()> {
        self.buffer.idle(rank);
        self.settle(sink)
    }

    /// Waits for a source no more: it has no more events.
    pub fn end_source(&mut self, rank: u32, sink: &mut impl Sink) -> ControlFlow<()> {
        self.buffer.end(rank);
        self.settle(sink)
    }

    /// Ends the input: what is buffered is judged, then deadlines hold or fire.
    pub fn finish(&mut self, at_end: AtEnd, sink: &mut impl Sink) -> ControlFlow<()> {
        for event in self.buffer.drain() {
            self.judge(&event, sink)?;
        }
        if at_end == AtEnd::Flush {
            self.pass(Timestamp::MAX, sink)?;
            // What nothing but the end of the input makes certain no rule sees any more.
            let mut certain: Vec<Certain> = Vec::new();
            for machines in &mut self.strata {
                certain.extend(in_order(machines.iter_mut().flat_map(Machine::flush).collect()));
            }
            certain.sort_by_key(|(moment, ..)| *moment);
            certain.into_iter().try_for_each(|certain| self.quiet.take(certain, sink).map_continue(drop))?;
            return self.quiet.end(sink);
        }
        self.quiet.pass(self.buffer.watermark(), sink)
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats.clone();
        stats.rules = self.strata.iter().flatten().map(Machine::stats).collect();
        stats.rules.sort_by(|a, b| a.name.cmp(&b.name));
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
        self.stats.judged += 1;
        let given = self.give(Arc::clone(event));
        self.happens(&Cause::Event(given), sink)
    }

    /// Fires every deadline before `time`, one moment after the other.
    fn pass(&mut self, time: Timestamp, sink: &mut impl Sink) -> ControlFlow<()> {
        let next = |of: &Self| of.strata.iter().flatten().filter_map(Machine::next_deadline).min();
        while let Some(moment) = next(self).filter(|moment| *moment < time) {
            self.happens(&Cause::Deadline(moment), sink)?;
        }
        ControlFlow::Continue(())
    }

    /// What a cause does to the rules of each depth in turn. What they say are events for those above.
    fn happens(&mut self, cause: &Cause, sink: &mut impl Sink) -> ControlFlow<()> {
        let mut alerts: Vec<Given> = Vec::new();
        for depth in 0..self.strata.len() {
            let mut certain = Vec::new();
            for machine in &mut self.strata[depth] {
                if let Cause::Event(event) = cause {
                    certain.extend(machine.judge(event));
                }
                for alert in &alerts {
                    if machine.looks_at(&alert.event) {
                        certain.extend(machine.judge(alert));
                    }
                }
                if let Cause::Deadline(moment) = cause {
                    certain.extend(machine.pass(*moment));
                }
            }
            if let Cause::Certain(of_all) = cause {
                certain.extend(
                    of_all.iter().filter(|(_, alert, _)| alert.rule.depth as usize == depth).cloned(),
                );
            }
            for certain in in_order(certain) {
                let alert = certain.1.clone();
                let finds = matches!(alert.kind, Kind::Match | Kind::Timeout { .. });
                if self.quiet.take(certain, sink)? && finds && !alert.rule.shadow {
                    alerts.push(self.give(Arc::new(alert.event())));
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn give(&mut self, event: Arc<Event>) -> Given {
        self.given += 1;
        Given { seq: self.given, weight: weight::of(&event, &self.program), event }
    }
}

/// What makes something certain.
enum Cause {
    Event(Given),
    Deadline(Timestamp),
    /// Neither: an edit, or that memory is short, has made these so.
    Certain(Vec<Certain>),
}

/// An event in its turn.
struct Given {
    event: Arc<Event>,
    /// Its place in the total order.
    seq: u64,
    /// What it weighs when it is bound.
    weight: usize,
}

/// A machine for each rule that runs, by depth.
fn machines(program: &Program, groups: &KeyGroups) -> Vec<Vec<Machine>> {
    let running: Vec<_> = program.rules().filter(|(rule, _)| rule.runs()).collect();
    let mut strata: Vec<Vec<Machine>> = Vec::new();
    for ((rule, info), depth) in running.iter().zip(depths(&running)) {
        strata.resize_with(strata.len().max(depth + 1), Vec::new);
        strata[depth].push(Machine::new(rule, info, program.limits(), groups));
    }
    strata
}

/// How deep each rule stands: one more than the deepest whose alerts it looks at.
fn depths(rules: &[(&Rule, &Arc<RuleInfo>)]) -> Vec<usize> {
    let mut depths = vec![0; rules.len()];
    loop {
        let mut of_types: BTreeMap<&CompactString, usize> = BTreeMap::new();
        for ((rule, _), depth) in rules.iter().zip(&depths) {
            for kind in rule.emits() {
                let deepest = of_types.entry(kind).or_default();
                *deepest = (*deepest).max(*depth);
            }
        }
        let above = |rule: &Rule| rule.names().filter_map(|kind| Some(of_types.get(kind)? + 1)).max();
        let next: Vec<usize> = rules.iter().map(|(rule, _)| above(rule).unwrap_or(0)).collect();
        if next == depths {
            return depths;
        }
        depths = next;
    }
}

/// The one order of alerts: moment of certainty, (place of the causing event, the same for all of these,) depth, rule name,
/// key, id.
fn in_order(mut certain: Vec<Certain>) -> Vec<Certain> {
    certain.sort_by(|(s, a, _), (t, b, _)| s.cmp(t).then_with(|| order(a, b)));
    certain
}

/// The order of alerts of the same moment and cause.
fn order(a: &Alert, b: &Alert) -> Ordering {
    let by_rule = a.rule.depth.cmp(&b.rule.depth).then_with(|| a.rule.name.cmp(&b.rule.name));
    by_rule.then_with(|| a.key.cmp(&b.key)).then_with(|| a.id.cmp(&b.id))
}
