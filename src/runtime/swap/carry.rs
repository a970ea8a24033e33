//! The partial matches of one rule, carried over to its edited text.

use std::sync::Arc;

use super::replay::{is_open, registers};
use crate::automaton::{Absence, Edge, Registers};
use crate::event::Held;
use crate::id::{SlotId, StepId};
use crate::plan::{Pattern, Report, Shape};
use crate::program::{Compiled, Lack, Of};
use crate::runtime::logical::way;
use crate::snapshot::{
    Derivation, ExpiredState, Labels, Link, PartitionState, Piece, StartState, Waits, WindowState,
};
use crate::time::Timestamp;

/// What the two texts of a rule have to do with each other.
pub(super) struct Carry<'p> {
    pub(super) old: &'p Compiled,
    pub(super) new: &'p Compiled,
    pub(super) pattern: &'p Pattern,
    /// For each step of the old text the same one of the new.
    steps: Vec<Option<StepId>>,
    slots: Vec<Option<SlotId>>,
    lack: Lack<'p>,
    /// Whether any event could lack something.
    pub(super) lacks: bool,
    /// Whether the steps are others.
    pub(super) reshaped: bool,
    /// Up to where time has come.
    now: Timestamp,
}

/// A derivation with what it has bound.
struct Told<'s> {
    derivation: &'s Derivation,
    /// The first link first.
    links: Vec<&'s Link>,
}

impl<'s> Told<'s> {
    fn new(derivation: &'s Derivation, links: &'s [Link]) -> Self {
        Told { derivation, links: bound(links, &derivation.bound) }
    }
}

