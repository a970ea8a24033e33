//! Hot reload: a rule is made stricter and another is added while a stream goes on, and no partial match is lost.
//!
//! Run it with `cargo run --example hot_reload`. It checks what it prints.

#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;
use std::sync::Arc;

use tripline::{
    Alert, AtEnd, Engine, EngineOptions, Event, Limits, Program, Record, Settings, SourceFile, Timestamp,
    Value,
};

const MONDAY: &str = r#"
rule guessed {
  sequence by user within 10m { fail{5,}: login where outcome == "failure"  ok: login where outcome == "success" }
}
"#;

/// Three failures are enough, and a login from a second country is looked at too.
const TUESDAY: &str = r#"
rule guessed {
  sequence by user within 10m { fail{3,}: login where outcome == "failure"  ok: login where outcome == "success" }
}
rule travelled {
  sequence by user within 1h { a: login where outcome == "success"  b: login where country != a.country }
}
"#;

/// All that is wrong with rules comes at once; the running engine does not know of it.
fn compile(text: &str) -> Result<Arc<Program>, Box<dyn Error>> {
    let files = [SourceFile::new("logins.trip", text)];
    let (program, findings) = Program::compile(&files, &Settings::default(), Limits::default());
    Ok(Arc::new(program.ok_or_else(|| format!("{findings:?}"))?))
}

fn login(minute: i64, outcome: &str, country: &str) -> Event {
    let fields = [("user", "ann"), ("outcome", outcome), ("country", country)];
    let fields = Record::from_iter(fields.map(|(name, text)| (name.into(), Value::str(text))));
    Event::new(Timestamp::from_nanos(minute * 60_000_000_000), Some("login"), fields)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut alerts: Vec<Alert> = Vec::new();
    let mut engine = Engine::new(compile(MONDAY)?, EngineOptions::default());
    for minute in 0..3 {
        let _ = engine.push_event(login(minute, "failure", "DE"), &mut alerts);
    }

    // A file that does not compile leaves the rules as they are.
    assert!(compile("rule guessed { sequence by user { fail{3,}: login where } }").is_err());

    // What is bound stays bound; the new text judges what comes now.
    for rule in engine.swap(&compile(TUESDAY)?, &mut alerts)? {
        println!("{}: {} starts go on, {} do not", rule.name, rule.kept, rule.lost);
        assert_eq!((rule.kept, rule.lost), (3, 0));
    }
    let _ = engine.push_event(login(3, "success", "DE"), &mut alerts);
    let _ = engine.push_event(login(4, "success", "FR"), &mut alerts);
    let _ = engine.finish(AtEnd::Hold, &mut alerts);

    for alert in &alerts {
        println!("{} at {}", alert.rule.name, alert.time);
    }
    let names: Vec<&str> = alerts.iter().map(|alert| alert.rule.name.as_str()).collect();
    assert_eq!(names, ["guessed", "travelled"]);
    Ok(())
}
