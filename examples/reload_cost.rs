//! What a hot reload costs where much is held: a swap to the same rules, to rules of which others read more, to other
//! conditions, to other steps, and to alerts that are held back otherwise.
//!
//! Run it with `cargo run --release --no-default-features --example reload_cost -- 1000000`, the number being that of the
//! keys. Each has two open starts in each of two rules, a window, and an alert that was held back.

#![expect(clippy::print_stdout, reason = "an example shows what it finds")]
#![expect(clippy::disallowed_methods, reason = "it measures, and is not of the core")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use tripline::{
    Alert, AtEnd, Batch, Engine, EngineOptions, Event, Limits, Program, Record, Settings, SourceFile,
    Timestamp, Value,
};

const RULES: &str = r#"
rule busy {
  window by user over 1h { x: login }
  when count(x) > 100 and sum(x.bytes) > 1000
}
rule guessed {
  sequence by user within 1h { fail: login where outcome == "failure"  ok: login where outcome == "success" }
}
rule quiet {
  sequence by user within 1h { fail: login where outcome == "failure"  not got: login where outcome == "success"  out: logout }
}
rule each {
  event x: login
  emit user = x.user, app = x.app
  suppress 1h by user
}
"#;

/// Another rule reads one field more, by which fields have other numbers and more is kept of each event.
const MORE: &str = r#"
rule abroad {
  sequence by user within 1h { vpn: login where app == "vpn"  other: login where country != vpn.country }
}
"#;

fn compile(text: &str) -> Result<Arc<Program>, Box<dyn Error>> {
    let files = [SourceFile::new("logins.trip", text)];
    let (program, findings) = Program::compile(&files, &Settings::default(), Limits::default());
    Ok(Arc::new(program.ok_or_else(|| format!("{findings:?}"))?))
}

fn login(number: u64, user: u64) -> Arc<Event> {
    let fields = [
        ("user", Value::str(format!("user number {user} of many"))),
        ("outcome", Value::str("failure")),
        ("country", Value::str("DE")),
        ("bytes", Value::Int(1)),
    ];
    let fields = Record::from_iter(fields.map(|(name, value)| (name.into(), value)));
    Arc::new(Event::new(Timestamp::from_nanos(number as i64), Some("login"), fields))
}

fn main() -> Result<(), Box<dyn Error>> {
    let keys: u64 = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    let mut alerts: Vec<Alert> = Vec::new();
    let program = compile(RULES)?;
    let mut engine = Engine::new(Arc::clone(&program), EngineOptions::default());
    for first in (0..2 * keys).step_by(1000) {
        let events = (first..(first + 1000).min(2 * keys)).map(|number| login(number, number % keys));
        let _ = engine.push(&Arc::new(Batch::of(program.fields(), events)), &mut alerts);
    }

    let more = format!("{RULES}{MORE}");
    let steps =
        more.replace("out: logout", "out: logout  last: logout").replace("ok: login", "any ok: login");
    for (what, text) in [
        ("the same text", RULES.to_owned()),
        ("another rule", more.clone()),
        ("the same text again", more.clone()),
        ("other conditions", more.replace("\"success\"", "\"done\"").replace("> 100", "> 50")),
        ("other steps", steps),
        ("other alerts alike", more.replace("suppress 1h by user", "suppress 1h by app")),
        ("the first text", RULES.to_owned()),
    ] {
        let program = compile(&text)?;
        let begun = Instant::now();
        let swapped = engine.swap(&program, &mut alerts)?;
        let took = begun.elapsed();
        let said = swapped.iter().map(|rule| match rule.revision {
            Some(revision) => format!("{} {revision:?} {}", rule.name, rule.kept),
            None => format!("{} gone", rule.name),
        });
        println!("{what}: {:.2} s ({})", took.as_secs_f64(), said.collect::<Vec<_>>().join(", "));
        assert!(swapped.iter().all(|rule| rule.revision.is_none() || rule.lost == 0));
    }
    let _ = engine.finish(AtEnd::Hold, &mut alerts);
    // One for each key, and what was held back of it when alerts alike were others.
    assert_eq!(alerts.len() as u64, 2 * keys);
    Ok(())
}
