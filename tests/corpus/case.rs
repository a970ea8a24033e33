//! Cases as they stand in the files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use tripline::Duration;

use super::notation::{self, Expected, Input};

/// One case: a rule set, a stream, and what must come of it.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Unique, and telling.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// The text of the rules.
    pub rule: String,
    /// What the rules become while the stream goes on.
    pub edits: Vec<String>,
    /// The files that its lists and tables are read from.
    pub files: BTreeMap<String, String>,
    /// The stream as written.
    pub events_text: String,
    /// The stream.
    pub inputs: Vec<Input>,
    /// How far out of order events may come.
    pub lateness: Duration,
    /// What happens to what is pending when the input ends.
    pub at_end: AtEnd,
    /// Whether the order of the alerts counts.
    pub ordered: bool,
    /// What must come out.
    pub verdict: Verdict,
    /// The lines that come too late.
    pub late: Vec<u64>,
    /// How many evaluations fail, if the case says.
    pub eval_errors: Option<u64>,
    /// How many matches `matches all` leaves out, if the case says.
    pub beyond_limit: Option<u64>,
    /// How many partial matches a hold leaves pending, if the case says.
    pub pending: Option<u64>,
    /// What becomes of the partial matches at each edit, if the case says.
    pub swapped: Option<String>,
}

impl Case {
    /// Whether an event may be judged at once although one of the same time is to come that stands before it: only the
    /// order of arrival tells what comes of it.
    pub fn is_told_by_arrival(&self) -> bool {
        let places: Vec<_> = self.inputs.iter().filter_map(Input::event).map(|event| event.place()).collect();
        let behind =
            |at: usize| places[at + 1..].iter().any(|later| later.0 == places[at].0 && *later < places[at]);
        self.lateness == Duration::ZERO && (0..places.len()).any(behind)
    }
}

/// What must come out.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// These alerts.
    Alerts(Vec<Expected>),
    /// An error of the compiler with this code.
    Error(String),
}

impl Default for Verdict {
    fn default() -> Self {
        Verdict::Alerts(Vec::new())
    }
}

/// What happens to what is pending when the input ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AtEnd {
    /// It stays pending.
    #[default]
    Hold,
    /// Time goes on to its end.
    Flush,
}

/// How the alerts of a case are compared.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Exact,
    Any,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    at_end: AtEnd,
    #[serde(default)]
    order: Order,
    case: Vec<CaseText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseText {
    name: String,
    rule: String,
    #[serde(default)]
    edits: Vec<String>,
    events: String,
    at_end: Option<AtEnd>,
    order: Option<Order>,
    lateness: Option<String>,
    expect: Expect,
    #[serde(default)]
    late: Vec<u64>,
    eval_errors: Option<u64>,
    beyond_limit: Option<u64>,
    pending: Option<u64>,
    swapped: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

/// One expectation, or one for each policy, which stands for `POLICY` in the rule.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expect {
    One(String),
    Policies(toml::map::Map<String, toml::Value>),
}

/// All cases of all files, by file.
pub fn load() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    files.sort();
    files.iter().flat_map(|path| load_file(path)).collect()
}

fn load_file(path: &Path) -> Vec<Case> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).unwrap();
    let file: FileText = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let defaults = (file.at_end, file.order);
    file.case.iter().flat_map(|case| expand(case, &name, defaults)).collect()
}

/// The case itself, or one case for each policy it speaks of.
fn expand(text: &CaseText, file: &str, defaults: (AtEnd, Order)) -> Vec<Case> {
    let policies = match &text.expect {
        Expect::One(expect) => return vec![build(text, file, defaults, &text.name, &text.rule, expect)],
        Expect::Policies(policies) => policies,
    };
    assert!(text.rule.contains("POLICY"), "{}: a table of policies needs `POLICY` in the rule", text.name);
    let each = policies.iter().map(|(policy, expect)| {
        let name = format!("{}_{policy}", text.name);
        let clause = if policy == "all" { "all limit 1000" } else { policy };
        let rule = text.rule.replace("POLICY", clause);
        build(text, file, defaults, &name, &rule, expect.as_str().unwrap())
    });
    each.collect()
}

fn build(
    text: &CaseText,
    file: &str,
    defaults: (AtEnd, Order),
    name: &str,
    rule: &str,
    expect: &str,
) -> Case {
    let place = |what: &str| format!("{file}: {name}: {what}");
    let verdict = match expect.trim().strip_prefix("error") {
        Some(code) => Verdict::Error(code.trim().to_owned()),
        None => Verdict::Alerts(
            notation::lines(expect, notation::expectation).unwrap_or_else(|e| panic!("{}", place(&e))),
        ),
    };
    let lateness = text.lateness.as_deref().unwrap_or("0s");
    Case {
        name: name.to_owned(),
        file: file.to_owned(),
        rule: rule.trim().to_owned(),
        edits: text.edits.clone(),
        files: text.files.clone(),
        events_text: text.events.trim_end().to_owned(),
        inputs: notation::inputs(&text.events).unwrap_or_else(|e| panic!("{}", place(&e))),
        lateness: Duration::parse(lateness).unwrap_or_else(|| panic!("{}", place("no such lateness"))),
        at_end: text.at_end.unwrap_or(defaults.0),
        ordered: matches!(text.order.unwrap_or(defaults.1), Order::Exact),
        verdict,
        late: text.late.clone(),
        eval_errors: text.eval_errors,
        beyond_limit: text.beyond_limit,
        pending: text.pending,
        swapped: text.swapped.clone(),
    }
}
