//! Alerts that are held back, and the summaries of them.

use std::mem::discriminant;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Certain, order};
use crate::alert::{Alert, Kind, RuleInfo, summary_after};
use crate::program::Program;
use crate::sink::Sink;
use crate::time::Timestamp;

/// Every alert that came out and after which others are held back.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    passed: Vec<Passed>,
    held_back: Vec<Alert>,
}

/// An alert that came out.
#[derive(Debug)]
struct Passed {
    alert: Alert,
    /// What those like it have in common with it.
    likeness: Vec<u8>,
    /// Until when they are held back.
    until: Option<Timestamp>,
    /// Those that were.
    held_back: Vec<Alert>,
    /// When an edit of the rule has ended it.
    is_over: Option<Timestamp>,
}

impl Quiet {
    /// The next alert in the one order; whether it comes out.
    pub(super) fn take(&mut self, certain: Certain, sink: &mut impl Sink) -> ControlFlow<(), bool> {
        let (moment, alert, likeness) = certain;
        self.pass(moment, sink)?;
        let (Some(likeness), Some(suppress)) = (likeness, &alert.rule.suppress) else {
            give(alert, sink)?;
            return ControlFlow::Continue(true);
        };
        let is_like = |passed: &&mut Passed| {
            passed.alert.rule.name == alert.rule.name
                && discriminant(&passed.alert.kind) == discriminant(&alert.kind)
                && passed.likeness == likeness
        };
        if let Some(passed) = self.passed.iter_mut().find(is_like) {
            self.held_back.push(alert.clone());
            passed.held_back.push(alert);
            return ControlFlow::Continue(false);
        }
        let until = suppress.length.map(|length| moment.after(length));
        self.passed.push(Passed {
            alert: alert.clone(),
            likeness,
            until,
            held_back: Vec::new(),
            is_over: None,
        });
        give(alert, sink)?;
        ControlFlow::Continue(true)
    }

    /// What ended before this time.
    pub(super) fn pass(&mut self, time: Timestamp, sink: &mut impl Sink) -> ControlFlow<()> {
        self.say(|passed| passed.until.is_some_and(|until| until < time), sink)
    }

    /// The input was flushed.
    pub(super) fn end(&mut self, sink: &mut impl Sink) -> ControlFlow<()> {
        self.say(|_| true, sink)
    }

    /// Goes on with another program, in which time has come to `now`.
    pub(super) fn turn_to(
        &mut self,
        program: &Program,
        now: Timestamp,
        sink: &mut impl Sink,
    ) -> ControlFlow<()> {
        let by = |info: &RuleInfo| Some((info.suppress.as_ref()?.by.clone(), info.key_names.clone()));
        for passed in &mut self.passed {
            let at_limit = matches!(passed.alert.kind, Kind::Limit(_));
            let rules = program.rules().filter(|(rule, _)| rule.runs());
            let mut infos =
                rules.map(|(_, info)| if at_limit { Arc::new(info.at_limit()) } else { Arc::clone(info) });
            match infos.find(|info| info.name == passed.alert.rule.name && by(info) == by(&passed.alert.rule))
            {
                Some(info) => passed.alert.rule = info,
                None => passed.is_over = Some(now),
            }
        }
        self.say(|passed| passed.is_over.is_some(), sink)
    }

    /// How many alerts of a rule were held back.
    pub(super) fn held_back(&self, rule: &str) -> u64 {
        self.held_back.iter().filter(|alert| alert.rule.name == rule).count() as u64
    }

    fn say(&mut self, is_over: impl Fn(&Passed) -> bool, sink: &mut impl Sink) -> ControlFlow<()> {
        let over: Vec<Passed> = self.passed.extract_if(.., |passed| is_over(passed)).collect();
        let mut summaries: Vec<(Timestamp, Alert)> = over.iter().filter_map(Passed::summary).collect();
        summaries.sort_by(|(s, a), (t, b)| s.cmp(t).then_with(|| order(a, b)));
        summaries.into_iter().try_for_each(|(_, alert)| give(alert, sink))
    }
}

impl Passed {
    /// What is said of those that were held back, and when, if there were any.
    fn summary(&self) -> Option<(Timestamp, Alert)> {
        let held = &self.held_back;
        let mut alert = summary_after(&self.alert, self.alert.rule.suppress.as_ref()?, &self.likeness);
        alert.kind = Kind::Summary { count: held.len() as u64 };
        alert.first = held.iter().map(|alert| alert.first).min()?;
        alert.last = held.iter().map(|alert| alert.last).max()?;
        if self.until.is_none() {
            alert.time = held.iter().chain([&self.alert]).map(|alert| alert.time).max()?;
        }
        // For how long later ones are held back may have been edited since.
        alert.time = self.until.unwrap_or(alert.time).min(self.is_over.unwrap_or(Timestamp::MAX));
        Some((self.until.map_or(Timestamp::MAX, |until| until.min(self.is_over.unwrap_or(until))), alert))
    }
}

fn give(alert: Alert, sink: &mut impl Sink) -> ControlFlow<()> {
    if alert.rule.shadow { sink.shadow(alert) } else { sink.alert(alert) }
}
