//! The configurations: each runs a case and gives what came out.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use compact_str::CompactString;
use tripline::diagnostic::Diagnostic;
use tripline::reference::Reference;
use tripline::{
    Alert, AlertKind, Duration, EngineOptions, Event, KeyGroups, Limits, Program, RuleStats, Sink, Stats,
    Swapped, Timestamp,
};

use super::case::{AtEnd, Case};
use super::files::Beside;
use super::notation::{self, Found, Input};

/// What came of a case.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The alerts in the order in which they came out.
    pub alerts: Vec<Found>,
    /// Alerts that do not stand where the one order of alerts puts them.
    pub misplaced: Vec<String>,
    /// The lines that came too late.
    pub late: Vec<u64>,
    /// How many evaluations failed.
    pub eval_errors: u64,
    /// How many matches and partial matches a limit left out, above all that of `matches all`.
    pub beyond_limit: u64,
    /// How many starts are open.
    pub open: u64,
    /// How many matches still wait for a deadline.
    pub pending: u64,
    /// What became of the partial matches at each edit.
    pub swapped: Vec<String>,
}

/// Compiles the rules of a case.
pub fn compile(case: &Case, limits: Limits) -> (Option<Program>, Vec<Diagnostic>) {
    let file = tripline::SourceFile { name: format!("{}.trip", case.name), text: case.rule.clone() };
    Program::compile(&[file], &Beside(case.files.clone()).settings(), limits)
}

/// How much memory there is where what began before a time is given up.
pub const SHED_MOST: u64 = 1 << 30;

/// What the rules of a case become by an edit, with the bounds of what they were.
pub fn edited(case: &Case, edit: usize, before: &Program) -> Arc<Program> {
    let case = Case { rule: case.edits[edit].clone(), ..case.clone() };
    let (program, found) = compile(&case, before.limits().clone());
    Arc::new(program.unwrap_or_else(|| panic!("{}: edit {}: {found:#?}", case.name, edit + 1)))
}

/// The reference engine, event by event.
pub fn reference(case: &Case, program: Arc<Program>) -> Outcome {
    reference_in_groups(case, program, &KeyGroups::default())
}

/// The same, keys being of these groups.
pub fn reference_in_groups(case: &Case, program: Arc<Program>, groups: &KeyGroups) -> Outcome {
    let mut program = program;
    let mut engine = Reference::with(Arc::clone(&program), EngineOptions { lateness: case.lateness }, groups);
    let mut sink = Collector::default();
    for input in &case.inputs {
        let flow = match input {
            Input::Event(event) => {
                sink.line = event.offset.to_string();
                engine.push(Event::clone(event), &mut sink)
            }
            Input::Advance(time) => engine.advance(*time, &mut sink),
            Input::Open(source) => {
                engine.open_source(source);
                ControlFlow::Continue(())
            }
            Input::Idle(source) => engine.idle_source(source.rank, &mut sink),
            Input::End(source) => engine.end_source(source.rank, &mut sink),
            Input::Edit(edit) => {
                program = edited(case, *edit, &program);
                let swapped = engine.swap(&program, &mut sink);
                sink.swapped(&swapped);
                ControlFlow::Continue(())
            }
            Input::Shed(before) => {
                let shed = engine.shed(*before, SHED_MOST, &mut sink);
                sink.shed(&shed);
                ControlFlow::Continue(())
            }
        };
        assert!(flow.is_continue());
    }
    sink.line = "end".into();
    end(case, engine, sink)
}

/// The reference engine with the stream the wrong way round, within a lateness that allows it: the same alerts come
/// out, if not at the same lines. `None` for a stream that cannot be turned.
pub fn reference_out_of_order(case: &Case, program: Arc<Program>) -> Option<Outcome> {
    let (events, lateness) = turned(case)?;
    let last = events.first()?.time;
    let mut engine = Reference::new(program, EngineOptions { lateness });
    let mut sink = Collector::default();
    for event in events {
        assert!(engine.push(Event::clone(event), &mut sink).is_continue());
    }
    assert!(engine.advance(last, &mut sink).is_continue());
    Some(end(case, engine, sink))
}

/// The stream the wrong way round and the lateness that allows it. `None` if it has a lateness or a watermark of its
/// own, or lasts but a moment.
pub fn turned(case: &Case) -> Option<(Vec<&Arc<Event>>, Duration)> {
    let events: Option<Vec<&Arc<Event>>> = case.inputs.iter().rev().map(Input::event).collect();
    let events = events.filter(|events| events.is_sorted_by_key(|event| std::cmp::Reverse(event.time)))?;
    let lateness = events.first()?.time.since(events.last()?.time);
    (lateness > Duration::ZERO).then_some((events, lateness))
}

fn end(case: &Case, mut engine: Reference, mut sink: Collector) -> Outcome {
    let at_end = match case.at_end {
        AtEnd::Hold => tripline::AtEnd::Hold,
        AtEnd::Flush => tripline::AtEnd::Flush,
    };
    assert!(engine.finish(at_end, &mut sink).is_continue());
    sink.outcome(&engine.stats())
}

/// Keeps alerts with the line at which they came out, and notes those that do not stand in the one order of alerts.
#[derive(Default)]
pub struct Collector {
    pub line: String,
    pub alerts: Vec<Found>,
    pub late: Vec<u64>,
    pub misplaced: Vec<String>,
    swapped: Vec<String>,
    before: Option<Alert>,
    /// The numbers of the alerts, by their ids.
    numbers: BTreeMap<u128, u64>,
}

