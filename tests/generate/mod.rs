//! Random rules with random streams, for whoever compares two evaluators.
//!
//! `trials` makes a `Trial` of rules and of how their streams come: `rules` has the kinds of rules, as trees; `write`
//! makes text of them; `windows` has those over windows, `chains` those over alerts; `stream` makes the events, often such that the rule finds something.

mod chains;
mod edits;
pub mod rules;
mod shares;
mod stream;
pub mod windows;
mod write;

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};
use tripline::Duration;

use crate::corpus::case::{AtEnd, Case};
use crate::corpus::notation;

pub use edits::{beside_others, edited, looked_at, short_of_memory};

/// A rule set, a stream as it arrives, and how it is taken.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The text of the rules.
    pub rules: String,
    /// What they become while the stream goes on.
    pub edits: Vec<String>,
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
            edits: self.edits.clone(),
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

/// Tries so many trials, or as many as the variable `NAME_TRIALS` says, from the seed in `NAME_SEED` on. Fails with the
/// smallest trial that fails, or with `NAME_SHRINK=0` with the first.
pub fn search(
    name: &str,
    trials: u32,
    strategy: &impl Strategy<Value = Trial>,
    try_one: impl Fn(&Trial) -> TestCaseResult,
) {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&setting(name, "SEED").unwrap_or_default().to_le_bytes());
    let config = Config {
        cases: setting(name, "TRIALS").unwrap_or(trials),
        max_global_rejects: 1_000_000,
        max_shrink_iters: setting(name, "SHRINK").unwrap_or(20_000),
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let tried = Cell::new(0);
    let result = runner.run(strategy, |trial| {
        note(&trial);
        try_one(&trial)?;
        tried.set(tried.get() + 1);
        Ok(())
    });
    if let Err(e) = result {
        panic!("{e}");
    }
    log(name, tried.get());
}

/// Writes a trial into the folder that `TRIALS_NOW` names, so that one which never ends is known.
fn note(trial: &Trial) {
    let Some(folder) = std::env::var_os("TRIALS_NOW") else { return };
    let test = std::thread::current().name().unwrap_or_default().replace(':', "_");
    fs::write(Path::new(&folder).join(test), format!("{trial:#?}\n")).unwrap();
}

/// Says in the file that `TRIALS_LOG` names how many trials were made.
fn log(name: &str, tried: u32) {
    let Some(path) = std::env::var_os("TRIALS_LOG") else { return };
    let mut file = File::options().append(true).create(true).open(path).unwrap();
    writeln!(file, "{name} {tried}").unwrap();
}

/// Whether the trials are those that are always the same. Only of them it is asked what they show: others may be few.
pub fn is_usual(name: &str) -> bool {
    ["SEED", "TRIALS"].iter().all(|what| setting(name, what).is_none())
}

/// A number from the environment.
pub fn setting(name: &str, what: &str) -> Option<u32> {
    std::env::var(format!("{name}_{what}")).ok().and_then(|text| text.parse().ok())
}

/// Rules of one kind, each with a stream.
pub fn trials(
    rules: impl Strategy<Value = rules::RuleTree>,
    arrival: Arrival,
) -> impl Strategy<Value = Trial> {
    with_streams(rules.prop_map(|rule| (write::write_rule(&rule), stream::script(&rule.parts))), arrival)
}

/// Rules over windows, each with a stream.
pub fn window_trials(arrival: Arrival) -> impl Strategy<Value = Trial> {
    with_streams(windows::any().prop_map(|rule| (rule.text, rule.wanted)), arrival)
}

/// Rules over the alerts of rules, with a stream.
pub fn chain_trials(arrival: Arrival) -> impl Strategy<Value = Trial> {
    with_streams(chains::any(), arrival)
}

/// Rules with the types of the events that they want, each with a stream.
fn with_streams(
    rules: impl Strategy<Value = (String, Vec<&'static str>)>,
    arrival: Arrival,
) -> impl Strategy<Value = Trial> {
    (rules, stream::events(), stream::delays(arrival), prop::bool::weighted(0.3)).prop_map(
        |((rules, wanted), events, delays, hold)| Trial {
            rules,
            edits: Vec::new(),
            stream: stream::write(&events, &wanted, &delays),
            lateness: Duration::from_millis(1000 * i64::from(delays.lateness)),
            at_end: if hold { AtEnd::Hold } else { AtEnd::Flush },
        },
    )
}
