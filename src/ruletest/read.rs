//! Values to tests: which keys there are, what they hold, all problems at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use compact_str::{CompactString, ToCompactString, format_compact};

use super::suite::{BASE, Expected, Suite, Test};
use crate::diagnostic::nearest;
use crate::event::{Event, Record, Source, Value};
use crate::time::{Duration, Timestamp};
use crate::yaml::Problem;

const SUITE: &[&str] = &["rules", "tests"];
const TEST: &[&str] = &["name", "rules", "params", "events", "advance", "at_end", "expect"];
const EXPECTED: &[&str] = &["rule", "at", "kind", "reached", "count", "key", "fields", "match"];

/// More events than this in one test are a slip of the hand in `repeat`.
const MOST_EVENTS: u64 = 1_000_000;

/// Reads the tests of the file at `path`.
pub(super) fn suite(path: &Path, root: &Value) -> (Suite, Vec<Problem>) {
    let mut reader =
        Reader { folder: path.parent().unwrap_or(Path::new("")), place: Vec::new(), problems: Vec::new() };
    let tests = reader.suite(path, root).unwrap_or_default();
    (Suite { tests }, reader.problems)
}

/// The rule file that a test file stands beside: `a.test.yaml` tests `a.trip`.
fn same_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{}.trip", name.split(".test.").next().unwrap_or(&name)))
}

