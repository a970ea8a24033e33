//! A file of rule tests as plain data.

use std::path::{Path, PathBuf};

use compact_str::CompactString;

use super::read;
use crate::event::{Event, Value};
use crate::time::Timestamp;
use crate::yaml::{self, Problem};

/// The time that `0s` stands for: 2026-01-01T00:00:00Z.
pub const BASE: Timestamp = Timestamp::from_nanos(1_767_225_600_000_000_000);

/// One `NAME.test.yaml`.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// The tests in the order of the file.
    pub tests: Vec<Test>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Test {
    /// What it shows.
    pub name: String,
    /// The rule files and folders it runs, seen from the place of the test file.
    pub rules: Vec<PathBuf>,
    /// Values of parameters, as text.
    pub params: Vec<(String, String)>,
    /// The events, by time; those of one time in the order of the file.
    pub events: Vec<Event>,
    /// How far the watermark goes behind the last event.
    pub advance: Option<Timestamp>,
    /// Whether the input ends with a flush.
    pub flush: bool,
    /// All alerts of all rules, in order.
    pub expect: Vec<Expected>,
}

/// What an alert must say. What is empty or `None` is not compared.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The rule.
    pub rule: CompactString,
    /// Its time.
    pub at: Option<Timestamp>,
    /// `match`, `timeout` or `summary`.
    pub kind: Option<CompactString>,
    /// The step a timeout reached.
    pub reached: Option<CompactString>,
    /// How many alerts a summary speaks of.
    pub count: Option<u64>,
    /// Values of the key by their names.
    pub key: Vec<(CompactString, Value)>,
    /// Emitted fields.
    pub fields: Vec<(CompactString, Value)>,
    /// How many events are bound to a step.
    pub counts: Vec<(CompactString, Value)>,
}

impl Suite {
    /// Reads a file of tests; with problems, the tests that have none are still there.
    ///
    /// `path` is where the file stands: it gives the rules their default, the file of the same name, and their folder.
    ///
    /// ```
    /// use tripline::ruletest::Suite;
    /// let text = "tests: [{name: quiet, events: [{at: 0s, type: login}], expct: []}]";
    /// let (_, problems) = Suite::read("rules/a.test.yaml".as_ref(), text);
    /// assert_eq!(problems[0].to_string(), "tests[1] `quiet`: unknown key `expct`; did you mean `expect`?");
    /// ```
    pub fn read(path: &Path, text: &str) -> (Suite, Vec<Problem>) {
        match yaml::parse(text) {
            Ok(root) => read::suite(path, &root),
            Err(problem) => (Suite::default(), vec![problem]),
        }
    }
}
