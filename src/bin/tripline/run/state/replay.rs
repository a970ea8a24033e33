//! The decisions of a run that was ended, where they were taken.

use std::collections::VecDeque;

use super::journal::{Decision, Entry};

/// What is decided again.
pub(in super::super) struct Replay {
    entries: VecDeque<Entry>,
}

impl Replay {
    pub(super) fn new(entries: VecDeque<Entry>) -> Self {
        Replay { entries }
    }

    /// Up to where all goes by itself.
    pub(in super::super) fn until(&self) -> Option<u64> {
        self.entries.front().map(|entry| entry.at)
    }

    /// What is decided when so much was given.
    pub(in super::super) fn next(&mut self, given: u64) -> Option<Decision> {
        self.entries.pop_front_if(|entry| entry.at <= given).map(|entry| entry.decision)
    }

    /// Whether all has been.
    pub(in super::super) fn is_over(&self) -> bool {
        self.entries.is_empty()
    }
}
