//! What a window can have: its shape, its steps, its clauses.

use crate::diagnostic::{Code, Diagnostic};
use crate::limits::Limits;
use crate::plan::{Expr, Item, Pattern, Shape};
use crate::span::Span;
use crate::syntax::ast::{self, DurationLit, Mode, WindowShape};
use crate::time::{Duration, Zone};

use super::clauses::Clauses;
use super::layout::Layout;
use super::report::{no_effect, suggest};

/// With a time zone no window is shorter: no clock is a fraction of a minute from another.
const SHORTEST: Duration = Duration::from_millis(60_000);

/// The shape of a window. A wrong one is reported and stands for something that can be.
pub(super) fn shape(shape: &WindowShape, limits: &Limits, found: &mut Vec<Diagnostic>) -> Shape {
    match shape {
        WindowShape::Sliding(length) => Shape::Sliding(positive(*length, "a window", found)),
        WindowShape::Count(count, span) => Shape::Count(events(*count, *span, limits, found)),
        WindowShape::Session(gap) => Shape::Session(positive(*gap, "the gap of a session", found)),
        WindowShape::Tumbling { every, offset, zone } => {
            let length = positive(*every, "a window", found);
            offset.iter().for_each(|offset| check_offset(*offset, length, found));
            zone.iter().for_each(|zone| check_zone(zone, *every, found));
            Shape::Periodic {
                over: length,
                every: length,
                offset: offset.map(|offset| offset.value).unwrap_or_default(),
                zone: zone.as_ref().map(|zone| zone.value.as_str().into()),
            }
        }
        WindowShape::Hopping { over, every } => {
            let over_length = positive(*over, "a window", found);
            let every_length = positive(*every, "the time from window to window", found);
            check_hop(*over, *every, limits, found);
            Shape::Periodic { over: over_length, every: every_length, offset: Duration::ZERO, zone: None }
        }
    }
}

/// A length that is one.
fn positive(length: DurationLit, what: &str, found: &mut Vec<Diagnostic>) -> Duration {
    if length.value > Duration::ZERO {
        return length.value;
    }
    found.push(Diagnostic::new(Code::BadValue, length.span, format!("{what} cannot be of no length")));
    SHORTEST
}

fn events(count: u64, span: Span, limits: &Limits, found: &mut Vec<Diagnostic>) -> u32 {
    let most = limits.partials_per_key;
    let narrow = u32::try_from(count).ok().filter(|&count| count as usize <= most);
    match narrow {
        Some(0) => {
            found.push(Diagnostic::new(Code::BadValue, span, "a window over no events has nothing in it"));
            1
        }
        Some(count) => count,
        None => {
            let message = format!("a window over {count} events is larger than the limit of {most}");
            found.push(Diagnostic::new(Code::TooLarge, span, message));
            1
        }
    }
}

fn check_offset(offset: DurationLit, every: Duration, found: &mut Vec<Diagnostic>) {
    if offset.value == Duration::ZERO {
        found.push(no_effect(offset.span, "an offset of no length has no effect"));
    } else if offset.value >= every {
        let message = format!("the offset {} is not less than the window, {every}", offset.value);
        let finding = Diagnostic::new(Code::BadValue, offset.span, message);
        found.push(finding.help("write what is left of it when whole windows are taken away"));
    }
}

fn check_zone(zone: &ast::StringLit, every: DurationLit, found: &mut Vec<Diagnostic>) {
    if Zone::parse(&zone.value).is_none() {
        let message = format!("`{}` is no time zone", zone.value);
        let finding = Diagnostic::new(Code::BadValue, zone.span, message)
            .help("write a name as `Europe/Berlin`, or an offset as `+02:00`");
        found.push(suggest(finding, &zone.value, Zone::names()));
    } else if every.value < SHORTEST {
        let message = format!("with a time zone a window lasts at least {SHORTEST}");
        let finding = Diagnostic::new(Code::Conflict, zone.span, message).also(every.span, "");
        found.push(finding.help("leave out `tz`"));
    }
}

