//! What stands between the one order of alerts and the sink: some are held back, some go elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use compact_str::CompactString;

use super::footprint::block;
use super::global::MOST;
use crate::alert::{Alert, Certain, Kind, RuleInfo, summary_after};
use crate::event::{Key, Value};
use crate::plan::Suppress;
use crate::program::{Compiled, Program};
use crate::sink::Sink;
use crate::snapshot::{Blob, Malformed, QuietState};
use crate::time::Timestamp;

/// Holds back alerts that are like one that came out, for as long as their rules say, and says how many they were.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    quiet: BTreeMap<Alike, Quiet>,
    /// The quiet times that have an end, by it.
    ends: BTreeSet<(Timestamp, Alike)>,
    /// How many were held back, by rule.
    held_back: BTreeMap<CompactString, u64>,
}

/// What alerts that are alike have in common: the rule, what it speaks of, and what its `suppress` names.
pub(super) type Alike = (CompactString, Of, Vec<u8>);

/// What an alert speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Of {
    Match,
    Timeout,
    Limit,
}

/// The time after an alert in which those like it are held back.
#[derive(Clone, Debug)]
pub(super) struct Quiet {
    /// Its last moment; without one it has no end.
    pub(super) until: Option<Timestamp>,
    /// The key group in which it began.
    pub(super) group: u32,
    pub(super) count: u64,
    /// What will be said of those that were held back.
    pub(super) summary: Alert,
}

/// What it takes, in bytes, that one alert came out. The nodes of a tree that grows at its end are half full.
pub(super) fn size(suppress: &Suppress) -> usize {
    let likeness = block(16);
    let fields = block(suppress.by.len() * size_of::<(CompactString, Value)>());
    2 * (size_of::<(Alike, Quiet)>() + size_of::<(Timestamp, Alike)>() + likeness) + fields
}

impl Gate {
    /// Takes the next alert in the one order, and gives what comes out to the sink.
    pub(crate) fn take(&mut self, certain: Certain, sink: &mut impl Sink) -> ControlFlow<()> {
        self.pass(Some(certain.moment), sink)?;
        let mut out = Vec::new();
        self.admit(certain, &mut out);
        out.into_iter().try_for_each(|certain| give(certain, sink))
    }

    /// Takes the next alert of its rule, which those of other rules may be ahead of. Gives what comes out.
    pub(super) fn admit(&mut self, certain: Certain, out: &mut Vec<Certain>) {
        let Some((alike, suppress)) = alike(&certain) else { return out.push(certain) };
        if let Some(quiet) = self.quiet.get_mut(&alike) {
            if quiet.until.is_none_or(|until| until >= certain.moment) {
                quiet.hold_back(&certain.alert);
                *self.held_back.entry(alike.0).or_default() += 1;
                return;
            }
            out.extend(self.close(&alike).and_then(Quiet::certain));
        }
        let until = suppress.length.map(|length| certain.moment.after(length));
        let summary = summary_after(&certain.alert, suppress, &alike.2);
        let group = certain.likeness.as_ref().map_or(0, |likeness| likeness.group);
        self.open(alike, Quiet { until, group, count: 0, summary });
        out.push(certain);
    }

    /// Time has come to `end`: says what was held back in quiet times that ended before it; without an end, in all of
    /// them.
    pub(crate) fn pass(&mut self, end: Option<Timestamp>, sink: &mut impl Sink) -> ControlFlow<()> {
        // Mostly nothing is.
        if self.quiet.is_empty() {
            return ControlFlow::Continue(());
        }
        self.over(end).into_iter().try_for_each(|certain| give(certain, sink))
    }

