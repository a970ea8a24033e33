//! The lines of a sequence to a pattern: blocks, groups, quantifiers, slots. Expressions come later.

use indexmap::IndexSet;

use crate::diagnostic::{Code, Diagnostic};
use crate::id::{GroupId, SlotId, StepId};
use crate::limits::Limits;
use crate::plan::{Group, Item, Mode, Repeat, Step, Types};
use crate::span::Span;
use crate::syntax::ast::{self, Quantifier, SequenceItem};

use super::layout::{BlockKind, GroupInfo, Layout, Role, StepInfo, Turn};
use super::report::no_effect;

/// Lays out the steps of a sequence.
pub(super) fn lay_out<'a>(
    items: &'a [SequenceItem],
    limits: &Limits,
    found: &mut Vec<Diagnostic>,
) -> Layout<'a> {
    let mut builder =
        Builder { layout: Layout::default(), trail: Vec::new(), limits, found, too_many: false };
    let items = builder.sequence(items, None);
    builder.layout.pattern.items = items;
    builder.layout
}

/// Lays out steps that stand side by side, as that of an `event` rule and those of a window do. Whatever their
/// quantifiers say, they are this often.
pub(super) fn lay_out_steps<'a>(
    steps: impl IntoIterator<Item = &'a ast::Step>,
    repeat: Repeat,
    limits: &Limits,
    found: &mut Vec<Diagnostic>,
) -> Layout<'a> {
    let mut builder =
        Builder { layout: Layout::default(), trail: Vec::new(), limits, found, too_many: false };
    let mut items = Vec::new();
    for (part, step) in steps.into_iter().enumerate() {
        builder.trail = vec![Turn { kind: BlockKind::AnyOrder, group: None, part }];
        items.extend(builder.add(step, Role::Bind, repeat).map(Item::Step));
    }
    builder.layout.pattern.items = items;
    builder.layout
}

struct Builder<'a, 'b> {
    layout: Layout<'a>,
    trail: Vec<Turn>,
    limits: &'b Limits,
    found: &'b mut Vec<Diagnostic>,
    too_many: bool,
}

