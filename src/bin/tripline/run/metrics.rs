//! The numbers of a run in the text format of OpenMetrics 1.0, and what is said at each path.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use tripline::io::Reason;
use tripline::{RuleStats, Timestamp};

use super::board::{Board, FRESH, Numbers, resident_bytes, wall};
use super::http::{Answer, Status};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is said at each path. The text of the numbers is made once for all who ask within a moment, so that many of them cost
/// no more than one.
pub(super) fn answers(board: Arc<Board>) -> impl Fn(&str) -> Answer + Send + Sync {
    let text: Mutex<Option<(Instant, Arc<str>)>> = Mutex::new(None);
    move |path| match path {
        "/metrics" => {
            let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
            let body = match &*text {
                Some((made, body)) if made.elapsed() < FRESH => Arc::clone(body),
                _ => {
                    let body: Arc<str> = self::text(&board).into();
                    Arc::clone(&text.insert((super::board::now(), body)).1)
                }
            };
            Answer { status: Status::Ok, kind: OPEN_METRICS, body }
        }
        "/healthz" => match board.stuck() {
            None => Answer::text(Status::Ok, "ok"),
            Some(time) => {
                let line = format!("at one portion of the input for {} s", time.as_secs());
                Answer::text(Status::Unavailable, &line)
            }
        },
        "/readyz" => match board.readiness() {
            Ok(()) => Answer::text(Status::Ok, "ready"),
            Err(why) => Answer::text(Status::Unavailable, why),
        },
        "/" => Answer::text(Status::Ok, "tripline: /metrics /healthz /readyz"),
        _ => Answer::text(Status::NotFound, "there are /metrics, /healthz and /readyz"),
    }
}

fn text(board: &Board) -> String {
    let view = View {
        numbers: board.numbers(),
        bytes: board.bytes(),
        start: board.start,
        now: wall(),
        resident: resident_bytes().ok().flatten(),
    };
    let (mut registry, mut text) = (Registry::default(), String::new());
    registry.register_collector(Box::new(view));
    // A string takes everything.
    let _ = encode(&mut text, &registry);
    text
}

/// Everything that is told at once.
#[derive(Debug)]
struct View {
    numbers: Arc<Numbers>,
    bytes: Vec<(String, u64)>,
    start: Timestamp,
    now: Timestamp,
    resident: Option<u64>,
}

/// Counts of each rule: name, what they are, how many.
const COUNTED: [Row; 6] = [
    ("tripline_rule_events", "Events that the rule looked at", |rule| rule.seen),
    ("tripline_rule_starts", "Partial matches begun", |rule| rule.starts),
    ("tripline_rule_alerts", "Alerts, with timeouts and those held back, without summaries", |rule| {
        rule.alerts
    }),
    ("tripline_rule_suppressed", "Alerts held back by suppress", |rule| rule.suppressed),
    ("tripline_rule_refused", "Matches and partial matches beyond a limit", |rule| rule.refused),
    ("tripline_rule_eval_errors", "Expressions without a value for a fault", |rule| rule.eval_errors),
];

/// What each rule holds now.
const HELD: [Row; 2] = [
    ("tripline_rule_open", "Partial matches that are open", |rule| rule.open),
    ("tripline_rule_pending", "Matches that only wait for a deadline", |rule| rule.pending),
];

type Row = (&'static str, &'static str, fn(&RuleStats) -> u64);

impl Collector for View {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let to = &mut to;
        let View { numbers, .. } = self;
        let stats = &numbers.stats;
        to.encode_descriptor("tripline_build", "The program", None, MetricType::Info)?
            .encode_info(&[("version", env!("CARGO_PKG_VERSION"))])?;
        let counts = [
            ("tripline_events", "Events read", stats.events),
            ("tripline_late_events", "Events that came too late to be judged", stats.late),
            ("tripline_alerts", "Alerts written", numbers.alerts),
            ("tripline_shadow_alerts", "Alerts of shadow rules", numbers.shadow),
        ];
        for (name, help, value) in counts {
            counter(to.encode_descriptor(name, help, None, MetricType::Counter)?, value)?;
        }
        self.rejects(to)?;
        self.inputs(to)?;
        self.times(to)?;
        self.reloads(to)?;
        self.checkpoints(to)?;
        self.sheds(to)?;
        self.rules(to)?;
        self.process(to)
    }
}

impl View {
    fn rejects(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Lines and records that are no events";
        let mut family = to.encode_descriptor("tripline_rejects", help, None, MetricType::Counter)?;
        Reason::ALL.iter().try_for_each(|reason| {
            let value = self.numbers.rejects.get(reason).copied().unwrap_or_default();
            counter(family.encode_family(&[("reason", reason.as_str())])?, value)
        })
    }

    fn inputs(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (help, unit) = ("Bytes read of the input, as they are stored", Some(&Unit::Bytes));
        let mut family = to.encode_descriptor("tripline_input_read", help, unit, MetricType::Counter)?;
        for (input, bytes) in &self.bytes {
            counter(family.encode_family(&[("input", input.as_str())])?, *bytes)?;
        }
        let (open, idle) = self.numbers.inputs;
        let states = [
            ("tripline_inputs_open", "Inputs that have not ended", open),
            (
                "tripline_inputs_idle",
                "Inputs that have said nothing for so long that nobody waits for them",
                idle,
            ),
        ];
        states.into_iter().try_for_each(|(name, help, value)| gauge(to, name, help, value as u64))
    }

