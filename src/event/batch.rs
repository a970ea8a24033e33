//! Batches: many events as rows of the fields that rules read.

#[cfg_attr(not(feature = "io"), allow(dead_code, reason = "those who read lines fill batches so"))]
mod reading;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use compact_str::CompactString;
use indexmap::IndexSet;

use super::row::{Head, NO_KIND, Origin};
use super::{Event, Fields, Record, Row, Source, Stamp, Value};
use crate::id::FieldId;
use crate::time::Timestamp;

/// Events as rows: the fields that rules read, by their numbers, and where the events come from.
///
/// Text lies in one place that all rows share; nothing is allocated for a row. A row is made of an event, which it then
/// keeps, or of a line that was read, of which it keeps the place.
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
    sources: Vec<Arc<Source>>,
    kinds: IndexSet<CompactString, foldhash::fast::FixedState>,
    /// The type that was last of a length and a first letter, by its number: looked at before all types are looked
    /// through.
    recent: [u32; RECENT],
    /// The lines that rows were read from, and behind them what they do not say literally.
    text: String,
    /// While rows are read: how long the lines are, which are not in `text` yet.
    before: usize,
    /// The cells of all rows that are not null, one row behind the other: of the columns a type has but few.
    cells: Vec<(u32, Cell)>,
    /// Where those of the row begin that is being filled.
    row_start: usize,
    /// The bits of the columns that are set in it.
    filled: u64,
    /// What no cell can hold.
    values: Vec<Value>,
    heads: Vec<Head>,
    /// Those that ids give.
    identities: Vec<u128>,
    lines: Option<Arc<dyn Whole>>,
    keep: Keep,
    /// The key groups that a shell has named, so many for each row.
    groups: (usize, Vec<Option<u32>>),
}

/// So many lengths and first letters are told apart.
const RECENT: usize = 32;

/// With so many columns or less each has a bit of its own among those that are filled.
const FEW: usize = 64;

/// A part of the text of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// The cells of a row that are not null.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    /// The bits of their columns: one that is not set says that none of its columns is filled.
    filled: u64,
    start: u32,
    end: u32,
}

/// The bit of a column, which it may share with others where there are many.
#[inline]
fn bit(column: u32) -> u64 {
    1 << (column % 64)
}

/// The value of a field in a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell {
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

/// What is kept of an event that was read from a line, when it is bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// What rules read, and where it was read: its event has no other fields.
    #[default]
    References,
    /// Everything it says.
    Events,
}

/// Reads all that a line says, of which a row has only what rules read.
pub(crate) trait Whole: fmt::Debug + Send + Sync {
    /// The fields of a line that was read once before.
    fn fields(&self, line: &str) -> Record;
}

/// A row that was read from a line: what is not in its cells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) time: Timestamp,
    pub(crate) kind: Option<&'a str>,
    pub(crate) offset: u64,
    /// Its text.
    pub(crate) span: Span,
    /// The identity that its id gives it, if it has one.
    pub(crate) identity: Option<u128>,
}

impl Batch {
    /// An empty batch of these columns.
    pub fn new(fields: &Arc<Fields>) -> Self {
        Batch {
            fields: Arc::clone(fields),
            sources: Vec::new(),
            kinds: IndexSet::default(),
            recent: [0; RECENT],
            text: String::new(),
            before: 0,
            cells: Vec::new(),
            row_start: 0,
            filled: 0,
            values: Vec::new(),
            heads: Vec::new(),
            identities: Vec::new(),
            lines: None,
            keep: Keep::References,
            groups: (0, Vec::new()),
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
        self.push_as(event, Origin::Event);
    }

    /// The same, but when it is bound only what rules read is kept of it.
    pub(crate) fn push_reference(&mut self, event: Arc<Event>) {
        self.push_as(event, Origin::Reference);
    }

    fn push_as(&mut self, event: Arc<Event>, origin: fn(Arc<Event>) -> Origin) {
        self.fill(&event);
        let source = self.source(&event.source);
        let kind = event.kind.as_deref().map_or(NO_KIND, |kind| self.kind(kind));
        let cells = self.begun();
        self.heads.push(Head {
            cells,
            time: event.time,
            kind,
            source,
            offset: event.offset,
            origin: origin(event),
        });
    }

    /// Names the key groups of the rows, as a shell does that has routed events by keys of its own making: for each row
    /// one for each of so many keys of the program, by their numbers. Where none is named the engine works it out. All
    /// events of a key must be of one group.
    pub fn name_groups(&mut self, keys: usize, groups: Vec<Option<u32>>) {
        self.groups = (keys, groups);
    }

    /// Adds the row of an event of which no more than these fields is known.
    pub(crate) fn known(&mut self, stamp: &Stamp, fields: &[(FieldId, Value)]) {
        self.blank();
        for (field, value) in fields {
            let cell = self.cell(value);
            self.set(field.index(), cell);
        }
        let source = self.source(&stamp.source);
        let kind = stamp.kind.as_deref().map_or(NO_KIND, |kind| self.kind(kind));
        self.identities.push(stamp.identity);
        let identity = u32::try_from(self.identities.len()).ok().and_then(NonZeroU32::new);
        let origin = Origin::Line(Span { start: 0, end: 0 }, identity);
        let cells = self.begun();
        self.heads.push(Head { cells, time: stamp.time, kind, source, offset: stamp.offset, origin });
    }

    /// Whether its lines can be read again.
    pub(super) fn has_lines(&self) -> bool {
        self.lines.is_some()
    }

    /// The columns.
    pub fn fields(&self) -> &Arc<Fields> {
        &self.fields
    }

    /// The types that rows have, in the order in which they came.
    pub fn kinds(&self) -> impl ExactSizeIterator<Item = &str> {
        self.kinds.iter().map(CompactString::as_str)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// One row.
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        self.heads.get(index).map(|head| Row::new(self, head, index))
    }

    /// All rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.heads.iter().enumerate().map(|(index, head)| Row::new(self, head, index))
    }

