//! What names mean in a plan, and what a rule set makes of several files.

use std::collections::BTreeSet;
use std::sync::Arc;

use tripline::diagnostic::{Code, Severity};
use tripline::plan::{Body, Expr, Item, Pattern, Pick, Repeat, Rule, SAID, SlotRef};
use tripline::{
    Alert, Engine, EngineOptions, Event, Limits, Program, Record, Settings, SlotId, SourceFile, StepId,
    Timestamp, Value,
};

use crate::corpus::files::Beside;

#[test]
fn inside_a_repeated_group_a_name_means_the_running_iteration() {
    let rule = rule(
        "rule r { sequence global within 1h {
           z: z
           ( a: a  ( b: b where v > a.v and v > z.v )+  c: c where v > max(b.v) ){2}
           d: d where v > max(b.v) and v > z.v
         } }",
    );
    let pattern = pattern(&rule);
    assert_eq!(groups_seen(pattern, "b"), [("a", Some(0)), ("z", None)]);
    assert_eq!(groups_seen(pattern, "c"), [("b", Some(0))]);
    assert_eq!(groups_seen(pattern, "d"), [("b", None), ("z", None)]);
    let repeated: Vec<_> = pattern.slots.iter().map(|slot| (slot.name.as_str(), slot.repeated)).collect();
    assert_eq!(repeated, [("z", false), ("a", true), ("b", true), ("c", true), ("d", false)]);
}

#[test]
fn the_event_before_is_the_last_bound_where_a_loop_is_judged_and_the_one_before_it_elsewhere() {
    let rule = rule(
        "rule r { sequence global within 1h {
           a+: a where v > prev(a).v and v > last(a).v until v > prev(a).v
           b: b where v > prev(a).v and v > last(a).v and v > nth(a, 3).v and v > first(a).v
         } emit t = time(b), c = b.v }",
    );
    let steps = &pattern(&rule).steps;
    assert_eq!(picks(steps[0].filter.as_ref().unwrap()), [Pick::Back(0), Pick::Back(0)]);
    assert_eq!(picks(steps[0].until.as_ref().unwrap()), [Pick::Back(0)]);
    assert_eq!(
        picks(steps[1].filter.as_ref().unwrap()),
        [Pick::Back(1), Pick::Last, Pick::Nth(3), Pick::First]
    );
    assert!(matches!(rule.output.fields[0].1, Expr::TimeOf { pick: Pick::Last, .. }));
}

#[test]
fn branches_of_one_either_share_a_name() {
    let rule = rule(
        "rule r { sequence global within 1h { either { a: a } or { a+: b  c: c } d: d where v > last(a).v } }",
    );
    let pattern = pattern(&rule);
    let slots: Vec<_> = pattern.steps.iter().map(|step| pattern.slot(step.slot).name.as_str()).collect();
    assert_eq!(slots, ["a", "a", "c", "d"]);
    assert_eq!(pattern.slots.len(), 3);
    assert!(pattern.slots[0].repeated);
}

#[test]
fn a_group_that_runs_once_is_its_items() {
    let rule = rule(
        "rule r { sequence global within 1h {
           ( a: a  ( b: b ){1} )  ( c: c )?  ( d: d ) until v > 1  all { ( e: e  f: f )  g: g }
         } }",
    );
    let pattern = pattern(&rule);
    let kinds: Vec<_> = pattern.items.iter().map(|item| matches!(item, Item::Step(_))).collect();
    assert_eq!(kinds, [true, true, false, false, false]);
    let repeats: Vec<_> = pattern.groups.iter().map(|group| (group.repeat, group.until.is_some())).collect();
    assert_eq!(repeats, [(Repeat { min: 0, max: Some(1), greedy: true }, false), (Repeat::ONCE, true)]);
    let Some(Item::Of { take: 2, members }) = pattern.items.last() else { panic!("{:?}", pattern.items) };
    assert_eq!(members.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn in_an_aggregate_the_fields_are_those_of_the_events_counted() {
    let rule = rule(
        "rule r { sequence global within 1h { d+: d  e: e } emit s = sum(d.price * d.qty), t = max(time(d)), n = count(d) }",
    );
    let shown: Vec<String> = rule.output.fields.iter().map(|(_, expr)| format!("{expr:?}")).collect();
    assert!(
        shown[0].contains("Field(Field { path: [\"price\"]") && !shown[0].contains("Bound"),
        "{}",
        shown[0]
    );
    assert!(shown[1].contains("arg: Some(Now)"), "{}", shown[1]);
    assert!(shown[2].contains("arg: None"), "{}", shown[2]);
}

#[test]
fn keys_have_the_names_alerts_give_them() {
    let rule =
        rule("rule r { sequence by user, device.id, this.ip, lower( `e-mail` ) within 1h { a: a  b: b } }");
    let Body::Sequence(sequence) = &rule.body else { panic!() };
    let names: Vec<_> = sequence.key.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["user", "device.id", "ip", "lower(`e-mail`)"]);
}

