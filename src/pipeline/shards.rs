//! Engines side by side, each for its key groups.

use std::ops::ControlFlow;
use std::sync::Arc;

use compact_str::CompactString;

use super::{Run, Workers};
use crate::alert::Certain;
use crate::program::Program;
use crate::runtime::{Engine, Foreign, Gate, Given, KeyGroups, Outlet, Setup, Shed, Straight, ascend};
use crate::sink::Sink;
use crate::snapshot::{RestoreError, Snapshot};
use crate::stream::{AtEnd, Options, RuleStats, Stats, Swapped};
use crate::time::{Duration, Timestamp};

/// As many engines as there are threads. Each sees all rows and keeps state for its key groups; their alerts come out in
/// the one order, as those of a single engine would.
pub struct Shards {
    program: Arc<Program>,
    engines: Vec<Engine>,
    gate: Gate,
    workers: Arc<Workers>,
}

impl Shards {
    /// Engines for this program with nothing seen yet.
    pub fn new(program: &Arc<Program>, options: &Options, workers: &Arc<Workers>) -> Self {
        let engine = |groups| {
            let setup = Setup { groups, ..Setup::default() };
            Engine::one_of(Arc::clone(program), options.clone(), setup, ())
        };
        Shards {
            program: Arc::clone(program),
            engines: parts(workers).into_iter().map(engine).collect(),
            gate: Gate::default(),
            workers: Arc::clone(workers),
        }
    }

    /// The rule set that runs.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Takes rows in their order.
    pub fn push(&mut self, runs: &[Run], sink: &mut impl Sink) -> ControlFlow<()> {
        if let [engine] = &mut self.engines[..]
            && self.program.strata() == 1
        {
            take(engine, runs, &mut Straight::new(&self.program, &mut self.gate, sink))?;
            return self.gate.pass(Some(engine.watermark()), sink);
        }
        self.together(None, sink, |engine, given| take(engine, runs, given))
    }

    /// Promises that no event before `watermark` will come.
    pub fn advance(&mut self, watermark: Timestamp, sink: &mut impl Sink) -> ControlFlow<()> {
        self.together(None, sink, |engine, given| engine.move_to(watermark, given))
    }

    /// Goes on with another rule set, as [`Engine::swap`] does. What is pushed from now on must be of it:
    /// [`Flow::turn_to`](super::Flow::turn_to).
    pub fn swap(&mut self, program: &Arc<Program>, sink: &mut impl Sink) -> Vec<Swapped> {
        self.program = Arc::clone(program);
        let now = self.watermark();
        let engines = self.engines.iter_mut().collect();
        let mut swapped: Vec<Swapped> = Vec::new();
        let mut certain = Vec::new();
        for (part, of_part) in self.workers.map(engines, |engine: &mut Engine| engine.turn_to(program)) {
            certain.extend(of_part);
            if swapped.is_empty() {
                swapped = part;
            } else {
                swapped.iter_mut().zip(&part).for_each(|(sum, part)| sum.add(part));
            }
        }
        // A sink that says stop has remembered why.
        let _ = self.gate.turn_to(program, now, sink);
        let _ = self.ascend(Some(now), certain, sink);
        swapped
    }

    /// A time before which about a part of what is held began; `None` if nothing is.
    ///
    /// Cost: a look at everything that is held, side by side.
    pub fn oldest(&mut self, part: f64) -> Option<Timestamp> {
        /// So many times tell it well enough.
        const SAMPLE: u64 = 1 << 16;
        let held: u64 = self.tally().rules.iter().map(|rule| rule.open).sum();
        let engines = self.engines.iter_mut().collect();
        let parts = self.workers.map(engines, |engine: &mut Engine| engine.ages(held / SAMPLE));
        let mut times: Vec<Timestamp> = parts.into_iter().flatten().collect();
        times.sort_unstable();
        let at = (times.len() as f64 * part) as usize;
        Some(times.get(at).or(times.last())?.after(Duration::from_nanos(1)))
    }

    /// Gives up what is held the longest, as [`Engine::shed`] does.
    pub fn shed(&mut self, before: Timestamp, most: u64, sink: &mut impl Sink) -> Vec<(CompactString, u64)> {
        let now = self.watermark();
        let engines = self.engines.iter_mut().collect();
        let (mut shed, mut certain) = (Shed::default(), Vec::new());
        for (of_part, found) in self.workers.map(engines, |engine: &mut Engine| engine.give_up(before)) {
            shed.extend(of_part);
            certain.extend(found);
        }
        certain.extend(shed.said(&self.program, now, most));
        // A sink that says stop has remembered why.
        let _ = self.ascend(Some(now), certain, sink);
        shed.by_name(&self.program)
    }

    /// Takes over what others hold of some rules, as [`Engine::adopt`] does.
    pub fn adopt(&mut self, others: Shards, adopts: impl Fn(&str) -> bool + Sync) -> Result<u64, Foreign> {
        if self.engines.len() != others.engines.len() {
            return Err(Foreign);
        }
        let work = self.engines.iter_mut().zip(others.engines).collect();
        let adopt = |(engine, other): (&mut Engine, Engine)| engine.adopt(other, &adopts);
        self.workers.map(work, adopt).into_iter().sum()
    }

    /// What came before this has been judged, and nothing else, as of [`Engine::reached`].
    pub fn reached(&self) -> Timestamp {
        self.engines.first().map_or(Timestamp::MIN, Engine::reached)
    }

