//! Drawings of rules: whatever the rule, all of it is there and both languages are well-formed.

use proptest::prop_assert;
use tripline::drawing::{Drawing, dot, svg};
use tripline::plan::{Item, Pattern, Rule};
use tripline::{Limits, Program, Settings, SourceFile};

use crate::corpus::case;
use crate::generate::{Arrival, rules, search, trials, window_trials};

#[test]
fn every_rule_of_the_corpus_is_drawn_with_all_its_steps() {
    let mut drawn = 0;
    for case in case::load() {
        for rule in rules_of(&case.rule) {
            check(&rule).unwrap_or_else(|why| panic!("{}: {why}", case.name));
            drawn += 1;
        }
    }
    assert!(drawn > 500, "{drawn}");
}

#[test]
fn random_rules_are_drawn_with_all_their_steps() {
    search("DRAWING", 200, &trials(rules::any(), Arrival::InOrder), |trial| {
        for rule in rules_of(&trial.rules) {
            let checked = check(&rule);
            prop_assert!(checked.is_ok(), "{}\n{}", checked.unwrap_err(), trial.rules);
        }
        Ok(())
    });
    search("DRAWING", 50, &window_trials(Arrival::InOrder), |trial| {
        for rule in rules_of(&trial.rules) {
            let checked = check(&rule);
            prop_assert!(checked.is_ok(), "{}\n{}", checked.unwrap_err(), trial.rules);
        }
        Ok(())
    });
}

#[test]
fn text_of_a_rule_is_never_markup() {
    let text = r#"rule r { event x: "a<b>\"" where y == "</text>&amp;\\l\"]; \u0001" }"#;
    let [rule] = &rules_of(text)[..] else { panic!("{text}") };
    check(rule).unwrap();
    let drawing = Drawing::new(rule, &Limits::default()).unwrap();
    let svg = svg(&drawing).unwrap();
    assert!(svg.contains("&lt;/text&gt;&amp;amp;") && !svg.contains("&amp;amp;amp"), "{svg}");
    assert!(dot(&drawing).contains(r#"\"a<b>\\\"\""#), "{}", dot(&drawing));
}

#[test]
fn what_nobody_could_read_is_not_drawn() {
    let members: String = (0..20).map(|n| format!(" m{n}: t{n}")).collect();
    let text = format!("rule r {{ sequence global within 1h {{ all {{{members} }} }} }}");
    let [rule] = &rules_of(&text)[..] else { panic!("{text}") };
    let drawing = Drawing::new(rule, &Limits::default()).unwrap();
    let said = svg(&drawing).unwrap_err().to_string();
    assert_eq!(said, "the drawing has 420 arrows, more than the limit of 400");
    assert!(dot(&drawing).contains("->"));
}

fn rules_of(text: &str) -> Vec<Rule> {
    let files = [SourceFile::new("r.trip", text)];
    let (program, _) = Program::compile(&files, &Settings::default(), Limits::default());
    program.map(|program| program.plan().rules.clone()).unwrap_or_default()
}

/// Every edge that can be taken is an arrow, every step a box, and what opens is closed.
fn check(rule: &Rule) -> Result<(), String> {
    let drawing = Drawing::new(rule, &Limits::default()).map_err(|large| large.to_string())?;
    let (dot, svg) = (dot(&drawing), svg(&drawing).map_err(|crowded| crowded.to_string())?);
    let paths: Vec<&str> = svg.lines().filter(|line| line.starts_with("<path class=\"arrow")).collect();
    let arrows = dot.lines().filter(|line| is_arrow(line)).count();
    if arrows == 0 || paths.len() != arrows || paths.iter().any(|path| path.contains("NaN")) {
        return Err(format!("{arrows} arrows, drawn as {paths:#?}"));
    }
    let pattern = rule.pattern();
    for name in bound(pattern, &pattern.items) {
        let heads = svg.lines().filter(|line| line.starts_with("<text class=\"head\""));
        if !dot.contains(&name) || !heads.into_iter().any(|head| head.contains(&name)) {
            return Err(format!("step {name} is missing"));
        }
    }
    balanced(&svg)
}

fn is_arrow(line: &str) -> bool {
    let number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    line.trim_start().split_once(" -> ").is_some_and(|(from, _)| number(from))
}

/// The names of the steps that bind events.
fn bound(pattern: &Pattern, items: &[Item]) -> Vec<String> {
    let names = |item: &Item| match item {
        Item::Step(step) => vec![pattern.slot(pattern.step(*step).slot).name.to_string()],
        Item::Absence(_) => Vec::new(),
        Item::Group(group) => bound(pattern, &pattern.group(*group).items),
        Item::Either(parts) | Item::Of { members: parts, .. } => {
            parts.iter().flat_map(|part| bound(pattern, part)).collect()
        }
    };
    items.iter().flat_map(names).collect()
}

/// Whether tags are closed in order, and `&` begins an escape.
fn balanced(svg: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').ok_or_else(|| format!("no end of {tag}"))?;
        let name = tag.split(' ').next().unwrap_or_default();
        if let Some(name) = name.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("{tag} closes nothing"));
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        let escapes = ["&amp;", "&lt;", "&gt;"];
        if text.match_indices('&').any(|(at, _)| !escapes.iter().any(|e| text[at..].starts_with(e)))
            || text.contains('>')
            || text.chars().any(|c| c.is_control() && c != '\n')
        {
            return Err(format!("markup in {text:?}"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} stay open")) }
}
