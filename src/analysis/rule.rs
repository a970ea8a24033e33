//! One rule: its clauses to a plan.

use compact_str::CompactString;
use indexmap::IndexMap;

use crate::diagnostic::Diagnostic;
use crate::event::Value;
use crate::limits::Limits;
use crate::plan::{self, Expr, Output, Pattern, Policy, Repeat, Sequence};
use crate::span::Span;
use crate::syntax::ast;

use super::canonical::canonical;
use super::clauses::{self, Body, Clauses};
use super::declare::Declared;
use super::expr::{Cx, Uses};
use super::key;
use super::layout::{Layout, Role};
use super::pattern::{lay_out, lay_out_steps};
use super::reach::Place;
use super::report::{duplicate, no_effect};
use super::{hold, lints, policy, steps, suppress, window};

/// What all rules are made in.
pub(super) struct Surroundings<'a> {
    pub(super) declared: &'a Declared,
    pub(super) limits: &'a Limits,
    pub(super) found: &'a mut Vec<Diagnostic>,
}

/// Makes the plan of a rule. There is none if it has no body that executes; if anything else is wrong, the plan
/// stands and must not be run.
pub(super) fn plan(rule: &ast::Rule, uses: &mut Uses, around: &mut Surroundings) -> Option<plan::Rule> {
    let clauses = clauses::sort(rule, around.found);
    let made = match clauses.body {
        Some(Body::Event(step)) => Some(event(rule, step, &clauses, uses, around)),
        Some(Body::Sequence(body)) => Some(sequence(rule, body, &clauses, uses, around)),
        Some(Body::Window(body)) => Some(window(rule, body, &clauses, uses, around)),
        None => None,
    };
    if !matches!(clauses.body, Some(Body::Window(_)) | None)
        && let Some(when) = &clauses.when
    {
        around
            .found
            .push(no_effect(when.span, "`when` has no effect: only a window has a condition of its own"));
    }
    let (body, output, timeout) = made?;
    let canonical = canonical(rule, uses, around.declared);
    let name = rule.name.name.clone();
    let hold = hold::plan(&clauses, around.found);
    let clauses::Clauses { meta, suppress, forget, .. } = clauses;
    let mut made = plan::Rule {
        name,
        meta,
        body,
        output,
        timeout,
        suppress: None,
        hold,
        forget: forget.map(|(length, _)| length.value),
        canonical,
    };
    check_shown_key(rule, !made.key().is_empty(), around.found);
    if let Some((length, span)) = forget {
        hold::check_forget(&made, length.value, span, around.found);
    }
    let suppress = suppress.as_ref();
    made.suppress =
        suppress.map(|s| suppress::plan(s, made.key(), &made.output, made.timeout.as_ref(), around.found));
    Some(made)
}

/// Without a key there is nothing to show.
fn check_shown_key(rule: &ast::Rule, has_key: bool, found: &mut Vec<Diagnostic>) {
    let clause = rule.clauses.iter().find_map(|clause| match &clause.kind {
        ast::ClauseKind::Meta { key, value } if key.name == "key" => Some(key.span.to(value.span())),
        _ => None,
    });
    if let Some(span) = clause.filter(|_| !has_key) {
        found.push(no_effect(span, "`key` has no effect in a rule without a key"));
    }
}

type Made = (plan::Body, Output, Option<plan::Timeout>);

fn event(
    rule: &ast::Rule,
    step: &ast::Step,
    clauses: &Clauses,
    uses: &mut Uses,
    around: &mut Surroundings,
) -> Made {
    check_event_step(step, around.found);
    check_event_clauses(clauses, around.found);
    let layout = lay_out_steps([step], Repeat::ONCE, around.limits, around.found);
    lints::types(&layout, around.declared, around.found);
    let mut cx = Cx::new(around.declared, &layout, around.limits, around.found, uses);
    let pattern = fill(&layout, &mut cx);
    lints::expensive(&pattern, &layout, cx.found);
    cx.found.extend(clauses.emit.and_then(|(emit, _)| lints::lone_type(emit)));
    let output = output(rule, clauses.emit.map(|(emit, _)| emit), &mut cx);
    cx.misspelt_steps();
    (plan::Body::Event(pattern), output, None)
}

