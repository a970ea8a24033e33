//! Paths: a step's field, a parameter, or a field of the current event.

use std::sync::Arc;

use compact_str::CompactString;

use crate::diagnostic::{Code, Diagnostic};
use crate::event::FieldType;
use crate::id::SlotId;
use crate::plan::{Expr, Field, Pick, Types};
use crate::span::Span;
use crate::syntax::ast::{Ident, Path};

use super::super::file::{List, no_value};
use super::super::reach::{Place, Reach};
use super::super::report::suggest;
use super::super::schema::{Lookup, field_names, join_bare, look_up};
use super::super::types::Type;
use super::{Cx, Missing, Typed, Unchecked};

impl<'a> Cx<'a, '_> {
    /// A name means a step before a parameter, a parameter before a list, and a list before a field. Parameters and
    /// lists have no fields, so that only a name without dots is one.
    pub(super) fn path(&mut self, path: &Path, span: Span) -> Typed {
        let typed = self.resolve(path, span);
        if typed.missing.is_none() {
            return typed;
        }
        let written = join_bare(path);
        if self.guards.contains(&written) { typed.missing_with(None) } else { typed.written(&written) }
    }

    fn resolve(&mut self, path: &Path, span: Span) -> Typed {
        let Some((first, rest)) = path.segments.split_first() else { return Typed::error() };
        if first.name == "this" && !rest.is_empty() {
            self.sure_field(rest);
            return self.own_field(rest, span);
        }
        if let Some(slot) = self.layout.slot(&first.name) {
            return self.step_field(slot, first, rest, span);
        }
        if rest.is_empty() {
            if first.name == "this" {
                let finding =
                    Diagnostic::new(Code::WrongType, span, "`this` is the whole event and no value");
                return self.report(finding.help("write one of its fields: `this.FIELD`"));
            }
            if let Some((at, _, param)) = self.declared.params.get_full(&first.name) {
                self.uses.params.insert(at);
                return Typed { ty: param.ty.clone(), ..Typed::constant(param.value.clone()) };
            }
            if let Some(named) = self.named(&first.name, span) {
                return named;
            }
        }
        self.possible_slip(path, span);
        self.own_field(&path.segments, span)
    }

    /// A list or table by its name.
    fn named(&mut self, name: &CompactString, span: Span) -> Option<Typed> {
        if let Some((at, _, list)) = self.declared.lists.get_full(name) {
            self.uses.lists.insert(at);
            return Some(match list {
                List::Literals(value, ty) => Typed { ty: ty.clone(), ..Typed::constant(value.clone()) },
                List::File(..) => self.report(no_value(name, "list", span)),
                List::Wrong => Typed::error(),
            });
        }
        let table = self.declared.tables.get(name)?;
        Some(match &table.table {
            Some(_) => self.report(no_value(name, "table", span)),
            None => Typed::error(),
        })
    }

    /// A field of the current event.
    fn own_field(&mut self, names: &[Ident], span: Span) -> Typed {
        if let Some(slot) = self.counted {
            let step = self.slot_name(slot);
            let message = "in an aggregate every field is one of the step that is counted";
            let field = names.iter().map(|name| name.name.as_str()).collect::<Vec<_>>().join(".");
            return self.report(
                Diagnostic::new(Code::Misplaced, span, message).help(format!("write `{step}.{field}`")),
            );
        }
        let types = self.current_types();
        let (field, ty, missing) = self.field(names, types, span);
        Typed::new(Expr::Field(field), ty).missing_with(missing)
    }

    /// The types the current event may have: those of the step whose condition it is, in `until` any, in keys and
    /// in `emit` those of all steps.
    pub(super) fn current_types(&self) -> &'a Types {
        let types = match self.place {
            Place::Where(step) => self.layout.pattern.steps.get(step.index()).map(|step| &step.types),
            Place::Until(_) | Place::GroupUntil(_) => None,
            Place::Key => self.key_types.or(self.layout.types.as_ref()),
            Place::Emit => self.layout.types.as_ref(),
        };
        types.unwrap_or(&Types::Any)
    }

    /// A field by its names, its type, and itself if it may be missing. Without a name it is an error.
    pub(super) fn field(
        &mut self,
        names: &[Ident],
        types: &Types,
        span: Span,
    ) -> (Field, Type, Option<Missing>) {
        let path: Arc<[CompactString]> = names.iter().map(|name| name.name.clone()).collect();
        let joined = path.join(".");
        let (field_type, optional, declared) = match look_up(&self.declared.schema, types, &joined) {
            Lookup::Unchecked => {
                self.unchecked(names, types, span);
                (FieldType::Any, true, false)
            }
            Lookup::Field { field_type, optional } => (field_type, optional, true),
            Lookup::Unknown => {
                self.unknown_field(&joined, types, span);
                return (Field { path, field_type: FieldType::Any }, Type::Error, None);
            }
        };
        if field_type != FieldType::Any {
            self.uses.fields.insert(format!("{joined}: {field_type}"));
        }
        let missing = optional.then(|| Missing { path: joined.into(), declared });
        (Field { path, field_type: field_type.clone() }, Type::of_field(&field_type), missing)
    }

    fn unchecked(&mut self, names: &[Ident], types: &Types, span: Span) {
        if let (Some(first), Types::OneOf(types)) = (names.first(), types) {
            let (field, types) = (first.name.clone(), types.clone());
            self.uses.unchecked.push(Unchecked { field, types, span });
        }
    }

    fn unknown_field(&mut self, joined: &str, types: &Types, span: Span) {
        let message = match types {
            Types::OneOf(names) if names.len() > 1 => format!("no event type here has a field `{joined}`"),
            Types::OneOf(names) => format!("`{}` has no field `{joined}`", names.concat()),
            Types::Any => return,
        };
        let params = self.declared.params.keys().map(CompactString::as_str);
        let candidates = field_names(&self.declared.schema, types).chain(params).chain(self.layout.names());
        let finding = suggest(Diagnostic::new(Code::UnknownField, span, message), joined, candidates);
        self.found.push(finding);
    }

    /// A step's name and what stands behind it.
    fn step_field(&mut self, slot: SlotId, name: &Ident, rest: &[Ident], span: Span) -> Typed {
        if rest.is_empty() {
            let message = format!("`{}` is a step and no value", name.name);
            let help = format!(
                "write one of its fields, `{0}.FIELD`, or `this.{0}` for the field of that name",
                name.name
            );
            return self.report(Diagnostic::new(Code::WrongType, span, message).help(help));
        }
        if self.counted == Some(slot) {
            let types = self.slot_types(slot);
            let (field, ty, _) = self.field(rest, types, span);
            return Typed::new(Expr::Field(field), ty);
        }
        let Some(reach) = self.reach(slot, name) else { return Typed::error() };
        if reach.repeated {
            return self.report(needs_pick(reach, name, rest, span));
        }
        self.bound(reach, Pick::Last, rest, span)
    }

    /// A field of a bound event.
    pub(super) fn bound(&mut self, reach: Reach, pick: Pick, names: &[Ident], span: Span) -> Typed {
        let types = self.slot_types(reach.slot.slot);
        let (field, ty, missing) = self.field(names, types, span);
        Typed::new(Expr::Bound { slot: reach.slot, pick, field }, ty).missing_with(missing)
    }

    /// What a step's name means here; reports it if it means nothing.
    pub(super) fn reach(&mut self, slot: SlotId, name: &Ident) -> Option<Reach> {
        if self.counted.is_some_and(|counted| counted != slot) {
            let message = format!("an aggregate counts one step, and `{}` is another", name.name);
            self.report(Diagnostic::new(Code::Misplaced, name.span, message));
            return None;
        }
        match self.layout.reach(self.place, slot) {
            Ok(reach) => Some(reach),
            Err(why) => {
                self.report(why.finding(&name.name, name.span));
                None
            }
        }
    }

    fn slot_types(&self, slot: SlotId) -> &'a Types {
        self.layout.slots.get(slot.index()).map_or(&Types::Any, |slot| &slot.types)
    }

    fn slot_name(&self, slot: SlotId) -> CompactString {
        self.layout.pattern.slots.get(slot.index()).map(|slot| slot.name.clone()).unwrap_or_default()
    }
}

fn needs_pick(reach: Reach, name: &Ident, rest: &[Ident], span: Span) -> Diagnostic {
    let (name, field) = (&name.name, rest.iter().map(|r| r.name.as_str()).collect::<Vec<_>>().join("."));
    let message = format!("`{name}` may be several events: say which of them");
    let help = if reach.own {
        format!(
            "write `{field}` for the event being judged, or for the one before it `prev({name}).{field} ?? …` with a value for the first, which has none before it"
        )
    } else {
        format!(
            "write `last({name}).{field}`, `first({name}).{field}`, or an aggregate such as `max({name}.{field})`"
        )
    };
    Diagnostic::new(Code::NeedsAggregate, span, message).help(help)
}
