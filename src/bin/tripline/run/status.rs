//! The line on a terminal while a run goes on that does not end by itself: how much comes, what came of it, where time is.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use tripline::Timestamp;

use super::board::{Numbers, now, wall};

/// How often it is drawn.
const OFTEN: Duration = Duration::from_millis(250);
/// Over how long events for each second are counted.
const RATE: Duration = Duration::from_secs(1);

/// The line, and what it was made of last.
pub(super) struct StatusLine {
    bar: ProgressBar,
    drawn: Instant,
    /// Up to when events were counted, and how many there were then.
    counted: (Instant, u64),
    /// How many came in each second before.
    rate: Option<f64>,
}

impl StatusLine {
    /// In the place of this bar.
    pub(super) fn new(bar: ProgressBar) -> Self {
        StatusLine { bar, drawn: now(), counted: (now(), 0), rate: None }
    }

    /// Whether it is to be drawn again.
    pub(super) fn is_due(&self) -> bool {
        self.drawn.elapsed() >= OFTEN
    }

    pub(super) fn draw(&mut self, numbers: &Numbers) {
        let (since, before) = self.counted;
        let (events, passed) = (numbers.stats.events, since.elapsed());
        let rate = events.saturating_sub(before) as f64 / passed.as_secs_f64();
        if passed >= RATE {
            (self.rate, self.counted) = (Some(rate), (now(), events));
        }
        self.bar.set_message(text(numbers, self.rate.unwrap_or(rate), wall()));
        self.drawn = now();
    }
}

/// At most 80 characters.
fn text(numbers: &Numbers, rate: f64, now: Timestamp) -> String {
    let open = numbers.stats.rules.iter().map(|rule| rule.open).sum();
    let mut parts = vec![
        format!("{}/s", short(rate.round() as u64)),
        counted(numbers.stats.events, "event"),
        counted(numbers.alerts, "alert"),
        format!("{} open", short(open)),
    ];
    if let Some(watermark) = numbers.watermark {
        let text = watermark.to_string();
        let seconds = now.since(watermark).nanos() / 1_000_000_000;
        let lag = if seconds < 0 {
            format!("{} ahead", length(-seconds))
        } else {
            format!("{} lag", length(seconds))
        };
        parts.extend([format!("{}Z", text.get(..19).unwrap_or(&text)), lag]);
    }
    parts.join("  ")
}

fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", short(number), if number == 1 { "" } else { "s" })
}

/// Four characters at most: `999`, `1.2k`, `12k`, `123M`.
fn short(number: u64) -> String {
    const UNITS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    let (mut value, mut unit) = (number, 0);
    let mut rest = 0;
    while value >= 1_000 {
        (rest, value, unit) = (value % 1_000 / 100, value / 1_000, unit + 1);
    }
    let unit_name = UNITS.get(unit).copied().unwrap_or_default();
    if unit > 0 && value < 10 { format!("{value}.{rest}{unit_name}") } else { format!("{value}{unit_name}") }
}

/// The largest unit alone, of which there are two at least: `90s`, `36h`, `400d`.
fn length(seconds: i64) -> String {
    const UNITS: [(&str, i64); 3] = [("d", 86_400), ("h", 3_600), ("m", 60)];
    let unit = UNITS.iter().find(|(_, size)| seconds >= 2 * size);
    unit.map_or_else(|| format!("{seconds}s"), |(name, size)| format!("{}{name}", seconds / size))
}

#[cfg(test)]
mod tests {
    use tripline::{RuleStats, Stats};

    use super::*;

    #[test]
    fn numbers_are_short() {
        let all = [0, 999, 1_000, 1_250, 12_345, 999_999, 1_000_000, u64::MAX];
        assert_eq!(all.map(short), ["0", "999", "1.0k", "1.2k", "12k", "999k", "1.0M", "18E"]);
        assert_eq!([0, 119, 120, 7_200, 172_800].map(length), ["0s", "119s", "2m", "2h", "2d"]);
    }

    #[test]
    fn the_line_fits() {
        let rule = RuleStats { open: 999_999, ..RuleStats::default() };
        let stats = Stats { events: 999_999_999, rules: vec![rule], ..Stats::default() };
        let second = |second: i64| Timestamp::from_nanos(second * 1_000_000_000);
        let numbers = Numbers { stats, alerts: 999_999, watermark: Some(second(5)), ..Numbers::default() };
        let line = text(&numbers, 999_999.0, second(1_700_000_005));
        let wanted = "999k/s  999M events  999k alerts  999k open  1970-01-01T00:00:05Z  19675d lag";
        assert_eq!(line, wanted);
        assert!(line.len() <= 80, "{}", line.len());
        assert_eq!(text(&Numbers::default(), 0.0, second(0)), "0/s  0 events  0 alerts  0 open");
    }
}
