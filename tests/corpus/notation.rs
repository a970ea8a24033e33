//! The notation of cases: an event a line, an alert a line.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use tripline::{Duration, Event, Record, Source, Timestamp, Value};

/// When the streams of the corpus begin: 2026-01-01T00:00:00Z.
pub const BASE: Timestamp = Timestamp::from_nanos(1_767_225_600_000_000_000);

/// One step of a stream.
#[derive(Clone, Debug)]
pub enum Input {
    /// An event; its offset is its number among the events of the case.
    Event(Arc<Event>),
    /// The watermark moves on without one.
    Advance(Timestamp),
    /// A source is waited for.
    Open(Arc<Source>),
    /// A source is not waited for until it has an event again.
    Idle(Arc<Source>),
    /// A source has no more events.
    End(Arc<Source>),
    /// The rules become those of an edit of the case, by its place.
    Edit(usize),
    /// What began before a time is given up, as memory is short.
    Shed(Timestamp),
}

impl Input {
    /// The event, if it is one.
    pub fn event(&self) -> Option<&Arc<Event>> {
        match self {
            Input::Event(event) => Some(event),
            _ => None,
        }
    }
}

/// An alert as a case expects it. What it does not name is not compared, but its bindings always are.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    text: String,
    bindings: BTreeMap<String, Vec<u64>>,
    fields: Vec<(String, Value)>,
    rest: Vec<(&'static str, String)>,
}

/// The numbers of alerts, where they are bound as events, are behind those of all events.
pub const ALERTS: u64 = 1 << 32;

/// The number of an event, `3`, or of an alert, `#1`.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix('#') {
        Some(alert) => Some(ALERTS + alert.parse::<u64>().ok()?),
        None => text.parse().ok(),
    }
}

fn show_number(number: u64) -> String {
    number.checked_sub(ALERTS).map_or_else(|| number.to_string(), |alert| format!("#{alert}"))
}

/// An alert as an engine gave it.
#[derive(Clone, Debug)]
pub struct Found {
    /// For each step the numbers of its events.
    pub bindings: Vec<(String, Vec<u64>)>,
    /// What `emit` added.
    pub fields: Vec<(String, Value)>,
    /// Its id.
    pub id: u128,
    /// Everything else, as text by the words of the notation.
    pub rest: Vec<(&'static str, String)>,
}

/// The words of an expectation that have a colon and a text behind them.
const WORDS: [&str; 15] = [
    "rule", "kind", "reached", "bound", "count", "key", "time", "first", "last", "deadline", "line", "type",
    "severity", "shadow", "counts",
];

impl Found {
    /// What stands behind a word; nothing if it is not said.
    pub fn word(&self, word: &str) -> String {
        self.rest.iter().find(|w| w.0 == word).map(|w| w.1.clone()).unwrap_or_default()
    }
}

impl Expected {
    /// For each step the numbers of its events.
    pub fn bindings(&self) -> &BTreeMap<String, Vec<u64>> {
        &self.bindings
    }

    /// Whether the alert is the one expected.
    pub fn fits(&self, found: &Found) -> bool {
        let bound: BTreeMap<String, Vec<u64>> = found.bindings.iter().cloned().collect();
        self.bindings == bound
            && self
                .rest
                .iter()
                .all(|word| found.rest.contains(word) || word.0 == "line" && found.word("line").is_empty())
            && (self.fields.is_empty() || same_fields(&self.fields, &found.fields))
            && (!found.rest.iter().any(|w| w.0 == "kind") || self.rest.iter().any(|w| w.0 == "kind"))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        for (step, lines) in &self.bindings {
            let lines: Vec<String> = lines.iter().map(|number| show_number(*number)).collect();
            words.push(format!("{step}={}", lines.join(",")));
        }
        words.extend(self.rest.iter().map(|(word, text)| match *word {
            "time" => format!("@{text}"),
            _ if text.contains(' ') => format!("{word}:{text:?}"),
            _ => format!("{word}:{text}"),
        }));
        words.extend(self.fields.iter().map(|(name, value)| format!(".{name}={}", show(value))));
        f.write_str(&words.join(" "))
    }
}

fn same_fields(a: &[(String, Value)], b: &[(String, Value)]) -> bool {
    let show = |fields: &[(String, Value)]| -> BTreeMap<String, String> {
        fields.iter().map(|(name, value)| (name.clone(), show(value))).collect()
    };
    show(a) == show(b)
}

/// Reads one thing from each line that is not empty.
pub fn lines<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| read(line).map_err(|e| format!("`{line}`: {e}"))).collect()
}

/// Reads a stream.
pub fn inputs(text: &str) -> Result<Vec<Input>, String> {
    let one = Arc::new(Source { rank: 0, name: "-".into() });
    let mut offset = 0;
    let mut inputs = Vec::new();
    for words in lines(text, words)? {
        let (first, rest) = words.split_first().ok_or("an empty line")?;
        let next = || rest.first().map(String::as_str).ok_or("a line breaks off");
        inputs.push(match first.as_str() {
            "advance" => Input::Advance(time(next()?)?),
            "shed" => Input::Shed(time(next()?)?),
            "open" => Input::Open(source(next()?)?),
            "idle" => Input::Idle(source(next()?)?),
            "end" => Input::End(source(next()?)?),
            "edit" => {
                let number: Option<usize> = next()?.parse().ok();
                Input::Edit(number.and_then(|n| n.checked_sub(1)).ok_or("an edit has a number, from 1")?)
            }
            _ => {
                offset += 1;
                let event = match source(first) {
                    Ok(source) => event(next()?, &rest[1..])?.at(&source, offset),
                    Err(_) => event(first, rest)?.at(&one, offset),
                };
                Input::Event(Arc::new(event))
            }
        });
    }
    Ok(inputs)
}

