//! The rows of a batch.

use std::num::NonZeroU32;
use std::sync::Arc;

use compact_str::CompactString;

use super::batch::{Cell, Cells, Span};
use super::{Batch, Event, Keep, Record, Source, Stamp, Value, ValueRef};
use crate::id::FieldId;
use crate::time::Timestamp;

/// What a row has besides its cells.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// Where its cells lie.
    pub(super) cells: Cells,
    pub(super) time: Timestamp,
    /// Its number among the types of the batch, or [`NO_KIND`].
    pub(super) kind: u32,
    /// Its number among the sources of the batch.
    pub(super) source: u32,
    pub(super) offset: u64,
    pub(super) origin: Origin,
}

/// Stands for no type.
pub(super) const NO_KIND: u32 = u32::MAX;

/// What a row was made of.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    Event(Arc<Event>),
    /// The same, but when it is bound only what rules read is kept of it.
    Reference(Arc<Event>),
    /// The part of the text, and the number of the identity that an id gives it. Else time and text identify it.
    Line(Span, Option<NonZeroU32>),
}

/// One event of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Row<'b> {
    batch: &'b Batch,
    head: &'b Head,
    index: usize,
}

impl<'b> Row<'b> {
    pub(super) fn new(batch: &'b Batch, head: &'b Head, index: usize) -> Self {
        Row { batch, head, index }
    }

    /// Event time.
    #[inline]
    pub fn time(self) -> Timestamp {
        self.head.time
    }

    /// The type; without one only `*` fits.
    pub fn kind(self) -> Option<&'b str> {
        self.batch.kind_at(self.head.kind).map(CompactString::as_str)
    }

    /// The number of its type among [`Batch::kinds`].
    #[inline]
    pub fn kind_index(self) -> Option<usize> {
        (self.head.kind != NO_KIND).then_some(self.head.kind as usize)
    }

    /// A field, null where it is missing.
    #[inline]
    pub fn value(self, field: FieldId) -> ValueRef<'b> {
        self.lent(self.batch.at(self.head.cells, field))
    }

    /// Shows these fields, which stand in ascending order: faster than to ask for each.
    #[inline]
    pub(super) fn each(self, fields: &[FieldId], mut show: impl FnMut(ValueRef<'b>)) {
        let mut filled = self.batch.filled(self.head.cells).iter().peekable();
        for field in fields {
            let column = field.index() as u32;
            while filled.next_if(|(of, _)| *of < column).is_some() {}
            let cell = filled.next_if(|(of, _)| *of == column);
            show(cell.map_or(ValueRef::Null, |(_, cell)| self.lent(*cell)));
        }
    }

    #[inline(always)]
    fn lent(self, cell: Cell) -> ValueRef<'b> {
        match cell {
            Cell::Null => ValueRef::Null,
            Cell::Bool(b) => ValueRef::Bool(b),
            Cell::Int(n) => ValueRef::Int(n),
            Cell::Uint(n) => ValueRef::Uint(n),
            Cell::Float(x) => ValueRef::Float(x),
            Cell::Str(span) => ValueRef::Str(self.batch.span(span)),
            Cell::Time(time) => ValueRef::Time(time),
            Cell::Value(index) => self.batch.value(index).map_or(ValueRef::Null, Value::borrowed),
        }
    }

    /// Whether a field is there and not null, which is faster told than what it is.
    #[inline]
    pub fn has(self, field: FieldId) -> bool {
        self.batch.has(self.head.cells, field)
    }

    /// Where it was read.
    pub(crate) fn source(self) -> Option<&'b Arc<Source>> {
        self.batch.source_at(self.head.source)
    }

    /// The total order of events: time, source, offset.
    pub fn place(self) -> (Timestamp, u32, u64) {
        let rank = self.source().map_or(0, |source| source.rank);
        (self.head.time, rank, self.head.offset)
    }

    /// The key group that a shell has named for a key of the program.
    #[inline]
    pub fn group(self, key: usize) -> Option<u32> {
        self.batch.group(self.index, key)
    }

    /// Which row of its batch it is.
    pub fn index(self) -> usize {
        self.index
    }

    /// What makes a second delivery of it the same event to an alert's id.
    pub fn identity(self) -> u128 {
        match &self.head.origin {
            Origin::Event(event) | Origin::Reference(event) => event.identity,
            Origin::Line(_, Some(number)) => self.batch.identity(*number),
            Origin::Line(span, None) => {
                Event::identity_of_bytes(self.head.time, self.batch.span(*span).as_bytes())
            }
        }
    }

    /// Where and when it came, and what it is known by.
    pub fn stamp(self) -> Stamp {
        Stamp {
            time: self.head.time,
            kind: self.batch.kind_at(self.head.kind).cloned(),
            source: self.source().map(Arc::clone).unwrap_or_default(),
            offset: self.head.offset,
            identity: self.identity(),
        }
    }

    /// The event itself, with everything it says. Of a line that was read it is made anew at each call.
    pub fn event(self) -> Arc<Event> {
        match &self.head.origin {
            Origin::Event(event) | Origin::Reference(event) => Arc::clone(event),
            Origin::Line(span, _) => self.stamp().event(self.batch.whole(self.batch.span(*span))),
        }
    }

    /// The event with all it says, unless that is not known any more.
    pub(crate) fn whole(self) -> Option<Arc<Event>> {
        let is_known = !matches!(self.head.origin, Origin::Line(..)) || self.batch.has_lines();
        is_known.then(|| self.event())
    }

    /// The line it was read from, if it was.
    #[cfg(feature = "pipeline")]
    pub(crate) fn line(self) -> Option<&'b str> {
        match &self.head.origin {
            Origin::Line(span, _) if self.batch.has_lines() => Some(self.batch.span(*span)),
            _ => None,
        }
    }

    /// Whether all of it is to be kept when it is bound.
    pub(crate) fn is_kept(self) -> bool {
        matches!(self.head.origin, Origin::Event(_)) || self.batch.keep() == Keep::Events
    }

    /// The event, if all of it is to be kept when it is bound.
    pub(crate) fn kept(self) -> Option<Arc<Event>> {
        self.is_kept().then(|| self.event())
    }
}

impl Stamp {
    /// The event of this stamp that says this.
    pub(crate) fn event(self, fields: Record) -> Arc<Event> {
        let Stamp { time, kind, source, offset, identity } = self;
        Arc::new(Event { time, kind, source, offset, identity, fields })
    }
}
