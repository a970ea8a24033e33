//! The automaton of a rule as a drawing: boxes for its steps, arrows for what may come next, frames around what
//! repeats. What stands in them is the text of the rule.
//!
//! `said` finds that text, `sketch` puts it to boxes and arrows; `dot` writes the drawing for Graphviz; `place` finds a
//! place for everything and `svg` draws it there.

mod dot;
mod place;
mod said;
mod sketch;
mod svg;

pub use dot::dot;
pub use svg::{Crowded, svg};

use crate::automaton::TooLarge;
use crate::limits::Limits;
use crate::plan::Rule;

/// A drawing of one rule.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The name of the rule.
    title: String,
    /// What holds of the rule as a whole, line by line.
    caption: Vec<String>,
    /// The beginning, the steps in the order of the text, the end.
    boxes: Vec<StepBox>,
    arrows: Vec<Arrow>,
    frames: Vec<Frame>,
    /// How many arrows are drawn at the most.
    limit: usize,
}

/// A step. The beginning and the end have no text.
#[derive(Clone, Debug, Default)]
struct StepBox {
    /// Its mode, name and quantifier.
    head: String,
    /// What it asks for.
    lines: Vec<String>,
    /// All of it on one line.
    whole: String,
    /// The innermost frame it stands in.
    frame: Option<usize>,
}

/// A way from box to box.
#[derive(Clone, Debug)]
struct Arrow {
    from: usize,
    to: usize,
    /// Its place in the order of preference, if there are others, and what must hold for it.
    guards: Option<String>,
    /// What must not come until then, line by line.
    absences: Vec<String>,
}

/// A group or block.
#[derive(Clone, Debug)]
struct Frame {
    label: String,
    inside: Option<usize>,
}

impl Drawing {
    /// Draws a rule, whether it runs or not.
    pub fn new(rule: &Rule, limits: &Limits) -> Result<Drawing, TooLarge> {
        sketch::sketch(rule, limits)
    }

    /// The boxes that are steps, with their numbers.
    fn steps(&self) -> impl Iterator<Item = (usize, &StepBox)> {
        self.boxes.iter().enumerate().take(self.boxes.len().saturating_sub(1)).skip(1)
    }
}

impl Arrow {
    fn lines(&self) -> impl Iterator<Item = &String> {
        self.guards.iter().chain(&self.absences)
    }
}
