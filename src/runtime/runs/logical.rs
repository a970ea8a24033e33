//! The general form, to the form of a snapshot and back.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Branch, Expired, Runs, Start, State};
use crate::automaton::{Edge, Registers};
use crate::event::Held;
use crate::id::{SlotId, StepId};
use crate::plan::Pattern;
use crate::program::Compiled;
use crate::runtime::logical::{LinksIn, LinksOut, Misfit, find, way};
use crate::runtime::shared::{Single, expand};
use crate::runtime::swap::Turn;
use crate::snapshot::{Derivation, ExpiredState, HeldTable, Malformed, PartitionState, StartState, Waits};

impl Runs {
    /// All of it, in the one form that a state has.
    pub(in crate::runtime) fn to_logical(&self, rule: &Compiled, events: &mut HeldTable) -> PartitionState {
        let mut links = LinksOut::new(events);
        let starts = self.starts.iter().map(|start| start.to_logical(rule, &mut links)).collect();
        let mut violated = self.violated.clone();
        violated.sort_unstable();
        let mut previous: Vec<(StepId, &Arc<Held>)> =
            self.previous.iter().map(|(step, held)| (*step, held)).collect();
        previous.sort_unstable_by_key(|(step, _)| *step);
        let previous = previous.into_iter().map(|(step, held)| (step, links.event(held))).collect();
        PartitionState {
            starts,
            violated,
            previous,
            links: links.into_links(),
            window: None,
            shared: None,
            came: None,
        }
    }

    /// The same back; of derivations that are told in common at most so many.
    pub(in crate::runtime) fn from_logical(
        rule: &Compiled,
        partition: &PartitionState,
        links: &LinksIn<'_>,
        pattern: &Pattern,
        most: usize,
    ) -> Result<Runs, Misfit> {
        if let Some(shared) = &partition.shared {
            let starts = expand(rule, pattern, shared, links, most)?.into_iter();
            return Ok(Runs {
                starts: starts.map(|start| Start::of(rule, start)).collect(),
                ..Runs::default()
            });
        }
        let starts = partition.starts.iter().map(|start| Start::from_logical(rule, start, links));
        let violated = partition.violated.iter().map(|(step, time)| Ok((links.step(*step)?, *time)));
        let previous = partition.previous.iter();
        let previous = previous.map(|(step, event)| Ok((links.step(*step)?, links.event(*event)?)));
        Ok(Runs {
            starts: starts.collect::<Result<_, Misfit>>()?,
            violated: violated.collect::<Result<_, Malformed>>()?,
            previous: previous.collect::<Result<_, Malformed>>()?,
        })
    }
}

impl Runs {
    /// Has its events be kept as another program keeps them.
    pub(in crate::runtime) fn turn(&mut self, _: &Compiled, turn: &mut Turn<'_>) {
        for start in &mut self.starts {
            start.branches.iter_mut().for_each(|branch| turn.chain(&mut branch.chain));
            start.expired.iter_mut().for_each(|expired| turn.chain(&mut expired.chain));
        }
        for (_, held) in &mut self.previous {
            turn.held(held);
        }
    }
}

impl Start {
    fn of(rule: &Compiled, (seq, derivations): (u64, Vec<Single>)) -> Start {
        let branch = |(chain, registers, edge)| Branch::new(rule, chain, registers, State::Wait(edge));
        let branches = derivations.into_iter().map(branch).collect();
        Start { seq, branches, expired: None, reported: BTreeSet::new() }
    }

    fn to_logical(&self, rule: &Compiled, links: &mut LinksOut<'_>) -> StartState {
        let derivations = self.branches.iter().map(|branch| branch.to_logical(rule, links)).collect();
        let expired = self.expired.as_ref().map(|expired| ExpiredState {
            bound: vec![links.whole(&expired.chain)],
            by: expired.bound,
            time: expired.time,
        });
        let numbers = |set: &Vec<(SlotId, u64)>| {
            set.iter().map(|(slot, seq)| (slot.index() as u32, *seq)).collect::<Vec<_>>()
        };
        StartState {
            seq: self.seq,
            derivations,
            expired,
            reported: self.reported.iter().map(numbers).collect(),
        }
    }

    fn from_logical(rule: &Compiled, start: &StartState, links: &LinksIn<'_>) -> Result<Start, Misfit> {
        let branches =
            start.derivations.iter().map(|derivation| Branch::from_logical(rule, derivation, links));
        let expired = start.expired.as_ref().map(|expired| {
            let chain = links.chain(&expired.bound)?;
            let bound = expired.by.map(|by| links.step(by)).transpose()?;
            Ok::<_, Malformed>(Box::new(Expired { chain, bound, time: expired.time }))
        });
        let ids = |set: &Vec<(u32, u64)>| {
            let ids = set.iter().map(|(slot, seq)| Some((SlotId::new(*slot as usize)?, *seq)));
            let mut ids: Vec<(SlotId, u64)> = ids.collect::<Option<_>>().ok_or(Misfit::Unfit)?;
            ids.sort_unstable();
            Ok::<_, Misfit>(ids)
        };
        Ok(Start {
            seq: start.seq,
            branches: branches.collect::<Result<_, Misfit>>()?,
            expired: expired.transpose()?,
            reported: start.reported.iter().map(ids).collect::<Result<BTreeSet<_>, Misfit>>()?,
        })
    }
}

impl Branch {
    fn to_logical(&self, rule: &Compiled, links: &mut LinksOut<'_>) -> Derivation {
        let edges = rule.automaton.edges(Some(self.chain.step));
        let waits = match self.state {
            State::Wait(at) => match edges.get(at as usize).and_then(|edge| edge.target) {
                Some(step) => Waits::For { step, way: way(edges, at, |edge| edge.target == Some(step)) },
                // A place that has no such edge holds no derivation.
                None => Waits::Done { deadline: None },
            },
            State::Pending { edge, deadline } => Waits::Deadline { way: way(edges, edge, holds), deadline },
            State::Done { deadline } => Waits::Done { deadline },
        };
        Derivation {
            bound: vec![links.whole(&self.chain)],
            registers: self.registers.values().to_vec(),
            waits,
        }
    }

    fn from_logical(rule: &Compiled, derivation: &Derivation, links: &LinksIn<'_>) -> Result<Branch, Misfit> {
        let chain = links.chain(&derivation.bound)?;
        let edges = rule.automaton.edges(Some(chain.step));
        let state = match derivation.waits {
            Waits::Done { deadline } => State::Done { deadline },
            Waits::For { step, way } => State::Wait(find(edges, way, |edge| edge.target == Some(step))?),
            Waits::Deadline { way, deadline } => State::Pending { edge: find(edges, way, holds)?, deadline },
        };
        if derivation.registers.len() != rule.automaton.registers().len() {
            return Err(Misfit::Unfit);
        }
        Ok(Branch::new(rule, chain, Registers::from(&derivation.registers[..]), state))
    }
}

/// Whether a way leads to the end when its absences have held.
fn holds(edge: &Edge) -> bool {
    edge.target.is_none() && !edge.absences.is_empty()
}
