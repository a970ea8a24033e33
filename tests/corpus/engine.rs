//! The configurations of the fast engine.

use std::ops::ControlFlow;
use std::sync::Arc;

use tripline::runtime::{Engine, KeyGroups, Observer, Setup};
use tripline::snapshot::Fate;
use tripline::{AtEnd, Batch, EngineOptions, Event, Program, Sink};

use super::case::{self, Case};
use super::notation::Input;
use super::run::{Collector, Outcome, SHED_MOST, edited};

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
    in_shards_of(case, program, KeyGroups::default().split(3))
}

/// Event by event, in an engine for each of these shares of the key groups.
pub fn in_shards_of(case: &Case, program: Arc<Program>, shares: Vec<KeyGroups>) -> Vec<Outcome> {
    let shard = |groups| with(case, Arc::clone(&program), 1, Setup { groups, ..Setup::default() });
    shares.into_iter().map(shard).collect()
}

/// Event by event, in an engine that owns one key group, of which a shell says all events to be.
pub fn in_a_named_group(case: &Case, program: Arc<Program>) -> Outcome {
    with(case, Arc::clone(&program), 1, alone(&program, named()))
}

/// The same, each event being taken by another engine.
pub fn restored_in_a_named_group(case: &Case, program: Arc<Program>) -> Outcome {
    let setup = alone(&program, named());
    run(case, program, 1, setup.clone(), |engine, program| {
        *engine = elsewhere(case, program, &setup, &sections(engine));
    })
}

/// Rules over alerts need an engine that owns all groups.
fn alone(program: &Program, setup: Setup) -> Setup {
    if program.strata() > 1 { Setup { groups: KeyGroups::default(), ..setup } } else { setup }
}

fn named() -> Setup {
    Setup { groups: KeyGroups::default().only(NAMED..NAMED + 1), ..Setup::default() }
}

/// A group that hashes seldom give.
const NAMED: u32 = 0;

/// Event by event, each of them taken by another engine, which has what the one before it held from its snapshot.
pub fn restored(case: &Case, program: Arc<Program>) -> Outcome {
    restored_with(case, program, Setup::default())
}

/// The same, set up for something.
pub fn restored_with(case: &Case, program: Arc<Program>, setup: Setup) -> Outcome {
    run(case, program, 1, setup.clone(), |engine, program| {
        let sections = sections(engine);
        *engine = elsewhere(case, program, &setup, &sections);
        // What an edit has carried over may be held in another form than what is restored.
        let same = !case.edits.is_empty() || sections == self::sections(engine);
        assert!(same, "a snapshot of what a snapshot held is another one");
    })
}

/// The same, every other engine holding all rules in the general form.
pub fn restored_in_another_form(case: &Case, program: Arc<Program>) -> Outcome {
    restored_in_another_form_with(case, program, Setup::default())
}

/// The same, set up for something.
pub fn restored_in_another_form_with(case: &Case, program: Arc<Program>, mut setup: Setup) -> Outcome {
    run(case, program, 1, setup.clone(), |engine, program| {
        setup.general = !setup.general;
        *engine = elsewhere(case, program, &setup, &sections(engine));
    })
}

/// Event by event, what the engine holds being parted between two others and put together again.
pub fn restored_in_parts(case: &Case, program: Arc<Program>) -> Outcome {
    restored_in_parts_with(case, program, Setup::default())
}

/// The same, set up for something.
pub fn restored_in_parts_with(case: &Case, program: Arc<Program>, setup: Setup) -> Outcome {
    if program.strata() > 1 {
        return restored_with(case, program, setup);
    }
    run(case, program, 1, setup.clone(), |engine, program| {
        let whole = sections(engine);
        let parts: Vec<Engine> = setup
            .groups
            .split(2)
            .into_iter()
            .map(|groups| {
                let global = std::iter::once(&whole[0]);
                let own: Vec<Vec<u8>> =
                    global.chain(groups.owned().map(|group| &whole[group as usize + 1])).cloned().collect();
                elsewhere(case, program, &Setup { groups, ..setup.clone() }, &own)
            })
            .collect();
        let mut together = vec![parts[0].snapshot_global_with(&[&parts[1]])];
        together
            .extend(parts.iter().flat_map(|part| part.groups().owned().map(|group| part.snapshot(group))));
        assert!(!case.edits.is_empty() || whole == together, "the parts are not the whole");
        *engine = elsewhere(case, program, &setup, &together);
    })
}

