//! Where each step stands in its pattern, and which registers that takes.

use super::registers::{Register, RegisterId};
use crate::id::{GroupId, StepId};
use crate::plan::{Item, Pattern, Repeat};

/// One thing that a step stands in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Frame<'p> {
    /// Items of which these come behind it.
    Items(&'p [Item]),
    /// A group.
    Group(GroupId),
    /// A member of a block.
    Member(Block<'p>),
}

/// An `all` or `of`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'p> {
    pub(super) take: u32,
    pub(super) members: &'p [Vec<Item>],
    /// The first of its registers, which stand behind one another.
    pub(super) first: RegisterId,
}

impl Block<'_> {
    pub(super) fn words(&self) -> u32 {
        self.members.len().div_ceil(32) as u32
    }

    /// The register and the bit of a member.
    pub(super) fn bit(&self, member: usize) -> (RegisterId, u32) {
        (RegisterId(self.first.0 + (member / 32) as u32), 1 << (member % 32))
    }
}

/// The places of the steps of a pattern and its registers.
#[derive(Debug)]
pub(super) struct Layout<'p> {
    pub(super) registers: Vec<Register>,
    /// What each step stands in, the outermost first; empty for absences.
    pub(super) places: Vec<Vec<Frame<'p>>>,
    pattern: &'p Pattern,
    blocks: Vec<(*const Vec<Item>, RegisterId)>,
}

impl<'p> Layout<'p> {
    pub(super) fn new(pattern: &'p Pattern) -> Self {
        let places = vec![Vec::new(); pattern.steps.len()];
        let mut layout = Layout { registers: Vec::new(), places, pattern, blocks: Vec::new() };
        layout.items(&pattern.items, &[]);
        layout
    }

    /// The register that counts a step's events, where its quantifier asks for one.
    pub(super) fn count(&self, step: StepId) -> Option<RegisterId> {
        self.find(Register::Count(step))
    }

    /// The register that counts a group's iterations, where its quantifier asks for one.
    pub(super) fn rounds(&self, group: GroupId) -> Option<RegisterId> {
        self.find(Register::Rounds(group))
    }

    /// The register that holds where a group's iteration began.
    pub(super) fn began(&self, group: GroupId) -> Option<RegisterId> {
        self.find(Register::Began(group))
    }

    /// A block by its members.
    pub(super) fn block(&self, take: u32, members: &'p [Vec<Item>]) -> Option<Block<'p>> {
        let (_, first) = self.blocks.iter().find(|(at, _)| *at == members.as_ptr())?;
        Some(Block { take, members, first: *first })
    }

    fn find(&self, wanted: Register) -> Option<RegisterId> {
        self.registers.iter().position(|register| *register == wanted).map(|index| RegisterId(index as u32))
    }

    fn add(&mut self, register: Register) -> RegisterId {
        self.registers.push(register);
        RegisterId(self.registers.len() as u32 - 1)
    }

    fn items(&mut self, items: &'p [Item], around: &[Frame<'p>]) {
        for (index, item) in items.iter().enumerate() {
            let behind = items.get(index + 1..).unwrap_or_default();
            let mut around = around.to_vec();
            around.push(Frame::Items(behind));
            self.item(item, &around);
        }
    }

    fn item(&mut self, item: &'p Item, around: &[Frame<'p>]) {
        match item {
            Item::Absence(_) => {}
            Item::Step(step) => {
                if counts(self.pattern.step(*step).repeat) {
                    self.add(Register::Count(*step));
                }
                if let Some(place) = self.places.get_mut(step.index()) {
                    *place = around.to_vec();
                }
            }
            Item::Group(group) => {
                let plan = self.pattern.group(*group);
                if counts(plan.repeat) {
                    self.add(Register::Rounds(*group));
                }
                self.add(Register::Began(*group));
                self.items(&plan.items, &inside(around, Frame::Group(*group)));
            }
            Item::Either(branches) => branches.iter().for_each(|branch| self.items(branch, around)),
            Item::Of { take, members } => {
                let block = self.blocks.len() as u32;
                let words = members.len().div_ceil(32) as u32;
                let registers: Vec<RegisterId> =
                    (0..words).map(|word| self.add(Register::Members { block, word })).collect();
                let Some(&first) = registers.first() else { return };
                self.blocks.push((members.as_ptr(), first));
                let around = inside(around, Frame::Member(Block { take: *take, members, first }));
                members.iter().for_each(|member| self.items(member, &around));
            }
        }
    }
}

fn inside<'p>(around: &[Frame<'p>], frame: Frame<'p>) -> Vec<Frame<'p>> {
    around.iter().copied().chain([frame]).collect()
}

/// Whether a quantifier asks how often: `?`, `*` and `+` do not.
fn counts(repeat: Repeat) -> bool {
    repeat.min > 1 || repeat.max.is_some_and(|max| max > 1)
}