    /// What is to be said of quiet times that ended before this, in order.
    pub(super) fn over(&mut self, end: Option<Timestamp>) -> Vec<Certain> {
        let mut over = Vec::new();
        while let Some((until, alike)) = self.ends.first()
            && end.is_none_or(|end| *until < end)
        {
            let alike = alike.clone();
            over.extend(self.close(&alike));
        }
        if end.is_none() {
            over.extend(std::mem::take(&mut self.quiet).into_values());
        }
        let mut certain: Vec<Certain> = over.into_iter().filter_map(Quiet::certain).collect();
        certain.sort_by(Certain::order);
        certain
    }

    /// Goes on with another program, when time has come to `now`: what its rules hold back no more, or by something else, is
    /// over, and what is to be said of it is given to the sink.
    pub(crate) fn turn_to(
        &mut self,
        program: &Program,
        now: Timestamp,
        sink: &mut impl Sink,
    ) -> ControlFlow<()> {
        let mut over = Vec::new();
        for (alike, mut quiet) in std::mem::take(&mut self.quiet) {
            let rules = program.compiled();
            let rule = rules.binary_search_by(|rule| rule.info.name.cmp(&alike.0)).ok();
            let rule = rule.and_then(|rule| rules.get(rule));
            let by = |info: &RuleInfo| {
                info.suppress.as_ref().map(|suppress| (suppress.by.clone(), info.key_names.clone()))
            };
            let info = rule.map(|rule| if alike.1 == Of::Limit { &rule.at_limit } else { &rule.info });
            match info.filter(|info| by(info) == by(&quiet.summary.rule)) {
                Some(info) => {
                    quiet.summary.rule = Arc::clone(info);
                    self.quiet.insert(alike, quiet);
                }
                None => {
                    if let Some(until) = quiet.until {
                        self.ends.remove(&(until, alike));
                        quiet.until = Some(until.min(now));
                    }
                    quiet.summary.time = quiet.summary.time.min(now);
                    over.extend(quiet.certain());
                }
            }
        }
        over.sort_by(Certain::order);
        over.into_iter().try_for_each(|certain| give(certain, sink))
    }

    fn close(&mut self, alike: &Alike) -> Option<Quiet> {
        let quiet = self.quiet.remove(alike)?;
        if let Some(until) = quiet.until {
            self.ends.remove(&(until, alike.clone()));
        }
        Some(quiet)
    }

    /// The quiet times that began in some key groups, by group and rule, as data.
    pub(super) fn to_states(
        &self,
        of: impl Fn(u32) -> bool,
    ) -> BTreeMap<(u32, CompactString), Vec<QuietState>> {
        let mut states: BTreeMap<_, Vec<QuietState>> = BTreeMap::new();
        for ((rule, speaks_of, likeness), quiet) in self.quiet.iter().filter(|(_, quiet)| of(quiet.group)) {
            let of_rule = states.entry((quiet.group, rule.clone())).or_default();
            of_rule.push(quiet.to_state(*speaks_of, likeness));
        }
        states
    }

    /// Takes over what another one holds.
    #[cfg(feature = "pipeline")]
    pub(crate) fn absorb(&mut self, other: Gate) {
        self.quiet.extend(other.quiet);
        self.ends.extend(other.ends);
        other.held_back.iter().for_each(|(rule, count)| self.add_held_back(rule, *count));
    }

    /// How many alerts of a rule were held back.
    pub(crate) fn held_back(&self, rule: &str) -> u64 {
        self.held_back.get(rule).copied().unwrap_or(0)
    }

    /// Goes on with a quiet time.
    pub(super) fn open(&mut self, alike: Alike, quiet: Quiet) {
        self.ends.extend(quiet.until.map(|until| (until, alike.clone())));
        self.quiet.insert(alike, quiet);
    }

    /// Goes on counting.
    pub(super) fn add_held_back(&mut self, rule: &CompactString, count: u64) {
        *self.held_back.entry(rule.clone()).or_default() += count;
    }
}

