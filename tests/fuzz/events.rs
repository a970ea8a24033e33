//! Lines of JSON: what the scanner makes of them is what the decoder makes of them, in chunks of every size, and the
//! events hold what `serde_json` reads.

use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use tripline::io::{
    FieldPath, Format, Intake, Item, Load, ReadOptions, Reader, Reason, TimeOptions, TimeUnit,
};
use tripline::{Batch, Event, Fields, Keep, Limits, Program, Row, Settings, SourceFile, Value};

/// The first byte chooses how lines are read, the second how long chunks are; the rest is the input.
pub fn check(data: &[u8]) {
    let [variant, chunk, input @ ..] = data else { return };
    let options = Arc::new(options(*variant));
    let (events, rejects) = decoded(input, &options);
    for event in &events {
        let json: serde_json::Value = serde_json::from_slice(line(input, event.offset)).unwrap();
        assert!(holds(&event.fields, &json), "{:?} is not {json}", event.fields);
    }
    let batch = Batch::of(fields(), events);
    let expected: Vec<String> = batch.rows().map(said).collect();
    assert_eq!(scanned(input, &options, usize::from(*chunk) * 16), (expected, rejects));
}

fn options(variant: u8) -> ReadOptions {
    let mut options = ReadOptions { format: Format::Ndjson, ..ReadOptions::default() };
    options.limits.record_depth = 6;
    options.limits.line_bytes = 300;
    if variant % 2 == 1 {
        options.event_id = "device.id".parse().ok();
        options.kind = FieldPath::of("a");
    }
    if variant % 3 == 1 {
        options.times = TimeOptions::default().zone("Europe/Berlin").unwrap().unit(TimeUnit::Millis);
    }
    if variant % 5 == 1 {
        options.time = "device.os.t".parse().unwrap();
    }
    options
}

/// What a rule reads: a field that holds another, the time, and a name with an escape in it.
fn fields() -> &'static Arc<Fields> {
    static FIELDS: OnceLock<Arc<Fields>> = OnceLock::new();
    let rule = "rule r { event x: * where a == 1 and user == 1 and device.os == 1 and device.os.name == 1 and ts == 1
        and `ü\"` == 1 }";
    FIELDS.get_or_init(|| {
        let files = [SourceFile::new("fuzz.trip", rule)];
        let (program, found) = Program::compile(&files, &Settings::default(), Limits::default());
        Arc::clone(program.unwrap_or_else(|| panic!("{found:?}")).fields())
    })
}

/// What the decoder makes of it.
fn decoded(input: &[u8], options: &Arc<ReadOptions>) -> (Vec<Arc<Event>>, Vec<String>) {
    let (mut events, mut rejects) = (Vec::new(), Vec::new());
    for item in Reader::from_bytes("input", Cursor::new(input.to_vec()), options) {
        match item.unwrap() {
            Item::Event(event) => events.push(Arc::new(event)),
            Item::Reject(reject) => {
                let line = line(input, reject.offset);
                let is_json = || serde_json::from_slice::<serde_json::Value>(line).is_ok();
                assert!(reject.reason != Reason::BrokenJson || !is_json(), "{reject:?}");
                rejects.push(format!("{} {reject:?}", events.len()));
            }
        }
    }
    (events, rejects)
}

/// What the scanner makes of it.
fn scanned(input: &[u8], options: &Arc<ReadOptions>, chunk: usize) -> (Vec<String>, Vec<String>) {
    let mut intake = Intake::from_bytes("input", input.to_vec(), options, fields(), Keep::Events, chunk);
    let mut scanner = intake.scanner();
    let (mut rows, mut rejects) = (Vec::new(), Vec::new());
    while let Some(load) = intake.next_load().unwrap() {
        let block = match load {
            Load::Lines(chunk) => scanner.block(chunk),
            Load::Rows(block) => block,
        };
        rejects.extend(block.rejects.iter().map(|(row, reject)| format!("{} {reject:?}", rows.len() + row)));
        rows.extend(block.batch.rows().map(said));
    }
    (rows, rejects)
}

/// A row in words, whole event and all; exact in what is compared.
fn said(row: Row<'_>) -> String {
    let paths = fields().iter().filter_map(|path| fields().find(path));
    let cells: Vec<Value> = paths.map(|field| row.value(field).to_value()).collect();
    let (event, place) = (row.event(), row.place());
    let (kind, identity) = (row.kind(), row.identity());
    format!("{place:?} {kind:?} {identity:x} {cells:?} {:?} {}", event.fields, event.source.name)
}

/// A line by its number, without its end and what may stand around it.
fn line(input: &[u8], number: u64) -> &[u8] {
    let input = input.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input);
    input.split(|byte| *byte == b'\n').nth(number as usize - 1).unwrap_or_default().trim_ascii()
}

fn holds(record: &tripline::Record, json: &serde_json::Value) -> bool {
    let Some(object) = json.as_object() else { return false };
    // A name that the library keeps for itself.
    record.keys().any(|name| name.starts_with("$serde_json"))
        || record.len() == object.len()
            && record
                .iter()
                .all(|(name, value)| object.get(name.as_str()).is_some_and(|json| is(value, json)))
}

fn is(value: &Value, json: &serde_json::Value) -> bool {
    match value {
        Value::Null => json.is_null(),
        Value::Bool(b) => json.as_bool() == Some(*b),
        // Zero has no sign.
        Value::Int(0) => json.as_f64() == Some(0.0),
        Value::Int(n) => json.as_i64() == Some(*n),
        Value::Uint(n) => json.as_u64() == Some(*n),
        Value::Float(x) => json.is_f64() && json.as_f64().map(f64::to_bits) == Some(x.to_bits()),
        Value::Str(text) => json.as_str() == Some(text.as_str()),
        Value::List(items) => json.as_array().is_some_and(|all| {
            items.len() == all.len() && items.iter().zip(all).all(|(item, json)| is(item, json))
        }),
        Value::Record(record) => holds(record, json),
        Value::Time(_) | Value::Duration(_) | Value::Ip(_) => false,
    }
}
