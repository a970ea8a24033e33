//! Engines side by side, each for its key groups.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Run, Workers};
use crate::alert::Certain;
use crate::event::Event;
use crate::program::Program;
use crate::runtime::{Engine, Gate, KeyGroups, Outlet, Setup, Straight};
use crate::sink::Sink;
use crate::stream::{AtEnd, Options, RuleStats, Stats};

/// As many engines as there are threads. Each sees all rows and keeps state for its key groups; their alerts come out in
/// the one order, as those of a single engine would.
pub struct Shards {
    engines: Vec<Engine>,
    gate: Gate,
    workers: Arc<Workers>,
}

/// What one engine gives.
#[derive(Default)]
struct Given {
    certain: Vec<Certain>,
    late: Vec<Arc<Event>>,
    /// Late events are late for every engine; one says so.
    says_late: bool,
}

impl Outlet for Given {
    fn certain(&mut self, certain: Certain) -> ControlFlow<()> {
        self.certain.push(certain);
        ControlFlow::Continue(())
    }

    fn late(&mut self, event: &mut dyn FnMut() -> Arc<Event>) -> ControlFlow<()> {
        if self.says_late {
            self.late.push(event());
        }
        ControlFlow::Continue(())
    }
}

impl Shards {
    /// Engines for this program with nothing seen yet.
    pub fn new(program: &Arc<Program>, options: &Options, workers: &Arc<Workers>) -> Self {
        let engine = |groups| {
            let setup = Setup { groups, ..Setup::default() };
            Engine::with(Arc::clone(program), options.clone(), setup, ())
        };
        Shards {
            engines: parts(workers).into_iter().map(engine).collect(),
            gate: Gate::default(),
            workers: Arc::clone(workers),
        }
    }

    /// Takes rows in their order.
    pub fn push(&mut self, runs: &[Run], sink: &mut impl Sink) -> ControlFlow<()> {
        if let [engine] = &mut self.engines[..] {
            take(engine, runs, &mut Straight { gate: &mut self.gate, sink })?;
            return self.gate.pass(Some(engine.watermark()), sink);
        }
        self.together(sink, |engine, given| take(engine, runs, given))
    }

    /// Ends the input: what is buffered is judged, then deadlines hold or fire.
    pub fn finish(&mut self, at_end: AtEnd, sink: &mut impl Sink) -> ControlFlow<()> {
        self.together(sink, |engine, given| engine.end(at_end, given))?;
        if at_end == AtEnd::Flush { self.gate.pass(None, sink) } else { ControlFlow::Continue(()) }
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        let mut all = self.engines.iter().map(Engine::stats);
        let mut sum = all.next().unwrap_or_default();
        for part in all {
            sum.rules.iter_mut().zip(&part.rules).for_each(|(sum, part)| add(sum, part));
        }
        sum.rules.iter_mut().for_each(|rule| rule.suppressed = self.gate.held_back(&rule.name));
        sum
    }

    /// Has all engines do something side by side, and hands on what they gave in the one order.
    fn together(
        &mut self,
        sink: &mut impl Sink,
        work: impl Fn(&mut Engine, &mut Given) -> ControlFlow<()> + Send + Sync,
    ) -> ControlFlow<()> {
        let engines = self.engines.iter_mut().enumerate().collect();
        let given = self.workers.map(engines, |(index, engine): (usize, &mut Engine)| {
            let mut given = Given { says_late: index == 0, ..Given::default() };
            // Nothing that is only collected says stop.
            let _ = work(engine, &mut given);
            given
        });
        let (mut certain, mut late) = (Vec::new(), Vec::new());
        for given in given {
            certain.extend(given.certain);
            late.extend(given.late);
        }
        certain.sort_by(Certain::order);
        late.into_iter().try_for_each(|event| sink.late(event))?;
        certain.into_iter().try_for_each(|certain| self.gate.take(certain, sink))?;
        let watermark = self.engines.first().map(Engine::watermark);
        watermark.map_or(ControlFlow::Continue(()), |watermark| self.gate.pass(Some(watermark), sink))
    }
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
    sum.refused += part.refused;
}
