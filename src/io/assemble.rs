//! A record into an event: its time, type and identity.

use std::sync::Arc;

use compact_str::{CompactString, ToCompactString, format_compact};

use super::ReadOptions;
use super::memo::Memo;
use super::reject::{Fault, Reason, Reject};
use super::time::TimeReader;
use crate::event::{Event, Record, Source, Value};
use crate::time::Timestamp;

/// Makes the events of one input.
pub(super) struct Assembler {
    pub(super) options: Arc<ReadOptions>,
    source: Arc<Source>,
    times: TimeReader,
}

impl Assembler {
    pub(super) fn new(source: Arc<Source>, options: Arc<ReadOptions>) -> Self {
        let times = TimeReader::new(options.times.clone());
        Assembler { options, source, times }
    }

    /// The event of a record. `written` is the number in the field of its time as written, if it is one; `raw` the
    /// bytes it was read from, by which it is identified if events have no id.
    pub(super) fn event(
        &mut self,
        fields: Record,
        written: Option<&str>,
        raw: &[u8],
        offset: u64,
    ) -> Result<Event, Fault> {
        let time = self.time(&fields, written)?;
        let kind = self.options.kind.find(&fields).and_then(type_of);
        let id = self.options.event_id.as_ref().and_then(|path| path.find(&fields));
        let identity =
            id.map_or_else(|| Event::identity_of_bytes(time, raw), |id| Event::identity_of_id(id.borrowed()));
        Ok(Event { time, kind, source: Arc::clone(&self.source), offset, identity, fields })
    }

    /// Reads on behind a place.
    pub(super) fn go_on(&mut self, memo: &Memo) {
        self.times.go_on(memo.last);
    }

    /// What it knows of what it has read.
    pub(super) fn memo(&self) -> Memo {
        Memo { last: self.times.last(), ..Memo::default() }
    }

    pub(super) fn reject(&self, offset: u64, fault: Fault, raw: &[u8]) -> Reject {
        Reject::new(&self.source, offset, fault, raw)
    }

    fn time(&mut self, fields: &Record, written: Option<&str>) -> Result<Timestamp, Fault> {
        match self.options.time.find(fields) {
            Some(value @ (Value::Int(_) | Value::Uint(_) | Value::Float(_))) => {
                self.times.read(value, written)
            }
            Some(value) => self.times.read(value, None),
            None => Err(Fault::new(Reason::NoTime, self.no_time(fields))),
        }
    }

    fn no_time(&self, fields: &Record) -> String {
        const SHOWN: usize = 8;
        let path = &self.options.time;
        let dotted = path.names().join(".");
        if path.names().len() > 1 && fields.contains_key(dotted.as_str()) {
            return format!(
                "no field `{path}`; a field with dots in its name stands in back-ticks: '`{dotted}`'"
            );
        }
        if fields.get(dotted.as_str()).is_some_and(Value::is_null) {
            return format!("`{path}`, the field of the time (--time), is null");
        }
        let names: Vec<String> = fields.keys().take(SHOWN).map(|name| format!("`{name}`")).collect();
        if names.is_empty() {
            return format!("no value in `{path}`, the field of the time (--time); the record is empty");
        }
        let more = if fields.len() > SHOWN { " …" } else { "" };
        format!(
            "no value in `{path}`, the field of the time (--time); the record has {}{more}{}",
            names.join(" "),
            inner_records(fields)
        )
    }
}

/// What to do with a record that holds other records in exactly one list.
fn inner_records(fields: &Record) -> String {
    let is_list = |value: &Value| matches!(value, Value::List(items) if matches!(items.first(), Some(Value::Record(_))));
    let mut lists = fields.iter().filter(|(_, value)| is_list(value));
    match (lists.next(), lists.next()) {
        (Some((name, _)), None) => format!("; --records {name} reads the objects in `{name}`"),
        _ => String::new(),
    }
}

/// The type that a value names: a number equals its text. Lists and objects name none.
pub(super) fn type_of(value: &Value) -> Option<CompactString> {
    Some(match value {
        Value::Str(text) => text.clone(),
        Value::Bool(b) => b.to_compact_string(),
        Value::Int(n) => n.to_compact_string(),
        Value::Uint(n) => n.to_compact_string(),
        Value::Float(x) => format_compact!("{x:?}"),
        Value::Time(time) => time.to_compact_string(),
        Value::Duration(length) => length.to_compact_string(),
        Value::Ip(ip) => ip.to_compact_string(),
        Value::Null | Value::List(_) | Value::Record(_) => return None,
    })
}
