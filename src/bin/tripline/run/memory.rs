//! A bound on the memory that the program takes.
//!
//! Between two portions is looked how much it has. Near the bound a quarter of what is held is given up, the oldest first.
//! What is free again goes back to the system only bit by bit, so from then on it counts how much is held: no more than was
//! held near the bound, unless the program has taken still more since.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use tripline::pipeline::Shards;
use tripline::{Sink, Timestamp};

use super::board::{Sheds, now, resident_bytes};
use super::drive::Drive;
use super::live::{Live, Works};
use super::state::Decision;
use crate::cli::Stop;

/// How often is looked how much memory there is.
const LOOK: Duration = Duration::from_millis(20);
/// How often it is said at the most.
const SAY: Duration = Duration::from_secs(60);
/// How much is left of what can be held.
const LEFT: f64 = 0.75;

/// What is known of the memory of a run that has a bound.
pub(super) struct Memory {
    most: u64,
    looked: Instant,
    /// How much there was when last something was given up, while it is still about as much, and how many partial matches
    /// it is good for.
    peak: u64,
    room: u64,
    pub(super) counts: Sheds,
    /// When it was said last, and what has not been said since.
    said: Option<Instant>,
    unsaid: u64,
    /// Whether it was said that nothing is left to give up.
    is_helpless: bool,
}

impl Memory {
    pub(super) fn new(most: ByteSize) -> Result<Self, Stop> {
        let has = resident_bytes().ok().flatten();
        let has = has.ok_or_else(|| {
            let text = "`--max-memory` needs a system that says in /proc how much memory a program has";
            Stop::Failed(text.to_owned())
        })?;
        if has >= near(most.0) {
            let text = format!(
                "`--max-memory {most}` is too little: with its rules alone the program has {}",
                ByteSize(has)
            );
            return Err(Stop::Failed(text));
        }
        let counts = Sheds { most: most.0, ..Sheds::default() };
        Ok(Memory {
            most: most.0,
            looked: now(),
            peak: 0,
            room: u64::MAX,
            counts,
            said: None,
            unsaid: 0,
            is_helpless: false,
        })
    }

    /// How much memory there is, if it is more than there should be, and what part of what is held is too much.
    fn short(&mut self, held: impl FnOnce() -> u64) -> Option<(u64, f64)> {
        if self.looked.elapsed() < LOOK {
            return None;
        }
        self.looked = now();
        let has = resident_bytes().ok().flatten()?;
        if has < near(self.most) {
            (self.peak, self.room, self.is_helpless) = (0, u64::MAX, false);
            return None;
        }
        let held = held();
        if has > self.peak.saturating_add(self.most / 100) {
            self.peak = has;
            self.room = self.room.min((held as f64 * near(self.most) as f64 / has as f64) as u64);
        } else if held < self.room {
            return None;
        }
        Some((has, 1.0 - LEFT * self.room as f64 / held.max(1) as f64))
    }

    /// The same for engines of which nobody is told.
    pub(super) fn spare(&mut self, engines: &mut Shards, sink: &mut impl Sink) {
        let held = || engines.tally().rules.iter().map(|rule| rule.open).sum();
        if let Some((_, part)) = self.short(held)
            && let Some(before) = engines.oldest(part)
        {
            engines.shed(before, self.most, sink);
        }
    }
}

/// How much is near the bound.
fn near(most: u64) -> u64 {
    most / 5 * 4
}

impl Live<'_> {
    /// Gives up what is held the longest, if memory is short.
    pub(super) fn spare(&mut self, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        let Some(memory) = &mut self.memory else { return ControlFlow::Continue(()) };
        let held = || works.engines.tally().rules.iter().map(|rule| rule.open).sum();
        let Some((has, part)) = memory.short(held) else { return ControlFlow::Continue(()) };
        match works.engines.oldest(part) {
            Some(before) => {
                let most = self.memory.as_ref().map_or(0, |memory| memory.most);
                self.note(works, Decision::Shed { before: before.nanos(), most })?;
                let given_up = self.shed(before, most, works);
                self.say_shed(drive, (has, before, given_up));
            }
            None => self.say_helpless(drive, has),
        }
        ControlFlow::Continue(())
    }

    /// Gives up what began before a time; how much.
    pub(super) fn shed(&mut self, before: Timestamp, most: u64, works: &mut Works<'_>) -> u64 {
        let shed = works.engines.shed(before, most, works.sink);
        let given_up = shed.iter().map(|(_, count)| count).sum();
        if let Some(memory) = &mut self.memory {
            memory.counts.times += 1;
            memory.counts.given_up += given_up;
        }
        given_up
    }

    fn say_shed(&mut self, drive: Drive<'_>, (has, before, given_up): (u64, Timestamp, u64)) {
        let Some(memory) = &mut self.memory else { return };
        memory.unsaid += given_up;
        if memory.said.is_some_and(|said| said.elapsed() < SAY) {
            return;
        }
        let (most, count) = (ByteSize(memory.most), std::mem::take(&mut memory.unsaid));
        memory.said = Some(now());
        let text = format!(
            "memory is short ({} of {most}): partial matches and events in windows were given up, {count} of them, the oldest \
             first; what began before {before} is not known any more. Alerts of the type `tripline.limit` say of which rules",
            ByteSize(has)
        );
        let fields = [
            ("resident_bytes", has.into()),
            ("max_memory_bytes", memory.most.into()),
            ("given_up", count.into()),
            ("before", before.to_string().into()),
        ];
        drive.note(&text, &fields);
    }

    /// What is left is not of the rules.
    fn say_helpless(&mut self, drive: Drive<'_>, has: u64) {
        let Some(memory) = self.memory.as_mut().filter(|memory| !memory.is_helpless) else { return };
        memory.is_helpless = true;
        let most = ByteSize(memory.most);
        drive.error(&format!(
            "memory is short ({} of {most}), and the rules hold nothing that could be given up: it is taken by tables, by events \
             that wait for `--lateness`, or by what `suppress` remembers",
            ByteSize(has)
        ));
    }
}
