//! The events of a section, each once. What an event is to the engine is known here only.

use std::sync::Arc;

use hashbrown::HashMap;

use super::cbor::{Blob, Malformed};
use super::model::{EventData, Events, SourceName};
use crate::event::{Batch, Event, Fields, Held, Row, Source, Stamp, Value};
use crate::id::FieldId;
use crate::program::Program;

type Numbers<T> = HashMap<T, u32, foldhash::fast::FixedState>;

/// Bound events that are told, each with its number.
#[derive(Debug, Default)]
pub(crate) struct HeldTable {
    /// The numbers of what is there, by where it lies.
    known: Numbers<*const Held>,
    events: Vec<Arc<Held>>,
}

impl HeldTable {
    /// The number of a bound event.
    pub(crate) fn number(&mut self, held: &Arc<Held>) -> u32 {
        *self.known.entry(Arc::as_ptr(held)).or_insert_with(|| {
            self.events.push(Arc::clone(held));
            self.events.len() as u32 - 1
        })
    }

    /// The events, by their numbers.
    pub(crate) fn events(&self) -> &[Arc<Held>] {
        &self.events
    }

    /// Gives the events, by their numbers, and begins anew.
    pub(crate) fn take(&mut self) -> Vec<Arc<Held>> {
        // To clear a table costs as much as it has room: after a large one another is cheaper.
        if self.known.capacity() > MANY {
            self.known = Numbers::default()
        } else {
            self.known.clear()
        }
        std::mem::take(&mut self.events)
    }

    /// The events as data.
    pub(crate) fn into_events(self, fields: &Fields) -> Events {
        let mut table = EventTable::new(fields);
        self.events.iter().for_each(|held| table.push_held(held));
        table.into_events()
    }
}

/// A table with more room than this is not used again.
const MANY: usize = 256;

/// Events that are written, with what they have in common.
#[derive(Debug)]
pub(crate) struct EventTable<'p> {
    fields: &'p Fields,
    paths: Numbers<FieldId>,
    table: Events,
}

impl<'p> EventTable<'p> {
    pub(crate) fn new(fields: &'p Fields) -> Self {
        let table = Events { sources: Vec::new(), paths: Vec::new(), events: Vec::new() };
        EventTable { fields, paths: HashMap::default(), table }
    }

    /// Adds a bound event.
    fn push_held(&mut self, held: &Held) {
        let kept = held.values().map(|(field, value)| (field, value.clone()));
        self.push(held.stamp(), held.whole().map(|event| &**event), kept, false);
    }

    /// Adds an event that nothing has bound yet, with all it says: by which rules it will be judged is not known.
    pub(crate) fn push_row(&mut self, row: Row<'_>) {
        let fields = (0..self.fields.len()).filter_map(FieldId::new);
        let whole = row.whole();
        let reference = whole.is_some() && !row.is_kept();
        let kept = fields.map(|field| (field, row.value(field).to_value()));
        self.push(&row.stamp(), whole.as_deref(), kept, reference);
    }

    pub(crate) fn into_events(self) -> Events {
        self.table
    }

    /// Adds an event: all of it, or else what is kept of it.
    fn push(
        &mut self,
        stamp: &Stamp,
        whole: Option<&Event>,
        kept: impl Iterator<Item = (FieldId, Value)>,
        reference: bool,
    ) {
        let source = self.source(&stamp.source);
        let kept = kept.filter(|(_, value)| whole.is_none() && !value.is_null());
        let kept = kept.map(|(field, value)| (self.path(field), value)).collect();
        self.table.events.push(EventData {
            time: stamp.time,
            kind: stamp.kind.clone(),
            source,
            offset: stamp.offset,
            identity: Blob(stamp.identity.to_be_bytes().to_vec()),
            record: whole.map(|event| event.fields.clone()),
            kept,
            reference,
        });
    }

