//! The shared form, to the form of a snapshot and back, and to derivations one by one.
//!
//! What is written is only what leads from an open start to a place where something waits, so that equal states are
//! written alike whatever lies between. An engine that holds derivations one by one writes those; the rows are gathered
//! out of them again (`gathered`).

use std::collections::VecDeque;
use std::sync::Arc;

use super::tally::Tally;
use super::{Row, Shared, gathered};
use crate::automaton::Registers;
use crate::id::StepId;
use crate::plan::Pattern;
use crate::program::{Compiled, Place, PlaceSet, Places};
use crate::runtime::chain::Link;
use crate::runtime::logical::{LinksIn, Misfit, find, way};
use crate::runtime::swap::Turn;
use crate::snapshot::{
    HeldTable, Malformed, PartitionState, PlaceState, SharedEvent, SharedState, StartState, Waits,
};

impl Shared {
    /// All of it, in the one form that a state has.
    pub(in crate::runtime) fn to_logical(&self, rule: &Compiled, events: &mut HeldTable) -> PartitionState {
        let (links, starts, violated, previous) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let shared = rule.places.as_ref().map(|places| self.told(rule, places, events));
        PartitionState { links, starts, violated, previous, window: None, shared, came: None }
    }

    fn told(&self, rule: &Compiled, places: &Places, events: &mut HeldTable) -> SharedState {
        let lean = self.lean(places);
        let used = lean.iter().fold(0, |used, (_, took, left)| used | took | left);
        let number = |at: usize| (used & ((1 << at) - 1)).count_ones();
        let numbers = |set: PlaceSet| Places::of(set).map(number).collect();
        let rows = lean.into_iter().map(|(row, took, left)| SharedEvent {
            event: events.number(&row.held),
            seq: row.seq,
            taken: numbers(took),
            left: numbers(left),
        });
        let rows = rows.collect();
        let places = Places::of(used).filter_map(|at| places.places.get(at));
        SharedState { places: places.map(|place| place_state(rule, place)).collect(), rows }
    }

    /// The rows on a way from an open start to a place where something waits, with the places at which they are taken
    /// on it, and those that are left behind them.
    fn lean(&self, places: &Places) -> Vec<(&Row, PlaceSet, PlaceSet)> {
        let open = self.starts.open_rows();
        let mut begins = open.into_iter().peekable();
        let mut there: PlaceSet = 0;
        // What was taken by a derivation of an open start.
        let mut took: Vec<PlaceSet> = Vec::with_capacity(self.rows.len());
        for (number, row) in (self.dropped..).zip(&self.rows) {
            let begins = begins.next_if_eq(&number).map_or(0, |_| places.begin);
            let taken = row.took & (there | begins);
            took.push(taken);
            there = (there & !(taken & places.once) | places.onward(taken)) & !row.left;
        }
        let lost: Vec<PlaceSet> = took.iter().map(|taken| taken & places.once).collect();
        let mut wanted = there;
        for (row, taken) in self.rows.iter().zip(&mut took).rev() {
            wanted &= !row.left;
            let kept = Places::of(*taken).filter(|at| places.onward(1 << at) & wanted != 0);
            let kept = kept.fold(0, |all, at| all | 1 << at);
            wanted = wanted & !(*taken & places.once) | kept & !places.begin;
            *taken = kept;
        }
        let (mut lean, mut there): (Vec<(&Row, PlaceSet, PlaceSet)>, PlaceSet) = (Vec::new(), 0);
        for ((row, kept), lost) in self.rows.iter().zip(took).zip(lost) {
            leave(&mut lean, &mut there, lost & !kept);
            if kept != 0 {
                there = there & !(kept & places.once) | places.onward(kept);
                lean.push((row, kept, 0));
            }
            leave(&mut lean, &mut there, row.left);
        }
        lean
    }

    /// The same back.
    pub(in crate::runtime) fn from_logical(
        rule: &Compiled,
        partition: &PartitionState,
        links: &LinksIn<'_>,
        pattern: &Pattern,
        most: usize,
    ) -> Result<Shared, Misfit> {
        let places = rule.places.as_ref().ok_or(Misfit::Unfit)?;
        let rows = match &partition.shared {
            Some(shared) => read(rule, places, shared, links)?,
            None => {
                let rows = gathered::rows(rule, places, &partition.starts, links)?;
                // A rule that was another one may have left what no rows tell.
                let told = singles(rule, pattern, places, &rows, most)?;
                if !is_told(&told, &partition.starts, links, rule)? {
                    return Err(Misfit::Unfit);
                }
                rows
            }
        };
        let mut shared = Shared::default();
        for row in rows {
            shared.take(places, row);
        }
        shared.tidy();
        Ok(shared)
    }

