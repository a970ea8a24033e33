//! The engine and its calls.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;

use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use super::judge::{Arrival, Memo, Seen};
use super::order::{Buffer, Fate, Waiting};
use super::report::Reporter;
use super::runs::{Expired, Match, Runs};
use super::table::{KeyBytes, Table};
use super::timers::{Place, Timers};
use crate::alert::Certain;
use crate::event::{Batch, Row};
use crate::plan::Pattern;
use crate::predicate::{Current, Here, Unbound};
use crate::program::{Compiled, Program};
use crate::sink::Sink;
use crate::stream::{AtEnd, Options, RuleStats, Stats};
use crate::time::Timestamp;

/// A program at work on a stream.
///
/// Cost: for each event the rules that name its type, and of those only what waits for it under its key.
#[derive(Debug)]
pub struct Engine {
    program: Arc<Program>,
    /// For each key space the rules that an event of a type concerns; the last list is for types no rule names.
    concerned: Vec<Vec<Vec<u32>>>,
    tables: Vec<Table>,
    timers: Timers,
    buffer: Buffer,
    memo: Memo,
    counts: Counts,
}

/// What is counted.
#[derive(Debug, Default)]
struct Counts {
    events: u64,
    late: u64,
    judged: u64,
    rules: Vec<RuleCounts>,
}

#[derive(Debug, Default)]
struct RuleCounts {
    seen: u64,
    starts: u64,
    alerts: u64,
    faults: Cell<u64>,
    /// Of partitions that are gone.
    refused: u64,
}

/// A key that an event has, and which keys of its key space it is.
struct KeyOf {
    bytes: KeyBytes,
    hash: u64,
    visible: SmallVec<[bool; 2]>,
}

