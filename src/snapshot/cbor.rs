//! The encoding: CBOR (RFC 8949), of which only definite lengths are used.
//!
//! A record is a map from small numbers to fields. What is zero, empty or missing is not written, and a number that is
//! not known is passed over, so that a field can be added and left out later. No length is trusted: what is read is
//! pushed one by one, and each takes bytes that are there.

use std::convert::Infallible;

use cbor4ii::core::dec::{Decode, Error as DecodeError, IgnoredAny, Read, Reference};
use cbor4ii::core::enc::{Encode, Write};
use cbor4ii::core::types::{Array, Bytes, Map, Null, Tag};
use cbor4ii::core::utils::SliceReader;
use cbor4ii::core::{major, marker};
use compact_str::CompactString;

use crate::id::StepId;
use crate::time::Timestamp;

/// What is wrong with bytes that are not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

impl From<DecodeError<Infallible>> for Malformed {
    fn from(error: DecodeError<Infallible>) -> Self {
        Malformed(match error {
            DecodeError::Eof { .. } => "it ends too early",
            DecodeError::RequireUtf8 { .. } => "text is not UTF-8",
            DecodeError::DepthOverflow { .. } => "it nests too deep",
            _ => "a field is not of its type",
        })
    }
}

/// Where bytes are written.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Write for Writer {
    type Error = Infallible;

    fn push(&mut self, input: &[u8]) -> Result<(), Infallible> {
        self.0.extend_from_slice(input);
        Ok(())
    }
}

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn map(&mut self, len: usize) {
        // Nothing can go wrong: `Infallible` has no value.
        let _ = Map::bounded(len, self);
    }

    pub(super) fn array(&mut self, len: usize) {
        let _ = Array::bounded(len, self);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let _ = Bytes(bytes).encode(self);
    }

    pub(super) fn null(&mut self) {
        let _ = Null.encode(self);
    }

    /// A tag, behind which its value must be written.
    pub(super) fn tag(&mut self, tag: u64) {
        let _ = Tag(tag, cbor4ii::core::types::Nothing).encode(self);
    }

    /// A number, a boolean, a text.
    pub(super) fn plain(&mut self, value: impl Encode) {
        let _ = value.encode(self);
    }
}

/// What is read.
pub(crate) struct Reader<'b> {
    bytes: SliceReader<'b>,
    /// How deep values may still nest.
    pub(super) depth: usize,
}

impl<'b> Reader<'b> {
    /// Reads bytes whose values nest at most so deep.
    pub(crate) fn new(bytes: &'b [u8], depth: usize) -> Self {
        Reader { bytes: SliceReader::new(bytes), depth }
    }

    /// The next byte, which tells what follows.
    fn peek(&mut self) -> Result<u8, Malformed> {
        let Ok(Reference::Long(next) | Reference::Short(next)) = self.bytes.fill(1);
        next.first().copied().ok_or(Malformed("it ends too early"))
    }

    /// What kind of item follows: its major type, which for null, booleans and floats is the whole byte.
    pub(super) fn kind(&mut self) -> Result<u8, Malformed> {
        let byte = self.peek()?;
        let kind = byte >> 5;
        Ok(if kind == major::SIMPLE { byte } else { kind })
    }

    pub(super) fn map(&mut self) -> Result<usize, Malformed> {
        Map::len(&mut self.bytes)?.ok_or(Malformed("a map has no length"))
    }

    pub(super) fn array(&mut self) -> Result<usize, Malformed> {
        Array::len(&mut self.bytes)?.ok_or(Malformed("an array has no length"))
    }

    pub(super) fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        Ok(Bytes::<&'b [u8]>::decode(&mut self.bytes)?.0)
    }

    pub(super) fn tag(&mut self) -> Result<u64, Malformed> {
        Ok(Tag::tag(&mut self.bytes)?)
    }

    pub(super) fn plain<T: Decode<'b>>(&mut self) -> Result<T, Malformed> {
        Ok(T::decode(&mut self.bytes)?)
    }

    /// Takes a null if it is one.
    pub(super) fn is_null(&mut self) -> Result<bool, Malformed> {
        let null = self.peek()? == marker::NULL;
        if null {
            self.bytes.advance(1);
        }
        Ok(null)
    }

    /// Passes over whatever follows.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        self.plain::<IgnoredAny>().map(drop)
    }

    /// Nothing may follow.
    pub(crate) fn end(mut self) -> Result<(), Malformed> {
        if self.peek().is_ok() { Err(Malformed("something stands behind its end")) } else { Ok(()) }
    }
}

