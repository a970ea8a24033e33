//! Several inputs as one stream.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::error::Error;
use super::reader::{Item, Reader};
use crate::event::Event;

/// The events of several inputs by time, source and offset: of the next events of all inputs the earliest comes
/// first. An input that is not ordered by itself keeps its order.
///
/// Nothing is read ahead before it is needed, so that a single input gives each event as soon as it is read.
pub struct Merge {
    readers: Vec<Reader>,
    heads: BinaryHeap<Reverse<Head>>,
    /// Inputs whose next event is not known yet.
    wanted: Vec<usize>,
}

impl Merge {
    /// Merges these, which stand in the order of their ranks.
    pub fn new(readers: Vec<Reader>) -> Self {
        let wanted = (0..readers.len()).rev().collect();
        Merge { readers, heads: BinaryHeap::new(), wanted }
    }

    /// What should be said about the inputs that have ended: their names, and what.
    pub fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.readers
            .iter()
            .flat_map(|reader| reader.notes().iter().map(|note| (reader.name(), note.as_str())))
    }
}

impl Iterator for Merge {
    type Item = Result<Item, Error>;

    /// The next event, or what was found on the way to it: a reject, or an input that breaks off.
    fn next(&mut self) -> Option<Self::Item> {
        while let Some(input) = self.wanted.pop() {
            match self.readers.get_mut(input).and_then(Reader::next) {
                Some(Ok(Item::Event(event))) => self.heads.push(Reverse(Head { event, input })),
                Some(Ok(reject)) => {
                    self.wanted.push(input);
                    return Some(Ok(reject));
                }
                Some(Err(error)) => return Some(Err(error)),
                None => {}
            }
        }
        let Reverse(Head { event, input }) = self.heads.pop()?;
        self.wanted.push(input);
        Some(Ok(Item::Event(event)))
    }
}

/// The next event of an input.
struct Head {
    event: Event,
    input: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.event.place().cmp(&other.event.place())
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}
