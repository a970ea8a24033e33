//! Expected and found alerts, side by side.

use compact_str::{CompactString, format_compact};

use super::report::shown;
use super::suite::{BASE, Expected};
use crate::alert::{Alert, Kind};
use crate::event::Value;
use crate::time::{Duration, Timestamp};

/// One line of the comparison.
#[derive(Clone, Debug)]
pub enum Difference {
    /// Expected and found.
    Same(Alert),
    /// Expected and found, but not as expected.
    Differs {
        /// What was found.
        found: Alert,
        /// In what it differs; at least one.
        fields: Vec<FieldDifference>,
    },
    /// Expected and not found.
    Missing(Expected),
    /// Found and not expected.
    Extra(Alert),
}

/// One thing an alert says otherwise than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    /// Which: `at`, `key.user`, `fields.amount`, `match.fail`.
    pub name: String,
    /// As it was expected, as text.
    pub expected: String,
    /// As it was found, as text.
    pub found: String,
}

impl Difference {
    /// The alert that was found, if one was.
    pub fn found(&self) -> Option<&Alert> {
        match self {
            Difference::Same(alert) | Difference::Extra(alert) => Some(alert),
            Difference::Differs { found, .. } => Some(found),
            Difference::Missing(_) => None,
        }
    }
}

/// Sets the two lists side by side, in order, with as little difference as possible: an alert is set beside an expected
/// one of its rule or stands alone.
///
/// Cost: the product of the lengths of what lies between equal beginnings and equal ends.
pub(super) fn compare(expected: &[Expected], mut found: Vec<Alert>) -> Vec<Difference> {
    let is_same = |(e, a): &(&Expected, &Alert)| e.rule == a.rule.name && differences(e, a).is_empty();
    let begin = expected.iter().zip(&found).take_while(is_same).count();
    let rest = expected[begin..].iter().rev().zip(found[begin..].iter().rev());
    let end = rest.take_while(is_same).count();
    let last = found.split_off(found.len() - end);
    let middle = found.split_off(begin);
    let mut lines: Vec<Difference> = found.into_iter().map(Difference::Same).collect();
    lines.extend(between(&expected[begin..expected.len() - end], middle));
    lines.extend(last.into_iter().map(Difference::Same));
    lines
}

fn between(expected: &[Expected], found: Vec<Alert>) -> Vec<Difference> {
    let apart = |e: &Expected, a: &Alert| (e.rule == a.rule.name).then(|| differences(e, a));
    let costs = table(expected, &found, |e, a| apart(e, a).map(|fields| usize::from(!fields.is_empty())));
    let (mut lines, mut i, mut found) = (Vec::new(), 0, found.into_iter().enumerate().peekable());
    while let Some(&(j, ref alert)) = found.peek() {
        let pair = expected.get(i).and_then(|e| apart(e, alert));
        let paired = pair.as_ref().map(|fields| usize::from(!fields.is_empty()) + costs[i + 1][j + 1]);
        if paired == Some(costs[i][j]) {
            i += 1;
            let alert = found.next().map(|(_, alert)| alert);
            lines.extend(alert.zip(pair).map(|(found, fields)| match fields.is_empty() {
                true => Difference::Same(found),
                false => Difference::Differs { found, fields },
            }));
        } else if i < expected.len() && costs[i][j] == costs[i + 1][j] + ALONE {
            lines.push(Difference::Missing(expected[i].clone()));
            i += 1;
        } else {
            lines.extend(found.next().map(|(_, alert)| Difference::Extra(alert)));
        }
    }
    lines.extend(expected[i..].iter().cloned().map(Difference::Missing));
    lines
}

/// What an alert that stands alone costs; a pair that differs costs one.
const ALONE: usize = 1;

/// `table[i][j]`: the least cost of setting what follows the i-th expected and the j-th found side by side.
fn table(
    expected: &[Expected],
    found: &[Alert],
    pair: impl Fn(&Expected, &Alert) -> Option<usize>,
) -> Vec<Vec<usize>> {
    let (n, m) = (expected.len(), found.len());
    let mut costs = vec![vec![0; m + 1]; n + 1];
    for i in (0..=n).rev() {
        for j in (0..=m).rev() {
            costs[i][j] = match (expected.get(i), found.get(j)) {
                (None, _) => (m - j) * ALONE,
                (_, None) => (n - i) * ALONE,
                (Some(e), Some(a)) => {
                    let alone = ALONE + costs[i + 1][j].min(costs[i][j + 1]);
                    pair(e, a).map_or(alone, |cost| alone.min(cost + costs[i + 1][j + 1]))
                }
            };
        }
    }
    costs
}

/// In what an alert differs from what was expected of it. What is not named is not compared.
fn differences(expected: &Expected, found: &Alert) -> Vec<FieldDifference> {
    let mut list = List::default();
    if let Some(at) = expected.at {
        list.compare("at", at == found.time, at.since(BASE), found.time.since(BASE));
    }
    let (kind, reached, count) = match &found.kind {
        Kind::Match => ("match", "", 0),
        Kind::Timeout { reached, .. } => ("timeout", reached.as_str(), 0),
        Kind::Summary { count } => ("summary", "", *count),
        Kind::Limit(_) => ("limit", "", 0),
    };
    if let Some(wanted) = &expected.kind {
        list.compare("kind", wanted == kind, wanted, kind);
    }
    if let Some(wanted) = &expected.reached {
        list.compare(
            "reached",
            wanted == reached,
            wanted,
            if reached.is_empty() { "nothing" } else { reached },
        );
    }
    if let Some(wanted) = expected.count {
        list.compare("count", wanted == count, wanted, count);
    }
    let keys = found.rule.key_names.iter().zip(found.key.values());
    list.values("key", &expected.key, &keys.map(|(n, v)| (n.clone(), v.clone())).collect::<Vec<_>>());
    list.values("fields", &expected.fields, &found.fields);
    let count = |events: u64| Value::Int(i64::try_from(events).unwrap_or(i64::MAX));
    let counts: Vec<_> = found.bound().map(|(step, events)| (step.clone(), count(events))).collect();
    list.values("match", &expected.counts, &counts);
    list.0
}

#[derive(Default)]
struct List(Vec<FieldDifference>);

impl List {
    fn compare(&mut self, name: &str, same: bool, expected: impl ToString, found: impl ToString) {
        if !same {
            let (expected, found) = (expected.to_string(), found.to_string());
            self.0.push(FieldDifference { name: name.to_owned(), expected, found });
        }
    }

    /// Those expected by name; what is expected to be null may be missing.
    fn values(&mut self, what: &str, expected: &[(CompactString, Value)], found: &[(CompactString, Value)]) {
        for (name, wanted) in expected {
            let there = found.iter().find(|(n, _)| n == name).map(|(_, value)| value);
            let text = there.map_or_else(|| CompactString::from("nothing"), shown);
            let is_same = same(wanted, there.unwrap_or(&Value::Null));
            self.compare(&format_compact!("{what}.{name}"), is_same, shown(wanted), text);
        }
    }
}

/// Whether a value is the one YAML stands for, which has no times, durations and addresses but as text.
fn same(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Str(text), Value::Time(time)) => Timestamp::parse(text) == Some(*time),
        (Value::Str(text), Value::Duration(length)) => Duration::parse(text) == Some(*length),
        (Value::Str(text), Value::Ip(ip)) => text.parse() == Ok(*ip),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))
        }
        _ => expected == found,
    }
}
