//! The time of an event, from what its field holds.

use std::fmt::Write;
use std::str::FromStr;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::Error;
use super::reject::{Fault, Reason};
use crate::event::Value;
use crate::time::{Timestamp, epoch_unit};

/// What a number in the field of the time counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeUnit {
    /// Told by its magnitude: below 1e11 seconds, 1e14 milliseconds, 1e17 microseconds, else nanoseconds.
    #[default]
    Auto,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl TimeUnit {
    /// How many nanoseconds it has; for `Auto` told by the number's magnitude.
    fn nanos(self, magnitude: u128) -> u128 {
        match self {
            TimeUnit::Auto => epoch_unit(magnitude).unsigned_abs().into(),
            TimeUnit::Seconds => 1_000_000_000,
            TimeUnit::Millis => 1_000_000,
            TimeUnit::Micros => 1_000,
            TimeUnit::Nanos => 1,
        }
    }
}

/// How times are read.
#[derive(Clone, Debug, Default)]
pub struct TimeOptions {
    unit: TimeUnit,
    format: Option<Format>,
    zone: Option<Zone>,
    year: Option<i32>,
}

/// A format of texts, as strftime writes it.
#[derive(Clone, Debug)]
struct Format {
    text: String,
    items: Vec<Item<'static>>,
    has_year: bool,
}

/// The zone of times that say none.
#[derive(Clone, Debug)]
enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

impl TimeOptions {
    /// What numbers count.
    #[must_use]
    pub fn unit(mut self, unit: TimeUnit) -> Self {
        self.unit = unit;
        self
    }

    /// The zone of times that say none: a name of the time zone database, or an offset as `+02:00`. A local time
    /// that the clocks skip is read with the offset before the change, one that they show twice as the first.
    pub fn zone(mut self, name: &str) -> Result<Self, Error> {
        let offset = || FixedOffset::from_str(name).ok().map(Zone::Fixed);
        let zone = Tz::from_str(name).ok().map(Zone::Named).or_else(offset);
        let unknown = || {
            format!(
                "`{name}` is no time zone: give a name as `Europe/Berlin` or `UTC`, or an offset as `+02:00`"
            )
        };
        self.zone = Some(zone.ok_or_else(|| Error::new(unknown()))?);
        Ok(self)
    }

    /// The year in which the first event of each input lies, for a format without one. Every further event lies in
    /// the year that brings it nearest to the one before it.
    #[must_use]
    pub fn year(mut self, year: i32) -> Self {
        self.year = Some(year);
        self
    }

    /// The format of the texts, as strftime writes it. It needs a date; one without a zone needs [`zone`] and one
    /// without a year needs [`year`], which must be given first.
    ///
    /// [`zone`]: TimeOptions::zone
    /// [`year`]: TimeOptions::year
    pub fn format(mut self, text: &str) -> Result<Self, Error> {
        let bad = |what: &str| Error::new(format!("the time format `{text}` {what}"));
        let items = StrftimeItems::new(text).parse_to_owned().map_err(|_| bad("is not understood"))?;
        let mut sample = round_trip(&items).ok_or_else(|| bad("is not understood"))?;
        let has_year = sample.timestamp().is_some() || sample.to_naive_date().is_ok();
        if !has_year && (sample.set_year(SAMPLE_YEAR).is_err() || sample.to_naive_date().is_err()) {
            return Err(bad("has no date"));
        }
        if !has_year && self.year.is_none() {
            return Err(bad("has no year: say with --year in which the input begins"));
        }
        if sample.offset().is_none() && sample.timestamp().is_none() && self.zone.is_none() {
            return Err(bad("has no zone: name it with --tz, as `--tz UTC`"));
        }
        self.format = Some(Format { text: text.to_string(), items, has_year });
        Ok(self)
    }
}

const SAMPLE_YEAR: i64 = 2024;

