//! Events that were read as lines, of which only what rules read is held, and whose key groups a shell has named.

use std::io::Write;
use std::sync::Arc;

use tripline::io::{Inputs, Intake, Load, ReadOptions};
use tripline::runtime::Engine;
use tripline::{Alert, AtEnd, Batch, Keep, Value};

use super::format::Format;
use super::kept::Kept;
use crate::corpus::engine::sections;

/// The group of all keys.
const GROUP: u32 = 5;

#[test]
fn what_was_read_as_lines_is_restored_as_it_was() {
    let kept = Kept::new("v1");
    for keep in [Keep::References, Keep::Events] {
        let batches = batches(&kept, keep);
        let expected = run(&kept, &batches, |_| {});
        let mut format = Format::new();
        let found = run(&kept, &batches, |engine| {
            let held = sections(engine);
            held.iter().for_each(|section| format.section(section));
            *engine = kept.engine();
            held.iter().for_each(|section| _ = engine.restore(section).unwrap());
            assert!(held == sections(engine));
        });
        assert!(expected.len() > 10);
        let missing = format.finish().1;
        let lacks = |field: &str| missing.iter().any(|missing| missing == field);
        assert!(
            !lacks("KeyPlace.rule") && lacks("EventData.reference") == (keep == Keep::Events),
            "{missing:?}"
        );
        assert_eq!(said(&found), said(&expected), "{keep:?}");
        let fields = expected.iter().flat_map(|alert| &alert.bindings).flat_map(|(_, events)| events);
        assert!(fields.into_iter().all(|event| event.fields.is_empty() == (keep == Keep::References)));
    }
}

fn run(kept: &Kept, batches: &[Arc<Batch>], mut between: impl FnMut(&mut Engine)) -> Vec<Alert> {
    let (mut engine, mut alerts) = (kept.engine(), Vec::new());
    for batch in batches {
        for row in 0..batch.len() {
            assert!(engine.push_rows(batch, row..row + 1, &mut alerts).is_continue());
            between(&mut engine);
        }
    }
    assert!(engine.finish(AtEnd::Flush, &mut alerts).is_continue());
    alerts
}

/// Everything that alerts say, the events they hold included.
fn said(alerts: &[Alert]) -> Vec<String> {
    alerts.iter().map(|alert| format!("{alert:?}")).collect()
}

/// The streams as a file of JSON, read line by line.
fn batches(kept: &Kept, keep: Keep) -> Vec<Arc<Batch>> {
    let mut file = tempfile::Builder::new().suffix(".ndjson").tempfile().unwrap();
    for event in kept.events("before.txt", 0).iter().chain(&kept.events("after.txt", 0)) {
        let fields = event.fields.iter().map(|(name, value)| (name.to_string(), json(value)));
        writeln!(file, "{}", serde_json::Value::Object(fields.collect())).unwrap();
    }
    let options = Arc::new(ReadOptions::default());
    let inputs = Inputs::find(&[file.path().to_str().unwrap().to_owned()], &options).unwrap();
    let input = inputs.iter().next().unwrap();
    let tap: tripline::io::Tap = Arc::new(|_| Ok(()));
    let mut intake = Intake::open(input, &options, kept.program.fields(), keep, 100, &tap).unwrap();
    let mut scanner = intake.scanner();
    let mut batches = Vec::new();
    while let Some(load) = intake.next_load().unwrap() {
        let block = match load {
            Load::Lines(chunk) => scanner.block(chunk),
            Load::Rows(block) => block,
        };
        assert!(block.rejects.is_empty());
        let mut batch = Arc::unwrap_or_clone(block.batch);
        let keys = kept.program.keys().len();
        batch.name_groups(keys, vec![Some(GROUP); keys * batch.len()]);
        batches.push(Arc::new(batch));
    }
    batches
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(n) => (*n).into(),
        Value::Uint(n) => (*n).into(),
        Value::Float(x) => (*x).into(),
        Value::Str(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Record(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.to_string(), json(value)));
            serde_json::Value::Object(fields.collect())
        }
        Value::Time(_) | Value::Duration(_) | Value::Ip(_) => panic!("not in these streams"),
    }
}