/// What has a form in bytes.
pub(crate) trait Data: Sized {
    /// What a field is that was not written.
    fn absent() -> Self;

    /// Whether it is that.
    fn is_absent(&self) -> bool;

    fn put(&self, to: &mut Writer);

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed>;
}

/// Gives a struct its form in bytes: a map from these numbers to its fields.
macro_rules! record {
    ($name:ident { $($number:literal $field:ident),* $(,)? }) => {
        impl $crate::snapshot::cbor::Data for $name {
            fn absent() -> Self {
                $name { $($field: $crate::snapshot::cbor::Data::absent()),* }
            }

            fn is_absent(&self) -> bool {
                true $(&& self.$field.is_absent())*
            }

            fn put(&self, to: &mut $crate::snapshot::cbor::Writer) {
                to.map([$(self.$field.is_absent()),*].iter().filter(|absent| !**absent).count());
                $(if !self.$field.is_absent() {
                    to.plain($number as u64);
                    self.$field.put(to);
                })*
            }

            fn take(
                from: &mut $crate::snapshot::cbor::Reader<'_>,
            ) -> Result<Self, $crate::snapshot::cbor::Malformed> {
                let mut made = <$name as $crate::snapshot::cbor::Data>::absent();
                for _ in 0..from.map()? {
                    match from.plain::<u64>()? {
                        $($number => made.$field = $crate::snapshot::cbor::Data::take(from)?,)*
                        _ => from.skip()?,
                    }
                }
                Ok(made)
            }
        }
    };
}

pub(super) use record;

macro_rules! plain {
    ($($number:ty)*) => {$(
        impl Data for $number {
            fn absent() -> Self {
                <$number>::default()
            }

            fn is_absent(&self) -> bool {
                *self == <$number>::default()
            }

            fn put(&self, to: &mut Writer) {
                to.plain(*self);
            }

            fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
                from.plain()
            }
        }
    )*};
}

plain! { u32 u64 i64 bool }

impl Data for Timestamp {
    fn absent() -> Self {
        Timestamp::default()
    }

    fn is_absent(&self) -> bool {
        *self == Timestamp::default()
    }

    fn put(&self, to: &mut Writer) {
        to.plain(self.nanos());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.plain().map(Timestamp::from_nanos)
    }
}

/// A step is told by its place in a list of labels.
impl Data for StepId {
    fn absent() -> Self {
        StepId::FIRST
    }

    fn is_absent(&self) -> bool {
        self.index() == 0
    }

    fn put(&self, to: &mut Writer) {
        to.plain(self.index() as u64);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        StepId::new(from.plain::<u32>()? as usize).ok_or(Malformed("a step has no label"))
    }
}

impl Data for CompactString {
    fn absent() -> Self {
        CompactString::default()
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn put(&self, to: &mut Writer) {
        to.plain(self.as_str());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.plain::<&str>().map(CompactString::from)
    }
}

/// Bytes, as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl Data for Blob {
    fn absent() -> Self {
        Blob::default()
    }

    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }

    fn put(&self, to: &mut Writer) {
        to.bytes(&self.0);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.bytes().map(|bytes| Blob(bytes.to_vec()))
    }
}

impl<T: Data> Data for Option<T> {
    fn absent() -> Self {
        None
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn put(&self, to: &mut Writer) {
        match self {
            None => to.null(),
            Some(value) => value.put(to),
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        if from.is_null()? { Ok(None) } else { T::take(from).map(Some) }
    }
}

impl<T: Data> Data for Vec<T> {
    fn absent() -> Self {
        Vec::new()
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn put(&self, to: &mut Writer) {
        to.array(self.len());
        self.iter().for_each(|item| item.put(to));
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        (0..from.array()?).map(|_| T::take(from)).collect::<Result<_, _>>()
    }
}

/// Two that belong together: an array of them.
impl<A: Data, B: Data> Data for (A, B) {
    fn absent() -> Self {
        (A::absent(), B::absent())
    }

    fn is_absent(&self) -> bool {
        self.0.is_absent() && self.1.is_absent()
    }

    fn put(&self, to: &mut Writer) {
        to.array(2);
        self.0.put(to);
        self.1.put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        match from.array()? {
            2 => Ok((A::take(from)?, B::take(from)?)),
            _ => Err(Malformed("a pair has not two parts")),
        }
    }
}