fn check_hop(over: DurationLit, every: DurationLit, limits: &Limits, found: &mut Vec<Diagnostic>) {
    let (length, step) = (over.value.nanos(), every.value.nanos());
    if step > length {
        let message = format!(
            "windows of {} every {} leave out what is between them: those events would be in no window",
            over.value, every.value
        );
        let finding = Diagnostic::new(Code::Conflict, every.span, message).also(over.span, "");
        found.push(finding.help("let `every` be at most as long as `over`"));
    } else if step > 0 && length / step > i64::from(limits.repetitions) {
        let message = format!(
            "an event would be in {} windows, and the limit is {}",
            length / step,
            limits.repetitions
        );
        let finding = Diagnostic::new(Code::TooLarge, every.span, message);
        found.push(finding.help("write `over D` alone to look at the last D with each event"));
    }
}

/// What the steps of a window cannot have.
pub(super) fn check_steps(window: &ast::Window, pattern: &Pattern, found: &mut Vec<Diagnostic>) {
    for step in &window.steps {
        check_step(step, found);
    }
    let WindowShape::Hopping { over, every } = &window.shape else { return };
    for (step, ast) in pattern.steps.iter().zip(&window.steps).filter(|_| over.value != every.value) {
        if let (Some(filter), Some(written)) = (&step.filter, &ast.filter)
            && looks_into_it(filter)
        {
            let message =
                "a `where` cannot look at what is in windows that overlap, of which each holds other events";
            let finding = Diagnostic::new(Code::Misplaced, written.span, message).also(every.span, "");
            found.push(
                finding.help(
                    "put what is asked of several events into `when`, or write `over` or `every` alone",
                ),
            );
        }
    }
}

fn looks_into_it(filter: &Expr) -> bool {
    let mut looks = false;
    filter.visit(&mut |part| {
        looks |= matches!(
            part,
            Expr::Bound { .. } | Expr::TimeOf { .. } | Expr::Aggregate { .. } | Expr::Trend { .. }
        );
    });
    looks
}

fn check_step(step: &ast::Step, found: &mut Vec<Diagnostic>) {
    let name = &step.name.name;
    if let Some((Mode::Not, span)) = step.mode {
        let finding = Diagnostic::new(Code::BadAbsence, span, "a window has no absences");
        return found.push(finding.help(format!("leave out `not` and write `when count({name}) == 0`")));
    }
    let parts = [
        ("a mode", step.mode.map(|(_, span)| span)),
        ("a quantifier", step.quantifier.map(|q| q.span)),
        ("`after`", step.after.map(|d| d.span)),
        ("`within`", step.within.map(|d| d.span)),
        ("`until`", step.until.as_ref().map(|until| until.span)),
    ];
    for (what, span) in parts {
        if let Some(span) = span {
            let message = format!("{what} has no effect in a window, which holds all events that fit a step");
            found.push(
                no_effect(span, message).help(format!("ask for it in `when`, as `count({name}) >= 5`")),
            );
        }
    }
}

/// What a rule over a window cannot say besides.
pub(super) fn check_clauses(window: &ast::Window, clauses: &Clauses, found: &mut Vec<Diagnostic>) {
    let parts = [
        ("`matches`", clauses.matches.map(|(_, span)| span)),
        ("`final`", clauses.emit.and_then(|(emit, _)| emit.is_final)),
        ("`on timeout`", clauses.timeout.as_ref().map(|timeout| timeout.span)),
    ];
    for (what, span) in parts {
        found.extend(span.map(|span| no_effect(span, format!("{what} has no effect on a window"))));
    }
    if clauses.when.is_none() {
        let missing = Diagnostic::new(Code::MissingClause, window.span, "a window needs a condition");
        found.push(missing.help("add `when …`"));
    }
}

/// Any of the steps, in any order: what an event of the partition may be.
pub(super) fn items(layout: &Layout) -> Vec<Item> {
    match &layout.pattern.items[..] {
        items @ ([] | [_]) => items.to_vec(),
        items => vec![Item::Either(items.iter().map(|item| vec![item.clone()]).collect())],
    }
}
