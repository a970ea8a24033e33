//! A compiled rule set: immutable, shared, with a fingerprint for each rule.

mod calendar;
mod code;
mod compiled;
mod cost;
mod form;
mod kept;
mod lack;
mod places;

pub use calendar::Calendar;
pub use code::{KeyCode, KeySpace, OutputCode, StepCode, WindowCode};
pub use compiled::{Compiled, Kinds};
pub use cost::{Cost, End, Most};
pub use form::{Form, Stop};
pub use kept::KeptSince;
pub use lack::Lack;
pub(crate) use lack::Of;
pub use places::{Place, PlaceSet, Places};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use compact_str::{CompactString, format_compact};
use xxhash_rust::xxh3::xxh3_64;

use crate::alert::RuleInfo;
use crate::analysis::{Settings, analyze};
use crate::diagnostic::{self, Code, Diagnostic};
use crate::event::{Fields, Source};
use crate::id::{FieldId, StepId};
use crate::limits::Limits;
use crate::plan::{Mode, Pattern, Plan, Rule, Status, depths};
use crate::span::{FileId, SourceFile, Span};
use crate::syntax::ast::{File, Item};
use crate::syntax::parse;

/// A rule set that engines execute.
#[derive(Clone, Debug)]
pub struct Program {
    plan: Plan,
    infos: Vec<Arc<RuleInfo>>,
    limits: Limits,
    compiled: Vec<Compiled>,
    fields: Arc<Fields>,
    kinds: Kinds,
    keys: Vec<KeyCode>,
    spaces: Vec<KeySpace>,
    held: Vec<Arc<[FieldId]>>,
    concerns: Vec<Vec<Concern>>,
    /// The same of alerts.
    of_alerts: Vec<Vec<Concern>>,
    strata: u32,
}

/// Rules that an event concerns.
#[derive(Clone, Debug)]
pub struct Concern {
    /// How deep they stand in the rule graph.
    pub depth: u32,
    /// Their key space.
    pub space: usize,
    /// The keys of that space, so that a row need not look there.
    pub keys: Vec<u32>,
    /// Their indices among the rules that run.
    pub rules: Vec<u32>,
}

/// A plan that no engine can execute: one of its rules needs more than its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    rule: CompactString,
    what: String,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule `{}`: {}", self.rule, self.what)
    }
}

impl std::error::Error for Unfit {}

impl Program {
    /// Compiles rule files to one rule set. Gives everything that is wrong with them at once, by file and place and
    /// at most `limits.diagnostics` of it; the program only if none of it is an error.
    ///
    /// ```
    /// use tripline::{Limits, Program, Settings, SourceFile};
    ///
    /// let text = "rule two_logins { sequence by user within 1h { a: login  b: login where country != a.country } }";
    /// let files = [SourceFile::new("two_logins.trip", text)];
    /// let (program, findings) = Program::compile(&files, &Settings::default(), Limits::default());
    /// assert!(findings.is_empty());
    /// assert_eq!(program.unwrap().plan().rules[0].name, "two_logins");
    /// ```
    pub fn compile(
        files: &[SourceFile],
        settings: &Settings,
        limits: Limits,
    ) -> (Option<Program>, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let mut trees = Vec::with_capacity(files.len());
        for (id, file) in (0..).map(FileId).zip(files) {
            let (tree, findings) = parse(id, &file.text, &limits);
            trees.push(tree);
            found.extend(findings);
        }
        let (plan, findings) = analyze(&trees, &found, settings, &limits);
        found.extend(findings);
        let mut program = None;
        if !found.iter().any(Diagnostic::is_error) {
            match Program::new(plan, limits.clone()) {
                Ok(made) => {
                    found.extend(endless(&made, &trees));
                    program = Some(made);
                }
                Err(unfit) => found.push(Diagnostic::without_place(Code::TooLarge, unfit.to_string())),
            }
        }
        (program, diagnostic::in_order(found, limits.diagnostics))
    }

    /// Prepares a plan for execution.
    pub fn new(plan: Plan, limits: Limits) -> Result<Self, Unfit> {
        let depths = depths(&plan.rules).map_err(|cycles| circle(&plan, &cycles))?;
        let infos: Vec<Arc<RuleInfo>> =
            plan.rules.iter().zip(depths).map(|(rule, depth)| Arc::new(describe(rule, depth))).collect();
        let mut shared = compiled::Shared::default();
        let mut compiled = Vec::with_capacity(plan.rules.len());
        for (index, (rule, info)) in
            plan.rules.iter().zip(&infos).enumerate().filter(|(_, (rule, _))| rule.runs())
        {
            compiled.push(Compiled::new(index, rule, info, &mut shared, &limits)?);
        }
        let compiled::Shared { fields, kinds, keys, spaces, mut held, held_of_any } = shared;
        held.resize_with(kinds.len() + 1, BTreeSet::new);
        let all = |of: BTreeSet<FieldId>| of.union(&held_of_any).copied().collect();
        let held = held.into_iter().map(all).collect();
        let number = kinds.len();
        let touching = |rule: &Compiled| rule.kinds.clone().unwrap_or_else(|| (0..=number).collect());
        let emitted: BTreeSet<usize> =
            plan.rules.iter().flat_map(Rule::emits).filter_map(|kind| kinds.get_index_of(kind)).collect();
        let looked_at = |rule: &Compiled| {
            let named: BTreeSet<usize> =
                rule.steps.iter().flat_map(|step| step.kinds.iter().flatten()).copied().collect();
            named.intersection(&emitted).copied().collect()
        };
        let concerns_of =
            |kinds: &dyn Fn(&Compiled) -> Vec<usize>| concerns(&compiled, &spaces, number, kinds);
        let (concerns, of_alerts) = (concerns_of(&touching), concerns_of(&looked_at));
        let strata = compiled.iter().map(|rule| rule.info.depth + 1).max().unwrap_or(1);
        let fields = Arc::new(fields);
        Ok(Program {
            plan,
            infos,
            limits,
            compiled,
            fields,
            kinds,
            keys,
            spaces,
            held,
            concerns,
            of_alerts,
            strata,
        })
    }

