//! Another rule set for a stream that goes on.
//!
//! What an unchanged rule holds stays where it is (`pass`); what is kept of its events may have to be `turn`ed. What an
//! edited rule holds is told as a snapshot tells it (`logical`), carried over to the new text (`carry`, which finds by
//! `replay` where a partial match stands in other steps), and taken up again. `edit` says which of these it is.

mod carry;
mod edit;
mod pass;
mod replay;
mod turn;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::edit::Edit;
use self::pass::Pass;
use super::engine::{Alone, Engine};
use super::keys::RowKeys;
use super::observer::Observer;
use crate::alert::Certain;
use crate::program::Program;
use crate::sink::Sink;
use crate::stream::Swapped;

pub(super) use turn::Turn;

impl<O: Observer> Engine<O> {
    /// Goes on with another rule set, which judges what has not been judged yet. A rule that stays as it is keeps all its
    /// partial matches; an edited one those that [`Revision`](crate::plan::Revision) says; those of a rule that is gone are
    /// lost. What was held back by a `suppress` that is gone or goes by something else now is said to the sink. Says what
    /// became of each rule that ran, by name.
    ///
    /// A partial match that the new bounds would have ended before is dropped, an absence that has lasted long enough for
    /// them is said as soon as time goes on.
    ///
    /// Fails, and changes nothing, where the rules look at alerts and the engine owns some of the key groups only.
    ///
    /// Cost: what a rule holds that stays as it is, or is edited in its conditions and alerts alone, stays where it lies. Only
    /// if its number among the rules changes each key is passed over, and if other rules have more or less kept of its
    /// events, or fields are numbered otherwise, each event is kept anew. What an otherwise edited rule holds is told and
    /// taken up again. Of a million partial matches that is seconds at the most.
    pub fn swap(&mut self, program: &Arc<Program>, sink: &mut impl Sink) -> Result<Vec<Swapped>, Alone> {
        let groups = self.groups();
        if program.strata() > 1 && groups.owned().len() != groups.count() as usize {
            return Err(Alone);
        }
        let now = self.buffer.watermark();
        let (swapped, certain) = self.turn_to(program);
        // Whoever says stop says so again with the next event.
        let _ = self.gate.turn_to(program, now, sink);
        let _ = self.tell(certain, sink);
        Ok(swapped)
    }

    /// The same without what is held back, which several engines may have in common; with the matches that the edit has made
    /// certain, in no order.
    pub(crate) fn turn_to(&mut self, program: &Arc<Program>) -> (Vec<Swapped>, Vec<Certain>) {
        self.vacant = None;
        let before = Arc::clone(&self.partitions.program);
        let now = self.buffer.watermark();
        self.keys = RowKeys::new(program, self.groups());
        self.buffer.turn_to(&before, program);
        let turn = Turn::new(&before, program);
        let strays = std::mem::take(&mut self.partitions.strays);
        let since = std::mem::take(&mut self.partitions.since);
        self.partitions.since = since.edited(&before, program, now);
        let rules = (0..).zip(strays).zip(before.compiled());
        let edits = rules.map(|(rule, old)| Edit::new((&before, old), rule, program, &since, &turn, now));
        let edits: Vec<Edit<'_>> = edits.collect();
        let mut swapped: Vec<Swapped> = edits.iter().map(Edit::nothing_yet).collect();
        let open = self.partitions.open.of_rules(edits.len());
        let stays = |rule: u32| edits.get(rule as usize).and_then(Edit::stays);
        self.partitions.open = self.partitions.open.renumbered(stays);
        let is_untouched = |rule: u32| edits.get(rule as usize).is_some_and(|edit| edit.is_untouched);
        let tables = self.partitions.turn_to(program, is_untouched);
        for (rule, strays) in edits.iter().filter_map(|edit| Some((edit.goes_on()?.0, edit.strays))) {
            self.partitions.strays.get_mut(rule as usize).into_iter().for_each(|place| *place = strays);
        }
        let mut pass = Pass::new((&before, &edits), &mut self.partitions, turn, now);
        for ((space, table), home) in tables.into_iter().enumerate().zip(homes(&before, &edits)) {
            pass.table(table, space, home);
        }
        let (mut certain, lacking) = pass.end();
        // What would have ended before has ended by now; a session, if the event that kept it open is not of it any more.
        for depth in 0..program.strata() {
            self.partitions.pass(depth, Some(now), &mut certain);
        }
        let kept = self.partitions.open.of_rules(program.compiled().len());
        for (((edit, counts), open), lacking) in edits.iter().zip(&mut swapped).zip(open).zip(lacking) {
            counts.kept = edit.new.and_then(|(rule, _)| kept.get(rule as usize)).copied().unwrap_or_default();
            (counts.lost, counts.lacking) = (open.saturating_sub(counts.kept), lacking);
        }
        (swapped, certain)
    }
}

/// For each table that there was the key space whose table it is now, if it is one: where it was, if a rule goes on there,
/// else that of the first rule which goes on.
fn homes(before: &Program, edits: &[Edit<'_>]) -> Vec<Option<usize>> {
    let mut homes = vec![None; before.spaces().len()];
    let mut taken = BTreeSet::new();
    let mut rules: Vec<_> = edits.iter().filter_map(|edit| Some((edit.old, edit.goes_on()?.1))).collect();
    rules.sort_by_key(|(old, new)| old.space != new.space);
    for (old, new) in rules {
        if let Some(home) = homes.get_mut(old.space).filter(|home| home.is_none())
            && taken.insert(new.space)
        {
            *home = Some(new.space);
        }
    }
    homes
}
