//! Another rule set for a stream that goes on.
//!
//! What an engine holds is told as a snapshot tells it (`logical`), carried over to the edited rules (`carry`, which finds
//! by `replay` where a partial match stands in other steps), and taken up again.

mod carry;
mod replay;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::carry::Carry;
use super::engine::{Alone, Engine};
use super::keys::RowKeys;
use super::observer::Observer;
use super::partition::Partition;
use super::snapshot::Taken;
use super::table::{Entry, KeyBytes};
use crate::alert::Certain;
use crate::plan::Revision;
use crate::program::{Compiled, Form, Lack, Program};
use crate::sink::Sink;
use crate::snapshot::{EventTable, Events, PartitionState};
use crate::stream::Swapped;
use crate::time::Timestamp;

/// A rule and what it becomes.
struct Edit<'p> {
    old: &'p Compiled,
    /// Its number now, and it.
    new: Option<(u32, &'p Compiled)>,
    revision: Option<Revision>,
    /// How its partial matches are carried over; `None` if they stay as they are.
    carry: Option<Carry<'p>>,
}

/// What is held of a rule for a key, told as the edits have it.
struct Told {
    /// The place of its edit.
    edit: usize,
    key: KeyBytes,
    state: PartitionState,
}

impl<O: Observer> Engine<O> {
    /// Goes on with another rule set, which judges what has not been judged yet. A rule that stays as it is keeps
    /// all its partial matches; an edited one those that [`Revision`] says; those of a rule that is gone are lost. What was
    /// held back by a `suppress` that is gone or goes by something else now is said to the sink. Says what became of each
    /// rule that ran, by name.
    ///
    /// A partial match that the new bounds would have ended before is dropped, an absence that has lasted long enough for
    /// them is said as soon as time goes on.
    ///
    /// Fails, and changes nothing, where the rules look at alerts and the engine owns some of the key groups only.
    ///
    /// Cost: everything that is held is passed over once.
    pub fn swap(&mut self, program: &Arc<Program>, sink: &mut impl Sink) -> Result<Vec<Swapped>, Alone> {
        let groups = self.groups();
        if program.strata() > 1 && groups.owned().len() != groups.count() as usize {
            return Err(Alone);
        }
        let now = self.buffer.watermark();
        let (swapped, certain) = self.turn_to(program);
        // Whoever says stop says so again with the next event.
        let _ = self.gate.swap(program, now, certain, sink);
        Ok(swapped)
    }

    /// The same without what is held back, which several engines may have in common; with the matches that the edit has made
    /// certain, in no order.
    pub(crate) fn turn_to(&mut self, program: &Arc<Program>) -> (Vec<Swapped>, Vec<Certain>) {
        let before = Arc::clone(&self.partitions.program);
        let now = self.buffer.watermark();
        self.keys = RowKeys::new(program, self.groups());
        self.buffer.turn_to(&before, program);
        let tables = self.partitions.turn_to(program);
        let mut groups: BTreeMap<u32, Vec<Entry>> = BTreeMap::new();
        for entry in tables.into_iter().flat_map(|table| table.into_iter()) {
            groups.entry(entry.group).or_default().push(entry);
        }
        let edits: Vec<Edit<'_>> =
            before.compiled().iter().map(|old| Edit::new(&before, old, program, now)).collect();
        let mut swapped: Vec<Swapped> = edits.iter().map(Edit::nothing_yet).collect();
        let mut certain = Vec::new();
        for (group, entries) in groups {
            let (told, events) = tell(&before, &edits, entries, &mut swapped);
            self.take_up(&edits, group, (told, events), &mut certain);
        }
        // What would have ended before has ended by now; a session, if the event that kept it open is not of it any more.
        for depth in 0..program.strata() {
            self.partitions.pass(depth, Some(now), &mut certain);
        }
        let open = self.partitions.open_starts();
        for (edit, counts) in edits.iter().zip(&mut swapped) {
            counts.kept = edit.new.and_then(|(rule, _)| open.get(rule as usize)).copied().unwrap_or_default();
            counts.lost = counts.lost.saturating_sub(counts.kept);
        }
        (swapped, certain)
    }

