//! Replay files: an NDJSON file and a CSV table, merged by time, through a rule with a deadline, out as lines of JSON.
//!
//! Run it with `cargo run --example replay`. It checks what it prints.

#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

use tripline::io::{AlertFormat, AlertStyle, Evidence, Inputs, Item, Merge, ReadOptions, Reader, Tap};
use tripline::{Alert, AtEnd, Engine, EngineOptions, Limits, Program, Settings, SourceFile};

const RULE: &str = r#"
rule not_sent {
  severity medium
  sequence by order_id {
    paid: order where status == "paid"
    not sent within 2h: parcel
  }
}

rule sent_and_refunded {
  sequence by order_id within 1d {
    sent:   parcel where weight > 0.5
    refund: order where status == "refunded"
  }
  emit weight = sent.weight
}
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let sources = [SourceFile::new("shop.trip", RULE)];
    let (program, findings) = Program::compile(&sources, &Settings::default(), Limits::default());
    let program = program.ok_or_else(|| format!("{findings:?}"))?;

    // Alerts are written as the program writes them. The sink is a closure.
    let format = AlertFormat { style: AlertStyle::Plain, evidence: Evidence::Refs, limit: 1_000 };
    let mut lines = Vec::new();
    let mut sink = |alert: Alert| match format.line(&alert) {
        Ok(line) => {
            lines.push((alert.time, String::from_utf8_lossy(&line).into_owned()));
            ControlFlow::Continue(())
        }
        Err(_) => ControlFlow::Break(()),
    };

    let mut engine = Engine::new(Arc::new(program), EngineOptions::default());
    let mut rejects = Vec::new();
    for item in open(&["shop.ndjson", "parcels.csv"])? {
        match item? {
            Item::Event(event) => {
                let _ = engine.push_event(event, &mut sink);
            }
            // Bad input never stops a run; it says where it stood and what was wrong.
            Item::Reject(reject) => rejects.push(reject),
        }
    }
    // Nobody knows yet whether D9 will be sent in time: what is pending is held, not made up.
    let _ = engine.finish(AtEnd::Hold, &mut sink);

    for (_, line) in &lines {
        println!("{line}");
    }
    println!("{} line that is no event", rejects.len());
    assert_eq!(rejects.len(), 1);
    assert!(lines.is_sorted_by_key(|(time, _)| *time), "alerts come in the order of their times");
    assert_eq!(lines.len(), 2);
    assert_eq!(engine.stats().rules[0].pending, 1);
    let (not_sent, refunded) = (&lines[0].1, &lines[1].1);
    assert!(not_sent.contains(r#""key":{"order_id":"A1"},"time":"2026-01-05T12:00:00.000Z""#));
    assert!(refunded.contains(r#""fields":{"weight":0.7}"#));
    Ok(())
}

/// The events of several files as one stream, the earliest first.
fn open(names: &[&str]) -> Result<Merge, tripline::io::Error> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data");
    let paths: Vec<String> = names.iter().map(|name| format!("{folder}/{name}")).collect();
    let options = Arc::new(ReadOptions::default());
    let inputs = Inputs::find(&paths, &options)?;
    let unwatched: Tap = Arc::new(|_| Ok(()));
    let readers: Result<Vec<_>, _> =
        inputs.iter().map(|input| Reader::open(input, &options, &unwatched)).collect();
    Ok(Merge::new(readers?))
}
