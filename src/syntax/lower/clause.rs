//! The clauses of a rule.

use super::{Lower, R};
use crate::span::Span;
use crate::syntax::ast::{Clause, ClauseKind, Emit, EmitField, Full, Ident, MetaValue, Policy};
use crate::syntax::parser::Node;
use crate::syntax::words;

impl Lower<'_> {
    /// A clause; `None` if the node is none, or if what is wrong with it has been reported.
    pub(in crate::syntax) fn clause(&mut self, node: Node<'_>) -> Option<Clause> {
        let kind = match node.rule() {
            R::meta => self.meta(node)?,
            R::event => ClauseKind::Event(self.step(node.child(R::step)?)?),
            R::sequence => ClauseKind::Sequence(self.sequence(node, None)),
            R::window => ClauseKind::Window(self.window(node)?),
            R::when => ClauseKind::When { ever: node.has(R::k_whenever), condition: self.condition(node)? },
            R::matches => ClauseKind::Matches(self.policy(node.child(R::policy)?)?),
            R::emit => ClauseKind::Emit(self.emit(node)),
            R::on_timeout => {
                let after = node.child(R::ident).map(|step| self.ident(step));
                ClauseKind::OnTimeout { after, emit: self.emit(node) }
            }
            R::suppress => {
                let by = node.child(R::by).map(|by| self.keys(by)).unwrap_or_default();
                let length = match node.child(R::length) {
                    Some(length) => Some(self.duration(length)?),
                    None => None,
                };
                ClauseKind::Suppress { length, by }
            }
            R::hold => {
                let number = node.child(R::number)?;
                let most = (self.count(number)?, self.span(number));
                let full = match () {
                    () if node.has(R::k_drop) => Some(Full::DropOldest),
                    () if node.has(R::k_refuse) => Some(Full::RefuseNew),
                    () => None,
                };
                ClauseKind::Hold { most, full }
            }
            R::forget => ClauseKind::Forget(self.duration(node.child(R::length)?)?),
            _ => return None,
        };
        Some(Clause { kind, span: self.span(node) })
    }

    fn meta(&mut self, node: Node<'_>) -> Option<ClauseKind> {
        let mut children = node.children();
        let key = self.ident(children.next()?);
        Some(ClauseKind::Meta { key, value: self.meta_value(children.next()?) })
    }

    /// Lists nest no deeper than brackets may.
    fn meta_value(&mut self, node: Node<'_>) -> MetaValue {
        let span = self.span(node);
        match node.rule() {
            R::meta_list => {
                let items = node.children().filter(|child| child.rule() != R::comma);
                MetaValue::List(items.map(|item| self.meta_value(item)).collect(), span)
            }
            R::word | R::tag => MetaValue::Word(Ident { name: words::untick(node.text()), span }),
            _ => MetaValue::Literal(self.literal(node), span),
        }
    }

    fn policy(&mut self, node: Node<'_>) -> Option<Policy> {
        let step = node.child(R::ident).map(|step| self.ident(step));
        Some(match node.children().next()?.rule() {
            R::k_disjoint => Policy::Disjoint,
            R::k_separate => Policy::Separate,
            R::k_every => Policy::Every,
            R::k_latest => Policy::Latest,
            R::k_to if node.has(R::k_first) => Policy::ToFirst(step?),
            R::k_to => Policy::ToLast(step?),
            _ => {
                let limit = match node.child(R::number) {
                    Some(number) => Some((self.count(number)?, self.span(number))),
                    None => None,
                };
                Policy::All { limit }
            }
        })
    }

    fn emit(&mut self, node: Node<'_>) -> Emit {
        let is_final: Option<Span> = node.child(R::k_final).map(|word| self.span(word));
        let event_type = node.child(R::emit_type).map(|name| self.type_name(name));
        let fields = node.children().filter(|child| child.rule() == R::emit_field);
        let fields = fields.filter_map(|field| self.emit_field(field)).collect();
        Emit { is_final, event_type, fields }
    }

    fn emit_field(&mut self, node: Node<'_>) -> Option<EmitField> {
        Some(EmitField { name: self.ident(node.child(R::ident)?), value: self.expr(node.child(R::expr)?) })
    }
}