impl<'p> Carry<'p> {
    pub(super) fn new(
        (old, new): (&'p Compiled, &'p Compiled),
        (old_pattern, pattern): (&'p Pattern, &'p Pattern),
        (lack, lacks): (Lack<'p>, bool),
        reshaped: bool,
        now: Timestamp,
    ) -> Self {
        let (from, to) = (Labels::new(old_pattern, &old.automaton), Labels::new(pattern, &new.automaton));
        let step = |label| to.steps.iter().position(|other| other == label).and_then(StepId::new);
        let slot = |label| to.slots.iter().position(|other| other == label).and_then(SlotId::new);
        let (steps, slots) = (from.steps.iter().map(step).collect(), from.slots.iter().map(slot).collect());
        Carry { old, new, pattern, steps, slots, lack, lacks, reshaped, now }
    }

    /// Makes of a partition what goes on of it; how many starts do not because they lack something. Its derivations stand one
    /// by one where the steps are others.
    pub(super) fn partition(&self, state: &mut PartitionState, events: &[Arc<Held>]) -> u64 {
        let mut lacking = 0;
        let starts = std::mem::take(&mut state.starts).into_iter();
        let starts = starts.filter_map(|start| self.start(start, &state.links, events, &mut lacking));
        state.starts = starts.collect();
        self.relabel(state, events);
        if let Some(window) = &mut state.window {
            lacking += self.window(window, events);
        }
        lacking
    }

    /// Names the steps of what is not of a derivation as the new text does.
    fn relabel(&self, state: &mut PartitionState, events: &[Arc<Held>]) {
        let moved = |step: StepId| self.step(step);
        state.violated =
            state.violated.iter().filter_map(|(step, time)| Some((moved(*step)?, *time))).collect();
        state.violated.retain(|(step, _)| self.new.first_absences.contains(step));
        state.violated.sort_unstable();
        state.previous =
            state.previous.iter().filter_map(|(step, event)| Some((moved(*step)?, *event))).collect();
        state.previous.retain(|(step, event)| {
            self.new.lagging.contains(step) && !self.lack.as_previous(*step, asked_of(events, *event))
        });
        state.previous.sort_unstable();
        // Links of a step that is gone belong to nobody any more.
        for link in &mut state.links {
            link.step = moved(link.step).unwrap_or(StepId::FIRST);
        }
    }

    fn window(&self, window: &mut WindowState, events: &[Arc<Held>]) -> u64 {
        let mut lacking = 0;
        for event in &mut window.events {
            event.steps = event.steps.iter().filter_map(|step| self.step(*step)).collect();
            event.steps.sort_unstable();
            let of = asked_of(events, event.event);
            let lacks = |step: &StepId| self.lack.in_slot(self.pattern.step(*step).slot, of);
            if event.steps.iter().any(lacks) || self.lack.at_end(of, false) {
                lacking += 1;
                event.steps.clear();
            }
        }
        window.events.retain(|event| !event.steps.is_empty());
        let most = match self.new.window.as_ref().map(|window| &window.shape) {
            Some(Shape::Count(most)) => *most as usize,
            _ => usize::MAX,
        };
        window.events.drain(..window.events.len().saturating_sub(most));
        if window.events.is_empty() {
            (window.fired, window.closes) = (0, None);
        }
        lacking
    }

    fn start(
        &self,
        start: StartState,
        links: &[Link],
        events: &[Arc<Held>],
        lacking: &mut u64,
    ) -> Option<StartState> {
        let all: Vec<Told<'_>> =
            start.derivations.iter().map(|derivation| Told::new(derivation, links)).collect();
        let goes_on = if self.reshaped { self.reshape(&all, events) } else { self.keep(&all, events) };
        if goes_on.is_empty() {
            *lacking += u64::from(!all.is_empty() && all.iter().all(|told| self.is_lacking(told, events)));
            return None;
        }
        let reported = start.reported.iter().filter_map(|set| {
            let moved = |(slot, seq): &(u32, u64)| Some((self.slot(*slot)?, *seq));
            set.iter().map(moved).collect::<Option<Vec<_>>>()
        });
        let reported = reported.collect();
        let expired = start.expired.filter(|expired| self.keeps_expired(expired, links, events));
        let expired =
            expired.map(|expired| ExpiredState { by: expired.by.and_then(|by| self.step(by)), ..expired });
        Some(StartState { seq: start.seq, derivations: goes_on, expired, reported })
    }

    /// The same steps: every derivation stays where it is, unless a bound has ended it or it lacks something.
    fn keep(&self, all: &[Told<'_>], events: &[Arc<Held>]) -> Vec<Derivation> {
        let kept = all.iter().filter(|told| !self.is_lacking(told, events)).filter_map(|told| {
            let last = told.links.last()?;
            let mut waits = told.derivation.waits;
            match &mut waits {
                Waits::For { step, .. } if self.is_over(*step, told, events) => return None,
                Waits::Deadline { way, deadline } => {
                    let edge = self
                        .new
                        .automaton
                        .edges(Some(last.step))
                        .iter()
                        .filter(|edge| holds(edge))
                        .nth(*way as usize)?;
                    *deadline = self.deadline(&edge.absences, told, events).max(self.now);
                }
                _ => {}
            }
            let Derivation { bound, registers, .. } = told.derivation;
            Some(Derivation { bound: bound.clone(), registers: registers.clone(), waits })
        });
        kept.collect()
    }

    /// Other steps: the furthest partial match goes on wherever the new text goes on from its last event, but not where the
    /// old one did and has been ended since.
    fn reshape(&self, all: &[Told<'_>], events: &[Arc<Held>]) -> Vec<Derivation> {
        let reach = |told: &Told<'_>| told.links.iter().map(|link| link.step).max();
        // Of those that are as far the first, which is the preferred.
        let Some(furthest) = all.iter().rev().max_by_key(|told| reach(told)) else { return Vec::new() };
        let path = |told: &Told<'_>| -> Vec<(StepId, u64)> {
            told.links.iter().map(|link| (link.step, link.seq)).collect()
        };
        let registers_of = |told: &Told<'_>| told.derivation.registers.clone();
        let one = (path(furthest), registers_of(furthest));
        let live: Vec<Waits> = all
            .iter()
            .filter(|told| (path(told), registers_of(told)) == one)
            .map(|told| told.derivation.waits)
            .collect();
        self.go_on(furthest, &live, events).unwrap_or_default()
    }

    /// The ways on of a partial match, of which these are left of those that it had.
    fn go_on(&self, told: &Told<'_>, live: &[Waits], events: &[Arc<Held>]) -> Option<Vec<Derivation>> {
        let steps: Vec<StepId> = told.links.iter().map(|link| self.step(link.step)).collect::<Option<_>>()?;
        let now = registers(&self.new.automaton, &steps)?;
        let before = Registers::from(&told.derivation.registers[..]);
        let old_edges = self.old.automaton.edges(told.links.last().map(|link| link.step));
        let was_open: Vec<StepId> = old_edges
            .iter()
            .filter(|edge| is_open(edge, &before))
            .filter_map(|edge| self.step(edge.target?))
            .collect();
        let waited = |step: StepId| {
            live.iter()
                .any(|waits| matches!(waits, Waits::For { step: of, .. } if self.step(*of) == Some(step)))
        };
        let edges = self.new.automaton.edges(steps.last().copied());
        let mut goes_on = Vec::new();
        for (at, edge) in (0..).zip(edges).filter(|(_, edge)| is_open(edge, &now)) {
            let waits = match edge.target {
                Some(step) if was_open.contains(&step) && !waited(step) => continue,
                Some(step) if self.is_over(step, told, events) => continue,
                Some(step) => Waits::For { step, way: way(edges, at, |edge| edge.target == Some(step)) },
                None => match self.at_end(edge, at, edges, live, told, events) {
                    Some(waits) => waits,
                    None => continue,
                },
            };
            let derivation =
                Derivation { bound: told.derivation.bound.clone(), registers: now.values().to_vec(), waits };
            let told = Told { derivation: &derivation, links: told.links.clone() };
            if !self.is_lacking(&told, events) {
                goes_on.push(derivation);
            }
        }
        Some(goes_on)
    }

    /// What a partial match waits for on a way to the end, if it did before.
    fn at_end(
        &self,
        edge: &Edge,
        at: u32,
        edges: &[Edge],
        live: &[Waits],
        told: &Told<'_>,
        events: &[Arc<Held>],
    ) -> Option<Waits> {
        let done = live.iter().find(|waits| matches!(waits, Waits::Done { .. }));
        if let Some(done) = done.filter(|_| self.new.report == Report::Final) {
            return Some(*done);
        }
        let waits = live.iter().any(|waits| matches!(waits, Waits::Deadline { .. }));
        let deadline = self.deadline(&edge.absences, told, events).max(self.now);
        (waits && holds(edge)).then(|| Waits::Deadline { way: way(edges, at, holds), deadline })
    }

    /// Whether an event that it has bound was not kept as the new text would have it.
    fn is_lacking(&self, told: &Told<'_>, events: &[Arc<Held>]) -> bool {
        if !self.lacks {
            return false;
        }
        let waits = matches!(told.derivation.waits, Waits::For { .. });
        let last = told.links.len().saturating_sub(1);
        told.links.iter().enumerate().any(|(at, link)| {
            let of = asked_of(events, link.event);
            let slot = self.step(link.step).map(|step| self.pattern.step(step).slot);
            slot.is_some_and(|slot| self.lack.in_slot(slot, of))
                || self.lack.at_end(of, at == last && !waits)
                || (at == last && self.lack.when_expired(of))
        })
    }

    fn keeps_expired(&self, expired: &ExpiredState, links: &[Link], events: &[Arc<Held>]) -> bool {
        let bound = bound(links, &expired.bound);
        let lacks = |link: &&Link| {
            let slot = self.step(link.step).map(|step| self.pattern.step(step).slot);
            slot.is_none_or(|slot| self.lack.in_slot(slot, asked_of(events, link.event)))
        };
        let last = bound.last().is_some_and(|last| self.lack.when_expired(asked_of(events, last.event)));
        !last && !bound.iter().any(lacks)
    }

    /// Whether a bound of the new text would have ended the wait for a step by now.
    fn is_over(&self, step: StepId, told: &Told<'_>, events: &[Arc<Held>]) -> bool {
        let (Some(first), Some(last)) = (told.links.first(), told.links.last()) else { return true };
        let whole = self.new.within.map(|within| time_of(events, first.event).after(within));
        let own = self.new.step(step).within.map(|within| time_of(events, last.event).after(within));
        whole.into_iter().chain(own).min().is_some_and(|due| due < self.now)
    }

    /// When last absences have held long enough.
    fn deadline(&self, absences: &[Absence], told: &Told<'_>, events: &[Arc<Held>]) -> Timestamp {
        let (Some(first), Some(last)) = (told.links.first(), told.links.last()) else {
            return Timestamp::MAX;
        };
        let one = |absence: &Absence| match self.new.step(absence.step).within {
            Some(within) => Some(time_of(events, last.event).after(within)),
            None => self.new.within.map(|within| time_of(events, first.event).after(within)),
        };
        absences.iter().filter_map(one).max().unwrap_or(Timestamp::MAX)
    }

    fn step(&self, old: StepId) -> Option<StepId> {
        self.steps.get(old.index()).copied().flatten()
    }

    fn slot(&self, old: u32) -> Option<u32> {
        let slot = self.slots.get(old as usize).copied().flatten()?;
        u32::try_from(slot.index()).ok()
    }
}

/// Whether a way leads to the end when its absences have held.
fn holds(edge: &Edge) -> bool {
    edge.target.is_none() && !edge.absences.is_empty()
}

/// What some pieces hold, the first first.
fn bound<'l>(links: &'l [Link], pieces: &[Piece]) -> Vec<&'l Link> {
    let mut bound: Vec<&Link> = Vec::new();
    for piece in pieces {
        let mut at = Some(piece.link as usize);
        let from = bound.len();
        while let Some(link) = at.and_then(|at| links.get(at))
            && piece.count.is_none_or(|count| bound.len() - from < count as usize)
        {
            bound.push(link);
            at = at.filter(|_| link.back > 0).and_then(|at| at.checked_sub(link.back as usize));
        }
        if let Some(piece) = bound.get_mut(from..) {
            piece.reverse();
        }
    }
    bound
}

fn time_of(events: &[Arc<Held>], event: u32) -> Timestamp {
    events.get(event as usize).map_or(Timestamp::MIN, |event| event.time())
}

fn asked_of(events: &[Arc<Held>], event: u32) -> Of<'_> {
    let event = events.get(event as usize);
    event.map_or((None, Timestamp::MIN), |event| (event.stamp().kind.as_deref(), event.time()))
}
