//! What is met on the way from one position to the next: guards, updates, absences, iterations.

use std::collections::{BTreeMap, BTreeSet};

use super::frame::Block;
use super::registers::{Guard, RegisterId, Update};
use super::{Absence, Began};
use crate::id::GroupId;
use crate::plan::Repeat;

/// What was met on the way since the last event.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Path {
    pub(super) guards: BTreeSet<Guard>,
    pub(super) updates: BTreeMap<RegisterId, Update>,
    pub(super) absences: Vec<Absence>,
    pub(super) scopes: Vec<(GroupId, Began)>,
}

impl Path {
    /// Sets a bit of a register besides those that are set already.
    pub(super) fn mark(&mut self, register: RegisterId, bit: u32) {
        let update = self.updates.entry(register).or_insert(Update::Mark(0));
        if let Update::Mark(bits) | Update::Set(bits) = update {
            *bits |= bit;
        }
    }

    pub(super) fn with(mut self, guards: Vec<Guard>) -> Self {
        self.guards.extend(guards);
        self
    }
}

/// Of these iterations those of the groups that a place lies in.
pub(super) fn running(scopes: &[(GroupId, Began)], around: &[GroupId]) -> Vec<(GroupId, Began)> {
    scopes.iter().copied().filter(|(group, _)| around.contains(group)).collect()
}

/// The registers of a block that is entered with these members begun.
pub(super) fn fresh(block: &Block<'_>, begun: &[usize]) -> Vec<(RegisterId, Update)> {
    let mut words: Vec<(RegisterId, u32)> =
        (0..block.words()).map(|word| (RegisterId(block.first.0 + word), 0)).collect();
    for &member in begun {
        let (register, bit) = block.bit(member);
        words.iter_mut().filter(|(id, _)| *id == register).for_each(|(_, bits)| *bits |= bit);
    }
    words.into_iter().map(|(id, bits)| (id, Update::Set(bits))).collect()
}

/// When a count, which is at least `least`, is below `max`; `None` is never.
pub(super) fn below(register: Option<RegisterId>, least: u32, max: Option<u32>) -> Option<Vec<Guard>> {
    match (max, register) {
        (None, _) => Some(Vec::new()),
        (Some(max), _) if max <= least => None,
        (Some(max), Some(register)) => Some(vec![Guard::Below(register, max)]),
        (Some(_), None) => Some(Vec::new()),
    }
}

/// When a count, which is at least `least`, is at least `min`; `None` is never.
pub(super) fn at_least(register: Option<RegisterId>, least: u32, min: u32) -> Option<Vec<Guard>> {
    match register {
        Some(register) if min > least => Some(vec![Guard::AtLeast(register, min)]),
        _ => Some(Vec::new()),
    }
}

/// When a step that has bound nothing may bind something.
pub(super) fn at_most_zero(repeat: Repeat) -> Option<Vec<Guard>> {
    (repeat.max != Some(0)).then(Vec::new)
}
