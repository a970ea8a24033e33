//! What holds of an engine whatever the rules and the stream, without another one to compare it with.
//!
//! The engine says the same, byte for byte,
//!
//! | law | test |
//! |---|---|
//! | in whatever order events arrive within the lateness | here |
//! | however the events of open sources are interleaved | here |
//! | of a key whether other keys have events in between | here |
//! | whether a stream is replayed in one batch, or comes live: event by event, with a clock that moves the watermark | here |
//! | with one thread, two or three, and chunks of any size | `pipeline` |
//! | in batches of any size | `oracle`, with watermarks between them here |
//! | in one engine or several that share the keys | `oracle`; at a limit `limits` |
//! | in whichever form partial matches are held | `oracle`; at a limit `limits` |
//! | put away and taken up again at any event, in another form or in parts | `snapshot`; at a limit `limits` |
//!
//! `LAWS_SEED` and `LAWS_TRIALS` look elsewhere and longer.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use proptest::prop_assert_eq;
use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use tripline::io::{AlertFormat, AlertStyle, Evidence};
use tripline::plan::Rule;
use tripline::runtime::Engine;
use tripline::{
    Alert, AtEnd, Batch, Duration, EngineOptions, Event, Limits, Program, Sink, Source, Stats, Timestamp,
    Value,
};

use crate::corpus::case::{self, Case};
use crate::corpus::engine::tell;
use crate::corpus::notation::Input;
use crate::corpus::run;
use crate::generate::{Arrival, Trial, chain_trials, is_usual, rules, search, trials, window_trials};

/// How many random rules of each kind one run tries.
const TRIALS: u32 = 400;

#[test]
fn the_order_of_arrival_within_the_lateness_changes_nothing() {
    each_kind(Arrival::InOrder, |case, program| {
        let ordered = Said::of(case, program, &case.inputs, Duration::ZERO, usize::MAX);
        for (turn, longest) in [(1, 1), (2, 3), (3, 8), (4, 60)] {
            let lateness = Duration::from_millis(1000 * longest);
            let inputs = shuffled(&case.inputs, turn, lateness);
            let found = Said::of(case, program, &inputs, lateness, 1);
            prop_assert_eq!(&found, &ordered, "{}\n{}\n{:?}", case.rule, case.events_text, places(&inputs));
        }
        Ok(ordered.alerts.len())
    });
}

#[test]
fn how_open_sources_are_interleaved_changes_nothing() {
    each_kind(Arrival::InOrder, |case, program| {
        let events = of_sources(&case.inputs);
        let merged: Vec<Input> = events.iter().cloned().map(Input::Event).collect();
        let merged = Said::of(case, program, &merged, Duration::ZERO, usize::MAX);
        for (turn, longest, run) in [(1, 0, u64::MAX), (2, 0, 1), (3, 3, 2), (4, 8, 4)] {
            let lateness = Duration::from_millis(1000 * longest);
            let inputs = interleaved(&events, turn, lateness, run);
            let found = Said::of(case, program, &inputs, lateness, 1);
            prop_assert_eq!(&found, &merged, "{}\n{}\n{:?}", case.rule, case.events_text, places(&inputs));
        }
        Ok(merged.alerts.len())
    });
}

#[test]
fn keys_know_nothing_of_each_other() {
    // Alerts that are events again may have another key.
    each_kind_but_chains(Arrival::InOrder, &|case: &Case, program: &Arc<Program>| {
        if !program.plan().rules.iter().all(is_of_one_key) {
            return Err(TestCaseError::reject("its alerts may be of several keys"));
        }
        // Alone a key has its last event before the others, so what is pending has to fire.
        let case = Case { at_end: case::AtEnd::Flush, ..case.clone() };
        let copies: Vec<Vec<Input>> =
            (1..=COPIES).map(|number| with_other_keys(&case.inputs, number)).collect();
        let mut all = copies.concat();
        all.sort_by_key(|input| input.event().map(|event| event.place()));
        let mut together = Said::of(&case, program, &all, Duration::ZERO, 7).alerts;
        let alone = |copy: &Vec<Input>| Said::of(&case, program, copy, Duration::ZERO, usize::MAX).alerts;
        let mut apart: Vec<String> = copies.iter().flat_map(alone).collect();
        together.sort();
        apart.sort();
        prop_assert_eq!(&together, &apart, "{}\n{}", case.rule, case.events_text);
        Ok(apart.len())
    });
}

