//! An automaton as a drawing.

use std::fmt::Write;

use super::{Automaton, Edge, Guard, Register, RegisterId};
use crate::automaton::registers::Count;
use crate::id::StepId;
use crate::plan::{Mode, Pattern, Types};

/// The automaton as a graph in Graphviz's language: a circle for each step, its edges numbered in the order of
/// preference, with their guards and absences.
pub fn dot(name: &str, pattern: &Pattern, automaton: &Automaton) -> String {
    let mut out = format!("digraph {} {{\n  rankdir=LR\n  node [shape=circle]\n", quote(name));
    out.push_str("  start [shape=point]\n  end [shape=doublecircle, label=\"\"]\n");
    let positions: Vec<Option<StepId>> =
        std::iter::once(None).chain((0..pattern.steps.len()).map(StepId::new)).collect();
    for step in positions.iter().flatten().filter(|step| !automaton.edges(Some(**step)).is_empty()) {
        let _ =
            writeln!(out, "  {} [label={}]", node(Some(*step), pattern), quote(&describe(*step, pattern)));
    }
    for position in positions {
        for (index, edge) in automaton.edges(position).iter().enumerate() {
            let to = edge.target.map_or("end".to_string(), |step| node(Some(step), pattern));
            let label = quote(&label(index + 1, edge, pattern, automaton));
            let _ = writeln!(out, "  {} -> {to} [label={label}]", node(position, pattern));
        }
    }
    out.push_str("}\n");
    out
}

fn node(position: Option<StepId>, pattern: &Pattern) -> String {
    position.map_or("start".to_string(), |step| {
        quote(&format!("{} {}", step.index(), pattern.slot(pattern.step(step).slot).name))
    })
}

fn describe(step: StepId, pattern: &Pattern) -> String {
    let plan = pattern.step(step);
    let mode = match plan.mode {
        Mode::Relaxed => "",
        Mode::Next => "next ",
        Mode::Any => "any ",
    };
    let types = match &plan.types {
        Types::Any => "*".to_string(),
        Types::OneOf(types) => types.join(" | "),
    };
    format!("{mode}{}\n{types}", pattern.slot(plan.slot).name)
}

fn label(number: usize, edge: &Edge, pattern: &Pattern, automaton: &Automaton) -> String {
    let mut lines = vec![number.to_string()];
    lines.extend(edge.guards.iter().map(|guard| condition(*guard, pattern, automaton)));
    let absent = edge.absences.iter().map(|absence| pattern.step(absence.step).slot);
    lines.extend(absent.map(|slot| format!("not {}", pattern.slot(slot).name)));
    lines.join("\n")
}

fn condition(guard: Guard, pattern: &Pattern, automaton: &Automaton) -> String {
    let name = |id: RegisterId| match automaton.registers().get(id.index()) {
        Some(Register::Count(step)) => format!("count {}", pattern.slot(pattern.step(*step).slot).name),
        Some(Register::Rounds(group)) => format!("rounds of group {}", group.index() + 1),
        Some(Register::Began(group)) => format!("begin of group {}", group.index() + 1),
        Some(Register::Members { block, .. }) => format!("members of block {}", block + 1),
        None => String::new(),
    };
    match guard {
        Guard::Below(id, bound) => format!("{} < {bound}", name(id)),
        Guard::AtLeast(id, bound) => format!("{} ≥ {bound}", name(id)),
        Guard::Clear(id, bit) => format!("{} without {}", name(id), bit.trailing_zeros() + 1),
        Guard::Members { first, count: Count::Below(bound), .. } => format!("{} < {bound}", name(first)),
        Guard::Members { first, count: Count::Is(bound), .. } => format!("{} = {bound}", name(first)),
    }
}

/// A string of Graphviz: quotes and backslashes escaped, line ends as `\n`.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
