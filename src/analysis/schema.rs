//! Event schemas: their declaration, and the question which type a field has.

use compact_str::CompactString;
use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::event::{EventSchema, FieldSchema, FieldType, Schema};
use crate::plan::Types;
use crate::span::Span;
use crate::syntax::ast::{EventDecl, FieldDecl, Path};

use super::report::{duplicate, suggest};

/// Adds a schema.
pub(super) fn declare(
    event: &EventDecl,
    schema: &mut Schema,
    names: &mut IndexMap<CompactString, Span>,
    found: &mut Vec<Diagnostic>,
) {
    if let Some(first) = names.get(&event.name.name) {
        return found.push(duplicate("event type", &event.name.name, event.name.span, *first));
    }
    names.insert(event.name.name.clone(), event.name.span);
    let mut fields = IndexMap::new();
    let mut places = Places::default();
    for field in &event.fields {
        let path = join(&field.path);
        if let Some(finding) = places.claim(&path, field.span) {
            found.push(finding);
            continue;
        }
        fields.insert(path, FieldSchema { field_type: field_type(field, found), optional: field.optional });
    }
    schema.events.insert(event.name.name.to_string(), EventSchema { fields });
}

/// Where the fields of one schema stand.
#[derive(Default)]
struct Places {
    fields: IndexMap<String, Span>,
    /// What fields lie within, with one of them.
    outer: IndexMap<String, Span>,
}

impl Places {
    fn claim(&mut self, path: &str, span: Span) -> Option<Diagnostic> {
        if let Some(first) = self.fields.get(path) {
            return Some(duplicate("field", path, span, *first));
        }
        let around = outer_paths(path).find_map(|outer| self.fields.get(outer));
        if let Some(other) = self.outer.get(path).or(around) {
            let message =
                format!("`{path}` and another field cannot both be fields: one lies within the other");
            return Some(Diagnostic::new(Code::Conflict, span, message).also(*other, "the other one"));
        }
        self.outer.extend(outer_paths(path).map(|outer| (outer.to_string(), span)));
        self.fields.insert(path.to_string(), span);
        None
    }
}

/// `a.b` and `a` of `a.b.c`.
fn outer_paths(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('.').map(|(at, _)| &path[..at])
}

/// The path as schemas and messages write it.
pub(super) fn join(path: &Path) -> String {
    let names: Vec<&str> = path.segments.iter().map(|segment| segment.name.as_str()).collect();
    names.join(".")
}

/// The path without `this`.
pub(super) fn join_bare(path: &Path) -> String {
    let joined = join(path);
    joined.strip_prefix("this.").unwrap_or(&joined).to_owned()
}

/// Whether a schema has a field of this name, or fields within one.
pub(super) fn has_field(schema: &Schema, name: &str) -> bool {
    let mut fields = schema.events.values().flat_map(|event| event.fields.keys());
    fields.any(|field| field.split('.').next() == Some(name))
}

fn field_type(field: &FieldDecl, found: &mut Vec<Diagnostic>) -> FieldType {
    let name = field.field_type.name.as_str();
    let scalar = FieldType::SCALARS.iter().find(|(scalar, _)| *scalar == name);
    let Some((_, scalar)) = scalar else {
        let message = format!("there is no field type `{name}`");
        let finding = Diagnostic::new(Code::UnknownType, field.field_type.span, message);
        found.push(suggest(finding, name, FieldType::SCALARS.iter().map(|(scalar, _)| *scalar)));
        return FieldType::Any;
    };
    (0..field.list_depth).fold(scalar.clone(), |item, _| FieldType::List(Box::new(item)))
}

/// What schemas say of a field.
pub(super) enum Lookup {
    /// One of the types has no schema: anything goes.
    Unchecked,
    /// The field exists in at least one of the types.
    Field {
        /// Its type if they agree.
        field_type: FieldType,
        /// Whether an event may be without it.
        optional: bool,
    },
    /// No type has it.
    Unknown,
}

/// Looks a field up in all of the event types.
pub(super) fn look_up(schema: &Schema, types: &Types, path: &str) -> Lookup {
    let Types::OneOf(names) = types else { return Lookup::Unchecked };
    let mut all: Option<(FieldType, bool)> = None;
    let mut missing = false;
    for name in names {
        let Some(event) = schema.events.get(name.as_str()) else { return Lookup::Unchecked };
        let Some((field_type, optional)) = look_up_one(event, path) else {
            missing = true;
            continue;
        };
        all = Some(match all {
            None => (field_type, optional),
            Some((before, earlier)) if before == field_type => (before, earlier || optional),
            Some((_, earlier)) => (FieldType::Any, earlier || optional),
        });
    }
    match all {
        Some((field_type, optional)) => Lookup::Field { field_type, optional: optional || missing },
        None => Lookup::Unknown,
    }
}

/// A declared field, what declared fields lie within, or what lies within a field of type `any`.
fn look_up_one(event: &EventSchema, path: &str) -> Option<(FieldType, bool)> {
    if let Some(field) = event.fields.get(path) {
        return Some((field.field_type.clone(), field.optional));
    }
    let within_any = || outer_paths(path).any(|outer| event.fields.get(outer).is_some_and(is_any));
    let around = || event.fields.keys().any(|inner| outer_paths(inner).any(|outer| outer == path));
    (within_any() || around()).then_some((FieldType::Any, true))
}

fn is_any(field: &FieldSchema) -> bool {
    field.field_type == FieldType::Any
}

/// The names of all fields of these types, for suggestions.
pub(super) fn field_names<'a>(schema: &'a Schema, types: &'a Types) -> impl Iterator<Item = &'a str> {
    let names: &[CompactString] = match types {
        Types::OneOf(names) => names,
        Types::Any => &[],
    };
    let events = names.iter().filter_map(|name| schema.events.get(name.as_str()));
    events.flat_map(|event| event.fields.keys().map(String::as_str))
}
