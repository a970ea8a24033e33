//! Zones of times that say none.

use std::str::FromStr;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// The zone of times that say none.
#[derive(Clone, Debug)]
pub(super) enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let offset = || FixedOffset::from_str(name).ok().map(Zone::Fixed);
        Tz::from_str(name).ok().map(Zone::Named).or_else(offset).ok_or_else(|| {
            format!(
                "`{name}` is no time zone: give a name as `Europe/Berlin` or `UTC`, or an offset as `+02:00`"
            )
        })
    }
}

impl Zone {
    /// The point in time at which clocks show this; `None` if it cannot be told.
    pub(super) fn resolve(&self, local: NaiveDateTime) -> Option<DateTime<FixedOffset>> {
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

#[cfg(test)]
mod tests {
    use super::super::TimeOptions;
    use super::super::tests::at;

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
}
