//! Windows: every moment at which the condition is judged, with the events that are looked at then, each found by itself
//! from the whole stream; and from one to the next whether it fires.

use tripline::plan::{Expr, Policy, Report, Sequence, Shape, Window};
use tripline::{Duration, StepId, Timestamp};

use super::arrival::Stream;
use super::derive::{Bound, Moment, Place, State};
use super::{Alert, Partition};

/// A window as a sequence that looks for the same events, for what both have: keys, steps, expressions.
pub fn as_sequence(window: &Window) -> Sequence {
    Sequence {
        key: window.key.clone(),
        within: None,
        pattern: window.pattern.clone(),
        policy: Policy::Every,
        report: Report::First,
    }
}

/// A moment at which the condition is judged.
struct Look {
    at: Moment,
    /// What is in the window then.
    events: Vec<usize>,
    why: Why,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It may fire.
    Fires,
    /// It may fire, and what was before is forgotten.
    Begins,
    /// Something has left.
    ReArms,
}

/// The alerts of a window; `None` for a shape that is beyond the judge, and for steps that look at what is in the window.
pub fn alerts(of: &Partition, window: &Window, stream: &Stream) -> Option<Vec<Alert>> {
    if looks_into_it(window) {
        return None;
    }
    let events: Vec<usize> = (0..of.events.len()).filter(|event| !steps(of, *event).is_empty()).collect();
    let mut looks = match &window.shape {
        Shape::Sliding(length) => sliding(of, &events, *length),
        Shape::Count(count) => counted(of, &events, *count as usize),
        Shape::Periodic { over, every, offset, zone: None } => regular(of, &events, *over, *every, *offset),
        Shape::Periodic { .. } => return None,
        Shape::Session(gap) => sessions(of, &events, *gap),
    };
    // What leaves with an event leaves before it comes.
    looks.sort_by_key(|look| look.at);
    let (mut fired, mut alerts) = (false, Vec::new());
    for look in looks {
        let bound = bound(of, &look.events);
        let last = look.events.last();
        let state = State { bound: bound.clone(), ..State::default() };
        let is_true = last.is_some_and(|last| of.holds(&window.condition, *last, &state, &[]));
        if look.why == Why::ReArms {
            fired &= is_true;
            continue;
        }
        if is_true && (window.ever || look.why == Why::Begins || !fired) {
            alerts.push(describe(of, look.at, &bound, stream));
        }
        fired = is_true;
    }
    Some(alerts)
}

fn looks_into_it(window: &Window) -> bool {
    let mut looks = false;
    for filter in window.pattern.steps.iter().flat_map(|step| &step.filter) {
        filter.visit(&mut |part| {
            looks |= matches!(
                part,
                Expr::Bound { .. } | Expr::TimeOf { .. } | Expr::Aggregate { .. } | Expr::Trend { .. }
            );
        });
    }
    looks
}

fn steps(of: &Partition, event: usize) -> Vec<StepId> {
    let steps = (0..of.sequence.pattern.steps.len()).filter_map(StepId::new);
    steps.filter(|step| of.qualifies(*step, event, &State::default())).collect()
}

fn bound(of: &Partition, events: &[usize]) -> Vec<Bound> {
    let all = events.iter().flat_map(|&event| {
        let slot = |step| of.sequence.pattern.step(step).slot;
        steps(of, event).into_iter().map(move |step| Bound {
            slot: slot(step),
            step,
            event,
            path: Vec::new(),
        })
    });
    all.collect()
}

fn deadline(time: Timestamp) -> Moment {
    Moment { time, at: Place::Deadline }
}

/// At each event those of the last `length`; where one is too old just now, those that are not.
fn sliding(of: &Partition, events: &[usize], length: Duration) -> Vec<Look> {
    let leaves = |event: usize| of.time(event).after(length);
    let arrives = events.iter().map(|&event| Look {
        at: of.moment(event),
        events: events.iter().copied().filter(|&e| e <= event && leaves(e) >= of.time(event)).collect(),
        why: Why::Fires,
    });
    let departs = events.iter().map(|&event| Look {
        at: deadline(leaves(event)),
        events: events
            .iter()
            .copied()
            .filter(|&e| of.time(e) <= leaves(event) && leaves(e) > leaves(event))
            .collect(),
        why: Why::ReArms,
    });
    departs.chain(arrives).collect()
}

/// At each event the last so many; before it those without the one that it pushes out.
fn counted(of: &Partition, events: &[usize], count: usize) -> Vec<Look> {
    let looks = (0..events.len()).flat_map(|last| {
        let at = of.moment(events[last]);
        let from = (last + 1).saturating_sub(count);
        let without = Look { at, events: events[from..last].to_vec(), why: Why::ReArms };
        let with = Look { at, events: events[from..=last].to_vec(), why: Why::Fires };
        [(last >= count).then_some(without), Some(with)]
    });
    looks.flatten().collect()
}

/// At each end those of the time before it, be there some or not.
fn regular(of: &Partition, events: &[usize], over: Duration, every: Duration, offset: Duration) -> Vec<Look> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Vec::new() };
    let nanos = |event: usize| of.time(event).nanos();
    let from = (nanos(*first) - offset.nanos()).div_euclid(every.nanos());
    let to = (nanos(*last) + over.nanos() - offset.nanos()).div_euclid(every.nanos()) + 1;
    let looks = (from..=to).map(|n| {
        let end = n * every.nanos() + offset.nanos();
        let is_in = |event: &usize| (end - over.nanos()..end).contains(&nanos(*event));
        let events = events.iter().copied().filter(is_in).collect();
        Look { at: deadline(Timestamp::from_nanos(end)), events, why: Why::Fires }
    });
    looks.collect()
}

/// Events without a longer gap between them.
fn sessions(of: &Partition, events: &[usize], gap: Duration) -> Vec<Look> {
    let near = |a: &usize, b: &usize| of.time(*b).since(of.time(*a)) <= gap;
    let looks = events.chunk_by(near).map(|events| {
        let last = events[events.len() - 1];
        Look { at: deadline(of.time(last).after(gap)), events: events.to_vec(), why: Why::Begins }
    });
    looks.collect()
}

/// The first and the last of each step, and how many there are.
fn describe(of: &Partition, at: Moment, bound: &[Bound], stream: &Stream) -> Alert {
    let mut alert = of.describe(at, bound, stream);
    let pattern = &of.sequence.pattern;
    let counts = pattern.slots.iter().filter_map(|slot| alert.bindings.get(slot.name.as_str()));
    alert.counts = counts.map(|events| events.len().to_string()).collect::<Vec<_>>().join(",");
    for events in alert.bindings.values_mut() {
        let (first, last) = (events[0], events[events.len() - 1]);
        *events = if events.len() > 1 { vec![first, last] } else { vec![first] };
    }
    alert
}
