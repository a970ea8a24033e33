//! Boxes, arrows and frames of a rule, from its automaton.

use super::said::{Said, Words};
use super::{Arrow, Drawing, Frame, StepBox};
use crate::automaton::{Automaton, Count, Edge, Guard, Register, RegisterId, TooLarge};
use crate::id::StepId;
use crate::limits::Limits;
use crate::plan::{Item, Pattern, Rule};

pub(super) fn sketch(rule: &Rule, limits: &Limits) -> Result<Drawing, TooLarge> {
    let pattern = rule.pattern();
    let automaton = Automaton::new(pattern, limits.edges)?;
    let said = Said::new(rule, limits);
    let mut sketch = Sketch {
        pattern,
        automaton: &automaton,
        said: &said,
        boxes: vec![StepBox::default()],
        steps: vec![(None, Vec::new())],
        frames: Vec::new(),
        blocks: Vec::new(),
        several: automaton.registers().iter().any(|it| matches!(it, Register::Members { block: 1.., .. })),
    };
    sketch.items(&pattern.items, None, &[]);
    sketch.boxes.push(StepBox::default());
    let arrows = sketch.arrows();
    let Sketch { boxes, frames, .. } = sketch;
    let (title, caption) = (rule.name.to_string(), said.caption);
    Ok(Drawing { title, caption, boxes, arrows, frames, limit: limits.drawn_edges })
}

struct Sketch<'r> {
    pattern: &'r Pattern,
    automaton: &'r Automaton,
    said: &'r Said,
    boxes: Vec<StepBox>,
    /// The position of each box but the last, and the members that it stands in.
    steps: Vec<(Option<StepId>, Vec<Member>)>,
    frames: Vec<Frame>,
    /// Each `all` or `of`, and whether there are several.
    blocks: Vec<Block>,
    several: bool,
}

struct Block {
    /// What its members begin with.
    members: Vec<String>,
    /// Whether all of them are taken.
    all: bool,
}

/// The block and which of its members.
type Member = (usize, usize);

