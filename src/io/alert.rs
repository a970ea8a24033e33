//! Alerts and late events as lines of JSON.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::value::{JsonRecord, JsonValue};
use crate::alert::{Alert, Kind, LIMIT, RuleInfo, hex};
use crate::event::Event;
use crate::plan::KeyShown;

/// What an alert says about the events bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// Where they were read.
    #[default]
    Refs,
    /// That, and the events themselves.
    Full,
    /// Nothing.
    None,
}

/// Which record an alert is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertStyle {
    /// tripline's own.
    #[default]
    Plain,
    /// That, in the envelope of CloudEvents 1.0.
    CloudEvents,
}

/// How alerts are written.
#[derive(Clone, Copy, Debug)]
pub struct AlertFormat {
    /// Which record.
    pub style: AlertStyle,
    /// What is said about the events bound.
    pub evidence: Evidence,
    /// How many of them each step lists, the first ones; `omitted` counts the others.
    pub limit: usize,
}

impl AlertFormat {
    /// Whether an alert of a rule holds the events bound: if evidence is full and the rule does not hide its key, which
    /// the events would tell.
    pub fn shows_events(&self, rule: &RuleInfo) -> bool {
        self.evidence == Evidence::Full && rule.key_shown == KeyShown::Clear
    }

    /// The alert as one line of JSON, without the end of the line.
    pub fn line(&self, alert: &Alert) -> serde_json::Result<Vec<u8>> {
        let shown = Shown { format: self, alert };
        match self.style {
            AlertStyle::Plain => serde_json::to_vec(&shown),
            AlertStyle::CloudEvents => serde_json::to_vec(&Envelope(shown)),
        }
    }
}

/// An alert in tripline's own record.
struct Shown<'a> {
    format: &'a AlertFormat,
    alert: &'a Alert,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (alert, rule) = (self.alert, &self.alert.rule);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rule", rule.name.as_str())?;
        map.serialize_entry("version", rule.version.as_str())?;
        map.serialize_entry("id", &hex(alert.id))?;
        match &alert.kind {
            Kind::Match => {}
            Kind::Timeout { reached, bound } => {
                map.serialize_entry("kind", "timeout")?;
                map.serialize_entry("reached", reached.as_str())?;
                map.serialize_entry("bound", bound.as_str())?;
            }
            Kind::Summary { count } => {
                map.serialize_entry("kind", "summary")?;
                map.serialize_entry("count", count)?;
            }
            Kind::Limit(_) => map.serialize_entry("kind", "limit")?,
        }
        if let Some(severity) = rule.severity {
            map.serialize_entry("severity", severity.as_str())?;
        }
        if let Some(risk) = rule.risk {
            map.serialize_entry("risk", &risk)?;
        }
        if let Some(kind) = own_type(alert) {
            map.serialize_entry("type", kind)?;
        }
        let key = rule.key_names.iter().zip(alert.key.values());
        map.serialize_entry(
            "key",
            &Map(|| key.clone().map(|(name, value)| (name.as_str(), JsonValue(value)))),
        )?;
        map.serialize_entry("time", &alert.time.to_string())?;
        map.serialize_entry("first", &alert.first.to_string())?;
        map.serialize_entry("last", &alert.last.to_string())?;
        if let Some(deadline) = alert.deadline {
            map.serialize_entry("deadline", &deadline.to_string())?;
        }
        let fields = alert.fields.iter().map(|(name, value)| (name.as_str(), JsonValue(value)));
        map.serialize_entry("fields", &Map(|| fields.clone()))?;
        // A summary speaks of alerts and not of events, a bound of no event.
        let has_evidence = matches!(alert.kind, Kind::Match | Kind::Timeout { .. });
        if self.format.evidence != Evidence::None && has_evidence {
            self.evidence(&mut map)?;
        }
        map.end()
    }
}

