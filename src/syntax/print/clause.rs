//! Layout of clauses.

use super::doc::{Doc, Role};
use super::expr::canonical;
use super::step::columns;
use super::{Printer, role_of, start};
use crate::syntax::ast::{Clause, ClauseKind, Emit, Full, MetaValue, Policy, TypeName};
use crate::syntax::parser;
use crate::syntax::words::{CLAUSES, METADATA, quote_ident, tick};

impl Printer<'_> {
    /// The clauses of a rule, one a line; the values of consecutive metadata stand in one column.
    pub(super) fn clauses(&mut self, clauses: &[Clause]) -> Vec<Doc> {
        let keys: Vec<Option<(usize, bool)>> = clauses
            .iter()
            .map(|clause| match &clause.kind {
                ClauseKind::Meta { key, .. } => {
                    Some((key.name.chars().count(), self.source.is_apart(start(clause.span))))
                }
                _ => None,
            })
            .collect();
        let mut lines = Vec::new();
        for (index, (clause, width)) in clauses.iter().zip(columns(&keys)).enumerate() {
            lines.push(self.line(start(clause.span), "", role_of(index)));
            lines.extend(self.clause(clause, width));
        }
        lines
    }

    /// A clause without the steps between its braces.
    pub(super) fn clause_head(&mut self, clause: &Clause) -> Vec<Doc> {
        match &clause.kind {
            ClauseKind::Sequence(sequence) => self.sequence_head(sequence),
            ClauseKind::Window(window) => self.window_head(window),
            _ => self.clause(clause, 0),
        }
    }

    fn clause(&mut self, clause: &Clause, width: usize) -> Vec<Doc> {
        match &clause.kind {
            ClauseKind::Meta { key, value } => {
                vec![format!("{:width$} ", key.name).into(), self.meta_value(value, false)]
            }
            ClauseKind::Event(step) => vec!["event ".into(), self.step(step, 0)],
            ClauseKind::Sequence(sequence) => self.sequence(sequence),
            ClauseKind::Window(window) => self.window(window),
            ClauseKind::When { ever, condition } => {
                let mut parts = vec![if *ever { "whenever ".into() } else { "when ".into() }];
                parts.extend(self.condition(condition));
                vec![Doc::group(vec![Doc::Nest(4, parts)])]
            }
            ClauseKind::Matches(policy) => vec![policy_text(policy).into()],
            ClauseKind::Emit(emit) => vec![self.emit("emit".to_owned(), emit)],
            ClauseKind::OnTimeout { after, emit } => {
                let after = after.as_ref().map(|step| format!(" after {}", quote_ident(&step.name)));
                vec![self.emit(format!("on timeout{} emit", after.unwrap_or_default()), emit)]
            }
            ClauseKind::Suppress { length, by } => {
                let length = length.map_or_else(|| "forever".to_owned(), |length| self.duration(length));
                let mut parts = vec![format!("suppress {length}").into()];
                parts.extend(self.keys(by));
                parts
            }
            ClauseKind::Hold { most: (most, _), full } => vec![
                match full {
                    None => format!("hold {most} starts"),
                    Some(Full::RefuseNew) => format!("hold {most} starts refuse new"),
                    Some(Full::DropOldest) => format!("hold {most} starts drop oldest"),
                }
                .into(),
            ],
            ClauseKind::Forget(length) => vec![format!("forget after {}", self.duration(*length)).into()],
        }
    }

    /// A word that would be read as something else stands in back-ticks.
    fn meta_value(&mut self, value: &MetaValue, listed: bool) -> Doc {
        match value {
            MetaValue::Word(word) if parser::is_word(&word.name, listed) => word.name.as_str().into(),
            MetaValue::Word(word) => tick(&word.name).into(),
            MetaValue::Literal(literal, span) => match self.source.slice(*span) {
                Some(text) => text.into(),
                None => canonical(literal).into(),
            },
            MetaValue::List(values, span) => {
                let parts =
                    values.iter().map(|value| (start(value.span()), self.meta_value(value, true))).collect();
                self.bracketed("[", parts, (span.end as usize).saturating_sub(1), "]")
            }
        }
    }

    fn emit(&mut self, mut head: String, emit: &Emit) -> Doc {
        if emit.is_final.is_some() {
            head.push_str(" final");
        }
        if let Some(name) = &emit.event_type {
            head.push(' ');
            head.push_str(&self.emit_type(name));
        }
        let mut fields = Vec::new();
        for (index, field) in emit.fields.iter().enumerate() {
            if index > 0 {
                fields.push(",".into());
            }
            fields.push(self.line(start(field.name.span), " ", Role::Continue));
            fields.push(format!("{} = ", quote_ident(&field.name.name)).into());
            fields.push(Doc::Nest(2, vec![self.expr(&field.value)]));
        }
        Doc::group(vec![head.into(), Doc::Nest(2, fields)])
    }

    fn emit_type(&self, name: &TypeName) -> String {
        let word = name.name.as_str();
        let clause = CLAUSES.contains(&word) || METADATA.contains(&word) || word == "final";
        if clause && !name.quoted { tick(word) } else { self.type_name(name) }
    }
}

fn policy_text(policy: &Policy) -> String {
    match policy {
        Policy::Disjoint => "matches disjoint".to_owned(),
        Policy::Separate => "matches separate".to_owned(),
        Policy::Every => "matches every".to_owned(),
        Policy::Latest => "matches latest".to_owned(),
        Policy::ToFirst(step) => format!("matches to first {}", quote_ident(&step.name)),
        Policy::ToLast(step) => format!("matches to last {}", quote_ident(&step.name)),
        Policy::All { limit: Some((limit, _)) } => format!("matches all limit {limit}"),
        Policy::All { limit: None } => "matches all".to_owned(),
    }
}