    /// Has its events be kept as another program keeps them.
    pub(in crate::runtime) fn turn(&mut self, rule: &Compiled, turn: &mut Turn<'_>) {
        let mut weighs_else = false;
        for row in &mut self.rows {
            weighs_else |= turn.held(&mut row.held);
        }
        if let Some(places) = rule.places.as_ref().filter(|_| weighs_else) {
            self.tally = Tally::of(places, &self.rows);
        }
    }

    fn take(&mut self, places: &Places, mut row: Row) {
        row.took &= self.starts.waiting() | places.begin;
        let (first, weight) = (row.held.time(), row.held.weight());
        let begins = places.onward(row.took & places.begin);
        self.starts.go_on(places, row.took, row.took & places.once);
        self.tally.go_on(places, row.took, row.took & places.once, weight);
        if begins != 0 {
            self.starts.push(self.rows.len() as u64, first, begins);
        }
        self.starts.go_on(places, 0, row.left);
        self.tally.go_on(places, 0, row.left, 0);
        self.rows.push_back(row);
    }
}

/// Says with the last row that nobody waits at these places any more, as far as somebody did.
fn leave(lean: &mut [(&Row, PlaceSet, PlaceSet)], there: &mut PlaceSet, places: PlaceSet) {
    if let Some((_, _, left)) = lean.last_mut() {
        *left |= *there & places;
        *there &= !places;
    }
}

fn place_state(rule: &Compiled, place: &Place) -> PlaceState {
    let edges = rule.automaton.edges(place.after);
    let way = way(edges, place.edge, |edge| edge.target == Some(place.step));
    let waits = Waits::For { step: place.step, way };
    PlaceState { after: place.after, registers: place.registers.clone(), waits }
}

/// The rows of a snapshot.
fn read(
    rule: &Compiled,
    places: &Places,
    shared: &SharedState,
    links: &LinksIn<'_>,
) -> Result<VecDeque<Row>, Misfit> {
    let bits = shared.places.iter().map(|place| Ok(1 << place_of(rule, places, place)?));
    let bits: Vec<PlaceSet> = bits.collect::<Result<_, Misfit>>()?;
    let set = |numbers: &[u32]| {
        let mut bits = numbers.iter().map(|number| bits.get(*number as usize));
        bits.try_fold(0, |all, bit| Some(all | bit?)).ok_or(Malformed("a place is not there"))
    };
    let mut rows: VecDeque<Row> = VecDeque::with_capacity(shared.rows.len());
    for row in &shared.rows {
        let held = links.event(row.event)?;
        let follows = |before: &Row| before.seq < row.seq && before.held.time() <= held.time();
        if !rows.back().is_none_or(follows) {
            return Err(Malformed("bound events are not in order").into());
        }
        rows.push_back(Row { seq: row.seq, held, took: set(&row.taken)?, left: set(&row.left)? });
    }
    Ok(rows)
}

/// The number of a place.
fn place_of(rule: &Compiled, places: &Places, state: &PlaceState) -> Result<usize, Misfit> {
    let Waits::For { step, way } = state.waits else {
        return Err(Malformed("a place waits for no step").into());
    };
    let edge = find(rule.automaton.edges(state.after), way, |edge| edge.target == Some(step))?;
    let is = |place: &Place| {
        place.after == state.after && place.edge == edge && place.registers == state.registers
    };
    places.places.iter().position(is).ok_or(Misfit::Unfit)
}

/// A derivation that is held by itself: what it has bound, and the edge on which it waits.
pub(in crate::runtime) type Single = (Arc<Link>, Registers, u32);

/// The derivations of each start, the preferred first, out of those that are told in common: at most so many.
pub(in crate::runtime) fn expand(
    rule: &Compiled,
    pattern: &Pattern,
    shared: &SharedState,
    links: &LinksIn<'_>,
    most: usize,
) -> Result<Vec<(u64, Vec<Single>)>, Misfit> {
    let places = rule.places.as_ref().ok_or(Misfit::Unfit)?;
    singles(rule, pattern, places, &read(rule, places, shared, links)?, most)
}

