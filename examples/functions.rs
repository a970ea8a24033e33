//! Functions of an embedder, which rules call like built-in ones.
//!
//! `cargo run --example functions`

use std::sync::Arc;

use tripline::function::{Functions, Kind, Signature};
use tripline::{
    Alert, AtEnd, Engine, EngineOptions, Event, Limits, Program, Record, Settings, SourceFile, Timestamp,
    Value,
};

const RULES: &str = "
rule paid_to_a_wrong_account {
  sequence by user within 1h {
    login: login
    pay:   payment where not luhn(account)
  }
  emit account = mask(pay.account), bank = bank_of(pay.account)
}";

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is what the example is for")]
fn main() {
    let settings = Settings { functions: functions(), ..Settings::default() };
    let files = [SourceFile::new("payments.trip", RULES)];
    let (program, findings) = Program::compile(&files, &settings, Limits::default());
    findings.iter().for_each(|finding| eprintln!("{}: {}", finding.code.as_str(), finding.message));
    let Some(program) = program else { return };

    let mut engine = Engine::new(Arc::new(program), EngineOptions::default());
    let mut alerts: Vec<Alert> = Vec::new();
    for event in [
        event(0, "login", &[("user", "ann")]),
        event(1, "payment", &[("user", "ann"), ("account", "79927398713")]),
        event(2, "payment", &[("user", "ann"), ("account", "79927398710")]),
    ] {
        let _ = engine.push_event(event, &mut alerts);
    }
    let _ = engine.finish(AtEnd::Hold, &mut alerts);
    for alert in &alerts {
        println!("{} {:?} {:?}", alert.rule.name, alert.key.values(), alert.fields);
    }
    assert_eq!(alerts.len(), 1);
}

/// What the rules may call. Each depends on its arguments alone; `None` is unknown, and counts in `eval_errors`.
fn functions() -> Functions {
    let of_text = |result| Signature { required: &[Kind::String], optional: &[], variadic: false, result };
    let banks = [("7992", "First Bank"), ("1234", "Second Bank")];
    Functions::default()
        .with("luhn", of_text(Kind::Bool), |args| match args {
            [Value::Str(number)] => luhn(number).map(Value::Bool),
            _ => None,
        })
        .with("bank_of", of_text(Kind::String), move |args| match args {
            [Value::Str(number)] => {
                let bank = banks.iter().find(|(prefix, _)| number.starts_with(prefix));
                Some(bank.map_or(Value::Null, |(_, name)| Value::str(*name)))
            }
            _ => None,
        })
}

/// Whether the check digit of a number is right; `None` if it is no number.
fn luhn(number: &str) -> Option<bool> {
    let digits: Option<Vec<u32>> = number.chars().map(|c| c.to_digit(10)).collect();
    let weighed = digits?.into_iter().rev().enumerate().map(|(at, digit)| match at % 2 {
        0 => digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    });
    Some(weighed.sum::<u32>() % 10 == 0)
}

fn event(minute: i64, kind: &str, fields: &[(&str, &str)]) -> Event {
    let fields = fields.iter().map(|(name, value)| ((*name).into(), Value::str(*value)));
    let time = Timestamp::from_nanos(minute * 60_000_000_000);
    Event::new(time, Some(kind), Record::from_iter(fields))
}
