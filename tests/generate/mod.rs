//! Random rules with random streams, for whoever compares two evaluators.
//!
//! `trials` makes a `Trial` of rules and of how their streams come: `rules` has the kinds of rules, as trees; `write`
//! makes text of them; `stream` makes the events, often such that the rule finds something.

pub mod rules;
mod stream;
mod write;

use proptest::prelude::*;
use tripline::Duration;

use crate::corpus::case::{AtEnd, Case};
use crate::corpus::notation;

/// A rule set, a stream as it arrives, and how it is taken.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The text of the rules.
    pub rules: String,
    /// Events and moves of the watermark in the notation of the corpus, in the order of arrival.
    pub stream: Vec<String>,
    /// How far out of order events may come.
    pub lateness: Duration,
    /// What happens to what is pending when the input ends.
    pub at_end: AtEnd,
}

impl Trial {
    /// The trial as a case of the corpus, without a verdict: what every configuration of the engines can run.
    pub fn case(&self) -> Case {
        let events_text = self.stream.join("\n");
        Case {
            name: "found_at_random".into(),
            rule: self.rules.clone(),
            inputs: notation::inputs(&events_text).unwrap(),
            events_text,
            lateness: self.lateness,
            at_end: self.at_end,
            ..Case::default()
        }
    }
}

/// How a stream comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// In the order of time.
    InOrder,
    /// Out of order, some events too late, and the watermark moving on by itself now and then.
    Mixed,
}

/// Rules of one kind, each with a stream.
pub fn trials(
    rules: impl Strategy<Value = rules::RuleTree>,
    arrival: Arrival,
) -> impl Strategy<Value = Trial> {
    (rules, stream::events(), stream::delays(arrival), prop::bool::weighted(0.3)).prop_map(
        |(rule, events, delays, hold)| Trial {
            rules: write::write_rule(&rule),
            stream: stream::write(&events, &rule, &delays),
            lateness: Duration::from_millis(1000 * i64::from(delays.lateness)),
            at_end: if hold { AtEnd::Hold } else { AtEnd::Flush },
        },
    )
}