#[test]
fn a_stream_that_comes_live_is_judged_as_its_replay() {
    for arrival in [Arrival::InOrder, Arrival::Mixed] {
        each_kind(arrival, |case, program| {
            if case.is_told_by_arrival() {
                return Err(TestCaseError::reject("the clock may have what is judged at once wait"));
            }
            let replay = Said::of(case, program, &case.inputs, case.lateness, usize::MAX);
            let inputs = live(&case.inputs, &replay.late);
            let found = Said::of(case, program, &inputs, case.lateness, 1);
            prop_assert_eq!(&found, &replay, "{}\n{}", case.rule, case.events_text);
            Ok(replay.alerts.len())
        });
    }
}

/// Tries random rules of every kind; at least a quarter of the trials has to raise an alert.
fn each_kind(arrival: Arrival, law: impl Fn(&Case, &Arc<Program>) -> Result<usize, TestCaseError>) {
    each_kind_but_chains(arrival, &law);
    of_kind(chain_trials(arrival), &law);
}

fn each_kind_but_chains(
    arrival: Arrival,
    law: &impl Fn(&Case, &Arc<Program>) -> Result<usize, TestCaseError>,
) {
    of_kind(trials(rules::any(), arrival), law);
    of_kind(trials(rules::keyed(), arrival), law);
    of_kind(trials(rules::queues(), arrival), law);
    of_kind(trials(rules::timeouts(), arrival), law);
    of_kind(trials(rules::finals(), arrival), law);
    of_kind(trials(rules::latest(), arrival), law);
    of_kind(trials(rules::held_back(), arrival), law);
    of_kind(trials(rules::bounded(), arrival), law);
    of_kind(window_trials(arrival), law);
}

fn of_kind(
    trials: impl Strategy<Value = Trial>,
    law: &impl Fn(&Case, &Arc<Program>) -> Result<usize, TestCaseError>,
) {
    let (tried, alerting) = (Cell::new(0), Cell::new(0));
    search("LAWS", TRIALS, &trials, |trial| -> TestCaseResult {
        let case = trial.case();
        let Some(program) = run::compile(&case, Limits::default()).0.map(Arc::new) else {
            return Err(TestCaseError::reject("does not compile"));
        };
        let alerts = law(&case, &program)?;
        tried.set(tried.get() + 1);
        alerting.set(alerting.get() + u32::from(alerts > 0));
        Ok(())
    });
    let (tried, alerting): (u32, u32) = (tried.get(), alerting.get());
    assert!(!is_usual("LAWS") || alerting * 4 >= tried, "only {alerting} of {tried} trials raise an alert");
}

/// The events in an order in which none comes more than `lateness` behind a later one, the same for the same `turn`.
fn shuffled(inputs: &[Input], turn: u64, lateness: Duration) -> Vec<Input> {
    let mut random = turn;
    let mut delayed: Vec<(Timestamp, u64, Input)> = Vec::new();
    for event in inputs.iter().filter_map(Input::event) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The longest delay comes often, so that the order is turned round.
        let delay = match random >> 61 {
            0..3 => Duration::ZERO,
            3..6 => lateness,
            _ => Duration::from_nanos((random >> 3) as i64 % (lateness.nanos() + 1)),
        };
        delayed.push((event.time.after(delay), random >> 40, Input::Event(Arc::clone(event))));
    }
    delayed.sort_by_key(|(arrival, random, _)| (*arrival, *random));
    delayed.into_iter().map(|(.., input)| input).collect()
}

/// How many other keys stand beside those of a trial, each time.
const COPIES: u64 = 40;

/// Whether each alert depends on the events of one key only.
fn is_of_one_key(rule: &Rule) -> bool {
    let keys = rule.key().len();
    // Those of a copy are renamed in `k` and `l` only.
    let is_renamed = rule.key().iter().any(|(name, _)| name != "w" && !name.contains("??"));
    is_renamed
        && rule.hold.is_none()
        && rule.suppress.as_ref().is_none_or(|suppress| suppress.by_whole_key(keys))
}

/// The events with other values in the fields of keys, and other offsets.
fn with_other_keys(inputs: &[Input], number: u64) -> Vec<Input> {
    let renamed = |event: &Arc<Event>| {
        let mut fields = event.fields.clone();
        for key in ["k", "l"] {
            // The first copy is the trial itself, which speaks of certain keys.
            if let Some(Value::Str(text)) = event.fields.get(key).filter(|_| number > 1) {
                fields.insert(key.into(), Value::str(format!("{text}{number}")));
            }
        }
        let kind = event.kind.as_deref();
        Input::Event(Arc::new(
            Event::new(event.time, kind, fields).at(&event.source, event.offset + 1_000 * number),
        ))
    };
    inputs.iter().filter_map(Input::event).map(renamed).collect()
}

