//! Which steps an expression can refer to from where it stands.

use crate::diagnostic::{Code, Diagnostic};
use crate::id::{GroupId, SlotId, StepId};
use crate::plan::SlotRef;
use crate::span::Span;

use super::layout::{BlockKind, Layout, Role, StepInfo, Turn, fork};

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a key, which is made of one event.
    Key,
    /// In a step's `where`.
    Where(StepId),
    /// In a step's `until`.
    Until(StepId),
    /// In the `until` behind a group.
    GroupUntil(GroupId),
    /// Where all steps have had their turn: in `emit`.
    Emit,
}

impl Place {
    /// The step in whose clauses it is.
    pub(super) fn step(self) -> Option<StepId> {
        match self {
            Place::Where(step) | Place::Until(step) => Some(step),
            Place::Key | Place::GroupUntil(_) | Place::Emit => None,
        }
    }
}

/// What a name means at a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    pub(super) slot: SlotRef,
    /// Whether it may be several events here.
    pub(super) repeated: bool,
    /// Whether it is the loop in whose own clauses the name stands.
    pub(super) own: bool,
}

/// Why a name means nothing at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Key,
    Absence,
    Cancel,
    Judged,
    Later,
    OtherBranch,
}

impl Layout<'_> {
    /// What the name of a slot means at a place. Members of `all` and `of` see each other: what has not had its turn
    /// is null.
    pub(super) fn reach(&self, place: Place, slot: SlotId) -> Result<Reach, Why> {
        if place == Place::Key {
            return Err(Why::Key);
        }
        let steps = self.slots.get(slot.index()).map_or(&[][..], |slot| &slot.steps);
        let mut seen: Result<Reach, Why> = Err(Why::Later);
        for (at, step) in steps.iter().enumerate() {
            match (self.reach_step(place, *step), &mut seen) {
                (Ok(reach), Ok(before)) => before.repeated |= reach.repeated,
                (Ok(reach), Err(_)) => seen = Ok(reach),
                (Err(why), Err(_)) if at == 0 => seen = Err(why),
                (Err(_), _) => {}
            }
        }
        seen
    }

    fn reach_step(&self, place: Place, id: StepId) -> Result<Reach, Why> {
        let (Some(info), Some(step)) = (self.steps.get(id.index()), self.pattern.steps.get(id.index()))
        else {
            return Err(Why::Later);
        };
        match info.role {
            Role::Absence => return Err(Why::Absence),
            Role::Cancel => return Err(Why::Cancel),
            Role::Bind => {}
        }
        let loops = step.repeat.max != Some(1);
        let Some((depth, here, there)) = fork(&self.trail(place), &info.trail) else {
            let slot = SlotRef { slot: step.slot, scope: innermost(&info.trail) };
            return if loops { Ok(Reach { slot, repeated: true, own: true }) } else { Err(Why::Judged) };
        };
        match here.kind {
            BlockKind::InOrder if here.part < there.part => return Err(Why::Later),
            BlockKind::Either => return Err(Why::OtherBranch),
            BlockKind::InOrder | BlockKind::AnyOrder => {}
        }
        let slot =
            SlotRef { slot: step.slot, scope: innermost(info.trail.get(..=depth).unwrap_or_default()) };
        Ok(Reach { slot, repeated: loops || self.is_within_loop(&info.trail, depth + 1), own: false })
    }

    fn trail(&self, place: Place) -> Vec<Turn> {
        const END: Turn = Turn { kind: BlockKind::InOrder, group: None, part: Turn::END };
        match place {
            Place::Where(step) | Place::Until(step) => self.info(step).map(|info| info.trail.clone()),
            Place::GroupUntil(group) => self.groups.get(group.index()).map(|group| group.trail.clone()),
            Place::Key | Place::Emit => None,
        }
        .unwrap_or_else(|| vec![END])
    }

    /// What is known of a step.
    pub(super) fn info(&self, step: StepId) -> Option<&StepInfo<'_>> {
        self.steps.get(step.index())
    }
}

fn innermost(trail: &[Turn]) -> Option<GroupId> {
    trail.iter().rev().find_map(|turn| turn.group)
}

impl Why {
    /// The finding about a step's name that means nothing where it stands.
    pub(super) fn finding(self, name: &str, span: Span) -> Diagnostic {
        let (code, message, help) = match self {
            Why::Key => (
                Code::BadKey,
                format!("a key is made of one event and cannot refer to the step `{name}`"),
                format!("`this.{name}` is the field of that name"),
            ),
            Why::Absence => (
                Code::StepOutOfReach,
                format!("`{name}` is an absence: it binds no event"),
                format!("`this.{name}` is the field of that name"),
            ),
            Why::Cancel => (
                Code::StepOutOfReach,
                format!("`{name}` cancels the sequence: it binds no event"),
                format!("`this.{name}` is the field of that name"),
            ),
            Why::Judged => (
                Code::StepOutOfReach,
                format!("`{name}` is the event being judged here and not bound yet"),
                "write its fields without the name of the step".to_string(),
            ),
            Why::Later => (
                Code::StepOutOfReach,
                format!("`{name}` comes after this place and is not bound yet"),
                format!("write the condition at `{name}`, which sees the steps before it"),
            ),
            Why::OtherBranch => (
                Code::StepOutOfReach,
                format!("`{name}` is in another branch of the `either`: here it is never bound"),
                "write the condition in its branch or behind the `either`".to_string(),
            ),
        };
        Diagnostic::new(code, span, message).help(help)
    }
}