    fn source(&mut self, source: &Source) -> u32 {
        let sources = &mut self.table.sources;
        let same = |known: &SourceName| known.rank == source.rank && known.name == source.name;
        let place = sources.iter().position(same).unwrap_or_else(|| {
            sources.push(SourceName { rank: source.rank, name: source.name.as_str().into() });
            sources.len() - 1
        });
        place as u32
    }

    fn path(&mut self, field: FieldId) -> u32 {
        *self.paths.entry(field).or_insert_with(|| {
            self.table.paths.push(self.fields.path(field).to_vec());
            self.table.paths.len() as u32 - 1
        })
    }
}

impl Events {
    /// The events as rows of the program's fields.
    pub(crate) fn batch(self, program: &Program) -> Result<Batch, Malformed> {
        let mut batch = Batch::new(program.fields());
        self.each(program, |stamp, read| match read {
            Read::Whole(event) => batch.push(event),
            Read::Reference(event) => batch.push_reference(event),
            Read::Kept(fields) => batch.known(&stamp, &fields),
        })?;
        Ok(batch)
    }

    /// The events as they are kept when they are bound.
    pub(crate) fn held(self, program: &Program) -> Result<Vec<Arc<Held>>, Malformed> {
        let mut held = Vec::new();
        self.each(program, |stamp, read| {
            let kind = stamp.kind.as_ref().and_then(|kind| program.kinds().get_index_of(kind));
            let columns = program.held(kind);
            let value = |column: &FieldId| match &read {
                Read::Whole(event) | Read::Reference(event) => {
                    event.get(program.fields().path(*column)).clone()
                }
                Read::Kept(fields) => {
                    let found = fields.iter().find(|(field, _)| field == column);
                    found.map(|(_, value)| value.clone()).unwrap_or_default()
                }
            };
            let values = columns.iter().map(value).collect();
            let whole = match read {
                Read::Whole(event) => Some(event),
                Read::Kept(_) | Read::Reference(_) => None,
            };
            held.push(Arc::new(Held::from_parts(stamp, whole, columns, values)));
        })?;
        Ok(held)
    }

    fn each(self, program: &Program, mut then: impl FnMut(Stamp, Read)) -> Result<(), Malformed> {
        let source = |name: SourceName| Arc::new(Source { rank: name.rank, name: name.name.into() });
        let sources: Vec<Arc<Source>> = self.sources.into_iter().map(source).collect();
        // A field that no rule reads any more is let go.
        let fields: Vec<Option<FieldId>> =
            self.paths.iter().map(|path| program.fields().find(path)).collect();
        for event in self.events {
            let stamp = event.stamp(&sources)?;
            let read = match event.record {
                Some(record) if event.reference => Read::Reference(stamp.clone().event(record)),
                Some(record) => Read::Whole(stamp.clone().event(record)),
                None => Read::Kept(known(event.kept, &fields)?),
            };
            then(stamp, read);
        }
        Ok(())
    }
}

/// What is read of an event.
enum Read {
    Whole(Arc<Event>),
    /// All of it, of which only what rules read is kept when it is bound.
    Reference(Arc<Event>),
    Kept(Vec<(FieldId, Value)>),
}

fn known(kept: Vec<(u32, Value)>, fields: &[Option<FieldId>]) -> Result<Vec<(FieldId, Value)>, Malformed> {
    let mut known = Vec::new();
    for (path, value) in kept {
        let field = fields.get(path as usize).ok_or(Malformed("a field has no path"))?;
        known.extend(field.map(|field| (field, value)));
    }
    Ok(known)
}

impl EventData {
    fn stamp(&self, sources: &[Arc<Source>]) -> Result<Stamp, Malformed> {
        let source = sources.get(self.source as usize).ok_or(Malformed("an event has no source"))?;
        let identity = <[u8; 16]>::try_from(&self.identity.0[..]);
        Ok(Stamp {
            time: self.time,
            kind: self.kind.clone(),
            source: Arc::clone(source),
            offset: self.offset,
            identity: identity.map(u128::from_be_bytes).map_err(|_| Malformed("an event has no identity"))?,
        })
    }
}