fn singles(
    rule: &Compiled,
    pattern: &Pattern,
    places: &Places,
    rows: &VecDeque<Row>,
    most: usize,
) -> Result<Vec<(u64, Vec<Single>)>, Misfit> {
    let mut starts: Vec<(u64, Vec<Waiting>)> = Vec::new();
    for row in rows {
        let taken = Taken { rule, pattern, places, row };
        let mut held = 0;
        for (_, waiting) in &mut starts {
            taken.go_on(waiting)?;
            held += waiting.len();
            if held > most {
                return Err(Misfit::Unfit);
            }
        }
        starts.push((taken.row.seq, taken.begin()?));
        starts.retain(|(_, waiting)| !waiting.is_empty());
    }
    let edge = |at: usize| places.places.get(at).map_or(0, |place| place.edge);
    let single = |Waiting { chain, registers, at }| (chain, registers, edge(at));
    Ok(starts.into_iter().map(|(seq, of)| (seq, of.into_iter().map(single).collect())).collect())
}

/// Whether these derivations are those of some starts, all of them and no others.
fn is_told(
    told: &[(u64, Vec<Single>)],
    starts: &[StartState],
    links: &LinksIn<'_>,
    rule: &Compiled,
) -> Result<bool, Misfit> {
    type Path = (u64, Vec<(StepId, u64)>, u32);
    let path = |links: Vec<&Link>| links.into_iter().map(|link| (link.step, link.seq)).collect();
    let mut expected: Vec<Path> = Vec::new();
    for start in starts {
        for derivation in &start.derivations {
            let Waits::For { step, way } = derivation.waits else { return Ok(false) };
            let bound = links.bound(&derivation.bound)?;
            let edges = rule.automaton.edges(bound.last().map(|link| link.step));
            expected.push((start.seq, path(bound), find(edges, way, |edge| edge.target == Some(step))?));
        }
    }
    let all = told.iter().flat_map(|(seq, singles)| singles.iter().map(move |single| (*seq, single)));
    let mut found: Vec<Path> =
        all.map(|(seq, (chain, _, edge))| (seq, path(chain.forwards().collect()), *edge)).collect();
    expected.sort_unstable();
    found.sort_unstable();
    Ok(expected == found)
}

/// A derivation that waits at a place.
struct Waiting {
    chain: Arc<Link>,
    registers: Registers,
    at: usize,
}

/// A row, before derivations one by one.
struct Taken<'r> {
    rule: &'r Compiled,
    pattern: &'r Pattern,
    places: &'r Places,
    row: &'r Row,
}

impl Taken<'_> {
    /// What it does to the derivations of a start.
    fn go_on(&self, waiting: &mut Vec<Waiting>) -> Result<(), Misfit> {
        for derivation in std::mem::take(waiting) {
            let at = derivation.at;
            if self.row.took >> at & 1 == 1 {
                self.bind(Some(&derivation.chain), &derivation.registers, at, waiting)?;
            }
            if self.row.took & self.places.once & 1 << at == 0 {
                waiting.push(derivation);
            }
        }
        waiting.retain(|derivation| self.row.left >> derivation.at & 1 == 0);
        Ok(())
    }

    /// The derivations that begin with it.
    fn begin(&self) -> Result<Vec<Waiting>, Misfit> {
        let mut waiting = Vec::new();
        let none = Registers::new(self.rule.automaton.registers().len());
        for at in Places::of(self.row.took & self.places.begin) {
            self.bind(None, &none, at, &mut waiting)?;
        }
        waiting.retain(|derivation| self.row.left >> derivation.at & 1 == 0);
        Ok(waiting)
    }

    /// Binds it at a place, and waits wherever the pattern goes on.
    fn bind(
        &self,
        before: Option<&Arc<Link>>,
        registers: &Registers,
        at: usize,
        waiting: &mut Vec<Waiting>,
    ) -> Result<(), Misfit> {
        let Place { after, edge, step, onward, .. } = self.places.places.get(at).ok_or(Misfit::Unfit)?;
        let edge = self.rule.automaton.edges(*after).get(*edge as usize).ok_or(Misfit::Unfit)?;
        let registers = registers.after(&edge.updates, before.map_or(0, |link| link.len));
        let (slot, held) = (self.pattern.step(*step).slot, Arc::clone(&self.row.held));
        let chain = Link::new(before.cloned(), held, *step, slot, self.row.seq);
        let there = |at| Waiting { chain: Arc::clone(&chain), registers: registers.clone(), at };
        waiting.extend(Places::of(*onward).map(there));
        Ok(())
    }
}