/// An `event` rule's step has a name, types and a condition.
fn check_event_step(step: &ast::Step, found: &mut Vec<Diagnostic>) {
    let parts = [
        ("a mode", step.mode.map(|(_, span)| span)),
        ("a quantifier", step.quantifier.map(|q| q.span)),
        ("a key", step.by.as_ref().and_then(|by| by.first()).map(|key| key.span)),
        ("`after`", step.after.map(|d| d.span)),
        ("`within`", step.within.map(|d| d.span)),
        ("`until`", step.until.as_ref().map(|until| until.span)),
    ];
    for (what, span) in parts {
        if let Some(span) = span {
            let finding = no_effect(
                span,
                format!("{what} has no effect in an `event` rule, which judges each event by itself"),
            );
            found.push(finding.help("write a `sequence` for what depends on several events"));
        }
    }
}

fn check_event_clauses(clauses: &Clauses, found: &mut Vec<Diagnostic>) {
    let parts = [
        ("`matches`", clauses.matches.map(|(_, span)| span)),
        ("`final`", clauses.emit.and_then(|(emit, _)| emit.is_final)),
        ("`on timeout`", clauses.timeout.as_ref().map(|timeout| timeout.span)),
    ];
    for (what, span) in parts {
        if let Some(span) = span {
            found.push(no_effect(
                span,
                format!("{what} has no effect in an `event` rule, which fires for each event"),
            ));
        }
    }
}

fn sequence(
    rule: &ast::Rule,
    body: &ast::Sequence,
    clauses: &Clauses,
    uses: &mut Uses,
    around: &mut Surroundings,
) -> Made {
    let before = around.found.len();
    let layout = lay_out(&body.items, around.limits, around.found);
    steps::check(body, &layout, around.limits, around.found);
    lints::types(&layout, around.declared, around.found);
    let policy = policy::policy(clauses, body, &layout, around.found);
    check_within(body, policy, &layout, around.found);
    let report = policy::report(clauses, body, policy, &layout, around.found);
    // Of a pattern that is wrong it is not said what else it does not do.
    let is_right = !around.found.iter().skip(before).any(Diagnostic::is_error);
    let at_once = report == plan::Report::First && !matches!(policy, Policy::All { .. });
    if is_right && at_once {
        lints::never_binds(&layout, around.found);
    }
    let after = clauses.timeout.as_ref().map(|timeout| policy::timeout(timeout, body, &layout, around.found));
    if is_right {
        body.within.iter().for_each(|within| lints::too_short(*within, &layout, around.found));
        if policy != Policy::Latest {
            lints::unbounded_choice(body, &layout, around.found);
        }
    }
    let mut cx = Cx::new(around.declared, &layout, around.limits, around.found, uses);
    let key = key::rule(&body.partition, &mut cx);
    let mut pattern = fill(&layout, &mut cx);
    key::steps(&body.partition, &layout, &mut pattern, &mut cx);
    lints::forbidden(&pattern, &layout, cx.found);
    if let ast::Partition::Global(span) = body.partition {
        lints::global_key(&pattern, policy, span, cx.found);
    }
    if at_once {
        lints::never_taken(&pattern, &layout, cx.found);
    }
    lints::expensive(&pattern, &layout, cx.found);
    cx.found.extend(clauses.emit.and_then(|(emit, _)| lints::lone_type(emit)));
    let output = output(rule, clauses.emit.map(|(emit, _)| emit), &mut cx);
    let timeout = clauses.timeout.as_ref().map(|timeout| self::output(rule, Some(timeout.emit), &mut cx));
    cx.misspelt_steps();
    let timeout = timeout.zip(after).map(|(output, after)| plan::Timeout { after, output });
    let within = body.within.map(|within| within.value);
    (plan::Body::Sequence(Sequence { key, within, pattern, policy, report }), output, timeout)
}