#[test]
fn a_long_chain_makes_a_shallow_tree_in_its_order() {
    let terms: Vec<String> = (0..10_000).map(|i| format!("a == {i}")).collect();
    let rule = rule(&format!("rule r {{ event x: a where {} }}", terms.join(" or ")));
    let (mut depth, mut order) = (0, Vec::new());
    visit(pattern(&rule).steps[0].filter.as_ref().unwrap(), 1, &mut |expr, at| {
        depth = depth.max(at);
        if let Expr::Const(value) = expr {
            order.push(value.clone());
        }
    });
    assert!(depth < 20, "{depth}");
    assert_eq!(order, (0..10_000).map(Value::Int).collect::<Vec<_>>());
}

#[test]
fn the_version_changes_with_what_the_rule_finds_and_with_nothing_else() {
    const TEXT: &str = "param limit = 5
param other = 6
event t { at: time, v: int }
rule r {
  title \"one\"
  event x: t where v > limit and at > \"2026-01-01T00:00:00Z\"
}";
    let version = |from: &str, to: &str| {
        assert!(TEXT.contains(from), "{from}");
        let (program, found) = compile(&[&TEXT.replace(from, to)], &[]);
        program.unwrap_or_else(|| panic!("{found:?}")).rules().next().unwrap().1.version.clone()
    };
    let first = version("", "");
    let same = [
        ("\"one\"", "\"two\""),
        ("rule r {", "# a comment\nrule r {"),
        ("rule r {", "rule r { status draft enabled false tags [a]"),
        ("other = 6", "other = 7"),
        ("where v", "where\n  v"),
        ("at: time, v: int", "at: time, v: int, w: ip"),
    ];
    same.iter().for_each(|(from, to)| assert_eq!(version(from, to), first, "{to}"));
    let others = [
        ("limit = 5", "limit = 6"),
        ("v > limit", "v >= limit"),
        ("at: time", "at: string"),
        ("title \"one\"", "severity low"),
        ("event x", "event y"),
    ];
    others.iter().for_each(|(from, to)| assert_ne!(version(from, to), first, "{to}"));
}

