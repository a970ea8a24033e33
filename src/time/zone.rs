//! Time zones, and what clocks in them show.

use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::Timestamp;

/// A time zone: one of the IANA database (`Europe/Berlin`, `UTC`), or an offset from UTC (`+02:00`).
#[derive(Clone, Debug)]
pub(crate) enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

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
}
