//! Time zones, and what clocks in them show.

use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::{Timestamp, narrow};

/// A time zone: one of the IANA database (`Europe/Berlin`, `UTC`), or an offset from UTC (`+02:00`).
#[derive(Clone, Debug)]
pub(crate) enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

const SECOND: i128 = 1_000_000_000;
/// No clock is farther from UTC.
const FAR: i128 = 26 * 3600 * SECOND;

impl Zone {
    pub(crate) const UTC: Zone = Zone::Named(Tz::UTC);

    /// The zone of this name or offset.
    pub(crate) fn parse(text: &str) -> Option<Zone> {
        let offset = || FixedOffset::from_str(text).ok().map(Zone::Fixed);
        Tz::from_str(text).ok().map(Zone::Named).or_else(offset)
    }

    /// The names of all zones.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    /// What clocks show at a point in time.
    pub(crate) fn show(&self, time: Timestamp) -> NaiveDateTime {
        let utc = DateTime::from_timestamp_nanos(time.nanos()).naive_utc();
        let offset = match self {
            Zone::Named(zone) => zone.offset_from_utc_datetime(&utc).fix(),
            Zone::Fixed(offset) => *offset,
        };
        // Within the range of times no offset leads out of the range of dates.
        utc.checked_add_offset(offset).unwrap_or(utc)
    }

    /// What clocks show at a point in time, in nanoseconds from what they call the beginning of 1970.
    pub(crate) fn local(&self, time: Timestamp) -> i128 {
        let shown = self.show(time).and_utc();
        i128::from(shown.timestamp()) * SECOND + i128::from(shown.timestamp_subsec_nanos())
    }

    /// The first point in time at which clocks show this, in nanoseconds as `local` gives them, or something later: where
    /// they are put forward past it that is the moment when they are. At most the end of time, and at least its beginning.
    pub(crate) fn reaches(&self, local: i128) -> Timestamp {
        let clamped = |nanos: i128| Timestamp::from_nanos(narrow(nanos));
        let seconds = i64::try_from(local.div_euclid(SECOND)).ok();
        let shown = seconds.and_then(|seconds| {
            DateTime::from_timestamp(seconds, u32::try_from(local.rem_euclid(SECOND)).ok()?)
        });
        let Some(shown) = shown.map(|shown| shown.naive_utc()) else { return clamped(local) };
        let offset = match self {
            Zone::Named(zone) => {
                zone.offset_from_local_datetime(&shown).earliest().map(|offset| offset.fix())
            }
            Zone::Fixed(offset) => Some(*offset),
        };
        match offset {
            Some(offset) => clamped(local - i128::from(offset.local_minus_utc()) * SECOND),
            // Skipped: somewhere in between clocks are put forward.
            None => {
                let (mut before, mut after) = (clamped(local - FAR), clamped(local + FAR));
                while after.nanos().saturating_sub(before.nanos()) > 1 {
                    let middle = Timestamp::from_nanos(before.nanos().midpoint(after.nanos()));
                    if self.local(middle) < local { before = middle } else { after = middle }
                }
                after
            }
        }
    }

    /// The point in time at which clocks show this; `None` if it cannot be told.
    #[cfg(feature = "io")]
    pub(crate) fn resolve(&self, local: NaiveDateTime) -> Option<DateTime<FixedOffset>> {
        match self {
            Zone::Named(zone) => resolve(zone, local),
            Zone::Fixed(zone) => resolve(zone, local),
        }
    }
}

/// A local time with the offset in force; one shown twice is the first, a skipped one has the offset of the day
/// before.
#[cfg(feature = "io")]
fn resolve<Z: TimeZone>(zone: &Z, local: NaiveDateTime) -> Option<DateTime<FixedOffset>> {
    let offset = |at: NaiveDateTime| zone.offset_from_local_datetime(&at).earliest().map(|o| o.fix());
    let offset = offset(local).or_else(|| offset(local.checked_sub_signed(chrono::TimeDelta::days(1))?))?;
    let utc = local.checked_sub_signed(chrono::TimeDelta::seconds(i64::from(offset.local_minus_utc())))?;
    Some(DateTime::from_naive_utc_and_offset(utc, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_show_local_time() {
        for (zone, time, shown) in [
            ("UTC", "2026-03-29T01:00:00Z", "2026-03-29 01:00:00"),
            ("Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29 01:59:59"),
            ("Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29 03:00:00"),
            ("+05:45", "2026-01-01T20:00:00Z", "2026-01-02 01:45:00"),
            ("-03:30", "2026-01-01T00:00:00Z", "2025-12-31 20:30:00"),
        ] {
            let time = Timestamp::parse(time).unwrap();
            assert_eq!(Zone::parse(zone).unwrap().show(time).to_string(), shown, "{zone}");
        }
        for end in [Timestamp::MIN, Timestamp::MAX] {
            for zone in Zone::names().chain(["+23:59", "-23:59"]) {
                Zone::parse(zone).unwrap().show(end);
            }
        }
        assert!(Zone::parse("Mars/Base").is_none());
    }

    #[test]
    fn a_time_is_reached_when_clocks_first_show_it_or_something_later() {
        let nanos = |text: &str| i128::from(Timestamp::parse(text).unwrap().nanos());
        for (zone, local, reached) in [
            ("UTC", "2026-03-29T02:30:00Z", "2026-03-29T02:30:00Z"),
            ("+05:45", "2026-01-02T00:00:00Z", "2026-01-01T18:15:00Z"),
            ("Europe/Berlin", "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-03-29T02:59:59.999Z", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-03-29T03:00:01Z", "2026-03-29T01:00:01Z"),
            ("Europe/Berlin", "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z"),
            ("Europe/Berlin", "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z"),
            ("America/Santiago", "2026-09-06T00:00:00Z", "2026-09-06T04:00:00Z"), // no midnight on that day
        ] {
            let found = Zone::parse(zone).unwrap().reaches(nanos(local));
            assert_eq!(Some(found), Timestamp::parse(reached), "{local} in {zone}");
        }
        let ends = [i128::MIN / 4, i64::MIN.into(), 0, i64::MAX.into(), i128::MAX / 4];
        for zone in Zone::names().chain(["+23:59", "-23:59"]) {
            let zone = Zone::parse(zone).unwrap();
            let reached = ends.map(|local| zone.reaches(local));
            assert!(reached.is_sorted(), "{zone:?}: {reached:?}");
            // The first minute of which it is true is found where it is looked for minute by minute.
            for day in ["2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z", "2011-12-30T12:00:00Z"] {
                let (local, minute) = (nanos(day), 60 * SECOND);
                let times = (-26 * 60..26 * 60).map(|n| Timestamp::from_nanos((local + n * minute) as i64));
                let first = times.into_iter().find(|time| zone.local(*time) >= local);
                assert_eq!(first, Some(zone.reaches(local)), "{zone:?} {day}");
            }
        }
    }
}