impl Engine {
    /// An engine for this program with nothing seen yet.
    pub fn new(program: Arc<Program>, options: Options) -> Self {
        let spaces = program.spaces().len();
        let mut concerned = vec![vec![Vec::new(); program.kinds().len() + 1]; spaces];
        for (index, rule) in (0..).zip(program.compiled()) {
            for (kind, rules) in concerned[rule.space].iter_mut().enumerate() {
                if rule.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind)) {
                    rules.push(index);
                }
            }
        }
        let steps = program.compiled().iter().map(|rule| rule.steps.len()).max().unwrap_or(0);
        let rules = program.compiled().iter().map(|_| RuleCounts::default()).collect();
        Engine {
            concerned,
            tables: (0..spaces).map(|_| Table::default()).collect(),
            timers: Timers::default(),
            buffer: Buffer::new(options.lateness),
            memo: vec![Cell::new(None); steps],
            counts: Counts { rules, ..Counts::default() },
            program,
        }
    }

    /// Takes the rows of a batch, whose columns are those of the program. A row is judged when the watermark has passed
    /// it (at once if no lateness is allowed); one that comes after the watermark goes to the sink as late.
    pub fn push(&mut self, batch: &Arc<Batch>, sink: &mut impl Sink) -> ControlFlow<()> {
        for row in batch.rows() {
            self.counts.events += 1;
            match self.buffer.arrive(batch, row) {
                Fate::Next => self.judge(row, sink)?,
                Fate::Waits => self.settle(sink)?,
                Fate::Late => {
                    self.counts.late += 1;
                    sink.late(Arc::clone(row.event()))?;
                }
            }
        }
        self.pass(Some(self.buffer.watermark()), sink)
    }

    /// Promises that no event before `watermark` will come.
    pub fn advance(&mut self, watermark: Timestamp, sink: &mut impl Sink) -> ControlFlow<()> {
        self.buffer.advance(watermark);
        self.settle(sink)?;
        self.pass(Some(self.buffer.watermark()), sink)
    }

    /// Ends the input: what is buffered is judged, then deadlines hold or fire.
    pub fn finish(&mut self, at_end: AtEnd, sink: &mut impl Sink) -> ControlFlow<()> {
        for waiting in self.buffer.drain() {
            self.judge_waiting(&waiting, sink)?;
        }
        if at_end == AtEnd::Flush {
            self.pass(None, sink)?;
            self.flush(sink)?;
        }
        ControlFlow::Continue(())
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        let mut rules: Vec<RuleStats> = self
            .program
            .compiled()
            .iter()
            .zip(&self.counts.rules)
            .map(|(rule, counts)| RuleStats {
                name: rule.info.name.clone(),
                seen: counts.seen,
                starts: counts.starts,
                alerts: counts.alerts,
                eval_errors: counts.faults.get(),
                open: 0,
                pending: 0,
                refused: counts.refused,
            })
            .collect();
        for (_, entry) in self.tables.iter().flat_map(Table::iter) {
            for (rule, state) in entry.states() {
                let stats = &mut rules[rule as usize];
                let (open, pending) = state.open();
                stats.open += open;
                stats.pending += pending;
                stats.refused += state.refused;
            }
        }
        Stats { events: self.counts.events, late: self.counts.late, judged: self.counts.judged, rules }
    }

    /// Judges what the watermark has passed.
    fn settle(&mut self, sink: &mut impl Sink) -> ControlFlow<()> {
        while let Some(waiting) = self.buffer.release() {
            self.judge_waiting(&waiting, sink)?;
        }
        ControlFlow::Continue(())
    }

    fn judge_waiting(&mut self, waiting: &Waiting, sink: &mut impl Sink) -> ControlFlow<()> {
        match waiting.batch.row(waiting.row) {
            Some(row) => self.judge(row, sink),
            None => ControlFlow::Continue(()),
        }
    }

    /// One event, after all deadlines before it. What a deadline `t` causes stands after all events of time `t`.
    fn judge(&mut self, row: Row<'_>, sink: &mut impl Sink) -> ControlFlow<()> {
        self.pass(Some(row.time()), sink)?;
        let program = Arc::clone(&self.program);
        let kind = row.kind().and_then(|kind| program.kinds().get_index_of(kind));
        let arrival = Arrival::new(row, kind, self.counts.judged, program.held());
        self.counts.judged += 1;
        let mut certain = Vec::new();
        let concerned = std::mem::take(&mut self.concerned);
        for (space, lists) in concerned.iter().enumerate() {
            let rules = &lists[kind.unwrap_or(lists.len() - 1)];
            if !rules.is_empty() {
                self.judge_in_space(&program, space, rules, &arrival, &mut certain);
            }
        }
        self.concerned = concerned;
        emit(certain, sink)
    }

    /// The rules of one key space, which the event concerns, under each key that it has for them.
    fn judge_in_space(
        &mut self,
        program: &Program,
        space: usize,
        rules: &[u32],
        arrival: &Arrival<'_>,
        certain: &mut Vec<Certain>,
    ) {
        let (keys, hidden) = keys_of(program, space, arrival);
        for key in &keys {
            let mut at = self.tables[space].find(key.hash, &key.bytes);
            for &rule in rules {
                let state = at.and_then(|at| self.tables[space].take(at, rule));
                let compiled = &program.compiled()[rule as usize];
                let pattern = pattern_of(program, compiled);
                self.memo.iter().for_each(|known| known.set(None));
                let counts = &mut self.counts.rules[rule as usize];
                counts.seen += 1;
                let seen = Seen {
                    rule: compiled,
                    arrival,
                    memo: &self.memo,
                    faults: &counts.faults,
                    visible: &key.visible,
                    hidden: &hidden,
                };
                if state.is_none() && !can_begin(seen) {
                    continue;
                }
                let mut matches = Vec::new();
                let mut state = state.unwrap_or_default();
                if !compiled.observed {
                    state.forget(compiled, arrival.row.time());
                }
                let began = state.event(pattern, program.limits(), seen, &mut matches);
                counts.starts += u64::from(began);
                counts.alerts += matches.len() as u64;
                let reporter = Reporter {
                    rule: compiled,
                    pattern,
                    space: &program.spaces()[space],
                    faults: &counts.faults,
                };
                certain.extend(matches.iter().map(|found| Certain {
                    moment: arrival.row.time(),
                    cause: arrival.seq,
                    alert: reporter.alert(found, arrival.row.time()),
                }));
                if state.is_empty() {
                    counts.refused += state.refused;
                } else {
                    let at = *at.get_or_insert_with(|| self.tables[space].insert(key.hash, &key.bytes));
                    self.keep((space as u32, at, rule), compiled, state);
                }
            }
            if let Some(at) = at {
                self.tables[space].tidy(at);
            }
        }
    }

    /// Puts a state back and sees to it that it is looked at in time.
    fn keep(&mut self, place: Place, rule: &Compiled, mut state: Runs) {
        // Where nobody observes a deadline it is enough that there is one.
        if state.scheduled.is_none() || rule.observed {
            let next = state.next_change(rule);
            if let Some(next) = next.filter(|next| state.scheduled.is_none_or(|scheduled| *next < scheduled))
            {
                self.timers.set(next, place);
                state.scheduled = Some(next);
            }
        }
        self.tables[place.0 as usize].put(place.1, place.2, state);
    }

    /// Fires every deadline before `end`; without an end all of them.
    fn pass(&mut self, end: Option<Timestamp>, sink: &mut impl Sink) -> ControlFlow<()> {
        let Some(mut due) = self.timers.pop_before(end) else { return ControlFlow::Continue(()) };
        let program = Arc::clone(&self.program);
        let mut certain = Vec::new();
        loop {
            self.fire(&program, due, end, &mut certain);
            match self.timers.pop_before(end) {
                Some(next) => due = next,
                None => return emit(certain, sink),
            }
        }
    }

    /// Fires every deadline of one partition before `end`.
    fn fire(
        &mut self,
        program: &Program,
        (when, place): (Timestamp, Place),
        end: Option<Timestamp>,
        certain: &mut Vec<Certain>,
    ) {
        let (space, at, rule) = place;
        let table = &mut self.tables[space as usize];
        let Some(mut state) = table.take(at, rule) else { return };
        if state.scheduled != Some(when) {
            // An entry of one that is gone, or that had an earlier one since.
            return table.put(at, rule, state);
        }
        state.scheduled = None;
        let compiled = &program.compiled()[rule as usize];
        let counts = &mut self.counts.rules[rule as usize];
        let reporter = Reporter {
            rule: compiled,
            pattern: pattern_of(program, compiled),
            space: &program.spaces()[space as usize],
            faults: &counts.faults,
        };
        while let Some(deadline) =
            state.next_deadline(compiled).filter(|deadline| end.is_none_or(|end| *deadline < end))
        {
            let (mut matches, mut timeouts): (Vec<Match>, Vec<Expired>) = (Vec::new(), Vec::new());
            state.fire(compiled, deadline, &mut matches, &mut timeouts);
            let alerts = matches.iter().map(|found| reporter.alert(found, deadline));
            let timeouts = timeouts.iter().filter_map(|expired| reporter.timeout(expired, deadline));
            for alert in alerts.chain(timeouts) {
                counts.alerts += 1;
                certain.push(Certain { moment: deadline, cause: Certain::DEADLINE, alert });
            }
        }
        state.forget_violations(compiled, end);
        if state.is_empty() {
            counts.refused += state.refused;
            table.tidy(at);
        } else {
            self.keep(place, compiled, state);
        }
    }

    /// The input was flushed: matches that only waited to see whether they could grow are certain now.
    fn flush(&mut self, sink: &mut impl Sink) -> ControlFlow<()> {
        let program = Arc::clone(&self.program);
        let mut certain = Vec::new();
        for (space, table) in self.tables.iter_mut().enumerate() {
            for (rule, mut state) in std::mem::take(table).into_states() {
                let compiled = &program.compiled()[rule as usize];
                let counts = &mut self.counts.rules[rule as usize];
                let reporter = Reporter {
                    rule: compiled,
                    pattern: pattern_of(&program, compiled),
                    space: &program.spaces()[space],
                    faults: &counts.faults,
                };
                let mut matches = Vec::new();
                state.end(compiled, &mut matches);
                counts.alerts += matches.len() as u64;
                counts.refused += state.refused;
                certain.extend(matches.iter().map(|found| Certain {
                    moment: Timestamp::MAX,
                    cause: Certain::DEADLINE,
                    alert: reporter.alert(found, found.chain.time()),
                }));
            }
        }
        self.timers = Timers::default();
        emit(certain, sink)
    }
}