impl Quiet {
    fn to_state(&self, of: Of, likeness: &[u8]) -> QuietState {
        let Alert { id, event_type, key, fields, time, first, last, .. } = &self.summary;
        QuietState {
            timeout: of == Of::Timeout,
            limit: of == Of::Limit,
            likeness: Blob(likeness.to_vec()),
            until: self.until,
            count: self.count,
            id: Blob(id.to_be_bytes().to_vec()),
            event_type: event_type.clone(),
            key: key.values().to_vec(),
            fields: fields.clone(),
            time: *time,
            first: *first,
            last: *last,
        }
    }

    /// Takes the quiet times of a rule back, which began in a key group.
    pub(super) fn from_states(
        rule: &Compiled,
        group: u32,
        states: Vec<QuietState>,
    ) -> Result<Vec<(Alike, Quiet)>, Malformed> {
        let place = |state: &QuietState| (state.limit, state.timeout, state.likeness.0.clone());
        let in_order = states.is_sorted_by(|a, b| place(a) < place(b));
        if !in_order {
            return Err(Malformed("quiet times are not in order"));
        }
        states.into_iter().map(|state| Quiet::from_state(rule, group, state)).collect()
    }

    fn from_state(rule: &Compiled, group: u32, state: QuietState) -> Result<(Alike, Quiet), Malformed> {
        let QuietState { likeness, until, count, id, event_type, key, fields, time, first, last, .. } = state;
        let of = match (state.timeout, state.limit) {
            (false, false) => Of::Match,
            (true, false) => Of::Timeout,
            (false, true) => Of::Limit,
            (true, true) => return Err(Malformed("an alert speaks of a timeout and of a bound")),
        };
        let rule = if of == Of::Limit { &rule.at_limit } else { &rule.info };
        let id = id.0.try_into().map_err(|_| Malformed("an id has not 16 bytes"))?;
        let summary = Alert {
            rule: Arc::clone(rule),
            kind: Kind::Summary { count: 0 },
            id: u128::from_be_bytes(id),
            event_type,
            key: Key::new(key).ok_or(Malformed("a key has a null"))?,
            time,
            first,
            last,
            deadline: None,
            fields,
            bindings: Vec::new(),
            counts: None,
        };
        if count > MOST {
            return Err(Malformed("a count is too large"));
        }
        Ok(((rule.name.clone(), of, likeness.0), Quiet { until, group, count, summary }))
    }

    fn hold_back(&mut self, alert: &Alert) {
        let summary = &mut self.summary;
        if self.count == 0 {
            (summary.first, summary.last) = (alert.first, alert.last);
        }
        (summary.first, summary.last) = (summary.first.min(alert.first), summary.last.max(alert.last));
        if self.until.is_none() {
            summary.time = summary.time.max(alert.time);
        }
        self.count += 1;
    }

    /// What is said when it is over, if anything was held back.
    fn certain(self) -> Option<Certain> {
        let alert = Alert { kind: Kind::Summary { count: self.count }, ..self.summary };
        let moment = self.until.unwrap_or(Timestamp::MAX);
        (self.count > 0).then_some(Certain { moment, cause: Certain::QUIET_ENDS, alert, likeness: None })
    }
}

/// What an alert has in common with those like it, and how its rule holds such back.
fn alike(certain: &Certain) -> Option<(Alike, &Suppress)> {
    let Certain { alert, likeness, .. } = certain;
    let (likeness, suppress) = (likeness.as_ref()?, alert.rule.suppress.as_ref()?);
    let of = match alert.kind {
        Kind::Match | Kind::Summary { .. } => Of::Match,
        Kind::Timeout { .. } => Of::Timeout,
        Kind::Limit(_) => Of::Limit,
    };
    Some(((alert.rule.name.clone(), of, likeness.bytes.clone()), suppress))
}

pub(super) fn give(certain: Certain, sink: &mut impl Sink) -> ControlFlow<()> {
    let alert = certain.alert;
    if alert.rule.shadow { sink.shadow(alert) } else { sink.alert(alert) }
}
