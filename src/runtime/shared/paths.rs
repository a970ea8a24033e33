//! The matches that an event completes, out of the rows: how many there are, and the first of them.
//!
//! Back from the event to the first row it is worked out how many derivations complete from each place, so that the way
//! forward from the starts, in the order of preference, meets no dead end and stops when it has enough. The way back goes
//! over whole blocks of rows at once; inside of a block it is only known where the way forward comes by.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::Row;
use super::ways::{BLOCK, Blocks, Ways};
use crate::event::Held;
use crate::plan::Pattern;
use crate::program::{PlaceSet, Places};
use crate::runtime::chain::Link;

/// What an event completes.
pub(super) struct Paths<'p> {
    places: &'p Places,
    pattern: &'p Pattern,
    rows: &'p VecDeque<Row>,
    /// The places at which the event completes something.
    ends: PlaceSet,
    /// How many rows of the first block are gone.
    offset: usize,
    blocks: Vec<Behind>,
    count: u64,
}

/// What is behind a block.
struct Behind {
    ways: Ways,
    /// The places at which a later row was taken.
    later: PlaceSet,
    /// Whether a derivation begins in it that completes.
    begins: bool,
    /// What is behind each of its rows, once that was looked at.
    rows: Vec<BehindRow>,
}

/// What is behind a row.
#[derive(Clone, Copy, Default)]
struct BehindRow {
    /// The places at which a derivation waits that completes.
    good: PlaceSet,
    /// The places at which a later row was taken.
    later: PlaceSet,
}

/// A derivation on its way.
struct Step {
    chain: Arc<Link>,
    /// Where it waits, as far as that was not followed yet, the preferred first.
    places: PlaceSet,
    /// The next row that may be taken at the first of them.
    next: usize,
    /// The row of its last event.
    row: usize,
}

/// What a derivation may go on with at a place.
enum Next {
    Row(usize),
    /// The event that completes it.
    Last,
    Nothing,
}

