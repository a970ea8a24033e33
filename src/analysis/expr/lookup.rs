//! `lookup(table, key).column`

use std::sync::Arc;

use compact_str::CompactString;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Expr;
use crate::span::Span;
use crate::syntax::ast::{self, ExprKind, Ident, Path};
use crate::syntax::print_expr;

use super::super::file::Table;
use super::super::report::suggest;
use super::super::schema::join;
use super::super::types::Type;
use super::call::arguments;
use super::{Cx, Missing, Typed, bare};

impl<'a> Cx<'a, '_> {
    pub(super) fn lookup(&mut self, function: &Ident, args: &[ast::Expr], path: &Path, span: Span) -> Typed {
        let [name, key] = args else {
            args.iter().skip(1).for_each(|arg| drop(self.lower(arg)));
            return self.report(arguments(function, "a table and a key", args, span));
        };
        let typed = self.lower(key);
        let Some(declared) = self.table(name) else { return Typed::error() };
        let Some(table) = &declared.table else { return Typed::error() };
        if let Type::List(_) = typed.ty {
            return self.wrong_type(key.span, format!("a key is a single value, and this is `{}`", typed.ty));
        }
        let Some(column) = self.column(table, path) else { return Typed::error() };
        let ty = declared.types.get(column).cloned().unwrap_or(Type::Any);
        let written = format!("lookup({}, {}).{}", table.name(), print_expr(key), join(path));
        let missing = Missing { path: written.into(), declared: true };
        let expr = Expr::Lookup { table: Arc::clone(table), key: Box::new(typed.expr), column };
        Typed::new(expr, ty).missing_with(Some(missing))
    }

    /// `lookup(table, key)` without a column.
    pub(super) fn bare_lookup(&mut self, args: &[ast::Expr], span: Span) -> Typed {
        args.iter().skip(1).for_each(|arg| drop(self.lower(arg)));
        let Some(name) = args.first() else {
            let finding = Diagnostic::new(Code::WrongArguments, span, "`lookup` takes a table and a key");
            return self.report(finding.help("write `lookup(TABLE, KEY).COLUMN`"));
        };
        let Some(declared) = self.table(name) else { return Typed::error() };
        let Some(table) = &declared.table else { return Typed::error() };
        let finding = Diagnostic::new(Code::WrongType, span, "`lookup` gives a row and no value");
        let column = table.columns().iter().enumerate().find(|(at, _)| *at != table.key());
        let column = column.map_or("COLUMN", |(_, column)| column.as_str());
        self.report(finding.help(format!("write one of its columns, `lookup({}, …).{column}`", table.name())))
    }

    /// The table that an argument names.
    fn table(&mut self, arg: &ast::Expr) -> Option<&'a Table> {
        let name = match &bare(arg).kind {
            ExprKind::Path(Path { segments }) if segments.len() == 1 => segments.first(),
            _ => None,
        };
        let Some(name) = name else {
            let finding =
                Diagnostic::new(Code::WrongArguments, arg.span, "`lookup` wants the name of a table");
            self.report(finding.help("write `lookup(TABLE, KEY).COLUMN`"));
            return None;
        };
        if let Some((at, _, table)) = self.declared.tables.get_full(&name.name) {
            self.uses.tables.insert(at);
            return Some(table);
        }
        let message = format!("there is no table `{}`", name.name);
        let names = self.declared.tables.keys().map(CompactString::as_str);
        let finding = Diagnostic::new(Code::UnknownName, name.span, message)
            .help(format!("declare it: `table {} from \"{}.csv\" key COLUMN`", name.name, name.name));
        self.report(suggest(finding, &name.name, names));
        None
    }

    fn column(&mut self, table: &crate::data::Table, path: &Path) -> Option<usize> {
        let name = path.segments.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join(".");
        let column = table.column(&name);
        if column.is_none() {
            let (first, last) = (path.segments.first()?.span, path.segments.last()?.span);
            let span = Span { end: last.end, ..first };
            let message = format!("the table `{}` has no column `{name}`", table.name());
            let names = table.columns().iter().map(CompactString::as_str);
            let all = names.clone().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let finding = Diagnostic::new(Code::UnknownField, span, message);
            self.report(suggest(finding.help(format!("its columns are {all}")), &name, names));
        }
        column
    }
}
