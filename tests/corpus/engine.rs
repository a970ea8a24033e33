//! The configurations of the fast engine.

use std::sync::Arc;

use tripline::runtime::{Engine, Setup};
use tripline::{AtEnd, Batch, EngineOptions, Event, Program};

use super::case::{self, Case};
use super::notation::Input;
use super::run::{Collector, Outcome};

/// Event by event.
pub fn one_by_one(case: &Case, program: Arc<Program>) -> Outcome {
    batches(case, program, 1)
}

/// Event by event, every rule in the general form.
pub fn in_general(case: &Case, program: Arc<Program>) -> Outcome {
    with(case, program, 1, Setup { general: true, ..Setup::default() })
}

/// In batches of this many rows at most.
pub fn batches(case: &Case, program: Arc<Program>, size: usize) -> Outcome {
    with(case, program, size, Setup::default())
}

fn with(case: &Case, program: Arc<Program>, size: usize, setup: Setup) -> Outcome {
    let options = EngineOptions { lateness: case.lateness };
    let mut engine = Engine::with(Arc::clone(&program), options, setup, ());
    let mut sink = Collector::default();
    let mut waiting: Vec<Arc<Event>> = Vec::new();
    for (index, input) in case.inputs.iter().enumerate() {
        if let Input::Event(event) = input {
            waiting.push(Arc::clone(event));
        }
        let whole = waiting.len() == size || index + 1 == case.inputs.len();
        if !waiting.is_empty() && (whole || matches!(input, Input::Advance(_))) {
            sink.line = waiting.last().map_or_else(String::new, |event| event.offset.to_string());
            let batch = Arc::new(Batch::of(program.fields(), waiting.drain(..)));
            assert!(engine.push(&batch, &mut sink).is_continue());
        }
        if let Input::Advance(time) = input {
            assert!(engine.advance(*time, &mut sink).is_continue());
        }
    }
    sink.line = "end".into();
    let at_end = match case.at_end {
        case::AtEnd::Hold => AtEnd::Hold,
        case::AtEnd::Flush => AtEnd::Flush,
    };
    assert!(engine.finish(at_end, &mut sink).is_continue());
    sink.outcome(&engine.stats())
}
