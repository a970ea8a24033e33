//! What never changes while a rule runs.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::scope::Here;
use crate::event::Event;
use crate::id::StepId;
use crate::limits::Limits;
use crate::plan::{Body, Expr, Hold, Pattern, Policy, Report, Rule, TextPattern, Types, Window};
use crate::predicate::Matcher;
use crate::reference::partial::Wait;
use crate::reference::place::{self, Way};
use crate::time::Duration;

/// A rule's pattern and clauses, with what is worked out of them once.
#[derive(Debug)]
pub(in crate::reference) struct Law {
    pub(in crate::reference) pattern: Pattern,
    pub(in crate::reference) within: Option<Duration>,
    pub(in crate::reference) policy: Policy,
    pub(in crate::reference) report: Report,
    /// How many starts one key may have open.
    pub(in crate::reference) hold: Option<Hold>,
    /// For how long nothing must have come of a key for it to be forgotten.
    pub(in crate::reference) forget: Option<Duration>,
    /// What it looks at together, if it is a window.
    pub(in crate::reference) window: Option<Window>,
    pub(in crate::reference) limits: Limits,
    /// The steps a match may begin with, the preferred first.
    pub(in crate::reference) first: Vec<Wait>,
    /// The absences that stand before one of them.
    pub(in crate::reference) first_absences: BTreeSet<StepId>,
    /// The steps whose previous event `lag` asks for.
    pub(in crate::reference) lagging: BTreeSet<StepId>,
    /// For each step whether its `where` looks at nothing but the event that is judged.
    pub(in crate::reference) alone: Vec<bool>,
    pub(super) matchers: BTreeMap<TextPattern, Matcher>,
    /// Expressions that were unknown for a fault.
    pub(in crate::reference) errors: Cell<u64>,
}

impl Law {
    pub(in crate::reference) fn new(rule: &Rule, limits: &Limits) -> Self {
        let (pattern, within, policy, report) = match &rule.body {
            // An event rule is a sequence of one step that reports every start.
            Body::Event(pattern) => (pattern, None, Policy::Every, Report::First),
            Body::Sequence(s) => (&s.pattern, s.within, s.policy, s.report),
            // Of a window only the steps are asked for.
            Body::Window(window) => (&window.pattern, None, Policy::Every, Report::First),
        };
        let window = match &rule.body {
            Body::Window(window) => Some(window.clone()),
            Body::Event(_) | Body::Sequence(_) => None,
        };
        let waits = place::first_ways(pattern).into_iter().filter_map(|way| match way {
            Way::Wait(wait) => Some(wait),
            Way::End(_) => None,
        });
        let first: Vec<Wait> = waits.collect();
        let first_absences =
            first.iter().flat_map(|wait| &wait.absences).map(|absence| absence.step).collect();
        let (mut lagging, mut matchers) = (BTreeSet::new(), BTreeMap::new());
        rule.visit_expressions(&mut |expr| match expr {
            Expr::Lag { step, .. } => {
                lagging.insert(*step);
            }
            Expr::Text(_, pattern) => {
                // The analysis has compiled it once, so it compiles; if not, it is a fault where it is judged.
                matchers.extend(Matcher::new(pattern, limits).ok().map(|matcher| (pattern.clone(), matcher)));
            }
            _ => {}
        });
        Law {
            pattern: pattern.clone(),
            within,
            policy,
            report,
            hold: rule.hold,
            forget: rule.forget,
            window,
            limits: limits.clone(),
            first,
            first_absences,
            lagging,
            alone: pattern.steps.iter().map(|step| step.filter.as_ref().is_none_or(is_alone)).collect(),
            matchers,
            errors: Cell::new(0),
        }
    }

    /// Whether an event is of a step's types.
    pub(in crate::reference) fn type_fits(&self, step: StepId, event: &Event) -> bool {
        match &self.pattern.step(step).types {
            Types::Any => true,
            Types::OneOf(types) => event.kind.as_ref().is_some_and(|kind| types.contains(kind)),
        }
    }

    /// Whether an event fits a step at a place: its types and its `where`.
    pub(in crate::reference) fn fits(&self, step: StepId, here: &Here<'_>) -> bool {
        let filter = &self.pattern.step(step).filter;
        self.type_fits(step, here.event) && filter.as_ref().is_none_or(|filter| self.is_true(filter, here))
    }
}

/// Whether an expression looks at nothing but the current event.
fn is_alone(expr: &Expr) -> bool {
    let mut alone = true;
    expr.visit(&mut |part| {
        alone &= !matches!(
            part,
            Expr::Bound { .. }
                | Expr::TimeOf { .. }
                | Expr::Aggregate { .. }
                | Expr::Trend { .. }
                | Expr::Lag { .. }
        );
    });
    alone
}
