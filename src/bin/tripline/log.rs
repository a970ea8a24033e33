//! What is said of a run as lines of JSON, for whoever collects logs.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use serde_json::Value;
use tripline::Timestamp;

/// How what is said of a run is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A line of JSON for each.
    Json,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warning,
    Info,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "info",
        }
    }
}

/// What the message speaks of, for programs.
pub(crate) type Fields<'f> = &'f [(&'f str, Value)];

/// `time level message`, then the fields, without a line end. No control character is in it, whatever was read: it is safe
/// on a terminal too.
pub(crate) fn line(level: Level, message: &str, fields: Fields<'_>) -> String {
    let (time, message) = (Value::from(now().to_string()), Value::from(message));
    // In this order, for people who look at it all the same.
    let mut line = format!("{{\"time\":{time},\"level\":\"{}\",\"message\":{message}", level.as_str());
    for (name, value) in fields {
        line.push_str(&format!(",{}:{value}", Value::from(*name)));
    }
    line.push('}');
    let escaped = |c: char| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    line.chars().map(escaped).collect()
}

/// In UTC, to the millisecond.
#[expect(clippy::disallowed_methods, reason = "when something was said is told by the clock alone")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).ok().and_then(Timestamp::from_millis).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_json_and_stays_one_line() {
        let line =
            line(Level::Error, "`a\n\u{9b}2J\u{7f}` is no \"input\"", &[("input", Value::from("a\nb"))]);
        assert!(!line.chars().any(char::is_control), "{line}");
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&read["level"], &read["input"]), (&Value::from("error"), &Value::from("a\nb")));
        assert_eq!(read["message"], "`a\n\u{9b}2J\u{7f}` is no \"input\"");
        let time = read["time"].as_str().unwrap();
        assert!(time.len() == 24 && Timestamp::parse(time).is_some(), "{time}");
    }
}