impl Collector {
    /// What came of a case, with what the engine counted.
    pub fn outcome(self, stats: &Stats) -> Outcome {
        let sum = |count: fn(&RuleStats) -> u64| stats.rules.iter().map(count).sum();
        Outcome {
            alerts: self.alerts,
            late: self.late,
            misplaced: self.misplaced,
            eval_errors: sum(|rule| rule.eval_errors),
            beyond_limit: sum(|rule| rule.refused),
            open: sum(|rule| rule.open),
            pending: sum(|rule| rule.pending),
            swapped: self.swapped,
        }
    }

    /// Notes what became of the partial matches of each rule.
    pub fn swapped(&mut self, rules: &[Swapped]) {
        self.swapped.extend(rules.iter().map(|rule| {
            let Swapped { name, revision, kept, lost, lacking } = rule;
            let revision = revision.map_or_else(|| "Gone".to_owned(), |revision| format!("{revision:?}"));
            format!("{name} {revision} kept {kept} lost {lost} lacking {lacking}")
        }));
    }

    /// Notes how much each rule has given up.
    pub fn shed(&mut self, rules: &[(CompactString, u64)]) {
        self.swapped.extend(rules.iter().map(|(name, count)| format!("{name} shed {count}")));
    }
}

impl Sink for Collector {
    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        let found = self.found(&alert);
        self.numbers.insert(alert.id, self.alerts.len() as u64 + 1);
        if self.before.as_ref().is_some_and(|before| !in_order(before, &alert)) {
            self.misplaced.push(found.to_string());
        }
        self.alerts.push(found);
        self.before = Some(alert);
        ControlFlow::Continue(())
    }

    fn shadow(&mut self, alert: Alert) -> ControlFlow<()> {
        self.alert(alert)
    }

    fn late(&mut self, event: Arc<Event>) -> ControlFlow<()> {
        self.late.push(event.offset);
        ControlFlow::Continue(())
    }
}

/// Whether two alerts stand in the one order: by moment and, where both are matches that their last event makes
/// certain, by that event, the rule, the key and the id. A line delivered twice is one event to the id.
fn in_order(a: &Alert, b: &Alert) -> bool {
    match (cause(a), cause(b)) {
        (Some(x), Some(y)) => {
            let order = |alert: &Alert, cause| (alert.time, cause, alert.rule.depth);
            let same = |alert: &Alert| (alert.rule.name.clone(), alert.key.clone(), alert.id);
            order(a, x) < order(b, y) || (order(a, x) == order(b, y) && same(a) <= same(b))
        }
        _ => a.time <= b.time,
    }
}

fn cause(alert: &Alert) -> Option<(Timestamp, u32, u64)> {
    let last = alert.bindings.iter().flat_map(|(_, events)| events).map(|event| event.place()).max()?;
    let by_event = alert.kind == AlertKind::Match && alert.deadline.is_none() && alert.last == alert.time;
    // What the first cause of an alert was is not said by one that binds it.
    let is_input = alert.bindings.iter().flat_map(|(_, events)| events).all(|event| !event.source.is_rule());
    (by_event && is_input).then_some(last)
}

impl Collector {
    fn found(&self, alert: &Alert) -> Found {
        let number = |event: &Arc<Event>| match event.source.is_rule() {
            true => notation::ALERTS + self.numbers.get(&event.identity).copied().unwrap_or(0),
            false => event.offset,
        };
        let bindings = alert.bindings.iter();
        let bindings =
            bindings.map(|(step, events)| (step.to_string(), events.iter().map(number).collect())).collect();
        found(alert, &self.line, bindings)
    }
}

fn found(alert: &Alert, line: &str, bindings: Vec<(String, Vec<u64>)>) -> Found {
    let key: Vec<String> = alert.key.values().iter().map(notation::show).collect();
    let time = |time: Timestamp| notation::show_time(time);
    let mut rest = vec![
        ("rule", alert.rule.name.to_string()),
        ("time", time(alert.time)),
        ("first", time(alert.first)),
        ("last", time(alert.last)),
        ("type", alert.event_type.to_string()),
        ("key", key.join(",")),
    ];
    let counts = alert.counts.iter().map(|counts| counts.iter().map(u64::to_string).collect::<Vec<_>>());
    rest.extend(counts.map(|counts| ("counts", counts.join(","))));
    rest.extend((!line.is_empty()).then(|| ("line", line.to_owned())));
    rest.extend(alert.deadline.map(|deadline| ("deadline", time(deadline))));
    rest.extend(alert.rule.severity.map(|severity| ("severity", severity.as_str().to_owned())));
    rest.extend(alert.rule.shadow.then(|| ("shadow", "yes".to_owned())));
    match &alert.kind {
        AlertKind::Match => {}
        AlertKind::Timeout { reached, bound } => {
            rest.push(("kind", "timeout".into()));
            rest.push(("reached", reached.to_string()));
            rest.push(("bound", bound.to_string()));
        }
        AlertKind::Summary { count } => {
            rest.push(("kind", "summary".into()));
            rest.push(("count", count.to_string()));
        }
        AlertKind::Limit(_) => rest.push(("kind", "limit".into())),
    }
    Found {
        bindings,
        fields: alert.fields.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
        id: alert.id,
        rest,
    }
}
