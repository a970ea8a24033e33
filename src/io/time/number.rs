//! Numbers as times.

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
    pub(super) fn nanos(self, magnitude: u128) -> u128 {
        match self {
            TimeUnit::Auto => epoch_unit(magnitude).unsigned_abs().into(),
            TimeUnit::Seconds => 1_000_000_000,
            TimeUnit::Millis => 1_000_000,
            TimeUnit::Micros => 1_000,
            TimeUnit::Nanos => 1,
        }
    }
}

/// A decimal number, exactly: `digits` × 10^`exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decimal {
    negative: bool,
    digits: u128,
    exponent: i32,
}

impl Decimal {
    /// Reads `-12.5e3`. Digits beyond the 29th count for the size only.
    pub(super) fn parse(text: &str) -> Option<Self> {
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
        if !is_number(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)) {
            return None;
        }
        // Beyond 32 bits it only matters which way: JSON has `-0e99999999999`, which is 0.
        let furthest = if exponent.starts_with('-') { i32::MIN } else { i32::MAX };
        let exponent = exponent.parse().unwrap_or(furthest);
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
    pub(super) fn timestamp(&self, unit: TimeUnit) -> Option<Timestamp> {
        let unit = unit.nanos(self.times(1)?);
        let nanos = i128::try_from(self.times(unit)?).ok()?;
        i64::try_from(if self.negative { -nanos } else { nanos }).ok().map(Timestamp::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::at;
    use super::super::{TimeOptions, TimeUnit};

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
            ("1e99999999999", "time_out_of_range"),
            ("-0e99999999999", "1970-01-01T00:00:00.000Z"),
            ("1e-99999999999", "1970-01-01T00:00:00.000Z"),
            ("1e+", "bad_time"),
            ("1700000000.", "bad_time"),
            ("--1", "bad_time"),
        ] {
            assert_eq!(at(&auto, text), time, "{text}");
        }
        assert_eq!(at(&auto.unit(TimeUnit::Millis), "1.5"), "1970-01-01T00:00:00.001500Z");
    }
}