#[test]
fn files_are_one_rule_set_and_findings_come_by_file_and_place() {
    let first = "rule b { event x: payment where v > limit and lowr(v) == 1 }";
    let second = "param limit = 1\nrule b { event x: payment }\nrule a { event x: payment }";
    let (_, found) = compile(&[first, second], &[]);
    let shown: Vec<_> = found.iter().map(|f| (f.code, f.span().file.0)).collect();
    assert_eq!(shown, [(Code::UnknownFunction, 0), (Code::DuplicateName, 1)]);

    let (program, found) = compile(
        &[
            &first.replace("lowr", "lower").replace("== 1", "== \"1\""),
            "param limit = 1\nrule a { event x: refund }",
        ],
        &[("limit", "7")],
    );
    assert!(found.is_empty(), "{found:?}");
    let program = program.unwrap();
    assert_eq!(program.plan().rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(program.plan().params, [("limit".into(), Value::Int(7))]);
}

#[test]
fn the_version_depends_on_literals_and_not_on_what_files_hold() {
    let version = |list: &str, file: &str| {
        let text = format!(
            "list eu = [{list}] list bad from \"bad.txt\" table t from \"bad.txt\" key card
             rule r {{ event x: a where c in eu or c in bad or lookup(t, c).card == c }}"
        );
        let beside = Beside([("bad.txt".to_string(), file.to_string())].into());
        let files = [SourceFile::new("a.trip", text)];
        let (program, found) = Program::compile(&files, &beside.settings(), Limits::default());
        program.unwrap_or_else(|| panic!("{found:?}")).rules().next().unwrap().1.version.clone()
    };
    let first = version("\"DE\"", "card\n1\n");
    assert_eq!(version("\"DE\"", "card,owner\n2,ann\n"), first);
    assert_ne!(version("\"FR\"", "card\n1\n"), first);
}

#[test]
fn findings_are_capped_with_the_errors_kept() {
    let text: String = (0..20)
        .map(|i| format!("rule r{i} {{ event x: a where lowr(v) == 1 and not (w == 1) }}\n"))
        .collect();
    let files = [SourceFile::new("a.trip", text)];
    let limits = Limits { diagnostics: 5, ..Limits::default() };
    let (program, found) = Program::compile(&files, &Settings::default(), limits);
    assert!(program.is_none());
    assert_eq!(found.len(), 6);
    assert!(found[..5].iter().all(|f| f.code == Code::UnknownFunction));
    assert_eq!(
        (found[5].message.as_str(), found[5].severity),
        ("only the first `5` findings are listed", Severity::Error)
    );
}

fn compile(
    texts: &[&str],
    params: &[(&str, &str)],
) -> (Option<Program>, Vec<tripline::diagnostic::Diagnostic>) {
    let files: Vec<_> =
        texts.iter().enumerate().map(|(i, text)| SourceFile::new(format!("{i}.trip"), *text)).collect();
    let params = params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Program::compile(&files, &Settings { params, ..Settings::default() }, Limits::default())
}

fn rule(text: &str) -> Rule {
    let (program, found) = compile(&[text], &[]);
    let program = program.unwrap_or_else(|| panic!("{found:?}"));
    program.plan().rules[0].clone()
}

fn pattern(rule: &Rule) -> &Pattern {
    rule.pattern()
}

/// The names in a step's condition, each with the group whose running iteration it means.
fn groups_seen<'p>(pattern: &'p Pattern, step: &str) -> Vec<(&'p str, Option<usize>)> {
    let named = (0..pattern.steps.len())
        .filter_map(StepId::new)
        .find(|id| name(pattern, pattern.step(*id).slot) == step);
    let mut seen = Vec::new();
    visit(pattern.step(named.unwrap()).filter.as_ref().unwrap(), 0, &mut |expr, _| {
        if let Expr::Bound { slot: SlotRef { slot, scope }, .. }
        | Expr::Aggregate { slot: SlotRef { slot, scope }, .. } = expr
        {
            seen.push((name(pattern, *slot), scope.map(|group| group.index())));
        }
    });
    seen
}

fn name(pattern: &Pattern, slot: SlotId) -> &str {
    &pattern.slot(slot).name
}

fn picks(expr: &Expr) -> Vec<Pick> {
    let mut picks = Vec::new();
    visit(expr, 0, &mut |expr, _| {
        if let Expr::Bound { pick, .. } = expr {
            picks.push(*pick);
        }
    });
    picks
}

/// Goes through the operands of connectives and comparisons.
fn visit(expr: &Expr, depth: usize, each: &mut impl FnMut(&Expr, usize)) {
    each(expr, depth);
    if let Expr::And(a, b) | Expr::Or(a, b) | Expr::Compare(_, a, b) = expr {
        visit(a, depth + 1, each);
        visit(b, depth + 1, each);
    }
}

#[test]
fn what_alerts_say_of_themselves_is_what_the_table_says() {
    let rule = "rule r { severity low  risk 3  sequence global within 5s { a: a  b: b  not c within 1s: c }
        on timeout emit }";
    let files = [SourceFile::new("r.trip", rule)];
    let (program, _) = Program::compile(&files, &Settings::default(), Limits::default());
    let mut engine = Engine::new(Arc::new(program.unwrap()), EngineOptions::default());
    let mut alerts: Vec<Alert> = Vec::new();
    for (second, kind) in [(0, "a"), (1, "b"), (9, "a"), (99, "a")] {
        let event = Event::new(Timestamp::from_nanos(second * 1_000_000_000), Some(kind), Record::default());
        assert!(engine.push_event(event, &mut alerts).is_continue());
    }
    let said: BTreeSet<String> =
        alerts.iter().flat_map(|alert| alert.event().fields.into_keys()).map(Into::into).collect();
    assert_eq!(said, SAID.iter().map(|name| (*name).to_owned()).collect());
}
