//! The times that most inputs have, read without a detour: RFC 3339 in UTC and whole epoch numbers.

use super::number::TimeUnit;
use crate::time::Timestamp;

/// A day as it was written, and the days from 1970 to it: most events are of the day of the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    written: [u8; 10],
    number: i64,
}

impl Default for Day {
    fn default() -> Self {
        Day { written: *b"1970-01-01", number: 0 }
    }
}

/// `2026-01-05T10:00:00Z`, with up to nine digits of a fraction. `None` leaves it to the full reader: it may be a time
/// all the same. `before` is the day of the time before, and becomes that of this one.
pub(super) fn rfc3339(text: &str, before: &mut Day) -> Option<Timestamp> {
    let (written, rest) = text.as_bytes().split_first_chunk()?;
    let (clock, rest) = rest.split_first_chunk()?;
    if before.written != *written {
        *before = Day { written: *written, number: day(written)? };
    }
    let (seconds, nanos) = (time_of_day(*clock)?, fraction(rest)?);
    Some(Timestamp::from_nanos((before.number * 86_400 + seconds) * 1_000_000_000 + nanos))
}

/// The seconds of `T10:00:00`.
fn time_of_day(clock: [u8; 9]) -> Option<i64> {
    /// Added to the digits `10:00:00`, whose bytes are below 10 and 0 for the colons, no byte gets as far as 16.
    const LIMITS: u64 = u64::from_le_bytes([6, 6, 15, 6, 6, 15, 6, 6]);
    let (b'T', digits) = clock.split_first()? else { return None };
    let digits = u64::from_le_bytes(*digits.first_chunk()?) ^ u64::from_le_bytes(*b"00:00:00");
    if (digits | digits.wrapping_add(LIMITS)) & 0xF0F0_F0F0_F0F0_F0F0 != 0 {
        return None;
    }
    // Each byte ten times and the one behind it; no byte gets as far as 100.
    let pairs = digits * 10 + (digits >> 8);
    let [hour, minute, second] = [0, 24, 48].map(|shift| (pairs >> shift & 0xFF) as i64);
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3_600 + minute * 60 + second)
}

/// Days from 1970 to `2026-01-05`, if there is such a day.
fn day(date: &[u8; 10]) -> Option<i64> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = date else { return None };
    let (year, month, day) = (number(&[y0, y1, y2, y3])?, two(m0, m1)?, two(d0, d1)?);
    let exists = (1700..2200).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day);
    exists.then(|| days_until(year, month, day))
}

/// The number of two digits.
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// A whole number of up to 18 digits, for times from 1970 on.
pub(super) fn epoch(text: &str, unit: TimeUnit) -> Option<Timestamp> {
    number(text.as_bytes()).filter(|_| (1..=18).contains(&text.len())).and_then(|number| whole(number, unit))
}

/// The same for a number that was read already.
pub(super) fn whole(number: i64, unit: TimeUnit) -> Option<Timestamp> {
    let unit = unit.nanos(number.unsigned_abs().into());
    number.checked_mul(i64::try_from(unit).ok()?).map(Timestamp::from_nanos)
}

/// The number that digits are; it has at most 18.
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(i64::from(digit))
    })
}

/// The nanoseconds of `Z` or `.25Z`.
fn fraction(text: &[u8]) -> Option<i64> {
    match text {
        b"Z" => Some(0),
        [b'.', digits @ .., b'Z'] if !digits.is_empty() => {
            let unit = UNITS.get(digits.len() - 1)?;
            let number = digits.iter().try_fold(0, |number, digit| {
                let digit = digit.wrapping_sub(b'0');
                (digit < 10).then_some(number * 10 + i64::from(digit))
            });
            number.map(|number| number * unit)
        }
        _ => None,
    }
}

/// What one of the last digit of a fraction is in nanoseconds, by how many digits there are.
const UNITS: [i64; 9] = [100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to a day of the Gregorian calendar after the year 0. Years begin with March, so that a leap day is
/// the last of one.
fn days_until(year: i64, month: i64, day: i64) -> i64 {
    const UNTIL_1970: i64 = 719_468;
    let year = year - i64::from(month < 3);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + of_year - UNTIL_1970
}

#[cfg(test)]
mod tests {
    use super::super::{TimeOptions, TimeReader};
    use super::*;

    /// What the full reader says.
    fn full(text: &str) -> Option<Timestamp> {
        TimeReader::new(TimeOptions::default()).full(text).ok()
    }

    #[test]
    fn every_day_is_the_one_of_the_calendar() {
        for year in 1699..2202 {
            for (month, day) in (0..=13).flat_map(|month| (0..=32).map(move |day| (month, day))) {
                // All days of few years, the ends of months of all.
                if year % 20 == 0 || day > 27 {
                    let text = format!("{year:04}-{month:02}-{day:02}T23:59:58Z");
                    let quick = rfc3339(&text, &mut Day::default());
                    assert!(
                        quick == full(&text) || (quick.is_none() && !(1700..2200).contains(&year)),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_read_quickly_is_what_the_full_reader_reads() {
        for text in [
            "2026-01-05T10:00:00Z",
            "2026-01-05T10:00:00.5Z",
            "2026-01-05T10:00:00.123456789Z",
            "1969-12-31T23:59:59.999Z",
            "2000-02-29T00:00:00Z",
        ] {
            assert_eq!(rfc3339(text, &mut Day::default()), full(text), "{text}");
            assert!(full(text).is_some(), "{text}");
        }
        for text in [
            "2026-01-05T10:00:00.Z",
            "2026-01-05T10:00:00.1234567890Z",
            "2026-01-05T10:00:60Z",
            "2026-01-05T24:00:00Z",
            "2026-01-05T10:60:00Z",
            "2026-01-05t10:00:00Z",
            "2026-01-05T10:00:00z",
            "2026-01-05T10:00:00+00:00",
            "2026-01-05T10:00:00é",
            "+026-01-05T10:00:00Z",
        ] {
            assert_eq!(rfc3339(text, &mut Day::default()), None, "{text}");
        }
        for text in
            ["0", "7", "1700000000", "1700000000123", "99999999999", "100000000000", "999999999999999999"]
        {
            let quick = epoch(text, TimeUnit::Auto);
            assert!(quick.is_none_or(|time| Some(time) == full(text)), "{text}");
            assert_eq!(quick.is_some(), full(text).is_some(), "{text}");
        }
        for at in 10..20 {
            for byte in 0..128u8 {
                let mut text = b"2026-01-05T13:46:57Z".to_vec();
                text[at] = byte;
                let text = String::from_utf8(text).unwrap();
                let quick = rfc3339(&text, &mut Day::default());
                assert!(quick.is_none() || quick == full(&text), "{text:?}");
                assert!(quick.is_some() || !byte.is_ascii_digit() || full(&text).is_none(), "{text:?}");
            }
        }
        for text in ["", "-1", "1.5", "1e3", "1234567890123456789"] {
            assert_eq!(epoch(text, TimeUnit::Auto), None, "{text}");
        }
    }
}
