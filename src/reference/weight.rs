//! What an event weighs once it is bound.

use crate::event::{Event, Value, weight};
use crate::program::Program;

/// The weight of an event: of the fields that some rule asks of bound events of its type, and of itself.
pub(super) fn of(event: &Event, program: &Program) -> usize {
    let kind = event.kind.as_ref().and_then(|kind| program.kinds().get_index_of(kind));
    let fields = program.held(kind).iter().map(|field| program.fields().path(*field));
    let values: Vec<&Value> = fields.map(|path| event.get(path)).collect();
    weight(values.into_iter().map(Value::borrowed))
}
