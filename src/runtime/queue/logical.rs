//! The queue form, to the form of a snapshot and back.
//!
//! A snapshot has for each start what it has bound and every way to go on. The events of a lane are written once, and
//! what a start has bound is a piece of each. When it is read, the preferred of the derivations that have come furthest
//! is the one that the queue holds: in a rule for which it is legal the others complete no sooner, and lose to it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use smallvec::SmallVec;

use super::{Lane, Queue, Start, intervals, weight};
use crate::automaton::{Register, Registers};
use crate::event::Held;
use crate::id::StepId;
use crate::program::{Compiled, Stop};
use crate::runtime::chain::Link;
use crate::runtime::logical::{LinksIn, LinksOut, Misfit, way};
use crate::runtime::swap::Turn;
use crate::snapshot::{Derivation, HeldTable, PartitionState, Piece, StartState, Waits};

impl Queue {
    /// All of it, in the one form that a state has.
    pub(in crate::runtime) fn to_logical(&self, rule: &Compiled, events: &mut HeldTable) -> PartitionState {
        self.told(rule, events, false)
    }

    /// The same with every derivation that may complete, also those that lose to a longer one in this rule, but not in
    /// every other.
    pub(in crate::runtime) fn to_derivations(
        &self,
        rule: &Compiled,
        events: &mut HeldTable,
    ) -> PartitionState {
        self.told(rule, events, true)
    }

    fn told(&self, rule: &Compiled, events: &mut HeldTable, shorter: bool) -> PartitionState {
        let mut links = LinksOut::new(events);
        let numbers = self.links(rule, &mut links);
        let starts =
            self.starts.iter().map(|start| self.start_state(rule, start, &numbers, shorter)).collect();
        let links = links.into_links();
        PartitionState {
            links,
            starts,
            violated: Vec::new(),
            previous: Vec::new(),
            window: None,
            shared: None,
            came: None,
        }
    }

    /// Has its events be kept as another program keeps them.
    pub(in crate::runtime) fn turn(&mut self, rule: &Compiled, turn: &mut Turn<'_>) {
        let mut weighs_else = false;
        for (_, held) in self.lanes.iter_mut().flat_map(|lane| &mut lane.events) {
            weighs_else |= turn.held(held);
        }
        if weighs_else {
            self.weigh_again(rule);
        }
    }

    /// Writes the events of the lanes that a start holds, and gives the number of each by its place.
    fn links(&self, rule: &Compiled, links: &mut LinksOut<'_>) -> Vec<Vec<u32>> {
        // For each place how many starts begin to hold events there, and how many hold none from there on.
        let mut ends: Vec<Vec<(i64, i64)>> =
            self.lanes.iter().map(|lane| vec![(0, 0); lane.events.len() + 1]).collect();
        for start in &self.starts {
            for ((_, lane, from, to), ends) in intervals(&self.lanes, rule, start).zip(&mut ends) {
                ends[lane.place(from)].0 += 1;
                ends[lane.place(to)].1 += 1;
            }
        }
        let mut numbers = Vec::new();
        for ((stop, lane), ends) in rule.stops.iter().zip(&self.lanes).zip(&ends) {
            let mut holders = 0;
            let number = |((seq, event), (begin, end)): (&(u64, Arc<Held>), &(i64, i64))| {
                // An event stands behind the one before it only for who holds both: what nobody holds in between is not
                // written, and what is read back knows nothing of it.
                let both = holders - end;
                holders = both + begin;
                if holders > 0 { links.push(event, stop.step, u32::from(both > 0), *seq) } else { 0 }
            };
            numbers.push(lane.events.iter().zip(ends).map(number).collect());
        }
        numbers
    }

