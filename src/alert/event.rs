//! An alert as the event that it is to other rules.

use std::sync::Arc;

use compact_str::CompactString;

use super::{Alert, Kind, hex};
use crate::event::{Event, Record, Value};

impl Alert {
    /// The event that it is to rules that look at alerts: of its type and time, with what `emit` adds, the parts of its key
    /// by their names, and what else its record says. Of the same name the first of these counts. Its rule is its source,
    /// and its id its identity.
    ///
    /// A summary is none, nor is the alert of a shadow rule: nobody is to ask for the event of such.
    pub fn event(&self) -> Event {
        Event {
            time: self.time,
            kind: Some(self.event_type.clone()),
            source: Arc::clone(&self.rule.source),
            offset: 0,
            identity: self.id,
            fields: self.record(),
        }
    }

    fn record(&self) -> Record {
        let mut record = Record::default();
        let mut say = |name: &str, value: Value| drop(record.insert(name.into(), value));
        say("rule", Value::Str(self.rule.name.clone()));
        say("version", Value::Str(self.rule.version.clone()));
        say("id", Value::str(hex(self.id)));
        if let Kind::Timeout { reached, bound } = &self.kind {
            say("kind", Value::str("timeout"));
            say("reached", Value::Str(reached.clone()));
            say("bound", Value::Str(bound.clone()));
        }
        self.rule.severity.into_iter().for_each(|level| say("severity", Value::str(level.as_str())));
        self.rule.risk.into_iter().for_each(|risk| say("risk", Value::Int(risk.into())));
        say("time", Value::Time(self.time));
        say("first", Value::Time(self.first));
        say("last", Value::Time(self.last));
        self.deadline.into_iter().for_each(|deadline| say("deadline", Value::Time(deadline)));
        for (name, value) in self.rule.key_names.iter().zip(self.key.values()) {
            put(&mut record, name, value);
        }
        self.fields.iter().for_each(|(name, value)| drop(record.insert(name.clone(), value.clone())));
        record
    }
}

/// Says a part of a key, one that is a path at its place: `device.id` is the `id` of `device`.
fn put(record: &mut Record, name: &CompactString, value: &Value) {
    let is_name = |part: &str| {
        part.chars().all(|c| c == '_' || c.is_alphanumeric())
            && !part.starts_with(|c: char| c.is_ascii_digit())
    };
    match name.split_once('.') {
        Some((outer, rest)) if name.split('.').all(is_name) => {
            let inner = record.entry(outer.into()).or_default();
            let mut fields = match inner {
                Value::Record(fields) => Record::clone(fields),
                _ => Record::default(),
            };
            put(&mut fields, &rest.into(), value);
            *inner = Value::Record(Arc::new(fields));
        }
        _ => drop(record.insert(name.clone(), value.clone())),
    }
}
