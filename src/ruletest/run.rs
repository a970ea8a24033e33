//! Runs a test on the reference engine.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::compare::{Difference, compare};
use super::suite::Test;
use crate::alert::Alert;
use crate::program::Program;
use crate::reference::Reference;
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
    let mut engine = Reference::new(Arc::clone(program), Options::default());
    let mut alerts: Vec<Alert> = Vec::new();
    // A list of alerts never says stop.
    let _ = drive(test, &mut engine, &mut alerts);
    Outcome { lines: compare(&test.expect, alerts) }
}

fn drive(test: &Test, engine: &mut Reference, alerts: &mut Vec<Alert>) -> ControlFlow<()> {
    for event in &test.events {
        engine.push(event.clone(), alerts)?;
    }
    if let Some(watermark) = test.advance {
        engine.advance(watermark, alerts)?;
    }
    engine.finish(if test.flush { AtEnd::Flush } else { AtEnd::Hold }, alerts)
}
