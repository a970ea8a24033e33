//! What the random trials are made of: a comparison says nothing of what does not occur in it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tripline::plan::{
    Body, Expr, Full, Item, Mode, Pattern, Pick, Policy, Repeat, Report, Rule, Shape, Step, Window,
};
use tripline::runtime::{At, Engine, Observer, Setup};
use tripline::{Alert, AlertKind, Batch, EngineOptions, Limits, StepId, Timestamp};

use super::{Arrival, Trial, chain_trials, rules, trials, window_trials};
use crate::corpus::case::{AtEnd, Case};
use crate::corpus::engine::tell;
use crate::corpus::notation::Input;
use crate::corpus::run;

/// How many trials are looked at.
const TRIALS: usize = 4_000;

/// The kinds of trials on which engines are compared, all in the same number.
pub fn kinds() -> Vec<BoxedStrategy<Trial>> {
    vec![
        trials(rules::any(), Arrival::InOrder).boxed(),
        trials(rules::any(), Arrival::Mixed).boxed(),
        trials(rules::latest(), Arrival::Mixed).boxed(),
        trials(rules::finals(), Arrival::Mixed).boxed(),
        trials(rules::timeouts(), Arrival::Mixed).boxed(),
        trials(rules::keyed(), Arrival::Mixed).boxed(),
        trials(rules::limited(), Arrival::Mixed).boxed(),
        trials(rules::queues(), Arrival::Mixed).boxed(),
        trials(rules::in_common(), Arrival::Mixed).boxed(),
        trials(rules::held_back(), Arrival::Mixed).boxed(),
        trials(rules::bounded(), Arrival::Mixed).boxed(),
        window_trials(Arrival::Mixed).boxed(),
        chain_trials(Arrival::Mixed).boxed(),
    ]
}

/// What happened in a trial.
#[derive(Default)]
struct Watch {
    violations: Cell<u64>,
    expiries: Cell<u64>,
    held_back: u64,
    /// Whether a rule came to a bound.
    full: bool,
}

impl Observer for Watch {
    fn violation(&self, _: At<'_>, _: StepId) {
        self.violations.set(self.violations.get() + 1);
    }

    /// What the end of the input ends is no expiry to speak of.
    fn expiry(&self, at: At<'_>) {
        self.expiries.set(self.expiries.get() + u64::from(at.time < Timestamp::MAX));
    }
}

/// At least half of the trials raise an alert. Of those with a sequence every construct is in at least one of a hundred, and
/// so of those with a window; in one of ten sequences an absence is violated, a partial match expires, two events have the same time.
#[test]
#[expect(clippy::print_stdout, reason = "the shares are for whoever runs it with `--nocapture`")]
fn the_trials_are_about_something() {
    let mut all = 0;
    let (mut alerting, mut sequences) = (0, 0);
    let mut shares: BTreeMap<&'static str, usize> = CONSTRUCTS.iter().map(|name| (*name, 0)).collect();
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let kinds = kinds();
    for index in 0..TRIALS {
        let trial = kinds[index % kinds.len()].new_tree(&mut runner).unwrap().current();
        let case = trial.case();
        let (Some(program), _) = run::compile(&case, Limits::default()) else { continue };
        all += 1;
        let program = Arc::new(program);
        let (alerts, watch) = watched(&case, &program);
        if alerts == 0 {
            continue;
        }
        alerting += 1;
        let rule = &program.plan().rules[0];
        let mut found = constructs(rule);
        // Of windows nothing expires and nothing is violated.
        if matches!(rule.body, Body::Sequence(_)) {
            sequences += 1;
            found.extend(happened(&case, &watch));
        }
        found.extend((watch.held_back > 0).then_some("suppress: an alert is held back"));
        found.extend((watch.full && rule.hold.is_some()).then_some("hold: it is full"));
        found.sort_unstable();
        found.dedup();
        found.iter().for_each(|name| *shares.entry(name).or_default() += 1);
    }
    println!("{alerting} of {all} trials raise an alert; of those");
    let percent = |name: &str, count: usize| {
        let of = if name.starts_with("window") { alerting - sequences } else { sequences };
        100.0 * count as f64 / f64::from(of)
    };
    shares.iter().for_each(|(name, count)| println!("{:6.1} %  {name}", percent(name, *count)));
    assert!(alerting * 2 >= all, "only {alerting} of {all} trials raise an alert");
    let least = |name: &str| if HAPPENINGS.contains(&name) { 10.0 } else { 1.0 };
    let rare: Vec<_> = shares.iter().filter(|(name, count)| percent(name, **count) < least(name)).collect();
    assert!(rare.is_empty(), "too rare among {alerting} trials with an alert: {rare:?}");
}

