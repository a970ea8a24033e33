//! A compiled rule set: immutable, shared, with a fingerprint for each rule.

use std::sync::Arc;

use compact_str::{CompactString, format_compact};
use xxhash_rust::xxh3::xxh3_64;

use crate::alert::RuleInfo;
use crate::limits::Limits;
use crate::plan::{Body, Plan, Rule};

/// A rule set that engines execute.
#[derive(Clone, Debug)]
pub struct Program {
    plan: Plan,
    infos: Vec<Arc<RuleInfo>>,
    limits: Limits,
}

impl Program {
    /// Wraps a plan for execution.
    pub fn new(plan: Plan, limits: Limits) -> Self {
        let infos = plan.rules.iter().map(|rule| Arc::new(describe(rule))).collect();
        Program { plan, infos, limits }
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

fn describe(rule: &Rule) -> RuleInfo {
    let key_names: Vec<CompactString> = match &rule.body {
        Body::Event(_) => Vec::new(),
        Body::Sequence(sequence) => sequence.key.iter().map(|(name, _)| name.clone()).collect(),
    };
    RuleInfo {
        name: rule.name.clone(),
        version: format_compact!("{:016x}", xxh3_64(rule.canonical.as_bytes())),
        severity: rule.meta.severity,
        risk: rule.meta.risk,
        key_names,
        notes: rule.meta.notes.clone(),
    }
}