    /// Puts back what is told of the keys of one group.
    fn take_up(
        &mut self,
        edits: &[Edit<'_>],
        group: u32,
        (told, events): (Vec<Told>, Events),
        certain: &mut Vec<Certain>,
    ) {
        let program = Arc::clone(&self.partitions.program);
        let Ok(held) = events.held(&program) else { return };
        let most = program.limits().partials_per_key;
        for Told { edit, key, state } in told {
            let Some((edit, (rule, new))) = edits.get(edit).and_then(|edit| Some((edit, edit.new?))) else {
                continue;
            };
            let form = if edit.keeps_form() { self.partitions.form(rule) } else { new.form.general() };
            let pattern = program.pattern_of(new);
            if let Ok(mut state) = Partition::from_logical(form, new, pattern, &state, &held, most) {
                if edit.carry.is_some() {
                    let outcome = state.settle(new);
                    self.partitions.report(rule, group, self.buffer.watermark(), &outcome, certain);
                }
                self.put_back(group, Taken { rule, key: key.to_vec(), state });
            }
        }
    }
}

/// What is held of the keys of one group and goes on, with the events of it. Notes how many starts there were.
fn tell(
    before: &Program,
    edits: &[Edit<'_>],
    entries: Vec<Entry>,
    swapped: &mut [Swapped],
) -> (Vec<Told>, Events) {
    let mut table = EventTable::new(before.fields());
    // What is told in another form is told of other events that say the same, which must live as long as the table.
    let mut general = Vec::new();
    let mut told = Vec::new();
    for Entry { key, states, .. } in &entries {
        for (rule, state) in states {
            let at = *rule as usize;
            let (Some(edit), Some(counts)) = (edits.get(at), swapped.get_mut(at)) else { continue };
            counts.lost += state.starts() as u64;
            if !edit.goes_on() {
                continue;
            } else if edit.keeps_form() {
                told.push(Told { edit: at, key: key.clone(), state: state.to_logical(edit.old, &mut table) });
            } else if let Some(runs) = state.in_general(edit.old, before) {
                general.push((at, edit, key, runs));
            }
        }
    }
    for (at, edit, key, runs) in &general {
        told.push(Told { edit: *at, key: (*key).clone(), state: runs.to_logical(edit.old, &mut table) });
    }
    let events = table.into_events();
    for Told { edit, state, .. } in &mut told {
        let carry = edits.get(*edit).and_then(|edit| edit.carry.as_ref());
        if let Some((carry, counts)) = carry.zip(swapped.get_mut(*edit)) {
            counts.lacking += carry.partition(state, &events.events);
        }
    }
    (told, events)
}

impl<'p> Edit<'p> {
    fn new(before: &'p Program, old: &'p Compiled, program: &'p Program, now: Timestamp) -> Self {
        let mut rules = (0..).zip(program.compiled());
        let new = rules.find(|(_, new)| new.info.name == old.info.name);
        let plan = |program: &'p Program, rule: &Compiled| program.plan().rules.get(rule.rule);
        let texts = new.and_then(|(_, new)| Some((plan(before, old)?, plan(program, new)?)));
        let revision = texts.map(|(old, new)| Revision::of(old, new));
        let edited = new.zip(texts).filter(|_| revision != Some(Revision::Same));
        let carry = edited.map(|((_, new), (_, text))| {
            let patterns = (before.pattern_of(old), program.pattern_of(new));
            let lack = Lack::new(before, text);
            let lacks = lack.is_possible(text);
            Carry::new((old, new), patterns, (lack, lacks), revision == Some(Revision::Reshaped), now)
        });
        Edit { old, new, revision, carry }
    }

    fn nothing_yet(&self) -> Swapped {
        Swapped { name: self.old.info.name.clone(), revision: self.revision, kept: 0, lost: 0, lacking: 0 }
    }

    fn goes_on(&self) -> bool {
        matches!(self.revision, Some(Revision::Same | Revision::Alike | Revision::Reshaped))
    }

    /// Whether partial matches go on in the form in which they are held.
    fn keeps_form(&self) -> bool {
        let same = self.new.is_some_and(|(_, new)| new.form == self.old.form);
        let stays = match self.revision {
            Some(Revision::Same) => same,
            Some(Revision::Alike) => {
                same && self.reads_alike() && !self.carry.as_ref().is_some_and(|carry| carry.lacks)
            }
            _ => false,
        };
        stays || self.old.form == Form::Window
    }

    /// Whether what is told in common means the same: it says where events were taken, and whether one who has taken an event
    /// waits on goes by the mode of the step.
    fn reads_alike(&self) -> bool {
        let modes = |rule: &Compiled| rule.steps.iter().map(|step| step.mode).collect::<Vec<_>>();
        self.old.form != Form::Shared || self.new.is_some_and(|(_, new)| modes(self.old) == modes(new))
    }
}
