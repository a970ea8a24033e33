//! Where a partial match stands in a pattern that it was not begun in.

use std::collections::BTreeSet;

use crate::automaton::{Automaton, Edge, Registers};
use crate::id::StepId;

/// The registers of the preferred way on which these steps bind one event each; `None` if there is none.
///
/// Cost: the number of steps times the different registers that ways have there.
pub(super) fn registers(automaton: &Automaton, steps: &[StepId]) -> Option<Registers> {
    // From where no way leads to the end: how many steps are bound, and the registers.
    let mut dead: BTreeSet<(usize, Vec<u32>)> = BTreeSet::new();
    // For each step that is bound the registers before it, and the edge that is tried next.
    let mut way = vec![(Registers::new(automaton.registers().len()), 0)];
    loop {
        let bound = way.len().checked_sub(1)?;
        let (registers, next) = way.last_mut()?;
        let Some(step) = steps.get(bound) else { return Some(registers.clone()) };
        let position = bound.checked_sub(1).and_then(|before| steps.get(before)).copied();
        let rest = automaton.edges(position).iter().skip(*next);
        let taken = rest.clone().position(|edge| edge.target == Some(*step) && is_open(edge, registers));
        match taken.and_then(|skipped| Some((skipped, rest.clone().nth(skipped)?))) {
            Some((skipped, edge)) => {
                *next += skipped + 1;
                let after = registers.after(&edge.updates, bound);
                if !dead.contains(&(bound + 1, after.values().to_vec())) {
                    way.push((after, 0));
                }
            }
            None => {
                dead.insert((bound, registers.values().to_vec()));
                way.pop();
            }
        }
    }
}

/// Whether the registers let an edge be taken.
pub(super) fn is_open(edge: &Edge, registers: &Registers) -> bool {
    edge.guards.iter().all(|guard| registers.meet(*guard))
}
