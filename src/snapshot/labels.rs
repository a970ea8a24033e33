//! What the parts of a rule are called, so that they can be found again in another form of it.

use compact_str::{CompactString, format_compact};

use super::model::{Labels, RegisterLabel};
use super::partition::{PartitionState, Waits};
use crate::automaton::{Automaton, Register};
use crate::id::{SlotId, StepId};
use crate::plan::{Item, Pattern};

impl Labels {
    /// The labels of a rule's parts, by their ids.
    pub(crate) fn new(pattern: &Pattern, automaton: &Automaton) -> Labels {
        let steps = step_labels(pattern);
        let slots = pattern.slots.iter().map(|slot| slot.name.clone()).collect();
        let mut labels = Labels { steps, slots, registers: Vec::new() };
        let blocks = blocks(pattern, &pattern.items);
        for register in automaton.registers() {
            let label = labels.register(pattern, &blocks, *register);
            labels.registers.push(label);
        }
        labels
    }

    fn register(&self, pattern: &Pattern, blocks: &[&[Vec<Item>]], register: Register) -> RegisterLabel {
        let (what, of): (&str, Vec<StepId>) = match register {
            Register::Count(step) => ("count", vec![step]),
            Register::Rounds(group) => ("rounds", steps_in(pattern, &pattern.group(group).items)),
            Register::Began(group) => ("began", steps_in(pattern, &pattern.group(group).items)),
            Register::Members { block, word } => {
                let members = blocks.get(block as usize).copied().unwrap_or_default();
                let members = members.iter().skip(32 * word as usize).take(32);
                let first = |items: &Vec<Item>| steps_in(pattern, items).first().copied();
                ("members", members.filter_map(first).collect())
            }
        };
        let of = of.into_iter().filter_map(|step| self.steps.get(step.index()).cloned()).collect();
        let mut label = RegisterLabel { what: what.into(), of, nth: 0 };
        // Groups that hold the same steps stand one in the other.
        while self.registers.contains(&label) {
            label.nth += 1;
        }
        label
    }

    /// A partition as the rule of these labels numbers its parts, out of one whose parts have other labels; `None` if
    /// it has some that this rule has not.
    pub(crate) fn adopt(&self, from: &Labels, mut partition: PartitionState) -> Option<PartitionState> {
        if self == from {
            return Some(partition);
        }
        let moved = Moved {
            steps: places(&self.steps, &from.steps),
            slots: places(&self.slots, &from.slots),
            registers: places(&from.registers, &self.registers),
        };
        moved.partition(&mut partition).map(|()| partition)
    }
}

/// Where the parts of a rule are now.
struct Moved {
    steps: Vec<Option<usize>>,
    slots: Vec<Option<usize>>,
    /// For each register now, where it was.
    registers: Vec<Option<usize>>,
}

impl Moved {
    fn partition(&self, partition: &mut PartitionState) -> Option<()> {
        for link in &mut partition.links {
            link.step = self.step(link.step)?;
        }
        for start in &mut partition.starts {
            for derivation in &mut start.derivations {
                self.place(&mut derivation.registers, &mut derivation.waits)?;
            }
            if let Some(by) = start.expired.as_mut().and_then(|expired| expired.by.as_mut()) {
                *by = self.step(*by)?;
            }
            for (slot, _) in start.reported.iter_mut().flatten() {
                *slot = u32::try_from((*self.slots.get(*slot as usize)?)?).ok()?;
            }
        }
        for (step, _) in &mut partition.violated {
            *step = self.step(*step)?;
        }
        for (step, _) in &mut partition.previous {
            *step = self.step(*step)?;
        }
        let events = partition.window.iter_mut().flat_map(|window| &mut window.events);
        for step in events.flat_map(|event| &mut event.steps) {
            *step = self.step(*step)?;
        }
        for place in partition.shared.iter_mut().flat_map(|shared| &mut shared.places) {
            if let Some(after) = &mut place.after {
                *after = self.step(*after)?;
            }
            self.place(&mut place.registers, &mut place.waits)?;
        }
        Some(())
    }

    fn place(&self, registers: &mut Vec<u32>, waits: &mut Waits) -> Option<()> {
        let value = |was: &Option<usize>| registers.get((*was)?).copied();
        *registers = self.registers.iter().map(value).collect::<Option<_>>()?;
        if let Waits::For { step, .. } = waits {
            *step = self.step(*step)?;
        }
        Some(())
    }

    fn step(&self, was: StepId) -> Option<StepId> {
        self.steps.get(was.index()).copied().flatten().and_then(StepId::new)
    }
}

/// For each of some parts its place among others.
fn places<T: PartialEq>(among: &[T], of: &[T]) -> Vec<Option<usize>> {
    of.iter().map(|part| among.iter().position(|other| other == part)).collect()
}

/// The name of a step, and which of those that share it.
fn step_labels(pattern: &Pattern) -> Vec<CompactString> {
    let mut places = vec![0u32; pattern.slots.len()];
    let mut label = |slot: SlotId| {
        let name = &pattern.slot(slot).name;
        let place = places.get_mut(slot.index()).map_or(1, |place| {
            *place += 1;
            *place
        });
        if place == 1 { name.clone() } else { format_compact!("{name}#{place}") }
    };
    pattern.steps.iter().map(|step| label(step.slot)).collect()
}

/// The steps and absences in some items, in the order of the text.
fn steps_in(pattern: &Pattern, items: &[Item]) -> Vec<StepId> {
    let mut steps = Vec::new();
    for item in items {
        match item {
            Item::Step(step) | Item::Absence(step) => steps.push(*step),
            Item::Group(group) => steps.extend(steps_in(pattern, &pattern.group(*group).items)),
            Item::Either(branches) => {
                steps.extend(branches.iter().flat_map(|items| steps_in(pattern, items)));
            }
            Item::Of { members, .. } => {
                steps.extend(members.iter().flat_map(|items| steps_in(pattern, items)));
            }
        }
    }
    steps
}

/// The members of each `all` and `of` in the order of the text, as their registers are numbered.
fn blocks<'p>(pattern: &'p Pattern, items: &'p [Item]) -> Vec<&'p [Vec<Item>]> {
    let mut found = Vec::new();
    for item in items {
        let (own, inside): (Option<&[Vec<Item>]>, Vec<&[Item]>) = match item {
            Item::Step(_) | Item::Absence(_) => (None, Vec::new()),
            Item::Group(group) => (None, vec![&pattern.group(*group).items]),
            Item::Either(branches) => (None, branches.iter().map(Vec::as_slice).collect()),
            Item::Of { members, .. } => (Some(members), members.iter().map(Vec::as_slice).collect()),
        };
        found.extend(own.filter(|members| !members.is_empty()));
        inside.into_iter().for_each(|items| found.extend(blocks(pattern, items)));
    }
    found
}
