//! What rules ask for and no event has: such a rule looks just like one that found nothing.

use std::sync::Arc;

use compact_str::CompactString;
use indexmap::{IndexMap, IndexSet};
use tripline::diagnostic::nearest;
use tripline::pipeline::Run;
use tripline::plan::{Expr, Item, Pattern, Plan, Rule, Types};
use tripline::{Event, Record, Row, Stats, Value};

/// How many types, and how many names of fields, are remembered.
const REMEMBERED: usize = 1_000;
/// The names of fields are those of so many events.
const SAMPLE: u64 = 1_000;
/// How many types or names a note lists, and how many notes there are.
const LISTED: usize = 8;
const NOTES: usize = 6;

type Path = Arc<[CompactString]>;

/// By the types of alerts the names of their fields.
type Alerts<'r> = IndexMap<&'r CompactString, IndexSet<&'r str>>;

/// Watches which of the types and fields that rules ask for come.
#[derive(Default)]
pub(super) struct Unseen {
    rules: Vec<Asked>,
    /// How often each type came. Those that rules ask for are here from the beginning.
    kinds: IndexMap<CompactString, u64>,
    /// The fields that have not come yet.
    missing: IndexSet<Path>,
    names: IndexSet<CompactString>,
    events: u64,
}

/// What one rule asks for.
struct Asked {
    rule: CompactString,
    /// Of each of these lists one type is needed for a match.
    kinds: Vec<Vec<CompactString>>,
    /// Fields, and whether they are the key.
    fields: IndexMap<Path, bool>,
    /// Those that others are compared with, and may be texts without quotes.
    operands: IndexSet<Path>,
    steps: Vec<CompactString>,
}

impl Asked {
    /// What of a rule has to come in the input: `alerts` are the types of alerts, which need not.
    fn new(rule: &Rule, alerts: &Alerts) -> Self {
        let pattern = rule.pattern();
        let steps = pattern.slots.iter().map(|slot| slot.name.clone()).collect();
        let mut operands = IndexSet::new();
        rule.visit_expressions(&mut |expr| {
            if let Expr::Compare(_, _, right) = expr {
                operands.extend(path(right));
            }
        });
        let mut kinds = needed(&pattern.items, pattern);
        kinds.retain(|any| !any.iter().any(|kind| alerts.contains_key(kind)));
        let mut fields = fields(rule);
        let said: IndexSet<&str> =
            rule.names().filter_map(|kind| alerts.get(kind)).flatten().copied().collect();
        fields.retain(|path, _| !path.first().is_some_and(|first| said.contains(first.as_str())));
        Asked { rule: rule.name.clone(), kinds, fields, operands, steps }
    }
}

/// The types without which the items cannot match, as lists of which one is enough.
fn needed(items: &[Item], pattern: &Pattern) -> Vec<Vec<CompactString>> {
    let one = |item: &Item| match item {
        Item::Step(id) if pattern.step(*id).repeat.min > 0 => match &pattern.step(*id).types {
            Types::OneOf(kinds) => vec![kinds.clone()],
            Types::Any => Vec::new(),
        },
        Item::Group(id) if pattern.group(*id).repeat.min > 0 => needed(&pattern.group(*id).items, pattern),
        Item::Either(parts) | Item::Of { members: parts, .. } => {
            let parts: Vec<_> = parts.iter().map(|part| needed(part, pattern)).collect();
            // A part that needs nothing leaves the whole without a need.
            let all = parts.iter().all(|part| !part.is_empty());
            if all { vec![parts.into_iter().flatten().flatten().collect()] } else { Vec::new() }
        }
        _ => Vec::new(),
    };
    items.iter().flat_map(one).collect()
}