fn pattern_of<'p>(program: &'p Program, rule: &Compiled) -> &'p Pattern {
    program.plan().rules[rule.rule].pattern()
}

/// Whether an event can make state where there is none: begin a match, violate a first absence, be what `lag` asks
/// for.
fn can_begin(seen: Seen<'_>) -> bool {
    let first = seen.rule.automaton.edges(None).iter().filter_map(|edge| edge.target);
    let mut could = first.chain(seen.rule.first_absences.iter().copied());
    could.any(|step| seen.visible(step) && seen.fits_alone(step))
        || seen.rule.lagging.iter().any(|step| seen.visible(*step) && seen.type_fits(*step))
}

/// The keys of an event in a key space, each once, and for each of the space's keys whether the event has none.
fn keys_of(
    program: &Program,
    space: usize,
    arrival: &Arrival<'_>,
) -> (SmallVec<[KeyOf; 1]>, SmallVec<[bool; 2]>) {
    let space = &program.spaces()[space];
    let faults = Cell::new(0);
    let here = Here { current: Current::Row(arrival.row), bound: &Unbound, faults: &faults };
    let mut keys: SmallVec<[KeyOf; 1]> = SmallVec::new();
    let mut hidden: SmallVec<[bool; 2]> = SmallVec::from_elem(false, space.keys.len());
    let mut bytes = Vec::new();
    for (index, exprs) in space.keys.iter().enumerate() {
        bytes.clear();
        for expr in exprs {
            let value = expr.value(&here);
            hidden[index] |= value.is_null();
            value.encode(&mut bytes);
        }
        if hidden[index] {
            continue;
        }
        let same = match keys.iter_mut().find(|key| *key.bytes == *bytes) {
            Some(same) => same,
            None => {
                let visible = SmallVec::from_elem(false, space.keys.len());
                keys.push(KeyOf { bytes: KeyBytes::from_slice(&bytes), hash: xxh3_64(&bytes), visible });
                let last = keys.len() - 1;
                &mut keys[last]
            }
        };
        same.visible[index] = true;
    }
    (keys, hidden)
}

/// Hands alerts on in the one order.
fn emit(mut certain: Vec<Certain>, sink: &mut impl Sink) -> ControlFlow<()> {
    certain.sort_by(Certain::order);
    certain.into_iter().try_for_each(|certain| sink.alert(certain.alert))
}
