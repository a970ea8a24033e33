//! A rule in the form in which engines execute it.

use std::collections::BTreeSet;
use std::sync::Arc;

use compact_str::CompactString;
use indexmap::IndexSet;

use super::Unfit;
use super::calendar::Calendar;
use super::code::{KeyCode, KeySpace, OutputCode, StepCode, WindowCode};
use super::form::{Form, Stop};
use super::places::Places;
use crate::alert::RuleInfo;
use crate::automaton::Automaton;
use crate::event::Fields;
use crate::id::{FieldId, StepId};
use crate::limits::Limits;
use crate::plan::{Body, Expr, Hold, Mode, Output, Policy, Report, Rule, Types, Window};
use crate::predicate::{Expression, Gauge};
use crate::time::Duration;

/// The event types that rules name, numbered.
pub type Kinds = IndexSet<CompactString, foldhash::fast::FixedState>;

/// A rule in the form in which engines execute it.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Its index among the rules of the plan.
    pub rule: usize,
    /// What alerts say about it.
    pub info: Arc<RuleInfo>,
    /// The same of those that speak of its bounds.
    pub at_limit: Arc<RuleInfo>,
    /// How many starts one key may have open.
    pub hold: Option<Hold>,
    /// For how long nothing must have come of a key for it to be forgotten.
    pub forget: Option<Duration>,
    /// What may come next.
    pub automaton: Automaton,
    /// Steps and absences, by their ids.
    pub steps: Vec<StepCode>,
    /// `until` of the groups, by their ids.
    pub group_untils: Vec<Option<Expression>>,
    /// Which of the program's key spaces holds its partitions.
    pub space: usize,
    /// `within` of the rule.
    pub within: Option<Duration>,
    /// `matches`
    pub policy: Policy,
    /// Whether matches wait until they can grow no more.
    pub report: Report,
    /// The absences that stand before a first step.
    pub first_absences: Vec<StepId>,
    /// The steps whose previous event `lag` asks for.
    pub lagging: Vec<StepId>,
    /// `emit`
    pub output: OutputCode,
    /// `on timeout`, and the step that must have been reached.
    pub timeout: Option<(Option<StepId>, OutputCode)>,
    /// Whether somebody sees when time ends a partial match: a last absence, a timeout, a match that waited to grow.
    pub observed: bool,
    /// How its partial matches are held.
    pub form: Form,
    /// Its steps, if they are held as a queue.
    pub stops: Vec<Stop>,
    /// Where its derivations wait, if they are held in common.
    pub places: Option<Places>,
    /// The event types that can do something to a partition; `None` is every event.
    pub kinds: Option<Vec<usize>>,
    /// What it looks at together, if it is a window.
    pub window: Option<WindowCode>,
}

/// What the rules of a program share.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    pub(super) fields: Fields,
    pub(super) kinds: Kinds,
    pub(super) keys: Vec<KeyCode>,
    pub(super) spaces: Vec<KeySpace>,
    /// For each type that a rule names the fields that are asked of such an event when it is bound.
    pub(super) held: Vec<BTreeSet<FieldId>>,
    /// The same for an event of any type.
    pub(super) held_of_any: BTreeSet<FieldId>,
}

