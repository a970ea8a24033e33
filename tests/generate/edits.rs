//! Random edits of rules, line by line, with the moments at which they take over.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::Trial;

/// A change of one line of a rule.
#[derive(Clone, Debug)]
enum Change {
    /// The n-th number is another.
    Number(Index, u8),
    /// A step, or what else stands on a line of its own, is gone.
    Drop(Index),
    /// A line more between the steps.
    Line(Index, &'static str),
    /// What stands behind `where` is gone.
    Unfilter(Index),
    /// A condition more.
    Filter(Index, &'static str),
    /// One text becomes another, wherever it stands.
    Replace(&'static str, &'static str),
    /// A clause at the end.
    Clause(&'static str),
}

/// The same trials, their rules being edited up to three times while the stream goes on.
pub fn edited(trials: impl Strategy<Value = Trial>) -> impl Strategy<Value = Trial> {
    let edit = (any::<Index>(), prop::collection::vec(change(), 0..3));
    (trials, prop::collection::vec(edit, 1..4)).prop_map(|(mut trial, edits)| {
        let most = trial.stream.len() + 1;
        let mut edits: Vec<(usize, Vec<Change>)> =
            edits.into_iter().map(|(at, changes)| (at.index(most), changes)).collect();
        edits.sort_by_key(|(at, _)| *at);
        let mut text = trial.rules.clone();
        for (number, (at, changes)) in (1..).zip(edits) {
            changes.iter().for_each(|change| text = change.make(&text));
            trial.edits.push(text.clone());
            trial.stream.insert(at + number - 1, format!("edit {number}"));
        }
        trial
    })
}

/// The same trials, in which up to three times what began before an event of the stream is given up.
pub fn short_of_memory(trials: impl Strategy<Value = Trial>) -> impl Strategy<Value = Trial> {
    let moments = prop::collection::vec((any::<Index>(), any::<Index>()), 1..4);
    (trials, moments).prop_map(|(mut trial, moments)| {
        for (at, of) in moments {
            let at = at.index(trial.stream.len() + 1);
            let is_time = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
            let time = |line: &String| line.split(' ').take(2).find(is_time).map(str::to_owned);
            let times: Vec<String> = trial.stream[..at].iter().filter_map(time).collect();
            if !times.is_empty() {
                let time = &times[of.index(times.len())];
                trial.stream.insert(at, format!("shed {time}"));
            }
        }
        trial
    })
}

/// Rules that come and go beside the one that is edited: they read other fields of the same events, and stand before it
/// or behind it, so that what is kept of events and how fields are numbered changes.
const OTHERS: [&str; 5] = [
    "rule b1 { sequence by w within 3s { p: a  q: b where l != p.l } }",
    "rule b2 { sequence by v within 9s { p: *  q: c where p.w == 1 and k != p.k } }",
    "rule b3 { sequence by k within 5s { p: a  not o: x  q: b } emit of = p.l }",
    "rule z1 { sequence global within 4s { p: x | c  q: b where p.v > 1 } emit s = p.l }",
    "rule z2 { window by l over 3s { p: a  q: b } when count(p) > 1 and distinct(q.k) > 0 }",
];

/// The same trials, of edited rules, with other rules that come and go by the edits.
pub fn beside_others(trials: impl Strategy<Value = Trial>) -> impl Strategy<Value = Trial> {
    (trials, prop::collection::vec(0..1u8 << OTHERS.len(), 4)).prop_map(|(mut trial, choices)| {
        let texts = std::iter::once(&mut trial.rules).chain(&mut trial.edits);
        for (text, choice) in texts.zip(choices) {
            for (_, other) in OTHERS.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1) {
                text.push('\n');
                text.push_str(other);
            }
        }
        trial
    })
}

/// Rules over the alerts of the one that is edited.
const OVER: &str = "
rule over { sequence global within 8s { p: r  q: r | b } matches all limit 9 emit t = p.first }
rule top { window global over 9s { x: over | r  y: a } whenever count(x) > 1 emit n = count(x), m = count(y) }";

/// The same trials, with rules that look at what the rule says.
pub fn looked_at(trials: impl Strategy<Value = Trial>) -> impl Strategy<Value = Trial> {
    trials.prop_map(|mut trial| {
        std::iter::once(&mut trial.rules).chain(&mut trial.edits).for_each(|text| text.push_str(OVER));
        trial
    })
}

fn change() -> impl Strategy<Value = Change> {
    let line = select(
        &[
            "    z1: a",
            "    z2: b where v > 1",
            "    any z3: a | b",
            "    z4?: *",
            "    z5+: b",
            "    not z6: x",
            "    next z7: *",
            "    not z8 within 2s: c",
            "    either { y1: a } or { y2: b }",
        ][..],
    );
    let filter = select(&["v > 1", "v < 3", "w == 1", "k == l", "has(l)", "v >= (lag(v) ?? 0)"][..]);
    let replace = select(
        &[
            ("v > ", "w > "),
            (".v", ".w"),
            ("any ", ""),
            ("    s1: ", "    any s1: "),
            ("    s2: ", "    next s2: "),
            ("s1: ", "s1+: "),
            ("s2: ", "s2{2}: "),
            ("+: ", "{2,}: "),
            ("s1: a", "s1: a | b"),
            ("s2", "t2"),
            ("all limit 100000", "all limit 2"),
            ("every", "disjoint"),
            ("by k", "by l"),
            ("emit final", "emit"),
            ("whenever", "when"),
            ("session", "over"),
        ][..],
    );
    let clause = select(&CLAUSES[..]);
    prop_oneof![
        6 => (any::<Index>(), 0..9u8).prop_map(|(at, number)| Change::Number(at, number)),
        2 => any::<Index>().prop_map(Change::Drop),
        3 => (any::<Index>(), line).prop_map(|(at, line)| Change::Line(at, line)),
        1 => any::<Index>().prop_map(Change::Unfilter),
        2 => (any::<Index>(), filter).prop_map(|(at, filter)| Change::Filter(at, filter)),
        3 => replace.prop_map(|(from, to)| Change::Replace(from, to)),
        2 => clause.prop_map(Change::Clause),
    ]
}

const CLAUSES: [&str; 9] = [
    "emit q = v, r = w",
    "emit q = k",
    "severity high",
    "suppress 3s",
    "suppress 5s",
    "hold 1 starts drop oldest",
    "hold 2 starts",
    "forget after 2s",
    "forget after 4s",
];

impl Change {
    /// The text with the change; the same where it cannot be made.
    fn make(&self, text: &str) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let is_step = |line: &String| line.starts_with("    ");
        let steps: Vec<usize> = (0..lines.len()).filter(|at| is_step(&lines[*at])).collect();
        let line_of = |at: &Index, among: &[usize]| (!among.is_empty()).then(|| *at.get(among));
        match self {
            Change::Number(at, number) => return with_number(text, at, *number),
            Change::Drop(at) => {
                let plain: Vec<usize> = steps.into_iter().filter(|at| lines[*at].contains(": ")).collect();
                line_of(at, &plain).into_iter().for_each(|at| drop(lines.remove(at)));
            }
            Change::Line(at, line) => {
                line_of(at, &steps).into_iter().for_each(|at| lines.insert(at, (*line).to_owned()));
            }
            Change::Unfilter(at) => {
                let filtered: Vec<usize> =
                    steps.into_iter().filter(|at| lines[*at].contains(" where ")).collect();
                if let Some(at) = line_of(at, &filtered) {
                    let bare = lines[at].split(" where ").next().unwrap_or_default().to_owned();
                    lines[at] = bare;
                }
            }
            Change::Filter(at, filter) => {
                let plain: Vec<usize> = steps
                    .into_iter()
                    .filter(|at| lines[*at].contains(": ") && !lines[*at].contains(" where "))
                    .collect();
                if let Some(at) = line_of(at, &plain) {
                    let (line, until) = lines[at].split_once(" until ").unwrap_or((&lines[at], ""));
                    let until = if until.is_empty() { String::new() } else { format!(" until {until}") };
                    lines[at] = format!("{line} where {filter}{until}");
                }
            }
            Change::Replace(from, to) => return text.replace(from, to),
            Change::Clause(clause) => {
                let word = clause.split(' ').next().unwrap_or_default();
                lines.retain(|line| !line.starts_with(&format!("  {word} ")) || line.contains("final"));
                let end = lines.len().saturating_sub(1);
                lines.insert(end, format!("  {clause}"));
            }
        }
        lines.join("\n")
    }
}

/// The text with another number for one that stands there by itself.
fn with_number(text: &str, at: &Index, number: u8) -> String {
    let bytes = text.as_bytes();
    let begins = |at: &usize| {
        bytes[*at].is_ascii_digit()
            && at.checked_sub(1).is_none_or(|before| !bytes[before].is_ascii_alphanumeric())
    };
    let places: Vec<usize> = (0..bytes.len()).filter(begins).collect();
    if places.is_empty() {
        return text.to_owned();
    }
    let start = *at.get(&places);
    let end = (start..bytes.len()).find(|at| !bytes[*at].is_ascii_digit()).unwrap_or(bytes.len());
    format!("{}{number}{}", &text[..start], &text[end..])
}