fn watched(case: &Case, program: &Arc<tripline::Program>) -> (usize, Watch) {
    let setup = Setup { general: true, ..Setup::default() };
    let options = EngineOptions { lateness: case.lateness };
    let mut engine = Engine::with(Arc::clone(program), options, setup, Watch::default()).unwrap();
    let mut alerts: Vec<Alert> = Vec::new();
    for input in &case.inputs {
        let flow = match input {
            Input::Event(event) => {
                engine.push(&Arc::new(Batch::of(program.fields(), [Arc::clone(event)])), &mut alerts)
            }
            other => tell(&mut engine, other, &mut alerts),
        };
        assert!(flow.is_continue());
    }
    let at_end = match case.at_end {
        AtEnd::Hold => tripline::AtEnd::Hold,
        AtEnd::Flush => tripline::AtEnd::Flush,
    };
    assert!(engine.finish(at_end, &mut alerts).is_continue());
    let Watch { violations, expiries, .. } = engine.observer();
    let held_back = engine.stats().rules.iter().map(|rule| rule.suppressed).sum();
    let full = alerts.iter().any(|alert| matches!(alert.kind, AlertKind::Limit(_)));
    (alerts.len(), Watch { violations: violations.clone(), expiries: expiries.clone(), held_back, full })
}

const HAPPENINGS: [&str; 3] = ["happens: an absence is violated", "happens: an expiry", "happens: a tie"];

fn happened(case: &Case, watch: &Watch) -> Vec<&'static str> {
    let mut times: Vec<Timestamp> =
        case.inputs.iter().filter_map(Input::event).map(|event| event.time).collect();
    times.sort_unstable();
    let tie = times.windows(2).any(|pair| pair[0] == pair[1]);
    let happened = [watch.violations.get() > 0, watch.expiries.get() > 0, tie];
    HAPPENINGS.iter().zip(happened).filter(|(_, happened)| *happened).map(|(name, _)| *name).collect()
}

/// All constructs of sequences, and all policies.
const CONSTRUCTS: [&str; 70] = [
    "absence: before the first step",
    "absence: between steps",
    "absence: last",
    "absence: with `where`",
    "absence: with `within`",
    "block: all",
    "block: either",
    "block: of",
    "cancel",
    "contiguity: any",
    "contiguity: next",
    "contiguity: relaxed",
    "emit final",
    "forget",
    "gap: after",
    "gap: within",
    "group: loop",
    "group: optional",
    "group: until",
    "happens: a tie",
    "happens: an absence is violated",
    "happens: an expiry",
    "hold: drop oldest",
    "hold: it is full",
    "hold: refuse new",
    "key: global",
    "key: of a step",
    "key: of an expression",
    "key: of several parts",
    "loop: `*`",
    "loop: `+`",
    "loop: `?`",
    "loop: `{n,m}`",
    "loop: `{n,}`",
    "loop: `{n}`",
    "loop: reluctant",
    "policy: all",
    "policy: disjoint",
    "policy: every",
    "policy: latest",
    "policy: separate",
    "policy: to first",
    "policy: to last",
    "step: any type",
    "step: several types",
    "suppress",
    "suppress: an alert is held back",
    "suppress: by one key of several",
    "suppress: for ever",
    "timeout",
    "timeout: at a step",
    "until",
    "where: aggregate",
    "where: its own field",
    "where: rising",
    "where: what is bound",
    "window: a step that looks into it",
    "window: forget",
    "window: hopping",
    "window: lag",
    "window: of one step",
    "window: of two steps",
    "window: over events",
    "window: session",
    "window: sliding",
    "window: suppress",
    "window: tumbling",
    "window: when",
    "window: whenever",
    "within: none",
];

fn constructs(rule: &Rule) -> Vec<&'static str> {
    let sequence = match &rule.body {
        Body::Sequence(sequence) => sequence,
        Body::Window(window) => {
            let mut found = of_window(window);
            found.extend(rule.suppress.is_some().then_some("window: suppress"));
            found.extend(rule.forget.is_some().then_some("window: forget"));
            return found;
        }
        Body::Event(_) => return Vec::new(),
    };
    let pattern = &sequence.pattern;
    let mut found = vec![match sequence.policy {
        Policy::Disjoint => "policy: disjoint",
        Policy::Separate => "policy: separate",
        Policy::Every => "policy: every",
        Policy::ToFirst(_) => "policy: to first",
        Policy::ToLast(_) => "policy: to last",
        Policy::Latest => "policy: latest",
        Policy::All { .. } => "policy: all",
    }];
    let mut note = |holds: bool, name: &'static str| found.extend(holds.then_some(name));
    note(sequence.report == Report::Final, "emit final");
    note(sequence.within.is_none(), "within: none");
    note(sequence.key.is_empty(), "key: global");
    note(sequence.key.len() > 1, "key: of several parts");
    note(sequence.key.iter().any(|(_, key)| !matches!(key, Expr::Field(_))), "key: of an expression");
    note(pattern.cancel.is_some(), "cancel");
    note(rule.timeout.is_some(), "timeout");
    note(rule.timeout.as_ref().is_some_and(|timeout| timeout.after.is_some()), "timeout: at a step");
    if let Some(suppress) = &rule.suppress {
        note(true, "suppress");
        note(suppress.length.is_none(), "suppress: for ever");
        note(!suppress.by_whole_key(sequence.key.len()), "suppress: by one key of several");
    }
    note(rule.forget.is_some(), "forget");
    if let Some(hold) = rule.hold {
        note(true, if hold.full == Full::DropOldest { "hold: drop oldest" } else { "hold: refuse new" });
    }
    note(pattern.groups.iter().any(|group| group.until.is_some()), "group: until");
    for group in &pattern.groups {
        let optional = group.repeat.max == Some(1);
        note(true, if optional { "group: optional" } else { "group: loop" });
    }
    let mut absences = Vec::new();
    items(pattern, &pattern.items, true, &mut note, &mut absences);
    for (index, step) in pattern.steps.iter().enumerate() {
        let absent = absences.iter().any(|absence| absence.index() == index)
            || pattern.cancel.is_some_and(|c| c.index() == index);
        one(step, absent, &mut note);
    }
    found
}

