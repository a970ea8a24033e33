//! Where the derivations of a rule may wait, one by one: its automaton with the registers unrolled.
//!
//! Where no condition looks at what is bound, derivations that wait at the same place have the same future. So what an
//! event does to all of them is said by a few bits: at which places it is taken, and which it leaves empty.

use std::collections::BTreeMap;

use indexmap::IndexSet;

use crate::automaton::{Automaton, Edge, Guard, RegisterId, Registers};
use crate::id::StepId;
use crate::plan::{Mode, Pattern, Step};

/// A set of places, by their bits.
pub type PlaceSet = u64;

/// The places of one rule: where its derivations wait, and of those that have not begun where one may begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// By their numbers. Those behind the same event stand together, the preferred first.
    pub places: Vec<Place>,
    /// Where a derivation begins.
    pub begin: PlaceSet,
    /// Those that wait no more once they have taken an event.
    pub once: PlaceSet,
    /// Those at which the event that is taken completes a match.
    pub ends: PlaceSet,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The step that has bound the last event; none has where a derivation begins.
    pub after: Option<StepId>,
    /// What was counted, as far as it is ever asked.
    pub registers: Vec<u32>,
    /// The edge out of that position on which is waited.
    pub edge: u32,
    /// The step that is waited for.
    pub step: StepId,
    /// Whether the very next event must be the one.
    pub next: bool,
    /// Whether something else than that may end the wait: an absence, an `until`.
    pub guarded: bool,
    /// The places at which is waited once the event is bound.
    pub onward: PlaceSet,
}

impl Places {
    /// How many there may be: each is a bit.
    pub const MOST: usize = PlaceSet::BITS as usize;

    /// The places of a pattern, or why they do not tell derivations apart.
    pub fn new(pattern: &Pattern, automaton: &Automaton) -> Result<Places, String> {
        let mut unrolled =
            Unrolled { pattern, automaton, caps: caps(automaton), states: IndexSet::default() };
        let start = Registers::new(automaton.registers().len());
        unrolled.states.insert((None, unrolled.capped(&start)));
        let (mut places, mut rows) = (Places::default(), Vec::new());
        while let Some((after, registers)) = unrolled.states.get_index(rows.len()).cloned() {
            let from = places.places.len();
            let ends = unrolled.leave(after, &registers, &mut places)?;
            if places.places.len() > Places::MOST {
                return Err(format!("there are more than {} places to wait at", Places::MOST));
            }
            rows.push((set(from, places.places.len()), ends));
        }
        places.join(&rows);
        Ok(places)
    }

    /// The places of a set, in their order.
    #[inline]
    pub fn of(set: PlaceSet) -> impl Iterator<Item = usize> {
        let mut left = set;
        std::iter::from_fn(move || {
            let at = (left != 0).then(|| left.trailing_zeros() as usize);
            left &= left.wrapping_sub(1);
            at
        })
    }

    /// The places at which is waited once an event is bound at these.
    #[inline]
    pub fn onward(&self, from: PlaceSet) -> PlaceSet {
        Places::of(from).filter_map(|at| self.places.get(at)).fold(0, |all, place| all | place.onward)
    }

    /// Says of each place what is behind it: until now it had the number of the state there.
    fn join(&mut self, states: &[(PlaceSet, bool)]) {
        self.begin = states.first().map_or(0, |(places, _)| *places);
        for (at, place) in self.places.iter_mut().enumerate() {
            let (onward, ends) = states.get(place.onward as usize).copied().unwrap_or_default();
            place.onward = onward;
            self.ends |= PlaceSet::from(ends) << at;
        }
    }
}

struct Unrolled<'a> {
    pattern: &'a Pattern,
    automaton: &'a Automaton,
    /// For each register how large it is at the most for whoever asks.
    caps: Vec<u32>,
    /// A step that has just bound an event, and what was counted.
    states: IndexSet<(Option<StepId>, Vec<u32>), foldhash::fast::FixedState>,
}

impl Unrolled<'_> {
    /// Adds the places at which is waited in a state, each with the number of the state behind it. Says whether nothing
    /// more is needed.
    fn leave(
        &mut self,
        after: Option<StepId>,
        registers: &[u32],
        places: &mut Places,
    ) -> Result<bool, String> {
        let automaton = self.automaton;
        let counted = Registers::from(registers);
        let (mut ends, mut slots) = (false, Vec::new());
        for (at, edge) in (0..).zip(automaton.edges(after)) {
            if !edge.guards.iter().all(|guard| counted.meet(*guard)) {
                continue;
            }
            let Some(target) = edge.target else {
                if !edge.absences.is_empty() {
                    return Err("an absence stands at its end".into());
                }
                ends = true;
                continue;
            };
            let step = self.pattern.step(target);
            if slots.contains(&step.slot) {
                let name = &self.pattern.slot(step.slot).name;
                return Err(format!("`{name}` may bind the same event in two ways"));
            }
            slots.push(step.slot);
            let behind = (Some(target), self.capped(&counted.after(&edge.updates, 0)));
            let (behind, _) = self.states.insert_full(behind);
            places.add(after, registers, (at, edge), step, behind);
        }
        Ok(ends)
    }

    /// Registers as far as they are asked for.
    fn capped(&self, registers: &Registers) -> Vec<u32> {
        registers.values().iter().zip(&self.caps).map(|(value, cap)| *value.min(cap)).collect()
    }
}

impl Places {
    fn add(
        &mut self,
        after: Option<StepId>,
        registers: &[u32],
        (edge, way): (u32, &Edge),
        step: &Step,
        behind: usize,
    ) {
        let Some(target) = way.target else { return };
        // What may begin always waits.
        if after.is_some() && step.mode != Mode::Any {
            self.once |= 1u64.checked_shl(self.places.len() as u32).unwrap_or(0);
        }
        let next = after.is_some() && step.mode == Mode::Next;
        let guarded = !way.absences.is_empty() || step.until.is_some() || !way.groups.is_empty();
        let (registers, onward) = (registers.to_vec(), behind as PlaceSet);
        self.places.push(Place { after, registers, edge, step: target, next, guarded, onward });
    }
}

/// The places from one to another.
fn set(from: usize, to: usize) -> PlaceSet {
    (from..to).fold(0, |set, at| set | 1u64.checked_shl(at as u32).unwrap_or(0))
}

/// Beyond which value nobody asks how large a register is.
fn caps(automaton: &Automaton) -> Vec<u32> {
    let mut caps: BTreeMap<RegisterId, u32> = BTreeMap::new();
    for guard in automaton.all_edges().flat_map(|edge| &edge.guards) {
        match *guard {
            Guard::Below(id, bound) | Guard::AtLeast(id, bound) => {
                let cap = caps.entry(id).or_default();
                *cap = bound.max(*cap);
            }
            Guard::Clear(id, _) => _ = caps.insert(id, u32::MAX),
            Guard::Members { first, words, .. } => {
                (0..words).for_each(|word| _ = caps.insert(first.plus(word), u32::MAX));
            }
        }
    }
    let mut by_number = vec![0; automaton.registers().len()];
    for (id, cap) in caps {
        by_number.get_mut(id.index()).into_iter().for_each(|of| *of = cap);
    }
    by_number
}
