//! Embed the engine: compile a rule, push events, take the alerts.
//!
//! Run it with `cargo run --example embed`. It checks what it prints.

#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;
use std::sync::Arc;

use tripline::{
    Alert, AtEnd, Engine, EngineOptions, Event, Limits, Program, Record, Settings, SourceFile, Timestamp,
    Value,
};

/// A guessed password: several failed logins and then a success, all of one user, within two minutes.
const RULE: &str = r#"
param tries = 5

rule guessed {
  severity high
  sequence by user within 2m {
    fail{3,}: login where outcome == "failure"
    ok:       login where outcome == "success"
  }
  emit attempts = count(fail), many = count(fail) >= tries
}
"#;

fn main() -> Result<(), Box<dyn Error>> {
    // A compiled rule set does not change and can be shared by any number of engines.
    let program = Arc::new(compile(RULE, &[("tries", "4")])?);

    // An engine holds what was seen so far. A `Vec` of alerts is a sink; `custom_sink.rs` has one of its own.
    let mut engine = Engine::new(Arc::clone(&program), EngineOptions::default());
    let mut alerts: Vec<Alert> = Vec::new();
    for second in [0, 10, 20, 30] {
        let _ = engine.push_event(login(second, "ann", "failure"), &mut alerts);
        let _ = engine.push_event(login(second, "bob", "success"), &mut alerts);
    }
    assert!(alerts.is_empty(), "nothing has happened yet");
    let _ = engine.push_event(login(40, "ann", "success"), &mut alerts);
    let _ = engine.finish(AtEnd::Hold, &mut alerts);

    for alert in &alerts {
        println!("{} {} {:?} {:?}", alert.time, alert.rule.name, alert.key.values(), alert.fields);
    }
    assert_eq!(alerts.len(), 1);
    let alert = &alerts[0];
    assert_eq!(alert.rule.name, "guessed");
    assert_eq!(alert.key.values(), [Value::str("ann")]);
    assert_eq!(alert.fields, [("attempts".into(), Value::Int(4)), ("many".into(), Value::Bool(true))]);
    assert_eq!(alert.bindings[0].1.len(), 4, "the alert holds the events themselves");

    // What is wrong comes as data, all of it at once.
    let error =
        compile("rule a { severty high }", &[]).err().map(|error| error.to_string()).unwrap_or_default();
    println!("{error}");
    assert!(error.contains("error[E0201]: there is no clause `severty`"));
    Ok(())
}

/// Compiles rule text with values for its parameters.
fn compile(text: &str, params: &[(&str, &str)]) -> Result<Program, Box<dyn Error>> {
    let sources = [SourceFile::new("embedded.trip", text)];
    let params = params.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (program, findings) =
        Program::compile(&sources, &Settings { params, ..Settings::default() }, Limits::default());
    program.ok_or_else(|| {
        let lines = findings.iter().map(|finding| tripline::render::short(finding, &sources));
        lines.collect::<Vec<_>>().join("\n").into()
    })
}

/// An event: a time, a type, and any fields.
fn login(second: i64, user: &str, outcome: &str) -> Event {
    let time = Timestamp::from_nanos(second * 1_000_000_000);
    let fields = [("user", user), ("outcome", outcome)];
    Event::new(time, Some("login"), Record::from_iter(fields.map(|(k, v)| (k.into(), Value::str(v)))))
}