fn of_window(window: &Window) -> Vec<&'static str> {
    let (mut lags, mut looks) = (false, false);
    let filters = window.pattern.steps.iter().flat_map(|step| &step.filter);
    filters.for_each(|filter| {
        filter.visit(&mut |expr| {
            lags |= matches!(expr, Expr::Lag { .. });
            looks |= matches!(expr, Expr::Bound { .. } | Expr::Aggregate { .. });
        });
    });
    let mut found = vec![
        match &window.shape {
            Shape::Sliding(_) => "window: sliding",
            Shape::Count(_) => "window: over events",
            Shape::Periodic { over, every, .. } if over == every => "window: tumbling",
            Shape::Periodic { .. } => "window: hopping",
            Shape::Session(_) => "window: session",
        },
        if window.ever { "window: whenever" } else { "window: when" },
        if window.pattern.steps.len() > 1 { "window: of two steps" } else { "window: of one step" },
    ];
    found.extend(lags.then_some("window: lag"));
    found.extend(looks.then_some("window: a step that looks into it"));
    found
}

fn items(
    pattern: &Pattern,
    items: &[Item],
    outermost: bool,
    note: &mut dyn FnMut(bool, &'static str),
    absences: &mut Vec<StepId>,
) {
    let steps = |item: &Item| !matches!(item, Item::Absence(_));
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::Absence(step) => {
                absences.push(*step);
                let first = outermost && !items[..index].iter().any(steps);
                let last = outermost && !items[index..].iter().any(steps);
                note(first, "absence: before the first step");
                note(last, "absence: last");
                note(!first && !last, "absence: between steps");
            }
            Item::Either(parts) => {
                note(true, "block: either");
                parts.iter().for_each(|part| self::items(pattern, part, false, note, absences));
            }
            Item::Of { take, members } => {
                note(true, if *take as usize == members.len() { "block: all" } else { "block: of" });
                members.iter().for_each(|part| self::items(pattern, part, false, note, absences));
            }
            Item::Group(group) => {
                self::items(pattern, &pattern.group(*group).items, false, note, absences);
            }
            Item::Step(_) => {}
        }
    }
}

fn one(step: &Step, absent: bool, note: &mut dyn FnMut(bool, &'static str)) {
    if absent {
        note(step.within.is_some(), "absence: with `within`");
        note(step.filter.is_some(), "absence: with `where`");
        return;
    }
    note(
        true,
        match step.mode {
            Mode::Relaxed => "contiguity: relaxed",
            Mode::Next => "contiguity: next",
            Mode::Any => "contiguity: any",
        },
    );
    note(step.within.is_some(), "gap: within");
    note(step.after.is_some(), "gap: after");
    note(step.until.is_some(), "until");
    note(step.key.is_some(), "key: of a step");
    note(matches!(&step.types, tripline::plan::Types::Any), "step: any type");
    note(
        matches!(&step.types, tripline::plan::Types::OneOf(types) if types.len() > 1),
        "step: several types",
    );
    let Repeat { min, max, greedy } = step.repeat;
    note(!greedy, "loop: reluctant");
    match (min, max) {
        (1, Some(1)) => {}
        (0, Some(1)) => note(true, "loop: `?`"),
        (0, None) => note(true, "loop: `*`"),
        (1, None) => note(true, "loop: `+`"),
        (_, None) => note(true, "loop: `{n,}`"),
        (min, Some(max)) if min == max => note(true, "loop: `{n}`"),
        _ => note(true, "loop: `{n,m}`"),
    }
    let Some(filter) = &step.filter else { return };
    filter.visit(&mut |expr| match expr {
        Expr::Aggregate { .. } => note(true, "where: aggregate"),
        Expr::Trend { .. } => note(true, "where: rising"),
        Expr::Bound { pick: Pick::Last, .. } => note(true, "where: what is bound"),
        Expr::Field(_) => note(true, "where: its own field"),
        _ => {}
    });
}
