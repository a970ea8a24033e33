//! The steps of a rule: which there are, in which blocks they stand, what names they have.

use compact_str::CompactString;
use indexmap::{IndexMap, IndexSet};

use crate::diagnostic::{Code, Diagnostic};
use crate::id::{GroupId, SlotId, StepId};
use crate::plan::{Pattern, Slot, Step, Types};
use crate::syntax::ast;

use super::report::{duplicate, one_of, suggest};

/// The pattern of a rule while its expressions are still missing, with the syntax they are made of.
#[derive(Debug, Default)]
pub(super) struct Layout<'a> {
    pub(super) pattern: Pattern,
    pub(super) steps: Vec<StepInfo<'a>>,
    pub(super) slots: Vec<SlotInfo>,
    pub(super) groups: Vec<GroupInfo<'a>>,
    /// The types of all steps that bind, for what may be an event of any of them.
    pub(super) types: Option<Types>,
    names: IndexMap<CompactString, SlotId>,
}

/// What is known of a step beside its plan.
#[derive(Debug)]
pub(super) struct StepInfo<'a> {
    pub(super) ast: &'a ast::Step,
    pub(super) role: Role,
    pub(super) trail: Vec<Turn>,
}

/// What a step does with the events that fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Bind,
    Absence,
    Cancel,
}

/// What is known of a slot beside its plan.
#[derive(Debug)]
pub(super) struct SlotInfo {
    pub(super) steps: Vec<StepId>,
    pub(super) types: Types,
}

/// A group with a quantifier or an `until`.
#[derive(Debug)]
pub(super) struct GroupInfo<'a> {
    pub(super) until: Option<&'a ast::Expr>,
    pub(super) trail: Vec<Turn>,
}

/// One turn on the way from the whole pattern to a step: into which part of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) kind: BlockKind,
    /// The group whose items the block is.
    pub(super) group: Option<GroupId>,
    /// The part of the block.
    pub(super) part: usize,
}

impl Turn {
    /// Behind all parts.
    pub(super) const END: usize = usize::MAX;
}

/// How the parts of a block relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    /// One after the other.
    InOrder,
    /// One of them.
    Either,
    /// Some or all of them, in any order.
    AnyOrder,
}

/// Where two ways part: how deep, and the turn that each takes there. `None` if they are the same.
pub(super) fn fork(place: &[Turn], step: &[Turn]) -> Option<(usize, Turn, Turn)> {
    let pairs = place.iter().zip(step).enumerate();
    pairs.map(|(depth, (p, s))| (depth, *p, *s)).find(|(_, p, s)| p.part != s.part)
}

impl<'a> Layout<'a> {
    /// The slot of this name.
    pub(super) fn slot(&self, name: &str) -> Option<SlotId> {
        self.names.get(name).copied()
    }

    /// The names of all steps, for suggestions.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(CompactString::as_str)
    }

    /// Adds a step where the trail leads and reports a name that is taken.
    pub(super) fn add(
        &mut self,
        info: StepInfo<'a>,
        step: impl FnOnce(SlotId) -> Step,
        found: &mut Vec<Diagnostic>,
    ) -> Option<StepId> {
        let id = StepId::new(self.steps.len())?;
        let slot = self.slot_for(&info, found)?;
        let step = step(slot);
        if let Some(known) = self.slots.get_mut(slot.index()) {
            known.steps.push(id);
            known.types = union(&known.types, &step.types);
        }
        if info.role == Role::Bind {
            self.types = Some(self.types.as_ref().map_or(step.types.clone(), |all| union(all, &step.types)));
            let repeated = step.repeat.max != Some(1) || self.is_within_loop(&info.trail, 0);
            if let Some(slot) = self.pattern.slots.get_mut(slot.index()) {
                slot.repeated |= repeated;
            }
        }
        self.pattern.steps.push(step);
        self.steps.push(info);
        Some(id)
    }

    /// Whether a group at or below this depth of the trail may run more than once.
    pub(super) fn is_within_loop(&self, trail: &[Turn], depth: usize) -> bool {
        let groups = trail.iter().skip(depth).filter_map(|turn| turn.group);
        groups
            .into_iter()
            .any(|group| self.pattern.groups.get(group.index()).is_some_and(|g| g.repeat.max != Some(1)))
    }

    /// The slot of a step's name: a new one, or that of a step in another branch of the same `either`.
    fn slot_for(&mut self, info: &StepInfo, found: &mut Vec<Diagnostic>) -> Option<SlotId> {
        let name = &info.ast.name;
        let known = self.slot(&name.name);
        if let Some(slot) = known {
            let steps = self.slots.get(slot.index()).map_or(&[][..], |slot| &slot.steps);
            let others = steps.iter().filter_map(|step| self.steps.get(step.index()));
            let together = others.into_iter().find(|other| !in_two_branches(&info.trail, &other.trail));
            match together {
                None => return Some(slot),
                Some(other) => found.push(
                    duplicate("step", &name.name, name.span, other.ast.name.span)
                        .help("only branches of one `either` may share a name"),
                ),
            }
        }
        let slot = SlotId::new(self.slots.len())?;
        self.slots.push(SlotInfo { steps: Vec::new(), types: Types::OneOf(Vec::new()) });
        self.pattern.slots.push(Slot { name: name.name.clone(), repeated: false });
        self.names.entry(name.name.clone()).or_insert(slot);
        Some(slot)
    }

    /// A name that is no step's, where one is expected.
    pub(super) fn unknown_step(&self, name: &ast::Ident) -> Diagnostic {
        let finding =
            Diagnostic::new(Code::UnknownName, name.span, format!("the rule has no step `{}`", name.name));
        let suggested = suggest(finding, &name.name, self.names());
        match suggested.help {
            None if !self.names.is_empty() && self.names.len() <= 8 => {
                suggested.help(format!("its steps are {}", one_of(self.names()).replace(" or ", " and ")))
            }
            _ => suggested,
        }
    }
}

fn in_two_branches(a: &[Turn], b: &[Turn]) -> bool {
    fork(a, b).is_some_and(|(_, turn, _)| turn.kind == BlockKind::Either)
}

fn union(a: &Types, b: &Types) -> Types {
    match (a, b) {
        (Types::OneOf(a), Types::OneOf(b)) => {
            let all: IndexSet<&CompactString> = a.iter().chain(b).collect();
            Types::OneOf(all.into_iter().cloned().collect())
        }
        _ => Types::Any,
    }
}