impl Shown<'_> {
    fn evidence<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let (limit, full) = (self.format.limit, self.format.shows_events(&self.alert.rule));
        if self.alert.counts.is_some() {
            let steps = self.alert.bindings.iter().zip(self.alert.bound());
            let steps =
                steps.map(|((step, events), (_, count))| (step.as_str(), Ends { events, count, full }));
            let steps: Vec<(&str, Ends<'_>)> = steps.collect();
            return map.serialize_entry("match", &Map(|| steps.iter().map(|(step, ends)| (*step, ends))));
        }
        let steps = self.alert.bindings.iter().map(|(step, events)| {
            let listed = events.iter().take(limit).map(move |event| Reference { event, full });
            (step.as_str(), listed.collect::<Vec<_>>())
        });
        map.serialize_entry("match", &Map(|| steps.clone()))?;
        let omitted = self.alert.bindings.iter().filter(|(_, events)| events.len() > limit);
        let mut omitted = omitted.map(|(step, events)| (step.as_str(), events.len() - limit)).peekable();
        match omitted.peek() {
            Some(_) => map.serialize_entry("omitted", &Map(|| omitted.clone())),
            None => Ok(()),
        }
    }
}

/// The type that `emit` names, if it is not the rule's name.
fn own_type(alert: &Alert) -> Option<&str> {
    Some(alert.event_type.as_str()).filter(|kind| *kind != alert.rule.name)
}

/// An object made of what an iterator gives.
struct Map<F>(F);

impl<'a, F, I, V> Serialize for Map<F>
where
    F: Fn() -> I,
    I: Iterator<Item = (&'a str, V)>,
    V: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0())
    }
}

/// What a window held of a step: the first event, the last, and how many.
struct Ends<'a> {
    events: &'a [Arc<Event>],
    count: u64,
    full: bool,
}

impl Serialize for Ends<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        for (word, event) in [("first", self.events.first()), ("last", self.events.last())] {
            map.serialize_entry(word, &event.map(|event| Reference { event, full: self.full }))?;
        }
        map.serialize_entry("count", &self.count)?;
        map.end()
    }
}

/// Where an event was read, or which alert it is, with the event itself if evidence is full.
struct Reference<'a> {
    event: &'a Event,
    full: bool,
}

impl Serialize for Reference<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let source = &self.event.source;
        if source.is_rule() {
            map.serialize_entry("rule", &source.name)?;
            map.serialize_entry("id", &hex(self.event.identity))?;
        } else {
            map.serialize_entry("source", &source.name)?;
            map.serialize_entry("offset", &self.event.offset)?;
        }
        if self.full {
            map.serialize_entry("event", &JsonRecord(&self.event.fields))?;
        }
        map.end()
    }
}

/// An alert in the envelope of CloudEvents 1.0.
struct Envelope<'a>(Shown<'a>);

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let alert = self.0.alert;
        let kind = match alert.kind {
            Kind::Match => "tripline.alert",
            Kind::Timeout { .. } => "tripline.timeout",
            Kind::Summary { .. } => "tripline.summary",
            Kind::Limit(_) => LIMIT,
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("id", &hex(alert.id))?;
        map.serialize_entry("source", "tripline")?;
        map.serialize_entry("type", own_type(alert).unwrap_or(kind))?;
        map.serialize_entry("subject", alert.rule.name.as_str())?;
        map.serialize_entry("time", &alert.time.to_string())?;
        map.serialize_entry("datacontenttype", "application/json")?;
        map.serialize_entry("data", &self.0)?;
        map.end()
    }
}

/// An event that came too late. It serialises as one line of the late file.
#[derive(Clone, Copy, Debug)]
pub struct LateEvent<'a>(pub &'a Event);

impl Serialize for LateEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("source", &self.0.source.name)?;
        map.serialize_entry("offset", &self.0.offset)?;
        map.serialize_entry("time", &self.0.time.to_string())?;
        map.serialize_entry("event", &JsonRecord(&self.0.fields))?;
        map.end()
    }
}
