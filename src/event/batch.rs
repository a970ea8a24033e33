//! Batches: many events as rows of the fields that rules read.

use std::sync::Arc;

use compact_str::CompactString;
use indexmap::IndexSet;

use super::{Event, Value, ValueRef};
use crate::id::FieldId;
use crate::time::Timestamp;

/// The fields that a rule set reads, numbered: the columns of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    paths: IndexSet<Arc<[CompactString]>, foldhash::fast::FixedState>,
}

impl Fields {
    /// The number of a path, which it gets if it has none; `None` beyond [`FieldId::LIMIT`].
    pub fn number(&mut self, path: &Arc<[CompactString]>) -> Option<FieldId> {
        FieldId::new(self.paths.insert_full(Arc::clone(path)).0)
    }

    /// The number of a path.
    pub fn find(&self, path: &[CompactString]) -> Option<FieldId> {
        self.paths.get_index_of(path).and_then(FieldId::new)
    }

    /// The path of a number.
    pub fn path(&self, id: FieldId) -> &[CompactString] {
        self.paths.get_index(id.index()).map_or(&[], |path| path)
    }

    /// All paths, by their numbers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<[CompactString]>> {
        self.paths.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}

/// Events as rows: the fields that rules read, by their numbers, and the events themselves.
///
/// Text lies in one place that all rows share; nothing is allocated for a row.
///
/// ```
/// use std::sync::Arc;
/// use tripline::{Batch, Event, Fields, Record, Timestamp, Value, ValueRef};
///
/// let mut fields = Fields::default();
/// let user = fields.number(&Arc::from([compact_str::CompactString::from("user")])).unwrap();
/// let record = Record::from_iter([("user".into(), Value::str("ann")), ("age".into(), Value::Int(31))]);
/// let event = Arc::new(Event::new(Timestamp::from_nanos(0), Some("login"), record));
///
/// let batch = Batch::of(&Arc::new(fields), [event]);
/// let row = batch.rows().next().unwrap();
/// assert_eq!(row.kind(), Some("login"));
/// assert!(matches!(row.value(user), ValueRef::Str("ann")));
/// ```
#[derive(Clone, Debug)]
pub struct Batch {
    fields: Arc<Fields>,
    text: String,
    /// The cells of all rows, one row behind the other.
    cells: Vec<Cell>,
    /// What no cell can hold.
    values: Vec<Value>,
    events: Vec<Arc<Event>>,
}

/// A part of the text of a batch.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Clone, Copy, Debug)]
enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(Span),
    Time(Timestamp),
    /// The index among the values of the batch.
    Value(usize),
}

impl Batch {
    /// An empty batch of these columns.
    pub fn new(fields: &Arc<Fields>) -> Self {
        Batch {
            fields: Arc::clone(fields),
            text: String::new(),
            cells: Vec::new(),
            values: Vec::new(),
            events: Vec::new(),
        }
    }

    /// The rows of these events. Each event is kept, so that what is bound of it is all of it.
    pub fn of(fields: &Arc<Fields>, events: impl IntoIterator<Item = Arc<Event>>) -> Self {
        let mut batch = Batch::new(fields);
        events.into_iter().for_each(|event| batch.push(event));
        batch
    }

    /// Adds the row of an event.
    pub fn push(&mut self, event: Arc<Event>) {
        let fields = Arc::clone(&self.fields);
        for path in fields.iter() {
            let cell = self.cell(event.get(path));
            self.cells.push(cell);
        }
        self.events.push(event);
    }

    /// The columns.
    pub fn fields(&self) -> &Arc<Fields> {
        &self.fields
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// One row.
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        self.events.get(index).map(|event| Row { batch: self, event, index })
    }

    /// All rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.events.iter().enumerate().map(|(index, event)| Row { batch: self, event, index })
    }

    fn cell(&mut self, value: &Value) -> Cell {
        match value {
            Value::Null => Cell::Null,
            Value::Bool(b) => Cell::Bool(*b),
            Value::Int(n) => Cell::Int(*n),
            Value::Uint(n) => Cell::Uint(*n),
            Value::Float(x) => Cell::Float(*x),
            Value::Str(text) => self.text(text),
            Value::Time(time) => Cell::Time(*time),
            Value::Duration(_) | Value::Ip(_) | Value::List(_) | Value::Record(_) => self.other(value),
        }
    }

    /// Text becomes a part of the common one; beyond the length that a span can say it stays a value.
    fn text(&mut self, text: &CompactString) -> Cell {
        match (u32::try_from(self.text.len()), u32::try_from(self.text.len() + text.len())) {
            (Ok(start), Ok(end)) => {
                self.text.push_str(text);
                Cell::Str(Span { start, end })
            }
            _ => self.other(&Value::Str(text.clone())),
        }
    }

    fn other(&mut self, value: &Value) -> Cell {
        self.values.push(value.clone());
        Cell::Value(self.values.len() - 1)
    }

    fn read(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// One event of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Row<'b> {
    batch: &'b Batch,
    event: &'b Arc<Event>,
    index: usize,
}

impl<'b> Row<'b> {
    /// Event time.
    pub fn time(self) -> Timestamp {
        self.event.time
    }

    /// The type; without one only `*` fits.
    pub fn kind(self) -> Option<&'b str> {
        self.event.kind.as_deref()
    }

    /// A field, null where it is missing.
    pub fn value(self, field: FieldId) -> ValueRef<'b> {
        let cell = self.batch.cells.get(self.index * self.batch.fields.len() + field.index());
        match cell.copied().unwrap_or(Cell::Null) {
            Cell::Null => ValueRef::Null,
            Cell::Bool(b) => ValueRef::Bool(b),
            Cell::Int(n) => ValueRef::Int(n),
            Cell::Uint(n) => ValueRef::Uint(n),
            Cell::Float(x) => ValueRef::Float(x),
            Cell::Str(span) => ValueRef::Str(self.batch.read(span)),
            Cell::Time(time) => ValueRef::Time(time),
            Cell::Value(index) => self.batch.values.get(index).map_or(ValueRef::Null, Value::borrowed),
        }
    }

    /// The total order of events: time, source, offset.
    pub fn place(self) -> (Timestamp, u32, u64) {
        self.event.place()
    }

    /// Which row of its batch it is.
    pub fn index(self) -> usize {
        self.index
    }

    /// The event itself.
    pub fn event(self) -> &'b Arc<Event> {
        self.event
    }
}