/// What a time written in this format says about itself.
fn round_trip(items: &[Item<'static>]) -> Option<Parsed> {
    let sample = DateTime::from_timestamp(1_709_123_696, 0)?.fixed_offset();
    let (mut text, mut parsed) = (String::new(), Parsed::new());
    write!(text, "{}", sample.format_with_items(items.iter())).ok()?;
    parse(&mut parsed, &text, items.iter()).ok()?;
    Some(parsed)
}

/// Reads the times of one input.
pub(super) struct TimeReader {
    options: TimeOptions,
    /// The local time of the event before, for formats without a year.
    last: Option<NaiveDateTime>,
}

impl TimeReader {
    pub(super) fn new(options: TimeOptions) -> Self {
        TimeReader { options, last: None }
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

impl Zone {
    fn resolve(&self, local: NaiveDateTime) -> Option<DateTime<FixedOffset>> {
        match self {
            Zone::Named(zone) => resolve(zone, local),
            Zone::Fixed(zone) => resolve(zone, local),
        }
    }
}

/// A local time with the offset in force; one shown twice is the first, a skipped one has the offset of the day
/// before.
fn resolve<Z: TimeZone>(zone: &Z, local: NaiveDateTime) -> Option<DateTime<FixedOffset>> {
    let offset = |at: NaiveDateTime| zone.offset_from_local_datetime(&at).earliest().map(|o| o.fix());
    let offset = offset(local).or_else(|| offset(local.checked_sub_signed(TimeDelta::days(1))?))?;
    let utc = local.checked_sub_signed(TimeDelta::seconds(i64::from(offset.local_minus_utc())))?;
    Some(DateTime::from_naive_utc_and_offset(utc, offset))
}

/// A decimal number, exactly: `digits` × 10^`exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Decimal {
    negative: bool,
    digits: u128,
    exponent: i32,
}

impl Decimal {
    /// Reads `-12.5e3`. Digits beyond the 29th count for the size only.
    fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let exponent: i32 = exponent.parse().ok()?;
        let mut number = Decimal { negative, digits: 0, exponent };
        whole.bytes().for_each(|b| number.push(b, 0));
        fraction.bytes().for_each(|b| number.push(b, -1));
        Some(number)
    }

    fn push(&mut self, digit: u8, shift: i32) {
        if self.digits < 10u128.pow(28) {
            self.digits = self.digits * 10 + u128::from(digit - b'0');
            self.exponent = self.exponent.saturating_add(shift);
        } else {
            self.exponent = self.exponent.saturating_add(shift + 1);
        }
    }

    /// The whole part of `self` × `factor`, which is at most 10^9; `None` beyond 128 bits.
    fn times(&self, factor: u128) -> Option<u128> {
        // 29 digits leave room for the factor.
        let product = self.digits.saturating_mul(factor);
        let power = 10u128.checked_pow(self.exponent.unsigned_abs());
        match self.exponent {
            _ if product == 0 => Some(0),
            0.. => product.checked_mul(power?),
            _ => Some(power.map_or(0, |power| product / power)),
        }
    }

    /// The point in time that many units after 1970; what is less than a nanosecond is cut off.
    fn timestamp(&self, unit: TimeUnit) -> Option<Timestamp> {
        let unit = unit.nanos(self.times(1)?);
        let nanos = i128::try_from(self.times(unit)?).ok()?;
        i64::try_from(if self.negative { -nanos } else { nanos }).ok().map(Timestamp::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(options: &TimeOptions, text: &str) -> String {
        match TimeReader::new(options.clone()).text(text) {
            Ok(time) => time.to_string(),
            Err(fault) => fault.reason.as_str().to_string(),
        }
    }

    #[test]
    fn numbers_are_exact_and_their_unit_told_by_magnitude() {
        let auto = TimeOptions::default();
        for (text, time) in [
            ("1700000000", "2023-11-14T22:13:20.000Z"),
            ("1700000000.123456789", "2023-11-14T22:13:20.123456789Z"),
            ("1.7e9", "2023-11-14T22:13:20.000Z"),
            ("1700000000123", "2023-11-14T22:13:20.123Z"),
            ("1700000000123456", "2023-11-14T22:13:20.123456Z"),
            ("1700000000123456789", "2023-11-14T22:13:20.123456789Z"),
            ("24946", "1970-01-01T06:55:46.000Z"),
            ("-1.5", "1969-12-31T23:59:58.500Z"),
            ("0", "1970-01-01T00:00:00.000Z"),
            ("0e999999999", "1970-01-01T00:00:00.000Z"),
            ("1e-999999999", "1970-01-01T00:00:00.000Z"),
            ("99999999999", "time_out_of_range"),
            ("100000000000", "1973-03-03T09:46:40.000Z"),
            ("1e400", "time_out_of_range"),
            ("99999999999999999999999999999999999999999999999", "time_out_of_range"),
            ("1e99999999999", "bad_time"),
            ("1700000000.", "bad_time"),
            ("--1", "bad_time"),
        ] {
            assert_eq!(at(&auto, text), time, "{text}");
        }
        assert_eq!(at(&auto.unit(TimeUnit::Millis), "1.5"), "1970-01-01T00:00:00.001500Z");
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
    fn a_skipped_time_has_the_offset_before_and_one_shown_twice_is_the_first() {
        let berlin = TimeOptions::default().zone("Europe/Berlin").unwrap();
        assert_eq!(at(&berlin, "2026-03-29 02:30:00"), "2026-03-29T01:30:00.000Z");
        assert_eq!(at(&berlin, "2026-10-25 02:30:00"), "2026-10-25T00:30:00.000Z");
        let apia = TimeOptions::default().zone("Pacific/Apia").unwrap();
        assert_eq!(at(&apia, "2011-12-30 12:00:00"), "2011-12-30T22:00:00.000Z");
        let fixed = TimeOptions::default().zone("-03:30").unwrap();
        assert_eq!(at(&fixed, "2026-03-29 02:30:00"), "2026-03-29T06:00:00.000Z");
        assert!(TimeOptions::default().zone("Mars/Base").is_err());
    }

    #[test]
    fn a_format_says_what_it_lacks() {
        let utc = || TimeOptions::default().zone("UTC").unwrap();
        assert_eq!(
            at(&utc().format("%d/%b/%Y:%H:%M:%S %z").unwrap(), "05/Jan/2026:10:00:00 +0100"),
            "2026-01-05T09:00:00.000Z"
        );
        assert_eq!(at(&utc().format("%Y%m%d").unwrap(), "20260105"), "2026-01-05T00:00:00.000Z");
        assert_eq!(
            at(&utc().format("%Y-%m-%d %I %p").unwrap(), "2026-01-05 03 PM"),
            "2026-01-05T15:00:00.000Z"
        );
        assert_eq!(
            at(&TimeOptions::default().format("%s").unwrap(), "1700000000"),
            "2023-11-14T22:13:20.000Z"
        );
        let refused = |options: TimeOptions, format: &str| options.format(format).unwrap_err().to_string();
        assert!(refused(utc(), "%H:%M:%S").ends_with("has no date"));
        assert!(refused(utc(), "%b %d %H:%M:%S").contains("has no year"));
        assert!(refused(TimeOptions::default(), "%Y-%m-%d %H:%M").contains("has no zone"));
        assert!(refused(utc(), "%Q").contains("is not understood"));
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
