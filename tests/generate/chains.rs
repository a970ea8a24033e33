//! Random rules over the alerts of random rules.

use proptest::prelude::*;
use proptest::sample::select;

use super::rules::{self, RuleTree};
use super::{stream, windows, write};

/// Up to three rules of which each may look at the alerts of those before, as text, and the types of the events that the
/// first wants.
pub fn any() -> impl Strategy<Value = (String, Vec<&'static str>)> {
    let first = prop_oneof![
        3 => tree(rules::any()),
        2 => tree(rules::timeouts()),
        1 => tree(rules::finals()),
        2 => tree(rules::held_back()),
        1 => tree(rules::latest()),
        2 => windows::any().prop_map(|rule| (rule.text, rule.wanted)),
    ];
    let shadow = prop::bool::weighted(0.05);
    (first, shadow, upper("s"), prop::option::weighted(0.4, upper("t"))).prop_map(
        |((first, wanted), shadow, second, third)| {
            let first = if shadow { first.replacen("{\n", "{\n  status shadow\n", 1) } else { first };
            let third = third.map(|third| looking_at(&third, &[("b", "s"), ("c", "r")]));
            // Rules that look at as many alerts would have too many of their own.
            let first = first.replace("all limit 100000", "all limit 20");
            let rules = [Some(first), Some(looking_at(&second, &[("a", "r"), ("x", "r")])), third];
            (rules.into_iter().flatten().collect::<Vec<_>>().join("\n"), wanted)
        },
    )
}

fn tree(rules: impl Strategy<Value = RuleTree> + 'static) -> BoxedStrategy<(String, Vec<&'static str>)> {
    rules
        .prop_map(|rule| {
            (write::write_rule(&RuleTree { emits: true, ..rule.clone() }), stream::script(&rule.parts))
        })
        .boxed()
}

fn upper(name: &'static str) -> impl Strategy<Value = String> {
    let text = prop_oneof![
        4 => tree(rules::any()).prop_map(|(text, _)| text),
        2 => tree(rules::queues()).prop_map(|(text, _)| text),
        2 => tree(rules::timeouts()).prop_map(|(text, _)| text),
        2 => windows::any().prop_map(|rule| rule.text),
        2 => select(&["rule r {\n  event x: a where v > 1\n  emit k = x.k, v = x.v\n}", "rule r {\n  event x: a | x\n}"][..])
            .prop_map(str::to_owned),
    ];
    text.prop_map(move |text| {
        let text = text.replace("all limit 100000", "all limit 20");
        text.replacen("rule r {", &format!("rule {name} {{"), 1)
    })
}

/// Steps over events of these types become steps over those.
fn looking_at(rule: &str, types: &[(&str, &str)]) -> String {
    let is_type = |before: &str| before.ends_with(": ") || before.ends_with("| ");
    let mut text = String::new();
    let mut before = String::new();
    for word in rule.split_inclusive([' ', '\n']) {
        let bare = word.trim_end();
        let other = types.iter().find(|(from, _)| *from == bare && is_type(&before)).map(|(_, to)| *to);
        text.push_str(&other.map_or(word.to_owned(), |other| word.replacen(bare, other, 1)));
        before = word.to_owned();
    }
    text
}
