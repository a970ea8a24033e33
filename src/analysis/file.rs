//! Lists and tables: literals, and what files hold.

use std::sync::Arc;

use compact_str::CompactString;

use crate::data::{self, Unfit, Unread, Wanted};
use crate::diagnostic::{Code, Diagnostic};
use crate::event::Value;
use crate::span::Span;
use crate::syntax::ast::{ListDecl, ListSource, StringLit, TableDecl};

use super::literal;
use super::report::suggest;
use super::settings::Settings;
use super::types::Type;

/// What a list is.
#[derive(Debug)]
pub(super) enum List {
    /// Literals: a value like any other list.
    Literals(Value, Type),
    /// The items of a file, and how that is named.
    File(Arc<data::List>, CompactString),
    /// It could not be had, which is reported.
    Wrong,
}

/// A table, unless it could not be had, which is reported.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) table: Option<Arc<data::Table>>,
    /// The types of its columns.
    pub(super) types: Vec<Type>,
    /// How its file is named.
    pub(super) file: CompactString,
}

pub(super) fn list(list: &ListDecl, settings: &Settings, found: &mut Vec<Diagnostic>) -> List {
    match &list.source {
        ListSource::Items(items) => {
            // The parser has reported what is no literal.
            let Some(items) = items.iter().map(literal::signed).collect::<Option<Vec<Value>>>() else {
                return List::Wrong;
            };
            let ty = common(items.iter());
            List::Literals(Value::List(items.into()), Type::List(Box::new(ty)))
        }
        ListSource::File(file) => match ask(file, settings, |files, wanted| files.list(wanted)) {
            Ok(items) => {
                let list = data::List::new(list.name.name.clone(), items);
                List::File(Arc::new(list), file.value.as_str().into())
            }
            Err(finding) => {
                found.push(finding);
                List::Wrong
            }
        },
    }
}

pub(super) fn table(table: &TableDecl, settings: &Settings, found: &mut Vec<Diagnostic>) -> Table {
    let file = CompactString::from(table.file.value.as_str());
    let made =
        ask(&table.file, settings, |files, wanted| files.table(wanted, &table.key.name)).and_then(|rows| {
            let made = data::Table::new(table.name.name.clone(), rows, &table.key.name);
            made.map_err(|unfit| no_table(&unfit, table))
        });
    match made {
        Ok(made) => {
            let column = |column| common((0..made.len()).map(|row| made.cell(row, column)));
            let types = (0..made.columns().len()).map(column).collect();
            Table { table: Some(Arc::new(made)), types, file }
        }
        Err(finding) => {
            found.push(finding);
            Table { table: None, types: Vec::new(), file }
        }
    }
}

/// Has a file read.
fn ask<T>(
    file: &StringLit,
    settings: &Settings,
    read: impl FnOnce(&dyn data::Files, Wanted<'_>) -> Result<T, Unread>,
) -> Result<T, Diagnostic> {
    let Some(files) = &settings.files else {
        let message = format!("`{}` cannot be read: there are no files beside these rules", file.value);
        return Err(Diagnostic::new(Code::NoFile, file.span, message));
    };
    let wanted = Wanted { rule_file: file.span.file, name: file.value.as_str() };
    read(&**files, wanted).map_err(|unread| {
        let (code, why, help) = match unread {
            Unread::Closed { why, help } => (Code::NoFile, why, help),
            Unread::Bad { why, help } => (Code::BadFile, why, help),
        };
        let finding = Diagnostic::new(code, file.span, why);
        match help {
            Some(help) => finding.help(help),
            None => finding,
        }
    })
}

fn no_table(unfit: &Unfit, table: &TableDecl) -> Diagnostic {
    let (file, key) = (&table.file.value, &table.key.name);
    let bad =
        |message: String, help: &str| Diagnostic::new(Code::BadFile, table.file.span, message).help(help);
    match unfit {
        Unfit::NoColumn(columns) => {
            let message = format!("`{file}` has no column `{key}`");
            let names = columns.iter().map(CompactString::as_str);
            let all = names.clone().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let finding = Diagnostic::new(Code::UnknownField, table.key.span, message);
            suggest(finding.help(format!("its columns are {all}")), key, names)
        }
        Unfit::NoKey { row } => bad(
            format!("in `{file}` row {row} has no `{key}` to be found by"),
            "every row needs a key; rows are counted without the header",
        ),
        Unfit::Twice { key: value, first, second } => bad(
            format!("in `{file}` the rows {first} and {second} have the same `{key}`, {}", shown(value)),
            "keep one of them; rows are counted without the header",
        ),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Str(text) => format!("`{text}`"),
        Value::Int(n) => format!("`{n}`"),
        Value::Uint(n) => format!("`{n}`"),
        Value::Float(x) => format!("`{x:?}`"),
        other => format!("a {}", other.type_name()),
    }
}

/// The type that values have in common.
fn common<'v>(values: impl Iterator<Item = &'v Value>) -> Type {
    let mut all = Type::Null;
    for value in values {
        match all.common(&Type::of_value(value)) {
            Some(ty) => all = ty,
            None => return Type::Any,
        }
    }
    if all == Type::Null { Type::Any } else { all }
}

/// The name of a file list or table, and where it is used as what it is not.
pub(super) fn no_value(name: &str, what: &str, span: Span) -> Diagnostic {
    match what {
        "list" => Diagnostic::new(
            Code::WrongType,
            span,
            format!("`{name}` is a list from a file, which is no value: it stands behind `in`"),
        )
        .help(format!("write `x in {name}` or `x not in {name}`")),
        _ => Diagnostic::new(Code::WrongType, span, format!("`{name}` is a table and no value"))
            .help(format!("write `lookup({name}, KEY).COLUMN`")),
    }
}
