//! Random rules, as text, and random streams.
//!
//! A rule is generated as a tree that shrinks, and then written out: names are given and references to earlier steps
//! resolved while writing, so that most rules compile.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;

/// A rule and a stream, as they would stand in a corpus case.
#[derive(Clone, Debug)]
pub struct Trial {
    pub rule: String,
    pub events: String,
    /// Whether the input ends held and not flushed.
    pub hold: bool,
}

/// A part of a sequence.
#[derive(Clone, Debug)]
enum Part {
    Step(Step),
    Group { parts: Vec<Part>, quantifier: &'static str, until: Option<u8> },
    Either(Vec<Vec<Part>>),
    Of { take: Option<usize>, members: Vec<Part> },
    Optional(Vec<Part>),
}

#[derive(Clone, Debug)]
struct Step {
    mode: &'static str,
    kind: &'static str,
    quantifier: &'static str,
    bound: Option<Gap>,
    filter: Option<Filter>,
    until: Option<u8>,
    /// Whether it has its own key.
    own_key: bool,
    /// An absence before it.
    absence: Option<(&'static str, Option<Gap>, Option<Filter>)>,
}

#[derive(Clone, Copy, Debug)]
enum Gap {
    After(u8),
    Within(u8),
}

/// A condition; references are to one of the steps that may be named, if there is one.
#[derive(Clone, Debug)]
enum Filter {
    Above(u8),
    Refers(&'static str, usize),
    Sum(u8, usize),
    Rising,
    Own(u8),
}

#[derive(Clone, Debug)]
struct RuleTree {
    parts: Vec<Part>,
    within: Option<u8>,
    policy: &'static str,
    /// Absences first and last, and a line that cancels.
    first: Option<(&'static str, u8)>,
    last: Vec<(&'static str, Option<u8>)>,
    cancel: Option<(&'static str, Option<u8>)>,
    keyed: bool,
    is_final: bool,
}

/// Rules that stay within the page: where it leaves a construct open, it is not generated.
pub fn trial() -> impl Strategy<Value = Trial> {
    streams(rule())
}

fn streams(rule: impl Strategy<Value = RuleTree>) -> impl Strategy<Value = Trial> {
    let hold = prop::bool::weighted(0.3);
    (rule, events(), hold).prop_map(|(rule, events, hold)| Trial {
        rule: write_rule(&rule),
        events,
        hold: hold && !rule.is_final,
    })
}

/// Rules for `matches latest`: plain steps, absences and `{n}`.
pub fn latest_trial() -> impl Strategy<Value = Trial> {
    let plain = (step(false), select(&["", "", "", "{2}"][..])).prop_map(|(step, quantifier)| {
        Part::Step(Step {
            quantifier,
            until: None,
            filter: step.filter.filter(|f| !matches!(f, Filter::Own(_))),
            ..step
        })
    });
    let rule = (prop::collection::vec(plain, 1..4), header()).prop_map(|(parts, header)| RuleTree {
        parts,
        policy: "latest",
        last: Vec::new(),
        ..header
    });
    streams(rule)
}

/// Rules with `emit final`, for the policies under which the page says which matches there are.
pub fn final_trial() -> impl Strategy<Value = Trial> {
    let policies = &["every", "separate", "to first", "to last"][..];
    let rule = (rule(), select(policies)).prop_map(|(rule, policy)| RuleTree {
        policy,
        is_final: true,
        within: Some(rule.within.unwrap_or(7)),
        last: Vec::new(),
        // What cancels a match that waits to grow depends on when it can grow no more.
        cancel: None,
        ..rule
    });
    streams(rule)
}

/// Rules with steps that have their own keys.
pub fn keyed_trial() -> impl Strategy<Value = Trial> {
    let plain = |owned: bool| {
        step(true).prop_map(move |step| {
            let mode = if owned && step.mode == "next " { "" } else { step.mode };
            Part::Step(Step { own_key: owned, until: None, mode, ..step })
        })
    };
    let part = prop_oneof![1 => plain(true), 2 => plain(false)];
    let policies = &["disjoint", "separate", "every", "all limit 100000"][..];
    let rule = (prop::collection::vec(part, 1..5), header(), select(policies))
        .prop_map(|(parts, header, policy)| RuleTree { parts, policy, keyed: true, cancel: None, ..header });
    streams(rule)
}

fn rule() -> impl Strategy<Value = RuleTree> {
    let policies = &["disjoint", "separate", "every", "all limit 100000", "to first", "to last"][..];
    (prop::collection::vec(part(), 1..4), header(), select(policies))
        .prop_map(|(parts, header, policy)| RuleTree { parts, policy, ..header })
}

/// Everything of a rule but its steps and its policy.
fn header() -> impl Strategy<Value = RuleTree> {
    let absence = select(&["x", "a", "b"][..]);
    (
        prop::option::weighted(0.7, 2..12u8),
        prop::option::weighted(0.15, (absence.clone(), 1..5u8)),
        prop::collection::vec((absence, prop::option::weighted(0.8, 1..6u8)), 0..=1),
        prop::bool::weighted(0.8),
        prop::option::weighted(0.1, (select(&["x", "c"][..]), prop::option::of(0..5u8))),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(within, first, last, drop_last, cancel, keyed)| RuleTree {
            parts: Vec::new(),
            within,
            policy: "every",
            first,
            last: if drop_last { Vec::new() } else { last },
            cancel,
            keyed,
            is_final: false,
        })
}

fn part() -> impl Strategy<Value = Part> {
    let leaf = step(true).prop_map(Part::Step);
    prop_oneof![6 => leaf, 4 => block(2)]
}

fn block(depth: u32) -> BoxedStrategy<Part> {
    let inner = || match depth {
        0 => step(true).prop_map(Part::Step).boxed(),
        _ => prop_oneof![4 => step(true).prop_map(Part::Step), 1 => block(depth - 1)].boxed(),
    };
    let quantifiers = &["{2}", "+", "*", "{1,2}", "+?", "?", "??", "*?", "{2,}"][..];
    prop_oneof![
        3 => (prop::collection::vec(inner(), 1..3), select(quantifiers), prop::option::weighted(0.1, 0..5u8))
            .prop_map(|(parts, quantifier, until)| Part::Group { parts, quantifier, until }),
        3 => prop::collection::vec((opener(), prop::collection::vec(inner(), 0..2)), 2..4).prop_map(|branches| {
            let branch = |(first, rest): (Step, Vec<Part>)| std::iter::once(Part::Step(first)).chain(rest).collect();
            Part::Either(branches.into_iter().map(branch).collect())
        }),
        2 => (prop::collection::vec(member(), 2..4), prop::option::of(1..4usize)).prop_map(|(members, take)| {
            Part::Of { take: take.map(|n| n.min(members.len())), members }
        }),
        1 => prop::collection::vec(inner(), 1..3).prop_map(Part::Optional),
    ]
    .boxed()
}

/// The first step of a branch or member: it takes at least one event and the next that qualifies.
fn opener() -> impl Strategy<Value = Step> {
    (step(true), select(&["", "", "", "+", "{2}", "{1,2}", "+?"][..])).prop_map(|(step, quantifier)| Step {
        mode: if step.mode == "any " { "" } else { step.mode },
        quantifier,
        ..step
    })
}

fn member() -> impl Strategy<Value = Part> {
    let plain = || opener().prop_map(|step| Step { absence: None, ..step });
    let pair = (plain(), step(true)).prop_map(|(first, second)| Part::Group {
        parts: vec![Part::Step(first), Part::Step(Step { absence: None, ..second })],
        quantifier: "",
        until: None,
    });
    prop_oneof![3 => plain().prop_map(Part::Step), 1 => pair]
}

fn step(loops: bool) -> impl Strategy<Value = Step> {
    let quantifiers = match loops {
        true => {
            &["", "", "", "", "", "+", "*", "?", "{2}", "{2,}", "{1,2}", "{0,2}", "+?", "*?", "??", "{2,3}?"]
                [..]
        }
        false => &[""][..],
    };
    (
        select(&["", "", "", "", "next ", "any "][..]),
        select(&["a", "b", "c", "a | b", "*"][..]),
        select(quantifiers),
        prop::option::weighted(0.15, gap()),
        prop::option::weighted(0.35, filter()),
        prop::option::weighted(0.07, 0..5u8),
        prop::option::weighted(
            0.12,
            (
                select(&["x", "a", "b", "c"][..]),
                prop::option::weighted(0.3, gap()),
                prop::option::weighted(0.3, filter()),
            ),
        ),
    )
        .prop_map(|(mode, kind, quantifier, bound, filter, until, absence)| Step {
            mode,
            kind,
            quantifier,
            bound,
            filter,
            until,
            own_key: false,
            absence,
        })
}

fn gap() -> impl Strategy<Value = Gap> {
    prop_oneof![(1..4u8).prop_map(Gap::After), (0..5u8).prop_map(Gap::Within)]
}

fn filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        2 => (0..5u8).prop_map(Filter::Above),
        3 => (select(&[">", "<=", "==", "!="][..]), 0..4usize).prop_map(|(op, n)| Filter::Refers(op, n)),
        1 => (0..8u8, 0..4usize).prop_map(|(n, which)| Filter::Sum(n, which)),
        1 => Just(Filter::Rising),
        1 => (1..4u8).prop_map(Filter::Own),
    ]
}

/// Up to ten events of two keys, with equal times and missing fields.
fn events() -> impl Strategy<Value = String> {
    let event = (
        select(&[0u32, 0, 1, 1, 1, 2, 3][..]),
        select(&["a", "a", "b", "b", "c", "c", "x"][..]),
        prop::option::weighted(0.95, select(&["m", "m", "m", "n"][..])),
        prop::option::weighted(0.8, select(&["m", "n"][..])),
        prop::option::weighted(0.9, 0..6u8),
    );
    prop::collection::vec(event, 1..10).prop_map(|events| {
        let mut text = String::new();
        let mut time = 0;
        for (gap, kind, key, other, value) in events {
            time += gap;
            _ = write!(text, "{time}s {kind}");
            key.iter().for_each(|k| _ = write!(text, " k={k}"));
            other.iter().for_each(|l| _ = write!(text, " l={l}"));
            value.iter().for_each(|v| _ = write!(text, " v={v}"));
            text.push('\n');
        }
        text
    })
}

/// Writes a rule and remembers what may be named.
struct Writer {
    text: String,
    count: usize,
    /// Steps that have bound one event wherever the writer stands.
    single: Vec<String>,
    /// Steps that may have bound any number.
    many: Vec<String>,
}

fn write_rule(rule: &RuleTree) -> String {
    let mut writer = Writer { text: String::new(), count: 0, single: Vec::new(), many: Vec::new() };
    let partition = if rule.keyed { "by k" } else { "global" };
    let within = match rule.policy.starts_with("all") {
        true => Some(rule.within.unwrap_or(9)),
        false => rule.within,
    };
    let within = within.map(|n| format!(" within {n}s")).unwrap_or_default();
    _ = writeln!(writer.text, "rule r {{\n  sequence {partition}{within} {{");
    if let Some((kind, length)) = rule.first {
        _ = writeln!(writer.text, "    not first within {length}s: {kind}");
    }
    rule.parts.iter().for_each(|part| writer.part(part));
    for (kind, length) in &rule.last {
        let length = length.map(|n| format!(" within {n}s")).unwrap_or_default();
        _ = writeln!(writer.text, "    not last{length}: {kind}");
    }
    if let Some((kind, above)) = rule.cancel {
        let filter = above.map(|n| format!(" where v > {n}")).unwrap_or_default();
        _ = writeln!(writer.text, "    until stop: {kind}{filter}");
    }
    let policy = match rule.policy {
        "to first" | "to last" => format!("{} s{}", rule.policy, writer.count / 2),
        policy => policy.to_owned(),
    };
    let emit = if rule.is_final { "\n  emit final" } else { "" };
    _ = write!(writer.text, "  }}\n  matches {policy}{emit}\n}}");
    writer.text
}

impl Writer {
    fn part(&mut self, part: &Part) {
        match part {
            Part::Step(step) => self.step(step),
            Part::Group { parts, quantifier, until } => {
                self.text.push_str("    (\n");
                let outside = self.single.len();
                parts.iter().for_each(|part| self.part(part));
                // From outside a repeated group its steps are seen as loops.
                if !quantifier.is_empty() {
                    self.many.extend(self.single.split_off(outside));
                }
                let until = until.map(|n| format!(" until v > {n}")).unwrap_or_default();
                _ = writeln!(self.text, "    ){quantifier}{until}");
            }
            Part::Optional(parts) => {
                self.text.push_str("    (\n");
                let outside = self.single.len();
                parts.iter().for_each(|part| self.part(part));
                self.many.extend(self.single.split_off(outside));
                self.text.push_str("    )?\n");
            }
            Part::Either(branches) => {
                self.text.push_str("    either {\n");
                for (n, branch) in branches.iter().enumerate() {
                    if n > 0 {
                        self.text.push_str("    } or {\n");
                    }
                    self.branch(branch);
                }
                self.text.push_str("    }\n");
            }
            Part::Of { take, members } => {
                match take {
                    None => self.text.push_str("    all {\n"),
                    Some(n) => _ = writeln!(self.text, "    {n} of {{"),
                }
                members.iter().for_each(|member| self.branch(std::slice::from_ref(member)));
                self.text.push_str("    }\n");
            }
        }
    }

