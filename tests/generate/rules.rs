//! Random rules, as trees that shrink.

use proptest::prelude::*;
use proptest::sample::select;

/// A part of a sequence.
#[derive(Clone, Debug)]
pub enum Part {
    Step(Step),
    Group { parts: Vec<Part>, quantifier: &'static str, until: Option<u8> },
    Either(Vec<Vec<Part>>),
    Of { take: Option<usize>, members: Vec<Part> },
    Optional(Vec<Part>),
}

#[derive(Clone, Debug)]
pub struct Step {
    pub mode: &'static str,
    pub kind: &'static str,
    pub quantifier: &'static str,
    pub bound: Option<Gap>,
    pub filter: Option<Filter>,
    pub until: Option<u8>,
    /// Whether it has its own key.
    pub own_key: bool,
    /// An absence before it.
    pub absence: Option<(&'static str, Option<Gap>, Option<Filter>)>,
}

#[derive(Clone, Copy, Debug)]
pub enum Gap {
    After(u8),
    Within(u8),
}

/// A condition; references are to one of the steps that may be named, if there is one.
#[derive(Clone, Debug)]
pub enum Filter {
    Above(u8),
    Refers(&'static str, usize),
    Sum(u8, usize),
    Rising,
    Own(u8),
    /// That the loop just before has had many, or many different ones.
    Many(u8),
}

#[derive(Clone, Debug)]
pub struct RuleTree {
    pub parts: Vec<Part>,
    pub within: Option<u8>,
    pub policy: &'static str,
    /// Absences first and last, and a line that cancels.
    pub first: Option<(&'static str, u8)>,
    pub last: Vec<(&'static str, Option<u8>)>,
    pub cancel: Option<(&'static str, Option<u8>)>,
    /// The rule's key and that of steps which have their own; without it the rule is global.
    pub keys: Option<(&'static str, &'static str)>,
    pub is_final: bool,
    /// `on timeout`, and which step it asks for.
    pub timeout: Option<Option<usize>>,
    /// Whether it emits the fields of the last event bound.
    pub emits: bool,
    /// `suppress`: for how long, where it has an end, and by which of the keys, where not by all.
    pub suppress: Option<(Option<u8>, Option<usize>)>,
    /// `hold`: how many starts, and what becomes of one more.
    pub hold: Option<(u8, &'static str)>,
    /// `forget`: so many seconds after the last event of the key.
    pub forget: Option<u8>,
}

/// Rules that stay within the page: where it leaves a construct open, it is not generated.
pub fn any() -> impl Strategy<Value = RuleTree> {
    rule(&POLICIES)
}

/// Rules for `matches latest`: plain steps, absences and `{n}`.
pub fn latest() -> impl Strategy<Value = RuleTree> {
    let plain = (step(false), select(&["", "", "", "{2}"][..])).prop_map(|(step, quantifier)| {
        let filter = step.filter.filter(|f| !matches!(f, Filter::Own(_)));
        Part::Step(Step { quantifier, until: None, filter, ..step })
    });
    (prop::collection::vec(plain, 1..4), header()).prop_map(|(parts, header)| RuleTree {
        parts,
        policy: "latest",
        ..header
    })
}

/// Rules with `emit final`.
pub fn finals() -> impl Strategy<Value = RuleTree> {
    rule(&POLICIES).prop_map(|rule| RuleTree {
        is_final: true,
        within: Some(rule.within.unwrap_or(7)),
        ..rule
    })
}

/// Rules with `on timeout`.
pub fn timeouts() -> impl Strategy<Value = RuleTree> {
    let within = prop::option::weighted(0.9, 1..9u8);
    (rule(&POLICIES), within, prop::option::weighted(0.4, 0..5usize), prop::bool::weighted(0.15)).prop_map(
        |(rule, within, after, is_final)| RuleTree { within, timeout: Some(after), is_final, ..rule },
    )
}

/// Rules with keys of several parts and of expressions, and steps that have their own.
pub fn keyed() -> impl Strategy<Value = RuleTree> {
    let plain = |owned: bool| {
        step(true).prop_map(move |step| {
            let mode = if owned && step.mode == "next " { "" } else { step.mode };
            Part::Step(Step { own_key: owned, mode, ..step })
        })
    };
    let part = prop_oneof![1 => plain(true), 2 => plain(false)];
    let keys =
        select(&[("k", "l"), ("lower(k)", "l"), ("k, w", "l, w"), ("k ?? \"m\"", "l"), ("w", "w + 1")][..]);
    (prop::collection::vec(part, 1..4), header(), select(&POLICIES[..]), keys)
        .prop_map(|(parts, header, policy, keys)| RuleTree { parts, policy, keys: Some(keys), ..header })
}

/// Rules with `suppress`: short and long, by all keys, one of them, or one of several.
pub fn held_back() -> impl Strategy<Value = RuleTree> {
    let suppress = (prop::option::weighted(0.75, 1..9u8), prop::option::weighted(0.6, 0..2usize));
    let keys = select(&[None, Some(("k", "l")), Some(("k, w", "l, w")), Some(("w, k", "w, l"))][..]);
    let rule = prop_oneof![4 => any().boxed(), 2 => timeouts().boxed(), 1 => finals().boxed()];
    (rule, suppress, keys).prop_map(|(rule, suppress, keys)| RuleTree {
        suppress: Some(suppress),
        keys,
        ..rule
    })
}

/// Rules that hold so many starts of a key, or forget it, in every form.
pub fn bounded() -> impl Strategy<Value = RuleTree> {
    let hold = (1..4u8, select(&["", " refuse new", " drop oldest", " drop oldest"][..]));
    let rule = prop_oneof![
        3 => any().boxed(),
        2 => queues().boxed(),
        2 => in_common().boxed(),
        1 => timeouts().boxed(),
        1 => finals().boxed(),
        1 => latest().boxed(),
        1 => keyed().boxed(),
    ];
    let keys = prop::option::weighted(0.6, Just(("k", "l")));
    (rule, prop::option::weighted(0.8, hold), prop::option::weighted(0.5, 1..7u8), keys).prop_map(
        |(rule, hold, forget, keys)| RuleTree {
            hold,
            // What `within` ends before it need not be forgotten.
            forget: forget.filter(|length| rule.within.is_none_or(|within| *length < within)),
            keys: rule.keys.or(keys),
            ..rule
        },
    )
}

/// Rules whose starts move together: relaxed steps that look at their own event, loops that leave no choice.
pub fn queues() -> impl Strategy<Value = RuleTree> {
    let plain = |quantifiers: &'static [&'static str]| {
        (select(&["a", "b", "a | b", "*"][..]), prop::option::weighted(0.3, 0..5u8), select(quantifiers))
            .prop_map(|(kind, above, quantifier)| Step {
                mode: "",
                kind,
                quantifier,
                bound: None,
                filter: above.map(Filter::Above),
                until: None,
                own_key: false,
                absence: None,
            })
    };
    let ends = prop_oneof![
        (plain(&["+", "{2,}", "{3,}"]), plain(&["", "", "+"])).prop_map(|(a, b)| vec![a, b]),
        plain(&["", "", "+", "{2}", "{3}", "{2,}", "{2,3}"]).prop_map(|a| vec![a]),
    ];
    let begins = prop::collection::vec(plain(&["", "", "{2}", "{3}"]), 0..3);
    let policies = select(&["disjoint", "separate", "every"][..]);
    (begins, ends, header(), policies, prop::option::weighted(0.5, filter())).prop_map(
        |(mut parts, ends, header, policy, filter)| {
            parts.extend(ends);
            look_back(&mut parts, filter);
            let parts = parts.into_iter().map(Part::Step).collect();
            RuleTree { parts, policy, first: None, last: Vec::new(), cancel: None, ..header }
        },
    )
}

/// A last single step may look back, behind an open loop only for what that has the more of.
fn look_back(parts: &mut [Step], filter: Option<Filter>) {
    let [.., before, last] = parts else { return };
    if !["", "+"].contains(&last.quantifier) {
        return;
    }
    last.filter = match (["+", "{2,}", "{3,}"].contains(&before.quantifier), filter) {
        (true, Some(Filter::Above(n) | Filter::Own(n))) => Some(Filter::Many(n)),
        (false, Some(filter @ (Filter::Refers(..) | Filter::Sum(..)))) => Some(filter),
        _ => last.filter.take(),
    };
}

/// Rules with `matches all` and a limit that is reached.
pub fn limited() -> impl Strategy<Value = RuleTree> {
    rule(&["all limit 1", "all limit 2", "all limit 3"])
}

/// Rules with `matches all` whose derivations can be held in common: conditions look at their own event, and what has a
/// bound is the rule.
pub fn in_common() -> impl Strategy<Value = RuleTree> {
    let policies = select(&["all limit 1", "all limit 3", "all limit 9", "all limit 100000"][..]);
    (prop::collection::vec(part(), 1..5), header(), policies).prop_map(|(parts, header, policy)| {
        let parts = parts.into_iter().map(alone).collect();
        let within = Some(header.within.unwrap_or(9));
        RuleTree { parts, within, policy, first: None, last: Vec::new(), ..header }
    })
}

/// The same part, its conditions looking at nothing but the event.
fn alone(part: Part) -> Part {
    let all = |parts: Vec<Part>| parts.into_iter().map(alone).collect::<Vec<_>>();
    match part {
        Part::Step(step) => Part::Step(Step {
            mode: if step.own_key || step.bound.is_some() { "any " } else { step.mode },
            bound: None,
            filter: own_event(step.filter),
            absence: step.absence.map(|(kind, _, filter)| (kind, None, own_event(filter))),
            ..step
        }),
        Part::Group { parts, quantifier, until } => Part::Group { parts: all(parts), quantifier, until },
        Part::Either(branches) => Part::Either(branches.into_iter().map(all).collect()),
        Part::Of { take, members } => Part::Of { take, members: all(members) },
        Part::Optional(parts) => Part::Optional(all(parts)),
    }
}

fn own_event(filter: Option<Filter>) -> Option<Filter> {
    filter.filter(|filter| matches!(filter, Filter::Above(_)))
}

const POLICIES: [&str; 6] = ["disjoint", "separate", "every", "all limit 100000", "to first", "to last"];

fn rule(policies: &'static [&'static str]) -> impl Strategy<Value = RuleTree> {
    (prop::collection::vec(part(), 1..4), header(), select(policies))
        .prop_map(|(parts, header, policy)| RuleTree { parts, policy, ..header })
}

/// Everything of a rule but its steps and its policy.
fn header() -> impl Strategy<Value = RuleTree> {
    let absence = select(&["x", "a", "b"][..]);
    (
        prop::option::weighted(0.7, 2..12u8),
        prop::option::weighted(0.2, (absence.clone(), 1..5u8)),
        prop::collection::vec((absence, prop::option::weighted(0.8, 1..6u8)), 0..=1),
        prop::bool::weighted(0.8),
        prop::option::weighted(0.1, (select(&["x", "c"][..]), prop::option::of(0..5u8))),
        prop::option::weighted(0.3, Just(("k", "l"))),
    )
        .prop_map(|(within, first, last, drop_last, cancel, keys)| RuleTree {
            parts: Vec::new(),
            within,
            policy: "every",
            first,
            last: if drop_last { Vec::new() } else { last },
            cancel,
            keys,
            is_final: false,
            timeout: None,
            emits: false,
            suppress: None,
            hold: None,
            forget: None,
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
            0.18,
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
