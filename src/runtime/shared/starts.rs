//! Which starts are open, and where they wait.
//!
//! Starts whose derivations wait at the same places have the same future, so they are counted together from then on:
//! an event costs as much as there are different sets of places. Sets come together and never part.

use std::collections::VecDeque;

use crate::program::{PlaceSet, Places};
use crate::runtime::footprint::{room, slot};
use crate::time::Timestamp;

/// The starts, in their order.
#[derive(Debug, Default)]
pub(super) struct Starts {
    all: VecDeque<Start>,
    /// How many there were before these; numbers of starts count them.
    dropped: u64,
    alike: Vec<Alike>,
}

#[derive(Debug)]
struct Start {
    /// Its row.
    row: u64,
    first: Timestamp,
    /// A later start that waits where it does; itself if there is none.
    with: u64,
    given_up: bool,
}

/// The starts that wait at the same places.
#[derive(Debug)]
struct Alike {
    /// The last of them, by its number. It is the last to expire.
    last: u64,
    places: PlaceSet,
    /// How many there are that are neither expired nor given up.
    count: usize,
}

impl Starts {
    /// What a start takes.
    pub(super) const SIZE: usize = slot(size_of::<Start>());
    /// What the first takes.
    pub(super) const ROOM: usize = room::<Start>() + room::<Alike>();

    /// Where any of them waits.
    pub(super) fn waiting(&self) -> PlaceSet {
        self.alike.iter().fold(0, |all, alike| all | alike.places)
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.alike.iter().map(|alike| alike.count).sum()
    }

    /// When the first one began that is there.
    pub(super) fn first_time(&self) -> Option<Timestamp> {
        self.all.front().map(|start| start.first)
    }

    /// When each one began that is there.
    pub(super) fn times(&self) -> impl Iterator<Item = Timestamp> {
        self.all.iter().map(|start| start.first)
    }

    /// The row of the first one that is there.
    pub(super) fn first_row(&self) -> Option<u64> {
        self.all.front().map(|start| start.row)
    }

    /// The rows of those that are open.
    pub(super) fn open_rows(&self) -> Vec<u64> {
        let mut groups: Vec<Option<bool>> = vec![None; self.all.len()];
        for (at, start) in self.all.iter().enumerate().rev() {
            // What it waits with is later, so that is known.
            let last = self.dropped + at as u64 == start.with;
            let open = match last {
                true => self.alike.iter().any(|alike| alike.last == start.with),
                false => groups.get((start.with - self.dropped) as usize).copied().flatten().unwrap_or(false),
            };
            groups[at] = Some(open);
        }
        let open = self.all.iter().zip(groups).filter(|(start, open)| *open == Some(true) && !start.given_up);
        open.map(|(start, _)| start.row).collect()
    }

    /// One more, that waits there.
    pub(super) fn push(&mut self, row: u64, first: Timestamp, places: PlaceSet) {
        let number = self.dropped + self.all.len() as u64;
        self.all.push_back(Start { row, first, with: number, given_up: false });
        self.alike.push(Alike { last: number, places, count: 1 });
        self.join();
    }

    /// An event is taken at some places, and some are left.
    pub(super) fn go_on(&mut self, places: &Places, took: PlaceSet, gone: PlaceSet) {
        let mut moved = false;
        for alike in &mut self.alike {
            let there = alike.places & !gone | places.onward(alike.places & took);
            moved |= there != alike.places;
            alike.places = there;
        }
        if moved {
            self.alike.retain(|alike| alike.places != 0);
            self.join();
        }
    }

    /// Puts together what waits at the same places.
    fn join(&mut self) {
        let (all, dropped) = (&mut self.all, self.dropped);
        self.alike.sort_unstable_by_key(|alike| (alike.places, std::cmp::Reverse(alike.last)));
        self.alike.dedup_by(|earlier, later| {
            let same = earlier.places == later.places;
            if same {
                later.count += earlier.count;
                if let Some(start) = all.get_mut((earlier.last - dropped) as usize) {
                    start.with = later.last;
                }
            }
            same
        });
    }

    /// Gives up the start of a row with all its derivations; says whether it was open.
    pub(super) fn give_up(&mut self, row: u64) -> bool {
        let Some(at) = self.find(row) else { return false };
        let open = self.leave(at);
        self.all.get_mut(at).into_iter().for_each(|start| start.given_up = true);
        open
    }

    /// Drops the first one.
    pub(super) fn drop_first(&mut self) {
        self.leave(0);
        if self.all.pop_front().is_some() {
            self.dropped += 1;
        }
    }

    /// Drops those at the front that are not open any more.
    pub(super) fn drop_closed(&mut self) {
        while !self.all.is_empty() && self.group_of(0).is_none() {
            self.all.pop_front();
            self.dropped += 1;
        }
    }

    pub(super) fn clear(&mut self) {
        self.dropped += self.all.len() as u64;
        self.all.clear();
        self.alike.clear();
    }

    /// Takes a start out of those that are counted; says whether it was one of them.
    fn leave(&mut self, at: usize) -> bool {
        let Some(group) = self.group_of(at) else { return false };
        if let Some(alike) = self.alike.get_mut(group) {
            alike.count = alike.count.saturating_sub(1);
        }
        self.alike.retain(|alike| alike.count > 0);
        true
    }

    /// Those that it is counted with, if it is open.
    fn group_of(&mut self, at: usize) -> Option<usize> {
        if self.all.get(at)?.given_up {
            return None;
        }
        let last = self.last_with(at);
        self.alike.iter().position(|alike| alike.last == last)
    }

    /// The last of those that it waits with. The way there is shortened for the next time.
    fn last_with(&mut self, at: usize) -> u64 {
        let mut number = self.dropped + at as u64;
        loop {
            let with = self.with(number);
            let next = self.with(with);
            if with == next {
                return with;
            }
            if let Some(start) = self.all.get_mut((number - self.dropped) as usize) {
                start.with = next;
            }
            number = next;
        }
    }

    fn with(&self, number: u64) -> u64 {
        self.all.get((number - self.dropped) as usize).map_or(number, |start| start.with)
    }

    fn find(&self, row: u64) -> Option<usize> {
        self.all.binary_search_by_key(&row, |start| start.row).ok()
    }
}