    /// What one branch binds, the others and what follows cannot rely on.
    fn branch(&mut self, parts: &[Part]) {
        let (single, many) = (self.single.len(), self.many.len());
        parts.iter().for_each(|part| self.part(part));
        self.single.truncate(single);
        self.many.truncate(many);
    }

    fn step(&mut self, step: &Step) {
        if let Some((kind, bound, filter)) = &step.absence {
            self.count += 1;
            let bound = match bound {
                Some(Gap::Within(n)) => format!(" within {n}s"),
                _ => String::new(),
            };
            let filter = self.filter(filter.as_ref(), None);
            _ = writeln!(self.text, "    not n{}{bound}: {kind}{filter}", self.count);
        }
        self.count += 1;
        let name = format!("s{}", self.count);
        let bound = match step.bound {
            Some(Gap::After(n)) => format!(" after {n}s"),
            Some(Gap::Within(n)) => format!(" within {n}s"),
            None => String::new(),
        };
        let filter = self.filter(step.filter.as_ref(), Some(&name));
        let until = step.until.map(|n| format!(" until v > {n}")).unwrap_or_default();
        _ = writeln!(
            self.text,
            "    {}{name}{}{}{bound}: {}{filter}{until}",
            step.mode,
            step.quantifier,
            if step.own_key { " by l" } else { "" },
            step.kind
        );
        if step.quantifier.is_empty() { self.single.push(name) } else { self.many.push(name) }
    }

    fn filter(&self, filter: Option<&Filter>, own: Option<&str>) -> String {
        let named: Vec<&String> = self.single.iter().chain(&self.many).collect();
        let condition = match (filter, own) {
            (None, _) => return String::new(),
            (Some(Filter::Above(n)), _) => format!("v > {n}"),
            (Some(Filter::Refers(op, n)), _) if !self.single.is_empty() => {
                format!("v {op} {}.v", self.single[n % self.single.len()])
            }
            (Some(Filter::Sum(n, which)), _) if !named.is_empty() => {
                format!("(sum({}.v) ?? 0) < {n}", named[which % named.len()])
            }
            (Some(Filter::Rising), Some(_)) => "rising(v)".to_owned(),
            (Some(Filter::Own(n)), Some(name)) => format!("count({name}) < {n}"),
            (Some(_), _) => "not (v > 3)".to_owned(),
        };
        format!(" where {condition}")
    }
}