    fn start_state(&self, rule: &Compiled, start: &Start, numbers: &[Vec<u32>], shorter: bool) -> StartState {
        let mut bound: Vec<Piece> = Vec::new();
        let mut values = vec![0; rule.automaton.registers().len()];
        let (mut first, mut last) = (None, None);
        // Where a loop may have been left before its last event: which count that is, and the links of its events.
        let mut left: Option<(Option<usize>, Vec<u32>)> = None;
        for ((stop, lane, from, to), numbers) in intervals(&self.lanes, rule, start).zip(numbers) {
            let (from, to) = (lane.place(from), lane.place(to));
            let Some(tip) = to.checked_sub(1).filter(|tip| *tip >= from) else { continue };
            let count = (to - from) as u32;
            bound.push(Piece { link: numbers[tip], count: Some(count) });
            first = first.or(lane.events.get(from).map(|(seq, _)| *seq));
            last = Some(stop.step);
            let counted = |register: &Register| *register == Register::Count(stop.step);
            let register = rule.automaton.registers().iter().position(counted);
            if let Some(register) = register {
                values[register] = count;
            }
            let earlier = from + (stop.least as usize).max(1) - 1..tip;
            left = stop.more.then(|| (register, numbers.get(earlier).unwrap_or_default().to_vec()));
        }
        let mut derivations = ways_on(rule, last, &bound, &values);
        let (register, earlier) = left.filter(|_| shorter).unwrap_or_default();
        for link in earlier.into_iter().rev() {
            if let Some(Piece { link: tip, count: Some(count) }) = bound.last_mut() {
                (*tip, *count) = (link, *count - 1);
                register
                    .and_then(|register| values.get_mut(register))
                    .into_iter()
                    .for_each(|value| *value = *count);
            }
            let ways = ways_on(rule, last, &bound, &values).into_iter();
            derivations.extend(
                ways.filter(|way| !matches!(way.waits, Waits::For { step, .. } if Some(step) == last)),
            );
        }
        StartState { seq: first.unwrap_or_default(), derivations, expired: None, reported: Vec::new() }
    }

    /// The same back.
    pub(in crate::runtime) fn from_logical(
        rule: &Compiled,
        partition: &PartitionState,
        links: &LinksIn<'_>,
    ) -> Result<Queue, Misfit> {
        let mut events: Vec<BTreeMap<u64, Arc<Held>>> = vec![BTreeMap::new(); rule.stops.len()];
        let mut starts = Vec::with_capacity(partition.starts.len());
        for start in &partition.starts {
            let progress = Progress::furthest(&rule.stops, start, links)?;
            if !progress.is_all(rule, start, links)? {
                return Err(Misfit::Unfit);
            }
            for (lane, at) in events.iter_mut().zip(&progress.at) {
                lane.extend(at.iter().map(|link| (link.seq, Arc::clone(&link.event))));
            }
            starts.push(progress);
        }
        let lane = |events: BTreeMap<u64, Arc<Held>>| {
            let mut lane = Lane::default();
            events.into_iter().for_each(|(seq, event)| lane.push(seq, event));
            lane
        };
        let lanes: SmallVec<[Lane; 4]> = events.into_iter().map(lane).collect();
        let weights: Vec<i64> = starts.iter().map(Progress::weight).collect();
        let starts = starts.iter().map(|progress| progress.start(&rule.stops, &lanes));
        let starts = starts.collect::<Option<VecDeque<Start>>>().ok_or(Misfit::Unfit)?;
        if !starts.iter().is_sorted_by(|earlier, later| earlier.stop() >= later.stop()) {
            return Err(Misfit::Unfit);
        }
        let mut queue = Queue { starts, lanes };
        weights.into_iter().enumerate().for_each(|(at, weight)| queue.weigh(at, weight));
        Ok(queue)
    }
}

/// The derivations of what is bound: one for each way on from the last step.
fn ways_on(rule: &Compiled, last: Option<StepId>, bound: &[Piece], values: &[u32]) -> Vec<Derivation> {
    let registers = Registers::from(values);
    let edges = rule.automaton.edges(last);
    let open = (0..).zip(edges).filter(|(_, edge)| edge.guards.iter().all(|guard| registers.meet(*guard)));
    let waits = open.filter_map(|(at, edge)| {
        let step = edge.target?;
        Some(Waits::For { step, way: way(edges, at, |edge| edge.target == Some(step)) })
    });
    waits.map(|waits| Derivation { bound: bound.to_vec(), registers: values.to_vec(), waits }).collect()
}

/// How far a start has come: what it has bound at each stop that it has reached.
struct Progress<'l> {
    at: Vec<Vec<&'l Link>>,
}

impl<'l> Progress<'l> {
    /// Of the derivations of a start the preferred of those that have come furthest.
    fn furthest(stops: &[Stop], start: &StartState, links: &'l LinksIn<'_>) -> Result<Self, Misfit> {
        let mut furthest: Option<Progress<'l>> = None;
        for derivation in &start.derivations {
            let progress = Progress::of(stops, links.bound(&derivation.bound)?).ok_or(Misfit::Unfit)?;
            if furthest.as_ref().is_none_or(|other| other.reach() < progress.reach()) {
                furthest = Some(progress);
            }
        }
        furthest.ok_or(Misfit::Unfit)
    }

