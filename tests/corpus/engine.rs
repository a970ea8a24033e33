//! The configurations of the fast engine.

use std::sync::Arc;

use tripline::runtime::{Engine, KeyGroups, Setup};
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

/// Event by event, in three engines that own a third of the key groups each.
pub fn in_shards(case: &Case, program: Arc<Program>) -> Vec<Outcome> {
    let shard = |groups| with(case, Arc::clone(&program), 1, Setup { groups, ..Setup::default() });
    KeyGroups::default().split(3).into_iter().map(shard).collect()
}

/// Event by event, in an engine that owns one key group, of which a shell says all events to be.
pub fn in_a_named_group(case: &Case, program: Arc<Program>) -> Outcome {
    with(case, program, 1, Setup { groups: KeyGroups::default().only(NAMED..NAMED + 1), ..Setup::default() })
}

/// A group that hashes seldom give.
const NAMED: u32 = 77;

fn with(case: &Case, program: Arc<Program>, size: usize, setup: Setup) -> Outcome {
    let options = EngineOptions { lateness: case.lateness };
    let groups = setup.groups.clone();
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
            let mut batch = Batch::of(program.fields(), waiting.drain(..));
            if groups.owned() == (NAMED..NAMED + 1) {
                let keys = program.keys().len();
                batch.name_groups(keys, vec![Some(NAMED); keys * batch.len()]);
            }
            assert!(engine.push(&Arc::new(batch), &mut sink).is_continue());
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