    /// Without an event there is none.
    fn times(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Numbers { newest, watermark, .. } = &*self.numbers;
        let seconds = |time: &Timestamp| seconds(*time);
        let lag = watermark.map(|time| self.now.since(time).nanos() as f64 / 1e9);
        let times = [
            ("tripline_newest_event_timestamp", "The time of the newest event", newest.as_ref().map(seconds)),
            (
                "tripline_watermark_timestamp",
                "Before it no event is judged any more",
                watermark.as_ref().map(seconds),
            ),
            ("tripline_watermark_lag", "How far the watermark is behind the clock", lag),
            (
                "tripline_numbers_age",
                "How old these numbers are",
                self.numbers.taken.map(|taken| taken.elapsed().as_secs_f64()),
            ),
        ];
        for (name, help, value) in times {
            self::times(to, name, help, value)?;
        }
        Ok(())
    }

    fn reloads(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let reloads = &self.numbers.reloads;
        let help = "Other rule sets that were read while the run went on";
        let mut family = to.encode_descriptor("tripline_reloads", help, None, MetricType::Counter)?;
        for (result, value) in [("taken", reloads.taken), ("refused", reloads.refused)] {
            counter(family.encode_family(&[("result", result)])?, value)?;
        }
        let help = "When another rule set was last taken";
        self::times(to, "tripline_last_reload_timestamp", help, reloads.last.map(seconds))
    }

    /// Without a state there are none.
    fn checkpoints(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(checkpoints) = &self.numbers.checkpoints else { return Ok(()) };
        let help = "Checkpoints, by what came of them";
        let mut family = to.encode_descriptor("tripline_checkpoints", help, None, MetricType::Counter)?;
        for (result, value) in [("written", checkpoints.written), ("failed", checkpoints.failed)] {
            counter(family.encode_family(&[("result", result)])?, value)?;
        }
        let last = checkpoints.last;
        let age = last.map(|time| self.now.since(time).nanos() as f64 / 1e9);
        let of_last = |time: Duration| last.map(|_| time.as_secs_f64());
        let rows = [
            ("tripline_last_checkpoint_age", "How old what the last checkpoint says is", age),
            (
                "tripline_last_checkpoint_pause",
                "How long nothing was matched for the last checkpoint",
                of_last(checkpoints.pause),
            ),
            (
                "tripline_last_checkpoint_duration",
                "How long the last checkpoint took",
                of_last(checkpoints.took),
            ),
        ];
        for (name, help, value) in rows {
            times(to, name, help, value)?;
        }
        let (name, help) = ("tripline_last_checkpoint_size", "How long the last checkpoint is");
        to.encode_descriptor(name, help, Some(&Unit::Bytes), MetricType::Gauge)?
            .encode_gauge(&checkpoints.bytes)
    }

    /// Without a bound on memory there are none.
    fn sheds(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(sheds) = &self.numbers.sheds else { return Ok(()) };
        let counts = [
            ("tripline_sheds", "How often memory was short and something was given up", sheds.times),
            ("tripline_given_up", "Partial matches and events given up as memory was short", sheds.given_up),
        ];
        for (name, help, value) in counts {
            counter(to.encode_descriptor(name, help, None, MetricType::Counter)?, value)?;
        }
        let help = "How much memory the program may take";
        to.encode_descriptor("tripline_max_memory", help, Some(&Unit::Bytes), MetricType::Gauge)?
            .encode_gauge(&sheds.most)
    }

    fn rules(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let rules = &self.numbers.stats.rules;
        gauge(to, "tripline_rules", "Rules that run", rules.len() as u64)?;
        for (name, help, count) in COUNTED {
            let mut family = to.encode_descriptor(name, help, None, MetricType::Counter)?;
            for rule in rules {
                counter(family.encode_family(&[("rule", rule.name.as_str())])?, count(rule))?;
            }
        }
        for (name, help, count) in HELD {
            let mut family = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for rule in rules {
                family.encode_family(&[("rule", rule.name.as_str())])?.encode_gauge(&count(rule))?;
            }
        }
        Ok(())
    }

    /// By the names that all programs use.
    fn process(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(bytes) = self.resident {
            to.encode_descriptor(
                "process_resident_memory",
                "Memory that the program has",
                Some(&Unit::Bytes),
                MetricType::Gauge,
            )?
            .encode_gauge(&bytes)?;
        }
        times(to, "process_start_time", "When the program started", Some(seconds(self.start)))
    }
}

fn counter(mut to: MetricEncoder<'_>, value: u64) -> fmt::Result {
    to.encode_counter::<NoLabelSet, u64, u64>(&value, None)
}

fn gauge(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    to.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
}

/// A number of seconds, if there is one.
fn times(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: Option<f64>) -> fmt::Result {
    let mut family = to.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
    value.map_or(Ok(()), |value| family.encode_gauge(&value))
}

/// Since 1970.
fn seconds(time: Timestamp) -> f64 {
    time.nanos() as f64 / 1e9
}
