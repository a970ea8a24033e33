//! Runs a test.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::compare::{Difference, compare};
use super::suite::Test;
use crate::alert::Alert;
use crate::event::Batch;
use crate::program::Program;
use crate::runtime::Engine;
use crate::sink::Sink;
use crate::stream::{AtEnd, Options};

/// What came of a test.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was expected beside what was found, in order.
    pub lines: Vec<Difference>,
}

impl Outcome {
    /// Whether everything expected was found and nothing else.
    pub fn passed(&self) -> bool {
        self.lines.iter().all(|line| matches!(line, Difference::Same(_)))
    }

    /// The alerts that were found, in order.
    pub fn found(&self) -> impl Iterator<Item = &Alert> {
        self.lines.iter().filter_map(Difference::found)
    }
}

/// Runs a test and compares its alerts with those it expects: all of all rules, in order.
pub fn run(test: &Test, program: &Arc<Program>) -> Outcome {
    let mut engine = Engine::new(Arc::clone(program), Options::default());
    let mut alerts = All::default();
    // A list of alerts never says stop.
    let _ = drive(test, program, &mut engine, &mut alerts);
    Outcome { lines: compare(&test.expect, alerts.0) }
}

/// All alerts, those of shadow rules too.
#[derive(Default)]
struct All(Vec<Alert>);

impl Sink for All {
    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        self.0.push(alert);
        ControlFlow::Continue(())
    }

    fn shadow(&mut self, alert: Alert) -> ControlFlow<()> {
        self.alert(alert)
    }
}

fn drive(test: &Test, program: &Program, engine: &mut Engine, alerts: &mut All) -> ControlFlow<()> {
    let events = test.events.iter().cloned().map(Arc::new);
    engine.push(&Arc::new(Batch::of(program.fields(), events)), alerts)?;
    if let Some(watermark) = test.advance {
        engine.advance(watermark, alerts)?;
    }
    engine.finish(if test.flush { AtEnd::Flush } else { AtEnd::Hold }, alerts)
}
