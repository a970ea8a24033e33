//! Bound events: what is kept of an event when its batch is gone.

use std::sync::Arc;

use compact_str::CompactString;

use super::{Event, Fields, Record, Row, Source, Value, ValueRef, weight};
use crate::id::FieldId;
use crate::time::Timestamp;

/// An event without what it says: where and when it came, and what it is known by.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// Event time.
    pub time: Timestamp,
    /// The type.
    pub kind: Option<CompactString>,
    /// Where it was read.
    pub source: Arc<Source>,
    /// Its place in the source.
    pub offset: u64,
    /// What makes a second delivery of it the same event to an alert's id.
    pub identity: u128,
}

/// An event that something has bound, with the fields that expressions will still ask of it.
#[derive(Clone, Debug)]
pub struct Held {
    stamp: Stamp,
    /// All of it, where that is kept.
    whole: Option<Arc<Event>>,
    columns: Arc<[FieldId]>,
    values: Box<[Value]>,
    weight: usize,
}

impl Held {
    /// Keeps these columns of a row; they stand in ascending order. The whole event is kept of a row that was made of
    /// one, and of a line where its batch says so.
    pub fn new(row: Row<'_>, columns: &Arc<[FieldId]>) -> Self {
        let mut weight = weight::EVENT;
        let mut values = Vec::with_capacity(columns.len());
        row.each(columns, |value| {
            weight = weight.saturating_add(weight::text(value));
            values.push(value.to_value());
        });
        let values = values.into_boxed_slice();
        Held { stamp: row.stamp(), whole: row.kept(), columns: Arc::clone(columns), values, weight }
    }

    /// Puts together what was kept: one value for each of the columns, which stand in ascending order.
    pub fn from_parts(
        stamp: Stamp,
        whole: Option<Arc<Event>>,
        columns: &Arc<[FieldId]>,
        values: Vec<Value>,
    ) -> Self {
        let weight = weight::weight(values.iter().map(Value::borrowed));
        Held { stamp, whole, columns: Arc::clone(columns), values: values.into(), weight }
    }

    /// Keeps other columns from now on; `from` says for each of them which one it was. What was not kept is told from the
    /// whole event, by the path that the fields have for it, and is null without one.
    pub(crate) fn turn_to(&mut self, columns: &Arc<[FieldId]>, from: &[Option<usize>], fields: &Fields) {
        let only_numbers =
            from.len() == self.values.len() && (0..).zip(from).all(|(at, from)| *from == Some(at));
        if !only_numbers {
            let mut before = std::mem::take(&mut self.values);
            let told = |column: &FieldId| {
                let whole = self.whole.as_ref();
                whole.map(|event| event.get(fields.path(*column)).clone()).unwrap_or_default()
            };
            let value = |(column, from): (&FieldId, &Option<usize>)| {
                let kept = from.and_then(|from| before.get_mut(from));
                kept.map_or_else(|| told(column), std::mem::take)
            };
            self.values = columns.iter().zip(from).map(value).collect();
            self.weight = weight::weight(self.values.iter().map(Value::borrowed));
        }
        self.columns = Arc::clone(columns);
    }

    /// Event time.
    #[inline]
    pub fn time(&self) -> Timestamp {
        self.stamp.time
    }

    /// Where and when it came, and what it is known by.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// A field that was kept; any other is null.
    #[inline]
    pub fn value(&self, field: FieldId) -> ValueRef<'_> {
        let index = self.columns.binary_search(&field).ok();
        index.and_then(|index| self.values.get(index)).map_or(ValueRef::Null, Value::borrowed)
    }

    /// The fields that were kept.
    pub fn values(&self) -> impl Iterator<Item = (FieldId, &Value)> {
        self.columns.iter().copied().zip(&self.values)
    }

    /// What it counts as in [`Limits::captured_bytes`](crate::Limits::captured_bytes).
    #[inline]
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// The whole event, where it is kept.
    pub fn whole(&self) -> Option<&Arc<Event>> {
        self.whole.as_ref()
    }

    /// The event as alerts list it: all of it where that is kept, else one without fields.
    pub fn event(&self) -> Arc<Event> {
        let reference = || self.stamp.clone().event(Record::default());
        self.whole.as_ref().map_or_else(reference, Arc::clone)
    }
}
