//! Steps and blocks of steps.

use super::{Lower, R};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::ast::{
    DurationLit, Expr, Ident, Literal, Mode, Partition, Quantifier, Sequence, SequenceItem, Step, TypeName,
    Window, WindowShape,
};
use crate::syntax::parser::Node;
use crate::syntax::words::STEP_WORDS;

impl Lower<'_> {
    /// `sequence … { … }`. The block may be given apart, where it had to be read line by line.
    pub(in crate::syntax) fn sequence(
        &mut self,
        node: Node<'_>,
        block: Option<Vec<SequenceItem>>,
    ) -> Sequence {
        let within = self.once(node, R::within).and_then(|within| self.length(within));
        let items = block.unwrap_or_else(|| node.child(R::block).map(|b| self.items(b)).unwrap_or_default());
        Sequence { partition: self.partition(node), within, items, span: self.span(node) }
    }

    /// `window … { … }`
    pub(super) fn window(&mut self, node: Node<'_>) -> Option<Window> {
        let shape = self.shape(node.child(R::shape)?)?;
        let steps = node.children().filter_map(|child| self.step(child)).collect();
        Some(Window { partition: self.partition(node), shape, steps, span: self.span(node) })
    }

    fn shape(&mut self, node: Node<'_>) -> Option<WindowShape> {
        let mut lengths = node.children().filter(|child| child.rule() == R::length);
        let (first, second) = (lengths.next()?, lengths.next());
        let second = second.map(|node| self.duration(node));
        let opening = node.children().next()?.rule();
        Some(match (opening, second) {
            (R::k_over, _) if node.has(R::k_events) => {
                WindowShape::Count(self.count(first)?, self.span(first))
            }
            (R::k_over, Some(every)) => WindowShape::Hopping { over: self.duration(first)?, every: every? },
            (R::k_over, None) => WindowShape::Sliding(self.duration(first)?),
            (R::k_session, _) => WindowShape::Session(self.duration(first)?),
            (_, offset) => WindowShape::Tumbling {
                every: self.duration(first)?,
                offset: offset.flatten(),
                zone: node.child(R::string).map(|zone| self.string(zone)),
            },
        })
    }

    fn partition(&mut self, node: Node<'_>) -> Partition {
        let head = Span::new(self.file, node.start(), node.start() + opening(node).len());
        let (global, by) = (self.once(node, R::k_global), self.once(node, R::by));
        match (global, by) {
            (Some(global), Some(by)) => {
                let problem = Diagnostic::new(
                    Code::Conflict,
                    self.span(global),
                    "`global` and `by` exclude each other",
                );
                self.found.push(problem.help("keep one of them"));
                Partition::By(self.keys(by))
            }
            (Some(global), None) => Partition::Global(self.span(global)),
            (None, Some(by)) => Partition::By(self.keys(by)),
            (None, None) => Partition::Missing(head),
        }
    }

    /// The child of this rule; a second one is reported.
    fn once<'t>(&mut self, node: Node<'t>, rule: R) -> Option<Node<'t>> {
        let mut found = node.children().filter(move |child| child.rule() == rule);
        let (first, second) = (found.next(), found.next());
        if let Some(second) = second {
            let word = opening(second);
            let message = format!("`{word}` stands twice");
            let problem = Diagnostic::new(Code::DuplicateClause, self.span(second), message);
            self.found.push(problem.help("keep one of them"));
        }
        first
    }

    pub(super) fn keys(&mut self, by: Node<'_>) -> Vec<Expr> {
        by.children().filter(|child| child.rule() == R::expr).map(|key| self.expr(key)).collect()
    }

    /// The duration of `after D`, `within D`.
    fn length(&mut self, node: Node<'_>) -> Option<DurationLit> {
        self.duration(node.child(R::length)?)
    }

    /// A duration; anything else is reported.
    pub(super) fn duration(&mut self, node: Node<'_>) -> Option<DurationLit> {
        let span = self.span(node);
        let text = node.text();
        let Some(number) = node.child(R::number) else {
            let problem =
                Diagnostic::new(Code::Syntax, span, format!("expected a duration, found the name `{text}`"));
            let help = "write the duration out, such as `5m`; a parameter can stand only in an expression";
            self.found.push(problem.help(help));
            return None;
        };
        let before = self.found.len();
        match self.literal(number) {
            Literal::Duration(value, _) => return Some(DurationLit { value, span }),
            Literal::Int(..) => {
                let problem =
                    Diagnostic::new(Code::BadLiteral, span, format!("the duration `{text}` has no unit"));
                self.found
                    .push(problem.help(format!("write `{text}s` for seconds; the units are `w d h m s ms`")));
            }
            _ if self.found.len() == before => {
                let problem = Diagnostic::new(Code::BadLiteral, span, format!("`{text}` is no duration"));
                self.found
                    .push(problem.help("a duration has whole numbers and units, such as `1h30m` or `500ms`"));
            }
            _ => {}
        }
        None
    }

    /// A whole number; anything else is reported.
    pub(super) fn count(&mut self, node: Node<'_>) -> Option<u64> {
        let node = node.child(R::number).unwrap_or(node);
        let before = self.found.len();
        let literal = if node.rule() == R::number { self.literal(node) } else { Literal::Null };
        if let Literal::Int(value, _) = literal {
            return Some(value);
        }
        if self.found.len() == before {
            let message = format!("expected a whole number, found `{}`", node.text());
            self.found.push(
                Diagnostic::new(Code::BadLiteral, self.span(node), message).help("write it out, such as `5`"),
            );
        }
        None
    }

    fn items(&mut self, node: Node<'_>) -> Vec<SequenceItem> {
        node.children().filter_map(|child| self.sequence_item(child)).collect()
    }

    /// A line of a sequence.
    pub(in crate::syntax) fn sequence_item(&mut self, node: Node<'_>) -> Option<SequenceItem> {
        let span = self.span(node);
        let block = node.child(R::block);
        Some(match node.rule() {
            R::step => SequenceItem::Step(self.step(node)?),
            R::cancel => SequenceItem::Until { step: Box::new(self.cancel(node)?), span },
            R::group => SequenceItem::Group {
                items: self.items(node),
                quantifier: self.quantifier(node),
                until: node.child(R::until).and_then(|until| self.condition(until)),
                span,
            },
            R::either => {
                let blocks = node.children().filter(|child| child.rule() == R::block);
                SequenceItem::Either { branches: blocks.map(|block| self.items(block)).collect(), span }
            }
            R::all => SequenceItem::All { members: self.items(block?), span },
            R::of => {
                let number = node.child(R::number)?;
                let take = self.count(number).unwrap_or(1);
                SequenceItem::Of { take, take_span: self.span(number), members: self.items(block?), span }
            }
            _ => return None,
        })
    }

    /// `until x: TYPE where …`
    fn cancel(&mut self, node: Node<'_>) -> Option<Step> {
        let step = self.step(node.child(R::step)?)?;
        if let Some((_, span)) = step.mode {
            let problem = Diagnostic::new(Code::BadMode, span, "the step of `until` has no mode");
            self.found.push(problem.help("remove the word"));
        }
        if let Some(quantifier) = step.quantifier {
            let problem = Diagnostic::new(
                Code::BadQuantifier,
                quantifier.span,
                "the step of `until` has no quantifier",
            );
            self.found.push(problem.help("remove it: one event cancels"));
        }
        Some(step)
    }

    /// A step, an absence included.
    pub(in crate::syntax) fn step(&mut self, node: Node<'_>) -> Option<Step> {
        if node.rule() != R::step {
            return None;
        }
        let mode = node.child(R::mode).map(|mode| {
            let kind = match mode.text() {
                "next" => Mode::Next,
                "any" => Mode::Any,
                _ => Mode::Not,
            };
            (kind, self.span(mode))
        });
        Some(Step {
            mode,
            name: self.step_name(node.child(R::ident)?),
            quantifier: self.quantifier(node),
            by: self.once(node, R::by).map(|by| self.keys(by)),
            after: self.once(node, R::after).and_then(|after| self.length(after)),
            within: self.once(node, R::within).and_then(|within| self.length(within)),
            types: self.types(node.child(R::types)?),
            filter: node.child(R::filter).and_then(|filter| self.condition(filter)),
            until: node.child(R::until).and_then(|until| self.condition(until)),
            span: self.span(node),
        })
    }

    /// The name of a step; a word that says something about a step is reported.
    fn step_name(&mut self, node: Node<'_>) -> Ident {
        if let Some((word, usage)) = STEP_WORDS.into_iter().find(|(word, _)| *word == node.text()) {
            let message = format!("`{word}` is not the name of a step");
            let help = format!("{usage}; for a step of this name put it in back-ticks");
            self.found.push(Diagnostic::new(Code::Syntax, self.span(node), message).help(help));
        }
        self.ident(node)
    }

    pub(super) fn condition(&mut self, node: Node<'_>) -> Option<Expr> {
        node.child(R::expr).map(|expr| self.expr(expr))
    }

    fn types(&mut self, node: Node<'_>) -> Vec<TypeName> {
        let names = node.children().filter(|child| child.rule() == R::type_name);
        names.map(|name| self.type_name(name)).collect()
    }

    fn quantifier(&mut self, parent: Node<'_>) -> Option<Quantifier> {
        let node = parent.child(R::quantifier)?;
        let (span, reluctant) = (self.span(node), node.has(R::reluctant));
        let mut numbers = node.children().filter(|child| child.rule() == R::number);
        let (low, high) = (numbers.next(), numbers.next());
        let (min, max) = match (node.text().bytes().next(), low, high) {
            (Some(b'?'), ..) => (0, Some(1)),
            (Some(b'*'), ..) => (0, None),
            (Some(b'+'), ..) => (1, None),
            (_, low, Some(high)) => (self.count(low?)?, Some(self.count(high)?)),
            (_, low, None) => {
                let min = self.count(low?)?;
                (min, if node.has(R::comma) { None } else { Some(min) })
            }
        };
        Some(Quantifier { min, max, reluctant, span })
    }
}

/// The word a node begins with.
fn opening(node: Node<'_>) -> &str {
    node.text().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
}