    /// The rules that run, in the form in which engines execute them, by name.
    pub fn compiled(&self) -> &[Compiled] {
        &self.compiled
    }

    /// The fields that the rules read: the columns of the batches that an engine takes.
    pub fn fields(&self) -> &Arc<Fields> {
        &self.fields
    }

    /// The fields that are asked of bound events of a type, in ascending order; without one, of a type that no rule
    /// names.
    pub fn held(&self, kind: Option<usize>) -> &Arc<[FieldId]> {
        &self.held[kind.unwrap_or(self.kinds.len())]
    }

    /// The rules that an event of a type concerns, by their key spaces; without one, of a type that no rule names.
    pub fn concerns(&self, kind: Option<usize>) -> &[Concern] {
        &self.concerns[kind.unwrap_or(self.kinds.len())]
    }

    /// The rules that an alert of a type concerns: those of which a step names it.
    pub fn concerns_of_alerts(&self, kind: usize) -> &[Concern] {
        self.of_alerts.get(kind).map_or(&[], |concerns| concerns)
    }

    /// How many depths of the rule graph the rules that run stand in: 1 if none looks at the alerts of another.
    pub fn strata(&self) -> u32 {
        self.strata
    }

    /// The event types that the rules name, numbered.
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// The keys of rules and steps, each of them once.
    pub fn keys(&self) -> &[KeyCode] {
        &self.keys
    }

    /// The keys that rules are partitioned by, each set of them once.
    pub fn spaces(&self) -> &[KeySpace] {
        &self.spaces
    }

    /// The pattern of a rule that runs.
    pub fn pattern_of(&self, rule: &Compiled) -> &Pattern {
        self.plan.rules[rule.rule].pattern()
    }

    /// The key that a step of a rule goes by.
    pub fn key_of(&self, rule: &Compiled, step: StepId) -> Option<&KeyCode> {
        let space = self.spaces.get(rule.space)?;
        self.keys.get(*space.keys.get(rule.step(step).key)?)
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The rules with what alerts say about them, by name.
    pub fn rules(&self) -> impl Iterator<Item = (&Rule, &Arc<RuleInfo>)> {
        self.plan.rules.iter().zip(&self.infos)
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// For each of so many types, and what has none of them, the rules that it concerns by depth and key space.
fn concerns(
    rules: &[Compiled],
    spaces: &[KeySpace],
    number: usize,
    kinds: &dyn Fn(&Compiled) -> Vec<usize>,
) -> Vec<Vec<Concern>> {
    let mut by_kind: Vec<BTreeMap<(u32, usize), Vec<u32>>> = vec![BTreeMap::new(); number + 1];
    for (index, rule) in (0..).zip(rules) {
        for kind in kinds(rule) {
            by_kind[kind].entry((rule.info.depth, rule.space)).or_default().push(index);
        }
    }
    let concern = |((depth, space), rules): ((u32, usize), Vec<u32>)| {
        let keys = spaces.get(space).map_or(&[][..], |space| &space.keys);
        Concern { depth, space, keys: keys.iter().map(|key| *key as u32).collect(), rules }
    };
    by_kind.into_iter().map(|by_space| by_space.into_iter().map(concern).collect()).collect()
}

/// Rules whose starts are kept for ever if one of their steps never comes. Where an `any` step has no bound, that was said.
fn endless(program: &Program, trees: &[File]) -> Vec<Diagnostic> {
    let items = trees.iter().flat_map(|tree| &tree.items);
    let names: BTreeMap<&CompactString, Span> = items
        .filter_map(|item| match item {
            Item::Rule(rule) => Some((&rule.name.name, rule.name.span)),
            _ => None,
        })
        .collect();
    let endless = program.compiled.iter().filter_map(|rule| {
        let plan = program.plan.rules.get(rule.rule)?;
        let any = plan.pattern().steps.iter().any(|step| step.mode == Mode::Any);
        let step = cost::waits_for(plan, &rule.automaton).filter(|_| !any)?;
        let message = format!("a start of `{}` is kept for ever if `{step}` does not come", plan.name);
        let finding = Diagnostic::new(Code::Unbounded, *names.get(&plan.name)?, message);
        Some(finding.help(format!("add `within` to the sequence or to `{step}`, or `forget after 30d`")))
    });
    endless.collect()
}

fn circle(plan: &Plan, cycles: &[Vec<usize>]) -> Unfit {
    let rule = cycles.iter().flatten().find_map(|index| plan.rules.get(*index));
    let rule = rule.map_or_else(CompactString::default, |rule| rule.name.clone());
    Unfit { rule, what: "it looks at its own alerts, or at those of rules that look at them".into() }
}

fn describe(rule: &Rule, depth: u32) -> RuleInfo {
    let key_names = rule.key().iter().map(|(name, _)| name.clone()).collect();
    RuleInfo {
        name: rule.name.clone(),
        version: format_compact!("{:016x}", xxh3_64(rule.canonical.as_bytes())),
        depth,
        severity: rule.meta.severity,
        risk: rule.meta.risk,
        key_names,
        shadow: rule.meta.status == Status::Shadow,
        suppress: rule.suppress.clone(),
        key_shown: rule.meta.key,
        notes: rule.meta.notes.clone(),
        source: Arc::new(Source::of_rule(&rule.name)),
    }
}
