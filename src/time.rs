//! Event time: points and lengths in nanoseconds. There is no clock here.

mod zone;

use std::fmt;

pub(crate) use zone::Zone;

use chrono::{DateTime, SecondsFormat};

/// A point in event time: nanoseconds since 1970-01-01T00:00:00Z, from 1677-09-21 to 2262-04-11.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A length of time in nanoseconds, up to 292 years. The difference of two times may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

impl Timestamp {
    /// Before everything.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// After everything: the end of time, where a flush takes the watermark.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Timestamp(nanos)
    }

    /// From milliseconds since the epoch; `None` beyond the range.
    pub fn from_millis(millis: i64) -> Option<Self> {
        millis.checked_mul(1_000_000).map(Timestamp)
    }

    /// From a whole epoch number whose unit its magnitude tells: below 1e11 seconds, below 1e14 milliseconds, below
    /// 1e17 microseconds, else nanoseconds. `None` beyond the range.
    pub fn from_epoch(number: i64) -> Option<Self> {
        number.checked_mul(epoch_unit(number.unsigned_abs().into())).map(Timestamp)
    }

    /// The same for a number with a fraction, to the nearest nanosecond.
    pub fn from_epoch_float(number: f64) -> Option<Self> {
        let nanos = (number * epoch_unit(number.abs() as u128) as f64).round();
        (nanos.abs() < 9.2e18).then_some(Timestamp(nanos as i64))
    }

    /// Nanoseconds since the epoch.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 (`2026-01-05T10:00:00Z`, with a fraction, an offset, or a space for the `T`).
    pub fn parse(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        time.timestamp_nanos_opt().map(Timestamp)
    }

    /// The time `length` later, at most the end of time.
    #[must_use]
    #[inline]
    pub fn after(self, length: Duration) -> Self {
        Timestamp(self.0.saturating_add(length.0))
    }

    /// The time `length` earlier, at least the beginning of time.
    #[must_use]
    #[inline]
    pub fn before(self, length: Duration) -> Self {
        Timestamp(self.0.saturating_sub(length.0))
    }

    /// How long after `earlier` this is; saturates at 292 years.
    #[must_use]
    #[inline]
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

/// The nearest number of 64 bits.
pub(crate) fn narrow(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

/// Nanoseconds in the unit of an epoch number of this magnitude.
pub(crate) fn epoch_unit(magnitude: u128) -> i64 {
    match magnitude {
        n if n < 100_000_000_000 => 1_000_000_000,
        n if n < 100_000_000_000_000 => 1_000_000,
        n if n < 100_000_000_000_000_000 => 1_000,
        _ => 1,
    }
}

/// RFC 3339 in UTC with milliseconds, or as many digits as the time has: `2026-01-01T00:01:25.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.0 {
            n if n % 1_000_000 == 0 => SecondsFormat::Millis,
            n if n % 1_000 == 0 => SecondsFormat::Micros,
            _ => SecondsFormat::Nanos,
        };
        f.write_str(&DateTime::from_timestamp_nanos(self.0).to_rfc3339_opts(digits, true))
    }
}

/// Units of a duration literal, largest first, in nanoseconds.
const UNITS: [(&str, i64); 6] = [
    ("w", 604_800_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);

    /// From nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Duration(nanos)
    }

    /// From milliseconds; saturates at 292 years.
    pub const fn from_millis(millis: i64) -> Self {
        Duration(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Reads a literal: whole numbers with the units `w d h m s ms`, combined from the largest down (`1h30m`).
    ///
    /// ```
    /// use tripline::Duration;
    /// assert_eq!(Duration::parse("1h30m"), Some(Duration::from_millis(5_400_000)));
    /// assert_eq!(Duration::parse("30m1h"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (mut rest, mut total, mut units) = (text, 0i64, &UNITS[..]);
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_').len();
            let letters =
                rest[digits..].find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len() - digits);
            let number: i64 = rest[..digits].replace('_', "").parse().ok()?;
            let unit = units.iter().position(|u| u.0 == &rest[digits..digits + letters])?;
            total = total.checked_add(number.checked_mul(units[unit].1)?)?;
            units = &units[unit + 1..];
            rest = &rest[digits + letters..];
        }
        Some(Duration(total))
    }
}

/// The literal: `1h30m`, `500ms`; a rest below a millisecond is written as nanoseconds, `1ms250ns`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        // Days rather than weeks: `7d` and `14d` read better than `1w` and `2w`.
        for (name, size) in &UNITS[1..] {
            let size = size.unsigned_abs();
            if rest >= size {
                write!(f, "{}{name}", rest / size)?;
                rest %= size;
            }
        }
        if rest > 0 {
            write!(f, "{rest}ns")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back_as_they_are_written() {
        for text in ["2m", "1h30m", "7d", "500ms", "9d3h4m5s6ms", "0s"] {
            assert_eq!(Duration::parse(text).map(|d| d.to_string()).as_deref(), Some(text));
        }
        for text in ["", "5", "m", "5x", "5m5m", "1s1m", "99999999999999w"] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_shows_the_digits_it_has() {
        let show = |n| Timestamp::from_nanos(n).to_string();
        assert_eq!(show(85_000_000_000), "1970-01-01T00:01:25.000Z");
        assert_eq!(show(1_000), "1970-01-01T00:00:00.000001Z");
        assert_eq!(Timestamp::parse("2026-01-01T01:00:00+01:00"), Timestamp::parse("2026-01-01T00:00:00Z"));
        assert_eq!(Timestamp::parse("9999-01-01T00:00:00Z"), None);
    }
}
