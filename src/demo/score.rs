//! What was found beside what is true.

use std::collections::BTreeMap;

use super::stream::Stream;
use super::world::{Incident, timestamp};
use crate::alert::{Alert, Kind};
use crate::event::Value;
use crate::time::Timestamp;

/// How one rule did.
#[derive(Clone, Debug)]
pub struct Score<'a> {
    /// The rule.
    pub rule: String,
    /// How often something came near to an incident and was none.
    pub near: usize,
    /// Incidents of its kind.
    pub planted: usize,
    /// Those it found: same rule, kind, key and time.
    pub found: usize,
    /// Incidents it did not find.
    pub missed: Vec<&'a Incident>,
    /// Alerts that no incident stands behind.
    pub invented: Vec<&'a Alert>,
}

/// What makes an alert the finding of an incident.
type Identity = (String, bool, String, Timestamp);

/// Sets the alerts beside the truth, one score a rule, in order of their names. Each incident is found once.
pub fn score<'a>(
    stream: &'a Stream,
    rules: impl IntoIterator<Item = String>,
    alerts: &'a [Alert],
) -> Vec<Score<'a>> {
    let mut scores: BTreeMap<String, Score<'a>> =
        rules.into_iter().map(|rule| (rule.clone(), empty(rule))).collect();
    let mut open: BTreeMap<Identity, Vec<&Incident>> = BTreeMap::new();
    for incident in &stream.truth {
        entry(&mut scores, incident.rule).planted += 1;
        open.entry(of_incident(incident)).or_default().push(incident);
    }
    for rule in &stream.near {
        entry(&mut scores, rule).near += 1;
    }
    for alert in alerts {
        let score = entry(&mut scores, &alert.rule.name);
        match open.get_mut(&of_alert(alert)).and_then(Vec::pop) {
            Some(_) => score.found += 1,
            None => score.invented.push(alert),
        }
    }
    for incident in open.into_values().flatten() {
        entry(&mut scores, incident.rule).missed.push(incident);
    }
    scores.into_values().collect()
}

fn entry<'s, 'a>(scores: &'s mut BTreeMap<String, Score<'a>>, rule: &str) -> &'s mut Score<'a> {
    scores.entry(rule.to_owned()).or_insert_with(|| empty(rule.to_owned()))
}

fn empty<'a>(rule: String) -> Score<'a> {
    Score { rule, near: 0, planted: 0, found: 0, missed: Vec::new(), invented: Vec::new() }
}

fn of_incident(incident: &Incident) -> Identity {
    (incident.rule.to_owned(), incident.timeout, incident.key.clone(), timestamp(incident.time))
}

fn of_alert(alert: &Alert) -> Identity {
    let key = alert.key.values().iter().map(|value| match value {
        Value::Str(text) => text.to_string(),
        other => format!("{other:?}"),
    });
    let timeout = matches!(alert.kind, Kind::Timeout { .. });
    (alert.rule.name.to_string(), timeout, key.collect::<Vec<_>>().join(" "), alert.time)
}
