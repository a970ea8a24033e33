//! A sink of one's own: counts alerts by rule, keeps late events apart, and says stop after the third alert.
//!
//! Run it with `cargo run --example custom_sink`. It checks what it prints.

#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

use tripline::{
    Alert, Duration, Engine, EngineOptions, Event, Limits, Program, Record, Settings, Sink, SourceFile,
    Timestamp, Value,
};

const RULES: &str = "
rule hot  { event x: reading where celsius > 80 }
rule cold { event x: reading where celsius < 0 }
";

/// Results are pushed into a sink, one at a time and in the one order of alerts.
#[derive(Default)]
struct Budget {
    by_rule: BTreeMap<String, u32>,
    late: Vec<Arc<Event>>,
    left: u32,
}

impl Sink for Budget {
    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        *self.by_rule.entry(alert.rule.name.to_string()).or_default() += 1;
        self.left -= 1;
        // The engine returns at once when a sink says stop.
        if self.left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn late(&mut self, event: Arc<Event>) -> ControlFlow<()> {
        self.late.push(event);
        ControlFlow::Continue(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let sources = [SourceFile::new("readings.trip", RULES)];
    let (program, findings) = Program::compile(&sources, &Settings::default(), Limits::default());
    let program = Arc::new(program.ok_or_else(|| format!("{findings:?}"))?);

    // Events may come up to ten seconds late; what is later still changes no verdict.
    let options = EngineOptions { lateness: Duration::from_millis(10_000) };
    let mut engine = Engine::new(program, options);
    let mut sink = Budget { left: 3, ..Budget::default() };

    let readings = [(0, 85), (30, 20), (25, -3), (1, 99), (60, 90), (80, -1), (100, 95), (120, 97)];
    let mut pushed = 0;
    for (second, celsius) in readings {
        pushed += 1;
        if engine.push_event(reading(second, celsius), &mut sink).is_break() {
            break;
        }
    }

    println!("{pushed} events pushed, alerts by rule {:?}, {} late", sink.by_rule, sink.late.len());
    assert_eq!(sink.by_rule, BTreeMap::from([("cold".into(), 1), ("hot".into(), 2)]));
    assert_eq!(sink.late.len(), 1, "second 1 came when second 30 had been seen");
    // The reading of second 60 is certain when second 80 has been seen: nothing after that was pushed.
    assert_eq!(pushed, 6);
    Ok(())
}

fn reading(second: i64, celsius: i64) -> Event {
    let fields = Record::from_iter([("celsius".into(), Value::Int(celsius))]);
    Event::new(Timestamp::from_nanos(second * 1_000_000_000), Some("reading"), fields)
}
