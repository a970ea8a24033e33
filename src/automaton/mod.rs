//! Patterns as automata: what may come next, worked out once.
//!
//! Every step has one place in its pattern, so a derivation is told by the step that bound an event last and a few
//! numbers. This is Glushkov's position automaton (V. M. Glushkov, *The abstract theory of automata*, 1961) with
//! registers for what repeats: a [position](Automaton::edges) is a step that has just bound an event, an [`Edge`] leads
//! to the step that may bind the next one. Edges stand in the order of preference of the language page.
//!
//! There is no event in it, no time and no state; its size does not depend on the numbers in quantifiers.

mod build;
mod frame;
mod path;
mod registers;

pub use build::TooLarge;
pub use registers::{Count, Guard, Register, RegisterId, Registers, Update};

use crate::id::{GroupId, StepId};
use crate::plan::Pattern;

/// The automaton of one pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Automaton {
    registers: Vec<Register>,
    start: Vec<Edge>,
    positions: Vec<Vec<Edge>>,
}

/// A way to go on from a position.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The step that the next event is for; `None` is the end, at which nothing more is needed.
    pub target: Option<StepId>,
    /// What must hold of the registers, all of it.
    pub guards: Vec<Guard>,
    /// What becomes of the registers when the event is bound, each of them once.
    pub updates: Vec<(RegisterId, Update)>,
    /// The absences that must hold until then. At the end they are the last ones.
    pub absences: Vec<Absence>,
    /// The running iterations around the target, if it is taken.
    pub scopes: Vec<(GroupId, Began)>,
    /// The groups around the target, the innermost first.
    pub groups: Vec<GroupId>,
}

/// An absence that stands on an edge.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Absence {
    /// What must not come.
    pub step: StepId,
    /// The running iterations where it stands.
    pub scopes: Vec<(GroupId, Began)>,
}

/// How many events were bound when an iteration began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Began {
    /// As many as the register says.
    At(RegisterId),
    /// As many as are bound at the position the edge leaves from: the iteration begins on the edge.
    Here,
}

impl Automaton {
    /// Works out the automaton of a pattern, which may have so many edges.
    ///
    /// Cost: the number of edges times what each passes over on its way.
    pub fn new(pattern: &Pattern, limit: usize) -> Result<Automaton, TooLarge> {
        build::automaton(pattern, limit)
    }

    /// The edges out of the position of a step that has just bound an event, or out of the beginning, the preferred
    /// first.
    #[inline]
    pub fn edges(&self, position: Option<StepId>) -> &[Edge] {
        match position {
            None => &self.start,
            Some(step) => self.positions.get(step.index()).map_or(&[], Vec::as_slice),
        }
    }

    /// All edges of all positions.
    pub fn all_edges(&self) -> impl Iterator<Item = &Edge> {
        self.start.iter().chain(self.positions.iter().flatten())
    }

    /// What each register counts, by their numbers.
    pub fn registers(&self) -> &[Register] {
        &self.registers
    }
}