/// Reads one file. What cannot be read is a problem and `None`.
struct Reader<'a> {
    folder: &'a Path,
    /// Where it is, from the outside in.
    place: Vec<String>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn suite(&mut self, path: &Path, root: &Value) -> Option<Vec<Test>> {
        let root = self.record(root, "a mapping with `tests`", Some(SUITE))?;
        let rules = match root.get("rules") {
            Some(rules) => self.paths(rules)?,
            None => vec![same_name(path)],
        };
        let tests = self.list(root, "tests")?;
        Some(tests.iter().enumerate().filter_map(|(i, test)| self.test(i, test, &rules)).collect())
    }

    fn test(&mut self, index: usize, value: &Value, rules: &[PathBuf]) -> Option<Test> {
        let name = match value {
            Value::Record(record) => record.get("name").and_then(word),
            _ => None,
        };
        let shown = name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
        self.inside(format!("tests[{}]{shown}", index + 1), |reader| {
            let before = reader.problems.len();
            let record = reader.record(value, "a mapping", Some(TEST))?;
            if name.is_none() {
                reader.problem("a test needs a `name`: what it shows");
            }
            let test = Test {
                name: name.unwrap_or_default().into(),
                rules: record.get("rules").map_or(Some(rules.to_vec()), |own| reader.paths(own))?,
                params: record.get("params").map_or(Some(Vec::new()), |params| reader.params(params))?,
                events: reader.events(record)?,
                advance: reader.time_of(record, "advance"),
                flush: reader.flush(record),
                expect: reader.expectations(record)?,
            };
            reader.check_advance(&test);
            (reader.problems.len() == before).then_some(test)
        })
    }

    fn paths(&mut self, value: &Value) -> Option<Vec<PathBuf>> {
        let join = |path: &Value| match path {
            Value::Str(path) => Some(self.folder.join(path.as_str())),
            _ => None,
        };
        let paths: Option<Vec<PathBuf>> = match value {
            Value::List(items) => items.iter().map(join).collect(),
            one => join(one).map(|path| vec![path]),
        };
        if paths.is_none() {
            self.problem("`rules` is a path or a list of paths, seen from this file");
        }
        paths
    }

    fn params(&mut self, value: &Value) -> Option<Vec<(String, String)>> {
        let params = self.record(value, "`params` as a mapping of names to values", None)?;
        let texts = params.iter().map(|(name, value)| Some((name.to_string(), word(value)?.into())));
        let texts: Option<Vec<_>> = texts.collect();
        if texts.is_none() {
            self.problem("the value of a parameter is a text, a number or a boolean");
        }
        texts
    }

    fn flush(&mut self, record: &Record) -> bool {
        match record.get("at_end") {
            None => false,
            Some(Value::Str(text)) if text == "hold" => false,
            Some(Value::Str(text)) if text == "flush" => true,
            Some(_) => {
                self.problem("`at_end` is `hold` or `flush`");
                false
            }
        }
    }

    fn check_advance(&mut self, test: &Test) {
        if let (Some(advance), Some(last)) = (test.advance, test.events.last())
            && advance < last.time
        {
            let last = last.time.since(BASE);
            self.problem(format!(
                "`advance` lies before the last event, which is at `{last}`: it counts from the start of the test"
            ));
        }
    }

    /// The events by time. A test says what happened, not in which order it arrived.
    fn events(&mut self, record: &Record) -> Option<Vec<Event>> {
        let mut events = Vec::new();
        for (i, value) in self.list(record, "events")?.iter().enumerate() {
            self.inside(format!("events[{}]", i + 1), |reader| reader.event(value, &mut events));
        }
        events.sort_by_key(|event: &Event| event.time);
        let source = Arc::new(Source { rank: 0, name: "test".to_owned() });
        Some((1..).zip(events).map(|(offset, event)| event.at(&source, offset)).collect())
    }

    /// One line of `events`, as often as it says.
    fn event(&mut self, value: &Value, events: &mut Vec<Event>) -> Option<()> {
        let record = self.record(value, "a mapping with `at`, `type` and the fields of the event", None)?;
        let Some(at) = self.time_of(record, "at") else {
            if !record.contains_key("at") {
                self.problem("an event needs `at`, its time from the start of the test, such as `at: 1m30s`");
            }
            return None;
        };
        let (repeat, every) = self.repetition(record)?;
        if events.len() as u64 + repeat > MOST_EVENTS {
            self.problem(format!("more than {MOST_EVENTS} events in one test"));
            return None;
        }
        if record.contains_key("ts") {
            self.problem("`ts` is made from `at`; write the time there");
            return None;
        }
        let mut fields: Record = record
            .iter()
            .filter(|(name, _)| !["at", "repeat", "every"].contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let kind = fields.get("type").and_then(word);
        let mut time = at;
        for _ in 0..repeat {
            fields.insert("ts".into(), Value::Str(time.to_compact_string()));
            events.push(Event::new(time, kind.as_deref(), fields.clone()));
            time = time.after(every);
        }
        Some(())
    }

    fn repetition(&mut self, record: &Record) -> Option<(u64, Duration)> {
        let repeat = match record.get("repeat") {
            None => 1,
            Some(Value::Int(n)) if *n >= 1 => n.unsigned_abs(),
            Some(_) => {
                self.problem("`repeat` is a whole number from 1 on");
                return None;
            }
        };
        let every = match record.get("every") {
            Some(Value::Str(text)) => Duration::parse(text),
            Some(_) => None,
            None if repeat > 1 => None,
            None => Some(Duration::ZERO),
        };
        if every.is_none() {
            self.problem("`repeat` needs `every`, a duration such as `10s`");
        } else if repeat == 1 && record.contains_key("every") {
            self.problem("`every` has no effect without `repeat`");
        }
        Some((repeat, every?))
    }

    fn expectations(&mut self, record: &Record) -> Option<Vec<Expected>> {
        if !record.contains_key("expect") {
            self.problem("a test needs `expect`, all alerts in order; `expect: []` says there are none");
            return None;
        }
        let list = self.list(record, "expect")?;
        let read = list.iter().enumerate().filter_map(|(i, value)| {
            self.inside(format!("expect[{}]", i + 1), |reader| reader.expected(value))
        });
        Some(read.collect())
    }

    fn expected(&mut self, value: &Value) -> Option<Expected> {
        let record = self.record(value, "a mapping with `rule`", Some(EXPECTED))?;
        let Some(rule) = record.get("rule").and_then(word) else {
            self.problem("an expected alert needs `rule`, the name of the rule");
            return None;
        };
        let kind = record.get("kind").and_then(word);
        const KINDS: [&str; 4] = ["match", "timeout", "summary", "limit"];
        if kind.as_ref().is_some_and(|kind| !KINDS.contains(&kind.as_str())) {
            self.problem("`kind` is `match`, `timeout`, `summary` or `limit`");
        }
        let count = match record.get("count") {
            None => None,
            Some(Value::Int(n)) if *n > 0 => u64::try_from(*n).ok(),
            Some(_) => {
                self.problem("`count` is how many alerts a summary speaks of, a whole number from 1");
                None
            }
        };
        Some(Expected {
            rule,
            at: self.time_of(record, "at"),
            kind,
            reached: record.get("reached").and_then(word),
            count,
            key: self.pairs(record, "key")?,
            fields: self.pairs(record, "fields")?,
            counts: self.pairs(record, "match")?,
        })
    }

    fn pairs(&mut self, record: &Record, key: &str) -> Option<Vec<(CompactString, Value)>> {
        let Some(value) = record.get(key) else { return Some(Vec::new()) };
        let pairs = self.record(value, &format!("`{key}` as a mapping of names to values"), None)?;
        Some(pairs.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// A point of the test's time: a duration from its start, or RFC 3339.
    fn time_of(&mut self, record: &Record, key: &str) -> Option<Timestamp> {
        let value = record.get(key)?;
        let time = match value {
            Value::Str(text) => {
                Duration::parse(text).map(|d| BASE.after(d)).or_else(|| Timestamp::parse(text))
            }
            _ => None,
        };
        if time.is_none() {
            self.problem(format!(
                "`{key}` is a duration from the start of the test such as `1m30s`, or a time such as `{BASE}`"
            ));
        }
        time
    }

    fn list<'v>(&mut self, record: &'v Record, key: &str) -> Option<&'v [Value]> {
        match record.get(key) {
            Some(Value::List(items)) => Some(items),
            _ => {
                self.problem(format!("`{key}` must be there, and be a list"));
                None
            }
        }
    }

    fn record<'v>(&mut self, value: &'v Value, what: &str, known: Option<&[&str]>) -> Option<&'v Record> {
        let Value::Record(record) = value else {
            self.problem(format!("expected {what}"));
            return None;
        };
        for name in record.keys() {
            if let Some(known) = known.filter(|known| !known.contains(&name.as_str())) {
                let meant = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", list_of(known)),
                };
                self.problem(format!("unknown key `{name}`; {meant}"));
            }
        }
        Some(record)
    }

    fn inside<T>(&mut self, place: String, read: impl FnOnce(&mut Self) -> T) -> T {
        self.place.push(place);
        let result = read(self);
        self.place.pop();
        result
    }

    fn problem(&mut self, message: impl Into<String>) {
        self.problems.push(Problem { place: self.place.join(", "), message: message.into() });
    }
}

