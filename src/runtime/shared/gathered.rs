//! Rows gathered out of derivations that are told one by one.
//!
//! Derivations say what was taken where, but not which waits have ended since: that follows from who waits still. A
//! place is left behind all that came to it before the first of those which it keeps.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::Row;
use crate::event::Held;
use crate::program::{Compiled, PlaceSet, Places};
use crate::runtime::logical::{LinksIn, Misfit, find};
use crate::snapshot::{Derivation, StartState, Waits};

#[derive(Default)]
struct Gathered {
    /// By their places in the total order the events, and where they are taken.
    rows: BTreeMap<u64, (Option<Arc<Held>>, PlaceSet)>,
    /// For each place and each event that is taken there the first that had come to wait; at the end, for the last
    /// place in the total order.
    since: BTreeMap<(usize, u64), u64>,
}

/// The rows of some starts.
pub(super) fn rows(
    rule: &Compiled,
    places: &Places,
    starts: &[StartState],
    links: &LinksIn<'_>,
) -> Result<VecDeque<Row>, Misfit> {
    let mut gathered = Gathered::default();
    for derivation in starts.iter().flat_map(|start| &start.derivations) {
        gathered.add(rule, places, derivation, links)?;
    }
    gathered.into_rows(places)
}

impl Gathered {
    fn add(
        &mut self,
        rule: &Compiled,
        places: &Places,
        derivation: &Derivation,
        links: &LinksIn<'_>,
    ) -> Result<(), Misfit> {
        let (mut there, mut before, mut last) = (places.begin, None, None);
        for link in links.bound(&derivation.bound)? {
            let is = |at: &usize| places.places.get(*at).is_some_and(|place| place.step == link.step);
            let at = Places::of(there).find(is).ok_or(Misfit::Unfit)?;
            let row = self.rows.entry(link.seq).or_default();
            *row = (Some(Arc::clone(&link.event)), row.1 | 1 << at);
            self.waited(at, link.seq, before);
            (there, before, last) = (places.onward(1 << at), Some(link.seq), Some(link.step));
        }
        let Waits::For { step, way } = derivation.waits else { return Err(Misfit::Unfit) };
        let edge = find(rule.automaton.edges(last), way, |edge| edge.target == Some(step))?;
        let is = |at: &usize| places.places.get(*at).is_some_and(|place| place.edge == edge);
        let at = Places::of(there).find(is).ok_or(Misfit::Unfit)?;
        self.waited(at, u64::MAX, before);
        Ok(())
    }

    /// Of what was taken at a place, or waits there, something had come with this event.
    fn waited(&mut self, at: usize, until: u64, since: Option<u64>) {
        let Some(since) = since else { return };
        let first = self.since.entry((at, until)).or_insert(since);
        *first = since.min(*first);
    }

    fn into_rows(self, places: &Places) -> Result<VecDeque<Row>, Misfit> {
        // For each row the places that are left just before it.
        let mut left: BTreeMap<u64, PlaceSet> = BTreeMap::new();
        for ((at, _), since) in &self.since {
            *left.entry(*since).or_default() |= 1 << at;
        }
        let waits = self.since.keys().filter(|(_, until)| *until == u64::MAX);
        let waits = waits.fold(0, |all: PlaceSet, (at, _)| all | 1 << at);
        let mut rows: VecDeque<Row> = VecDeque::with_capacity(self.rows.len());
        for (seq, (held, took)) in self.rows {
            let before = left.get(&seq).copied().unwrap_or(0);
            // Where it is taken itself, what it leaves there is left with it.
            rows.back_mut().into_iter().for_each(|row| row.left |= before & !took);
            let held = held.ok_or(Misfit::Unfit)?;
            rows.push_back(Row { seq, held, took, left: 0 });
        }
        let all = (0..places.places.len()).fold(0, |all: PlaceSet, at| all | 1 << at);
        rows.back_mut().into_iter().for_each(|row| row.left |= all & !waits);
        Ok(rows)
    }
}
