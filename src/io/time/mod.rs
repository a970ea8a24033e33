//! The time of an event, from what its field holds.

mod number;
mod options;
mod quick;

use chrono::format::{Parsed, parse};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime};

pub use self::number::TimeUnit;
pub use self::options::TimeOptions;

use self::number::Decimal;
use super::reject::{Fault, Reason};
use crate::event::Value;
use crate::time::Timestamp;

/// Reads the times of one input.
pub(super) struct TimeReader {
    options: TimeOptions,
    /// The local time of the event before, for formats without a year.
    last: Option<NaiveDateTime>,
    /// The day of the event before.
    day: quick::Day,
}

impl TimeReader {
    pub(super) fn new(options: TimeOptions) -> Self {
        TimeReader { options, last: None, day: quick::Day::default() }
    }

    /// The local time of the event before, where that matters.
    pub(super) fn last(&self) -> Option<NaiveDateTime> {
        self.last
    }

    /// Goes on behind an event with this local time.
    pub(super) fn go_on(&mut self, last: Option<NaiveDateTime>) {
        self.last = last;
    }

    /// The time that a value is; `written` is a number's own text where it is known, else its shortest form counts.
    pub(super) fn read(&mut self, value: &Value, written: Option<&str>) -> Result<Timestamp, Fault> {
        match (value, written) {
            (Value::Time(time), _) => Ok(*time),
            (Value::Str(text), _) => self.text(text.trim()),
            (Value::Int(_) | Value::Uint(_) | Value::Float(_), Some(text)) => self.text(text),
            (Value::Int(n), None) => self.text(&n.to_string()),
            (Value::Uint(n), None) => self.text(&n.to_string()),
            (Value::Float(x), None) => self.text(&x.to_string()),
            (other, _) => Err(bad(format!("a {} is no time", other.type_name()))),
        }
    }

    /// The time that a text is, also one in quotes: a number, RFC 3339, or what the format says.
    pub(super) fn text(&mut self, text: &str) -> Result<Timestamp, Fault> {
        if self.options.format.is_some() {
            return self.by_format(text);
        }
        match quick::rfc3339(text, &mut self.day).or_else(|| quick::epoch(text, self.options.unit)) {
            Some(time) => Ok(time),
            None => self.full(text),
        }
    }

    /// The time that a text is, if it is one; there may be space around it.
    #[inline(never)]
    pub(super) fn spelt(&mut self, text: &str) -> Option<Timestamp> {
        let plain = if self.options.format.is_none() { quick::rfc3339(text, &mut self.day) } else { None };
        plain.or_else(|| self.text(text.trim()).ok())
    }

    /// The time that a whole number is, where that is plain; else its text says more.
    pub(super) fn whole(&self, number: i64) -> Option<Timestamp> {
        let plain = self.options.format.is_none();
        plain.then(|| quick::whole(number, self.options.unit)).flatten()
    }

    /// A time without a format, however it is written.
    fn full(&self, text: &str) -> Result<Timestamp, Fault> {
        if let Some(number) = Decimal::parse(text) {
            return number.timestamp(self.options.unit).ok_or_else(|| out_of_range(text));
        }
        if let Some(time) = with_zone(text) {
            return in_range(time, text);
        }
        let local = without_zone(text).ok_or_else(|| {
            bad(format!("`{text}` is neither RFC 3339 nor a number; --time-format can say how it is written"))
        })?;
        self.local(local, text)
    }

    fn local(&self, local: NaiveDateTime, text: &str) -> Result<Timestamp, Fault> {
        let no_zone = || bad(format!("`{text}` has no zone; name it with --tz, as `--tz UTC`"));
        let zone = self.options.zone.as_ref().ok_or_else(no_zone)?;
        in_range(zone.resolve(local).ok_or_else(|| no_such_time(text))?, text)
    }

    fn by_format(&mut self, text: &str) -> Result<Timestamp, Fault> {
        let Some(format) = &self.options.format else { return Err(no_such_time(text)) };
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, format.items.iter())
            .map_err(|_| bad(format!("`{text}` is not written as `{}`", format.text)))?;
        complete(&mut parsed).ok_or_else(|| no_such_time(text))?;
        if !format.has_year {
            let year = self.nearest_year(&parsed).ok_or_else(|| no_such_time(text))?;
            parsed.set_year(i64::from(year)).map_err(|_| no_such_time(text))?;
            self.last = local(&parsed);
        }
        if let Ok(time) = parsed.to_datetime() {
            return in_range(time, text);
        }
        self.local(local(&parsed).ok_or_else(|| no_such_time(text))?, text)
    }

    /// The year that brings a time without one nearest to the event before; for the first event the one given.
    fn nearest_year(&self, parsed: &Parsed) -> Option<i32> {
        let Some(last) = self.last else { return self.options.year };
        let distance = |year: &i32| {
            let mut parsed = parsed.clone();
            parsed.set_year(i64::from(*year)).ok()?;
            Some((local(&parsed)? - last).abs())
        };
        (last.year() - 1..=last.year() + 1).filter(|y| distance(y).is_some()).min_by_key(distance)
    }
}