fn list_of(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Text, or what reads as a number or a boolean as the text it is.
fn word(value: &Value) -> Option<CompactString> {
    match value {
        Value::Str(text) => Some(text.clone()),
        Value::Int(n) => Some(n.to_compact_string()),
        Value::Uint(n) => Some(n.to_compact_string()),
        Value::Float(x) => Some(format_compact!("{x}")),
        Value::Bool(b) => Some(b.to_compact_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let (_, problems) = Suite::read(Path::new("rules/a.test.yaml"), text);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn repeated_events_stand_in_order_of_time() {
        let text = "
tests:
  - name: two that interleave
    events:
      - {at: 0s, type: a, repeat: 3, every: 10s}
      - {at: 5s, type: 7, n: 1, repeat: 2, every: 10s}
    expect: []";
        let (suite, problems) = Suite::read(Path::new("rules/a.test.yaml"), text);
        assert_eq!(problems, []);
        let events = &suite.tests[0].events;
        let shown: Vec<_> = events
            .iter()
            .map(|e| (e.time.since(BASE).to_string(), e.kind.clone().unwrap(), e.offset))
            .collect();
        let shown: Vec<_> = shown.iter().map(|(t, k, o)| (t.as_str(), k.as_str(), *o)).collect();
        assert_eq!(
            shown,
            [("0s", "a", 1), ("5s", "7", 2), ("10s", "a", 3), ("15s", "7", 4), ("20s", "a", 5)]
        );
        assert_eq!(events[1].get(&["ts"]), &Value::str("2026-01-01T00:00:05.000Z"));
        assert_eq!(suite.tests[0].rules, [Path::new("rules/a.trip")]);
    }

    #[test]
    fn all_problems_are_told_with_their_place() {
        let text = "
tests:
  - name: first
    events:
      - {type: a}
      - {at: 5, type: a}
      - {at: 1s, type: a, repeat: 2}
      - {at: 1s, type: a, ts: 7}
    expect: [{at: 1s}, {rule: r, fieds: {}}]
  - name: second
    evnets: []
    events: [{at: 1h}]
    advance: 5m
    at_end: stop";
        assert_eq!(
            problems(text),
            [
                "tests[1] `first`, events[1]: an event needs `at`, its time from the start of the test, such as `at: 1m30s`",
                "tests[1] `first`, events[2]: `at` is a duration from the start of the test such as `1m30s`, or a time such as `2026-01-01T00:00:00.000Z`",
                "tests[1] `first`, events[3]: `repeat` needs `every`, a duration such as `10s`",
                "tests[1] `first`, events[4]: `ts` is made from `at`; write the time there",
                "tests[1] `first`, expect[1]: an expected alert needs `rule`, the name of the rule",
                "tests[1] `first`, expect[2]: unknown key `fieds`; did you mean `fields`?",
                "tests[2] `second`: unknown key `evnets`; did you mean `events`?",
                "tests[2] `second`: `at_end` is `hold` or `flush`",
                "tests[2] `second`: a test needs `expect`, all alerts in order; `expect: []` says there are none",
            ]
        );
    }

    #[test]
    fn broken_yaml_is_told_with_line_and_column() {
        let found = problems("tests:\n  - {name: x\n  - y");
        assert!(
            found[0].starts_with("line 4, column 1: not readable as YAML: did not find expected ',' or '}'"),
            "{found:?}"
        );
        let twice = problems("tests: []\ntests: []");
        assert!(twice[0].contains("duplicate"), "{twice:?}");
    }
}