    /// `None` if this is not what a start of these stops can have bound.
    fn of(stops: &[Stop], bound: Vec<&'l Link>) -> Option<Self> {
        let at: Vec<Vec<&Link>> = bound.chunk_by(|a, b| a.step == b.step).map(<[_]>::to_vec).collect();
        let mut reached = at.iter().zip(stops);
        let fits = reached.all(|(at, stop)| {
            let behind = at.len() == stop.least as usize || stop.more && at.len() >= stop.least as usize;
            let last = at.last().is_some_and(|link| link.seq == bound.last().map_or(0, |last| last.seq));
            at.iter().all(|link| link.step == stop.step) && (behind || last)
        });
        (fits && !at.is_empty() && at.len() <= stops.len()).then_some(Progress { at })
    }

    /// Whether a start which has come so far has these derivations and no others: all ways on from there, and with them
    /// those on which a loop is left earlier, of which the earliest may be missing, as nothing came of them. A rule that was
    /// another one may have left others.
    fn is_all(&self, rule: &Compiled, start: &StartState, links: &LinksIn<'_>) -> Result<bool, Misfit> {
        let bound: Vec<(StepId, u64)> = self.at.iter().flatten().map(|link| (link.step, link.seq)).collect();
        let (Some(at), Some(stop)) = (self.at.last(), rule.stops.get(self.at.len() - 1)) else {
            return Ok(false);
        };
        let register = rule.automaton.registers().iter().position(|of| *of == Register::Count(stop.step));
        let ways = |shorter: usize| {
            let mut values = vec![0; rule.automaton.registers().len()];
            for (at, stop) in self.at.iter().zip(&rule.stops) {
                let counts =
                    rule.automaton.registers().iter().position(|of| *of == Register::Count(stop.step));
                counts
                    .and_then(|of| values.get_mut(of))
                    .into_iter()
                    .for_each(|value| *value = at.len() as u32);
            }
            register.and_then(|of| values.get_mut(of)).into_iter().for_each(|value| *value -= shorter as u32);
            let ways = ways_on(rule, Some(stop.step), &[], &values).into_iter().map(|way| way.waits);
            let stays = move |waits: &Waits| {
                shorter == 0 || !matches!(waits, Waits::For { step, .. } if *step == stop.step)
            };
            ways.filter(stays).map(move |waits| (shorter, waits)).collect::<Vec<_>>()
        };
        let mut found = Vec::with_capacity(start.derivations.len());
        for derivation in &start.derivations {
            let own: Vec<(StepId, u64)> =
                links.bound(&derivation.bound)?.into_iter().map(|link| (link.step, link.seq)).collect();
            if !bound.starts_with(&own) {
                return Ok(false);
            }
            found.push((bound.len() - own.len(), derivation.waits));
        }
        let mut expected = ways(0);
        let least = expected.len();
        let most = if stop.more { at.len().saturating_sub(stop.least as usize) } else { 0 };
        (1..=most).for_each(|shorter| expected.extend(ways(shorter)));
        Ok(found.len() >= least && expected.starts_with(&found))
    }

    fn weight(&self) -> i64 {
        self.at.iter().flatten().map(|link| weight::of(&link.event)).sum()
    }

    fn reach(&self) -> (usize, usize) {
        (self.at.len(), self.at.last().map_or(0, Vec::len))
    }

    /// The start as its places in the lanes; `None` if it has not bound what lies there between the first and the last, or
    /// behind it where it still waits.
    fn start(&self, stops: &[Stop], lanes: &[Lane]) -> Option<Start> {
        let mut start =
            Start { first: self.at.first()?.first()?.event.time(), from: SmallVec::new(), left: 0, base: 0 };
        for (at, lane) in self.at.iter().zip(lanes) {
            let place = |link: &Link| lane.events.binary_search_by_key(&link.seq, |(seq, _)| *seq).ok();
            let (first, last) = (place(at.first()?)?, place(at.last()?)?);
            if last + 1 - first != at.len() {
                return None;
            }
            start.from.push(first as u64);
        }
        let reached = self.at.len() - 1;
        let stop = stops.get(reached)?;
        let (at, lane) = (self.at.last()?, lanes.get(reached)?);
        if !stop.more && at.len() >= stop.least as usize {
            start.from.push(lanes.get(reached + 1)?.next());
        } else if at.last()?.seq != lane.events.back()?.0 {
            return None;
        }
        // Only where it has left a loop it is asked where that was.
        let looped =
            start.stop().checked_sub(1).filter(|before| stops.get(*before).is_some_and(|stop| stop.more));
        start.left = looped.map_or(0, |looped| start.from[looped] + self.at[looped].len() as u64);
        Some(start)
    }
}
