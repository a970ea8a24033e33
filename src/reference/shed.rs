//! What is given up when memory is short, one partition after the other.

use compact_str::CompactString;

use super::eval::Law;
use super::partial::{Match, Partial};
use super::partition::Partition;
use super::{Cause, Reference};
use crate::plan::Report;
use crate::sink::Sink;
use crate::time::Timestamp;

impl Reference {
    /// Gives up what is held the longest, as [`Engine::shed`](crate::runtime::Engine::shed) does.
    pub fn shed(&mut self, before: Timestamp, most: u64, sink: &mut impl Sink) -> Vec<(CompactString, u64)> {
        let now = self.buffer.watermark();
        let (mut shed, mut certain) = (Vec::new(), Vec::new());
        for machine in self.strata.iter_mut().flatten() {
            let (count, of_machine) = machine.shed(before, most, now);
            certain.extend(of_machine);
            if count > 0 {
                shed.push((machine.name().clone(), count));
            }
        }
        // Whoever says stop says so again with the next event.
        let _ = self.happens(&Cause::Certain(certain), sink);
        shed.sort();
        shed
    }
}

impl Partition {
    /// Gives up what began before a time: how much, and the matches that only waited for it.
    pub(super) fn shed(&mut self, law: &Law, before: Timestamp) -> (u64, Vec<Match>) {
        let held = self.starts.len() + self.previous.len();
        self.starts.retain(|start| start.branches.iter().any(|branch| is_since(&branch.partial, before)));
        self.previous.retain(|_, event| event.time >= before);
        let count = (held - self.starts.len() - self.previous.len()) as u64;
        self.refused += count;
        let settles = count > 0 && law.report == Report::Final;
        (count, if settles { self.settle(law) } else { Vec::new() })
    }
}

/// Whether it began at a time or later.
fn is_since(partial: &Partial, time: Timestamp) -> bool {
    partial.first().is_none_or(|first| first.time >= time)
}