impl Sketch<'_> {
    fn items(&mut self, items: &[Item], frame: Option<usize>, around: &[Member]) {
        for item in items {
            match item {
                Item::Step(step) => {
                    let Words { head, lines, whole } = self.words(*step);
                    self.boxes.push(StepBox { head, lines, whole, frame });
                    self.steps.push((Some(*step), around.to_vec()));
                }
                Item::Absence(_) => {}
                Item::Group(group) => {
                    let times = self.said.groups.get(group.index()).map_or("", String::as_str);
                    let which = which("group", group.index(), self.pattern.groups.len());
                    let inner = self.frame(format!("{which} {times}"), frame);
                    self.items(&self.pattern.group(*group).items, inner, around);
                }
                Item::Either(branches) => {
                    branches.iter().for_each(|branch| self.items(branch, frame, around));
                }
                Item::Of { take, members } => self.block(*take, members, frame, around),
            }
        }
    }

    fn block(&mut self, take: u32, members: &[Vec<Item>], frame: Option<usize>, around: &[Member]) {
        let all = take as usize == members.len();
        let block = self.blocks.len();
        self.blocks.push(Block { members: members.iter().map(|member| self.first(member)).collect(), all });
        let what = if all { "all".to_owned() } else { format!("{take} of") };
        let number = if self.several { format!("block {}: ", block + 1) } else { String::new() };
        let inner = self.frame(number + &what, frame);
        for (number, member) in members.iter().enumerate() {
            self.items(member, inner, &[around, &[(block, number)]].concat());
        }
    }

    fn frame(&mut self, label: String, inside: Option<usize>) -> Option<usize> {
        self.frames.push(Frame { label, inside });
        Some(self.frames.len() - 1)
    }

    fn words(&self, step: StepId) -> Words {
        self.said.steps.get(step.index()).cloned().unwrap_or_default()
    }

    fn name(&self, step: StepId) -> &str {
        &self.pattern.slot(self.pattern.step(step).slot).name
    }

    /// The name of the first step of these items.
    fn first(&self, items: &[Item]) -> String {
        let found = items.iter().find_map(|item| match item {
            Item::Step(step) => Some(self.name(*step).to_owned()),
            Item::Absence(_) => None,
            Item::Group(group) => Some(self.first(&self.pattern.group(*group).items)),
            Item::Either(parts) | Item::Of { members: parts, .. } => {
                parts.first().map(|part| self.first(part))
            }
        });
        found.unwrap_or_default()
    }

    fn arrows(&self) -> Vec<Arrow> {
        let end = self.boxes.len() - 1;
        let mut arrows = Vec::new();
        for (from, (position, around)) in self.steps.iter().enumerate() {
            let edges = self.automaton.edges(*position).iter();
            let open: Vec<&Edge> = edges.filter(|edge| !self.is_shut(edge, around)).collect();
            for (index, edge) in open.iter().enumerate() {
                let to = edge.target.and_then(|step| self.steps.iter().position(|(at, _)| *at == Some(step)));
                arrows.push(Arrow {
                    from,
                    to: to.unwrap_or(end),
                    guards: self.guards((open.len() > 1).then_some(index + 1), edge),
                    absences: edge.absences.iter().flat_map(|absence| self.absence(absence.step)).collect(),
                });
            }
        }
        arrows
    }

    /// Whether an edge can never be taken from inside these members: it asks that one of them has not begun.
    fn is_shut(&self, edge: &Edge, around: &[Member]) -> bool {
        edge.guards.iter().any(|guard| match guard {
            Guard::Clear(id, bit) => self.member(*id, *bit).is_some_and(|member| around.contains(&member)),
            _ => false,
        })
    }

    fn absence(&self, step: StepId) -> Vec<String> {
        let Words { head, mut lines, .. } = self.words(step);
        lines.first_mut().into_iter().for_each(|first| {
            // A bound stands behind the head as in the text of the rule, a type behind a colon.
            let gap = if first.contains(": ") { " " } else { ": " };
            *first = format!("{head}{gap}{first}");
        });
        lines
    }

    fn guards(&self, number: Option<usize>, edge: &Edge) -> Option<String> {
        let guards: Vec<String> = edge.guards.iter().filter_map(|guard| self.guard(*guard)).collect();
        let number = number.map(|number| format!("{number}."));
        let guards = Some(guards.join(", ")).filter(|guards| !guards.is_empty());
        let said: Vec<String> = [number, guards].into_iter().flatten().collect();
        Some(said.join(" ")).filter(|said| !said.is_empty())
    }

    fn guard(&self, guard: Guard) -> Option<String> {
        Some(match guard {
            Guard::Below(id, bound) => format!("{} < {}", self.counted(id), bound + self.running(id)),
            Guard::AtLeast(id, bound) => format!("{} ≥ {}", self.counted(id), bound + self.running(id)),
            Guard::Clear(id, bit) => {
                let (block, member) = self.member(id, bit)?;
                format!("no {} yet", self.blocks.get(block)?.members.get(member)?)
            }
            // That a member has not begun says it already.
            Guard::Members { first, count: Count::Below(_), .. } if self.takes_all(first) => return None,
            Guard::Members { first, count: Count::Below(bound), .. } => {
                format!("{} < {bound}", self.counted(first))
            }
            Guard::Members { first, count: Count::Is(bound), .. } => {
                format!("{} = {bound}", self.counted(first))
            }
        })
    }

    fn takes_all(&self, id: RegisterId) -> bool {
        self.member(id, 1).and_then(|(block, _)| self.blocks.get(block)).is_some_and(|block| block.all)
    }

    fn register(&self, id: RegisterId) -> Option<Register> {
        self.automaton.registers().get(id.index()).copied()
    }

    /// What a register counts.
    fn counted(&self, id: RegisterId) -> String {
        match self.register(id) {
            Some(Register::Count(step)) => self.name(step).to_owned(),
            Some(Register::Rounds(group)) => match self.pattern.groups.len() {
                1 => "rounds".to_owned(),
                _ => format!("rounds of group {}", group.index() + 1),
            },
            Some(Register::Members { block, .. }) if self.several => format!("taken of block {}", block + 1),
            Some(Register::Members { .. }) => "taken".to_owned(),
            Some(Register::Began(_)) | None => String::new(),
        }
    }

    /// Rounds are counted when they are complete; a reader counts the one that is just ending too.
    fn running(&self, id: RegisterId) -> u32 {
        u32::from(matches!(self.register(id), Some(Register::Rounds(_))))
    }

    fn member(&self, id: RegisterId, bit: u32) -> Option<Member> {
        let Register::Members { block, word } = self.register(id)? else { return None };
        Some((block as usize, (word * 32 + bit.trailing_zeros()) as usize))
    }
}

/// `group`, or with others `group 2`.
fn which(what: &str, index: usize, of: usize) -> String {
    if of == 1 { what.to_owned() } else { format!("{what} {}", index + 1) }
}