impl Compiled {
    pub(super) fn new(
        index: usize,
        rule: &Rule,
        info: &Arc<RuleInfo>,
        shared: &mut Shared,
        limits: &Limits,
    ) -> Result<Compiled, Unfit> {
        let pattern = rule.pattern();
        let (key, within, policy, report) = match &rule.body {
            Body::Event(_) => (Vec::new(), None, Policy::Every, Report::First),
            Body::Sequence(s) => {
                (s.key.iter().map(|(_, expr)| expr.clone()).collect(), s.within, s.policy, s.report)
            }
            Body::Window(w) => {
                (w.key.iter().map(|(_, expr)| expr.clone()).collect(), None, Policy::Every, Report::First)
            }
        };
        let unfit = |what: String| Unfit { rule: rule.name.clone(), what };
        let automaton = Automaton::new(pattern, limits.edges).map_err(|error| unfit(error.to_string()))?;
        let gauges = matches!(rule.body, Body::Window(_)).then(Vec::new);
        let mut code = Coder { shared, limits, held: BTreeSet::new(), gauges };
        let mut keys: Vec<Vec<Expr>> = vec![key];
        let mut key_of = |own: &Option<Vec<Expr>>| match own {
            None => 0,
            Some(own) => keys.iter().position(|key| written(key) == written(own)).unwrap_or_else(|| {
                keys.push(own.clone());
                keys.len() - 1
            }),
        };
        let step_keys: Vec<usize> = pattern.steps.iter().map(|step| key_of(&step.key)).collect();
        let mut steps = Vec::with_capacity(pattern.steps.len());
        for (step, key) in pattern.steps.iter().zip(step_keys) {
            let (alone, along) = step.filter.as_ref().map_or((None, None), Expression::split);
            steps.push(StepCode {
                kinds: code.kinds(&step.types),
                alone: code.expression(alone.as_ref()).map_err(unfit)?,
                along: code.expression(along.as_ref()).map_err(unfit)?,
                until: code.expression(step.until.as_ref()).map_err(unfit)?,
                mode: if policy == Policy::Latest && step.mode == Mode::Any {
                    Mode::Relaxed
                } else {
                    step.mode
                },
                after: step.after,
                within: step.within,
                key,
            });
        }
        let untils = pattern.groups.iter().map(|group| code.expression(group.until.as_ref()));
        let group_untils = untils.collect::<Result<Vec<_>, _>>().map_err(unfit)?;
        let output = code.output(&rule.output).map_err(unfit)?;
        let timeout = match &rule.timeout {
            None => None,
            Some(timeout) => Some((timeout.after, code.output(&timeout.output).map_err(unfit)?)),
        };
        let space = code.space(&keys).map_err(unfit)?;
        let window = match &rule.body {
            Body::Event(_) | Body::Sequence(_) => None,
            Body::Window(window) => code.window(window).map_err(unfit)?,
        };
        code.hold(&steps);
        let starts = automaton.edges(None);
        let mut first_absences: Vec<StepId> =
            starts.iter().filter(|e| e.target.is_some()).flat_map(|e| &e.absences).map(|a| a.step).collect();
        first_absences.sort_unstable();
        first_absences.dedup();
        let form = Form::of(rule, &automaton);
        let observed = rule.timeout.is_some()
            || window.as_ref().is_some_and(|window| window.shape.closes())
            || report == Report::Final
            || automaton.all_edges().any(|edge| edge.target.is_none() && !edge.absences.is_empty());
        let places = form.places(rule, &automaton);
        let kinds = touched_by(rule, &steps);
        let lagging = lagging(rule);
        Ok(Compiled {
            rule: index,
            info: Arc::clone(info),
            at_limit: Arc::new(info.at_limit()),
            hold: rule.hold,
            forget: rule.forget,
            automaton,
            steps,
            group_untils,
            space,
            within,
            policy,
            report,
            first_absences,
            lagging,
            output,
            timeout,
            observed,
            form,
            stops: form.stops(rule),
            places,
            kinds,
            window,
        })
    }

    /// Whether its starts stand in a queue, and the last step looks at what they have bound.
    #[inline]
    pub fn judges_last(&self) -> bool {
        self.stops.last().is_some_and(|last| self.step(last.step).along.is_some())
    }

    /// A step or absence.
    #[inline]
    pub fn step(&self, id: StepId) -> &StepCode {
        &self.steps[id.index()]
    }
}

struct Coder<'s> {
    shared: &'s mut Shared,
    limits: &'s Limits,
    /// The fields that the rule asks of bound events.
    held: BTreeSet<FieldId>,
    /// Where what is bound comes and goes: what is kept up to date of it.
    gauges: Option<Vec<Gauge>>,
}

