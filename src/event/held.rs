//! Bound events: what is kept of an event when its batch is gone.

use std::sync::Arc;

use super::{Event, Row, Value, ValueRef};
use crate::id::FieldId;
use crate::time::Timestamp;

/// An event that something has bound, with the fields that expressions will still ask of it.
#[derive(Clone, Debug)]
pub struct Held {
    event: Arc<Event>,
    columns: Arc<[FieldId]>,
    values: Box<[Value]>,
}

impl Held {
    /// Keeps these columns of a row; they stand in ascending order.
    pub fn new(row: Row<'_>, columns: &Arc<[FieldId]>) -> Self {
        let values = columns.iter().map(|&column| row.value(column).to_value()).collect();
        Held { event: Arc::clone(row.event()), columns: Arc::clone(columns), values }
    }

    /// Event time.
    pub fn time(&self) -> Timestamp {
        self.event.time
    }

    /// A field that was kept; any other is null.
    pub fn value(&self, field: FieldId) -> ValueRef<'_> {
        let index = self.columns.binary_search(&field).ok();
        index.and_then(|index| self.values.get(index)).map_or(ValueRef::Null, Value::borrowed)
    }

    /// The event itself.
    pub fn event(&self) -> &Arc<Event> {
        &self.event
    }
}
