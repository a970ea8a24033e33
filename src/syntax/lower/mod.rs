//! Concrete tree to syntax tree: declarations. What cannot be said by a grammar (the value of a literal, the order of
//! precedence) is found out here.

mod clause;
mod expr;
mod literal;
mod step;

use super::ast::{
    EventDecl, Expr, ExprKind, FieldDecl, Ident, Item, ListDecl, ListSource, Literal, ParamDecl, Path, Rule,
    StringLit, TableDecl, TypeName, UnaryOp,
};
use super::parser::{Node, Rule as R};
use super::words;
use crate::diagnostic::{Code, Diagnostic};
use crate::limits::Limits;
use crate::span::{FileId, Span};

/// Makes the syntax tree and collects what is wrong.
pub(super) struct Lower<'a> {
    pub(super) file: FileId,
    pub(super) limits: &'a Limits,
    pub(super) found: &'a mut Vec<Diagnostic>,
    /// How many expressions are being lowered inside of each other.
    depth: usize,
    /// Whether it has been said of the running expression that it is too deep.
    told_depth: bool,
}

impl<'a> Lower<'a> {
    pub(super) fn new(file: FileId, limits: &'a Limits, found: &'a mut Vec<Diagnostic>) -> Self {
        Lower { file, limits, found, depth: 0, told_depth: false }
    }

    pub(super) fn item(&mut self, node: Node<'_>) -> Option<Item> {
        Some(match node.rule() {
            R::rule_decl => Item::Rule(self.rule(node)?),
            R::event_decl => Item::Event(self.schema(node)?),
            R::list_decl => Item::List(self.list_decl(node)?),
            R::table_decl => Item::Table(self.table(node)?),
            R::param_decl => Item::Param(self.param(node)?),
            _ => return None,
        })
    }

    fn rule(&mut self, node: Node<'_>) -> Option<Rule> {
        let name = self.ident(node.child(R::ident)?);
        let clauses = node.children().filter_map(|child| self.clause(child)).collect();
        Some(Rule { name, clauses, broken: false, span: self.span(node) })
    }

    fn schema(&mut self, node: Node<'_>) -> Option<EventDecl> {
        let name = self.type_name(node.child(R::type_name)?);
        let fields = node.children().filter_map(|child| self.field_decl(child)).collect();
        Some(EventDecl { name, fields, span: self.span(node) })
    }

    fn field_decl(&mut self, node: Node<'_>) -> Option<FieldDecl> {
        let path = self.path(node.child(R::path)?);
        let (mut inner, mut list_depth) = (node.child(R::field_type)?, 0);
        while let Some(item) = inner.child(R::field_type) {
            (inner, list_depth) = (item, list_depth + 1);
        }
        let field_type = self.ident(inner.child(R::ident)?);
        Some(FieldDecl {
            path,
            optional: node.has(R::optional),
            field_type,
            list_depth,
            span: self.span(node),
        })
    }

    fn list_decl(&mut self, node: Node<'_>) -> Option<ListDecl> {
        let name = self.ident(node.child(R::ident)?);
        let source = match (node.child(R::list), node.child(R::string)) {
            (Some(list), _) => ListSource::Items(self.constants(list)),
            (None, file) => ListSource::File(self.string(file?)),
        };
        Some(ListDecl { name, source, span: self.span(node) })
    }

    fn constants(&mut self, list: Node<'_>) -> Vec<Expr> {
        let items: Vec<Expr> =
            list.children().filter(|child| child.rule() == R::expr).map(|item| self.expr(item)).collect();
        for item in &items {
            self.check_constant(item, "a list holds literals");
        }
        items
    }

    fn table(&mut self, node: Node<'_>) -> Option<TableDecl> {
        let mut names = node.children().filter(|child| child.rule() == R::ident);
        let (name, key) = (self.ident(names.next()?), self.ident(names.next()?));
        let file = self.string(node.child(R::string)?);
        Some(TableDecl { name, file, key, span: self.span(node) })
    }

    fn param(&mut self, node: Node<'_>) -> Option<ParamDecl> {
        let name = self.ident(node.child(R::ident)?);
        let value = self.expr(node.child(R::expr)?);
        self.check_constant(&value, "a parameter is declared with a literal");
        Some(ParamDecl { name, value, span: self.span(node) })
    }

    fn check_constant(&mut self, value: &Expr, what: &str) {
        let literal = match &value.kind {
            ExprKind::Literal(_) => true,
            ExprKind::Unary { op: UnaryOp::Neg, operand } => is_number(operand),
            _ => false,
        };
        if !literal {
            let help = "write a number, string, duration, time, `true`, `false` or `null`";
            self.found.push(Diagnostic::new(Code::NotConstant, value.span, what).help(help));
        }
    }

    fn span(&self, node: Node<'_>) -> Span {
        Span::new(self.file, node.start(), node.end())
    }

    pub(super) fn ident(&mut self, node: Node<'_>) -> Ident {
        Ident { name: words::untick(node.text()), span: self.span(node) }
    }

    fn type_name(&mut self, node: Node<'_>) -> TypeName {
        if let Some(string) = node.child(R::string) {
            return TypeName {
                name: self.string(string).value.into(),
                quoted: true,
                span: self.span(string),
            };
        }
        // A node may end with the white space it looked past.
        let Ident { name, span } = self.ident(node.child(R::ident).unwrap_or(node));
        TypeName { name, quoted: false, span }
    }

    fn path(&mut self, node: Node<'_>) -> Path {
        let names = node.children().filter(|child| child.rule() == R::ident);
        Path { segments: names.map(|name| self.ident(name)).collect() }
    }

    fn string(&mut self, node: Node<'_>) -> StringLit {
        let span = self.span(node);
        let (value, raw) = match literal::raw(node.text()) {
            Some(value) => (value.to_owned(), true),
            None => (self.unescape(node), false),
        };
        StringLit { value, raw, span }
    }

    fn unescape(&mut self, node: Node<'_>) -> String {
        literal::unescape(node.text()).unwrap_or_else(|(at, message)| {
            let at = node.start() + at;
            let span = Span::new(self.file, at, at + 1);
            let help = "the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four hexadecimal digits; `r\"…\"` has none";
            self.found.push(Diagnostic::new(Code::BadLiteral, span, message).help(help));
            String::new()
        })
    }
}

fn is_number(value: &Expr) -> bool {
    matches!(value.kind, ExprKind::Literal(Literal::Int(..) | Literal::Float(..) | Literal::Duration(..)))
}
