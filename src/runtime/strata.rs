//! Rules over the alerts of rules: a part of the stream is judged by the rules of each depth in turn, and what those of
//! lower depths have said stands between its events.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::engine::Engine;
use super::gate::{Gate, give};
use super::judge::Arrival;
use super::keys::RowKeys;
use super::observer::Observer;
use super::outlet::Outlet;
use crate::alert::{Certain, Kind};
use crate::event::Batch;
use crate::program::Program;
use crate::sink::Sink;
use crate::time::Timestamp;

/// Alerts as events, in the one order.
#[derive(Debug)]
pub(crate) struct Heard {
    batch: Arc<Batch>,
    /// For each its moment and its first cause.
    places: Vec<(Timestamp, u64)>,
}

/// The events of a part of the stream that concern rules over alerts, in order: they are judged again by those.
#[derive(Debug, Default)]
pub(super) struct Shown {
    rows: Vec<ShownRow>,
    /// How many events had been judged before.
    first: u64,
    /// How many alerts stood between the events before: of each part of the stream the most that rules of one depth were
    /// shown. So the places of events ascend for all rules, and still do if a rule comes to stand at another depth.
    heard: u64,
    /// The most of this part.
    most: u64,
}

#[derive(Debug)]
struct ShownRow {
    batch: Arc<Batch>,
    keys: Option<Arc<RowKeys>>,
    row: usize,
    kind: Option<usize>,
    /// Its place in the order of the input.
    seq: u64,
}

impl Shown {
    /// How many places alerts have taken between the events before.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// How many places all have taken.
    pub(super) fn places(&self) -> u64 {
        self.heard + self.most
    }

    /// Has at least so many places be taken.
    pub(super) fn leave_room(&mut self, places: u64) {
        self.heard = self.heard.max(places);
    }

    /// Begins a part of the stream before which so many events were judged.
    fn begin(&mut self, judged: u64) {
        self.rows.clear();
        self.first = judged;
        self.heard += std::mem::take(&mut self.most);
    }

    /// Goes on where another was.
    pub(super) fn restore(&mut self, judged: u64, heard: u64) {
        (self.first, self.heard) = (judged, heard);
    }

    /// Takes note of a row that is judged, if it concerns a rule over alerts.
    pub(super) fn note(
        &mut self,
        program: &Program,
        batch: &Arc<Batch>,
        keys: Option<&Arc<RowKeys>>,
        (row, kind, seq): (usize, Option<usize>, u64),
    ) {
        if program.concerns(kind).iter().any(|concern| concern.depth > 0) {
            let (batch, keys) = (Arc::clone(batch), keys.cloned());
            self.rows.push(ShownRow { batch, keys, row, kind, seq });
        }
    }
}

impl Heard {
    /// Of what was said, which stands in the one order, that which rules of this depth look at.
    fn new(program: &Program, depth: u32, said: &[Certain]) -> Self {
        let looked_at = |kind: &str| {
            let kind = program.kinds().get_index_of(kind)?;
            program.concerns_of_alerts(kind).iter().find(|concern| concern.depth == depth)
        };
        let heard = said
            .iter()
            .filter(|certain| certain.is_event() && looked_at(&certain.alert.event_type).is_some());
        let places = heard.clone().map(|certain| (certain.moment, certain.cause)).collect();
        let events = heard.map(|certain| Arc::new(certain.alert.event()));
        Heard { batch: Arc::new(Batch::of(program.fields(), events)), places }
    }
}

/// Has a part of the stream, in which time has come so far, judged by the rules of all depths in turn. `first` is what those
/// of depth 0 have said, `rise` has it judged by those of a further one.
pub(crate) fn ascend(
    program: &Program,
    gate: &mut Gate,
    until: Option<Timestamp>,
    first: Vec<Certain>,
    sink: &mut impl Sink,
    mut rise: impl FnMut(u32, &Heard) -> Vec<Certain>,
) -> ControlFlow<()> {
    let mut said = Vec::new();
    let mut admit = |mut certain: Vec<Certain>, said: &mut Vec<Certain>| {
        certain.sort_by(Certain::order);
        certain.into_iter().for_each(|certain| gate.admit(certain, said));
        said.sort_by(Certain::order);
    };
    admit(first, &mut said);
    for depth in 1..program.strata() {
        let certain = rise(depth, &Heard::new(program, depth, &said));
        admit(certain, &mut said);
    }
    said.extend(gate.over(until));
    said.sort_by(Certain::order);
    said.into_iter().try_for_each(|certain| give(certain, sink))
}

impl<O: Observer> Engine<O> {
    /// Has the rules of a further depth judge what those before have judged since this was asked last, and what they have
    /// said of it.
    pub(crate) fn rise(
        &mut self,
        depth: u32,
        heard: &Heard,
        until: Option<Timestamp>,
        outlet: &mut impl Outlet,
    ) -> ControlFlow<()> {
        let program = Arc::clone(&self.partitions.program);
        let shown = std::mem::take(&mut self.shown);
        let flow = self.rise_over(&program, depth, &shown, heard, outlet);
        self.shown = shown;
        self.shown.most = self.shown.most.max(heard.places.len() as u64);
        flow?;
        if depth + 1 == program.strata() {
            self.shown.begin(self.counts.judged);
        }
        self.close(depth, until, outlet)
    }

    fn rise_over(
        &mut self,
        program: &Program,
        depth: u32,
        shown: &Shown,
        heard: &Heard,
        outlet: &mut impl Outlet,
    ) -> ControlFlow<()> {
        let mut rows = shown.rows.iter().peekable();
        let (mut before, mut heard_before) = (shown.first, shown.heard);
        for (alert, (moment, cause)) in heard.batch.rows().zip(&heard.places) {
            while let Some(next) = rows.next_if(|next| next.stands_before(*moment, *cause)) {
                self.present_shown(program, depth, next, heard_before, outlet)?;
                before = next.seq + 1;
            }
            let Some(kind) = alert.kind().and_then(|kind| program.kinds().get_index_of(kind)) else {
                continue;
            };
            let arrival = Arrival::of_alert(program, alert, kind, *cause, before + heard_before);
            self.present(program, depth, &arrival, None, outlet)?;
            heard_before += 1;
        }
        for next in rows {
            self.present_shown(program, depth, next, heard_before, outlet)?;
        }
        ControlFlow::Continue(())
    }

    fn present_shown(
        &mut self,
        program: &Program,
        depth: u32,
        shown: &ShownRow,
        heard: u64,
        outlet: &mut impl Outlet,
    ) -> ControlFlow<()> {
        let Some(row) = shown.batch.row(shown.row) else { return ControlFlow::Continue(()) };
        let arrival = Arrival::of_input(program, row, shown.kind, shown.seq, shown.seq + heard);
        self.present(program, depth, &arrival, shown.keys.as_deref(), outlet)
    }
}

impl ShownRow {
    /// Whether it stands before an alert of this moment and first cause.
    fn stands_before(&self, moment: Timestamp, cause: u64) -> bool {
        self.batch.row(self.row).is_none_or(|row| (row.time(), self.seq) <= (moment, cause))
    }
}

impl Certain {
    /// Whether other rules can look at it: it is neither a summary, nor of a shadow rule, nor of a bound, and it is not only
    /// the end of the input that makes it certain.
    fn is_event(&self) -> bool {
        let finds = matches!(self.alert.kind, Kind::Match | Kind::Timeout { .. });
        finds && !self.alert.rule.shadow && self.moment < Timestamp::MAX
    }
}
