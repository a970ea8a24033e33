//! The canonical form of a rule file: tree to layout to text, with the comments put back where they belong.

mod clause;
mod doc;
mod expr;
mod source;
mod step;

use super::ast::{
    Clause, EventDecl, Expr, FieldDecl, File, Item, ListDecl, ListSource, Rule, Step, StringLit, TypeName,
};
use super::words::{quote_ident, quote_string};
use crate::span::Span;
use doc::{Doc, Line, Role};
use source::Source;

/// The canonical form of a file that parsed without an error, comments included. `text` is what it was parsed from.
pub fn print(file: &File, text: &str) -> String {
    let mut printer = Printer { source: Source::new(text, &file.comments), quote: &[] };
    let parts = printer.file(file);
    printer.source.write(&doc::layout(&parts))
}

/// The canonical text of one rule without comments: equal for rules that differ only in white space, comments,
/// back-ticks and the spelling of literals.
pub fn print_rule(rule: &Rule) -> String {
    let mut printer = Printer { source: Source::default(), quote: &[] };
    let mut parts = vec![printer.line(0, "", Role::First)];
    parts.extend(printer.rule(rule));
    printer.source.write(&doc::layout(&parts))
}

/// The canonical text of one expression, on one line.
pub fn print_expr(expr: &Expr) -> String {
    let mut printer = Printer { source: Source::default(), quote: &[] };
    doc::flat(&[printer.expr(expr)])
}

/// The canonical text of one step, on one line.
pub fn print_step(step: &Step) -> String {
    let mut printer = Printer { source: Source::default(), quote: &[] };
    doc::flat(&[printer.step(step, 0)])
}

/// What the text of a step begins with: its mode, name and quantifier.
pub fn print_head(step: &Step) -> String {
    step::plain_head(step)
}

/// The canonical text of one clause, on one line; of a sequence or window what stands before its steps.
pub fn print_clause(clause: &Clause) -> String {
    let mut printer = Printer { source: Source::default(), quote: &[] };
    doc::flat(&printer.clause_head(clause))
}

/// Makes layouts of trees.
struct Printer<'t> {
    source: Source<'t>,
    /// Words that need back-ticks if they come next, because of the operator before them.
    quote: &'static [&'static str],
}

impl Printer<'_> {
    fn file(&mut self, file: &File) -> Vec<Doc> {
        let mut parts = Vec::new();
        for (index, item) in file.items.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| file.items.get(index));
            let role = match before {
                None => Role::First,
                Some(before) if is_short(before) && is_short(item) => Role::Item,
                Some(_) => Role::Declaration,
            };
            parts.push(self.line(start(span(item)), "", role));
            parts.extend(self.item(item));
        }
        parts
    }

    fn item(&mut self, item: &Item) -> Vec<Doc> {
        match item {
            Item::Rule(rule) => self.rule(rule),
            Item::Event(event) => vec![self.event_decl(event)],
            Item::List(list) => vec![self.list_decl(list)],
            Item::Table(table) => {
                let (name, key) = (quote_ident(&table.name.name), quote_ident(&table.key.name));
                vec![format!("table {name} from {} key {key}", self.string(&table.file)).into()]
            }
            Item::Param(param) => {
                vec![format!("param {} = ", quote_ident(&param.name.name)).into(), self.expr(&param.value)]
            }
        }
    }

    fn rule(&mut self, rule: &Rule) -> Vec<Doc> {
        let clauses = self.clauses(&rule.clauses);
        let close = self.line((rule.span.end as usize).saturating_sub(1), "", Role::Close);
        vec![
            format!("rule {} {{", quote_ident(&rule.name.name)).into(),
            Doc::Nest(2, clauses),
            close,
            "}".into(),
        ]
    }

    fn event_decl(&mut self, event: &EventDecl) -> Doc {
        let mut fields = Vec::new();
        for (index, field) in event.fields.iter().enumerate() {
            if index > 0 {
                fields.push(",".into());
            }
            fields.push(self.line(start(field.span), " ", role_of(index)));
            fields.push(self.field(field));
        }
        let close = self.line((event.span.end as usize).saturating_sub(1), " ", Role::Close);
        let name = self.type_name(&event.name);
        let comma = Doc::Broken(if event.fields.is_empty() { "" } else { "," });
        Doc::group(vec![format!("event {name} {{").into(), Doc::Nest(2, fields), comma, close, "}".into()])
    }

    fn field(&mut self, field: &FieldDecl) -> Doc {
        let depth = field.list_depth as usize;
        let optional = if field.optional { "?" } else { "" };
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let path = path_text(&field.path);
        format!("{path}{optional}: {open}{}{close}", quote_ident(&field.field_type.name)).into()
    }

    fn list_decl(&mut self, list: &ListDecl) -> Doc {
        let name = quote_ident(&list.name.name);
        match &list.source {
            ListSource::File(file) => format!("list {name} from {}", self.string(file)).into(),
            ListSource::Items(items) => {
                let parts = items.iter().map(|item| (start(item.span), self.expr(item))).collect();
                let close = (list.span.end as usize).saturating_sub(1);
                let brackets = self.bracketed("[", parts, close, "]");
                Doc::Group(vec![format!("list {name} = ").into(), brackets], false)
            }
        }
    }

    /// Parts with commas between brackets, one a line if they do not fit.
    fn bracketed(&mut self, open: &str, parts: Vec<(usize, Doc)>, close: usize, end: &str) -> Doc {
        let mut inner = Vec::new();
        let empty = parts.is_empty();
        for (index, (at, part)) in parts.into_iter().enumerate() {
            if index > 0 {
                inner.push(",".into());
            }
            inner.push(self.line(at, if index > 0 { " " } else { "" }, Role::Continue));
            inner.push(part);
        }
        let comma = Doc::Broken(if empty { "" } else { "," });
        let close = self.line(close, "", Role::Close);
        Doc::group(vec![open.into(), Doc::Nest(2, inner), comma, close, end.into()])
    }

    /// A place where a line may begin. It must where a comment stands.
    fn line(&self, source: usize, flat: &'static str, role: Role) -> Doc {
        Doc::Line(Line { source, flat, role, forced: self.source.has_comment(source) })
    }

    fn string(&self, string: &StringLit) -> String {
        match self.source.slice(string.span) {
            Some(text) => text.to_owned(),
            None => quote_string(&string.value),
        }
    }

    fn type_name(&self, name: &TypeName) -> String {
        match self.source.slice(name.span) {
            Some(text) if name.quoted => text.to_owned(),
            None if name.quoted => quote_string(&name.name),
            _ => quote_ident(&name.name),
        }
    }
}

fn path_text(path: &super::ast::Path) -> String {
    let names: Vec<String> = path.segments.iter().map(|name| quote_ident(&name.name)).collect();
    names.join(".")
}

fn role_of(index: usize) -> Role {
    if index == 0 { Role::First } else { Role::Item }
}

fn start(span: Span) -> usize {
    span.start as usize
}

fn span(item: &Item) -> Span {
    match item {
        Item::Rule(item) => item.span,
        Item::Event(item) => item.span,
        Item::List(item) => item.span,
        Item::Table(item) => item.span,
        Item::Param(item) => item.span,
    }
}

/// Declarations of a line, which may stand together without a blank one.
fn is_short(item: &Item) -> bool {
    matches!(item, Item::Param(_) | Item::List(_) | Item::Table(_))
}