    /// Everything that the engines hold, for [`restore`](Shards::restore): the sections of a snapshot, the global one first.
    ///
    /// Cost: one pass over what is held, side by side.
    pub fn snapshot(&mut self) -> Vec<Vec<u8>> {
        let Some((first, others)) = self.engines.split_first() else { return Vec::new() };
        let mut sections = vec![first.global(&others.iter().collect::<Vec<_>>(), &self.gate)];
        let engines = self.engines.iter_mut().collect();
        let parts = self.workers.map(engines, |engine: &mut Engine| engine.sections(&self.gate));
        sections.extend(parts.into_iter().flatten());
        sections
    }

    /// Goes on with what other ones held, also if they were more or fewer. What cannot be read is refused as a whole; the
    /// engines are of no use then.
    ///
    /// Cost: one pass over the sections, side by side.
    pub fn restore(&mut self, sections: Vec<Vec<u8>>) -> Result<(), RestoreError> {
        let mut parts: Vec<Vec<Vec<u8>>> = self.engines.iter().map(|_| Vec::new()).collect();
        for section in sections {
            match Snapshot::group_of(&section, &self.program)? {
                None => self.engines.iter_mut().try_for_each(|engine| engine.restore(&section).map(drop))?,
                Some(group) => {
                    let owner = self.engines.iter().position(|engine| engine.groups().owns(group));
                    let part = owner.and_then(|owner| parts.get_mut(owner));
                    part.ok_or(RestoreError::NotOwned { group })?.push(section);
                }
            }
        }
        let work = self.engines.iter_mut().zip(parts).collect();
        let restored = self.workers.map(work, |(engine, part): (&mut Engine, Vec<Vec<u8>>)| {
            part.into_iter().try_for_each(|section| engine.restore(&section).map(drop))
        });
        restored.into_iter().collect::<Result<(), RestoreError>>()?;
        let gates = self.engines.iter_mut().map(Engine::take_gate);
        gates.for_each(|gate| self.gate.absorb(gate));
        Ok(())
    }

    /// Ends the input: what is buffered is judged, then deadlines hold or fire.
    pub fn finish(&mut self, at_end: AtEnd, sink: &mut impl Sink) -> ControlFlow<()> {
        self.together(Some(at_end), sink, |engine, given| engine.end(at_end, given))
    }

    /// Before it no event is judged any more; [`Timestamp::MIN`] before the first.
    pub fn watermark(&self) -> Timestamp {
        self.engines.first().map_or(Timestamp::MIN, Engine::watermark)
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.sum(Engine::stats)
    }

    /// The same without what only a look at every key can tell, as of [`Engine::tally`].
    pub fn tally(&self) -> Stats {
        self.sum(Engine::tally)
    }

    fn sum(&self, stats: impl Fn(&Engine) -> Stats) -> Stats {
        let mut all = self.engines.iter().map(stats);
        let mut sum = all.next().unwrap_or_default();
        for part in all {
            sum.rules.iter_mut().zip(&part.rules).for_each(|(sum, part)| add(sum, part));
        }
        sum.rules.iter_mut().for_each(|rule| rule.suppressed = self.gate.held_back(&rule.name));
        sum
    }

    /// Has all engines do something side by side, then the rules of each further depth, and hands on what they gave in the
    /// one order.
    fn together(
        &mut self,
        at_end: Option<AtEnd>,
        sink: &mut impl Sink,
        work: impl Fn(&mut Engine, &mut Given) -> ControlFlow<()> + Send + Sync,
    ) -> ControlFlow<()> {
        let Given { certain, late, .. } = side_by_side(&self.workers, &mut self.engines, work);
        late.into_iter().try_for_each(|event| sink.late(event))?;
        let until = (at_end != Some(AtEnd::Flush)).then_some(self.watermark());
        self.ascend(until, certain, sink)
    }

    /// Has the rules of each further depth judge a part of the stream, in which time has come so far, of which those of depth 0
    /// have said this, and hands on all of it in the one order.
    fn ascend(
        &mut self,
        until: Option<Timestamp>,
        first: Vec<Certain>,
        sink: &mut impl Sink,
    ) -> ControlFlow<()> {
        let Shards { program, engines, gate, workers } = self;
        ascend(program, gate, until, first, sink, |depth, heard| {
            side_by_side(workers, engines, |engine, given| engine.rise(depth, heard, until, given)).certain
        })
    }
}

/// What all engines give together, in no order.
fn side_by_side(
    workers: &Workers,
    engines: &mut [Engine],
    work: impl Fn(&mut Engine, &mut Given) -> ControlFlow<()> + Send + Sync,
) -> Given {
    let engines = engines.iter_mut().enumerate().collect();
    let given = workers.map(engines, |(index, engine): (usize, &mut Engine)| {
        let mut given = Given { says_late: index == 0, ..Given::default() };
        // Nothing that is only collected says stop.
        let _ = work(engine, &mut given);
        given
    });
    let mut all = Given::default();
    for given in given {
        all.certain.extend(given.certain);
        all.late.extend(given.late);
    }
    all
}

/// The key groups of each engine.
pub(super) fn parts(workers: &Workers) -> Vec<KeyGroups> {
    KeyGroups::default().split(u32::try_from(workers.count()).unwrap_or(u32::MAX))
}

fn take(engine: &mut Engine, runs: &[Run], outlet: &mut impl Outlet) -> ControlFlow<()> {
    runs.iter().try_for_each(|run| engine.take(&run.batch, Some(&run.keys), run.rows.clone(), outlet))
}

/// Adds what was counted for the keys of another shard.
fn add(sum: &mut RuleStats, part: &RuleStats) {
    sum.seen += part.seen;
    sum.starts += part.starts;
    sum.alerts += part.alerts;
    sum.eval_errors += part.eval_errors;
    sum.open += part.open;
    sum.pending += part.pending;
    sum.refused = sum.refused.saturating_add(part.refused);
}
