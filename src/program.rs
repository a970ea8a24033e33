//! A compiled rule set: immutable, shared, with a fingerprint for each rule.

use std::sync::Arc;

use compact_str::{CompactString, format_compact};
use xxhash_rust::xxh3::xxh3_64;

use crate::alert::RuleInfo;
use crate::analysis::{Settings, analyze};
use crate::diagnostic::{self, Diagnostic};
use crate::limits::Limits;
use crate::plan::{Body, Plan, Rule};
use crate::span::{FileId, SourceFile};
use crate::syntax::parse;

/// A rule set that engines execute.
#[derive(Clone, Debug)]
pub struct Program {
    plan: Plan,
    infos: Vec<Arc<RuleInfo>>,
    limits: Limits,
}

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
        let program = (!found.iter().any(Diagnostic::is_error)).then(|| Program::new(plan, limits.clone()));
        (program, diagnostic::in_order(found, limits.diagnostics))
    }

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
