//! Random rules over windows.

use proptest::prelude::*;
use proptest::sample::select;

/// A rule over a window, as text and as the types of the events that its steps want.
#[derive(Clone, Debug)]
pub struct WindowRule {
    pub text: String,
    pub wanted: Vec<&'static str>,
}

/// Rules over windows of every shape, with one step or two.
pub fn any() -> impl Strategy<Value = WindowRule> {
    let keys = select(&["global", "global", "by k", "by k", "by lower(k)", "by w"][..]);
    let clauses = [
        "",
        "",
        "",
        "",
        "",
        "suppress 2s",
        "suppress 5s",
        "suppress forever",
        "forget after 1s",
        "forget after 3s",
    ];
    let suppress = prop::sample::select(Vec::from(clauses));
    (
        keys,
        shape(),
        step(),
        prop::option::weighted(0.6, step()),
        condition(),
        prop::bool::ANY,
        emit(),
        suppress,
    )
        .prop_map(|(key, shape, x, y, condition, ever, emit, suppress)| {
            let rule = write(key, &shape, x, y, condition, ever, emit);
            let end = if suppress.is_empty() { "}".to_owned() } else { format!("  {suppress}\n}}") };
            WindowRule { text: rule.text.trim_end_matches('}').to_owned() + &end, ..rule }
        })
}

/// What of its events fit: types, what is asked of them, and whether the step has its own key.
type Step = (&'static str, Option<&'static str>, bool);

fn step() -> impl Strategy<Value = Step> {
    (
        select(&["a", "a", "b", "a | b", "*"][..]),
        prop::option::weighted(0.35, select(&FILTERS[..])),
        prop::bool::weighted(0.2),
    )
}

const FILTERS: [&str; 12] = [
    "v > 0",
    "v > 1",
    "v > 2 or not has(v)",
    "v != lag(v)",
    "v < 4 and (lag(v) ?? 0) <= v",
    "count(x) < 2",
    "v >= (max(x.v) ?? 0)",
    "(avg(y.v) ?? 1) <= v",
    "v != (last(y).v ?? 9) and count(x) <= count(y) + 1",
    "distinct(x.v) < 3 and (sum(y.v) ?? 0) < 5",
    "v > 0 and time() >= (time(first(y)) ?? time())",
    "v <= (percentile(x.v, 0.5) ?? 3)",
];

fn shape() -> impl Strategy<Value = String> {
    let offset = prop_oneof![2 => Just(String::new()), 1 => Just(" offset 1s".to_owned())];
    prop_oneof![
        4 => (1..7u8).prop_map(|n| format!("over {n}s")),
        3 => (1..5u8).prop_map(|n| format!("over {n} events")),
        3 => (2..6u8, offset).prop_map(|(n, offset)| format!("every {n}s{offset}")),
        1 => (1..9u8).prop_map(|n| format!("every 1m offset {n}s tz \"Asia/Kathmandu\"")),
        3 => (1..4u8, 0..6u8).prop_map(|(every, more)| format!("over {}s every {every}s", every + more)),
        3 => (1..4u8).prop_map(|n| format!("session {n}s")),
    ]
}

/// `y` stands for the second step, if there is one.
fn condition() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "count(x) >= 2",
            "count(x) != 2",
            "count(x) > count(y)",
            "count(x) == count(y) or count(x) > 2",
            "sum(x.v) > 4",
            "not (sum(x.v) == 3)",
            "avg(x.v) < 3",
            "max(x.v) - min(y.v) >= 2",
            "min(x.w) == 1 or max(x.v) > 3",
            "distinct(x.v) >= 2",
            "distinct(y.w) == 1",
            "stddev(x.v) > 1",
            "percentile(x.v, 0.5) >= 2",
            "last(x).v > first(y).v",
            "nth(x, 2).v > 1 or v > 3",
            "time(last(x)) >= time(first(y)) + 1s",
        ][..],
    )
}

fn emit() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "",
            "n = count(x), c = count(x.v), s = sum(x.v), m = avg(x.v)",
            "lo = min(x.v), hi = max(y.w), d = distinct(y.w), l = list(x.v)",
            "f = first(x).v, e = last(y).v, p = prev(x).v, t = time(), own = v",
            "sd = stddev(x.v), q = percentile(y.v, 0.5), lo = min(x.w), d = distinct(x.v)",
        ][..],
    )
}

fn write(
    key: &str,
    shape: &str,
    x: Step,
    y: Option<Step>,
    condition: &str,
    ever: bool,
    emit: &str,
) -> WindowRule {
    // Without a second step it is the first that is meant.
    let named = |text: &str| {
        if y.is_some() { text.to_owned() } else { text.replace("(y", "(x") }
    };
    let line = |name: &str, (kind, filter, owned): Step| {
        let filter = filter.map(|filter| format!(" where {}", named(filter))).unwrap_or_default();
        let own = if owned && key == "by k" { " by l" } else { "" };
        format!("    {name}{own}: {kind}{filter}\n")
    };
    let second = y.map(|y| line("y", y)).unwrap_or_default();
    let when = if ever { "whenever" } else { "when" };
    let emit = if emit.is_empty() { String::new() } else { format!("  emit {}\n", named(emit)) };
    let text = format!(
        "rule r {{\n  window {key} {shape} {{\n{}{second}  }}\n  {when} {}\n{emit}}}",
        line("x", x),
        named(condition)
    );
    let wanted = std::iter::once(x).chain(y).map(|(kind, ..)| if kind == "*" { "c" } else { &kind[..1] });
    WindowRule { text, wanted: wanted.collect() }
}