impl Coder<'_> {
    fn expression(&mut self, expr: Option<&Expr>) -> Result<Option<Expression>, String> {
        let Some(expr) = expr else { return Ok(None) };
        let fields = &mut self.shared.fields;
        let code = match &mut self.gauges {
            None => Expression::compile(expr, fields, self.limits),
            Some(gauges) => Expression::gauged(expr, fields, self.limits, gauges),
        };
        let code = code.map_err(|e| e.to_string())?;
        self.held.extend(code.fields_of_bound());
        Ok(Some(code))
    }

    /// A window, when everything else of its rule is compiled. Its condition is judged when the current event is a bound
    /// one, so all its fields are kept.
    fn window(&mut self, window: &Window) -> Result<Option<WindowCode>, String> {
        let Some(condition) = self.expression(Some(&window.condition))? else { return Ok(None) };
        self.held.extend(condition.fields_of_current());
        let gauges = self.gauges.take().unwrap_or_default();
        let (shape, calendar) = (window.shape.clone(), Calendar::of(&window.shape));
        Ok(Some(WindowCode { shape, calendar, condition, ever: window.ever, gauges }))
    }

    /// What alerts say is judged when the current event is a bound one, so all its fields are kept.
    fn output(&mut self, output: &Output) -> Result<OutputCode, String> {
        let mut fields = Vec::with_capacity(output.fields.len());
        for (name, expr) in &output.fields {
            let code = self.expression(Some(expr))?;
            self.held.extend(code.iter().flat_map(Expression::fields_of_current));
            fields.extend(code.map(|code| (name.clone(), code)));
        }
        Ok(OutputCode { event_type: output.event_type.clone(), fields })
    }

    fn kinds(&mut self, types: &Types) -> Option<Vec<usize>> {
        let Types::OneOf(types) = types else { return None };
        let mut kinds: Vec<usize> =
            types.iter().map(|kind| self.shared.kinds.insert_full(kind.clone()).0).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Some(kinds)
    }

    /// What is asked of bound events is kept of those of the types that the steps bind.
    fn hold(&mut self, steps: &[StepCode]) {
        self.shared.held.resize_with(self.shared.kinds.len(), BTreeSet::new);
        for step in steps {
            match &step.kinds {
                None => self.shared.held_of_any.extend(&self.held),
                Some(kinds) => kinds.iter().for_each(|kind| self.shared.held[*kind].extend(&self.held)),
            }
        }
    }

    /// The key space of these keys.
    fn space(&mut self, keys: &[Vec<Expr>]) -> Result<usize, String> {
        let keys = keys.iter().map(|key| self.key(key)).collect::<Result<Vec<usize>, String>>()?;
        let space = KeySpace { keys };
        let known = self.shared.spaces.iter().position(|known| *known == space);
        Ok(known.unwrap_or_else(|| {
            self.shared.spaces.push(space);
            self.shared.spaces.len() - 1
        }))
    }

    /// The number of a key. Alerts show it as it is in the first event bound, so its fields are kept.
    fn key(&mut self, exprs: &[Expr]) -> Result<usize, String> {
        let written = written(exprs);
        let mut parts = Vec::with_capacity(exprs.len());
        for expr in exprs {
            parts.extend(self.expression(Some(expr))?);
        }
        self.held.extend(parts.iter().flat_map(Expression::fields_of_current));
        if let Some(known) = self.shared.keys.iter().position(|key| key.written == written) {
            return Ok(known);
        }
        let field = if let [part] = &parts[..] { part.as_field() } else { None };
        self.shared.keys.push(KeyCode { parts, field, written });
        Ok(self.shared.keys.len() - 1)
    }
}

fn written(key: &[Expr]) -> String {
    format!("{key:?}")
}

/// The event types that can do something to a partition. A strict step is broken by any event, an `until` is met by
/// any, and `lag` of `*` remembers any.
fn touched_by(rule: &Rule, steps: &[StepCode]) -> Option<Vec<usize>> {
    let pattern = rule.pattern();
    let any =
        steps.iter().any(|step| step.kinds.is_none() || step.mode == Mode::Next || step.until.is_some())
            || pattern.groups.iter().any(|group| group.until.is_some());
    if any {
        return None;
    }
    let mut kinds: Vec<usize> = steps.iter().flat_map(|step| step.kinds.iter().flatten().copied()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Some(kinds)
}

fn lagging(rule: &Rule) -> Vec<StepId> {
    let mut steps = Vec::new();
    rule.visit_expressions(&mut |expr| {
        if let Expr::Lag { step, .. } = expr {
            steps.push(*step);
        }
    });
    steps.sort_unstable();
    steps.dedup();
    steps
}
