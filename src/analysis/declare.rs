//! Declarations outside rules: schemas, parameters, lists and tables.

use compact_str::CompactString;
use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::event::{Schema, Value};
use crate::function::Functions;
use crate::span::Span;
use crate::syntax::ast::{File, Ident, Item, ParamDecl};

use super::expr::check_own;
use super::report::{duplicate, suggest};
use super::settings::{Settings, read};
use super::types::Type;
use super::{file, literal, schema};

/// What rule files declare beside rules.
#[derive(Debug, Default)]
pub(super) struct Declared {
    pub(super) schema: Schema,
    pub(super) params: IndexMap<CompactString, Param>,
    pub(super) lists: IndexMap<CompactString, file::List>,
    pub(super) tables: IndexMap<CompactString, file::Table>,
    pub(super) functions: Functions,
    names: IndexMap<CompactString, Span>,
}

/// A parameter with the value in force.
#[derive(Debug)]
pub(super) struct Param {
    pub(super) value: Value,
    pub(super) ty: Type,
    pub(super) span: Span,
}

/// Collects what all files declare.
pub(super) fn collect(files: &[File], settings: &Settings, found: &mut Vec<Diagnostic>) -> Declared {
    let mut declared = Declared { functions: settings.functions.clone(), ..Declared::default() };
    check_own(&declared.functions, found);
    let mut events = IndexMap::new();
    let mut rules = IndexMap::new();
    for item in files.iter().flat_map(|file| &file.items) {
        match item {
            Item::Rule(rule) => claim(&mut rules, "rule", &rule.name, found),
            Item::Event(event) => schema::declare(event, &mut declared.schema, &mut events, found),
            Item::Param(param) => declared.param(param, found),
            Item::List(list) => {
                claim(&mut declared.names, "list", &list.name, found);
                let made = file::list(list, settings, found);
                declared.lists.entry(list.name.name.clone()).or_insert(made);
            }
            Item::Table(table) => {
                claim(&mut declared.names, "table", &table.name, found);
                let made = file::table(table, settings, found);
                declared.tables.entry(table.name.name.clone()).or_insert(made);
            }
        }
    }
    settings.params.iter().for_each(|(name, text)| declared.set(name, text, found));
    declared
}

/// Takes a name, or reports that it is taken.
fn claim(names: &mut IndexMap<CompactString, Span>, what: &str, name: &Ident, found: &mut Vec<Diagnostic>) {
    match names.get(&name.name) {
        Some(first) => found.push(duplicate(what, &name.name, name.span, *first)),
        None => drop(names.insert(name.name.clone(), name.span)),
    }
}

impl Declared {
    fn param(&mut self, param: &ParamDecl, found: &mut Vec<Diagnostic>) {
        claim(&mut self.names, "parameter", &param.name, found);
        let value = match literal::signed(&param.value) {
            Some(value) if !value.is_null() => value,
            _ => {
                let finding = Diagnostic::new(
                    Code::NotConstant,
                    param.value.span,
                    format!("the value of the parameter `{}` must be a literal", param.name.name),
                );
                found.push(finding.help("write a number, a string, a duration, a time, `true` or `false`"));
                return self.poison(&param.name);
            }
        };
        let ty = Type::of_value(&value);
        let name = param.name.name.clone();
        self.params.entry(name).or_insert(Param { value, ty, span: param.name.span });
    }

    /// A parameter without a usable value exists all the same, so that its uses are not reported too.
    fn poison(&mut self, name: &Ident) {
        let param = Param { value: Value::Null, ty: Type::Error, span: name.span };
        self.params.entry(name.name.clone()).or_insert(param);
    }

    /// Takes a value from outside.
    fn set(&mut self, name: &str, text: &str, found: &mut Vec<Diagnostic>) {
        let Some(param) = self.params.get_mut(name) else {
            let finding = Diagnostic::without_place(
                Code::UnknownParam,
                format!("no rule file declares a parameter `{name}`"),
            );
            return found.push(suggest(finding, name, self.params.keys().map(CompactString::as_str)));
        };
        if param.ty == Type::Error {
            return;
        }
        match read(text, &param.ty) {
            Some(value) => param.value = value,
            None => {
                let message = format!("the value `{text}` set for the parameter `{name}` is no {}", param.ty);
                let finding = Diagnostic::new(Code::BadValue, param.span, message);
                found.push(finding.label(format!("declared here with `{}`", param.value.type_name())));
            }
        }
    }
}
