//! Reading values as what a schema, a comparison or a function takes them for.

use crate::event::{FieldType, ValueRef};
use crate::id::FieldId;
use crate::time::{Duration, Timestamp};

use super::worth::Fault;

/// A field by its number, and what it is read as.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) field: FieldId,
    kind: Kind,
}

/// What JSON cannot say is read from text; everything else is taken as it comes.
#[derive(Clone, Copy, Debug)]
enum Kind {
    AsItIs,
    Time,
    Duration,
    Ip,
}

impl Read {
    pub(super) fn new(field: FieldId, declared: &FieldType) -> Self {
        let kind = match declared {
            FieldType::Time => Kind::Time,
            FieldType::Duration => Kind::Duration,
            FieldType::Ip => Kind::Ip,
            _ => Kind::AsItIs,
        };
        Read { field, kind }
    }

    /// Whether the field is taken as it comes.
    pub(super) fn is_plain(self) -> bool {
        matches!(self.kind, Kind::AsItIs)
    }

    /// The value as what the field is declared to be.
    #[inline]
    pub(super) fn of(self, value: ValueRef<'_>) -> Result<ValueRef<'_>, Fault> {
        match (self.kind, value) {
            (Kind::AsItIs, _) | (_, ValueRef::Null) => Ok(value),
            (Kind::Time, _) => time(value).map(ValueRef::Time),
            (Kind::Duration, ValueRef::Duration(_)) | (Kind::Ip, ValueRef::Ip(_)) => Ok(value),
            (Kind::Duration, ValueRef::Str(text)) => like(text, ValueRef::Duration(Duration::ZERO)),
            (Kind::Ip, ValueRef::Str(text)) => address(text),
            _ => Err(Fault),
        }
    }
}

/// A time: one, text in RFC 3339, or an epoch number.
pub(super) fn time(value: ValueRef<'_>) -> Result<Timestamp, Fault> {
    match value {
        ValueRef::Time(time) => Some(time),
        ValueRef::Str(text) => Timestamp::parse(text),
        ValueRef::Int(number) => Timestamp::from_epoch(number),
        ValueRef::Float(number) => Timestamp::from_epoch_float(number),
        _ => None,
    }
    .ok_or(Fault)
}

/// Text read as what it meets: a time, a duration or an address.
pub(super) fn like(text: &str, met: ValueRef<'_>) -> Result<ValueRef<'static>, Fault> {
    match met {
        ValueRef::Time(_) => Timestamp::parse(text).map(ValueRef::Time).ok_or(Fault),
        ValueRef::Duration(_) => Duration::parse(text).map(ValueRef::Duration).ok_or(Fault),
        ValueRef::Ip(_) => address(text),
        _ => Err(Fault),
    }
}

fn address(text: &str) -> Result<ValueRef<'static>, Fault> {
    text.parse().map(ValueRef::Ip).map_err(|_| Fault)
}
