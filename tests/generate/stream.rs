//! Random streams: up to ten events of two keys, with equal times and missing fields.

use proptest::prelude::*;
use proptest::sample::select;

use super::Arrival;
use super::rules::Part;

/// The longest stream: an evaluator that tries everything must come to an end.
const MOST: usize = 11;

#[derive(Clone, Debug)]
pub struct Draft {
    /// Seconds since the event before.
    gap: u32,
    /// A type of its own; without one it is what the rule's text asks for next.
    kind: Option<&'static str>,
    /// The rest of its line.
    fields: String,
}

/// How much later than its place each event comes, and from where.
#[derive(Clone, Debug, Default)]
pub struct Delays {
    pub lateness: u32,
    seconds: Vec<u32>,
    /// Of which source each event is, where there are several.
    sources: Vec<u32>,
    /// What is said of sources, and before which event.
    told: Vec<(usize, &'static str, u32)>,
    /// Before which event the watermark moves on, and by how much beyond the event before.
    advance: Option<(usize, u32)>,
}

pub fn events() -> impl Strategy<Value = Vec<Draft>> {
    let event = (
        select(&[0u32, 0, 1, 1, 1, 2, 3][..]),
        prop::option::weighted(0.3, select(&["a", "a", "b", "b", "c", "c", "x"][..])),
        prop::option::weighted(0.97, select(&["m", "m", "m", "m", "M", "n"][..])),
        prop::option::weighted(0.9, select(&["m", "m", "m", "n"][..])),
        prop::option::weighted(0.9, 0..6u8),
        select(&["", " w=1", " w=1", " w=1", " w=1.0", " w=1.0", " w=2", " w=true"][..]),
    );
    let draft = event.prop_map(draft);
    // Most streams are long; what shrinks becomes a short one.
    prop_oneof![1 => prop::collection::vec(draft.clone(), 1..5), 5 => prop::collection::vec(draft, 5..MOST)]
}

type Fields =
    (u32, Option<&'static str>, Option<&'static str>, Option<&'static str>, Option<u8>, &'static str);

fn draft((gap, kind, k, l, v, w): Fields) -> Draft {
    let mut fields = String::new();
    let mut field = |name: &str, text: Option<String>| {
        fields.extend(text.map(|text| format!(" {name}={text}")));
    };
    field("k", k.map(str::to_owned));
    field("l", l.map(str::to_owned));
    field("v", v.map(|v| v.to_string()));
    fields.push_str(w);
    Draft { gap, kind, fields }
}

pub fn delays(arrival: Arrival) -> impl Strategy<Value = Delays> {
    let none = Just(Delays::default());
    let delay = select(&[0u32, 0, 0, 0, 1, 2, 3, 5][..]);
    let mixed = (
        0..5u32,
        prop::collection::vec(delay, MOST),
        prop::option::weighted(0.2, (1..MOST, select(&[0u32, 0, 1, 3][..]))),
        prop_oneof![3 => Just((Vec::new(), Vec::new())), 1 => several()],
    )
        .prop_map(|(lateness, seconds, advance, (sources, told))| Delays {
            lateness,
            seconds,
            sources,
            told,
            advance,
        });
    match arrival {
        Arrival::InOrder => none.boxed(),
        Arrival::Mixed => mixed.boxed(),
    }
}

/// Events of up to three sources, most of which are opened first, and now and then one is idle or ends.
fn several() -> impl Strategy<Value = (Vec<u32>, Vec<(usize, &'static str, u32)>)> {
    let opened = prop::collection::vec((Just(0), Just("open"), 1..4u32), 1..4);
    let told = prop::collection::vec((0..MOST, select(&["open", "idle", "idle", "end"][..]), 1..4u32), 0..4);
    let told = (opened, told).prop_map(|(opened, told)| [opened, told].concat());
    (prop::collection::vec(1..4u32, MOST), told)
}

/// The lines of a stream, in the order of arrival.
pub fn write(events: &[Draft], wanted: &[&'static str], delays: &Delays) -> Vec<String> {
    let mut wanted = wanted.iter().copied().cycle();
    let mut time = 0;
    let mut lines = Vec::new();
    for (n, event) in events.iter().enumerate() {
        time += event.gap;
        let kind = event.kind.or_else(|| wanted.next()).unwrap_or("a");
        let delay = delays.seconds.get(n).copied().unwrap_or_default();
        // The second source is behind the first, and the third behind the second.
        let delay = delay + delays.sources.get(n).map_or(0, |source| 2 * (source - 1));
        let source = delays.sources.get(n).map(|source| format!("s{source} ")).unwrap_or_default();
        lines.push((time + delay, time, format!("{source}{time}s {kind}{}", event.fields)));
    }
    lines.sort_by_key(|(arrival, ..)| *arrival);
    let mut text: Vec<String> = lines.iter().map(|(.., line)| line.clone()).collect();
    if let Some((at, more)) = delays.advance.filter(|(at, _)| *at < lines.len()) {
        let before = lines[..at].iter().map(|(_, time, _)| *time).max().unwrap_or_default();
        text.insert(at, format!("advance {}s", before + more));
    }
    // From the end on, so that the places before stay what they are.
    let mut told = delays.told.clone();
    told.sort_by_key(|(at, ..)| *at);
    for (at, what, source) in told.into_iter().rev() {
        text.insert(at.min(text.len()), format!("{what} s{source}"));
    }
    text
}

/// Types that fit the steps one after the other, the first branch of each `either`.
pub fn script(parts: &[Part]) -> Vec<&'static str> {
    let all = parts.iter().flat_map(|part| match part {
        Part::Step(step) => {
            let kind = if step.kind == "*" { "c" } else { &step.kind[..1] };
            vec![kind; if step.quantifier.starts_with("{2") { 2 } else { 1 }]
        }
        Part::Group { parts, .. } | Part::Optional(parts) => script(parts),
        Part::Either(branches) => branches.first().map(|branch| script(branch)).unwrap_or_default(),
        Part::Of { members, take } => script(&members[..take.unwrap_or(members.len())]),
    });
    all.collect()
}
