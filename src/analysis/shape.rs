//! How many events a pattern may bind, and where in it they may stand.

use crate::id::StepId;
use crate::plan::{Item, Pattern, Repeat};

/// What may be said about a part of a pattern without knowing the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// It binds at least this many events.
    pub(super) min: u64,
    /// It binds at most this many; `u64::MAX` is without end.
    pub(super) max: u64,
    /// The most events that some way through it must bind.
    pub(super) longest: u64,
    /// Events if each loop is written out, the measure of an automaton.
    pub(super) unfolded: u64,
}

impl Size {
    const NOTHING: Size = Size { min: 0, max: 0, longest: 0, unfolded: 0 };

    fn then(self, other: Size) -> Size {
        Size {
            min: self.min.saturating_add(other.min),
            max: self.max.saturating_add(other.max),
            longest: self.longest.saturating_add(other.longest),
            unfolded: self.unfolded.saturating_add(other.unfolded),
        }
    }

    fn or(self, other: Size) -> Size {
        Size {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            longest: self.longest.max(other.longest),
            unfolded: self.unfolded.saturating_add(other.unfolded),
        }
    }

    fn times(self, repeat: Repeat) -> Size {
        let least = u64::from(repeat.min);
        let most = repeat.max.map_or(u64::MAX, u64::from);
        Size {
            min: self.min.saturating_mul(least),
            max: self.max.saturating_mul(most),
            longest: self.longest.saturating_mul(least),
            unfolded: self.unfolded.saturating_mul(u64::from(repeat.max.unwrap_or(repeat.min)).max(1)),
        }
    }
}

/// The size of items one after the other.
pub(super) fn size(pattern: &Pattern, items: &[Item]) -> Size {
    items.iter().map(|item| size_of(pattern, item)).fold(Size::NOTHING, Size::then)
}

/// The size of one item.
pub(super) fn size_of(pattern: &Pattern, item: &Item) -> Size {
    const ONE: Size = Size { min: 1, max: 1, longest: 1, unfolded: 1 };
    match item {
        Item::Step(step) => pattern.steps.get(step.index()).map_or(ONE, |step| ONE.times(step.repeat)),
        Item::Absence(_) => Size { unfolded: 1, ..Size::NOTHING },
        Item::Group(group) => match pattern.groups.get(group.index()) {
            Some(group) => size(pattern, &group.items).times(group.repeat),
            None => Size::NOTHING,
        },
        Item::Either(branches) => {
            let sizes = branches.iter().map(|branch| size(pattern, branch));
            sizes.reduce(Size::or).unwrap_or(Size::NOTHING)
        }
        Item::Of { take, members } => {
            of_members(members.iter().map(|member| size(pattern, member)).collect(), *take as usize)
        }
    }
}

/// The smallest and the largest members that may be taken.
fn of_members(members: Vec<Size>, take: usize) -> Size {
    let pick = |value: fn(&Size) -> u64, largest: bool| {
        let mut values: Vec<u64> = members.iter().map(value).collect();
        values.sort_unstable();
        if largest {
            values.reverse();
        }
        values.into_iter().take(take).fold(0, u64::saturating_add)
    };
    Size {
        min: pick(|m| m.min, false),
        max: pick(|m| m.max, true),
        longest: pick(|m| m.longest, true),
        unfolded: members.iter().fold(0, |all, m| all.saturating_add(m.unfolded)),
    }
}

/// What may be bound before and after a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// The least and the most events before it.
    pub(super) before: (u64, u64),
    /// The least and the most events after it.
    pub(super) after: (u64, u64),
    /// Whether it is in a member of `all` or `of`.
    pub(super) member: bool,
}

/// Calls back for each step and absence of the pattern with what may be bound around it.
pub(super) fn walk(pattern: &Pattern, visit: &mut impl FnMut(StepId, bool, Around)) {
    walk_items(pattern, &pattern.items, Around { before: (0, 0), after: (0, 0), member: false }, visit);
}

fn walk_items(
    pattern: &Pattern,
    items: &[Item],
    around: Around,
    visit: &mut impl FnMut(StepId, bool, Around),
) {
    let sizes: Vec<Size> = items.iter().map(|item| size_of(pattern, item)).collect();
    let mut afters = vec![around.after; items.len()];
    let mut after = around.after;
    for (slot, size) in afters.iter_mut().zip(&sizes).rev() {
        *slot = after;
        after = plus(after, *size);
    }
    let mut before = around.before;
    for ((item, size), after) in items.iter().zip(&sizes).zip(afters) {
        walk_item(pattern, item, *size, Around { before, after, ..around }, visit);
        before = plus(before, *size);
    }
}

fn plus((min, max): (u64, u64), size: Size) -> (u64, u64) {
    (min.saturating_add(size.min), max.saturating_add(size.max))
}

fn walk_item(
    pattern: &Pattern,
    item: &Item,
    size: Size,
    around: Around,
    visit: &mut impl FnMut(StepId, bool, Around),
) {
    match item {
        Item::Step(step) => visit(*step, false, around),
        Item::Absence(step) => visit(*step, true, around),
        Item::Group(group) => {
            if let Some(group) = pattern.groups.get(group.index()) {
                // The first run has only what is before the group before it, the last only what is after it.
                let loops = group.repeat.max != Some(1);
                let most = |n: u64| if loops { n.saturating_add(size.max) } else { n };
                let (before, after) = (around.before, around.after);
                let inner =
                    Around { before: (before.0, most(before.1)), after: (after.0, most(after.1)), ..around };
                walk_items(pattern, &group.items, inner, visit);
            }
        }
        Item::Either(branches) => {
            branches.iter().for_each(|branch| walk_items(pattern, branch, around, visit))
        }
        Item::Of { take, members } => {
            let others = |n: u64| if *take > 1 { n.saturating_add(size.max) } else { n };
            let (before, after) = (around.before, around.after);
            let inner = Around {
                before: (before.0, others(before.1)),
                after: (after.0, others(after.1)),
                member: true,
            };
            members.iter().for_each(|member| walk_items(pattern, member, inner, visit));
        }
    }
}
