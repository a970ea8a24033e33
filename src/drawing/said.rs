//! The text of a rule, part by part.

use crate::limits::Limits;
use crate::plan::Rule;
use crate::span::FileId;
use crate::syntax::ast::{Clause, ClauseKind, Item, Policy, SequenceItem, Step};
use crate::syntax::{parse, print_clause, print_expr, print_head, print_step};

/// How many characters a line takes, and how many lines one part of a step.
const WIDTH: usize = 40;
const LINES: usize = 4;

/// What a rule says. The plan has no text; the rule's canonical form has, with everything in the order of the plan.
#[derive(Default)]
pub(super) struct Said {
    /// Of the rule as a whole.
    pub(super) caption: Vec<String>,
    /// Of each step and absence, by their ids.
    pub(super) steps: Vec<Words>,
    /// Of each group with an id: its quantifier and its `until`.
    pub(super) groups: Vec<String>,
}

/// What a step says.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// Its mode, name and quantifier.
    pub(super) head: String,
    /// Its key, bounds and types, `where`, `until`; long ones are wrapped and cut.
    pub(super) lines: Vec<String>,
    /// All of it on one line.
    pub(super) whole: String,
}

impl Said {
    pub(super) fn new(rule: &Rule, limits: &Limits) -> Said {
        let mut said = Said::default();
        let (tree, _) = parse(FileId(0), &rule.canonical, limits);
        let found = tree
            .items
            .into_iter()
            .find_map(|item| if let Item::Rule(rule) = item { Some(rule) } else { None });
        let clauses = found.map(|rule| rule.clauses).unwrap_or_default();
        clauses.iter().for_each(|clause| said.clause(clause));
        let policy = |clause: &&Clause| matches!(clause.kind, ClauseKind::Matches(_));
        let stateful = |clause: &&Clause| matches!(clause.kind, ClauseKind::Sequence(_));
        match (clauses.iter().find(policy), clauses.iter().find(stateful)) {
            (Some(policy), _) => said.caption.insert(1.min(said.caption.len()), print_clause(policy)),
            (None, Some(sequence)) => {
                let kind = ClauseKind::Matches(Policy::Disjoint);
                said.caption.insert(1, print_clause(&Clause { kind, span: sequence.span }));
            }
            (None, None) => {}
        }
        said
    }

    fn clause(&mut self, clause: &Clause) {
        match &clause.kind {
            ClauseKind::Event(step) => self.step(step),
            ClauseKind::Sequence(sequence) => {
                self.caption.push(print_clause(clause));
                self.items(&sequence.items);
            }
            ClauseKind::Emit(emit) if emit.is_final.is_some() => self.caption.push("emit final".to_owned()),
            ClauseKind::Suppress { .. } | ClauseKind::Hold { .. } | ClauseKind::Forget(_) => {
                self.caption.push(print_clause(clause));
            }
            ClauseKind::OnTimeout { after, .. } => {
                let after = after.as_ref().map(|step| format!(" after {}", step.name)).unwrap_or_default();
                self.caption.push(format!("on timeout{after}"));
            }
            ClauseKind::Window(window) => {
                self.caption.push(print_clause(clause));
                window.steps.iter().for_each(|step| self.step(step));
            }
            ClauseKind::When { .. } => self.caption.extend(wrap(&print_clause(clause))),
            ClauseKind::Matches(_) | ClauseKind::Meta { .. } | ClauseKind::Emit(_) => {}
        }
    }

    fn items(&mut self, items: &[SequenceItem]) {
        for item in items {
            match item {
                SequenceItem::Step(step) => self.step(step),
                SequenceItem::Group { items, quantifier, until, .. } => {
                    // One that is run once and has no `until` is its items.
                    let times = quantifier.filter(|times| (times.min, times.max) != (1, Some(1)));
                    if times.is_some() || until.is_some() {
                        let until = until.as_ref().map(|until| format!(" until {}", print_expr(until)));
                        let times = times.map(|times| times.text()).unwrap_or_default();
                        self.groups.push(cut(&(times + &until.unwrap_or_default())));
                    }
                    self.items(items);
                }
                SequenceItem::Either { branches, .. } => {
                    branches.iter().for_each(|branch| self.items(branch))
                }
                SequenceItem::All { members, .. } | SequenceItem::Of { members, .. } => self.items(members),
                SequenceItem::Until { step, .. } => {
                    self.caption.extend(wrap(&format!("until {}", print_step(step))));
                    self.step(step);
                }
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let (head, whole) = (print_head(step), print_step(step));
        let bare = print_step(&Step { filter: None, until: None, ..step.clone() });
        let asked = bare.strip_prefix(&head).unwrap_or(&bare).trim_start_matches([':', ' ']);
        let conditions = [("where", &step.filter), ("until", &step.until)];
        let conditions = conditions
            .into_iter()
            .filter_map(|(word, expr)| Some(format!("{word} {}", print_expr(expr.as_ref()?))));
        let lines = [asked.to_owned()].into_iter().chain(conditions).flat_map(|part| wrap(&part)).collect();
        self.steps.push(Words { head, lines, whole });
    }
}

/// Breaks a text at its spaces, an `and` or `or` with what follows, and leaves out what is too much.
fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let text = text.replace(" and ", " and\u{0}").replace(" or ", " or\u{0}");
    for word in text.split(' ') {
        let word = &word.replace('\u{0}', " ");
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= WIDTH => *line = format!("{line} {word}"),
            Some(_) => lines.push(format!("  {word}")),
            None => lines.push(word.to_owned()),
        }
    }
    if lines.len() > LINES {
        lines.truncate(LINES);
        lines.last_mut().into_iter().for_each(|last| last.push_str(" …"));
    }
    lines.iter().map(|line| cut(line)).collect()
}

/// The beginning of a text, if it is too long.
fn cut(text: &str) -> String {
    let most = WIDTH + 4;
    if length(text) <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

fn length(text: &str) -> usize {
    text.chars().count()
}
