//! What is given up when memory is short: the oldest of what is held, of all rules alike.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use compact_str::CompactString;

use super::engine::Engine;
use super::observer::Observer;
use super::partition::Outcome;
use crate::alert::{Bound, Certain, Likeness, at_limit, limit_likeness};
use crate::event::Key;
use crate::program::Program;
use crate::sink::Sink;
use crate::time::Timestamp;

/// What was given up of each rule, by its number: how much, and the first key group in which.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shed(BTreeMap<u32, (u64, u32)>);

impl Shed {
    pub(crate) fn add(&mut self, rule: u32, count: u64, group: u32) {
        if count > 0 {
            let of_rule = self.0.entry(rule).or_insert((0, group));
            *of_rule = (of_rule.0 + count, of_rule.1.min(group));
        }
    }

    #[cfg(feature = "pipeline")]
    pub(crate) fn extend(&mut self, other: Shed) {
        other.0.into_iter().for_each(|(rule, (count, group))| self.add(rule, count, group));
    }

    /// The rules of a program that have given something up, and how much.
    pub(crate) fn by_name(&self, program: &Program) -> Vec<(CompactString, u64)> {
        let name = |rule: &u32| program.compiled().get(*rule as usize).map(|rule| rule.info.name.clone());
        self.0.iter().filter_map(|(rule, (count, _))| Some((name(rule)?, *count))).collect()
    }

    /// What is said of it, in no order: an alert of each rule.
    pub(crate) fn said(&self, program: &Program, now: Timestamp, most: u64) -> Vec<Certain> {
        let bound = Bound::Memory;
        let certain = |(rule, (_, group)): (&u32, &(u64, u32))| {
            let rule = program.compiled().get(*rule as usize)?;
            let alert = at_limit(&rule.at_limit, (bound, most, bound.policy(None)), &Key::default(), now);
            let likeness = Some(Likeness { bytes: limit_likeness(bound), group: *group });
            Some(Certain { moment: now, cause: Certain::DEADLINE, alert, likeness })
        };
        self.0.iter().filter_map(certain).collect()
    }
}

impl<O: Observer> Engine<O> {
    /// Gives up what is held the longest, as a bound on memory asks for: of all rules the starts that began before a time,
    /// the windows in which no event is as late, and what `lag` asks for, as far as it is earlier. What is known of
    /// absences that were violated stays, so that nothing is said that is not so. Matches that only waited for a start to grow
    /// no more are certain then. Each rule that has given up anything says so in an alert of the type `tripline.limit`
    /// (at most one an hour), in which `most` stands. Gives how much each rule has given up.
    ///
    /// Cost: a look at everything that is held.
    pub fn shed(&mut self, before: Timestamp, most: u64, sink: &mut impl Sink) -> Vec<(CompactString, u64)> {
        let now = self.buffer.watermark();
        let (shed, mut certain) = self.give_up(before);
        certain.extend(shed.said(&self.partitions.program, now, most));
        // Whoever says stop says so again with the next event.
        let _: ControlFlow<()> = self.tell(certain, sink);
        shed.by_name(&self.partitions.program)
    }

    /// The same without what is said; with the matches that have become certain, in no order.
    pub(crate) fn give_up(&mut self, before: Timestamp) -> (Shed, Vec<Certain>) {
        self.vacant = None;
        let now = self.buffer.watermark();
        let mut shed = Shed::default();
        let mut found: Vec<(u32, u32, Outcome)> = Vec::new();
        self.partitions.give_up_before(before, |rule, group, outcome| {
            shed.add(rule, outcome.refused, group);
            found.push((rule, group, outcome));
        });
        let mut certain = Vec::new();
        for (rule, group, outcome) in found {
            self.partitions.report(rule, group, now, &outcome, &mut certain);
        }
        (shed, certain)
    }

    /// When what is held began, of one in `every` of it; the events of a window count each, as of when its last came.
    ///
    /// Cost: a look at everything that is held.
    pub fn ages(&self, every: u64) -> Vec<Timestamp> {
        let (mut times, mut count) = (Vec::new(), 0);
        self.partitions.ages(|time, weight| {
            count += weight;
            while count >= every.max(1) {
                count -= every.max(1);
                times.push(time);
            }
        });
        times
    }
}