/// A source by its number: `s1`.
fn source(text: &str) -> Result<Arc<Source>, String> {
    let rank = text.strip_prefix('s').and_then(|number| number.parse().ok());
    let rank = rank.ok_or_else(|| format!("`{text}` is no source, as in `s1`"))?;
    Ok(Arc::new(Source { rank, name: text.into() }))
}

/// An event: its time from the beginning, its type (`-` for none), its fields.
fn event(at: &str, rest: &[String]) -> Result<Event, String> {
    let time = time(at)?;
    let (kind, fields) = rest.split_first().ok_or("an event needs a type, or `-`")?;
    let kind = Some(kind.as_str()).filter(|kind| *kind != "-");
    let mut record = Record::default();
    record.insert("ts".into(), Value::str(time.to_string()));
    kind.map(|kind| record.insert("type".into(), Value::str(kind)));
    for field in fields {
        let (name, text) = field.split_once('=').ok_or_else(|| format!("`{field}` is no field"))?;
        insert(&mut record, name, value(text)?);
    }
    Ok(Event::new(time, kind, record))
}

/// Sets a field, nested by the dots in its name.
fn insert(record: &mut Record, name: &str, value: Value) {
    let Some((outer, inner)) = name.split_once('.') else {
        record.insert(name.into(), value);
        return;
    };
    let mut nested = match record.get(outer) {
        Some(Value::Record(nested)) => Record::clone(nested),
        _ => Record::default(),
    };
    insert(&mut nested, inner, value);
    record.insert(outer.into(), Value::Record(Arc::new(nested)));
}

/// An alert: `step=1,2`, `@4s`, `word:text`, `.field=value`.
pub fn expectation(line: &str) -> Result<Expected, String> {
    let mut expected = Expected { text: line.to_owned(), ..Expected::default() };
    for word in words(line)? {
        if let Some(at) = word.strip_prefix('@') {
            expected.rest.push(("time", show_time(time(at)?)));
        } else if let Some(field) = word.strip_prefix('.') {
            let (name, text) = field.split_once('=').ok_or_else(|| format!("`{word}` has no value"))?;
            expected.fields.push((name.to_owned(), value(text)?));
        } else if let Some((word, text)) = word.split_once(':').filter(|(word, _)| !word.contains('=')) {
            let known = WORDS.iter().find(|w| **w == word).ok_or_else(|| format!("unknown word `{word}`"))?;
            let text = match *known {
                "first" | "last" | "deadline" => show_time(time(text)?),
                _ if text.starts_with('"') => json(text)?,
                _ => text.to_owned(),
            };
            expected.rest.push((*known, text));
        } else {
            let (step, events) = word.split_once('=').ok_or_else(|| format!("`{word}` is unknown"))?;
            let events: Option<_> = events.split(',').map(number).collect();
            expected
                .bindings
                .insert(step.to_owned(), events.ok_or_else(|| format!("`{word}` has no numbers"))?);
        }
    }
    Ok(expected)
}

fn json(text: &str) -> Result<String, String> {
    serde_json::from_str(text).map_err(|e| format!("{text}: {e}"))
}

/// A time, as a duration from the beginning.
pub fn time(text: &str) -> Result<Timestamp, String> {
    let length = Duration::parse(text).ok_or_else(|| format!("`{text}` is no time"))?;
    Ok(BASE.after(length))
}

/// A time the way cases write it.
pub fn show_time(time: Timestamp) -> String {
    time.since(BASE).to_string()
}

/// A value: JSON, or else a bare word.
fn value(text: &str) -> Result<Value, String> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) => Ok(from_json(&json)),
        Err(e) if text.starts_with(['"', '[', '{']) => Err(format!("{text}: {e}")),
        Err(_) => Ok(Value::str(text)),
    }
}

fn from_json(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64(), n.as_f64()) {
            (Some(n), _, _) => Value::Int(n),
            (_, Some(n), _) => Value::from_u64(n),
            (_, _, x) => x.and_then(Value::from_f64).unwrap_or_default(),
        },
        Json::String(s) => Value::str(s.as_str()),
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(fields) => {
            Value::Record(Arc::new(fields.iter().map(|(k, v)| (k.as_str().into(), from_json(v))).collect()))
        }
    }
}

/// A value the way cases write it; text that could be mistaken for something else in quotes.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Uint(n) => n.to_string(),
        Value::Float(x) => format!("{x:?}"),
        Value::Str(s) => show_text(s),
        Value::Time(t) => show_text(&t.to_string()),
        Value::Duration(d) => show_text(&d.to_string()),
        Value::Ip(ip) => show_text(&ip.to_string()),
        Value::List(items) => format!("[{}]", items.iter().map(show_item).collect::<Vec<_>>().join(",")),
        Value::Record(fields) => {
            let fields = fields.iter().map(|(k, v)| format!("{:?}:{}", k.as_str(), show_item(v)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
    }
}

fn show_item(value: &Value) -> String {
    match value {
        Value::Str(s) => serde_json::Value::from(s.as_str()).to_string(),
        other => show(other),
    }
}

fn show_text(text: &str) -> String {
    let bare = !text.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || "\"[]{}=".contains(c))
        && serde_json::from_str::<serde_json::Value>(text).is_err();
    if bare { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Splits a line at white space that stands in no string and no bracket.
fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for c in line.chars() {
        if c.is_whitespace() && !quoted && depth == 0 {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        word.push(c);
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.checked_sub(1).ok_or("a bracket too many")?,
            _ => {}
        }
    }
    if quoted || depth > 0 {
        return Err("a string or bracket without an end".into());
    }
    words.extend((!word.is_empty()).then_some(word));
    Ok(words)
}