/// Event by event, each of them taken by a new engine, which has adopted what the one before it held.
pub fn adopted(case: &Case, program: Arc<Program>, setup: Setup) -> Outcome {
    run(case, program, 1, setup.clone(), |engine, program| {
        let new = Engine::with(Arc::clone(program), EngineOptions::default(), setup.clone(), ()).unwrap();
        let before = std::mem::replace(engine, new);
        let open = |engine: &Engine| engine.stats().rules.iter().map(|rule| rule.open).sum::<u64>();
        let mut sink = Collector::default();
        assert!(engine.advance(before.watermark(), &mut sink).is_continue());
        let had = open(&before);
        assert!(engine.adopt(before, |_| true).is_ok());
        assert_eq!(open(engine), had);
    })
}

/// Event by event, the engine being looked at behind each.
pub fn seen(case: &Case, program: Arc<Program>, mut look: impl FnMut(&Engine)) -> Outcome {
    run(case, program, 1, Setup::default(), |engine, _| look(engine))
}

/// Everything that an engine holds.
pub fn sections(engine: &Engine) -> Vec<Vec<u8>> {
    let groups = engine.groups().owned().map(|group| engine.snapshot(group));
    std::iter::once(engine.snapshot_global()).chain(groups).collect()
}

/// A new engine with what another held.
fn elsewhere(case: &Case, program: &Arc<Program>, setup: &Setup, sections: &[Vec<u8>]) -> Engine {
    let options = EngineOptions { lateness: case.lateness };
    let mut engine = Engine::with(Arc::clone(program), options, setup.clone(), ()).unwrap();
    for bytes in sections {
        let report = engine.restore(bytes).unwrap();
        assert!(report.rules.iter().all(|rule| rule.fate == Fate::Kept), "{report:?}");
    }
    engine
}

/// In batches of this many rows at most, set up for something.
pub fn with(case: &Case, program: Arc<Program>, size: usize, setup: Setup) -> Outcome {
    run(case, program, size, setup, |_, _| {})
}

/// Runs a case, something being done with the engine behind each batch.
fn run(
    case: &Case,
    mut program: Arc<Program>,
    size: usize,
    setup: Setup,
    mut between: impl FnMut(&mut Engine, &Arc<Program>),
) -> Outcome {
    let options = EngineOptions { lateness: case.lateness };
    let groups = setup.groups.clone();
    let mut engine = Engine::with(Arc::clone(&program), options, setup, ()).unwrap();
    let mut sink = Collector::default();
    let mut waiting: Vec<Arc<Event>> = Vec::new();
    for (index, input) in case.inputs.iter().enumerate() {
        if let Input::Event(event) = input {
            waiting.push(Arc::clone(event));
        }
        let whole = waiting.len() == size || index + 1 == case.inputs.len();
        if !waiting.is_empty() && (whole || input.event().is_none()) {
            sink.line = waiting.last().map_or_else(String::new, |event| event.offset.to_string());
            let mut batch = Batch::of(program.fields(), waiting.drain(..));
            if groups == named().groups {
                let keys = program.keys().len();
                batch.name_groups(keys, vec![Some(NAMED); keys * batch.len()]);
            }
            assert!(engine.push(&Arc::new(batch), &mut sink).is_continue());
        }
        if let Input::Edit(edit) = input {
            program = edited(case, *edit, &program);
            let swapped = engine.swap(&program, &mut sink).unwrap();
            sink.swapped(&swapped);
        }
        if let Input::Shed(before) = input {
            let shed = engine.shed(*before, SHED_MOST, &mut sink);
            sink.shed(&shed);
        }
        assert!(tell(&mut engine, input, &mut sink).is_continue());
        between(&mut engine, &program);
    }
    sink.line = "end".into();
    let at_end = match case.at_end {
        case::AtEnd::Hold => AtEnd::Hold,
        case::AtEnd::Flush => AtEnd::Flush,
    };
    assert!(engine.finish(at_end, &mut sink).is_continue());
    sink.outcome(&engine.stats())
}

/// Tells an engine what is no event.
pub fn tell<O: Observer>(engine: &mut Engine<O>, input: &Input, sink: &mut impl Sink) -> ControlFlow<()> {
    match input {
        Input::Event(_) | Input::Edit(_) | Input::Shed(_) => ControlFlow::Continue(()),
        Input::Advance(time) => engine.advance(*time, sink),
        Input::Open(source) => {
            engine.open_source(source);
            ControlFlow::Continue(())
        }
        Input::Idle(source) => engine.idle_source(source.rank, sink),
        Input::End(source) => engine.end_source(source.rank, sink),
    }
}