/// A bound on last − first says nothing where there is one event, unless a last absence or `matches all` takes it.
fn check_within(body: &ast::Sequence, policy: Policy, layout: &Layout, found: &mut Vec<Diagnostic>) {
    let Some(within) = body.within else { return };
    let single = super::shape::size(&layout.pattern, &layout.pattern.items).max == 1;
    let absences = layout.steps.iter().any(|info| info.role == Role::Absence);
    if single && !absences && !matches!(policy, Policy::All { .. }) {
        let finding = no_effect(within.span, "`within` has no effect: a match of this sequence is one event");
        found.push(finding.help("write `event x: …` for a rule over single events"));
    }
}

/// Lowers the expressions of all steps and groups into the pattern.
fn fill(layout: &Layout, cx: &mut Cx) -> Pattern {
    let mut pattern = layout.pattern.clone();
    for (at, (step, info)) in pattern.steps.iter_mut().zip(&layout.steps).enumerate() {
        let Some(id) = crate::id::StepId::new(at) else { continue };
        step.filter = info.ast.filter.as_ref().map(|expr| cx.condition(Place::Where(id), expr));
        cx.first_iteration(info.ast, step.repeat);
        step.until = info.ast.until.as_ref().map(|expr| cx.condition(Place::Until(id), expr));
    }
    for (at, (group, info)) in pattern.groups.iter_mut().zip(&layout.groups).enumerate() {
        let Some(id) = crate::id::GroupId::new(at) else { continue };
        group.until = info.until.map(|expr| cx.condition(Place::GroupUntil(id), expr));
    }
    pattern
}

/// What an alert says.
fn output(rule: &ast::Rule, emit: Option<&ast::Emit>, cx: &mut Cx) -> Output {
    let event_type =
        emit.and_then(|emit| emit.event_type.as_ref()).map_or(&rule.name.name, |name| &name.name);
    let mut fields = Vec::new();
    let mut names: IndexMap<&CompactString, Span> = IndexMap::new();
    for field in emit.map_or(&[][..], |emit| &emit.fields) {
        if let Some(first) = names.insert(&field.name.name, field.name.span) {
            cx.found.push(duplicate("field", &field.name.name, field.name.span, first));
        }
        fields.push((field.name.name.clone(), cx.at(Place::Emit, &field.value).expr));
    }
    Output { event_type: event_type.clone(), fields }
}

fn window(
    rule: &ast::Rule,
    body: &ast::Window,
    clauses: &Clauses,
    uses: &mut Uses,
    around: &mut Surroundings,
) -> Made {
    const MANY: Repeat = Repeat { min: 1, max: None, greedy: true };
    let layout = lay_out_steps(&body.steps, MANY, around.limits, around.found);
    lints::types(&layout, around.declared, around.found);
    let shape = window::shape(&body.shape, around.limits, around.found);
    window::check_clauses(body, clauses, around.found);
    let mut cx = Cx::new(around.declared, &layout, around.limits, around.found, uses);
    let key = key::rule(&body.partition, &mut cx);
    let mut pattern = fill(&layout, &mut cx);
    key::steps(&body.partition, &layout, &mut pattern, &mut cx);
    window::check_steps(body, &pattern, cx.found);
    pattern.items = window::items(&layout);
    lints::expensive(&pattern, &layout, cx.found);
    let when = clauses.when.as_ref();
    let condition = when.map_or(Expr::Const(Value::Null), |when| cx.condition(Place::Emit, when.condition));
    cx.found.extend(clauses.emit.and_then(|(emit, _)| lints::lone_type(emit)));
    let output = output(rule, clauses.emit.map(|(emit, _)| emit), &mut cx);
    cx.misspelt_steps();
    let ever = when.is_some_and(|when| when.ever);
    (plan::Body::Window(plan::Window { key, shape, pattern, condition, ever }), output, None)
}
