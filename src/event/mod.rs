//! What flows: values, records, events, the keys that partition them and the schemas that describe them.

mod batch;
mod borrowed;
mod fields;
mod held;
mod key;
mod row;
mod schema;
pub(crate) mod text;
mod value;
mod weight;

use std::sync::Arc;

use compact_str::CompactString;
use xxhash_rust::xxh3::xxh3_128;

pub use batch::{Batch, Keep};
#[cfg(feature = "io")]
pub(crate) use batch::{Cell, Line, Span, Whole};
pub use borrowed::ValueRef;
pub use fields::Fields;
pub use held::{Held, Stamp};
pub use key::Key;
pub use row::Row;
pub use schema::{EventSchema, FieldSchema, FieldType, Schema};
pub use value::{Record, Value};
pub(crate) use weight::weight;

use crate::time::Timestamp;

/// Where events come from. `rank` orders the sources of a run: events of equal time follow it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// Place among the sources of the run.
    pub rank: u32,
    /// What alerts call it: a path, `-` for standard input, `topic/partition`.
    pub name: String,
}

impl Source {
    /// The rank of rules: behind all sources of the input.
    const RULES: u32 = u32::MAX;

    /// A rule as the source of its alerts.
    pub(crate) fn of_rule(name: &str) -> Self {
        Source { rank: Source::RULES, name: name.into() }
    }

    /// Whether it is a rule, and its events alerts: those have no offset, but their id for an identity.
    pub fn is_rule(&self) -> bool {
        self.rank == Source::RULES
    }
}

/// One event: a record with a type, a time and a place in the input.
#[derive(Clone, Debug)]
pub struct Event {
    /// Event time.
    pub time: Timestamp,
    /// The type, by which steps choose; without one only `*` fits.
    pub kind: Option<CompactString>,
    /// Where it was read.
    pub source: Arc<Source>,
    /// Its 1-based place in the source (line, record) or the offset the source gives it.
    pub offset: u64,
    /// What makes a second delivery of it the same event to an alert's id.
    pub identity: u128,
    /// Everything it says, the fields of type and time included. In an alert of which only references are kept
    /// ([`Keep::References`]) there are none.
    pub fields: Record,
}

impl Event {
    /// An event without a source, identified by its time and fields.
    pub fn new(time: Timestamp, kind: Option<&str>, fields: Record) -> Self {
        let mut bytes = Vec::new();
        kind.unwrap_or_default().bytes().for_each(|b| bytes.push(b));
        bytes.push(0);
        fields.iter().for_each(|(name, value)| {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(0);
            value.encode(&mut bytes);
        });
        let kind = kind.map(CompactString::from);
        let identity = Event::identity_of_bytes(time, &bytes);
        Event { time, kind, source: Arc::default(), offset: 0, identity, fields }
    }

    /// The same event, read at this place.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, offset: u64) -> Self {
        self.source = Arc::clone(source);
        self.offset = offset;
        self
    }

    /// The identity of an event that has no id of its own: its time and its bytes as read.
    pub fn identity_of_bytes(time: Timestamp, bytes: &[u8]) -> u128 {
        let mut head = [b't'; 9];
        head[1..].copy_from_slice(&time.nanos().to_le_bytes());
        // Most lines fit into a piece of the stack.
        let mut room = [0; 512];
        match room.get_mut(..head.len() + bytes.len()) {
            Some(all) => {
                let (start, rest) = all.split_at_mut(head.len());
                start.copy_from_slice(&head);
                rest.copy_from_slice(bytes);
                xxh3_128(all)
            }
            None => xxh3_128(&[&head, bytes].concat()),
        }
    }

    /// The identity of an event whose id is in one of its fields.
    pub fn identity_of_id(id: ValueRef<'_>) -> u128 {
        let mut bytes = vec![b'i'];
        id.encode(&mut bytes);
        xxh3_128(&bytes)
    }

    /// The total order of events: time, source, offset.
    pub fn place(&self) -> (Timestamp, u32, u64) {
        (self.time, self.source.rank, self.offset)
    }

    /// The value at a path of field names, `Null` where there is none.
    pub fn get<S: AsRef<str>>(&self, path: &[S]) -> &Value {
        const NULL: &Value = &Value::Null;
        let Some((first, rest)) = path.split_first() else { return NULL };
        let mut value = self.fields.get(first.as_ref());
        for name in rest {
            value = match value {
                Some(Value::Record(inner)) => inner.get(name.as_ref()),
                _ => None,
            };
        }
        value.unwrap_or(NULL)
    }
}
