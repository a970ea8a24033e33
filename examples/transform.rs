//! Transform events before the engine sees them: rename fields, clean values, derive a type, leave some out.
//!
//! Rules stay readable when they speak of the world and not of one vendor's log. Run it with
//! `cargo run --example transform`. It checks what it prints.

#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;
use std::sync::Arc;

use tripline::io::{FieldPath, Inputs, Item, ReadOptions, Reader, Tap};
use tripline::{Alert, AtEnd, Engine, EngineOptions, Event, Limits, Program, Settings, SourceFile, Value};

/// A door is opened, and the alarm is not switched off within half a minute by the same person.
const RULE: &str = r#"
rule alarm_left_on {
  sequence by person {
    enters: door_open
    not off within 30s: alarm_off
  }
  emit badge = enters.badge_number
}
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let sources = [SourceFile::new("door.trip", RULE)];
    let (program, findings) = Program::compile(&sources, &Settings::default(), Limits::default());
    let program = program.ok_or_else(|| format!("{findings:?}"))?;
    let mut engine = Engine::new(Arc::new(program), EngineOptions::default());
    let mut alerts: Vec<Alert> = Vec::new();

    // Where time and type stand is said to the reader; anything beyond that is a function on events.
    let options =
        ReadOptions { time: FieldPath::of("when"), kind: FieldPath::of("evt"), ..ReadOptions::default() };
    let options = Arc::new(options);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/door.ndjson").to_owned();
    let unwatched: Tap = Arc::new(|_| Ok(()));
    for input in &Inputs::find(&[path], &options)? {
        for item in Reader::open(input, &options, &unwatched)? {
            if let Item::Event(event) = item?
                && let Some(event) = transform(event)
            {
                let _ = engine.push_event(event, &mut alerts);
            }
        }
    }
    let _ = engine.finish(AtEnd::Hold, &mut alerts);

    for alert in &alerts {
        println!("{} {} {:?} {:?}", alert.time, alert.rule.name, alert.key.values(), alert.fields);
    }
    assert_eq!(alerts.len(), 1);
    let alert = &alerts[0];
    assert_eq!(alert.key.values(), [Value::str("ann")]);
    assert_eq!(alert.fields, [("badge".into(), Value::Int(17))]);
    assert_eq!(alert.bindings[0].1[0].offset, 1, "an alert still names the line that was read");
    Ok(())
}

/// The event as the rules want it; `None` leaves it out.
///
/// Its time, its place in the input and its identity stay what they were, so that order, references and the ids of
/// alerts do not depend on the transformation.
fn transform(mut event: Event) -> Option<Event> {
    if event.kind.as_deref() == Some("HEARTBEAT") {
        return None;
    }
    let person = match event.get(&["badge", "holder"]) {
        Value::Str(name) => Value::str(name.trim().to_lowercase()),
        _ => Value::Null,
    };
    let number = event.get(&["badge", "no"]).clone();
    event.kind = event.kind.map(|kind| kind.to_lowercase());
    event.fields.shift_remove("badge");
    event.fields.insert("person".into(), person);
    event.fields.insert("badge_number".into(), number);
    Some(event)
}
