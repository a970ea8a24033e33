//! Alerts as a table for reading, row by row as they come.

use tripline::io::{AlertFormat, Evidence, JsonValue};
use tripline::{Alert, AlertKind, Event, Program, Value};

use crate::terminal::harmless;

const SEVERITY: &str = "SEVERITY";
const RULE: &str = "RULE";
const TIME: usize = "2026-01-01T00:00:00.000Z".len();
const GAP: &str = "  ";

/// Lays out rows: time, severity, rule, key, fields. What is too wide for a terminal goes on below, behind the time,
/// so that the times stay a column.
pub(super) struct Table {
    severity: usize,
    rule: usize,
    /// What is shown below a row.
    evidence: Option<AlertFormat>,
    /// The columns of the terminal.
    width: Option<usize>,
    begun: bool,
}

impl Table {
    /// With columns as wide as the program's rules need. Events are shown below their alert if `evidence` says how.
    pub(super) fn new(program: &Program, evidence: Option<AlertFormat>, width: Option<usize>) -> Self {
        let mut table = Table { severity: 0, rule: 0, evidence, width, begun: false };
        table.turn_to(program);
        table
    }

    /// Makes room for the rules of another program.
    pub(super) fn turn_to(&mut self, program: &Program) {
        let infos = || program.rules().map(|(_, info)| info);
        let severity = infos().map(|info| info.severity.map_or(0, |level| level.as_str().len())).max();
        let rule = infos().map(|info| info.name.chars().count()).max();
        self.severity = self.severity.max(severity.unwrap_or_default()).max(SEVERITY.len());
        self.rule = self.rule.max(rule.unwrap_or_default()).max(RULE.len());
    }

    /// The row of an alert, the first with the header above it, and its evidence below it.
    pub(super) fn row(&mut self, alert: &Alert) -> String {
        let mut text = String::new();
        if !std::mem::replace(&mut self.begun, true) {
            self.line(&mut text, "TIME", SEVERITY, RULE, &["KEY AND FIELDS".to_owned()]);
        }
        let severity = alert.rule.severity.map_or("", |level| level.as_str());
        let key = alert.rule.key_names.iter().zip(alert.key.values());
        let fields = alert.fields.iter().map(|(name, value)| (name, value));
        let mut said: Vec<String> = key.chain(fields).map(|(name, value)| pair(name, value)).collect();
        match &alert.kind {
            AlertKind::Match => {}
            AlertKind::Timeout { reached, bound } => {
                said.push(format!("(timeout of {bound}, reached {reached})"));
            }
            AlertKind::Summary { count } => said.push(format!("({count} more like it suppressed)")),
            AlertKind::Limit(_) => said.push("(at its limit)".to_owned()),
        }
        self.line(&mut text, &alert.time.to_string(), severity, &alert.rule.name, &said);
        if let Some(format) = self.evidence.filter(|format| format.evidence != Evidence::None) {
            self.evidence(&mut text, alert, &format);
        }
        text.truncate(text.trim_end().len());
        text
    }

    fn line(&self, text: &mut String, time: &str, severity: &str, rule: &str, said: &[String]) {
        let begin = format!("{time:TIME$}{GAP}{severity:0$}{GAP}{rule:1$}", self.severity, self.rule);
        self.wrap(text, begin, said, TIME);
    }

    /// The title of the rule, and for each step the events bound: time, step, place, and the event itself if evidence
    /// is full.
    fn evidence(&self, text: &mut String, alert: &Alert, format: &AlertFormat) {
        if let Some((_, title)) = alert.rule.notes.iter().find(|(name, _)| name == "title") {
            text.push_str(&format!("{GAP}{}\n", plain(title)));
        }
        let wide = alert.bindings.iter().map(|(step, _)| step.chars().count()).max().unwrap_or_default();
        for ((step, events), (_, count)) in alert.bindings.iter().zip(alert.bound()) {
            for event in events.iter().take(format.limit) {
                let begin =
                    format!("{GAP}{:TIME$}{GAP}{step:wide$}{GAP}{}", event.time.to_string(), place(event));
                let fields = event.fields.iter().map(|(name, value)| pair(name, value));
                let said = if format.shows_events(&alert.rule) { fields.collect() } else { Vec::new() };
                self.wrap(text, begin, &said, GAP.len() + TIME);
            }
            let listed = events.len().min(format.limit) as u64;
            if let Some(more @ 1..) = count.checked_sub(listed) {
                // Of a window the first and the last are listed.
                let more =
                    if alert.counts.is_some() { format!("{more} between") } else { format!("{more} more") };
                text.push_str(&format!("{GAP}{:TIME$}{GAP}{step:wide$}{GAP}and {more}\n", ""));
            }
        }
        if let Some(deadline) = alert.deadline {
            text.push_str(&format!("{GAP}{:TIME$}{GAP}(deadline)\n", deadline.to_string()));
        }
    }

    /// Puts what is said behind the beginning of a line; what does not fit goes on further lines, `indent` columns and
    /// a gap from the left.
    fn wrap(&self, text: &mut String, begin: String, said: &[String], indent: usize) {
        let width = self.width.unwrap_or(usize::MAX);
        let mut line = begin;
        for word in said {
            if line.chars().count() + GAP.len() + word.chars().count() > width && !line.trim_end().is_empty()
            {
                text.push_str(line.trim_end());
                text.push('\n');
                line = " ".repeat(indent);
            }
            line.push_str(GAP);
            line.push_str(word);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn pair(name: &str, value: &Value) -> String {
    format!("{}={}", harmless(name), shown(value))
}

/// `auth.ndjson:17`, of an alert `guessed 6920d7c0…`, its rule and how its id begins.
fn place(event: &Event) -> String {
    let name = harmless(&event.source.name);
    if event.source.is_rule() {
        return format!("{name} {:08x}…", event.identity >> 96);
    }
    format!("{name}:{}", event.offset)
}

/// A value for reading: text without quotes, unless it is empty or holds what could be taken for two.
fn shown(value: &Value) -> String {
    match value {
        Value::Str(text) if text.is_empty() || text.contains(' ') => format!("{text:?}"),
        value => plain(value),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Str(text) => harmless(text),
        Value::Time(time) => time.to_string(),
        Value::Duration(length) => length.to_string(),
        Value::Ip(ip) => ip.to_string(),
        value => harmless(&serde_json::to_string(&JsonValue(value)).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(width: Option<usize>, said: &[&str]) -> String {
        let table = Table { severity: 4, rule: 5, evidence: None, width, begun: true };
        let said: Vec<String> = said.iter().map(|&word| word.to_owned()).collect();
        let mut text = String::new();
        table.wrap(&mut text, "begin".to_owned(), &said, 2);
        text
    }

    #[test]
    fn what_does_not_fit_goes_on_below() {
        let said = ["a=1", "b=22", "c=333", "wider=than the terminal", "é=4"];
        assert_eq!(wrapped(None, &said), "begin  a=1  b=22  c=333  wider=than the terminal  é=4\n");
        assert_eq!(
            wrapped(Some(16), &said),
            "begin  a=1  b=22\n    c=333\n    wider=than the terminal\n    é=4\n"
        );
        assert_eq!(wrapped(Some(1), &["a=1"]), "begin\n    a=1\n");
    }
}
