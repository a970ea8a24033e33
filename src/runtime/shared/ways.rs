//! How many derivations complete from each place, and what rows make of that.

use std::collections::{BTreeMap, VecDeque};

use smallvec::SmallVec;

use super::Row;
use crate::program::{PlaceSet, Places};
use crate::runtime::footprint::slot;

/// How many derivations complete from each place.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    ways: SmallVec<[u64; 8]>,
    /// Where there are any.
    pub(super) open: PlaceSet,
}

impl Ways {
    /// One from each of these.
    pub(super) fn new(places: &Places, ends: PlaceSet) -> Self {
        let ways = (0..places.places.len()).map(|at| ends >> at & 1).collect();
        Ways { ways, open: ends }
    }

    /// None waits there.
    #[inline]
    pub(super) fn leave(&mut self, places: PlaceSet) {
        Places::of(places & self.open).for_each(|at| self.ways[at] = 0);
        self.open &= !places;
    }

    /// Goes back over an event that is taken at some places; says how many derivations begin with it.
    #[inline]
    pub(super) fn take(&mut self, places: &Places, took: PlaceSet) -> u64 {
        // Most events are taken at one place.
        if took.is_power_of_two() {
            let at = took.trailing_zeros() as usize;
            let ways = self.behind(places, at);
            self.leave(took & places.once);
            return self.add(places, at, ways);
        }
        let taken: SmallVec<[(usize, u64); 8]> =
            Places::of(took).map(|at| (at, self.behind(places, at))).collect();
        self.leave(took & places.once);
        taken.into_iter().fold(0, |begun, (at, ways)| begun.saturating_add(self.add(places, at, ways)))
    }

    /// How many complete of those that have just been taken at a place.
    #[inline]
    fn behind(&self, places: &Places, at: usize) -> u64 {
        let onward = places.places[at].onward & self.open;
        Places::of(onward).fold(0, |sum, there| sum.saturating_add(self.ways[there]))
    }

    /// So many more complete from a place; says how many of them begin there.
    #[inline]
    fn add(&mut self, places: &Places, at: usize, ways: u64) -> u64 {
        if places.begin >> at & 1 == 1 {
            return ways;
        }
        self.ways[at] = self.ways[at].saturating_add(ways);
        self.open |= u64::from(ways > 0) << at;
        0
    }
}

/// How many rows make a block.
pub(super) const BLOCK: u64 = 64;

/// Beyond so many places going over the rows is as fast.
const MOST_PLACES: usize = 16;

/// What whole blocks of rows make of any ways: the rows are linear in them, so it is worked out once for each place. By
/// their numbers, as far as it was asked.
#[derive(Debug, Default)]
pub(super) struct Blocks(BTreeMap<u64, Block>);

#[derive(Debug)]
struct Block {
    /// For each place what one way from it behind the block makes before it, and how many begin in the block.
    of: Vec<(Ways, u64)>,
    took: PlaceSet,
}

impl Blocks {
    /// What a block takes for so many places.
    pub(super) fn size(places: usize) -> usize {
        slot(size_of::<(u64, Block)>()) + places * size_of::<(Ways, u64)>()
    }

    /// Goes back over a whole block; says how many derivations begin in it, and the places at which it was taken.
    pub(super) fn go_back(
        &mut self,
        places: &Places,
        number: u64,
        rows: &VecDeque<Row>,
        from: usize,
        ways: &mut Ways,
    ) -> Option<(u64, PlaceSet)> {
        if places.places.len() > MOST_PLACES {
            return None;
        }
        let new = || Block::new(places, rows, from);
        let block = self.0.entry(number).or_insert_with(new);
        let (mut before, mut begun) = (Ways::new(places, 0), 0u64);
        for at in Places::of(ways.open) {
            let (times, (one, begins)) = (ways.ways[at], &block.of[at]);
            begun = begun.saturating_add(begins.saturating_mul(times));
            before.open |= one.open;
            for there in Places::of(one.open) {
                let more = one.ways[there].saturating_mul(times);
                before.ways[there] = before.ways[there].saturating_add(more);
            }
        }
        *ways = before;
        Some((begun, block.took))
    }

    /// The rows of a block are not what they were.
    pub(super) fn forget(&mut self, number: u64) {
        self.0.remove(&number);
    }

    /// Those before are gone.
    pub(super) fn drop_before(&mut self, number: u64) {
        while self.0.first_key_value().is_some_and(|(first, _)| *first < number) {
            self.0.pop_first();
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Block {
    fn new(places: &Places, rows: &VecDeque<Row>, from: usize) -> Self {
        let rows = || rows.range(from..from + BLOCK as usize);
        let of_one = |at: usize| {
            let (mut ways, mut begun) = (Ways::new(places, 1 << at), 0u64);
            for row in rows().rev() {
                ways.leave(row.left);
                begun = begun.saturating_add(ways.take(places, row.took));
            }
            (ways, begun)
        };
        let took = rows().fold(0, |all, row| all | row.took);
        Block { of: (0..places.places.len()).map(of_one).collect(), took }
    }
}
