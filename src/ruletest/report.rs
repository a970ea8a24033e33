//! A failed test as text.

use std::fmt::{self, Display};

use compact_str::{CompactString, ToCompactString, format_compact};

use super::compare::Difference;
use super::run::Outcome;
use super::suite::{BASE, Expected};
use crate::alert::{Alert, Kind};
use crate::event::Value;

/// The comparison of a test as text: what was found as expected (`=`), what differs and in what (`~`), what is missing
/// (`-`), what was not expected (`+`).
#[derive(Clone, Copy, Debug)]
pub struct Report<'a>(pub &'a Outcome);

impl Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.0.lines {
            match line {
                Difference::Same(found) => writeln!(f, "  =             {}", of_alert(found))?,
                Difference::Missing(expected) => writeln!(f, "  - missing     {}", of_expected(expected))?,
                Difference::Extra(found) => writeln!(f, "  + unexpected  {}", of_alert_in_full(found))?,
                Difference::Differs { found, fields } => {
                    writeln!(f, "  ~ differs     {}", of_alert(found))?;
                    let width = fields.iter().map(|field| field.name.len()).max().unwrap_or_default();
                    let wanted =
                        fields.iter().map(|field| field.expected.chars().count()).max().unwrap_or_default();
                    for field in fields {
                        let (name, expected, found) = (&field.name, &field.expected, &field.found);
                        writeln!(f, "      {name:width$}  expected {expected:wanted$}  found {found}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn of_alert(alert: &Alert) -> String {
    let keys = alert.rule.key_names.iter().zip(alert.key.values());
    let key = mapping("key", keys);
    let kind = match &alert.kind {
        Kind::Match => String::new(),
        Kind::Timeout { reached, .. } => format!(" timeout after {reached}"),
        Kind::Summary { count } => format!(" summary of {count}"),
        Kind::Limit(bound) => format!(" at its limit `{}`", bound.name()),
    };
    format!("{}{kind} at {}{key}", alert.rule.name, alert.time.since(BASE))
}

fn of_alert_in_full(alert: &Alert) -> String {
    let fields = mapping("fields", alert.fields.iter().map(|(name, value)| (name, value)));
    format!("{}{fields}", of_alert(alert))
}

fn of_expected(expected: &Expected) -> String {
    let kind = expected.kind.as_ref().filter(|kind| *kind != "match");
    let reached = expected.reached.as_ref().map(|reached| format!(" after {reached}")).unwrap_or_default();
    let count = expected.count.map(|count| format!(" of {count}")).unwrap_or_default();
    let kind = kind.map(|kind| format!(" {kind}{reached}{count}")).unwrap_or_default();
    let at = expected.at.map(|at| format!(" at {}", at.since(BASE))).unwrap_or_default();
    let key = mapping("key", expected.key.iter().map(|(name, value)| (name, value)));
    let fields = mapping("fields", expected.fields.iter().map(|(name, value)| (name, value)));
    format!("{}{kind}{at}{key}{fields}", expected.rule)
}

/// ` key {user: ann}`, or nothing if there is nothing in it.
fn mapping<'a>(what: &str, pairs: impl Iterator<Item = (&'a CompactString, &'a Value)>) -> String {
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}: {}", shown(value))).collect();
    if pairs.is_empty() { String::new() } else { format!(" {what} {{{}}}", pairs.join(", ")) }
}

/// A value as a test would write it.
pub(super) fn shown(value: &Value) -> CompactString {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_compact_string(),
        Value::Int(n) => n.to_compact_string(),
        Value::Uint(n) => n.to_compact_string(),
        Value::Float(x) => format_compact!("{x:?}"),
        Value::Str(text) if reads_as_text(text) => text.clone(),
        Value::Str(text) => format_compact!("{text:?}"),
        Value::Time(time) => time.to_compact_string(),
        Value::Duration(length) => length.to_compact_string(),
        Value::Ip(ip) => ip.to_compact_string(),
        Value::List(items) => {
            format_compact!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Value::Record(fields) => {
            let fields = fields.iter().map(|(name, value)| format_compact!("{name}: {}", shown(value)));
            format_compact!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether YAML would read it as text without quotes, so that `"5"` and `5` look different.
fn reads_as_text(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "_-./@".contains(c);
    text.starts_with(|c: char| c.is_alphabetic())
        && text.chars().all(plain)
        && !["true", "false", "null"].contains(&text)
}
