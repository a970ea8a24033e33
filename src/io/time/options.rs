//! How times are read.

use std::fmt::Write;

use chrono::DateTime;
use chrono::format::{Item, Parsed, StrftimeItems, parse};

use super::number::TimeUnit;
use crate::io::Error;
use crate::time::Zone;

/// How times are read.
#[derive(Clone, Debug, Default)]
pub struct TimeOptions {
    pub(super) unit: TimeUnit,
    pub(super) format: Option<Format>,
    pub(super) zone: Option<Zone>,
    pub(super) year: Option<i32>,
}

/// A format of texts, as strftime writes it.
#[derive(Clone, Debug)]
pub(super) struct Format {
    pub(super) text: String,
    pub(super) items: Vec<Item<'static>>,
    pub(super) has_year: bool,
}

impl TimeOptions {
    /// Whether a time is told from that of the event before.
    pub(in crate::io) fn look_back(&self) -> bool {
        self.format.as_ref().is_some_and(|format| !format.has_year)
    }

    /// What numbers count.
    #[must_use]
    pub fn unit(mut self, unit: TimeUnit) -> Self {
        self.unit = unit;
        self
    }

    /// The zone of times that say none: a name of the time zone database, or an offset as `+02:00`. A local time
    /// that the clocks skip is read with the offset before the change, one that they show twice as the first.
    pub fn zone(mut self, name: &str) -> Result<Self, Error> {
        let zone = Zone::parse(name).ok_or_else(|| {
            Error::new(format!(
                "`{name}` is no time zone: give a name as `Europe/Berlin` or `UTC`, or an offset as `+02:00`"
            ))
        })?;
        self.zone = Some(zone);
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
}