/// The events as those of three sources, in the order of time, source and offset.
fn of_sources(inputs: &[Input]) -> Vec<Arc<Event>> {
    let source = |rank| Arc::new(Source { rank, name: format!("s{rank}") });
    let sources = [1, 2, 3].map(source);
    let of_one = |event: &Arc<Event>| {
        let source = &sources[(event.offset * 7 % 5 % 3) as usize];
        Arc::new(Event::clone(event).at(source, event.offset))
    };
    let mut events: Vec<Arc<Event>> = inputs.iter().filter_map(Input::event).map(of_one).collect();
    events.sort_by_key(|event| event.place());
    events
}

/// All sources open, then some events of one source, up to `run` of them, then of another; none comes more than `lateness`
/// behind a later one of its source.
fn interleaved(events: &[Arc<Event>], turn: u64, lateness: Duration, run: u64) -> Vec<Input> {
    let mut sources: BTreeMap<u32, Vec<Input>> = BTreeMap::new();
    for event in events {
        sources.entry(event.source.rank).or_default().push(Input::Event(Arc::clone(event)));
    }
    let open = events.iter().map(|event| (event.source.rank, Input::Open(Arc::clone(&event.source))));
    let mut inputs: Vec<Input> = open.collect::<BTreeMap<u32, Input>>().into_values().collect();
    let mut queues: Vec<VecDeque<Input>> =
        sources.into_values().map(|events| shuffled(&events, turn, lateness).into()).collect();
    let mut random = turn;
    while !queues.is_empty() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (random >> 33) as usize % queues.len();
        let most = (random >> 13) % run + 1;
        let taken = queues[at].len().min(usize::try_from(most).unwrap_or(usize::MAX));
        inputs.extend(queues[at].drain(..taken));
        queues.retain(|queue| !queue.is_empty());
    }
    inputs
}

/// The same inputs with a clock that moves the watermark as far as is certain, in two steps: no event that is to come,
/// and was not late anyway, is before it.
fn live(inputs: &[Input], late: &[u64]) -> Vec<Input> {
    let in_time = |input: &Input| input.event().filter(|event| !late.contains(&event.offset)).map(|e| e.time);
    let mut with_clock = Vec::new();
    let mut last: Option<Timestamp> = None;
    for (at, input) in inputs.iter().enumerate() {
        if let Some(next) = inputs[at..].iter().filter_map(in_time).min() {
            let between = last.map(|last| last.after(Duration::from_nanos(next.since(last).nanos() / 2)));
            with_clock.extend(between.into_iter().chain([next]).map(Input::Advance));
            last = Some(next);
        }
        with_clock.push(input.clone());
    }
    with_clock
}

fn places(inputs: &[Input]) -> Vec<u64> {
    inputs.iter().filter_map(Input::event).map(|event| event.offset).collect()
}

/// Everything that an engine says of a stream.
#[derive(Debug, Default, PartialEq)]
struct Said {
    /// As they are written.
    alerts: Vec<String>,
    late: Vec<u64>,
    stats: Stats,
}

impl Said {
    /// What comes of these inputs, in batches of so many rows at most.
    fn of(case: &Case, program: &Arc<Program>, inputs: &[Input], lateness: Duration, size: usize) -> Said {
        let mut engine = Engine::new(Arc::clone(program), EngineOptions { lateness });
        let mut said = Said::default();
        let mut rows: Vec<Arc<Event>> = Vec::new();
        for (at, input) in inputs.iter().enumerate() {
            rows.extend(input.event().map(Arc::clone));
            let ends = rows.len() >= size || at + 1 == inputs.len() || input.event().is_none();
            if ends && !rows.is_empty() {
                let batch = Arc::new(Batch::of(program.fields(), rows.drain(..)));
                assert!(engine.push(&batch, &mut said).is_continue());
            }
            assert!(tell(&mut engine, input, &mut said).is_continue());
        }
        let at_end = if case.at_end == case::AtEnd::Hold { AtEnd::Hold } else { AtEnd::Flush };
        assert!(engine.finish(at_end, &mut said).is_continue());
        said.stats = engine.stats();
        said.late.sort_unstable();
        said
    }
}

impl Sink for Said {
    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        let format = AlertFormat { style: AlertStyle::Plain, evidence: Evidence::Full, limit: 1000 };
        self.alerts.push(String::from_utf8(format.line(&alert).unwrap()).unwrap());
        ControlFlow::Continue(())
    }

    fn late(&mut self, event: Arc<Event>) -> ControlFlow<()> {
        self.late.push(event.offset);
        ControlFlow::Continue(())
    }
}