/// The fields of a rule. One that it asks about with `has` or `??` may well be missing.
fn fields(rule: &Rule) -> IndexMap<Path, bool> {
    let (mut fields, mut optional) = (IndexMap::new(), IndexSet::new());
    let keys = rule.key().iter();
    keys.for_each(|(_, expr)| expr.visit(&mut |e| fields.extend(path(e).map(|p| (p, true)))));
    rule.visit_expressions(&mut |expr| {
        if let Some(path) = path(expr) {
            fields.entry(path).or_insert(false);
        }
        if let Expr::Has(inner) | Expr::Coalesce(inner, _) = expr {
            inner.visit(&mut |e| optional.extend(path(e)));
        }
    });
    fields.retain(|path, _| !optional.contains(path));
    fields
}

fn path(expr: &Expr) -> Option<Path> {
    match expr {
        Expr::Field(field) | Expr::Bound { field, .. } | Expr::Lag { field, .. } => {
            Some(Arc::clone(&field.path))
        }
        _ => None,
    }
}

impl Unseen {
    /// What the rules that run ask for.
    pub(super) fn new(plan: &Plan) -> Self {
        let running = || plan.rules.iter().filter(|rule| rule.runs());
        let mut alerts = Alerts::new();
        for rule in running() {
            rule.emits().for_each(|kind| alerts.entry(kind).or_default().extend(rule.says()));
        }
        let rules: Vec<Asked> = running().map(|rule| Asked::new(rule, &alerts)).collect();
        let kinds = rules.iter().flat_map(|rule| rule.kinds.iter().flatten()).map(|kind| (kind.clone(), 0));
        let missing = rules.iter().flat_map(|rule| rule.fields.keys().cloned());
        let (kinds, missing) = (kinds.collect(), missing.collect());
        Unseen { rules, kinds, missing, names: IndexSet::new(), events: 0 }
    }

    /// The same for other rules. What was not watched for is taken as seen if it has come at all.
    pub(super) fn turn_to(&mut self, plan: &Plan) {
        let Unseen { rules, kinds, missing, .. } = Unseen::new(plan);
        let asked: IndexSet<Path> = self.rules.iter().flat_map(|rule| rule.fields.keys().cloned()).collect();
        let seen = |path: &Path| self.names.contains(path.join(".").as_str());
        self.missing = missing
            .into_iter()
            .filter(|path| if asked.contains(path) { self.missing.contains(path) } else { !seen(path) })
            .collect();
        for kind in kinds.into_keys() {
            self.kinds.entry(kind).or_default();
        }
        self.rules = rules;
    }

    /// Takes note of an event.
    pub(super) fn see(&mut self, event: &Event) {
        self.events += 1;
        if let Some(kind) = &event.kind {
            self.came(kind, 1);
        }
        self.missing.retain(|path| matches!(event.get(path), Value::Null));
        if self.events <= SAMPLE {
            self.remember(&event.fields, "");
        }
    }

    /// Takes note of rows, whose columns are all fields that rules ask for.
    pub(super) fn see_rows(&mut self, run: &Run) {
        let rows = || run.rows.clone().filter_map(|row| run.batch.row(row));
        let sample = SAMPLE.saturating_sub(self.events);
        self.events += run.rows.len() as u64;
        // Where inputs alternate, runs are short and not worth a count of their own.
        if run.rows.len() < run.batch.kinds().len() {
            rows().filter_map(Row::kind).for_each(|kind| self.came(kind, 1));
        } else {
            let mut counts = vec![0; run.batch.kinds().len()];
            rows().filter_map(Row::kind_index).for_each(|kind| counts[kind] += 1);
            let came = run.batch.kinds().zip(counts).filter(|(_, count)| *count > 0);
            came.for_each(|(kind, count)| self.came(kind, count));
        }
        self.missing.retain(|path| {
            let column = run.batch.fields().find(path);
            !column.is_some_and(|column| rows().any(|row| !row.value(column).is_null()))
        });
        rows().zip(0..sample).for_each(|(row, _)| self.remember(&row.event().fields, ""));
    }

    fn came(&mut self, kind: &str, count: u64) {
        let room = self.kinds.len() < REMEMBERED;
        if let Some(known) = self.kinds.get_mut(kind) {
            *known += count;
        } else if room {
            self.kinds.insert(kind.into(), count);
        }
    }

