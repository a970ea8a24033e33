//! What an engine holds of no key, to bytes and back.

use std::sync::Arc;

use compact_str::CompactString;

use super::engine::{Counts, Engine};
use super::gate::Gate;
use super::naming::{name_groups, named};
use super::observer::Observer;
use super::sources::{Open, Sources};
use crate::event::Source;
use crate::program::KeptSince;
use crate::snapshot::{
    EventTable, Fate, Global, Malformed, RestoreError, Restored, RestoredRule, RuleCounts, Section, Since,
    Snapshot, Watermark,
};
use crate::time::Timestamp;

/// No count is larger: beyond it one would overflow sooner or later.
pub(super) const MOST: u64 = 1 << 62;

impl<O: Observer> Engine<O> {
    /// What is of no key: the reorder buffer with the events that wait in it, the watermark, the counts.
    pub fn snapshot_global(&self) -> Vec<u8> {
        self.snapshot_global_with(&[])
    }

    /// The same for engines that share the key groups of a stream: buffer and watermark are alike in all of them, and
    /// what each has counted of the rules is added up. When it is restored into all of them, the one that owns the first
    /// key group takes those counts.
    pub fn snapshot_global_with(&self, others: &[&Self]) -> Vec<u8> {
        self.global(others, &Gate::default())
    }

    /// The same, where this gate stands behind all of them and none has its own.
    pub(crate) fn global(&self, others: &[&Self], gate: &Gate) -> Vec<u8> {
        let mut rules = self.rule_counts();
        for other in others {
            rules.iter_mut().zip(other.rule_counts()).for_each(|(sum, counts)| sum.add(&counts));
        }
        rules.iter_mut().for_each(|rule| rule.suppressed += gate.held_back(&rule.name));
        let mut buffer = EventTable::new(self.partitions.program.fields());
        let mut arrived = Vec::new();
        for (arrival, row) in self.buffer.rows() {
            buffer.push_row(row);
            arrived.push(arrival);
        }
        let (keys, named) = named(&self.partitions.program, &self.buffer);
        let Counts { events, late, judged } = self.counts;
        let (watermarks, furthest) = self.watermarks();
        let arrivals = self.buffer.arrivals();
        let buffer = buffer.into_events();
        let heard = self.shown.heard();
        let global = Global {
            watermarks,
            arrivals,
            judged,
            events,
            late,
            buffer,
            arrived,
            rules,
            keys,
            named,
            heard,
            furthest,
            since: self.kept_since(),
        };
        Snapshot::Global(global).write(&self.partitions.program)
    }

    pub(super) fn restore_global(&mut self, global: Global) -> Result<Restored, RestoreError> {
        if self.counts.events > 0 || self.buffer.begun() {
            return Err(RestoreError::Begun);
        }
        let order = order(&global)?;
        let Global { arrivals, judged, events, late, .. } = global;
        let counts = global.rules.iter().flat_map(RuleCounts::numbers).copied();
        if counts.chain([arrivals, judged, events, late, global.heard]).any(|count| count > MOST) {
            return Err(Malformed("a count is too large").into());
        }
        let program = &self.partitions.program;
        let mut waiting = global.buffer.batch(program)?;
        name_groups(program, &mut waiting, &global.keys, &global.named)?;
        if waiting.len() != global.arrived.len() {
            return Err(Malformed("an event that waits has no number of arrival").into());
        }
        self.buffer.restore(order, arrivals, waiting, &global.arrived);
        self.counts = Counts { events, late, judged };
        self.shown.restore(judged, global.heard);
        let since = global.since.into_iter().map(|since| (since.kind, since.path.into(), since.time));
        self.partitions.since = KeptSince::of_entries(&self.partitions.program, since.collect());
        let rules = global.rules.into_iter().map(|counts| self.restore_counts(counts)).collect();
        Ok(Restored { section: Section::Global, rules })
    }

    fn kept_since(&self) -> Vec<Since> {
        let entries = self.partitions.since.entries();
        let since = entries.map(|(kind, path, time)| Since {
            kind: kind.map(CompactString::from),
            path: path.to_vec(),
            time,
        });
        since.collect()
    }

    /// The watermark of all sources, then those of the open ones; and the furthest of them.
    fn watermarks(&self) -> (Vec<Watermark>, Option<Timestamp>) {
        let all = Watermark { source: None, time: self.buffer.watermark(), rank: 0, idle: false };
        let sources = self.buffer.sources();
        let of_one = |open: &Open| Watermark {
            source: Some(open.source.name.as_str().into()),
            time: open.watermark,
            rank: open.source.rank,
            idle: open.idle,
        };
        let furthest = (sources.count() > 0).then_some(sources.furthest());
        (std::iter::once(all).chain(sources.iter().map(of_one)).collect(), furthest)
    }

    fn rule_counts(&self) -> Vec<RuleCounts> {
        let rules = self.partitions.program.compiled().iter();
        let counts = rules.zip(&self.partitions.counts).zip(&self.partitions.faults);
        let counts = counts.map(|((rule, counts), faults)| RuleCounts {
            name: rule.info.name.clone(),
            version: rule.info.version.clone(),
            seen: counts.seen,
            starts: counts.starts,
            alerts: counts.alerts,
            faults: faults.get(),
            refused: counts.refused,
            suppressed: self.gate.held_back(&rule.info.name),
        });
        counts.collect()
    }

    fn restore_counts(&mut self, from: RuleCounts) -> RestoredRule {
        let rules = self.partitions.program.compiled();
        let fate = match rules.iter().position(|rule| rule.info.name == from.name) {
            None => Fate::Gone,
            Some(at) if rules[at].info.version != from.version => Fate::Changed,
            Some(at) => {
                if self.partitions.groups.owns(0) {
                    let counts = &mut self.partitions.counts[at];
                    (counts.seen, counts.starts) = (from.seen, from.starts);
                    (counts.alerts, counts.refused) = (from.alerts, from.refused);
                    self.partitions.faults[at].set(from.faults);
                    self.gate.add_held_back(&from.name, from.suppressed);
                }
                Fate::Kept
            }
        };
        RestoredRule { name: from.name, fate, partitions: 0, starts: 0 }
    }
}

/// The watermark of all sources, and those that are open.
fn order(global: &Global) -> Result<(Timestamp, Sources), Malformed> {
    let [Watermark { source: None, time, .. }, sources @ ..] = &global.watermarks[..] else {
        return Err(Malformed("it has no watermark of all sources"));
    };
    let one = |of_one: &Watermark| {
        let name = of_one.source.as_ref().ok_or(Malformed("a watermark is of no source"))?;
        let source = Source { rank: of_one.rank, name: name.as_str().into() };
        Ok(Open { source: Arc::new(source), watermark: of_one.time, idle: of_one.idle })
    };
    let open = sources.iter().map(one).collect::<Result<Vec<Open>, Malformed>>()?;
    if !open.is_sorted_by(|a, b| a.source.rank < b.source.rank) {
        return Err(Malformed("sources are not in order"));
    }
    Ok((*time, Sources::restored(open, global.furthest.unwrap_or(Timestamp::MIN))))
}