    /// The cells of an event.
    fn fill(&mut self, event: &Event) {
        self.blank();
        let fields = Arc::clone(&self.fields);
        for (column, path) in fields.iter().enumerate() {
            let cell = self.cell(event.get(path));
            self.set(column, cell);
        }
    }

    /// Begins a further row, in place of one that was not completed. All its cells are null.
    pub(crate) fn blank(&mut self) {
        self.row_start = self.heads.last().map_or(0, |head| head.cells.end as usize);
        self.cells.truncate(self.row_start);
        self.filled = 0;
    }

    /// Sets a cell of the row that was begun, each of them once.
    #[inline]
    pub(crate) fn set(&mut self, column: usize, cell: Cell) {
        if matches!(cell, Cell::Null) {
            return;
        }
        let column = column as u32;
        self.filled |= bit(column);
        self.cells.push((column, cell));
        // A few are put in order as they come, many when all are there.
        if self.fields.len() <= FEW {
            let row = self.cells.get_mut(self.row_start..).unwrap_or_default();
            let mut at = row.len() - 1;
            while at > 0 && row[at - 1].0 > column {
                row.swap(at - 1, at);
                at -= 1;
            }
        }
    }

    /// The cells of the row that was begun, when all are set, in the order of their columns.
    #[inline]
    fn begun(&mut self) -> Cells {
        if self.fields.len() > FEW {
            let row = self.cells.get_mut(self.row_start..).unwrap_or_default();
            row.sort_unstable_by_key(|(column, _)| *column);
        }
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Cells { filled: self.filled, start: place(self.row_start), end: place(self.cells.len()) }
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

    fn other(&mut self, value: &Value) -> Cell {
        self.values.push(value.clone());
        Cell::Value(self.values.len() - 1)
    }

    /// The number of a source. The rows of a batch come from few of them, mostly from the one before.
    fn source(&mut self, source: &Arc<Source>) -> u32 {
        let known = self.sources.iter().rposition(|known| Arc::ptr_eq(known, source));
        let index = known.unwrap_or_else(|| {
            self.sources.push(Arc::clone(source));
            self.sources.len() - 1
        });
        index as u32
    }

    /// The number of a type. A batch has few of them.
    fn kind(&mut self, kind: &str) -> u32 {
        let bytes = kind.as_bytes();
        let first = bytes.first().copied().unwrap_or(0);
        let like = (usize::from(first) + 5 * bytes.len()) % RECENT;
        let Some(recent) = self.recent.get_mut(like) else { return NO_KIND };
        if self.kinds.get_index(*recent as usize).is_some_and(|known| *known == *kind) {
            return *recent;
        }
        let known = self.kinds.get_index_of(kind);
        *recent = known.unwrap_or_else(|| self.kinds.insert_full(kind.into()).0) as u32;
        *recent
    }
}

/// What rows see of their batch.
impl Batch {
    #[inline]
    pub(super) fn at(&self, row: Cells, column: FieldId) -> Cell {
        let column = column.index() as u32;
        let bit = bit(column);
        if row.filled & bit == 0 {
            return Cell::Null;
        }
        let index = if self.fields.len() <= FEW {
            // So many columns before it are filled.
            (row.filled & (bit - 1)).count_ones() as usize
        } else {
            let cells = self.cells.get(row.start as usize..row.end as usize).unwrap_or_default();
            cells.binary_search_by_key(&column, |(of, _)| *of).unwrap_or(usize::MAX)
        };
        let cell = self.cells.get((row.start as usize).saturating_add(index));
        cell.map_or(Cell::Null, |(_, cell)| *cell)
    }

    /// All cells of a row that are not null, in the order of their columns.
    #[inline]
    pub(super) fn filled(&self, row: Cells) -> &[(u32, Cell)] {
        self.cells.get(row.start as usize..row.end as usize).unwrap_or_default()
    }

    /// Whether a cell is not null.
    #[inline]
    pub(super) fn has(&self, row: Cells, column: FieldId) -> bool {
        row.filled & bit(column.index() as u32) != 0
            && (self.fields.len() <= FEW || !matches!(self.at(row, column), Cell::Null))
    }

    #[inline]
    pub(super) fn span(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    #[inline]
    pub(super) fn value(&self, index: usize) -> Option<&Value> {
        self.values.get(index)
    }

    pub(super) fn identity(&self, number: NonZeroU32) -> u128 {
        self.identities.get(number.get() as usize - 1).copied().unwrap_or_default()
    }

    pub(super) fn kind_at(&self, index: u32) -> Option<&CompactString> {
        self.kinds.get_index(index as usize)
    }

    pub(super) fn source_at(&self, index: u32) -> Option<&Arc<Source>> {
        self.sources.get(index as usize)
    }

    pub(super) fn whole(&self, line: &str) -> Record {
        self.lines.as_ref().map_or_else(Record::default, |lines| lines.fields(line))
    }

    pub(super) fn group(&self, row: usize, key: usize) -> Option<u32> {
        let (keys, groups) = &self.groups;
        groups.get(row * keys + key).copied().flatten().filter(|_| key < *keys)
    }

    pub(super) fn keep(&self) -> Keep {
        self.keep
    }
}
