//! Syntax trees to a plan that engines can execute, and everything that is wrong with them.
//!
//! Declarations are collected first. Then each rule is taken by itself: its clauses are sorted, its steps laid out,
//! what the steps and policies claim is checked, names in expressions are resolved where they stand, types are
//! inferred. A finding never hides another: what is wrong gets a stand-in that fits everywhere.
//!
//! There is no IO here, and the time it takes is linear in the rules, except that the ways through a pattern are counted
//! up to their limit.

mod canonical;
mod chain;
mod clauses;
mod declare;
mod echo;
mod expr;
mod file;
mod held;
mod hold;
mod key;
mod layout;
mod lints;
mod literal;
mod meta;
mod pattern;
mod policy;
mod reach;
mod report;
mod rule;
mod schema;
mod settings;
mod shape;
mod steps;
mod suppress;
mod types;
mod window;

pub use settings::Settings;

use crate::diagnostic::Diagnostic;
use crate::limits::Limits;
use crate::plan::Plan;
use crate::syntax::ast::{File, Item, Rule};

use expr::Uses;
use rule::Surroundings;

/// The plan of a rule set that stands in several files, and what is wrong with it, in no particular order. What the
/// parser could not read is given, so that what follows from it is not said again. With an error of either the plan is
/// not fit to be run.
pub(crate) fn analyze(
    files: &[File],
    unread: &[Diagnostic],
    settings: &Settings,
    limits: &Limits,
) -> (Plan, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let declared = declare::collect(files, settings, &mut found);
    let mut all_uses = Uses::default();
    let mut rules = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        let Item::Rule(rule) = item else { continue };
        let mut uses = Uses::default();
        let mut around = Surroundings { declared: &declared, limits, found: &mut found };
        rules.extend(rule::plan(rule, &mut uses, &mut around));
        all_uses.params.extend(uses.params);
        all_uses.unchecked.extend(uses.unchecked);
    }
    chain::check(files, &rules, &declared, &all_uses.unchecked, &mut found);
    // What is wrong stands for something else, by which rules are not to be compared.
    if !found.iter().chain(unread).any(Diagnostic::is_error) {
        let written: Vec<&Rule> = chain::written(files).collect();
        lints::subsumed(&written, &rules, &mut found);
    }
    lints::unused_params(&declared, &all_uses, &mut found);
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    let params = declared.params.into_iter().map(|(name, param)| (name, param.value)).collect();
    (Plan { rules, schema: declared.schema, params }, echo::leave_out(files, unread, found))
}