impl<'p> Paths<'p> {
    /// The matches that an event completes at these places. Cost: the number of blocks.
    pub(super) fn new(
        places: &'p Places,
        pattern: &'p Pattern,
        (rows, dropped): (&'p VecDeque<Row>, u64),
        blocks: &mut Blocks,
        ends: PlaceSet,
    ) -> Self {
        let itself = (ends & places.begin).count_ones();
        let mut paths = Paths {
            places,
            pattern,
            rows,
            ends,
            offset: (dropped % BLOCK) as usize,
            blocks: Vec::new(),
            count: u64::from(itself),
        };
        // Begun already.
        if ends & !places.begin != 0 && !rows.is_empty() {
            paths.go_back(dropped / BLOCK, blocks);
        }
        paths
    }

    /// The rows of a block, the first of which is block zero.
    fn rows_of(&self, block: usize) -> Range<usize> {
        let at = |block: usize| (block * BLOCK as usize).saturating_sub(self.offset);
        at(block)..at(block + 1).min(self.rows.len())
    }

    fn block_of(&self, row: usize) -> usize {
        (row + self.offset) / BLOCK as usize
    }

    fn go_back(&mut self, first: u64, whole: &mut Blocks) {
        let (mut ways, mut later) = (Ways::new(self.places, self.ends & !self.places.begin), 0);
        for block in (0..=self.block_of(self.rows.len() - 1)).rev() {
            let rows = self.rows_of(block);
            let mut behind = Behind { ways: ways.clone(), later, begins: false, rows: Vec::new() };
            // What is left behind the last row may still change.
            let is_whole = rows.len() == BLOCK as usize && rows.end < self.rows.len();
            let at_once = is_whole
                .then(|| whole.go_back(self.places, first + block as u64, self.rows, rows.start, &mut ways));
            let (begun, took) = at_once.flatten().unwrap_or_else(|| {
                let (one_by_one, begun, took) = self.go_over(rows, &mut ways, later);
                behind.rows = one_by_one;
                (begun, took)
            });
            (behind.begins, later) = (begun > 0, later | took);
            self.count = self.count.saturating_add(begun);
            self.blocks.push(behind);
        }
        self.blocks.reverse();
    }

    /// Goes back over some rows one by one; says what is behind each of them, how many derivations begin there, and the
    /// places at which they were taken.
    fn go_over(
        &self,
        rows: Range<usize>,
        ways: &mut Ways,
        mut later: PlaceSet,
    ) -> (Vec<BehindRow>, u64, PlaceSet) {
        let mut behind = vec![BehindRow::default(); rows.len()];
        let (mut begun, mut took) = (0u64, 0);
        for (row, behind) in self.rows.range(rows).zip(&mut behind).rev() {
            ways.leave(row.left);
            *behind = BehindRow { good: ways.open, later };
            begun = begun.saturating_add(ways.take(self.places, row.took));
            (later, took) = (later | row.took, took | row.took);
        }
        (behind, begun, took)
    }

    /// What is behind a row.
    #[inline]
    fn behind(&mut self, row: usize) -> BehindRow {
        let at = self.block_of(row);
        let rows = self.rows_of(at);
        if self.blocks[at].rows.is_empty() {
            let Behind { ways, later, .. } = &self.blocks[at];
            self.blocks[at].rows = self.go_over(rows.clone(), &mut ways.clone(), *later).0;
        }
        self.blocks[at].rows[row - rows.start]
    }

    /// How many matches there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The first of them, so many; the last event is this one, with its place in the total order.
    pub(super) fn first(&mut self, most: u64, last: (Arc<Held>, u64)) -> Vec<Arc<Link>> {
        let mut found = Vec::new();
        for block in 0..self.blocks.len() {
            if self.blocks[block].begins {
                for row in self.rows_of(block) {
                    if found.len() as u64 == most {
                        return found;
                    }
                    self.follow_from(row, most, &last, &mut found);
                }
            }
        }
        for at in Places::of(self.ends & self.places.begin).take((most as usize).saturating_sub(found.len()))
        {
            found.push(self.bind(None, at, last.0.clone(), last.1));
        }
        found
    }

    /// Finds the matches of the derivations that begin with a row, as far as more are wanted.
    fn follow_from(&mut self, row: usize, most: u64, last: &(Arc<Held>, u64), found: &mut Vec<Arc<Link>>) {
        for at in Places::of(self.rows[row].took & self.places.begin) {
            if (found.len() as u64) < most && self.onward(at) & self.behind(row).good != 0 {
                let step = self.step(None, at, row);
                self.follow(step, most, last, found);
            }
        }
    }

    /// Finds the matches of a derivation that has just begun.
    fn follow(&mut self, start: Step, most: u64, (held, seq): &(Arc<Held>, u64), found: &mut Vec<Arc<Link>>) {
        let mut steps = vec![start];
        while let Some(step) = steps.last_mut() {
            if step.places == 0 {
                steps.pop();
                continue;
            }
            let at = step.places.trailing_zeros() as usize;
            let next = self.next(at, step);
            let chain = Some(Arc::clone(&step.chain));
            if !matches!(next, Next::Row(_)) || self.places.once >> at & 1 == 1 {
                step.follow_next();
            }
            match next {
                Next::Row(row) => steps.push(self.step(chain, at, row)),
                Next::Last => found.push(self.bind(chain, at, held.clone(), *seq)),
                Next::Nothing => {}
            }
            if found.len() as u64 == most {
                return;
            }
        }
    }

    /// What comes next at a place to a derivation which completes.
    fn next(&mut self, at: usize, step: &mut Step) -> Next {
        let bit = 1 << at;
        loop {
            let BehindRow { good, later } = self.behind(step.next - 1);
            // Where it waits on, something completes from there.
            if good & bit == 0 {
                return Next::Nothing;
            }
            if later & bit == 0 {
                return Next::Last;
            }
            let row = step.next;
            step.next += 1;
            if self.rows[row].took & bit != 0 {
                if self.onward(at) & self.behind(row).good != 0 {
                    return Next::Row(row);
                }
                if self.places.once & bit != 0 {
                    return Next::Nothing;
                }
            }
        }
    }

    /// A derivation that has bound the event of a row at a place.
    fn step(&mut self, before: Option<Arc<Link>>, at: usize, row: usize) -> Step {
        let good = self.behind(row).good;
        let Row { held, seq, .. } = &self.rows[row];
        let chain = self.bind(before, at, Arc::clone(held), *seq);
        Step { chain, places: self.onward(at) & good, next: row + 1, row }
    }

    fn bind(&self, before: Option<Arc<Link>>, at: usize, held: Arc<Held>, seq: u64) -> Arc<Link> {
        let step = self.places.places[at].step;
        Link::new(before, held, step, self.pattern.step(step).slot, seq)
    }

    fn onward(&self, at: usize) -> PlaceSet {
        self.places.places[at].onward
    }
}

impl Step {
    /// Goes on with the next place.
    fn follow_next(&mut self) {
        self.places &= self.places.wrapping_sub(1);
        self.next = self.row + 1;
    }
}
