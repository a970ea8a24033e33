//! Alerts as a table for reading, row by row as they come.

use tripline::io::JsonValue;
use tripline::{Alert, AlertKind, Program, Value};

const SEVERITY: &str = "SEVERITY";
const RULE: &str = "RULE";

/// Lays out rows: time, severity, rule, key, fields.
pub(super) struct Table {
    severity: usize,
    rule: usize,
    begun: bool,
}

impl Table {
    /// With columns as wide as the program's rules need.
    pub(super) fn new(program: &Program) -> Self {
        let infos = || program.rules().map(|(_, info)| info);
        let severity = infos().map(|info| info.severity.map_or(0, |level| level.as_str().len())).max();
        let rule = infos().map(|info| info.name.chars().count()).max();
        let wide = |title: &str, longest: Option<usize>| longest.unwrap_or_default().max(title.len());
        Table { severity: wide(SEVERITY, severity), rule: wide(RULE, rule), begun: false }
    }

    /// The row of an alert, the first with the header above it.
    pub(super) fn row(&mut self, alert: &Alert) -> String {
        let header = (!std::mem::replace(&mut self.begun, true))
            .then(|| self.line("TIME", SEVERITY, RULE, "KEY AND FIELDS") + "\n");
        let severity = alert.rule.severity.map_or("", |level| level.as_str());
        let key = alert.rule.key_names.iter().zip(alert.key.values());
        let fields = alert.fields.iter().map(|(name, value)| (name, value));
        let mut said: Vec<String> =
            key.chain(fields).map(|(name, value)| format!("{name}={}", shown(value))).collect();
        if let AlertKind::Timeout { reached, bound } = &alert.kind {
            said.push(format!("(timeout of {bound}, reached {reached})"));
        }
        let line = self.line(&alert.time.to_string(), severity, &alert.rule.name, &said.join("  "));
        header.unwrap_or_default() + &line
    }

    fn line(&self, time: &str, severity: &str, rule: &str, rest: &str) -> String {
        const TIME: usize = "2026-01-01T00:00:00.000Z".len();
        let line = format!("{time:TIME$}  {severity:0$}  {rule:1$}  {rest}", self.severity, self.rule);
        line.trim_end().to_owned()
    }
}

/// A value for reading: text without quotes, unless it holds what could upset a terminal or be taken for two.
fn shown(value: &Value) -> String {
    let is_odd = |c: char| c.is_control() || c == ' ';
    match value {
        Value::Str(text) if text.is_empty() || text.contains(is_odd) => format!("{text:?}"),
        Value::Str(text) => text.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Duration(length) => length.to_string(),
        Value::Ip(ip) => ip.to_string(),
        value => serde_json::to_string(&JsonValue(value)).unwrap_or_default(),
    }
}