impl<'a> Builder<'a, '_> {
    fn sequence(&mut self, items: &'a [SequenceItem], group: Option<GroupId>) -> Vec<Item> {
        self.parts(items, BlockKind::InOrder, group, |builder, item, last| builder.item(item, last)).concat()
    }

    /// Goes through the parts of a block.
    fn parts<P, R>(
        &mut self,
        parts: &'a [P],
        kind: BlockKind,
        group: Option<GroupId>,
        each: impl Fn(&mut Self, &'a P, bool) -> R,
    ) -> Vec<R> {
        let depth = self.trail.len();
        let mut results = Vec::new();
        for (part, content) in parts.iter().enumerate() {
            self.trail.truncate(depth);
            self.trail.push(Turn { kind, group, part });
            results.push(each(self, content, part + 1 == parts.len()));
        }
        self.trail.truncate(depth);
        results
    }

    fn item(&mut self, item: &'a SequenceItem, last: bool) -> Vec<Item> {
        match item {
            SequenceItem::Step(step) => self.step(step).into_iter().collect(),
            SequenceItem::Group { items, quantifier, until, span } => {
                self.group(items, *quantifier, until.as_ref(), *span)
            }
            SequenceItem::Either { branches, span } => vec![self.either(branches, *span)],
            SequenceItem::All { members, span } => self.members(members, members.len() as u64, *span),
            SequenceItem::Of { take, take_span, members, span } => {
                let take = self.check_take(*take, *take_span, members.len() as u64);
                self.members(members, take, *span)
            }
            SequenceItem::Until { step, span } => self.cancel(step, *span, last),
        }
    }

    fn step(&mut self, step: &'a ast::Step) -> Option<Item> {
        if !matches!(step.mode, Some((ast::Mode::Not, _))) {
            let repeat = self.repeat(step.quantifier);
            return self.add(step, Role::Bind, repeat).map(Item::Step);
        }
        if let Some(quantifier) = step.quantifier {
            let finding =
                Diagnostic::new(Code::BadQuantifier, quantifier.span, "an absence takes no quantifier");
            self.found.push(finding);
        }
        self.add(step, Role::Absence, Repeat::ONCE).map(Item::Absence)
    }

    fn add(&mut self, ast: &'a ast::Step, role: Role, repeat: Repeat) -> Option<StepId> {
        if self.layout.steps.len() >= self.limits.steps {
            self.refuse_more(ast.name.span);
            return None;
        }
        let types = self.types(ast);
        let info = StepInfo { ast, role, trail: self.trail.clone() };
        self.layout.add(info, |slot| plan_step(ast, slot, repeat, types), self.found)
    }

    fn refuse_more(&mut self, span: Span) {
        if !std::mem::replace(&mut self.too_many, true) {
            let message = format!("a rule holds at most {} steps; this is one more", self.limits.steps);
            self.found.push(Diagnostic::new(Code::TooLarge, span, message));
        }
    }

    fn types(&mut self, step: &ast::Step) -> Types {
        let mut names = IndexSet::new();
        for event_type in &step.types {
            if !names.insert(event_type.name.clone()) {
                let message = format!("the type `{}` stands twice in this step", event_type.name);
                self.found.push(no_effect(event_type.span, message));
            }
        }
        if names.is_empty() { Types::Any } else { Types::OneOf(names.into_iter().collect()) }
    }

    /// Checks a quantifier. A wrong one counts as once, so that nothing follows from it.
    fn repeat(&mut self, quantifier: Option<Quantifier>) -> Repeat {
        let Some(q) = quantifier else { return Repeat::ONCE };
        let largest = q.max.unwrap_or(q.min).max(q.min);
        let limit = self.limits.repetitions;
        let wrong = match q.max {
            Some(0) => {
                Some((Code::BadQuantifier, "a step that is repeated zero times is no step".to_string()))
            }
            Some(max) if max < q.min => {
                Some((Code::BadQuantifier, format!("at least {} and at most {max} cannot both hold", q.min)))
            }
            _ if largest > u64::from(limit) => {
                Some((Code::TooLarge, format!("{largest} repetitions are more than the limit of {limit}")))
            }
            _ => None,
        };
        if let Some((code, message)) = wrong {
            self.found.push(Diagnostic::new(code, q.span, message));
            return Repeat::ONCE;
        }
        let narrow = |n: u64| u32::try_from(n).unwrap_or(limit);
        Repeat { min: narrow(q.min), max: q.max.map(narrow), greedy: !q.reluctant }
    }

    /// A group that is run once and has no `until` is its items.
    fn group(
        &mut self,
        items: &'a [SequenceItem],
        quantifier: Option<Quantifier>,
        until: Option<&'a ast::Expr>,
        span: Span,
    ) -> Vec<Item> {
        let repeat = self.repeat(quantifier);
        if items.is_empty() {
            self.found.push(Diagnostic::new(Code::BadBlock, span, "a group without steps"));
        }
        if until.is_none() && (repeat.min, repeat.max) == (1, Some(1)) {
            return self.sequence(items, None);
        }
        let Some(id) = GroupId::new(self.layout.groups.len()) else { return Vec::new() };
        let mut trail = self.trail.clone();
        trail.push(Turn { kind: BlockKind::InOrder, group: Some(id), part: Turn::END });
        self.layout.groups.push(GroupInfo { until, trail });
        self.layout.pattern.groups.push(Group { items: Vec::new(), repeat, until: None });
        let inner = self.sequence(items, Some(id));
        if let Some(group) = self.layout.pattern.groups.get_mut(id.index()) {
            group.items = inner;
        }
        vec![Item::Group(id)]
    }

    fn either(&mut self, branches: &'a [Vec<SequenceItem>], span: Span) -> Item {
        if branches.iter().any(Vec::is_empty) {
            let finding = Diagnostic::new(Code::BadBlock, span, "a branch without steps");
            self.found.push(finding.help("write `( … )?` for steps that may be left out"));
        }
        Item::Either(
            self.parts(branches, BlockKind::Either, None, |builder, branch, _| {
                builder.sequence(branch, None)
            }),
        )
    }

    fn members(&mut self, members: &'a [SequenceItem], take: u64, span: Span) -> Vec<Item> {
        if members.is_empty() {
            self.found.push(Diagnostic::new(Code::BadBlock, span, "a block without members"));
            return Vec::new();
        }
        let members =
            self.parts(members, BlockKind::AnyOrder, None, |builder, member, _| builder.item(member, false));
        let take = u32::try_from(take).unwrap_or(u32::MAX);
        vec![Item::Of { take, members }]
    }

    /// How many members are taken. A wrong number counts as all of them, so that nothing follows from it.
    fn check_take(&mut self, take: u64, span: Span, members: u64) -> u64 {
        let message = match take {
            0 => "a block that takes no member is no block".to_string(),
            _ if take > members && members > 0 => format!("{take} members cannot be taken of {members}"),
            _ => return take,
        };
        self.found.push(Diagnostic::new(Code::BadBlock, span, message));
        members
    }

    fn cancel(&mut self, step: &'a ast::Step, span: Span, last: bool) -> Vec<Item> {
        if self.trail.len() > 1 || !last {
            let message = "an `until` line cancels the whole sequence and can only be its last line";
            let finding = Diagnostic::new(Code::BadBlock, span, message);
            self.found.push(finding.help("to end a loop write `until` behind its step or group"));
            return Vec::new();
        }
        self.layout.pattern.cancel = self.add(step, Role::Cancel, Repeat::ONCE);
        Vec::new()
    }
}

fn plan_step(ast: &ast::Step, slot: SlotId, repeat: Repeat, types: Types) -> Step {
    let mode = match ast.mode {
        Some((ast::Mode::Next, _)) => Mode::Next,
        Some((ast::Mode::Any, _)) => Mode::Any,
        Some((ast::Mode::Not, _)) | None => Mode::Relaxed,
    };
    Step {
        slot,
        mode,
        repeat,
        key: None,
        after: ast.after.map(|d| d.value),
        within: ast.within.map(|d| d.value),
        types,
        filter: None,
        until: None,
    }
}
