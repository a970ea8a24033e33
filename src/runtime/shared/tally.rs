//! What limits ask for: how much waits, and what it weighs.

use std::collections::VecDeque;

use smallvec::SmallVec;

use super::Row;
use crate::program::{PlaceSet, Places};

/// How many events wait, and what the derivations weigh. That starts have expired is not known here, so it may say too
/// much; what a limit refuses is counted anew before.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By place, of the derivations that wait there the heaviest.
    heaviest: SmallVec<[usize; 8]>,
    /// By place, how many events came there and wait.
    waits: SmallVec<[usize; 8]>,
    /// Whether a start has gone since it was counted.
    stale: bool,
}

impl Tally {
    /// What it takes for so many places besides itself.
    pub(super) fn room(places: usize) -> usize {
        if places > 8 { 2 * places * size_of::<usize>() } else { 0 }
    }

    /// That of these rows, exactly.
    pub(super) fn of(places: &Places, rows: &VecDeque<Row>) -> Self {
        let mut tally = Tally::default();
        for row in rows {
            let there = tally.waiting() | places.begin;
            tally.go_on(places, row.took & there, row.took & places.once, row.held.weight());
            tally.go_on(places, 0, row.left, 0);
        }
        tally
    }

    /// The same, exactly, if that is not known.
    pub(super) fn renew(&mut self, places: &Places, rows: &VecDeque<Row>) {
        if self.stale {
            *self = Tally::of(places, rows);
        }
    }

    /// A start has gone.
    pub(super) fn lose(&mut self) {
        self.stale = true;
    }

    /// The places where something waits.
    pub(super) fn waiting(&self) -> PlaceSet {
        let places = self.waits.iter().enumerate().filter(|(_, waits)| **waits > 0);
        places.fold(0, |all, (at, _)| all | 1 << at)
    }

    /// Of the derivations that wait at these places the heaviest.
    pub(super) fn heaviest(&self, at: PlaceSet) -> usize {
        Places::of(at).filter_map(|at| self.heaviest.get(at).copied()).max().unwrap_or(0)
    }

    /// How many events wait, at each place where they do.
    pub(super) fn waits(&self) -> usize {
        self.waits.iter().sum()
    }

    /// The same when these places are left.
    pub(super) fn waits_without(&self, gone: PlaceSet) -> usize {
        let stay = self.waits.iter().enumerate().filter(|(at, _)| gone >> at & 1 == 0);
        stay.map(|(_, waits)| waits).sum()
    }

    /// An event of this weight is taken at some places, and some are left.
    pub(super) fn go_on(&mut self, places: &Places, took: PlaceSet, gone: PlaceSet, weight: usize) {
        self.heaviest.resize(places.places.len(), 0);
        self.waits.resize(places.places.len(), 0);
        let mut arrivals: SmallVec<[(usize, usize); 8]> = SmallVec::new();
        for at in Places::of(took) {
            let before = if places.begin >> at & 1 == 1 { 0 } else { self.heaviest[at] };
            let onward = places.places.get(at).map_or(0, |place| place.onward);
            arrivals.extend(Places::of(onward).map(|there| (there, before.saturating_add(weight))));
        }
        for at in Places::of(gone) {
            (self.heaviest[at], self.waits[at]) = (0, 0);
        }
        let mut counted: PlaceSet = 0;
        for (at, weight) in arrivals {
            self.heaviest[at] = self.heaviest[at].max(weight);
            // In whichever ways it came there.
            self.waits[at] += usize::from(counted >> at & 1 == 0);
            counted |= 1 << at;
        }
    }
}

/// For each row that begins derivations which wait at one of these places, what the heaviest of those weighs.
pub(super) fn heaviest_of_starts(places: &Places, rows: &VecDeque<Row>, at: PlaceSet) -> Vec<(usize, usize)> {
    let mut starts = Vec::new();
    // What is bound from here on, at the most, by a derivation that waits at a place and ends at one of those.
    let mut behind: Vec<Option<usize>> = vec![None; places.places.len()];
    Places::of(at).for_each(|at| behind[at] = Some(0));
    for (index, row) in rows.iter().enumerate().rev() {
        Places::of(row.left).for_each(|at| behind[at] = None);
        let most = |at: usize| {
            let onward = places.places.get(at).map_or(0, |place| place.onward);
            let most = Places::of(onward).filter_map(|there| behind[there]).max()?;
            Some(most.saturating_add(row.held.weight()))
        };
        let taken: SmallVec<[(usize, Option<usize>); 8]> =
            Places::of(row.took).map(|at| (at, most(at))).collect();
        Places::of(row.took & places.once).for_each(|at| behind[at] = None);
        let (begun, went_on): (Vec<_>, Vec<_>) =
            taken.into_iter().partition(|(at, _)| places.begin >> at & 1 == 1);
        went_on.into_iter().for_each(|(at, most)| behind[at] = behind[at].max(most));
        starts.extend(begun.into_iter().filter_map(|(_, most)| most).max().map(|most| (index, most)));
    }
    starts.reverse();
    starts
}
