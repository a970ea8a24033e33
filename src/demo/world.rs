//! What is being made: events, and the truth about the incidents among them.

use std::fmt::Write;

use super::random::Random;
use crate::time::Timestamp;

/// Milliseconds.
pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// How many days are made, from midnight of a Monday on.
pub(super) const DAYS: i64 = 14;
pub(super) const START: i64 = 1_772_409_600_000; // 2026-03-02T00:00:00Z
pub(super) const END: i64 = START + DAYS * DAY;

/// How busy the hours of a day are.
const RHYTHM: [i64; 24] = [2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 9, 9, 9, 9, 9, 9, 10, 10, 9, 8, 7, 5, 3];

/// An incident, as the maker of the stream knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Incident {
    /// The moment it is certain, in milliseconds since the epoch.
    pub time: i64,
    /// The rule that looks for it.
    pub rule: &'static str,
    /// Whom it happens to: the value of the rule's key; empty for a rule without one.
    pub key: String,
    /// Whether it is told as a timeout.
    pub timeout: bool,
    /// Whether it is certain because time has passed and not because of an event.
    pub deadline: bool,
}

/// A stream in the making.
pub(super) struct World {
    seed: u64,
    /// How large the world is, in events.
    events: i64,
    text: String,
    /// Time and place in the text of every event.
    lines: Vec<(i64, usize)>,
    pub(super) truth: Vec<Incident>,
    /// How often something was done that resembles what a rule looks for and is not it.
    pub(super) near: Vec<&'static str>,
    ids: Random,
}

/// The value of a field.
pub(super) enum Field<'a> {
    Text(&'a str),
    Number(i64),
    /// A number with this many decimal places, as a whole one.
    Decimal(i64, u32),
    Flag(bool),
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Self {
        Field::Text(text)
    }
}

impl<'a> From<&'a String> for Field<'a> {
    fn from(text: &'a String) -> Self {
        Field::Text(text)
    }
}

impl From<i64> for Field<'_> {
    fn from(number: i64) -> Self {
        Field::Number(number)
    }
}

impl From<bool> for Field<'_> {
    fn from(flag: bool) -> Self {
        Field::Flag(flag)
    }
}

/// An amount of money in cents.
pub(super) fn money(cents: i64) -> Field<'static> {
    Field::Decimal(cents, 2)
}

impl World {
    pub(super) fn new(seed: u64, events: usize) -> Self {
        let events = i64::try_from(events).unwrap_or(i64::MAX / 1_000);
        let (text, lines) = (String::new(), Vec::new());
        World {
            seed,
            events,
            text,
            lines,
            truth: Vec::new(),
            near: Vec::new(),
            ids: Random::new(seed, "ids"),
        }
    }

    /// The random numbers of one part of the world.
    pub(super) fn random(&self, name: &str) -> Random {
        Random::new(self.seed, name)
    }

    /// How many there are of something of which a world of 300 000 events has `n`, but at least `least`.
    pub(super) fn scaled(&self, n: i64, least: i64) -> i64 {
        (n.saturating_mul(self.events) / 300_000).max(least)
    }

    /// Something happens. What would happen after the end does not.
    pub(super) fn event(&mut self, time: i64, kind: &str, fields: &[(&str, Field<'_>)]) {
        if !(START..END).contains(&time) {
            return;
        }
        self.lines.push((time, self.text.len()));
        let (id, trace) = (self.ids.next(), self.ids.next());
        let ts = timestamp(time);
        // Writing into a string cannot fail.
        let _ = write!(
            self.text,
            r#"{{"ts":"{ts}","type":"{kind}","id":"{id:016x}","trace":"{trace:016x}{id:016x}""#
        );
        for (name, field) in fields {
            let _ = match field {
                Field::Text(text) => write!(self.text, r#","{name}":"{text}""#),
                Field::Number(number) => write!(self.text, r#","{name}":{number}"#),
                Field::Flag(flag) => write!(self.text, r#","{name}":{flag}"#),
                Field::Decimal(number, places) => {
                    let (sign, one) = (if *number < 0 { "-" } else { "" }, 10u64.pow(*places));
                    let (whole, part) = (number.unsigned_abs() / one, number.unsigned_abs() % one);
                    write!(self.text, r#","{name}":{sign}{whole}.{part:0width$}"#, width = *places as usize)
                }
            };
        }
        self.text.push_str("}\n");
    }

    /// Something was tried that `rule` looks for: an incident if it is certain at some time, else a near miss.
    pub(super) fn tried(&mut self, rule: &'static str, key: &str, certain: Option<i64>) {
        match certain {
            Some(time) => self.incident(rule, key, time),
            None => self.near.push(rule),
        }
    }

    /// An incident that an event makes certain.
    pub(super) fn incident(&mut self, rule: &'static str, key: &str, time: i64) {
        self.truth.push(Incident { time, rule, key: key.to_owned(), timeout: false, deadline: false });
    }

    /// An incident that is certain when this time has passed.
    pub(super) fn overdue(&mut self, rule: &'static str, key: &str, time: i64, timeout: bool) {
        self.truth.push(Incident { time, rule, key: key.to_owned(), timeout, deadline: true });
    }

    /// All events in order of time, one a line, and the incidents that lie within the stream, in order.
    pub(super) fn finish(mut self) -> (String, usize, Vec<Incident>, Vec<&'static str>) {
        self.lines.sort_unstable();
        let last = self.lines.last().map_or(START, |line| line.0);
        let mut sorted = String::with_capacity(self.text.len());
        for &(_, at) in &self.lines {
            sorted.extend(self.text[at..].split_inclusive('\n').next());
        }
        self.truth
            .retain(|incident| if incident.deadline { incident.time < last } else { incident.time < END });
        self.truth.sort();
        (sorted, self.lines.len(), self.truth, self.near)
    }
}

/// A time of this world as the library's.
pub(super) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap_or(Timestamp::MAX)
}

/// A time on this day, at an hour when people are about.
pub(super) fn daytime(random: &mut Random, day: i64) -> i64 {
    let mut left = random.between(0, RHYTHM.iter().sum::<i64>() - 1);
    let hour = RHYTHM.iter().take_while(|&&weight| {
        left -= weight;
        left >= 0
    });
    START + day * DAY + hour.count() as i64 * HOUR + random.between(0, HOUR - 1)
}

/// A time on any day.
pub(super) fn sometime(random: &mut Random) -> i64 {
    let day = random.between(0, DAYS - 1);
    daytime(random, day)
}

/// A length around a bound: often drawn from a wide range, sometimes on the bound to the millisecond or just beside it.
pub(super) fn around(random: &mut Random, bound: i64, low: i64, high: i64) -> i64 {
    match random.between(0, 9) {
        0 => bound,
        1 => bound + 1,
        2 => bound - 1,
        3 => bound + random.between(SECOND, MINUTE),
        4 => bound - random.between(SECOND, MINUTE).min(bound - 1),
        _ => random.skewed(low, high),
    }
}