/// The local time that was read.
fn local(parsed: &Parsed) -> Option<NaiveDateTime> {
    Some(parsed.to_naive_date().ok()?.and_time(parsed.to_naive_time().ok()?))
}

/// Fills in what a format leaves out of the time of day: minutes, or all of it.
fn complete(parsed: &mut Parsed) -> Option<()> {
    if parsed.timestamp().is_none() && parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
        if parsed.hour_mod_12().is_none() {
            parsed.set_hour(0).ok()?;
        }
    }
    Some(())
}

fn bad(detail: String) -> Fault {
    Fault::new(Reason::BadTime, detail)
}

fn no_such_time(text: &str) -> Fault {
    bad(format!("`{text}` is a time that does not exist"))
}

fn out_of_range(text: &str) -> Fault {
    Fault::new(Reason::TimeOutOfRange, format!("`{text}` is not between the years 1678 and 2262"))
}

fn in_range(time: DateTime<FixedOffset>, text: &str) -> Result<Timestamp, Fault> {
    time.timestamp_nanos_opt().map(Timestamp::from_nanos).ok_or_else(|| out_of_range(text))
}

/// RFC 3339, also with the offset written `+0100` or `+01`.
fn with_zone(text: &str) -> Option<DateTime<FixedOffset>> {
    let strict = DateTime::parse_from_rfc3339(text);
    let loose = || {
        ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z"]
            .iter()
            .find_map(|f| DateTime::parse_from_str(text, f).ok())
    };
    strict.ok().or_else(loose)
}

/// RFC 3339 that leaves out the zone, the seconds or the time of day.
fn without_zone(text: &str) -> Option<NaiveDateTime> {
    const FORMATS: [&str; 4] =
        ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let date = || chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    FORMATS.iter().find_map(|f| NaiveDateTime::parse_from_str(text, f).ok()).or_else(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn at(options: &TimeOptions, text: &str) -> String {
        match TimeReader::new(options.clone()).text(text) {
            Ok(time) => time.to_string(),
            Err(fault) => fault.reason.as_str().to_string(),
        }
    }

    #[test]
    fn texts_are_rfc_3339_and_need_a_zone() {
        let none = TimeOptions::default();
        let berlin = TimeOptions::default().zone("Europe/Berlin").unwrap();
        for (text, without, with) in [
            ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00.000Z", "2026-01-05T10:00:00.000Z"),
            ("2026-01-05 10:00:00.25+01:00", "2026-01-05T09:00:00.250Z", "2026-01-05T09:00:00.250Z"),
            ("2026-01-05T10:00:00+0100", "2026-01-05T09:00:00.000Z", "2026-01-05T09:00:00.000Z"),
            ("2026-01-05T10:00:00", "bad_time", "2026-01-05T09:00:00.000Z"),
            ("2026-07-05 10:00", "bad_time", "2026-07-05T08:00:00.000Z"),
            ("2026-01-05", "bad_time", "2026-01-04T23:00:00.000Z"),
            ("9999-01-05T10:00:00Z", "time_out_of_range", "time_out_of_range"),
            ("yesterday", "bad_time", "bad_time"),
            ("", "bad_time", "bad_time"),
        ] {
            assert_eq!(at(&none, text), without, "{text}");
            assert_eq!(at(&berlin, text), with, "{text}");
        }
    }

    #[test]
    fn without_a_year_each_event_lies_nearest_to_the_one_before() {
        let options =
            TimeOptions::default().zone("UTC").unwrap().year(2023).format("%b %e %H:%M:%S").unwrap();
        let mut reader = TimeReader::new(options);
        let mut years = |texts: &[&str]| -> Vec<String> {
            texts
                .iter()
                .map(|t| reader.text(t).map_or("none".into(), |t| t.to_string()[..10].to_string()))
                .collect()
        };
        assert_eq!(
            years(&[
                "Dec 31 23:59:59",
                "Jan  1 00:00:01",
                "Dec 31 23:59:58",
                "Feb 29 00:00:00",
                "Jun 30 12:00:00"
            ]),
            ["2023-12-31", "2024-01-01", "2023-12-31", "2024-02-29", "2024-06-30"]
        );
    }
}