    /// The names of fields, those inside others as paths.
    fn remember(&mut self, fields: &Record, outer: &str) {
        for (name, value) in fields.iter() {
            if self.names.len() >= REMEMBERED {
                return;
            }
            let name = format!("{outer}{name}");
            if let Value::Record(inner) = value {
                self.remember(inner, &format!("{name}."));
            }
            self.names.insert(name.into());
        }
    }

    /// What no event had, a few lines of it. `kind` is the field of the type.
    pub(super) fn notes(&self, stats: &Stats, kind: &str) -> Vec<String> {
        if self.events == 0 {
            return Vec::new();
        }
        let untyped = self.kinds.values().all(|count| *count == 0);
        let mut notes = Vec::new();
        if untyped && self.rules.iter().any(|rule| !rule.kinds.is_empty()) {
            notes.push(self.untyped(kind));
        }
        for rule in &self.rules {
            let found = stats.rules.iter().any(|found| found.name == rule.rule && found.alerts > 0);
            match self.missing_kinds(rule) {
                Some(_) if untyped || found => {}
                Some(note) => notes.push(note),
                None => notes.extend(self.missing_fields(rule)),
            }
        }
        if let Some(more @ 1..) = notes.len().checked_sub(NOTES) {
            notes.truncate(NOTES);
            notes.push(format!(
                "{more} more of what rules ask for {} in no event",
                if more == 1 { "is" } else { "are" }
            ));
        }
        notes
    }

    fn untyped(&self, kind: &str) -> String {
        if self.names.contains(kind) {
            return format!(
                "no event has a type: `{kind}`, the field of it (--type), names none in any of them"
            );
        }
        let have =
            listed(self.names.iter().filter(|name| !name.contains('.')).map(|name| format!("`{name}`")), " ");
        format!("no event has a type: `{kind}` is in none of them (--type); the records have {have}")
    }

    fn missing_kinds(&self, rule: &Asked) -> Option<String> {
        let came = |kind: &CompactString| self.kinds.get(kind).is_some_and(|count| *count > 0);
        let missing: IndexSet<&CompactString> =
            rule.kinds.iter().filter(|any| !any.iter().any(came)).flatten().collect();
        let asked = listed(missing.iter().map(|kind| format!("`{kind}`")), " or ");
        let mut there: Vec<_> = self.kinds.iter().filter(|(_, count)| **count > 0).collect();
        there.sort_by(|a, b| b.1.cmp(a.1));
        let there = listed(there.iter().map(|(kind, count)| format!("`{kind}` ({count})")), ", ");
        let text = || format!("rule `{}`: no event has the type {asked}; the types are {there}", rule.rule);
        (!missing.is_empty()).then(text)
    }

    fn missing_fields(&self, asked: &Asked) -> impl Iterator<Item = String> {
        asked.fields.iter().filter(|(path, _)| self.missing.contains(*path)).map(|(path, key)| {
            let (name, rule) = (path.join("."), &asked.rule);
            let begin = match key {
                true => format!("`{name}`, the key of rule `{rule}`, is"),
                false => format!("rule `{rule}`: `{name}` is"),
            };
            if self.names.contains(name.as_str()) {
                return format!("{begin} null in every event");
            }
            // The first name may be that of a step, misspelt.
            let rest = name.split_once('.').map(|(_, rest)| rest);
            let steps = rest
                .into_iter()
                .flat_map(|rest| asked.steps.iter().map(move |step| format!("{step}.{rest}")));
            let known: Vec<String> = self.names.iter().map(|name| name.to_string()).chain(steps).collect();
            let help = match nearest(&name, known.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if path.len() == 1 && asked.operands.contains(path) => {
                    "text stands in double quotes".to_owned()
                }
                None => return format!("{begin} in no event"),
            };
            format!("{begin} in no event; {help}")
        })
    }
}

/// The first of these.
fn listed(all: impl Iterator<Item = String>, between: &str) -> String {
    let all: Vec<String> = all.collect();
    let more = if all.len() > LISTED { format!("{between}…") } else { String::new() };
    format!("{}{more}", all[..all.len().min(LISTED)].join(between))
}
